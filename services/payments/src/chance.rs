//! Waits of a random length, from a seed that comes in.
//!
//! Duty: full jitter: every length up to the longest is as likely as any other. Prohibition: no
//! randomness of its own, and nothing that must not be guessed is drawn here.

use kernel::Duration;

/// A row of numbers that follows from its seed (splitmix64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// The row of that seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A wait from nothing up to the longest.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.micros()).unwrap_or(0);
        let drawn = self.next().checked_rem(longest.saturating_add(1));
        Duration::from_micros(drawn.and_then(|drawn| drawn.try_into().ok()).unwrap_or(0))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
