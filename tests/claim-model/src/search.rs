//! Breadth first through all states, so that the first counterexample is a shortest one.

use crate::model::{Action, Model};
use crate::protocol::Promise;
use crate::state::State;
use rustc_hash::{FxHashSet, FxHasher};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// A run that breaks a promise.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Which.
    pub broken: Promise,
    /// How.
    pub steps: Vec<Action>,
}

/// What the search found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How many states were seen.
    pub states: usize,
    /// The longest of all shortest runs to a state.
    pub depth: u32,
    /// Runs in which everything went well to the end: the model is not empty.
    pub complete: usize,
    /// The most owners after one another.
    pub epochs: u8,
    /// A broken promise.
    pub counterexample: Option<Counterexample>,
}

struct Visited {
    state: State,
    depth: u32,
    trace: usize,
}

/// Searches until a promise breaks or nothing is left.
#[must_use]
pub fn search(model: &Model) -> Outcome {
    let mut seen = FxHashSet::default();
    let mut waiting = VecDeque::new();
    // Per state: from which it came, and by what.
    let mut traces: Vec<(usize, Option<Action>)> = vec![(0, None)];
    let mut outcome = Outcome {
        states: 1,
        depth: 0,
        complete: 0,
        epochs: 0,
        counterexample: None,
    };
    let initial = model.initial();
    seen.insert(fingerprint(&initial));
    waiting.push_back(Visited {
        state: initial,
        depth: 0,
        trace: 0,
    });
    while let Some(visited) = waiting.pop_front() {
        outcome.depth = outcome.depth.max(visited.depth);
        outcome.epochs = outcome.epochs.max(visited.state.epoch());
        outcome.complete += usize::from(visited.state.is_complete());
        let mut broken = None;
        model.steps(&visited.state, &mut |action, step| match step {
            Err(promise) => broken = broken.or(Some((promise, action))),
            Ok(next) => {
                if seen.insert(fingerprint(&next)) {
                    traces.push((visited.trace, Some(action)));
                    waiting.push_back(Visited {
                        state: next,
                        depth: visited.depth + 1,
                        trace: traces.len() - 1,
                    });
                }
            }
        });
        if let Some((promise, action)) = broken {
            let mut steps = vec![action];
            let mut at = visited.trace;
            while let (earlier, Some(action)) = traces[at] {
                steps.push(action);
                at = earlier;
            }
            steps.reverse();
            outcome.counterexample = Some(Counterexample {
                broken: promise,
                steps,
            });
            break;
        }
    }
    outcome.states = seen.len();
    outcome
}

/// 128 bits: at ten million states two of them collide with a chance below one in 10^24.
fn fingerprint(state: &State) -> (u64, u64) {
    let mut first = FxHasher::default();
    state.hash(&mut first);
    let mut second = std::hash::DefaultHasher::new();
    state.hash(&mut second);
    (first.finish(), second.finish())
}
