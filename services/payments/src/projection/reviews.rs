//! Rows of large withdrawals that two persons look at: each in full from one event.

use super::Written;
use schemas::payments::{Event, ReviewedWithdrawal, WithdrawalApproved, WithdrawalDeclined};
use schemas::rows::{AdjustmentAnswer, ReviewStatus, WithdrawalReviewRow, table};
use schemas::{Decision, Wire};

pub(super) fn row(event: &Event, decision: &Decision) -> Option<Written> {
    let (reviewed, status, decline) = match event {
        Event::WithdrawalReviewStarted(of) => (of.reviewed.clone(), ReviewStatus::Waiting, None),
        Event::WithdrawalApproved(of) => approved(of),
        Event::WithdrawalDeclined(of) => declined(of),
        Event::DepositRequested(_)
        | Event::DepositConfirmed(_)
        | Event::DepositFailed(_)
        | Event::WithdrawalRequested(_)
        | Event::WithdrawalSubmitted(_)
        | Event::WithdrawalPaid(_)
        | Event::WithdrawalFailed(_)
        | Event::UnknownPaymentReported(_)
        | Event::OutcomeContradicted(_)
        | Event::DepositLimitNoticed(_)
        | Event::ExclusionNoticed(_)
        | Event::InstrumentNamed(_)
        | Event::PaymentTakenOn(_)
        | Event::ProviderReconciled(_)
        | Event::AdjustmentProposed(_)
        | Event::AdjustmentApproved(_)
        | Event::AdjustmentDeclined(_)
        | Event::AdjustmentBooked(_)
        | Event::AdjustmentRefused(_)
        | Event::ReviewThresholdNamed(_) => return None,
    };
    let row = WithdrawalReviewRow {
        reviewed,
        status,
        decline,
        position: decision.position,
        at: decision.header.decided_at,
    };
    let key = row.reviewed.withdrawal.bytes().to_vec();
    Some((table::WITHDRAWAL_REVIEW, key, row.to_bytes()))
}

type Standing = (ReviewedWithdrawal, ReviewStatus, Option<AdjustmentAnswer>);

fn approved(of: &WithdrawalApproved) -> Standing {
    let mut reviewed = of.reviewed.clone();
    reviewed.approvals.push(of.approval.clone());
    let status = if of.last {
        ReviewStatus::Approved
    } else {
        ReviewStatus::Waiting
    };
    (reviewed, status, None)
}

fn declined(of: &WithdrawalDeclined) -> Standing {
    let decline = AdjustmentAnswer {
        by: of.by.clone(),
        reason: of.reason.clone(),
        at: of.declined_at,
    };
    (of.reviewed.clone(), ReviewStatus::Declined, Some(decline))
}
