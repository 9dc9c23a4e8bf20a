//! What is told of races: place terms, placings, starting prices.

use super::*;
use crate::command::{MarketKind, PlaceOffer, Placing, RaceDescription};
use crate::rejection::Rejection;

fn race() -> RaceDescription {
    RaceDescription {
        market: MARKET,
        handicap: true,
        fixed: None,
        placings: vec![],
        starting_prices: vec![],
    }
}

fn first(selection: SelectionId, tied: u16) -> Placing {
    Placing {
        selection,
        place: 1,
        tied,
    }
}

fn described(race: RaceDescription, by: Option<&str>) -> Event {
    Event::RaceDescribed {
        race,
        by: by.map(str::to_owned),
    }
}

fn finished() -> RaceDescription {
    RaceDescription {
        placings: vec![first(DRAW, 2)],
        ..race()
    }
}

fn offered_race() -> Event {
    match offered(MARKET) {
        Event::MarketOffered {
            mut offer,
            source,
            version,
        } => {
            offer.kind = MarketKind::Winner;
            Event::MarketOffered {
                offer,
                source,
                version,
            }
        }
        other => other,
    }
}

fn before() -> [Event; 3] {
    [announced(), offered_race(), advanced(2)]
}

fn told(race: RaceDescription) -> Command {
    said(3, Update::DescribeRace(race))
}

#[test]
fn a_race_is_described_in_full_each_time() {
    Odd::given(before())
        .when(told(finished()))
        .then([described(finished(), None), advanced(3)]);
}

#[test]
fn a_race_described_again_changes_nothing() {
    let known = before().into_iter().chain([described(race(), None)]);
    Odd::given(known).when(told(race())).then([advanced(3)]);
}

#[test]
fn only_a_market_that_asks_who_wins_is_a_race() {
    Odd::given([announced(), offered(MARKET), advanced(2)])
        .when(told(race()))
        .then_rejected(Rejection::OutcomesIncomplete(
            "only a market that asks who wins is a race",
        ));
}

#[test]
fn placings_and_terms_must_be_some() {
    let nowhere = RaceDescription {
        placings: vec![Placing {
            selection: DRAW,
            place: 0,
            tied: 1,
        }],
        ..race()
    };
    let no_part = RaceDescription {
        fixed: Some(PlaceOffer {
            places: 3,
            numerator: 6,
            denominator: 5,
        }),
        ..race()
    };
    let twice = RaceDescription {
        placings: vec![first(DRAW, 1), first(DRAW, 2)],
        ..race()
    };
    for wrong in [nowhere, no_part, twice] {
        Odd::given(before())
            .when(told(wrong))
            .then_rejected(Rejection::OutcomesIncomplete(
                "places count from 1, each runner has one, and they pay a part of the winnings",
            ));
    }
}

#[test]
fn only_selections_of_the_market_are_placed_or_priced() {
    let stranger = SelectionId::example(999, 0);
    let placed = RaceDescription {
        placings: vec![first(stranger, 1)],
        ..race()
    };
    let priced = RaceDescription {
        starting_prices: vec![SelectionPrice {
            selection: stranger,
            price: "3".parse().ok(),
        }],
        ..race()
    };
    for wrong in [placed, priced] {
        Odd::given(before())
            .when(told(wrong))
            .then_rejected(Rejection::SelectionUnknown(stranger));
    }
}

fn by_trader(reason: &str) -> Command {
    Command::StateRace {
        race: race(),
        reason: reason.to_owned(),
        by: "trader".to_owned(),
    }
}

#[test]
fn an_operator_describes_a_race_with_a_reason() {
    Odd::given(before())
        .when(by_trader("the stewards' word"))
        .then([described(race(), Some("trader"))]);
    Odd::given(before())
        .when(by_trader(" "))
        .then_rejected(Rejection::ReasonMissing);
}

/// Slips that wait for placings or starting prices are settled once these are known.
#[test]
fn a_race_described_after_its_result_is_settled_again() {
    let before = before().into_iter().chain([resulted(2, 1, HOME_WON, None)]);
    Odd::given(before).when(told(finished())).then([
        described(finished(), None),
        Event::ResultRolledBack {
            market: MARKET,
            version: 3,
            result: 1,
            reason: "the race was described after its result".to_owned(),
            by: None,
        },
        resulted(4, 2, HOME_WON, None),
        advanced(3),
    ]);
}

#[test]
fn what_is_not_told_again_stays_known() {
    let priced = RaceDescription {
        starting_prices: vec![SelectionPrice {
            selection: HOME,
            price: "3".parse().ok(),
        }],
        ..race()
    };
    let both = RaceDescription {
        placings: finished().placings,
        ..priced.clone()
    };
    let known = before()
        .into_iter()
        .chain([described(finished(), Some("trader"))]);
    Odd::given(known.clone())
        .when(told(priced))
        .then([described(both, None), advanced(3)]);
    Odd::given(known).when(told(race())).then([advanced(3)]);
}
