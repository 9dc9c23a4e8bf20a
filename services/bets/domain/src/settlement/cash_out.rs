//! What a slip is worth before its end.
//!
//! Duty: the fair value of a slip from its stake, the prices at which it was struck and fair live
//! prices or chances, and the offer after the house's margin, as exact amounts rounded once.
//! Prohibition: no offer is made here, nothing expires and nothing is accepted.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow, and no divisor here can be zero"
)]

use super::leg::Deduction;
use super::payout::SettledLeg;
use super::rounding::{exactly, round};
use super::rules::Rounding;
use kernel::{Money, MoneyError, Price};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::str::FromStr;

/// A leg of a slip that all must win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CashOutLeg {
    /// It is over.
    Decided(SettledLeg),
    /// It goes on; `live` is the fair price now.
    Open {
        /// What it was struck at.
        struck: Price,
        /// The fair price now.
        live: Price,
    },
    /// It goes on; `live` is the price now in a book whose prices add up to more than a whole.
    InBook {
        /// What it was struck at.
        struck: Price,
        /// The price now.
        live: Price,
        /// One over each price of the book, in billionths, summed.
        booksum_billionths: u64,
    },
    /// It goes on, with these chances.
    Chances {
        /// What it was struck at.
        struck: Price,
        /// How it may end.
        chances: Box<Chances>,
    },
}

/// How likely each end is. What is left to one is the chance of losing all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// The whole stake wins.
    pub won: BigRational,
    /// Half of it wins, half comes back.
    pub half_won: BigRational,
    /// It comes back.
    pub refunded: BigRational,
    /// Half of it comes back.
    pub half_lost: BigRational,
}

/// The part of the fair value that the house keeps: 0 to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margin(BigRational);

/// Why a number is no margin, or chances are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarginError {
    /// Not between 0 and 1.
    #[error("{0} is not between 0 and 1")]
    OutOfRange(String),
    /// Not a number.
    #[error("{0:?} is not a number such as \"0.05\" or \"1/20\"")]
    NotANumber(String),
}

/// What a slip is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOutValue {
    /// The fair value in major units.
    pub fair: BigRational,
    /// What is left of it after the margin, in major units.
    pub exact: BigRational,
    /// The offer: `exact`, rounded down, so that no margin is ever negative.
    pub offer: Money,
}

impl CashOutLeg {
    /// What one unit on it is worth.
    #[must_use]
    pub fn worth(&self) -> BigRational {
        match self {
            Self::Decided(leg) => leg.result.factor(leg.price, leg.deduction),
            Self::Open { struck, live } => ratio(*struck) / ratio(*live),
            Self::InBook {
                struck,
                live,
                booksum_billionths,
            } => {
                // A book without all of its prices may add up to less than a whole: no reason to
                // pay more than the price itself says.
                let sum =
                    BigRational::new((*booksum_billionths).max(BILLION).into(), BILLION.into());
                ratio(*struck) / (ratio(*live) * sum)
            }
            Self::Chances { struck, chances } => chances.value(*struck),
        }
    }
}

/// What all prices of a book that keeps nothing for the house add up to.
const BILLION: u64 = 1_000_000_000;

/// One over each of these prices, each rounded up to a billionth, summed: what the prices of a book
/// add up to, in whole numbers, so that ten thousand of them cost no more than ten thousand
/// divisions.
#[must_use]
pub fn booksum_billionths(prices: impl IntoIterator<Item = Price>) -> u64 {
    let parts = prices.into_iter().map(|price| {
        let over = i128::from(price.denominator()) * i128::from(BILLION);
        let under = i128::from(price.numerator());
        u64::try_from((over + under - 1) / under).unwrap_or(BILLION)
    });
    parts.fold(0, u64::saturating_add)
}

impl Chances {
    /// Chances that can be: none negative, together no more than one.
    ///
    /// # Errors
    /// They are not.
    pub fn checked(self) -> Result<Self, MarginError> {
        let all = [&self.won, &self.half_won, &self.refunded, &self.half_lost];
        let total = all.iter().fold(BigRational::zero(), |sum, p| sum + *p);
        let negative = all.iter().any(|p| p.is_negative());
        if negative || total > BigRational::one() {
            return Err(MarginError::OutOfRange(total.to_string()));
        }
        Ok(self)
    }

    fn value(&self, struck: Price) -> BigRational {
        let price = ratio(struck);
        let half = || BigRational::new(1.into(), 2.into());
        &price * &self.won
            + (&price + BigRational::one()) * half() * &self.half_won
            + &self.refunded
            + half() * &self.half_lost
    }
}

impl Margin {
    /// A margin.
    ///
    /// # Errors
    /// Not between 0 and 1.
    pub fn new(part: BigRational) -> Result<Self, MarginError> {
        if part.is_negative() || part > BigRational::one() {
            return Err(MarginError::OutOfRange(part.to_string()));
        }
        Ok(Self(part))
    }

    /// The part itself.
    #[must_use]
    pub fn into_part(self) -> BigRational {
        self.0
    }
}

impl FromStr for Margin {
    type Err = MarginError;

    fn from_str(text: &str) -> Result<Self, MarginError> {
        Self::new(number(text)?)
    }
}

/// A number in plain digits or as a fraction.
fn number(text: &str) -> Result<BigRational, MarginError> {
    let refused = || MarginError::NotANumber(text.to_owned());
    let digits = |part: &str| {
        let plain = (1..=18).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| plain)
    };
    match text.split_once('/') {
        Some((over, under)) => {
            let (over, under) = digits(over).zip(digits(under)).ok_or_else(refused)?;
            if under == 0 {
                return Err(refused());
            }
            Ok(BigRational::new(over.into(), under.into()))
        }
        None => {
            let (before, after) = text.split_once('.').unwrap_or((text, "0"));
            let places = u32::try_from(after.len()).map_err(|_| refused())?;
            let (before, after) = digits(before).zip(digits(after)).ok_or_else(refused)?;
            let scale = num_bigint::BigInt::from(10).pow(places);
            Ok(BigRational::new(
                num_bigint::BigInt::from(before) * &scale + after,
                scale,
            ))
        }
    }
}

fn ratio(price: Price) -> BigRational {
    BigRational::new(price.numerator().into(), price.denominator().into())
}

/// What a slip of these legs, all of which must win, is worth now; `fraction` of it is sold.
///
/// # Errors
/// More than an amount can hold.
pub fn cash_out_value(
    stake: Money,
    legs: &[CashOutLeg],
    margin: &Margin,
    fraction: &Margin,
) -> Result<CashOutValue, MoneyError> {
    let worth = legs.iter().map(CashOutLeg::worth);
    let fair = worth.fold(exactly(stake), |product, factor| product * factor) * &fraction.0;
    let exact = &fair * (BigRational::one() - &margin.0);
    Ok(CashOutValue {
        offer: round(&exact, stake.currency(), Rounding::Floor)?,
        fair,
        exact,
    })
}

/// The stake that is sold when this part of a stake is: the nearest minor unit, from the middle the
/// even one. All of a stake is sold without rounding, so that the last part is what is left.
///
/// # Errors
/// More than an amount can hold.
pub fn stake_sold(stake: Money, part: &BigRational) -> Result<Money, MoneyError> {
    round(
        &(exactly(stake) * part),
        stake.currency(),
        Rounding::HalfEven,
    )
}

/// A leg that won at its price, for callers that know no more.
impl From<(Price, super::leg::LegResult)> for CashOutLeg {
    fn from((price, result): (Price, super::leg::LegResult)) -> Self {
        Self::Decided(SettledLeg {
            price,
            result,
            place: None,
            deduction: Deduction::NONE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::leg::LegResult;
    use super::*;
    use kernel::Currency;

    fn eur(text: &str) -> Money {
        Money::parse(text, Currency::Eur).unwrap()
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn part(text: &str) -> Margin {
        text.parse().unwrap()
    }

    fn offer(stake: &str, legs: &[CashOutLeg], margin: &str) -> String {
        let value = cash_out_value(eur(stake), legs, &part(margin), &part("1"));
        value.unwrap().offer.to_string()
    }

    fn open(struck: &str, live: &str) -> CashOutLeg {
        CashOutLeg::Open {
            struck: price(struck),
            live: price(live),
        }
    }

    #[test]
    fn a_single_is_worth_its_price_over_the_live_one() {
        assert_eq!(offer("100", &[open("2.5", "1.2")], "0"), "208.33");
        assert_eq!(offer("100", &[open("2.5", "1.2")], "0.05"), "197.91");
    }

    #[test]
    fn a_potential_payout_times_its_chance() {
        let leg = CashOutLeg::Chances {
            struck: price("2.5"),
            chances: Box::new(Chances {
                won: BigRational::new(3.into(), 5.into()),
                ..Chances::default()
            }),
        };
        assert_eq!(offer("100", &[leg], "0"), "150.00");
    }

    #[test]
    fn legs_that_won_count_in_full() {
        let won = CashOutLeg::from((price("3"), LegResult::Won));
        assert_eq!(offer("10", &[won, open("2", "1.6")], "0"), "37.50");
        let lost = CashOutLeg::from((price("3"), LegResult::Lost));
        assert_eq!(offer("10", &[lost, open("2", "1.6")], "0"), "0.00");
    }

    #[test]
    fn the_house_s_part_of_a_book_is_taken_out_of_its_prices() {
        // Evens twice is a fair book; 1.25 and 4 add up to 1.05.
        assert_eq!(booksum_billionths([price("2"), price("2")]), 1_000_000_000);
        let sum = booksum_billionths([price("1.25"), price("4")]);
        assert_eq!(sum, 1_050_000_000);
        let in_book = |booksum_billionths| CashOutLeg::InBook {
            struck: price("2.5"),
            live: price("1.25"),
            booksum_billionths,
        };
        // 100 * 2.5 / (1.25 * 1.05)
        assert_eq!(offer("100", &[in_book(sum)], "0"), "190.47");
        // A book that is not whole does not make a slip dearer.
        assert_eq!(offer("100", &[in_book(800_000_000)], "0"), "200.00");
    }

    #[test]
    fn half_outcomes_have_their_chances() {
        let quarter = |over: i64| BigRational::new(over.into(), 4.into());
        let chances = Chances {
            won: quarter(1),
            half_won: quarter(1),
            refunded: BigRational::zero(),
            half_lost: quarter(1),
        };
        let leg = CashOutLeg::Chances {
            struck: price("1.9"),
            chances: Box::new(chances),
        };
        // 100 (1.9/4 + 1.45/4 + 0.5/4)
        assert_eq!(offer("100", &[leg], "0"), "96.25");
    }

    #[test]
    fn a_part_is_sold_for_its_part() {
        let value = cash_out_value(eur("100"), &[open("2.5", "1.25")], &part("0"), &part("1/4"));
        assert_eq!(value.unwrap().offer, eur("50"));
    }

    #[test]
    fn margins_and_chances_are_parts_of_one() {
        for text in ["", "-0.1", "1.01", "x", "1/0", "5/4"] {
            assert!(text.parse::<Margin>().is_err(), "{text:?}");
        }
        let too_many = Chances {
            won: BigRational::one(),
            half_won: BigRational::one(),
            ..Chances::default()
        };
        assert!(too_many.checked().is_err());
    }
}
