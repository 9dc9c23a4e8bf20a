//! What the worker does about open payments.

use super::*;
use crate::provider::SIMULATOR;
use kernel::{Currency, CustomerId, Decider, DepositId, WithdrawalId};
use payments_domain::{Deposit, Event, Payments, Withdrawal};

const DEPOSIT: DepositId = DepositId::example(1, 3);
const WITHDRAWAL: WithdrawalId = WithdrawalId::example(2, 3);
const PAYMENT: PaymentRef = PaymentRef::Deposit(DEPOSIT);
const AMOUNT: Money = Money::from_minor(500, Currency::Eur);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

fn deposit() -> Deposit {
    Deposit {
        id: DEPOSIT,
        customer: CustomerId::example(9, 3),
        amount: AMOUNT,
        provider: SIMULATOR.to_owned(),
        requested_at: at(0),
    }
}

fn withdrawal() -> Withdrawal {
    Withdrawal {
        id: WITHDRAWAL,
        customer: CustomerId::example(9, 3),
        amount: AMOUNT,
        provider: SIMULATOR.to_owned(),
        requested_at: at(0),
    }
}

fn observed(events: &[Event]) -> Worker {
    let mut worker = Worker::default();
    for event in events {
        worker.observe(&crate::codec::event_to_wire(event), at(0));
    }
    worker
}

fn call() -> Action {
    Action::Call(Call {
        provider: SIMULATOR.to_owned(),
        payment: PAYMENT,
        amount: AMOUNT,
    })
}

fn ask(payment: PaymentRef) -> Action {
    Action::Ask {
        provider: SIMULATOR.to_owned(),
        payment,
    }
}

fn success() -> Answer {
    Answer::Outcome {
        event: "e1".to_owned(),
        outcome: Outcome::Succeeded { amount: AMOUNT },
    }
}

fn requested() -> Worker {
    observed(&[Event::DepositRequested(deposit())])
}

#[test]
fn a_requested_deposit_is_called_for_once() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(worker.due(at(99)), []);
    assert_eq!(worker.next_due(), None);
}

#[test]
fn a_withdrawal_is_called_for_only_when_its_money_is_held() {
    let asked_for = Event::WithdrawalRequested(withdrawal());
    assert_eq!(observed(std::slice::from_ref(&asked_for)).due(at(0)), []);
    let submitted = Event::WithdrawalSubmitted(withdrawal());
    assert_eq!(observed(&[asked_for, submitted]).due(at(0)).len(), 1);
}

#[test]
fn an_outcome_is_reported_and_the_event_ends_the_job() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)).len(), 1);
    let told = worker
        .called(&PAYMENT, success(), at(1))
        .expect("an outcome");
    assert_eq!(
        (told.provider.as_str(), told.event.as_str()),
        (SIMULATOR, "e1")
    );
    let confirmed = Event::DepositConfirmed {
        deposit: deposit(),
        provider_event: "e1".to_owned(),
    };
    worker.observe(&crate::codec::event_to_wire(&confirmed), at(2));
    assert_eq!(worker, Worker::default());
}

#[test]
fn a_report_that_is_lost_is_asked_for_again() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)).len(), 1);
    assert!(worker.called(&PAYMENT, success(), at(0)).is_some());
    assert_eq!(worker.due(at(9)), []);
    assert_eq!(worker.due(at(10)), [ask(PAYMENT)]);
}

#[test]
fn after_silence_the_provider_is_asked_before_it_is_called_again() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(worker.called(&PAYMENT, Answer::NoAnswer, at(0)), None);
    assert_eq!(worker.next_due(), Some(at(1)));
    assert_eq!(worker.due(at(1)), [ask(PAYMENT)]);
    assert_eq!(worker.asked(&PAYMENT, StatusAnswer::NeverSeen, at(1)), None);
    assert_eq!(worker.due(at(1)), [call()]);
}

#[test]
fn silence_makes_the_waits_longer_up_to_a_minute() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(worker.called(&PAYMENT, Answer::NoAnswer, at(0)), None);
    let mut waits = Vec::new();
    let mut now = at(0);
    for _ in 0..9 {
        let due = worker.next_due().expect("it waits");
        waits.push(due.since(now).millis().checked_div(1_000));
        now = due;
        assert_eq!(worker.due(now), [ask(PAYMENT)]);
        assert_eq!(worker.asked(&PAYMENT, StatusAnswer::Pending, now), None);
    }
    let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some);
    assert_eq!(waits, expected);
}

#[test]
fn a_provider_that_has_taken_it_on_is_given_time_to_call_back() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(worker.called(&PAYMENT, Answer::Accepted, at(0)), None);
    assert_eq!(worker.next_due(), Some(at(30)));
}

#[test]
fn after_a_claim_everything_open_is_asked_after_first() {
    let events = [
        Event::DepositRequested(deposit()),
        Event::WithdrawalRequested(withdrawal()),
        Event::WithdrawalSubmitted(withdrawal()),
    ];
    let mut state = Payments::initial();
    for event in &events {
        Payments::evolve(&mut state, event);
    }
    let expected = [ask(PAYMENT), ask(PaymentRef::Withdrawal(WITHDRAWAL))];
    assert_eq!(Worker::after_claim(&state, at(0)).due(at(0)), expected);
    let mut heard_all = observed(&events);
    heard_all.claimed(at(0));
    assert_eq!(heard_all.due(at(0)), expected);
}

#[test]
fn a_contradicted_withdrawal_is_left_to_a_person() {
    let contradicted = Event::OutcomeContradicted {
        provider: SIMULATOR.to_owned(),
        provider_event: "e2".to_owned(),
        reference: WITHDRAWAL.to_string(),
    };
    let mut worker = observed(&[Event::WithdrawalSubmitted(withdrawal()), contradicted]);
    assert_eq!(worker.due(at(99)), []);
}

#[test]
fn an_answer_about_a_closed_payment_is_passed_over() {
    let mut worker = Worker::default();
    assert_eq!(worker.called(&PAYMENT, success(), at(0)), None);
}

#[test]
fn only_so_many_are_on_their_way_at_once() {
    let events: Vec<_> = (0..100)
        .map(|number| {
            Event::DepositRequested(Deposit {
                id: DepositId::example(number, 3),
                ..deposit()
            })
        })
        .collect();
    let mut worker = observed(&events);
    assert_eq!(worker.due(at(0)).len(), IN_FLIGHT_MAX);
    assert_eq!(worker.due(at(0)), []);
}

#[test]
fn reports_of_one_event_are_one_request() {
    let told = |seconds| {
        let outcome = Outcome::Succeeded { amount: AMOUNT };
        report(SIMULATOR, &PAYMENT, "e1".to_owned(), outcome, at(seconds))
    };
    assert_eq!(
        outcome_request_scope(&told(1)),
        outcome_request_scope(&told(2))
    );
}
