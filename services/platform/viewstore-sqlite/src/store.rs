//! The store as its process uses it.
//!
//! Duty: open and close it, and join writer and readers to the port. Prohibition: no SQL, and no
//! waiting on a disk on the caller's thread, but for opening and closing.

use crate::file::{self, unavailable};
use crate::writer::{self, Change};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use kernel::TopicPartition;
use rusqlite::Connection;
use sqlite_readers::Readers;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use viewstore::{Applied, Progress, Row, Scan, StoredRow, ViewError, ViewStore};

/// Why the views cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the views in {} cannot be opened: {detail}", folder.display())]
pub struct OpenError {
    folder: PathBuf,
    detail: String,
}

impl OpenError {
    pub(crate) fn new(folder: &Path, detail: String) -> Self {
        Self {
            folder: folder.to_owned(),
            detail,
        }
    }
}

/// What was found when the views were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The views of an earlier process, or none yet.
    AsLeft,
    /// Views that were damaged or of another format; they were thrown away, and the projectors
    /// write them again.
    Renewed,
}

/// The embedded view store. Dropping it closes it.
pub struct SqliteViewStore {
    opened: Opened,
    changes: Mutex<Option<Sender<Change>>>,
    readers: Readers,
    reading: Mutex<Vec<JoinHandle<()>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteViewStore {
    /// Opens the views in this folder, with so many threads for queries; makes folder and views
    /// if there are none.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(folder: &Path, readers: usize) -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError {
            folder: folder.to_owned(),
            detail: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let (db, opened) = open_or_renew(folder).map_err(|error| failed(&*error))?;
        let connections = (0..readers.max(1))
            .map(|_| file::connect(folder))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(&error))?;
        let (readers, threads) =
            Readers::start("view-reader", connections).map_err(|error| failed(&error))?;
        let (changes, receiver) = channel();
        let writer = std::thread::Builder::new()
            .name("view-writer".to_owned())
            .spawn(move || writer::run(db, &receiver))
            .map_err(|error| failed(&error))?;
        Ok(Self {
            opened,
            changes: Mutex::new(Some(changes)),
            readers,
            reading: Mutex::new(threads),
            writer: Mutex::new(Some(writer)),
        })
    }

    /// What was found when the views were opened.
    #[must_use]
    pub const fn opened(&self) -> Opened {
        self.opened
    }

    /// Writes what waits and closes the file. Later calls fail. Blocks until done.
    pub fn close(&self) {
        // The readers first: the last connection to go puts everything into the one file, and
        // only the writer's can.
        self.readers.close();
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        reading.drain(..).for_each(join);
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.take();
        drop(changes);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.take().into_iter().for_each(join);
    }

    fn change(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<Applied, ViewError>>) -> Change,
    ) -> BoxFuture<'static, Result<Applied, ViewError>> {
        let (answer, receiver) = oneshot::channel();
        if let Some(changes) = &*self.changes.lock().unwrap_or_else(PoisonError::into_inner) {
            // Without a writer the change is dropped, and the receiver cancelled.
            drop(changes.send(make(answer)));
        }
        receiver
            .map(|answer| answer.unwrap_or_else(|_| Err(closed("apply"))))
            .boxed()
    }

    fn query<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ViewError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ViewError>> {
        self.readers
            .run(read)
            .map(move |answer| answer.unwrap_or_else(|_| Err(closed(operation))))
            .boxed()
    }
}

fn open_or_renew(folder: &Path) -> Result<(Connection, Opened), Box<dyn std::error::Error>> {
    if let Some(db) = file::open_writer(folder)? {
        return Ok((db, Opened::AsLeft));
    }
    tracing::warn!(
        folder = %folder.display(),
        "the views are damaged or of another format: they are thrown away and written again"
    );
    file::remove(folder)?;
    match file::open_writer(folder)? {
        Some(db) => Ok((db, Opened::Renewed)),
        None => Err("they are damaged and cannot be renewed".into()),
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the view store has panicked");
    }
}

fn closed(operation: &'static str) -> ViewError {
    ViewError::Unavailable {
        operation,
        detail: "the views are closed".to_owned(),
    }
}

impl Drop for SqliteViewStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl ViewStore for SqliteViewStore {
    fn apply(
        &self,
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
    ) -> BoxFuture<'static, Result<Applied, ViewError>> {
        self.change(|answer| Change::Apply {
            topic_partition,
            rows,
            progress,
            answer,
        })
    }

    fn get(
        &self,
        table: &'static str,
        key: Vec<u8>,
    ) -> BoxFuture<'static, Result<Option<StoredRow>, ViewError>> {
        self.query("get", move |db| file::get(db, table, &key))
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'static, Result<Vec<StoredRow>, ViewError>> {
        self.query("scan", move |db| file::scan(db, &scan))
    }

    fn progress(
        &self,
        topic_partition: TopicPartition,
    ) -> BoxFuture<'static, Result<Option<Progress>, ViewError>> {
        self.query("progress", move |db| {
            file::progress(db, topic_partition).map_err(|error| unavailable("progress", &error))
        })
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), ViewError>> {
        self.change(|answer| Change::Clear { answer })
            .map(|answer| answer.map(|_| ()))
            .boxed()
    }
}
