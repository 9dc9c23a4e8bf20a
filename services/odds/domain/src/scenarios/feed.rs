//! What feed sources may say, and what becomes of it.

use super::*;
use crate::command::{FeedSuspension, FixtureProgress, FixtureStatus};
use crate::event::Doubt;
use crate::outcome::Score;
use crate::rejection::Rejection;
use kernel::Duration;

fn stop(market: Option<MarketId>, reason: &str) -> Update {
    Update::Suspend {
        fixture: FIXTURE,
        market,
        reason: FeedSuspension::Stated(reason.to_owned()),
    }
}

fn go(market: Option<MarketId>) -> Update {
    Update::Resume {
        fixture: FIXTURE,
        market,
    }
}

fn settle(outcomes: [Outcome; 3]) -> Update {
    Update::Settle {
        market: MARKET,
        outcomes: results(outcomes),
    }
}

#[test]
fn a_fixture_is_announced_once() {
    let announce = || Update::AnnounceFixture(description());
    Odd::given([])
        .when(said(1, announce()))
        .then([announced(), advanced(1)]);
    Odd::given([announced(), advanced(1)])
        .when(said(2, announce()))
        .then([advanced(2)]);
}

#[test]
fn a_fixture_that_moves_is_announced_again() {
    let moved = FixtureDescription {
        starts_at: Timestamp::from_millis(9_000),
        ..description()
    };
    Odd::given([announced(), advanced(1)])
        .when(said(2, Update::AnnounceFixture(moved.clone())))
        .then([Event::FixtureAnnounced(moved), advanced(2)]);
}

#[test]
fn a_fixture_moves_on() {
    let progress = FixtureProgress {
        fixture: FIXTURE,
        status: FixtureStatus::InPlay,
        score: Some(Score::new(1, 0)),
        minute: Some(12),
    };
    Odd::given([announced(), advanced(1)])
        .when(said(2, Update::ProgressFixture(progress.clone())))
        .then([Event::FixtureProgressed(progress.clone()), advanced(2)]);
    Odd::given([
        announced(),
        Event::FixtureProgressed(progress.clone()),
        advanced(2),
    ])
    .when(said(3, Update::ProgressFixture(progress)))
    .then([advanced(3)]);
}

#[test]
fn a_market_needs_its_fixture() {
    Odd::given([])
        .when(said(1, Update::OfferMarket(offer_of(MARKET))))
        .then_rejected(Rejection::FixtureUnknown(FIXTURE));
}

#[test]
fn a_market_is_offered_once() {
    let offer = || Update::OfferMarket(offer_of(MARKET));
    Odd::given([announced(), advanced(1)])
        .when(said(2, offer()))
        .then([offered(MARKET), advanced(2)]);
    after_open([]).when(said(4, offer())).then([advanced(4)]);
}

#[test]
fn a_market_keeps_its_selections() {
    let mut other = offer_of(MARKET);
    other.selections.pop();
    after_open([])
        .when(said(4, Update::OfferMarket(other)))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "offered with other selections",
        });
}

#[test]
fn a_book_is_a_new_version() {
    after_open([])
        .when(said(4, quote(["2.4", "3.4", "3.0"])))
        .then([published(3, ["2.4", "3.4", "3.0"], 4), advanced(4)]);
}

#[test]
fn the_same_book_again_is_no_new_version() {
    after_open([])
        .when(said(4, quote(BOOK)))
        .then([advanced(4)]);
}

#[test]
fn a_selection_that_a_book_leaves_out_has_no_price() {
    let partial = Update::QuoteBook {
        market: MARKET,
        prices: prices(BOOK).into_iter().take(2).collect(),
    };
    after_open([])
        .when(said(4, partial))
        .then([published(3, ["2.5", "3.4", "none"], 4), advanced(4)]);
}

#[test]
fn a_book_names_only_selections_of_its_market() {
    let stranger = SelectionId::example(999, 0);
    let update = Update::QuoteBook {
        market: MARKET,
        prices: vec![SelectionPrice {
            selection: stranger,
            price: None,
        }],
    };
    after_open([])
        .when(said(4, update))
        .then_rejected(Rejection::SelectionUnknown(stranger));
}

#[test]
fn a_book_needs_its_market() {
    Odd::given([])
        .when(said(1, quote(BOOK)))
        .then_rejected(Rejection::MarketUnknown(MARKET));
}

#[test]
fn only_the_source_that_offered_a_market_may_price_it() {
    after_open([])
        .when(said_by("rival", 1, quote(BOOK)))
        .then_rejected(Rejection::SourceNotOwner {
            owner: "acme".to_owned(),
        });
}

#[test]
fn a_stop_of_the_fixture_stops_its_own_markets_only() {
    let rival = MarketId::example(12, 0);
    let rivals = Event::MarketOffered {
        offer: offer_of(rival),
        source: "rival".to_owned(),
        version: 1,
    };
    after_open([rivals, offered(OTHER_MARKET)])
        .when(said(4, stop(None, "goal")))
        .then([
            suspended(3, by_source("goal")),
            Event::MarketSuspended {
                market: OTHER_MARKET,
                version: 2,
                cause: by_source("goal"),
            },
            advanced(4),
        ]);
}

#[test]
fn a_stop_again_for_the_same_reason_changes_nothing() {
    after_open([suspended(3, by_source("goal"))])
        .when(said(4, stop(Some(MARKET), "goal")))
        .then([advanced(4)]);
}

#[test]
fn going_on_lifts_the_sources_stop() {
    after_open([suspended(3, by_source("goal"))])
        .when(said(4, go(None)))
        .then([resumed(4, None), advanced(4)]);
    after_open([]).when(said(4, go(None))).then([advanced(4)]);
}

#[test]
fn a_book_does_not_lift_the_sources_stop() {
    after_open([suspended(3, by_source("goal"))])
        .when(said(4, quote(["2", "3", "4"])))
        .then([published(4, ["2", "3", "4"], 4), advanced(4)]);
}

#[test]
fn going_on_leaves_an_operators_stop() {
    after_open([suspended(3, by_operator()), suspended(4, by_source("goal"))])
        .when(said(4, go(Some(MARKET))))
        .then([resumed(5, None), suspended(6, by_operator()), advanced(4)]);
}

#[test]
fn missing_messages_are_a_doubt_that_a_book_ends() {
    let doubt = SuspensionCause::Doubt(Doubt::MessagesMissing);
    let missing = Update::Suspend {
        fixture: FIXTURE,
        market: None,
        reason: FeedSuspension::MessagesMissing,
    };
    after_open([])
        .when(said(4, missing))
        .then([suspended(3, doubt.clone()), advanced(4)]);
    after_open([suspended(3, doubt.clone())])
        .when(said(4, quote(BOOK)))
        .then([resumed(4, None), advanced(4)]);
    after_open([suspended(3, doubt)])
        .when(said(4, quote(["2", "3", "4"])))
        .then([
            published(4, ["2", "3", "4"], 4),
            resumed(5, None),
            advanced(4),
        ]);
}

#[test]
fn a_market_turns_in_play_once_for_each_delay() {
    let turn = |secs| Update::TurnInPlay {
        market: MARKET,
        bet_delay: Duration::from_secs(secs),
    };
    let turned = |version, secs| Event::MarketTurnedInPlay {
        market: MARKET,
        version,
        bet_delay: Duration::from_secs(secs),
    };
    after_open([])
        .when(said(4, turn(5)))
        .then([turned(3, 5), advanced(4)]);
    after_open([turned(3, 5)])
        .when(said(4, turn(5)))
        .then([advanced(4)]);
    after_open([turned(3, 5)])
        .when(said(4, turn(8)))
        .then([turned(4, 8), advanced(4)]);
}

fn closed(version: u64) -> Event {
    Event::MarketClosed {
        market: MARKET,
        version,
    }
}

#[test]
fn a_closed_market_takes_notice_of_nothing_but_its_result() {
    after_open([])
        .when(said(4, Update::Close { market: MARKET }))
        .then([closed(3), advanced(4)]);
    for late in [
        Update::Close { market: MARKET },
        quote(["2", "3", "4"]),
        stop(None, "goal"),
        go(None),
    ] {
        after_open([closed(3)])
            .when(said(4, late))
            .then([advanced(4)]);
    }
    after_open([closed(3)])
        .when(said(4, settle(HOME_WON)))
        .then([resulted(4, 1, HOME_WON, None), advanced(4)]);
}

#[test]
fn a_result_closes_an_open_market() {
    after_open([])
        .when(said(4, settle(HOME_WON)))
        .then([resulted(3, 1, HOME_WON, None), advanced(4)]);
}

#[test]
fn the_same_result_again_changes_nothing() {
    after_open([resulted(3, 1, HOME_WON, None)])
        .when(said(4, settle(HOME_WON)))
        .then([advanced(4)]);
}

#[test]
fn another_result_needs_a_rollback_first() {
    let settled = Rejection::MarketNotInState {
        market: MARKET,
        state: "settled",
    };
    after_open([resulted(3, 1, HOME_WON, None)])
        .when(said(4, settle(AWAY_WON)))
        .then_rejected(settled);
}

fn rolled_back(version: u64) -> Event {
    Event::ResultRolledBack {
        market: MARKET,
        version,
        result: 1,
        reason: "wrong match".to_owned(),
        by: None,
    }
}

#[test]
fn a_result_is_rolled_back_and_the_next_one_has_the_next_number() {
    let roll_back = || Update::RollBack {
        market: MARKET,
        reason: "wrong match".to_owned(),
    };
    let decided = [resulted(3, 1, HOME_WON, None)];
    after_open(decided.clone())
        .when(said(4, roll_back()))
        .then([rolled_back(4), advanced(4)]);
    let [first] = decided;
    after_open([first, rolled_back(4), advanced(4)])
        .when(said(5, settle(AWAY_WON)))
        .then([resulted(5, 2, AWAY_WON, None), advanced(5)]);
    after_open([])
        .when(said(4, roll_back()))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "open",
        });
}

#[test]
fn outcomes_cover_the_selections_and_do_not_contradict_each_other() {
    use Outcome::{DeadHeat, HalfWon, Lost, Void, Won};
    let shared = DeadHeat { places: 1, tied: 2 };
    for outcomes in [
        [Won, Won, Lost],
        [Lost, Lost, Lost],
        [Won, Void, Lost],
        [HalfWon, Lost, Lost],
        [shared, shared, Lost],
    ] {
        after_open([])
            .when(said(4, settle(outcomes)))
            .then_rejected(Rejection::OutcomesIncomplete(
                "one selection wins and the others lose, or all are void",
            ));
    }
    let some = |outcomes: Vec<SelectionResult>| {
        said(
            4,
            Update::Settle {
                market: MARKET,
                outcomes,
            },
        )
    };
    let two: Vec<_> = results(HOME_WON).into_iter().take(2).collect();
    after_open([])
        .when(some(two.clone()))
        .then_rejected(Rejection::OutcomesIncomplete("a selection is missing"));
    after_open([])
        .when(some([two.clone(), two].concat()))
        .then_rejected(Rejection::OutcomesIncomplete("a selection is named twice"));
    after_open([])
        .when(said(4, settle([Void, Void, Void])))
        .then([resulted(3, 1, [Void, Void, Void], None), advanced(4)]);
}

#[test]
fn outcomes_of_lines_are_opposites_and_winners_may_share() {
    use Outcome::{DeadHeat, HalfLost, HalfWon, Lost, Void, Won};
    let judged = |kind, outcomes: &[Outcome]| {
        let selections = [HOME, DRAW, AWAY];
        let named: Vec<_> = selections
            .into_iter()
            .zip(outcomes)
            .map(|(selection, &outcome)| SelectionResult { selection, outcome })
            .collect();
        crate::result::complete(kind, &selections[..outcomes.len()], &named).is_ok()
    };
    let line = MarketKind::AsianHandicap(crate::outcome::Line::from_quarters(-3));
    assert!(judged(line, &[HalfWon, HalfLost]) && judged(line, &[Lost, Won]));
    assert!(judged(line, &[Void, Void]));
    assert!(!judged(line, &[Won, HalfLost]) && !judged(line, &[Won, Won]));
    let shared = DeadHeat { places: 1, tied: 2 };
    let winner = MarketKind::Winner;
    assert!(judged(winner, &[shared, shared, Lost]) && judged(winner, &[Won, Void, Lost]));
    assert!(!judged(winner, &[Lost, Void, Lost]) && !judged(winner, &[HalfWon, Lost, Lost]));
    let unshared = DeadHeat { places: 2, tied: 2 };
    assert!(!judged(winner, &[unshared, unshared, Lost]));
}

#[test]
fn a_repeated_message_is_refused() {
    for sequence in [0, 1, 3] {
        after_open([])
            .when(said(sequence, quote(["2", "3", "4"])))
            .then_rejected(Rejection::SequenceRepeated { last: 3 });
    }
}

#[test]
fn a_gap_is_named_and_the_message_taken() {
    for got in [5, 7] {
        let gap = Event::SourceGapSeen {
            source: "acme".to_owned(),
            expected: 4,
            got,
        };
        after_open([])
            .when(said(got, Update::Alive))
            .then([gap, advanced(got)]);
    }
}

#[test]
fn what_is_missing_puts_every_live_market_in_doubt_until_its_source_speaks_of_it() {
    let doubted = || Event::SourceDoubted {
        source: "acme".to_owned(),
    };
    let sweep = || Command::SuspendDoubted {
        source: "acme".to_owned(),
    };
    let doubt = SuspensionCause::Doubt(Doubt::MessagesMissing);
    after_open([]).when(said(4, Update::MissMessages)).then([
        doubted(),
        suspended(3, doubt.clone()),
        advanced(4),
    ]);
    let in_doubt = || [doubted(), suspended(3, doubt.clone()), advanced(4)];
    after_open(in_doubt()).when(sweep()).then_nothing();
    after_open(in_doubt())
        .when(said(5, Update::MissMessages))
        .then([advanced(5)]);
    after_open(in_doubt())
        .when(said(5, quote(["2.4", "3.4", "3.0"])))
        .then([
            published(4, ["2.4", "3.4", "3.0"], 5),
            resumed(5, None),
            advanced(5),
        ]);
    Odd::given([])
        .when(said(1, Update::MissMessages))
        .then([advanced(1)]);
}

#[test]
fn sources_count_for_themselves() {
    after_open([])
        .when(said_by("rival", 1, Update::Alive))
        .then([Event::SourceAdvanced {
            source: "rival".to_owned(),
            sequence: 1,
        }]);
}
