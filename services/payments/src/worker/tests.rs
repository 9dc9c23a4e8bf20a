//! What the worker does about open payments.

use super::*;
use crate::provider::SIMULATOR;
use kernel::{Currency, CustomerId, Decider, DepositId, WithdrawalId};
use payments_domain::{Deposit, Event, Payments, Withdrawal};
use schemas::payments as wire;

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

fn about(payment: PaymentRef, silences: u32) -> Call {
    Call {
        silences,
        ..super::call(payment, SIMULATOR, AMOUNT, at(0))
    }
}

fn call() -> Action {
    Action::Call(about(PAYMENT, 0))
}

fn ask(payment: PaymentRef) -> Action {
    ask_after(payment, 0)
}

fn ask_after(payment: PaymentRef, silences: u32) -> Action {
    Action::Ask(about(payment, silences))
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

/// Persons may take longer than a provider remembers a key; nobody has called under it before.
#[test]
fn a_withdrawal_that_waited_for_persons_is_as_young_as_its_last_approval() {
    let approved = |seconds: i64, last| Event::WithdrawalApproved {
        reviewed: payments_domain::Reviewed {
            withdrawal: withdrawal(),
            from: AMOUNT,
            approvals: vec![],
        },
        answer: payments_domain::Answer {
            reason: "seen".to_owned(),
            by: "olga".to_owned(),
            at: at(seconds),
        },
        last,
    };
    let mut worker = observed(&[
        Event::WithdrawalRequested(withdrawal()),
        approved(80_000, false),
        approved(90_000, true),
        Event::WithdrawalSubmitted(withdrawal()),
    ]);
    let due = worker.due(at(90_000));
    let [Action::Call(call)] = due.as_slice() else {
        panic!("{due:?}");
    };
    assert_eq!(call.requested_at, at(90_000));
    let declined = Event::WithdrawalFailed {
        withdrawal: withdrawal(),
        held: true,
        reason: "declined".to_owned(),
    };
    let ended = observed(&[approved(80_000, false), declined]);
    assert_eq!(ended, Worker::default());
}

#[test]
fn an_outcome_is_reported_and_the_event_ends_the_job() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)).len(), 1);
    let told = worker
        .called(&PAYMENT, success(), at(1))
        .expect("an outcome");
    let wire::Command::ReportOutcome(told) = told else {
        panic!("{told:?}");
    };
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
    assert!(worker.next_due() <= Some(at(1)));
    assert_eq!(worker.due(at(1)), [ask_after(PAYMENT, 1)]);
    assert_eq!(worker.asked(&PAYMENT, StatusAnswer::NeverSeen, at(1)), None);
    assert_eq!(worker.due(at(1)), [Action::Call(about(PAYMENT, 1))]);
}

#[test]
fn silence_makes_the_waits_longer_up_to_a_minute() {
    let longest: Vec<_> = (0..9).map(longest_wait).collect();
    let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Duration::from_secs);
    assert_eq!(longest, expected);
}

/// The waits of a worker that never hears anything.
fn waits(seed: u64) -> Vec<Duration> {
    let mut worker = Worker::with(Chance::seeded(seed));
    let asked = crate::codec::event_to_wire(&Event::DepositRequested(deposit()));
    worker.observe(&asked, at(0));
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(worker.called(&PAYMENT, Answer::NoAnswer, at(0)), None);
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let due = worker.next_due().expect("it waits");
        waits.push(due.since(now));
        now = due;
        assert_eq!(worker.due(now).len(), 1);
        assert_eq!(worker.asked(&PAYMENT, StatusAnswer::NoAnswer, now), None);
    }
    waits
}

#[test]
fn waits_are_spread_over_all_that_they_may_be() {
    let mut sums = [0_i64; 9];
    for seed in 0..200 {
        for (number, wait) in (0..).zip(waits(seed)) {
            assert!(wait <= longest_wait(number), "{wait:?} after {number}");
            sums[usize::try_from(number).unwrap()] += wait.micros();
        }
    }
    for (number, sum) in (0..).zip(sums) {
        let share = sum / 2 / longest_wait(number).micros();
        assert!((40..60).contains(&share), "{share} of 100 after {number}");
    }
    assert_eq!(waits(7), waits(7));
    assert_ne!(waits(7), waits(8));
}

#[test]
fn what_was_not_done_is_due_again_later() {
    let mut worker = requested();
    let [action] = <[Action; 1]>::try_from(worker.due(at(0))).unwrap();
    worker.put_off(&action, at(5));
    assert_eq!(worker.due(at(4)), []);
    assert_eq!(worker.due(at(5)), [action]);
}

#[test]
fn what_the_provider_calls_it_goes_with_later_questions() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    let taken_on = TakenOn {
        known_as: Some("pi_1".to_owned()),
        approve_at: None,
    };
    let report = worker.called(&PAYMENT, Answer::Accepted(taken_on.clone()), at(0));
    assert!(
        matches!(report, Some(wire::Command::ReportTakenOn(_))),
        "{report:?}"
    );
    let [Action::Ask(asked)] = <[Action; 1]>::try_from(worker.due(at(30))).unwrap() else {
        panic!("it is asked after");
    };
    assert_eq!(asked.known_as.as_deref(), Some("pi_1"));
    let again = worker.asked(&PAYMENT, StatusAnswer::Pending(taken_on), at(30));
    assert_eq!(again, None, "that is known");
}

#[test]
fn a_payment_is_called_for_with_the_instrument_that_was_named() {
    let named = |payment: PaymentRef| Event::InstrumentNamed {
        payment,
        customer: CustomerId::example(9, 3),
        instrument: "tok_1".to_owned(),
    };
    let instruments = |events: &[Event]| {
        let due = observed(events).due(at(0));
        let named = due.iter().map(|action| action.call().instrument.clone());
        named.collect::<Vec<_>>()
    };
    let asked = [Event::DepositRequested(deposit()), named(PAYMENT)];
    assert_eq!(instruments(&asked), [Some("tok_1".to_owned())]);
    let held = [
        Event::WithdrawalRequested(withdrawal()),
        named(PaymentRef::Withdrawal(WITHDRAWAL)),
        Event::WithdrawalSubmitted(withdrawal()),
    ];
    assert_eq!(instruments(&held), [Some("tok_1".to_owned())]);
    let mut state = Payments::initial();
    for event in held {
        Payments::evolve(&mut state, &event);
    }
    let after_claim = Worker::after_claim(&state, at(0)).due(at(0));
    assert_eq!(after_claim[0].call().instrument.as_deref(), Some("tok_1"));
}

#[test]
fn a_provider_that_has_taken_it_on_is_given_time_to_call_back() {
    let mut worker = requested();
    assert_eq!(worker.due(at(0)), [call()]);
    assert_eq!(
        worker.called(&PAYMENT, Answer::Accepted(TakenOn::default()), at(0)),
        None
    );
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
    let scope = |seconds| report_scope(&wire::Command::ReportOutcome(told(seconds)));
    assert_eq!(scope(1), scope(2));
}
