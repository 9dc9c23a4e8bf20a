//! The anchor of bets: the same bytes to a log of the same kind, and back.
//!
//! Duty: append a record that the inbox of bets has received, and read it from where it stands.
//! Prohibition: nothing is decided, and nothing else is written.

use super::CONNECTIONS;
use super::load::Worker;
use super::world::{PARTITIONS, World, nth};
use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use eventlog_sqlite::{Options, SqliteLog};
use kernel::{Offset, Topic, TopicPartition};
use std::path::Path;
use std::sync::Arc;

/// Records that are appended in turn.
const SAMPLES_BYTES: usize = 1 << 16;

/// A log of its own beside the node's.
pub struct Anchor {
    log: Arc<SqliteLog>,
    records: Arc<Vec<Bytes>>,
}

impl Anchor {
    /// Takes the newest commands of bets as its records.
    pub async fn open(folder: &Path, world: &World) -> anyhow::Result<Self> {
        let mut records = Vec::new();
        for partition in 0..PARTITIONS {
            let at = inbox(partition);
            let from = world.log.end(at).await?.saturating_sub(100);
            let read = world.log.read(at, from, SAMPLES_BYTES).await?;
            records.extend(read.into_iter().map(|record| record.bytes));
        }
        ensure!(!records.is_empty(), "no bet has been placed");
        let log = SqliteLog::open(folder, &Options::new(CONNECTIONS, "benchmark"))?;
        Ok(Self {
            log: Arc::new(log),
            records: Arc::new(records),
        })
    }

    /// As many who append as bets have connections, each with a partition: so all know where
    /// their records stand.
    pub fn workers(&self) -> Vec<Appender> {
        let appender = |partition| Appender {
            log: Arc::clone(&self.log),
            records: Arc::clone(&self.records),
            to: inbox(partition),
            next: 0,
        };
        (0..CONNECTIONS).map(appender).collect()
    }

    /// Bytes of a record, on average.
    pub fn record_bytes(&self) -> usize {
        let all: usize = self.records.iter().map(Bytes::len).sum();
        all.checked_div(self.records.len()).unwrap_or(0)
    }

    /// Closes the log.
    pub fn close(&self) {
        self.log.close();
    }
}

/// Appends one record after the other.
pub struct Appender {
    log: Arc<SqliteLog>,
    records: Arc<Vec<Bytes>>,
    to: TopicPartition,
    next: Offset,
}

impl Worker for Appender {
    async fn work(&mut self, number: u64) -> anyhow::Result<()> {
        let record = nth(&self.records, number).context("there are records")?;
        match self.log.send(self.to, record.clone()).await {
            AppendOutcome::Sent => {}
            other @ (AppendOutcome::Fenced | AppendOutcome::Unknown) => bail!("{other:?}"),
        }
        let read = self.log.read(self.to, self.next, 1).await?;
        let back = read.first().context("the record is not there")?;
        ensure!(back.bytes == *record, "another record came back");
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}

const fn inbox(partition: u16) -> TopicPartition {
    TopicPartition::new(Topic::BetsCommands, partition)
}
