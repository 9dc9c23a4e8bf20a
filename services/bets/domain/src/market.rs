//! What bets knows of a market: its slips, its result, the work on them, the room for risk.
//!
//! Duty: the shapes and their small arithmetic. Prohibition: no prices and no suspension; those
//! are evidence, looked at when a slip is judged and not remembered.

use crate::cancellation::{Cancellation, CancelledBy};
use crate::liability::OpenStakes;
use crate::settlement::{LegResult, Placing, Score, Withdrawal};
use kernel::{BetId, Price, SelectionId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A market on which this partition has, or had, slips.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Market {
    /// Set by the first settlement, for good: no slip is placed or struck here any more.
    pub closed: bool,
    /// The result in force.
    pub result: Option<ResultInForce>,
    /// The highest number of a result seen.
    pub last_result: u32,
    /// How many legs carry an outcome.
    pub decided_legs: u32,
    /// Which stretches of bets do not count.
    pub cancellations: BTreeMap<CancelledBy, Cancellation>,
    /// Work on the slips, in the order of its starting records.
    pub jobs: VecDeque<Job>,
    /// The room for risk.
    pub budget: Budget,
    /// What stands on each selection. Follows from the slips.
    pub open: BTreeMap<SelectionId, OpenStakes>,
    /// Struck slips with a leg here. Follows from the slips.
    pub struck: BTreeSet<BetId>,
    /// Pending slips with a leg here. Follows from the slips.
    pub pending: BTreeSet<BetId>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultInForce {
    /// Results of a market count from 1.
    pub number: u32,
    /// What became of each selection.
    pub outcomes: BTreeMap<SelectionId, LegResult>,
    /// What else is known of the end.
    pub detail: ResultDetail,
}

/// What some legs need to know besides the outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultDetail {
    /// How many ran.
    pub runners: Option<u16>,
    /// The final score.
    pub score: Option<Score>,
    /// Where selections came in; who is missing was not placed. Empty: not told.
    pub placings: BTreeMap<SelectionId, Placing>,
    /// Who was withdrawn, and at which version of the market.
    pub withdrawals: Vec<Withdrawal>,
    /// The starting prices.
    pub starting_prices: BTreeMap<SelectionId, Price>,
}

/// Work on all slips of a market, done in parts in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The count of its start.
    pub started_by: u64,
    /// What is done.
    pub kind: JobKind,
    /// The number of the result concerned; of work for cancellations, 0.
    pub result: u32,
    /// How many parts are done.
    pub parts_done: u32,
    /// The last slip looked at.
    pub last: Option<BetId>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Give legs the outcomes of the result.
    Settle,
    /// Take the outcomes of the result off the legs.
    Rollback,
    /// Bring the legs in step with the cancellations in force.
    Cancellations,
}

impl JobKind {
    /// Whether work of this kind leaves older work of another, or of its own, nothing to do.
    pub(crate) const fn makes_idle(self, older: Self) -> bool {
        match (self, older) {
            (Self::Settle | Self::Rollback, Self::Settle)
            | (Self::Cancellations, Self::Cancellations) => true,
            (Self::Settle | Self::Rollback | Self::Cancellations, _) => false,
        }
    }
}

/// The room for risk on a market, in minor units of the market's currency. All but `used` are
/// totals that only grow, so that grants and returns can be told twice without harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// All that was ever granted, the beginning included; 0: only the beginning.
    pub granted_minor: i64,
    /// All that was ever asked for, the beginning included.
    pub requested_minor: i64,
    /// All that was ever given back.
    pub returned_minor: i64,
    /// What the slips risk. Settlement frees nothing, because a result can be withdrawn.
    pub used_minor: i64,
}

impl Budget {
    /// What may still be risked, where every partition began with `budget_each`.
    #[must_use]
    pub const fn room_minor(&self, budget_each: i64) -> i64 {
        let granted = if self.granted_minor > budget_each {
            self.granted_minor
        } else {
            budget_each
        };
        granted
            .saturating_sub(self.returned_minor)
            .saturating_sub(self.used_minor)
    }
}

impl Market {
    /// Whether an outcome that comes from this result counts.
    #[must_use]
    pub fn is_in_force(&self, result: u32) -> bool {
        self.result
            .as_ref()
            .is_some_and(|in_force| in_force.number == result)
    }

    /// Whether nothing here hangs on a result.
    pub(crate) fn has_no_slips(&self) -> bool {
        self.struck.is_empty() && self.pending.is_empty()
    }
}
