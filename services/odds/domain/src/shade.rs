//! Prices that lean against what the house stands to lose.
//!
//! Duty: from fair probabilities and the exposure of each selection to probabilities that are
//! higher where more would be lost, and from these to prices ([`quote`], [`reprice`]). All of it
//! in integers: a decision may use it, and whoever replays the decision gets the same prices.
//!
//! The rule. Exposure of a selection: what is returned if it wins, less all stakes. p' is
//! proportional to p · exp(kappa · exposure / limit) (the exponent within 4 of 0), held within `clamp` of p, and adds up to 1.
//! More exposure never makes p' smaller, and never another selection's larger (but for a few parts
//! of a million million that rounding moves). The booksum is what
//! was asked for before prices are rounded down to a ladder, at least that afterwards, and never
//! below 1: no set of bets on one book wins whatever happens.
//!
//! Prohibition: no margin method but the proportional one; for the others a caller with floats
//! takes the probabilities to [`crate::margin`].

use crate::fixed;
use crate::ladder::Ladder;
use kernel::Price;

/// Parts that a certainty has.
pub const WHOLE: u64 = 1_000_000_000_000;
/// Millionths in one.
pub const MILLION: u32 = 1_000_000;
/// Binary places that exponents and their exponentials have fewer than [`fixed::ONE`].
const COARSER: u32 = 10;
/// Binary places of a weight's exponential, of those dropped from a weight, and of the scale that
/// all weights share.
const EXPONENTIAL_PLACES: u32 = 40;
const DROPPED_PLACES: u32 = 20;
const SCALE_PLACES: u32 = 52;

/// How strongly prices lean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadeRule {
    /// By what the logarithm of a probability grows when exposure is `limit_minor`, in
    /// thousandths.
    pub kappa_permille: u32,
    /// The exposure that kappa speaks of, in minor units.
    pub limit_minor: i64,
    /// The most by which a probability changes, in millionths.
    pub clamp_ppm: u32,
    /// The least booksum, in millionths; a book with more keeps its own.
    pub booksum_least_ppm: u32,
}

impl ShadeRule {
    /// No leaning at all.
    pub const NONE: Self = Self {
        kappa_permille: 0,
        limit_minor: 1,
        clamp_ppm: 0,
        booksum_least_ppm: MILLION,
    };

    fn check(&self) -> Result<(), ShadeError> {
        if self.limit_minor <= 0 {
            return Err(ShadeError::LimitNotPositive(self.limit_minor));
        }
        if self.kappa_permille > MILLION {
            return Err(ShadeError::KappaOutOfRange(self.kappa_permille));
        }
        if self.clamp_ppm > MILLION {
            return Err(ShadeError::ClampOutOfRange(self.clamp_ppm));
        }
        if self.booksum_least_ppm < MILLION {
            return Err(ShadeError::BooksumBelowOne(self.booksum_least_ppm));
        }
        Ok(())
    }
}

/// Why a book cannot be shaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShadeError {
    /// One selection has nothing to lean against.
    #[error("a book needs at least two selections, got {0}")]
    TooFewSelections(usize),
    /// Each selection has one exposure.
    #[error("{exposures} exposures for {selections} selections")]
    CountsDiffer {
        /// Probabilities given.
        selections: usize,
        /// Exposures given.
        exposures: usize,
    },
    /// Probabilities are above 0 and add up to [`WHOLE`].
    #[error("the probabilities add up to {0} parts of {WHOLE}, or one of them is 0")]
    NotFair(u128),
    /// Exposure is told against a limit.
    #[error("the limit is above 0, got {0}")]
    LimitNotPositive(i64),
    /// More than that is no leaning any more.
    #[error("kappa is at most {MILLION} thousandths, got {0}")]
    KappaOutOfRange(u32),
    /// A probability cannot change by more than 1.
    #[error("the clamp is at most {MILLION} millionths, got {0}")]
    ClampOutOfRange(u32),
    /// Below 1 a book can be beaten.
    #[error("a booksum is at least {MILLION} millionths, got {0}")]
    BooksumBelowOne(u32),
}

/// What each selection would cost: what is returned if it wins, less all stakes.
///
/// Both lists in the order of the selections, in minor units. Amounts beyond the range count as
/// its end.
#[must_use]
pub fn exposures(stakes_minor: &[i64], returns_minor: &[i64]) -> Vec<i64> {
    let all = stakes_minor
        .iter()
        .fold(0_i64, |sum, stake| sum.saturating_add(*stake));
    returns_minor
        .iter()
        .map(|returned| returned.saturating_sub(all))
        .collect()
}

/// Probabilities that lean against the exposures, in parts of [`WHOLE`].
///
/// # Errors
/// A rule or numbers that do not fit together.
pub fn shade(
    fair: &[u64],
    exposures_minor: &[i64],
    rule: &ShadeRule,
) -> Result<Vec<u64>, ShadeError> {
    rule.check()?;
    if fair.len() < 2 {
        return Err(ShadeError::TooFewSelections(fair.len()));
    }
    if fair.len() != exposures_minor.len() {
        return Err(ShadeError::CountsDiffer {
            selections: fair.len(),
            exposures: exposures_minor.len(),
        });
    }
    let sum = fair.iter().map(|part| u128::from(*part)).sum();
    if sum != u128::from(WHOLE) || fair.contains(&0) {
        return Err(ShadeError::NotFair(sum));
    }
    Ok(level(&leanings(fair, exposures_minor, rule)))
}

/// One selection: its weight, and between which parts it may lie.
struct Leaning {
    weight: u128,
    least: u64,
    most: u64,
}

impl Leaning {
    /// Its parts when all weights are scaled so.
    fn at(&self, scale: u128) -> u64 {
        let scaled = self.weight.saturating_mul(scale)
            >> EXPONENTIAL_PLACES
                .saturating_sub(DROPPED_PLACES)
                .saturating_add(SCALE_PLACES);
        u64::try_from(scaled)
            .unwrap_or(u64::MAX)
            .clamp(self.least, self.most)
    }
}

/// The selection with the least exposure keeps its own weight, the others gain: only differences
/// count, and equal exposures change nothing, to the last part.
fn leanings(fair: &[u64], exposures_minor: &[i64], rule: &ShadeRule) -> Vec<Leaning> {
    let exponents: Vec<i128> = exposures_minor
        .iter()
        .map(|exposure| exponent(*exposure, rule))
        .collect();
    let lowest = exponents.iter().copied().min().unwrap_or(0);
    let clamp = u64::from(rule.clamp_ppm).saturating_mul(WHOLE.div_euclid(u64::from(MILLION)));
    fair.iter()
        .zip(exponents)
        .map(|(&part, exponent)| {
            let above = exponent.saturating_sub(lowest) << COARSER;
            let exponential = fixed::exponential(above) >> COARSER;
            let weight = u128::from(part).saturating_mul(exponential.unsigned_abs());
            Leaning {
                weight: weight >> DROPPED_PLACES,
                least: part.saturating_sub(clamp).max(1),
                most: part.saturating_add(clamp).min(WHOLE),
            }
        })
        .collect()
}

/// kappa · exposure / limit with ten binary places fewer than [`fixed::ONE`] has. Beyond 4 on
/// either side it counts as 4: so the differences stay within what the exponential takes, and an
/// exposure that is past it does not move with another one.
fn exponent(exposure_minor: i64, rule: &ShadeRule) -> i128 {
    const MOST: i128 = fixed::MOST >> 11;
    i128::from(exposure_minor)
        .saturating_mul(i128::from(rule.kappa_permille))
        .saturating_mul(fixed::ONE >> COARSER)
        .checked_div(i128::from(rule.limit_minor).saturating_mul(1_000))
        .unwrap_or(0)
        .clamp(-MOST, MOST)
}

/// The scale at which all parts make a whole, and there the parts. What the largest scale that
/// does not exceed it leaves over goes to the first selections that the next scale would raise:
/// along that path no selection ever falls, which is why shading is monotone to the last part.
fn level(leanings: &[Leaning]) -> Vec<u64> {
    let whole = u128::from(WHOLE);
    let sum = |scale| {
        leanings
            .iter()
            .map(|l| u128::from(l.at(scale)))
            .sum::<u128>()
    };
    // At scale 0 all are at their least; at 1 none is below its fair part.
    let (mut low, mut high) = (0_u128, (1_u128 << SCALE_PLACES).saturating_add(1));
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if sum(middle) <= whole {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut left = whole.saturating_sub(sum(low));
    leanings
        .iter()
        .map(|leaning| {
            let here = leaning.at(low);
            let rise = u128::from(leaning.at(high).saturating_sub(here)).min(left);
            left = left.saturating_sub(rise);
            here.saturating_add(u64::try_from(rise).unwrap_or(0))
        })
        .collect()
}

/// Prices of probabilities with a margin in proportion, each the highest on the ladder that is
/// not above its exact value. A price below the ladder's lowest is none at all.
///
/// # Errors
/// A booksum below 1, which somebody could beat.
pub fn quote(
    parts: &[u64],
    booksum_ppm: u32,
    ladder: Ladder,
) -> Result<Vec<Option<Price>>, ShadeError> {
    if booksum_ppm < MILLION {
        return Err(ShadeError::BooksumBelowOne(booksum_ppm));
    }
    let whole = i128::from(WHOLE).saturating_mul(i128::from(MILLION));
    Ok(parts
        .iter()
        .map(|part| {
            let inverse = i128::from(*part).saturating_mul(i128::from(booksum_ppm));
            ladder.down_from_ratio(whole, inverse)
        })
        .collect())
}

/// The booksum of prices in millionths, rounded up; 0 for none.
#[must_use]
pub fn booksum_ppm(prices: &[Price]) -> u32 {
    let billionths = prices.iter().fold(0_i128, |sum, price| {
        let rounded_up = inverse(*price, 1_000_000_000).saturating_add(1);
        sum.saturating_add(rounded_up)
    });
    let ppm = billionths.saturating_add(999).div_euclid(1_000);
    u32::try_from(ppm).unwrap_or(u32::MAX)
}

/// Fair parts of prices by the proportional method. What rounding leaves over goes to the first.
#[must_use]
pub fn fair_parts(prices: &[Price]) -> Vec<u64> {
    let inverses: Vec<i128> = prices
        .iter()
        .map(|price| inverse(*price, 1_000_000_000_000_000))
        .collect();
    let sum = inverses
        .iter()
        .fold(0_i128, |sum, i| sum.saturating_add(*i));
    let mut parts: Vec<u64> = inverses
        .iter()
        .map(|inverse| {
            let part = inverse
                .saturating_mul(i128::from(WHOLE))
                .checked_div(sum)
                .unwrap_or(0);
            u64::try_from(part).unwrap_or(0)
        })
        .collect();
    let all = parts
        .iter()
        .fold(0_u64, |sum, part| sum.saturating_add(*part));
    if let Some(first) = parts.first_mut() {
        *first = first.saturating_add(WHOLE.saturating_sub(all));
    }
    parts
}

/// The inverse of a price in such units, rounded down.
fn inverse(price: Price, units: i128) -> i128 {
    i128::from(price.denominator())
        .saturating_mul(units)
        .checked_div(i128::from(price.numerator()))
        .unwrap_or(0)
}

/// A book leaning against exposures: the margin taken out in proportion, the fair probabilities
/// shaded, and the same margin (the rule's least, if that is more) put in again. Without exposure
/// the prices stay what they were.
///
/// # Errors
/// A rule or numbers that do not fit together.
pub fn reprice(
    prices: &[Price],
    exposures_minor: &[i64],
    rule: &ShadeRule,
    ladder: Ladder,
) -> Result<Vec<Option<Price>>, ShadeError> {
    let fair = fair_parts(prices);
    let shaded = shade(&fair, exposures_minor, rule)?;
    let own = booksum_ppm(prices);
    if shaded == fair && own >= rule.booksum_least_ppm {
        return Ok(prices.iter().copied().map(Some).collect());
    }
    quote(&shaded, own.max(rule.booksum_least_ppm), ladder)
}

/// Probabilities in parts of [`WHOLE`], for callers that have floats; what rounding leaves over
/// goes to the largest.
///
/// # Errors
/// Not at least one part each, or not adding up to 1 within a millionth.
#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the border at which floats end; what leaves is checked to be whole"
)]
pub fn parts_of(probabilities: &[f64]) -> Result<Vec<u64>, ShadeError> {
    let sum: f64 = probabilities.iter().sum();
    if sum.is_nan() || (sum - 1.0).abs() > 1e-6 {
        return Err(ShadeError::NotFair(0));
    }
    let whole = 1e12;
    let mut parts: Vec<u64> = probabilities
        .iter()
        .map(|p| (p / sum * whole).round().clamp(0.0, whole) as u64)
        .collect();
    let all: u64 = parts.iter().fold(0, |sum, part| sum.saturating_add(*part));
    if let Some(largest) = parts.iter_mut().max() {
        *largest = largest.saturating_add(WHOLE).saturating_sub(all);
    }
    if parts.contains(&0) {
        return Err(ShadeError::NotFair(u128::from(WHOLE)));
    }
    Ok(parts)
}

/// A part as a float, for display and for the margin methods.
#[must_use]
#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "parts stay below 2^53, where every integer is a float"
)]
pub fn as_float(part: u64) -> f64 {
    part as f64 / WHOLE as f64
}

#[cfg(test)]
mod tests;
