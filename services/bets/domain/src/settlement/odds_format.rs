//! The ways in which people write a price.
//!
//! Duty: exact values from a decimal price to every usual form and back. Prohibition: what is
//! shown shortened is nobody's price; everything here is the exact ratio.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow, and no divisor here can be zero"
)]

use kernel::{Price, PriceError};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::fmt;
use std::str::FromStr;

/// A way of writing prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddsFormat {
    /// What a unit returns, stake included: 2.5.
    Decimal,
    /// What a unit wins: 3/2.
    Fractional,
    /// What 100 win, or what must be staked to win 100 with a minus before it.
    American,
    /// What a unit wins: 1.5.
    HongKong,
    /// As Hong Kong up to evens; above, what must be staked to win a unit, with a minus.
    Malay,
    /// As Hong Kong from evens; below, what must be staked to win a unit, with a minus.
    Indonesian,
}

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a format: decimal, fractional, american, hongkong, malay or indonesian")]
pub struct UnknownOddsFormat(pub String);

/// Why a text is no price in a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OddsFormatError {
    /// Not a number.
    #[error("{0:?} is not a number such as \"2.5\", \"-137.5\" or \"6/4\"")]
    NotANumber(String),
    /// A number that the format does not have.
    #[error("there is no such price in the format {0}")]
    NotInFormat(OddsFormat),
    /// Not a price that can be kept.
    #[error(transparent)]
    Price(#[from] PriceError),
}

/// A price as the winnings for a stake, in lowest terms; its text is `11/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fractional {
    /// The winnings.
    pub winnings: i64,
    /// The stake.
    pub stake: i64,
}

impl Fractional {
    /// The price as a fraction.
    #[must_use]
    pub const fn of(price: Price) -> Self {
        Self {
            winnings: price.numerator().saturating_sub(price.denominator()),
            stake: price.denominator(),
        }
    }
}

impl fmt::Display for Fractional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.winnings, self.stake)
    }
}

impl OddsFormat {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Decimal,
        Self::Fractional,
        Self::American,
        Self::HongKong,
        Self::Malay,
        Self::Indonesian,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::Fractional => "fractional",
            Self::American => "american",
            Self::HongKong => "hongkong",
            Self::Malay => "malay",
            Self::Indonesian => "indonesian",
        }
    }

    /// The number that this format writes for a price, exactly.
    #[must_use]
    pub fn exact(self, price: Price) -> BigRational {
        let decimal = BigRational::new(price.numerator().into(), price.denominator().into());
        let winnings = &decimal - BigRational::one();
        let evens = BigRational::one();
        let hundred = || BigRational::from(BigInt::from(100));
        match self {
            Self::Decimal => decimal,
            Self::Fractional | Self::HongKong => winnings,
            Self::American if winnings >= evens => winnings * hundred(),
            Self::American => -hundred() / winnings,
            Self::Malay if winnings <= evens => winnings,
            Self::Indonesian if winnings >= evens => winnings,
            Self::Malay | Self::Indonesian => -BigRational::one() / winnings,
        }
    }

    /// The winnings of a unit for a number in this format.
    fn winnings(self, number: &BigRational) -> Option<BigRational> {
        let (one, size) = (BigRational::one(), number.abs());
        let hundred = BigRational::from(BigInt::from(100));
        if size.is_zero() {
            return None;
        }
        let inverse = || Some(&one / &size);
        match self {
            Self::Decimal => Some(number - &one),
            Self::Fractional | Self::HongKong => Some(number.clone()),
            Self::American if size < hundred => None,
            Self::American if number.is_positive() => Some(number / hundred),
            Self::American => Some(hundred / size),
            Self::Malay if size > one => None,
            Self::Indonesian if size < one => None,
            Self::Malay | Self::Indonesian if number.is_positive() => Some(number.clone()),
            Self::Malay | Self::Indonesian => inverse(),
        }
    }
}

/// Reads a price in a format: `6/4`, `-137.5`, `+120`, `2.5`; a fraction is read in every format.
///
/// # Errors
/// Not a number, not one of the format, or not a price that can be kept.
pub fn read_odds(text: &str, format: OddsFormat) -> Result<Price, OddsFormatError> {
    let not_a_number = || OddsFormatError::NotANumber(text.to_owned());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let size = match unsigned.split_once('/') {
        Some((over, under)) => {
            let (over, under) = whole(over).zip(whole(under)).ok_or_else(not_a_number)?;
            if under.is_zero() {
                return Err(not_a_number());
            }
            BigRational::new(over, under)
        }
        None => decimal(unsigned).ok_or_else(not_a_number)?,
    };
    let number = if text.starts_with('-') { -size } else { size };
    let refused = || OddsFormatError::NotInFormat(format);
    let winnings = format.winnings(&number).ok_or_else(refused)?;
    if !winnings.is_positive() {
        return Err(refused());
    }
    let price = winnings + BigRational::one();
    let part = |number: &BigInt| number.to_i64().ok_or(PriceError::OutOfRange);
    Ok(Price::ratio(part(price.numer())?, part(price.denom())?)?)
}

/// Digits, and not so many that nobody means them.
fn whole(text: &str) -> Option<BigInt> {
    const DIGITS_MAX: usize = 18;
    let plain = !text.is_empty() && text.len() <= DIGITS_MAX;
    let plain = plain && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn decimal(text: &str) -> Option<BigRational> {
    let (before, after) = text.split_once('.').unwrap_or((text, "0"));
    let places = u32::try_from(after.len()).ok()?;
    let (before, after) = (whole(before)?, whole(after)?);
    let scale = BigInt::from(10).pow(places);
    Some(BigRational::new(before * &scale + after, scale))
}

impl FromStr for OddsFormat {
    type Err = UnknownOddsFormat;

    fn from_str(text: &str) -> Result<Self, UnknownOddsFormat> {
        let found = Self::ALL.iter().find(|format| format.as_str() == text);
        found
            .copied()
            .ok_or_else(|| UnknownOddsFormat(text.to_owned()))
    }
}

impl fmt::Display for OddsFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(text: &str) -> Price {
        read_odds(text, OddsFormat::Fractional).unwrap()
    }

    #[test]
    fn fractions_decimals_and_american_agree() {
        for (fraction, decimal, american) in [
            ("1/9", "10/9", "-900"),
            ("4/9", "13/9", "-225"),
            ("4/6", "5/3", "-150"),
            ("8/11", "19/11", "-275/2"),
            ("10/11", "21/11", "-110"),
            ("20/21", "41/21", "-105"),
            ("1/1", "2", "100"),
            ("6/5", "11/5", "120"),
            ("11/8", "19/8", "275/2"),
            ("85/40", "25/8", "425/2"),
            ("9/4", "13/4", "225"),
            ("100/30", "13/3", "1000/3"),
            ("100/1", "101", "10000"),
        ] {
            let at = price(fraction);
            assert_eq!(OddsFormat::Decimal.exact(at).to_string(), decimal);
            assert_eq!(OddsFormat::American.exact(at).to_string(), american);
        }
    }

    #[test]
    fn malay_and_indonesian_turn_at_evens() {
        for (fraction, malay, indonesian) in [
            ("1/2", "1/2", "-2"),
            ("1/1", "1", "1"),
            ("2/1", "-1/2", "2"),
        ] {
            let at = price(fraction);
            assert_eq!(OddsFormat::Malay.exact(at).to_string(), malay);
            assert_eq!(OddsFormat::Indonesian.exact(at).to_string(), indonesian);
            assert_eq!(
                OddsFormat::HongKong.exact(at),
                OddsFormat::Fractional.exact(at)
            );
        }
    }

    #[test]
    fn plus_and_minus_hundred_are_the_same_price() {
        let read = |text| read_odds(text, OddsFormat::American).unwrap();
        assert_eq!(read("+100"), read("-100"));
        assert_eq!(Fractional::of(read("-137.5")).to_string(), "8/11");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for (text, format) in [
            ("", OddsFormat::Decimal),
            ("1", OddsFormat::Decimal),
            ("-2", OddsFormat::Decimal),
            ("50", OddsFormat::American),
            ("0", OddsFormat::HongKong),
            ("1.5", OddsFormat::Malay),
            ("0.5", OddsFormat::Indonesian),
            ("1/0", OddsFormat::Fractional),
            ("1e3", OddsFormat::Decimal),
            ("--2", OddsFormat::American),
            ("9999999999999999999", OddsFormat::Decimal),
        ] {
            assert!(read_odds(text, format).is_err(), "{text:?} {format}");
        }
    }

    proptest! {
        #[test]
        fn every_format_reads_what_it_writes(winnings in 1_i64..5_000, stake in 1_i64..5_000) {
            let at = Price::ratio(winnings + stake, stake).unwrap();
            for format in OddsFormat::ALL {
                let text = format.exact(at).to_string();
                prop_assert_eq!(read_odds(&text, *format), Ok(at), "{} {}", text, format);
            }
        }
    }
}
