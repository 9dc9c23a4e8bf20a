//! What is on offer: shown from the market view, fed by lines, suspended by hand.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, MemoryLog, Record, Writer};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use kernel::*;
use schemas::{Body as RecordBody, odds};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn fixtures_and_markets_come_from_the_market_view() {
    let world = World::new();
    world.offer().await;
    let list = world
        .get("", "/v1/fixtures?sport=football&status=scheduled")
        .await
        .json();
    assert_eq!(list["items"][0]["name"], "Rovers v United");
    assert_eq!(list["items"][0]["markets"][0]["status"], "open");
    assert_eq!(
        world.get("", "/v1/fixtures?sport=tennis").await.json()["items"],
        json!([])
    );
    let market = world.get("", &format!("/v1/markets/{MARKET}")).await.json();
    assert_eq!(
        market["selections"][0],
        json!({"id": HOME.to_string(), "name": "Rovers", "price": "2.50"})
    );
    assert_eq!(market["version"], 2);
    let fixture = world
        .get("", &format!("/v1/fixtures/{FIXTURE}"))
        .await
        .json();
    assert_eq!(fixture["markets"][0], market);
    assert_eq!(
        world
            .get("", &format!("/v1/markets/{}", MarketId::example(99, 1)))
            .await
            .code(),
        "not_found"
    );
    assert_eq!(world.get("", "/v1/markets/mkt_1").await.code(), "not_found");
}

#[tokio::test(start_paused = true)]
async fn an_operator_suspends_with_a_reason() {
    let world = World::new();
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    let mut journal = world.offer().await;
    let path = format!("/v1/admin/markets/{MARKET}/suspend");
    let without = world
        .post("operator", &path, "k", &json!({"reason": " "}))
        .await;
    assert_eq!(
        (without.status.as_u16(), without.code().as_str()),
        (400, "reason_missing")
    );
    let suspending = async {
        let asked = inbox.next().await;
        let odds::Command::SuspendMarket(suspend) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((suspend.market, suspend.reason.as_str()), (MARKET, "goal"));
        let event = odds::Event::MarketSuspended(odds::MarketSuspended {
            market: MARKET,
            version: 3,
            reason: "goal".to_owned(),
            by: Some(suspend.by.clone()),
        });
        journal
            .answer::<_, _, odds::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events: vec![event],
                },
            )
            .await;
    };
    let body = json!({"reason": "goal"});
    let (done, ()) = tokio::join!(world.post("operator", &path, "k", &body), suspending);
    assert_eq!(
        (done.status, done.json()["status"].clone()),
        (StatusCode::OK, "suspended".into())
    );
    world.caught_up().await;
    let market = world.get("", &format!("/v1/markets/{MARKET}")).await.json();
    assert_eq!(market["status"], "suspended");
}

#[tokio::test(start_paused = true)]
async fn a_feed_is_taken_whole_or_not_at_all() {
    let world = World::new();
    let send = |body: &'static str| {
        world.send(
            request("POST", "/v1/feed/updates", "trader")
                .body(Body::from(body))
                .unwrap(),
        )
    };
    let wrong = send("1\ntwo\n3").await;
    assert_eq!(wrong.code(), "feed_line_invalid");
    assert_eq!(wrong.json()["errors"][0]["pointer"], "line 2/sequence");
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    assert_eq!(inbox.count().await, 0);
    let mut journal = Owner::claim(&world.log, Topic::OddsEvents, 1).await;
    let taking = async {
        for sequence in [1, 2, 3] {
            let asked = inbox.next().await;
            let odds::Command::ApplyFeedMessage(message) = &asked.command else {
                panic!("{asked:?}")
            };
            assert_eq!(message.sequence, sequence);
            journal
                .answer::<_, odds::Event, odds::Rejection>(
                    &asked,
                    RecordBody {
                        rejection: None,
                        events: vec![],
                    },
                )
                .await;
        }
    };
    let (taken, ()) = tokio::join!(send("1\n2\n3"), taking);
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(taken.json()["messages"], 3);
}

/// A log that takes nothing for as long as it is told to.
struct Deaf {
    log: MemoryLog,
    deaf: Arc<AtomicBool>,
}

impl EventLog for Deaf {
    fn writer(&self, at: TopicPartition) -> Arc<dyn Writer> {
        self.log.writer(at)
    }
    fn send(&self, at: TopicPartition, record: Bytes) -> BoxFuture<'static, AppendOutcome> {
        if self.deaf.load(Ordering::Relaxed) {
            return ready(AppendOutcome::Unknown).boxed();
        }
        self.log.send(at, record)
    }
    fn read(
        &self,
        at: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        self.log.read(at, from, bytes_max)
    }
    fn end(&self, at: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        self.log.end(at)
    }
    fn wait(&self, at: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        self.log.wait(at, from)
    }
}

/// What was counted while the log was away goes before what comes next: a source that hears 503
/// and sends again is told of a repeat, and its message must be there all the same.
#[tokio::test(start_paused = true)]
async fn what_a_deaf_log_did_not_take_is_sent_before_what_comes_next() {
    let world = World::new();
    let deaf = Arc::new(AtomicBool::new(true));
    let gateway = world.gateway_on(Arc::new(Deaf {
        log: world.log.clone(),
        deaf: Arc::clone(&deaf),
    }));
    let send = |body: &'static str| {
        let asked = request("POST", "/v1/feed/updates", "trader").body(Body::from(body));
        gateway.router().oneshot(asked.unwrap())
    };
    let refused = send("1\n2\n3").await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let mut inbox = Inbox::<odds::Command>::new(&world.log, Topic::OddsCommands, 1);
    assert_eq!(inbox.count().await, 0);
    deaf.store(false, Ordering::Relaxed);
    send("4").await.unwrap();
    for sequence in [1, 2, 3, 4] {
        let odds::Command::ApplyFeedMessage(message) = inbox.next().await.command else {
            panic!("no feed message")
        };
        assert_eq!(message.sequence, sequence);
    }
}
