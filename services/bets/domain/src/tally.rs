//! What a customer has staked and lost, by UTC day, as far back as the longest limit looks.
//!
//! Duty: count. A stake counts on the day of its placement unless the slip is rejected; what a
//! slip has lost or won counts on the day of the settlement that is in force, and is taken off
//! that very day when the settlement is reversed; a stake without a settlement in force is open.
//! Prohibition: nothing is compared with a limit here, and no day is kept that no limit can ask
//! for any more, so that a customer of ten years takes no more room than one of a month.

use kernel::{Currency, Timestamp};
use std::collections::BTreeMap;

/// The first day of the longest window is never further back than this: the days of a month, and
/// one for a settlement whose clock was behind.
const DAYS_KEPT: i64 = 32;

/// What was counted on one UTC day, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayTally {
    /// The stakes of slips that were placed.
    pub staked_minor: i64,
    /// The stakes less the returns of settlements in force. Below nothing: the customer has won.
    pub lost_minor: i64,
}

/// A customer's days, and the stakes whose fate is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By currency and the number of the UTC day since 1970.
    pub days: BTreeMap<(Currency, i64), DayTally>,
    /// The stakes of slips without a settlement in force. Follows from the slips.
    pub open_minor: BTreeMap<Currency, i64>,
}

impl Tally {
    /// What was counted from a day on.
    #[must_use]
    pub fn since(&self, first_day: i64, currency: Currency) -> DayTally {
        let days = self
            .days
            .range((currency, first_day)..=(currency, i64::MAX));
        days.fold(DayTally::default(), |sum, (_, day)| sum.plus(*day))
    }

    /// The stakes whose fate is open.
    #[must_use]
    pub fn open(&self, currency: Currency) -> i64 {
        self.open_minor.get(&currency).copied().unwrap_or(0)
    }

    /// Counts on a day.
    pub(crate) fn count(&mut self, day: i64, currency: Currency, more: DayTally) {
        let at = self.days.entry((currency, day)).or_default();
        *at = at.plus(more);
        if *at == DayTally::default() {
            self.days.remove(&(currency, day));
        }
        self.forget(currency);
    }

    /// Lets go of the days that no limit looks back to.
    fn forget(&mut self, currency: Currency) {
        let all = (currency, i64::MIN)..=(currency, i64::MAX);
        let Some(((_, newest), _)) = self.days.range(all.clone()).next_back() else {
            return;
        };
        let oldest = newest.saturating_sub(DAYS_KEPT);
        while let Some((past, _)) = self.days.range(all.clone()).next()
            && past.1 < oldest
        {
            let past = *past;
            self.days.remove(&past);
        }
    }

    /// A stake's fate is open from here, or (below nothing) no more.
    pub(crate) fn count_open(&mut self, currency: Currency, minor: i64) {
        let open = self.open_minor.entry(currency).or_default();
        *open = open.saturating_add(minor);
        if *open == 0 {
            self.open_minor.remove(&currency);
        }
    }
}

impl DayTally {
    /// So much more staked; less, if below nothing.
    pub(crate) const fn staked(minor: i64) -> Self {
        Self {
            staked_minor: minor,
            lost_minor: 0,
        }
    }

    /// So much more lost; won, if below nothing.
    pub(crate) const fn lost(minor: i64) -> Self {
        Self {
            staked_minor: 0,
            lost_minor: minor,
        }
    }

    const fn plus(self, more: Self) -> Self {
        Self {
            staked_minor: self.staked_minor.saturating_add(more.staked_minor),
            lost_minor: self.lost_minor.saturating_add(more.lost_minor),
        }
    }
}

/// The number of the UTC day since 1970.
pub(crate) const fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_MICROS)
}

/// The beginning of a UTC day.
pub(crate) const fn beginning_of(day: i64) -> Timestamp {
    Timestamp::from_micros(day.saturating_mul(DAY_MICROS))
}

const DAY_MICROS: i64 = 86_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Currency = Currency::Eur;

    #[test]
    fn days_before_the_longest_window_are_forgotten() {
        let mut tally = Tally::default();
        for day in 0..400 {
            tally.count(day, EUR, DayTally::staked(1));
            tally.count(day, Currency::Usd, DayTally::lost(-1));
        }
        assert_eq!(tally.days.len(), 2 * 33);
        assert_eq!(tally.since(399 - 30, EUR), DayTally::staked(31));
        assert_eq!(tally.since(399, Currency::Usd), DayTally::lost(-1));
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut tally = Tally::default();
        tally.count(3, EUR, DayTally::lost(7));
        tally.count(3, EUR, DayTally::lost(-7));
        tally.count_open(EUR, 5);
        tally.count_open(EUR, -5);
        assert_eq!(tally, Tally::default());
    }
}
