//! The total that a slip returns.
//!
//! Duty: sum the lines of a slip by symmetric polynomials over its leg factors, add what the
//! house's bonuses give, round that sum once and cap it. Prohibition: no line is ever built; the
//! cost is legs times sizes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow, and no divisor here can be zero"
)]

use super::bet_type::BetType;
use super::leg::{Deduction, LegResult};
use super::race::PlacePart;
use super::rounding::{exactly, round};
use super::rules::SettlementRules;
use super::sizes::Sizes;
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
    /// A system lists the sizes of its lines, and no other kind does.
    #[error("line sizes belong to a system and to nothing else")]
    SizesDoNotFitType,
    /// A line cannot have more legs than the slip.
    #[error("lines of {largest} legs need more than {legs} legs")]
    SizesAboveLegs {
        /// The largest size.
        largest: u32,
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

/// How a slip is put together, and by which rules it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlipTerms {
    /// How the legs make lines.
    pub bet_type: BetType,
    /// Of a system, the sizes of its lines.
    pub sizes: Option<Sizes>,
    /// Whether there is a place part.
    pub each_way: bool,
    /// The house's rules.
    pub rules: &'static SettlementRules,
}

/// A leg of which all is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledLeg {
    /// The price at which it was struck.
    pub price: Price,
    /// What became of it.
    pub result: LegResult,
    /// What became of the place part, for each-way slips.
    pub place: Option<PlacePart>,
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

    fn win_factor(&self) -> BigRational {
        self.result.factor(self.price, self.deduction)
    }
}

/// What a slip costs and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The stake of all lines together.
    pub stake: Money,
    /// What is paid: `exact`, rounded once, and no more than the cap.
    pub returned: Money,
    /// The return in major units before rounding and cap; its text form is `5071/25`.
    pub exact: BigRational,
    /// How many lines the slip has, win and place parts counted apart.
    pub lines: u64,
    /// Of `exact`, what the win lines return.
    pub win: BigRational,
    /// Of `exact`, what the place lines return.
    pub place: BigRational,
    /// Of `exact`, the house's bonus.
    pub bonus: BigRational,
    /// The cap, where it took something.
    pub capped_at: Option<Money>,
}

impl Payout {
    /// Whether nothing comes back, not even a fraction.
    #[must_use]
    pub fn pays_nothing(&self) -> bool {
        self.exact.is_zero()
    }
}

impl SlipTerms {
    /// A slip without place part, by the present rules. Systems list their sizes besides.
    #[must_use]
    pub const fn of(bet_type: BetType) -> Self {
        Self {
            bet_type,
            sizes: None,
            each_way: false,
            rules: SettlementRules::PRESENT,
        }
    }

    /// The sizes of the lines of so many legs.
    ///
    /// # Errors
    /// Legs or sizes that do not suit the type.
    pub fn line_sizes(&self, legs: usize) -> Result<Sizes, SettleError> {
        if !self.bet_type.legs().contains(&legs) {
            return Err(SettleError::LegCount {
                bet_type: self.bet_type,
                legs,
            });
        }
        match (self.bet_type.sizes(legs), self.sizes) {
            (Some(own), None) => Ok(own),
            (None, Some(listed)) => {
                let largest = listed.largest();
                if usize::try_from(largest).is_ok_and(|largest| largest <= legs) {
                    Ok(listed)
                } else {
                    Err(SettleError::SizesAboveLegs { largest, legs })
                }
            }
            (Some(_), Some(_)) | (None, None) => Err(SettleError::SizesDoNotFitType),
        }
    }

    /// How many lines a slip of so many legs has, win and place parts counted apart.
    ///
    /// # Errors
    /// Legs or sizes that do not suit the type.
    pub fn lines(&self, legs: usize) -> Result<u64, SettleError> {
        let lines = self.line_sizes(legs)?.lines(legs);
        Ok(if self.each_way {
            lines.saturating_mul(2)
        } else {
            lines
        })
    }

    /// What a slip of so many legs costs, with `unit_stake` on every line.
    ///
    /// # Errors
    /// Legs or sizes that do not suit the type, or more than an amount can hold.
    pub fn total_stake(&self, legs: usize, unit_stake: Money) -> Result<Money, SettleError> {
        let lines = i64::try_from(self.lines(legs)?).map_err(|_| MoneyError::Overflow)?;
        Ok(unit_stake.checked_times(lines)?)
    }

    /// Works out a slip with `unit_stake` on every line.
    ///
    /// # Errors
    /// Legs or sizes that do not suit the type, a missing place result, or an amount beyond the
    /// largest.
    pub fn settle(&self, unit_stake: Money, legs: &[SettledLeg]) -> Result<Payout, SettleError> {
        let stake = self.total_stake(legs.len(), unit_stake)?;
        let unit = exactly(unit_stake);
        let Sums { win, place, bonus } = self.sums(legs)?;
        let (win, place, bonus) = (win * &unit, place * &unit, bonus * &unit);
        let exact = &win + &place + &bonus;
        let currency = unit_stake.currency();
        let cap = self.rules.payout_max_minor;
        let cap = cap.map(|minor| Money::from_minor(minor, currency));
        let capped_at = cap.filter(|cap| exact > exactly(*cap));
        let returned = match capped_at {
            Some(cap) => cap,
            None => round(&exact, currency, self.rules.rounding)?,
        };
        Ok(Payout {
            stake,
            returned,
            exact,
            lines: self.lines(legs.len())?,
            win,
            place,
            bonus,
            capped_at,
        })
    }

    /// The largest stake of a line with which a slip of these legs returns no more than so much.
    ///
    /// # Errors
    /// As [`SlipTerms::settle`].
    pub fn unit_stake_for_return(
        &self,
        legs: &[SettledLeg],
        most: Money,
    ) -> Result<Money, SettleError> {
        let Sums { win, place, bonus } = self.sums(legs)?;
        let sum = win + place + bonus;
        if sum.is_zero() {
            return Ok(most);
        }
        let stake = (BigRational::from(BigInt::from(most.minor())) / sum).floor();
        let minor = stake.to_integer().to_i64().unwrap_or(i64::MAX);
        Ok(Money::from_minor(minor, most.currency()))
    }

    /// What a unit on every line returns.
    fn sums(&self, legs: &[SettledLeg]) -> Result<Sums, SettleError> {
        let sizes = self.line_sizes(legs.len())?;
        let win = factor_sum(sizes, legs.iter().map(SettledLeg::win_factor));
        let place = if self.each_way {
            factor_sum(sizes, place_factors(legs)?)
        } else {
            BigRational::zero()
        };
        let bonus = self.bonus(sizes, legs, &win);
        Ok(Sums { win, place, bonus })
    }

    /// What the house adds to the win lines of a unit each.
    fn bonus(&self, sizes: Sizes, legs: &[SettledLeg], win: &BigRational) -> BigRational {
        let Some(bonus) = self.rules.bonus(self.bet_type) else {
            return BigRational::zero();
        };
        let won = legs.iter().filter(|leg| leg.result == LegResult::Won);
        let lost = legs.iter().filter(|leg| leg.result == LegResult::Lost);
        let (winners, losers) = (won.clone().count(), lost.count());
        if winners == legs.len() {
            let staked = BigRational::from(BigInt::from(sizes.lines(legs.len())));
            let percent = BigInt::from(bonus.all_winners_percent);
            return (win - staked) * BigRational::new(percent, BigInt::from(100));
        }
        match won.clone().next() {
            Some(only) if winners == 1 && losers == legs.len().saturating_sub(1) => {
                let times = BigInt::from(bonus.only_winner_times.saturating_sub(1));
                (only.win_factor() - BigRational::one()) * BigRational::from(times)
            }
            Some(_) | None => BigRational::zero(),
        }
    }
}

/// What a unit on every line returns, by its parts.
struct Sums {
    win: BigRational,
    place: BigRational,
    bonus: BigRational,
}

fn place_factors(legs: &[SettledLeg]) -> Result<Vec<BigRational>, SettleError> {
    legs.iter()
        .zip(1..)
        .map(|(leg, number)| match leg.place {
            Some(part) => Ok(part
                .result
                .place_factor(leg.price, leg.deduction, part.fraction)),
            None => Err(SettleError::PlaceResultMissing { leg: number }),
        })
        .collect()
}

/// The sum over all lines of the products of their factors: what a unit on every line returns.
///
/// The factors are brought over one denominator first, so that the polynomials are of whole
/// numbers and only their sum is reduced: with factors n/d, the coefficient of x^k in
/// (d1 + n1 x)(d2 + n2 x).. is the k-th symmetric polynomial times the product of all d.
#[must_use]
pub fn factor_sum(sizes: Sizes, factors: impl IntoIterator<Item = BigRational>) -> BigRational {
    let mut denominator = BigInt::one();
    let mut polynomials = vec![BigInt::one()];
    for factor in factors {
        let (numerator, own) = (factor.numer(), factor.denom());
        denominator *= own;
        let mut next: Vec<BigInt> = polynomials.iter().map(|sum| sum * own).collect();
        next.push(BigInt::zero());
        for (sum, smaller) in next.iter_mut().skip(1).zip(&polynomials) {
            *sum += smaller * numerator;
        }
        polynomials = next;
    }
    let sum = polynomials
        .into_iter()
        .enumerate()
        .filter(|(size, _)| sizes.contains(*size))
        .fold(BigInt::zero(), |sum, (_, polynomial)| sum + polynomial);
    BigRational::new(sum, denominator)
}
