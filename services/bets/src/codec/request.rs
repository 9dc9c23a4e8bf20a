//! A request as the domain asks it.

use super::referral::answer_from_wire;
use super::{factor_from_wire, policy_from_wire, type_from_wire};
use bets_domain::settlement::Sizes;
use bets_domain::{
    Granted, RequestedLeg, SetFactor, SlipRequest, StakeSource, Terms, TraderAnswer,
};
use kernel::{BetId, CustomerId, Timestamp};
use schemas::{bets as wire, promotions};

/// What is asked, but for the time and what is looked at.
pub(crate) enum Asked {
    /// A slip.
    Place(BetId, CustomerId, SlipRequest, StakeSource),
    /// A promotion.
    Grant(CustomerId, Granted, Terms),
    /// A trader's word on a customer.
    SetFactor(SetFactor),
    /// A re-offer to be accepted.
    AcceptReoffer(wire::AcceptReoffer),
    /// A trader's answer for a slip.
    AnswerReferral(TraderAnswer, wire::AnswerReferral),
    /// What would be paid for a slip?
    QuoteCashOut(wire::QuoteCashOut),
    /// A slip is sold back.
    CashOut(wire::CashOut),
}

/// A command's meaning.
pub(crate) fn asked(command: wire::Command, now: Timestamp) -> Asked {
    let plain = |legs: usize| wire::SlipOptions {
        sizes: vec![],
        starting_price: vec![false; legs],
    };
    match command {
        wire::Command::PlaceBet(place) => {
            let options = plain(place.slip.legs.len());
            let slip = slip_from_wire(place.slip, &options);
            Asked::Place(place.bet, place.customer, slip, StakeSource::Cash)
        }
        wire::Command::PlaceSlip(place) => {
            let slip = slip_from_wire(place.slip, &place.options);
            Asked::Place(place.bet, place.customer, slip, StakeSource::Cash)
        }
        wire::Command::AcceptReoffer(accept) => Asked::AcceptReoffer(accept),
        wire::Command::PlaceSlipSaying(place) => {
            let slip = slip_from_wire(place.slip, &place.options);
            let slip = place.words.iter().fold(slip, with_word);
            Asked::Place(place.bet, place.customer, slip, StakeSource::Cash)
        }
        wire::Command::AnswerReferral(told) => Asked::AnswerReferral(answer_from_wire(&told), told),
        wire::Command::PlaceFundedSlip(place) => {
            let slip = slip_from_wire(place.slip, &place.options);
            let source = source_from_wire(&place.source);
            Asked::Place(place.bet, place.customer, slip, source)
        }
        wire::Command::QuoteCashOut(asked) => Asked::QuoteCashOut(asked),
        wire::Command::CashOut(asked) => Asked::CashOut(asked),
        wire::Command::SetStakeFactor(asked) => Asked::SetFactor(factor_from_wire(asked, now)),
        wire::Command::GrantFreeBet(grant) => Asked::Grant(
            grant.customer,
            Granted::FreeBet {
                id: grant.free_bet,
                value: grant.value,
                stake_returned: grant.stake_returned,
            },
            Terms {
                price_min: grant.price_min,
                expires_at: grant.expires_at,
                reason: grant.reason,
                by: grant.by,
            },
        ),
        wire::Command::GrantBonus(grant) => Asked::Grant(
            grant.customer,
            Granted::Bonus {
                id: grant.bonus,
                amount: grant.amount,
                wagering_times: grant.wagering_times,
                converted_max: grant.converted_max,
            },
            Terms {
                price_min: grant.price_min,
                expires_at: grant.expires_at,
                reason: grant.reason,
                by: grant.by,
            },
        ),
    }
}

const fn source_from_wire(source: &promotions::StakeSource) -> StakeSource {
    match source {
        promotions::StakeSource::TokenStake(token) => StakeSource::FreeBet(token.free_bet),
        promotions::StakeSource::BonusStake(bonus) => StakeSource::Bonus {
            cash_allowed: bonus.cash_allowed,
        },
    }
}

fn with_word(slip: SlipRequest, word: &wire::SlipWord) -> SlipRequest {
    match word {
        wire::SlipWord::PartAccepted(wire::PartAccepted {}) => SlipRequest {
            accepts_part: true,
            ..slip
        },
    }
}

pub(super) fn slip_from_wire(slip: wire::Slip, options: &wire::SlipOptions) -> SlipRequest {
    let starting = options.starting_price.iter().copied();
    let starting = starting.chain(std::iter::repeat(false));
    let legs = slip.legs.into_iter().zip(starting);
    SlipRequest {
        bet_type: type_from_wire(slip.bet_type),
        sizes: sizes_from_wire(&options.sizes),
        legs: legs
            .map(|(leg, starting_price)| RequestedLeg {
                selection: leg.selection,
                market: leg.market,
                fixture: leg.fixture,
                price: leg.price,
                market_version: leg.market_version,
                starting_price,
            })
            .collect(),
        unit_stake: slip.stake,
        price_policy: policy_from_wire(slip.price_policy),
        each_way: slip.each_way,
        client_ref: slip.client_ref,
        accepts_part: false,
    }
}

/// Sizes that no system can have are none; the domain refuses a system without sizes.
pub(crate) fn sizes_from_wire(sizes: &[u8]) -> Option<Sizes> {
    Sizes::listed(sizes.iter().map(|size| usize::from(*size))).ok()
}

pub(crate) fn sizes_to_wire(sizes: Option<Sizes>) -> Vec<u8> {
    let sizes = sizes.into_iter().flat_map(Sizes::iter);
    sizes.filter_map(|size| u8::try_from(size).ok()).collect()
}
