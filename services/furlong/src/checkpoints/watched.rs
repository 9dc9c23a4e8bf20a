//! One topic partition as a watcher has read it.
//!
//! Duty: the running hash over every record and, for a journal, the fold. Prohibition: a journal
//! whose fold has halted goes on being hashed; its head stays where it halted.

use eventlog::{Chain, Halt, Record, RunningHash, StoredPartition};
use kernel::{Offset, TopicPartition};

/// How far a partition was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) at: TopicPartition,
    /// The offset after the newest record.
    pub(super) next_offset: Offset,
    /// Over every record so far.
    pub(super) hash: RunningHash,
    /// The newest record.
    pub(super) last: Option<Last>,
    /// Of a journal: its fold.
    pub(super) chain: Option<Chain>,
}

/// What it takes to know the newest record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) offset: Offset,
    /// The running hash before it.
    pub(super) before: RunningHash,
}

impl Watched {
    /// Nothing read yet.
    pub(super) fn new(at: TopicPartition) -> Self {
        Self {
            at,
            next_offset: 0,
            hash: RunningHash::default(),
            last: None,
            chain: at.topic.is_journal().then(Chain::default),
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// The fold halts here; the record counts as read all the same.
    pub(super) fn take(&mut self, record: &Record) -> Result<(), Halt> {
        let (offset, before) = (record.offset, self.hash);
        // A fold that has halted stays behind for good.
        let folded = match &mut self.chain {
            Some(chain) if chain.next_offset == self.next_offset => {
                chain.judge(self.at, offset, &record.bytes).map(drop)
            }
            Some(_) | None => Ok(()),
        };
        self.hash = before.then(offset, &record.bytes);
        self.next_offset = offset.saturating_add(1);
        self.last = Some(Last { offset, before });
        folded
    }

    /// Whether this is the newest record that was read.
    pub(super) fn knows(&self, record: &Record) -> bool {
        self.last.is_some_and(|last| {
            let hash = last.before.then(record.offset, &record.bytes);
            last.offset == record.offset && hash == self.hash
        })
    }

    /// What a checkpoint states of it.
    pub(super) const fn stored(&self) -> StoredPartition {
        StoredPartition {
            topic_partition: self.at,
            next_offset: self.next_offset,
            running_hash: self.hash,
        }
    }
}
