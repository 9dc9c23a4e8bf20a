//! Placement: every rule that lets a slip in, every one that keeps it out.

use super::world::*;
use crate::settlement::BetType;
use crate::*;
use kernel::{Currency, Duration, Money, Timestamp};

fn placing(quote: Quote) -> Command {
    place_seeing(1, slip(&[1]), seeing(at(0), [quote]))
}

fn asking(request: SlipRequest) -> Command {
    place_seeing(1, request, seeing(at(0), [quote(1, at(0))]))
}

#[test]
fn a_single_at_the_quoted_price_is_placed_with_its_evidence() {
    nothing()
        .when(place(1, &[1]))
        .then([placed(1, &[1], 2_500)]);
}

#[test]
fn an_accumulator_multiplies_its_prices() {
    nothing()
        .when(place(1, &[1, 2, 3, 4]))
        .then([placed(1, &[1, 2, 3, 4], 39_062)]);
}

#[test]
fn a_repeat_of_a_placed_slip_changes_nothing() {
    nothing()
        .after(place(1, &[1]))
        .when(place(1, &[1]))
        .then_nothing();
}

fn at_price(policy: PricePolicy, current: &str) -> Command {
    let request = SlipRequest {
        price_policy: policy,
        ..slip(&[1])
    };
    let quote = Quote {
        price: Some(price(current)),
        version: 8,
        ..quote(1, at(0))
    };
    place_seeing(1, request, seeing(at(0), [quote]))
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

fn struck_at(command: Command) -> kernel::Price {
    match &nothing().when(command).events()[..] {
        [Event::BetPlaced(placed)] => placed.legs[0].price,
        other => panic!("not placed: {other:?}"),
    }
}

#[test]
fn exact_takes_no_other_price() {
    nothing()
        .when(at_price(PricePolicy::Exact, "2.4"))
        .then_rejected(changed_to("2.4"));
    nothing()
        .when(at_price(PricePolicy::Exact, "2.6"))
        .then_rejected(changed_to("2.6"));
    assert_eq!(struck_at(at_price(PricePolicy::Exact, "2.5")), price("2.5"));
}

#[test]
fn better_takes_higher_prices_and_is_struck_at_them() {
    assert_eq!(
        struck_at(at_price(PricePolicy::Better, "2.6")),
        price("2.6")
    );
    nothing()
        .when(at_price(PricePolicy::Better, "2.4"))
        .then_rejected(changed_to("2.4"));
}

#[test]
fn any_is_struck_at_the_current_price() {
    for current in ["2.4", "2.6"] {
        assert_eq!(
            struck_at(at_price(PricePolicy::Any, current)),
            price(current)
        );
    }
}

#[test]
fn price_policies_are_judged_for_each_leg() {
    // The product is better, one leg is not.
    let request = SlipRequest {
        price_policy: PricePolicy::Better,
        ..slip(&[1, 2])
    };
    let worse = Quote {
        price: Some(price("2.4")),
        version: 8,
        ..quote(1, at(0))
    };
    let better = Quote {
        price: Some(price("4")),
        ..quote(2, at(0))
    };
    nothing()
        .when(place_seeing(1, request, seeing(at(0), [worse, better])))
        .then_rejected(changed_to("2.4"));
}

#[test]
fn a_suspended_market_takes_no_slip() {
    let suspended = Quote {
        status: MarketStatus::Suspended,
        ..quote(1, at(0))
    };
    nothing()
        .when(placing(suspended))
        .then_rejected(Rejection::MarketSuspended { market: market(1) });
}

#[test]
fn a_closed_market_takes_no_slip() {
    let closed = Quote {
        status: MarketStatus::Closed,
        ..quote(1, at(0))
    };
    nothing()
        .when(placing(closed))
        .then_rejected(Rejection::MarketClosed { market: market(1) });
}

#[test]
fn a_selection_without_price_or_market_cannot_be_bet_on() {
    let unavailable = Rejection::SelectionUnavailable {
        selection: selection(1),
    };
    let unpriced = Quote {
        price: None,
        ..quote(1, at(0))
    };
    nothing()
        .when(placing(unpriced))
        .then_rejected(unavailable.clone());
    nothing()
        .when(place_seeing(1, slip(&[1]), seeing(at(0), [])))
        .then_rejected(unavailable.clone());
    let elsewhere = SlipRequest {
        legs: vec![RequestedLeg {
            market: market(2),
            ..leg(1)
        }],
        ..slip(&[1])
    };
    nothing().when(asking(elsewhere)).then_rejected(unavailable);
}

#[test]
fn old_pictures_of_prices_are_not_bet_on() {
    let bound = HouseRules::default().view_age_max;
    let seen = |seen_at| {
        placing(Quote {
            seen_at,
            ..quote(1, at(0))
        })
    };
    let old = Some(at(0).minus(bound).minus(Duration::from_micros(1)));
    nothing()
        .when(seen(Some(at(0).minus(bound))))
        .then([placed(1, &[1], 2_500)]);
    nothing()
        .when(seen(old))
        .then_rejected(Rejection::PricesStale { newest_at: old });
    nothing()
        .when(seen(None))
        .then_rejected(Rejection::PricesStale { newest_at: None });
}

#[test]
fn a_customer_who_has_seen_more_than_we_is_not_bet_against() {
    let ahead = SlipRequest {
        legs: vec![RequestedLeg {
            market_version: 8,
            ..leg(1)
        }],
        ..slip(&[1])
    };
    nothing()
        .when(asking(ahead))
        .then_rejected(Rejection::PricesStale {
            newest_at: Some(at(0)),
        });
}

#[test]
fn stakes_have_a_minimum() {
    for minor in [9, 0, -1_000] {
        let small = SlipRequest {
            unit_stake: eur(minor),
            ..slip(&[1])
        };
        nothing()
            .when(asking(small))
            .then_rejected(Rejection::StakeBelowMinimum { minimum: eur(10) });
    }
}

#[test]
fn stakes_have_a_maximum() {
    let large = SlipRequest {
        unit_stake: eur(1_000_001),
        ..slip(&[1])
    };
    nothing()
        .when(asking(large))
        .then_rejected(Rejection::StakeAboveLimit {
            maximum: eur(1_000_000),
        });
}

#[test]
fn what_a_slip_may_return_limits_its_stake() {
    // 2.5^10 is 9536.7..; the house pays 500,000.00 at most.
    let ten: Vec<u64> = (1..=10).collect();
    let request = SlipRequest {
        unit_stake: eur(10_000),
        ..slip(&ten)
    };
    let quotes = ten.iter().map(|n| quote(*n, at(0)));
    nothing()
        .when(place_seeing(1, request, seeing(at(0), quotes)))
        .then_rejected(Rejection::StakeAboveLimit {
            maximum: eur(5_242),
        });
}

#[test]
fn stakes_are_in_the_market_s_currency() {
    let dollars = SlipRequest {
        unit_stake: Money::from_minor(1_000, Currency::Usd),
        ..slip(&[1])
    };
    nothing()
        .when(asking(dollars))
        .then_rejected(Rejection::CurrencyMismatch {
            expected: Currency::Eur,
        });
}

#[test]
fn two_legs_of_one_fixture_are_refused() {
    let related = SlipRequest {
        legs: vec![
            leg(1),
            RequestedLeg {
                fixture: fixture(1),
                ..leg(2)
            },
        ],
        ..slip(&[1, 2])
    };
    nothing()
        .when(place_seeing(
            1,
            related,
            seeing(at(0), [quote(1, at(0)), quote(2, at(0))]),
        ))
        .then_rejected(Rejection::LegsRelated {
            fixture: fixture(1),
        });
}

#[test]
fn legs_suit_the_type() {
    for (bet_type, legs, expected_min, expected_max) in [
        (BetType::Single, vec![1, 2], 1, 1),
        (BetType::Single, vec![], 1, 1),
        (BetType::Double, vec![1], 2, 2),
        (BetType::Treble, vec![1, 2], 3, 3),
        (BetType::Accumulator, vec![1], 2, 20),
        (BetType::Accumulator, (1..=21).collect(), 2, 20),
    ] {
        let request = SlipRequest {
            bet_type,
            ..slip(&legs)
        };
        let quotes = legs.iter().map(|n| quote(*n, at(0)));
        nothing()
            .when(place_seeing(1, request, seeing(at(0), quotes)))
            .then_rejected(Rejection::LegsDoNotFitType {
                expected_min,
                expected_max,
                got: legs.len(),
            });
    }
}

#[test]
fn from_the_start_of_settlement_the_market_is_closed_whatever_the_view_says() {
    let story =
        struck_slip(nothing(), 1, &[1]).after(result(1, 1, crate::settlement::LegResult::Won));
    story
        .when(place(2, &[1]))
        .then_rejected(Rejection::MarketClosed { market: market(1) });
}

#[test]
fn a_withdrawn_result_does_not_open_the_market_again() {
    let won = crate::settlement::LegResult::Won;
    struck_slip(nothing(), 1, &[1])
        .after(result(1, 1, won))
        .after(rollback(1, 1))
        .when(place(2, &[1]))
        .then_rejected(Rejection::MarketClosed { market: market(1) });
}

#[test]
fn customers_are_judged_before_anything_else() {
    let until = Timestamp::MAX;
    nothing()
        .after(notice(Notice::Exclusion {
            customer: ANN,
            until,
        }))
        .when(place_seeing(1, slip(&[1]), seeing(at(0), [])))
        .then_rejected(Rejection::CustomerExcluded { until });
}
