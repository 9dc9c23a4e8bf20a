//! One producer: alive or not, up to date or not, what it must be asked.
//!
//! Duty: a producer is up only when the snapshot that was asked for is complete. It goes down when
//! it has been silent for too long, when it says that we are not subscribed, or when the connection
//! breaks; then it is asked, once it is alive again, for everything since the last alive message
//! that was taken while it was up. Prohibition: no asking without a sign of life, and never more
//! often than the other side allows.

use kernel::{Duration, Timestamp};
use std::collections::VecDeque;

/// Silence for longer than this means that the producer is down. It speaks every ten seconds.
pub const ALIVE_WITHIN: Duration = Duration::from_secs(15);
/// The furthest that a recovery may reach back.
pub const WINDOW_MAX: Duration = Duration::from_secs(72 * 3_600);
/// A recovery that is not complete by then is asked for again.
const COMPLETE_WITHIN: Duration = Duration::from_secs(600);
/// So many requests may be made within [`REQUESTS_WITHIN`].
const REQUESTS_MAX: usize = 4;
/// See [`REQUESTS_MAX`].
const REQUESTS_WITHIN: Duration = Duration::from_secs(600);

/// What is to be asked of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Say again everything since then.
    Recovery {
        /// Of which producer.
        product: u32,
        /// Since when.
        after: Timestamp,
        /// Comes back in every message of the recovery.
        request_id: u64,
    },
}

/// Where a producer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not up to date, and nothing was asked yet.
    Down {
        /// Why.
        reason: String,
    },
    /// Asked, and the answer is not complete.
    Recovering {
        /// The number of the request.
        request_id: u64,
        /// When it was made.
        asked_at: Timestamp,
    },
    /// Up to date.
    Up,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    WentDown(String),
    CameUp,
    Asks(Ask),
}

/// A producer.
#[derive(Clone, Debug)]
pub struct Producer {
    product: u32,
    window: Duration,
    condition: Condition,
    /// Its own time in the last alive message that was taken while up.
    processed: Option<Timestamp>,
    /// Its own time in the last alive message of the running recovery.
    recovering: Option<Timestamp>,
    heard_at: Option<Timestamp>,
    requests: VecDeque<Timestamp>,
    next_request: u64,
}

impl Producer {
    /// One that was never heard, whose recoveries reach back as far as `window` (at most
    /// [`WINDOW_MAX`]). Requests are numbered from `first_request`.
    #[must_use]
    pub fn new(product: u32, window: Duration, first_request: u64) -> Self {
        Self {
            product,
            window: Duration::from_micros(window.micros().min(WINDOW_MAX.micros())),
            condition: Condition::Down {
                reason: "not recovered yet".to_owned(),
            },
            processed: None,
            recovering: None,
            heard_at: None,
            requests: VecDeque::new(),
            next_request: first_request,
        }
    }

    /// As before, and up to date until then: what a process remembers of its earlier run.
    #[must_use]
    pub const fn processed_until(mut self, processed: Option<Timestamp>) -> Self {
        self.processed = processed;
        self
    }

    /// Where it stands.
    #[must_use]
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Whether its prices count.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.condition, Condition::Up)
    }

    /// Its own time up to which everything was taken; to be kept for the next run.
    #[must_use]
    pub const fn processed(&self) -> Option<Timestamp> {
        self.processed
    }

    /// Any message of it arrives; of those that are late nothing follows for its life.
    pub(super) fn alive(
        &mut self,
        said_at: Timestamp,
        subscribed: bool,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = self.tick(now);
        self.heard_at = Some(now);
        if !subscribed {
            changes.extend(self.go_down("not subscribed"));
            changes.extend(self.ask(now));
            return changes;
        }
        match self.condition {
            Condition::Up => self.processed = self.processed.max(Some(said_at)),
            Condition::Recovering { .. } => self.recovering = self.recovering.max(Some(said_at)),
            Condition::Down { .. } => {
                changes.extend(self.ask(now));
                if matches!(self.condition, Condition::Recovering { .. }) {
                    self.recovering = Some(said_at);
                }
            }
        }
        changes
    }

    /// The answer to a request is complete. An answer to another one than the last says nothing.
    pub(super) fn complete(&mut self, request: u64) -> Option<Change> {
        match self.condition {
            Condition::Recovering { request_id, .. } if request_id == request => {
                self.condition = Condition::Up;
                self.processed = self.processed.max(self.recovering.take());
                Some(Change::CameUp)
            }
            Condition::Recovering { .. } | Condition::Up | Condition::Down { .. } => None,
        }
    }

    /// It is not up to date any more.
    pub(super) fn go_down(&mut self, reason: &str) -> Option<Change> {
        let was_up = self.is_up();
        self.recovering = None;
        self.condition = Condition::Down {
            reason: reason.to_owned(),
        };
        was_up.then(|| Change::WentDown(reason.to_owned()))
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Timestamp) -> Vec<Change> {
        let silent = self
            .heard_at
            .is_some_and(|heard_at| now.since(heard_at) > ALIVE_WITHIN);
        if silent && !matches!(self.condition, Condition::Down { .. }) {
            return self.go_down("no sign of life").into_iter().collect();
        }
        if let Condition::Recovering { asked_at, .. } = self.condition
            && now.since(asked_at) > COMPLETE_WITHIN
        {
            self.condition = Condition::Down {
                reason: "the recovery did not end".to_owned(),
            };
        }
        // A request that had to wait because of the others.
        let wants = matches!(self.condition, Condition::Down { .. }) && !silent;
        if wants && self.heard_at.is_some() {
            return self.ask(now).into_iter().collect();
        }
        Vec::new()
    }

    fn ask(&mut self, now: Timestamp) -> Option<Change> {
        while self
            .requests
            .front()
            .is_some_and(|asked| now.since(*asked) > REQUESTS_WITHIN)
        {
            self.requests.pop_front();
        }
        if self.requests.len() >= REQUESTS_MAX {
            return None;
        }
        self.requests.push_back(now);
        let request_id = self.next_request;
        self.next_request = request_id.saturating_add(1);
        self.condition = Condition::Recovering {
            request_id,
            asked_at: now,
        };
        let furthest = now.minus(self.window);
        let after = self.processed.map_or(furthest, |at| at.max(furthest));
        Some(Change::Asks(Ask::Recovery {
            product: self.product,
            after,
            request_id,
        }))
    }
}
