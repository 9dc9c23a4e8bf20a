//! Scenarios of reviews.

use super::*;
use crate::command::{
    Command, HoldNotice, Outcome, PaymentRef, Reconcile, ReportOutcome, RequestWithdrawal,
};
use crate::decide::Payments;
use crate::examples::*;
use kernel::{Decider, Digest};
use proptest::prelude::*;

fn ask_from(from: Money) -> Command {
    Command::RequestWithdrawal(RequestWithdrawal {
        review_from: Some(from),
        ..withdrawal_request()
    })
}

/// Asked for where the house wants two persons from that amount on, in cents.
fn asked(from: i64) -> Scenario {
    scenario([]).after(ask_from(eur(from)))
}

fn held_now() -> Command {
    Command::NoticeHolds(vec![HoldNotice {
        withdrawal: WITHDRAWAL,
        refused: None,
    }])
}

/// A withdrawal of 2.00 where two persons are wanted from 2.00 on, with its money held.
fn waiting() -> Scenario {
    asked(200).after(held_now())
}

fn answer(by: &str, seconds: i64) -> Answer {
    Answer {
        reason: "the winnings are real".to_owned(),
        by: by.to_owned(),
        at: at(seconds),
    }
}

fn said(answer: Answer) -> AnswerWithdrawal {
    AnswerWithdrawal {
        withdrawal: WITHDRAWAL,
        answer,
    }
}

fn yes(by: &str, seconds: i64) -> Command {
    Command::ApproveWithdrawal(said(answer(by, seconds)))
}

fn no(by: &str, seconds: i64) -> Command {
    Command::DeclineWithdrawal(said(answer(by, seconds)))
}

fn after(approvals: &[Answer]) -> Reviewed {
    Reviewed {
        withdrawal: withdrawal(),
        from: eur(200),
        approvals: approvals.to_vec(),
    }
}

fn approved(before: &[Answer], by: &str, seconds: i64) -> Event {
    Event::WithdrawalApproved {
        reviewed: after(before),
        answer: answer(by, seconds),
        last: !before.is_empty(),
    }
}

#[test]
fn from_which_amount_on_two_persons_are_wanted_is_recorded_with_the_request() {
    for from in [199, 200, 201] {
        scenario([]).when(ask_from(eur(from))).then([
            Event::WithdrawalRequested(withdrawal()),
            Event::ReviewThresholdNamed {
                withdrawal: WITHDRAWAL,
                customer: ANNA,
                from: eur(from),
            },
        ]);
    }
}

#[test]
fn at_that_amount_it_waits_for_persons_once_its_money_is_held() {
    for from in [0, 199, 200] {
        asked(from)
            .when(held_now())
            .then([Event::WithdrawalReviewStarted(Reviewed {
                from: eur(from),
                ..after(&[])
            })]);
    }
}

#[test]
fn below_that_amount_it_goes_to_the_provider() {
    asked(201)
        .when(held_now())
        .then([Event::WithdrawalSubmitted(withdrawal())]);
}

#[test]
fn an_amount_that_cannot_be_compared_waits() {
    let from = Money::from_minor(201, kernel::Currency::Usd);
    let events = scenario([]).after(ask_from(from)).when(held_now()).events();
    assert!(matches!(
        events.as_slice(),
        [Event::WithdrawalReviewStarted(_)]
    ));
}

#[test]
fn another_setting_changes_nothing_that_was_asked_for() {
    asked(201).when(ask_from(eur(1))).then_nothing();
    asked(201)
        .after(ask_from(eur(1)))
        .when(held_now())
        .then([Event::WithdrawalSubmitted(withdrawal())]);
}

#[test]
fn without_its_hold_nobody_is_asked() {
    let refused = Command::NoticeHolds(vec![HoldNotice {
        withdrawal: WITHDRAWAL,
        refused: Some("insufficient_funds".to_owned()),
    }]);
    asked(200).when(refused).then([Event::WithdrawalFailed {
        withdrawal: withdrawal(),
        held: false,
        reason: "insufficient_funds".to_owned(),
    }]);
}

#[test]
fn the_second_person_sends_it_to_the_provider() {
    waiting()
        .when(yes("olga", 1))
        .then([approved(&[], "olga", 1)]);
    waiting().after(yes("olga", 1)).when(yes("otto", 2)).then([
        approved(&[answer("olga", 1)], "otto", 2),
        Event::WithdrawalSubmitted(withdrawal()),
    ]);
}

#[test]
fn it_waits_for_as_long_as_it_takes() {
    let years_later = 10 * 365 * 86_400;
    let events = waiting()
        .after(yes("olga", 1))
        .when(yes("otto", years_later))
        .events();
    assert_eq!(events.len(), 2);
}

#[test]
fn nobody_approves_twice() {
    waiting()
        .after(yes("olga", 1))
        .when(yes("olga", 2))
        .then_rejected(Rejection::ApprovedBefore);
}

#[test]
fn nobody_has_a_hand_in_their_own_withdrawal() {
    let anna = ANNA.to_string();
    for word in [yes(&anna, 1), no(&anna, 1)] {
        waiting().when(word).then_rejected(Rejection::OwnAccount);
    }
    let second = waiting().after(yes("olga", 1));
    second
        .when(yes(&anna, 2))
        .then_rejected(Rejection::OwnAccount);
}

#[test]
fn why_is_said_and_has_an_end() {
    for reason in [String::new(), "  ".to_owned(), "x".repeat(501)] {
        let without = said(Answer {
            reason,
            ..answer("olga", 1)
        });
        for word in [
            Command::ApproveWithdrawal(without.clone()),
            Command::DeclineWithdrawal(without.clone()),
        ] {
            waiting()
                .when(word)
                .then_rejected(Rejection::ReasonNotAllowed {
                    characters_max: 500,
                });
        }
    }
}

#[test]
fn one_who_declines_ends_it_and_the_money_goes_back() {
    let failed = || Event::WithdrawalFailed {
        withdrawal: withdrawal(),
        held: true,
        reason: answer("olga", 2).reason,
    };
    let declined = |before: &[Answer]| Event::WithdrawalDeclined {
        reviewed: after(before),
        answer: answer("olga", 2),
    };
    waiting()
        .when(no("olga", 2))
        .then([declined(&[]), failed()]);
    for first in ["otto", "olga"] {
        waiting()
            .after(yes(first, 1))
            .when(no("olga", 2))
            .then([declined(&[answer(first, 1)]), failed()]);
    }
}

#[test]
fn what_was_answered_stays_answered() {
    let out = || waiting().after(yes("olga", 1)).after(yes("otto", 2));
    out().when(yes("otto", 3)).then_nothing();
    out().when(yes("olaf", 3)).then_nothing();
    out()
        .when(no("olaf", 3))
        .then_rejected(Rejection::WithdrawalAnsweredBefore);
    let ended = || waiting().after(no("olga", 1));
    ended().when(no("otto", 3)).then_nothing();
    ended()
        .when(yes("otto", 3))
        .then_rejected(Rejection::WithdrawalAnsweredBefore);
}

#[test]
fn only_what_waits_is_answered() {
    for word in [yes("olga", 1), no("olga", 1)] {
        scenario([])
            .when(word.clone())
            .then_rejected(Rejection::WithdrawalUnknown);
        for not_waiting in [
            scenario([]).after(ask_withdrawal()),
            asked(200),
            asked(201).after(held_now()),
        ] {
            not_waiting
                .when(word.clone())
                .then_rejected(Rejection::WithdrawalNotInReview);
        }
    }
}

#[test]
fn a_hold_that_is_told_again_begins_no_second_review() {
    waiting().when(held_now()).then_nothing();
    waiting()
        .after(yes("olga", 1))
        .when(held_now())
        .then_nothing();
}

#[test]
fn an_outcome_of_what_waits_cannot_be_and_changes_nothing() {
    let told = Command::ReportOutcome(ReportOutcome {
        provider: "simulator".to_owned(),
        provider_event: "e1".to_owned(),
        payment: PaymentRef::Withdrawal(WITHDRAWAL),
        outcome: Outcome::Succeeded { amount: eur(200) },
    });
    let contradicted = Event::OutcomeContradicted {
        provider: "simulator".to_owned(),
        provider_event: "e1".to_owned(),
        reference: WITHDRAWAL.to_string(),
    };
    waiting().when(told.clone()).then([contradicted]);
    waiting()
        .after(told)
        .when(yes("olga", 1))
        .then([approved(&[], "olga", 1)]);
}

#[test]
fn a_provider_may_be_called_from_the_second_approval_on() {
    let state = waiting()
        .after(yes("olga", 1))
        .after(yes("otto", 90_000))
        .state();
    let known = &state.withdrawals[&WITHDRAWAL];
    assert_eq!(known.callable_from(), at(90_000));
    let small = asked(201).after(held_now()).state();
    assert_eq!(small.withdrawals[&WITHDRAWAL].callable_from(), at(0));
}

#[test]
fn what_two_persons_approved_after_a_file_was_made_is_not_missing_in_it() {
    let paid = Command::ReportOutcome(ReportOutcome {
        provider: "simulator".to_owned(),
        provider_event: "e1".to_owned(),
        payment: PaymentRef::Withdrawal(WITHDRAWAL),
        outcome: Outcome::Succeeded { amount: eur(200) },
    });
    for (missing_before, missing) in [(90_000, 0), (90_001, 1)] {
        let file = Command::Reconcile(Reconcile {
            provider: "simulator".to_owned(),
            file: Digest::default(),
            part: 0,
            last: true,
            missing_before: at(missing_before),
            lines: vec![],
        });
        let events = waiting()
            .after(yes("olga", 1))
            .after(yes("otto", 90_000))
            .after(paid.clone())
            .when(file)
            .events();
        let [Event::ProviderReconciled { findings, .. }] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(findings.len(), missing, "{missing_before}");
    }
}

proptest! {
    /// Whoever says whatever in whatever order: it goes to the provider only behind two different
    /// persons who are not the customer, and never after somebody declined.
    #[test]
    fn two_persons_stand_behind_every_large_withdrawal(
        words in proptest::collection::vec((0_usize..4, any::<bool>()), 0..12),
        from in 100_i64..301,
    ) {
        let anna = ANNA.to_string();
        let persons = ["olga", "otto", "olaf", anna.as_str()];
        let mut state = asked(from).after(held_now()).state();
        let (mut behind, mut ended) = (std::collections::BTreeSet::new(), false);
        for (seconds, (who, agrees)) in (1..).zip(words) {
            let by = persons[who];
            let word = if agrees { yes(by, seconds) } else { no(by, seconds) };
            for event in Payments::decide(&state, &word).unwrap_or_default() {
                Payments::evolve(&mut state, &event);
                if let Event::WithdrawalApproved { answer, .. } = &event {
                    prop_assert!(!ended && behind.insert(answer.by.clone()));
                    prop_assert!(answer.by != anna);
                }
                if let Event::WithdrawalDeclined { .. } = &event {
                    prop_assert!(!ended && behind.len() < 2);
                    ended = true;
                }
                if let Event::WithdrawalSubmitted(_) = &event {
                    prop_assert!(!ended && behind.len() == 2);
                }
            }
        }
        let status = state.withdrawals[&WITHDRAWAL].status;
        let expected = if from > 200 || behind.len() == 2 {
            WithdrawalStatus::Submitted
        } else if ended {
            WithdrawalStatus::Failed
        } else {
            WithdrawalStatus::InReview
        };
        prop_assert_eq!(status, expected);
    }
}
