//! What a fit must find, and that it always finds the same.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, in tests")]

use super::*;
use crate::goals::GRID_SIZE;
use proptest::prelude::*;

fn played(day: i64, home: &str, away: &str, home_goals: u16, away_goals: u16) -> PlayedMatch {
    PlayedMatch {
        day,
        home: home.to_owned(),
        away: away.to_owned(),
        score: Score::new(home_goals, away_goals),
    }
}

/// A plain generator, so that a season is the same everywhere.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(1_u32 << 31)
    }

    fn score(&mut self, model: GoalModel) -> Score {
        let grid = model.grid();
        let mut left = self.unit() * grid.mass();
        for home in 0..GRID_SIZE {
            for away in 0..GRID_SIZE {
                left -= grid.cells()[home][away];
                if left <= 0.0 {
                    return Score::new(home.try_into().unwrap(), away.try_into().unwrap());
                }
            }
        }
        Score::default()
    }
}

/// Everybody plays everybody at home, `rounds` times, by known strengths.
fn league(
    sides: &[(&str, f64, f64)],
    base: f64,
    at_home: f64,
    rho: f64,
    rounds: i64,
) -> Vec<PlayedMatch> {
    let truth = Fit {
        base,
        at_home,
        rho,
        sides: sides
            .iter()
            .map(|(name, attack, defence)| {
                let (attack, defence) = (*attack, *defence);
                ((*name).to_owned(), Strength { attack, defence })
            })
            .collect(),
        matches: 0,
        weight: 0.0,
        log_likelihood: 0.0,
        steps: 0,
    };
    let mut chance = Chance(7);
    let mut all = Vec::new();
    for round in 0..rounds {
        for (home, ..) in sides {
            for (away, ..) in sides.iter().filter(|(away, ..)| away != home) {
                let score = chance.score(truth.model(home, away).unwrap());
                all.push(played(round, home, away, score.home, score.away));
            }
        }
    }
    all
}

const SIDES: [(&str, f64, f64); 4] = [
    ("Ashford", 0.30, 0.20),
    ("Brook", 0.05, -0.10),
    ("Cairn", -0.10, 0.05),
    ("Dale", -0.25, -0.15),
];

fn plain(as_of: i64) -> FitTerms {
    FitTerms {
        as_of,
        xi: 0.0,
        ridge: 0.0,
        with_rho: true,
    }
}

#[test]
fn finds_the_parameters_that_made_the_results() {
    let results = league(&SIDES, 0.15, 0.25, -0.10, 400);
    let fit = fit(&results, &plain(400)).unwrap();
    // 4,800 matches: the error of a strength is about two hundredths.
    let near = |left: f64, right: f64| assert!((left - right).abs() < 0.06, "{left} {right}");
    near(fit.base, 0.15);
    near(fit.at_home, 0.25);
    near(fit.rho, -0.10);
    for (name, attack, defence) in SIDES {
        near(fit.sides[name].attack, attack);
        near(fit.sides[name].defence, defence);
    }
    assert!(fit.steps < 60, "{}", fit.steps);
    assert_eq!(fit.matches, 4_800);
}

#[test]
fn strengths_add_up_to_nothing() {
    let fit = fit(&league(&SIDES, 0.15, 0.25, 0.0, 6), &FitTerms::standard(6)).unwrap();
    let sum = |of: fn(&Strength) -> f64| fit.sides.values().map(of).sum::<f64>();
    assert!(sum(|side| side.attack).abs() < 1e-7);
    assert!(sum(|side| side.defence).abs() < 1e-7);
}

/// At the top of the likelihood of independent goals, every side is expected to score what it did.
#[test]
fn without_rho_and_ridge_expected_goals_are_those_scored() {
    let results = league(&SIDES, 0.15, 0.25, 0.0, 5);
    let terms = FitTerms {
        with_rho: false,
        ..plain(5)
    };
    let fit = fit(&results, &terms).unwrap();
    assert_eq!(fit.rho, 0.0);
    for (name, ..) in SIDES {
        let (mut scored, mut expected) = (0.0, 0.0);
        for result in &results {
            let model = fit.model(&result.home, &result.away).unwrap();
            if result.home == name {
                scored += f64::from(result.score.home);
                expected += model.home_rate();
            } else if result.away == name {
                scored += f64::from(result.score.away);
                expected += model.away_rate();
            }
        }
        assert!(
            (scored - expected).abs() < 1e-6,
            "{name} {scored} {expected}"
        );
    }
}

#[test]
fn old_results_weigh_less() {
    // Yesterday the one was better, a year ago the other.
    let results = [
        played(365, "Ashford", "Brook", 3, 0),
        played(365, "Brook", "Ashford", 0, 2),
        played(0, "Ashford", "Brook", 0, 3),
        played(0, "Brook", "Ashford", 2, 0),
    ];
    let lead = |xi: f64| {
        let terms = FitTerms {
            xi,
            ..FitTerms::standard(366)
        };
        let fit = fit(&results, &terms).unwrap();
        fit.sides["Ashford"].attack - fit.sides["Brook"].attack
    };
    assert!(lead(0.0).abs() < 1e-6);
    assert!(lead(0.01) > lead(0.0018));
    assert!(lead(0.0018) > 0.01);
}

#[test]
fn results_after_the_day_are_not_looked_at() {
    let mut results = league(&SIDES, 0.15, 0.25, 0.0, 4);
    let before = fit(&results, &FitTerms::standard(4)).unwrap();
    results.push(played(5, "Dale", "Ashford", 9, 0));
    assert_eq!(fit(&results, &FitTerms::standard(4)).unwrap(), before);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let results = [played(1, "Ashford", "Brook", 0, 0)];
    assert_eq!(
        fit(&results, &FitTerms::standard(1)),
        Err(FitError::NoGoals)
    );
    assert_eq!(fit(&[], &FitTerms::standard(1)), Err(FitError::NoGoals));
    let terms = FitTerms::standard(1);
    let wrong = FitTerms { xi: -0.1, ..terms };
    assert_eq!(fit(&results, &wrong), Err(FitError::XiOutOfRange(-0.1)));
    let wrong = FitTerms {
        ridge: f64::NAN,
        ..terms
    };
    assert!(matches!(
        fit(&results, &wrong),
        Err(FitError::RidgeOutOfRange(_))
    ));
    let one = [played(1, "Ashford", "Brook", 1, 0)];
    let fitted = fit(&one, &terms).unwrap();
    assert_eq!(
        fitted.model("Ashford", "Cairn"),
        Err(FitError::SideUnknown("Cairn".to_owned()))
    );
}

/// Without caution a side that never scored would have an attack below every number.
#[test]
fn a_side_without_goals_needs_caution() {
    let results = [
        played(1, "Ashford", "Brook", 2, 0),
        played(2, "Brook", "Ashford", 0, 1),
        played(3, "Ashford", "Cairn", 1, 1),
        played(4, "Cairn", "Brook", 1, 0),
    ];
    let fitted = fit(&results, &FitTerms::standard(5)).unwrap();
    assert!(fitted.sides["Brook"].attack < -0.1);
    match fit(&results, &plain(5)) {
        Err(FitError::NotConverged { .. }) => {}
        // The likelihood is level in floats far below any price that matters.
        Ok(fitted) => assert!(fitted.sides["Brook"].attack < -5.0),
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The order in which results come, and doing it again, change nothing: not one bit.
    #[test]
    fn the_same_results_give_the_same_bits(seed in any::<u64>(), shift in 0_usize..40) {
        let mut chance = Chance(seed);
        let names = ["Ashford", "Brook", "Cairn", "Dale", "Elm"];
        let mut results = Vec::new();
        for day in 0..40 {
            let home = names[usize::try_from(day % 5).unwrap()];
            let away = names[usize::try_from((day % 5 + 1 + day / 5 % 4) % 5).unwrap()];
            let model = GoalModel::poisson(1.5, 1.2).unwrap();
            let score = chance.score(model);
            results.push(played(day, home, away, score.home, score.away));
        }
        let terms = FitTerms::standard(41);
        // Forty results by chance may have no fit within the bound: then they have none again.
        let first = fit(&results, &terms);
        results.rotate_left(shift);
        let second = fit(&results, &terms);
        let bits = |fitted: &Result<Fit, FitError>| fitted.as_ref().map(|f| f.rho.to_bits()).ok();
        prop_assert_eq!(bits(&first), bits(&second));
        prop_assert_eq!(first, second);
    }
}
