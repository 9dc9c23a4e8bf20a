//! What lies where in a data folder.
//!
//! Duty: the one place that knows the names. Prohibition: nothing is opened for writing here.

use crate::exit::Failure;
use eventlog_sqlite::ReadOnlyLog;
use snapshots::FolderStore;
use std::path::{Path, PathBuf};
use viewstore_sqlite::ReadOnlyViews;

/// A folder in which an embedded engine keeps everything.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// This folder, whether or not it exists.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is. Log and views lie directly in it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Snapshots of owners, and checkpoints.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// Keys of customers and of the house.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The Ed25519 public key of checkpoints, in hexadecimal digits.
    #[must_use]
    pub fn checkpoint_public_key(&self) -> PathBuf {
        self.0.join("checkpoint.pub")
    }

    /// Its secret half, 32 bytes, readable by the owner only.
    #[must_use]
    pub fn checkpoint_secret_key(&self) -> PathBuf {
        self.0.join("checkpoint.key")
    }

    /// The log, for reading, beside a writer or on what a killed one has left.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open_log(&self) -> Result<ReadOnlyLog, Failure> {
        if !self.0.join("log.db").exists() {
            return Err(Failure::Unreadable(format!(
                "{} holds no log (log.db is not there); --data names the folder that was given to `furlong dev --data` or `furlong serve`",
                self.0.display()
            )));
        }
        ReadOnlyLog::open(&self.0).map_err(|error| Failure::Unreadable(error.to_string()))
    }

    /// The views, if there are any.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open_views(&self) -> Result<Option<ReadOnlyViews>, Failure> {
        ReadOnlyViews::open(&self.0).map_err(|error| Failure::Unreadable(error.to_string()))
    }

    /// Snapshots and checkpoints, for reading.
    #[must_use]
    pub fn open_snapshots(&self) -> FolderStore {
        FolderStore::open_read_only(&self.snapshots())
    }
}
