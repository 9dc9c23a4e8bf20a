//! What shading may and may not do to a book.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "compared with floats, in tests"
)]

use super::*;
use crate::ladder;
use proptest::prelude::*;

const RULE: ShadeRule = ShadeRule {
    kappa_permille: 500,
    limit_minor: 1_000_000,
    clamp_ppm: 50_000,
    booksum_least_ppm: 1_050_000,
};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// The rule in floats, clamped by the same water level, found by bisection.
fn in_floats(fair: &[u64], exposures: &[i64], rule: &ShadeRule) -> Vec<f64> {
    let clamp = f64::from(rule.clamp_ppm) / 1e6;
    let kappa = f64::from(rule.kappa_permille) / 1e3 / rule.limit_minor as f64;
    let highest = exposures.iter().copied().max().unwrap();
    let at = |level: f64| -> Vec<f64> {
        fair.iter()
            .zip(exposures)
            .map(|(part, exposure)| {
                let p = as_float(*part);
                let weight = p * (kappa * (*exposure as f64 - highest as f64)).exp();
                (weight * level).clamp((p - clamp).max(1e-12), p + clamp)
            })
            .collect()
    };
    let (mut low, mut high) = (0.0_f64, 1e9_f64);
    for _ in 0..400 {
        let middle = f64::midpoint(low, high);
        if at(middle).iter().sum::<f64>() < 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    at(low)
}

#[test]
fn the_worked_exposure() {
    // 5,500 at -110 on one side and 2,200 on the other.
    let stakes = [550_000, 220_000];
    let returns = [550_000 * 21 / 11, 220_000 * 21 / 11];
    let exposures = exposures(&stakes, &returns);
    assert_eq!(exposures, [280_000, -350_000]);
    let parts = shade(&[WHOLE / 2, WHOLE / 2], &exposures, &RULE).unwrap();
    // e^0.315 to 1.
    let expected = 0.315_f64.exp() / (1.0 + 0.315_f64.exp());
    let within = expected.min(0.55);
    assert!((as_float(parts[0]) - within).abs() < 1e-9, "{parts:?}");
}

#[test]
fn without_exposure_nothing_changes() {
    let prices = [price("2.70"), price("2.30"), price("4.40")];
    let rule = ShadeRule {
        booksum_least_ppm: MILLION,
        ..RULE
    };
    for exposure in [0, -5_000, 7_000_000] {
        let again = reprice(&prices, &[exposure; 3], &rule, Ladder::Classic).unwrap();
        assert_eq!(again, prices.map(Some));
    }
    assert_eq!(
        reprice(&prices, &[9, -9, 0], &ShadeRule::NONE, Ladder::Classic).unwrap(),
        prices.map(Some)
    );
}

#[test]
fn what_would_cost_most_gets_shorter() {
    let prices = [price("2.70"), price("2.30"), price("4.40")];
    let leaning = reprice(&prices, &[400_000, -300_000, 0], &RULE, Ladder::Hundredths).unwrap();
    assert!(leaning[0].unwrap() < prices[0]);
    assert!(leaning[1].unwrap() > prices[1]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let half = [WHOLE / 2, WHOLE / 2];
    assert_eq!(
        shade(&[WHOLE], &[0], &RULE),
        Err(ShadeError::TooFewSelections(1))
    );
    assert_eq!(
        shade(&half, &[0], &RULE),
        Err(ShadeError::CountsDiffer {
            selections: 2,
            exposures: 1
        })
    );
    assert_eq!(
        shade(&[WHOLE / 2, WHOLE], &[0, 0], &RULE),
        Err(ShadeError::NotFair(u128::from(WHOLE / 2 + WHOLE)))
    );
    assert!(shade(&[WHOLE, 0], &[0, 0], &RULE).is_err());
    for rule in [
        ShadeRule {
            limit_minor: 0,
            ..RULE
        },
        ShadeRule {
            clamp_ppm: 1_000_001,
            ..RULE
        },
        ShadeRule {
            kappa_permille: 1_000_001,
            ..RULE
        },
        ShadeRule {
            booksum_least_ppm: 999_999,
            ..RULE
        },
    ] {
        assert!(shade(&half, &[0, 0], &rule).is_err(), "{rule:?}");
    }
    assert_eq!(
        quote(&half, 999_999, Ladder::Classic),
        Err(ShadeError::BooksumBelowOne(999_999))
    );
    assert!(parts_of(&[0.5, 0.6]).is_err());
    assert!(parts_of(&[1.0, 0.0]).is_err());
    assert!(parts_of(&[f64::NAN, 0.5]).is_err());
}

#[test]
fn a_price_below_the_ladder_is_none() {
    let parts = [WHOLE - 1_000_000_000, 1_000_000_000];
    let prices = quote(&parts, 1_050_000, Ladder::Hundredths).unwrap();
    assert_eq!(prices[0], None);
    assert!(prices[1].is_some());
}

#[test]
fn equal_inputs_give_equal_bits() {
    // Computed by another program in integers of any length, and held: another machine, compiler
    // or year must give these parts.
    let fair = [358_738_036_200, 421_127_259_800, 220_134_704_000];
    for (exposures, held) in [
        (
            [60_000, -30_000, 5_000],
            [367_748_568_838, 412_708_741_455, 219_542_689_707],
        ),
        (
            [400_000, -300_000, 50_000],
            [408_738_036_200, 371_127_259_800, 220_134_704_000],
        ),
    ] {
        assert_eq!(shade(&fair, &exposures, &RULE).unwrap(), held);
    }
}

/// Parts by which rounding alone may move a selection whose exposure did not change.
const ROUNDING: u64 = 16;

/// Whether all exponents are below 4, shifted or not, where the rule stops leaning further.
fn within_range(exposures: &[i64], shift: i64, rule: &ShadeRule) -> bool {
    let largest = exposures
        .iter()
        .map(|exposure| exposure.abs())
        .max()
        .unwrap()
        + shift;
    (largest as f64) * f64::from(rule.kappa_permille) / 1e3 / (rule.limit_minor as f64) < 3.9
}

fn book() -> impl Strategy<Value = (Vec<u64>, Vec<i64>)> {
    prop::collection::vec((1_u64..1_000_000, -5_000_000_i64..5_000_000), 2..9).prop_map(|all| {
        let sum: u64 = all.iter().map(|(weight, _)| weight).sum();
        let mut parts: Vec<u64> = all
            .iter()
            .map(|(weight, _)| {
                u64::try_from(u128::from(*weight) * u128::from(WHOLE) / u128::from(sum)).unwrap()
            })
            .collect();
        let short = WHOLE - parts.iter().sum::<u64>();
        parts[0] += short;
        (
            parts,
            all.into_iter().map(|(_, exposure)| exposure).collect(),
        )
    })
}

fn rule() -> impl Strategy<Value = ShadeRule> {
    (
        0_u32..3_000,
        10_000_i64..10_000_000,
        0_u32..200_000,
        1_000_000_u32..1_200_000,
    )
        .prop_map(
            |(kappa_permille, limit_minor, clamp_ppm, booksum_least_ppm)| ShadeRule {
                kappa_permille,
                limit_minor,
                clamp_ppm,
                booksum_least_ppm,
            },
        )
}

fn ladders() -> impl Strategy<Value = Ladder> {
    prop::sample::select(Ladder::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn parts_stay_whole_and_within_the_clamp((fair, exposures) in book(), rule in rule()) {
        let parts = shade(&fair, &exposures, &rule).unwrap();
        prop_assert_eq!(parts.iter().sum::<u64>(), WHOLE);
        let clamp = u64::from(rule.clamp_ppm) * 1_000_000;
        for (part, fair) in parts.iter().zip(&fair) {
            prop_assert!(*part > 0 && part.abs_diff(*fair) <= clamp);
        }
        prop_assert_eq!(shade(&fair, &exposures, &rule).unwrap(), parts);
    }

    #[test]
    fn parts_follow_the_rule_told_in_floats((fair, exposures) in book(), rule in rule()) {
        if within_range(&exposures, 0, &rule) {
            let parts = shade(&fair, &exposures, &rule).unwrap();
            for (part, expected) in parts.iter().zip(in_floats(&fair, &exposures, &rule)) {
                prop_assert!((as_float(*part) - expected).abs() < 1e-9, "{part} {expected}");
            }
        }
    }

    #[test]
    fn more_exposure_never_lengthens_and_never_shortens_another(
        (fair, exposures) in book(), rule in rule(), which in 0_usize..9, more in 0_i64..5_000_000,
        ladder in ladders(),
    ) {
        let which = which % fair.len();
        let mut raised = exposures.clone();
        raised[which] += more;
        let before = shade(&fair, &exposures, &rule).unwrap();
        let after = shade(&fair, &raised, &rule).unwrap();
        let prices = |parts: &[u64]| quote(parts, rule.booksum_least_ppm, ladder).unwrap();
        let (old, new) = (prices(&before), prices(&after));
        for index in 0..fair.len() {
            if index == which {
                prop_assert!(after[index] >= before[index]);
                // No price at all is the shortest.
                prop_assert!(new[index] <= old[index]);
            } else {
                prop_assert!(after[index] <= before[index] + ROUNDING);
                prop_assert!(new[index] >= old[index] || after[index] > before[index]);
            }
        }
    }

    #[test]
    fn a_shaded_book_cannot_be_beaten(
        (fair, exposures) in book(), rule in rule(), ladder in ladders(),
    ) {
        let parts = shade(&fair, &exposures, &rule).unwrap();
        // Before the ladder the booksum is the target: each inverse price is its part of it.
        let offered = quote(&parts, rule.booksum_least_ppm, ladder).unwrap();
        let target = f64::from(rule.booksum_least_ppm) / 1e6;
        let mut booksum = 0.0;
        for (part, price) in parts.iter().zip(&offered) {
            let exact = as_float(*part) * target;
            if let Some(price) = price {
                let inverse = ladder::as_float(*price).recip();
                // Never above the exact value; at the top of the ladder it may be far below.
                prop_assert!(inverse >= exact - 1e-12);
                booksum += inverse;
            } else {
                booksum += exact.max(1.0);
            }
        }
        prop_assert!(booksum >= target - 1e-9, "{booksum} {target}");
        prop_assert!(booksum >= 1.0 - 1e-12);
    }

    #[test]
    fn only_differences_of_exposure_count(
        (fair, exposures) in book(), rule in rule(), shift in -1_000_000_i64..1_000_000,
    ) {
        let shifted: Vec<i64> = exposures.iter().map(|exposure| exposure + shift).collect();
        if within_range(&exposures, 1_000_000, &rule) {
            let one = shade(&fair, &exposures, &rule).unwrap();
            let other = shade(&fair, &shifted, &rule).unwrap();
            for (one, other) in one.iter().zip(&other) {
                prop_assert!(one.abs_diff(*other) <= ROUNDING, "{one} {other}");
            }
        }
        prop_assert_eq!(shade(&fair, &vec![shift; fair.len()], &rule).unwrap(), fair);
    }

    #[test]
    fn prices_lose_their_margin_in_proportion(quoted in prop::collection::vec(1_010_000_i64..50_000_000, 2..9)) {
        let prices: Vec<Price> = quoted.iter().map(|micros| Price::from_micros(*micros).unwrap()).collect();
        let parts = fair_parts(&prices);
        prop_assert_eq!(parts.iter().sum::<u64>(), WHOLE);
        let floats: Vec<f64> = prices.iter().map(|price| ladder::as_float(*price)).collect();
        let booksum = ladder::booksum(&prices);
        for (part, price) in parts.iter().zip(floats) {
            prop_assert!((as_float(*part) - price.recip() / booksum).abs() < 1e-11);
        }
        let ppm = f64::from(booksum_ppm(&prices)) / 1e6;
        prop_assert!(ppm >= booksum && ppm - booksum < 1.1e-6);
    }
}
