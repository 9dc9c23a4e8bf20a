//! The one thread that writes.
//!
//! Duty: commit what waits in groups, each group one synced transaction of records, ends and
//! running hashes; then publish it and report the outcomes. A failed commit leaves its outcomes
//! unknown, and the next group begins from what the file says.
//!
//! Prohibition: nothing is reported before the commit has returned, and a fault never ends the
//! thread: when there is space again, writing goes on.

use crate::checkpoint::{self, Checkpoints};
use crate::file::{self, FilePartition};
use crate::log::Options;
use crate::queue::{Append, Queue, Taken};
use crate::recent::{Recent, Written};
use eventlog::{AppendOutcome, Record, RunningHash};
use kernel::{Offset, TopicPartition};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// After so long without an append the write-ahead log is emptied.
const IDLE: Duration = Duration::from_secs(2);

/// What has become of the writer's commits.
#[derive(Default)]
pub(crate) struct Commits {
    state: Mutex<CommitCounts>,
}

/// Counts since the log was opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommitCounts {
    pub(crate) commits: u64,
    pub(crate) records: u64,
    pub(crate) failed: u64,
    pub(crate) standing_fault: Option<String>,
    pub(crate) last_fault: Option<String>,
}

impl Commits {
    pub(crate) fn counts(&self) -> CommitCounts {
        self.with(|counts| counts.clone())
    }

    fn with<T>(&self, run: impl FnOnce(&mut CommitCounts) -> T) -> T {
        run(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn succeeded(&self, records: u64) {
        self.with(|counts| {
            counts.commits = counts.commits.saturating_add(1);
            counts.records = counts.records.saturating_add(records);
            if let Some(fault) = counts.standing_fault.take() {
                tracing::info!(fault, "the event log can be written again");
            }
        });
    }

    fn failed(&self, fault: String) {
        self.with(|counts| {
            counts.failed = counts.failed.saturating_add(1);
            if counts.standing_fault.as_ref() != Some(&fault) {
                tracing::error!(fault, "the event log cannot be written");
            }
            counts.last_fault = Some(fault.clone());
            counts.standing_fault = Some(fault);
        });
    }
}

/// Why a group was not committed.
#[derive(Debug, thiserror::Error)]
enum CommitError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0} has no room for another offset")]
    Full(TopicPartition),
}

/// The writer's state. Lives on its thread.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) options: Options,
    pub(crate) queue: Arc<Queue>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) checkpoints: Arc<Checkpoints>,
    /// Where every partition stands; `None` while the last commit is in doubt.
    pub(crate) stored: Option<BTreeMap<TopicPartition, FilePartition>>,
}

impl Writer {
    /// Writes until the queue is closed and empty; then leaves the file without a write-ahead
    /// log.
    pub(crate) fn run(mut self) {
        let mut settled = false;
        loop {
            match self.queue.take(self.options.group_bytes_max, IDLE) {
                Taken::Group(group) => {
                    self.commit(group);
                    settled = false;
                }
                Taken::Idle => settled = settled || checkpoint::truncate(&self.db),
                Taken::Closed => break,
            }
        }
        checkpoint::truncate(&self.db);
    }

    fn commit(&mut self, group: Vec<Append>) {
        let outcome = match self.write(&group) {
            Ok(written) => {
                let records = written.iter().map(|part| part.records.len()).sum::<usize>();
                self.commits
                    .succeeded(u64::try_from(records).unwrap_or(u64::MAX));
                self.checkpoints.wrote(bytes(&written));
                self.recent.publish(written);
                AppendOutcome::Sent
            }
            Err(error) => {
                self.stored = None;
                self.commits.failed(error.to_string());
                AppendOutcome::Unknown
            }
        };
        for append in group {
            // Who asked may have gone.
            append.outcome.send(outcome).unwrap_or_default();
        }
    }

    /// One transaction. On an error nothing of the group is visible here, though a crash may
    /// still find it in the write-ahead log: its outcome is unknown.
    fn write(&mut self, group: &[Append]) -> Result<Vec<Written>, CommitError> {
        let mut stored = match self.stored.take() {
            Some(stored) => stored,
            None => self.reload()?,
        };
        let written = place(group, &mut stored, self.options.gaps)?;
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for Written { partition, records } in &written {
            let mut insert = transaction.prepare_cached("INSERT INTO record VALUES(?1, ?2)")?;
            for Record { offset, bytes } in records {
                let key = file::key(partition.id, *offset)
                    .ok_or(CommitError::Full(partition.topic_partition))?;
                insert.execute((key, &bytes[..]))?;
            }
            let mut update = transaction.prepare_cached(
                "INSERT INTO partition VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE
                 SET next_offset = excluded.next_offset, running_hash = excluded.running_hash",
            )?;
            update.execute((
                partition.id,
                partition.topic_partition.topic.as_str(),
                partition.topic_partition.partition,
                i64::try_from(partition.next_offset)
                    .map_err(|_| CommitError::Full(partition.topic_partition))?,
                partition.running_hash.digest().bytes(),
            ))?;
        }
        transaction.commit()?;
        self.stored = Some(stored);
        Ok(written)
    }

    /// What the file says, after a commit in doubt.
    fn reload(&self) -> Result<BTreeMap<TopicPartition, FilePartition>, CommitError> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        let stored = file::partitions(&self.db)?;
        self.recent.restart(&stored);
        Ok(stored
            .into_iter()
            .map(|partition| (partition.topic_partition, partition))
            .collect())
    }
}

/// Gives every record of the group its place. Partition by partition, so that the file is
/// written in runs; within a partition in the order of the group.
fn place(
    group: &[Append],
    stored: &mut BTreeMap<TopicPartition, FilePartition>,
    gaps: bool,
) -> Result<Vec<Written>, CommitError> {
    let mut written: BTreeMap<TopicPartition, Written> = BTreeMap::new();
    for append in group {
        let at = append.topic_partition;
        let part = match written.entry(at) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(first) => first.insert(Written {
                partition: begin(at, stored),
                records: Vec::new(),
            }),
        };
        for bytes in append.records.as_slice() {
            let offset = next_offset(part.partition.next_offset, gaps);
            part.partition.next_offset = offset.checked_add(1).ok_or(CommitError::Full(at))?;
            part.partition.running_hash = part.partition.running_hash.then(offset, bytes);
            part.records.push(Record {
                offset,
                bytes: bytes.clone(),
            });
        }
    }
    let written: Vec<_> = written.into_values().collect();
    for Written { partition, .. } in &written {
        stored.insert(partition.topic_partition, *partition);
    }
    Ok(written)
}

/// The partition as it is before the group; a new one takes the next number at once.
fn begin(
    at: TopicPartition,
    stored: &mut BTreeMap<TopicPartition, FilePartition>,
) -> FilePartition {
    if let Some(known) = stored.get(&at) {
        return *known;
    }
    let highest = stored.values().map(|partition| partition.id).max();
    let partition = FilePartition {
        topic_partition: at,
        next_offset: 0,
        running_hash: RunningHash::default(),
        id: highest.unwrap_or(0).saturating_add(1),
    };
    stored.insert(at, partition);
    partition
}

/// With `gaps` every seventh offset stays empty, so that nothing may assume dense ones.
fn next_offset(end: Offset, gaps: bool) -> Offset {
    if gaps && end.checked_rem(7) == Some(3) {
        end.saturating_add(1)
    } else {
        end
    }
}

fn bytes(written: &[Written]) -> usize {
    let records = written.iter().flat_map(|part| &part.records);
    records.fold(0, |sum, record| sum.saturating_add(record.bytes.len()))
}
