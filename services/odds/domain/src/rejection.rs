//! Which rule an input broke.

use kernel::{FixtureId, MarketId, SelectionId};

/// A refusal, one variant a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The source's message was taken before.
    #[error("the message was taken before, the last one taken is {last}")]
    SequenceRepeated {
        /// The last one taken.
        last: u64,
    },
    /// No such fixture.
    #[error("fixture {0} is unknown")]
    FixtureUnknown(FixtureId),
    /// No such market.
    #[error("market {0} is unknown")]
    MarketUnknown(MarketId),
    /// The market has no such selection.
    #[error("selection {0} is not one of the market's")]
    SelectionUnknown(SelectionId),
    /// The market's state does not allow it.
    #[error("market {market} is {state}")]
    MarketNotInState {
        /// Which.
        market: MarketId,
        /// The state that it is in.
        state: &'static str,
    },
    /// Outcomes that do not cover the selections, or contradict each other.
    #[error("outcomes are incomplete: {0}")]
    OutcomesIncomplete(&'static str),
    /// An operator's act without a reason.
    #[error("an operator's act needs a reason")]
    ReasonMissing,
    /// The fixture or market belongs to another source.
    #[error("it belongs to source {owner:?}")]
    SourceNotOwner {
        /// Whose it is.
        owner: String,
    },
}
