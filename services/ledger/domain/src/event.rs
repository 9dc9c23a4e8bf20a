//! What the ledger has decided.
//!
//! Duty: facts that carry every balance after them, so that applying one never computes.
//! Prohibition: no fact needs a rule to be understood.

use crate::account::{Account, Balance, Rules};
use crate::transfer::{ContentHash, TransferCode};
use kernel::{Timestamp, TransferId};

/// A fact of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Money moved.
    TransferPosted(TransferPosted),
    /// Money is held.
    TransferHeld(TransferHeld),
    /// A hold was taken, in whole or in part.
    HoldCaptured(HoldCaptured),
    /// A hold was released.
    HoldVoided(HoldVoided),
    /// A hold's time was over.
    HoldExpired(HoldExpired),
    /// A transfer was refused: nothing moved, and its id is taken.
    TransferRefused(TransferRefused),
    /// An account's rules changed.
    AccountRulesSet(AccountRulesSet),
    /// A transfer of as much as there was found nothing; its id is taken.
    NothingMoved(NothingMoved),
}

/// Money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferPosted {
    /// The transfer.
    pub id: TransferId,
    /// Who gave.
    pub debit: Account,
    /// Who took: the fallback, where the account that was named could not.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What for.
    pub code: TransferCode,
    /// What the giver has now.
    pub debit_after: Balance,
    /// What the taker has now.
    pub credit_after: Balance,
    /// What was asked.
    pub content: ContentHash,
}

/// Money is held on the debit account, for the credit account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferHeld {
    /// The transfer, and the hold's name from now on.
    pub id: TransferId,
    /// Who is to give.
    pub debit: Account,
    /// Who is to take.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What for.
    pub code: TransferCode,
    /// When the hold ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// What the giver has now.
    pub debit_after: Balance,
    /// What was asked.
    pub content: ContentHash,
}

/// A hold was taken: `minor` moved, the rest is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldCaptured {
    /// The transfer.
    pub id: TransferId,
    /// The hold.
    pub hold: TransferId,
    /// Who gave.
    pub debit: Account,
    /// Who took.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What of the hold was not taken.
    pub released_minor: i64,
    /// What for.
    pub code: TransferCode,
    /// What the giver has now.
    pub debit_after: Balance,
    /// What the taker has now.
    pub credit_after: Balance,
    /// What was asked.
    pub content: ContentHash,
}

/// A hold was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldVoided {
    /// The transfer.
    pub id: TransferId,
    /// The hold.
    pub hold: TransferId,
    /// Whose money was held.
    pub debit: Account,
    /// For whom.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What for.
    pub code: TransferCode,
    /// What the holder of the account has now.
    pub debit_after: Balance,
    /// What was asked.
    pub content: ContentHash,
}

/// A hold's time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldExpired {
    /// The hold.
    pub hold: TransferId,
    /// Whose money was held.
    pub debit: Account,
    /// For whom.
    pub credit: Account,
    /// How much.
    pub minor: i64,
    /// What for.
    pub code: TransferCode,
    /// What the holder of the account has now.
    pub debit_after: Balance,
}

/// A transfer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRefused {
    /// The transfer.
    pub id: TransferId,
    /// The rule.
    pub reason: RefusalReason,
    /// What there was, where the debit account was short of it.
    pub available_minor: Option<i64>,
    /// Who was to give.
    pub debit: Account,
    /// What for.
    pub code: TransferCode,
    /// What was asked.
    pub content: ContentHash,
}

/// An account's rules changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRulesSet {
    /// Whose.
    pub account: Account,
    /// Which.
    pub rules: Rules,
}

/// A transfer of as much as there was found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingMoved {
    /// The transfer.
    pub id: TransferId,
    /// What was asked.
    pub content: ContentHash,
}

/// The rule that a transfer broke, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalReason {
    /// Another transfer has this id.
    IdReusedWithOtherContent,
    /// A customer of another partition is named.
    AccountOfOtherPartition,
    /// One account is named twice.
    AccountsMustDiffer,
    /// The accounts are of different currencies.
    CurrenciesMustMatch,
    /// The amount is not above zero.
    AmountMustBePositive,
    /// The transfer whose rest is asked for is not in this decision.
    RestOfUnknown,
    /// No such hold.
    HoldUnknown,
    /// The hold was taken, released or has expired.
    HoldNotOpen,
    /// The hold is between other accounts.
    HoldOfOtherAccounts,
    /// More than was held.
    CaptureExceedsHold,
    /// The debit account's debits are blocked.
    DebitsBlocked,
    /// The debit account does not have it.
    DebitExceedsAvailable,
    /// The credit account's credits are blocked.
    CreditsBlocked,
    /// The credit account may not take it.
    CreditExceedsLimit,
    /// A balance would not fit.
    Overflow,
    /// Another transfer of its chain was refused or carried out before.
    LinkedTransferRefused,
    /// The batch ends within the chain.
    ChainOpen,
}
