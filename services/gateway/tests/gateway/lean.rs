//! Prices that a trader lets lean: what odds is asked, and who may ask it.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::rows::{LiabilityRow, table};
use schemas::{Body as RecordBody, odds};
use serde_json::json;

async fn standing(world: &World, bets_partition: u16, selection: SelectionId, minor: [i64; 2]) {
    let at = TopicPartition::new(Topic::BetsEvents, bets_partition);
    let [stakes, returns] = minor.map(|minor| Money::from_minor(minor, Currency::Eur));
    let row = LiabilityRow {
        market: MARKET,
        selection,
        stakes,
        returns,
        slips: 1,
    };
    let mut key = MARKET.bytes().to_vec();
    key.extend_from_slice(&selection.bytes());
    key.extend_from_slice(&bets_partition.to_be_bytes());
    world.row(at, table::LIABILITY, &key, &row).await;
}

#[tokio::test(start_paused = true)]
async fn a_market_leans_against_what_stands_on_it() {
    let world = World::new();
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    let mut journal = world.offer().await;
    // The worked exposure: 5,500 and 2,200 at 10/11, the first in two partitions of bets.
    standing(&world, 0, HOME, [300_000, 572_728]).await;
    standing(&world, 2, HOME, [250_000, 477_272]).await;
    standing(&world, 2, AWAY, [220_000, 420_000]).await;
    let path = format!("/v1/admin/markets/{MARKET}/lean");
    for (leaning, exposures) in [
        (true, vec![(HOME, 280_000), (AWAY, -350_000)]),
        (false, vec![]),
    ] {
        let body = json!({"against_liability": leaning});
        let key = format!("lean-{leaning}");
        let told_odds = async {
            let asked = inbox.next().await;
            let odds::Command::LeanBook(lean) = &asked.command else {
                panic!("{asked:?}")
            };
            let told: Vec<(SelectionId, i64)> = lean
                .exposures
                .iter()
                .map(|exposure| (exposure.selection, exposure.minor))
                .collect();
            assert_eq!((lean.market, told), (MARKET, exposures));
            assert!(!lean.by.is_empty());
            let nothing = RecordBody {
                rejection: None,
                events: Vec::<odds::Event>::new(),
            };
            journal
                .answer::<_, _, odds::Rejection>(&asked, nothing)
                .await;
        };
        let (done, ()) = tokio::join!(world.post("operator", &path, &key, &body), told_odds);
        assert_eq!(
            (done.status, done.json()["leaning"].clone()),
            (StatusCode::OK, leaning.into())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_those_who_work_on_markets_may_ask() {
    let world = World::new();
    let path = format!("/v1/admin/markets/{MARKET}/lean");
    let body = json!({"against_liability": true});
    let refused = world.post("anna", &path, "k", &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let wrong = world
        .post("operator", &path, "k", &json!({"against": true}))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}
