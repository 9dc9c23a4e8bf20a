//! A small generator of chance for simulations: SplitMix64.
//!
//! Duty: the same seed gives the same match day on every machine. Prohibition: nothing that
//! guards money or secrets draws from it.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a draw between 0 and 1 has 53 bits, which a float holds exactly"
)]

/// A stream of draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly between two values.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A place in a list of so many.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.next()
            .checked_rem(count)
            .and_then(|place| usize::try_from(place).ok())
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_first_draws() {
        let mut random = Random::new(1_234_567);
        let draws = [random.next(), random.next(), random.next()];
        assert_eq!(
            draws,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn draws_are_even() {
        let mut random = Random::new(7);
        let sum: f64 = (0..10_000).map(|_| random.unit()).sum();
        assert!((sum / 10_000.0 - 0.5).abs() < 0.02);
        assert!((0..1_000).all(|_| random.below(3) < 3));
    }
}
