//! A slip is sold back to the house before its end, or a part of it.
//!
//! Duty: quote what a slip is worth now, for a moment; buy it back when that quote is taken and
//! still holds; wait out the in-play delay first, where there is one. Prohibition: nothing is ever
//! bought back that is settled, suspended or closed, and nothing takes a purchase back: the part
//! that was sold is out of every later settlement and of every withdrawn result.
//!
//! Read `value` for what a slip is worth, `quote` and `take` for the two questions, `standing` for
//! what a slip remembers of them.

mod event;
mod quote;
mod standing;
mod take;
mod value;

pub use event::{CashOutLegWorth, CashOutQuoted, CashOutWorth, CashedOut, LivePrice};
pub use standing::{CashOutOffer, CashOutStanding, CashOutTaken, DelayedCashOut};

pub(crate) use quote::decide as decide_quote;
pub(crate) use take::{decide as decide_take, end_delay};

use crate::command::Surroundings;
use kernel::{BetId, CashOutQuoteId, CustomerId, Duration};

/// All of a stake.
pub const WHOLE_MILLIONTHS: u32 = 1_000_000;

/// What would be paid for a slip now?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteCashOut {
    /// The slip.
    pub bet: BetId,
    /// Who asks; it must be his.
    pub customer: CustomerId,
    /// Minted by whoever sends this.
    pub quote: CashOutQuoteId,
    /// What it is judged on, with the books of the slip's markets.
    pub now: Surroundings,
}

/// Sell a slip back for what a quote says, or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOut {
    /// The slip.
    pub bet: BetId,
    /// Who sells; it must be his.
    pub customer: CustomerId,
    /// The quote.
    pub quote: CashOutQuoteId,
    /// How much of what is still staked; more than all is all.
    pub fraction_millionths: u32,
    /// What it is judged on, with the books of the slip's markets.
    pub now: Surroundings,
}

/// The house's rules for buying back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashOutRules {
    /// Recorded with every quote and purchase.
    pub version: u32,
    /// The part of the fair value that the house keeps.
    pub margin_permille: u16,
    /// How long a quote can be taken.
    pub quote_life: Duration,
}

impl Default for CashOutRules {
    fn default() -> Self {
        Self {
            version: 1,
            margin_permille: 50,
            quote_life: Duration::from_secs(10),
        }
    }
}
