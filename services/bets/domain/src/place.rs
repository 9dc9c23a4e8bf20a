//! Placement: a slip asks to be taken into the book.
//!
//! Duty: judge customer, shape, legs, stake and room for risk, in this order, on what the command
//! carries. Prohibition: a slip that is placed is not struck; the ledger answers for its stake
//! first.

use crate::budget;
use crate::command::{Place, Surroundings};
use crate::event::{BetPlaced, Event};
use crate::rejection::Rejection;
use crate::settlement::stake_for_return;
use crate::slip::{SlipRequest, liability_minor};
use crate::state::State;
use crate::strike::{Struck, all_won, strike};
use kernel::Money;

pub(crate) fn decide(state: &State, place: &Place) -> Result<Vec<Event>, Rejection> {
    if state.slip(place.bet).is_some() {
        return Ok(vec![]);
    }
    let (slip, now) = (&place.slip, &place.now);
    state.customer(place.customer).must_be_free_to_bet(now.at)?;
    legs_must_suit_the_type(slip, now.rules.legs_max)?;
    legs_must_not_be_related(slip)?;
    let struck = strike(state, slip.legs.iter().copied(), slip.price_policy, now)?;
    let potential_return = stake_must_be_allowed(state, place, &struck)?;
    let mut events = wait_for_room(state, place, &struck, potential_return)?;
    events.insert(0, Event::BetPlaced(placed(place, struck, potential_return)));
    Ok(events)
}

fn placed(place: &Place, struck: Struck<'_>, potential_return: Money) -> BetPlaced {
    BetPlaced {
        bet: place.bet,
        customer: place.customer,
        slip_type: place.slip.slip_type,
        legs: struck.legs,
        stake: place.slip.stake,
        price_policy: place.slip.price_policy,
        client_ref: place.slip.client_ref.clone(),
        potential_return,
        rules_version: place.now.rules.version,
        placed_at: place.now.at,
    }
}

fn legs_must_suit_the_type(slip: &SlipRequest, legs_max: usize) -> Result<(), Rejection> {
    if slip.each_way {
        return Err(Rejection::EachWayNotOffered);
    }
    let (expected_min, expected_max) = slip.slip_type.legs(legs_max);
    let got = slip.legs.len();
    if got < expected_min || got > expected_max {
        return Err(Rejection::LegsDoNotFitType {
            expected_min,
            expected_max,
            got,
        });
    }
    Ok(())
}

/// Two legs of one fixture win and lose together; their prices must not be multiplied.
fn legs_must_not_be_related(slip: &SlipRequest) -> Result<(), Rejection> {
    let mut fixtures: Vec<_> = slip.legs.iter().map(|leg| leg.fixture).collect();
    fixtures.sort_unstable();
    for pair in fixtures.windows(2) {
        if let [fixture, other] = pair
            && fixture == other
        {
            return Err(Rejection::LegsRelated { fixture: *fixture });
        }
    }
    Ok(())
}

/// The stake is within the limits, and what it may return within the house's. Answers that.
fn stake_must_be_allowed(
    state: &State,
    place: &Place,
    struck: &Struck<'_>,
) -> Result<Money, Rejection> {
    let (slip, Surroundings { at, rules, .. }) = (&place.slip, &place.now);
    let currency = slip.stake.currency();
    for quote in &struck.quotes {
        let expected = quote.exposure_max.currency();
        if expected != currency {
            return Err(Rejection::CurrencyMismatch { expected });
        }
    }
    let minimum = Money::from_minor(rules.stake_min_minor, currency);
    if slip.stake < minimum || !slip.stake.is_positive() {
        return Err(Rejection::StakeBelowMinimum { minimum });
    }
    let payout_max = Money::from_minor(rules.payout_max_minor, currency);
    let winners = all_won(struck.legs.iter().map(|leg| leg.price));
    let by_payout = stake_for_return(slip.slip_type.bet_type(), &winners, payout_max);
    let by_customer = state
        .customer(place.customer)
        .most_for_slip(currency, *at, rules)?;
    let maximum = by_payout.min(by_customer);
    let too_much = Rejection::StakeAboveLimit { maximum };
    if slip.stake > maximum {
        return Err(too_much);
    }
    struck
        .potential_return(slip.slip_type, slip.stake)
        .map_err(|_| too_much)
}

/// What follows when markets have no room for the risk: the slip waits, and more is asked for.
fn wait_for_room(
    state: &State,
    place: &Place,
    struck: &Struck<'_>,
    potential_return: Money,
) -> Result<Vec<Event>, Rejection> {
    let need_minor = liability_minor(potential_return, place.slip.stake);
    let full = budget::without_room(state, struck.quotes.iter().copied(), need_minor);
    if let Some(hopeless) = full.iter().find(|market| market.is_hopeless()) {
        return Err(Rejection::ExposureReached {
            market: hopeless.quote.market,
        });
    }
    let mut events: Vec<Event> = full.iter().filter_map(budget::NoRoom::request).collect();
    if let Some(first) = full.first() {
        events.push(Event::BetAwaitsBudget {
            bet: place.bet,
            market: first.quote.market,
            until: place.now.at.plus(place.now.rules.budget_wait),
        });
    }
    Ok(events)
}
