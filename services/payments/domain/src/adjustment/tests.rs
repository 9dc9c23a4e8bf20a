//! Scenarios of adjustments.

use super::*;
use crate::command::Command;
use crate::examples::*;
use kernel::CustomerId;
use proptest::prelude::*;

const ID: AdjustmentId = AdjustmentId::example(5, PARTITION);

fn adjustment() -> Adjustment {
    Adjustment {
        id: ID,
        movement: Movement::CreditCustomer { customer: ANNA },
        amount: eur(700),
        reason: "a bet was settled at the wrong price".to_owned(),
    }
}

fn out_of_suspense(minor: i64) -> Adjustment {
    Adjustment {
        movement: Movement::SuspenseToCustomer {
            customer: ANNA,
            reference: "invoice-7".to_owned(),
        },
        amount: eur(minor),
        ..adjustment()
    }
}

fn proposal(what: Adjustment) -> Proposal<Adjustment> {
    Proposal {
        what,
        by: "olga".to_owned(),
        proposed_at: at(0),
        lapses_at: at(86_400),
    }
}

fn ask(adjustment: Adjustment) -> Command {
    Command::ProposeAdjustment(ProposeAdjustment {
        adjustment,
        by: "olga".to_owned(),
        now: at(0),
    })
}

fn said(by: &str, seconds: i64) -> AnswerAdjustment {
    AnswerAdjustment {
        adjustment: ID,
        answer: Answer {
            reason: "seen the same".to_owned(),
            by: by.to_owned(),
            at: at(seconds),
        },
    }
}

fn yes(by: &str, seconds: i64) -> Command {
    Command::ApproveAdjustment(said(by, seconds))
}

fn no(by: &str, seconds: i64) -> Command {
    Command::DeclineAdjustment(said(by, seconds))
}

fn answered(what: Adjustment, by: &str, seconds: i64) -> Answered {
    Answered {
        proposal: proposal(what),
        answer: said(by, seconds).answer,
    }
}

fn proposed() -> Scenario {
    scenario([]).after(ask(adjustment()))
}

fn told(refused: Option<&str>) -> Command {
    Command::NoticeBookings(vec![BookingNotice {
        adjustment: ID,
        refused: refused.map(str::to_owned),
    }])
}

/// So much came for that invoice.
fn suspended(minor: i64, event: &str) -> Event {
    Event::UnknownPaymentReported {
        provider: "simulator".to_owned(),
        provider_event: event.to_owned(),
        reference: "invoice-7".to_owned(),
        amount: eur(minor),
    }
}

#[test]
fn one_person_proposes_and_it_waits_a_day() {
    scenario([])
        .when(ask(adjustment()))
        .then([Event::AdjustmentProposed(proposal(adjustment()))]);
}

#[test]
fn the_same_proposal_again_changes_nothing_and_another_one_needs_its_own_id() {
    proposed().when(ask(adjustment())).then_nothing();
    let other = Adjustment {
        amount: eur(701),
        ..adjustment()
    };
    proposed()
        .when(ask(other))
        .then_rejected(Rejection::AdjustmentIdTaken);
}

#[test]
fn a_reason_is_said_and_has_an_end() {
    let characters_max = 500;
    for reason in [String::new(), "  ".to_owned(), "x".repeat(501)] {
        let without = Adjustment {
            reason,
            ..adjustment()
        };
        scenario([])
            .when(ask(without))
            .then_rejected(Rejection::ReasonNotAllowed { characters_max });
    }
    let mut silent = said("otto", 1);
    silent.answer.reason = String::new();
    for answer in [
        Command::ApproveAdjustment(silent.clone()),
        Command::DeclineAdjustment(silent),
    ] {
        proposed()
            .when(answer)
            .then_rejected(Rejection::ReasonNotAllowed { characters_max });
    }
}

#[test]
fn an_amount_is_above_zero_and_not_beyond_the_greatest() {
    for minor in [0, -1, 100_000_001] {
        let wrong = Adjustment {
            amount: eur(minor),
            ..adjustment()
        };
        scenario([])
            .when(ask(wrong))
            .then_rejected(Rejection::AmountNotAllowed {
                minimum: eur(1),
                maximum: eur(100_000_000),
            });
    }
}

#[test]
fn a_record_moves_money_within_its_partition_only() {
    let elsewhere = CustomerId::example(1, PARTITION + 1);
    let wrong = Adjustment {
        movement: Movement::DebitCustomer {
            customer: elsewhere,
        },
        ..adjustment()
    };
    scenario([])
        .when(ask(wrong))
        .then_rejected(Rejection::CustomerElsewhere);
}

#[test]
fn another_person_approves() {
    proposed()
        .when(yes("otto", 5))
        .then([Event::AdjustmentApproved(answered(adjustment(), "otto", 5))]);
}

#[test]
fn nobody_approves_their_own_proposal() {
    proposed()
        .when(yes("olga", 5))
        .then_rejected(Rejection::OwnProposal);
}

#[test]
fn nobody_has_a_hand_in_their_own_account() {
    let anna = ANNA.to_string();
    let by_anna = Command::ProposeAdjustment(ProposeAdjustment {
        adjustment: adjustment(),
        by: anna.clone(),
        now: at(0),
    });
    scenario([])
        .when(by_anna)
        .then_rejected(Rejection::OwnAccount);
    for answer in [yes(&anna, 5), no(&anna, 5)] {
        proposed().when(answer).then_rejected(Rejection::OwnAccount);
    }
}

#[test]
fn a_proposal_lapses() {
    let lapsed_at = at(86_400);
    assert_eq!(proposed().when(yes("otto", 86_399)).events().len(), 1);
    for answer in [yes("otto", 86_400), no("otto", 86_400)] {
        proposed()
            .when(answer)
            .then_rejected(Rejection::ProposalLapsed { lapsed_at });
    }
}

#[test]
fn the_second_person_declines_or_the_first_one_takes_it_back() {
    for by in ["otto", "olga"] {
        proposed()
            .when(no(by, 5))
            .then([Event::AdjustmentDeclined(answered(adjustment(), by, 5))]);
    }
}

#[test]
fn an_answer_counts_once_and_for_good() {
    let approved = || proposed().after(yes("otto", 5));
    approved().when(yes("otto", 6)).then_nothing();
    approved().when(yes("olga", 6)).then_nothing();
    approved()
        .when(no("otto", 6))
        .then_rejected(Rejection::AdjustmentAnsweredBefore);
    let declined = || proposed().after(no("otto", 5));
    declined().when(no("otto", 6)).then_nothing();
    declined()
        .when(yes("otto", 6))
        .then_rejected(Rejection::AdjustmentAnsweredBefore);
}

#[test]
fn only_what_was_proposed_is_answered() {
    for answer in [yes("otto", 5), no("otto", 5)] {
        scenario([])
            .when(answer)
            .then_rejected(Rejection::AdjustmentUnknown);
    }
}

#[test]
fn the_ledger_tells_that_the_money_moved_or_why_it_did_not() {
    let approved = || proposed().after(yes("otto", 5));
    let what = || answered(adjustment(), "otto", 5);
    approved()
        .when(told(None))
        .then([Event::AdjustmentBooked(what())]);
    approved()
        .when(told(Some("insufficient_funds")))
        .then([Event::AdjustmentRefused {
            answered: what(),
            refusal: "insufficient_funds".to_owned(),
        }]);
}

#[test]
fn the_ledger_s_word_counts_once_and_of_what_was_approved() {
    proposed().when(told(None)).then_nothing();
    scenario([]).when(told(None)).then_nothing();
    proposed()
        .after(yes("otto", 5))
        .after(told(None))
        .when(told(Some("insufficient_funds")))
        .then_nothing();
}

#[test]
fn no_more_leaves_suspense_than_came_under_that_reference() {
    let two = || scenario([suspended(500, "e1"), suspended(300, "e2")]);
    let reference = || "invoice-7".to_owned();
    assert_eq!(two().when(ask(out_of_suspense(800))).events().len(), 1);
    two()
        .when(ask(out_of_suspense(801)))
        .then_rejected(Rejection::SuspenseTooLow {
            reference: reference(),
            available: eur(800),
        });
    // Two proposals for the same money: the second approval finds what the first one left.
    let other = Adjustment {
        id: AdjustmentId::example(6, PARTITION),
        movement: Movement::SuspenseToProvider {
            reference: reference(),
        },
        amount: eur(500),
        ..adjustment()
    };
    let mut second = said("otto", 7);
    second.adjustment = other.id;
    two()
        .after(ask(out_of_suspense(500)))
        .after(ask(other))
        .after(yes("otto", 5))
        .when(Command::ApproveAdjustment(second))
        .then_rejected(Rejection::SuspenseTooLow {
            reference: reference(),
            available: eur(300),
        });
}

#[test]
fn what_the_ledger_refuses_is_in_suspense_again() {
    let state = scenario([suspended(500, "e1")])
        .after(ask(out_of_suspense(500)))
        .after(yes("otto", 5))
        .after(told(Some("credits_blocked")))
        .state();
    let key = ("invoice-7".to_owned(), kernel::Currency::Eur);
    assert_eq!(state.unclaimed_minor.get(&key), Some(&500));
}

#[derive(Clone, Debug)]
enum Step {
    Propose { person: usize, minor: i64 },
    Approve(usize),
    Decline(usize),
    Tell { refused: bool },
    Come(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_usize, 1..400_i64).prop_map(|(person, minor)| Step::Propose { person, minor }),
        (0..3_usize).prop_map(Step::Approve),
        (0..3_usize).prop_map(Step::Decline),
        any::<bool>().prop_map(|refused| Step::Tell { refused }),
        (1..300_i64).prop_map(Step::Come),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever is said in whatever order: nothing moves without two persons, and what leaves
    /// suspense came before.
    #[test]
    fn two_persons_and_no_more_than_there_is(steps in steps()) {
        let persons = ["olga", "otto", "anna"];
        let (mut state, mut number) = (State::default(), 0_u64);
        let (mut came, mut left) = (0_i64, 0_i64);
        for step in steps {
            let id = AdjustmentId::example(number, PARTITION);
            let answer = |person: usize| {
                let mut said = said(persons[person], 5);
                said.adjustment = id;
                said
            };
            let command = match step {
                Step::Propose { person, minor } => {
                    number += 1;
                    let mut what = out_of_suspense(minor);
                    what.id = AdjustmentId::example(number, PARTITION);
                    let by = persons[person].to_owned();
                    Command::ProposeAdjustment(ProposeAdjustment { adjustment: what, by, now: at(0) })
                }
                Step::Approve(person) => Command::ApproveAdjustment(answer(person)),
                Step::Decline(person) => Command::DeclineAdjustment(answer(person)),
                Step::Tell { refused } => Command::NoticeBookings(vec![BookingNotice {
                    adjustment: id,
                    refused: refused.then(|| "insufficient_funds".to_owned()),
                }]),
                Step::Come(minor) => {
                    came += minor;
                    let event = format!("e{came}");
                    state.evolve(&suspended(minor, &event));
                    continue;
                }
            };
            let events = <crate::decide::Payments as kernel::Decider>::decide(&state, &command);
            for event in events.unwrap_or_default() {
                if let Event::AdjustmentApproved(answered) = &event {
                    prop_assert_ne!(&answered.proposal.by, &answered.answer.by);
                    left += answered.proposal.what.amount.minor();
                }
                if let Event::AdjustmentRefused { answered, .. } = &event {
                    left -= answered.proposal.what.amount.minor();
                }
                state.evolve(&event);
            }
            prop_assert!(left <= came);
        }
        let unclaimed: i64 = state.unclaimed_minor.values().sum();
        prop_assert_eq!(unclaimed, came - left);
    }
}
