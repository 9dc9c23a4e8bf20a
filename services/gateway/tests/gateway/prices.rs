//! Prices as server-sent events: snapshots, deltas, resumption without loss, conflation.

use crate::world::*;
use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use gateway::Config;
use kernel::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tower::ServiceExt;

/// A server-sent events client.
struct Events {
    body: BodyDataStream,
    text: String,
}

#[derive(Debug)]
struct Heard {
    event: String,
    id: String,
    data: Value,
}

impl Events {
    async fn open(world: &World, query: &str, last: Option<&str>) -> Self {
        let mut request = request("GET", &format!("/v1/odds/stream{query}"), "");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = world
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let fields: BTreeMap<_, _> = message
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .collect();
                let heard = Heard {
                    event: fields["event"].to_owned(),
                    id: fields["id"].to_owned(),
                    data: serde_json::from_str(fields["data"]).unwrap(),
                };
                self.text = rest.to_owned();
                return Some(heard);
            }
            let chunk = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next one that is not a heartbeat.
    async fn change(&mut self) -> Heard {
        loop {
            let heard = self.next().await.unwrap();
            if heard.event != "heartbeat" {
                return heard;
            }
        }
    }
}

fn price(heard: &Heard) -> &str {
    heard.data["markets"][0]["selections"][0]["price"]
        .as_str()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn prices_come_as_a_snapshot_and_then_as_changes() {
    let world = World::new();
    let mut odds = world.offer().await;
    let mut events = Events::open(&world, "", None).await;
    let snapshot = events.change().await;
    assert_eq!(
        (snapshot.event.as_str(), price(&snapshot)),
        ("snapshot", "2.50")
    );
    assert_eq!(snapshot.data["seq"], 1);
    quote(&mut odds, 3, "2.60").await;
    let delta = events.change().await;
    assert_eq!((delta.event.as_str(), price(&delta)), ("delta", "2.60"));
    assert_eq!(delta.data["seq"], 2);
    let beat = loop {
        let heard = events.next().await.unwrap();
        if heard.event == "heartbeat" {
            break heard;
        }
    };
    assert_eq!(
        (beat.data["seq"].as_u64(), beat.data["interval_ms"].as_u64()),
        (Some(2), Some(1_000))
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_where_it_was_cut() {
    let world = World::new();
    let mut odds = world.offer().await;
    let mut events = Events::open(&world, "", None).await;
    let snapshot = events.change().await;
    drop(events);
    quote(&mut odds, 3, "2.60").await;
    quote(&mut odds, 4, "2.70").await;
    world.caught_up().await;
    let mut again = Events::open(&world, "", Some(&snapshot.id)).await;
    let missed = again.change().await;
    // Two books came meanwhile: the newest is shown.
    assert_eq!((missed.event.as_str(), price(&missed)), ("delta", "2.70"));
    assert_eq!(missed.data["seq"], 2);
    // Nothing was missed since: nothing is sent.
    let mut quiet = Events::open(&world, "", Some(&missed.id)).await;
    assert_eq!(quiet.next().await.unwrap().event, "heartbeat");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_remembered_is_a_snapshot_again() {
    let world = World::with(Config {
        odds_remembered: 2,
        rate_limit: None,
        ..Config::default()
    });
    let mut odds = world.offer().await;
    let snapshot = Events::open(&world, "", None).await.change().await;
    for version in 3..8 {
        quote(&mut odds, version, "2.60").await;
    }
    world.caught_up().await;
    let again = Events::open(&world, "", Some(&snapshot.id))
        .await
        .change()
        .await;
    assert_eq!(
        (again.event.as_str(), again.data["seq"].as_u64()),
        ("snapshot", Some(2))
    );
    let garbled = request("GET", "/v1/odds/stream", "")
        .header("last-event-id", "x")
        .body(Body::empty());
    assert_eq!(
        world.send(garbled.unwrap()).await.code(),
        "position_invalid"
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_markets_asked_for_are_sent() {
    let world = World::new();
    let mut odds = world.offer().await;
    let other = MarketId::example(99, 1);
    let mut events = Events::open(&world, &format!("?market={other}"), None).await;
    assert_eq!(events.change().await.data["markets"], json!([]));
    quote(&mut odds, 3, "2.60").await;
    for _ in 0..3 {
        assert_eq!(events.next().await.unwrap().event, "heartbeat");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_process_stops() {
    let world = World::new();
    world.offer().await;
    let mut events = Events::open(&world, "", None).await;
    events.change().await;
    world.gateway.drain();
    while events.next().await.is_some() {}
}
