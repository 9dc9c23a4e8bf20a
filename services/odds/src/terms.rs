//! The house's terms that decisions of odds depend on.
//!
//! Duty: give commands the numbers that an operator configures. Prohibition: the decider never
//! sees this type; what it needs is copied into commands and so into events.

use kernel::{Currency, Money};
use odds_domain::ExposureTerms;

/// Exposure terms of new markets. Those of markets on offer stay as they were offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    bets_partitions: u16,
    exposure_max: Money,
    budget_each: Money,
    lean_step_minor: Option<i64>,
}

/// Part of a market's exposure maximum that stays in reserve when it is offered, to be granted
/// where it is asked for.
const RESERVE_PERCENT: i64 = 50;

impl Terms {
    /// Terms for so many bets partitions (at least one): half of the maximum is spread over them
    /// evenly, the other half is granted on request.
    #[must_use]
    pub fn new(bets_partitions: u16, exposure_max: Money) -> Self {
        let bets_partitions = bets_partitions.max(1);
        let spread = exposure_max
            .minor()
            .max(0)
            .checked_div(100)
            .and_then(|percent| percent.checked_mul(100_i64.saturating_sub(RESERVE_PERCENT)))
            .and_then(|spread| spread.checked_div(i64::from(bets_partitions)))
            .unwrap_or(0);
        Self {
            bets_partitions,
            exposure_max,
            budget_each: Money::from_minor(spread, exposure_max.currency()),
            lean_step_minor: None,
        }
    }

    /// New markets lean by themselves whenever an exposure has moved by so many thousandths of the
    /// exposure maximum; 0: they do not.
    #[must_use]
    pub fn leaning_every(self, permille: u16) -> Self {
        let step = self
            .exposure_max
            .minor()
            .checked_div(1_000)
            .map(|part| part.saturating_mul(i64::from(permille)).max(1));
        Self {
            lean_step_minor: step.filter(|_| permille > 0),
            ..self
        }
    }

    /// By how much an exposure moves before prices of a new market lean anew.
    #[must_use]
    pub const fn lean_step_minor(&self) -> Option<i64> {
        self.lean_step_minor
    }

    /// A hundred thousand euros a market.
    #[must_use]
    pub fn standard(bets_partitions: u16) -> Self {
        Self::new(
            bets_partitions,
            Money::from_minor(10_000_000, Currency::Eur),
        )
    }

    /// How many partitions bets has.
    #[must_use]
    pub const fn bets_partitions(&self) -> u16 {
        self.bets_partitions
    }

    /// What a new market is offered with.
    #[must_use]
    pub const fn exposure(&self) -> ExposureTerms {
        ExposureTerms {
            exposure_max: self.exposure_max,
            budget_each: self.budget_each,
        }
    }
}

/// Nothing of another journal is looked at.
impl runtime::Context for Terms {
    fn covers(&self, _: kernel::Position) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaning_is_off_unless_the_house_asks_for_it() {
        let terms = Terms::standard(8);
        assert_eq!(terms.lean_step_minor(), None);
        assert_eq!(terms.leaning_every(0).lean_step_minor(), None);
        assert_eq!(terms.leaning_every(50).lean_step_minor(), Some(500_000));
    }

    #[test]
    fn beginnings_leave_a_reserve() {
        let terms = Terms::new(8, Money::from_minor(1_000_000, Currency::Eur)).exposure();
        assert_eq!(terms.budget_each.minor(), 62_500);
        let tiny = Terms::new(64, Money::from_minor(10, Currency::Eur)).exposure();
        assert_eq!(tiny.budget_each.minor(), 0);
    }
}
