//! Prices that say what they are made of, and that lean against what the house would lose.

use super::*;
use crate::explain::{
    Explanation, Lean, LeanRules, ModelOpinion, ModelParameter, SelectionExposure,
};
use crate::rejection::Rejection;

fn opinion(home_rate: i64) -> ModelOpinion {
    ModelOpinion {
        version: "dixon-coles/1".to_owned(),
        parameters: vec![ModelParameter {
            name: "home_rate".to_owned(),
            micros: home_rate,
        }],
    }
}

fn from_model(texts: [&str; 3], home_rate: i64) -> Update {
    Update::QuoteFromModel {
        market: MARKET,
        prices: prices(texts),
        model: opinion(home_rate),
    }
}

fn explained(version: u64, explanation: Explanation) -> Event {
    Event::BookExplained {
        market: MARKET,
        version,
        explanation,
    }
}

fn cost(minor: [i64; 3]) -> Vec<SelectionExposure> {
    [HOME, DRAW, AWAY]
        .into_iter()
        .zip(minor)
        .map(|(selection, minor)| SelectionExposure { selection, minor })
        .collect()
}

fn lean_book(exposures: Vec<SelectionExposure>) -> Command {
    Command::LeanBook {
        market: MARKET,
        exposures,
        by: "desk".to_owned(),
    }
}

fn lean(minor: [i64; 3]) -> Lean {
    Lean {
        rules: LeanRules::PRESENT,
        limit_minor: 1_000,
        exposures: cost(minor),
        by: "desk".to_owned(),
    }
}

fn leaning(minor: [i64; 3], texts: [&str; 3], model: Option<ModelOpinion>) -> Explanation {
    Explanation {
        model,
        lean: Some(lean(minor)),
        unleaning: prices(texts),
    }
}

/// Home would cost most: it gets shorter, the others longer. Worked out by another program.
const AGAINST_HOME: [i64; 3] = [600, -200, -400];
const LEANING: [&str; 3] = ["2.21", "3.51", "3.30"];

#[test]
fn a_models_book_says_which_model_and_what_it_was_given() {
    after_open([])
        .when(said(4, from_model(["2.4", "3.5", "3"], 1_500_000)))
        .then([
            published(3, ["2.4", "3.5", "3"], 4),
            explained(
                3,
                Explanation {
                    model: Some(opinion(1_500_000)),
                    ..Explanation::default()
                },
            ),
            advanced(4),
        ]);
}

#[test]
fn a_plain_book_after_it_has_no_model() {
    let state = after_open([
        published(3, ["2.4", "3.5", "3"], 4),
        explained(
            3,
            Explanation {
                model: Some(opinion(1)),
                ..Explanation::default()
            },
        ),
        advanced(4),
        published(4, BOOK, 5),
    ])
    .state();
    let origin = state.markets[&MARKET].origin.clone().unwrap();
    assert!(origin.explanation.is_empty());
    assert_eq!(origin.source_sequence, 5);
}

#[test]
fn the_same_opinion_with_the_same_prices_changes_nothing() {
    after_open([])
        .when(said(4, from_model(BOOK, 1_500_000)))
        .then([advanced(4)]);
}

#[test]
fn a_book_leans_against_what_would_cost_most() {
    after_open([]).when(lean_book(cost(AGAINST_HOME))).then([
        published(3, LEANING, 3),
        explained(3, leaning(AGAINST_HOME, BOOK, None)),
    ]);
}

#[test]
fn what_the_desk_says_again_changes_nothing() {
    after_open([
        published(3, LEANING, 3),
        explained(3, leaning(AGAINST_HOME, BOOK, None)),
    ])
    .when(lean_book(cost(AGAINST_HOME)))
    .then([]);
}

#[test]
fn the_sources_next_prices_lean_as_well() {
    after_open([
        published(3, LEANING, 3),
        explained(3, leaning(AGAINST_HOME, BOOK, None)),
    ])
    .when(said(4, from_model(["2.4", "3.5", "3"], 7)))
    .then([
        published(4, LEANING_NEXT, 4),
        explained(
            4,
            leaning(AGAINST_HOME, ["2.4", "3.5", "3"], Some(opinion(7))),
        ),
        advanced(4),
    ]);
}

const LEANING_NEXT: [&str; 3] = ["2.13", "3.62", "3.43"];

#[test]
fn the_sources_same_prices_are_no_news_to_a_leaning_book() {
    after_open([
        published(3, LEANING, 3),
        explained(3, leaning(AGAINST_HOME, BOOK, None)),
    ])
    .when(said(4, quote(BOOK)))
    .then([advanced(4)]);
}

#[test]
fn without_exposures_the_sources_prices_stand_again() {
    after_open([
        published(3, LEANING, 3),
        explained(3, leaning(AGAINST_HOME, BOOK, None)),
    ])
    .when(lean_book(Vec::new()))
    .then([published(4, BOOK, 3)]);
}

#[test]
fn equal_exposures_are_recorded_and_move_no_price() {
    after_open([]).when(lean_book(cost([70, 70, 70]))).then([
        published(3, BOOK, 3),
        explained(3, leaning([70, 70, 70], BOOK, None)),
    ]);
}

#[test]
fn a_book_with_a_missing_price_does_not_lean() {
    let missing = ["2.5", "-", "2.9"];
    after_open([published(3, missing, 4), advanced(4)])
        .when(lean_book(cost(AGAINST_HOME)))
        .then([
            published(4, missing, 4),
            explained(4, leaning(AGAINST_HOME, missing, None)),
        ]);
}

#[test]
fn nothing_leans_before_there_are_prices() {
    Scenario::<Odds>::given([announced(), advanced(1), offered(MARKET), advanced(2)])
        .when(lean_book(cost(AGAINST_HOME)))
        .then([]);
}

#[test]
fn exposures_of_other_markets_are_refused() {
    let stranger = SelectionId::example(999, 0);
    after_open([])
        .when(lean_book(vec![SelectionExposure {
            selection: stranger,
            minor: 1,
        }]))
        .then_rejected(Rejection::SelectionUnknown(stranger));
    after_open([])
        .when(Command::LeanBook {
            market: OTHER_MARKET,
            exposures: Vec::new(),
            by: "desk".to_owned(),
        })
        .then_rejected(Rejection::MarketUnknown(OTHER_MARKET));
}

#[test]
fn a_closed_market_leans_no_more() {
    after_open([Event::MarketClosed {
        market: MARKET,
        version: 3,
    }])
    .when(lean_book(cost(AGAINST_HOME)))
    .then_rejected(Rejection::MarketNotInState {
        market: MARKET,
        state: "closed",
    });
}
