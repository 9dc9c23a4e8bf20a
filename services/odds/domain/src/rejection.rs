//! Which rule an input broke.

use kernel::{FixtureId, MarketId, SelectionId, Timestamp};

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
    /// A ruling on bets that may still come, or on a stretch without length.
    #[error("the stretch is not over yet, or ends before it begins")]
    StretchNotOver,
    /// A ruling without prices.
    #[error("a ruling names the wrong prices")]
    PricesMissing,
    /// A price that somebody could have taken for right.
    #[error("the price of {0} is not obviously wrong by the house's rules")]
    PriceNotObviouslyWrong(SelectionId),
    /// The market has no ruling of that number.
    #[error("there is no ruling {0}")]
    RulingUnknown(u32),
    /// By the one who proposed it.
    #[error("nobody approves their own proposal")]
    OwnProposal,
    /// Too late.
    #[error("the proposal has lapsed")]
    ProposalLapsed {
        /// Since when.
        lapsed_at: Timestamp,
    },
}
