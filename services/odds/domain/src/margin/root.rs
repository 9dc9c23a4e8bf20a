//! Where a monotone function crosses zero.
//!
//! Duty: bisection down to neighbouring floats, so that equal inputs give equal bits and no
//! tolerance has to be argued about. Prohibition: no knowledge of what is being solved.
#![expect(
    clippy::float_arithmetic,
    reason = "root finding is real arithmetic; no result enters a decision unquantised"
)]

/// Halving 2^-1074..2^1023 down to neighbours takes at most this many steps.
const STEPS_MAX: u32 = 2_200;

/// The `x` in `[low, high]` at which `f`, falling, passes zero; `None` if the ends do not
/// enclose such a place.
pub(super) fn of_falling(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Option<f64> {
    let (mut low, mut high) = (low, high);
    let (at_low, at_high) = (f(low), f(high));
    // Not `>=`: a NaN at an end must also be refused.
    if !(at_low >= 0.0 && at_high <= 0.0) {
        return None;
    }
    for _ in 0..STEPS_MAX {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let nearer_is_low = f(low).abs() < f(high).abs();
    Some(if nearer_is_low { low } else { high })
}

/// A point above `from` at which `f`, falling, is no longer positive: `from` doubled as often as
/// it takes.
pub(super) fn upper_end(f: impl Fn(f64) -> f64, from: f64) -> Option<f64> {
    let mut end = from;
    for _ in 0..1_000 {
        if f(end) <= 0.0 {
            return Some(end);
        }
        end *= 2.0;
    }
    None
}
