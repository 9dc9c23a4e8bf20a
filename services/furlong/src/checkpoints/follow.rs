//! One partition, followed by the watcher.
//!
//! Duty: find the last record again after a restart, read on from there for ever, and hold what
//! was read against the newest checkpoint on the way past it. Prohibition: a log that does not
//! answer is asked again; only records that are missing or different end this.

use super::watched::Watched;
use audit::checkpoint::PartitionMark;
use eventlog::{EventLog, LogError, Record};
use kernel::{Offset, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// After something that failed, or is not there yet.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(200);
/// Records are read in groups of about so many bytes.
const READ_BYTES: usize = 1 << 20;

/// What a log has lost or altered since a checkpoint was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Altered {
    /// Records are missing at the end.
    #[error("{at} ends at {end}, a signed checkpoint knows it up to {known}: records are lost")]
    Shorter {
        /// Where.
        at: TopicPartition,
        /// Its end.
        end: Offset,
        /// Its end when the checkpoint was signed.
        known: Offset,
    },
    /// Other records stand there.
    #[error(
        "{at}: records from {from} to {known} are not those of a signed checkpoint: they were altered, added or removed"
    )]
    Different {
        /// Where.
        at: TopicPartition,
        /// From here on, at the earliest.
        from: Offset,
        /// Its end when the checkpoint was signed.
        known: Offset,
    },
}

/// Where each partition stands, and whether it has caught up with what there was at the start.
pub(super) type Board = Arc<Mutex<BTreeMap<TopicPartition, (Watched, bool)>>>;

/// Follows one partition.
pub(super) struct Follower {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) watched: Watched,
    /// What the newest checkpoint says of it, until that was seen to be so.
    pub(super) mark: Option<PartitionMark>,
    pub(super) board: Board,
    pub(super) caught_up: Arc<Notify>,
    pub(super) late_at_most: Duration,
}

impl Follower {
    /// Ends only when the log does not agree with the mark.
    pub(super) async fn follow(mut self) -> Altered {
        if let Err(altered) = self.find_again().await {
            return altered;
        }
        let end = self.end().await;
        let mut waited = Duration::ZERO;
        loop {
            if let Err(altered) = self.pass_mark(self.watched.next_offset) {
                return altered;
            }
            let caught_up = self.mark.is_none() && self.watched.next_offset >= end;
            self.publish(caught_up);
            let records = self.read(self.watched.next_offset).await;
            for record in &records {
                if let Err(altered) = self.pass_mark(record.offset) {
                    return altered;
                }
                if let Err(halt) = self.watched.take(record) {
                    tracing::error!(%halt, "the fold of a watched journal halts");
                }
            }
            if !records.is_empty() {
                continue;
            }
            match &self.mark {
                None => {
                    // Where there is nothing more to read there is nothing to catch up with.
                    self.publish(true);
                    self.log
                        .wait(self.watched.at, self.watched.next_offset)
                        .await;
                    // A log may wake for nothing; nobody else is to wait for that.
                    tokio::task::yield_now().await;
                }
                Some(mark) if waited >= self.late_at_most => return self.shorter(mark.end.offset),
                Some(_) => {
                    tokio::time::sleep(RETRY_AFTER).await;
                    waited = waited.saturating_add(RETRY_AFTER);
                }
            }
        }
    }

    /// Holds the hash so far against the mark, if its end is not behind `next`.
    fn pass_mark(&mut self, next: Offset) -> Result<(), Altered> {
        let Some(mark) = self.mark.take_if(|mark| mark.end.offset <= next) else {
            return Ok(());
        };
        if mark.running_hash == self.watched.hash.digest() {
            return Ok(());
        }
        Err(Altered::Different {
            at: self.watched.at,
            from: 0,
            known: mark.end.offset,
        })
    }

    /// After a restart: whether the last record that was read is still there as it was.
    async fn find_again(&self) -> Result<(), Altered> {
        let Some(last) = self.watched.last else {
            return Ok(());
        };
        let mut waited = Duration::ZERO;
        loop {
            if let Some(record) = self.read(last.offset).await.first() {
                if self.watched.knows(record) {
                    return Ok(());
                }
                return Err(Altered::Different {
                    at: self.watched.at,
                    from: last.offset,
                    known: self.watched.next_offset,
                });
            }
            if waited >= self.late_at_most {
                return Err(self.shorter_than_read().await);
            }
            tokio::time::sleep(RETRY_AFTER).await;
            waited = waited.saturating_add(RETRY_AFTER);
        }
    }

    async fn shorter_than_read(&self) -> Altered {
        Altered::Shorter {
            at: self.watched.at,
            end: self.end().await,
            known: self.watched.next_offset,
        }
    }

    const fn shorter(&self, known: Offset) -> Altered {
        Altered::Shorter {
            at: self.watched.at,
            end: self.watched.next_offset,
            known,
        }
    }

    async fn end(&self) -> Offset {
        loop {
            match self.log.end(self.watched.at).await {
                Ok(end) => return end,
                Err(error) => self.rest(&error).await,
            }
        }
    }

    async fn read(&self, from: Offset) -> Vec<Record> {
        loop {
            match self.log.read(self.watched.at, from, READ_BYTES).await {
                Ok(records) => return records,
                Err(error) => self.rest(&error).await,
            }
        }
    }

    async fn rest(&self, error: &LogError) {
        tracing::warn!(%error, "the log cannot be watched, trying again");
        tokio::time::sleep(RETRY_AFTER).await;
    }

    fn publish(&self, caught_up: bool) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = board.get_mut(&self.watched.at) {
            // Once caught up is caught up: what is new since then is the next checkpoint's.
            entry.0.clone_from(&self.watched);
            if caught_up && !entry.1 {
                entry.1 = true;
                self.caught_up.notify_one();
            }
        }
    }
}
