//! Published vectors of each method, and the properties that all of them share.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, in tests")]

use super::*;
use proptest::prelude::*;

const PROPER: [MarginMethod; 5] = [
    MarginMethod::Multiplicative,
    MarginMethod::Power,
    MarginMethod::Shin,
    MarginMethod::OddsRatio,
    MarginMethod::Logarithmic,
];

fn methods() -> impl Iterator<Item = MarginMethod> {
    MarginMethod::ALL.iter().map(|(method, _)| *method)
}

#[track_caller]
fn near(actual: f64, expected: f64, tolerance: f64) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "expected {expected} within {tolerance}, got {actual}"
    );
}

#[track_caller]
fn vector(method: MarginMethod, prices: &[f64], expected: &[f64], parameter: Option<f64>) {
    let fair = remove_margin(method, prices).unwrap();
    for (actual, expected) in fair.probabilities.iter().zip(expected) {
        near(*actual, *expected, 6e-11);
    }
    match (fair.parameter, parameter) {
        (Some(actual), Some(expected)) => near(actual, expected, 1e-12),
        (None, None) => {}
        other => panic!("parameters differ: {other:?}"),
    }
    let back = apply_margin(method, &fair.probabilities, fair.booksum).unwrap();
    for (actual, expected) in back.prices.iter().zip(prices) {
        near(*actual, *expected, 1e-9);
    }
}

#[test]
fn book_a() {
    let book = [2.70, 2.30, 4.40];
    near(
        remove_margin(MarginMethod::Power, &book).unwrap().booksum,
        1.0324257063,
        6e-11,
    );
    for (method, expected, parameter) in [
        (
            MarginMethod::Multiplicative,
            [0.3587380362, 0.4211272598, 0.2201347040],
            None,
        ),
        (
            MarginMethod::Additive,
            [0.3595618016, 0.4239740399, 0.2164641585],
            None,
        ),
        (
            MarginMethod::ProportionalToPrice,
            [0.3595618016, 0.4239740399, 0.2164641585],
            None,
        ),
        (
            MarginMethod::Power,
            [0.3591710999, 0.4237307530, 0.2170981472],
            Some(1.03091323931594),
        ),
        (
            MarginMethod::Shin,
            [0.3593439196, 0.4232438482, 0.2174122322],
            Some(0.0162364428562927),
        ),
        (
            MarginMethod::OddsRatio,
            [0.3588103621, 0.4225614222, 0.2186282157],
            Some(1.05116912729315),
        ),
        (
            MarginMethod::Logarithmic,
            [0.3588103621, 0.4225614222, 0.2186282157],
            Some(0.0499029993035652),
        ),
    ] {
        vector(method, &book, &expected, parameter);
    }
}

#[test]
fn book_b() {
    let book = [1.85, 3.60, 4.50];
    for (method, expected, parameter) in [
        (
            MarginMethod::Multiplicative,
            [0.5194805195, 0.2669552670, 0.2135642136],
            None,
        ),
        (
            MarginMethod::Additive,
            [0.5270270270, 0.2642642643, 0.2087087087],
            None,
        ),
        (
            MarginMethod::Power,
            [0.5272182257, 0.2637126816, 0.2090690927],
            Some(1.04056513181015),
        ),
        (
            MarginMethod::Shin,
            [0.5250977827, 0.2649391954, 0.2099630220],
            Some(0.0203416505382015),
        ),
        (
            MarginMethod::OddsRatio,
            [0.5241648206, 0.2647750851, 0.2110600943],
            Some(1.06799630847456),
        ),
    ] {
        vector(method, &book, &expected, parameter);
    }
}

#[test]
fn book_c_of_two_equal_prices() {
    let book = [21.0 / 11.0, 21.0 / 11.0];
    for (method, parameter) in [
        (MarginMethod::Multiplicative, None),
        (MarginMethod::Additive, None),
        (MarginMethod::Power, Some(1.07194256313108)),
        (MarginMethod::Shin, Some(0.0476190476190477)),
        (MarginMethod::OddsRatio, Some(1.1)),
    ] {
        vector(method, &book, &[0.5, 0.5], parameter);
    }
}

#[test]
fn book_g_by_shin() {
    vector(
        MarginMethod::Shin,
        &[2.6, 2.4, 4.3],
        &[0.3729940603, 0.4047794109, 0.2222265287],
        Some(0.0169425127636),
    );
}

#[test]
fn shin_of_two_selections_is_additive() {
    let book = [1.30, 3.60];
    let shin = remove_margin(MarginMethod::Shin, &book).unwrap();
    let additive = remove_margin(MarginMethod::Additive, &book).unwrap();
    for (left, right) in shin.probabilities.iter().zip(&additive.probabilities) {
        near(*left, *right, 1e-12);
    }
}

#[test]
fn margin_in_proportion_to_price_follows_its_own_formula() {
    let book = [1.85, 3.60, 4.50];
    let fair = remove_margin(MarginMethod::ProportionalToPrice, &book).unwrap();
    for (price, p) in book.iter().zip(&fair.probabilities) {
        near(
            p.recip(),
            3.0 * price / (3.0 - (fair.booksum - 1.0) * price),
            1e-9,
        );
    }
}

#[test]
fn an_additive_longshot_below_zero_is_reported_not_clamped() {
    let fair = remove_margin(MarginMethod::Additive, &[1.05, 9.0, 500.0]).unwrap();
    assert_eq!(fair.improper().collect::<Vec<_>>(), [2]);
    near(fair.probabilities.iter().sum(), 1.0, 1e-12);
}

#[test]
fn refuses_what_is_no_book() {
    use MarginError::{BooksumOutOfReach, NotAPrice, NotAProbability, NotFair, TooFewSelections};
    let method = MarginMethod::Power;
    assert_eq!(remove_margin(method, &[2.0]), Err(TooFewSelections(1)));
    assert_eq!(
        remove_margin(method, &[2.0, 1.0]),
        Err(NotAPrice {
            index: 1,
            value: 1.0
        })
    );
    assert!(remove_margin(method, &[f64::NAN, 2.0]).is_err());
    assert!(remove_margin(method, &[f64::INFINITY, 2.0]).is_err());
    assert_eq!(
        apply_margin(method, &[0.0, 1.0], 1.05),
        Err(NotAProbability {
            index: 0,
            value: 0.0
        })
    );
    assert_eq!(apply_margin(method, &[0.5, 0.25], 1.05), Err(NotFair(0.75)));
    for method in methods() {
        for booksum in [0.0, -1.0, 2.5, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(
                    apply_margin(method, &[0.6, 0.4], booksum),
                    Err(BooksumOutOfReach { .. })
                ),
                "{method} with {booksum}"
            );
        }
    }
    assert!("goto".parse::<MarginMethod>().is_err());
}

#[test]
fn names_round_trip() {
    for method in methods() {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
}

/// Prices of a book with a margin of 0.1 to 25 %.
fn over_round_book() -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::vec(0.02_f64..1.0, 2..9), 1.001_f64..1.25).prop_filter_map(
        "a selection without a price",
        |(weights, booksum)| {
            let sum: f64 = weights.iter().sum();
            let quoted: Vec<f64> = weights.iter().map(|w| w / sum * booksum).collect();
            quoted
                .iter()
                .all(|q| *q < 0.98)
                .then(|| quoted.iter().map(|q| q.recip()).collect())
        },
    )
}

fn fair_probabilities() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.05_f64..1.0, 2..9).prop_map(|weights| {
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect()
    })
}

/// The most that Shin's inverse prices of these probabilities can add up to: everybody is an
/// insider there.
fn shin_reach(fair: &[f64]) -> f64 {
    fair.iter().map(|p| p.sqrt()).sum::<f64>().powi(2)
}

/// The largest of Shin's inverse prices with that sum, found without the code under test.
fn shin_favourite(fair: &[f64], booksum: f64) -> f64 {
    let root = |p: f64, z: f64| (z * p + (1.0 - z) * p * p).sqrt();
    let sum = |z: f64| fair.iter().map(|p| root(*p, z)).sum::<f64>().powi(2);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < booksum {
            low = middle;
        } else {
            high = middle;
        }
    }
    let favourite = fair.iter().copied().fold(0.0, f64::max);
    booksum.sqrt() * root(favourite, low)
}

#[test]
fn shin_ends_where_everybody_is_an_insider() {
    let fair = [0.9, 0.06, 0.04];
    let bound = shin_reach(&fair);
    near(bound, 1.942_210_910_476_422_2, 1e-12);
    assert!(apply_margin(MarginMethod::Shin, &fair, bound + 1e-9).is_err());
    // Here all prices stay above 1 up to the bound.
    let even = [0.25; 4];
    near(shin_reach(&even), 4.0, 1e-12);
    let just_below = apply_margin(MarginMethod::Shin, &even, 3.999_999).unwrap();
    near(just_below.parameter.unwrap(), 1.0, 1e-5);
    for booksum in [4.0 + 1e-9, 4.5] {
        assert!(matches!(
            apply_margin(MarginMethod::Shin, &even, booksum),
            Err(MarginError::BooksumOutOfReach {
                method: MarginMethod::Shin,
                ..
            })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn shin_reaches_every_booksum_below_its_bound(
        fair in fair_probabilities(), part in 0.0_f64..1.0,
    ) {
        let bound = shin_reach(&fair);
        let booksum = 1.0 + (bound - 1.0) * part * 0.999;
        match apply_margin(MarginMethod::Shin, &fair, booksum) {
            Ok(quoted) => {
                let z = quoted.parameter.unwrap();
                prop_assert!((-1e-9..1.0).contains(&z), "{z}");
                prop_assert!((quoted.booksum - booksum).abs() < 1e-9);
            }
            Err(error) => {
                let would_pay_nothing = shin_favourite(&fair, booksum) > 1.0 - 1e-9;
                prop_assert!(would_pay_nothing, "{error}");
            }
        }
        prop_assert!(apply_margin(MarginMethod::Shin, &fair, bound * 1.000_1).is_err());
    }

    #[test]
    fn parameters_are_neutral_exactly_where_there_is_no_margin(book in over_round_book()) {
        let found = |method| remove_margin(method, &book).unwrap().parameter.unwrap();
        prop_assert!(found(MarginMethod::Power) > 1.0);
        prop_assert!(found(MarginMethod::Shin) > 0.0);
        prop_assert!(found(MarginMethod::OddsRatio) > 1.0);
        prop_assert!((found(MarginMethod::OddsRatio).ln() - found(MarginMethod::Logarithmic)).abs() < 1e-12);
        let fair = remove_margin(MarginMethod::Power, &book).unwrap().probabilities;
        let neutral = |method| apply_margin(method, &fair, 1.0).unwrap().parameter.unwrap();
        prop_assert!((neutral(MarginMethod::Power) - 1.0).abs() < 1e-9);
        prop_assert!(neutral(MarginMethod::Shin).abs() < 1e-9);
        prop_assert!((neutral(MarginMethod::OddsRatio) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn two_selections_by_shin_are_additive(share in 0.19_f64..0.81, booksum in 1.001_f64..1.2) {
        let book = [(share * booksum).recip(), ((1.0 - share) * booksum).recip()];
        let shin = remove_margin(MarginMethod::Shin, &book).unwrap().probabilities;
        let additive = remove_margin(MarginMethod::Additive, &book).unwrap().probabilities;
        for (shin, additive) in shin.iter().zip(&additive) {
            prop_assert!((shin - additive).abs() < 1e-9);
        }
    }

    #[test]
    fn improper_probabilities_are_told_and_kept(book in over_round_book()) {
        let fair = remove_margin(MarginMethod::Additive, &book).unwrap();
        let lift = (fair.booksum - 1.0) / fair.probabilities.iter().map(|_| 1.0).sum::<f64>();
        for (index, price) in book.iter().enumerate() {
            let expected = price.recip() - lift;
            prop_assert!((fair.probabilities[index] - expected).abs() < 1e-15);
            prop_assert_eq!(fair.improper().any(|improper| improper == index), expected <= 0.0);
        }
    }

    #[test]
    fn on_a_ladder_the_booksum_is_that_of_the_offered_prices(book in over_round_book()) {
        for ladder in [crate::ladder::Ladder::Hundredths, crate::ladder::Ladder::Classic] {
            let Ok(offered) = ladder.book(&book) else { continue };
            let again: f64 = offered.prices.iter().map(|price| crate::ladder::as_float(*price).recip()).sum();
            prop_assert!((offered.booksum - again).abs() < 1e-12);
        }
    }

    #[test]
    fn fair_probabilities_add_up_to_one(book in over_round_book()) {
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap();
            prop_assert!((fair.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        for method in PROPER {
            let fair = remove_margin(method, &book).unwrap();
            prop_assert!(fair.probabilities.iter().all(|p| *p > 0.0 && *p < 1.0));
        }
    }

    #[test]
    fn putting_the_margin_back_gives_the_prices(book in over_round_book()) {
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap();
            let again = apply_margin(method, &fair.probabilities, fair.booksum).unwrap();
            match (fair.parameter, again.parameter) {
                (Some(left), Some(right)) => prop_assert!((left - right).abs() < 1e-8),
                (left, right) => prop_assert_eq!(left, right),
            }
            for (left, right) in book.iter().zip(&again.prices) {
                prop_assert!((left / right - 1.0).abs() < 1e-9, "{method}: {left} {right}");
            }
        }
    }

    #[test]
    fn taking_the_margin_out_gives_the_probabilities(
        fair in fair_probabilities(),
        booksum in 1.0_f64..1.1,
    ) {
        for method in methods() {
            let Ok(quoted) = apply_margin(method, &fair, booksum) else { continue };
            prop_assert!((quoted.booksum - booksum).abs() < 1e-12);
            prop_assert!(quoted.prices.iter().all(|price| *price > 1.0));
            let again = remove_margin(method, &quoted.prices).unwrap();
            for (left, right) in fair.iter().zip(&again.probabilities) {
                prop_assert!((left - right).abs() < 1e-9, "{method}: {left} {right}");
            }
        }
    }

    #[test]
    fn a_book_without_margin_stays_as_it_is(fair in fair_probabilities()) {
        for method in methods() {
            let quoted = apply_margin(method, &fair, 1.0).unwrap();
            for (p, price) in fair.iter().zip(&quoted.prices) {
                prop_assert!((p * price - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn order_and_places_are_kept(book in over_round_book(), turns in 0_usize..9) {
        let mut turned = book.clone();
        turned.rotate_left(turns % book.len());
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap().probabilities;
            for (i, left) in book.iter().enumerate() {
                for (j, right) in book.iter().enumerate() {
                    if left < right {
                        prop_assert!(fair[i] >= fair[j]);
                    }
                }
            }
            let mut moved = remove_margin(method, &turned).unwrap().probabilities;
            moved.rotate_right(turns % book.len());
            for (left, right) in fair.iter().zip(&moved) {
                prop_assert!((left - right).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_longest_price_gets_at_most_its_proportional_share(book in over_round_book()) {
        let longest = book
            .iter()
            .enumerate()
            .max_by(|left, right| left.1.total_cmp(right.1))
            .map_or(0, |(index, _)| index);
        let share = remove_margin(MarginMethod::Multiplicative, &book).unwrap().probabilities;
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap().probabilities;
            prop_assert!(fair[longest] <= share[longest] + 1e-12, "{method}");
        }
    }

    #[test]
    fn equal_prices_share_equally(n in 2_u32..12, booksum in 1.0_f64..1.2) {
        let count = f64::from(n);
        let book = vec![count / booksum; usize::try_from(n).unwrap()];
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap();
            prop_assert!(fair.probabilities.iter().all(|p| (p - count.recip()).abs() < 1e-12));
            if method == MarginMethod::Shin {
                let z = fair.parameter.unwrap();
                prop_assert!((z - (booksum - 1.0) / (count - 1.0)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn books_below_one_can_be_read_too(fair in fair_probabilities(), booksum in 0.95_f64..1.0) {
        let book: Vec<f64> = fair.iter().map(|p| (p * booksum).recip()).collect();
        for method in methods() {
            let fair = remove_margin(method, &book).unwrap();
            prop_assert!((fair.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
