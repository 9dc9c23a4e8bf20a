//! The log as its process uses it.
//!
//! Duty: open and close it, and join queue, writer, memory, readers and checkpoints to the port.
//! Prohibition: no SQL and no waiting on a disk on the caller's thread, but for opening and
//! closing.

use crate::checkpoint::Checkpoints;
use crate::error::{OpenError, read_error};
use crate::file::{self, FilePartition};
use crate::lock::FolderLock;
use crate::queue::{Queue, Records};
use crate::read_only::ReadOnlyLog;
use crate::recent::{Lookup, Recent};
use crate::writer::{self, Commits};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, Folded, LogError, Record, StoredPartition, Writer};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, pending, ready};
use kernel::{Offset, TopicPartition};
use sqlite_readers::Readers;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How a log is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Partitions per topic. Kept in the file; cannot be changed.
    pub partitions: u16,
    /// The name of the function from keys to partitions. Kept in the file; cannot be changed.
    pub key_function: &'static str,
    /// Leaves offsets out on purpose, for tests.
    pub gaps: bool,
    /// The size of the file's pages in bytes: a power of two. Fixed when the file is made.
    pub page_bytes: u32,
    /// The file's size at most, in pages, for tests of a full disk. Unbounded by default.
    pub pages_max: Option<u32>,
    /// Records up to about so many bytes are committed together.
    pub group_bytes_max: usize,
    /// Commands wait for room when so many bytes of them wait to be written.
    pub queue_bytes_max: u32,
    /// Committed records of one partition are kept in memory up to so many bytes.
    pub recent_bytes_max: usize,
    /// Large records that a reader has decoded are kept for the others up to so many bytes in all.
    pub folded_bytes_max: usize,
    /// After so many written bytes the write-ahead log is copied beside the writer.
    pub checkpoint_bytes: usize,
    /// At so many bytes of write-ahead log the writer itself finishes the copy.
    pub wal_bytes_max: u32,
    /// Threads that read older records.
    pub readers: usize,
}

impl Options {
    /// What serves well, measured by `examples/measure.rs`.
    #[must_use]
    pub const fn new(partitions: u16, key_function: &'static str) -> Self {
        Self {
            partitions,
            key_function,
            gaps: false,
            page_bytes: 4096,
            pages_max: None,
            group_bytes_max: 8_000_000,
            queue_bytes_max: 64_000_000,
            recent_bytes_max: 4_000_000,
            folded_bytes_max: 8_000_000,
            checkpoint_bytes: 16_000_000,
            wal_bytes_max: 64_000_000,
            readers: 2,
        }
    }
}

/// How the log is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why the last commit failed; `None` when it succeeded.
    pub standing_fault: Option<String>,
    /// Why a commit failed last, even if later ones succeeded.
    pub last_fault: Option<String>,
    /// Failed commits since the log was opened.
    pub failed_commits: u64,
    /// Commits since the log was opened.
    pub commits: u64,
    /// Records committed since the log was opened.
    pub records: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
}

/// The embedded log, opened for writing. Dropping it closes it.
pub struct SqliteLog {
    folder: PathBuf,
    shared: Arc<Shared>,
    commits: Arc<Commits>,
    checkpoints: Arc<Checkpoints>,
    threads: Mutex<Option<Threads>>,
}

struct Shared {
    queue: Arc<Queue>,
    recent: Arc<Recent>,
    folded: Folded,
    readers: Readers,
}

struct Threads {
    writer: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
    lock: FolderLock,
}

impl SqliteLog {
    /// Opens the log in this folder for writing; makes folder and log if there are none.
    ///
    /// # Errors
    /// Another process writes there, the log was made with other settings, or it cannot be used.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::unusable(folder, "opened", error);
        make_folder(folder).map_err(|error| failed(&error))?;
        let lock = FolderLock::take(folder)?;
        let db = file::open_writer(folder, options)?;
        let stored = file::partitions(&db).map_err(|error| failed(&error))?;
        let beside = || file::open_beside(folder).map_err(|error| failed(&error));
        let connections = (0..options.readers.max(1))
            .map(|_| beside())
            .collect::<Result<_, _>>()?;
        let copier = beside()?;

        let queue = Arc::new(Queue::new(options.queue_bytes_max));
        let recent = Arc::new(Recent::new(&stored, options.recent_bytes_max));
        let commits = Arc::new(Commits::default());
        let checkpoints = Arc::new(Checkpoints::new(options.checkpoint_bytes));
        let writer = writer::Writer {
            db,
            options: options.clone(),
            queue: queue.clone(),
            recent: recent.clone(),
            commits: commits.clone(),
            checkpoints: checkpoints.clone(),
            stored: Some(
                stored
                    .into_iter()
                    .map(|partition| (partition.topic_partition, partition))
                    .collect(),
            ),
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(run)
                .map_err(|error| failed(&error))
        };
        let (readers, mut others) =
            Readers::start("log-reader", connections).map_err(|error| failed(&error))?;
        let signal = checkpoints.clone();
        others.push(spawn(
            "log-checkpoint",
            Box::new(move || signal.run(copier)),
        )?);
        let writer = spawn("log-writer", Box::new(move || writer.run()))?;
        Ok(Self {
            folder: folder.to_owned(),
            shared: Arc::new(Shared {
                queue,
                recent,
                folded: Folded::new(options.folded_bytes_max),
                readers,
            }),
            commits,
            checkpoints,
            threads: Mutex::new(Some(Threads {
                writer,
                others,
                lock,
            })),
        })
    }

    /// Opens the log in this folder for reading only, beside a writer if there is one.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another format.
    pub fn open_read_only(folder: &Path) -> Result<ReadOnlyLog, OpenError> {
        ReadOnlyLog::open(folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All partitions that have a record, in order, as of one commit. From memory.
    #[must_use]
    pub fn partitions(&self) -> Vec<StoredPartition> {
        let stored = self.shared.recent.stored().into_values();
        stored.map(FilePartition::told).collect()
    }

    /// How the log is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let counts = self.commits.counts();
        Health {
            standing_fault: counts.standing_fault,
            last_fault: counts.last_fault,
            failed_commits: counts.failed,
            commits: counts.commits,
            records: counts.records,
            queued_bytes: self.shared.queue.bytes(),
        }
    }

    /// Writes what waits, copies the write-ahead log into the file, and gives the folder up.
    /// Later appends have an unknown outcome, later reads fail. Blocks until done.
    pub fn close(&self) {
        let threads = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(threads) = threads else {
            return;
        };
        self.shared.queue.close();
        self.shared.readers.close();
        self.checkpoints.close();
        // The readers first: the writer's last checkpoint needs them gone.
        let ended = threads.others.into_iter().chain([threads.writer]);
        for thread in ended {
            if thread.join().is_err() {
                tracing::error!("a thread of the event log has panicked");
            }
        }
        drop(threads.lock);
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes the folder if there is none, and its entry in the one above durable.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    folder.ancestors().skip(1).take(1).try_for_each(|above| {
        let above = std::fs::File::open(above)?;
        above.sync_all()
    })
}

/// A closed log drops what it cannot write: its outcome is unknown.
async fn outcome(receiver: oneshot::Receiver<AppendOutcome>) -> AppendOutcome {
    receiver.await.unwrap_or(AppendOutcome::Unknown)
}

impl EventLog for SqliteLog {
    fn folded(&self) -> Option<&Folded> {
        Some(&self.shared.folded)
    }

    fn writer(&self, topic_partition: TopicPartition) -> Arc<dyn Writer> {
        Arc::new(SqliteWriter {
            queue: self.shared.queue.clone(),
            topic_partition,
        })
    }

    fn send(
        &self,
        topic_partition: TopicPartition,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome> {
        let queue = self.shared.queue.clone();
        let record_bytes = record.len();
        if let Some(room) = queue.room_now(record_bytes) {
            let receiver = queue.push(topic_partition, Records::One(record), Some(room));
            return outcome(receiver).boxed();
        }
        async move {
            let Some(room) = queue.room(record_bytes).await else {
                return AppendOutcome::Unknown;
            };
            outcome(queue.push(topic_partition, Records::One(record), Some(room))).await
        }
        .boxed()
    }

    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        let recent = &self.shared.recent;
        if let Lookup::Here(records) = recent.partition(topic_partition).read(from, bytes_max) {
            return ready(Ok(records)).boxed();
        }
        let Some(stored) = recent.stored_partition(topic_partition) else {
            return ready(Ok(Vec::new())).boxed();
        };
        let answer = self.shared.readers.run(move |db| {
            file::read(db, stored.id, from, bytes_max)
                .map_err(|error| read_error(topic_partition, &error))
        });
        async move {
            answer.await.unwrap_or_else(|_| {
                Err(LogError::Unavailable {
                    operation: "read",
                    topic_partition,
                    detail: "the log is closed".to_owned(),
                })
            })
        }
        .boxed()
    }

    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        ready(Ok(self.shared.recent.partition(topic_partition).end())).boxed()
    }

    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        let mut end = self.shared.recent.partition(topic_partition).follow();
        async move {
            if end.wait_for(|end| *end > from).await.is_err() {
                // The log is gone: nothing will ever come.
                pending::<()>().await;
            }
        }
        .boxed()
    }
}

struct SqliteWriter {
    queue: Arc<Queue>,
    topic_partition: TopicPartition,
}

impl Writer for SqliteWriter {
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>> {
        let count = records.len();
        let receiver = self
            .queue
            .push(self.topic_partition, Records::Many(records), None);
        outcome(receiver)
            .map(move |outcome| vec![outcome; count])
            .boxed()
    }
}
