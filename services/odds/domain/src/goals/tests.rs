//! Vectors of the models, and what Dixon-Coles may and may not move.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, in tests")]

use super::*;
use crate::outcome::{Line, Score, Side, TotalSide};
use crate::question::{GoalQuestion, GoalSelection};
use proptest::prelude::*;

#[track_caller]
fn near(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() < 6e-11,
        "expected {expected}, got {actual}"
    );
}

const START: Score = Score::new(0, 0);

#[test]
fn independent_goals() {
    let grid = GoalModel::poisson(1.5, 1.1).unwrap().grid();
    let cells = grid.cells();
    near(cells[0][0], 0.0742735782);
    near(cells[0][1], 0.0817009360);
    near(cells[1][0], 0.1114103673);
    near(cells[1][1], 0.1225514041);
    let markets = grid.markets(START);
    near(markets.home, 0.4642441858);
    near(markets.draw, 0.2576672148);
    near(markets.away, 0.2780885994);
    near(markets.over25, 0.4815704241);
    near(markets.btts, 0.5182723344);
}

#[test]
fn corrected_low_scores() {
    let grid = GoalModel::dixon_coles(1.35, 1.35, -0.1).unwrap().grid();
    let cells = grid.cells();
    near(cells[0][0], 0.0794537174);
    near(cells[0][1], 0.0784792375);
    near(cells[1][0], 0.0784792375);
    near(cells[1][1], 0.1347302517);
    let markets = grid.markets(START);
    near(markets.home, 0.3586617335);
    near(markets.draw, 0.2826765330);
    near(markets.away, 0.3586617335);
}

#[test]
fn each_corrected_cell_has_its_own_factor() {
    let (home, away, rho) = (1.6, 0.9, -0.12);
    let plain = GoalModel::poisson(home, away).unwrap().grid();
    let corrected = GoalModel::dixon_coles(home, away, rho).unwrap().grid();
    let factor = |x: usize, y: usize| corrected.cells()[x][y] / plain.cells()[x][y];
    near(factor(0, 0), 1.0 - home * away * rho);
    near(factor(0, 1), 1.0 + home * rho);
    near(factor(1, 0), 1.0 + away * rho);
    near(factor(1, 1), 1.0 - rho);
    near(factor(2, 1), 1.0);
}

#[test]
fn in_play_with_a_goal_ahead() {
    let left = GoalModel::poisson(1.5, 1.1)
        .unwrap()
        .with_minutes_left(30.0)
        .unwrap();
    let markets = left.grid().markets(Score::new(1, 0));
    near(markets.home, 0.7973122851);
    near(markets.draw, 0.1686952765);
    near(markets.away, 0.0339924384);
}

#[test]
fn at_the_end_the_score_stands() {
    let left = GoalModel::dixon_coles(1.5, 1.1, -0.1)
        .unwrap()
        .with_minutes_left(0.0)
        .unwrap();
    let markets = left.grid().markets(Score::new(2, 2));
    assert_eq!((markets.home, markets.draw, markets.away), (0.0, 1.0, 0.0));
    assert_eq!((markets.over25, markets.btts), (1.0, 1.0));
}

#[test]
fn refuses_rates_rho_and_minutes_out_of_range() {
    use GoalModelError::{MinutesOutOfRange, RateOutOfRange, RhoOutOfRange};
    assert_eq!(GoalModel::poisson(-0.1, 1.0), Err(RateOutOfRange(-0.1)));
    assert_eq!(GoalModel::poisson(1.0, 6.1), Err(RateOutOfRange(6.1)));
    assert!(GoalModel::poisson(f64::NAN, 1.0).is_err());
    for rho in [-0.67, 0.61, f64::NAN] {
        assert!(
            matches!(
                GoalModel::dixon_coles(1.5, 1.1, rho),
                Err(RhoOutOfRange { .. })
            ),
            "{rho}"
        );
    }
    assert!(GoalModel::dixon_coles(0.5, 0.5, 1.01).is_err());
    let model = GoalModel::poisson(1.5, 1.1).unwrap();
    assert_eq!(model.with_minutes_left(91.0), Err(MinutesOutOfRange(91.0)));
    assert_eq!(model.with_minutes_left(-1.0), Err(MinutesOutOfRange(-1.0)));
}

#[test]
fn the_bounds_of_rho_are_allowed() {
    assert!(GoalModel::dixon_coles(2.0, 1.0, -0.5).is_ok());
    assert!(GoalModel::dixon_coles(2.0, 1.0, 0.5).is_ok());
    assert!(GoalModel::dixon_coles(0.5, 0.5, 1.0).is_ok());
}

#[test]
fn the_bounds_of_shared_goals() {
    use GoalModelError::SharedOutOfRange;
    assert!(GoalModel::bivariate(1.5, 1.1, 0.0).is_ok());
    assert!(GoalModel::bivariate(1.5, 1.1, 1.1).is_ok());
    for shared in [-0.1, 1.2, f64::NAN] {
        assert!(
            matches!(
                GoalModel::bivariate(1.5, 1.1, shared),
                Err(SharedOutOfRange { .. })
            ),
            "{shared}"
        );
    }
}

#[test]
fn shared_goals_shrink_with_the_time_left() {
    let left = GoalModel::bivariate(1.5, 1.1, 0.3)
        .unwrap()
        .with_minutes_left(30.0)
        .unwrap();
    let (home, away, covariance) = left.grid().moments();
    near(home, 0.5);
    near(away, 1.1 / 3.0);
    near(covariance, 0.1);
}

#[test]
fn rates_from_total_and_supremacy() {
    assert_eq!(rates_of(2.5, 0.5), Ok((1.5, 1.0)));
    assert_eq!(rates_of(2.0, -2.0), Ok((0.0, 2.0)));
    for (total, supremacy) in [(2.0, 2.1), (-1.0, 0.0), (13.0, 0.0), (f64::NAN, 0.0)] {
        assert!(
            matches!(
                rates_of(total, supremacy),
                Err(GoalModelError::ExpectationOutOfRange { .. })
            ),
            "{total} {supremacy}"
        );
    }
}

#[test]
fn each_model_says_its_version() {
    let rho = GoalModel::dixon_coles(1.5, 1.1, -0.1).unwrap();
    let shared = GoalModel::bivariate(1.5, 1.1, 0.1).unwrap();
    let plain = GoalModel::poisson(1.5, 1.1).unwrap();
    assert_eq!(
        [plain.version(), rho.version(), shared.version()],
        ["poisson/1", "dixon-coles/1", "bivariate-poisson/1"]
    );
    assert_eq!(
        rho.with_minutes_left(10.0).unwrap().version(),
        "dixon-coles/1"
    );
}

/// The published form of the bivariate probability, term by term.
fn published_bivariate(own_home: f64, own_away: f64, shared: f64, home: i32, away: i32) -> f64 {
    let factorial = |n: i32| (1..=n).map(f64::from).product::<f64>();
    let choose = |n: i32, k: i32| factorial(n) / (factorial(k) * factorial(n - k));
    let series: f64 = (0..=home.min(away))
        .map(|k| {
            choose(home, k)
                * choose(away, k)
                * factorial(k)
                * (shared / (own_home * own_away)).powi(k)
        })
        .sum();
    (-(own_home + own_away + shared)).exp() * own_home.powi(home) / factorial(home)
        * own_away.powi(away)
        / factorial(away)
        * series
}

/// Any of the three models.
fn any_model() -> impl Strategy<Value = GoalModel> {
    prop_oneof![
        model().prop_map(|(home, away, rho)| GoalModel::dixon_coles(home, away, rho).unwrap()),
        (0.2_f64..3.5, 0.2_f64..3.5, 0.0_f64..0.99).prop_map(|(home, away, part)| {
            GoalModel::bivariate(home, away, home.min(away) * part).unwrap()
        }),
        (0.0_f64..3.5, 0.0_f64..3.5)
            .prop_map(|(home, away)| GoalModel::poisson(home, away).unwrap()),
    ]
}

/// A score that a match may have reached.
fn score() -> impl Strategy<Value = Score> {
    (0_u16..5, 0_u16..5).prop_map(|(home, away)| Score::new(home, away))
}

/// Rates and a rho that is valid for them.
fn model() -> impl Strategy<Value = (f64, f64, f64)> {
    (0.2_f64..3.5, 0.2_f64..3.5, 0.0_f64..1.0).prop_map(|(home, away, place)| {
        let least = f64::max(-1.0 / home, -1.0 / away);
        let most = f64::min(1.0, 1.0 / (home * away));
        (home, away, least + (most - least) * place * 0.999)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_rho_outside_its_range_is_refused(
        home in 0.2_f64..3.5, away in 0.2_f64..3.5, beyond in 1e-9_f64..2.0,
    ) {
        let (least, most) = rho_range(home, away);
        prop_assert!(GoalModel::dixon_coles(home, away, least).is_ok());
        prop_assert!(GoalModel::dixon_coles(home, away, most).is_ok());
        for rho in [least - beyond, most + beyond] {
            let refused = matches!(
                GoalModel::dixon_coles(home, away, rho),
                Err(GoalModelError::RhoOutOfRange { .. })
            );
            prop_assert!(refused);
        }
    }

    #[test]
    fn shared_goals_are_the_covariance_and_leave_the_means(
        home in 0.2_f64..2.5, away in 0.2_f64..2.5, part in 0.0_f64..0.99,
    ) {
        let shared = home.min(away) * part;
        let grid = GoalModel::bivariate(home, away, shared).unwrap().grid();
        let (home_mean, away_mean, covariance) = grid.moments();
        prop_assert!((home_mean - home).abs() < 1e-6);
        prop_assert!((away_mean - away).abs() < 1e-6);
        prop_assert!((covariance - shared).abs() < 1e-5);
    }

    #[test]
    fn bivariate_goals_follow_the_published_form(
        own_home in 0.1_f64..2.0, own_away in 0.1_f64..2.0, shared in 0.0_f64..1.0,
        home in 0_u16..10, away in 0_u16..10,
    ) {
        let grid = GoalModel::bivariate(own_home + shared, own_away + shared, shared).unwrap().grid();
        let cell = grid.cells()[usize::from(home)][usize::from(away)];
        let expected = published_bivariate(own_home, own_away, shared, home.into(), away.into());
        prop_assert!((cell - expected).abs() < 1e-14 + expected * 1e-11);
    }

    #[test]
    fn without_shared_goals_the_sides_are_independent(home in 0.1_f64..3.5, away in 0.1_f64..3.5) {
        let plain = GoalModel::poisson(home, away).unwrap().grid();
        let shared = GoalModel::bivariate(home, away, 0.0).unwrap().grid();
        for (left, right) in plain.cells().iter().flatten().zip(shared.cells().iter().flatten()) {
            prop_assert!((left - right).abs() < 1e-15);
        }
    }

    /// Every market is a sum over the same scores, so each must follow from the exact scores and
    /// from its neighbours.
    #[test]
    fn markets_of_one_grid_agree(
        model in any_model(), current in score(), minutes in 0.0_f64..90.0, quarters in -8_i32..9,
    ) {
        let grid = model.with_minutes_left(minutes).unwrap().grid();
        let mass = grid.mass();
        let near = |left: f64, right: f64| (left - right).abs() < 1e-12;
        let markets = grid.markets(current);

        // The three ways, and each sheet, share the whole mass.
        prop_assert!(near(markets.home + markets.draw + markets.away, mass));
        for question in [
            GoalQuestion::Result,
            GoalQuestion::BothToScore,
            GoalQuestion::CorrectScore(5),
            GoalQuestion::EuropeanHandicap(-1),
        ] {
            let sheet = grid.sheet(current, question);
            prop_assert!(near(sheet.iter().map(|(_, chances)| chances.won).sum(), mass));
            prop_assert!(sheet.iter().all(|(_, chances)| near(chances.mass(), mass)));
        }

        // Exact scores add up to the result, the totals and both-to-score.
        let scores = grid.sheet(current, GoalQuestion::CorrectScore(20));
        let sum = |holds: &dyn Fn(Score) -> bool| -> f64 {
            scores
                .iter()
                .filter(|(selection, _)| {
                    matches!(selection, GoalSelection::CorrectScore(score) if holds(*score))
                })
                .map(|(_, chances)| chances.won)
                .sum()
        };
        prop_assert!(near(sum(&|score| score.home > score.away), markets.home));
        prop_assert!(near(sum(&|score| score.total() > 2), markets.over25));
        prop_assert!(near(sum(&|score| score.home > 0 && score.away > 0), markets.btts));

        // Handicaps: half a goal is the result, no goal is the result without the draw, a whole
        // line is the European one with its draw returned.
        let handicap = |quarters| grid.handicap(current, Side::Home, Line::from_quarters(quarters));
        prop_assert!(near(handicap(-2).won, markets.home));
        prop_assert!(near(handicap(2).won, markets.home + markets.draw));
        prop_assert!(near(handicap(0).push, markets.draw));
        for goals in -2_i32..=2 {
            let asian = handicap(goals * 4);
            let european = grid.sheet(current, GoalQuestion::EuropeanHandicap(goals));
            prop_assert!(near(asian.won, european[0].1.won));
            prop_assert!(near(asian.push, european[1].1.won));
            prop_assert!(near(asian.lost, european[2].1.won));
        }

        // A quarter line is half a stake on each neighbour, at whatever price.
        let quarter = quarters * 2 + 1;
        for price in [1.5, 1.95, 6.0] {
            let halves = f64::midpoint(
                handicap(quarter - 1).expected_return(price),
                handicap(quarter + 1).expected_return(price),
            );
            prop_assert!(near(handicap(quarter).expected_return(price), halves));
            let total = |quarters| grid.total(current, TotalSide::Over, Line::from_quarters(quarters));
            let halves = f64::midpoint(
                total(quarter + 9).expected_return(price),
                total(quarter + 11).expected_return(price),
            );
            prop_assert!(near(total(quarter + 10).expected_return(price), halves));
        }

        // At the fair price nobody gains, and the two sides of a line share one.
        let line = Line::from_quarters(quarters);
        let pairs = [
            (handicap(quarters), grid.handicap(current, Side::Away, line.opposite())),
            (
                grid.total(current, TotalSide::Over, line),
                grid.total(current, TotalSide::Under, line),
            ),
        ];
        for (left, right) in pairs {
            prop_assert!(near(left.mass(), right.mass()));
            if let Some(price) = left.fair_price() {
                prop_assert!((left.expected_return(price) - left.mass()).abs() < 1e-11 * price);
            }
            if let (Some(one), Some(other)) = (left.fair_probability(), right.fair_probability()) {
                prop_assert!(near(one + other, 1.0));
            }
        }

        // More goals to beat is never likelier.
        let over = |quarters| grid.total(current, TotalSide::Over, Line::from_quarters(quarters));
        prop_assert!(over(quarters + 10).expected_return(2.0) + 1e-12 >= over(quarters + 11).expected_return(2.0));
        prop_assert!(handicap(quarters).expected_return(2.0) <= handicap(quarters + 1).expected_return(2.0) + 1e-12);

        // Goals of one side: both score unless one of them does not.
        let blank = |side| grid.selection(
            current,
            GoalSelection::SideTotal(side, TotalSide::Under, Line::from_quarters(2)),
        ).won;
        let nobody = sum(&|score| score == Score::default());
        prop_assert!(near(
            mass - blank(Side::Home) - blank(Side::Away) + nobody,
            markets.btts
        ));
    }

    /// With goals counted from now on, the score so far does not matter.
    #[test]
    fn in_play_lines_move_with_the_score(model in any_model(), current in score(), quarters in -6_i32..7) {
        let grid = model.with_minutes_left(40.0).unwrap().grid();
        let from_now = grid.handicap(START, Side::Home, Line::from_quarters(quarters));
        let lead = current.lead(Side::Home) * 4;
        let of_all = grid.handicap(current, Side::Home, Line::from_quarters(quarters - lead));
        prop_assert_eq!(from_now, of_all);
    }

    #[test]
    fn the_correction_keeps_the_mass((home, away, rho) in model()) {
        let plain = GoalModel::poisson(home, away).unwrap().grid();
        let corrected = GoalModel::dixon_coles(home, away, rho).unwrap().grid();
        prop_assert!((plain.mass() - corrected.mass()).abs() < 1e-14);
        prop_assert!(corrected.cells().iter().flatten().all(|p| *p >= 0.0));
        prop_assert!(corrected.mass() > 0.999);
    }

    #[test]
    fn the_correction_never_moves_totals_above_two((home, away, rho) in model()) {
        let plain = GoalModel::poisson(home, away).unwrap().grid();
        let corrected = GoalModel::dixon_coles(home, away, rho).unwrap().grid();
        for quarters in 10..40 {
            let line = Line::from_quarters(quarters);
            let left = plain.total(START, TotalSide::Over, line);
            let right = corrected.total(START, TotalSide::Over, line);
            prop_assert!((left.won - right.won).abs() < 1e-14);
            prop_assert!((left.half_won - right.half_won).abs() < 1e-14);
            prop_assert!((left.push - right.push).abs() < 1e-14);
            prop_assert!((left.half_lost - right.half_lost).abs() < 1e-14);
        }
    }

    #[test]
    fn both_to_score_moves_by_a_known_amount((home, away, rho) in model()) {
        let plain = GoalModel::poisson(home, away).unwrap().grid();
        let corrected = GoalModel::dixon_coles(home, away, rho).unwrap().grid();
        let moved = corrected.markets(START).btts - plain.markets(START).btts;
        prop_assert!((moved + rho * home * away * plain.cells()[0][0]).abs() < 1e-13);
    }

    #[test]
    fn the_two_sides_of_a_line_share_one((home, away, rho) in model(), quarters in -8_i32..8) {
        let grid = GoalModel::dixon_coles(home, away, rho).unwrap().grid();
        let line = Line::from_quarters(quarters);
        let left = grid.handicap(START, Side::Home, line).fair_probability().unwrap();
        let right = grid.handicap(START, Side::Away, line.opposite()).fair_probability().unwrap();
        prop_assert!((left + right - 1.0).abs() < 1e-12);
    }
}
