//! Prices that the house made: what they were made of stands beside the slip.

use super::world::*;
use crate::*;
use kernel::Timestamp;

fn made(n: u64, current: &str, now: Timestamp) -> Quote {
    Quote {
        price: Some(price(current)),
        origin: Some(origin(n)),
        ..in_play(n, now)
    }
}

fn origin(n: u64) -> PriceOrigin {
    PriceOrigin {
        selection: selection(n),
        source: "simulation".to_owned(),
        source_sequence: 12,
        model: Some("dixon-coles/1".to_owned()),
        lean_rules: Some(1),
        unleaning: Some(price("2.55")),
    }
}

fn traced(legs: impl IntoIterator<Item = u64>) -> Event {
    Event::PricesTraced {
        bet: bet(1),
        legs: legs.into_iter().map(origin).collect(),
    }
}

/// The slip's own legs are told in order, those that a source told plainly are left out.
#[test]
fn placement_tells_what_the_houses_prices_were_made_of() {
    let shown = seeing(
        at(0),
        [
            quote(1, at(0)),
            Quote {
                origin: Some(origin(2)),
                ..quote(2, at(0))
            },
        ],
    );
    let events = nothing()
        .when(place_seeing(1, slip(&[1, 2]), shown))
        .events();
    assert_eq!(events.last(), Some(&traced([2])));
    assert!(matches!(events.first(), Some(Event::BetPlaced(_))));
}

#[test]
fn plain_prices_leave_no_trace() {
    let events = nothing().when(place(1, &[1])).events();
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::PricesTraced { .. }))
    );
}

/// After the delay other prices may be struck; then it is these that are told.
#[test]
fn what_is_struck_after_a_delay_tells_its_own() {
    let request = SlipRequest {
        price_policy: PricePolicy::Any,
        ..slip(&[1])
    };
    let ordered = place_seeing(1, request, seeing(at(0), [made(1, "2.5", at(0))]));
    let events = nothing()
        .after(ordered)
        .after(hold(1))
        .after(look(1, seeing(at(5), [made(1, "2.5", at(5))])))
        .when(look(1, seeing(at(5_005), [made(1, "2.4", at(5_005))])))
        .events();
    assert_eq!(events.first(), Some(&traced([1])));
    assert!(matches!(events.last(), Some(Event::BetAccepted { .. })));
}
