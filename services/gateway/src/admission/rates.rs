//! The rate limit: so many requests a minute for each subject, in all gateways together.
//!
//! Duty: count in the store that the gateways share, where there is one, and beside it in a bucket
//! of this process. While the store is away the buckets of the process go on from what was last
//! known: a subject who was out of requests does not get a new burst of them; with `n` gateways up to
//! `n` times the rate passes until the store is back. Nobody waits longer than the store's patience
//! for it, and after a failure one request a second asks, not each.
//!
//! Prohibition: it never delays; it admits or refuses.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "microseconds of a few minutes around now, far from the ends of i64"
)]

use super::gcra::{Gcra, Standing};
use crate::app::RateLimit;
use crate::ports::{RateStore, RateTake};
use kernel::{CustomerId, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SUBJECTS_SWEPT_ABOVE: usize = 50_000;
/// After a failure the store is left alone for so long.
const LEFT_ALONE_MICROS: i64 = 1_000_000;

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A signed-in customer, wherever from.
    Customer(CustomerId),
    /// Somebody without a token.
    Address(Option<IpAddr>),
    /// Failed sign-ins from there.
    Failures(Option<IpAddr>),
}

impl Subject {
    /// Somebody without a token. Whoever has an IPv6 address has a network of them: it counts as
    /// one.
    pub(crate) fn address(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(network_of))
    }

    /// Failed sign-ins from an address.
    pub(crate) fn failures(address: Option<IpAddr>) -> Self {
        Self::Failures(address.map(network_of))
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The subject's key in a store.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, address) = match self {
            Self::Customer(customer) => return write!(f, "furlong:rate:{customer}"),
            Self::Address(address) => ("address", address),
            Self::Failures(address) => ("failures", address),
        };
        match address {
            Some(address) => write!(f, "furlong:rate:{kind}:{address}"),
            None => write!(f, "furlong:rate:{kind}:none"),
        }
    }
}

/// Why the store is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Away {
    why: String,
    since: Timestamp,
    /// Nobody asks it before.
    again_micros: i64,
}

/// The rates of one process.
pub(crate) struct Rates {
    limit: RateLimit,
    requests: Gcra,
    failures: Gcra,
    /// When each subject's next request would be due at the sustained rate.
    due: Mutex<BTreeMap<Subject, i64>>,
    store: Option<Arc<dyn RateStore>>,
    away: Mutex<Option<Away>>,
    counted_alone: AtomicU64,
}

impl Rates {
    /// `store`: what the gateways share; none: this process counts alone.
    pub(crate) fn new(limit: RateLimit, store: Option<Arc<dyn RateStore>>) -> Self {
        // Whoever fails to sign in so often from one place is trying logins out.
        let fifth = |count: u32| count.div_ceil(5);
        Self {
            limit,
            requests: Gcra::new(limit),
            failures: Gcra::new(RateLimit {
                per_minute: fifth(limit.per_minute),
                burst: fifth(limit.burst),
            }),
            due: Mutex::new(BTreeMap::new()),
            store,
            away: Mutex::new(None),
            counted_alone: AtomicU64::new(0),
        }
    }

    /// Counts one request.
    pub(crate) async fn count(&self, subject: Subject, now: Timestamp) -> Standing {
        self.ask(subject, now, true).await
    }

    /// Where the subject stands; nothing is counted.
    pub(crate) async fn look(&self, subject: Subject, now: Timestamp) -> Standing {
        self.ask(subject, now, false).await
    }

    async fn ask(&self, subject: Subject, now: Timestamp, takes: bool) -> Standing {
        let rule = match subject {
            Subject::Customer(_) | Subject::Address(_) => self.requests,
            Subject::Failures(_) => self.failures,
        };
        let take_micros = if takes { rule.between_micros } else { 0 };
        if let Some(store) = self.store.as_ref().filter(|_| self.may_ask(now)) {
            let key = subject.to_string();
            let take = RateTake {
                tolerance_micros: rule.tolerance_micros,
                take_micros,
            };
            match store.take(&key, take).await {
                Ok(taken) => {
                    self.store_is_back();
                    let after = taken.ahead_micros + if taken.admitted { take_micros } else { 0 };
                    self.keep(subject, now.micros() + after, now);
                    return rule.standing(taken.admitted, taken.ahead_micros);
                }
                Err(away) => self.store_is_away(away.0, now),
            }
        }
        if self.store.is_some() {
            self.counted_alone.fetch_add(1, Ordering::Relaxed);
        }
        self.alone(rule, subject, now, take_micros)
    }

    /// Counts in this process alone.
    fn alone(&self, rule: Gcra, subject: Subject, now: Timestamp, take_micros: i64) -> Standing {
        let mut all = self.swept(now);
        let due = all.get(&subject).copied().unwrap_or(0);
        let ahead = (due - now.micros()).max(0);
        let admitted = rule.passes(ahead);
        if admitted && take_micros > 0 {
            all.insert(subject, now.micros() + ahead + take_micros);
        }
        rule.standing(admitted, ahead)
    }

    /// Keeps what the store said, for when it is away.
    fn keep(&self, subject: Subject, due_micros: i64, now: Timestamp) {
        self.swept(now).insert(subject, due_micros);
    }

    fn swept(&self, now: Timestamp) -> MutexGuard<'_, BTreeMap<Subject, i64>> {
        let mut all = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > SUBJECTS_SWEPT_ABOVE {
            all.retain(|_, due| *due > now.micros());
        }
        all
    }

    fn away(&self) -> MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the store is to be asked. While it is away, one request a second finds out.
    fn may_ask(&self, now: Timestamp) -> bool {
        match &mut *self.away() {
            None => true,
            Some(away) if now.micros() >= away.again_micros => {
                away.again_micros = now.micros() + LEFT_ALONE_MICROS;
                true
            }
            Some(_) => false,
        }
    }

    fn store_is_back(&self) {
        if let Some(away) = self.away().take() {
            tracing::info!(why = away.why, "the rate store answers again");
        }
    }

    fn store_is_away(&self, why: String, now: Timestamp) {
        let mut away = self.away();
        let since = away.as_ref().map_or(now, |away| away.since);
        if away.is_none() {
            tracing::warn!(why, "the rate store is away: every gateway counts alone");
        }
        *away = Some(Away {
            why,
            since,
            again_micros: now.micros() + LEFT_ALONE_MICROS,
        });
    }

    /// What is wrong with the store, if anything is.
    pub(crate) fn trouble(&self) -> Option<String> {
        let away = self.away();
        away.as_ref().map(|away| {
            let since = crate::shapes::time(away.since);
            let since = since.as_str().unwrap_or_default();
            format!("{}; every gateway counts alone since {since}", away.why)
        })
    }

    /// The `RateLimit-Policy` field.
    pub(crate) fn policy(&self) -> String {
        format!("\"user\";q={};w=60", self.limit.per_minute)
    }

    /// Whether the store is not away, and how many requests were counted without it; where there
    /// is none, none is missed.
    pub(crate) fn store_figures(&self) -> (bool, u64) {
        let alone = self.counted_alone.load(Ordering::Relaxed);
        (self.away().is_none(), alone)
    }
}

#[cfg(test)]
mod tests;
