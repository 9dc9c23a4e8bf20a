//! What would be paid for a slip now?
//!
//! Duty: judge whose slip it is, whether it is open, and value all that is still staked on it.
//! Prohibition: a quote changes nothing but what the slip remembers of the newest one.

use super::QuoteCashOut;
use super::event::CashOutQuoted;
use super::value;
use crate::event::Event;
use crate::rejection::Rejection;
use crate::slip::Slip;
use crate::state::State;
use kernel::{BetId, CustomerId};

pub(crate) fn decide(state: &State, asked: &QuoteCashOut) -> Result<Vec<Event>, Rejection> {
    let slip = own_slip(state, asked.bet, asked.customer)?;
    let newest = slip.cash_out().and_then(|known| known.offered.as_ref());
    if newest.is_some_and(|offer| offer.quote == asked.quote) {
        return Ok(vec![]);
    }
    must_be_open(slip)?;
    slip.must_not_be_promotional(asked.bet)?;
    let now = &asked.now;
    let valued = value::look(state, slip, now)?.value(slip.stake)?;
    Ok(vec![Event::CashOutQuoted(Box::new(CashOutQuoted {
        bet: asked.bet,
        customer: asked.customer,
        quote: asked.quote,
        stake: slip.stake,
        amount: valued.amount,
        worth: valued.worth,
        quoted_at: now.at,
        expires_at: now.at.plus(now.rules.cash_out.quote_life),
    }))])
}

/// Somebody else's slip is not there.
pub(super) fn own_slip(
    state: &State,
    bet: BetId,
    customer: CustomerId,
) -> Result<&Slip, Rejection> {
    let slip = state.slip(bet);
    slip.filter(|slip| slip.customer == customer)
        .ok_or(Rejection::BetUnknown)
}

/// Struck, not settled, not sold, and no sale of it waits.
pub(super) fn must_be_open(slip: &Slip) -> Result<(), Rejection> {
    if let Some(delayed) = slip.delayed_cash_out() {
        let until = delayed.until;
        return Err(Rejection::CashOutPending { until });
    }
    if slip.is_open() {
        Ok(())
    } else {
        Err(Rejection::BetNotOpen)
    }
}
