//! What payments has decided.
//!
//! Duty: the facts, each with the whole payment, so that its row of a view and the ledger's
//! postings follow from it alone. Prohibition: no card, account or bank detail is ever here.

use crate::customer::DepositLimits;
use kernel::{CustomerId, DepositId, Money, Timestamp, WithdrawalId};

/// A deposit as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Which.
    pub id: DepositId,
    /// Whose.
    pub customer: CustomerId,
    /// How much.
    pub amount: Money,
    /// Through whom.
    pub provider: String,
    /// When it was asked for; from then on it counts against deposit limits.
    pub requested_at: Timestamp,
}

/// A withdrawal as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Which.
    pub id: WithdrawalId,
    /// Whose.
    pub customer: CustomerId,
    /// How much.
    pub amount: Money,
    /// Through whom.
    pub provider: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A deposit is to be asked of the provider.
    DepositRequested(Deposit),
    /// The provider has the money.
    DepositConfirmed {
        /// Which.
        deposit: Deposit,
        /// The provider's id of what it told.
        provider_event: String,
    },
    /// The deposit came to nothing.
    DepositFailed {
        /// Which.
        deposit: Deposit,
        /// Why.
        reason: String,
    },
    /// A withdrawal waits for its hold.
    WithdrawalRequested(Withdrawal),
    /// The money is held; the provider is to pay.
    WithdrawalSubmitted(Withdrawal),
    /// The provider has paid.
    WithdrawalPaid {
        /// Which.
        withdrawal: Withdrawal,
        /// The provider's id of what it told.
        provider_event: String,
    },
    /// The withdrawal came to nothing.
    WithdrawalFailed {
        /// Which.
        withdrawal: Withdrawal,
        /// Whether its money is held and is to be released.
        held: bool,
        /// Why.
        reason: String,
    },
    /// The provider has money that belongs to no open deposit.
    UnknownPaymentReported {
        /// Who told.
        provider: String,
        /// The provider's id of what it told.
        provider_event: String,
        /// The reference as the provider gave it.
        reference: String,
        /// How much.
        amount: Money,
    },
    /// The provider contradicts what it told before or what we asked for; a person must look.
    OutcomeContradicted {
        /// Who told.
        provider: String,
        /// The provider's id of what it told.
        provider_event: String,
        /// The reference as the provider gave it.
        reference: String,
    },
    /// A customer's deposit limits bind from here: all of them, as they are now.
    DepositLimitNoticed {
        /// Whose.
        customer: CustomerId,
        /// All windows.
        limits: DepositLimits,
    },
    /// A customer's exclusion binds from here.
    ExclusionNoticed {
        /// Who.
        customer: CustomerId,
        /// Until when.
        until: Timestamp,
    },
}
