//! Why a book has the prices that it has.
//!
//! Duty: what a price of ours is made of besides a feed message: the model's opinion with its
//! numbers, and how far the house leans against its exposure, with all inputs, so that anybody can
//! work the price out again from the record alone. Prohibition: no floats; a model's numbers come
//! scaled, and leaning is integer arithmetic.

use crate::command::SelectionPrice;
use crate::ladder::Ladder;
use crate::shade::{self, MILLION, ShadeRule};
use kernel::{Price, SelectionId};
use std::collections::BTreeMap;

/// What a model thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOpinion {
    /// Its name and version, such as `dixon-coles/1`.
    pub version: String,
    /// The numbers that it was given.
    pub parameters: Vec<ModelParameter>,
}

/// A number that a model was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelParameter {
    /// Which, such as `home_rate`.
    pub name: String,
    /// Its value in millionths.
    pub micros: i64,
}

/// What the house would lose if a selection won: returns less all stakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionExposure {
    /// Which.
    pub selection: SelectionId,
    /// In minor units of the market's currency; a gain is negative.
    pub minor: i64,
}

/// How the house leans: the versioned rule. A change is a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeanRules {
    /// The version that events record.
    pub version: u32,
    /// By what the logarithm of a probability grows at an exposure of the market's maximum, in
    /// thousandths.
    pub kappa_permille: u32,
    /// The most by which a probability changes, in millionths.
    pub clamp_ppm: u32,
    /// The least booksum, in millionths.
    pub booksum_least_ppm: u32,
    /// Which prices are offered.
    pub ladder: Ladder,
}

impl LeanRules {
    /// The rules in force (`docs/house-rules.md`).
    pub const PRESENT: Self = Self {
        version: 1,
        kappa_permille: 500,
        clamp_ppm: 50_000,
        booksum_least_ppm: MILLION,
        ladder: Ladder::Hundredths,
    };
}

/// How far a book leans, and what it leans away from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lean {
    /// By which rules.
    pub rules: LeanRules,
    /// The exposure that kappa speaks of, in minor units.
    pub limit_minor: i64,
    /// What each selection would cost; who is not named costs nothing.
    pub exposures: Vec<SelectionExposure>,
    /// Who said so.
    pub by: String,
}

impl Lean {
    /// The book leaning. One with a selection that has no price is left as it is: its margin is
    /// not known.
    #[must_use]
    pub fn of(&self, book: &[SelectionPrice]) -> Vec<SelectionPrice> {
        let all: Option<Vec<Price>> = book.iter().map(|priced| priced.price).collect();
        let mut of_selection: BTreeMap<SelectionId, i64> = BTreeMap::new();
        for exposure in &self.exposures {
            let sum = of_selection.entry(exposure.selection).or_default();
            *sum = sum.saturating_add(exposure.minor);
        }
        let exposures: Vec<i64> = book
            .iter()
            .map(|priced| of_selection.get(&priced.selection).copied().unwrap_or(0))
            .collect();
        let rule = ShadeRule {
            kappa_permille: self.rules.kappa_permille,
            limit_minor: self.limit_minor,
            clamp_ppm: self.rules.clamp_ppm,
            booksum_least_ppm: self.rules.booksum_least_ppm,
        };
        let leaning = all
            .and_then(|prices| shade::reprice(&prices, &exposures, &rule, self.rules.ladder).ok());
        let Some(leaning) = leaning else {
            return book.to_vec();
        };
        book.iter()
            .zip(leaning)
            .map(|(priced, price)| SelectionPrice {
                selection: priced.selection,
                price,
            })
            .collect()
    }
}

/// What explains a book beyond the feed message that it came with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The model's opinion, if the prices are a model's.
    pub model: Option<ModelOpinion>,
    /// How far the book leans, if it does.
    pub lean: Option<Lean>,
    /// The book before it leant; nothing if it does not.
    pub unleaning: Vec<SelectionPrice>,
}

impl Explanation {
    /// Whether there is anything to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.model.is_none() && self.lean.is_none()
    }
}
