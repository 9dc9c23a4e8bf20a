//! Room for risk.

use super::world::*;
use crate::*;

/// The market begins with room for 20.00; a slip of 10.00 at 2.50 risks 15.00.
fn tight(now: kernel::Timestamp) -> Quote {
    Quote {
        budget_each: eur(2_000),
        ..quote(1, now)
    }
}

fn place_tight(n: u64) -> Command {
    place_seeing(n, slip(&[1]), seeing(at(0), [tight(at(0))]))
}

fn look_tight(n: u64, millis: i64) -> Command {
    look(n, seeing(at(millis), [tight(at(millis))]))
}

fn grant(total: i64) -> Command {
    notice(Notice::Grant {
        market: market(1),
        total: eur(total),
    })
}

fn awaits(n: u64) -> Event {
    Event::BetAwaitsBudget {
        bet: bet(n),
        market: market(1),
        until: at(2_000),
    }
}

fn requested(total: i64) -> Event {
    Event::BudgetRequested {
        market: market(1),
        total: eur(total),
    }
}

fn reached(n: u64) -> Event {
    rejected(n, true, Rejection::ExposureReached { market: market(1) })
}

/// Slip 1 has taken 15.00 of 20.00; slip 2 waits.
fn waiting() -> Story {
    nothing().after(place_tight(1)).after(place_tight(2))
}

#[test]
fn a_slip_beyond_the_room_waits_and_more_is_asked_for() {
    let events = nothing()
        .after(place_tight(1))
        .when(place_tight(2))
        .events();
    assert_eq!(
        events,
        // Used 15.00, needed 15.00, and as much again as the beginning.
        [placed(2, &[1], 2_500), requested(5_000), awaits(2)]
    );
}

#[test]
fn what_was_asked_for_is_not_asked_for_again() {
    waiting()
        .when(place_tight(3))
        .then([placed(3, &[1], 2_500), awaits(3)]);
}

#[test]
fn a_risk_beyond_the_market_s_limit_is_refused_at_once() {
    let tiny = Quote {
        budget_each: eur(100),
        exposure_max: eur(1_499),
        ..quote(1, at(0))
    };
    nothing()
        .when(place_seeing(1, slip(&[1]), seeing(at(0), [tiny])))
        .then_rejected(Rejection::ExposureReached { market: market(1) });
}

#[test]
fn held_without_room_it_goes_on_waiting() {
    waiting()
        .when(hold(2))
        .then([Event::BetHeld { bet: bet(2) }]);
    waiting()
        .after(hold(2))
        .when(look_tight(2, 6))
        .then([awaits(2)]);
}

#[test]
fn a_grant_wakes_the_slip_that_is_held() {
    let story = waiting().after(hold(2)).after(look_tight(2, 6));
    let story = story.after(grant(3_000));
    story
        .when(look_tight(2, 7))
        .then([accepted(2, &[1], 2_500, at(7))]);
}

#[test]
fn a_grant_that_is_too_small_leaves_it_waiting() {
    waiting()
        .after(hold(2))
        .after(look_tight(2, 6))
        .after(grant(2_999))
        .when(look_tight(2, 7))
        .then([awaits(2)]);
}

#[test]
fn a_grant_before_the_hold_is_found_with_it() {
    waiting()
        .after(grant(3_000))
        .after(hold(2))
        .when(look_tight(2, 7))
        .then([accepted(2, &[1], 2_500, at(7))]);
}

#[test]
fn the_wait_is_bounded() {
    waiting()
        .after(hold(2))
        .after(look_tight(2, 6))
        .when(look_tight(2, 1_999))
        .then_nothing();
    waiting()
        .after(hold(2))
        .after(look_tight(2, 6))
        .when(look_tight(2, 2_000))
        .then([reached(2)]);
    // Even when the ledger has not answered.
    waiting().when(look_tight(2, 2_000)).then([reached(2)]);
}

#[test]
fn a_rejected_slip_frees_its_room() {
    nothing()
        .after(place_tight(1))
        .after(notice(Notice::Hold {
            bet: bet(1),
            outcome: HoldOutcome::Blocked,
        }))
        .when(place_tight(2))
        .then([placed(2, &[1], 2_500)]);
}

#[test]
fn settlement_frees_nothing() {
    let state = struck_slip(nothing(), 1, &[1])
        .after(result(1, 1, settlement::LegResult::Lost))
        .after(work())
        .state();
    let market = state.market(market(1)).unwrap();
    assert_eq!(market.budget.used_minor, 1_500);
}

#[test]
fn grants_are_totals() {
    nothing()
        .after(grant(3_000))
        .when(grant(3_000))
        .then_nothing();
    nothing()
        .after(grant(3_000))
        .when(grant(2_000))
        .then_nothing();
    nothing()
        .after(grant(3_000))
        .when(grant(4_000))
        .then([Event::BudgetNoticed {
            market: market(1),
            total: eur(4_000),
        }]);
}

fn recall() -> Command {
    notice(Notice::Recall {
        market: market(1),
        budget_each: eur(2_000),
    })
}

fn returned(total: i64) -> Event {
    Event::BudgetReturned {
        market: market(1),
        total: eur(total),
    }
}

#[test]
fn a_recall_gives_back_what_is_unused_once() {
    nothing()
        .after(place_tight(1))
        .when(recall())
        .then([returned(500)]);
    nothing()
        .after(place_tight(1))
        .after(recall())
        .when(recall())
        .then_nothing();
}

#[test]
fn returns_are_totals_too() {
    // 5.00 went back; of the 20.00 more that are granted then, all goes back.
    nothing()
        .after(place_tight(1))
        .after(recall())
        .after(grant(4_000))
        .when(recall())
        .then([returned(2_500)]);
}

#[test]
fn what_was_given_back_is_not_there_to_risk() {
    nothing().after(recall()).when(place_tight(1)).then([
        placed(1, &[1], 2_500),
        requested(5_500),
        awaits(1),
    ]);
}

#[test]
fn a_multiple_needs_room_on_each_of_its_markets() {
    // 10.00 on a double at 6.25 risks 52.50 on both.
    let open = Quote {
        budget_each: eur(5_250),
        ..quote(2, at(0))
    };
    nothing()
        .when(place_seeing(
            1,
            slip(&[1, 2]),
            seeing(at(0), [tight(at(0)), open]),
        ))
        .then([
            placed(1, &[1, 2], 6_250),
            Event::BudgetRequested {
                market: market(1),
                total: eur(7_250),
            },
            awaits(1),
        ]);
}
