//! Vectors of the models, and what Dixon-Coles may and may not move.

use super::*;
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

/// Rates and a rho that is valid for them.
fn model() -> impl Strategy<Value = (f64, f64, f64)> {
    (0.2_f64..3.5, 0.2_f64..3.5, 0.0_f64..1.0).prop_map(|(home, away, place)| {
        let least = f64::max(-1.0 / home, -1.0 / away);
        let most = f64::min(1.0, 1.0 / (home * away));
        (home, away, least + (most - least) * place * 0.999)
    })
}

proptest! {
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
        for quarters in [10, 11, 12, 14] {
            let line = Line::from_quarters(quarters);
            let left = plain.total(START, TotalSide::Over, line);
            let right = corrected.total(START, TotalSide::Over, line);
            prop_assert!((left.won - right.won).abs() < 1e-14);
            prop_assert!((left.half_won - right.half_won).abs() < 1e-14);
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
