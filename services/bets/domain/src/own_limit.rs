//! The customer's own limits on stakes and losses: what each leaves, and which one binds.
//!
//! Duty: the windows (UTC day, week from Monday, calendar month) and what is left in them. Of all
//! limits that apply the lowest binds. Prohibition: nothing is counted here ([`crate::Tally`]
//! counts), and no limit is loosened (auth's matter).

use crate::rejection::Rejection;
use crate::tally::{Tally, beginning_of, day};
use kernel::{Currency, Money, Timestamp};
use std::collections::BTreeMap;

/// What a limit counts, and over which stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnLimit {
    /// The stake of one slip.
    StakeSlip,
    /// What is staked on one UTC day.
    StakeDay,
    /// What is staked in one week, from Monday 00:00 UTC.
    StakeWeek,
    /// What is staked in one calendar month, UTC.
    StakeMonth,
    /// What is lost on one UTC day: stakes less returns of the settlements of that day.
    LossDay,
    /// What is lost in one week.
    LossWeek,
    /// What is lost in one calendar month.
    LossMonth,
}

/// What a limit leaves for one more slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOfLimit {
    /// Which limit.
    pub limit: OwnLimit,
    /// What may still be staked, in minor units; never below nothing.
    pub left_minor: i64,
    /// When its window is over. None: it has no window.
    pub resets_at: Option<Timestamp>,
}

/// A stretch of whole UTC days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    first_day: i64,
    /// The first day after it.
    over_on: i64,
}

impl OwnLimit {
    /// All of them, in the order in which they are told where they leave the same.
    pub const ALL: [Self; 7] = [
        Self::StakeSlip,
        Self::StakeDay,
        Self::StakeWeek,
        Self::StakeMonth,
        Self::LossDay,
        Self::LossWeek,
        Self::LossMonth,
    ];

    /// Its window around a moment. None: it looks at one slip alone.
    fn window(self, at: Timestamp) -> Option<Window> {
        let today = day(at);
        match self {
            Self::StakeSlip => None,
            Self::StakeDay | Self::LossDay => Some(Window {
                first_day: today,
                over_on: today.saturating_add(1),
            }),
            Self::StakeWeek | Self::LossWeek => Some(week(today)),
            Self::StakeMonth | Self::LossMonth => Some(month(today)),
        }
    }

    /// What is used up of it: what was staked, or lost and may still be lost. Every open stake
    /// counts as lost: only so can nothing that happens later break the limit.
    fn used_minor(self, tally: &Tally, window: Window, currency: Currency) -> i64 {
        let counted = tally.since(window.first_day, currency);
        match self {
            Self::StakeSlip => 0,
            Self::StakeDay | Self::StakeWeek | Self::StakeMonth => counted.staked_minor,
            Self::LossDay | Self::LossWeek | Self::LossMonth => {
                counted.lost_minor.saturating_add(tally.open(currency))
            }
        }
    }
}

/// The limit that leaves least; none: there is no limit.
///
/// # Errors
/// A limit is in another currency.
pub(crate) fn lowest(
    limits: &BTreeMap<OwnLimit, Money>,
    tally: &Tally,
    currency: Currency,
    at: Timestamp,
) -> Result<Option<LeftOfLimit>, Rejection> {
    let mut lowest: Option<LeftOfLimit> = None;
    for (limit, amount) in limits {
        if amount.currency() != currency {
            return Err(Rejection::CurrencyMismatch {
                expected: amount.currency(),
            });
        }
        let window = limit.window(at);
        let used = window.map_or(0, |window| limit.used_minor(tally, window, currency));
        let left = LeftOfLimit {
            limit: *limit,
            left_minor: amount.minor().saturating_sub(used).max(0),
            resets_at: window.map(|window| beginning_of(window.over_on)),
        };
        if lowest.is_none_or(|lowest| left.left_minor < lowest.left_minor) {
            lowest = Some(left);
        }
    }
    Ok(lowest)
}

/// The week from Monday; day 0 was a Thursday.
const fn week(today: i64) -> Window {
    let since_monday = today.saturating_add(3).rem_euclid(7);
    let first_day = today.saturating_sub(since_monday);
    Window {
        first_day,
        over_on: first_day.saturating_add(7),
    }
}

/// The calendar month: the last day at or before today that is a first, and the next one.
fn month(today: i64) -> Window {
    let first_day = today.saturating_sub(day_of_month(today).saturating_sub(1));
    let candidates = [28, 29, 30, 31].map(|days| first_day.saturating_add(days));
    let next = candidates.into_iter().find(|day| day_of_month(*day) == 1);
    Window {
        first_day,
        over_on: next.unwrap_or_else(|| first_day.saturating_add(31)),
    }
}

/// Which day of its month a day is, from 1, by the Gregorian calendar: years begin in March, so
/// that the day that comes and goes is the last of a year, and the months' lengths are even.
const fn day_of_month(day: i64) -> i64 {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    const FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    let of_era = day
        .saturating_add(FROM_MARCH_OF_YEAR_0)
        .rem_euclid(DAYS_OF_400_YEARS);
    let leaps = (of_era.div_euclid(1_460))
        .saturating_sub(of_era.div_euclid(36_524))
        .saturating_add(of_era.div_euclid(146_096));
    let year = of_era.saturating_sub(leaps).div_euclid(365);
    let before_year = year
        .saturating_mul(365)
        .saturating_add(year.div_euclid(4))
        .saturating_sub(year.div_euclid(100));
    let of_year = of_era.saturating_sub(before_year);
    let month = of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let before_month = month.saturating_mul(153).saturating_add(2).div_euclid(5);
    of_year.saturating_sub(before_month).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_monday() {
        // 1970-01-05 was a Monday.
        for today in 4..11 {
            assert_eq!((week(today).first_day, week(today).over_on), (4, 11));
        }
        assert_eq!(week(3).first_day, -3);
    }

    /// By the lengths of the months, counted on from 1970.
    #[test]
    fn a_month_is_a_calendar_month() {
        let mut first_day = 0;
        for year in 1970..2470 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                let wanted = Window {
                    first_day,
                    over_on: first_day + days,
                };
                for today in [first_day, first_day + 14, first_day + days - 1] {
                    assert_eq!(month(today), wanted, "day {today} of {year}");
                }
                first_day += days;
            }
        }
    }
}
