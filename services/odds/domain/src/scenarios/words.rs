//! Words on results and on windows of bets, in whatever order they arrive.

use super::*;
use crate::command::{Certainty, Window};
use crate::event::ResultWord;
use crate::market::Phase;
use crate::rejection::Rejection;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Message `sequence`, said at that millisecond.
fn told(sequence: u64, millis: i64, update: Update) -> Command {
    Command::ApplyFeedMessage(FeedMessage {
        source: "acme".to_owned(),
        sequence,
        published_at: at(millis),
        update,
    })
}

fn state(outcomes: [Outcome; 3], certainty: Certainty) -> Update {
    Update::StateResult {
        market: MARKET,
        outcomes: results(outcomes),
        certainty,
    }
}

fn live(outcomes: [Outcome; 3]) -> Update {
    state(outcomes, Certainty::Live)
}

fn confirmed(outcomes: [Outcome; 3]) -> Update {
    state(outcomes, Certainty::Confirmed)
}

fn withdraw() -> Update {
    Update::WithdrawResult {
        market: MARKET,
        reason: "wrong match".to_owned(),
    }
}

fn word(millis: i64, word: ResultWord) -> Event {
    Event::ResultWordTaken {
        market: MARKET,
        said_at: at(millis),
        word,
    }
}

fn rolled_back(version: u64, result: u32, reason: &str) -> Event {
    Event::ResultRolledBack {
        market: MARKET,
        version,
        result,
        reason: reason.to_owned(),
        by: None,
    }
}

/// A live result that was said at 10.
fn live_result() -> Vec<Event> {
    vec![
        resulted(3, 1, HOME_WON, None),
        word(10, ResultWord::Live),
        advanced(4),
    ]
}

#[test]
fn a_live_result_settles() {
    after_open([])
        .when(told(4, 10, live(HOME_WON)))
        .then(live_result());
}

#[test]
fn the_same_word_again_changes_nothing() {
    after_open(live_result())
        .when(told(5, 10, live(HOME_WON)))
        .then([advanced(5)]);
}

#[test]
fn a_confirmation_of_the_same_result_is_noted() {
    after_open(live_result())
        .when(told(5, 20, confirmed(HOME_WON)))
        .then([word(20, ResultWord::Confirmed), advanced(5)]);
}

#[test]
fn a_confirmation_of_another_result_replaces_the_live_one() {
    after_open(live_result())
        .when(told(5, 20, confirmed(AWAY_WON)))
        .then([
            rolled_back(4, 1, crate::words::REPLACED),
            resulted(5, 2, AWAY_WON, None),
            word(20, ResultWord::Confirmed),
            advanced(5),
        ]);
}

#[test]
fn an_older_word_is_passed_over() {
    after_open(live_result())
        .when(told(5, 9, confirmed(AWAY_WON)))
        .then([advanced(5)]);
    after_open(live_result())
        .when(told(5, 9, withdraw()))
        .then([advanced(5)]);
}

#[test]
fn two_results_of_one_instant_contradict_each_other() {
    after_open(live_result())
        .when(told(5, 10, live(AWAY_WON)))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "settled",
        });
}

#[test]
fn a_result_is_withdrawn() {
    after_open(live_result())
        .when(told(5, 20, withdraw()))
        .then([
            rolled_back(4, 1, "wrong match"),
            word(20, ResultWord::Withdrawn),
            advanced(5),
        ]);
}

#[test]
fn a_withdrawal_that_comes_first_keeps_its_result_from_counting() {
    let tombstone = word(20, ResultWord::Withdrawn);
    after_open([])
        .when(told(4, 20, withdraw()))
        .then([tombstone.clone(), advanced(4)]);
    after_open([tombstone.clone(), advanced(4)])
        .when(told(5, 10, live(HOME_WON)))
        .then([advanced(5)]);
    after_open([tombstone, advanced(4)])
        .when(told(5, 30, live(HOME_WON)))
        .then([
            resulted(3, 1, HOME_WON, None),
            word(30, ResultWord::Live),
            advanced(5),
        ]);
}

#[test]
fn an_operators_result_is_replaced_by_no_word() {
    let operators = || after_open([resulted(3, 1, HOME_WON, Some("trader"))]);
    operators()
        .when(told(4, 10, confirmed(AWAY_WON)))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "settled",
        });
    operators()
        .when(told(4, 10, withdraw()))
        .then([word(10, ResultWord::Withdrawn), advanced(4)]);
}

#[test]
fn what_an_operator_took_back_is_not_settled_by_a_repeat() {
    let taken_back = Event::ResultRolledBack {
        market: MARKET,
        version: 4,
        result: 1,
        reason: "video".to_owned(),
        by: Some("trader".to_owned()),
    };
    after_open(live_result().into_iter().chain([taken_back]))
        .when(told(5, 10, live(HOME_WON)))
        .then([advanced(5)]);
}

const WINDOW: Window = Window {
    from: Some(at(100)),
    until: Some(at(200)),
};

fn cancel() -> Update {
    Update::CancelBets {
        market: MARKET,
        window: WINDOW,
        reason: "goal before".to_owned(),
    }
}

fn restore() -> Update {
    Update::RestoreBets {
        market: MARKET,
        window: WINDOW,
    }
}

fn cancelled(millis: i64) -> Event {
    Event::BetsCancelled {
        market: MARKET,
        window: WINDOW,
        reason: "goal before".to_owned(),
        said_at: at(millis),
    }
}

fn restored(millis: i64) -> Event {
    Event::BetsRestored {
        market: MARKET,
        window: WINDOW,
        said_at: at(millis),
    }
}

#[test]
fn both_bounds_of_a_window_belong_to_it() {
    let inside = [99, 100, 200, 201].map(|millis| WINDOW.holds(at(millis)));
    assert_eq!(inside, [false, true, true, false]);
    assert!(Window::default().holds(at(0)));
}

#[test]
fn bets_of_a_window_are_cancelled_once_and_restored_once() {
    after_open([])
        .when(told(4, 10, cancel()))
        .then([cancelled(10), advanced(4)]);
    after_open([cancelled(10)])
        .when(told(4, 10, cancel()))
        .then([advanced(4)]);
    after_open([cancelled(10)])
        .when(told(4, 20, restore()))
        .then([restored(20), advanced(4)]);
    after_open([cancelled(10), restored(20)])
        .when(told(4, 20, restore()))
        .then([advanced(4)]);
}

#[test]
fn a_restoration_that_comes_first_keeps_its_cancellation_from_counting() {
    after_open([])
        .when(told(4, 20, restore()))
        .then([restored(20), advanced(4)]);
    after_open([restored(20)])
        .when(told(4, 10, cancel()))
        .then([advanced(4)]);
    after_open([restored(20)])
        .when(told(4, 30, cancel()))
        .then([cancelled(30), advanced(4)]);
}

/// Every order of arrival of the same words, repeats included, ends in the same place.
#[test]
fn the_order_of_arrival_does_not_matter() {
    let words = [
        (10, live(HOME_WON)),
        (20, withdraw()),
        (30, live(AWAY_WON)),
        (40, confirmed(HOME_WON)),
        (10, cancel()),
        (20, restore()),
        (30, cancel()),
    ];
    let mut orders = 0_u32;
    let mut ends = Vec::new();
    permute(&mut (0..words.len()).collect::<Vec<_>>(), 0, &mut |order| {
        let mut partition = after_open([]).state();
        let arrivals = order.iter().chain(order.iter().take(3));
        for (&index, sequence) in arrivals.zip(4..) {
            let (millis, update) = &words[index];
            let command = told(sequence, *millis, update.clone());
            for event in Odds::decide(&partition, &command).unwrap() {
                Odds::evolve(&mut partition, &event);
            }
        }
        let market = &partition.markets[&MARKET];
        ends.push((
            market.phase.clone(),
            market.result_word,
            market.cancellations.clone(),
        ));
        orders += 1;
    });
    assert_eq!(orders, 5_040);
    ends.dedup();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].0, Phase::Resulted(results(HOME_WON)));
    assert_eq!(ends[0].1, Some((at(40), ResultWord::Confirmed)));
    assert!(ends[0].2[&WINDOW].cancelled);
}

fn permute(order: &mut Vec<usize>, done: usize, each: &mut impl FnMut(&[usize])) {
    if done == order.len() {
        each(order);
        return;
    }
    for next in done..order.len() {
        order.swap(done, next);
        permute(order, done.saturating_add(1), each);
        order.swap(done, next);
    }
}
