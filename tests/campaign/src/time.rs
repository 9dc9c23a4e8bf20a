//! Real time and chance, for everything else here.
//!
//! Duty: the one monotonic clock of a run, waiting for conditions within bounds, and choices from
//! a seed that is printed. Prohibition: nobody waits without a bound, and nobody draws chance
//! from anywhere else.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(3);

/// This instant.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the processes under attack live in real time"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Microseconds since 1970 by the wall clock: a label in histories, never compared.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a label for people")]
pub fn wall_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, micros_of)
}

/// A span in microseconds.
#[must_use]
pub fn micros_of(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Lets others work for so long. For pacing and for choosing the instant of a fault, never for
/// waiting until something is true.
pub fn pass(span: Duration) {
    let end = now() + span;
    while let Some(left) = end.checked_duration_since(now()) {
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

/// Looks until there is something to see; none: there was nothing in time.
pub fn wait_for<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let started = now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if started.elapsed() >= patience {
            return None;
        }
        std::thread::park_timeout(LOOK_AGAIN);
    }
}

/// The monotonic clock of a run.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(now())
    }
}

impl Clock {
    /// Microseconds since the run began.
    #[must_use]
    pub fn micros(self) -> u64 {
        micros_of(self.0.elapsed())
    }
}

/// Chance from a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The choices of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not including.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// From, up to and including.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// A span between these.
    pub fn span_ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(self.between(from * 1_000, to * 1_000))
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(u64::try_from(of.len()).ok()?)).ok()?;
        of.get(index)
    }

    /// Choices of its own for somebody else.
    #[must_use]
    pub const fn another(&mut self) -> Self {
        Self(self.draw())
    }
}
