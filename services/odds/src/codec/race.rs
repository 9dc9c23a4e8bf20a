//! Races there and back.

use super::{prices_from_wire, prices_to_wire};
use odds_domain::{PlaceOffer, Placing, RaceDescription};
use schemas::odds as wire;

pub(crate) fn race_from_wire(race: wire::DescribeRace) -> RaceDescription {
    RaceDescription {
        market: race.market,
        handicap: race.handicap,
        fixed: race.fixed.map(|fixed| PlaceOffer {
            places: fixed.places,
            numerator: fixed.numerator,
            denominator: fixed.denominator,
        }),
        placings: race
            .placings
            .into_iter()
            .map(|at| Placing {
                selection: at.selection,
                place: at.place,
                tied: at.tied,
            })
            .collect(),
        starting_prices: prices_from_wire(race.starting_prices),
    }
}

/// The description, and the operator who gave it.
pub(crate) fn described_from_wire(race: wire::RaceDescribed) -> (RaceDescription, Option<String>) {
    let described = race_from_wire(wire::DescribeRace {
        market: race.market,
        handicap: race.handicap,
        fixed: race.fixed,
        placings: race.placings,
        starting_prices: race.starting_prices,
    });
    (described, race.by)
}

pub(crate) fn race_to_wire(race: RaceDescription, by: Option<String>) -> wire::RaceDescribed {
    wire::RaceDescribed {
        market: race.market,
        handicap: race.handicap,
        fixed: race.fixed.map(|fixed| wire::PlaceOffer {
            places: fixed.places,
            numerator: fixed.numerator,
            denominator: fixed.denominator,
        }),
        placings: race
            .placings
            .into_iter()
            .map(|at| wire::Placing {
                selection: at.selection,
                place: at.place,
                tied: at.tied,
            })
            .collect(),
        starting_prices: prices_to_wire(&race.starting_prices),
        by,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{event_from_wire, event_to_wire};
    use crate::snapshot;
    use kernel::{Decider, FixtureId, MarketId, SelectionId, Timestamp};
    use odds_domain::{
        Event, ExposureTerms, FixtureDescription, MarketKind, MarketOffer, NamedSelection, Odds,
        SelectionPrice, StandingStakes,
    };
    use schemas::Wire;

    const MARKET: MarketId = MarketId::example(10, 3);
    const RUNNER: SelectionId = SelectionId::example(100, 3);

    fn events() -> Vec<Event> {
        let fixture = FixtureId::example(1, 3);
        let money = |minor| kernel::Money::from_minor(minor, kernel::Currency::Eur);
        let offer = MarketOffer {
            market: MARKET,
            fixture,
            name: "Winner".to_owned(),
            kind: MarketKind::Winner,
            selections: vec![NamedSelection {
                selection: RUNNER,
                name: "Ajax".to_owned(),
            }],
            exposure: ExposureTerms {
                exposure_max: money(1_000),
                budget_each: money(100),
            },
            lean_step_minor: None,
        };
        let race = RaceDescription {
            market: MARKET,
            handicap: true,
            fixed: Some(PlaceOffer {
                places: 4,
                numerator: 1,
                denominator: 5,
            }),
            placings: vec![Placing {
                selection: RUNNER,
                place: 1,
                tied: 2,
            }],
            starting_prices: vec![SelectionPrice {
                selection: RUNNER,
                price: "4.15".parse().ok(),
            }],
        };
        let standing = vec![StandingStakes {
            market: MARKET,
            selection: RUNNER,
            stakes_minor: 500,
            returns_minor: 2_075,
        }];
        vec![
            Event::FixtureAnnounced(FixtureDescription {
                fixture,
                name: "The 18:55".to_owned(),
                sport: "horse-racing".to_owned(),
                starts_at: Timestamp::from_millis(5),
            }),
            Event::MarketOffered {
                offer,
                source: "stable".to_owned(),
                version: 1,
            },
            Event::RaceDescribed {
                race,
                by: Some("judge".to_owned()),
            },
            Event::LeaningSet {
                market: MARKET,
                step_minor: Some(100),
                by: None,
            },
            Event::StakesNoted {
                market: MARKET,
                bets_partition: 2,
                standing,
            },
        ]
    }

    #[test]
    fn races_and_leaning_survive_the_wire_and_the_snapshot() {
        let mut state = Odds::initial();
        for event in events() {
            let bytes = event_to_wire(&event).to_bytes();
            let wire = wire::Event::from_bytes(&bytes).unwrap();
            assert_eq!(event_from_wire(wire), Ok(event.clone()));
            Odds::evolve(&mut state, &event);
        }
        let bytes = snapshot::to_bytes(&state);
        assert_eq!(snapshot::from_bytes(&bytes), Ok(state));
    }

    /// Before races and leaning were kept, a snapshot ended where these begin.
    #[test]
    fn a_snapshot_of_an_earlier_version_is_still_read() {
        let mut state = Odds::initial();
        for event in events().into_iter().take(2) {
            Odds::evolve(&mut state, &event);
        }
        let mut bytes = snapshot::to_bytes(&state);
        assert_eq!(bytes.pop(), Some(0));
        assert_eq!(snapshot::from_bytes(&bytes), Ok(state));
    }
}
