//! A quote is taken, or its delay is over.
//!
//! Duty: judge all anew (the slip, the quote, every market, the value) and buy back what was asked
//! for. Prohibition: never less than the quote says; where the slip is worth more by now, more is
//! paid, so that nobody gains by being slow.

use super::event::CashedOut;
use super::quote::{must_be_open, own_slip};
use super::standing::{CashOutOffer, CashOutTaken, DelayedCashOut};
use super::value::{self, Legs};
use super::{CashOut, WHOLE_MILLIONTHS};
use crate::command::Surroundings;
use crate::event::Event;
use crate::liability::{self, Turn};
use crate::rejection::Rejection;
use crate::settlement::stake_sold;
use crate::slip::{Slip, Stage};
use crate::state::State;
use kernel::{BetId, Duration, Money};
use num_rational::BigRational;

pub(crate) fn decide(state: &State, asked: &CashOut) -> Result<Vec<Event>, Rejection> {
    let slip = own_slip(state, asked.bet, asked.customer)?;
    let taken = CashOutTaken {
        quote: asked.quote,
        fraction_millionths: asked.fraction_millionths.min(WHOLE_MILLIONTHS),
    };
    if slip.cash_out().and_then(|known| known.taken) == Some(taken) {
        return Ok(vec![]);
    }
    must_be_open(slip)?;
    slip.must_not_be_promotional(asked.bet)?;
    let offer = slip
        .cash_out()
        .and_then(|known| known.offered.as_ref())
        .filter(|offer| offer.quote == taken.quote)
        .ok_or(Rejection::CashOutQuoteUnknown)?;
    if asked.now.at > offer.expires_at {
        let expired_at = offer.expires_at;
        return Err(Rejection::CashOutQuoteExpired { expired_at });
    }
    let legs = value::look(state, slip, &asked.now)?;
    let sold = sold(state, asked.bet, slip, offer, taken, &legs, &asked.now)?;
    let delay = legs.delay();
    if delay > Duration::ZERO {
        return Ok(vec![Event::CashOutDelayed {
            bet: asked.bet,
            customer: slip.customer,
            taken,
            until: asked.now.at.plus(delay),
        }]);
    }
    Ok(vec![sold])
}

/// The delay is over: everything is judged as if the quote had been taken now, but for its age.
pub(crate) fn end_delay(
    state: &State,
    bet: BetId,
    slip: &Slip,
    delayed: &DelayedCashOut,
    now: &Surroundings,
) -> Vec<Event> {
    let taken = CashOutTaken {
        quote: delayed.offer.quote,
        fraction_millionths: delayed.fraction_millionths,
    };
    let judged = if slip.is_open() {
        value::look(state, slip, now)
            .and_then(|legs| sold(state, bet, slip, &delayed.offer, taken, &legs, now))
    } else {
        Err(Rejection::BetNotOpen)
    };
    vec![judged.unwrap_or_else(|rejection| Event::CashOutRefused {
        bet,
        customer: slip.customer,
        quote: taken.quote,
        rejection,
    })]
}

fn sold(
    state: &State,
    bet: BetId,
    slip: &Slip,
    offer: &CashOutOffer,
    taken: CashOutTaken,
    legs: &Legs<'_>,
    now: &Surroundings,
) -> Result<Event, Rejection> {
    legs.must_be_open_since(&offer.versions)?;
    let whole = legs.value(slip.stake)?;
    if whole.amount < offer.amount {
        let offered = whole.amount;
        return Err(Rejection::CashOutValueFell { offered });
    }
    let stake = part_of(slip.stake, taken.fraction_millionths)?;
    let valued = legs.value(stake)?;
    let after = left_of(slip, stake)?;
    let mut turns = vec![(slip, Turn::Closes)];
    if after.is_open() {
        turns.push((&after, Turn::Opens));
    }
    let total = |known: Option<Money>, more: Money| match known {
        Some(known) => known.checked_add(more).unwrap_or(known),
        None => more,
    };
    let before = slip.cash_out();
    Ok(Event::CashedOut(Box::new(CashedOut {
        bet,
        customer: slip.customer,
        quote: taken.quote,
        fraction_millionths: taken.fraction_millionths,
        settlement: slip.last_settlement().saturating_add(1),
        stake,
        amount: valued.amount,
        worth: valued.worth,
        stake_left: after.stake,
        potential_return_left: after.potential_return,
        stake_sold_total: total(before.and_then(|known| known.stake_sold), stake),
        amount_total: total(before.and_then(|known| known.amount), valued.amount),
        cashed_out_at: now.at,
        liabilities: liability::after(state, turns),
    })))
}

/// So much of a stake, to the nearest minor unit; the last part is what is left, because all of
/// a stake is sold without rounding.
fn part_of(stake: Money, millionths: u32) -> Result<Money, Rejection> {
    let part = BigRational::new(millionths.into(), WHOLE_MILLIONTHS.into());
    match stake_sold(stake, &part) {
        Ok(sold) if sold.is_positive() => Ok(sold),
        Ok(_) | Err(_) => Err(Rejection::CashOutTooSmall),
    }
}

/// The slip as it goes on without the part that is sold.
fn left_of(slip: &Slip, sold: Money) -> Result<Slip, Rejection> {
    let impossible = Rejection::CashOutNotOffered;
    let left = slip
        .stake
        .checked_sub(sold)
        .map_err(|_| impossible.clone())?;
    let mut after = slip.clone();
    after.stake = left;
    after.unit_stake = left;
    if left.is_positive() {
        after.potential_return = after.at_best().ok_or(impossible)?;
    } else {
        after.potential_return = Money::zero(left.currency());
        after.stage = Stage::CashedOut;
    }
    Ok(after)
}
