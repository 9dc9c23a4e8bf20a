//! Decimal prices as exact ratios.
//!
//! Duty: hold what was quoted exactly: 2.50, but 13/3 (100/30 in fractions) as well.
//! Prohibition: no float and no rounding; what a price becomes in money is settlement's matter.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Why a text or a ratio is not a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not a decimal number.
    #[error("{0:?} is not a decimal price such as \"2.50\"")]
    NotDecimal(String),
    /// A price pays back more than the stake.
    #[error("a price is above 1")]
    NotAboveOne,
    /// Larger than 1,000,000 or finer than can be kept.
    #[error("the price is too large or too fine to be kept exactly")]
    OutOfRange,
}

/// What one unit of stake returns when it wins, stake included, as a ratio in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    numerator: i64,
    denominator: i64,
}

/// Above this no bookmaker quotes; it keeps products of legs within reach of `i128`.
const PRICE_MAX: i64 = 1_000_000;
/// Finest denominator: six decimals, or any fraction with a smaller one.
const DENOMINATOR_MAX: i64 = 1_000_000;

impl Price {
    /// The price `numerator / denominator`.
    ///
    /// # Errors
    /// Not above 1, above 1,000,000, or finer than six decimals.
    pub fn ratio(numerator: i64, denominator: i64) -> Result<Self, PriceError> {
        if numerator <= 0 || denominator <= 0 {
            return Err(PriceError::OutOfRange);
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        let (numerator, denominator) = match (
            numerator.checked_div(divisor),
            denominator.checked_div(divisor),
        ) {
            (Some(n), Some(d)) => (n, d),
            (None, _) | (_, None) => return Err(PriceError::OutOfRange),
        };
        if numerator <= denominator {
            return Err(PriceError::NotAboveOne);
        }
        if denominator > DENOMINATOR_MAX || numerator > PRICE_MAX.saturating_mul(denominator) {
            return Err(PriceError::OutOfRange);
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    /// A price in millionths: 1.91 is 1,910,000.
    ///
    /// # Errors
    /// As [`Price::ratio`].
    pub fn from_micros(micros: i64) -> Result<Self, PriceError> {
        Self::ratio(micros, 1_000_000)
    }

    /// The upper number in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// The lower number in lowest terms.
    #[must_use]
    pub const fn denominator(self) -> i64 {
        self.denominator
    }
}

/// The greatest number that divides both; both positive.
fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a.max(1)
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.numerator).saturating_mul(i128::from(other.denominator));
        let right = i128::from(other.numerator).saturating_mul(i128::from(self.denominator));
        left.cmp(&right)
    }
}

impl FromStr for Price {
    type Err = PriceError;

    /// Reads `"2.5"`, `"2.50"` or `"3"`: at most six decimals.
    fn from_str(text: &str) -> Result<Self, PriceError> {
        let not_decimal = || PriceError::NotDecimal(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(not_decimal());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 6 || whole.len() > 12 {
            return Err(PriceError::OutOfRange);
        }
        let micros: i64 = format!("{whole}{fraction:0<6}")
            .parse()
            .map_err(|_| PriceError::OutOfRange)?;
        Self::from_micros(micros)
    }
}

/// The decimal form: at least two places, at most six; what does not end is cut, never rounded
/// up, so that no customer is shown more than is paid.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i128::from(self.numerator)
            .saturating_mul(1_000_000)
            .checked_div(i128::from(self.denominator))
            .ok_or(fmt::Error)?;
        let digits = format!("{micros:0>7}");
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(6));
        let fraction = fraction.trim_end_matches('0');
        write!(f, "{whole}.{fraction:0<2}")
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_decimals() {
        for (text, shown) in [
            ("2.5", "2.50"),
            ("3", "3.00"),
            ("1.01", "1.01"),
            ("1.912345", "1.912345"),
        ] {
            assert_eq!(text.parse::<Price>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn keeps_fractions_that_decimals_cannot_hold() {
        let hundred_to_thirty = Price::ratio(130, 30).unwrap();
        assert_eq!(
            (
                hundred_to_thirty.numerator(),
                hundred_to_thirty.denominator()
            ),
            (13, 3)
        );
        assert_eq!(hundred_to_thirty.to_string(), "4.333333");
    }

    #[test]
    fn refuses_what_is_no_price() {
        assert_eq!("1.00".parse::<Price>(), Err(PriceError::NotAboveOne));
        assert_eq!("0.5".parse::<Price>(), Err(PriceError::NotAboveOne));
        assert_eq!("1000001".parse::<Price>(), Err(PriceError::OutOfRange));
        assert_eq!("1.0000001".parse::<Price>(), Err(PriceError::OutOfRange));
        for text in ["", "2,5", "-2", "+2", "2.", ".5", "two", "2e1", "2.5.1"] {
            assert_eq!(
                text.parse::<Price>(),
                Err(PriceError::NotDecimal(text.to_owned()))
            );
        }
    }

    #[test]
    fn orders_by_value() {
        assert!(Price::ratio(13, 3).unwrap() > "4.33".parse().unwrap());
        assert_eq!("2.50".parse::<Price>(), Price::ratio(5, 2));
    }

    proptest! {
        #[test]
        fn text_round_trips(micros in 1_000_001_i64..1_000_000_000_000) {
            let price = Price::from_micros(micros).unwrap();
            prop_assert_eq!(price.to_string().parse(), Ok(price));
        }
    }
}
