//! Referral: a large stake waits for a trader.
//!
//! Duty: send slips above the automatic maximum to the traders, take their answers, and end the
//! wait when none comes. Prohibition: a trader agrees to a stake, never to a price: an accepted
//! slip is judged anew on what is on offer then, with delay and room like every other.

use crate::command::{AnswerReferral, Place, Surroundings, TraderAnswer};
use crate::event::{BetReferred, Event, ReferralAnswered, ReferralWord};
use crate::part;
use crate::rejection::Rejection;
use crate::reoffer::{self, Asked};
use crate::slip::{PricePolicy, Slip, SlipLeg, SlipRequest, Stage};
use crate::state::State;
use crate::strike::strike;
use crate::wait;
use kernel::{BetId, Money};

/// A slip of so large a stake is referred; others are not.
pub(crate) fn at_placement(state: &State, place: &Place, total: Money) -> Option<Event> {
    let rules = &place.now.rules.acceptance;
    let automatic_max = automatic_max(state, place, total)?;
    (total > automatic_max).then(|| {
        Event::BetReferred(BetReferred {
            bet: place.bet,
            customer: place.customer,
            stake: total,
            automatic_max,
            rules_version: rules.version,
            until: place.now.at.plus(rules.referral_wait),
        })
    })
}

/// The most that is taken of this customer without a trader.
fn automatic_max(state: &State, place: &Place, total: Money) -> Option<Money> {
    let most = place.now.rules.acceptance.automatic_max_minor?;
    let permille = state.customer(place.customer).stake_permille;
    let most = i128::from(most)
        .saturating_mul(i128::from(permille))
        .div_euclid(1_000);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Some(Money::from_minor(most, total.currency()))
}

/// A trader answers.
pub(crate) fn answer(state: &State, told: &AnswerReferral) -> Result<Vec<Event>, Rejection> {
    let bet = told.bet;
    let unknown = Rejection::ReferralUnknown { bet };
    let slip = state.slip(bet).ok_or(unknown.clone())?;
    match slip.stage {
        Stage::Referred { until, .. } if until <= told.now.at => return Err(unknown),
        Stage::Referred { held: false, .. } => return Err(Rejection::StakeNotHeld { bet }),
        Stage::Referred { held: true, .. } => {}
        Stage::AwaitingHold { .. }
        | Stage::Held { .. }
        | Stage::Delayed { .. }
        | Stage::Accepted(_)
        | Stage::CashedOut => return Err(unknown),
    }
    let asked = slip.unit_stake;
    match told.answer {
        TraderAnswer::Accept { unit_stake: None } => {
            Ok(vec![answered(told, slip, ReferralWord::Accepted, None)])
        }
        TraderAnswer::Accept {
            unit_stake: Some(unit),
        } => accept_part(told, slip, unit),
        TraderAnswer::Decline => Ok(vec![
            answered(told, slip, ReferralWord::Declined, None),
            wait::rejected(bet, slip, Rejection::ReferralDeclined),
        ]),
        TraderAnswer::Offer { unit_stake } => {
            must_be_within(unit_stake, asked)?;
            slip.must_not_be_promotional(bet)?;
            offer(state, told, slip, unit_stake)
        }
    }
}

fn must_be_within(unit_stake: Money, asked: Money) -> Result<(), Rejection> {
    let expected = asked.currency();
    if unit_stake.currency() != expected {
        return Err(Rejection::CurrencyMismatch { expected });
    }
    if unit_stake > asked {
        return Err(Rejection::StakeAboveLimit { maximum: asked });
    }
    if !unit_stake.is_positive() {
        let minimum = Money::from_minor(1, expected);
        return Err(Rejection::StakeBelowMinimum { minimum });
    }
    Ok(())
}

/// Less than was asked for is only taken of who has said so before.
fn accept_part(
    told: &AnswerReferral,
    slip: &Slip,
    unit_stake: Money,
) -> Result<Vec<Event>, Rejection> {
    must_be_within(unit_stake, slip.unit_stake)?;
    let accepted = answered(told, slip, ReferralWord::Accepted, Some(unit_stake));
    if unit_stake == slip.unit_stake {
        return Ok(vec![accepted]);
    }
    slip.must_not_be_promotional(told.bet)?;
    if !slip.accepts_part {
        return Err(Rejection::PartNotAgreed);
    }
    let agreed = part::of_slip(told.bet, slip, unit_stake, &told.now)?;
    Ok(vec![accepted, agreed])
}

/// The slip ends, and another stake is offered at the prices of now.
fn offer(
    state: &State,
    told: &AnswerReferral,
    slip: &Slip,
    unit_stake: Money,
) -> Result<Vec<Event>, Rejection> {
    let of_slip = Asked::of_slip(told.bet, slip);
    let asked = Asked {
        slip: SlipRequest {
            unit_stake,
            ..of_slip.slip
        },
        cleared: true,
        ..of_slip
    };
    // What forbids the slip altogether forbids the offer.
    let legs = slip.legs.iter().map(SlipLeg::as_requested);
    strike(state, legs, PricePolicy::Any, &told.now)?;
    let declined = Rejection::ReferralDeclined;
    let offered = reoffer::propose(state, &asked, &declined, &told.now);
    let offered = offered.ok_or(Rejection::ReferralUnknown { bet: told.bet })?;
    Ok(vec![
        answered(
            told,
            slip,
            ReferralWord::Offered,
            Some(offered.slip.unit_stake),
        ),
        wait::rejected(told.bet, slip, declined),
        Event::BetReoffered(offered),
    ])
}

fn answered(
    told: &AnswerReferral,
    slip: &Slip,
    word: ReferralWord,
    unit_stake: Option<Money>,
) -> Event {
    Event::ReferralAnswered(ReferralAnswered {
        bet: told.bet,
        customer: slip.customer,
        word,
        unit_stake,
        by: told.by.clone(),
        reason: told.reason.clone(),
        answered_at: told.now.at,
        until: told.now.at.plus(told.now.rules.budget_wait),
    })
}

/// Nobody has answered in time: what is taken without a trader is taken of who accepts a part, and
/// nothing of others.
pub(crate) fn lapse(
    state: &State,
    bet: BetId,
    slip: &Slip,
    held: bool,
    now: &Surroundings,
) -> Result<Vec<Event>, Rejection> {
    let lapsed = Rejection::ReferralLapsed;
    let automatic = now.rules.acceptance.automatic_max_minor;
    let Some(automatic) = automatic.filter(|_| held && slip.accepts_part) else {
        return Err(lapsed);
    };
    let permille = state.customer(slip.customer).stake_permille;
    let most = i128::from(automatic)
        .saturating_mul(i128::from(permille))
        .div_euclid(1_000);
    let lines = slip.terms().lines(slip.legs.len()).unwrap_or(1).max(1);
    let unit = most.checked_div(i128::from(lines)).unwrap_or(0);
    let unit = i64::try_from(unit).unwrap_or(i64::MAX);
    let unit = Money::from_minor(unit, slip.stake.currency()).min(slip.unit_stake);
    if !unit.is_positive() {
        return Err(lapsed);
    }
    Ok(vec![part::of_slip(bet, slip, unit, now)?])
}
