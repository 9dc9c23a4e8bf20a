//! What may be asked of payments, together with all that the answer depends on.
//!
//! Duty: plain data. Prohibition: nothing here is checked; the decider does that.

use crate::adjustment::{Adjustment, Answer};
use kernel::{AdjustmentId, CustomerId, DepositId, Digest, Money, Timestamp, WithdrawalId};

/// One input of a payments partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A customer wants to pay in.
    RequestDeposit(RequestDeposit),
    /// A customer wants to be paid out.
    RequestWithdrawal(RequestWithdrawal),
    /// The provider has told what became of a payment.
    ReportOutcome(ReportOutcome),
    /// The provider has taken a payment on.
    ReportTakenOn(ReportTakenOn),
    /// Lines of a provider's file are held against the books.
    Reconcile(Reconcile),
    /// One person wants an account corrected.
    ProposeAdjustment(ProposeAdjustment),
    /// Another one agrees.
    ApproveAdjustment(AnswerAdjustment),
    /// It is not to be.
    DeclineAdjustment(AnswerAdjustment),
    /// One person agrees to a large withdrawal.
    ApproveWithdrawal(AnswerWithdrawal),
    /// A large withdrawal is not to be.
    DeclineWithdrawal(AnswerWithdrawal),
    /// The ledger has judged adjustments. Comes from its journal only.
    NoticeBookings(Vec<BookingNotice>),
    /// The ledger has judged holds. Comes from its journal only.
    NoticeHolds(Vec<HoldNotice>),
    /// Auth has changed what binds customers. Comes from its journal only.
    NoticeCustomers(Vec<CustomerNotice>),
}

/// What a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The least amount of one payment.
    pub minimum: Money,
    /// The greatest amount of one payment.
    pub maximum: Money,
    /// Whether it pays only to what is named to it. What nobody has named can never be paid back,
    /// so a deposit must name it too.
    pub needs_instrument: bool,
}

/// A customer wants to pay in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestDeposit {
    /// Minted outside.
    pub deposit: DepositId,
    /// Who.
    pub customer: CustomerId,
    /// How much.
    pub amount: Money,
    /// Through whom.
    pub provider: String,
    /// From what, in the provider's words; none: nobody has said.
    pub instrument: Option<String>,
    /// What that provider takes in this currency; none: there is no such provider.
    pub terms: Option<Terms>,
    /// When this is judged.
    pub now: Timestamp,
}

/// A customer wants to be paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestWithdrawal {
    /// Minted outside.
    pub withdrawal: WithdrawalId,
    /// Who.
    pub customer: CustomerId,
    /// How much.
    pub amount: Money,
    /// Through whom.
    pub provider: String,
    /// To what, in the provider's words; none: the house chooses.
    pub instrument: Option<String>,
    /// From which amount on two persons have to approve it; none: nobody has to.
    pub review_from: Option<Money>,
    /// What that provider takes in this currency; none: there is no such provider.
    pub terms: Option<Terms>,
    /// When this is judged.
    pub now: Timestamp,
}

/// The provider is at a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTakenOn {
    /// Who tells.
    pub provider: String,
    /// Which payment.
    pub payment: PaymentRef,
    /// What the provider calls it.
    pub known_as: Option<String>,
    /// Where the customer has to approve it.
    pub approve_at: Option<String>,
}

/// A part of a provider's file of settled payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// Whose file.
    pub provider: String,
    /// The hash of the whole file.
    pub file: Digest,
    /// Which part of what this partition gets of it, from 0.
    pub part: u32,
    /// Whether it is the last.
    pub last: bool,
    /// What was asked for before then and is in no file is missing.
    pub missing_before: Timestamp,
    /// Money that moved.
    pub lines: Vec<ProviderLine>,
}

/// One line of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderLine {
    /// Which payment.
    pub payment: PaymentRef,
    /// How much.
    pub amount: Money,
}

/// The provider has told what became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOutcome {
    /// Who tells.
    pub provider: String,
    /// The provider's own id of what it tells; told twice, it counts once.
    pub provider_event: String,
    /// Of which payment.
    pub payment: PaymentRef,
    /// What.
    pub outcome: Outcome,
}

/// Which payment an outcome is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentRef {
    /// A deposit.
    Deposit(DepositId),
    /// A withdrawal.
    Withdrawal(WithdrawalId),
    /// A reference that we never gave.
    Unknown(String),
}

impl PaymentRef {
    /// The reference as the provider knows it.
    #[must_use]
    pub fn reference(&self) -> String {
        match self {
            Self::Deposit(id) => id.to_string(),
            Self::Withdrawal(id) => id.to_string(),
            Self::Unknown(reference) => reference.clone(),
        }
    }
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money has moved.
    Succeeded {
        /// How much of it.
        amount: Money,
    },
    /// No money has moved.
    Failed {
        /// Why, in the provider's words.
        reason: String,
    },
}

/// What the ledger has said of a withdrawal's hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldNotice {
    /// Whose hold.
    pub withdrawal: WithdrawalId,
    /// Why it was refused; none: the money is held.
    pub refused: Option<String>,
}

/// One person wants an account corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposeAdjustment {
    /// What is to be done; its id is minted outside.
    pub adjustment: Adjustment,
    /// Who, by the id of the person.
    pub by: String,
    /// When this is judged.
    pub now: Timestamp,
}

/// An answer to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerAdjustment {
    /// Which.
    pub adjustment: AdjustmentId,
    /// What is said.
    pub answer: Answer,
}

/// What a person says to a large withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerWithdrawal {
    /// Which.
    pub withdrawal: WithdrawalId,
    /// What is said.
    pub answer: Answer,
}

/// What the ledger has said of an adjustment's transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingNotice {
    /// Of which adjustment.
    pub adjustment: AdjustmentId,
    /// Why it was refused; none: the money has moved.
    pub refused: Option<String>,
}

/// What auth has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerNotice {
    /// A deposit limit is in force, or none is any more.
    DepositLimit {
        /// Whose.
        customer: CustomerId,
        /// Over which window.
        window: crate::customer::Window,
        /// None: there is none.
        amount: Option<Money>,
    },
    /// The customer is excluded.
    Excluded {
        /// Who.
        customer: CustomerId,
        /// Until when.
        until: Timestamp,
    },
}
