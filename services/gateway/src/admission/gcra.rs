//! The generic cell rate algorithm (ITU-T I.371), as arithmetic.
//!
//! Duty: of how far ahead of the present a subject is, tell whether a request passes, how many
//! more would, and when. From rest, `burst` requests pass at once while the rate goes on, so that
//! up to burst + rate can pass in the first minute.
//!
//! Prohibition: no clock and no memory; those are a store's.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "microseconds of a few minutes around now, far from the ends of i64"
)]

use crate::app::RateLimit;

const MINUTE_MICROS: i64 = 60_000_000;

/// A limit as times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gcra {
    /// Between two requests at the sustained rate, in microseconds.
    pub between_micros: i64,
    /// How far ahead of the present a request may be, in microseconds.
    pub tolerance_micros: i64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether it passes.
    pub admitted: bool,
    /// How many more pass now.
    pub remaining: i64,
    /// Seconds until one more passes; at least 1.
    pub next_s: i64,
}

impl Gcra {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let between_micros = MINUTE_MICROS / i64::from(limit.per_minute.max(1));
        Self {
            between_micros,
            tolerance_micros: between_micros * (i64::from(limit.burst.max(1)) - 1),
        }
    }

    /// Whether a request passes whose subject is so far ahead.
    pub(crate) const fn passes(&self, ahead_micros: i64) -> bool {
        ahead_micros <= self.tolerance_micros
    }

    /// What a request is told whose subject was so far ahead before it.
    pub(crate) fn standing(&self, admitted: bool, ahead_micros: i64) -> Standing {
        if admitted {
            Standing {
                admitted,
                remaining: ((self.tolerance_micros - ahead_micros) / self.between_micros).max(0),
                next_s: ceil_seconds(self.between_micros),
            }
        } else {
            Standing {
                admitted,
                remaining: 0,
                next_s: ceil_seconds(ahead_micros - self.tolerance_micros),
            }
        }
    }
}

fn ceil_seconds(micros: i64) -> i64 {
    ((micros + 999_999) / 1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gcra(per_minute: u32, burst: u32) -> Gcra {
        Gcra::new(RateLimit { per_minute, burst })
    }

    #[test]
    fn what_is_left_counts_down_to_nothing() {
        let rule = gcra(100, 150);
        assert_eq!(rule.standing(true, 0).remaining, 149);
        assert_eq!(rule.standing(true, rule.tolerance_micros).remaining, 0);
        assert!(!rule.passes(rule.tolerance_micros + 1));
    }

    #[test]
    fn who_is_refused_waits_whole_seconds_and_at_least_one() {
        let rule = gcra(1, 1);
        let wait = |ahead| rule.standing(false, ahead).next_s;
        assert_eq!((wait(1), wait(1_000_000), wait(1_000_001)), (1, 1, 2));
        assert_eq!(wait(60_000_000), 60);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        /// In any stretch no more pass than the burst and the rate of that stretch.
        #[test]
        fn no_stretch_lets_more_pass_than_burst_and_rate(
            per_minute in 1_u32..2_000,
            burst in 1_u32..500,
            pauses in prop::collection::vec(0_i64..2_000_000, 1..300),
        ) {
            let rule = gcra(per_minute, burst);
            let (mut now, mut due) = (0_i64, 0_i64);
            let mut passed: Vec<i64> = Vec::new();
            for pause in pauses {
                now += pause;
                let ahead = (due - now).max(0);
                if rule.passes(ahead) {
                    due = now + ahead + rule.between_micros;
                    passed.push(now);
                }
            }
            for (index, from) in passed.iter().enumerate() {
                for (more, until) in passed[index..].iter().enumerate() {
                    let allowed = i64::from(burst) + (until - from) / rule.between_micros;
                    prop_assert!(i64::try_from(more + 1).unwrap() <= allowed, "{more} in {}", until - from);
                }
            }
        }
    }
}
