//! Rows of adjustments: each in full from one event.

use super::Written;
use schemas::payments::{AdjustmentAnswered, AdjustmentProposed, Event};
use schemas::rows::{AdjustmentAnswer, AdjustmentRow, AdjustmentStatus, table};
use schemas::{Decision, Wire};

/// The adjustment's row, and the same again under its reference where it takes money out of
/// suspense.
pub(super) fn rows(event: &Event, decision: &Decision) -> Vec<Written> {
    let row = match event {
        Event::AdjustmentProposed(of) => proposed(of, decision),
        Event::AdjustmentApproved(of) => {
            answered(&of.answered, AdjustmentStatus::Approved, None, decision)
        }
        Event::AdjustmentDeclined(of) => {
            answered(&of.answered, AdjustmentStatus::Declined, None, decision)
        }
        Event::AdjustmentBooked(of) => {
            answered(&of.answered, AdjustmentStatus::Booked, None, decision)
        }
        Event::AdjustmentRefused(of) => {
            let refusal = Some(of.refusal.clone());
            answered(&of.answered, AdjustmentStatus::Refused, refusal, decision)
        }
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
        | Event::ReviewThresholdNamed(_)
        | Event::WithdrawalReviewStarted(_)
        | Event::WithdrawalApproved(_)
        | Event::WithdrawalDeclined(_) => return Vec::new(),
    };
    let id = row.adjustment.adjustment.bytes();
    let mut rows = vec![(table::ADJUSTMENT, id.to_vec(), row.to_bytes())];
    if let Some(reference) = row.adjustment.movement.reference() {
        let key = [reference.as_bytes(), &[0], &id].concat();
        rows.push((table::SUSPENSE_ADJUSTMENT, key, row.to_bytes()));
    }
    rows
}

fn proposed(of: &AdjustmentProposed, decision: &Decision) -> AdjustmentRow {
    AdjustmentRow {
        adjustment: of.adjustment.clone(),
        status: AdjustmentStatus::Proposed,
        proposed_by: of.by.clone(),
        proposed_at: of.proposed_at,
        lapses_at: of.lapses_at,
        answer: None,
        refusal: None,
        position: decision.position,
        at: decision.header.decided_at,
    }
}

fn answered(
    of: &AdjustmentAnswered,
    status: AdjustmentStatus,
    refusal: Option<String>,
    decision: &Decision,
) -> AdjustmentRow {
    AdjustmentRow {
        adjustment: of.adjustment.clone(),
        status,
        proposed_by: of.proposed_by.clone(),
        proposed_at: of.proposed_at,
        lapses_at: of.lapses_at,
        answer: Some(AdjustmentAnswer {
            by: of.by.clone(),
            reason: of.reason.clone(),
            at: of.answered_at,
        }),
        refusal,
        position: decision.position,
        at: decision.header.decided_at,
    }
}
