//! Payments on the wire: deposits, withdrawals, the provider's outcomes.
//!
//! Every event of a payment tells the whole payment, so that a view's row is a function of the
//! one event that it was written for.

use crate::wire;
use kernel::{
    AdjustmentId, CustomerId, DepositId, Digest, Money, Timestamp, TransferId, WithdrawalId,
};

wire! {
    /// What may be asked of payments.
    union Command {
        /// A customer wants to pay in.
        RequestDeposit(RequestDeposit),
        /// A customer wants to be paid out.
        RequestWithdrawal(RequestWithdrawal),
        /// The provider has told what became of a payment.
        ReportOutcome(ReportOutcome),
        /// A customer wants to pay in from an instrument.
        RequestDepositFrom(RequestDepositFrom),
        /// A customer wants to be paid out to an instrument.
        RequestWithdrawalTo(RequestWithdrawalTo),
        /// The provider has taken a payment on.
        ReportTakenOn(ReportTakenOn),
        /// A part of a provider's file of a day is to be held against the books.
        ReconcileProvider(ReconcileProvider),
        /// One person wants an account corrected.
        ProposeAdjustment(ProposeAdjustment),
        /// Another one agrees.
        ApproveAdjustment(ApproveAdjustment),
        /// It is not to be.
        DeclineAdjustment(DeclineAdjustment),
        /// A customer wants to be paid out; from some amount on two persons have to approve it.
        RequestWithdrawalWithReview(RequestWithdrawalWithReview),
        /// One person agrees to a large withdrawal.
        ApproveWithdrawal(ApproveWithdrawal),
        /// A large withdrawal is not to be.
        DeclineWithdrawal(DeclineWithdrawal),
    }
    /// A customer wants to pay in.
    record RequestDeposit { deposit: DepositId, customer: CustomerId, amount: Money, provider: String }
    /// A customer wants to be paid out.
    record RequestWithdrawal { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String }
    /// The provider has told what became of a payment; `event` is the provider's own id of this message.
    record ReportOutcome { provider: String, event: String, payment: Payment, outcome: Outcome, occurred_at: Timestamp }

    /// Which payment.
    union Payment { Deposit(DepositRef), Withdrawal(WithdrawalRef), Unknown(UnknownRef) }
    /// See [`Payment`].
    record DepositRef { deposit: DepositId }
    /// See [`Payment`].
    record WithdrawalRef { withdrawal: WithdrawalId }
    /// A reference that is not ours.
    record UnknownRef { reference: String, amount: Money }

    /// What became of it.
    union Outcome { Succeeded(Succeeded), Failed(Failed) }
    /// See [`Outcome`].
    record Succeeded { amount: Money }
    /// See [`Outcome`].
    record Failed { reason: String }

    /// A customer wants to pay in; `instrument` is the provider's token for a card or an account.
    record RequestDepositFrom { deposit: DepositId, customer: CustomerId, amount: Money, provider: String, instrument: String }
    /// A customer wants to be paid out to that instrument.
    record RequestWithdrawalTo { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String, instrument: String }
    /// The provider is at it: what it calls the payment, and where the customer has to approve it.
    record ReportTakenOn { provider: String, payment: Payment, known_as: Option<String>, approve_at: Option<String> }
    /// Lines of a provider's file, named by the hash of its bytes. Behind the last part, what was asked for before
    /// `missing_before`, is done here and was in no file is missing there.
    record ReconcileProvider { provider: String, file: Digest, part: u32, last: bool, missing_before: Timestamp, lines: Vec<ProviderLine> }
    /// Money that moved, by the provider's file.
    record ProviderLine { payment: Payment, amount: Money }

    /// A correction of an account that two persons decide on. The reason is for the customer to read.
    record Adjustment { adjustment: AdjustmentId, movement: Movement, amount: Money, reason: String }
    /// From where to where its money goes.
    union Movement {
        /// The house gives.
        CreditCustomer(CreditCustomer),
        /// The house takes.
        DebitCustomer(DebitCustomer),
        /// Money without an open deposit turns out to be a customer's.
        SuspenseToCustomer(SuspenseToCustomer),
        /// It goes back at the provider, or has gone.
        SuspenseToProvider(SuspenseToProvider),
        /// It is the house's, or a customer's of another partition, who is then credited.
        SuspenseToHouse(SuspenseToHouse),
    }
    /// See [`Movement`].
    record CreditCustomer { customer: CustomerId }
    /// See [`Movement`].
    record DebitCustomer { customer: CustomerId }
    /// See [`Movement`]. The reference as the provider gave it.
    record SuspenseToCustomer { customer: CustomerId, reference: String }
    /// See [`Movement`].
    record SuspenseToProvider { reference: String }
    /// See [`Movement`].
    record SuspenseToHouse { reference: String }
    /// One person wants it.
    record ProposeAdjustment { adjustment: Adjustment, by: String }
    /// Another one agrees.
    record ApproveAdjustment { adjustment: AdjustmentId, reason: String, by: String }
    /// It is not to be; its proposer may say so as well.
    record DeclineAdjustment { adjustment: AdjustmentId, reason: String, by: String }

    /// A customer wants to be paid out, to that instrument or to one that the house chooses. At `review_from` and
    /// above two persons have to approve it: the setting of that moment.
    record RequestWithdrawalWithReview { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String, instrument: Option<String>, review_from: Money }
    /// One person agrees.
    record ApproveWithdrawal { withdrawal: WithdrawalId, reason: String, by: String }
    /// It is not to be. The customer reads the reason.
    record DeclineWithdrawal { withdrawal: WithdrawalId, reason: String, by: String }

    /// What payments has decided.
    union Event {
        /// A deposit is to be asked of the provider.
        DepositRequested(DepositRequested),
        /// The provider has the money.
        DepositConfirmed(DepositConfirmed),
        /// The deposit came to nothing.
        DepositFailed(DepositFailed),
        /// A withdrawal waits for its hold.
        WithdrawalRequested(WithdrawalRequested),
        /// The money is held; the provider is to pay.
        WithdrawalSubmitted(WithdrawalSubmitted),
        /// The provider has paid.
        WithdrawalPaid(WithdrawalPaid),
        /// The withdrawal came to nothing; a hold, if any, is released.
        WithdrawalFailed(WithdrawalFailed),
        /// The provider told of a payment that is not ours.
        UnknownPaymentReported(UnknownPaymentReported),
        /// The provider contradicts what it told before; a person must look.
        OutcomeContradicted(OutcomeContradicted),
        /// A customer's deposit limit binds from here.
        DepositLimitNoticed(DepositLimitNoticed),
        /// A customer's exclusion binds from here.
        ExclusionNoticed(ExclusionNoticed),
        /// From what, or to what a payment goes.
        InstrumentNamed(InstrumentNamed),
        /// The provider is at a payment.
        PaymentTakenOn(PaymentTakenOn),
        /// A part of a provider's file was held against the books.
        ProviderReconciled(ProviderReconciled),
        /// One person wants an account corrected.
        AdjustmentProposed(AdjustmentProposed),
        /// Another one agrees; the ledger is to move the money.
        AdjustmentApproved(AdjustmentApproved),
        /// It is not to be.
        AdjustmentDeclined(AdjustmentDeclined),
        /// The ledger has moved the money.
        AdjustmentBooked(AdjustmentBooked),
        /// The ledger has refused; nothing moved.
        AdjustmentRefused(AdjustmentRefused),
        /// From which amount on two persons have to approve a withdrawal.
        ReviewThresholdNamed(ReviewThresholdNamed),
        /// The money is held, and two persons have to approve the withdrawal.
        WithdrawalReviewStarted(WithdrawalReviewStarted),
        /// One person agrees.
        WithdrawalApproved(WithdrawalApproved),
        /// A large withdrawal is not to be.
        WithdrawalDeclined(WithdrawalDeclined),
    }
    /// See [`Event`].
    record DepositRequested { deposit: DepositId, customer: CustomerId, amount: Money, provider: String, requested_at: Timestamp }
    /// See [`Event`].
    record DepositConfirmed { deposit: DepositId, customer: CustomerId, amount: Money, provider: String, provider_event: String, requested_at: Timestamp }
    /// See [`Event`].
    record DepositFailed { deposit: DepositId, customer: CustomerId, amount: Money, reason: String, provider: String, requested_at: Timestamp }
    /// See [`Event`].
    record WithdrawalRequested { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String, requested_at: Timestamp }
    /// See [`Event`].
    record WithdrawalSubmitted { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String, requested_at: Timestamp }
    /// See [`Event`].
    record WithdrawalPaid { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, provider: String, provider_event: String, requested_at: Timestamp }
    /// See [`Event`].
    record WithdrawalFailed { withdrawal: WithdrawalId, customer: CustomerId, amount: Money, held: bool, reason: String, provider: String, requested_at: Timestamp }
    /// See [`Event`].
    record UnknownPaymentReported { provider: String, provider_event: String, reference: String, amount: Money }
    /// See [`Event`].
    record OutcomeContradicted { provider: String, provider_event: String, reference: String }
    /// See [`Event`].
    record DepositLimitNoticed { customer: CustomerId, day: Option<Money>, week: Option<Money>, month: Option<Money> }
    /// See [`Event`].
    record ExclusionNoticed { customer: CustomerId, until: Timestamp }

    /// See [`Event`].
    record InstrumentNamed { payment: Payment, customer: CustomerId, instrument: String }
    /// See [`Event`].
    record PaymentTakenOn { payment: Payment, customer: CustomerId, known_as: Option<String>, approve_at: Option<String> }
    /// What agrees, and what does not.
    record ProviderReconciled { provider: String, file: Digest, part: u32, last: bool, missing_before: Timestamp, matched: Vec<Payment>, findings: Vec<ProviderFinding> }
    /// A payment on which the provider's file and the books do not agree.
    record ProviderFinding { reference: String, kind: FindingKind, ours: Option<Money>, theirs: Option<Money> }
    /// How they do not agree.
    enum FindingKind {
        /// The provider has moved money of which nothing stands here.
        MissingHere,
        /// Money stands here that is in no file.
        MissingThere,
        /// It is not the same amount.
        AmountDiffers,
    }

    /// It waits for another person until then.
    record AdjustmentProposed { adjustment: Adjustment, by: String, proposed_at: Timestamp, lapses_at: Timestamp }
    /// A proposal, whole, and what was said to it.
    record AdjustmentAnswered {
        adjustment: Adjustment,
        proposed_by: String,
        proposed_at: Timestamp,
        lapses_at: Timestamp,
        reason: String,
        by: String,
        answered_at: Timestamp,
    }
    /// See [`Event`].
    record AdjustmentApproved { answered: AdjustmentAnswered }
    /// See [`Event`].
    record AdjustmentDeclined { answered: AdjustmentAnswered }
    /// See [`Event`].
    record AdjustmentBooked { answered: AdjustmentAnswered }
    /// See [`Event`]: why, in the ledger's words.
    record AdjustmentRefused { answered: AdjustmentAnswered, refusal: String }

    /// See [`Event`]. Stands behind the request in the same decision.
    record ReviewThresholdNamed { withdrawal: WithdrawalId, customer: CustomerId, review_from: Money }
    /// A withdrawal that waits for persons, whole, and who has approved it before.
    record ReviewedWithdrawal {
        withdrawal: WithdrawalId,
        customer: CustomerId,
        amount: Money,
        provider: String,
        requested_at: Timestamp,
        review_from: Money,
        approvals: Vec<WithdrawalApproval>,
    }
    /// Who has approved it, and why.
    record WithdrawalApproval { reason: String, by: String, approved_at: Timestamp }
    /// See [`Event`].
    record WithdrawalReviewStarted { reviewed: ReviewedWithdrawal }
    /// See [`Event`]. `last`: nobody else is needed, and it is submitted in the same decision.
    record WithdrawalApproved { reviewed: ReviewedWithdrawal, approval: WithdrawalApproval, last: bool }
    /// See [`Event`]. Its failure stands behind it in the same decision.
    record WithdrawalDeclined { reviewed: ReviewedWithdrawal, reason: String, by: String, declined_at: Timestamp }

    /// Which rule a command to payments broke.
    record Rejection { reason: RejectionReason }
    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// The amount is not above zero or beyond what the provider takes.
        AmountNotAllowed(AmountNotAllowed),
        /// The deposit would go beyond the customer's own limit.
        DepositLimitReached(DepositLimitReached),
        /// The customer is excluded.
        CustomerExcluded(CustomerExcluded),
        /// No such provider.
        ProviderUnknown(ProviderUnknown),
        /// Another payment has this id.
        PaymentIdTaken(PaymentIdTaken),
        /// Nothing was ever paid in from that instrument.
        InstrumentUnknown(InstrumentUnknown),
        /// Money goes back first to where it came from.
        ClosedLoop(ClosedLoop),
        /// Why is not said, or at too great length.
        ReasonNotAllowed(ReasonNotAllowed),
        /// Another adjustment has this id.
        AdjustmentIdTaken(AdjustmentIdTaken),
        /// No such adjustment.
        AdjustmentUnknown(AdjustmentUnknown),
        /// It was approved or declined before.
        AdjustmentAnsweredBefore(AdjustmentAnsweredBefore),
        /// Nobody approves their own proposal.
        OwnProposal(OwnProposal),
        /// Nobody decides about their own account.
        OwnAccount(OwnAccount),
        /// Nobody has answered in time.
        ProposalLapsed(ProposalLapsed),
        /// The customer lives in another partition than the money.
        CustomerElsewhere(CustomerElsewhere),
        /// So much is not in suspense under that reference.
        SuspenseTooLow(SuspenseTooLow),
        /// The provider pays only to what is named to it.
        InstrumentMissing(InstrumentMissing),
        /// No such withdrawal.
        WithdrawalUnknown(WithdrawalUnknown),
        /// The withdrawal waits for no approval.
        WithdrawalNotInReview(WithdrawalNotInReview),
        /// Two persons have approved the withdrawal, or one has declined it.
        WithdrawalAnsweredBefore(WithdrawalAnsweredBefore),
        /// Nobody approves twice.
        ApprovedBefore(ApprovedBefore),
    }
    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record AmountNotAllowed { minimum: Money, maximum: Money }
    /// See [`RejectionReason`].
    record DepositLimitReached { available: Money }
    /// See [`RejectionReason`].
    record CustomerExcluded { until: Timestamp }
    /// See [`RejectionReason`].
    record ProviderUnknown { provider: String }
    /// See [`RejectionReason`].
    record PaymentIdTaken {}
    /// See [`RejectionReason`].
    record InstrumentUnknown { instrument: String }
    /// See [`RejectionReason`]: what may go to that instrument now.
    record ClosedLoop { instrument: String, available: Money }
    /// See [`RejectionReason`].
    record ReasonNotAllowed { characters_max: u32 }
    /// See [`RejectionReason`].
    record AdjustmentIdTaken {}
    /// See [`RejectionReason`].
    record AdjustmentUnknown {}
    /// See [`RejectionReason`].
    record AdjustmentAnsweredBefore {}
    /// See [`RejectionReason`].
    record OwnProposal {}
    /// See [`RejectionReason`].
    record OwnAccount {}
    /// See [`RejectionReason`].
    record ProposalLapsed { lapsed_at: Timestamp }
    /// See [`RejectionReason`].
    record CustomerElsewhere {}
    /// See [`RejectionReason`].
    record SuspenseTooLow { reference: String, available: Money }
    /// See [`RejectionReason`].
    record InstrumentMissing { provider: String }
    /// See [`RejectionReason`].
    record WithdrawalUnknown {}
    /// See [`RejectionReason`].
    record WithdrawalNotInReview {}
    /// See [`RejectionReason`].
    record WithdrawalAnsweredBefore {}
    /// See [`RejectionReason`].
    record ApprovedBefore {}
}

impl Movement {
    /// Whose account it concerns; none: the house's alone.
    #[must_use]
    pub const fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::CreditCustomer(of) => Some(of.customer),
            Self::DebitCustomer(of) => Some(of.customer),
            Self::SuspenseToCustomer(of) => Some(of.customer),
            Self::SuspenseToProvider(_) | Self::SuspenseToHouse(_) => None,
        }
    }

    /// Under which reference the money lies in suspense, if it does.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::CreditCustomer(_) | Self::DebitCustomer(_) => None,
            Self::SuspenseToCustomer(of) => Some(&of.reference),
            Self::SuspenseToProvider(of) => Some(&of.reference),
            Self::SuspenseToHouse(of) => Some(&of.reference),
        }
    }
}

/// What tells an adjustment's transfer from the adjustment.
const ADJUSTMENT_TRANSFER_TAG: [u8; 16] = *b"adjustment-book\0";

/// The ledger transfer of an adjustment; see [`withdrawal_hold`] for the rule.
#[must_use]
pub fn adjustment_transfer(adjustment: AdjustmentId) -> TransferId {
    TransferId::from_bytes(tagged(adjustment.bytes(), ADJUSTMENT_TRANSFER_TAG))
}

/// The adjustment that this would be the transfer of. Any transfer has one.
#[must_use]
pub fn adjustment_of_transfer(transfer: TransferId) -> AdjustmentId {
    AdjustmentId::from_bytes(tagged(transfer.bytes(), ADJUSTMENT_TRANSFER_TAG))
}

/// What tells a withdrawal's hold from the withdrawal. The last two bytes are left alone: they
/// are the partition.
const WITHDRAWAL_HOLD_TAG: [u8; 16] = *b"withdrawal-hold\0";

/// The ledger transfer that holds the money of a withdrawal. The ledger's reactor gives the hold
/// this id and payments recognises it by it; the rule is its own inverse, so neither side keeps
/// a table (see [`withdrawal_of_hold`]).
#[must_use]
pub fn withdrawal_hold(withdrawal: WithdrawalId) -> TransferId {
    TransferId::from_bytes(tagged(withdrawal.bytes(), WITHDRAWAL_HOLD_TAG))
}

/// The withdrawal whose money that transfer would hold. Any transfer has one: whether it is ours
/// is to be asked of the payments state.
#[must_use]
pub fn withdrawal_of_hold(hold: TransferId) -> WithdrawalId {
    WithdrawalId::from_bytes(tagged(hold.bytes(), WITHDRAWAL_HOLD_TAG))
}

fn tagged(mut id: [u8; 16], tag: [u8; 16]) -> [u8; 16] {
    for (byte, tag) in id.iter_mut().zip(tag).take(14) {
        *byte ^= tag;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_names_its_withdrawal_and_stays_in_its_partition() {
        let withdrawal = WithdrawalId::example(7, 3);
        let hold = withdrawal_hold(withdrawal);
        assert_ne!(hold.bytes(), withdrawal.bytes());
        assert_eq!(hold.partition(), 3);
        assert_eq!(withdrawal_of_hold(hold), withdrawal);
    }

    #[test]
    fn a_transfer_names_its_adjustment_and_stays_in_its_partition() {
        let adjustment = AdjustmentId::example(7, 3);
        let transfer = adjustment_transfer(adjustment);
        assert_ne!(
            transfer,
            withdrawal_hold(WithdrawalId::from_bytes(adjustment.bytes()))
        );
        assert_eq!(transfer.partition(), 3);
        assert_eq!(adjustment_of_transfer(transfer), adjustment);
    }
}
