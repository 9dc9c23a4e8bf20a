//! Feed sources: how far each has been heard, and when it was.
//!
//! Duty: tell repeats, gaps and silence. Prohibition: no clock: time comes with heartbeats, so a
//! source is taken to have been heard at the heartbeat that follows its message, never earlier
//! than it was.

use crate::event::Doubt;
use kernel::{MarketId, Timestamp};
use std::collections::BTreeSet;

/// A feed source as one partition knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The last message taken.
    pub sequence: u64,
    /// Heard since the last heartbeat.
    pub fresh: bool,
    /// By when it was last heard, as of the last heartbeat.
    pub last_heard_at: Option<Timestamp>,
    /// It has been silent for too long.
    pub silent: bool,
    /// It said that it is not up to date, and why. Until it has come up, what it says of a market
    /// ends no doubt.
    pub down: Option<String>,
    /// Its markets that may still take bets.
    pub live: BTreeSet<MarketId>,
    /// Those of them that are still to be suspended because of a doubt.
    pub doubted: BTreeSet<MarketId>,
    /// The suspension of doubted markets, while it goes on.
    pub sweep: Option<Sweep>,
}

/// Suspending the markets of a source in doubt, some in each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Counts the sweeps of this partition.
    pub number: u64,
    /// How many markets were suspended by it.
    pub done: u32,
    /// Why.
    pub doubt: Doubt,
}

/// Whether two sources are of one family: named alike up to the first slash. They share their
/// markets, and whoever priced a market last answers for it.
#[must_use]
pub(crate) fn are_kin(one: &str, other: &str) -> bool {
    let family = |name: &'_ str| name.split_once('/').map(|(family, _)| family.to_owned());
    one == other || (family(one).is_some() && family(one) == family(other))
}

/// How many markets one record suspends.
pub const SWEEP_PART: u32 = 500;

impl Sweep {
    /// Which part comes next, from 1.
    #[must_use]
    pub fn part(&self) -> u32 {
        self.done
            .checked_div(SWEEP_PART)
            .unwrap_or(0)
            .saturating_add(1)
    }
}

impl Source {
    /// A market needs no suspension (any more).
    pub(crate) fn clear(&mut self, market: MarketId) {
        self.doubted.remove(&market);
        self.end_sweep_when_done();
    }

    pub(crate) fn end_sweep_when_done(&mut self) {
        if self.doubted.is_empty() {
            self.sweep = None;
        }
    }
}
