//! Obviously wrong prices: one person proposes, another one approves.

use super::*;
use crate::rejection::Rejection;
use crate::ruling::{Mistake, MistakenPrice, RulingRules};
use kernel::Proposal;

const ANN: &str = "ann";
const BOB: &str = "bob";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn wrong(selection: SelectionId, shown: &str, right: &str) -> MistakenPrice {
    MistakenPrice {
        selection,
        shown: shown.parse().unwrap(),
        right: right.parse().unwrap(),
    }
}

/// 21 shown for 2.1 between two moments.
fn mistake() -> Mistake {
    Mistake {
        from: at(10),
        until: at(20),
        prices: vec![wrong(HOME, "21", "2.1")],
        reason: "the point was left out".to_owned(),
    }
}

fn propose(mistake: Mistake, now: i64) -> Command {
    Command::ProposeRuling {
        market: MARKET,
        mistake,
        by: ANN.to_owned(),
        at: at(now),
    }
}

fn approve(by: &str, now: Timestamp) -> Command {
    Command::ApproveRuling {
        market: MARKET,
        ruling: 1,
        reason: "seen the same".to_owned(),
        by: by.to_owned(),
        at: now,
    }
}

fn proposal() -> Proposal<Mistake> {
    Proposal {
        what: mistake(),
        by: ANN.to_owned(),
        proposed_at: at(30),
        lapses_at: at(30).plus(RulingRules::PRESENT.lapses_after),
    }
}

fn proposed(ruling: u32) -> Event {
    Event::RulingProposed {
        market: MARKET,
        ruling,
        rules_version: 1,
        proposal: proposal(),
    }
}

fn approved() -> Event {
    Event::RulingApproved {
        market: MARKET,
        ruling: 1,
        proposal: proposal(),
        reason: "seen the same".to_owned(),
        by: BOB.to_owned(),
        approved_at: at(40),
    }
}

#[test]
fn a_proposal_is_recorded_with_its_evidence_and_numbered() {
    after_open([])
        .when(propose(mistake(), 30))
        .then([proposed(1)]);
    after_open([proposed(1)])
        .when(propose(mistake(), 30))
        .then([proposed(2)]);
}

#[test]
fn another_person_approves_it_with_the_same_evidence() {
    after_open([proposed(1)])
        .when(approve(BOB, at(40)))
        .then([approved()]);
}

#[test]
fn nobody_approves_their_own() {
    after_open([proposed(1)])
        .when(approve(ANN, at(40)))
        .then_rejected(Rejection::OwnProposal);
}

#[test]
fn a_proposal_lapses() {
    let lapsed_at = proposal().lapses_at;
    after_open([proposed(1)])
        .when(approve(BOB, lapsed_at))
        .then_rejected(Rejection::ProposalLapsed { lapsed_at });
}

#[test]
fn approved_again_changes_nothing() {
    after_open([proposed(1), approved()])
        .when(approve("eve", at(50)))
        .then_nothing();
}

#[test]
fn what_was_not_proposed_is_not_approved() {
    after_open([])
        .when(approve(BOB, at(40)))
        .then_rejected(Rejection::RulingUnknown(1));
}

#[test]
fn one_and_a_half_times_the_right_price_is_obviously_wrong() {
    let of = |shown| Mistake {
        prices: vec![wrong(HOME, shown, "2")],
        ..mistake()
    };
    after_open([])
        .when(propose(of("2.99"), 30))
        .then_rejected(Rejection::PriceNotObviouslyWrong(HOME));
    let recorded = after_open([]).when(propose(of("3"), 30)).events();
    assert_eq!(recorded.len(), 1);
}

#[test]
fn a_proposal_needs_prices_of_the_market_and_a_stretch_that_is_over() {
    let none = Mistake {
        prices: vec![],
        ..mistake()
    };
    after_open([])
        .when(propose(none, 30))
        .then_rejected(Rejection::PricesMissing);
    let stranger = SelectionId::example(999, 0);
    let other = Mistake {
        prices: vec![wrong(stranger, "21", "2.1")],
        ..mistake()
    };
    after_open([])
        .when(propose(other, 30))
        .then_rejected(Rejection::SelectionUnknown(stranger));
    after_open([])
        .when(propose(mistake(), 19))
        .then_rejected(Rejection::StretchNotOver);
    let turned = Mistake {
        from: at(21),
        ..mistake()
    };
    after_open([])
        .when(propose(turned, 30))
        .then_rejected(Rejection::StretchNotOver);
}

#[test]
fn both_need_a_reason() {
    let silent = Mistake {
        reason: " ".to_owned(),
        ..mistake()
    };
    after_open([])
        .when(propose(silent, 30))
        .then_rejected(Rejection::ReasonMissing);
    let approve = Command::ApproveRuling {
        market: MARKET,
        ruling: 1,
        reason: String::new(),
        by: BOB.to_owned(),
        at: at(40),
    };
    after_open([proposed(1)])
        .when(approve)
        .then_rejected(Rejection::ReasonMissing);
}
