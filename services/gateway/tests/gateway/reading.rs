//! Reads: pages, positions, one's own things only, and what owners recorded otherwise.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use gateway::Token;
use gateway::ports::ProfileSealer;
use kernel::*;
use schemas::auth::{self, Role};
use schemas::ledger::{Account, AccountKind, TransferCode};
use schemas::rows::*;
use schemas::{Blob, Body as RecordBody, Wire, odds, payments};
use serde_json::json;
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
async fn with_money(world: &World) {
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
async fn a_person_registers_signs_in_and_refreshes() {
    let world = World::new();
    let body = json!({"login": " Anna@Example.com ", "password": "correct horse", "name": "Anna", "born": "1990-05-17", "country": "AT"});
    let login_hash = PlainSealer.login_hash("anna@example.com");
    let hash = login_hash.bytes();
    let partition = u16::try_from(
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % u32::from(PARTITIONS),
    )
    .unwrap();
    let mut inbox = Inbox::<auth::Command>::new(&world.log, Topic::AuthCommands, partition);
    let mut journal = Owner::claim(&world.log, Topic::AuthEvents, partition).await;
    let registering = async {
        let asked = inbox.next().await;
        let auth::Command::Register(register) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!(register.login_hash, login_hash);
        assert_eq!(register.customer.partition(), partition);
        let all = format!("{asked:?}");
        assert!(
            !all.contains("correct horse") && !all.contains("1990-05-17"),
            "{all}"
        );
        let event = auth::Event::CustomerRegistered(auth::CustomerRegistered {
            customer: register.customer,
            login_hash,
            password_hash: register.password_hash.clone(),
            credential_version: 1,
            sealed_profile: Blob(vec![]),
            currency: register.currency,
            roles: register.roles.clone(),
            at: Timestamp::default(),
        });
        let customer = register.customer;
        let row = CredentialRow {
            customer,
            password_hash: register.password_hash.clone(),
            version: 1,
            blocked_until: None,
        };
        journal
            .answer::<_, _, auth::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events: vec![event],
                },
            )
            .await;
        (customer, row)
    };
    let (registered, (customer, row)) =
        tokio::join!(world.post("", "/v1/auth/register", "k", &body), registering);
    assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
    assert_eq!(registered.json()["customer_id"], customer.to_string());
    world
        .row(
            TopicPartition::new(Topic::AuthEvents, partition),
            table::CREDENTIAL,
            &hash,
            &row,
        )
        .await;

    let credentials = json!({"login": "anna@example.com", "password": "correct horse"});
    let signing_in = async {
        let asked = inbox.next().await;
        let auth::Command::SignIn(sign_in) = &asked.command else {
            panic!("{asked:?}")
        };
        assert!(sign_in.password_matches);
        assert_eq!(sign_in.credential_version, 1);
        let event = auth::Event::SignedIn(auth::SignedIn {
            customer,
            session: sign_in.session,
            refresh_hash: sign_in.refresh_hash,
            roles: vec![Role::Customer],
            expires_at: sign_in.expires_at,
            at: Timestamp::default(),
        });
        journal
            .answer::<_, _, auth::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events: vec![event],
                },
            )
            .await;
        sign_in.refresh_hash
    };
    let (tokens, refresh_hash) = tokio::join!(
        world.post("", "/v1/auth/login", "", &credentials),
        signing_in
    );
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(tokens.json()["access_token"], customer.to_string());

    let refresh = json!({"refresh_token": tokens.json()["refresh_token"]});
    let refreshing = async {
        let asked = inbox.next().await;
        let auth::Command::RefreshSession(command) = &asked.command else {
            panic!("{asked:?}")
        };
        assert_eq!(command.presented_hash, refresh_hash);
        assert_ne!(command.next_hash, refresh_hash);
        let rejection = auth::Rejection {
            reason: auth::RejectionReason::TokenReused(auth::TokenReused {}),
        };
        journal
            .answer::<_, auth::Event, _>(
                &asked,
                RecordBody {
                    rejection: Some(rejection),
                    events: vec![],
                },
            )
            .await;
    };
    let (reused, ()) = tokio::join!(world.post("", "/v1/auth/refresh", "", &refresh), refreshing);
    assert_eq!(
        (reused.status.as_u16(), reused.code().as_str()),
        (401, "refresh_token_reused")
    );
    assert_eq!(
        world
            .post("", "/v1/auth/refresh", "", &json!({"refresh_token": "x"}))
            .await
            .code(),
        "session_ended"
    );
}

#[tokio::test(start_paused = true)]
async fn who_does_not_exist_is_refused_as_a_wrong_password_is() {
    let world = World::new();
    let answer = world
        .post(
            "",
            "/v1/auth/login",
            "",
            &json!({"login": "nobody", "password": "x"}),
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (401, "credentials_wrong")
    );
}

#[tokio::test(start_paused = true)]
async fn a_registration_names_everything_that_is_wrong() {
    let world = World::new();
    let body = json!({"login": "a b", "password": "short", "name": " ", "born": "2015-01-01", "country": "Austria", "currency": "XXX"});
    let answer = world.post("", "/v1/auth/register", "k", &body).await;
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
            "/login",
            "/password",
            "/name",
            "/country",
            "/born",
            "/currency"
        ]
    );
}

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

#[tokio::test(start_paused = true)]
async fn an_auditor_reads_journals_as_they_are() {
    let world = World::new();
    world.offer().await;
    BetsOwner::claim(&world).await.accept_all();
    let bet = world
        .post("anna", "/v1/bets", "k1", &slip("10.00"))
        .await
        .json();
    let journal = world
        .get("auditor", "/v1/audit/journals/bets.events/3?limit=2")
        .await
        .json();
    let items = journal["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["record"]["kind"], "Claim");
    assert_eq!(
        items[1]["record"]["events"][0]["BetPlaced"]["bet"],
        bet["id"]
    );
    let next = journal["next_from"].as_u64().unwrap();
    let rest = world
        .get(
            "auditor",
            &format!("/v1/audit/journals/bets.events/3?from={next}"),
        )
        .await
        .json();
    assert_eq!(
        rest["items"][0]["record"]["events"][0]["BetAccepted"]["bet"],
        bet["id"]
    );
    assert_eq!(
        world
            .get("auditor", "/v1/audit/journals/bets.commands/3")
            .await
            .code(),
        "not_found"
    );
    assert_eq!(
        world
            .get("auditor", "/v1/audit/journals/bets.events/99")
            .await
            .code(),
        "not_found"
    );
    with_money(&world).await;
    let balance = world
        .get(
            "auditor",
            &format!("/v1/audit/balance?account={ANNA}&at=1970-01-01T00:00:02Z"),
        )
        .await
        .json();
    assert_eq!(
        (balance["balance"].as_str(), balance["held"].as_str()),
        (Some("100.00"), Some("10.00"))
    );
}
