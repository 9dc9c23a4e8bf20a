//! The history in a log, told again by those who trust nobody.
//!
//! Duty: walk journal partitions through the same fold as every service, up to a stated point,
//! and hand effective decisions on. Replay, audit, export and explain differ only in what they
//! do with them, and a data folder and a running cluster only in [`Stored`]. Prohibition: nothing
//! here writes to what it reads.

mod findings;
mod folds;
mod marks;
mod moment;
mod place;
mod raw;
mod readable;
mod retell;
mod rows;
mod stored;
mod until;
mod views;

pub use findings::{Finding, Findings, Kind};
pub use folds::{StateFold, fold_of};
pub use marks::{Marks, marks_in, marks_of};
pub use place::{Place, PlaceFlags};
pub use raw::{RawCheck, check_missing, check_raw};
pub use readable::{Body, Readable, Told, schema_text};
pub use retell::{PartitionTold, Retold, Telling, per_second, retell};
pub use rows::{Compared, ExpectedRows};
pub use stored::{FolderLog, LiveLog, PartitionEnd, Stored};
pub use until::{Until, instant_text};
pub use views::{LiveViews, StoredViews};

use eventlog::{Chain, Halt, LogError};
use kernel::TopicPartition;
use runtime::Effective;

/// How far a journal partition was walked.
#[derive(Clone, Debug)]
pub struct Walked {
    /// Which one.
    pub at: TopicPartition,
    /// The fold at the end of the walk.
    pub chain: Chain,
    /// Stored records that were looked at.
    pub records: u64,
    /// Events in effective decisions.
    pub events: u64,
    /// Where the chain broke for the first time, if it did.
    pub broken: Option<Break>,
    /// Why the walk ended before its end.
    pub stopped: Option<Stopped>,
}

/// A decision that does not go on from the one before it. By itself it is no fault: it has no
/// effect, and its writer has claimed again. Where bytes were altered it tells where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// The first record without effect.
    pub offset: u64,
    /// The last record with effect before it.
    pub after: Option<u64>,
}

/// Why a walk ended early.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// The fold halted: the log has lost or altered something.
    Halted(Halt),
    /// The log's bytes cannot be read.
    Unreadable(LogError),
}

/// Looks at each step of a walk.
pub trait Visitor {
    /// Before the record at the chain's `next_offset` or later is taken.
    fn before(&mut self, _at: TopicPartition, _chain: &Chain, _offset: u64) {}
    /// An effective decision.
    fn decision(&mut self, at: TopicPartition, effective: Effective, record: &[u8], chain: &Chain);
}

/// Walks one journal partition from its beginning.
pub fn walk(
    log: &dyn Stored,
    at: TopicPartition,
    until: &Until,
    visitor: &mut dyn Visitor,
) -> Walked {
    let mut walked = Walked {
        at,
        chain: Chain::default(),
        records: 0,
        events: 0,
        broken: None,
        stopped: None,
    };
    let mut last_effective = None;
    for record in log.records(at, 0) {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                walked.stopped = Some(Stopped::Unreadable(error));
                return walked;
            }
        };
        if until.is_past_offset(at, record.offset) {
            return walked;
        }
        let before = walked.chain.clone();
        visitor.before(at, &before, record.offset);
        let stretch = match runtime::take(at, &mut walked.chain, std::slice::from_ref(&record)) {
            Ok(stretch) => stretch,
            Err(halt) => {
                walked.stopped = Some(Stopped::Halted(halt));
                return walked;
            }
        };
        if walked.broken.is_none() && breaks(&walked.chain) > breaks(&before) {
            walked.broken = Some(Break {
                offset: record.offset,
                after: last_effective,
            });
        }
        if walked.chain.head != before.head {
            last_effective = Some(record.offset);
        }
        for effective in stretch.decisions {
            if until.is_past_time(effective.decision.header.decided_at) {
                walked.chain = before;
                return walked;
            }
            let events = u64::try_from(effective.decision.events.len()).unwrap_or(u64::MAX);
            walked.events = walked.events.saturating_add(events);
            visitor.decision(at, effective, &record.bytes, &walked.chain);
        }
        walked.records = walked.records.saturating_add(1);
    }
    visitor.before(at, &walked.chain, u64::MAX);
    walked
}

fn breaks(chain: &Chain) -> u64 {
    chain.counts.gaps.saturating_add(chain.counts.forks)
}
