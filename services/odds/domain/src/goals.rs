//! Goal models: from two scoring rates to the probability of every score.
//!
//! Duty: Poisson and Dixon-Coles on a grid of 0 to 15 goals a side, before the match and in play,
//! and what follows from the grid for the usual markets. Prohibition: no prices (see
//! [`crate::margin`]) and no use inside a decision.
#![expect(
    clippy::float_arithmetic,
    reason = "goal models are real arithmetic; no result enters a decision unquantised"
)]

use crate::outcome::{self, Line, Score, SelectionOutcome, Side, TotalSide};

/// Goals 0 to 15 of one side.
pub const GRID_SIZE: usize = 16;
/// Above this the grid would miss more than a thousandth of the scores.
pub const RATE_MAX: f64 = 6.0;
/// Minutes that a rate speaks of.
pub const MATCH_MINUTES: f64 = 90.0;

/// Why there is no such model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GoalModelError {
    /// A rate that is no number of goals.
    #[error("a scoring rate is between 0 and {RATE_MAX} goals, got {0}")]
    RateOutOfRange(f64),
    /// A correlation that would make a probability negative.
    #[error("rho must lie between {least} and {most} for these rates, got {rho}")]
    RhoOutOfRange {
        /// What was given.
        rho: f64,
        /// max(-1/home, -1/away).
        least: f64,
        /// min(1, 1/(home·away)).
        most: f64,
    },
    /// A time outside the match.
    #[error("minutes left are between 0 and {MATCH_MINUTES}, got {0}")]
    MinutesOutOfRange(f64),
}

/// Expected goals of both sides and their correlation at low scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalModel {
    home: f64,
    away: f64,
    rho: f64,
}

impl GoalModel {
    /// Independent Poisson goals.
    ///
    /// # Errors
    /// A rate outside 0 to [`RATE_MAX`].
    pub fn poisson(home: f64, away: f64) -> Result<Self, GoalModelError> {
        Self::dixon_coles(home, away, 0.0)
    }

    /// Poisson goals whose four lowest scores are corrected by `rho`.
    ///
    /// # Errors
    /// A rate outside 0 to [`RATE_MAX`], or a `rho` that makes a probability negative.
    pub fn dixon_coles(home: f64, away: f64, rho: f64) -> Result<Self, GoalModelError> {
        for rate in [home, away] {
            if !(0.0..=RATE_MAX).contains(&rate) {
                return Err(GoalModelError::RateOutOfRange(rate));
            }
        }
        let least = f64::max(-home.recip(), -away.recip());
        let most = f64::min(1.0, (home * away).recip());
        if !(least..=most).contains(&rho) {
            return Err(GoalModelError::RhoOutOfRange { rho, least, most });
        }
        Ok(Self { home, away, rho })
    }

    /// The model of what is left to play: rates in proportion to the time, the same `rho`.
    ///
    /// # Errors
    /// Minutes outside 0 to 90.
    pub fn with_minutes_left(self, minutes: f64) -> Result<Self, GoalModelError> {
        if !(0.0..=MATCH_MINUTES).contains(&minutes) {
            return Err(GoalModelError::MinutesOutOfRange(minutes));
        }
        let part = minutes / MATCH_MINUTES;
        Self::dixon_coles(self.home * part, self.away * part, self.rho)
    }

    /// Expected goals of the home side.
    #[must_use]
    pub const fn home_rate(self) -> f64 {
        self.home
    }

    /// Expected goals of the away side.
    #[must_use]
    pub const fn away_rate(self) -> f64 {
        self.away
    }

    /// The probability of every score from 0-0 to 15-15.
    #[must_use]
    pub fn grid(self) -> GoalGrid {
        let home = poisson(self.home);
        let away = poisson(self.away);
        let mut cells = home.map(|of_home| away.map(|of_away| of_home * of_away));
        let corrections = [
            [
                1.0 - self.home * self.away * self.rho,
                1.0 + self.home * self.rho,
            ],
            [1.0 + self.away * self.rho, 1.0 - self.rho],
        ];
        for (row, factors) in cells.iter_mut().zip(corrections) {
            for (cell, factor) in row.iter_mut().zip(factors) {
                *cell *= factor;
            }
        }
        GoalGrid { cells }
    }
}

/// Probabilities of 0 to 15 goals at a rate.
fn poisson(rate: f64) -> [f64; GRID_SIZE] {
    let mut probability = (-rate).exp();
    let mut goals = 0.0;
    [(); GRID_SIZE].map(|()| {
        let this = probability;
        goals += 1.0;
        probability *= rate / goals;
        this
    })
}

/// Probabilities of goals still to come, home in rows and away in columns.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalGrid {
    cells: [[f64; GRID_SIZE]; GRID_SIZE],
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
        self.probability_that(Score::default(), |_| true)
    }

    /// The usual markets when these goals are added to `current`.
    #[must_use]
    pub fn markets(&self, current: Score) -> GoalMarkets {
        GoalMarkets {
            home: self.probability_that(current, |score| score.home > score.away),
            draw: self.probability_that(current, |score| score.home == score.away),
            away: self.probability_that(current, |score| score.home < score.away),
            over25: self.probability_that(current, |score| score.total() > 2),
            btts: self.probability_that(current, |score| score.home > 0 && score.away > 0),
        }
    }

    /// Settlement classes of a side with goals added to its score.
    #[must_use]
    pub fn handicap(&self, current: Score, side: Side, line: Line) -> OutcomeChances {
        self.chances(current, |score| outcome::asian_handicap(score, side, line))
    }

    /// Settlement classes of a total.
    #[must_use]
    pub fn total(&self, current: Score, side: TotalSide, line: Line) -> OutcomeChances {
        self.chances(current, |score| outcome::total(score, side, line))
    }

    /// Settlement classes of any selection that the final score decides.
    #[must_use]
    pub fn chances(
        &self,
        current: Score,
        judge: impl Fn(Score) -> SelectionOutcome,
    ) -> OutcomeChances {
        let mut chances = OutcomeChances::default();
        self.for_each(current, |score, probability| {
            chances.add(judge(score), probability);
        });
        chances
    }

    fn probability_that(&self, current: Score, holds: impl Fn(Score) -> bool) -> f64 {
        let mut sum = 0.0;
        self.for_each(current, |score, probability| {
            if holds(score) {
                sum += probability;
            }
        });
        sum
    }

    fn for_each(&self, current: Score, mut visit: impl FnMut(Score, f64)) {
        for (row, home) in self.cells.iter().zip(0_u16..) {
            for (&probability, away) in row.iter().zip(0_u16..) {
                let score = Score::new(
                    current.home.saturating_add(home),
                    current.away.saturating_add(away),
                );
                visit(score, probability);
            }
        }
    }
}

#[cfg(test)]
mod tests;
