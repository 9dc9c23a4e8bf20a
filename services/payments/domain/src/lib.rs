//! Money on its way in and out: deposits, withdrawals and what the provider says of them.
//!
//! Duty: the rules, as a pure decider over one partition's payments and the corrections of its
//! accounts and the large withdrawals by two persons. A deposit is requested,
//! called for outside, and confirmed or failed by the provider's outcome; a withdrawal first
//! waits for the ledger's hold. Deposit limits are counted here, in this journal.
//!
//! Prohibition: no call to a provider and no booking. Outcomes come in as commands, money moves
//! in the ledger.

mod adjustment;
mod closed_loop;
mod command;
mod customer;
mod decide;
mod deposit;
mod event;
#[cfg(test)]
mod examples;
mod outcome;
mod reconcile;
mod review;
mod state;
mod taken_on;
mod withdrawal;

pub use adjustment::{Adjustment, AdjustmentRules, AdjustmentState, Answer, Answered, Movement};
pub use command::{
    AnswerAdjustment, AnswerWithdrawal, BookingNotice, Command, CustomerNotice, HoldNotice,
    Outcome, PaymentRef, ProposeAdjustment, ProviderLine, Reconcile, ReportOutcome, ReportTakenOn,
    RequestDeposit, RequestWithdrawal, Terms,
};
pub use customer::{Counted, Customer, DepositLimits, Flow, InstrumentKey, Window};
pub use decide::{Payments, Rejection};
pub use event::{Deposit, Event, Finding, FindingKind, Withdrawal};
pub use review::{Review, ReviewRules, Reviewed};
pub use state::{DepositState, DepositStatus, State, TakenOn, WithdrawalState, WithdrawalStatus};
