//! Attack and defence of each side, the advantage of playing at home and rho, from results.
//!
//! Duty: the most likely parameters of the Dixon-Coles model for weighted results, by a search
//! that takes the same steps for the same results in whatever order they come. Prohibition: no
//! clock; how old a result is, the caller says.
//!
//! Scoring rates: ln home = base + at_home + attack(home) - defence(away), ln away = base +
//! attack(away) - defence(home). A result weighs exp(-xi · days). Attacks add up to 0 over the
//! sides, and so do defences. `ridge` draws both towards 0, as much as that many matches of an
//! average side would; without it a side that never scored has no finite attack.
//!
//! The search: scaled gradient steps, each halved until the likelihood rises, from 0 and average
//! goals, with rho within 0.2 of nothing. It ends when no derivative is above [`TOLERANCE`] times
//! the total weight (or when floats can tell no step that leads higher, and none is above its
//! square root), and fails after [`STEPS_MAX`] steps. It uses exp and ln of the platform: one build on one kind of machine gives
//! the same bits, another may differ in the last ones.
#![expect(
    clippy::float_arithmetic,
    reason = "fitting is real arithmetic; no result enters a decision unquantised"
)]

mod linear;
mod search;

use super::{GoalModel, GoalModelError, RATE_MAX, rho_range};
use crate::outcome::Score;
use std::collections::{BTreeMap, BTreeSet};

/// The search is over when no derivative is above this times the total weight.
pub const TOLERANCE: f64 = 1e-10;
/// The search fails after so many steps.
pub const STEPS_MAX: u32 = 500;

/// A result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlayedMatch {
    /// On which day, in whatever count of days.
    pub day: i64,
    /// The side at home.
    pub home: String,
    /// The visitors.
    pub away: String,
    /// Goals at the end.
    pub score: Score,
}

/// What is to be fitted, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitTerms {
    /// The day from which the age of results is counted. Later results are not looked at.
    pub as_of: i64,
    /// How fast results lose weight, a day: 0.0018 halves it in a year and twenty days.
    pub xi: f64,
    /// How many average matches draw each side towards the average.
    pub ridge: f64,
    /// Whether rho is fitted as well; otherwise it is 0.
    pub with_rho: bool,
}

impl FitTerms {
    /// The usual weights, and two matches' worth of caution.
    #[must_use]
    pub const fn standard(as_of: i64) -> Self {
        Self {
            as_of,
            xi: 0.0018,
            ridge: 2.0,
            with_rho: true,
        }
    }
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Weights that do not fall with age.
    #[error("xi is a number of 0 or more, got {0}")]
    XiOutOfRange(f64),
    /// Caution that would drive apart.
    #[error("ridge is a number of 0 or more, got {0}")]
    RidgeOutOfRange(f64),
    /// Nothing to learn from.
    #[error("no match with a goal was played before that day")]
    NoGoals,
    /// The likelihood still rises: there may be no finite maximum.
    #[error(
        "no maximum found in {STEPS_MAX} steps (derivative {gradient}); a side without goals needs a ridge above 0"
    )]
    NotConverged {
        /// The largest derivative left, per unit of weight.
        gradient: f64,
    },
    /// A side that has not played.
    #[error("{0:?} has no result among those fitted")]
    SideUnknown(String),
    /// Rates that no grid holds.
    #[error("the fitted rates make no model")]
    Model(#[from] GoalModelError),
}

/// One side against the average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strength {
    /// What its goals are multiplied by, as a logarithm.
    pub attack: f64,
    /// What its opponents' goals are divided by, as a logarithm.
    pub defence: f64,
}

/// The most likely parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Logarithm of the goals of an average side away from home.
    pub base: f64,
    /// Logarithm of the factor for playing at home.
    pub at_home: f64,
    /// Correlation at low scores.
    pub rho: f64,
    /// By side.
    pub sides: BTreeMap<String, Strength>,
    /// How many results were looked at.
    pub matches: usize,
    /// Their weights together.
    pub weight: f64,
    /// Weighted logarithm of the likelihood, without the ridge.
    pub log_likelihood: f64,
    /// How many steps it took.
    pub steps: u32,
}

impl Fit {
    /// The model of a match between two sides. A rate above what the grid holds is cut there, and
    /// rho to what the rates allow.
    ///
    /// # Errors
    /// A side that has not played.
    pub fn model(&self, home: &str, away: &str) -> Result<GoalModel, FitError> {
        let side = |name: &str| {
            self.sides
                .get(name)
                .copied()
                .ok_or_else(|| FitError::SideUnknown(name.to_owned()))
        };
        let (host, guest) = (side(home)?, side(away)?);
        let home = (self.base + self.at_home + host.attack - guest.defence).exp();
        let away = (self.base + guest.attack - host.defence).exp();
        let (home, away) = (home.min(RATE_MAX), away.min(RATE_MAX));
        let (least, most) = rho_range(home, away);
        Ok(GoalModel::dixon_coles(
            home,
            away,
            self.rho.clamp(least, most),
        )?)
    }
}

/// The most likely parameters for these results.
///
/// # Errors
/// Terms that make no sense, nothing to learn from, or a search that found no maximum.
pub fn fit(played: &[PlayedMatch], terms: &FitTerms) -> Result<Fit, FitError> {
    if !(terms.xi.is_finite() && terms.xi >= 0.0) {
        return Err(FitError::XiOutOfRange(terms.xi));
    }
    if !(terms.ridge.is_finite() && terms.ridge >= 0.0) {
        return Err(FitError::RidgeOutOfRange(terms.ridge));
    }
    // In one order, so that sums round in one way.
    let mut known: Vec<&PlayedMatch> = played.iter().filter(|m| m.day <= terms.as_of).collect();
    known.sort_unstable();
    let names: BTreeSet<&str> = known
        .iter()
        .flat_map(|m| [m.home.as_str(), m.away.as_str()])
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let place = |name: &str| names.binary_search(&name).unwrap_or(0);
    let weighed: Vec<search::Weighed> = known
        .iter()
        .map(|m| search::Weighed {
            home: place(&m.home),
            away: place(&m.away),
            goals: m.score,
            weight: (-terms.xi * days(terms.as_of.saturating_sub(m.day))).exp(),
        })
        .collect();
    if weighed.iter().all(|m| m.goals == Score::default()) {
        return Err(FitError::NoGoals);
    }
    let found = search::most_likely(&weighed, names.len(), terms)?;
    Ok(Fit {
        base: found.base,
        at_home: found.at_home,
        rho: found.rho,
        sides: names
            .iter()
            .zip(found.attacks.iter().zip(&found.defences))
            .map(|(name, (&attack, &defence))| ((*name).to_owned(), Strength { attack, defence }))
            .collect(),
        matches: weighed.len(),
        weight: weighed.iter().map(|m| m.weight).sum(),
        log_likelihood: found.log_likelihood,
        steps: found.steps,
    })
}

/// Days as a float; beyond some ten thousand years they all weigh nothing.
fn days(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests;
