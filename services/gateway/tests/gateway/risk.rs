//! What traders leave customers, what stands on a market, and how a customer's own limit refuses.

use crate::world::*;
use axum::body::Body as AskedBody;
use axum::http::StatusCode;
use kernel::*;
use schemas::bets::{self, FactorScope, OwnLimit, StakeFactorSet};
use schemas::rows::{LiabilityRow, StakeFactorRow, table};
use schemas::{Body as RecordBody, Wire};
use serde_json::{Value, json};

fn bets_at() -> TopicPartition {
    TopicPartition::new(Topic::BetsEvents, ANNA.partition())
}

async fn put(world: &World, token: &str, body: &Value) -> Answer {
    let path = format!("/v1/admin/customers/{ANNA}/factor");
    let asking = request("PUT", &path, token)
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(AskedBody::from(body.to_string()))
        .unwrap();
    world.send(asking).await
}

#[tokio::test(start_paused = true)]
async fn a_trader_sets_a_factor_with_a_reason() {
    let world = World::new();
    let mut inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, ANNA.partition());
    let mut journal = Owner::claim(&world.log, Topic::BetsEvents, ANNA.partition()).await;
    let body = json!({"stake_permille": 250, "sport": "tennis", "reason": "sharp"});
    let deciding = async {
        let asked = inbox.next().await;
        let nothing = RecordBody {
            rejection: None,
            events: Vec::<bets::Event>::new(),
        };
        journal
            .answer::<_, _, bets::Rejection>(&asked, nothing)
            .await;
        asked.command
    };
    let (answer, command) = tokio::join!(put(&world, "operator", &body), deciding);
    let bets::Command::SetStakeFactor(set) = command else {
        panic!("{command:?}");
    };
    assert_eq!(
        (set.customer, set.stake_permille, set.reason.as_str()),
        (ANNA, Some(250), "sharp")
    );
    assert_eq!(set.scope.sport.as_deref(), Some("tennis"));
    assert!(!set.by.is_empty());
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["stake_permille"], 250);
    assert!(answer.json()["position"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_factor_needs_a_role_a_reason_and_a_number_or_null() {
    let world = World::new();
    let body = json!({"stake_permille": 250, "reason": "sharp"});
    assert_eq!(
        put(&world, "anna", &body).await.status,
        StatusCode::FORBIDDEN
    );
    let silent = json!({"stake_permille": 250});
    assert_eq!(
        put(&world, "operator", &silent).await.code(),
        "reason_missing"
    );
    let unsaid = json!({"reason": "sharp"});
    assert_eq!(
        put(&world, "operator", &unsaid).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test(start_paused = true)]
async fn factors_in_force_are_listed_with_who_and_why() {
    let world = World::new();
    for (sport, stake_permille) in [("tennis", Some(250)), ("football", None)] {
        let set = StakeFactorSet {
            customer: ANNA,
            scope: FactorScope {
                sport: Some(sport.to_owned()),
                market_kind: None,
            },
            stake_permille,
            reason: "sharp".to_owned(),
            by: "trader".to_owned(),
            set_at: Timestamp::from_millis(1_780_000_000_000),
        };
        let key = [ANNA.bytes().to_vec(), set.scope.to_bytes()].concat();
        let row = StakeFactorRow { set };
        world.row(bets_at(), table::STAKE_FACTOR, &key, &row).await;
    }
    let path = format!("/v1/admin/customers/{ANNA}/factors");
    let shown = world.get("operator", &path).await.json();
    let items = shown["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["sport"], "tennis");
    assert_eq!(
        (&items[0]["by"], &items[0]["reason"]),
        (&json!("trader"), &json!("sharp"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_stands_on_a_market_is_summed_over_partitions_to_the_worst_case() {
    let world = World::new();
    world.offer().await;
    // The worked exposure: 5,500 and 2,200 at 10/11, the first in two partitions of bets.
    for (partition, selection, stakes, returns) in [
        (0_u16, HOME, 300_000, 572_728),
        (2, HOME, 250_000, 477_272),
        (2, AWAY, 220_000, 420_000),
    ] {
        let at = TopicPartition::new(Topic::BetsEvents, partition);
        let row = LiabilityRow {
            market: MARKET,
            selection,
            stakes: Money::from_minor(stakes, Currency::Eur),
            returns: Money::from_minor(returns, Currency::Eur),
            slips: 1,
        };
        let mut key = MARKET.bytes().to_vec();
        key.extend_from_slice(&selection.bytes());
        key.extend_from_slice(&partition.to_be_bytes());
        world.row(at, table::LIABILITY, &key, &row).await;
    }
    let path = format!("/v1/admin/markets/{MARKET}/liability");
    let shown = world.get("operator", &path).await.json();
    assert_eq!(shown["stake"]["amount"], "7700.00");
    let home = &shown["selections"][0];
    assert_eq!(home["selection_id"], HOME.to_string());
    assert_eq!(home["stake"]["amount"], "5500.00");
    assert_eq!(home["payout"]["amount"], "10500.00");
    assert_eq!(home["net"]["amount"], "-2800.00");
    assert_eq!(home["slips"], 2);
    assert_eq!(shown["selections"][1]["net"]["amount"], "3500.00");
    assert_eq!(shown["worst_case"]["selection_id"], HOME.to_string());
    assert_eq!(shown["worst_case"]["net"]["amount"], "-2800.00");
    assert!(shown["position"].is_string());
    assert_eq!(world.get("anna", &path).await.status, StatusCode::FORBIDDEN);
    let unknown = format!("/v1/admin/markets/{}/liability", MarketId::example(99, 1));
    assert_eq!(
        world.get("operator", &unknown).await.code(),
        "market_unknown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fixture_is_paid_at_every_score_to_the_worst_case() {
    let world = World::new();
    world.offer().await;
    let at = TopicPartition::new(Topic::BetsEvents, 2);
    let row = LiabilityRow {
        market: MARKET,
        selection: HOME,
        stakes: Money::from_minor(1_000, Currency::Eur),
        returns: Money::from_minor(2_500, Currency::Eur),
        slips: 1,
    };
    let mut key = MARKET.bytes().to_vec();
    key.extend_from_slice(&HOME.bytes());
    key.extend_from_slice(&2_u16.to_be_bytes());
    world.row(at, table::LIABILITY, &key, &row).await;
    let path = format!("/v1/admin/fixtures/{FIXTURE}/liability");
    let shown = world.get("operator", &path).await.json();
    assert_eq!(shown["worst_case"]["score"], "1-0");
    assert_eq!(shown["worst_case"]["net"]["amount"], "-15.00");
    let scores = shown["scores"].as_array().unwrap();
    assert_eq!(scores.len(), 256);
    assert_eq!(scores[0]["score"], "0-0");
    assert_eq!(scores[0]["net"]["amount"], "10.00");
    assert_eq!(shown["markets"], json!([MARKET.to_string()]));
    assert!(shown["position"].is_string());
    assert_eq!(world.get("anna", &path).await.status, StatusCode::FORBIDDEN);
    let unknown = format!("/v1/admin/fixtures/{}/liability", FixtureId::example(99, 1));
    assert_eq!(
        world.get("operator", &unknown).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_customer_s_own_is_named_with_what_it_leaves() {
    let world = World::new();
    world.offer().await;
    let mut inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, ANNA.partition());
    let mut journal = Owner::claim(&world.log, Topic::BetsEvents, ANNA.partition()).await;
    let refusing = async {
        let asked = inbox.next().await;
        let reason = bets::RejectionReason::StakeAboveOwnLimit(bets::StakeAboveOwnLimit {
            limit: OwnLimit::LossWeek,
            maximum: Money::from_minor(300, Currency::Eur),
            left: Money::from_minor(900, Currency::Eur),
            resets_at: Some(Timestamp::from_millis(1_780_000_000_000)),
        });
        let body = RecordBody {
            rejection: Some(bets::Rejection { reason }),
            events: Vec::<bets::Event>::new(),
        };
        journal.answer(&asked, body).await;
    };
    let body = slip("10.00");
    let (answer, ()) = tokio::join!(world.post("anna", "/v1/bets", "k", &body), refusing);
    assert_eq!(answer.code(), "stake_above_limit");
    let told = answer.json();
    assert_eq!(told["limit"], "loss_week");
    assert_eq!(told["maximum"]["amount"], "3.00");
    assert_eq!(told["left"]["amount"], "9.00");
    assert_eq!(told["resets_at"], "2026-05-28T20:26:40Z");
}
