//! The log in memory: the smallest thing that keeps the port's promises.
//!
//! Duty: tests and benchmarks without a disk. Prohibition: it never leaves gaps in offsets out
//! of convenience; it leaves them on purpose, every seventh offset, so that nothing may assume
//! that the next record stands at offset + 1.

use crate::port::{AppendOutcome, EventLog, LogError, Record, Writer};
use bytes::Bytes;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, ready};
use kernel::{Offset, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A log that lives as long as its last handle.
#[derive(Clone, Default)]
pub struct MemoryLog {
    partitions: Arc<Mutex<BTreeMap<TopicPartition, MemoryPartition>>>,
}

#[derive(Default)]
struct MemoryPartition {
    records: Vec<Record>,
    end: Offset,
    waiting: Vec<(Offset, oneshot::Sender<()>)>,
}

impl MemoryPartition {
    fn push(&mut self, bytes: Bytes) {
        if self.end % 7 == 5 {
            self.end = self.end.saturating_add(1);
        }
        self.records.push(Record {
            offset: self.end,
            bytes,
        });
        self.end = self.end.saturating_add(1);
        let end = self.end;
        for (_, waiter) in self.waiting.extract_if(.., |(from, _)| *from < end) {
            // A waiter that has gone needs no news.
            waiter.send(()).unwrap_or_default();
        }
    }

    fn read(&self, from: Offset, bytes_max: usize) -> Vec<Record> {
        let first = self.records.partition_point(|record| record.offset < from);
        let mut bytes = 0_usize;
        self.records
            .iter()
            .skip(first)
            .take_while(|record| {
                let taken = bytes == 0 || bytes < bytes_max;
                bytes = bytes.saturating_add(record.bytes.len().max(1));
                taken
            })
            .cloned()
            .collect()
    }
}

impl MemoryLog {
    /// Adds a record.
    pub(crate) fn push(&self, at: TopicPartition, record: Bytes) {
        self.with(at, |partition| partition.push(record));
    }

    /// All records from `from` on.
    pub(crate) fn records(&self, at: TopicPartition, from: Offset) -> Vec<Record> {
        self.with(at, |partition| partition.read(from, usize::MAX))
    }

    fn with<T>(&self, at: TopicPartition, run: impl FnOnce(&mut MemoryPartition) -> T) -> T {
        let mut partitions = self
            .partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        run(partitions.entry(at).or_default())
    }
}

impl EventLog for MemoryLog {
    fn writer(&self, topic_partition: TopicPartition) -> Arc<dyn Writer> {
        Arc::new(MemoryWriter {
            log: self.clone(),
            topic_partition,
        })
    }

    fn send(
        &self,
        topic_partition: TopicPartition,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome> {
        self.with(topic_partition, |partition| partition.push(record));
        ready(AppendOutcome::Sent).boxed()
    }

    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        ready(Ok(self.with(topic_partition, |partition| {
            partition.read(from, bytes_max)
        })))
        .boxed()
    }

    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        ready(Ok(self.with(topic_partition, |partition| partition.end))).boxed()
    }

    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        self.with(topic_partition, |partition| {
            if partition.end > from {
                sender.send(()).unwrap_or_default();
            } else {
                partition.waiting.push((from, sender));
            }
        });
        receiver.map(|_| ()).boxed()
    }
}

struct MemoryWriter {
    log: MemoryLog,
    topic_partition: TopicPartition,
}

impl Writer for MemoryWriter {
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>> {
        let outcomes = vec![AppendOutcome::Sent; records.len()];
        self.log.with(self.topic_partition, |partition| {
            records
                .into_iter()
                .for_each(|record| partition.push(record));
        });
        ready(outcomes).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract() {
        futures::executor::block_on(crate::contract::check(&|| Arc::new(MemoryLog::default())));
    }
}
