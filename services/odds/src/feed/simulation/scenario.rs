//! What kind of match day is played.
//!
//! Duty: names and numbers of the scenarios. Prohibition: no play.

use kernel::Duration;
use std::fmt;
use std::str::FromStr;

/// A match day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Twelve matches that begin one after the other, prices on the move.
    DerbyDay,
    /// One match that everybody bets on, prices moving all the time.
    CupFinal,
    /// Three matches, far apart, prices seldom moving.
    Quiet,
}

/// No scenario of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scenario; known are derby-day, cup-final and quiet")]
pub struct UnknownScenario(String);

impl Scenario {
    /// All scenarios.
    pub const ALL: &'static [Self] = &[Self::DerbyDay, Self::CupFinal, Self::Quiet];

    /// How many matches there are at a time. Whenever one is over, another is announced.
    #[must_use]
    pub const fn matches(self) -> u16 {
        match self {
            Self::DerbyDay => 12,
            Self::CupFinal => 1,
            Self::Quiet => 3,
        }
    }

    /// From the announcement of the day to the first kick-off.
    pub(super) const fn first_kick_off_after(self) -> Duration {
        match self {
            Self::DerbyDay => Duration::from_secs(20),
            Self::CupFinal => Duration::from_secs(30),
            Self::Quiet => Duration::from_secs(60),
        }
    }

    /// Between two kick-offs.
    pub(super) const fn kick_offs_every(self) -> Duration {
        match self {
            Self::DerbyDay => Duration::from_secs(20),
            Self::CupFinal => Duration::from_secs(1),
            Self::Quiet => Duration::from_secs(90),
        }
    }

    /// Between two looks at a market's price.
    pub(super) const fn prices_every(self) -> Duration {
        match self {
            Self::DerbyDay => Duration::from_secs(2),
            Self::CupFinal => Duration::from_millis(500),
            Self::Quiet => Duration::from_secs(5),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DerbyDay => "derby-day",
            Self::CupFinal => "cup-final",
            Self::Quiet => "quiet",
        })
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Self::ALL
            .iter()
            .find(|scenario| scenario.to_string() == text)
            .copied()
            .ok_or_else(|| UnknownScenario(text.to_owned()))
    }
}
