//! The place of one server of ours: running, or killed and to be started again in the same folder.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use rustix::process::Signal;

use crate::clock::Deadline;
#[cfg(feature = "containers")]
use crate::containers::Container;
use crate::guarded::{Guarded, log_tail};

/// A server that runs.
#[derive(Debug)]
pub(crate) enum Running {
    /// A process of ours.
    Process(Guarded),
    /// A container of ours.
    #[cfg(feature = "containers")]
    Container(Container),
}

/// One server's place.
#[derive(Debug)]
pub(crate) struct Slot {
    /// For people: "Kafka broker 1".
    name: String,
    folder: PathBuf,
    running: Mutex<Option<Running>>,
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

    /// Puts a started server here; a container that was killed is started again instead.
    ///
    /// # Errors
    /// One is running.
    pub(crate) fn start(
        &self,
        start: impl FnOnce() -> anyhow::Result<Running>,
    ) -> anyhow::Result<()> {
        let mut place = self.place();
        #[cfg(feature = "containers")]
        if let Some(Running::Container(container)) =
            place.as_ref().filter(|server| server.has_ended())
        {
            return container.start_again();
        }
        anyhow::ensure!(place.is_none(), "{} is running", self.name);
        *place = Some(start().with_context(|| format!("start {}", self.name))?);
        Ok(())
    }

    /// SIGKILL; returns when nothing of the process is left. The data stays.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        let server = self.place().take();
        match server.with_context(|| format!("{} is not running", self.name))? {
            Running::Process(process) => process.kill(),
            #[cfg(feature = "containers")]
            Running::Container(container) => {
                let killed = container.kill();
                *self.place() = Some(Running::Container(container));
                killed
            }
        }
    }

    /// SIGTERM; returns when the process has ended by itself.
    ///
    /// # Errors
    /// It is not running as a process, or has not ended in time.
    pub(crate) fn end(&self, deadline: Deadline) -> anyhow::Result<()> {
        self.with_running(|server| server.process()?.signal(Signal::TERM))?;
        deadline.until(
            || None,
            || {
                self.with_running(|server| {
                    anyhow::ensure!(server.has_ended(), "it is still running");
                    Ok(())
                })
            },
        )
    }

    /// SIGSTOP: the process keeps its connections and, from the return on, answers nothing.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn pause(&self) -> anyhow::Result<()> {
        self.with_running(|server| match server {
            Running::Process(process) => process.pause(),
            #[cfg(feature = "containers")]
            Running::Container(container) => container.pause(),
        })
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// It is not running.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        self.with_running(|server| match server {
            Running::Process(process) => process.signal(Signal::CONT),
            #[cfg(feature = "containers")]
            Running::Container(container) => container.resume(),
        })
    }

    /// # Errors
    /// It is not running, or not as a process of this machine.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.with_running(|server| Ok(server.process()?.pid()))
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
        (!self.is_running()).then(|| format!("{} has ended", self.name))
    }

    /// The end of the server's log beside an error about it.
    pub(crate) fn with_log<T>(&self, answer: anyhow::Result<T>) -> anyhow::Result<T> {
        answer.with_context(|| {
            let tail = match &*self.place() {
                #[cfg(feature = "containers")]
                Some(Running::Container(container)) => container.log_tail(),
                Some(Running::Process(_)) | None => log_tail(&self.log()),
            };
            format!("{}; its log ends with\n{tail}\n", self.name)
        })
    }

    fn with_running<T>(
        &self,
        act: impl FnOnce(&Running) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let place = self.place();
        act(place
            .as_ref()
            .with_context(|| format!("{} is not running", self.name))?)
    }

    fn place(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn has_ended(&self) -> bool {
        match self {
            Self::Process(process) => process.has_ended(),
            #[cfg(feature = "containers")]
            Self::Container(container) => container.has_ended(),
        }
    }

    fn process(&self) -> anyhow::Result<&Guarded> {
        match self {
            Self::Process(process) => Ok(process),
            #[cfg(feature = "containers")]
            Self::Container(_) => {
                anyhow::bail!("it runs in a container: it has no process id here")
            }
        }
    }
}
