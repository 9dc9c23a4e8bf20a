//! All markets of a match priced from one grid of goals.
//!
//! Duty: from what somebody thinks of a match (rates, what is left to play, the score) to the prices of
//! every market about its goals, with the margin in and on a ladder, and to the opinion that stands
//! beside them in the log. Prohibition: no market is priced from anything but the grid, so two markets
//! of a match cannot contradict each other; what is decided in all but name has no price.
#![expect(
    clippy::float_arithmetic,
    reason = "goal models are real arithmetic; prices leave it quantised"
)]

use kernel::Price;
use odds_domain::goals::{GoalGrid, GoalModel, GoalModelError, MATCH_MINUTES};
use odds_domain::ladder::Ladder;
use odds_domain::margin::{MarginMethod, apply_margin};
use odds_domain::outcome::Score;
use odds_domain::question::GoalQuestion;
use schemas::odds::{ModelOpinion, ModelParameter};

/// Sum of inverse prices with the margin in, by how many answers a market has.
const BOOKSUM_LINE: f64 = 1.045;
const BOOKSUM_RESULT: f64 = 1.06;
const BOOKSUM_SCORES: f64 = 1.15;
/// What can hardly win has no price.
const LEAST: f64 = 0.002;

/// What somebody thinks of a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchOpinion {
    /// Goals of the home side in a whole match, on average.
    pub home_rate: f64,
    /// Goals of the away side in a whole match, on average.
    pub away_rate: f64,
    /// How low scores hang together; 0: not at all.
    pub rho: f64,
    /// What is left of 90 minutes.
    pub minutes_left: f64,
    /// Goals so far.
    pub score: Score,
}

impl MatchOpinion {
    /// The goals still to come.
    ///
    /// # Errors
    /// Numbers that no model takes.
    pub fn grid(&self) -> Result<GoalGrid, GoalModelError> {
        GoalModel::dixon_coles(self.home_rate, self.away_rate, self.rho)?
            .with_minutes_left(self.minutes_left)
            .map(GoalModel::grid)
    }

    /// What the prices are made of: whoever has these numbers works out the same grid.
    #[must_use]
    pub fn told(&self) -> ModelOpinion {
        let parameters = [
            ("home_rate", self.home_rate),
            ("away_rate", self.away_rate),
            ("rho", self.rho),
            ("minutes_left", self.minutes_left),
            ("home_goals", f64::from(self.score.home)),
            ("away_goals", f64::from(self.score.away)),
        ];
        ModelOpinion {
            version: "dixon-coles/1".to_owned(),
            parameters: parameters
                .map(|(name, value)| ModelParameter {
                    name: name.to_owned(),
                    micros: micros(value),
                })
                .to_vec(),
        }
    }
}

/// What is left of a match after so many minutes; nothing after its end.
#[must_use]
pub fn minutes_left(played: f64) -> f64 {
    (MATCH_MINUTES - played).max(0.0)
}

/// A price for each answer, in their order; none where an answer can hardly come true, and for all
/// answers where one of them hardly can fail.
#[must_use]
pub fn prices(question: GoalQuestion, grid: &GoalGrid, score: Score) -> Vec<Option<Price>> {
    // Bets in play on an Asian handicap are settled by the goals after them: nil-nil for them.
    let from = match question {
        GoalQuestion::AsianHandicap(_) => Score::default(),
        GoalQuestion::Result
        | GoalQuestion::Total(_)
        | GoalQuestion::SideTotal(..)
        | GoalQuestion::BothToScore
        | GoalQuestion::CorrectScore(_)
        | GoalQuestion::EuropeanHandicap(_) => score,
    };
    let fair: Option<Vec<f64>> = grid
        .sheet(from, question)
        .into_iter()
        .map(|(_, chances)| chances.fair_probability())
        .collect();
    let answers = question.selections().len();
    fair.and_then(|fair| with_margin(question, &fair))
        .unwrap_or_else(|| vec![None; answers])
}

/// The prices of the answers that can still come true.
fn with_margin(question: GoalQuestion, fair: &[f64]) -> Option<Vec<Option<Price>>> {
    let (booksum, all_or_none) = match question {
        GoalQuestion::CorrectScore(_) => (BOOKSUM_SCORES, false),
        GoalQuestion::Result | GoalQuestion::EuropeanHandicap(_) => (BOOKSUM_RESULT, true),
        GoalQuestion::Total(_)
        | GoalQuestion::SideTotal(..)
        | GoalQuestion::BothToScore
        | GoalQuestion::AsianHandicap(_) => (BOOKSUM_LINE, true),
    };
    let can_win: Vec<bool> = fair.iter().map(|p| *p > LEAST).collect();
    let open = can_win.iter().filter(|can| **can).count();
    if open < 2 || (all_or_none && open < fair.len()) {
        return None;
    }
    let left: Vec<f64> = fair.iter().copied().filter(|p| *p > LEAST).collect();
    let book = apply_margin(MarginMethod::Power, &normalised(&left), booksum).ok()?;
    let mut prices = Ladder::Hundredths
        .book(&book.prices)
        .ok()?
        .prices
        .into_iter();
    let priced = can_win.into_iter();
    Some(
        priced
            .map(|can| if can { prices.next() } else { None })
            .collect(),
    )
}

/// The grid ends at 15 goals, and what can hardly happen is left out: the rest is spread in
/// proportion.
fn normalised(fair: &[f64]) -> Vec<f64> {
    let sum: f64 = fair.iter().sum();
    fair.iter().map(|p| p / sum).collect()
}

/// Millionths, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "rates, minutes and goals are far below the end"
)]
fn micros(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use odds_domain::ladder::booksum;
    use odds_domain::outcome::Line;

    const ALL: [GoalQuestion; 6] = [
        GoalQuestion::Result,
        GoalQuestion::Total(Line::from_quarters(10)),
        GoalQuestion::AsianHandicap(Line::from_quarters(-3)),
        GoalQuestion::BothToScore,
        GoalQuestion::CorrectScore(3),
        GoalQuestion::EuropeanHandicap(-1),
    ];

    fn opinion(minutes_left: f64, score: Score) -> MatchOpinion {
        MatchOpinion {
            home_rate: 1.5,
            away_rate: 1.1,
            rho: -0.06,
            minutes_left,
            score,
        }
    }

    fn inverse(price: Option<Price>) -> f64 {
        price.map_or(0.0, |price| odds_domain::ladder::as_float(price).recip())
    }

    #[test]
    fn one_grid_prices_every_market_with_its_margin() {
        let grid = opinion(90.0, Score::default()).grid().unwrap();
        for (question, least) in ALL.into_iter().zip([1.06, 1.045, 1.045, 1.045, 1.15, 1.06]) {
            let prices = prices(question, &grid, Score::default());
            assert_eq!(prices.len(), question.selections().len());
            let offered: Vec<Price> = prices.into_iter().flatten().collect();
            let sum = booksum(&offered);
            // Rounding down to hundredths only adds.
            assert!(
                least - 1e-9 <= sum && sum < least + 0.03,
                "{question:?}: {sum}"
            );
        }
    }

    /// The draw is every score of equal goals together; both markets come from the same cells.
    #[test]
    fn markets_of_a_match_agree_with_each_other() {
        let score = Score::default();
        let grid = opinion(90.0, score).grid().unwrap();
        let won = |question: GoalQuestion, at: usize| grid.sheet(score, question)[at].1.won;
        let home = won(GoalQuestion::Result, 0);
        let by_handicap = won(GoalQuestion::EuropeanHandicap(0), 0);
        let straight = won(GoalQuestion::AsianHandicap(Line::from_quarters(-2)), 0);
        assert!((home - by_handicap).abs() < 1e-12 && (home - straight).abs() < 1e-12);
        let scores = grid.sheet(score, GoalQuestion::CorrectScore(10));
        let draws: f64 = (0..=10).map(|goals| scores[goals * 12].1.won).sum();
        assert!((draws - won(GoalQuestion::Result, 1)).abs() < 1e-9);
        let both: f64 = (1..=10)
            .flat_map(|home| (1..=10).map(move |away| home * 11 + away))
            .map(|at: usize| scores[at].1.won)
            .sum();
        assert!((both - won(GoalQuestion::BothToScore, 0)).abs() < 1e-6);
    }

    #[test]
    fn a_goal_moves_every_market_at_once() {
        let before = opinion(30.0, Score::default());
        let after = opinion(30.0, Score::new(1, 0));
        let [old, new] = [before, after].map(|opinion| opinion.grid().unwrap());
        // The same goals are still to come; what they make of the match is another thing.
        assert_eq!(old.cells(), new.cells());
        let price = |opinion: &MatchOpinion, question, at: usize| {
            let grid = opinion.grid().unwrap();
            inverse(prices(question, &grid, opinion.score)[at])
        };
        for (question, at) in [
            (GoalQuestion::Result, 0),
            (GoalQuestion::Total(Line::from_quarters(6)), 0),
            (GoalQuestion::BothToScore, 0),
            (GoalQuestion::EuropeanHandicap(-1), 0),
        ] {
            let [was, is] = [before, after].map(|opinion| price(&opinion, question, at));
            assert!(is > was, "{question:?}: {was} {is}");
        }
        let asian = GoalQuestion::AsianHandicap(Line::from_quarters(-1));
        assert_eq!(
            prices(asian, &old, before.score),
            prices(asian, &new, after.score)
        );
        // Nil-nil cannot be any more; the other scores go on.
        let scores = prices(GoalQuestion::CorrectScore(3), &new, after.score);
        assert!(scores[0].is_none() && scores[4].is_some());
    }

    #[test]
    fn less_time_brings_fewer_goals() {
        let over = GoalQuestion::Total(Line::from_quarters(10));
        let chance = |minutes: f64| {
            let grid = opinion(minutes, Score::default()).grid().unwrap();
            inverse(prices(over, &grid, Score::default())[0])
        };
        assert!(chance(90.0) > chance(60.0) && chance(60.0) > chance(30.0));
        assert!((minutes_left(60.0) - 30.0).abs() < 1e-12 && minutes_left(95.0) == 0.0);
    }

    #[test]
    fn what_is_decided_has_no_price() {
        let decided = opinion(0.1, Score::new(3, 0));
        let grid = decided.grid().unwrap();
        for question in [GoalQuestion::Result, ALL[1], GoalQuestion::BothToScore] {
            let prices = prices(question, &grid, decided.score);
            assert!(prices.iter().all(Option::is_none), "{question:?}");
        }
    }

    #[test]
    fn the_opinion_says_all_that_the_grid_needs() {
        let told = opinion(30.0, Score::new(2, 1)).told();
        let micros: Vec<i64> = told.parameters.iter().map(|p| p.micros).collect();
        assert_eq!(
            micros,
            [
                1_500_000, 1_100_000, -60_000, 30_000_000, 2_000_000, 1_000_000
            ]
        );
    }
}
