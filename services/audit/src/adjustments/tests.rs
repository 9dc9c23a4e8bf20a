//! What the auditor finds about adjustments.

use super::*;
use kernel::{Currency, Money, Timestamp, Topic, TopicPartition};
use schemas::ledger::{Balance, ContentHash, TransferRefused};
use schemas::payments::{AdjustmentApproved, CreditCustomer};

const ANNA: CustomerId = CustomerId::example(1, 3);
const ID: AdjustmentId = AdjustmentId::example(5, 3);

fn adjustment() -> Adjustment {
    Adjustment {
        adjustment: ID,
        movement: Movement::CreditCustomer(CreditCustomer { customer: ANNA }),
        amount: Money::from_minor(700, Currency::Eur),
        reason: "settled at the wrong price".to_owned(),
    }
}

fn approved(by: &str) -> AdjustmentAnswered {
    AdjustmentAnswered {
        adjustment: adjustment(),
        proposed_by: "olga".to_owned(),
        proposed_at: Timestamp::from_millis(1),
        lapses_at: Timestamp::from_millis(9),
        reason: "seen the same".to_owned(),
        by: by.to_owned(),
        answered_at: Timestamp::from_millis(2),
    }
}

fn posted(minor: i64) -> TransferPosted {
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let balance = Balance {
        posted_minor: minor,
        held_minor: 0,
        entry: 1,
    };
    TransferPosted {
        id: adjustment_transfer(ID),
        debit: account(None, AccountKind::Adjustments),
        credit: account(Some(ANNA), AccountKind::Cash),
        minor,
        code: TransferCode::Adjustment,
        debit_after: balance.clone(),
        credit_after: balance,
        content: ContentHash::default(),
    }
}

fn refused() -> LedgerEvent {
    LedgerEvent::TransferRefused(TransferRefused {
        id: adjustment_transfer(ID),
        reason: schemas::ledger::RefusalReason::CreditsBlocked,
        available_minor: None,
        debit: posted(700).debit,
        code: TransferCode::Adjustment,
        content: ContentHash::default(),
    })
}

/// How much is found in a history of payments and one of the ledger.
fn found(approvals: &[AdjustmentAnswered], ledger: &[LedgerEvent]) -> usize {
    let (mut adjustments, mut findings) = (Adjustments::default(), Findings::default());
    let at = |topic| TopicPartition::new(topic, 3).at(1);
    let proposed = Event::AdjustmentProposed(AdjustmentProposed {
        adjustment: adjustment(),
        by: "olga".to_owned(),
        proposed_at: Timestamp::from_millis(1),
        lapses_at: Timestamp::from_millis(9),
    });
    adjustments.take_payments(at(Topic::PaymentsEvents), &proposed, &mut findings);
    for answered in approvals {
        let answered = answered.clone();
        let event = Event::AdjustmentApproved(AdjustmentApproved { answered });
        adjustments.take_payments(at(Topic::PaymentsEvents), &event, &mut findings);
    }
    for event in ledger {
        adjustments.take_ledger(at(Topic::LedgerEvents), event);
    }
    adjustments.finish(true, &mut findings);
    findings.violations.len()
}

fn moved(minor: i64) -> LedgerEvent {
    LedgerEvent::TransferPosted(posted(minor))
}

#[test]
fn two_persons_and_one_movement_are_in_order() {
    assert_eq!(found(&[], &[]), 0);
    assert_eq!(found(&[approved("otto")], &[moved(700)]), 0);
    assert_eq!(found(&[approved("otto")], &[refused()]), 0);
}

#[test]
fn money_without_two_persons_is_found() {
    assert_eq!(found(&[], &[moved(700)]), 1);
    assert_eq!(found(&[approved("olga")], &[moved(700)]), 1);
    let anna = ANNA.to_string();
    assert_eq!(found(&[approved(&anna)], &[moved(700)]), 1);
}

#[test]
fn an_approval_of_something_else_or_too_late_is_found() {
    let mut other = approved("otto");
    other.adjustment.reason = "another".to_owned();
    assert_eq!(found(&[other], &[moved(700)]), 1);
    let mut late = approved("otto");
    late.answered_at = late.lapses_at;
    assert_eq!(found(&[late], &[moved(700)]), 1);
}

#[test]
fn another_amount_another_account_and_a_second_movement_are_found() {
    assert_eq!(found(&[approved("otto")], &[moved(701)]), 1);
    let mut elsewhere = posted(700);
    elsewhere.credit.customer = Some(CustomerId::example(2, 3));
    let elsewhere = LedgerEvent::TransferPosted(elsewhere);
    assert_eq!(found(&[approved("otto")], &[elsewhere]), 1);
    assert_eq!(found(&[approved("otto")], &[moved(700), moved(700)]), 1);
}

#[test]
fn money_that_leaves_suspense_under_another_name_is_found() {
    let mut hidden = posted(700);
    hidden.id = TransferId::example(77, 3);
    hidden.code = TransferCode::Deposit;
    hidden.debit.kind = AccountKind::Suspense;
    assert_eq!(found(&[], &[LedgerEvent::TransferPosted(hidden)]), 1);
}

#[test]
fn an_approval_of_which_nothing_came_is_found() {
    assert_eq!(found(&[approved("otto")], &[]), 1);
}
