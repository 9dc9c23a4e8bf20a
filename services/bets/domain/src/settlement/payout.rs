//! The total that a slip returns.
//!
//! Duty: sum the lines of a slip by symmetric polynomials over its leg factors and round that sum
//! once. Prohibition: no line is ever built; the cost is legs times sizes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow"
)]

use super::bet_type::BetType;
use super::leg::{Deduction, LegResult, PlaceTerms};
use super::rounding::{exactly, round_half_even};
use kernel::{Money, MoneyError, Price};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

/// Why a slip cannot be worked out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// The number of legs does not suit the type.
    #[error("a {bet_type} does not take {legs} legs")]
    LegCount {
        /// The type.
        bet_type: BetType,
        /// The legs given.
        legs: usize,
    },
    /// An each-way slip needs to know what became of the place part of every leg.
    #[error("leg {leg} has no place result")]
    PlaceResultMissing {
        /// Which leg, from 1.
        leg: usize,
    },
    /// Stake or return beyond the largest amount.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A leg of which all is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledLeg {
    /// The price at which it was struck.
    pub price: Price,
    /// What became of it.
    pub result: LegResult,
    /// What became of the place part, for each-way slips.
    pub place: Option<LegResult>,
    /// Taken off its winnings.
    pub deduction: Deduction,
}

impl SettledLeg {
    /// A leg without place part or deduction.
    #[must_use]
    pub const fn plain(price: Price, result: LegResult) -> Self {
        Self {
            price,
            result,
            place: None,
            deduction: Deduction::NONE,
        }
    }
}

/// What a slip costs and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The stake of all lines together.
    pub stake: Money,
    /// What is paid: `exact`, rounded half-even once.
    pub returned: Money,
    /// The return in major units before rounding; its text form is `5071/25`.
    pub exact: BigRational,
    /// How many lines the slip has, win and place parts counted apart.
    pub lines: u64,
}

/// Works out a slip with `unit_stake` on every line.
///
/// # Errors
/// A leg count that does not suit the type, a missing place result, or an amount beyond the
/// largest.
pub fn settle(
    bet_type: BetType,
    unit_stake: Money,
    legs: &[SettledLeg],
    each_way: Option<PlaceTerms>,
) -> Result<Payout, SettleError> {
    if !bet_type.legs().contains(&legs.len()) {
        return Err(SettleError::LegCount {
            bet_type,
            legs: legs.len(),
        });
    }
    let win_factors = legs
        .iter()
        .map(|leg| leg.result.factor(leg.price, leg.deduction));
    let mut sum = factor_sum(bet_type, win_factors);
    let mut lines = bet_type.lines(legs.len());
    if let Some(terms) = each_way {
        sum += factor_sum(bet_type, place_factors(legs, terms)?);
        lines = lines.saturating_mul(2);
    }
    let exact = exactly(unit_stake) * sum;
    let count = i64::try_from(lines).map_err(|_| MoneyError::Overflow)?;
    Ok(Payout {
        stake: unit_stake.checked_times(count)?,
        returned: round_half_even(&exact, unit_stake.currency())?,
        exact,
        lines,
    })
}

/// The largest stake of a slip of these legs that returns no more than so much. It has no place
/// part.
#[must_use]
pub fn stake_for_return(bet_type: BetType, legs: &[SettledLeg], most: Money) -> Money {
    let factors = legs
        .iter()
        .map(|leg| leg.result.factor(leg.price, leg.deduction));
    let sum = factor_sum(bet_type, factors);
    if sum.is_zero() {
        return most;
    }
    let stake = (BigRational::from(BigInt::from(most.minor())) / sum).floor();
    let minor = stake.to_integer().to_i64().unwrap_or(i64::MAX);
    Money::from_minor(minor, most.currency())
}

fn place_factors(legs: &[SettledLeg], terms: PlaceTerms) -> Result<Vec<BigRational>, SettleError> {
    legs.iter()
        .zip(1..)
        .map(|(leg, number)| match leg.place {
            Some(result) => Ok(result.place_factor(leg.price, leg.deduction, terms)),
            None => Err(SettleError::PlaceResultMissing { leg: number }),
        })
        .collect()
}

/// The sum over all lines of the products of their factors: what a unit on every line returns.
#[must_use]
pub fn factor_sum(
    bet_type: BetType,
    factors: impl IntoIterator<Item = BigRational, IntoIter: ExactSizeIterator>,
) -> BigRational {
    let factors = factors.into_iter();
    let sizes = bet_type.line_sizes(factors.len());
    if sizes.start() == sizes.end() {
        return factors.fold(BigRational::one(), |product, factor| product * factor);
    }
    // polynomials[k] is the sum of the products of every k factors seen so far.
    let mut polynomials = vec![BigRational::zero(); factors.len().saturating_add(1)];
    if let Some(empty_product) = polynomials.first_mut() {
        *empty_product = BigRational::one();
    }
    for factor in factors {
        let previous = polynomials.clone();
        for (sum, smaller) in polynomials.iter_mut().skip(1).zip(&previous) {
            *sum += smaller * &factor;
        }
    }
    polynomials
        .into_iter()
        .enumerate()
        .filter(|(size, _)| sizes.contains(size))
        .fold(BigRational::zero(), |sum, (_, polynomial)| sum + polynomial)
}
