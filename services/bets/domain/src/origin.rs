//! Where the prices of a slip came from.
//!
//! Duty: for prices that the house made itself (by a model, or leaning against its exposure), what
//! they were made of, as evidence beside the slip. Prohibition: nothing is judged by it, and no
//! state remembers it. A price that a source told plainly needs none of this: the book that each
//! struck leg names says whose message it was.

use crate::event::Event;
use crate::strike::Struck;
use kernel::{BetId, Price, SelectionId};

/// What a price of ours was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceOrigin {
    /// Of which selection.
    pub selection: SelectionId,
    /// Whose message it came with.
    pub source: String,
    /// Which of the source's messages.
    pub source_sequence: u64,
    /// The model's name and version, if it is a model's.
    pub model: Option<String>,
    /// By which version of the rules it leant, if it did.
    pub lean_rules: Option<u32>,
    /// What it would have been without leaning.
    pub unleaning: Option<Price>,
}

/// What the prices of a slip were made of, where the house made any of them.
pub(crate) fn traced(bet: BetId, struck: &Struck<'_>) -> Option<Event> {
    let legs: Vec<PriceOrigin> = struck
        .quotes
        .iter()
        .filter_map(|quote| quote.origin.clone())
        .collect();
    (!legs.is_empty()).then_some(Event::PricesTraced { bet, legs })
}
