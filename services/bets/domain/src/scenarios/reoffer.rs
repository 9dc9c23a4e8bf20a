//! Re-offers: what is taken instead of a slip that is refused, by whom, until when, and once.

use super::world::*;
use crate::*;
use kernel::{CustomerId, Duration, Timestamp};

const LASTS: i64 = 30_000;

/// What slips are judged on under the rules of re-offers.
fn offering(now: Timestamp, quotes: impl IntoIterator<Item = Quote>) -> Surroundings {
    Surroundings {
        rules: HouseRules::default(),
        ..seeing(now, quotes)
    }
}

/// Market n at another price, and a version later.
fn moved(n: u64, current: &str, now: Timestamp) -> Quote {
    Quote {
        price: Some(price(current)),
        version: 8,
        ..quote(n, now)
    }
}

/// Slip n asks for 2.50 where 2.40 is on offer.
pub(super) fn moved_slip(n: u64) -> Command {
    place_seeing(n, slip(&[1]), offering(at(0), [moved(1, "2.4", at(0))]))
}

/// The single on market 1 as it is re-offered.
fn at_moved(current: &str) -> SlipRequest {
    SlipRequest {
        legs: vec![RequestedLeg {
            price: price(current),
            market_version: 8,
            ..leg(1)
        }],
        ..slip(&[1])
    }
}

fn reoffer(n: u64, why: Rejection, slip: SlipRequest, stake: i64, returns: i64) -> BetReoffered {
    BetReoffered {
        bet: bet(n),
        customer: ANN,
        why,
        slip,
        stake: eur(stake),
        potential_return: eur(returns),
        cleared: false,
        offered_at: at(0),
        until: at(LASTS),
    }
}

fn reoffered(n: u64, why: Rejection, slip: SlipRequest, stake: i64, returns: i64) -> Event {
    Event::BetReoffered(reoffer(n, why, slip, stake, returns))
}

fn changed_to(current: &str) -> Rejection {
    Rejection::PriceChanged {
        offered: vec![OfferedPrice {
            selection: selection(1),
            price: price(current),
            market_version: 8,
        }],
    }
}

/// Bet n is to be made of what was offered instead of slip 1.
fn accept_by(customer: CustomerId, n: u64, now: Surroundings) -> Command {
    Command::AcceptReoffer(Box::new(AcceptReoffer {
        bet: bet(n),
        customer,
        reoffer: bet(1),
        now,
    }))
}

fn accept(n: u64, now: Timestamp) -> Command {
    accept_by(ANN, n, offering(now, [moved(1, "2.4", now)]))
}

#[test]
fn a_moved_price_is_offered_with_the_stake_that_was_asked_for() {
    nothing().when(moved_slip(1)).then([reoffered(
        1,
        changed_to("2.4"),
        at_moved("2.4"),
        1_000,
        2_400,
    )]);
}

#[test]
fn a_stake_above_the_limit_is_offered_at_the_limit() {
    let large = SlipRequest {
        unit_stake: eur(1_000_001),
        ..slip(&[1])
    };
    let most = SlipRequest {
        unit_stake: eur(1_000_000),
        ..slip(&[1])
    };
    let roomy = Quote {
        exposure_max: eur(9_000_000),
        budget_each: eur(9_000_000),
        ..quote(1, at(0))
    };
    let why = Rejection::StakeAboveLimit {
        maximum: eur(1_000_000),
    };
    nothing()
        .when(place_seeing(1, large, offering(at(0), [roomy])))
        .then([reoffered(1, why, most, 1_000_000, 2_500_000)]);
}

#[test]
fn a_moved_price_is_offered_with_no_more_than_the_customer_may_stake() {
    let large = SlipRequest {
        unit_stake: eur(5_000),
        ..slip(&[1])
    };
    let offered = SlipRequest {
        unit_stake: eur(2_000),
        ..at_moved("2.4")
    };
    nothing()
        .after(notice(Notice::StakeLimits {
            customer: ANN,
            per_slip: Some(Some(eur(2_000))),
            per_day: None,
        }))
        .when(place_seeing(
            1,
            large,
            offering(at(0), [moved(1, "2.4", at(0))]),
        ))
        .then([reoffered(1, changed_to("2.4"), offered, 2_000, 4_800)]);
}

/// A market that can carry a risk of 14.99 at most: 9.99 and a third at 2.50.
fn tiny() -> Quote {
    Quote {
        budget_each: eur(1_499),
        exposure_max: eur(1_499),
        ..quote(1, at(0))
    }
}

#[test]
fn a_risk_that_the_market_cannot_carry_is_offered_as_far_as_it_can() {
    let offered = SlipRequest {
        unit_stake: eur(999),
        ..slip(&[1])
    };
    let why = Rejection::ExposureReached { market: market(1) };
    // 9.99 returns 24.98 (24.975, half to even): 14.99 at risk.
    nothing()
        .when(place_seeing(1, slip(&[1]), offering(at(0), [tiny()])))
        .then([reoffered(1, why, offered, 999, 2_498)]);
}

#[test]
fn what_is_below_the_least_stake_is_not_offered() {
    let full = Quote {
        budget_each: eur(14),
        exposure_max: eur(14),
        ..quote(1, at(0))
    };
    nothing()
        .when(place_seeing(1, slip(&[1]), offering(at(0), [full])))
        .then_rejected(Rejection::ExposureReached { market: market(1) });
}

#[test]
fn a_slip_that_nothing_would_mend_is_refused_without_an_offer() {
    let suspended = Quote {
        status: MarketStatus::Suspended,
        ..quote(1, at(0))
    };
    nothing()
        .when(place_seeing(1, slip(&[1]), offering(at(0), [suspended])))
        .then_rejected(Rejection::MarketSuspended { market: market(1) });
}

#[test]
fn rules_without_re_offers_make_none() {
    nothing()
        .when(place_seeing(
            1,
            slip(&[1]),
            seeing(at(0), [moved(1, "2.4", at(0))]),
        ))
        .then_rejected(changed_to("2.4"));
}

#[test]
fn an_accepted_re_offer_is_a_bet_of_its_own() {
    let events = nothing()
        .after(moved_slip(1))
        .when(accept(2, at(LASTS - 1)))
        .events();
    let [
        Event::ReofferAccepted {
            reoffer,
            bet: taken,
        },
        Event::BetPlaced(placed),
    ] = &events[..]
    else {
        panic!("not placed: {events:?}");
    };
    assert_eq!((*reoffer, *taken, placed.bet), (bet(1), bet(2), bet(2)));
    assert_eq!(placed.stake, eur(1_000));
    assert_eq!(placed.legs[0].price, price("2.4"));
    assert_eq!(placed.legs[0].requested_price, price("2.4"));
}

#[test]
fn a_repeated_acceptance_changes_nothing() {
    nothing()
        .after(moved_slip(1))
        .after(accept(2, at(5)))
        .when(accept(2, at(6)))
        .then_nothing();
}

#[test]
fn a_re_offer_is_accepted_once() {
    nothing()
        .after(moved_slip(1))
        .after(accept(2, at(5)))
        .when(accept(3, at(6)))
        .then_rejected(Rejection::ReofferTaken { bet: bet(2) });
}

#[test]
fn a_re_offer_ends_with_its_time() {
    nothing()
        .after(moved_slip(1))
        .when(accept(2, at(LASTS)))
        .then_rejected(Rejection::ReofferExpired { until: at(LASTS) });
}

#[test]
fn what_was_never_offered_cannot_be_accepted() {
    let unknown = Rejection::ReofferUnknown { reoffer: bet(1) };
    nothing()
        .when(accept(2, at(5)))
        .then_rejected(unknown.clone());
    // Nor what was offered to somebody else.
    let bob = CustomerId::example(2, 0);
    let now = offering(at(5), [moved(1, "2.4", at(5))]);
    nothing()
        .after(moved_slip(1))
        .when(accept_by(bob, 2, now))
        .then_rejected(unknown);
}

#[test]
fn a_market_that_moved_on_makes_a_new_re_offer_and_no_bet() {
    let now = at(5);
    let on = Quote {
        version: 9,
        ..moved(1, "2.3", now)
    };
    let events = nothing()
        .after(moved_slip(1))
        .when(accept_by(ANN, 2, offering(now, [on])))
        .events();
    let [Event::BetReoffered(told)] = &events[..] else {
        panic!("not offered anew: {events:?}");
    };
    assert_eq!(
        (told.bet, told.until),
        (bet(2), now.plus(Duration::from_secs(30)))
    );
    assert_eq!(told.slip.legs[0].price, price("2.3"));
}

#[test]
fn a_suspension_ends_a_re_offer_even_if_the_market_is_open_again() {
    let now = at(5);
    let reopened = Quote {
        version: 10,
        open_since: 10,
        ..moved(1, "2.4", now)
    };
    nothing()
        .after(moved_slip(1))
        .when(accept_by(ANN, 2, offering(now, [reopened])))
        .then_rejected(Rejection::MarketSuspended { market: market(1) });
}

#[test]
fn whoever_is_excluded_cannot_accept() {
    nothing()
        .after(moved_slip(1))
        .after(notice(Notice::Exclusion {
            customer: ANN,
            until: at(9_000),
        }))
        .when(accept(2, at(5)))
        .then_rejected(Rejection::CustomerExcluded { until: at(9_000) });
}

#[test]
fn a_price_that_moves_during_the_delay_ends_the_slip_with_a_re_offer() {
    let end = at(5_000);
    let on = Quote {
        price: Some(price("2.4")),
        version: 9,
        ..in_play(1, end)
    };
    let delayed = nothing()
        .after(place_seeing(
            1,
            slip(&[1]),
            seeing(at(0), [in_play(1, at(0))]),
        ))
        .after(hold(1))
        .after(look(1, seeing(at(0), [in_play(1, at(0))])));
    let events = delayed.when(look(1, offering(end, [on]))).events();
    let [
        Event::BetRejected {
            bet: ended, held, ..
        },
        Event::BetReoffered(told),
    ] = &events[..]
    else {
        panic!("no re-offer beside the rejection: {events:?}");
    };
    assert_eq!((*ended, *held, told.bet), (bet(1), true, bet(1)));
    assert_eq!(
        (told.stake, told.potential_return),
        (eur(1_000), eur(2_400))
    );
}

#[test]
fn what_ended_long_ago_is_forgotten_with_the_next_re_offer() {
    let late = at(LASTS + 60_001);
    let next = place_seeing(9, slip(&[1]), offering(late, [moved(1, "2.4", late)]));
    let state = nothing().after(moved_slip(1)).after(next).state();
    assert!(state.reoffer(bet(1)).is_none() && state.reoffer(bet(9)).is_some());
    assert_eq!(state.reoffer_ends.len(), 1);
}
