//! What goes on when a part is away: the rows of docs/degradation.md that a gateway shows alone.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, MemoryLog, Record, Writer};
use futures::FutureExt;
use futures::future::{BoxFuture, pending, ready};
use gateway::{Config, Gateway};
use kernel::*;
use schemas::fraud;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use viewstore::{Applied, Progress, Row, Scan, StoredRow, ViewError, ViewStore};

/// A log whose servers are silent: nothing is taken and nothing told, for ever.
struct Silent(MemoryLog);

impl EventLog for Silent {
    fn writer(&self, at: TopicPartition) -> Arc<dyn Writer> {
        self.0.writer(at)
    }
    fn send(&self, _: TopicPartition, _: Bytes) -> BoxFuture<'static, AppendOutcome> {
        pending().boxed()
    }
    fn read(
        &self,
        _: TopicPartition,
        _: Offset,
        _: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        pending().boxed()
    }
    fn end(&self, _: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        pending().boxed()
    }
    fn wait(&self, _: TopicPartition, _: Offset) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}

/// Views that answer nobody.
struct Gone;

fn gone<T: Send + 'static>() -> BoxFuture<'static, Result<T, ViewError>> {
    ready(Err(ViewError::Unavailable {
        operation: "ask",
        detail: "gone".to_owned(),
    }))
    .boxed()
}

impl ViewStore for Gone {
    fn apply(
        &self,
        _: TopicPartition,
        _: Vec<Row>,
        _: Progress,
    ) -> BoxFuture<'static, Result<Applied, ViewError>> {
        gone()
    }
    fn get(
        &self,
        _: &'static str,
        _: Vec<u8>,
    ) -> BoxFuture<'static, Result<Option<StoredRow>, ViewError>> {
        gone()
    }
    fn scan(&self, _: Scan) -> BoxFuture<'static, Result<Vec<StoredRow>, ViewError>> {
        gone()
    }
    fn progress(
        &self,
        _: TopicPartition,
    ) -> BoxFuture<'static, Result<Option<Progress>, ViewError>> {
        gone()
    }
    fn clear(&self) -> BoxFuture<'static, Result<(), ViewError>> {
        gone()
    }
}

async fn get(gateway: &Gateway, token: &str, path: &str) -> Answer {
    let asked = request("GET", path, token).body(Body::empty()).unwrap();
    sent_to(&gateway.router(), asked).await
}

async fn post(gateway: &Gateway, path: &str, body: &serde_json::Value) -> Answer {
    let asked = request("POST", path, "anna")
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    let asked = asked.body(Body::from(body.to_string())).unwrap();
    sent_to(&gateway.router(), asked).await
}

/// No acknowledgement, 503 before the deadline; what is memory or view goes on.
#[tokio::test(start_paused = true)]
async fn a_silent_log_acknowledges_nothing_and_is_waited_for_no_longer_than_the_deadline() {
    let world = World::new();
    world.offer().await;
    let gateway = world.gateway_on(Arc::new(Silent(world.log.clone())));
    let deposit = json!({"amount": {"amount": "10.00", "currency": "EUR"}});
    for (path, body) in [("/v1/bets", slip("10.00")), ("/v1/deposits", deposit)] {
        let asked_at = Instant::now();
        let answer = post(&gateway, path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (503, "outcome_unknown"),
            "{path}"
        );
        let most = Config::default().deadline + Duration::from_secs(1);
        assert!(asked_at.elapsed() <= most, "{path}");
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(
        get(&gateway, "", "/v1/fixtures").await.status,
        StatusCode::OK
    );
    assert_eq!(
        get(&gateway, "anna", "/v1/bets").await.status,
        StatusCode::OK
    );
    let ready = get(&gateway, "", "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["missing"][0]["name"], "journals");
    assert_eq!(get(&gateway, "", "/livez").await.status, StatusCode::OK);
}

/// Bets are struck, prices are told, reads of one's own things say when to come back.
#[tokio::test(start_paused = true)]
async fn views_that_are_gone_stop_no_bet() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let gateway = world.reading_gateway(Arc::new(Gone)).await;
    let bet = post(&gateway, "/v1/bets", &slip("10.00")).await;
    assert_eq!(bet.status, StatusCode::CREATED, "{bet:?}");
    assert_eq!(
        get(&gateway, "", "/v1/fixtures").await.status,
        StatusCode::OK
    );
    let market = get(&gateway, "", &format!("/v1/markets/{MARKET}")).await;
    assert_eq!(market.status, StatusCode::OK);
    for path in ["/v1/bets", "/v1/account/balance"] {
        let answer = get(&gateway, "anna", path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (503, "view_unavailable"),
            "{path}"
        );
        assert!(answer.header("retry-after").is_some());
    }
    let ready = get(&gateway, "", "/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.json()["degraded"][0]["name"], "views");
}

/// Nobody serves fraud: bets go on, and what staff tell fraud waits in its inbox.
#[tokio::test(start_paused = true)]
async fn without_fraud_bets_go_on_and_what_it_is_told_waits() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let bet = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(bet.status, StatusCode::CREATED);
    let restrict = json!({"stake_permille": 500, "note": "arbitrage"});
    let path = format!("/v1/admin/customers/{ANNA}/restrict");
    let told = world.post("operator", &path, "k2", &restrict).await;
    assert_eq!(
        (told.status.as_u16(), told.code().as_str()),
        (503, "outcome_unknown"),
        "{told:?}"
    );
    let inbox = Inbox::<fraud::Command>::new(&world.log, Topic::FraudCommands, ANNA.partition());
    assert_eq!(inbox.count().await, 1);
}
