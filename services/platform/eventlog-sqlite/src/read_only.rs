//! The log for those who only read it: replay, audit, the curious.
//!
//! Duty: walk all stored records of a partition, effective or not, and work out the running hash
//! again. It works beside a writing process, and on what a killed one has left. Prohibition: it
//! never changes the file, and it believes no stored hash: comparing is the caller's business.

use crate::error::{OpenError, read_error};
use crate::file::{self, FilePartition};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, Record, RunningHash, StoredPartition, Writer};
use futures::FutureExt;
use futures::future::{BoxFuture, pending, ready};
use kernel::{Offset, TopicPartition};
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Records are fetched in groups of about so many bytes.
const GROUP_BYTES: usize = 4_000_000;

/// A log that cannot be written. As an [`EventLog`] it refuses appends as fenced, reads on the
/// calling thread, and does not wake those who wait at the end.
pub struct ReadOnlyLog {
    db: Mutex<Connection>,
}

impl ReadOnlyLog {
    /// Opens the log in this folder.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another format.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self::with(file::open_reader(folder)?))
    }

    pub(crate) fn with(db: Connection) -> Self {
        Self { db: Mutex::new(db) }
    }

    fn query<T>(&self, run: impl FnOnce(&Connection) -> T) -> T {
        run(&self.db.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All partitions that have a record, in order, as of one commit.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn partitions(&self) -> Result<Vec<StoredPartition>, OpenError> {
        let mut partitions = self.query(file::partitions).map_err(|error| {
            let folder = self.query(|db| db.path().map(std::path::PathBuf::from));
            OpenError::unusable(&folder.unwrap_or_default(), "read", error)
        })?;
        partitions.sort_by_key(|partition| partition.topic_partition);
        Ok(partitions.into_iter().map(FilePartition::told).collect())
    }

    /// The records of a partition from an offset on, as many as there are when they are reached.
    #[must_use]
    pub fn records(&self, topic_partition: TopicPartition, from: Offset) -> Records<'_> {
        Records {
            log: self,
            topic_partition,
            next: Some(from),
            fetched: Vec::new().into_iter(),
        }
    }

    /// The running hash over the stored records before `until`, worked out from the records.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn recompute(
        &self,
        topic_partition: TopicPartition,
        until: Offset,
    ) -> Result<RunningHash, LogError> {
        let mut hash = RunningHash::default();
        for record in self.records(topic_partition, 0) {
            let record = record?;
            if record.offset >= until {
                break;
            }
            hash = hash.then(record.offset, &record.bytes);
        }
        Ok(hash)
    }

    fn stored(&self, at: TopicPartition) -> Result<Option<FilePartition>, LogError> {
        let partitions = self
            .query(file::partitions)
            .map_err(|error| read_error(at, &error))?;
        Ok(partitions
            .into_iter()
            .find(|partition| partition.topic_partition == at))
    }

    /// The records of a partition from an offset on, about `bytes_max` of them but at least one
    /// if there is one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn group(
        &self,
        at: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Record>, LogError> {
        let Some(stored) = self.stored(at)? else {
            return Ok(Vec::new());
        };
        self.query(|db| file::read(db, stored.id, from, bytes_max))
            .map_err(|error| read_error(at, &error))
    }
}

/// A walk over the stored records of a partition. Ends after the first error.
pub struct Records<'a> {
    log: &'a ReadOnlyLog,
    topic_partition: TopicPartition,
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
        match self.log.group(self.topic_partition, from, GROUP_BYTES) {
            Ok(records) => {
                self.next = records.last().map(|last| last.offset.saturating_add(1));
                self.fetched = records.into_iter();
                self.fetched.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl EventLog for ReadOnlyLog {
    fn writer(&self, _: TopicPartition) -> Arc<dyn Writer> {
        Arc::new(NoWriter)
    }

    fn send(&self, _: TopicPartition, _: Bytes) -> BoxFuture<'static, AppendOutcome> {
        ready(AppendOutcome::Fenced).boxed()
    }

    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        ready(self.group(topic_partition, from, bytes_max)).boxed()
    }

    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        let stored = self.stored(topic_partition);
        ready(stored.map(|stored| stored.map_or(0, |stored| stored.next_offset))).boxed()
    }

    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        match self.stored(topic_partition) {
            Ok(stored) if stored.is_none_or(|stored| stored.next_offset <= from) => {
                pending().boxed()
            }
            // An error shows itself to the read that follows.
            Ok(_) | Err(_) => ready(()).boxed(),
        }
    }
}

struct NoWriter;

impl Writer for NoWriter {
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>> {
        ready(vec![AppendOutcome::Fenced; records.len()]).boxed()
    }
}
