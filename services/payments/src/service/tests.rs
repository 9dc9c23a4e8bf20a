//! Wire, snapshot, rows and other journals' decisions.

use super::*;
use kernel::{
    AdjustmentId, CorrelationId, Currency, CustomerId, Decider, DepositId, Digest, Money, Proposal,
    TransferId, WithdrawalId,
};
use payments_domain::{
    Adjustment, Answer, Answered, BookingNotice, CustomerNotice, DepositLimits, Finding,
    FindingKind, HoldNotice, Movement, PaymentRef, Reviewed, Window,
};
use payments_domain::{Deposit, Withdrawal};
use schemas::payments::{adjustment_transfer, withdrawal_hold};
use schemas::rows::{
    AdjustmentRow, AdjustmentStatus, DepositRow, PaymentStatus, ReviewStatus, WithdrawalReviewRow,
    WithdrawalRow, table,
};
use schemas::{Body, ClaimId, Events, Header, Kind, Wire, auth, ledger};

const ANNA: CustomerId = CustomerId::example(1, 3);
const DEPOSIT: DepositId = DepositId::example(2, 3);
const WITHDRAWAL: WithdrawalId = WithdrawalId::example(3, 3);
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const AMOUNT: Money = Money::from_minor(500, Currency::Eur);

fn deposit() -> Deposit {
    Deposit {
        id: DEPOSIT,
        customer: ANNA,
        amount: AMOUNT,
        provider: "simulator".to_owned(),
        requested_at: NOW,
    }
}

fn withdrawal() -> Withdrawal {
    Withdrawal {
        id: WITHDRAWAL,
        customer: ANNA,
        amount: AMOUNT,
        provider: "simulator".to_owned(),
        requested_at: NOW,
    }
}

/// What one person proposes and another one answers, of every way that money may go.
fn answered(number: u64) -> Answered {
    let (customer, reference) = (ANNA, "invoice".to_owned());
    let movement = match number {
        40 => Movement::CreditCustomer { customer },
        41 => Movement::DebitCustomer { customer },
        42 => Movement::SuspenseToCustomer {
            customer,
            reference,
        },
        43 => Movement::SuspenseToProvider { reference },
        _ => Movement::SuspenseToHouse { reference },
    };
    let what = Adjustment {
        id: AdjustmentId::example(number, 3),
        movement,
        amount: Money::from_minor(100, Currency::Eur),
        reason: "the provider has found the payer".to_owned(),
    };
    Answered {
        proposal: Proposal {
            what,
            by: "olga".to_owned(),
            proposed_at: NOW,
            lapses_at: NOW,
        },
        answer: Answer {
            reason: "seen the same".to_owned(),
            by: "otto".to_owned(),
            at: NOW,
        },
    }
}

/// Adjustments at every stage, behind the money in suspense.
fn of_adjustments() -> Vec<Event> {
    let proposed = (40..45).map(|number| Event::AdjustmentProposed(answered(number).proposal));
    let mut events: Vec<_> = proposed.collect();
    events.extend([
        Event::AdjustmentApproved(answered(41)),
        Event::AdjustmentApproved(answered(42)),
        Event::AdjustmentBooked(answered(42)),
        Event::AdjustmentDeclined(answered(43)),
        Event::AdjustmentApproved(answered(44)),
        Event::AdjustmentRefused {
            answered: answered(44),
            refusal: "refused_by_ledger".to_owned(),
        },
    ]);
    events
}

/// A withdrawal that persons look at, as it stands with so many approvals.
fn reviewed(number: u64, approvals: &[&str]) -> Reviewed {
    Reviewed {
        withdrawal: Withdrawal {
            id: WithdrawalId::example(number, 3),
            ..withdrawal()
        },
        from: AMOUNT,
        approvals: approvals.iter().map(|by| word(by)).collect(),
    }
}

fn word(by: &str) -> Answer {
    Answer {
        reason: "the winnings are real".to_owned(),
        by: by.to_owned(),
        at: NOW,
    }
}

/// Large withdrawals: one that waits, one of which half is said, one that is approved, one declined.
fn of_reviews() -> Vec<Event> {
    let mut events = Vec::new();
    for number in 50..54 {
        let withdrawal = reviewed(number, &[]).withdrawal;
        events.extend([
            Event::WithdrawalRequested(withdrawal.clone()),
            Event::ReviewThresholdNamed {
                withdrawal: withdrawal.id,
                customer: ANNA,
                from: AMOUNT,
            },
            Event::WithdrawalReviewStarted(reviewed(number, &[])),
        ]);
    }
    let approved = |number, before: &[&str], by| Event::WithdrawalApproved {
        reviewed: reviewed(number, before),
        answer: word(by),
        last: !before.is_empty(),
    };
    events.extend([
        approved(51, &[], "olga"),
        approved(52, &[], "olga"),
        approved(52, &["olga"], "otto"),
        Event::WithdrawalSubmitted(reviewed(52, &[]).withdrawal),
        Event::WithdrawalDeclined {
            reviewed: reviewed(53, &[]),
            answer: word("olga"),
        },
        Event::WithdrawalFailed {
            withdrawal: reviewed(53, &[]).withdrawal,
            held: true,
            reason: word("olga").reason,
        },
    ]);
    events
}

/// One event of each kind, in an order that could be.
fn events() -> Vec<Event> {
    let mut events = of_payments();
    events.extend(of_adjustments());
    events.extend(of_reviews());
    events
}

fn of_payments() -> Vec<Event> {
    let other = |number| Withdrawal {
        id: WithdrawalId::example(number, 3),
        ..withdrawal()
    };
    vec![
        Event::DepositLimitNoticed {
            customer: ANNA,
            limits: DepositLimits {
                day: Some(AMOUNT),
                week: None,
                month: Some(AMOUNT),
            },
        },
        Event::DepositRequested(deposit()),
        Event::DepositConfirmed {
            deposit: deposit(),
            provider_event: "e1".to_owned(),
        },
        Event::DepositRequested(Deposit {
            id: DepositId::example(20, 3),
            ..deposit()
        }),
        Event::DepositFailed {
            deposit: Deposit {
                id: DepositId::example(20, 3),
                ..deposit()
            },
            reason: "declined".to_owned(),
        },
        Event::WithdrawalRequested(withdrawal()),
        Event::WithdrawalSubmitted(withdrawal()),
        Event::WithdrawalRequested(other(30)),
        Event::WithdrawalSubmitted(other(30)),
        Event::WithdrawalPaid {
            withdrawal: other(30),
            provider_event: "e2".to_owned(),
        },
        Event::WithdrawalRequested(other(31)),
        Event::WithdrawalFailed {
            withdrawal: other(31),
            held: false,
            reason: "insufficient_funds".to_owned(),
        },
        Event::UnknownPaymentReported {
            provider: "simulator".to_owned(),
            provider_event: "e3".to_owned(),
            reference: "invoice".to_owned(),
            amount: AMOUNT,
        },
        Event::OutcomeContradicted {
            provider: "simulator".to_owned(),
            provider_event: "e4".to_owned(),
            reference: WITHDRAWAL.to_string(),
        },
        Event::ExclusionNoticed {
            customer: ANNA,
            until: NOW,
        },
        Event::DepositRequested(Deposit {
            id: DepositId::example(21, 3),
            ..deposit()
        }),
        Event::InstrumentNamed {
            payment: PaymentRef::Deposit(DepositId::example(21, 3)),
            customer: ANNA,
            instrument: "tok_1".to_owned(),
        },
        Event::PaymentTakenOn {
            payment: PaymentRef::Deposit(DepositId::example(21, 3)),
            customer: ANNA,
            known_as: Some("pi_1".to_owned()),
            approve_at: Some("http://bank".to_owned()),
        },
        Event::ProviderReconciled {
            provider: "simulator".to_owned(),
            file: Digest::from_bytes([7; 32]),
            part: 0,
            last: true,
            missing_before: NOW,
            matched: vec![PaymentRef::Deposit(DEPOSIT)],
            findings: vec![Finding {
                reference: "invoice-7".to_owned(),
                kind: FindingKind::MissingHere,
                ours: None,
                theirs: Some(AMOUNT),
            }],
        },
    ]
}

fn state() -> State {
    let mut state = Payments::initial();
    for event in events() {
        Payments::evolve(&mut state, &event);
    }
    state
}

#[test]
fn every_event_survives_the_wire() {
    let mut kinds = std::collections::BTreeSet::new();
    for event in events() {
        let bytes = PaymentsService::event_to_wire(&event).to_bytes();
        kinds.insert(bytes.first().copied());
        let decoded = wire::Event::from_bytes(&bytes).expect("what was encoded decodes");
        assert_eq!(PaymentsService::event_from_wire(decoded), Ok(event));
    }
    assert_eq!(kinds.len(), 23);
}

#[test]
fn a_snapshot_gives_the_state_back() {
    let bytes = PaymentsService::snapshot(&state());
    let restored = PaymentsService::restore(&bytes).expect("what was saved loads");
    assert_eq!(restored, state());
    assert_eq!(PaymentsService::snapshot(&restored), bytes);
    for cut in 0..bytes.len() {
        assert!(
            PaymentsService::restore(&bytes[..cut]).is_err(),
            "cut at {cut}"
        );
    }
}

fn decision(topic: Topic, events: Events) -> Decision {
    Decision {
        position: TopicPartition::new(topic, 3).at(17),
        header: Header {
            kind: Kind::Decision,
            epoch: 1,
            claim_id: ClaimId::default(),
            seq: 9,
            confirmed: 8,
            prev: None,
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::default(),
            decided_at: NOW,
        },
        events,
    }
}

fn of_ledger(events: Vec<ledger::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    decision(Topic::LedgerEvents, Events::LedgerEvents(body))
}

fn of_auth(events: Vec<auth::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    decision(Topic::AuthEvents, Events::AuthEvents(body))
}

/// What a decision of these events writes.
fn rows_of(events: &[Event]) -> Vec<viewstore::Row> {
    let body = Body {
        rejection: None,
        events: events.iter().map(PaymentsService::event_to_wire).collect(),
    };
    crate::rows(&decision(
        Topic::PaymentsEvents,
        Events::PaymentsEvents(body),
    ))
}

#[test]
fn rows_tell_where_payments_stand() {
    let rows = rows_of(&events());
    let last = |table: &str, key: [u8; 16]| {
        let row = rows
            .iter()
            .rfind(|row| row.table == table && row.key == key);
        row.expect("the row was written").value.clone()
    };
    let paid_in = DepositRow::from_bytes(&last(table::DEPOSIT, DEPOSIT.bytes()));
    let paid_in = paid_in.expect("decodes");
    assert_eq!(
        (paid_in.status, paid_in.amount),
        (PaymentStatus::Confirmed, AMOUNT)
    );
    let waiting = WithdrawalRow::from_bytes(&last(table::WITHDRAWAL, WITHDRAWAL.bytes()));
    assert_eq!(waiting.expect("decodes").status, PaymentStatus::Pending);
    let failed = WithdrawalId::example(31, 3).bytes();
    let failed = WithdrawalRow::from_bytes(&last(table::WITHDRAWAL, failed)).expect("decodes");
    assert_eq!(failed.status, PaymentStatus::Failed);
    assert_eq!(failed.reason.as_deref(), Some("insufficient_funds"));
}

#[test]
fn rows_tell_where_adjustments_and_suspense_stand() {
    let rows = rows_of(&events());
    let last = |number: u64| {
        let key = AdjustmentId::example(number, 3).bytes();
        let mut of_table = rows.iter().filter(|row| row.table == table::ADJUSTMENT);
        let row = of_table
            .rfind(|row| row.key == key)
            .expect("the row was written");
        AdjustmentRow::from_bytes(&row.value).expect("decodes")
    };
    let statuses = (40..45).map(|number| last(number).status);
    let expected = [
        AdjustmentStatus::Proposed,
        AdjustmentStatus::Approved,
        AdjustmentStatus::Booked,
        AdjustmentStatus::Declined,
        AdjustmentStatus::Refused,
    ];
    assert!(statuses.eq(expected));
    assert_eq!(last(44).refusal.as_deref(), Some("refused_by_ledger"));
    let second = last(42).answer.expect("somebody answered");
    assert_eq!(
        (last(42).proposed_by.as_str(), second.by.as_str()),
        ("olga", "otto")
    );
    let under = |table: &str| {
        let of_table = rows.iter().filter(|row| row.table == table);
        let keys = of_table.filter(|row| row.key.starts_with(b"invoice\0"));
        keys.map(|row| row.key.clone())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(under(table::SUSPENDED).len(), 1);
    assert_eq!(under(table::SUSPENSE_ADJUSTMENT).len(), 3);
}

#[test]
fn rows_tell_what_two_persons_have_said() {
    let rows = rows_of(&of_reviews());
    let last = |table: &str, number: u64| {
        let key = WithdrawalId::example(number, 3).bytes();
        let mut of_table = rows.iter().filter(|row| row.table == table);
        let row = of_table.rfind(|row| row.key == key);
        row.expect("the row was written").value.clone()
    };
    for (number, status, persons) in [
        (50, ReviewStatus::Waiting, 0),
        (51, ReviewStatus::Waiting, 1),
        (52, ReviewStatus::Approved, 2),
        (53, ReviewStatus::Declined, 0),
    ] {
        let row = WithdrawalReviewRow::from_bytes(&last(table::WITHDRAWAL_REVIEW, number));
        let row = row.expect("decodes");
        assert_eq!(
            (row.status, row.reviewed.approvals.len()),
            (status, persons)
        );
        assert_eq!(row.decline.is_some(), number == 53);
        let row = WithdrawalRow::from_bytes(&last(table::WITHDRAWAL, number)).expect("decodes");
        let of_customer = if number == 53 {
            PaymentStatus::Failed
        } else {
            PaymentStatus::Pending
        };
        assert_eq!(row.status, of_customer);
    }
}

#[test]
fn a_request_that_may_need_two_persons_carries_from_which_amount_on() {
    let asked = wire::Command::RequestWithdrawalWithReview(wire::RequestWithdrawalWithReview {
        withdrawal: WITHDRAWAL,
        customer: ANNA,
        amount: AMOUNT,
        provider: "simulator".to_owned(),
        instrument: Some("tok_1".to_owned()),
        review_from: AMOUNT,
    });
    let Command::RequestWithdrawal(asked) = PaymentsService::request(3, asked, &(), NOW) else {
        panic!("it is a request");
    };
    assert_eq!(asked.review_from, Some(AMOUNT));
    assert_eq!(asked.instrument.as_deref(), Some("tok_1"));
    let before = wire::Command::RequestWithdrawal(wire::RequestWithdrawal {
        withdrawal: WITHDRAWAL,
        customer: ANNA,
        amount: AMOUNT,
        provider: "simulator".to_owned(),
    });
    let Command::RequestWithdrawal(before) = PaymentsService::request(3, before, &(), NOW) else {
        panic!("it is a request");
    };
    assert_eq!(before.review_from, None);
}

#[test]
fn the_ledger_tells_of_adjustments() {
    let adjustment = AdjustmentId::example(40, 3);
    let account = |customer, kind| ledger::Account {
        customer,
        ..account(kind)
    };
    let balance = ledger::Balance {
        posted_minor: 500,
        held_minor: 0,
        entry: 2,
    };
    let posted = ledger::Event::TransferPosted(ledger::TransferPosted {
        id: adjustment_transfer(adjustment),
        debit: account(None, ledger::AccountKind::Adjustments),
        credit: account(Some(ANNA), ledger::AccountKind::Cash),
        minor: 500,
        code: ledger::TransferCode::Adjustment,
        debit_after: balance.clone(),
        credit_after: balance,
        content: ledger::ContentHash::default(),
    });
    let other = AdjustmentId::example(41, 3);
    let refused = refused(adjustment_transfer(other), ledger::TransferCode::Adjustment);
    let expected = vec![
        BookingNotice {
            adjustment,
            refused: None,
        },
        BookingNotice {
            adjustment: other,
            refused: Some("insufficient_funds".to_owned()),
        },
    ];
    let command = PaymentsService::react(3, &of_ledger(vec![posted, refused]), &(), NOW);
    assert_eq!(command, Some(Command::NoticeBookings(expected)));
}

fn account(kind: ledger::AccountKind) -> ledger::Account {
    ledger::Account {
        customer: Some(ANNA),
        kind,
        currency: Currency::Eur,
    }
}

fn refused(id: TransferId, code: ledger::TransferCode) -> ledger::Event {
    ledger::Event::TransferRefused(ledger::TransferRefused {
        id,
        reason: ledger::RefusalReason::DebitExceedsAvailable,
        available_minor: Some(7),
        content: ledger::ContentHash::default(),
        debit: account(ledger::AccountKind::Cash),
        code,
    })
}

#[test]
fn the_ledger_tells_of_withdrawal_holds() {
    let held = ledger::Event::TransferHeld(ledger::TransferHeld {
        id: withdrawal_hold(WITHDRAWAL),
        debit: account(ledger::AccountKind::Cash),
        credit: account(ledger::AccountKind::Provider),
        minor: 500,
        content: ledger::ContentHash::default(),
        code: ledger::TransferCode::Withdrawal,
        expires_at: None,
        debit_after: ledger::Balance {
            posted_minor: 500,
            held_minor: 500,
            entry: 2,
        },
    });
    let other = WithdrawalId::example(4, 3);
    let decision = of_ledger(vec![
        held,
        refused(withdrawal_hold(other), ledger::TransferCode::Withdrawal),
        refused(TransferId::example(9, 3), ledger::TransferCode::Stake),
    ]);
    let expected = vec![
        HoldNotice {
            withdrawal: WITHDRAWAL,
            refused: None,
        },
        HoldNotice {
            withdrawal: other,
            refused: Some("insufficient_funds".to_owned()),
        },
    ];
    let command = PaymentsService::react(3, &decision, &(), NOW);
    assert_eq!(command, Some(Command::NoticeHolds(expected)));
}

#[test]
fn what_is_no_business_of_payments_is_passed_over() {
    let stake = refused(TransferId::example(9, 3), ledger::TransferCode::Stake);
    assert_eq!(
        PaymentsService::react(3, &of_ledger(vec![stake]), &(), NOW),
        None
    );
    let stake_limit = auth::Event::LimitSet(auth::LimitSet {
        customer: ANNA,
        kind: auth::LimitKind::StakeDay,
        amount: None,
    });
    assert_eq!(
        PaymentsService::react(3, &of_auth(vec![stake_limit]), &(), NOW),
        None
    );
}

#[test]
fn auth_tells_of_deposit_limits_and_exclusions() {
    let limit = auth::Event::LimitSet(auth::LimitSet {
        customer: ANNA,
        kind: auth::LimitKind::DepositWeek,
        amount: Some(AMOUNT),
    });
    let excluded = auth::Event::CustomerExcluded(auth::CustomerExcluded {
        customer: ANNA,
        until: NOW,
        at: NOW,
    });
    let command = PaymentsService::react(3, &of_auth(vec![limit, excluded]), &(), NOW);
    let expected = vec![
        CustomerNotice::DepositLimit {
            customer: ANNA,
            window: Window::Week,
            amount: Some(AMOUNT),
        },
        CustomerNotice::Excluded {
            customer: ANNA,
            until: NOW,
        },
    ];
    assert_eq!(command, Some(Command::NoticeCustomers(expected)));
}
