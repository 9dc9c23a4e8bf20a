//! The ledger: double entry, and nothing about betting.
//!
//! Duty: move money between accounts so that every record balances, no account goes beyond its
//! bound, and a transfer has one effect for ever. Prohibition: no I/O, no clock, no randomness;
//! and no knowledge of slips or payments, which become transfers at the edge.
//!
//! Reading order: [`account`](Account) (who may give and take), [`transfer`](Transfer) (what is
//! asked), [`event`](Event) (what follows), `judge` (the rules), `decide` (batches and chains),
//! `state` (what is remembered).

mod account;
mod batch;
mod command;
mod decide;
mod event;
mod judge;
mod known;
mod record_size;
mod state;
mod transfer;

pub use account::{Account, AccountKind, Balance, Bound, Rules, Standing};
pub use command::{Command, Rejection};
pub use decide::TRANSFERS_MAX;
pub use event::{
    AccountRulesSet, Event, HoldCaptured, HoldExpired, HoldVoided, NothingMoved, RefusalReason,
    TransferHeld, TransferPosted, TransferRefused,
};
pub use known::Use;
pub use record_size::{TRANSFERS_ALWAYS_FIT, bytes_max};
pub use state::{HoldEnd, Image, Ledger, OpenHold};
pub use transfer::{Amount, ContentHash, Transfer, TransferCode, TransferKind};

#[cfg(test)]
mod scenarios;
