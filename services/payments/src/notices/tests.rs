//! Messages to operators: at least once, in order, dead in the end, and again on demand.

use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

fn message(offset: u64, subject: &str) -> Notice {
    Notice {
        id: NoticeId { offset, index: 0 },
        name: format!("msg_{offset}"),
        subject: subject.to_owned(),
        body: b"{}".to_vec(),
    }
}

fn fresh() -> Notices {
    Notices::restore(None, Chance::seeded(1)).unwrap()
}

fn with(messages: &[(u64, &str)]) -> Notices {
    let mut notices = fresh();
    for (offset, subject) in messages {
        notices.take(message(*offset, subject), at(0));
    }
    notices
}

fn offsets(due: &[Notice]) -> Vec<u64> {
    due.iter().map(|notice| notice.id.offset).collect()
}

/// Fails one message until it is dead.
fn kill(notices: &mut Notices, offset: u64, subject: &str) {
    for _ in 0..ATTEMPTS_MAX {
        let now = notices.next_due().expect("it waits");
        assert_eq!(offsets(&notices.due(now)), [offset]);
        notices.answered(&message(offset, subject), Received::NotTaken, now);
    }
}

#[test]
fn a_subjects_messages_wait_for_one_another_and_others_do_not() {
    let mut notices = with(&[(1, "anna"), (2, "anna"), (3, "bob")]);
    assert_eq!(offsets(&notices.due(at(0))), [1, 3]);
    assert_eq!(offsets(&notices.due(at(99))), [] as [u64; 0]);
    assert!(notices.answered(&message(1, "anna"), Received::Taken, at(1)));
    assert_eq!(offsets(&notices.due(at(1))), [2]);
}

#[test]
fn what_is_not_taken_comes_again_after_a_growing_wait() {
    let mut notices = with(&[(1, "anna")]);
    let mut now = at(0);
    for attempt in 1..ATTEMPTS_MAX {
        assert_eq!(offsets(&notices.due(now)), [1]);
        assert!(!notices.answered(&message(1, "anna"), Received::NotTaken, now));
        let next = notices.next_due().expect("it waits");
        let longest = RETRY_FIRST.micros() << (attempt - 1);
        let longest = longest.min(RETRY_LONGEST.micros());
        let waited = next.since(now).micros();
        assert!(
            (longest / 2..=longest).contains(&waited),
            "{waited} of {longest}"
        );
        now = next;
    }
    assert_eq!(offsets(&notices.due(now)), [1]);
    assert!(notices.answered(&message(1, "anna"), Received::NotTaken, now));
    assert_eq!(notices.standing(), (0, 1, false));
}

#[test]
fn the_dead_hold_up_nobody_and_come_again_on_demand() {
    let mut notices = with(&[(1, "anna"), (2, "anna")]);
    kill(&mut notices, 1, "anna");
    let now = at(500_000);
    assert_eq!(offsets(&notices.due(now)), [2]);
    assert!(notices.answered(&message(2, "anna"), Received::Taken, now));
    assert!(notices.redrive(1, now));
    assert!(!notices.redrive(1, now), "one demand is one");
    notices.take_again(message(1, "anna"), now);
    notices.take_again(message(2, "anna"), now);
    assert_eq!(
        offsets(&notices.due(now)),
        [1],
        "what was taken is not sent again"
    );
    assert!(notices.answered(&message(1, "anna"), Received::Taken, now));
    assert_eq!(notices.standing(), (0, 0, false));
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_until_somebody_says_so() {
    let mut notices = with(&[(1, "anna"), (2, "bob")]);
    assert_eq!(notices.due(at(0)).len(), 2);
    assert!(notices.answered(&message(1, "anna"), Received::Gone, at(0)));
    assert!(notices.due(at(999)).is_empty());
    assert_eq!(notices.next_due(), None);
    let mut restarted = Notices::restore(Some(&notices.save()), Chance::seeded(2)).unwrap();
    restarted.take(message(1, "anna"), at(0));
    assert!(restarted.due(at(999)).is_empty());
    assert!(restarted.redrive(1, at(999)));
    assert_eq!(offsets(&restarted.due(at(999))), [1]);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut notices = with(&[(1, "anna"), (2, "bob"), (3, "anna"), (4, "carl")]);
    assert_eq!(notices.due(at(0)).len(), 3);
    notices.answered(&message(1, "anna"), Received::Taken, at(0));
    notices.answered(&message(4, "carl"), Received::Taken, at(0));
    let mut restarted = Notices::restore(Some(&notices.save()), Chance::seeded(2)).unwrap();
    for (offset, subject) in [(1, "anna"), (2, "bob"), (3, "anna"), (4, "carl")] {
        restarted.take(message(offset, subject), at(9));
    }
    assert_eq!(offsets(&restarted.due(at(9))), [3, 2]);
}

#[test]
fn each_attempt_is_signed_anew_under_the_same_name() {
    let notice = message(1, "anna");
    let [(_, id), (_, time), (_, signature)] = notice.headers(b"key", at(7));
    assert_eq!((id.as_str(), time.as_str()), ("msg_1", "7"));
    assert_eq!(signature, sign(b"key", "msg_1", "7", b"{}"));
    assert_ne!(notice.headers(b"key", at(8))[2].1, signature);
}

#[test]
fn what_a_person_wrote_is_for_the_customer_and_not_for_a_receiver() {
    use kernel::{Currency, WithdrawalId};
    use schemas::payments as of;
    let (withdrawal, customer) = (WithdrawalId::example(1, 3), CustomerId::example(2, 3));
    let amount = Money::from_minor(1_000_000, Currency::Eur);
    let provider = "simulator".to_owned();
    let reason = "anna's papers are not hers".to_owned();
    let declined = Event::WithdrawalDeclined(of::WithdrawalDeclined {
        reviewed: of::ReviewedWithdrawal {
            withdrawal,
            customer,
            amount,
            provider: provider.clone(),
            requested_at: at(0),
            review_from: amount,
            approvals: vec![],
        },
        reason: reason.clone(),
        by: "olga".to_owned(),
        declined_at: at(1),
    });
    let failed = Event::WithdrawalFailed(of::WithdrawalFailed {
        withdrawal,
        customer,
        amount,
        held: true,
        reason,
        provider,
        requested_at: at(0),
    });
    let told_in = |events: &[Event]| told(&failed, events).expect("it is told").2;
    let together = [declined, failed.clone()];
    assert_eq!(told_in(&together)["reason"], "declined_by_house");
    assert_eq!(told(&together[0], &together), None);
    let alone = [failed.clone()];
    assert_eq!(told_in(&alone)["reason"], "anna's papers are not hers");
}

proptest! {
    /// Whatever the receiver does and wherever it is restarted: each message is taken, in the
    /// order of its subject but for repeats, or is dead.
    #[test]
    fn each_is_taken_in_order_or_dead(
        steps in proptest::collection::vec((0_u8..12, any::<bool>()), 1..200)
    ) {
        let messages: Vec<(u64, &str)> = (0..12)
            .map(|offset| (offset, ["anna", "bob", "carl"][usize::try_from(offset % 3).unwrap()]))
            .collect();
        let mut notices = with(&messages);
        let mut taken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut now = at(0);
        let mut steps = steps.into_iter();
        while let Some(next) = notices.next_due() {
            now = now.max(next);
            for notice in notices.due(now) {
                let (answer, restarts) = steps.next().unwrap_or((0, false));
                let received = if answer < 4 { Received::Taken } else { Received::NotTaken };
                let changed = notices.answered(&notice, received, now);
                if received == Received::Taken {
                    let (_, subject) = messages[usize::try_from(notice.id.offset).unwrap()];
                    taken.entry(subject).or_default().push(notice.id.offset);
                }
                if restarts && changed {
                    notices = Notices::restore(Some(&notices.save()), Chance::seeded(3)).unwrap();
                    for (offset, subject) in &messages {
                        notices.take(message(*offset, subject), now);
                    }
                    break;
                }
            }
        }
        let (waiting, dead, _) = notices.standing();
        prop_assert_eq!(waiting, 0);
        let once: BTreeSet<u64> = taken.values().flatten().copied().collect();
        prop_assert_eq!(once.len() + dead, 12);
        for offsets in taken.values() {
            let mut first: Vec<u64> = Vec::new();
            for offset in offsets {
                if !first.contains(offset) {
                    first.push(*offset);
                }
            }
            prop_assert!(first.is_sorted(), "{:?}", offsets);
        }
    }
}
