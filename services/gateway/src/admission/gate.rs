//! The gate that requests pass before any work is done on them.
//!
//! Duty: [`Queue`] on the clock of the runtime, with a place that is given back however a request
//! ends: answered, dropped by its client, or panicked. Prohibition: no rule about who is next.

use super::limit::Bounds;
use super::priority::Priority;
use super::queue::{Arrival, Call, Figures, Number, Queue};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Nothing was done of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TurnedAway;

/// The gate of one process.
pub(crate) struct Gate {
    began: Instant,
    state: Mutex<State>,
}

struct State {
    queue: Queue,
    /// Who waits; `None` is sent to whoever has to go.
    waiting: FxHashMap<Number, (Priority, oneshot::Sender<Option<Work>>)>,
}

/// A place at work.
#[derive(Clone)]
pub(crate) struct Work(Arc<Place>);

struct Place {
    gate: Arc<Gate>,
    priority: Priority,
    began: u64,
    left: AtomicBool,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Work").field(&self.0.priority).finish()
    }
}

impl Work {
    fn new(gate: &Arc<Gate>, priority: Priority, began: u64) -> Self {
        Self(Arc::new(Place {
            gate: Arc::clone(gate),
            priority,
            began,
            left: AtomicBool::new(false),
        }))
    }

    /// The work is done. What comes behind it (a delay in play, a trader's word) is waiting that
    /// was agreed on: it takes no place and says nothing about how busy the house is.
    pub(crate) fn done(&self) {
        self.0.leave(true);
    }

    /// The work has ended in a way that says nothing about how long it takes.
    pub(crate) fn ended(&self) {
        self.0.leave(false);
    }
}

impl Place {
    fn leave(&self, counts: bool) {
        if self.left.swap(true, Ordering::Relaxed) {
            return;
        }
        let now = self.gate.now();
        let took = counts.then_some((self.began, now));
        let mut state = self.gate.state();
        let calls = state.queue.leave(self.priority, took, now);
        let called = self.gate.called(&mut state, calls, now);
        drop(state);
        tell(called);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave(false);
    }
}

type Called = Vec<(oneshot::Sender<Option<Work>>, Option<Work>)>;

/// Outside the lock: a place that nobody takes any more is given back at once.
fn tell(called: Called) {
    for (sender, word) in called {
        drop(sender.send(word));
    }
}

/// Somebody in the queue, until he leaves it one way or the other.
struct InLine<'a> {
    gate: &'a Gate,
    priority: Priority,
    number: Number,
}

impl InLine<'_> {
    /// False: a word is under way.
    fn give_up(&self) -> bool {
        let mut state = self.gate.state();
        state.waiting.remove(&self.number);
        state.queue.give_up(self.priority, self.number)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Gate {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            began: Instant::now(),
            state: Mutex::new(State {
                queue: Queue::new(bounds),
                waiting: FxHashMap::default(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// What is to be sent to whom.
    fn called(self: &Arc<Self>, state: &mut State, calls: Vec<Call>, now: u64) -> Called {
        let mut called = Called::new();
        for call in calls {
            let (Call::In(number) | Call::Away(number)) = call;
            let Some((priority, sender)) = state.waiting.remove(&number) else {
                continue;
            };
            let word = match call {
                Call::In(_) => Some(Work::new(self, priority, now)),
                Call::Away(_) => None,
            };
            called.push((sender, word));
        }
        called
    }

    /// Whether nobody more of a priority can be let in soon. Asked before anything is known of a
    /// request: under ten times the load even to find out who asks is work. Who is told so counts
    /// as turned away.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn look(&self, priority: Priority) -> Result<(), TurnedAway> {
        let mut state = self.state();
        if state.queue.is_full(priority) {
            state.queue.count_shed(priority);
            return Err(TurnedAway);
        }
        Ok(())
    }

    /// A place at work, at once or within the priority's patience.
    ///
    /// # Errors
    /// There is none; nothing was done.
    pub(crate) async fn enter(self: &Arc<Self>, priority: Priority) -> Result<Work, TurnedAway> {
        let (number, until, mut told) = {
            let now = self.now();
            let mut state = self.state();
            let (number, until) = match state.queue.arrive(priority, now) {
                Arrival::In => return Ok(Work::new(self, priority, now)),
                Arrival::Waits(number, until) => (number, until),
                Arrival::Away => return Err(TurnedAway),
            };
            let (sender, told) = oneshot::channel();
            state.waiting.insert(number, (priority, sender));
            (number, until, told)
        };
        let in_line = InLine {
            gate: self,
            priority,
            number,
        };
        let until = self.began.checked_add(Duration::from_micros(until));
        let until = until.unwrap_or(self.began);
        let word = match timeout_at(until, &mut told).await {
            Ok(word) => word,
            Err(_) if in_line.give_up() => return Err(TurnedAway),
            // The word is under way.
            Err(_) => told.await,
        };
        word.ok().flatten().ok_or(TurnedAway)
    }

    /// The limit; in work, waiting and turned away so far, by priority.
    pub(crate) fn figures(&self) -> (usize, [(Priority, Figures); Priority::COUNT]) {
        let state = self.state();
        let of = |priority| (priority, state.queue.figures(priority));
        (state.queue.limit(), Priority::ALL.map(of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Arc<Gate> {
        Arc::new(Gate::new(Bounds {
            min: 1,
            first: 1,
            max: 1,
        }))
    }

    fn figures(gate: &Gate) -> (usize, usize, u64) {
        gate.state().queue.figures(Priority::Placing)
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_in_when_a_place_is_free() {
        let gate = gate();
        let first = gate.enter(Priority::Placing).await.unwrap();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(Priority::Placing).await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(figures(&gate), (1, 1, 0));
        first.done();
        let second = waiting.await.unwrap().unwrap();
        assert_eq!(figures(&gate), (1, 0, 0));
        // Given back once, however often it is said.
        first.done();
        drop(first);
        assert_eq!(figures(&gate), (1, 0, 0));
        drop(second);
        assert_eq!(figures(&gate), (0, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_turned_away() {
        let gate = gate();
        let _first = gate.enter(Priority::Placing).await.unwrap();
        let began = Instant::now();
        assert_eq!(gate.enter(Priority::Placing).await.unwrap_err(), TurnedAway);
        assert!(began.elapsed() <= Duration::from_millis(50));
        assert_eq!(figures(&gate), (1, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_leaves_neither_a_place_nor_a_wait() {
        let gate = gate();
        let first = gate.enter(Priority::Placing).await.unwrap();
        let mut waiting = Box::pin(gate.enter(Priority::Placing));
        let waited = tokio::time::timeout(Duration::from_millis(1), &mut waiting).await;
        assert!(waited.is_err());
        drop(waiting);
        assert_eq!(figures(&gate).1, 0);
        // Called and gone before it heard it.
        let mut waiting = Box::pin(gate.enter(Priority::Placing));
        let waited = tokio::time::timeout(Duration::from_millis(1), &mut waiting).await;
        assert!(waited.is_err());
        first.done();
        drop(waiting);
        assert_eq!(figures(&gate).0, 0);
    }
}
