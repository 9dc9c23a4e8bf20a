//! Rungs, and that rounding is always on the side that was asked for.

use super::*;
use proptest::prelude::*;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn rounds_towards_the_house() {
    for (value, expected) in [
        (2.499, "2.49"),
        (2.5, "2.50"),
        (2.3, "2.30"),
        (1.0001, "1.01"),
        (5000.0, "1000"),
    ] {
        assert_eq!(Ladder::Hundredths.at_most(value), Ok(price(expected)));
    }
    assert_eq!(Ladder::Classic.at_most(2.99), Ok(price("2.98")));
    assert_eq!(Ladder::Classic.at_most(104.9), Ok(price("100")));
    assert_eq!(Ladder::Fractions.at_most(13.0 / 3.0), Price::ratio(13, 3));
    assert_eq!(Ladder::Fractions.at_most(4.33), Ok(price("4")));
}

#[test]
fn refuses_what_is_no_price() {
    for value in [1.0, 0.0, -2.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Ladder::Classic.at_most(value), Err(PriceError::NotAboveOne));
    }
}

#[test]
fn the_classic_ladder_has_350_prices() {
    let prices = Ladder::Classic.prices();
    assert_eq!(prices.len(), 350);
    assert_eq!(prices.first(), Some(&price("1.01")));
    assert_eq!(prices.last(), Some(&price("1000")));
    for (band, count) in [
        ("2", 100),
        ("3", 150),
        ("4", 170),
        ("6", 190),
        ("10", 210),
        ("20", 230),
        ("30", 240),
        ("50", 250),
        ("100", 260),
        ("1000", 350),
    ] {
        let end = price(band);
        assert_eq!(
            prices.iter().filter(|price| **price <= end).count(),
            count,
            "up to {band}"
        );
    }
}

#[test]
fn fractions_rise_and_are_those_of_boards() {
    let prices = Ladder::Fractions.prices();
    assert_eq!(prices.len(), HOUSE_FRACTIONS.len());
    assert!(prices.is_sorted_by(|left, right| left < right));
    for (fraction, decimal) in [
        ((4, 6), (5, 3)),
        ((20, 21), (41, 21)),
        ((85, 40), (25, 8)),
        ((100, 30), (13, 3)),
    ] {
        assert!(HOUSE_FRACTIONS.contains(&fraction));
        assert!(prices.contains(&Price::ratio(decimal.0, decimal.1).unwrap()));
    }
}

#[test]
fn the_next_rung_on_either_side() {
    for (ladder, value, down, up) in [
        (Ladder::Classic, "2.01", "2", "2.02"),
        (Ladder::Classic, "1.99", "1.99", "1.99"),
        (Ladder::Classic, "3.96", "3.95", "4"),
        (Ladder::Classic, "10.1", "10", "10.5"),
        (Ladder::Classic, "100.5", "100", "110"),
        (Ladder::Hundredths, "1.555", "1.55", "1.56"),
        (Ladder::Fractions, "2.08", "2.05", "2.1"),
    ] {
        let value = price(value);
        assert_eq!(ladder.down(value), Some(price(down)), "{ladder} {value}");
        assert_eq!(ladder.up(value), Some(price(up)), "{ladder} {value}");
    }
}

#[test]
fn beyond_the_ends_there_is_a_rung_on_one_side_only() {
    let (low, high) = (price("1.001"), price("1200"));
    for ladder in Ladder::ALL {
        assert_eq!(ladder.down(low), None);
        assert_eq!(ladder.up(low), Some(price("1.01")));
        assert_eq!(ladder.up(high), None);
        assert_eq!(ladder.nearest(low), price("1.01"));
        assert_eq!(Some(ladder.nearest(high)), ladder.prices().last().copied());
    }
}

#[test]
fn of_two_equally_far_the_lower() {
    assert_eq!(Ladder::Classic.nearest(price("2.01")), price("2"));
    assert_eq!(Ladder::Classic.nearest(price("2.0101")), price("2.02"));
    assert_eq!(Ladder::Fractions.nearest(price("1.80")), price("1.8"));
}

#[test]
fn the_booksum_is_told_after_rounding() {
    let book = Ladder::Hundredths.book(&[2.006, 2.006]).unwrap();
    assert_eq!(book.prices, [price("2.00"), price("2.00")]);
    assert!((book.booksum - 1.0).abs() < 1e-15);
}

#[test]
fn names_round_trip() {
    for ladder in Ladder::ALL {
        assert_eq!(ladder.to_string().parse(), Ok(*ladder));
    }
    assert!("rungs".parse::<Ladder>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_ladder_price_stays_itself(value in 1.01_f64..1000.0) {
        for ladder in Ladder::ALL {
            let once = ladder.at_most(value).unwrap();
            prop_assert!(as_float(once) <= value + 1e-8);
            prop_assert_eq!(ladder.at_most(as_float(once)), Ok(once));
            prop_assert_eq!(ladder.down(once), Some(once));
            prop_assert_eq!(ladder.up(once), Some(once));
        }
    }

    /// The two rungs around a price enclose it and have none between them.
    #[test]
    fn rungs_enclose_a_price(micros in 1_010_000_i64..1_000_000_000) {
        let price = Price::from_micros(micros).unwrap();
        for ladder in [Ladder::Classic, Ladder::Fractions] {
            let (down, up) = (ladder.down(price).unwrap(), ladder.up(price).unwrap());
            prop_assert!(down <= price && price <= up);
            let all = ladder.prices();
            prop_assert_eq!(all.iter().rev().find(|rung| **rung <= price), Some(&down));
            prop_assert_eq!(all.iter().find(|rung| **rung >= price), Some(&up));
            let nearest = ladder.nearest(price);
            prop_assert!(nearest == down || nearest == up);
        }
    }
}
