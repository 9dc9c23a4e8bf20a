//! Goal models: from scoring rates to the probability of every score.
//!
//! Duty: Poisson, Dixon-Coles and bivariate Poisson goals on one grid of 0 to 15 goals a side
//! ([`GoalGrid`]), before the match and in play. Rates come from expectations ([`rates_of`]) or
//! from results ([`fit`]). Prohibition: no prices (see [`crate::margin`]) and no use inside a
//! decision.
#![expect(
    clippy::float_arithmetic,
    reason = "goal models are real arithmetic; no result enters a decision unquantised"
)]

mod grid;

pub mod fit;

pub use grid::{GRID_SIZE, GoalGrid, GoalMarkets, OutcomeChances};

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
    /// Goals that both sides share cannot be more than either side's goals.
    #[error("shared goals must lie between 0 and {most} for these rates, got {shared}")]
    SharedOutOfRange {
        /// What was given.
        shared: f64,
        /// The lower of the two rates.
        most: f64,
    },
    /// A total and a supremacy that leave a side less than no goals, or too many.
    #[error("no rates from 0 to {RATE_MAX} have the total {total} and the supremacy {supremacy}")]
    ExpectationOutOfRange {
        /// Expected goals of both sides.
        total: f64,
        /// By how many the home side is expected to lead.
        supremacy: f64,
    },
    /// A time outside the match.
    #[error("minutes left are between 0 and {MATCH_MINUTES}, got {0}")]
    MinutesOutOfRange(f64),
}

/// How the goals of the two sides depend on each other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dependence {
    /// The four lowest scores are corrected by rho (Dixon and Coles); at 0 not at all.
    LowScores(f64),
    /// Both sides score so many goals together, on average (Karlis and Ntzoufras).
    Shared(f64),
}

/// Expected goals of both sides and how they depend on each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalModel {
    home: f64,
    away: f64,
    dependence: Dependence,
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
        check_rates(home, away)?;
        let (least, most) = rho_range(home, away);
        if !(least..=most).contains(&rho) {
            return Err(GoalModelError::RhoOutOfRange { rho, least, most });
        }
        Ok(Self {
            home,
            away,
            dependence: Dependence::LowScores(rho),
        })
    }

    /// Bivariate Poisson goals: of the expected `home` and `away` goals, `shared` fall on both
    /// sides together. That is also their covariance.
    ///
    /// # Errors
    /// A rate outside 0 to [`RATE_MAX`], or more shared goals than either side has.
    pub fn bivariate(home: f64, away: f64, shared: f64) -> Result<Self, GoalModelError> {
        check_rates(home, away)?;
        let most = home.min(away);
        if !(0.0..=most).contains(&shared) {
            return Err(GoalModelError::SharedOutOfRange { shared, most });
        }
        Ok(Self {
            home,
            away,
            dependence: Dependence::Shared(shared),
        })
    }

    /// The model of what is left to play: rates (shared goals too) in proportion to the time, the
    /// same `rho`. A smaller rate allows more of `rho`, so it stays valid.
    ///
    /// # Errors
    /// Minutes outside 0 to 90.
    pub fn with_minutes_left(self, minutes: f64) -> Result<Self, GoalModelError> {
        if !(0.0..=MATCH_MINUTES).contains(&minutes) {
            return Err(GoalModelError::MinutesOutOfRange(minutes));
        }
        let part = minutes / MATCH_MINUTES;
        Ok(Self {
            home: self.home * part,
            away: self.away * part,
            dependence: match self.dependence {
                Dependence::LowScores(rho) => Dependence::LowScores(rho),
                Dependence::Shared(shared) => Dependence::Shared(shared * part),
            },
        })
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

    /// The model's name and version, as the provenance of a price tells them. A change of the
    /// arithmetic below is a new version.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self.dependence {
            Dependence::LowScores(0.0) => "poisson/1",
            Dependence::LowScores(_) => "dixon-coles/1",
            Dependence::Shared(_) => "bivariate-poisson/1",
        }
    }

    /// The probability of every score from 0-0 to 15-15.
    #[must_use]
    pub fn grid(self) -> GoalGrid {
        match self.dependence {
            Dependence::LowScores(rho) => self.corrected(rho),
            Dependence::Shared(shared) => self.convolved(shared),
        }
    }

    fn corrected(self, rho: f64) -> GoalGrid {
        let home = poisson(self.home);
        let away = poisson(self.away);
        let mut cells = home.map(|of_home| away.map(|of_away| of_home * of_away));
        for (home, row) in low_score_factors(self.home, self.away, rho)
            .iter()
            .enumerate()
        {
            for (away, factor) in row.iter().enumerate() {
                if let Some(cell) = cells.get_mut(home).and_then(|row| row.get_mut(away)) {
                    *cell *= factor;
                }
            }
        }
        GoalGrid { cells }
    }

    /// Goals of one side are its own and the shared ones: summed over the shared ones, which loses
    /// nothing where a side has no goals of its own.
    fn convolved(self, shared: f64) -> GoalGrid {
        let home = poisson(self.home - shared);
        let away = poisson(self.away - shared);
        let mut cells = [[0.0; GRID_SIZE]; GRID_SIZE];
        for (together, of_both) in poisson(shared).into_iter().enumerate() {
            for (row, of_home) in cells.iter_mut().skip(together).zip(home) {
                for (cell, of_away) in row.iter_mut().skip(together).zip(away) {
                    *cell += of_both * of_home * of_away;
                }
            }
        }
        GoalGrid { cells }
    }
}

/// Rates of home and away for an expected total and the home side's expected lead, as some feeds
/// tell them.
///
/// # Errors
/// One of the rates would lie outside 0 to [`RATE_MAX`].
pub fn rates_of(total: f64, supremacy: f64) -> Result<(f64, f64), GoalModelError> {
    let rates = (
        f64::midpoint(total, supremacy),
        f64::midpoint(total, -supremacy),
    );
    match check_rates(rates.0, rates.1) {
        Ok(()) => Ok(rates),
        Err(_) => Err(GoalModelError::ExpectationOutOfRange { total, supremacy }),
    }
}

/// The least and the most rho with which no probability is negative.
#[must_use]
pub fn rho_range(home: f64, away: f64) -> (f64, f64) {
    (
        f64::max(-home.recip(), -away.recip()),
        f64::min(1.0, (home * away).recip()),
    )
}

/// By what Dixon and Coles multiply the scores 0-0, 0-1 and 1-0, 1-1. The home side's rate stands
/// where the away side scores, and the other way round.
pub(crate) fn low_score_factors(home: f64, away: f64, rho: f64) -> [[f64; 2]; 2] {
    [
        [1.0 - home * away * rho, 1.0 + home * rho],
        [1.0 + away * rho, 1.0 - rho],
    ]
}

fn check_rates(home: f64, away: f64) -> Result<(), GoalModelError> {
    for rate in [home, away] {
        if !(0.0..=RATE_MAX).contains(&rate) {
            return Err(GoalModelError::RateOutOfRange(rate));
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests;
