//! Scenarios of provider outcomes.

use super::*;
use crate::command::Command;
use crate::decide::Payments;
use crate::examples::*;
use kernel::{Decider, DepositId};
use proptest::prelude::*;

const DEPOSITED: PaymentRef = PaymentRef::Deposit(DEPOSIT);
const WITHDRAWN: PaymentRef = PaymentRef::Withdrawal(WITHDRAWAL);

fn told(provider_event: &str, payment: PaymentRef, outcome: Outcome) -> Command {
    Command::ReportOutcome(ReportOutcome {
        provider: "simulator".to_owned(),
        provider_event: provider_event.to_owned(),
        payment,
        outcome,
    })
}

fn paid(minor: i64) -> Outcome {
    Outcome::Succeeded { amount: eur(minor) }
}

fn declined() -> Outcome {
    Outcome::Failed {
        reason: "declined".to_owned(),
    }
}

fn confirmed(provider_event: &str) -> Event {
    Event::DepositConfirmed {
        deposit: deposit(),
        provider_event: provider_event.to_owned(),
    }
}

fn deposit_failed(reason: &str) -> Event {
    Event::DepositFailed {
        deposit: deposit(),
        reason: reason.to_owned(),
    }
}

fn suspended(provider_event: &str, reference: &str, minor: i64) -> Event {
    Event::UnknownPaymentReported {
        provider: "simulator".to_owned(),
        provider_event: provider_event.to_owned(),
        reference: reference.to_owned(),
        amount: eur(minor),
    }
}

fn disputed(provider_event: &str, reference: &str) -> Event {
    Event::OutcomeContradicted {
        provider: "simulator".to_owned(),
        provider_event: provider_event.to_owned(),
        reference: reference.to_owned(),
    }
}

fn requested() -> Scenario {
    scenario([Event::DepositRequested(deposit())])
}

fn submitted() -> Scenario {
    scenario([
        Event::WithdrawalRequested(withdrawal()),
        Event::WithdrawalSubmitted(withdrawal()),
    ])
}

fn withdrawal_paid(provider_event: &str) -> Event {
    Event::WithdrawalPaid {
        withdrawal: withdrawal(),
        provider_event: provider_event.to_owned(),
    }
}

fn withdrawal_failed() -> Event {
    Event::WithdrawalFailed {
        withdrawal: withdrawal(),
        held: true,
        reason: "declined".to_owned(),
    }
}

#[test]
fn a_success_confirms_the_deposit() {
    requested()
        .when(told("e1", DEPOSITED, paid(500)))
        .then([confirmed("e1")]);
}

#[test]
fn a_failure_fails_the_deposit() {
    requested()
        .when(told("e1", DEPOSITED, declined()))
        .then([deposit_failed("declined")]);
}

#[test]
fn the_same_event_again_changes_nothing() {
    requested()
        .after(told("e1", DEPOSITED, paid(500)))
        .when(told("e1", DEPOSITED, paid(500)))
        .then_nothing();
}

#[test]
fn the_same_outcome_under_another_name_changes_nothing() {
    requested()
        .after(told("e1", DEPOSITED, paid(500)))
        .when(told("e2", DEPOSITED, paid(500)))
        .then_nothing();
    requested()
        .after(told("e1", DEPOSITED, declined()))
        .when(told("e2", DEPOSITED, declined()))
        .then_nothing();
}

#[test]
fn a_failure_after_the_success_is_a_contradiction() {
    requested()
        .after(told("e1", DEPOSITED, paid(500)))
        .when(told("e2", DEPOSITED, declined()))
        .then([disputed("e2", &DEPOSIT.to_string())]);
}

#[test]
fn money_that_comes_after_the_failure_is_kept_in_suspense_once() {
    let reference = DEPOSIT.to_string();
    let late = || {
        requested()
            .after(told("e1", DEPOSITED, declined()))
            .after(told("e2", DEPOSITED, paid(500)))
    };
    requested()
        .after(told("e1", DEPOSITED, declined()))
        .when(told("e2", DEPOSITED, paid(500)))
        .then([suspended("e2", &reference, 500), disputed("e2", &reference)]);
    late().when(told("e2", DEPOSITED, paid(500))).then_nothing();
    late().when(told("e3", DEPOSITED, paid(500))).then_nothing();
    late()
        .when(told("e4", DEPOSITED, declined()))
        .then([disputed("e4", &reference)]);
}

#[test]
fn another_amount_than_asked_for_is_not_credited() {
    let reference = DEPOSIT.to_string();
    requested().when(told("e1", DEPOSITED, paid(499))).then([
        deposit_failed("amount_differs"),
        suspended("e1", &reference, 499),
        disputed("e1", &reference),
    ]);
    requested()
        .after(told("e1", DEPOSITED, paid(500)))
        .when(told("e2", DEPOSITED, paid(499)))
        .then([disputed("e2", &reference)]);
}

#[test]
fn a_provider_speaks_only_of_its_own_payments() {
    let other = Command::ReportOutcome(ReportOutcome {
        provider: "other".to_owned(),
        provider_event: "e1".to_owned(),
        payment: DEPOSITED,
        outcome: paid(500),
    });
    requested().when(other).then([Event::OutcomeContradicted {
        provider: "other".to_owned(),
        provider_event: "e1".to_owned(),
        reference: DEPOSIT.to_string(),
    }]);
}

#[test]
fn an_unknown_reference_is_recorded_once() {
    let stranger = PaymentRef::Unknown("invoice-7".to_owned());
    scenario([])
        .when(told("e1", stranger.clone(), paid(70)))
        .then([suspended("e1", "invoice-7", 70)]);
    scenario([])
        .after(told("e1", stranger.clone(), paid(70)))
        .when(told("e1", stranger.clone(), paid(70)))
        .then_nothing();
    scenario([])
        .when(told("e1", stranger, declined()))
        .then([disputed("e1", "invoice-7")]);
}

#[test]
fn a_deposit_that_was_never_asked_for_is_unknown() {
    let never = DepositId::example(77, PARTITION);
    scenario([])
        .when(told("e1", PaymentRef::Deposit(never), paid(70)))
        .then([suspended("e1", &never.to_string(), 70)]);
}

#[test]
fn a_success_pays_the_withdrawal() {
    submitted()
        .when(told("e1", WITHDRAWN, paid(200)))
        .then([withdrawal_paid("e1")]);
}

#[test]
fn a_failure_releases_the_withdrawal() {
    submitted()
        .when(told("e1", WITHDRAWN, declined()))
        .then([withdrawal_failed()]);
}

#[test]
fn an_outcome_of_a_withdrawal_counts_once() {
    submitted()
        .after(told("e1", WITHDRAWN, paid(200)))
        .when(told("e2", WITHDRAWN, paid(200)))
        .then_nothing();
    submitted()
        .after(told("e1", WITHDRAWN, declined()))
        .when(told("e2", WITHDRAWN, declined()))
        .then_nothing();
}

#[test]
fn what_cannot_be_of_a_withdrawal_is_a_contradiction() {
    let contradiction = || [disputed("e2", &WITHDRAWAL.to_string())];
    scenario([Event::WithdrawalRequested(withdrawal())])
        .when(told("e2", WITHDRAWN, paid(200)))
        .then(contradiction());
    submitted()
        .after(told("e1", WITHDRAWN, paid(200)))
        .when(told("e2", WITHDRAWN, declined()))
        .then(contradiction());
    submitted()
        .after(told("e1", WITHDRAWN, declined()))
        .when(told("e2", WITHDRAWN, paid(200)))
        .then(contradiction());
    submitted()
        .when(told("e2", WITHDRAWN, paid(199)))
        .then(contradiction());
    scenario([])
        .when(told("e2", WITHDRAWN, paid(200)))
        .then(contradiction());
}

#[test]
fn a_disputed_withdrawal_waits_for_a_person() {
    let state = submitted().after(told("e1", WITHDRAWN, paid(199))).state();
    let found = state.withdrawals.get(&WITHDRAWAL).expect("requested");
    assert_eq!(found.status, WithdrawalStatus::Disputed);
    submitted()
        .after(told("e1", WITHDRAWN, paid(199)))
        .when(told("e2", WITHDRAWN, paid(200)))
        .then([disputed("e2", &WITHDRAWAL.to_string())]);
}

proptest! {
    /// However outcomes are named, doubled and shuffled: a deposit is credited or kept in
    /// suspense at most once in all.
    #[test]
    fn money_of_a_deposit_is_taken_at_most_once(
        messages in proptest::collection::vec((0_u8..4, 0_u8..3), 0..20)
    ) {
        let mut state = requested().state();
        let mut taken = 0_usize;
        for (name, kind) in messages {
            let outcome = match kind {
                0 => declined(),
                1 => paid(500),
                _ => paid(499),
            };
            let command = told(&format!("e{name}"), DEPOSITED, outcome);
            for event in Payments::decide(&state, &command).unwrap_or_default() {
                let credits = matches!(
                    event,
                    Event::DepositConfirmed { .. } | Event::UnknownPaymentReported { .. }
                );
                taken = taken.saturating_add(usize::from(credits));
                Payments::evolve(&mut state, &event);
            }
        }
        prop_assert!(taken <= 1);
    }
}
