//! The five kinds of margin on inverse prices `q` and fair probabilities `p`.
//!
//! Duty: each kind in both directions. Prohibition: no checks of input (the caller did them) and
//! no prices: only inverse prices and probabilities.
#![expect(
    clippy::float_arithmetic,
    reason = "margin methods are real arithmetic; no result enters a decision unquantised"
)]

use super::root;

/// A kind of margin; several names may share one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Multiplicative,
    Additive,
    Power,
    Shin,
    OddsRatio,
}

/// What came out, and the parameter that led to it.
type Solved = Option<(Vec<f64>, Option<f64>)>;

impl Shape {
    /// Fair probabilities of inverse prices.
    pub(super) fn remove(self, q: &[f64]) -> Solved {
        let booksum: f64 = q.iter().sum();
        match self {
            Self::Multiplicative => Some((each(q, |q| q / booksum), None)),
            Self::Additive => {
                let lift = share(booksum - 1.0, q);
                Some((each(q, |q| q - lift), None))
            }
            Self::Power => {
                // Falls from n at k = 0 towards 0, since every q is below 1.
                let excess = |k: f64| total(q, |q| q.powf(k)) - 1.0;
                let k = root::of_falling(excess, 0.0, root::upper_end(excess, 1.0)?)?;
                Some((each(q, |q| q.powf(k)), Some(k)))
            }
            Self::Shin => {
                let excess = |z: f64| total(q, |q| shin_fair(q, booksum, z)) - 1.0;
                // A book below 1 (or above it by less than a float tells) has z below 0; the
                // lower end is doubled until it encloses.
                let low = -root::upper_end(|z| -excess(-z), 1.0)?;
                let z = root::of_falling(excess, low, 1.0)?;
                Some((each(q, |q| shin_fair(q, booksum, z)), Some(z)))
            }
            Self::OddsRatio => {
                let fair = |q: f64, c: f64| q / (c + q - c * q);
                let excess = |c: f64| total(q, |q| fair(q, c)) - 1.0;
                let c = root::of_falling(excess, 0.0, root::upper_end(excess, 1.0)?)?;
                Some((each(q, |q| fair(q, c)), Some(c)))
            }
        }
    }

    /// Inverse prices of fair probabilities, adding up to `booksum`.
    pub(super) fn apply(self, p: &[f64], booksum: f64) -> Solved {
        match self {
            Self::Multiplicative => Some((each(p, |p| booksum * p), None)),
            Self::Additive => {
                let lift = share(booksum - 1.0, p);
                Some((each(p, |p| p + lift), None))
            }
            Self::Power => {
                let excess = |power: f64| total(p, |p| p.powf(power)) - booksum;
                let power = root::of_falling(excess, 0.0, root::upper_end(excess, 1.0)?)?;
                Some((each(p, |p| p.powf(power)), Some(power.recip())))
            }
            Self::Shin => {
                // Rises with z from 1 at z = 0 to (Σ√p)² at z = 1; below 0 as far as the rarest
                // selection allows.
                let short = |z: f64| booksum - total(p, |p| shin_root(p, z)).powi(2);
                let rarest = p.iter().copied().fold(1.0, f64::min);
                let low = -rarest / (1.0 - rarest);
                let z = root::of_falling(short, low, 1.0)?;
                Some((each(p, |p| booksum.sqrt() * shin_root(p, z)), Some(z)))
            }
            Self::OddsRatio => {
                let quoted = |p: f64, c: f64| c * p / (1.0 - p + c * p);
                let short = |c: f64| booksum - total(p, |p| quoted(p, c));
                let c = root::of_falling(short, 0.0, root::upper_end(short, 1.0)?)?;
                Some((each(p, |p| quoted(p, c)), Some(c)))
            }
        }
    }
}

/// Shin's probability of an inverse price, in the form that loses no digits as z nears 1.
fn shin_fair(q: f64, booksum: f64, z: f64) -> f64 {
    let square = q * q / booksum;
    let root = (z * z + 4.0 * (1.0 - z) * square).sqrt();
    if z >= 0.0 {
        2.0 * square / (root + z)
    } else {
        (root - z) / (2.0 * (1.0 - z))
    }
}

/// What Shin's inverse price is in proportion to. A last-bit negative under the root counts as 0.
fn shin_root(p: f64, z: f64) -> f64 {
    (z * p + (1.0 - z) * p * p).max(0.0).sqrt()
}

fn each(values: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    values.iter().map(|&value| f(value)).collect()
}

fn total(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|&value| f(value)).sum()
}

/// An equal share of `amount` for each value.
fn share(amount: f64, values: &[f64]) -> f64 {
    amount / total(values, |_| 1.0)
}
