//! Promotions in a snapshot: what was given to customers, and how slips were paid with it.

use super::{TimerAt, codec};
use bets_domain::{Funding, FundingSource, Promotions, Slip};
use kernel::{BetId, BonusId, CustomerId, FreeBetId};
use schemas::promotions::{Bonus, Division, FreeBet, StakeParts};
use schemas::wire;
use std::collections::BTreeMap;

wire! {
    /// Behind all else.
    record Promotional { promotions: Vec<PromotionsAt>, fundings: Vec<FundingAt> }
    record PromotionsAt { customer: CustomerId, free_bets: Vec<FreeBet>, bonuses: Vec<BonusAt> }
    record BonusAt { bonus: Bonus, timer: Option<TimerAt> }
    record FundingAt { bet: BetId, source: SourceAt, stake: StakeParts, division: Option<Division> }
    union SourceAt { TokenAt(TokenAt), MoneyAt(MoneyAt) }
    record TokenAt { free_bet: FreeBetId, stake_returned: bool }
    record MoneyAt { bonus: BonusId }
}

impl Promotional {
    /// Of a snapshot in which nothing was given to anybody.
    pub(super) const NONE: Self = Self {
        promotions: vec![],
        fundings: vec![],
    };
}

/// All of it.
pub(super) fn of(
    promotions: &BTreeMap<CustomerId, Promotions>,
    slips: &BTreeMap<BetId, Slip>,
) -> Promotional {
    Promotional {
        promotions: promotions.iter().map(promotions_to_wire).collect(),
        fundings: slips.iter().filter_map(funding_to_wire).collect(),
    }
}

/// What was given to customers.
pub(super) fn given(promotions: Vec<PromotionsAt>) -> BTreeMap<CustomerId, Promotions> {
    promotions.into_iter().map(promotions_from_wire).collect()
}

/// How slips were paid.
pub(super) fn fund(slips: &mut BTreeMap<BetId, Slip>, fundings: &[FundingAt]) {
    for funding in fundings {
        if let Some(slip) = slips.get_mut(&funding.bet) {
            slip.funding = Some(Box::new(funding_from_wire(funding)));
        }
    }
}

fn promotions_to_wire((customer, promotions): (&CustomerId, &Promotions)) -> PromotionsAt {
    let bonuses = promotions.bonuses.values();
    PromotionsAt {
        customer: *customer,
        free_bets: promotions
            .free_bets
            .values()
            .map(codec::free_bet_to_wire)
            .collect(),
        bonuses: bonuses
            .map(|(bonus, timer)| BonusAt {
                bonus: codec::bonus_to_wire(bonus),
                timer: timer.map(|(due, armed_by)| TimerAt { due, armed_by }),
            })
            .collect(),
    }
}

fn promotions_from_wire(at: PromotionsAt) -> (CustomerId, Promotions) {
    let free_bets = at.free_bets.into_iter().map(codec::free_bet_from_wire);
    let bonuses = at.bonuses.into_iter().map(|at| {
        let timer = at.timer.map(|timer| (timer.due, timer.armed_by));
        (codec::bonus_from_wire(at.bonus), timer)
    });
    let promotions = Promotions {
        free_bets: free_bets.map(|token| (token.id, token)).collect(),
        bonuses: bonuses.map(|kept| (kept.0.id, kept)).collect(),
    };
    (at.customer, promotions)
}

fn funding_to_wire((bet, slip): (&BetId, &Slip)) -> Option<FundingAt> {
    let funding = slip.funding.as_deref()?;
    Some(FundingAt {
        bet: *bet,
        source: match funding.source {
            FundingSource::FreeBet { id, stake_returned } => SourceAt::TokenAt(TokenAt {
                free_bet: id,
                stake_returned,
            }),
            FundingSource::Bonus { id } => SourceAt::MoneyAt(MoneyAt { bonus: id }),
        },
        stake: codec::stake_to_wire(funding.stake),
        division: funding.division.map(codec::division_to_wire),
    })
}

fn funding_from_wire(at: &FundingAt) -> Funding {
    Funding {
        source: match &at.source {
            SourceAt::TokenAt(token) => FundingSource::FreeBet {
                id: token.free_bet,
                stake_returned: token.stake_returned,
            },
            SourceAt::MoneyAt(money) => FundingSource::Bonus { id: money.bonus },
        },
        stake: codec::stake_from_wire(&at.stake),
        division: at.division.as_ref().map(codec::division_from_wire),
    }
}
