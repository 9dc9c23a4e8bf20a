//! A customer's money: as of now, of any time and position, and never older than was asked for.

use crate::world::*;
use axum::http::StatusCode;
use gateway::Token;
use kernel::*;
use schemas::auth::Role;
use schemas::ledger::{Account, AccountKind, TransferCode};
use schemas::rows::*;
use schemas::{Blob, Wire, payments};
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

fn ledger() -> TopicPartition {
    TopicPartition::new(Topic::LedgerEvents, 3)
}

fn cash() -> Account {
    Account {
        customer: Some(ANNA),
        kind: AccountKind::Cash,
        currency: Currency::Eur,
    }
}

/// Anna's row, and three entries of her cash: 100.00 in, 10.00 held, 10.00 taken.
pub async fn with_money(world: &World) {
    let auth = TopicPartition::new(Topic::AuthEvents, 3);
    let row = CustomerRow {
        customer: ANNA,
        currency: Currency::Eur,
        roles: vec![Role::Customer],
        sealed_profile: Blob(vec![]),
        registered_at: Timestamp::from_millis(1),
    };
    world.row(auth, table::CUSTOMER, &ANNA.bytes(), &row).await;
    for (entry, posted, held) in [(1, 10_000, 0), (2, 10_000, 1_000), (3, 9_000, 0)] {
        let line = StatementRow {
            account: cash(),
            entry,
            transfer: TransferId::example(entry, 3),
            code: TransferCode::Stake,
            posted_change_minor: 0,
            held_change_minor: 0,
            posted_minor: posted,
            held_minor: held,
            counterpart: AccountKind::Book,
            position: ledger().at(entry * 10),
            at: Timestamp::from_millis(i64::try_from(entry).unwrap() * 1_000),
        };
        let key = [cash().to_bytes(), entry.to_be_bytes().to_vec()].concat();
        world.row(ledger(), table::STATEMENT, &key, &line).await;
        let balance = BalanceRow {
            account: cash(),
            posted_minor: posted,
            held_minor: held,
            entry,
            position: line.position,
            at: line.at,
        };
        world
            .row(ledger(), table::BALANCE, &cash().to_bytes(), &balance)
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_balance_is_shown_as_of_any_time_and_position() {
    let world = World::new();
    with_money(&world).await;
    let shown = |answer: Answer| {
        let body = answer.json();
        (
            body["cash"].as_str().unwrap().to_owned(),
            body["held"].as_str().unwrap().to_owned(),
        )
    };
    let of = |cash: &str, held: &str| (cash.to_owned(), held.to_owned());
    assert_eq!(
        shown(world.get("anna", "/v1/account/balance").await),
        of("90.00", "0.00")
    );
    for (at, cash, held) in [
        ("1970-01-01T00:00:00.5Z", "0.00", "0.00"),
        ("1970-01-01T00:00:01Z", "100.00", "0.00"),
        ("1970-01-01T00:00:02.999Z", "90.00", "10.00"),
        ("1970-01-01T01:00:00%2B00:30", "90.00", "0.00"),
    ] {
        let answer = world
            .get("anna", &format!("/v1/account/balance?at={at}"))
            .await;
        assert_eq!(shown(answer), of(cash, held), "{at}");
    }
    let token = Token::of(&[ledger().at(25)]).text();
    let answer = world
        .get("anna", &format!("/v1/account/balance?at={token}"))
        .await;
    assert_eq!(shown(answer), of("90.00", "10.00"));
}

#[tokio::test(start_paused = true)]
async fn a_statement_comes_in_pages_newest_first() {
    let world = World::new();
    with_money(&world).await;
    let first = world
        .get("anna", "/v1/account/statement?limit=2")
        .await
        .json();
    let entries = |page: &serde_json::Value| -> Vec<u64> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["entry"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(entries(&first), [3, 2]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = world
        .get(
            "anna",
            &format!("/v1/account/statement?limit=2&cursor={cursor}"),
        )
        .await
        .json();
    assert_eq!(entries(&rest), [1]);
    assert!(rest["next_cursor"].is_null());
    assert_eq!(
        world
            .get("anna", "/v1/account/statement?limit=0")
            .await
            .code(),
        "validation_failed"
    );
    assert_eq!(
        world
            .get("anna", "/v1/account/statement?cursor=%21")
            .await
            .code(),
        "cursor_invalid"
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_waits_for_its_position_but_not_for_ever() {
    let world = World::new();
    with_money(&world).await;
    let token = Token::of(&[ledger().at(0)]).text();
    let path = format!("/v1/account/balance?min_position={token}");
    let late = world.get("anna", &path).await;
    assert_eq!(
        (late.status.as_u16(), late.code().as_str()),
        (503, "view_behind")
    );
    let mut found = pin!(world.get("anna", &path));
    let early = timeout(Duration::from_millis(500), &mut found).await;
    assert!(early.is_err(), "the view is not there yet: {early:?}");
    Owner::claim(&world.log, Topic::LedgerEvents, 3).await;
    let found = found.await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(
        world
            .get("anna", "/v1/account/balance?min_position=x")
            .await
            .code(),
        "position_invalid"
    );
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_deposit_is_in_the_balance_that_is_read_with_its_position() {
    let world = World::new();
    with_money(&world).await;
    let mut payments = Owner::claim(&world.log, Topic::PaymentsEvents, 3).await;
    let mut money = Owner::claim(&world.log, Topic::LedgerEvents, 3).await;
    let confirmed = payments::Event::DepositConfirmed(payments::DepositConfirmed {
        deposit: DepositId::example(1, 3),
        customer: ANNA,
        amount: eur("5.00"),
        provider: "simulator".to_owned(),
        provider_event: "evt".to_owned(),
        requested_at: Timestamp::default(),
    });
    let at = payments
        .decide::<_, payments::Rejection>(None, vec![confirmed])
        .await;
    world.caught_up().await;
    let path = format!(
        "/v1/account/balance?min_position={}",
        Token::of(&[at]).text()
    );
    let mut shown = pin!(world.get("anna", &path));
    let early = timeout(Duration::from_millis(300), &mut shown).await;
    assert!(
        early.is_err(),
        "the ledger has not answered the deposit yet: {early:?}"
    );
    let cause = Some(schemas::Cause::Input(at));
    money
        .decide::<schemas::ledger::Event, schemas::ledger::Rejection>(cause, vec![])
        .await;
    assert_eq!(shown.await.status, StatusCode::OK);
}

/// Found by the campaign with slow connections to the views: the views of bets were ahead of those
/// of the ledger, and a balance was shown without the stake of a bet that was known as accepted.
#[tokio::test(start_paused = true)]
async fn an_accepted_bet_is_in_the_balance_that_is_read_with_its_position() {
    let world = World::new();
    with_money(&world).await;
    let mut owner = BetsOwner::claim(&world).await;
    let mut money = Owner::claim(&world.log, Topic::LedgerEvents, 3).await;
    world.offer().await;
    let slip = slip("10.00");
    let mut placing = pin!(world.post("anna", "/v1/bets", "k1", &slip));
    let placed = tokio::select! {
        _ = &mut placing => panic!("nobody has accepted it"),
        placed = owner.place_next() => placed,
    };
    let bets = TopicPartition::new(Topic::BetsEvents, 3);
    let placement = owner.journal.newest();
    let row = BetRow {
        placed: placed.clone(),
        position: placement,
    };
    world.row(bets, table::BET, &placed.bet.bytes(), &row).await;
    let accepted = owner.accept_by_timer(&placed).await;
    assert_eq!(placing.await.status, StatusCode::CREATED);
    world.caught_up().await;
    let path = format!(
        "/v1/account/balance?min_position={}",
        Token::of(&[accepted]).text()
    );
    let mut shown = pin!(world.get("anna", &path));
    let early = timeout(Duration::from_millis(300), &mut shown).await;
    assert!(early.is_err(), "the hold is not in the views: {early:?}");
    let cause = Some(schemas::Cause::Input(placement));
    money
        .decide::<schemas::ledger::Event, schemas::ledger::Rejection>(cause, vec![])
        .await;
    assert_eq!(shown.await.status, StatusCode::OK);
}
