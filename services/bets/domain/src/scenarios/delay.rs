//! In play: struck only after the delay, on what is seen then.

use super::world::*;
use crate::*;
use kernel::Duration;

const END: i64 = 5_005;

fn ordered(policy: PricePolicy) -> Command {
    let request = SlipRequest {
        price_policy: policy,
        ..slip(&[1])
    };
    place_seeing(1, request, seeing(at(0), [in_play(1, at(0))]))
}

/// Placed in play, held, looked at once: the delay runs until `END`.
fn delayed(policy: PricePolicy) -> Story {
    nothing()
        .after(ordered(policy))
        .after(hold(1))
        .after(look(1, seeing(at(5), [in_play(1, at(5))])))
}

fn at_the_end(quote: Quote) -> Command {
    look(1, seeing(at(END), [quote]))
}

#[test]
fn a_hold_in_play_does_not_strike() {
    nothing()
        .after(ordered(PricePolicy::Exact))
        .when(hold(1))
        .then([Event::BetHeld { bet: bet(1) }]);
}

#[test]
fn the_delay_is_the_market_s_longest() {
    let slow = Quote {
        bet_delay: Duration::from_secs(8),
        ..in_play(2, at(0))
    };
    let quotes = [in_play(1, at(0)), slow];
    nothing()
        .after(place_seeing(
            1,
            slip(&[1, 2]),
            seeing(at(0), quotes.clone()),
        ))
        .after(hold(1))
        .when(look(1, seeing(at(5), quotes)))
        .then([Event::BetDelayed {
            bet: bet(1),
            customer: ANN,
            until: at(5).plus(Duration::from_secs(8)),
        }]);
}

#[test]
fn before_the_end_nothing_happens() {
    delayed(PricePolicy::Exact)
        .when(look(1, seeing(at(END - 1), [in_play(1, at(END - 1))])))
        .then_nothing();
}

#[test]
fn at_the_end_the_slip_is_struck_on_fresh_evidence() {
    let fresh = Quote {
        version: 12,
        ..in_play(1, at(END))
    };
    let events = delayed(PricePolicy::Exact).when(at_the_end(fresh)).events();
    match &events[..] {
        [Event::BetAccepted { legs, .. }] => {
            assert_eq!(legs[0].market_version, 12);
            assert!(legs[0].in_play);
        }
        other => panic!("not struck: {other:?}"),
    }
}

#[test]
fn the_end_told_twice_strikes_once() {
    delayed(PricePolicy::Exact)
        .after(at_the_end(in_play(1, at(END))))
        .when(at_the_end(in_play(1, at(END))))
        .then_nothing();
}

#[test]
fn a_suspension_within_the_delay_ends_the_slip_even_when_it_is_over() {
    let rejection = Rejection::MarketSuspended { market: market(1) };
    let still = Quote {
        status: MarketStatus::Suspended,
        ..in_play(1, at(END))
    };
    let over = Quote {
        version: 8,
        open_since: 8,
        ..in_play(1, at(END))
    };
    for quote in [still, over] {
        delayed(PricePolicy::Any)
            .when(at_the_end(quote))
            .then([rejected(1, true, rejection.clone())]);
    }
}

#[test]
fn a_close_or_silence_within_the_delay_ends_the_slip() {
    let closed = Quote {
        status: MarketStatus::Closed,
        ..in_play(1, at(END))
    };
    delayed(PricePolicy::Any)
        .when(at_the_end(closed))
        .then([rejected(
            1,
            true,
            Rejection::MarketClosed { market: market(1) },
        )]);
    let newest_at = Some(at(END - 3_001));
    let silent = Quote {
        seen_at: newest_at,
        ..in_play(1, at(END))
    };
    delayed(PricePolicy::Any)
        .when(at_the_end(silent))
        .then([rejected(1, true, Rejection::PricesStale { newest_at })]);
}

fn moved_to(current: &str) -> Quote {
    Quote {
        price: Some(price(current)),
        version: 9,
        ..in_play(1, at(END))
    }
}

fn changed_to(current: &str) -> Event {
    let rejection = Rejection::PriceChanged {
        offered: vec![OfferedPrice {
            selection: selection(1),
            price: price(current),
            market_version: 9,
        }],
    };
    rejected(1, true, rejection)
}

#[test]
fn the_policy_covers_the_delay_as_well() {
    for (policy, current) in [
        (PricePolicy::Exact, "2.4"),
        (PricePolicy::Exact, "2.6"),
        (PricePolicy::Better, "2.4"),
    ] {
        delayed(policy)
            .when(at_the_end(moved_to(current)))
            .then([changed_to(current)]);
    }
    for (policy, current, potential) in [
        (PricePolicy::Better, "2.6", 2_600),
        (PricePolicy::Any, "2.4", 2_400),
    ] {
        match &delayed(policy).when(at_the_end(moved_to(current))).events()[..] {
            [
                Event::BetAccepted {
                    legs,
                    potential_return,
                    ..
                },
            ] => {
                assert_eq!(legs[0].price, price(current));
                assert_eq!(legs[0].requested_price, price("2.5"));
                assert_eq!(*potential_return, eur(potential));
            }
            other => panic!("not struck: {other:?}"),
        }
    }
}

#[test]
fn a_better_price_that_the_house_cannot_carry_ends_the_slip() {
    let no_more = Quote {
        budget_each: eur(1_500),
        ..moved_to("2.6")
    };
    delayed(PricePolicy::Better)
        .when(at_the_end(no_more))
        .then([rejected(
            1,
            true,
            Rejection::ExposureReached { market: market(1) },
        )]);
}

#[test]
fn a_better_price_that_breaks_the_house_s_limit_ends_the_slip() {
    let mut now = seeing(at(END), [moved_to("2.6")]);
    now.rules.payout_max_minor = 2_599;
    delayed(PricePolicy::Better)
        .when(look(1, now))
        .then([changed_to("2.6")]);
}
