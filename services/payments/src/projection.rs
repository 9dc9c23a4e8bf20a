//! Rows of the views from payments' decisions.
//!
//! Duty: deposits, withdrawals, reviews, adjustments and what is in suspense, each row written in
//! full from one event. Prohibition: nothing is read.

use schemas::rows::{
    DepositRow, PaymentStatus, PaymentTakenOnRow, SuspendedRow, WithdrawalRow, table,
};
use schemas::{Decision, Events, Wire, payments as wire};
use viewstore::Row;

mod adjustments;
mod reviews;

/// The rows that an effective decision of payments' journal writes.
#[must_use]
pub fn rows(decision: &Decision) -> Vec<Row> {
    match &decision.events {
        Events::PaymentsEvents(body) => body
            .events
            .iter()
            .flat_map(|event| written(event, decision))
            .map(|(table, key, value)| Row {
                table,
                key,
                value,
                seq: decision.header.seq,
            })
            .collect(),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::LedgerEvents(_)
        | Events::FraudEvents(_) => Vec::new(),
    }
}

fn written(event: &wire::Event, decision: &Decision) -> Vec<Written> {
    let of_payment = row(event, decision).into_iter();
    of_payment
        .chain(adjustments::rows(event, decision))
        .chain(reviews::row(event, decision))
        .collect()
}

pub(crate) type Written = (&'static str, Vec<u8>, Vec<u8>);

macro_rules! deposit {
    ($event:expr, $decision:expr, $status:ident, $reason:expr) => {{
        let row = DepositRow {
            deposit: $event.deposit,
            customer: $event.customer,
            amount: $event.amount,
            status: PaymentStatus::$status,
            reason: $reason,
            position: $decision.position,
            at: $decision.header.decided_at,
        };
        Some((table::DEPOSIT, row.deposit.to_bytes(), row.to_bytes()))
    }};
}

macro_rules! withdrawal {
    ($event:expr, $decision:expr, $status:ident, $reason:expr) => {{
        let row = WithdrawalRow {
            withdrawal: $event.withdrawal,
            customer: $event.customer,
            amount: $event.amount,
            status: PaymentStatus::$status,
            reason: $reason,
            position: $decision.position,
            at: $decision.header.decided_at,
        };
        Some((table::WITHDRAWAL, row.withdrawal.to_bytes(), row.to_bytes()))
    }};
}

fn taken_on(of: &wire::PaymentTakenOn, decision: &Decision) -> Option<Written> {
    let key = match &of.payment {
        wire::Payment::Deposit(known) => known.deposit.bytes(),
        wire::Payment::Withdrawal(known) => known.withdrawal.bytes(),
        wire::Payment::Unknown(_) => return None,
    };
    let row = PaymentTakenOnRow {
        customer: of.customer,
        approve_at: of.approve_at.clone(),
        at: decision.header.decided_at,
    };
    Some((table::PAYMENT_TAKEN_ON, key.to_vec(), row.to_bytes()))
}

fn suspended(of: &wire::UnknownPaymentReported, decision: &Decision) -> Written {
    let row = SuspendedRow {
        provider: of.provider.clone(),
        provider_event: of.provider_event.clone(),
        reference: of.reference.clone(),
        amount: of.amount,
        position: decision.position,
        at: decision.header.decided_at,
    };
    let names = [&of.reference, &of.provider, &of.provider_event];
    let key = names.map(|name| name.as_bytes()).join(&0);
    (table::SUSPENDED, key, row.to_bytes())
}

fn row(event: &wire::Event, decision: &Decision) -> Option<Written> {
    match event {
        wire::Event::DepositRequested(of) => deposit!(of, decision, Pending, None),
        wire::Event::DepositConfirmed(of) => deposit!(of, decision, Confirmed, None),
        wire::Event::DepositFailed(of) => {
            deposit!(of, decision, Failed, Some(of.reason.clone()))
        }
        wire::Event::WithdrawalRequested(of) => withdrawal!(of, decision, Pending, None),
        wire::Event::WithdrawalSubmitted(of) => withdrawal!(of, decision, Pending, None),
        wire::Event::WithdrawalPaid(of) => withdrawal!(of, decision, Confirmed, None),
        wire::Event::WithdrawalFailed(of) => {
            withdrawal!(of, decision, Failed, Some(of.reason.clone()))
        }
        wire::Event::UnknownPaymentReported(of) => Some(suspended(of, decision)),
        wire::Event::OutcomeContradicted(_)
        | wire::Event::DepositLimitNoticed(_)
        | wire::Event::ExclusionNoticed(_)
        | wire::Event::InstrumentNamed(_)
        | wire::Event::ProviderReconciled(_)
        | wire::Event::AdjustmentProposed(_)
        | wire::Event::AdjustmentApproved(_)
        | wire::Event::AdjustmentDeclined(_)
        | wire::Event::AdjustmentBooked(_)
        | wire::Event::AdjustmentRefused(_)
        | wire::Event::ReviewThresholdNamed(_)
        | wire::Event::WithdrawalReviewStarted(_)
        | wire::Event::WithdrawalApproved(_)
        | wire::Event::WithdrawalDeclined(_) => None,
        wire::Event::PaymentTakenOn(of) => taken_on(of, decision),
    }
}
