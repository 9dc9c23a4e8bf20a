//! What waits to be written.
//!
//! Duty: keep appends in the order of the calls and hand them to the writer in groups: all that
//! waits, up to a group's bounds. When the last group was large, the appenders that it has just
//! answered are about to come back, and the next group waits for them for a moment; a lone
//! appender is never made to wait. Prohibition: a sender of commands never fills the memory: it
//! waits for room before it takes its place. An owner's append takes its place at once, as the
//! port asks; an owner bounds itself by what it leaves unanswered.

use bytes::Bytes;
use eventlog::AppendOutcome;
use futures::channel::oneshot;
use kernel::TopicPartition;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Groups from so many appends on let the next one wait for as many.
const MANY: usize = 8;
/// But no longer than this; a commit takes about as long.
const GATHERING: Duration = Duration::from_micros(100);

/// Records of one partition that one call appends.
pub(crate) struct Append {
    pub(crate) topic_partition: TopicPartition,
    pub(crate) records: Records,
    pub(crate) outcome: oneshot::Sender<AppendOutcome>,
    /// Room in the queue, given back when the records are written.
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// One record, or several.
pub(crate) enum Records {
    One(Bytes),
    Many(Vec<Bytes>),
}

impl Records {
    pub(crate) fn as_slice(&self) -> &[Bytes] {
        match self {
            Self::One(record) => std::slice::from_ref(record),
            Self::Many(records) => records,
        }
    }

    fn bytes(&self) -> usize {
        self.as_slice()
            .iter()
            .fold(0, |sum: usize, record| sum.saturating_add(record.len()))
    }
}

/// What the writer finds.
pub(crate) enum Taken {
    /// At least one append.
    Group(Vec<Append>),
    /// Nothing for a while.
    Idle,
    /// Nothing, and nothing will come.
    Closed,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    room: Arc<Semaphore>,
    room_bytes: u32,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Append>,
    bytes: usize,
    closed: bool,
    /// The writer sleeps until so many appends wait.
    wanted: usize,
    /// The appends in the last group.
    last_group: usize,
}

impl State {
    fn is_worth_waking_for(&self) -> bool {
        self.waiting.len() >= self.wanted || self.closed
    }
}

impl Queue {
    pub(crate) fn new(room_bytes: u32) -> Self {
        let permits = usize::try_from(room_bytes).unwrap_or(usize::MAX);
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            room: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            room_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place in the order. The receiver is cancelled if the log is closed.
    pub(crate) fn push(
        &self,
        topic_partition: TopicPartition,
        records: Records,
        room: Option<OwnedSemaphorePermit>,
    ) -> oneshot::Receiver<AppendOutcome> {
        let (outcome, receiver) = oneshot::channel();
        let mut state = self.state();
        if !state.closed {
            state.bytes = state.bytes.saturating_add(records.bytes());
            state.waiting.push_back(Append {
                topic_partition,
                records,
                outcome,
                _room: room,
            });
            let wake = state.is_worth_waking_for();
            drop(state);
            if wake {
                self.filled.notify_one();
            }
        }
        receiver
    }

    /// Room for a record of so many bytes, if there is some now.
    pub(crate) fn room_now(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = self.permits(bytes);
        self.room.clone().try_acquire_many_owned(permits).ok()
    }

    /// Room for a record of so many bytes, when there is some. `None` when the log is closed.
    pub(crate) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = self.permits(bytes);
        self.room.clone().acquire_many_owned(permits).await.ok()
    }

    /// A record longer than the whole room may go when nothing else waits.
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes)
            .unwrap_or(u32::MAX)
            .clamp(1, self.room_bytes)
    }

    /// The bytes that wait now.
    pub(crate) fn bytes(&self) -> usize {
        self.state().bytes
    }

    /// All that waits, up to about `bytes_max`, in order. Waits for something to come, but not
    /// longer than `patience`.
    pub(crate) fn take(&self, bytes_max: usize, patience: Duration) -> Taken {
        let mut state = self.wait(self.state(), 1, patience);
        if state.last_group >= MANY {
            let wanted = state.last_group;
            state = self.wait(state, wanted, GATHERING);
        }
        let mut group = Vec::new();
        let mut bytes = 0_usize;
        while bytes < bytes_max {
            let Some(append) = state.waiting.pop_front() else {
                break;
            };
            bytes = bytes.saturating_add(append.records.bytes());
            group.push(append);
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        state.last_group = group.len();
        match (group.is_empty(), state.closed) {
            (false, _) => Taken::Group(group),
            (true, false) => Taken::Idle,
            (true, true) => Taken::Closed,
        }
    }

    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        wanted: usize,
        patience: Duration,
    ) -> MutexGuard<'a, State> {
        state.wanted = wanted;
        let (mut state, _) = self
            .filled
            .wait_timeout_while(state, patience, |state| !state.is_worth_waking_for())
            .unwrap_or_else(PoisonError::into_inner);
        // The writer is awake and needs no call.
        state.wanted = usize::MAX;
        state
    }

    /// Refuses what comes from now on; what waits is still written.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.room.close();
        self.filled.notify_all();
    }
}
