//! Sources that know that they are not up to date.

use super::*;
use crate::command::FeedSuspension;
use crate::event::Doubt;

fn down() -> Event {
    Event::SourceWentDown {
        source: "acme".to_owned(),
        reason: "no alive for 15 s".to_owned(),
    }
}

fn up() -> Event {
    Event::SourceCameUp {
        source: "acme".to_owned(),
    }
}

fn go_down() -> Update {
    Update::GoDown {
        reason: "no alive for 15 s".to_owned(),
    }
}

fn in_doubt(version: u64) -> Event {
    suspended(version, SuspensionCause::Doubt(Doubt::SourceDown))
}

fn sweep() -> Command {
    Command::SuspendDoubted {
        source: "acme".to_owned(),
    }
}

/// Down, and its market suspended.
fn down_and_swept(more: impl IntoIterator<Item = Event>) -> Odd {
    let events = [down(), advanced(4), in_doubt(3)];
    after_open(events.into_iter().chain(more))
}

#[test]
fn a_source_goes_down_once() {
    after_open([])
        .when(said(4, go_down()))
        .then([down(), advanced(4)]);
    after_open([down(), advanced(4)])
        .when(said(5, go_down()))
        .then([advanced(5)]);
}

#[test]
fn a_source_may_begin_by_being_down() {
    Odd::given([])
        .when(said(1, go_down()))
        .then([down(), advanced(1)]);
}

#[test]
fn its_markets_are_suspended() {
    after_open([down(), advanced(4)])
        .when(sweep())
        .then([in_doubt(3)]);
}

#[test]
fn while_it_is_down_a_book_is_published_and_ends_no_doubt() {
    let book = ["2.4", "3.4", "3.0"];
    down_and_swept([])
        .when(said(5, quote(book)))
        .then([published(4, book, 5), advanced(5)]);
    down_and_swept([])
        .when(said(5, quote(BOOK)))
        .then([advanced(5)]);
}

#[test]
fn a_book_that_comes_before_the_suspension_does_not_save_its_market() {
    let book = ["2.4", "3.4", "3.0"];
    after_open([down(), advanced(4), published(3, book, 5), advanced(5)])
        .when(sweep())
        .then([in_doubt(4)]);
}

#[test]
fn while_it_is_down_going_on_leaves_the_doubt() {
    let go = || Update::Resume {
        fixture: FIXTURE,
        market: None,
    };
    down_and_swept([]).when(said(5, go())).then([advanced(5)]);
    after_open([suspended(3, by_source("goal")), down(), advanced(4)])
        .when(said(5, go()))
        .then([resumed(4, None), in_doubt(5), advanced(5)]);
}

#[test]
fn a_market_offered_while_it_is_down_is_in_doubt() {
    down_and_swept([])
        .when(said(5, Update::OfferMarket(offer_of(OTHER_MARKET))))
        .then([
            offered(OTHER_MARKET),
            Event::MarketSuspended {
                market: OTHER_MARKET,
                version: 2,
                cause: SuspensionCause::Doubt(Doubt::SourceDown),
            },
            advanced(5),
        ]);
}

#[test]
fn results_are_taken_while_it_is_down() {
    let settle = Update::Settle {
        market: MARKET,
        outcomes: results(HOME_WON),
    };
    down_and_swept([])
        .when(said(5, settle))
        .then([resulted(4, 1, HOME_WON, None), advanced(5)]);
}

#[test]
fn it_comes_up_once_and_opens_nothing_by_that() {
    down_and_swept([])
        .when(said(5, Update::ComeUp))
        .then([up(), advanced(5)]);
    down_and_swept([up(), advanced(5)])
        .when(said(6, Update::ComeUp))
        .then([advanced(6)]);
}

#[test]
fn once_it_is_up_its_next_word_on_a_market_opens_it() {
    down_and_swept([up(), advanced(5)])
        .when(said(6, quote(BOOK)))
        .then([resumed(4, None), advanced(6)]);
}

#[test]
fn a_stop_by_a_source_that_is_down_outlives_its_return() {
    let stop = Update::Suspend {
        fixture: FIXTURE,
        market: Some(MARKET),
        reason: FeedSuspension::Stated("goal".to_owned()),
    };
    down_and_swept([])
        .when(said(5, stop))
        .then([suspended(4, by_source("goal")), advanced(5)]);
    down_and_swept([suspended(4, by_source("goal")), up(), advanced(6)])
        .when(said(7, quote(BOOK)))
        .then([advanced(7)]);
}

#[test]
fn a_rival_that_is_up_is_not_touched() {
    let rivals = Event::MarketOffered {
        offer: offer_of(OTHER_MARKET),
        source: "rival".to_owned(),
        version: 1,
    };
    let state = after_open([rivals, down(), advanced(4)]).state();
    let sources = &state.sources;
    assert_eq!(sources["acme"].doubted.len(), 1);
    assert!(sources["rival"].doubted.is_empty());
}

const PREMATCH: &str = "uof/3";
const LIVE: &str = "uof/1";

/// A market that the producer before the match offered and priced.
fn prematch(more: impl IntoIterator<Item = Event>) -> Odd {
    let advanced = |source: &str, sequence| Event::SourceAdvanced {
        source: source.to_owned(),
        sequence,
    };
    let book = Event::BookPublished {
        market: MARKET,
        version: 2,
        prices: prices(BOOK),
        source: PREMATCH.to_owned(),
        source_sequence: 2,
        published_at: SAID_AT,
    };
    let offered = Event::MarketOffered {
        offer: offer_of(MARKET),
        source: PREMATCH.to_owned(),
        version: 1,
    };
    let events = [announced(), offered, advanced(PREMATCH, 1), book];
    Scenario::given(events.into_iter().chain(more))
}

fn live_book(version: u64) -> Event {
    Event::BookPublished {
        market: MARKET,
        version,
        prices: prices(BOOK),
        source: LIVE.to_owned(),
        source_sequence: 1,
        published_at: SAID_AT,
    }
}

fn live_advanced() -> Event {
    Event::SourceAdvanced {
        source: LIVE.to_owned(),
        sequence: 1,
    }
}

#[test]
fn a_source_of_the_family_takes_a_market_over_with_its_first_book() {
    prematch([])
        .when(said_by(LIVE, 1, quote(BOOK)))
        .then([live_book(3), live_advanced()]);
    let state = prematch([live_book(3), live_advanced()]).state();
    assert_eq!(state.markets[&MARKET].source, LIVE);
    assert!(state.sources[LIVE].live.contains(&MARKET));
    assert!(!state.sources[PREMATCH].live.contains(&MARKET));
}

#[test]
fn what_is_taken_over_by_a_source_that_is_down_is_in_doubt() {
    let down = Event::SourceWentDown {
        source: LIVE.to_owned(),
        reason: "not recovered yet".to_owned(),
    };
    prematch([down]).when(said_by(LIVE, 1, quote(BOOK))).then([
        live_book(3),
        in_doubt(4),
        live_advanced(),
    ]);
}

#[test]
fn a_name_without_a_family_is_nobodys_kin() {
    use crate::source::are_kin;
    assert!(are_kin("acme", "acme") && are_kin("uof/1", "uof/3"));
    for (one, other) in [("uof", "uof/1"), ("uof/1", "uo/1"), ("acme", "rival")] {
        assert!(!are_kin(one, other));
    }
}
