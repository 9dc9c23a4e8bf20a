//! The probability of every score, and what follows from it.
//!
//! Duty: one grid answers every question about the goals, so that no two markets of a match
//! contradict each other. Prohibition: no model and no prices; quarter lines are told as the
//! probabilities of the settlement classes, not as averages.
#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are real arithmetic; no result enters a decision unquantised"
)]

use crate::outcome::{Line, MatchResult, Score, SelectionOutcome, Side, TotalSide};
use crate::question::{GoalQuestion, GoalSelection};

/// Goals 0 to 15 of one side.
pub const GRID_SIZE: usize = 16;

/// Probabilities of goals still to come, home in rows and away in columns.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalGrid {
    pub(super) cells: [[f64; GRID_SIZE]; GRID_SIZE],
}

/// Fair probabilities of the three usual markets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalMarkets {
    /// The home side wins.
    pub home: f64,
    /// Nobody wins.
    pub draw: f64,
    /// The away side wins.
    pub away: f64,
    /// Three goals or more.
    pub over25: f64,
    /// Both sides score.
    pub btts: f64,
}

/// Probabilities of the five settlement classes of one selection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutcomeChances {
    /// The whole stake wins.
    pub won: f64,
    /// Half wins, half is returned.
    pub half_won: f64,
    /// The stake is returned.
    pub push: f64,
    /// Half loses, half is returned.
    pub half_lost: f64,
    /// The whole stake loses.
    pub lost: f64,
}

impl OutcomeChances {
    /// The probability whose inverse is the fair price: at it the expected return is the stake.
    /// `None` when the stake is certain to come back.
    #[must_use]
    pub fn fair_probability(self) -> Option<f64> {
        let winning = self.won + self.half_won / 2.0;
        let at_stake = winning + self.lost + self.half_lost / 2.0;
        (at_stake > 0.0).then(|| winning / at_stake)
    }

    /// The price at which nobody gains; `None` where it cannot win, or cannot lose.
    #[must_use]
    pub fn fair_price(self) -> Option<f64> {
        self.fair_probability()
            .filter(|probability| *probability > 0.0 && *probability < 1.0)
            .map(f64::recip)
    }

    /// What one unit of stake returns on average at a decimal price.
    #[must_use]
    pub fn expected_return(self, price: f64) -> f64 {
        price * self.won
            + f64::midpoint(price, 1.0) * self.half_won
            + self.push
            + self.half_lost / 2.0
    }

    /// All five together: what the grid holds.
    #[must_use]
    pub fn mass(self) -> f64 {
        self.won + self.half_won + self.push + self.half_lost + self.lost
    }

    fn add(&mut self, outcome: SelectionOutcome, probability: f64) {
        let class = match outcome {
            SelectionOutcome::Won => &mut self.won,
            SelectionOutcome::HalfWon => &mut self.half_won,
            SelectionOutcome::Push => &mut self.push,
            SelectionOutcome::HalfLost => &mut self.half_lost,
            SelectionOutcome::Lost => &mut self.lost,
        };
        *class += probability;
    }
}

impl GoalGrid {
    /// The cells: home goals in rows, away goals in columns.
    #[must_use]
    pub const fn cells(&self) -> &[[f64; GRID_SIZE]; GRID_SIZE] {
        &self.cells
    }

    /// How much of all scores the grid holds; the rest lies beyond 15 goals.
    #[must_use]
    pub fn mass(&self) -> f64 {
        self.cells.iter().flatten().sum()
    }

    /// The usual markets when these goals are added to `current`.
    #[must_use]
    pub fn markets(&self, current: Score) -> GoalMarkets {
        let won = |selection| self.selection(current, selection).won;
        let result = |result| won(GoalSelection::Result(result));
        GoalMarkets {
            home: result(MatchResult::Home),
            draw: result(MatchResult::Draw),
            away: result(MatchResult::Away),
            over25: won(GoalSelection::Total(
                TotalSide::Over,
                Line::from_quarters(10),
            )),
            btts: won(GoalSelection::BothToScore(true)),
        }
    }

    /// Every selection of a question with its settlement classes, when these goals are added to
    /// `current`. A handicap that counts only the goals from now on is asked with no goals.
    #[must_use]
    pub fn sheet(
        &self,
        current: Score,
        question: GoalQuestion,
    ) -> Vec<(GoalSelection, OutcomeChances)> {
        question
            .selections()
            .into_iter()
            .map(|selection| (selection, self.selection(current, selection)))
            .collect()
    }

    /// Settlement classes of one selection.
    #[must_use]
    pub fn selection(&self, current: Score, selection: GoalSelection) -> OutcomeChances {
        self.chances(current, |score| selection.judge(score))
    }

    /// Settlement classes of a side with goals added to its score.
    #[must_use]
    pub fn handicap(&self, current: Score, side: Side, line: Line) -> OutcomeChances {
        self.selection(current, GoalSelection::AsianHandicap(side, line))
    }

    /// Settlement classes of a total.
    #[must_use]
    pub fn total(&self, current: Score, side: TotalSide, line: Line) -> OutcomeChances {
        self.selection(current, GoalSelection::Total(side, line))
    }

    /// Settlement classes of anything that the final score decides.
    #[must_use]
    pub fn chances(
        &self,
        current: Score,
        judge: impl Fn(Score) -> SelectionOutcome,
    ) -> OutcomeChances {
        let mut chances = OutcomeChances::default();
        for (row, home) in self.cells.iter().zip(0_u16..) {
            for (&probability, away) in row.iter().zip(0_u16..) {
                let score = Score::new(
                    current.home.saturating_add(home),
                    current.away.saturating_add(away),
                );
                chances.add(judge(score), probability);
            }
        }
        chances
    }

    /// The mean of home goals, of away goals, and of their product less the product of the means:
    /// how much the two depend on each other.
    #[must_use]
    pub fn moments(&self) -> (f64, f64, f64) {
        let (mut home_mean, mut away_mean, mut product) = (0.0, 0.0, 0.0);
        for (row, home) in self.cells.iter().zip(0_u16..) {
            for (&probability, away) in row.iter().zip(0_u16..) {
                home_mean += probability * f64::from(home);
                away_mean += probability * f64::from(away);
                product += probability * f64::from(home) * f64::from(away);
            }
        }
        (home_mean, away_mean, product - home_mean * away_mean)
    }
}
