//! A log as those see it who read all of it.
//!
//! Duty: every topic partition with an end that was fixed when the log was opened, so that what is
//! told of a log is of one moment while the log grows, and the stored records below those ends,
//! effective or not. A data folder and a running log look the same from here. Prohibition: the
//! hash that a log keeps itself is handed on, never trusted; comparing is the caller's business.

use super::moment::{self, Late};
use crate::exit::Failure;
use eventlog::{EventLog, LogError, Record, RunningHash};
use eventlog_sqlite::ReadOnlyLog;
use kernel::{Offset, Position, Topic, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Records are fetched in groups of about so many bytes.
const GROUP_BYTES: usize = 4_000_000;
/// A log that says nothing for so long is not there.
const PATIENCE: Duration = Duration::from_secs(30);
/// Reads of records that should be there and are not, and how long to wait after each.
const ATTEMPTS: usize = 3;
const WAIT: Duration = Duration::from_secs(2);

/// A topic partition that has records, and how far it went when the log was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// Which one.
    pub at: TopicPartition,
    /// The offset after its newest record.
    pub next_offset: Offset,
    /// What the log itself has kept along with its records; none where a log keeps nothing.
    pub running_hash: Option<RunningHash>,
}

/// A log that can be read from its beginning.
pub trait Stored {
    /// Every topic partition that has a record, in order.
    fn partitions(&self) -> &[PartitionEnd];

    /// Some of the stored records from an offset on and below the end, at least one if there is
    /// one.
    ///
    /// # Errors
    /// The log does not answer, its bytes are damaged, or it does not give what it says it has.
    fn group(&self, at: TopicPartition, from: Offset) -> Result<Vec<Record>, LogError>;
}

impl dyn Stored + '_ {
    /// All stored records of a partition from an offset on. Ends after the first error.
    #[must_use]
    pub fn records(&self, at: TopicPartition, from: Offset) -> Records<'_> {
        Records {
            log: self,
            at,
            next: Some(from),
            fetched: Vec::new().into_iter(),
        }
    }

    /// The record that stands at this very place.
    #[must_use]
    pub fn record(&self, position: Position) -> Option<Record> {
        let first = self
            .records(position.topic_partition(), position.offset)
            .next();
        first
            .and_then(Result::ok)
            .filter(|record| record.offset == position.offset)
    }

    /// The journal partitions, in order.
    pub fn journals(&self) -> impl Iterator<Item = TopicPartition> {
        let partitions = self.partitions().iter().map(|partition| partition.at);
        partitions.filter(|at| at.topic.is_journal())
    }
}

/// A walk over the stored records of a partition.
pub struct Records<'a> {
    log: &'a dyn Stored,
    at: TopicPartition,
    /// Where to fetch next; `None` at the end.
    next: Option<Offset>,
    fetched: std::vec::IntoIter<Record>,
}

impl Iterator for Records<'_> {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.fetched.next() {
            return Some(Ok(record));
        }
        let from = self.next.take()?;
        match self.log.group(self.at, from) {
            Ok(records) => {
                self.next = records.last().map(|last| last.offset.saturating_add(1));
                self.fetched = records.into_iter();
                self.fetched.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn end_of(ends: &[PartitionEnd], at: TopicPartition) -> Offset {
    let end = ends.iter().find(|end| end.at == at);
    end.map_or(0, |end| end.next_offset)
}

/// The log of a data folder, beside its writer or on what a killed one has left.
pub struct FolderLog {
    log: ReadOnlyLog,
    ends: Vec<PartitionEnd>,
}

impl FolderLog {
    /// Fixes the ends.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(log: ReadOnlyLog) -> Result<Self, Failure> {
        let stored = log
            .partitions()
            .map_err(|error| Failure::Unreadable(error.to_string()))?;
        let ends = stored.into_iter().map(|partition| PartitionEnd {
            at: partition.topic_partition,
            next_offset: partition.next_offset,
            running_hash: Some(partition.running_hash),
        });
        Ok(Self {
            ends: ends.collect(),
            log,
        })
    }
}

impl Stored for FolderLog {
    fn partitions(&self) -> &[PartitionEnd] {
        &self.ends
    }

    fn group(&self, at: TopicPartition, from: Offset) -> Result<Vec<Record>, LogError> {
        let end = end_of(&self.ends, at);
        if from >= end {
            return Ok(Vec::new());
        }
        let mut records = self.log.group(at, from, GROUP_BYTES)?;
        records.retain(|record| record.offset < end);
        Ok(records)
    }
}

/// Any log that answers on its port. What is asked for next is fetched ahead.
pub struct LiveLog {
    log: Arc<dyn EventLog>,
    threads: Arc<Runtime>,
    place: String,
    ends: Vec<PartitionEnd>,
    ahead: Mutex<Option<Ahead>>,
}

struct Ahead {
    at: TopicPartition,
    from: Offset,
    task: JoinHandle<Result<Vec<Record>, LogError>>,
}

impl LiveLog {
    /// Fixes the ends, so that every effect is in with its cause. `partitions` is the number of
    /// each topic, `place` is named in messages, `threads` must be those on which the log was
    /// opened. Blocks: not for asynchronous callers.
    ///
    /// # Errors
    /// The log does not answer, or a topic is not there.
    pub fn open(
        log: Arc<dyn EventLog>,
        partitions: u16,
        place: &str,
        threads: Arc<Runtime>,
    ) -> Result<Self, Failure> {
        let asked = threads.block_on(ends_of_one_moment(&*log, partitions));
        let ends = asked.map_err(|error| Failure::Unreadable(format!("{place}: {error}")))?;
        let ends = ends
            .into_iter()
            .filter(|(_, end)| *end > 0)
            .map(|(at, next_offset)| PartitionEnd {
                at,
                next_offset,
                running_hash: None,
            })
            .collect();
        Ok(Self {
            log,
            threads,
            place: place.to_owned(),
            ends,
            ahead: Mutex::default(),
        })
    }

    fn ahead(&self) -> std::sync::MutexGuard<'_, Option<Ahead>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(
        &self,
        at: TopicPartition,
        from: Offset,
        end: Offset,
    ) -> Result<Vec<Record>, LogError> {
        let fetched = match self.ahead().take() {
            Some(ahead) if ahead.at == at && ahead.from == from => {
                self.threads.block_on(ahead.task)
            }
            Some(ahead) => {
                ahead.task.abort();
                Ok(self.threads.block_on(fetch(&*self.log, at, from, end)))
            }
            None => Ok(self.threads.block_on(fetch(&*self.log, at, from, end))),
        };
        fetched.unwrap_or_else(|error| Err(silent("read", at, error.to_string())))
    }

    fn fetch_ahead(&self, at: TopicPartition, from: Offset, end: Offset) {
        let log = Arc::clone(&self.log);
        let task = async move { fetch(&*log, at, from, end).await };
        let task = self.threads.spawn(task);
        *self.ahead() = Some(Ahead { at, from, task });
    }

    fn with_place(&self, error: LogError) -> LogError {
        let named = |detail: String| format!("{detail} ({})", self.place);
        match error {
            LogError::Unavailable {
                operation,
                topic_partition,
                detail,
            } => LogError::Unavailable {
                operation,
                topic_partition,
                detail: named(detail),
            },
            LogError::Unreadable {
                topic_partition,
                detail,
            } => LogError::Unreadable {
                topic_partition,
                detail: named(detail),
            },
        }
    }
}

impl Stored for LiveLog {
    fn partitions(&self) -> &[PartitionEnd] {
        &self.ends
    }

    fn group(&self, at: TopicPartition, from: Offset) -> Result<Vec<Record>, LogError> {
        let end = end_of(&self.ends, at);
        if from >= end {
            return Ok(Vec::new());
        }
        let records = self
            .fetch(at, from, end)
            .map_err(|error| self.with_place(error))?;
        let next = records.last().map(|last| last.offset.saturating_add(1));
        if let Some(next) = next.filter(|next| *next < end) {
            self.fetch_ahead(at, next, end);
        }
        Ok(records)
    }
}

/// How far each topic partition is told, so that no effect is told without its cause.
async fn ends_of_one_moment(
    log: &dyn EventLog,
    partitions: u16,
) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
    let first = ask_ends(log, partitions).await?;
    let mut ends = ask_ends(log, partitions).await?;
    let mut late = Vec::new();
    for (at, end) in ends.iter().filter(|(at, _)| at.topic.is_journal()) {
        let mut next = first.get(at).copied().unwrap_or(0);
        while next < *end {
            let records = fetch(log, *at, next, *end).await?;
            let Some(last) = records.last() else { break };
            next = last.offset.saturating_add(1);
            for record in &records {
                // What cannot be decoded is told: it is the fold's to judge.
                if let Ok((header, _)) = schemas::decode_header(at.topic, &record.bytes) {
                    late.push(Late::new(at.at(record.offset), &header));
                }
            }
        }
    }
    moment::cut(&mut ends, &late);
    Ok(ends)
}

/// Odds last: bets look at books without being caused by them.
async fn ask_ends(
    log: &dyn EventLog,
    partitions: u16,
) -> Result<BTreeMap<TopicPartition, Offset>, LogError> {
    let mut topics = Topic::ALL.to_vec();
    topics.sort_by_key(|topic| *topic == Topic::OddsEvents);
    let mut ends = BTreeMap::new();
    for topic in topics {
        for at in (0..partitions).map(|partition| TopicPartition::new(topic, partition)) {
            ends.insert(at, patiently("end", at, log.end(at)).await?);
        }
    }
    Ok(ends)
}

/// The records from an offset on that stand below the end. The log has said that there are some.
async fn fetch(
    log: &dyn EventLog,
    at: TopicPartition,
    from: Offset,
    end: Offset,
) -> Result<Vec<Record>, LogError> {
    for _ in 0..ATTEMPTS {
        let mut records = patiently("read", at, log.read(at, from, GROUP_BYTES)).await?;
        if !records.is_empty() {
            // What stands behind the end came later: then there is nothing more below it.
            records.retain(|record| record.offset < end);
            return Ok(records);
        }
        // Whether it came or not is seen by reading.
        drop(tokio::time::timeout(WAIT, log.wait(at, from)).await);
    }
    Err(LogError::Unreadable {
        topic_partition: at,
        detail: format!("it goes to {end} and gives no record from {from} on"),
    })
}

async fn patiently<T>(
    operation: &'static str,
    at: TopicPartition,
    asked: impl Future<Output = Result<T, LogError>>,
) -> Result<T, LogError> {
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| {
            let detail = format!("no answer in {} s", PATIENCE.as_secs());
            Err(silent(operation, at, detail))
        })
}

fn silent(operation: &'static str, topic_partition: TopicPartition, detail: String) -> LogError {
    LogError::Unavailable {
        operation,
        topic_partition,
        detail,
    }
}
