//! The folder of a started server or cluster, removed with it unless it is to be looked at.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use tempfile::TempDir;

use crate::settings;

/// A temporary folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    owned: Mutex<Option<TempDir>>,
}

impl Folder {
    /// A new one; `name` is the beginning of its name.
    ///
    /// # Errors
    /// The folder for temporary files cannot be written.
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("furlong-{name}-"))
            .disable_cleanup(settings::folders_stay())
            .tempdir()
            .context("create a folder for a server")?;
        if settings::folders_stay() {
            eprintln!("stack: {} stays", folder.path().display());
        }
        Ok(Self {
            path: folder.path().to_owned(),
            owned: Mutex::new(Some(folder)),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it now: what a static holds is never dropped.
    pub(crate) fn remove(&self) {
        let owned = self
            .owned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(owned);
    }
}
