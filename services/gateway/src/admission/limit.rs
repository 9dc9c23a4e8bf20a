//! How much is worked on at once: a limit that finds itself.
//!
//! Duty: additive increase and multiplicative decrease (Chiu and Jain 1989, as in TCP) on a high
//! percentile of latency beside what it is when the house is calm. While requests take about as
//! long as in calm times, the limit grows where it is reached; when they take half as long again,
//! more work waits inside than is done, and it shrinks by as much as they are late, at most to half.
//! What is measured is the most important kind of which there is enough: slow reads of a view that is
//! away do not throttle bets.
//!
//! Prohibition: no clock, no lock, no float; times are told. Work that began before
//! the limit shrank says nothing about the smaller one and is left out.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "microseconds and counts of requests, far from the ends of their types"
)]

use super::priority::Priority;

/// The least time over which requests are looked at together, in microseconds.
const WINDOW_MICROS: u64 = 100_000;
/// A window that has not filled by then is given up.
const WINDOW_MAX_MICROS: u64 = 2_000_000;
/// The fewest requests of a kind that tell something.
const SAMPLES_MIN: usize = 16;
/// More than this in a window add nothing.
const SAMPLES_MAX: usize = 512;
/// Percent of the requests of a window that are no slower than what counts.
const PERCENTILE: usize = 90;
/// Differences below this are noise of the machine, in microseconds.
const NOISE_MICROS: u64 = 5_000;

/// Between what the limit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Never less.
    pub min: usize,
    /// At the start.
    pub first: usize,
    /// Never more.
    pub max: usize,
}

/// Requests of one kind.
#[derive(Debug, Default)]
struct Kind {
    /// Latencies of the present window.
    samples: Vec<u64>,
    /// The percentile in calm times.
    calm_micros: Option<u64>,
}

/// The limit.
#[derive(Debug)]
pub(crate) struct Limit {
    bounds: Bounds,
    now: usize,
    kinds: [Kind; Priority::COUNT],
    window_began: u64,
    shrunk_at: u64,
    /// The most that was worked on at once in the present window.
    busiest: usize,
}

impl Limit {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            now: bounds.first.clamp(bounds.min, bounds.max),
            kinds: Default::default(),
            window_began: 0,
            shrunk_at: 0,
            busiest: 0,
        }
    }

    /// How much may be worked on at once.
    pub(crate) const fn now(&self) -> usize {
        self.now
    }

    /// Notes how much is worked on now.
    pub(crate) fn busy(&mut self, in_work: usize) {
        self.busiest = self.busiest.max(in_work);
    }

    /// Takes the latency of a piece of work that began and ended then.
    pub(crate) fn took(&mut self, priority: Priority, began: u64, ended: u64) {
        if began < self.shrunk_at {
            return;
        }
        if let Some(kind) = self.kinds.get_mut(priority.index())
            && kind.samples.len() < SAMPLES_MAX
        {
            kind.samples.push(ended.saturating_sub(began));
        }
        let age = ended.saturating_sub(self.window_began);
        if age < WINDOW_MICROS {
            return;
        }
        // What must go on is of many kinds and sizes; the rest is asked in the order of importance.
        let enough = |kind: &&mut Kind| kind.samples.len() >= SAMPLES_MIN;
        if let Some(kind) = self.kinds.iter_mut().skip(1).find(enough) {
            let late = percentile(&mut kind.samples);
            let before = self.now;
            self.now = judged(kind, late, before, self.busiest, self.bounds);
            if self.now < before {
                self.shrunk_at = ended;
            }
            self.begin_window(ended);
        } else if age > WINDOW_MAX_MICROS {
            self.begin_window(ended);
        }
    }

    fn begin_window(&mut self, now: u64) {
        for kind in &mut self.kinds {
            kind.samples.clear();
        }
        self.window_began = now;
        self.busiest = 0;
    }
}

/// The limit after a window in which so much was in work and took so long.
fn judged(kind: &mut Kind, late: u64, limit: usize, busiest: usize, bounds: Bounds) -> usize {
    let calm = *kind.calm_micros.get_or_insert(late);
    // Far from the limit, how long things take is how long they take.
    if busiest * 4 < limit {
        kind.calm_micros = Some(if late < calm {
            late.midpoint(calm)
        } else {
            // One bad window is not believed.
            calm + (late - calm).min(calm) / 16
        });
        return limit;
    }
    kind.calm_micros = Some(calm.min(late));
    let allowed = calm + (calm / 2).max(NOISE_MICROS);
    if late <= allowed {
        return (limit + limit.isqrt().max(1)).min(bounds.max);
    }
    if limit <= bounds.min {
        // It is not the crowd that makes it slow: in time that is believed to be how it is.
        kind.calm_micros = Some(calm + calm / 256 + 1);
    }
    let limit_wide = u64::try_from(limit).unwrap_or(u64::MAX);
    let shrunk = limit_wide.saturating_mul(allowed) / late.max(1);
    let shrunk = usize::try_from(shrunk).unwrap_or(limit);
    // At least a tenth, at most a half.
    shrunk.clamp(limit / 2, limit - limit / 10).max(bounds.min)
}

/// The value below which that share of the samples lies.
fn percentile(samples: &mut [u64]) -> u64 {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    let at = (last * PERCENTILE).div_ceil(100).min(last);
    samples.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        min: 8,
        first: 100,
        max: 1_000,
    };
    const MS: u64 = 1_000;

    /// Windows of 20 requests each that take so long, with so much in work.
    fn windows(limit: &mut Limit, now: &mut u64, count: u32, kind: Priority, ms: u64, busy: usize) {
        for _ in 0..count {
            limit.begin_window(*now);
            limit.busy(busy);
            for _ in 0..21 {
                *now += 6 * MS;
                limit.took(kind, *now, *now + ms * MS);
            }
            *now += ms * MS;
        }
    }

    #[test]
    fn what_is_quick_at_the_limit_lets_it_grow() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        windows(&mut limit, &mut now, 3, Priority::Placing, 20, 100);
        assert!(limit.now() > 120, "{}", limit.now());
        windows(&mut limit, &mut now, 500, Priority::Placing, 20, 1_000);
        assert_eq!(limit.now(), BOUNDS.max);
    }

    #[test]
    fn what_is_not_reached_does_not_grow() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        windows(&mut limit, &mut now, 20, Priority::Placing, 20, 10);
        assert_eq!(limit.now(), BOUNDS.first);
    }

    #[test]
    fn what_is_late_shrinks_it_by_as_much_as_it_is_late() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        windows(&mut limit, &mut now, 5, Priority::Placing, 20, 10);
        windows(&mut limit, &mut now, 1, Priority::Placing, 40, 100);
        assert_eq!(limit.now(), 75);
        windows(&mut limit, &mut now, 1, Priority::Placing, 400, 100);
        assert_eq!(limit.now(), 37);
        windows(&mut limit, &mut now, 50, Priority::Placing, 400, 100);
        assert_eq!(limit.now(), BOUNDS.min);
    }

    #[test]
    fn slow_reads_do_not_throttle_bets() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 10_000 * MS);
        windows(&mut limit, &mut now, 5, Priority::History, 20, 10);
        for _ in 0..20 {
            limit.busy(90);
            for _ in 0..21 {
                now += 6 * MS;
                limit.took(Priority::History, now - 2_000 * MS, now + 20 * MS);
                limit.took(Priority::Placing, now, now + 20 * MS);
            }
        }
        assert!(limit.now() > BOUNDS.first, "{}", limit.now());
    }

    #[test]
    fn noise_of_the_machine_is_no_overload() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        windows(&mut limit, &mut now, 5, Priority::Browsing, 1, 10);
        windows(&mut limit, &mut now, 5, Priority::Browsing, 5, 100);
        assert!(limit.now() > BOUNDS.first);
    }

    #[test]
    fn a_house_that_has_become_slower_is_believed_in_time() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        windows(&mut limit, &mut now, 5, Priority::Placing, 20, 10);
        windows(&mut limit, &mut now, 400, Priority::Placing, 60, 1_000);
        assert!(limit.now() > BOUNDS.min, "{}", limit.now());
    }

    #[test]
    fn too_few_requests_tell_nothing() {
        let (mut limit, mut now) = (Limit::new(BOUNDS), 1);
        for _ in 0..50 {
            now += 1_000 * MS;
            limit.busy(100);
            limit.took(Priority::Placing, now, now + 900 * MS);
        }
        assert_eq!(limit.now(), BOUNDS.first);
    }
}
