//! What payments has decided.
//!
//! Duty: the facts, each with the whole payment, so that its row of a view and the ledger's
//! postings follow from it alone. Prohibition: no card, account or bank detail is ever here.

use crate::adjustment::{Adjustment, Answer, Answered};
use crate::command::PaymentRef;
use crate::customer::DepositLimits;
use crate::review::Reviewed;
use kernel::{CustomerId, DepositId, Digest, Money, Proposal, Timestamp, WithdrawalId};

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
    /// From what, or to what a payment goes. Stands behind the request in the same decision.
    InstrumentNamed {
        /// Which payment.
        payment: PaymentRef,
        /// Whose.
        customer: CustomerId,
        /// The provider's token for it.
        instrument: String,
    },
    /// The provider is at a payment.
    PaymentTakenOn {
        /// Which payment.
        payment: PaymentRef,
        /// Whose.
        customer: CustomerId,
        /// What the provider calls it.
        known_as: Option<String>,
        /// Where the customer has to approve it.
        approve_at: Option<String>,
    },
    /// A part of a provider's file was held against the books.
    ProviderReconciled {
        /// Whose file.
        provider: String,
        /// The hash of the whole file.
        file: Digest,
        /// Which part of it.
        part: u32,
        /// Whether it is the last.
        last: bool,
        /// What was asked for before then and is in no file is missing.
        missing_before: Timestamp,
        /// What agrees.
        matched: Vec<PaymentRef>,
        /// What does not.
        findings: Vec<Finding>,
    },
    /// One person wants an account corrected.
    AdjustmentProposed(Proposal<Adjustment>),
    /// Another one agrees; the ledger is to move the money.
    AdjustmentApproved(Answered),
    /// It is not to be.
    AdjustmentDeclined(Answered),
    /// The ledger has moved the money.
    AdjustmentBooked(Answered),
    /// The ledger has refused; nothing moved.
    AdjustmentRefused {
        /// What was approved.
        answered: Answered,
        /// Why, in the ledger's words.
        refusal: String,
    },
    /// From which amount on two persons have to approve a withdrawal. Stands behind the request in
    /// the same decision.
    ReviewThresholdNamed {
        /// Which withdrawal.
        withdrawal: WithdrawalId,
        /// Whose.
        customer: CustomerId,
        /// From which amount on.
        from: Money,
    },
    /// The money is held, and two persons have to approve the withdrawal.
    WithdrawalReviewStarted(Reviewed),
    /// One person agrees.
    WithdrawalApproved {
        /// As it stood before.
        reviewed: Reviewed,
        /// Who, when and why.
        answer: Answer,
        /// Whether nobody else is needed; then it is submitted in the same decision.
        last: bool,
    },
    /// It is not to be; its failure stands behind this in the same decision.
    WithdrawalDeclined {
        /// As it stood before.
        reviewed: Reviewed,
        /// Who, when and why.
        answer: Answer,
    },
}

/// A payment on which a provider's file and the books do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The reference as the provider knows it.
    pub reference: String,
    /// How they do not agree.
    pub kind: FindingKind,
    /// What stands here.
    pub ours: Option<Money>,
    /// What stands in the file.
    pub theirs: Option<Money>,
}

/// How a file and the books do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The provider has moved money of which nothing stands here.
    MissingHere,
    /// Money stands here that is in no file.
    MissingThere,
    /// It is not the same amount.
    AmountDiffers,
}
