//! Deadlines of those who wait for other processes.
//!
//! The only place of this crate that asks the machine for the time; nothing here decides about bets.

use std::thread;
use std::time::{Duration, Instant};

/// How long a look at another process waits before it looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// A moment after which waiting is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    started: Instant,
    allowed: Duration,
}

impl Deadline {
    /// The moment `allowed` from now.
    #[expect(
        clippy::disallowed_methods,
        reason = "waits for real processes, outside of all decisions"
    )]
    pub(crate) fn after(allowed: Duration) -> Self {
        Self {
            started: Instant::now(),
            allowed,
        }
    }

    /// What is left until the moment, nothing when it has passed.
    pub(crate) fn left(&self) -> Duration {
        self.allowed.saturating_sub(self.started.elapsed())
    }

    /// Looks again and again until `look` finds something, or the moment passes.
    ///
    /// # Errors
    /// The last reason why nothing was found, with the time that was allowed; or at once what `give_up` says.
    pub(crate) fn until<T>(
        &self,
        mut give_up: impl FnMut() -> Option<String>,
        mut look: impl FnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        loop {
            let why = match look() {
                Ok(found) => return Ok(found),
                Err(why) => why,
            };
            if let Some(reason) = give_up() {
                return Err(why.context(reason));
            }
            if self.left().is_zero() {
                return Err(why.context(format!("not ready within {:?}", self.allowed)));
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }
}
