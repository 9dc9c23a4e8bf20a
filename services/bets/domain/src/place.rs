//! Placement: a slip asks to be taken into the book.
//!
//! Duty: judge customer, shape, legs, stake and room for risk, in this order, on what the command
//! carries. Prohibition: a slip that is placed is not struck; the ledger answers for its stake
//! first.

use crate::budget;
use crate::command::{HouseRules, Place, Surroundings};
use crate::customer::MostForSlip;
use crate::event::{BetPlaced, Event};
use crate::origin;
use crate::promotion::{self, Funded};
use crate::refer;
use crate::rejection::Rejection;
use crate::settlement::{SettledLeg, SettlementRules, SlipTerms};
use crate::slip::{SlipRequest, legs_of, liability_minor};
use crate::state::State;
use crate::strike::{Struck, strike};
use crate::terms::{LegTerms, SlipTermsFixed};
use kernel::{CustomerId, Money};

pub(crate) fn decide(state: &State, place: &Place, cleared: bool) -> Result<Vec<Event>, Rejection> {
    if state.slip(place.bet).is_some() {
        return Ok(vec![]);
    }
    let (slip, now) = (&place.slip, &place.now);
    state.customer(place.customer).must_be_free_to_bet(now.at)?;
    legs_must_suit_the_type(slip, now.rules.legs_max)?;
    legs_must_not_be_related(slip)?;
    let struck = strike(state, slip.legs.iter().copied(), slip.price_policy, now)?;
    let terms = terms(slip, &now.rules);
    place_parts_must_be_offered(slip, &struck, terms.rules)?;
    let (stakes, funded) = stake_must_be_allowed(state, place, &struck, terms)?;
    let waits = wait_for_room(state, place, &struck, stakes)?;
    let referred = refer::at_placement(state, place, stakes.total).filter(|_| !cleared);
    let allowed = slip
        .accepts_part
        .then_some(Event::PartAllowed { bet: place.bet });
    let agreed = fixed(place, &struck, terms);
    let traced = origin::traced(place.bet, &struck);
    let mut events = vec![Event::BetPlaced(placed(place, struck, stakes))];
    events.extend(funded.map(|funded| funded.event));
    events.extend(agreed);
    events.extend(traced);
    events.extend(allowed);
    match referred {
        // It is looked for room when the trader has answered.
        Some(referred) => events.push(referred),
        None => events.extend(waits),
    }
    Ok(events)
}

/// What a slip costs, what of that the book takes in, and the most that it can return.
#[derive(Clone, Copy)]
struct Stakes {
    total: Money,
    paid_in: Money,
    potential_return: Money,
}

/// How a slip is put together, and the rules in force.
pub(crate) fn terms(slip: &SlipRequest, rules: &HouseRules) -> SlipTerms {
    SlipTerms {
        bet_type: slip.bet_type,
        sizes: slip.sizes,
        each_way: slip.each_way,
        rules: SettlementRules::recorded(rules.version),
    }
}

fn placed(place: &Place, struck: Struck<'_>, stakes: Stakes) -> BetPlaced {
    BetPlaced {
        bet: place.bet,
        customer: place.customer,
        bet_type: place.slip.bet_type,
        legs: struck.legs,
        each_way: place.slip.each_way,
        stake: stakes.total,
        price_policy: place.slip.price_policy,
        client_ref: place.slip.client_ref.clone(),
        potential_return: stakes.potential_return,
        rules_version: place.now.rules.version,
        placed_at: place.now.at,
    }
}

/// What is agreed besides, where there is anything: a slip of one line whose legs' prices and
/// outcomes say it all has nothing. What no settlement of this slip will ask for is left out.
fn fixed(place: &Place, struck: &Struck<'_>, terms: SlipTerms) -> Option<Event> {
    let slip = &place.slip;
    let legs: Vec<LegTerms> = struck
        .terms
        .iter()
        .map(|leg| LegTerms {
            race: leg.race.filter(|_| slip.each_way),
            ..*leg
        })
        .collect();
    let plain = legs.iter().all(LegTerms::is_plain);
    let one_line = terms.lines(legs.len()).is_ok_and(|lines| lines == 1);
    if plain && one_line {
        return None;
    }
    let currency = slip.unit_stake.currency();
    Some(Event::BetTermsFixed {
        bet: place.bet,
        terms: SlipTermsFixed {
            unit_stake: slip.unit_stake,
            sizes: slip.sizes,
            payout_max: terms
                .rules
                .payout_max_minor
                .map(|minor| Money::from_minor(minor, currency)),
            legs,
        },
    })
}

fn legs_must_suit_the_type(slip: &SlipRequest, legs_max: usize) -> Result<(), Rejection> {
    let (expected_min, expected_max) = legs_of(slip.bet_type, legs_max);
    let got = slip.legs.len();
    if got < expected_min || got > expected_max {
        return Err(Rejection::LegsDoNotFitType {
            expected_min,
            expected_max,
            got,
        });
    }
    let terms = SlipTerms {
        sizes: slip.sizes,
        ..SlipTerms::of(slip.bet_type)
    };
    match terms.line_sizes(got) {
        Ok(_) => Ok(()),
        Err(_) => Err(Rejection::SizesDoNotFit { legs: got }),
    }
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

/// A place part needs a race that pays places as it stands.
pub(crate) fn place_parts_must_be_offered(
    slip: &SlipRequest,
    struck: &Struck<'_>,
    rules: &SettlementRules,
) -> Result<(), Rejection> {
    let pays_places = |leg: &LegTerms| leg.race.is_some_and(|race| race.terms(rules).is_some());
    if slip.each_way && !struck.terms.iter().all(pays_places) {
        return Err(Rejection::EachWayNotOffered);
    }
    Ok(())
}

/// The stake is within the limits, and what it may return within the house's. The limits are
/// told as stakes of one line, as the customer states them.
fn stake_must_be_allowed(
    state: &State,
    place: &Place,
    struck: &Struck<'_>,
    terms: SlipTerms,
) -> Result<(Stakes, Option<Funded>), Rejection> {
    let (slip, rules) = (&place.slip, &place.now.rules);
    let currency = slip.unit_stake.currency();
    for quote in &struck.quotes {
        let expected = quote.exposure_max.currency();
        if expected != currency {
            return Err(Rejection::CurrencyMismatch { expected });
        }
    }
    let minimum = least_on_a_line(slip, terms, rules);
    if slip.unit_stake < minimum || !slip.unit_stake.is_positive() {
        return Err(Rejection::StakeBelowMinimum { minimum });
    }
    let winners = struck.at_best(&struck.terms, terms.rules);
    let by_payout = most_on_a_line(slip, &winners, terms, rules);
    let total = terms.total_stake(slip.legs.len(), slip.unit_stake);
    let total = total.map_err(|_| Rejection::StakeAboveLimit { maximum: by_payout })?;
    let funded = promotion::fund(state, place, &struck.legs, total)?;
    let nothing = Money::zero(currency);
    let promotional = funded
        .as_ref()
        .map_or(nothing, |funded| funded.funding.stake.promotional);
    let by_customer = state.customer(place.customer).most_for_slip(
        &struck.quotes,
        promotional,
        place.now.at,
        rules,
    )?;
    let (too_much, maximum) = limit_that_binds(by_payout, by_customer, lines_of(slip, terms));
    if slip.unit_stake > maximum {
        return Err(too_much);
    }
    let Ok(best) = terms.settle(slip.unit_stake, &winners) else {
        return Err(too_much);
    };
    let stakes = match &funded {
        None => Stakes {
            total,
            paid_in: total,
            potential_return: best.returned,
        },
        Some(Funded { funding, .. }) => Stakes {
            total,
            paid_in: funding.paid_in(total),
            potential_return: funding
                .returned(&best, false, terms.rules)
                .map_or(best.returned, |(returned, _)| returned),
        },
    };
    Ok((stakes, funded))
}

/// The most for one line, and how a stake above it is refused: a limit of the customer's own is
/// named with what it leaves.
fn limit_that_binds(by_payout: Money, by_customer: MostForSlip, lines: i64) -> (Rejection, Money) {
    let currency = by_payout.currency();
    let a_line = by_customer.most.minor().checked_div(lines).unwrap_or(0);
    let a_line = Money::from_minor(a_line, currency);
    let maximum = by_payout.min(a_line);
    let refusal = match by_customer.own {
        Some(own) if a_line <= by_payout => Rejection::StakeAboveOwnLimit {
            limit: own.limit,
            maximum,
            left: Money::from_minor(own.left_minor, currency),
            resets_at: own.resets_at,
        },
        Some(_) | None => Rejection::StakeAboveLimit { maximum },
    };
    (refusal, maximum)
}

/// The least stake of one line.
pub(crate) fn least_on_a_line(slip: &SlipRequest, terms: SlipTerms, rules: &HouseRules) -> Money {
    let least = div_ceil(rules.stake_min_minor, lines_of(slip, terms));
    Money::from_minor(least, slip.unit_stake.currency())
}

/// The most on one line with which the slip returns no more than the house pays.
pub(crate) fn most_on_a_line(
    slip: &SlipRequest,
    winners: &[SettledLeg],
    terms: SlipTerms,
    rules: &HouseRules,
) -> Money {
    let currency = slip.unit_stake.currency();
    let payout_max = Money::from_minor(rules.payout_max_minor, currency);
    terms
        .unit_stake_for_return(winners, payout_max)
        .unwrap_or(Money::zero(currency))
}

/// The most on one line that the customer may stake now.
pub(crate) fn customer_s_most(
    state: &State,
    customer: CustomerId,
    slip: &SlipRequest,
    (struck, terms): (&Struck<'_>, SlipTerms),
    now: &Surroundings,
) -> Result<Money, Rejection> {
    let currency = slip.unit_stake.currency();
    let most = state.customer(customer).most_for_slip(
        &struck.quotes,
        Money::zero(currency),
        now.at,
        &now.rules,
    )?;
    let most = most
        .most
        .minor()
        .checked_div(lines_of(slip, terms))
        .unwrap_or(0);
    Ok(Money::from_minor(most, currency))
}

fn lines_of(slip: &SlipRequest, terms: SlipTerms) -> i64 {
    let lines = terms.lines(slip.legs.len()).unwrap_or(1).max(1);
    i64::try_from(lines).unwrap_or(i64::MAX)
}

/// Rounded up; of a divisor that is not positive, the number itself.
const fn div_ceil(number: i64, divisor: i64) -> i64 {
    match number.checked_div(divisor) {
        Some(below) if below.saturating_mul(divisor) < number => below.saturating_add(1),
        Some(exact) => exact,
        None => number,
    }
}

/// What follows when markets have no room for the risk: the slip waits, and more is asked for.
fn wait_for_room(
    state: &State,
    place: &Place,
    struck: &Struck<'_>,
    stakes: Stakes,
) -> Result<Vec<Event>, Rejection> {
    let need_minor = liability_minor(stakes.potential_return, stakes.paid_in);
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
