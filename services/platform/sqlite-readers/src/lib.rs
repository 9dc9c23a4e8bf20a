//! The threads that read an SQLite file.
//!
//! Duty: run reads beside the tasks that wait for them, each thread with a connection of its own.
//! Prohibition: no thread keeps a transaction open between two reads; an open one would keep the
//! write-ahead log from being emptied.

use futures::channel::oneshot;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Readers, until they are closed.
pub struct Readers {
    jobs: Mutex<Option<Sender<Job>>>,
}

impl Readers {
    /// One thread of this name for each connection.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start(
        name: &str,
        connections: Vec<Connection>,
    ) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = connections
            .into_iter()
            .map(|db| {
                let receiver = receiver.clone();
                std::thread::Builder::new()
                    .name(name.to_owned())
                    .spawn(move || work(&receiver, &db))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let readers = Self {
            jobs: Mutex::new(Some(sender)),
        };
        Ok((readers, threads))
    }

    /// Runs a read. The receiver is cancelled if the readers are closed.
    pub fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            // Who asked may have gone.
            drop(answer.send(read(db)));
        });
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            // Without threads the job is dropped, and the receiver cancelled.
            drop(jobs.send(job));
        }
        receiver
    }

    /// Ends the threads once they have done what they were given.
    pub fn close(&self) {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, db: &Connection) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else {
            return;
        };
        job(db);
    }
}
