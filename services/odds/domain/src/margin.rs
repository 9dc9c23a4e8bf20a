//! The bookmaker's margin: taking it out of observed prices and putting it into fair ones.
//!
//! Duty: seven named methods (five kinds and two other names for them), each in both
//! directions, with the parameter that was found. Prohibition: nothing here is called from a
//! decision. Floats are for opinions; what is offered is quantised first (see [`crate::ladder`]).
#![expect(
    clippy::float_arithmetic,
    reason = "margin methods are real arithmetic; no result enters a decision unquantised"
)]

mod root;
mod shape;

use shape::Shape;
use std::fmt;
use std::str::FromStr;

/// How the margin is taken to be spread over the selections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarginMethod {
    /// Every inverse price is stretched by the same factor.
    Multiplicative,
    /// Every inverse price is lifted by the same amount. A longshot may come out below zero.
    Additive,
    /// Every fair probability is raised to the same power; the parameter is k.
    Power,
    /// Shin's model of insiders; the parameter is their share z.
    Shin,
    /// Cheung's constant ratio of quoted to fair odds; the parameter is that ratio c.
    OddsRatio,
    /// The odds ratio told as a shift of the logits; the parameter is s = ln c.
    Logarithmic,
    /// Margin in proportion to the price (Buchdahl), the same numbers as additive.
    ProportionalToPrice,
}

impl MarginMethod {
    /// All methods, with the name that each has on the command line.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Multiplicative, "multiplicative"),
        (Self::Additive, "additive"),
        (Self::Power, "power"),
        (Self::Shin, "shin"),
        (Self::OddsRatio, "odds-ratio"),
        (Self::Logarithmic, "logarithmic"),
        (Self::ProportionalToPrice, "wpo"),
    ];

    const fn shape(self) -> Shape {
        match self {
            Self::Multiplicative => Shape::Multiplicative,
            Self::Additive | Self::ProportionalToPrice => Shape::Additive,
            Self::Power => Shape::Power,
            Self::Shin => Shape::Shin,
            Self::OddsRatio | Self::Logarithmic => Shape::OddsRatio,
        }
    }

    /// The parameter as this method names it.
    fn reported(self, parameter: Option<f64>) -> Option<f64> {
        match self {
            Self::Logarithmic => parameter.map(f64::ln),
            Self::Multiplicative
            | Self::Additive
            | Self::Power
            | Self::Shin
            | Self::OddsRatio
            | Self::ProportionalToPrice => parameter,
        }
    }
}

impl fmt::Display for MarginMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(method, _)| method == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for MarginMethod {
    type Err = MarginError;

    fn from_str(text: &str) -> Result<Self, MarginError> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(method, _)| *method)
            .ok_or_else(|| MarginError::UnknownMethod(text.to_owned()))
    }
}

/// Why a margin cannot be taken out or put in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MarginError {
    /// No method of that name.
    #[error(
        "{0:?} is not a margin method; known are multiplicative, additive, power, shin, odds-ratio, logarithmic and wpo"
    )]
    UnknownMethod(String),
    /// A market of one selection has no margin.
    #[error("a book needs at least two selections, got {0}")]
    TooFewSelections(usize),
    /// A price that is not a finite number above 1.
    #[error("price {value} of selection {index} is not a finite number above 1")]
    NotAPrice {
        /// Place in the input, from 0.
        index: usize,
        /// What was given.
        value: f64,
    },
    /// A probability outside what the method can work with.
    #[error("probability {value} of selection {index} is not between 0 and 1")]
    NotAProbability {
        /// Place in the input, from 0.
        index: usize,
        /// What was given.
        value: f64,
    },
    /// Fair probabilities add up to one.
    #[error("the probabilities add up to {0}, not to 1")]
    NotFair(f64),
    /// The method cannot reach that booksum with prices above 1.
    #[error("booksum {booksum} is out of reach of the {method} method for these selections")]
    BooksumOutOfReach {
        /// The method asked for.
        method: MarginMethod,
        /// The sum of inverse prices in question.
        booksum: f64,
    },
}

/// What prices say once the margin is taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct FairBook {
    /// Probabilities in the order of the prices; they add up to 1. Only the additive kind can
    /// hold values of zero or less: they are reported as they are, never clamped.
    pub probabilities: Vec<f64>,
    /// Sum of the inverse prices.
    pub booksum: f64,
    /// k, z, c or ln c; nothing for the methods that have no parameter.
    pub parameter: Option<f64>,
}

impl FairBook {
    /// Places of the selections whose probability is no probability (additive kind only).
    pub fn improper(&self) -> impl Iterator<Item = usize> + '_ {
        self.probabilities
            .iter()
            .enumerate()
            .filter(|(_, p)| **p <= 0.0)
            .map(|(index, _)| index)
    }
}

/// Prices with a margin.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotedBook {
    /// Decimal prices in the order of the probabilities, each above 1, not yet on a ladder.
    pub prices: Vec<f64>,
    /// Sum of the inverse prices: what was asked for, up to the last bits.
    pub booksum: f64,
    /// k, z, c or ln c; nothing for the methods that have no parameter.
    pub parameter: Option<f64>,
}

/// How far fair probabilities may be from 1 in sum; typed ones carry a few digits only.
const FAIR_TOLERANCE: f64 = 1e-6;

/// Takes the margin out of decimal prices.
///
/// # Errors
/// Fewer than two prices, or one that is not a finite number above 1, or a book that the method
/// cannot explain.
pub fn remove_margin(method: MarginMethod, prices: &[f64]) -> Result<FairBook, MarginError> {
    at_least_two(prices)?;
    for (index, &value) in prices.iter().enumerate() {
        if !(value.is_finite() && value > 1.0) {
            return Err(MarginError::NotAPrice { index, value });
        }
    }
    let quoted: Vec<f64> = prices.iter().map(|price| price.recip()).collect();
    let booksum: f64 = quoted.iter().sum();
    let (probabilities, parameter) = method
        .shape()
        .remove(&quoted)
        .ok_or(MarginError::BooksumOutOfReach { method, booksum })?;
    Ok(FairBook {
        probabilities,
        booksum,
        parameter: method.reported(parameter),
    })
}

/// Puts a margin into fair probabilities so that the inverse prices add up to `booksum`.
///
/// Probabilities that miss the sum of 1 by less than a millionth are scaled to it.
///
/// # Errors
/// Fewer than two probabilities, one outside (0, 1) (the additive kind takes any finite number),
/// a sum other than 1, or a booksum that would need a price of 1 or less.
pub fn apply_margin(
    method: MarginMethod,
    probabilities: &[f64],
    booksum: f64,
) -> Result<QuotedBook, MarginError> {
    at_least_two(probabilities)?;
    let shape = method.shape();
    for (index, &value) in probabilities.iter().enumerate() {
        let proper = value > 0.0 && value < 1.0;
        let usable = proper || (shape == Shape::Additive && value.is_finite());
        if !usable {
            return Err(MarginError::NotAProbability { index, value });
        }
    }
    let sum: f64 = probabilities.iter().sum();
    if (sum - 1.0).abs() > FAIR_TOLERANCE {
        return Err(MarginError::NotFair(sum));
    }
    let out_of_reach = MarginError::BooksumOutOfReach { method, booksum };
    if !(booksum.is_finite() && booksum > 0.0) {
        return Err(out_of_reach);
    }
    let fair: Vec<f64> = probabilities.iter().map(|p| p / sum).collect();
    let Some((quoted, parameter)) = shape.apply(&fair, booksum) else {
        return Err(out_of_reach);
    };
    if !quoted.iter().all(|q| *q > 0.0 && *q < 1.0) {
        return Err(out_of_reach);
    }
    Ok(QuotedBook {
        prices: quoted.iter().map(|q| q.recip()).collect(),
        booksum: quoted.iter().sum(),
        parameter: method.reported(parameter),
    })
}

fn at_least_two(values: &[f64]) -> Result<(), MarginError> {
    if values.len() < 2 {
        return Err(MarginError::TooFewSelections(values.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
