//! An each-way bet on a race from the wire to its settlement: what odds tell of the race is all
//! that bets goes by.

use super::*;
use schemas::bets::{BetType, Event};

fn described(placings: Vec<odds::Placing>) -> odds::Event {
    odds::Event::RaceDescribed(odds::RaceDescribed {
        market: MARKET,
        handicap: false,
        fixed: Some(odds::PlaceOffer {
            places: 2,
            numerator: 1,
            denominator: 4,
        }),
        placings,
        starting_prices: vec![odds::SelectionPrice {
            selection: HOME,
            price: "4".parse().ok(),
        }],
        by: None,
    })
}

fn second() -> Vec<odds::Placing> {
    vec![odds::Placing {
        selection: HOME,
        place: 2,
        tied: 1,
    }]
}

fn each_way(n: u64, starting_price: bool) -> bets::Command {
    let bets::Command::PlaceBet(place) = place(n) else {
        panic!("a plain slip");
    };
    bets::Command::PlaceSlip(bets::PlaceSlip {
        bet: place.bet,
        customer: place.customer,
        slip: bets::Slip {
            bet_type: BetType::Single,
            each_way: true,
            ..place.slip
        },
        options: bets::SlipOptions {
            sizes: vec![],
            starting_price: vec![starting_price],
        },
    })
}

/// What one slip is paid whose runner comes in second.
fn paid(starting_price: bool) -> Vec<i64> {
    let mut partition = Partition::new();
    partition.react(&odds_decision(3, at(5), vec![described(vec![])]), at(5));
    let placed = partition.request(each_way(1, starting_price), at(10));
    let [Event::BetPlaced(slip), Event::BetTermsFixed(_)] = &placed[..] else {
        panic!("not placed: {placed:?}")
    };
    assert_eq!(slip.stake, eur(2_000));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(20));
    let finish = vec![described(second()), resulted(1, odds::OutcomeKind::Lost)];
    partition.react(&odds_decision(4, at(30), finish), at(30));
    let events = partition.rest(at(30));
    let settled = events.iter().filter_map(|event| match event {
        Event::BetSettled(settled) => Some(settled.returned.minor()),
        _ => None,
    });
    settled.collect()
}

#[test]
fn a_placed_runner_pays_a_part_of_its_price() {
    // 10.00 at 1 + 1.5/4.
    assert_eq!(paid(false), [1_375]);
}

#[test]
fn a_starting_price_told_with_the_finish_is_paid() {
    // 10.00 at 1 + 3/4.
    assert_eq!(paid(true), [1_750]);
}

#[test]
fn what_was_never_described_as_a_race_has_no_places() {
    let mut partition = Partition::new();
    let command = BetsService::request(PARTITION, each_way(1, false), &partition.view, at(10));
    assert_eq!(
        partition.decide(&command),
        Err(bets_domain::Rejection::EachWayNotOffered)
    );
}
