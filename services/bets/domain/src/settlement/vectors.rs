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

fn plain(bet_type: BetType, stake: Money, legs: &[SettledLeg]) -> Result<Payout, SettleError> {
    SlipTerms::of(bet_type).settle(stake, legs)
}

fn pays(kind: &str, stake: &str, prices: &str, results: &str) -> String {
    let legs = legs(prices, results);
    let payout = plain(kind.parse().unwrap(), eur(stake), &legs).unwrap();
    payout.returned.to_string()
}

fn each_way(bet_type: BetType) -> SlipTerms {
    SlipTerms {
        each_way: true,
        ..SlipTerms::of(bet_type)
    }
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
        place: Some(PlacePart {
            result: LegResult::from_place_code(place).unwrap(),
            fraction: terms.parse().unwrap(),
        }),
        deduction: Deduction::from_pence(pence).unwrap(),
    };
    each_way(BetType::Single)
        .settle(eur(stake), &[leg])
        .unwrap()
}

#[test]
fn lucky_15_with_its_exact_return_beside_the_rounded_one() {
    let legs = legs("2.5 3.0 1.8 4.2", "W W W W");
    let payout = plain(BetType::Lucky15, eur("1"), &legs).unwrap();
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
        let payout = plain(BetType::Single, eur("10"), &[leg]).unwrap();
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
fn systems_of_any_sizes_pay_the_sum_of_their_lines() {
    let sized = |sizes: &str, prices: &str, results: &str| {
        let terms = SlipTerms {
            sizes: Some(sizes.parse().unwrap()),
            ..SlipTerms::of(BetType::System)
        };
        let payout = terms.settle(eur("1"), &legs(prices, results)).unwrap();
        (payout.returned.to_string(), payout.lines)
    };
    // Three doubles of 2.5, 3, 1.8 with the middle one lost: 4.5 alone.
    assert_eq!(sized("2", "2.5 3 1.8", "W L W"), ("4.50".to_owned(), 3));
    assert_eq!(sized("1,3", "2 2 2", "W W W"), ("14.00".to_owned(), 4));
    assert_eq!(
        sized("2,3", "2 2 2 2 2", "W W L L L"),
        ("4.00".to_owned(), 20)
    );
}

#[test]
fn a_system_needs_its_sizes_and_no_other_kind_takes_them() {
    let with = |bet_type, sizes: Option<&str>| {
        let terms = SlipTerms {
            sizes: sizes.map(|text| text.parse().unwrap()),
            ..SlipTerms::of(bet_type)
        };
        terms
            .settle(eur("1"), &legs("2 2 2", "W W W"))
            .map(|payout| payout.lines)
    };
    assert_eq!(with(BetType::System, Some("2")), Ok(3));
    assert_eq!(
        with(BetType::System, None),
        Err(SettleError::SizesDoNotFitType)
    );
    assert_eq!(
        with(BetType::Trixie, Some("2")),
        Err(SettleError::SizesDoNotFitType)
    );
    let above = SettleError::SizesAboveLegs {
        largest: 4,
        legs: 3,
    };
    assert_eq!(with(BetType::System, Some("4")), Err(above));
}

#[test]
fn each_way_systems_are_two_systems() {
    let leg = |win, place| SettledLeg {
        place: Some(PlacePart {
            result: place,
            fraction: "1/5".parse().unwrap(),
        }),
        ..SettledLeg::plain(price("10/1"), win)
    };
    let (won, lost) = (LegResult::Won, LegResult::Lost);
    let three = [leg(won, won), leg(lost, won), leg(lost, lost)];
    let payout = each_way(BetType::Patent).settle(eur("1"), &three).unwrap();
    // Win: one single at 11. Place at 3: two singles and a double.
    assert_eq!((payout.returned, payout.lines), (eur("26"), 14));
    let double = [leg(won, won), leg(lost, won)];
    let payout = each_way(BetType::Double)
        .settle(eur("10"), &double)
        .unwrap();
    assert_eq!((payout.returned, payout.stake), (eur("90"), eur("20")));
}

fn by_rules(version: u32, bet_type: BetType) -> SlipTerms {
    SlipTerms {
        rules: SettlementRules::version(version).unwrap(),
        ..SlipTerms::of(bet_type)
    }
}

#[test]
fn bonuses_come_with_the_rules_that_have_them() {
    let pays = |version, results| {
        let legs = legs("2.5 3.0 1.8 4.2", results);
        let payout = by_rules(version, BetType::Lucky15).settle(eur("1"), &legs);
        let payout = payout.unwrap();
        (payout.returned.to_string(), payout.bonus.to_string())
    };
    let is = |returned: &str, bonus: &str| (returned.to_owned(), bonus.to_owned());
    // Ten percent of 202.84 - 15.
    assert_eq!(pays(3, "W W W W"), is("221.62", "2348/125"));
    assert_eq!(pays(2, "W W W W"), is("202.84", "0"));
    // An only winner at 3 pays 5.
    assert_eq!(pays(3, "L W L L"), is("5.00", "2"));
    assert_eq!(pays(3, "W W W L"), pays(2, "W W W L"));
    assert_eq!(pays(3, "L W V L"), pays(2, "L W V L"));
}

#[test]
fn a_cap_takes_what_is_above_it_and_says_so() {
    let twelve = vec!["5"; 12].join(" ");
    let all_won = vec!["W"; 12].join(" ");
    let legs = legs(&twelve, &all_won);
    let pays = |version| {
        let payout = by_rules(version, BetType::Accumulator).settle(eur("1"), &legs);
        let payout = payout.unwrap();
        (payout.returned, payout.capped_at, payout.exact.to_string())
    };
    let exact = || "244140625".to_owned();
    assert_eq!(pays(1), (eur("244140625"), None, exact()));
    assert_eq!(pays(2), (eur("500000"), Some(eur("500000")), exact()));
}

#[test]
fn rounding_down_is_a_rule_too() {
    let legs = legs("1.999", "W");
    let pays = |version| {
        by_rules(version, BetType::Single)
            .settle(eur("0.05"), &legs)
            .unwrap()
    };
    assert_eq!(pays(2).returned, eur("0.10"));
    assert_eq!(pays(4).returned, eur("0.09"));
}

#[test]
fn void_factors_have_their_results() {
    for (won, factor, result) in [
        (false, VoidFactor::None, LegResult::Lost),
        (true, VoidFactor::None, LegResult::Won),
        (false, VoidFactor::Whole, LegResult::Void),
        (true, VoidFactor::Half, LegResult::HalfWon),
        (false, VoidFactor::Half, LegResult::HalfLost),
    ] {
        assert_eq!(LegResult::with_void_factor(won, factor), result);
    }
}

#[test]
fn the_longest_accumulator_is_one_line() {
    let most = vec![SettledLeg::plain(price("1.01"), LegResult::Won); ACCUMULATOR_LEGS_MAX];
    let payout = plain(BetType::Accumulator, eur("1"), &most).unwrap();
    assert_eq!((payout.lines, payout.stake), (1, eur("1")));
    assert_eq!(payout.returned, eur("2.70"));
}

#[test]
fn the_largest_slips_stay_cheap() {
    // Prices with large denominators that share no factor: nothing cancels.
    let odd = |n: i64| Price::ratio(3_999_971 + 2 * n, 999_983 - 6 * n).unwrap();
    let leg = |n| SettledLeg {
        place: Some(PlacePart {
            result: LegResult::DeadHeat { places: 3, tied: 7 },
            fraction: "1/5".parse().unwrap(),
        }),
        deduction: Deduction::from_pence(85).unwrap(),
        ..SettledLeg::plain(odd(n), LegResult::DeadHeat { places: 2, tied: 3 })
    };
    let largest: Vec<SettledLeg> = (0..20).map(leg).collect();
    let terms = SlipTerms {
        sizes: Some("1-20".parse().unwrap()),
        ..each_way(BetType::System)
    };
    let payout = terms.settle(eur("0.01"), &largest).unwrap();
    assert_eq!(payout.lines, 2 * 1_048_575);
    // The exact return is that of every line: bounded by the digits of twenty denominators.
    assert!(payout.exact.denom().bits() < 20 * 2 * 40);
    let more: Vec<SettledLeg> = (0..21).map(leg).collect();
    assert_eq!(
        terms.settle(eur("0.01"), &more),
        Err(SettleError::LegCount {
            bet_type: BetType::System,
            legs: 21
        })
    );
}

#[test]
fn what_cannot_be_worked_out_says_why() {
    let two = legs("2 2", "W W");
    assert_eq!(
        plain(BetType::Treble, eur("1"), &two),
        Err(SettleError::LegCount {
            bet_type: BetType::Treble,
            legs: 2
        })
    );
    assert_eq!(
        each_way(BetType::Double).settle(eur("1"), &two),
        Err(SettleError::PlaceResultMissing { leg: 1 })
    );
    let long = vec![two[0]; 80];
    assert_eq!(
        by_rules(1, BetType::Accumulator).settle(eur("1"), &long),
        Err(SettleError::Money(kernel::MoneyError::Overflow))
    );
}

/// Every line written out: what the polynomials must agree with.
fn by_enumeration(sizes: Sizes, factors: &[BigRational]) -> BigRational {
    (0_u32..1 << factors.len())
        .filter(|mask| sizes.contains(usize::try_from(mask.count_ones()).unwrap()))
        .map(|mask| {
            let in_line = factors
                .iter()
                .enumerate()
                .filter(|(i, _)| mask >> i & 1 == 1);
            in_line.fold(BigRational::one(), |product, (_, factor)| product * factor)
        })
        .fold(BigRational::zero(), |sum, line| sum + line)
}

const CASES: u32 = 10_000;

/// What a unit on every line returns.
fn paid(terms: SlipTerms, legs: &[SettledLeg]) -> BigRational {
    terms.settle(eur("1"), legs).unwrap().exact
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
        any_result(),
        1_u16..=5,
        0_u8..=90,
    )
        .prop_map(|(price, result, place, of, pence)| SettledLeg {
            price,
            result,
            place: Some(PlacePart {
                result: place,
                fraction: PlaceTerms::new(1, of).unwrap(),
            }),
            deduction: Deduction::from_pence(pence).unwrap(),
        })
}

/// A kind with sizes if it needs them, and legs enough for it.
fn any_slip() -> impl Strategy<Value = (SlipTerms, Vec<SettledLeg>)> {
    let kinds = (0..BetType::ALL.len(), any::<u16>(), any::<bool>());
    (kinds, 0..SettlementRules::ALL.len()).prop_flat_map(|((index, sizes, each_way), rules)| {
        let bet_type = BetType::ALL[index];
        let (fewest, most) = (*bet_type.legs().start(), *bet_type.legs().end());
        let legs = proptest::collection::vec(any_leg(), fewest..=most.min(fewest.max(8)));
        legs.prop_map(move |legs| {
            let listed = (1..=legs.len()).filter(|size| sizes >> (size - 1) & 1 == 1);
            let listed = Sizes::listed(listed).unwrap_or("2".parse().unwrap());
            let terms = SlipTerms {
                bet_type,
                sizes: (bet_type == BetType::System).then_some(listed),
                each_way,
                rules: &SettlementRules::ALL[rules],
            };
            (terms, legs)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn polynomials_equal_enumeration((terms, legs) in any_slip()) {
        let factors: Vec<BigRational> =
            legs.iter().map(|leg| leg.result.factor(leg.price, leg.deduction)).collect();
        let sizes = terms.line_sizes(legs.len()).unwrap();
        let by_lines = by_enumeration(sizes, &factors);
        prop_assert_eq!(factor_sum(sizes, factors), by_lines);
    }

    #[test]
    fn all_void_returns_the_stake((terms, legs) in any_slip(), minor in 1_i64..10_000) {
        let void = |leg: &SettledLeg| SettledLeg {
            result: LegResult::Void,
            place: leg.place.map(|part| PlacePart { result: LegResult::Void, ..part }),
            ..*leg
        };
        let void: Vec<SettledLeg> = legs.iter().map(void).collect();
        let payout = terms.settle(Money::from_minor(minor, Currency::Eur), &void).unwrap();
        prop_assert_eq!(payout.returned, payout.stake);
    }

    #[test]
    fn a_better_price_never_pays_less(
        (terms, legs) in any_slip(),
        which in any::<prop::sample::Index>(),
        better in any_price(),
    ) {
        let mut improved = legs.clone();
        let leg = which.get(&legs);
        let at = which.index(legs.len());
        improved[at] = SettledLeg { price: leg.price.max(better), ..*leg };
        prop_assert!(paid(terms, &improved) >= paid(terms, &legs));
    }

    #[test]
    fn a_better_result_never_pays_less(
        (terms, legs) in any_slip(),
        which in any::<prop::sample::Index>(),
    ) {
        let at = which.index(legs.len());
        let with = |result| {
            let mut changed = legs.clone();
            changed[at] = SettledLeg { result, ..legs[at] };
            paid(terms, &changed)
        };
        let ladder = [
            LegResult::Lost,
            LegResult::HalfLost,
            LegResult::Void,
            LegResult::HalfWon,
            LegResult::Won,
        ];
        // Where a bonus rewards an only winner, losing the last other leg may pay more.
        if terms.rules.bonus(terms.bet_type).is_none() {
            for pair in ladder.windows(2) {
                prop_assert!(with(pair[0]) <= with(pair[1]), "{} {}", pair[0], pair[1]);
            }
        }
        prop_assert!(with(LegResult::HalfWon) <= with(LegResult::Won));
    }

    #[test]
    fn a_deduction_never_pays_more((terms, legs) in any_slip(), pence in 0_u8..=90) {
        let deducted = |leg: &SettledLeg| SettledLeg {
            deduction: leg.deduction.and(Deduction::from_pence(pence).unwrap()),
            ..*leg
        };
        let deducted: Vec<SettledLeg> = legs.iter().map(deducted).collect();
        prop_assert!(paid(terms, &deducted) <= paid(terms, &legs));
    }

    #[test]
    fn nothing_pays_more_than_all_winners((terms, legs) in any_slip()) {
        let won = |leg: &SettledLeg| SettledLeg {
            result: LegResult::Won,
            place: leg.place.map(|part| PlacePart { result: LegResult::Won, ..part }),
            deduction: Deduction::NONE,
            ..*leg
        };
        let won: Vec<SettledLeg> = legs.iter().map(won).collect();
        prop_assert!(paid(terms, &legs) <= paid(terms, &won));
    }

    #[test]
    fn the_largest_stake_is_the_largest((terms, legs) in any_slip(), most in 1_i64..100_000_000) {
        let won = |leg: &SettledLeg| SettledLeg {
            result: LegResult::Won,
            place: leg.place.map(|part| PlacePart { result: LegResult::Won, ..part }),
            ..*leg
        };
        let won: Vec<SettledLeg> = legs.iter().map(won).collect();
        let most = Money::from_minor(most, Currency::Eur);
        let unit = terms.unit_stake_for_return(&won, most).unwrap();
        let exact = |unit: Money| terms.settle(unit, &won).unwrap().exact;
        let most = rounding::exactly(most);
        prop_assert!(exact(unit) <= most);
        prop_assert!(exact(Money::from_minor(unit.minor() + 1, Currency::Eur)) > most);
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
