//! What may be asked of fraud. Everything that an answer depends on is in here.

use crate::event::{Fact, Verdict};
use kernel::{CaseId, CustomerId, MarketId, Position, Price, SelectionId, Timestamp};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What a sorted batch of other journals' decisions tells, in its order.
    Observe(Vec<Observation>),
    /// An analyst closes a case.
    CloseCase(CloseCase),
    /// An analyst restricts a customer or lifts a restriction.
    Restrict(Restrict),
}

/// What one decision of another journal tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Something about a customer of this partition.
    Behaviour {
        /// Who.
        customer: CustomerId,
        /// When it was decided there.
        at: Timestamp,
        /// Where it stands.
        source: Position,
        /// What it was.
        fact: Fact,
    },
    /// All prices of a market at a new version. It becomes a fact only if a bet taken here just
    /// before had a longer price.
    Book {
        /// The market.
        market: MarketId,
        /// When it was published.
        at: Timestamp,
        /// The selections that have a price.
        prices: Vec<(SelectionId, Price)>,
    },
}

/// An analyst closes a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseCase {
    /// Which.
    pub case: CaseId,
    /// Whose behaviour it is about.
    pub customer: CustomerId,
    /// What was found.
    pub verdict: Verdict,
    /// Why; never empty.
    pub note: String,
    /// Who.
    pub by: String,
}

/// An analyst sets the share of the ordinary stake limit that a customer may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restrict {
    /// Whose.
    pub customer: CustomerId,
    /// Permille of the ordinary stake limit: 0 forbids betting, 1000 lifts the restriction.
    pub stake_permille: u16,
    /// Why; never empty.
    pub note: String,
    /// Who.
    pub by: String,
}
