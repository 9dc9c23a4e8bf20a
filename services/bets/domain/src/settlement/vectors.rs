//! Published payouts, and the properties that hold for all of them.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what it is for"
)]

use super::*;
use kernel::{Currency, Money, Price};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use proptest::prelude::*;

fn price(text: &str) -> Price {
    match text.split_once('/') {
        // Fractional odds: 7/4 pays 7 for 4, and the stake.
        Some((to, of)) => {
            let (to, of): (i64, i64) = (to.parse().unwrap(), of.parse().unwrap());
            Price::ratio(to + of, of).unwrap()
        }
        None => text.parse().unwrap(),
    }
}

fn legs(prices: &str, results: &str) -> Vec<SettledLeg> {
    let prices = prices.split(' ').map(price);
    let results = results.split(' ').map(|code| code.parse().unwrap());
    prices
        .zip(results)
        .map(|(price, result)| SettledLeg::plain(price, result))
        .collect()
}

fn eur(text: &str) -> Money {
    Money::parse(text, Currency::Eur).unwrap()
}

fn pays(kind: &str, stake: &str, prices: &str, results: &str) -> String {
    let legs = legs(prices, results);
    let payout = settle(kind.parse().unwrap(), eur(stake), &legs, None).unwrap();
    payout.returned.to_string()
}

/// A single each-way bet.
fn pays_each_way(
    stake: &str,
    odds: &str,
    terms: &str,
    win: &str,
    place: &str,
    pence: u8,
) -> Payout {
    let leg = SettledLeg {
        price: price(odds),
        result: win.parse().unwrap(),
        place: Some(LegResult::from_place_code(place).unwrap()),
        deduction: Deduction::from_pence(pence).unwrap(),
    };
    let terms = terms.parse().unwrap();
    settle(BetType::Single, eur(stake), &[leg], Some(terms)).unwrap()
}

#[test]
fn lucky_15_with_its_exact_return_beside_the_rounded_one() {
    let legs = legs("2.5 3.0 1.8 4.2", "W W W W");
    let payout = settle(BetType::Lucky15, eur("1"), &legs, None).unwrap();
    assert_eq!(payout.exact.to_string(), "5071/25");
    assert_eq!(plain_decimal(payout.returned), "202.84");
    assert_eq!(plain_decimal(payout.stake), "15");
    assert_eq!(payout.lines, 15);
}

#[test]
fn systems_pay_what_is_published() {
    assert_eq!(pays("trixie", "1", "2.5 3.0 1.8", "W V W"), "13.30");
    let eights = "2 2 2 2 2 2 2 2";
    assert_eq!(pays("goliath", "1", eights, "W W W W W W W W"), "6544.00");
    let unibet = "2 6/4 6/4 2 2";
    assert_eq!(pays("canadian", "1", unibet, "W W W W W"), "318.75");
    assert_eq!(pays("canadian", "1", unibet, "W L L W L"), "4.00");
}

#[test]
fn every_outcome_has_its_factor() {
    for (result, returned) in [
        ("W", "250.00"),
        ("L", "0.00"),
        ("V", "100.00"),
        ("P", "100.00"),
        ("HW", "175.00"),
        ("HL", "50.00"),
        ("DH2", "125.00"),
        ("DH5", "50.00"),
        ("DH2/5", "100.00"),
    ] {
        assert_eq!(pays("single", "100", "2.5", result), returned, "{result}");
    }
}

#[test]
fn results_follow_void_factors() {
    let half = || BigRational::new(1.into(), 2.into());
    for (won, void_factor, result) in [
        (false, BigRational::zero(), LegResult::Lost),
        (true, BigRational::zero(), LegResult::Won),
        (false, BigRational::one(), LegResult::Void),
        (true, half(), LegResult::HalfWon),
        (false, half(), LegResult::HalfLost),
    ] {
        let at = price("2.75");
        let exact_price = BigRational::new(at.numerator().into(), at.denominator().into());
        let paid = if won {
            exact_price
        } else {
            BigRational::zero()
        };
        let expected = &void_factor + (BigRational::one() - &void_factor) * paid;
        assert_eq!(result.factor(at, Deduction::NONE), expected, "{result}");
    }
}

#[test]
fn quarter_lines_pay_half_outcomes() {
    // Stake 100 at 1.95, by line and goal difference: -0.25 drawn, +0.25 drawn, won, lost.
    assert_eq!(pays("single", "100", "1.95", "HL"), "50.00");
    assert_eq!(pays("single", "100", "1.95", "HW"), "147.50");
    assert_eq!(pays("single", "100", "1.95", "W"), "195.00");
    assert_eq!(pays("single", "100", "1.95", "L"), "0.00");
}

#[test]
fn half_outcomes_multiply_into_a_multiple() {
    assert_eq!(pays("double", "10", "2.0 1.95", "W HW"), "29.50");
    assert_eq!(pays("double", "10", "2.0 1.95", "W HL"), "10.00");
    assert_eq!(pays("treble", "10", "2.0 3.0 1.95", "W V W"), "39.00");
}

#[test]
fn each_way_is_two_bets() {
    for (odds, win, place, pence, returned) in [
        ("10/1", "L", "P", 0, "30.00"),
        ("10/1", "L", "W", 0, "30.00"),
        ("10/1", "W", "W", 0, "140.00"),
        ("7/4", "W", "W", 0, "41.00"),
        ("7/4", "W", "W", 35, "33.65"),
        ("7/4", "V", "V", 0, "20.00"),
        ("7/4", "L", "L", 0, "0.00"),
    ] {
        let payout = pays_each_way("10", odds, "1/5", win, place, pence);
        assert_eq!(payout.returned, eur(returned), "{odds} {win} {place}");
        assert_eq!((payout.stake, payout.lines), (eur("20"), 2));
    }
}

#[test]
fn each_way_is_rounded_once_over_both_parts() {
    // 0.01 at 3/2, 1/4: parts 0.025 and 0.01375 would round to 0.02 + 0.01.
    let payout = pays_each_way("0.01", "3/2", "1/4", "W", "W", 0);
    assert_eq!(payout.returned, eur("0.04"));
}

#[test]
fn dead_heats_divide_the_stake() {
    assert_eq!(pays("single", "50", "2.5", "DH2"), "62.50");
    assert_eq!(pays("single", "50", "3.0", "DH3/6"), "75.00");
    assert_eq!(pays("single", "10", "10/1", "DH2"), "55.00");
    let place_part = pays_each_way("20", "16/1", "1/4", "L", "DH2", 0);
    assert_eq!(place_part.returned, eur("50"));
}

#[test]
fn no_more_tied_than_places_is_no_dead_heat() {
    assert_eq!(pays("single", "10", "10/1", "DH3/3"), "110.00");
    assert_eq!(pays("single", "10", "10/1", "DH4/3"), "110.00");
}

#[test]
fn deductions_come_off_winnings_after_the_dead_heat_reduced_the_stake() {
    let deducted = |result, pence| {
        let leg = SettledLeg {
            deduction: Deduction::from_pence(pence).unwrap(),
            ..SettledLeg::plain(price("8/1"), result)
        };
        let payout = settle(BetType::Single, eur("10"), &[leg], None).unwrap();
        payout.returned
    };
    assert_eq!(deducted(LegResult::Won, 25), eur("70"));
    let dead_heat = LegResult::DeadHeat { places: 1, tied: 2 };
    assert_eq!(deducted(dead_heat, 25), eur("35"));
    assert_eq!(deducted(LegResult::Void, 25), eur("10"));
    assert_eq!(deducted(LegResult::Lost, 25), eur("0"));
}

#[test]
fn deductions_add_up_to_ninety_at_most() {
    let pence = |pence| Deduction::from_pence(pence).unwrap();
    assert_eq!(pence(25).and(pence(45)), pence(70));
    assert_eq!(pence(60).and(pence(45)), Deduction::MAX);
    assert!(Deduction::from_pence(91).is_err());
}

#[test]
fn codes_round_trip_and_nothing_else_is_read() {
    for text in ["W", "L", "V", "HW", "HL", "DH2", "DH3/6"] {
        assert_eq!(text.parse::<LegResult>().unwrap().to_string(), text);
    }
    for text in [
        "", "w", "X", "DH", "DH0", "DH02", "DH-1", "DH1/", "DH/2", "DH70000",
    ] {
        assert_eq!(
            text.parse::<LegResult>(),
            Err(ResultCodeError(text.to_owned()))
        );
    }
    for text in ["", "1", "0/5", "6/5", "1/0", "a/b", "1/5/2"] {
        assert!(text.parse::<PlaceTerms>().is_err(), "{text:?}");
    }
    for text in ["", "91", "-1", "+5", "2.5", "256"] {
        assert!(text.parse::<Deduction>().is_err(), "{text:?}");
    }
}

#[test]
fn what_cannot_be_worked_out_says_why() {
    let two = legs("2 2", "W W");
    assert_eq!(
        settle(BetType::Treble, eur("1"), &two, None),
        Err(SettleError::LegCount {
            bet_type: BetType::Treble,
            legs: 2
        })
    );
    assert_eq!(
        settle(BetType::Double, eur("1"), &two, "1/5".parse().ok()),
        Err(SettleError::PlaceResultMissing { leg: 1 })
    );
    let long = vec![two[0]; 80];
    assert_eq!(
        settle(BetType::Accumulator, eur("1"), &long, None),
        Err(SettleError::Money(kernel::MoneyError::Overflow))
    );
}

/// Every line written out: what the polynomials must agree with.
fn by_enumeration(bet_type: BetType, factors: &[BigRational]) -> BigRational {
    let sizes = bet_type.line_sizes(factors.len());
    (0_u32..1 << factors.len())
        .filter(|mask| sizes.contains(&usize::try_from(mask.count_ones()).unwrap()))
        .map(|mask| {
            let in_line = factors
                .iter()
                .enumerate()
                .filter(|(i, _)| mask >> i & 1 == 1);
            in_line.fold(BigRational::one(), |product, (_, factor)| product * factor)
        })
        .fold(BigRational::zero(), |sum, line| sum + line)
}

fn any_price() -> impl Strategy<Value = Price> {
    (101_i64..5_000).prop_map(|hundredths| Price::ratio(hundredths, 100).unwrap())
}

fn any_result() -> impl Strategy<Value = LegResult> {
    prop_oneof![
        Just(LegResult::Won),
        Just(LegResult::Lost),
        Just(LegResult::Void),
        Just(LegResult::HalfWon),
        Just(LegResult::HalfLost),
        (1_u16..5, 1_u16..9).prop_map(|(places, tied)| LegResult::DeadHeat { places, tied }),
    ]
}

fn any_leg() -> impl Strategy<Value = SettledLeg> {
    (
        any_price(),
        any_result(),
        proptest::option::of(any_result()),
        0_u8..=90,
    )
        .prop_map(|(price, result, place, pence)| SettledLeg {
            price,
            result,
            place,
            deduction: Deduction::from_pence(pence).unwrap(),
        })
}

/// A type, and legs enough for it.
fn any_slip() -> impl Strategy<Value = (BetType, Vec<SettledLeg>)> {
    (0..BetType::ALL.len()).prop_flat_map(|index| {
        let bet_type = BetType::ALL[index];
        let (fewest, most) = (*bet_type.legs().start(), *bet_type.legs().end());
        let legs = proptest::collection::vec(any_leg(), fewest..=most.min(8));
        (Just(bet_type), legs)
    })
}

proptest! {
    #[test]
    fn polynomials_equal_enumeration((bet_type, legs) in any_slip()) {
        let factors: Vec<BigRational> =
            legs.iter().map(|leg| leg.result.factor(leg.price, leg.deduction)).collect();
        let by_lines = by_enumeration(bet_type, &factors);
        prop_assert_eq!(factor_sum(bet_type, factors), by_lines);
    }

    #[test]
    fn all_void_returns_the_stake((bet_type, legs) in any_slip(), minor in 1_i64..1_000_000) {
        let void: Vec<SettledLeg> = legs
            .iter()
            .map(|leg| SettledLeg { result: LegResult::Void, place: Some(LegResult::Void), ..*leg })
            .collect();
        let unit = Money::from_minor(minor, Currency::Eur);
        for each_way in [None, "1/4".parse().ok()] {
            let payout = settle(bet_type, unit, &void, each_way).unwrap();
            prop_assert_eq!(payout.returned, payout.stake);
        }
    }

    #[test]
    fn a_better_price_never_pays_less(
        (bet_type, legs) in any_slip(),
        which in any::<prop::sample::Index>(),
        better in any_price(),
    ) {
        let mut improved = legs.clone();
        let leg = which.get(&legs);
        let at = which.index(legs.len());
        improved[at] = SettledLeg { price: leg.price.max(better), ..*leg };
        let paid = |legs: &[SettledLeg]| {
            let factors: Vec<_> =
                legs.iter().map(|leg| leg.result.factor(leg.price, leg.deduction)).collect();
            factor_sum(bet_type, factors)
        };
        prop_assert!(paid(&improved) >= paid(&legs));
    }

    #[test]
    fn tied_selections_share_the_places(places in 1_u16..20, more in 0_u16..20) {
        let tied = places + more;
        let result = LegResult::DeadHeat { places, tied };
        let at = price("2");
        let all = result.factor(at, Deduction::NONE) * BigRational::from(BigInt::from(tied));
        prop_assert_eq!(all, BigRational::from(BigInt::from(2 * places)));
    }
}
