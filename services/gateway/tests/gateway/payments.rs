//! Deposits, and the provider's call-backs.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use kernel::*;
use schemas::rows::*;
use schemas::{Body as RecordBody, payments};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_deposit_is_requested_once_and_has_its_own_address() {
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let body = json!({"amount": {"amount": "50.00", "currency": "EUR"}});
    let requesting = async {
        let asked = inbox.next().await;
        let payments::Command::RequestDeposit(deposit) = &asked.command else {
            panic!("{asked:?}")
        };
        let event = payments::Event::DepositRequested(payments::DepositRequested {
            deposit: deposit.deposit,
            customer: deposit.customer,
            amount: deposit.amount,
            provider: deposit.provider.clone(),
            requested_at: Timestamp::default(),
        });
        journal
            .answer::<_, _, payments::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events: vec![event],
                },
            )
            .await
    };
    let (first, position) =
        tokio::join!(world.post("anna", "/v1/deposits", "k", &body), requesting);
    assert_eq!(first.status, StatusCode::ACCEPTED, "{first:?}");
    world.caught_up().await;
    let again = world
        .post(
            "anna",
            "/v1/deposits",
            "k",
            &json!({"amount": "50", "currency": "EUR"}),
        )
        .await;
    assert_eq!(
        (&again.body, again.header("idempotency-replayed")),
        (&first.body, Some("true"))
    );
    let id: DepositId = first.json()["id"].as_str().unwrap().parse().unwrap();
    let row = DepositRow {
        deposit: id,
        customer: ANNA,
        amount: eur("50.00"),
        status: PaymentStatus::Confirmed,
        reason: None,
        position,
        at: Timestamp::default(),
    };
    world
        .row(
            TopicPartition::new(Topic::PaymentsEvents, 3),
            table::DEPOSIT,
            &id.bytes(),
            &row,
        )
        .await;
    let address = first.header("location").unwrap().to_owned();
    assert_eq!(
        world.get("anna", &address).await.json()["status"],
        "confirmed"
    );
    assert_eq!(world.get("bob", &address).await.code(), "not_found");
}

#[tokio::test(start_paused = true)]
async fn call_backs_need_their_signature() {
    let world = World::new();
    let send = |path: &'static str, body: &'static str| {
        world.send(request("POST", path, "").body(Body::from(body)).unwrap())
    };
    assert_eq!(
        send("/v1/webhooks/simulator", "forged").await.code(),
        "signature_invalid"
    );
    assert_eq!(
        send("/v1/webhooks/nobody", "signed").await.code(),
        "not_found"
    );
    assert_eq!(
        send("/v1/webhooks/simulator", "signed").await.code(),
        "outcome_unknown"
    );
}
