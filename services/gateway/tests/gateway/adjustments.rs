//! Corrections of accounts: what payments is asked, who may ask it, and what is shown.

use crate::world::*;
use axum::http::StatusCode;
use kernel::*;
use schemas::ledger::{Account, AccountKind, TransferCode};
use schemas::rows::*;
use schemas::{Blob, Body as RecordBody, Wire, payments};
use serde_json::{Value, json};

const ROUTE: &str = "/v1/admin/adjustments";

async fn anna_is_known(world: &World) {
    let row = CustomerRow {
        customer: ANNA,
        currency: Currency::Eur,
        roles: vec![],
        sealed_profile: Blob(vec![]),
        registered_at: Timestamp::from_millis(1),
    };
    let auth = TopicPartition::new(Topic::AuthEvents, 3);
    world.row(auth, table::CUSTOMER, &ANNA.bytes(), &row).await;
}

fn credit() -> Value {
    json!({
        "kind": "credit",
        "customer_id": ANNA.to_string(),
        "amount": {"amount": "7.00", "currency": "EUR"},
        "reason": "settled at the wrong price",
    })
}

fn row(number: u64, status: AdjustmentStatus, movement: payments::Movement) -> AdjustmentRow {
    AdjustmentRow {
        adjustment: payments::Adjustment {
            adjustment: AdjustmentId::example(number, 3),
            movement,
            amount: eur("3.00"),
            reason: "the payer was found".to_owned(),
        },
        status,
        proposed_by: "cus_1".to_owned(),
        proposed_at: Timestamp::from_millis(1),
        lapses_at: Timestamp::MAX,
        answer: None,
        refusal: None,
        position: TopicPartition::new(Topic::PaymentsEvents, 3).at(1),
        at: Timestamp::from_millis(1),
    }
}

#[tokio::test(start_paused = true)]
async fn a_proposal_and_its_answer_go_to_payments_under_the_name_of_who_says_so() {
    let world = World::new();
    anna_is_known(&world).await;
    let mut inbox = Inbox::<payments::Command>::new(&world.log, Topic::PaymentsCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let operator = CustomerId::example(4, 0).to_string();
    let playing = async {
        let asked = inbox.next().await;
        let payments::Command::ProposeAdjustment(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((&wish.by, wish.adjustment.amount), (&operator, eur("7.00")));
        assert_eq!(wish.adjustment.movement.customer(), Some(ANNA));
        let proposed = payments::AdjustmentProposed {
            adjustment: wish.adjustment.clone(),
            by: wish.by.clone(),
            proposed_at: Timestamp::from_millis(1),
            lapses_at: Timestamp::from_millis(9),
        };
        let id = proposed.adjustment.adjustment;
        assert_eq!(id.partition(), 3);
        let body = RecordBody {
            rejection: None,
            events: vec![payments::Event::AdjustmentProposed(proposed)],
        };
        journal
            .answer::<_, _, payments::Rejection>(&asked, body)
            .await;
        let asked = inbox.next().await;
        let payments::Command::ApproveAdjustment(wish) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!((wish.adjustment, &wish.by), (id, &operator));
        let reason = payments::RejectionReason::OwnProposal(payments::OwnProposal {});
        let body = RecordBody::<payments::Event, _> {
            rejection: Some(payments::Rejection { reason }),
            events: vec![],
        };
        journal.answer(&asked, body).await;
    };
    let asking = async {
        let proposed = world.post("operator", ROUTE, "p", &credit()).await;
        assert_eq!(proposed.status, StatusCode::OK, "{:?}", proposed.json());
        assert_eq!(proposed.json()["status"], "proposed");
        let approve = format!(
            "{ROUTE}/{}/approve",
            proposed.json()["id"].as_str().unwrap()
        );
        let body = json!({"reason": "mine"});
        let refused = world.post("operator", &approve, "a", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (409, "own_proposal")
        );
    };
    tokio::join!(asking, playing);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_told_where() {
    let world = World::new();
    anna_is_known(&world).await;
    let with = |field: &str, value: Value| {
        let mut body = credit();
        body[field] = value;
        body
    };
    let usd = json!({"amount": "7.00", "currency": "USD"});
    for (body, pointer) in [
        (with("kind", json!("gift")), "/kind"),
        (with("reference", json!("invoice-7")), "/reference"),
        (with("kind", json!("suspense_to_house")), "/customer_id"),
        (with("amount", usd), "/amount/currency"),
        (with("reason", json!(" ")), "/reason"),
    ] {
        let refused = world.post("operator", ROUTE, "k", &body).await;
        assert!(refused.status.is_client_error(), "{body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let nobody = with("customer_id", json!(BOB.to_string()));
    let refused = world.post("operator", ROUTE, "k", &nobody).await;
    assert_eq!(refused.code(), "customer_unknown");
}

#[tokio::test(start_paused = true)]
async fn customers_traders_and_auditors_correct_nothing() {
    let world = World::new();
    for person in ["anna", "trader", "auditor"] {
        let refused = world.post(person, ROUTE, "k", &credit()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{person}");
        let approve = format!("{ROUTE}/{}/approve", AdjustmentId::example(5, 3));
        let body = json!({"reason": "please"});
        let refused = world.post(person, &approve, "k", &body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{person}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_what_is_left_in_suspense_is_shown() {
    let world = World::new();
    let at = TopicPartition::new(Topic::PaymentsEvents, 3);
    let invoice = || "invoice-7".to_owned();
    let out = || {
        payments::Movement::SuspenseToProvider(payments::SuspenseToProvider {
            reference: invoice(),
        })
    };
    for (number, status) in [
        (5, AdjustmentStatus::Booked),
        (6, AdjustmentStatus::Proposed),
    ] {
        let row = row(number, status, out());
        let id = row.adjustment.adjustment.bytes();
        world.row(at, table::ADJUSTMENT, &id, &row).await;
        let key = [b"invoice-7".as_slice(), &[0], &id].concat();
        world.row(at, table::SUSPENSE_ADJUSTMENT, &key, &row).await;
    }
    let suspended = SuspendedRow {
        provider: "stripe".to_owned(),
        provider_event: "e1".to_owned(),
        reference: invoice(),
        amount: eur("10.00"),
        position: at.at(1),
        at: Timestamp::from_millis(1),
    };
    let key = b"invoice-7\0stripe\0e1".as_slice();
    world.row(at, table::SUSPENDED, key, &suspended).await;
    let list = world.get("operator", "/v1/admin/suspense").await.json();
    assert_eq!(list["items"][0]["left"]["amount"], "7.00");
    let waiting = format!("{ROUTE}?status=proposed");
    let list = world.get("operator", &waiting).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["items"][0]["kind"], "suspense_to_provider");
    let one = format!("{ROUTE}/{}", AdjustmentId::example(5, 3));
    let one = world.get("operator", &one).await.json();
    assert_eq!(one["status"], "booked");
    let none = format!("{ROUTE}/{}", AdjustmentId::example(7, 3));
    let none = world.get("operator", &none).await;
    assert_eq!(none.code(), "adjustment_unknown");
}

#[tokio::test(start_paused = true)]
async fn all_that_came_under_a_reference_is_added_up() {
    let world = World::new();
    let at = TopicPartition::new(Topic::PaymentsEvents, 3);
    let came = |number: u32| SuspendedRow {
        provider: "stripe".to_owned(),
        provider_event: format!("e{number:04}"),
        reference: "invoice-7".to_owned(),
        amount: if number == 0 {
            Money::from_minor(50, Currency::Gbp)
        } else {
            eur("0.01")
        },
        position: at.at(1),
        at: Timestamp::from_millis(1),
    };
    // One more than are read at once, twice over.
    for number in 0..=2_001 {
        let row = came(number);
        let key = [&row.reference, &row.provider, &row.provider_event];
        let key = key.map(|name| name.as_bytes()).join(&0);
        world.row(at, table::SUSPENDED, &key, &row).await;
    }
    let list = "/v1/admin/suspense?reference=invoice-7&limit=3";
    let list = world.get("operator", list).await.json();
    let left: Vec<_> = (0..3).map(|at| list["items"][at]["left"].clone()).collect();
    let of = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
    let expected = [of("0.50", "GBP"), of("20.01", "EUR"), of("20.01", "EUR")];
    assert_eq!(left, expected, "{list}");
}

#[tokio::test(start_paused = true)]
async fn the_customer_reads_in_the_statement_why() {
    let world = World::new();
    anna_is_known(&world).await;
    let movement = payments::Movement::CreditCustomer(payments::CreditCustomer { customer: ANNA });
    let booked = row(5, AdjustmentStatus::Booked, movement);
    let id = booked.adjustment.adjustment;
    let payments_at = TopicPartition::new(Topic::PaymentsEvents, 3);
    world
        .row(payments_at, table::ADJUSTMENT, &id.bytes(), &booked)
        .await;
    let account = Account {
        customer: Some(ANNA),
        kind: AccountKind::Cash,
        currency: Currency::Eur,
    };
    let at = TopicPartition::new(Topic::LedgerEvents, 3);
    let line = StatementRow {
        account: account.clone(),
        entry: 1,
        transfer: payments::adjustment_transfer(id),
        code: TransferCode::Adjustment,
        posted_change_minor: 300,
        held_change_minor: 0,
        posted_minor: 300,
        held_minor: 0,
        counterpart: AccountKind::Adjustments,
        position: at.at(1),
        at: Timestamp::from_millis(2),
    };
    let key = [account.to_bytes(), 1_u64.to_be_bytes().to_vec()].concat();
    world.row(at, table::STATEMENT, &key, &line).await;
    let statement = world.get("anna", "/v1/account/statement").await.json();
    let line = &statement["items"][0];
    assert_eq!(line["kind"], "adjustment", "{statement}");
    assert_eq!(line["reason"], "the payer was found");
    assert_eq!(line["counterpart"], "adjustments");
}
