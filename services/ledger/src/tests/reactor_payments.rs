//! Deposits and withdrawals as transfers.

use super::*;
use kernel::{AdjustmentId, DepositId, WithdrawalId};
use schemas::payments::{
    Adjustment, AdjustmentAnswered, AdjustmentApproved, CreditCustomer, DebitCustomer, Movement,
    SuspenseToCustomer, SuspenseToHouse, SuspenseToProvider, adjustment_transfer, withdrawal_hold,
};

fn deposited(minor: i64) -> payments::Event {
    payments::Event::DepositConfirmed(payments::DepositConfirmed {
        deposit: DepositId::example(1, PARTITION),
        customer: ann(),
        amount: eur(minor),
        provider: "card".to_owned(),
        provider_event: "e1".to_owned(),
        requested_at: Timestamp::from_millis(1),
    })
}

fn withdrawal() -> WithdrawalId {
    WithdrawalId::example(1, PARTITION)
}

fn requested(minor: i64) -> payments::Event {
    payments::Event::WithdrawalRequested(payments::WithdrawalRequested {
        withdrawal: withdrawal(),
        customer: ann(),
        amount: eur(minor),
        provider: "bank".to_owned(),
        requested_at: Timestamp::from_millis(1),
    })
}

fn paid(minor: i64) -> payments::Event {
    payments::Event::WithdrawalPaid(payments::WithdrawalPaid {
        withdrawal: withdrawal(),
        customer: ann(),
        amount: eur(minor),
        provider: "bank".to_owned(),
        provider_event: "e2".to_owned(),
        requested_at: Timestamp::from_millis(1),
    })
}

#[test]
fn a_confirmed_deposit_is_credited() {
    let world = World::new().hears(&by_payments([deposited(80)]));
    assert_eq!(world.cash(), (80, 0));
    assert_eq!(world.posted(house(AccountKind::Provider)), -80);
}

#[test]
fn a_deposit_repays_debts_first() {
    let world = World::new().owing(30).hears(&by_payments([deposited(80)]));
    assert_eq!((world.cash(), world.debt()), ((50, 0), 0));
}

#[test]
fn a_deposit_that_the_account_cannot_take_goes_to_suspense() {
    let full = Rules {
        balance_max: Some(79),
        ..Rules::default()
    };
    let world = World::new()
        .ruled(full)
        .hears(&by_payments([deposited(80)]));
    assert_eq!(world.cash(), (0, 0));
    assert_eq!(world.posted(of_ann(AccountKind::Suspense)), 80);
}

#[test]
fn a_withdrawal_is_held_then_paid() {
    let world = World::funded(100).hears(&by_payments([requested(70)]));
    assert_eq!(world.cash(), (100, 70));
    assert!(world.ledger.hold(withdrawal_hold(withdrawal())).is_some());
    let world = world.hears(&by_payments([paid(70)]));
    assert_eq!(world.cash(), (30, 0));
    assert_eq!(world.posted(house(AccountKind::Provider)), -30);
}

#[test]
fn a_withdrawal_that_failed_is_free_again_and_repays_debts_first() {
    let failed = |held| {
        payments::Event::WithdrawalFailed(payments::WithdrawalFailed {
            withdrawal: withdrawal(),
            customer: ann(),
            amount: eur(70),
            held,
            reason: "account closed".to_owned(),
            provider: "bank".to_owned(),
            requested_at: Timestamp::from_millis(1),
        })
    };
    let world = World::funded(100)
        .hears(&by_payments([requested(70)]))
        .owing(45)
        .hears(&by_payments([failed(true)]));
    assert_eq!((world.cash(), world.debt()), ((55, 0), 0));

    let mut short = World::funded(10).hears(&by_payments([requested(70)]));
    assert_eq!(short.hear(&by_payments([failed(false)])), []);
}

#[test]
fn the_same_decision_again_moves_nothing() {
    let mut world = World::new();
    for decision in [
        by_payments([deposited(80)]),
        by_payments([requested(70)]),
        by_payments([paid(70)]),
    ] {
        assert!(!world.hear(&decision).is_empty());
        assert_eq!(world.hear(&decision), []);
    }
}

#[test]
fn what_moves_no_money_is_silent() {
    let excluded = payments::Event::ExclusionNoticed(payments::ExclusionNoticed {
        customer: ann(),
        until: Timestamp::from_millis(9),
    });
    assert_eq!(World::funded(1).hear(&by_payments([excluded])), []);
}

#[test]
fn money_that_belongs_to_no_open_deposit_is_kept_in_suspense() {
    let unknown = payments::Event::UnknownPaymentReported(payments::UnknownPaymentReported {
        provider: "card".to_owned(),
        provider_event: "e9".to_owned(),
        reference: "invoice-7".to_owned(),
        amount: eur(70),
    });
    let world = World::new()
        .hears(&by_payments([unknown.clone()]))
        .hears(&by_payments([unknown]));
    assert_eq!(world.posted(house(AccountKind::Suspense)), 70, "once");
    assert_eq!(world.posted(house(AccountKind::Provider)), -70);
}

fn approved(movement: Movement, minor: i64) -> payments::Event {
    payments::Event::AdjustmentApproved(AdjustmentApproved {
        answered: AdjustmentAnswered {
            adjustment: Adjustment {
                adjustment: AdjustmentId::example(9, PARTITION),
                movement,
                amount: eur(minor),
                reason: "settled at the wrong price".to_owned(),
            },
            proposed_by: "olga".to_owned(),
            proposed_at: Timestamp::from_millis(1),
            lapses_at: Timestamp::from_millis(9),
            reason: "seen the same".to_owned(),
            by: "otto".to_owned(),
            answered_at: Timestamp::from_millis(2),
        },
    })
}

fn credit() -> Movement {
    Movement::CreditCustomer(CreditCustomer { customer: ann() })
}

fn debit() -> Movement {
    Movement::DebitCustomer(DebitCustomer { customer: ann() })
}

fn reference() -> String {
    "invoice-7".to_owned()
}

#[test]
fn an_approved_credit_comes_from_the_account_of_adjustments_once() {
    let mut world = World::new().hears(&by_payments([approved(credit(), 70)]));
    assert_eq!(world.cash(), (70, 0));
    assert_eq!(world.posted(house(AccountKind::Adjustments)), -70);
    assert_eq!(world.hear(&by_payments([approved(credit(), 70)])), []);
}

#[test]
fn an_approved_credit_repays_debts_first() {
    let world = World::new()
        .owing(30)
        .hears(&by_payments([approved(credit(), 70)]));
    assert_eq!((world.cash(), world.debt()), ((40, 0), 0));
}

#[test]
fn an_approved_debit_is_never_more_than_there_is() {
    let world = World::funded(100).hears(&by_payments([approved(debit(), 100)]));
    assert_eq!(world.cash(), (0, 0));
    assert_eq!(world.posted(house(AccountKind::Adjustments)), 100);
    let mut short = World::funded(100).hears(&by_payments([requested(1)]));
    let told = short.hear(&by_payments([approved(debit(), 100)]));
    let [Event::TransferRefused(refused)] = told.as_slice() else {
        panic!("{told:?}")
    };
    let adjustment = AdjustmentId::example(9, PARTITION);
    assert_eq!(refused.id, adjustment_transfer(adjustment));
    assert_eq!(
        refused.reason,
        ledger_domain::RefusalReason::DebitExceedsAvailable
    );
    assert_eq!(short.cash(), (100, 1));
}

#[test]
fn an_approved_credit_keeps_the_account_s_rules() {
    let blocked = Rules {
        credits_blocked: true,
        ..Rules::default()
    };
    let world = World::new()
        .ruled(blocked)
        .hears(&by_payments([approved(credit(), 70)]));
    assert_eq!(world.cash(), (0, 0));
    assert_eq!(world.posted(of_ann(AccountKind::Suspense)), 0);
}

#[test]
fn money_leaves_suspense_to_a_customer_the_provider_or_the_house() {
    let unknown = payments::Event::UnknownPaymentReported(payments::UnknownPaymentReported {
        provider: "card".to_owned(),
        provider_event: "e9".to_owned(),
        reference: reference(),
        amount: eur(70),
    });
    let after = |movement| {
        World::new()
            .hears(&by_payments([unknown.clone()]))
            .hears(&by_payments([approved(movement, 70)]))
    };
    let (customer, reference) = (ann(), reference());
    let theirs = after(Movement::SuspenseToCustomer(SuspenseToCustomer {
        customer,
        reference: reference.clone(),
    }));
    assert_eq!(theirs.cash(), (70, 0));
    let back = after(Movement::SuspenseToProvider(SuspenseToProvider {
        reference: reference.clone(),
    }));
    assert_eq!(back.posted(house(AccountKind::Provider)), 0);
    let kept = after(Movement::SuspenseToHouse(SuspenseToHouse { reference }));
    assert_eq!(kept.posted(house(AccountKind::Adjustments)), 70);
    for world in [theirs, back, kept] {
        assert_eq!(world.posted(house(AccountKind::Suspense)), 0);
    }
}
