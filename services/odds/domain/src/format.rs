//! The ways in which a price is written.
//!
//! Duty: decimal, fractional, American, Hong Kong, Malay and Indonesian, each exactly, in both
//! directions. Prohibition: no rounding; a display may cut digits, what is stored is the ratio.

use kernel::{Price, PriceError};
use std::fmt;
use std::str::FromStr;

/// A way to write a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceFormat {
    /// What a unit of stake returns.
    Decimal,
    /// Winnings for a unit of stake, as a fraction.
    Fractional,
    /// Winnings for 100, or the stake that wins 100 as a negative number.
    American,
    /// Winnings for a unit of stake, as a decimal.
    HongKong,
    /// Winnings for a unit of stake up to even money; above it the stake that wins a unit, negative.
    Malay,
    /// Winnings for a unit of stake from even money on; below it the stake that wins a unit,
    /// negative.
    Indonesian,
}

/// Why a text or number is no price of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// No format of that name.
    #[error(
        "{0:?} is not a format; known are decimal, fractional, american, hong-kong, malay and indonesian"
    )]
    UnknownFormat(String),
    /// Not a number.
    #[error("{0:?} is not a number such as \"2.5\", \"-110\" or \"6/4\"")]
    NotANumber(String),
    /// A number that the format does not use.
    #[error("{format} prices are {allowed}, got {number}")]
    NotInFormat {
        /// Which format.
        format: PriceFormat,
        /// What it uses.
        allowed: &'static str,
        /// What was given.
        number: Quotient,
    },
    /// Beyond what a price may be.
    #[error(transparent)]
    Price(#[from] PriceError),
}

/// An exact number: a ratio in lowest terms with a positive lower part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quotient {
    numerator: i64,
    denominator: i64,
}

impl Quotient {
    /// The ratio; none if the lower part is 0 or lowest terms do not fit.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?;
        let sign = if denominator < 0 { -1 } else { 1 };
        let part = |value: i128| {
            let whole = value.checked_div(divisor)?.checked_mul(sign)?;
            i64::try_from(whole).ok()
        };
        Some(Self {
            numerator: part(numerator)?,
            denominator: part(denominator).filter(|lower| *lower > 0)?,
        })
    }

    /// The upper part, which carries the sign.
    #[must_use]
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// The lower part.
    #[must_use]
    pub const fn denominator(self) -> i64 {
        self.denominator
    }

    /// As a decimal of so many places, cut, not rounded.
    #[must_use]
    pub fn decimal(self, places: u32) -> String {
        let scale = 10_i128.checked_pow(places).unwrap_or(1);
        let scaled = i128::from(self.numerator.unsigned_abs())
            .saturating_mul(scale)
            .checked_div(i128::from(self.denominator))
            .unwrap_or(0);
        let width = usize::try_from(places).unwrap_or(0);
        let digits = format!("{scaled:0>width$}", width = width.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(width));
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.numerator < 0 { "-" } else { "" };
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    fn is_at_least(self, whole: i64) -> bool {
        i128::from(self.numerator) >= i128::from(whole).saturating_mul(i128::from(self.denominator))
    }

    fn is_at_most(self, whole: i64) -> bool {
        i128::from(self.numerator) <= i128::from(whole).saturating_mul(i128::from(self.denominator))
    }
}

impl fmt::Display for Quotient {
    /// `"5/2"`, or `"3"` where it is whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl FromStr for Quotient {
    type Err = FormatError;

    /// Reads `"2.5"`, `"-110"`, `"+137.5"` and `"6/4"`.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let not_a_number = || FormatError::NotANumber(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (upper, lower) = digits.split_once('/').unwrap_or((digits, "1"));
        let ((n, n_places), (d, d_places)) = decimal_digits(upper)
            .zip(decimal_digits(lower))
            .ok_or_else(not_a_number)?;
        let power = |places: u32| 10_i128.checked_pow(places).unwrap_or(1);
        let n = n.saturating_mul(power(d_places));
        let d = d.saturating_mul(power(n_places));
        let n = if negative { n.saturating_neg() } else { n };
        Self::new(n, d).ok_or_else(not_a_number)
    }
}

/// Digits of a decimal without its point, and how many stood behind it; at most twelve in all.
fn decimal_digits(text: &str) -> Option<(i128, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    let is_number = !whole.is_empty()
        && digits.len() <= 12
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == whole.len() || !fraction.is_empty());
    let places = u32::try_from(fraction.len()).ok()?;
    is_number.then(|| digits.parse().ok().map(|n| (n, places)))?
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a.max(1)
}

impl PriceFormat {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Decimal,
        Self::Fractional,
        Self::American,
        Self::HongKong,
        Self::Malay,
        Self::Indonesian,
    ];

    /// The price, written so.
    #[must_use]
    pub fn write(self, price: Price) -> Quotient {
        let (upper, lower) = (
            i128::from(price.numerator()),
            i128::from(price.denominator()),
        );
        let winnings = upper.saturating_sub(lower);
        let evens = winnings.cmp(&lower);
        let (numerator, denominator) = match self {
            Self::Decimal => (upper, lower),
            Self::Fractional | Self::HongKong => (winnings, lower),
            Self::American if evens.is_ge() => (winnings.saturating_mul(100), lower),
            Self::American => (lower.saturating_mul(-100), winnings),
            Self::Malay if evens.is_le() => (winnings, lower),
            Self::Indonesian if evens.is_ge() => (winnings, lower),
            Self::Malay | Self::Indonesian => (lower.saturating_neg(), winnings),
        };
        // A price is at most 10^12 over 10^6, so all of these fit.
        Quotient::new(numerator, denominator).unwrap_or(Quotient {
            numerator: 0,
            denominator: 1,
        })
    }

    /// The price that is written so. Even money has two forms in American, Malay and Indonesian.
    ///
    /// # Errors
    /// A number that the format does not use, or a price out of range.
    pub fn read(self, number: Quotient) -> Result<Price, FormatError> {
        let refuse = |allowed| {
            Err(FormatError::NotInFormat {
                format: self,
                allowed,
                number,
            })
        };
        let positive = number.numerator > 0;
        let (upper, lower) = (number.numerator, number.denominator);
        let size = upper.saturating_abs();
        match self {
            Self::Decimal => Ok(Price::ratio(upper, lower)?),
            Self::Fractional | Self::HongKong if positive => of_winnings(upper, lower),
            Self::Fractional | Self::HongKong => refuse("above 0"),
            Self::American if number.is_at_least(100) => {
                of_winnings(upper, lower.saturating_mul(100))
            }
            Self::American if number.is_at_most(-100) => {
                of_winnings(lower.saturating_mul(100), size)
            }
            Self::American => refuse("at least 100 or at most -100"),
            Self::Malay if positive && number.is_at_most(1) => of_winnings(upper, lower),
            Self::Malay if !positive && upper != 0 && number.is_at_least(-1) => {
                of_winnings(lower, size)
            }
            Self::Malay => refuse("between -1 and 1 and not 0"),
            Self::Indonesian if number.is_at_least(1) => of_winnings(upper, lower),
            Self::Indonesian if number.is_at_most(-1) => of_winnings(lower, size),
            Self::Indonesian => refuse("at least 1 or at most -1"),
        }
    }
}

fn of_winnings(winnings: i64, stake: i64) -> Result<Price, FormatError> {
    Ok(Price::ratio(winnings.saturating_add(stake), stake)?)
}

impl fmt::Display for PriceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decimal => "decimal",
            Self::Fractional => "fractional",
            Self::American => "american",
            Self::HongKong => "hong-kong",
            Self::Malay => "malay",
            Self::Indonesian => "indonesian",
        })
    }
}

impl FromStr for PriceFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        Self::ALL
            .iter()
            .find(|format| format.to_string() == text)
            .copied()
            .ok_or_else(|| FormatError::UnknownFormat(text.to_owned()))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers, in tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Quotient {
        text.parse().unwrap()
    }

    /// Fraction, decimal as a ratio, American.
    const TABLE: [(&str, &str, &str); 13] = [
        ("1/9", "10/9", "-900"),
        ("4/9", "13/9", "-225"),
        ("4/6", "5/3", "-150"),
        ("8/11", "19/11", "-137.5"),
        ("10/11", "21/11", "-110"),
        ("20/21", "41/21", "-105"),
        ("1/1", "2", "+100"),
        ("6/5", "11/5", "+120"),
        ("11/8", "19/8", "+137.5"),
        ("85/40", "25/8", "+212.5"),
        ("9/4", "13/4", "+225"),
        ("100/30", "13/3", "1000/3"),
        ("100/1", "101", "+10000"),
    ];

    #[test]
    fn published_prices() {
        for (fraction, decimal, american) in TABLE {
            let price = PriceFormat::Fractional.read(number(fraction)).unwrap();
            assert_eq!(PriceFormat::Decimal.write(price), number(decimal));
            assert_eq!(PriceFormat::American.write(price), number(american));
            assert_eq!(PriceFormat::American.read(number(american)), Ok(price));
            assert_eq!(PriceFormat::Decimal.read(number(decimal)), Ok(price));
        }
    }

    #[test]
    fn asian_formats() {
        for (decimal, hong_kong, malay, indonesian) in [
            ("1.5", "1/2", "1/2", "-2"),
            ("2", "1", "1", "1"),
            ("3", "2", "-1/2", "2"),
            ("21/11", "10/11", "10/11", "-1.1"),
        ] {
            let price = PriceFormat::Decimal.read(number(decimal)).unwrap();
            assert_eq!(PriceFormat::HongKong.write(price), number(hong_kong));
            assert_eq!(PriceFormat::Malay.write(price), number(malay));
            assert_eq!(PriceFormat::Indonesian.write(price), number(indonesian));
        }
    }

    #[test]
    fn even_money_has_two_signs() {
        let evens = Price::ratio(2, 1).unwrap();
        for (format, text) in [
            (PriceFormat::American, "100"),
            (PriceFormat::American, "-100"),
            (PriceFormat::Malay, "1"),
            (PriceFormat::Malay, "-1"),
            (PriceFormat::Indonesian, "1"),
            (PriceFormat::Indonesian, "-1"),
        ] {
            assert_eq!(format.read(number(text)), Ok(evens), "{format} {text}");
        }
    }

    #[test]
    fn numbers_that_a_format_does_not_use() {
        for (format, text) in [
            (PriceFormat::American, "99"),
            (PriceFormat::American, "-99.5"),
            (PriceFormat::Malay, "1.01"),
            (PriceFormat::Malay, "-1.01"),
            (PriceFormat::Malay, "0"),
            (PriceFormat::Indonesian, "0.99"),
            (PriceFormat::HongKong, "-0.5"),
            (PriceFormat::Fractional, "0"),
            (PriceFormat::Decimal, "1"),
        ] {
            assert!(format.read(number(text)).is_err(), "{format} {text}");
        }
        for text in [
            "", "-", "1/", "/2", "1.", ".5", "x", "1/0", "1e3", "--1", "1/-2",
        ] {
            assert!(text.parse::<Quotient>().is_err(), "{text:?}");
        }
        assert!("odds".parse::<PriceFormat>().is_err());
    }

    #[test]
    fn decimals_are_cut() {
        assert_eq!(number("41/21").decimal(2), "1.95");
        assert_eq!(number("1000/3").decimal(2), "333.33");
        assert_eq!(number("-1.1").decimal(2), "-1.1");
        assert_eq!(number("2").decimal(2), "2");
        assert_eq!(number("1/100").decimal(4), "0.01");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn every_format_round_trips(winnings in 1_i64..100_000, stake in 1_i64..1_000) {
            let price = Price::ratio(winnings + stake, stake).unwrap();
            for format in PriceFormat::ALL {
                let written = format.write(price);
                prop_assert_eq!(format.read(written), Ok(price));
                prop_assert_eq!(written.to_string().parse(), Ok(written));
                prop_assert_eq!(format.to_string().parse(), Ok(*format));
            }
            let fraction = PriceFormat::Fractional.write(price);
            prop_assert_eq!(
                i128::from(fraction.numerator()) * i128::from(stake),
                i128::from(winnings) * i128::from(fraction.denominator())
            );
        }
    }
}
