//! The rate limit: so many requests a minute for each subject.
//!
//! Duty: the generic cell rate algorithm with one instant per subject, and the header fields
//! that tell a client where it stands. From rest, `burst` requests pass at once while the rate
//! goes on, so that up to burst + rate can pass in the first minute.
//!
//! Prohibition: it never delays; it admits or refuses.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "microseconds of a few minutes around now, far from the ends of i64"
)]

use crate::app::RateLimit;
use kernel::{CustomerId, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const MINUTE_MICROS: i64 = 60_000_000;
const SUBJECTS_SWEPT_ABOVE: usize = 50_000;

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A signed-in customer, wherever from.
    Customer(CustomerId),
    /// Somebody without a token.
    Address(Option<IpAddr>),
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

/// The limiter of one process.
pub(crate) struct RateLimiter {
    limit: RateLimit,
    between_micros: i64,
    tolerance_micros: i64,
    /// When each subject's next request would be due at the sustained rate.
    due: Mutex<BTreeMap<Subject, i64>>,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let between_micros = MINUTE_MICROS / i64::from(limit.per_minute.max(1));
        Self {
            limit,
            between_micros,
            tolerance_micros: between_micros * (i64::from(limit.burst.max(1)) - 1),
            due: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts one request.
    pub(crate) fn count(&self, subject: Subject, now: Timestamp) -> Standing {
        let now = now.micros();
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > SUBJECTS_SWEPT_ABOVE {
            all.retain(|_, due| *due > now);
        }
        let due = all.entry(subject).or_insert(now);
        let ahead = (*due - now).max(0);
        if ahead > self.tolerance_micros {
            let wait = ahead - self.tolerance_micros;
            return Standing {
                admitted: false,
                remaining: 0,
                next_s: ceil_seconds(wait),
            };
        }
        *due = now + ahead + self.between_micros;
        Standing {
            admitted: true,
            remaining: (self.tolerance_micros - ahead) / self.between_micros,
            next_s: ceil_seconds(self.between_micros),
        }
    }

    /// The `RateLimit-Policy` field.
    pub(crate) fn policy(&self) -> String {
        format!("\"user\";q={};w=60", self.limit.per_minute)
    }
}

fn ceil_seconds(micros: i64) -> i64 {
    ((micros + 999_999) / 1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Subject = Subject::Address(None);

    fn limiter() -> RateLimiter {
        RateLimiter::new(RateLimit {
            per_minute: 100,
            burst: 150,
        })
    }

    fn passed(limiter: &RateLimiter, at_ms: i64, tries: usize) -> usize {
        let now = Timestamp::from_millis(at_ms);
        (0..tries)
            .filter(|_| limiter.count(ANNA, now).admitted)
            .count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limiter = limiter();
        assert_eq!(passed(&limiter, 0, 500), 150);
        assert_eq!(passed(&limiter, 599, 10), 0);
        assert_eq!(passed(&limiter, 600, 10), 1);
        assert_eq!(passed(&limiter, 60_600, 500), 100);
        assert_eq!(passed(&limiter, 1_000_000, 500), 150);
    }

    #[test]
    fn who_is_refused_is_told_how_long_to_wait() {
        let limiter = limiter();
        assert_eq!(limiter.count(ANNA, Timestamp::default()).remaining, 149);
        passed(&limiter, 0, 149);
        let refused = limiter.count(ANNA, Timestamp::default());
        assert_eq!((refused.admitted, refused.next_s), (false, 1));
    }

    #[test]
    fn subjects_do_not_share() {
        let limiter = limiter();
        passed(&limiter, 0, 500);
        let bob = Subject::Customer(CustomerId::example(1, 0));
        assert!(limiter.count(bob, Timestamp::default()).admitted);
    }
}
