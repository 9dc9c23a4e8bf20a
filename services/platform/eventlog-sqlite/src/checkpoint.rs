//! Checkpoints of the write-ahead log, beside the writer.
//!
//! Duty: copy committed pages from the write-ahead log into the file on a thread of its own, so
//! that the writer finds little left when the log reaches its ceiling and it must finish the
//! copy itself; empty the log when nothing is to be written. Prohibition: a failed checkpoint
//! loses nothing and stops nobody; it is logged and tried again.

use rusqlite::Connection;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The writer's signal to the checkpoint thread.
pub(crate) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
    bytes_between: usize,
}

#[derive(Default)]
struct State {
    bytes: usize,
    closed: bool,
}

impl Checkpoints {
    pub(crate) fn new(bytes_between: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            bytes_between,
        }
    }

    /// Counts what a commit has written: its records, and about four pages beside them.
    pub(crate) fn wrote(&self, bytes: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes = state.bytes.saturating_add(bytes).saturating_add(16_384);
        if state.bytes >= self.bytes_between {
            drop(state);
            self.changed.notify_one();
        }
    }

    pub(crate) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        drop(state);
        self.changed.notify_one();
    }

    /// Copies whenever enough has been written, until closed.
    pub(crate) fn run(self: Arc<Self>, db: Connection) {
        loop {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let mut state = self
                .changed
                .wait_while(state, |state| {
                    state.bytes < self.bytes_between && !state.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return;
            }
            state.bytes = 0;
            drop(state);
            checkpoint(&db, "PASSIVE");
        }
    }
}

/// Empties the write-ahead log if no reader needs it. Never waits for one.
pub(crate) fn truncate(db: &Connection) -> bool {
    let without_waiting = db.busy_timeout(Duration::ZERO);
    let done = without_waiting.is_ok() && checkpoint(db, "TRUNCATE");
    if let Err(error) = db.busy_timeout(Duration::from_secs(10)) {
        tracing::warn!(%error, "no patience with a busy event log");
    }
    done
}

fn checkpoint(db: &Connection, mode: &str) -> bool {
    let busy = db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        row.get::<_, bool>(0)
    });
    match busy {
        Ok(busy) => !busy,
        Err(error) => {
            tracing::warn!(%error, mode, "a checkpoint of the event log failed");
            false
        }
    }
}
