//! What a slip would pay if a market came out otherwise.
//!
//! Duty: for the preview of a rollback or a new result, the same verdict that settlement would
//! come to, from the rows of a slip and the picture of the markets. Prohibition: nothing is decided
//! and nothing of the owners' state is known; who asks says what the rows stood at.

use crate::{codec, evidence};
use bets_domain::{
    CancelledBy, Funding, FundingSource, ResultInForce, Settlements, Slip, SlipLeg, Stage, Window,
    returned_by,
};
use kernel::{MarketId, Money, SelectionId};
use markets::{MarketStatus, MarketView};
use schemas::DecodeError;
use schemas::bets::{BetPlaced, BetTermsFixed, PartAgreed, SlipOutcome, StruckLeg};
use schemas::odds::SelectionOutcome;
use schemas::promotions::{Bonus, Division, Promotion, StakeFunded};
use std::collections::{BTreeMap, BTreeSet};

/// A struck slip as its rows show it.
#[derive(Clone, Copy, Debug)]
pub struct StruckSlip<'a> {
    /// As placed.
    pub placed: &'a BetPlaced,
    /// As struck.
    pub legs: &'a [StruckLeg],
    /// What else was agreed, where there was anything.
    pub terms: Option<&'a BetTermsFixed>,
    /// What is staked, where that is less than was asked for.
    pub part: Option<&'a PartAgreed>,
    /// What is left of the stake, where a part of it was sold back.
    pub stake_left: Option<Money>,
    /// Legs that do not count.
    pub voided: &'a BTreeSet<SelectionId>,
    /// What pays for it beside cash.
    pub funded: Option<&'a StakeFunded>,
}

/// What becomes of a return: in cash, in bonus money, and towards the wagering.
#[must_use]
pub fn divided(funded: &StakeFunded, returned: Money, outcome: SlipOutcome) -> Division {
    let is_void = outcome == SlipOutcome::Void;
    codec::division_to_wire(funding_of(funded).divide(returned, is_void))
}

/// How much more of the bonus money would be cash if it were worth so much more and so much more
/// were wagered, or less; in minor units.
#[must_use]
pub fn converted_more(bonus: &Bonus, worth_minor: i64, wagered_minor: i64) -> i64 {
    let bonus = codec::bonus_from_wire(bonus.clone());
    let after = bonus.converted_with(worth_minor, wagered_minor);
    after.saturating_sub(bonus.converted_minor())
}

fn funding_of(funded: &StakeFunded) -> Funding {
    Funding {
        source: match &funded.promotion {
            Promotion::FreeBet(token) => FundingSource::FreeBet {
                id: token.free_bet,
                stake_returned: token.stake_returned,
            },
            Promotion::Bonus(bonus) => FundingSource::Bonus { id: bonus.bonus },
        },
        stake: codec::stake_from_wire(&funded.stake),
        division: None,
    }
}

/// What the slip would pay if the market had these outcomes, or none; none: it would be open.
///
/// # Errors
/// The rows hold what the rules cannot.
pub fn returned_if(
    view: &MarketView,
    slip: StruckSlip<'_>,
    market: MarketId,
    outcomes: Option<&[SelectionOutcome]>,
) -> Result<Option<(Money, SlipOutcome)>, DecodeError> {
    let slip = slip_of(slip)?;
    let markets: BTreeSet<MarketId> = slip.legs.iter().map(|leg| leg.struck.market).collect();
    let results: BTreeMap<MarketId, ResultInForce> = markets
        .into_iter()
        .filter_map(|id| {
            let outcomes = if id == market {
                outcomes?
            } else {
                in_force(view, id)?
            };
            let result = ResultInForce {
                number: 1,
                outcomes: codec::outcomes_from_wire(outcomes),
                detail: evidence::detail(view, id),
            };
            Some((id, result))
        })
        .collect();
    let after = returned_by(&slip, &results);
    Ok(after.map(|(returned, outcome)| (returned, codec::word_to_wire(outcome))))
}

fn in_force(view: &MarketView, market: MarketId) -> Option<&[SelectionOutcome]> {
    let known = view.market(market)?;
    (known.status == MarketStatus::Settled).then_some(known.outcomes.as_slice())
}

fn slip_of(slip: StruckSlip<'_>) -> Result<Slip, DecodeError> {
    let StruckSlip {
        placed,
        legs,
        terms,
        part,
        stake_left,
        voided,
        funded,
    } = slip;
    let stake = part.map_or(placed.stake, |part| part.stake);
    let unit_stake = part.map_or_else(
        || terms.map_or(placed.stake, |terms| terms.unit_stake),
        |part| part.unit_stake,
    );
    let mut agreed = terms.into_iter().flat_map(|terms| &terms.legs);
    let legs: Result<Vec<SlipLeg>, DecodeError> = legs
        .iter()
        .map(|leg| {
            let terms = agreed.next().map(codec::leg_terms_from_wire).transpose()?;
            let does_not_count = CancelledBy::Source(Window::default());
            Ok(SlipLeg {
                struck: codec::leg_from_wire(leg.clone()),
                terms: terms.unwrap_or_default(),
                decided: None,
                voided: voided.contains(&leg.selection).then_some(does_not_count),
            })
        })
        .collect();
    Ok(Slip {
        customer: placed.customer,
        bet_type: codec::type_from_wire(placed.bet_type),
        sizes: terms.and_then(|terms| codec::sizes_from_wire(&terms.sizes)),
        each_way: placed.each_way,
        legs: legs?,
        // What is sold in part has one line.
        unit_stake: stake_left.unwrap_or(unit_stake),
        stake: stake_left.unwrap_or(stake),
        price_policy: codec::policy_from_wire(placed.price_policy),
        potential_return: placed.potential_return,
        rules_version: placed.rules_version,
        placed_at: placed.placed_at,
        struck_at: None,
        stage: Stage::Accepted(Settlements::default()),
        timer: None,
        accepts_part: false,
        held: None,
        cleared: false,
        cash_out: None,
        funding: funded.map(|funded| Box::new(funding_of(funded))),
    })
}
