//! What is recorded of quotes and purchases.
//!
//! Duty: facts that anybody can work out again from the books that they name. Prohibition: no
//! amount stands here without what it was made of.

use crate::liability::Liability;
use kernel::{BetId, CashOutQuoteId, CustomerId, Money, Position, Price, SelectionId, Timestamp};

/// What the house pays for a slip now, for a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOutQuoted {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// The quote.
    pub quote: CashOutQuoteId,
    /// What is still staked.
    pub stake: Money,
    /// What is paid for all of it.
    pub amount: Money,
    /// What that is made of.
    pub worth: CashOutWorth,
    /// When.
    pub quoted_at: Timestamp,
    /// The last moment in which it can be taken.
    pub expires_at: Timestamp,
}

/// A slip, or a part of it, is sold back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashedOut {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// The quote that was taken.
    pub quote: CashOutQuoteId,
    /// How much of what was staked then.
    pub fraction_millionths: u32,
    /// Counts on in the numbers of settlements, because it ends the hold as one does.
    pub settlement: u32,
    /// The stake that is sold.
    pub stake: Money,
    /// What is paid for it.
    pub amount: Money,
    /// What that is made of.
    pub worth: CashOutWorth,
    /// What is still staked.
    pub stake_left: Money,
    /// What that returns if all legs win.
    pub potential_return_left: Money,
    /// All stakes of this slip that were ever sold.
    pub stake_sold_total: Money,
    /// All that was ever paid for them.
    pub amount_total: Money,
    /// When.
    pub cashed_out_at: Timestamp,
    /// What stands on its selections from here on.
    pub liabilities: Vec<Liability>,
}

/// What a stake is worth before the end of its slip. Texts are exact, in major units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOutWorth {
    /// By which version of the rules.
    pub rules_version: u32,
    /// The part of the fair value that the house keeps.
    pub margin_permille: u16,
    /// The stake times the worth of every leg.
    pub fair: String,
    /// What the margin leaves of it; rounded down it is what is paid.
    pub exact: String,
    /// In the order of the slip's legs.
    pub legs: Vec<CashOutLegWorth>,
}

/// What one unit on a leg is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOutLegWorth {
    /// The leg.
    pub selection: SelectionId,
    /// Its worth, exactly.
    pub worth: String,
    /// The price now; none: the leg is decided.
    pub live: Option<LivePrice>,
}

/// The price of a selection, and the book that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivePrice {
    /// The price.
    pub price: Price,
    /// One over each price of the book, each rounded up to a billionth, summed.
    pub booksum_billionths: u64,
    /// The market's version looked at.
    pub market_version: u64,
    /// Where its newest book stands.
    pub book_position: Position,
}
