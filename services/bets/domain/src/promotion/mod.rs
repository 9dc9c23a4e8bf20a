//! Free bets and bonus money: stakes that are not a customer's own cash.
//!
//! Duty: what was given to whom on which conditions, how it pays for stakes, and where returns of
//! such stakes go. Bets alone decides that, so that one journal rebuilds it; the ledger moves the
//! money as it is told. Prohibition: no account is looked at. What bonus money there is follows
//! from what was recorded here, and the ledger's account of it is never asked.
//!
//! Reading order: [`FreeBet`] and [`Bonus`] (what there is), `grant`, `funding` (how a stake is
//! paid), `follow` (what placements, settlements and reversals lead to), `lapse`, `evolve`.

mod bonus;
mod event;
mod evolve;
mod follow;
mod free_bet;
mod funding;
mod grant;
mod lapse;
mod reckon;

pub use bonus::Bonus;
pub use event::{Conversion, Division, PromotionEvent};
pub use free_bet::FreeBet;
pub use funding::{Funding, FundingSource, StakeParts, StakeSource};
pub use grant::{Grant, Granted, Terms};
pub use reckon::{ReckonedSlip, Reckoning, reckon};

pub(crate) use follow::follow;
pub(crate) use funding::{Funded, fund, place_whole, prices_must_reach};
pub(crate) use grant::decide as decide_grant;
pub(crate) use lapse::decide as decide_lapse;

use crate::state::TimerKey;
use kernel::{BonusId, FreeBetId, Price, Timestamp};
use std::collections::BTreeMap;

/// One thing that was given, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// A token.
    FreeBet(FreeBet),
    /// Bonus money.
    Bonus(Bonus),
}

/// On which conditions, by whom and why something was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// No leg may have a lower price.
    pub price_min: Option<Price>,
    /// From then on no stake is taken from it.
    pub expires_at: Timestamp,
    /// Why, in the giver's words.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// All that was given to one customer. What is used up stays: a rollback may come back to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promotions {
    /// The tokens.
    pub free_bets: BTreeMap<FreeBetId, FreeBet>,
    /// The bonus money, each with its timer, if one is armed.
    pub bonuses: BTreeMap<BonusId, (Bonus, Option<TimerKey>)>,
}
