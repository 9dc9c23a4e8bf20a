//! A slip's timer is due: the end of an in-play delay, of a wait for room, or a second look.
//!
//! Duty: judge the slip anew on fresh evidence and take it one step further. Prohibition: never
//! nothing, once the timer is due: each step ends the timer or arms a later one.

use crate::budget;
use crate::cash_out;
use crate::command::Surroundings;
use crate::event::{BetReoffered, Event};
use crate::liability::{self, Turn};
use crate::origin;
use crate::part;
use crate::promotion;
use crate::refer;
use crate::rejection::Rejection;
use crate::reoffer::{self, Asked};
use crate::slip::{Shortage, Slip, SlipLeg, Stage, liability_minor};
use crate::state::State;
use crate::strike::{Struck, strike};
use kernel::{BetId, Duration, Money};

pub(crate) fn decide(state: &State, bet: BetId, now: &Surroundings) -> Vec<Event> {
    let Some(slip) = state.slip(bet) else {
        return vec![];
    };
    if slip.due().is_none_or(|due| due > now.at) {
        return vec![];
    }
    if let Some(delayed) = slip.delayed_cash_out() {
        return cash_out::end_delay(state, bet, slip, delayed, now);
    }
    look(state, bet, slip, now)
        .unwrap_or_else(|rejection| refused(state, bet, slip, rejection, now))
}

fn look(
    state: &State,
    bet: BetId,
    slip: &Slip,
    now: &Surroundings,
) -> Result<Vec<Event>, Rejection> {
    state.customer(slip.customer).must_be_free_to_bet(now.at)?;
    match slip.stage {
        // The ledger has not answered and the wait for room is over.
        Stage::AwaitingHold {
            short_of: Some(Shortage { market, .. }),
        } => Err(Rejection::ExposureReached { market }),
        Stage::Referred { held, .. } => refer::lapse(state, bet, slip, held, now),
        Stage::AwaitingHold { short_of: None } | Stage::Accepted(_) | Stage::CashedOut => {
            Ok(vec![])
        }
        Stage::Held { short_of, .. } => {
            let (struck, potential_return) = strike_anew(state, slip, now)?;
            let short = wait_for_room(state, bet, slip, short_of, potential_return, &struck, now)?;
            if !short.is_empty() {
                return Ok(short);
            }
            let delay = struck.delay();
            if delay > Duration::ZERO {
                let until = now.at.plus(delay);
                let customer = slip.customer;
                return Ok(vec![Event::BetDelayed {
                    bet,
                    customer,
                    until,
                }]);
            }
            Ok(accepted(state, bet, slip, struck, potential_return, now))
        }
        Stage::Delayed { .. } => {
            let (struck, potential_return) = strike_anew(state, slip, now)?;
            room_must_be_there(state, slip, potential_return, &struck)?;
            Ok(accepted(state, bet, slip, struck, potential_return, now))
        }
    }
}

/// At which prices the slip would be struck now. A market that was suspended since the slip was
/// placed, be it open again, ends it: something has happened that the customer may have seen.
fn strike_anew<'a>(
    state: &State,
    slip: &Slip,
    now: &'a Surroundings,
) -> Result<(Struck<'a>, Money), Rejection> {
    let requested = slip.legs.iter().map(SlipLeg::as_requested);
    let struck = strike(state, requested, slip.price_policy, now)?;
    for (quote, leg) in struck.quotes.iter().zip(slip.struck_legs()) {
        quote.must_be_open_since(leg.market_version)?;
    }
    scores_must_be_as_agreed(slip, &struck)?;
    promotion::prices_must_reach(state, slip, &struck.legs)?;
    let payout_max = Money::from_minor(now.rules.payout_max_minor, slip.stake.currency());
    let (terms, agreed) = (slip.terms(), slip.leg_terms());
    let payout = terms.settle(slip.unit_stake, &struck.at_best(&agreed, terms.rules));
    // Better prices would break the house's limit: those of the placement are not on offer any
    // more.
    let Some(payout) = payout.ok().filter(|payout| payout.returned <= payout_max) else {
        return Err(price_changed(&struck));
    };
    match slip.returned(&payout, false) {
        Ok((potential, _)) => Ok((struck, potential)),
        Err(_) => Err(price_changed(&struck)),
    }
}

/// A goal that did not suspend the market ends the slip all the same: what it was agreed on is not
/// on offer any more.
fn scores_must_be_as_agreed(slip: &Slip, struck: &Struck<'_>) -> Result<(), Rejection> {
    for ((leg, now), quote) in slip.legs.iter().zip(&struck.terms).zip(&struck.quotes) {
        if leg.terms.line.is_some() && leg.terms.line != now.line {
            return Err(Rejection::MarketSuspended {
                market: quote.market,
            });
        }
    }
    Ok(())
}

fn price_changed(struck: &Struck<'_>) -> Rejection {
    let legs = struck.legs.iter();
    Rejection::PriceChanged {
        offered: legs
            .map(|leg| crate::rejection::OfferedPrice {
                selection: leg.selection,
                price: leg.price,
                market_version: leg.market_version,
            })
            .collect(),
    }
}

/// What follows when a market has no room: the slip waits on until its time is over.
fn wait_for_room(
    state: &State,
    bet: BetId,
    slip: &Slip,
    short_of: Option<Shortage>,
    potential_return: Money,
    struck: &Struck<'_>,
    now: &Surroundings,
) -> Result<Vec<Event>, Rejection> {
    let liability = liability_minor(potential_return, slip.paid_in());
    let need_minor = budget::extra_risk_minor(slip, liability);
    let full = budget::without_room(state, struck.quotes.iter().copied(), need_minor);
    let Some(first) = full.first() else {
        return Ok(vec![]);
    };
    let market = first.quote.market;
    let until = short_of.map_or_else(|| now.at.plus(now.rules.budget_wait), |short| short.until);
    if until <= now.at || full.iter().any(budget::NoRoom::is_hopeless) {
        return Err(Rejection::ExposureReached { market });
    }
    let mut events: Vec<Event> = full.iter().filter_map(budget::NoRoom::request).collect();
    events.push(Event::BetAwaitsBudget { bet, market, until });
    Ok(events)
}

/// After the delay nothing is waited for any more.
fn room_must_be_there(
    state: &State,
    slip: &Slip,
    potential_return: Money,
    struck: &Struck<'_>,
) -> Result<(), Rejection> {
    let liability = liability_minor(potential_return, slip.paid_in());
    let need_minor = budget::extra_risk_minor(slip, liability);
    let full = budget::without_room(state, struck.quotes.iter().copied(), need_minor);
    match full.first() {
        // Less risk than is reserved always has room.
        Some(first) if need_minor > 0 => Err(Rejection::ExposureReached {
            market: first.quote.market,
        }),
        Some(_) | None => Ok(()),
    }
}

fn accepted(
    state: &State,
    bet: BetId,
    slip: &Slip,
    struck: Struck<'_>,
    potential_return: Money,
    now: &Surroundings,
) -> Vec<Event> {
    let traced = origin::traced(bet, &struck);
    let as_struck = Slip {
        potential_return,
        ..slip.clone()
    };
    let accepted = Event::BetAccepted {
        bet,
        customer: slip.customer,
        legs: struck.legs,
        potential_return,
        accepted_at: now.at,
        liabilities: liability::after(state, [(&as_struck, Turn::Opens)]),
    };
    let reduced = part::reduced(bet, slip);
    traced
        .into_iter()
        .chain(reduced)
        .chain([accepted])
        .collect()
}

/// The end of the slip, and what would be taken instead, if anything.
fn refused(
    state: &State,
    bet: BetId,
    slip: &Slip,
    why: Rejection,
    now: &Surroundings,
) -> Vec<Event> {
    if slip.is_promotional() {
        return vec![rejected(bet, slip, why)];
    }
    let reoffer = reoffer::propose(state, &Asked::of_slip(bet, slip), &why, now);
    if let Some(part) = part_of(bet, slip, &why, reoffer.as_ref(), now) {
        return vec![part];
    }
    let mut events = vec![rejected(bet, slip, why)];
    events.extend(reoffer.map(Event::BetReoffered));
    events
}

/// What a full market has room for is taken of who accepts a part.
fn part_of(
    bet: BetId,
    slip: &Slip,
    why: &Rejection,
    reoffer: Option<&BetReoffered>,
    now: &Surroundings,
) -> Option<Event> {
    let waits_for_room = matches!(slip.stage, Stage::Held { .. });
    let full = matches!(why, Rejection::ExposureReached { .. });
    let unit_stake = reoffer?.slip.unit_stake;
    if !slip.accepts_part || !waits_for_room || !full || unit_stake >= slip.unit_stake {
        return None;
    }
    part::of_slip(bet, slip, unit_stake, now).ok()
}

/// The stake is held, or will be: the ledger answers placements in their order.
pub(crate) const fn rejected(bet: BetId, slip: &Slip, rejection: Rejection) -> Event {
    Event::BetRejected {
        bet,
        customer: slip.customer,
        held: true,
        stake: match slip.held {
            Some(held) => held,
            None => slip.stake,
        },
        rejection,
    }
}
