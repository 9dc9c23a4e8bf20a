//! From a book that says what it is made of to the bet that is struck on it.

use super::*;
use schemas::bets::{Event, PriceOrigin};

fn leaning_book(offset: u64, version: u64, price: &str) -> Decision {
    let priced = |selection, price: &str| odds::SelectionPrice {
        selection,
        price: price.parse().ok(),
    };
    let published = odds::BookPublished {
        market: MARKET,
        version,
        prices: vec![priced(HOME, price), priced(AWAY, "1.61")],
        source: "simulation".to_owned(),
        source_sequence: 41,
        published_at: at(1),
    };
    let explained = odds::BookExplained {
        market: MARKET,
        version,
        model: Some(odds::ModelOpinion {
            version: "dixon-coles/1".to_owned(),
            parameters: vec![odds::ModelParameter {
                name: "home_rate".to_owned(),
                micros: 1_500_000,
            }],
        }),
        lean: Some(odds::Lean {
            rules_version: 1,
            kappa_permille: 500,
            clamp_ppm: 50_000,
            booksum_least_ppm: 1_000_000,
            ladder: odds::PriceLadder::Hundredths,
            limit_minor: 1_000_000,
            exposures: vec![],
            by: "desk".to_owned(),
        }),
        unleaning: vec![priced(HOME, "2.55"), priced(AWAY, "1.60")],
    };
    odds_decision(
        offset,
        at(1),
        vec![
            odds::Event::BookPublished(published),
            odds::Event::BookExplained(explained),
        ],
    )
}

#[test]
fn an_accepted_bet_tells_where_its_price_came_from() {
    let mut partition = Partition::new();
    partition.react(&leaning_book(3, 2, "2.5"), at(1));
    let placed = partition.request(place(1), at(10));
    let told = PriceOrigin {
        selection: HOME,
        source: "simulation".to_owned(),
        source_sequence: 41,
        model: Some("dixon-coles/1".to_owned()),
        lean_rules: Some(1),
        unleaning: "2.55".parse().ok(),
    };
    assert!(
        matches!(&placed[..], [Event::BetPlaced(p), Event::PricesTraced(t)]
            if p.legs[0].book_position == position(Topic::OddsEvents, 3)
                && t.bet == p.bet && t.legs == [told]),
        "{placed:?}"
    );
    // Struck as placed: what was told at placement is what it stands on.
    let struck = partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    assert!(
        matches!(&struck[..], [Event::BetAccepted(a)]
            if a.legs[0].book_position == position(Topic::OddsEvents, 3)),
        "{struck:?}"
    );
}

/// The next plain book of the source ends what the one before was made of.
#[test]
fn a_plain_price_has_its_book_and_no_more() {
    let mut partition = Partition::new();
    partition.react(&leaning_book(3, 2, "2.5"), at(1));
    let plain = odds::BookPublished {
        market: MARKET,
        version: 3,
        prices: vec![odds::SelectionPrice {
            selection: HOME,
            price: "2.5".parse().ok(),
        }],
        source: "test".to_owned(),
        source_sequence: 2,
        published_at: at(2),
    };
    let plain = odds_decision(4, at(2), vec![odds::Event::BookPublished(plain)]);
    partition.react(&plain, at(2));
    let placed = partition.request(place(1), at(10));
    assert!(
        matches!(&placed[..], [Event::BetPlaced(p)]
            if p.legs[0].book_position == position(Topic::OddsEvents, 4)),
        "{placed:?}"
    );
}
