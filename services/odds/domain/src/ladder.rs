//! From a computed price to one that can be offered.
//!
//! Duty: the prices of each ladder; the rung at, below, above or nearest to a price, exactly; the
//! border between floats and exact prices, with the booksum that is left after rounding.
//! Prohibition: nothing here judges whether a price is good.
#![expect(
    clippy::float_arithmetic,
    reason = "this is the border at which floats end; what leaves is an exact price"
)]

mod rungs;

pub use rungs::HOUSE_FRACTIONS;

use kernel::{Price, PriceError};
use std::fmt;
use std::str::FromStr;

/// Which prices may be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ladder {
    /// Every hundredth from 1.01 up to 1000.
    Hundredths,
    /// Steps that widen with the price, as exchanges have them: 350 prices from 1.01 to 1000.
    Classic,
    /// The fractions that the house shows on boards: [`HOUSE_FRACTIONS`].
    Fractions,
}

/// No ladder of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a ladder; known are hundredths, classic and fractions")]
pub struct UnknownLadder(String);

/// Exact prices and what they add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct LadderBook {
    /// Prices on the ladder, in the order given.
    pub prices: Vec<Price>,
    /// Sum of their inverses: no longer the target after rounding.
    pub booksum: f64,
}

impl Ladder {
    /// All ladders.
    pub const ALL: &'static [Self] = &[Self::Hundredths, Self::Classic, Self::Fractions];

    /// Every price on it, lowest first.
    #[must_use]
    pub fn prices(self) -> Vec<Price> {
        rungs::all(self)
    }

    /// The highest price on it that is not above `price`; none below the lowest.
    #[must_use]
    pub fn down(self, price: Price) -> Option<Price> {
        rungs::at_or_below(
            self,
            i128::from(price.numerator()),
            i128::from(price.denominator()),
        )
    }

    /// The highest price on it that is not above `numerator / denominator`, both above 0; none
    /// below the lowest.
    #[must_use]
    pub fn down_from_ratio(self, numerator: i128, denominator: i128) -> Option<Price> {
        rungs::at_or_below(self, numerator, denominator)
    }

    /// The lowest price on it that is not below `price`; none above the highest.
    #[must_use]
    pub fn up(self, price: Price) -> Option<Price> {
        match self.down(price) {
            Some(rung) if rung == price => Some(rung),
            Some(rung) => rungs::above(self, rung),
            None => rungs::lowest(self),
        }
    }

    /// The price on it that is nearest to `price`; of two that are equally far the lower, which is
    /// the house's side. Beyond the ends, the end.
    #[must_use]
    pub fn nearest(self, price: Price) -> Price {
        match (self.down(price), self.up(price)) {
            (Some(down), Some(up)) => {
                if rungs::is_nearer_to_upper(down, price, up) {
                    up
                } else {
                    down
                }
            }
            (Some(end), None) | (None, Some(end)) => end,
            (None, None) => price,
        }
    }

    /// The nearest price on the ladder that is not above `value`, so that rounding never gives
    /// margin away; prices beyond the ends become the ends.
    ///
    /// A value within a billionth below a price counts as it, since 2.3 may have been computed as
    /// 2.2999999999999998.
    ///
    /// # Errors
    /// Not a finite number above 1.
    pub fn at_most(self, value: f64) -> Result<Price, PriceError> {
        if !(value.is_finite() && value > 1.0) {
            return Err(PriceError::NotAboveOne);
        }
        let (numerator, denominator) = with_a_breath(value);
        self.down_from_ratio(numerator, denominator)
            .or_else(|| rungs::lowest(self))
            .ok_or(PriceError::OutOfRange)
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

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hundredths => "hundredths",
            Self::Classic => "classic",
            Self::Fractions => "fractions",
        })
    }
}

impl FromStr for Ladder {
    type Err = UnknownLadder;

    fn from_str(text: &str) -> Result<Self, UnknownLadder> {
        Self::ALL
            .iter()
            .find(|ladder| ladder.to_string() == text)
            .copied()
            .ok_or_else(|| UnknownLadder(text.to_owned()))
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

/// A float as a ratio, a billionth higher than it is.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "clamped first, so the integer is exact"
)]
fn with_a_breath(value: f64) -> (i128, i128) {
    let scale = 1e12;
    (
        (value.min(1e6) * scale + 1e3).floor() as i128,
        1_000_000_000_000,
    )
}

#[cfg(test)]
mod tests;
