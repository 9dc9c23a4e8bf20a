//! What furlong asks of a log, in its own words.
//!
//! Obligations of an adapter: records of one partition are read in one order by everybody, and
//! for ever; a record that was once read is never lost, changed or moved; offsets increase and
//! may have gaps. Nothing more is promised: an append may be lost, doubled, delayed beyond the
//! writer's life, or its outcome unknown.

use crate::Folded;
use bytes::Bytes;
use futures::future::BoxFuture;
use kernel::{Offset, Position, TopicPartition};
use std::sync::Arc;

/// No record is longer than this.
#[must_use]
pub const fn record_bytes_max() -> usize {
    1_000_000
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: Offset,
    /// Its bytes, framing included.
    pub bytes: Bytes,
}

/// What became of one appended record, as far as the log can tell.
///
/// `Sent` is a delivery report, not an answer: only reading the record back and finding it
/// effective is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The log says that it has the record.
    Sent,
    /// The log refused it because of a newer writer (where a log can tell).
    Fenced,
    /// It may or may not be, or become, part of the log.
    Unknown,
}

/// Why the log could not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The log does not answer, or refuses to work.
    #[error("{operation} of {topic_partition} failed: {detail}")]
    Unavailable {
        /// What was attempted.
        operation: &'static str,
        /// Where.
        topic_partition: TopicPartition,
        /// What the log said.
        detail: String,
    },
    /// The stored bytes are damaged.
    #[error("{topic_partition} is unreadable: {detail}")]
    Unreadable {
        /// Where.
        topic_partition: TopicPartition,
        /// What was found.
        detail: String,
    },
}

/// A log of topics with numbered partitions.
pub trait EventLog: Send + Sync + 'static {
    /// Begins to write to a journal partition. A writer is good for one claim: after any doubt it
    /// is dropped and a new one is opened.
    fn writer(&self, topic_partition: TopicPartition) -> Arc<dyn Writer>;

    /// Adds a command to an inbox: many writers, at least once, in no particular order.
    fn send(
        &self,
        topic_partition: TopicPartition,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome>;

    /// The records from `from` on, in order, at most about `bytes_max` of them but at least one
    /// if there is one. Empty at the end, as far as this process knows it: what others have
    /// appended since is found after [`Self::wait`] or [`Self::end`].
    ///
    /// # Errors
    /// The log does not answer, or its bytes are damaged.
    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>>;

    /// The offset after the newest record; 0 when there is none. May be stale, never too high.
    ///
    /// # Errors
    /// The log does not answer.
    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>>;

    /// Resolves when there may be a record at or after `from`.
    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()>;

    /// Where readers of this log leave what they have decoded, for one another; none: each decodes
    /// for itself.
    fn folded(&self) -> Option<&Folded> {
        None
    }
}

/// The record at a place that somebody has named, however new; none if none stands there.
///
/// # Errors
/// The log does not answer, or its bytes are damaged.
pub async fn record_at(log: &dyn EventLog, position: Position) -> Result<Option<Record>, LogError> {
    let at = position.topic_partition();
    let mut records = log.read(at, position.offset, 1).await?;
    if records.is_empty() {
        log.end(at).await?;
        records = log.read(at, position.offset, 1).await?;
    }
    let first = records.into_iter().next();
    Ok(first.filter(|record| record.offset == position.offset))
}

/// The way of one owner into its journal partition.
pub trait Writer: Send + Sync + 'static {
    /// Appends records in this order. A batch is not atomic: each record has its own outcome, and
    /// any part of it may become effective. The call takes its place in the order at once;
    /// the future only tells the outcome.
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>>;
}
