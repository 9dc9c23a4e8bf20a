//! Systems, place parts, starting prices, withdrawn runners and handicaps in play, from placement
//! to settlement.

use super::world::*;
use crate::settlement::{
    BetType, Deduction, EachWayTerms, LegResult, LineSide, LineTerms, PlacePart, PlaceTerms,
    Placing, Score, Withdrawal,
};
use crate::*;
use kernel::Timestamp;
use std::collections::BTreeMap;

/// A race of so many runners at 11.0, no handicap.
fn race(n: u64, runners: u16) -> Quote {
    Quote {
        price: Some(price("11")),
        asks: Asks::Runner(Race {
            runners,
            handicap: false,
            fixed: None,
        }),
        ..quote(n, at(0))
    }
}

fn on_a_runner(each_way: bool, starting_price: bool) -> SlipRequest {
    SlipRequest {
        each_way,
        legs: vec![RequestedLeg {
            price: price("11"),
            starting_price,
            ..leg(1)
        }],
        ..slip(&[1])
    }
}

fn placing(request: SlipRequest, quote: Quote) -> Command {
    place_seeing(1, request, seeing(at(0), [quote]))
}

/// A system of 10.00 a line on the first markets.
fn system(bet_type: BetType, legs: u64, sizes: Option<&str>) -> Command {
    let markets: Vec<u64> = (1..=legs).collect();
    let request = SlipRequest {
        bet_type,
        sizes: sizes.map(|text| text.parse().unwrap()),
        ..slip(&markets)
    };
    place_seeing(
        1,
        request,
        seeing(at(0), markets.iter().map(|n| quote(*n, at(0)))),
    )
}

/// What a slip costs, may return and leaves to be held.
fn costs(command: Command) -> (i64, i64) {
    match &nothing().when(command).events()[..] {
        [Event::BetPlaced(placed), ..] => (placed.stake.minor(), placed.potential_return.minor()),
        other => panic!("not placed: {other:?}"),
    }
}

fn ended(m: u64, number: u32, outcome: LegResult, detail: ResultDetail) -> Command {
    let result = ResultInForce {
        number,
        outcomes: BTreeMap::from([(selection(m), outcome)]),
        detail,
    };
    notice(Notice::Results(BTreeMap::from([(market(m), result)])))
}

fn came_in(place: u16, tied: u16, runners: u16) -> ResultDetail {
    ResultDetail {
        runners: Some(runners),
        placings: BTreeMap::from([(selection(1), Placing { place, tied })]),
        ..ResultDetail::default()
    }
}

/// What the first settlement of the story's work pays.
fn pays(story: Story) -> Option<(i64, SlipOutcome)> {
    let events = story.when(work()).events();
    events.iter().find_map(|event| match event {
        Event::BetSettled {
            returned, outcome, ..
        } => Some((returned.minor(), *outcome)),
        _ => None,
    })
}

#[test]
fn a_system_is_placed_with_its_stake_on_every_line() {
    let terms = SlipTermsFixed {
        unit_stake: eur(1_000),
        sizes: None,
        payout_max: Some(eur(50_000_000)),
        legs: vec![LegTerms::default(); 3],
    };
    nothing().when(system(BetType::Trixie, 3, None)).then([
        Event::BetPlaced(BetPlaced {
            bet_type: BetType::Trixie,
            stake: eur(4_000),
            ..match placed(1, &[1, 2, 3], 34_375) {
                Event::BetPlaced(placed) => placed,
                _ => unreachable!(),
            }
        }),
        Event::BetTermsFixed { bet: bet(1), terms },
    ]);
}

#[test]
fn every_system_costs_its_lines_and_may_return_their_sum() {
    for (bet_type, legs, sizes, lines, may_return) in [
        (BetType::Patent, 3, None, 7, 41_875),
        (BetType::Yankee, 4, None, 11, 139_062),
        (BetType::Lucky15, 4, None, 15, 149_062),
        (BetType::System, 4, Some("2"), 6, 37_500),
        (BetType::System, 3, Some("1,3"), 4, 23_125),
    ] {
        let command = system(bet_type, legs, sizes);
        assert_eq!(costs(command), (lines * 1_000, may_return), "{bet_type}");
    }
}

#[test]
fn a_repeat_of_a_placed_system_changes_nothing() {
    nothing()
        .after(system(BetType::Trixie, 3, None))
        .when(system(BetType::Trixie, 3, None))
        .then_nothing();
}

#[test]
fn sizes_suit_the_type_and_the_legs() {
    for (bet_type, legs, sizes) in [
        (BetType::System, 3, None),
        (BetType::System, 3, Some("4")),
        (BetType::Trixie, 3, Some("2")),
        (BetType::Accumulator, 3, Some("3")),
    ] {
        nothing()
            .when(system(bet_type, legs, sizes))
            .then_rejected(Rejection::SizesDoNotFit { legs: 3 });
    }
}

#[test]
fn systems_have_bounds_on_their_legs() {
    nothing()
        .when(system(BetType::Goliath, 7, None))
        .then_rejected(Rejection::LegsDoNotFitType {
            expected_min: 8,
            expected_max: 8,
            got: 7,
        });
    nothing()
        .when(system(BetType::System, 21, Some("2")))
        .then_rejected(Rejection::LegsDoNotFitType {
            expected_min: 2,
            expected_max: 20,
            got: 21,
        });
}

#[test]
fn the_limits_are_told_as_stakes_of_a_line() {
    let four: Vec<u64> = (1..=4).collect();
    let staking = |minor| {
        let request = SlipRequest {
            bet_type: BetType::Yankee,
            unit_stake: eur(minor),
            ..slip(&four)
        };
        let quotes = four.iter().map(|n| quote(*n, at(0)));
        place_seeing(1, request, seeing(at(0), quotes))
    };
    nothing()
        .when(staking(0))
        .then_rejected(Rejection::StakeBelowMinimum { minimum: eur(1) });
    // 10,000.00 in all, on eleven lines.
    nothing()
        .when(staking(90_910))
        .then_rejected(Rejection::StakeAboveLimit {
            maximum: eur(90_909),
        });
}

#[test]
fn a_lost_leg_of_a_system_leaves_the_other_lines() {
    let story = || {
        nothing()
            .after(system(BetType::Trixie, 3, None))
            .after(hold(1))
            .after(result(1, 1, LegResult::Lost))
            .after(work())
            .after(result(2, 1, LegResult::Won))
            .after(work())
    };
    assert_eq!(
        pays(story().after(result(3, 1, LegResult::Won))),
        Some((6_250, SlipOutcome::PartlyWon))
    );
    assert_eq!(
        pays(story().after(result(3, 1, LegResult::Lost))),
        Some((0, SlipOutcome::Lost))
    );
}

#[test]
fn a_system_is_settled_as_soon_as_no_line_is_left() {
    let story = nothing()
        .after(system(BetType::Trixie, 3, None))
        .after(hold(1))
        .after(result(1, 1, LegResult::Lost))
        .after(work())
        .after(result(2, 1, LegResult::Lost));
    assert_eq!(pays(story), Some((0, SlipOutcome::Lost)));
}

#[test]
fn what_a_system_returns_is_explained_before_it_is_settled() {
    let story = nothing()
        .after(system(BetType::System, 2, Some("1")))
        .after(hold(1))
        .after(result(1, 1, LegResult::Won))
        .after(work())
        .after(result(2, 1, LegResult::Void));
    let events = story.when(work()).events();
    let parts = ReturnParts {
        rules_version: 2,
        win: "35".to_owned(),
        place: "0".to_owned(),
        bonus: "0".to_owned(),
        capped_at: None,
    };
    assert_eq!(
        events[1],
        Event::ReturnExplained {
            bet: bet(1),
            settlement: 1,
            parts
        }
    );
    assert!(matches!(
        &events[2],
        Event::BetSettled { returned, .. } if *returned == eur(3_500)
    ));
}

#[test]
fn each_way_needs_a_race_that_pays_places() {
    for unsuitable in [quote(1, at(0)), race(1, 4)] {
        let request = SlipRequest {
            price_policy: PricePolicy::Any,
            ..on_a_runner(true, false)
        };
        nothing()
            .when(placing(request, unsuitable))
            .then_rejected(Rejection::EachWayNotOffered);
    }
}

#[test]
fn each_way_costs_twice_and_may_return_the_best_terms_of_a_smaller_field() {
    // 10.00 at 11.0 and at 1 + 10/4.
    let command = placing(on_a_runner(true, false), race(1, 9));
    assert_eq!(costs(command), (2_000, 14_500));
}

/// 10.00 each way at 11.0 in a field of nine.
fn each_way() -> Story {
    nothing()
        .after(placing(on_a_runner(true, false), race(1, 9)))
        .after(hold(1))
}

#[test]
fn each_way_is_settled_by_the_runners_at_the_off() {
    let fifths =
        |place, outcome| pays(each_way().after(ended(1, 1, outcome, came_in(place, 1, 9))));
    assert_eq!(fifths(1, LegResult::Won), Some((14_000, SlipOutcome::Won)));
    assert_eq!(
        fifths(3, LegResult::Lost),
        Some((3_000, SlipOutcome::PartlyWon))
    );
    assert_eq!(fifths(4, LegResult::Lost), Some((0, SlipOutcome::Lost)));
    let of = |runners, place| {
        pays(each_way().after(ended(1, 1, LegResult::Lost, came_in(place, 1, runners))))
    };
    // Seven ran: a quarter for two. Four ran: the place part is void.
    assert_eq!(of(7, 2), Some((3_500, SlipOutcome::PartlyWon)));
    assert_eq!(of(7, 3), Some((0, SlipOutcome::Lost)));
    assert_eq!(of(4, 2), Some((1_000, SlipOutcome::PartlyLost)));
}

#[test]
fn terms_fixed_at_placement_do_not_ask_who_ran() {
    let fixed = EachWayTerms {
        places: 5,
        fraction: PlaceTerms::new(1, 5).unwrap(),
    };
    let offer = Quote {
        asks: Asks::Runner(Race {
            runners: 9,
            handicap: false,
            fixed: Some(fixed),
        }),
        ..race(1, 9)
    };
    let story = nothing()
        .after(placing(on_a_runner(true, false), offer))
        .after(hold(1))
        .after(ended(1, 1, LegResult::Lost, came_in(5, 1, 4)));
    assert_eq!(pays(story), Some((3_000, SlipOutcome::PartlyWon)));
}

#[test]
fn a_dead_heat_for_the_last_place_divides_the_place_part() {
    let story = each_way().after(ended(1, 1, LegResult::Lost, came_in(3, 2, 9)));
    assert_eq!(pays(story), Some((1_500, SlipOutcome::PartlyLost)));
}

#[test]
fn a_non_runner_is_void_for_both_parts() {
    let story = each_way().after(ended(1, 1, LegResult::Void, came_in(1, 1, 9)));
    assert_eq!(pays(story), Some((2_000, SlipOutcome::Void)));
}

#[test]
fn without_placings_an_each_way_slip_stays_open() {
    let story = || each_way().after(ended(1, 1, LegResult::Won, ResultDetail::default()));
    assert_eq!(pays(story()), None);
    let told = story()
        .after(work())
        .after(rollback(1, 1))
        .after(work())
        .after(ended(1, 2, LegResult::Won, came_in(1, 1, 9)));
    assert_eq!(pays(told), Some((14_000, SlipOutcome::Won)));
}

#[test]
fn a_rollback_of_a_race_takes_place_and_deduction_off() {
    let story = each_way()
        .after(ended(1, 1, LegResult::Won, came_in(1, 1, 9)))
        .after(work())
        .after(rollback(1, 1));
    let events = story.when(work()).events();
    assert_eq!(events[0], leg_decided(1, 1, 1, None));
    assert_eq!(events[1], reversed_each_way());
}

fn reversed_each_way() -> Event {
    Event::SettlementReversed {
        bet: bet(1),
        customer: ANN,
        settlement: 1,
        stake: eur(2_000),
        returned: eur(14_000),
    }
}

fn withdrawn(rows: &[(u64, &str)]) -> ResultDetail {
    let withdrawals = rows.iter().map(|(version, at_price)| Withdrawal {
        at: *version,
        price: price(at_price),
    });
    ResultDetail {
        withdrawals: withdrawals.collect(),
        ..came_in(1, 1, 9)
    }
}

#[test]
fn withdrawals_after_the_bet_are_deducted_and_those_before_are_not() {
    // Struck at version 7: a 3/1 shot went at 5, a 6/1 shot at 9, an evens shot at 7.
    let win = |starting_price, detail| {
        nothing()
            .after(placing(on_a_runner(false, starting_price), race(1, 9)))
            .after(hold(1))
            .after(ended(1, 1, LegResult::Won, detail))
    };
    let two = || withdrawn(&[(5, "4"), (7, "2"), (9, "7")]);
    assert_eq!(pays(win(false, two())), Some((10_000, SlipOutcome::Won)));
    let events = win(false, two()).when(work()).events();
    let with_deduction = DecidedLeg {
        deduction: Deduction::from_pence(10).unwrap(),
        ..decided(1, LegResult::Won)
    };
    assert!(matches!(
        &events[0],
        Event::LegDecided { decided: Some(decided), .. } if *decided == with_deduction
    ));
    let many = withdrawn(&[(8, "2"), (9, "2"), (10, "2")]);
    assert_eq!(pays(win(false, many)), Some((2_000, SlipOutcome::Won)));
}

#[test]
fn a_starting_price_is_paid_and_nothing_is_deducted_from_it() {
    let detail = ResultDetail {
        starting_prices: BTreeMap::from([(selection(1), price("15"))]),
        ..withdrawn(&[(9, "2")])
    };
    let story = |outcome, detail| {
        nothing()
            .after(placing(on_a_runner(false, true), race(1, 9)))
            .after(hold(1))
            .after(ended(1, 1, outcome, detail))
    };
    let told = story(LegResult::Won, detail);
    assert_eq!(pays(told), Some((15_000, SlipOutcome::Won)));
    // Without it nobody knows what to pay, but for a runner that did not run.
    let untold = |outcome| pays(story(outcome, came_in(1, 1, 9)));
    assert_eq!(untold(LegResult::Won), None);
    assert_eq!(untold(LegResult::Void), Some((1_000, SlipOutcome::Void)));
}

#[test]
fn a_starting_price_is_reckoned_at_twice_the_winnings_on_the_board() {
    assert_eq!(
        costs(placing(on_a_runner(false, true), race(1, 9))),
        (1_000, 21_000)
    );
}

#[test]
fn who_takes_the_starting_price_asks_for_no_price() {
    let request = SlipRequest {
        legs: vec![RequestedLeg {
            price: price("2"),
            starting_price: true,
            ..leg(1)
        }],
        ..slip(&[1])
    };
    assert_eq!(costs(placing(request, race(1, 9))).0, 1_000);
}

#[test]
fn only_races_have_starting_prices() {
    let request = SlipRequest {
        legs: vec![RequestedLeg {
            starting_price: true,
            ..leg(1)
        }],
        ..slip(&[1])
    };
    nothing()
        .when(placing(request, quote(1, at(0))))
        .then_rejected(Rejection::StartingPriceNotOffered { market: market(1) });
}

/// The home side of -0.25 in play at this score.
fn handicap(score: Option<Score>, now: Timestamp) -> Quote {
    Quote {
        asks: Asks::Handicap {
            side: LineSide::Home,
            quarters: -1,
            score,
        },
        ..in_play(1, now)
    }
}

const fn score(home: u16, away: u16) -> Option<Score> {
    Some(Score { home, away })
}

fn struck_at(placed_at: Option<Score>) -> Story {
    let ticked = seeing(at(10), [handicap(placed_at, at(10))]);
    let over = seeing(at(6_000), [handicap(placed_at, at(6_000))]);
    nothing()
        .after(placing(slip(&[1]), handicap(placed_at, at(0))))
        .after(hold(1))
        .after(look(1, ticked))
        .after(look(1, over))
}

fn full_time(home: u16, away: u16) -> ResultDetail {
    ResultDetail {
        score: score(home, away),
        ..ResultDetail::default()
    }
}

#[test]
fn a_handicap_in_play_fixes_the_score_of_its_placement() {
    let terms = LegTerms {
        line: Some(LineTerms {
            side: LineSide::Home,
            quarters: -1,
            placed_at: score(1, 0),
        }),
        ..LegTerms::default()
    };
    let events = nothing()
        .when(placing(slip(&[1]), handicap(score(1, 0), at(0))))
        .events();
    assert!(matches!(
        &events[1],
        Event::BetTermsFixed { terms: fixed, .. } if fixed.legs == [terms]
    ));
}

#[test]
fn only_goals_after_the_bet_count_for_a_handicap_in_play() {
    // At 1-0 the home side must still win the rest.
    let at_the_end = |home, away, told| {
        pays(struck_at(score(1, 0)).after(ended(1, 1, told, full_time(home, away))))
    };
    assert_eq!(
        at_the_end(1, 0, LegResult::Won),
        Some((500, SlipOutcome::PartlyLost))
    );
    assert_eq!(
        at_the_end(2, 0, LegResult::Won),
        Some((2_500, SlipOutcome::Won))
    );
    assert_eq!(
        at_the_end(1, 1, LegResult::HalfLost),
        Some((0, SlipOutcome::Lost))
    );
    // Abandoned: the market is void though the score would say something.
    assert_eq!(
        at_the_end(2, 0, LegResult::Void),
        Some((1_000, SlipOutcome::Void))
    );
}

#[test]
fn before_the_match_the_whole_of_it_counts() {
    let story = nothing()
        .after(placing(
            slip(&[1]),
            Quote {
                in_play: false,
                ..handicap(score(0, 0), at(0))
            },
        ))
        .after(hold(1))
        .after(ended(1, 1, LegResult::Won, full_time(1, 0)));
    assert_eq!(pays(story), Some((2_500, SlipOutcome::Won)));
}

#[test]
fn without_a_score_there_is_no_handicap_in_play() {
    nothing()
        .when(placing(slip(&[1]), handicap(None, at(0))))
        .then_rejected(Rejection::ScoreUnknown { market: market(1) });
}

#[test]
fn a_goal_during_the_delay_ends_the_slip() {
    let story = nothing()
        .after(placing(slip(&[1]), handicap(score(0, 0), at(0))))
        .after(hold(1));
    let goal = seeing(at(10), [handicap(score(1, 0), at(10))]);
    story.when(look(1, goal)).then([rejected(
        1,
        true,
        Rejection::MarketSuspended { market: market(1) },
    )]);
}

#[test]
fn a_place_part_is_recorded_with_its_terms() {
    let story = each_way().after(ended(1, 1, LegResult::Lost, came_in(2, 1, 9)));
    let events = story.when(work()).events();
    let place = PlacePart {
        result: LegResult::Won,
        fraction: PlaceTerms::new(1, 5).unwrap(),
    };
    assert!(matches!(
        &events[0],
        Event::LegDecided { decided: Some(decided), .. } if decided.place == Some(place)
    ));
}
