//! Heartbeats, silent sources, and the suspension of what they leave in doubt.

use super::*;
use crate::command::FeedSuspension;
use crate::event::Doubt;
use crate::source::SWEEP_PART;
use crate::state::{DueAct, HEARTBEAT_EVERY, SOURCE_SILENT_AFTER};
use kernel::Duration;

const NOON: Timestamp = Timestamp::from_millis(1_000_000);

fn beat(at: Timestamp) -> Event {
    Event::HeartbeatSent { at }
}

fn went_silent() -> Event {
    Event::SourceWentSilent {
        source: "acme".to_owned(),
        last_heard_at: NOON,
    }
}

fn silent_market() -> Odd {
    after_open([beat(NOON), went_silent()])
}

fn in_doubt(version: u64) -> Event {
    suspended(version, SuspensionCause::Doubt(Doubt::SourceSilent))
}

#[test]
fn the_first_heartbeat_is_due_at_once_and_then_regularly() {
    let due = Odd::given([]).state().next_due().unwrap();
    assert_eq!(
        (due.at, due.what),
        (Timestamp::default(), DueAct::Heartbeat)
    );
    let due = Odd::given([beat(NOON)]).state().next_due().unwrap();
    assert_eq!(due.at, NOON.plus(HEARTBEAT_EVERY));
    Odd::given([])
        .when(Command::SendHeartbeat { at: NOON })
        .then([beat(NOON)]);
}

#[test]
fn silence_is_due_after_the_heartbeat_that_followed_the_last_message() {
    let due_silence = |events: Vec<Event>| {
        let mut state = after_open(events).state();
        // Without its heartbeat the partition has nothing else to wait for.
        state.heartbeat_at = Some(Timestamp::MAX);
        state.next_due().unwrap()
    };
    let due = due_silence(vec![beat(NOON)]);
    assert_eq!(due.at, NOON.plus(SOURCE_SILENT_AFTER));
    assert_eq!(due.what, DueAct::Silence("acme".to_owned()));
    let later = NOON.plus(Duration::from_secs(9));
    let due = due_silence(vec![beat(NOON), advanced(4), beat(later)]);
    assert_eq!(due.at, later.plus(SOURCE_SILENT_AFTER));
    // Heard since: nobody knows yet how long ago.
    assert_eq!(
        due_silence(vec![beat(NOON), advanced(4)]).what,
        DueAct::Heartbeat
    );
    assert_eq!(
        due_silence(vec![beat(NOON), went_silent()]).what,
        DueAct::Heartbeat
    );
}

fn notice() -> Command {
    Command::NoteSilence {
        source: "acme".to_owned(),
    }
}

fn sweep() -> Command {
    Command::SuspendDoubted {
        source: "acme".to_owned(),
    }
}

#[test]
fn a_silent_source_is_named_once() {
    after_open([beat(NOON)])
        .when(notice())
        .then([went_silent()]);
    silent_market().when(notice()).then_nothing();
    Odd::given([]).when(notice()).then_nothing();
}

#[test]
fn the_markets_of_a_silent_source_are_suspended() {
    let due = silent_market().state().next_sweep().unwrap();
    assert_eq!((due.number, due.part, due.source.as_str()), (1, 1, "acme"));
    silent_market().when(sweep()).then([in_doubt(3)]);
    let state = after_open([beat(NOON), went_silent(), in_doubt(3)]).state();
    assert_eq!(state.next_sweep(), None);
}

#[test]
fn what_its_source_has_stopped_needs_no_doubt() {
    let state = after_open([suspended(3, by_source("goal")), beat(NOON), went_silent()]).state();
    assert_eq!(state.next_sweep(), None);
}

#[test]
fn what_an_operator_has_stopped_is_doubted_all_the_same() {
    after_open([suspended(3, by_operator()), beat(NOON), went_silent()])
        .when(sweep())
        .then([in_doubt(4)]);
}

#[test]
fn an_operators_stop_does_not_save_a_market_from_doubt() {
    after_open([beat(NOON), went_silent(), suspended(3, by_operator())])
        .when(sweep())
        .then([in_doubt(4)]);
}

#[test]
fn many_markets_are_suspended_in_parts() {
    let count = u64::from(SWEEP_PART) * 2 + 1;
    let many = (0..count).map(|n| offered(MarketId::example(1_000 + n, 0)));
    let mut state = Odd::given(
        [announced(), advanced(1)]
            .into_iter()
            .chain(many)
            .chain([beat(NOON), went_silent()]),
    )
    .state();
    let parts = sweep_all(&mut state);
    let part = usize::try_from(SWEEP_PART).unwrap();
    assert_eq!(parts, [(1, part), (2, part), (3, 1)]);
    assert!(
        state
            .markets
            .values()
            .all(|market| market.doubt == Some(Doubt::SourceSilent))
    );
}

/// Which parts there were, and how many events each had.
fn sweep_all(state: &mut crate::State) -> Vec<(u32, usize)> {
    let mut parts = Vec::new();
    while let Some(due) = state.next_sweep() {
        let events = Odds::decide(state, &sweep()).unwrap();
        parts.push((due.part, events.len()));
        for event in &events {
            Odds::evolve(state, event);
        }
    }
    parts
}

#[test]
fn what_is_missing_stops_one_part_at_once_and_the_others_after_it() {
    let part = usize::try_from(SWEEP_PART).unwrap();
    let many = (0..u64::from(SWEEP_PART) * 2 + 1).map(|n| offered(MarketId::example(1_000 + n, 0)));
    let before = [announced(), advanced(1)].into_iter().chain(many);
    let mut state = Odd::given(before).state();
    let events = Odds::decide(&state, &said(2, Update::MissMessages)).unwrap();
    // With the doubt itself and the count.
    assert_eq!(events.len(), part + 2);
    for event in &events {
        Odds::evolve(&mut state, event);
    }
    assert_eq!(sweep_all(&mut state), [(2, part), (3, 1)]);
    let missing = Some(Doubt::MessagesMissing);
    assert!(state.markets.values().all(|market| market.doubt == missing));
}

#[test]
fn a_source_that_speaks_again_is_named_and_its_book_ends_the_doubt() {
    let returned = Event::SourceReturned {
        source: "acme".to_owned(),
    };
    let silent = || after_open([beat(NOON), went_silent(), in_doubt(3)]);
    silent()
        .when(said(4, Update::Alive))
        .then([returned.clone(), advanced(4)]);
    silent()
        .when(said(4, quote(BOOK)))
        .then([returned, resumed(4, None), advanced(4)]);
}

#[test]
fn a_book_that_comes_before_the_suspension_saves_its_market() {
    let book = published(3, BOOK, 4);
    let returned = Event::SourceReturned {
        source: "acme".to_owned(),
    };
    silent_market()
        .when(said(4, quote(BOOK)))
        .then([returned.clone(), book.clone(), advanced(4)]);
    let state = after_open([beat(NOON), went_silent(), returned, book, advanced(4)]).state();
    assert_eq!(state.next_sweep(), None);
}

#[test]
fn a_stop_by_the_source_replaces_the_doubt() {
    let stop = Update::Suspend {
        fixture: FIXTURE,
        market: Some(MARKET),
        reason: FeedSuspension::Stated("goal".to_owned()),
    };
    let state = after_open([beat(NOON), in_doubt(3)])
        .after(said(4, stop))
        .state();
    let market = &state.markets[&MARKET];
    assert_eq!(market.doubt, None);
    assert_eq!(market.stopped_by_source.as_deref(), Some("goal"));
}
