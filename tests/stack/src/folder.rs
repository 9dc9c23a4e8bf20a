//! The folder of a started server or cluster, removed with it unless it is to be looked at.

use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use crate::settings;

/// A temporary folder.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

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
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
