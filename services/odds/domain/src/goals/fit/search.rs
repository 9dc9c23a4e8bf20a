//! The search for the most likely parameters.
//!
//! Duty: value, gradient and curvature of the penalised likelihood, and steps uphill. Prohibition:
//! no names of sides and no dates; they are places and weights here.
#![expect(
    clippy::float_arithmetic,
    reason = "fitting is real arithmetic; no result enters a decision unquantised"
)]

use super::linear::Square;
use super::{FitError, FitTerms, STEPS_MAX, TOLERANCE};
use crate::goals::{low_score_factors, rho_range};
use crate::outcome::Score;

/// A result between the sides at two places.
pub(super) struct Weighed {
    pub(super) home: usize,
    pub(super) away: usize,
    pub(super) goals: Score,
    pub(super) weight: f64,
}

/// What was found.
pub(super) struct Found {
    pub(super) base: f64,
    pub(super) at_home: f64,
    pub(super) rho: f64,
    pub(super) attacks: Vec<f64>,
    pub(super) defences: Vec<f64>,
    pub(super) log_likelihood: f64,
    pub(super) steps: u32,
}

/// Places of the parameters in their list: base, home, rho, then attacks, then defences.
const BASE: usize = 0;
const AT_HOME: usize = 1;
const RHO: usize = 2;
const SIDES: usize = 3;

/// Rho is looked for between this and its opposite. Leagues have some hundredths; a few results
/// without a certain score would have it anywhere.
const RHO_MOST: f64 = 0.2;

/// A step is halved at most so often.
const HALVINGS_MAX: u32 = 60;

struct Likelihood<'a> {
    matches: &'a [Weighed],
    sides: usize,
    /// What draws attack and defence towards 0.
    ridge: f64,
    with_rho: bool,
}

/// A value with its slopes, and how strongly they bend.
struct Slopes {
    gradient: Vec<f64>,
    curvature: Square,
}

pub(super) fn most_likely(
    matches: &[Weighed],
    sides: usize,
    terms: &FitTerms,
) -> Result<Found, FitError> {
    let weight: f64 = matches.iter().map(|m| m.weight).sum();
    let goals: f64 = matches
        .iter()
        .map(|m| m.weight * f64::from(m.goals.total()))
        .sum();
    let average = goals / (2.0 * weight);
    let likelihood = Likelihood {
        matches,
        sides,
        ridge: terms.ridge * average,
        with_rho: terms.with_rho,
    };
    let mut at = vec![0.0; SIDES.saturating_add(sides.saturating_mul(2))];
    set(&mut at, BASE, average.ln());
    let mut value = likelihood.value(&at).unwrap_or(f64::NEG_INFINITY);
    let mut steepest = f64::INFINITY;
    for steps in 0..STEPS_MAX {
        let slopes = likelihood.slopes(&at);
        steepest = slopes
            .gradient
            .iter()
            .fold(0.0, |m, g| f64::max(m, g.abs()))
            / weight;
        if steepest <= TOLERANCE {
            return Ok(likelihood.found(&at, steps));
        }
        let Some(direction) = slopes.curvature.solve(&slopes.gradient) else {
            break;
        };
        let Some((next, higher)) = likelihood.uphill(&at, value, &direction) else {
            // No float along the way is higher: as near as floats come.
            if steepest <= TOLERANCE.sqrt() {
                return Ok(likelihood.found(&at, steps));
            }
            break;
        };
        at = next;
        value = higher;
    }
    Err(FitError::NotConverged { gradient: steepest })
}

impl Likelihood<'_> {
    /// Scoring rates of a match.
    fn rates(&self, at: &[f64], m: &Weighed) -> (f64, f64) {
        let base = get(at, BASE);
        let home =
            base + get(at, AT_HOME) + get(at, attack(m.home)) - get(at, self.defence(m.away));
        let away = base + get(at, attack(m.away)) - get(at, self.defence(m.home));
        (home.exp(), away.exp())
    }

    const fn defence(&self, side: usize) -> usize {
        SIDES.saturating_add(self.sides).saturating_add(side)
    }

    /// Sum over attacks or over defences; both are held at 0, which the rates cannot tell.
    fn sums(&self, at: &[f64]) -> [f64; 2] {
        let mut sums = [0.0, 0.0];
        for side in 0..self.sides {
            let [attacks, defences] = &mut sums;
            *attacks += get(at, attack(side));
            *defences += get(at, self.defence(side));
        }
        sums
    }

    /// Weighted logarithm of the likelihood; `None` where a result would be impossible.
    fn log_likelihood(&self, at: &[f64]) -> Option<f64> {
        let rho = get(at, RHO);
        let mut sum = 0.0;
        for m in self.matches {
            let (home, away) = self.rates(at, m);
            let rho = possible(rho, home, away);
            let side =
                |goals: u16, rate: f64| f64::from(goals) * rate.ln() - rate - log_factorial(goals);
            let correction = low_score(m.goals, home, away, rho).ln();
            sum += m.weight * (side(m.goals.home, home) + side(m.goals.away, away) + correction);
        }
        sum.is_finite().then_some(sum)
    }

    /// The same with what draws towards 0.
    fn value(&self, at: &[f64]) -> Option<f64> {
        let squares: f64 = at.iter().skip(SIDES).map(|p| p * p).sum();
        let sums: f64 = self.sums(at).iter().map(|sum| sum * sum).sum();
        Some(self.log_likelihood(at)? - (self.ridge * squares + sums) / 2.0)
    }

    /// Exact slopes; the bending of the corrections is left out but for rho's own, which keeps the
    /// matrix positive definite and changes only how fast the top is reached.
    fn slopes(&self, at: &[f64]) -> Slopes {
        let size = at.len();
        let rho = get(at, RHO);
        let mut gradient = vec![0.0; size];
        let mut curvature = Square::zero(size);
        for m in self.matches {
            let (home, away) = self.rates(at, m);
            let rho = possible(rho, home, away);
            let [of_home, of_away, of_rho] = low_score_slopes(m.goals, home, away, rho);
            let of_home = f64::from(m.goals.home) - home + home * of_home;
            let of_away = f64::from(m.goals.away) - away + away * of_away;
            let home_parts = [
                (BASE, 1.0),
                (AT_HOME, 1.0),
                (attack(m.home), 1.0),
                (self.defence(m.away), -1.0),
            ];
            let away_parts = [
                (BASE, 1.0),
                (attack(m.away), 1.0),
                (self.defence(m.home), -1.0),
            ];
            add_rate(
                &mut gradient,
                &mut curvature,
                &home_parts,
                m.weight,
                of_home,
                home,
            );
            add_rate(
                &mut gradient,
                &mut curvature,
                &away_parts,
                m.weight,
                of_away,
                away,
            );
            if self.with_rho {
                bump(&mut gradient, RHO, m.weight * of_rho);
                curvature.add(RHO, RHO, m.weight * of_rho * of_rho);
            }
        }
        self.draw_towards_zero(at, &mut gradient, &mut curvature);
        // At an end of its range rho does not go further.
        let slope = get(&gradient, RHO);
        if (rho >= RHO_MOST && slope > 0.0) || (rho <= -RHO_MOST && slope < 0.0) {
            set(&mut gradient, RHO, 0.0);
        }
        Slopes {
            gradient,
            curvature,
        }
    }

    fn draw_towards_zero(&self, at: &[f64], gradient: &mut [f64], curvature: &mut Square) {
        // So that a rho that nothing speaks of stays where it is.
        curvature.add(RHO, RHO, 1e-9);
        let [attacks, defences] = self.sums(at);
        for one in 0..self.sides {
            let kinds = [(attack(one), attacks), (self.defence(one), defences)];
            for (place, sum) in kinds {
                bump(gradient, place, -(self.ridge * get(at, place) + sum));
                // A breath more than asked, so that a side without goals bends at all.
                curvature.add(place, place, self.ridge + 1e-9);
            }
            for other in 0..self.sides {
                curvature.add(attack(one), attack(other), 1.0);
                curvature.add(self.defence(one), self.defence(other), 1.0);
            }
        }
    }

    /// The longest of the halved steps that leads higher.
    fn uphill(&self, at: &[f64], value: f64, direction: &[f64]) -> Option<(Vec<f64>, f64)> {
        let mut length = 1.0;
        for _ in 0..HALVINGS_MAX {
            let mut next: Vec<f64> = at
                .iter()
                .zip(direction)
                .map(|(at, direction)| at + length * direction)
                .collect();
            let rho = get(&next, RHO).clamp(-RHO_MOST, RHO_MOST);
            set(&mut next, RHO, rho);
            if let Some(higher) = self.value(&next).filter(|higher| *higher > value) {
                return Some((next, higher));
            }
            length /= 2.0;
        }
        None
    }

    fn found(&self, at: &[f64], steps: u32) -> Found {
        let list = |place: &dyn Fn(usize) -> usize| -> Vec<f64> {
            (0..self.sides).map(|side| get(at, place(side))).collect()
        };
        Found {
            base: get(at, BASE),
            at_home: get(at, AT_HOME),
            rho: get(at, RHO),
            attacks: list(&attack),
            defences: list(&|side| self.defence(side)),
            log_likelihood: self.log_likelihood(at).unwrap_or(f64::NEG_INFINITY),
            steps,
        }
    }
}

const fn attack(side: usize) -> usize {
    SIDES.saturating_add(side)
}

fn get(at: &[f64], place: usize) -> f64 {
    at.get(place).copied().unwrap_or(0.0)
}

fn set(at: &mut [f64], place: usize, value: f64) {
    if let Some(cell) = at.get_mut(place) {
        *cell = value;
    }
}

fn bump(at: &mut [f64], place: usize, by: f64) {
    set(at, place, get(at, place) + by);
}

/// One rate's share in slopes and bending: `parts` are the parameters that its logarithm is made
/// of.
fn add_rate(
    gradient: &mut [f64],
    curvature: &mut Square,
    parts: &[(usize, f64)],
    weight: f64,
    slope: f64,
    rate: f64,
) {
    for (place, sign) in parts {
        bump(gradient, *place, weight * sign * slope);
        for (other, other_sign) in parts {
            curvature.add(*place, *other, weight * sign * other_sign * rate);
        }
    }
}

/// Rho, or the nearest with which every score is possible at these rates.
fn possible(rho: f64, home: f64, away: f64) -> f64 {
    let (least, most) = rho_range(home, away);
    rho.clamp(least * 0.999, most * 0.999)
}

/// The correction of a score; 1 above one goal.
fn low_score(goals: Score, home: f64, away: f64, rho: f64) -> f64 {
    let factors = low_score_factors(home, away, rho);
    factors
        .get(usize::from(goals.home))
        .and_then(|row| row.get(usize::from(goals.away)))
        .copied()
        .unwrap_or(1.0)
}

/// Slopes of the correction's logarithm: by the home rate, by the away rate, by rho.
fn low_score_slopes(goals: Score, home: f64, away: f64, rho: f64) -> [f64; 3] {
    let factor = low_score(goals, home, away, rho);
    let slopes = match (goals.home, goals.away) {
        (0, 0) => [-away * rho, -home * rho, -home * away],
        (0, 1) => [rho, 0.0, home],
        (1, 0) => [0.0, rho, away],
        (1, 1) => [0.0, 0.0, -1.0],
        _ => [0.0; 3],
    };
    slopes.map(|slope| slope / factor)
}

fn log_factorial(goals: u16) -> f64 {
    (2..=goals).map(|n| f64::from(n).ln()).sum()
}
