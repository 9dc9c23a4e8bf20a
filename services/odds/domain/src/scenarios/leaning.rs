//! Prices that lean by themselves against what bets says stands on the market.

use super::*;
use crate::command::StandingStakes;
use crate::explain::{Explanation, Lean, LeanRules, SelectionExposure};
use crate::rejection::Rejection;
use proptest::prelude::*;

const STEP: i64 = 100;

fn leaning_set(step_minor: Option<i64>, by: Option<&str>) -> Event {
    Event::LeaningSet {
        market: MARKET,
        step_minor,
        by: by.map(str::to_owned),
    }
}

fn stakes(selection: SelectionId, stakes_minor: i64, returns_minor: i64) -> StandingStakes {
    StandingStakes {
        market: MARKET,
        selection,
        stakes_minor,
        returns_minor,
    }
}

fn note(bets_partition: u16, standing: Vec<StandingStakes>) -> Command {
    Command::NoteStakes {
        bets_partition,
        standing,
    }
}

fn noted(bets_partition: u16, standing: Vec<StandingStakes>) -> Event {
    Event::StakesNoted {
        market: MARKET,
        bets_partition,
        standing,
    }
}

/// The book leans against these exposures from this version on.
fn leant(version: u64, texts: [&str; 3], exposures: [i64; 3]) -> [Event; 2] {
    let against = [HOME, DRAW, AWAY].into_iter().zip(exposures);
    let lean = Lean {
        rules: LeanRules::PRESENT,
        limit_minor: 1_000,
        exposures: against
            .map(|(selection, minor)| SelectionExposure { selection, minor })
            .collect(),
        by: "house".to_owned(),
    };
    let explanation = Explanation {
        model: None,
        lean: Some(lean),
        unleaning: prices(BOOK),
    };
    [
        published(version, texts, 3),
        Event::BookExplained {
            market: MARKET,
            version,
            explanation,
        },
    ]
}

/// As in `explained.rs`: home would cost 6.00, the others bring 2.00 and 4.00.
const LEANING: [&str; 3] = ["2.21", "3.51", "3.30"];

#[test]
fn a_market_leans_by_itself_once_an_exposure_has_moved_a_step() {
    // 4.00 on home to return 10.00; what the other two cost beside it follows.
    let standing = vec![stakes(HOME, 400, 1_000), stakes(DRAW, 0, 200)];
    let [book, why] = leant(3, LEANING, [600, -200, -400]);
    after_open([leaning_set(Some(STEP), None)])
        .when(note(2, standing.clone()))
        .then([noted(2, standing), book, why]);
}

#[test]
fn less_than_a_step_is_noted_and_moves_no_price() {
    let small = vec![stakes(HOME, 60, 159)];
    after_open([leaning_set(Some(STEP), None)])
        .when(note(0, small.clone()))
        .then([noted(0, small)]);
}

#[test]
fn small_stakes_of_two_partitions_add_up_to_a_step() {
    let [one, other] = [0, 1].map(|_| vec![stakes(HOME, 60, 120)]);
    let events = after_open([leaning_set(Some(STEP), None), noted(0, one)]).state();
    let events = Odds::decide(&events, &note(1, other)).unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
}

#[test]
fn totals_told_twice_change_nothing() {
    let standing = vec![stakes(HOME, 60, 159)];
    after_open([leaning_set(Some(STEP), None), noted(0, standing.clone())])
        .when(note(0, standing))
        .then([]);
}

#[test]
fn a_market_that_does_not_lean_notes_nothing() {
    let much = vec![stakes(HOME, 400, 1_000)];
    after_open([]).when(note(0, much.clone())).then([]);
    let over = [
        leaning_set(Some(STEP), None),
        resulted(3, 1, HOME_WON, None),
    ];
    after_open(over).when(note(0, much)).then([]);
}

fn set(step_minor: Option<i64>) -> Command {
    Command::SetLeaning {
        market: MARKET,
        step_minor,
        by: "desk".to_owned(),
    }
}

#[test]
fn a_trader_lets_a_market_lean_and_ends_it() {
    after_open([])
        .when(set(Some(STEP)))
        .then([leaning_set(Some(STEP), Some("desk"))]);
    after_open([leaning_set(Some(STEP), Some("desk"))])
        .when(set(Some(STEP)))
        .then([]);
    let standing = vec![stakes(HOME, 400, 1_000), stakes(DRAW, 0, 200)];
    let [book, why] = leant(3, LEANING, [600, -200, -400]);
    after_open([leaning_set(Some(STEP), None), noted(2, standing), book, why])
        .when(set(None))
        .then([leaning_set(None, Some("desk")), published(4, BOOK, 3)]);
}

#[test]
fn a_market_that_is_over_does_not_begin_to_lean() {
    after_open([resulted(3, 1, HOME_WON, None)])
        .when(set(Some(STEP)))
        .then_rejected(Rejection::MarketNotInState {
            market: MARKET,
            state: "settled",
        });
}

#[test]
fn the_house_may_let_every_new_market_lean() {
    let offer = MarketOffer {
        lean_step_minor: Some(STEP),
        ..offer_of(MARKET)
    };
    Odd::given([announced(), advanced(1)])
        .when(said(2, Update::OfferMarket(offer)))
        .then([offered(MARKET), leaning_set(Some(STEP), None), advanced(2)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever comes to stand where: the booksum is never below one, no price is lost, and what would
    /// cost most is never longer than the source told it.
    #[test]
    fn leaning_by_itself_is_monotone_and_never_arbitrageable(
        bets in prop::collection::vec((0_usize..3, 0_i64..2_000, 100_u32..400), 1..12)
    ) {
        let set = [leaning_set(Some(STEP), None)];
        let mut state = after_open(set).state();
        let mut standing = [(0_i64, 0_i64); 3];
        for (at, stake, percent) in bets {
            standing[at].0 += stake;
            standing[at].1 += stake * i64::from(percent) / 100;
            let told = stakes([HOME, DRAW, AWAY][at], standing[at].0, standing[at].1);
            for event in Odds::decide(&state, &note(0, vec![told])).unwrap() {
                Odds::evolve(&mut state, &event);
            }
            // Σ 1/D ≥ 1, exactly.
            let [(n0, d0), (n1, d1), (n2, d2)] = [0, 1, 2].map(|at: usize| {
                let price = state.markets[&MARKET].prices[at].unwrap();
                (i128::from(price.numerator()), i128::from(price.denominator()))
            });
            prop_assert!(d0 * n1 * n2 + d1 * n0 * n2 + d2 * n0 * n1 >= n0 * n1 * n2);
        }
        // Exposure and price go opposite ways against the plain book.
        let market = &state.markets[&MARKET];
        if let Some(lean) = market.lean() {
            let most = lean.exposures.iter().max_by_key(|e| e.minor).unwrap();
            let at = [HOME, DRAW, AWAY].iter().position(|s| *s == most.selection).unwrap();
            let told: kernel::Price = BOOK[at].parse().unwrap();
            prop_assert!(market.prices[at].unwrap() <= told);
        }
    }
}
