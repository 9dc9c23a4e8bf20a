//! What the auditor finds about large withdrawals.

use super::*;
use kernel::{Currency, Timestamp, Topic, TopicPartition};
use schemas::ledger::{Account, AccountKind, Balance, HoldCaptured};
use schemas::payments::{
    ReviewThresholdNamed, WithdrawalApproval, WithdrawalApproved, WithdrawalDeclined,
    WithdrawalFailed, WithdrawalPaid, WithdrawalRequested, WithdrawalSubmitted, withdrawal_hold,
};

const ANNA: CustomerId = CustomerId::example(1, 3);
const ID: WithdrawalId = WithdrawalId::example(5, 3);
const AMOUNT: Money = Money::from_minor(1_000_000, Currency::Eur);

macro_rules! of_withdrawal {
    ($record:ident { $($field:ident: $value:expr),* }) => {
        Event::$record($record {
            withdrawal: ID,
            customer: ANNA,
            amount: AMOUNT,
            provider: "simulator".to_owned(),
            requested_at: Timestamp::default(),
            $($field: $value),*
        })
    };
}

fn requested() -> Event {
    of_withdrawal!(WithdrawalRequested {})
}

fn submitted() -> Event {
    of_withdrawal!(WithdrawalSubmitted {})
}

fn paid() -> Event {
    let provider_event = "e1".to_owned();
    of_withdrawal!(WithdrawalPaid {
        provider_event: provider_event
    })
}

fn failed() -> Event {
    let reason = "not now".to_owned();
    of_withdrawal!(WithdrawalFailed {
        held: true,
        reason: reason
    })
}

fn from(minor: i64) -> Event {
    Event::ReviewThresholdNamed(ReviewThresholdNamed {
        withdrawal: ID,
        customer: ANNA,
        review_from: Money::from_minor(minor, Currency::Eur),
    })
}

fn reviewed() -> ReviewedWithdrawal {
    ReviewedWithdrawal {
        withdrawal: ID,
        customer: ANNA,
        amount: AMOUNT,
        provider: "simulator".to_owned(),
        requested_at: Timestamp::default(),
        review_from: AMOUNT,
        approvals: vec![],
    }
}

fn approved(by: &str) -> Event {
    Event::WithdrawalApproved(WithdrawalApproved {
        reviewed: reviewed(),
        approval: WithdrawalApproval {
            reason: "seen".to_owned(),
            by: by.to_owned(),
            approved_at: Timestamp::default(),
        },
        last: false,
    })
}

fn declined(by: &str) -> Event {
    Event::WithdrawalDeclined(WithdrawalDeclined {
        reviewed: reviewed(),
        reason: "not now".to_owned(),
        by: by.to_owned(),
        declined_at: Timestamp::default(),
    })
}

fn taken() -> LedgerEvent {
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    let balance = Balance {
        posted_minor: 0,
        held_minor: 0,
        entry: 2,
    };
    LedgerEvent::HoldCaptured(HoldCaptured {
        id: TransferId::example(9, 3),
        hold: withdrawal_hold(ID),
        minor: AMOUNT.minor(),
        released_minor: 0,
        debit: account(Some(ANNA), AccountKind::Cash),
        credit: account(None, AccountKind::Provider),
        code: TransferCode::Withdrawal,
        debit_after: balance.clone(),
        credit_after: balance,
        content: schemas::ledger::ContentHash::default(),
    })
}

/// How much is found in a history of payments, after which the ledger took the hold or not.
fn found(events: &[Event], is_taken: bool) -> usize {
    let (mut reviews, mut findings) = (Reviews::default(), Findings::default());
    let at = |topic| TopicPartition::new(topic, 3).at(1);
    for event in events {
        reviews.take_payments(at(Topic::PaymentsEvents), event, &mut findings);
    }
    if is_taken {
        reviews.take_ledger(at(Topic::LedgerEvents), &taken());
    }
    reviews.finish(true, &mut findings);
    findings.violations.len()
}

/// A request where two persons are wanted from the same amount on, and what follows.
fn large(rest: &[Event]) -> Vec<Event> {
    let mut events = vec![requested(), from(AMOUNT.minor())];
    events.extend_from_slice(rest);
    events
}

#[test]
fn two_persons_a_small_amount_and_a_decline_are_in_order() {
    assert_eq!(found(&[], false), 0);
    let two = [approved("olga"), approved("otto"), submitted(), paid()];
    assert_eq!(found(&large(&two), true), 0);
    let small = [requested(), from(AMOUNT.minor() + 1), submitted(), paid()];
    assert_eq!(found(&small, true), 0);
    let before = [requested(), submitted(), paid()];
    assert_eq!(
        found(&before, true),
        0,
        "asked for before there were reviews"
    );
    let ended = [approved("olga"), declined("otto"), failed()];
    assert_eq!(found(&large(&ended), false), 0);
}

#[test]
fn a_large_withdrawal_without_two_persons_is_found_wherever_it_goes_on() {
    for behind in [vec![], vec![approved("olga")]] {
        let with = |last: Option<Event>| {
            let rest: Vec<_> = behind.iter().cloned().chain(last).collect();
            large(&rest)
        };
        assert_eq!(found(&with(Some(submitted())), false), 1);
        assert_eq!(found(&with(Some(paid())), false), 1);
        assert_eq!(found(&with(None), true), 1, "by its hold alone");
    }
}

#[test]
fn one_person_twice_and_the_customer_are_found() {
    let anna = ANNA.to_string();
    for second in ["olga", anna.as_str()] {
        let rest = [approved("olga"), approved(second), submitted()];
        assert_eq!(found(&large(&rest), false), 2, "{second}");
    }
    let own = [declined(&anna), failed()];
    assert_eq!(found(&large(&own), false), 1);
}

#[test]
fn a_word_about_what_is_decided_is_found() {
    let two = [approved("olga"), approved("otto"), submitted()];
    for late in [approved("olaf"), declined("olaf")] {
        let mut events = large(&two);
        events.push(late);
        assert!(found(&events, false) > 0);
    }
    let mut events = large(&[declined("olga"), failed()]);
    events.push(approved("otto"));
    assert_eq!(found(&events, false), 1);
}

#[test]
fn what_was_approved_and_went_nowhere_and_what_was_declined_and_went_on_are_found() {
    let forgotten = [approved("olga"), approved("otto")];
    assert_eq!(found(&large(&forgotten), false), 1);
    assert_eq!(found(&large(&[declined("olga")]), false), 1);
    let on = [approved("olga"), declined("otto"), submitted()];
    assert!(found(&large(&on), false) > 0);
}

#[test]
fn another_threshold_for_the_same_withdrawal_is_found() {
    let mut events = large(&[]);
    events.push(from(AMOUNT.minor() + 1));
    events.push(submitted());
    assert_eq!(found(&events, false), 2);
}
