//! Placing bets: the idempotency protocol, from outside.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use kernel::*;
use schemas::bets;
use serde_json::json;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn an_accepted_bet_is_answered_201_and_again_the_same_byte_for_byte() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let first = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let body = first.json();
    assert_eq!(body["status"], "accepted");
    assert_eq!(body["price"], "2.50");
    assert_eq!(
        body["potential_return"],
        json!({"amount": "25.00", "currency": "EUR"})
    );
    assert!(first.header("idempotency-replayed").is_none());

    world.caught_up().await;
    // The same content in another spelling.
    let again = world.post("anna", "/v1/bets", "k1", &slip("10")).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, 3);
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_answer_survives_the_gateway() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let first = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    world.caught_up().await;
    // Another gateway on the same log has heard nothing on any tail.
    let fresh = world.another_gateway().router();
    let again = send_on(&fresh, "k1", &slip("10.00")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
}

async fn send_on(router: &axum::Router, key: &str, body: &serde_json::Value) -> Answer {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let request = request("POST", "/v1/bets", "anna")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

#[tokio::test(start_paused = true)]
async fn another_content_under_the_key_is_refused_and_sends_nothing() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    world.caught_up().await;
    let other = world.post("anna", "/v1/bets", "k1", &slip("11.00")).await;
    assert_eq!(
        (other.status.as_u16(), other.code().as_str()),
        (422, "idempotency_key_reused")
    );
    let inbox = Inbox::<bets::Command>::new(&world.log, Topic::BetsCommands, 3);
    assert_eq!(inbox.count().await, 1);
}

#[tokio::test(start_paused = true)]
async fn keys_of_two_customers_do_not_meet() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let anna = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    let bob = world.post("bob", "/v1/bets", "k1", &slip("11.00")).await;
    assert_eq!(bob.status, StatusCode::CREATED);
    assert_ne!(anna.json()["id"], bob.json()["id"]);
    world.caught_up().await;
    let path = format!("/v1/bets/{}", anna.json()["id"].as_str().unwrap());
    assert_eq!(world.get("anna", &path).await.status, StatusCode::OK);
    assert_eq!(world.get("bob", &path).await.code(), "not_found");
    assert_eq!(
        world.get("bob", "/v1/bets").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn while_the_first_runs_here_the_second_is_told_to_wait() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let first = world.post("anna", "/v1/bets", "k1", &slip);
    let rest = async {
        // What was sent was registered before.
        owner.inbox.arrived().await;
        let second = world.post("anna", "/v1/bets", "k1", &slip).await;
        let placed = owner.place_next().await;
        owner.accept(&placed).await;
        second
    };
    let (first, second) = tokio::join!(first, rest);
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(
        (second.status.as_u16(), second.code().as_str()),
        (409, "idempotency_key_in_flight")
    );
    assert_eq!(second.header("retry-after"), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_at_once_one_is_placed() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let slip = slip("10.00");
    let all = (0..100).map(|_| world.post("anna", "/v1/bets", "k1", &slip));
    let answers = futures::future::join_all(all).await;
    let created: Vec<_> = answers
        .iter()
        .filter(|a| a.status == StatusCode::CREATED)
        .collect();
    assert!(!created.is_empty());
    assert!(created.iter().all(|answer| answer.body == created[0].body));
    for answer in answers.iter().filter(|a| a.status != StatusCode::CREATED) {
        assert_eq!(answer.code(), "idempotency_key_in_flight");
    }
    world.caught_up().await;
    let listed = world.get("anna", "/v1/bets").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn silence_is_an_unknown_outcome_and_the_same_key_finds_it_later() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let unknown = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.code().as_str()),
        (503, "outcome_unknown")
    );
    assert!(unknown.header("retry-after").is_some());
    let placed = owner.place_next().await;
    owner.accept(&placed).await;
    world.caught_up().await;
    let found = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(found.status, StatusCode::CREATED);
    assert_eq!(found.json()["id"], placed.bet.to_string());
}

#[tokio::test(start_paused = true)]
async fn commands_carry_a_deadline() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    let asked = owner.inbox.next().await;
    let span = asked.not_after.unwrap().since(asked.sent_at).millis();
    assert!((4_900..=5_000).contains(&span), "{span}");
}

#[tokio::test(start_paused = true)]
async fn when_the_wait_is_over_the_bet_is_pending_and_then_final() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let waiting = async {
        let request = request("POST", "/v1/bets", "anna")
            .header("content-type", "application/json")
            .header("idempotency-key", "k1")
            .header("prefer", "respond-async, wait=1");
        world
            .send(request.body(Body::from(slip.to_string())).unwrap())
            .await
    };
    let (pending, placed) = tokio::join!(waiting, owner.place_next());
    assert_eq!(pending.status, StatusCode::ACCEPTED);
    assert_eq!(pending.json()["status"], "pending");
    assert_eq!(pending.json()["id"], placed.bet.to_string());
    assert!(pending.json()["until"].is_string());
    world.caught_up().await;
    let still = world.post("anna", "/v1/bets", "k1", &slip).await;
    assert_eq!(still.status, StatusCode::ACCEPTED);
    owner.accept(&placed).await;
    world.caught_up().await;
    let last = world.post("anna", "/v1/bets", "k1", &slip).await;
    assert_eq!(last.status, StatusCode::CREATED);
    assert_eq!(last.header("idempotency-replayed"), Some("true"));
}

/// Found by the campaign with slow connections to the views: a client that had been told of the
/// acceptance asked again, and heard from a view that was behind that the bet was pending.
#[tokio::test(start_paused = true)]
async fn a_view_that_is_behind_does_not_tell_that_an_accepted_bet_is_pending() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let mut placing = pin!(world.post("anna", "/v1/bets", "k1", &slip));
    let placed = tokio::select! {
        _ = &mut placing => panic!("nobody has accepted it"),
        placed = owner.place_next() => placed,
    };
    world.caught_up().await;
    world.projecting.store(false, Ordering::Release);
    owner.accept(&placed).await;
    assert_eq!(placing.await.status, StatusCode::CREATED);
    let behind = world.post("anna", "/v1/bets", "k1", &slip).await;
    assert_eq!(
        (behind.status.as_u16(), behind.code().as_str()),
        (503, "view_behind")
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_carries_the_next_step_and_is_replayed() {
    let world = World::new();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let offered = bets::OfferedPrice {
        selection: HOME,
        price: "2.40".parse().unwrap(),
        market_version: 3,
    };
    let reason = bets::RejectionReason::PriceChanged(bets::PriceChanged {
        offered: vec![offered],
    });
    let asking = world.post("anna", "/v1/bets", "k1", &slip);
    let (first, ()) = tokio::join!(asking, owner.refuse_next(reason));
    assert_eq!(
        (first.status.as_u16(), first.code().as_str()),
        (409, "price_changed")
    );
    assert_eq!(first.json()["offered"][0]["price"], "2.40");
    assert_eq!(first.json()["retryable"], true);
    world.caught_up().await;
    let again = world.post("anna", "/v1/bets", "k1", &slip).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn without_views_a_bet_is_still_placed() {
    let world = World::new();
    world.offer().await;
    world.projecting.store(false, Ordering::Relaxed);
    BetsOwner::claim(&world).await.accept_all();
    let answer = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    // The repeat finds no answer anywhere in time.
    let again = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(again.code(), "outcome_unknown");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_selection_leaves_the_key_free() {
    let world = World::new();
    let refused = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(refused.code(), "selection_unavailable");
    assert_eq!(
        refused.json()["errors"][0]["pointer"],
        "/legs/0/selection_id"
    );
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let placed = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    assert_eq!(placed.status, StatusCode::CREATED);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_required() {
    let world = World::new();
    world.offer().await;
    let request = request("POST", "/v1/bets", "anna").header("content-type", "application/json");
    let answer = world
        .send(request.body(Body::from(slip("1.00").to_string())).unwrap())
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (400, "idempotency_key_missing")
    );
    let long = "k".repeat(256);
    let answer = world.post("anna", "/v1/bets", &long, &slip("1.00")).await;
    assert_eq!(answer.code(), "idempotency_key_invalid");
}

#[tokio::test(start_paused = true)]
async fn wrong_values_are_pointed_at_all_at_once() {
    let world = World::new();
    world.offer().await;
    let body = json!({
        "type": "singel",
        "legs": [{"selection_id": "sel_x", "price": "0.5", "market_version": 2}],
        "stake": {"amount": "-1.00", "currency": "EUR"},
    });
    let answer = world.post("anna", "/v1/bets", "k1", &body).await;
    assert_eq!(answer.code(), "validation_failed");
    let errors = answer.json()["errors"].clone();
    let pointers: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        pointers,
        [
            "/type",
            "/stake/amount",
            "/legs/0/selection_id",
            "/legs/0/price"
        ]
    );
    let mut unknown = slip("10.00");
    unknown["legs"][0]["odds"] = json!(1);
    let answer = world.post("anna", "/v1/bets", "k1", &unknown).await;
    assert_eq!(answer.code(), "validation_failed");
    assert_eq!(answer.json()["errors"][0]["pointer"], "/legs/0/odds");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_view_learns_late_is_found_all_the_same() {
    let world = World::new();
    world.offer().await;
    world.projecting.store(false, Ordering::Relaxed);
    BetsOwner::claim(&world).await.accept_all();
    let first = world.post("anna", "/v1/bets", "k1", &slip("10.00")).await;
    // The tail will not bring it again; the view is behind the registration.
    let slip = slip("10.00");
    let mut again = pin!(world.post("anna", "/v1/bets", "k1", &slip));
    let early = timeout(Duration::from_millis(700), &mut again).await;
    assert!(early.is_err(), "nobody knows the answer yet: {early:?}");
    world
        .project(TopicPartition::new(Topic::BetsEvents, 3))
        .await;
    let again = again.await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}
