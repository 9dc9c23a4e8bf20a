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

/// Answers the next command to payments in partition 3 with these events.
async fn answered(
    inbox: &mut Inbox<payments::Command>,
    journal: &mut Owner,
    with: impl FnOnce(&payments::Command) -> payments::Event,
) -> payments::Command {
    let asked = inbox.next().await;
    let body = RecordBody {
        rejection: None,
        events: vec![with(&asked.command)],
    };
    journal
        .answer::<_, _, payments::Rejection>(&asked, body)
        .await;
    asked.command
}

#[tokio::test(start_paused = true)]
async fn an_instrument_is_a_token_and_goes_with_the_request() {
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let body =
        |instrument: &str| json!({"amount": "50.00", "currency": "EUR", "instrument": instrument});
    let refused = world
        .post("anna", "/v1/deposits", "k", &body("4242424242424242"))
        .await;
    assert_eq!(refused.code(), "validation_failed");
    let answering = answered(&mut inbox, &mut journal, |command| {
        let payments::Command::RequestDepositFrom(asked) = command else {
            panic!("{command:?}")
        };
        payments::Event::DepositRequested(payments::DepositRequested {
            deposit: asked.deposit,
            customer: asked.customer,
            amount: asked.amount,
            provider: asked.provider.clone(),
            requested_at: Timestamp::default(),
        })
    });
    let tok = body("tok_1");
    let (asked, command) = tokio::join!(world.post("anna", "/v1/deposits", "k", &tok), answering);
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
    let payments::Command::RequestDepositFrom(command) = command else {
        panic!("{command:?}")
    };
    assert_eq!(command.instrument, "tok_1");
    world.caught_up().await;
    let other = world
        .post("anna", "/v1/deposits", "k", &body("tok_2"))
        .await;
    assert_eq!(other.code(), "idempotency_key_reused");
}

#[tokio::test(start_paused = true)]
async fn a_payment_through_a_provider_that_nobody_calls_is_refused_at_once() {
    let world = World::new();
    let body = json!({"amount": "50.00", "currency": "EUR", "provider": "stripe"});
    let refused = world.post("anna", "/v1/deposits", "k", &body).await;
    assert_eq!(refused.code(), "provider_unknown");
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_takes_its_time_says_so_and_where_to_approve_it() {
    let world = World::new();
    let at = TopicPartition::new(Topic::PaymentsEvents, 3);
    let id = DepositId::example(77, 3);
    let row = DepositRow {
        deposit: id,
        customer: ANNA,
        amount: eur("50.00"),
        status: PaymentStatus::Pending,
        reason: None,
        position: at.at(1),
        at: Timestamp::default(),
    };
    world.row(at, table::DEPOSIT, &id.bytes(), &row).await;
    let address = format!("/v1/deposits/{id}");
    let shown = world.get("anna", &address).await.json();
    assert_eq!(shown["status"], "pending");
    assert_eq!(shown["notice"], "payment processing delayed");
    let taken_on = PaymentTakenOnRow {
        customer: ANNA,
        approve_at: Some("http://bank/approve".to_owned()),
        at: Timestamp::default(),
    };
    world
        .row(at, table::PAYMENT_TAKEN_ON, &id.bytes(), &taken_on)
        .await;
    let shown = world.get("anna", &address).await.json();
    assert_eq!(shown["approve_at"], "http://bank/approve");
    assert_eq!(shown["notice"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_file_is_held_against_the_books_of_its_partitions() {
    let world = World::new();
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let deposit = DepositId::example(1, 3);
    let body = |provider: &str, last: bool| {
        json!({"provider": provider, "file": "0a".repeat(32), "part": 0, "last": last,
            "missing_before": "2027-01-01T00:00:00Z", "lines": [
                {"reference": deposit.to_string(), "amount": {"amount": "5.00", "currency": "EUR"}},
                {"reference": "invoice-7", "amount": {"amount": "7.00", "currency": "EUR"}}]})
    };
    let address = "/v1/admin/payments/reconciliations";
    let refused = world
        .post("operator", address, "k", &body("stripe", false))
        .await;
    assert_eq!(refused.code(), "provider_unknown");
    let refused = world
        .post("anna", address, "k", &body("simulator", false))
        .await;
    assert_eq!(refused.code(), "permission_denied");
    let answering = answered(&mut inbox, &mut journal, |command| {
        let payments::Command::ReconcileProvider(asked) = command else {
            panic!("{command:?}")
        };
        assert_eq!(asked.lines.len(), 2);
        payments::Event::ProviderReconciled(payments::ProviderReconciled {
            provider: asked.provider.clone(),
            file: asked.file,
            part: asked.part,
            last: asked.last,
            missing_before: asked.missing_before,
            matched: vec![asked.lines[0].payment.clone()],
            findings: vec![payments::ProviderFinding {
                reference: "invoice-7".to_owned(),
                kind: payments::FindingKind::MissingHere,
                ours: None,
                theirs: Some(eur("7.00")),
            }],
        })
    });
    let asked = body("simulator", false);
    let (answer, _) = tokio::join!(world.post("operator", address, "k", &asked), answering);
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["matched"], 1);
    assert_eq!(answer["findings"][0]["reference"], "invoice-7");
    assert_eq!(answer["findings"][0]["kind"], "missing_here");
}
