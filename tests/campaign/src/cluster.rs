//! What a fleet stands on: the embedded log of one process, or Kafka and Cassandra.
//!
//! Duty: start the servers, make the topics with furlong's own command, hold the folder that all
//! processes share, tell every process its settings, and open the log for the checker.
//! Prohibition: nothing is written into a journal from here.

use anyhow::Context;
use eventlog::EventLog;
use furlong::data_folder::DataFolder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// What servers a fault needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Kafka brokers: 1 or 3; none: the embedded log, for which one process does everything.
    pub brokers: u8,
    /// Cassandra nodes: 1 or 3; none: views in SQLite.
    pub nodes: u8,
    /// Partitions of every topic.
    pub partitions: u16,
}

impl Ground {
    /// No servers: one process on a folder.
    pub const EMBEDDED: Self = Self {
        brokers: 0,
        nodes: 0,
        partitions: 8,
    };
}

/// The servers and the folder.
pub struct Cluster {
    /// What it was made from.
    pub ground: Ground,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    // Dropped last: the folder goes when everything that used it has.
    temporary: Option<TempDir>,
}

impl Cluster {
    /// Starts everything. `keep`: a folder that stays when the run is over.
    ///
    /// # Errors
    /// A server does not start, or the topics cannot be made.
    pub fn start(ground: Ground, keep: Option<&Path>) -> anyhow::Result<Self> {
        let temporary = match keep {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("a temporary folder cannot be made")?),
        };
        let folder = keep.map(Path::to_owned);
        let folder = folder.or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
        let folder = folder.context("there is always a folder")?;
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            ground,
            settings: BTreeMap::new(),
            folder,
            temporary,
        })
    }

    /// Where everything of this run lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it will be gone when the run is over.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// The data folder that all processes share.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The settings of every process.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, String> {
        self.settings.clone()
    }

    /// The log, for those who only read it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn log(&self) -> anyhow::Result<Arc<dyn EventLog>> {
        let log = DataFolder::new(&self.data()).open_log();
        Ok(Arc::new(log.map_err(|error| anyhow::anyhow!("{error}"))?))
    }
}
