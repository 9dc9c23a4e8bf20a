//! From a computed price to one that can be offered.
//!
//! Duty: the border between floats and exact prices: round a computed price to a ladder and tell
//! the booksum that is left afterwards. Prohibition: nothing here judges whether a price is good.
#![expect(
    clippy::float_arithmetic,
    reason = "this is the border at which floats end; what leaves is an exact price"
)]

use kernel::{Price, PriceError};

/// Which prices may be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ladder {
    /// Every hundredth from 1.01 up.
    Hundredths,
    /// Steps that widen with the price, as exchanges have them: 350 prices from 1.01 to 1000.
    Classic,
}

/// Upper end of a band and the step below it, in hundredths.
const CLASSIC_BANDS: [(i64, i64); 10] = [
    (200, 1),
    (300, 2),
    (400, 5),
    (600, 10),
    (1_000, 20),
    (2_000, 50),
    (3_000, 100),
    (5_000, 200),
    (10_000, 500),
    (100_000, 1_000),
];

/// Lowest price of every ladder, in hundredths.
const LOWEST: i64 = 101;
/// Highest price of every ladder, in hundredths.
const HIGHEST: i64 = 100_000;

/// Exact prices and what they add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct LadderBook {
    /// Prices on the ladder, in the order given.
    pub prices: Vec<Price>,
    /// Sum of their inverses: no longer the target after rounding.
    pub booksum: f64,
}

impl Ladder {
    /// The nearest price on the ladder that is not above `value`, so that rounding never gives
    /// margin away; prices beyond the ends become the ends.
    ///
    /// # Errors
    /// Not a finite number above 1.
    pub fn at_most(self, value: f64) -> Result<Price, PriceError> {
        if !(value.is_finite() && value > 1.0) {
            return Err(PriceError::NotAboveOne);
        }
        let hundredths = hundredths_below(value).clamp(LOWEST, HIGHEST);
        let on_ladder = match self {
            Self::Hundredths => hundredths,
            Self::Classic => {
                let step = CLASSIC_BANDS
                    .iter()
                    .find(|(end, _)| hundredths <= *end)
                    .map_or(1, |(_, step)| *step);
                hundredths.saturating_sub(hundredths.checked_rem(step).unwrap_or(0))
            }
        };
        Price::ratio(on_ladder, 100)
    }

    /// Every price of a book brought onto the ladder.
    ///
    /// # Errors
    /// The first value that is not a finite number above 1.
    pub fn book(self, values: &[f64]) -> Result<LadderBook, PriceError> {
        let prices = values
            .iter()
            .map(|value| self.at_most(*value))
            .collect::<Result<Vec<_>, _>>()?;
        let booksum = booksum(&prices);
        Ok(LadderBook { prices, booksum })
    }
}

/// Sum of the inverse prices.
#[must_use]
pub fn booksum(prices: &[Price]) -> f64 {
    prices.iter().map(|price| as_float(*price).recip()).sum()
}

/// The nearest float to a price, for the numeric modules and for display.
#[must_use]
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "numerators stay below 2^40, where every integer is a float"
)]
pub fn as_float(price: Price) -> f64 {
    price.numerator() as f64 / price.denominator() as f64
}

/// Whole hundredths in `value`. A value within a billionth below a hundredth counts as it, since
/// 2.3 may have been computed as 2.2999999999999998.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "clamped to the ladder first, so the integer is exact"
)]
fn hundredths_below(value: f64) -> i64 {
    (value.min(1e6) * 100.0 + 1e-7).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn rounds_towards_the_house() {
        for (value, expected) in [
            (2.499, "2.49"),
            (2.5, "2.50"),
            (2.3, "2.30"),
            (1.0001, "1.01"),
            (5000.0, "1000"),
        ] {
            assert_eq!(Ladder::Hundredths.at_most(value), Ok(price(expected)));
        }
        assert_eq!(Ladder::Classic.at_most(2.99), Ok(price("2.98")));
        assert_eq!(Ladder::Classic.at_most(104.9), Ok(price("100")));
    }

    #[test]
    fn refuses_what_is_no_price() {
        for value in [1.0, 0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Ladder::Classic.at_most(value), Err(PriceError::NotAboveOne));
        }
    }

    #[test]
    fn the_classic_ladder_has_350_prices() {
        let prices: BTreeSet<Price> = (101..=100_000_i32)
            .map(|hundredths| {
                Ladder::Classic
                    .at_most(f64::from(hundredths) / 100.0)
                    .unwrap()
            })
            .collect();
        assert_eq!(prices.len(), 350);
    }

    #[test]
    fn the_booksum_is_told_after_rounding() {
        let book = Ladder::Hundredths.book(&[2.006, 2.006]).unwrap();
        assert_eq!(book.prices, [price("2.00"), price("2.00")]);
        assert!((book.booksum - 1.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn a_ladder_price_stays_itself(value in 1.01_f64..1000.0) {
            for ladder in [Ladder::Hundredths, Ladder::Classic] {
                let once = ladder.at_most(value).unwrap();
                prop_assert!(as_float(once) <= value + 1e-8);
                prop_assert_eq!(ladder.at_most(as_float(once)), Ok(once));
            }
        }
    }
}
