//! The goal model that several commands ask for, from their arguments.
//!
//! Duty: rates, dependence, score and minute become a grid of goals to come, or a message that
//! names the argument. Prohibition: nothing is computed here.

use crate::exit::Failure;
use clap::Args;
use odds_domain::goals::{GoalModel, GoalModelError, MATCH_MINUTES, rates_of};
use odds_domain::outcome::Score;

/// A match, as a goal model sees it.
#[derive(Clone, Copy, Debug, Args)]
pub struct Match {
    /// Goals that the home side is expected to score in a whole match
    #[arg(
        long,
        value_name = "RATE",
        requires = "away",
        required_unless_present = "total"
    )]
    home: Option<f64>,
    /// Goals that the away side is expected to score in a whole match
    #[arg(
        long,
        value_name = "RATE",
        requires = "home",
        required_unless_present = "total"
    )]
    away: Option<f64>,
    /// Instead of the two rates: expected goals of both sides together
    #[arg(long, value_name = "GOALS", requires = "supremacy", conflicts_with_all = ["home", "away"])]
    total: Option<f64>,
    /// Instead of the two rates: by how many goals the home side is expected to lead
    #[arg(long, value_name = "GOALS", requires = "total", conflicts_with_all = ["home", "away"])]
    supremacy: Option<f64>,
    /// Correlation at low scores (Dixon-Coles)
    #[arg(long, conflicts_with = "shared")]
    rho: Option<f64>,
    /// Goals that fall on both sides together, on average (bivariate Poisson)
    #[arg(long, value_name = "GOALS")]
    shared: Option<f64>,
    /// The present score, such as 1-0
    #[arg(long, requires = "minute")]
    score: Option<Score>,
    /// Minutes played, 0 to 90
    #[arg(long, requires = "score")]
    minute: Option<f64>,
}

impl Match {
    /// The score so far.
    pub fn score(&self) -> Score {
        self.score.unwrap_or_default()
    }

    /// Whether the match has begun.
    pub const fn is_in_play(&self) -> bool {
        self.score.is_some()
    }

    /// The model of what is left to play.
    ///
    /// # Errors
    /// Numbers that make no model.
    pub fn model(&self) -> Result<GoalModel, Failure> {
        let model = self.of_whole_match()?;
        match self.minute {
            None => Ok(model),
            Some(minute) if (0.0..=MATCH_MINUTES).contains(&minute) => model
                .with_minutes_left(minutes_left(minute))
                .map_err(|error| Failure::Usage(format!("--minute: {error}"))),
            Some(minute) => Err(Failure::Usage(format!(
                "--minute: between 0 and {MATCH_MINUTES}, got {minute}"
            ))),
        }
    }

    fn of_whole_match(&self) -> Result<GoalModel, Failure> {
        let (home, away) = match (self.total, self.supremacy) {
            (Some(total), Some(supremacy)) => {
                rates_of(total, supremacy).map_err(|error| usage("--total", &error))?
            }
            (None, _) | (_, None) => (self.home.unwrap_or_default(), self.away.unwrap_or_default()),
        };
        let model = match self.shared {
            Some(shared) => GoalModel::bivariate(home, away, shared),
            None => GoalModel::dixon_coles(home, away, self.rho.unwrap_or_default()),
        };
        model.map_err(|error| {
            let of_home = matches!(error, GoalModelError::RateOutOfRange(rate) if rate.to_bits() == home.to_bits());
            usage(if of_home { "--home" } else { "--away" }, &error)
        })
    }
}

/// The message, with the argument that it speaks of; `rate` where that is a scoring rate.
fn usage(rate: &str, error: &GoalModelError) -> Failure {
    let argument = match error {
        GoalModelError::RateOutOfRange(_) => rate,
        GoalModelError::RhoOutOfRange { .. } => "--rho",
        GoalModelError::SharedOutOfRange { .. } => "--shared",
        GoalModelError::ExpectationOutOfRange { .. } => "--supremacy",
        GoalModelError::MinutesOutOfRange(_) => "--minute",
    };
    Failure::Usage(format!("{argument}: {error}"))
}

#[expect(
    clippy::float_arithmetic,
    reason = "minutes of a match, for a model of floats"
)]
fn minutes_left(minute: f64) -> f64 {
    MATCH_MINUTES - minute
}
