//! The one clock, and the one source of randomness.
//!
//! Duty: tell the time (scaled for demonstrations) and mint ids. Prohibition: nothing else in
//! the workspace reads a clock or draws a random number; deciders get both in their commands.

use kernel::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// How long to wait, in real time, until then.
    fn until(&self, then: Timestamp) -> Duration;
}

/// The system's clock, so many times as fast from its creation on.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin_micros: i64,
    speed: u32,
}

impl SystemClock {
    /// A clock that runs `speed` times as fast as the system's; 1 is real time.
    #[must_use]
    pub fn new(speed: u32) -> Self {
        Self {
            origin_micros: system_micros(),
            speed: speed.max(1),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
fn system_micros() -> i64 {
    // A clock before 1970 or after 2262 is broken; the epoch is then as good as any instant.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .unwrap_or(0)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = system_micros().saturating_sub(self.origin_micros);
        let scaled = elapsed.saturating_mul(i64::from(self.speed));
        Timestamp::from_micros(self.origin_micros.saturating_add(scaled))
    }

    fn until(&self, then: Timestamp) -> Duration {
        let micros = then
            .since(self.now())
            .micros()
            .checked_div(i64::from(self.speed));
        Duration::from_micros(
            micros
                .and_then(|micros| u64::try_from(micros).ok())
                .unwrap_or(0),
        )
    }
}

/// Draws random bytes. Also the seeded source of tests.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// The system's source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no id is unique and no token secret: there is nothing to go on with.
        getrandom::fill(buffer).expect("the system has a source of randomness");
    }
}

/// The bytes of a new id: a UUIDv7 (RFC 9562) whose last two bytes are the partition.
#[must_use]
pub fn mint(now: Timestamp, entropy: &dyn Entropy, partition: u16) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    let millis = now
        .micros()
        .max(0)
        .checked_div(1_000)
        .unwrap_or(0)
        .to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(millis.iter().skip(2)) {
        *to = *from;
    }
    if let Some(version) = bytes.get_mut(6) {
        *version = (*version & 0x0f) | 0x70;
    }
    if let Some(variant) = bytes.get_mut(8) {
        *variant = (*variant & 0x3f) | 0x80;
    }
    for (to, from) in bytes
        .iter_mut()
        .rev()
        .zip(partition.to_be_bytes().iter().rev())
    {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::BetId;

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
    }

    #[test]
    fn an_id_is_a_version_7_uuid_that_carries_time_and_partition() {
        let id = BetId::from_bytes(mint(Timestamp::from_millis(0x0190_0000_0001), &Ones, 5));
        assert_eq!(id.to_string(), "bet_01900000-0001-7fff-bfff-ffffffff0005");
        assert_eq!(id.partition(), 5);
    }

    #[test]
    fn ids_of_later_milliseconds_sort_later() {
        let at = |millis| mint(Timestamp::from_millis(millis), &Ones, 0);
        assert!(at(1_000) < at(1_001));
    }
}
