//! Every event and rejection there and back.

use super::*;
use bets_domain::settlement::LegResult;
use bets_domain::{Event, OfferedPrice, Rejection};
use schemas::Wire;
use std::collections::BTreeMap;

fn every_rejection() -> Vec<Rejection> {
    let offered = OfferedPrice {
        selection: HOME,
        price: "2.4".parse().unwrap(),
        market_version: 4,
    };
    vec![
        Rejection::PriceChanged {
            offered: vec![offered],
        },
        Rejection::MarketSuspended { market: MARKET },
        Rejection::MarketClosed { market: MARKET },
        Rejection::SelectionUnavailable { selection: HOME },
        Rejection::PricesStale {
            newest_at: Some(at(1)),
        },
        Rejection::StakeAboveLimit { maximum: eur(5) },
        Rejection::StakeBelowMinimum { minimum: eur(6) },
        Rejection::InsufficientFunds { available: eur(7) },
        Rejection::CustomerExcluded { until: at(2) },
        Rejection::CustomerRestricted,
        Rejection::LegsRelated { fixture: FIXTURE },
        Rejection::LegsDoNotFitType {
            expected_min: 2,
            expected_max: 20,
            got: 1,
        },
        Rejection::ExposureReached { market: MARKET },
        Rejection::EachWayNotOffered,
        Rejection::CurrencyMismatch {
            expected: Currency::Gbp,
        },
        Rejection::AccountBlocked,
    ]
}

/// Those that the stories of these tests do not come by.
fn other_events() -> Vec<Event> {
    let outcomes = [
        LegResult::Won,
        LegResult::Lost,
        LegResult::Void,
        LegResult::HalfWon,
        LegResult::HalfLost,
        LegResult::DeadHeat { places: 2, tied: 5 },
    ];
    let mut events = vec![
        Event::BetAwaitsBudget {
            bet: bet(1),
            market: MARKET,
            until: at(4),
        },
        Event::BudgetRequested {
            market: MARKET,
            total: eur(1),
        },
        Event::BudgetNoticed {
            market: MARKET,
            total: eur(2),
        },
        Event::BudgetReturned {
            market: MARKET,
            total: eur(3),
        },
        Event::StakeLimitNoticed {
            customer: CUSTOMER,
            per_slip: Some(eur(4)),
            per_day: None,
        },
        Event::ExclusionNoticed {
            customer: CUSTOMER,
            until: at(5),
        },
        Event::RestrictionNoticed {
            customer: CUSTOMER,
            stake_permille: 6,
        },
    ];
    for outcome in outcomes {
        events.push(Event::SettlementStarted {
            market: MARKET,
            result: 1,
            outcomes: BTreeMap::from([(HOME, outcome)]),
            open_slips: 3,
        });
        events.push(Event::LegDecided {
            bet: bet(1),
            selection: HOME,
            result: 1,
            outcome: Some(outcome),
        });
    }
    let rejected = |rejection| Event::BetRejected {
        bet: bet(1),
        customer: CUSTOMER,
        held: true,
        stake: eur(9),
        rejection,
    };
    events.extend(every_rejection().into_iter().map(rejected));
    events
}

#[test]
fn events_keep_their_meaning_through_the_bytes() {
    for event in other_events() {
        let bytes = BetsService::event_to_wire(&event).to_bytes();
        let read = bets::Event::from_bytes(&bytes).unwrap();
        assert_eq!(BetsService::event_from_wire(read), Ok(event));
    }
}

#[test]
fn a_placed_slip_is_never_rejected_for_its_command_s_sake() {
    for rejection in [
        BetsService::expired(),
        BetsService::undecodable("garbage".to_owned()),
    ] {
        let recorded = bets::Event::BetRejected(bets::BetRejected {
            bet: bet(1),
            customer: CUSTOMER,
            held: true,
            stake: eur(9),
            rejection,
        });
        assert!(BetsService::event_from_wire(recorded).is_err());
    }
}

#[test]
fn a_slip_with_a_place_part_is_not_read_as_one_without() {
    let mut partition = Partition::new();
    let placed = partition.request(place(1), at(10));
    let [bets::Event::BetPlaced(placed)] = &placed[..] else {
        panic!("placed")
    };
    let each_way = bets::BetPlaced {
        each_way: true,
        ..placed.clone()
    };
    assert!(BetsService::event_from_wire(bets::Event::BetPlaced(each_way)).is_err());
}

#[test]
fn damaged_snapshots_are_refused() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    let bytes = BetsService::snapshot(&partition.state);
    for length in 0..bytes.len() {
        assert!(BetsService::restore(&bytes[..length]).is_err());
    }
}
