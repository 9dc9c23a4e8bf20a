//! Stretches of bets that do not count, before and after results, and back again.

use super::world::*;
use crate::settlement::LegResult::{Lost, Won};
use crate::*;
use kernel::Timestamp;
use std::collections::BTreeMap;

/// All scenarios strike at this moment, which both bounds of a stretch hold.
const STRUCK: i64 = 5;

fn stretch(from: Option<i64>, until: Option<i64>) -> Window {
    Window {
        from: from.map(at),
        until: until.map(at),
    }
}

/// The very moment.
pub(super) fn moment() -> Window {
    stretch(Some(STRUCK), Some(STRUCK))
}

pub(super) fn all_of(window: Window) -> Cancellation {
    Cancellation {
        window,
        prices_from: BTreeMap::new(),
        reason: "late start".to_owned(),
    }
}

pub(super) fn cancel(m: u64, window: Window) -> Command {
    notice(Notice::Cancellation {
        market: market(m),
        by: CancelledBy::Source(window),
        cancellation: all_of(window),
    })
}

pub(super) fn restore(m: u64, window: Window) -> Command {
    notice(Notice::Restoration {
        market: market(m),
        by: CancelledBy::Source(window),
    })
}

fn cancelled(m: u64, window: Window, struck_slips: u32) -> Event {
    Event::CancellationStarted {
        market: market(m),
        by: CancelledBy::Source(window),
        cancellation: all_of(window),
        struck_slips,
    }
}

fn voided(n: u64, m: u64, window: Window) -> Event {
    Event::LegVoided {
        bet: bet(n),
        selection: selection(m),
        by: CancelledBy::Source(window),
        reason: "late start".to_owned(),
    }
}

fn restored(n: u64, m: u64) -> Event {
    Event::LegRestored {
        bet: bet(n),
        selection: selection(m),
    }
}

fn one_slip() -> Story {
    struck_slip(nothing(), 1, &[1])
}

fn none_stands(m: u64) -> Vec<Liability> {
    vec![standing(m, 0, 0)]
}

#[test]
fn a_cancellation_is_answered_by_one_record_that_voids_nothing_yet() {
    one_slip()
        .when(cancel(1, moment()))
        .then([cancelled(1, moment(), 1)]);
}

#[test]
fn a_bet_of_the_stretch_is_void_and_both_bounds_belong_to_it() {
    for window in [
        moment(),
        stretch(Some(STRUCK), None),
        stretch(None, Some(STRUCK)),
        stretch(None, None),
    ] {
        one_slip().after(cancel(1, window)).when(work()).then([
            voided(1, 1, window),
            settled(1, 1, 1_000, "10", SlipOutcome::Void),
            advanced_to(1, 1, Some(1), true, none_stands(1)),
        ]);
    }
}

#[test]
fn a_bet_outside_of_the_stretch_stands() {
    for window in [
        stretch(Some(STRUCK + 1), None),
        stretch(None, Some(STRUCK - 1)),
        stretch(Some(0), Some(STRUCK - 1)),
    ] {
        one_slip()
            .after(cancel(1, window))
            .when(work())
            .then([advanced(1, 1, Some(1), true)]);
    }
}

#[test]
fn in_a_multiple_the_void_leg_counts_as_one() {
    struck_slip(nothing(), 1, &[1, 2])
        .after(cancel(1, moment()))
        .after(work())
        .after(result(2, 1, Won))
        .when(work())
        .then([
            leg_decided(1, 2, 1, Some(Won)),
            settled(1, 1, 2_500, "25", SlipOutcome::Won),
            advanced_to(
                2,
                1,
                Some(1),
                true,
                vec![standing(1, 0, 0), standing(2, 0, 0)],
            ),
        ]);
}

#[test]
fn a_cancellation_after_the_result_settles_anew() {
    let settled_slip = || one_slip().after(result(1, 1, Won)).after(work());
    settled_slip()
        .after(cancel(1, moment()))
        .when(work())
        .then([
            voided(1, 1, moment()),
            reversed(1, 1, 2_500),
            settled(1, 2, 1_000, "10", SlipOutcome::Void),
            advanced(1, 1, Some(1), true),
        ]);
}

#[test]
fn a_result_after_the_cancellation_is_noted_and_moves_no_money() {
    one_slip()
        .after(cancel(1, moment()))
        .after(work())
        .after(result(1, 1, Won))
        .when(work())
        .then([
            leg_decided(1, 1, 1, Some(Won)),
            advanced(1, 1, Some(1), true),
        ]);
}

#[test]
fn a_withdrawn_cancellation_opens_the_slip_again() {
    one_slip()
        .after(cancel(1, moment()))
        .after(work())
        .after(restore(1, moment()))
        .when(work())
        .then([
            restored(1, 1),
            reversed(1, 1, 1_000),
            advanced_to(1, 1, Some(1), true, vec![standing(1, 1, 2_500)]),
        ]);
}

#[test]
fn a_withdrawn_cancellation_pays_what_the_result_says() {
    one_slip()
        .after(cancel(1, moment()))
        .after(work())
        .after(result(1, 1, Won))
        .after(work())
        .after(restore(1, moment()))
        .when(work())
        .then([
            restored(1, 1),
            reversed(1, 1, 1_000),
            settled(1, 2, 2_500, "25", SlipOutcome::Won),
            advanced(1, 1, Some(1), true),
        ]);
}

#[test]
fn a_withdrawn_result_leaves_the_void_as_it_is() {
    one_slip()
        .after(result(1, 1, Lost))
        .after(work())
        .after(cancel(1, moment()))
        .after(work())
        .after(rollback(1, 1))
        .when(work())
        .then([leg_decided(1, 1, 1, None), advanced(1, 1, Some(1), true)]);
}

#[test]
fn of_two_cancellations_the_other_one_keeps_the_leg_void() {
    let wide = stretch(None, None);
    one_slip()
        .after(cancel(1, wide))
        .after(work())
        .after(cancel(1, moment()))
        .after(work())
        .after(restore(1, wide))
        .when(work())
        .then([voided(1, 1, moment()), advanced(1, 1, Some(1), true)]);
}

#[test]
fn between_the_cancellation_and_its_work_no_slip_settles_against_it() {
    // Market 2 comes to the slip first: the leg on market 1 is about to be void.
    struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, Won))
        .after(work())
        .after(result(2, 1, Won))
        .after(cancel(1, moment()))
        .when(work())
        .then([
            leg_decided(1, 2, 1, Some(Won)),
            advanced(2, 1, Some(1), true),
        ]);
}

#[test]
fn a_cancellation_that_is_withdrawn_before_its_work_leaves_the_settlement_to_the_restoration() {
    one_slip()
        .after(result(1, 1, Won))
        .after(cancel(1, moment()))
        .after(work())
        .after(restore(1, moment()))
        .when(work())
        .then([
            settled(1, 1, 2_500, "25", SlipOutcome::Won),
            advanced_to(1, 1, Some(1), true, none_stands(1)),
        ]);
}

#[test]
fn a_cancellation_that_concerns_no_slip_is_passed_over() {
    nothing().when(cancel(1, moment())).then_nothing();
    one_slip().when(cancel(2, moment())).then_nothing();
    one_slip().when(restore(1, moment())).then_nothing();
}

#[test]
fn a_cancellation_told_twice_starts_once() {
    one_slip()
        .after(cancel(1, moment()))
        .when(cancel(1, moment()))
        .then_nothing();
}

#[test]
fn a_stretch_without_an_end_strikes_nothing_more() {
    // The hold comes within the stretch: the slip is looked at again instead of being struck.
    nothing()
        .after(place(1, &[1]))
        .after(cancel(1, stretch(Some(0), None)))
        .when(hold(1))
        .then([Event::BetHeld { bet: bet(1) }]);
}

#[test]
fn a_ruling_voids_only_prices_as_long_as_the_wrong_one() {
    let ruling = |from: &str| Notice::Cancellation {
        market: market(1),
        by: CancelledBy::Ruling(1),
        cancellation: Cancellation {
            prices_from: BTreeMap::from([(selection(1), price(from))]),
            ..all_of(moment())
        },
    };
    one_slip().after(notice(ruling("2.5"))).when(work()).then([
        Event::LegVoided {
            bet: bet(1),
            selection: selection(1),
            by: CancelledBy::Ruling(1),
            reason: "late start".to_owned(),
        },
        settled(1, 1, 1_000, "10", SlipOutcome::Void),
        advanced_to(1, 1, Some(1), true, none_stands(1)),
    ]);
    one_slip()
        .after(notice(ruling("2.6")))
        .when(work())
        .then([advanced(1, 1, Some(1), true)]);
}

#[test]
fn each_part_of_the_work_goes_on_where_the_last_one_ended() {
    let story = (1..=3).fold(nothing(), |story, n| struck_slip(story, n, &[1]));
    let story = story.after(cancel(1, moment())).after(work());
    story.when(work()).then([
        voided(3, 1, moment()),
        settled(3, 1, 1_000, "10", SlipOutcome::Void),
        advanced_to(1, 2, Some(3), true, none_stands(1)),
    ]);
}

#[test]
fn the_stretch_of_all_time_holds_every_moment() {
    assert!(Window::default().holds(Timestamp::MAX) && Window::default().holds(at(0)));
}
