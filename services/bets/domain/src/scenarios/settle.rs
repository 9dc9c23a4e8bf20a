//! Results, settlement in parts, rollback, resettlement.

use super::world::*;
use crate::settlement::LegResult::{self, HalfLost, HalfWon, Lost, Void, Won};
use crate::*;
use std::collections::BTreeMap;

fn started(m: u64, number: u32, outcome: LegResult, open_slips: u32) -> Event {
    Event::SettlementStarted {
        market: market(m),
        result: number,
        outcomes: BTreeMap::from([(selection(m), outcome)]),
        detail: ResultDetail::default(),
        open_slips,
    }
}

fn rollback_started(m: u64, result: u32, touched_slips: u32) -> Event {
    Event::RollbackStarted {
        market: market(m),
        result,
        touched_slips,
    }
}

/// Slips 1 to n on market 1, struck.
fn singles(n: u64) -> Story {
    (1..=n).fold(nothing(), |story, n| struck_slip(story, n, &[1]))
}

#[test]
fn a_result_is_answered_by_one_record_that_settles_nothing_yet() {
    singles(3)
        .when(result(1, 1, Won))
        .then([started(1, 1, Won, 3)]);
}

#[test]
fn a_result_rejects_what_is_pending() {
    singles(1)
        .after(place(2, &[1]))
        .after(place(3, &[1, 2]))
        .when(result(1, 1, Won))
        .then([
            started(1, 1, Won, 1),
            rejected(2, true, Rejection::MarketClosed { market: market(1) }),
            rejected(3, true, Rejection::MarketClosed { market: market(1) }),
        ]);
}

#[test]
fn a_slip_that_is_pending_on_two_markets_is_rejected_once() {
    let both = |outcome| {
        let result = |m| {
            let outcomes = BTreeMap::from([(selection(m), outcome)]);
            (
                market(m),
                ResultInForce {
                    number: 1,
                    outcomes,
                    detail: ResultDetail::default(),
                },
            )
        };
        notice(Notice::Results(BTreeMap::from([result(1), result(2)])))
    };
    nothing().after(place(1, &[1, 2])).when(both(Won)).then([
        started(1, 1, Won, 0),
        started(2, 1, Won, 0),
        rejected(1, true, Rejection::MarketClosed { market: market(1) }),
    ]);
}

#[test]
fn a_hold_that_comes_after_the_result_strikes_nothing() {
    nothing()
        .after(place(1, &[1]))
        .after(result(1, 1, Won))
        .when(hold(1))
        .then_nothing();
}

#[test]
fn a_result_that_concerns_no_slip_is_passed_over() {
    nothing().when(result(1, 1, Won)).then_nothing();
    singles(1).when(result(2, 1, Won)).then_nothing();
}

#[test]
fn a_result_told_twice_starts_once() {
    singles(1)
        .after(result(1, 1, Won))
        .when(result(1, 1, Won))
        .then_nothing();
}

#[test]
fn work_goes_by_bet_id_in_parts() {
    let story = singles(3).after(result(1, 1, Won));
    story.when(work()).then([
        leg_decided(1, 1, 1, Some(Won)),
        settled(1, 1, 2_500, "25", SlipOutcome::Won),
        leg_decided(2, 1, 1, Some(Won)),
        settled(2, 1, 2_500, "25", SlipOutcome::Won),
        advanced_to(1, 1, Some(2), false, vec![standing(1, 1, 2_500)]),
    ]);
    let story = singles(3).after(result(1, 1, Won)).after(work());
    story.when(work()).then([
        leg_decided(3, 1, 1, Some(Won)),
        settled(3, 1, 2_500, "25", SlipOutcome::Won),
        advanced_to(1, 2, Some(3), true, vec![standing(1, 0, 0)]),
    ]);
    singles(2)
        .after(result(1, 1, Won))
        .after(work())
        .when(work())
        .then_nothing();
}

#[test]
fn markets_take_turns() {
    let mut story = singles(3);
    for n in 4..=6 {
        story = struck_slip(story, n, &[2]);
    }
    let state = story
        .after(result(1, 1, Won))
        .after(result(2, 1, Won))
        .after(work())
        .state();
    let (next, _, _) = state.next_job().unwrap();
    assert_eq!(next, market(2));
}

#[test]
fn every_outcome_pays_its_factor() {
    let dead_heat = LegResult::DeadHeat { places: 1, tied: 2 };
    for (outcome, returned, exact, word) in [
        (Won, 2_500, "25", SlipOutcome::Won),
        (Lost, 0, "0", SlipOutcome::Lost),
        (Void, 1_000, "10", SlipOutcome::Void),
        (HalfWon, 1_750, "35/2", SlipOutcome::PartlyWon),
        (HalfLost, 500, "5", SlipOutcome::PartlyLost),
        (dead_heat, 1_250, "25/2", SlipOutcome::PartlyWon),
    ] {
        singles(1).after(result(1, 1, outcome)).when(work()).then([
            leg_decided(1, 1, 1, Some(outcome)),
            settled(1, 1, returned, exact, word),
            advanced_to(1, 1, Some(1), true, vec![standing(1, 0, 0)]),
        ]);
    }
}

#[test]
fn a_multiple_waits_for_its_last_leg() {
    let story = struck_slip(nothing(), 1, &[1, 2]).after(result(1, 1, Won));
    story.when(work()).then([
        leg_decided(1, 1, 1, Some(Won)),
        advanced(1, 1, Some(1), true),
    ]);
    struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, Won))
        .after(work())
        .after(result(2, 1, Void))
        .when(work())
        .then([
            leg_decided(1, 2, 1, Some(Void)),
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
fn one_lost_leg_settles_a_multiple() {
    let lost = || {
        struck_slip(nothing(), 1, &[1, 2])
            .after(result(1, 1, Lost))
            .after(work())
    };
    struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, Lost))
        .when(work())
        .then([
            leg_decided(1, 1, 1, Some(Lost)),
            settled(1, 1, 0, "0", SlipOutcome::Lost),
            advanced_to(
                1,
                1,
                Some(1),
                true,
                vec![standing(1, 0, 0), standing(2, 0, 0)],
            ),
        ]);
    // The other leg is noticed, for the case that this result is withdrawn.
    lost().after(result(2, 1, Won)).when(work()).then([
        leg_decided(1, 2, 1, Some(Won)),
        advanced(2, 1, Some(1), true),
    ]);
}

#[test]
fn a_withdrawn_loss_settles_on_the_other_legs_and_the_new_result() {
    struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, Lost))
        .after(work())
        .after(result(2, 1, Won))
        .after(work())
        .after(rollback(1, 1))
        .after(work())
        .after(result(1, 2, Won))
        .when(work())
        .then([
            leg_decided(1, 1, 2, Some(Won)),
            settled(1, 2, 6_250, "125/2", SlipOutcome::Won),
            advanced_to(
                1,
                1,
                Some(1),
                true,
                vec![standing(1, 0, 0), standing(2, 0, 0)],
            ),
        ]);
}

#[test]
fn a_rollback_takes_the_result_off_and_reverses() {
    let settled_once = || singles(1).after(result(1, 1, Won)).after(work());
    settled_once()
        .when(rollback(1, 1))
        .then([rollback_started(1, 1, 1)]);
    settled_once().after(rollback(1, 1)).when(work()).then([
        leg_decided(1, 1, 1, None),
        reversed(1, 1, 2_500),
        advanced_to(1, 1, Some(1), true, vec![standing(1, 1, 2_500)]),
    ]);
}

#[test]
fn a_rollback_takes_off_what_the_withdrawn_result_had_replaced() {
    singles(1)
        .after(result(1, 1, Won))
        .after(work())
        .after(result(1, 2, Lost))
        .after(rollback(1, 2))
        .when(work())
        .then([
            leg_decided(1, 1, 2, None),
            reversed(1, 1, 2_500),
            advanced_to(1, 1, Some(1), true, vec![standing(1, 1, 2_500)]),
        ]);
}

#[test]
fn a_rollback_told_twice_starts_once() {
    singles(1)
        .after(result(1, 1, Won))
        .after(rollback(1, 1))
        .when(rollback(1, 1))
        .then_nothing();
}

#[test]
fn a_rollback_of_a_result_that_is_not_in_force_is_passed_over() {
    nothing().when(rollback(1, 1)).then_nothing();
    singles(1)
        .after(result(1, 2, Won))
        .when(rollback(1, 1))
        .then_nothing();
}

#[test]
fn a_rollback_cancels_the_parts_that_are_not_done() {
    let story = singles(3)
        .after(result(1, 1, Won))
        .after(work())
        .after(rollback(1, 1));
    story.when(work()).then([
        leg_decided(1, 1, 1, None),
        reversed(1, 1, 2_500),
        leg_decided(2, 1, 1, None),
        reversed(2, 1, 2_500),
        advanced_to(1, 1, Some(2), false, vec![standing(1, 3, 7_500)]),
    ]);
    let story = singles(3)
        .after(result(1, 1, Won))
        .after(work())
        .after(rollback(1, 1))
        .after(work());
    // Slip 3 never got the result.
    story.when(work()).then([advanced(1, 2, Some(3), true)]);
}

#[test]
fn from_the_rollback_on_no_slip_settles_on_the_withdrawn_result() {
    // Slip 1 joins markets 1 and 2. Market 1's result is withdrawn before market 2 comes to it.
    struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, Won))
        .after(work())
        .after(result(2, 1, Won))
        .after(rollback(1, 1))
        .when(work())
        .then([
            leg_decided(1, 2, 1, Some(Won)),
            advanced(2, 1, Some(1), true),
        ]);
}

#[test]
fn a_result_over_a_result_settles_anew_what_it_changes() {
    let dead_heat = LegResult::DeadHeat { places: 1, tied: 2 };
    singles(1)
        .after(result(1, 1, Won))
        .after(work())
        .after(result(1, 2, dead_heat))
        .when(work())
        .then([
            leg_decided(1, 1, 2, Some(dead_heat)),
            reversed(1, 1, 2_500),
            settled(1, 2, 1_250, "25/2", SlipOutcome::PartlyWon),
            advanced(1, 1, Some(1), true),
        ]);
}

#[test]
fn a_result_confirmed_by_a_second_one_moves_no_money() {
    singles(1)
        .after(result(1, 1, Won))
        .after(work())
        .after(result(1, 2, Won))
        .when(work())
        .then([
            leg_decided(1, 1, 2, Some(Won)),
            advanced(1, 1, Some(1), true),
        ]);
}

#[test]
fn settlements_of_a_slip_are_numbered_on() {
    let story = singles(1)
        .after(result(1, 1, Won))
        .after(work())
        .after(rollback(1, 1))
        .after(work())
        .after(result(1, 2, Lost));
    story.when(work()).then([
        leg_decided(1, 1, 2, Some(Lost)),
        settled(1, 2, 0, "0", SlipOutcome::Lost),
        advanced_to(1, 1, Some(1), true, vec![standing(1, 0, 0)]),
    ]);
}

#[test]
fn without_work_there_is_nothing_to_do() {
    nothing().when(work()).then_nothing();
}
