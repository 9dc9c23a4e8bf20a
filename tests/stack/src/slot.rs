//! The place of one server of ours: running, or killed and to be started again in the same folder.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use rustix::process::Signal;

use crate::guarded::{Guarded, log_tail};

/// One server's place.
#[derive(Debug)]
pub(crate) struct Slot {
    /// For people: "Kafka broker 1".
    name: String,
    folder: PathBuf,
    running: Mutex<Option<Guarded>>,
}

impl Slot {
    pub(crate) const fn new(name: String, folder: PathBuf) -> Self {
        Self {
            name,
            folder,
            running: Mutex::new(None),
        }
    }

    /// Where the server keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the server wrote to its output.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Puts a started server here.
    ///
    /// # Errors
    /// One is running.
    pub(crate) fn start(
        &self,
        start: impl FnOnce() -> anyhow::Result<Guarded>,
    ) -> anyhow::Result<()> {
        let mut place = self.place();
        anyhow::ensure!(place.is_none(), "{} is running", self.name);
        *place = Some(start().with_context(|| format!("start {}", self.name))?);
        Ok(())
    }

    /// SIGKILL; returns when nothing of the process is left.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        let server = self.place().take();
        server
            .with_context(|| format!("{} is not running", self.name))?
            .kill()
    }

    /// SIGSTOP: the process keeps its connections and answers nothing.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn pause(&self) -> anyhow::Result<()> {
        self.with_running(|server| server.signal(Signal::STOP))
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        self.with_running(|server| server.signal(Signal::CONT))
    }

    /// # Errors
    /// It is not running.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.with_running(|server| Ok(server.pid()))
    }

    pub(crate) fn is_running(&self) -> bool {
        self.place()
            .as_ref()
            .is_some_and(|server| !server.has_ended())
    }

    /// Kills what runs, if something does.
    pub(crate) fn stop(&self) {
        // Dropped outside of the lock.
        let server = self.place().take();
        drop(server);
    }

    /// Why waiting for this server is in vain.
    pub(crate) fn given_up(&self) -> Option<String> {
        let ended = self.place().as_ref().is_none_or(Guarded::has_ended);
        ended.then(|| format!("{} has ended", self.name))
    }

    /// The end of the server's log beside an error about it.
    pub(crate) fn with_log<T>(&self, answer: anyhow::Result<T>) -> anyhow::Result<T> {
        answer.with_context(|| {
            format!(
                "{}; its log ends with\n{}\n",
                self.name,
                log_tail(&self.log())
            )
        })
    }

    fn with_running<T>(
        &self,
        act: impl FnOnce(&Guarded) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let place = self.place();
        act(place
            .as_ref()
            .with_context(|| format!("{} is not running", self.name))?)
    }

    fn place(&self) -> MutexGuard<'_, Option<Guarded>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
