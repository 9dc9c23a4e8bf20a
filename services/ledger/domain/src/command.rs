//! What may be asked of the ledger, and how the asking as a whole can be wrong.
//!
//! Duty: commands and rejections. Prohibition: a single transfer's refusal is never a rejection;
//! it is a fact among the others of its batch.

use crate::account::{Account, AccountKind, Rules};
use crate::transfer::Transfer;
use kernel::{Partition, TransferId};

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Carry out transfers in their order, each judged on what those before it leave.
    PostTransfers {
        /// The partition that this ledger keeps.
        partition: Partition,
        /// The transfers.
        transfers: Vec<Transfer>,
    },
    /// Change an account's flags and maximum.
    SetAccountRules {
        /// The partition that this ledger keeps.
        partition: Partition,
        /// Whose.
        account: Account,
        /// To these.
        rules: Rules,
    },
    /// A hold's time is over.
    ExpireHold {
        /// Which.
        hold: TransferId,
    },
}

/// The rule that a command broke as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// More than one decision holds.
    BatchTooLarge {
        /// So many transfers always fit, or are the most that are ever taken.
        maximum: u32,
    },
    /// A customer of another partition is named.
    AccountOfOtherPartition,
    /// Accounts of that kind take no rules.
    RulesNotForKind(AccountKind),
    /// A maximum below zero.
    BalanceMaxNegative,
}
