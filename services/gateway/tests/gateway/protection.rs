//! What a customer sets up against too much play, over HTTP.

use crate::money::with_money;
use crate::world::*;
use axum::body::Body as AskedBody;
use axum::http::StatusCode;
use kernel::*;
use schemas::auth::{self, ExclusionKind, LimitKind};
use schemas::ledger::{Account, AccountKind, TransferCode};
use schemas::rows::*;
use schemas::{Body as RecordBody, Wire};
use serde_json::{Value, json};

fn auth_at() -> TopicPartition {
    TopicPartition::new(Topic::AuthEvents, 3)
}

/// The world's clock begins then, and ticks by microseconds.
const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

fn hours(hours: i64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

/// So many hours from now; below zero: ago.
fn then(hours_on: i64) -> Timestamp {
    if hours_on < 0 {
        NOW.minus(hours(-hours_on))
    } else {
        NOW.plus(hours(hours_on))
    }
}

fn cents(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

/// Asks the route, and lets auth answer what it was asked with these events or this rejection.
async fn asked(
    world: &World,
    (method, path): (&str, &str),
    body: &Value,
    decided: Result<Vec<auth::Event>, auth::RejectionReason>,
) -> (Answer, auth::Command) {
    let mut inbox = Inbox::<auth::Command>::new(&world.log, Topic::AuthCommands, 3);
    let mut journal = Owner::claim(&world.log, Topic::AuthEvents, 3).await;
    let answering = async {
        let asked = inbox.next().await;
        let (events, rejection) = match decided {
            Ok(events) => (events, None),
            Err(reason) => (vec![], Some(auth::Rejection { reason })),
        };
        journal
            .answer(&asked, RecordBody { rejection, events })
            .await;
        asked.command
    };
    let asking = request(method, path, "anna")
        .header("content-type", "application/json")
        .body(AskedBody::from(body.to_string()))
        .unwrap();
    tokio::join!(world.send(asking), answering)
}

#[tokio::test(start_paused = true)]
async fn an_increase_is_asked_for_and_confirmed() {
    let world = World::new();
    let hundred = json!({"kind": "stake_day", "amount": {"amount": "100.00", "currency": "EUR"}});
    let event = auth::Event::LimitIncreaseAsked(auth::LimitIncreaseAsked {
        customer: ANNA,
        kind: LimitKind::StakeDay,
        amount: Some(cents(10_000)),
        current: cents(5_000),
        confirm_from: NOW.plus(hours(24)),
        lapses_at: NOW.plus(hours(192)),
    });
    let route = ("PUT", "/v1/account/limits");
    let (answer, _) = asked(&world, route, &hundred, Ok(vec![event])).await;
    let told = answer.json();
    assert_eq!(told["status"], "pending");
    assert_eq!(told["pending_from"], "2026-05-29T20:26:40Z");
    assert_eq!(told["confirm_by"], "2026-06-05T20:26:40Z");

    let world = World::new();
    let route = ("POST", "/v1/account/limits/confirm");
    let early = auth::RejectionReason::CoolOffNotOver(auth::CoolOffNotOver {
        from: NOW.plus(hours(24)),
    });
    let (answer, command) = asked(&world, route, &hundred, Err(early)).await;
    assert_eq!(
        command,
        auth::Command::ConfirmIncrease(auth::ConfirmIncrease {
            customer: ANNA,
            kind: LimitKind::StakeDay,
            amount: Some(cents(10_000)),
        })
    );
    assert_eq!(answer.code(), "cool_off_not_over");
    assert_eq!(answer.json()["from"], "2026-05-29T20:26:40Z");

    let world = World::new();
    let (answer, _) = asked(&world, route, &hundred, Ok(vec![])).await;
    assert_eq!(answer.json()["status"], "in_force");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_never_shown_as_in_force() {
    let world = World::new();
    with_money(&world).await;
    for (kind, from, to) in [
        (LimitKind::StakeSlip, -24, 1),
        (LimitKind::StakeDay, -200, -1),
    ] {
        let key = [ANNA.to_bytes(), kind.to_bytes()].concat();
        let limit = OwnLimitRow {
            customer: ANNA,
            kind,
            amount: Some(cents(100)),
            pending_amount: None,
            pending_from: None,
        };
        world.row(auth_at(), table::OWN_LIMIT, &key, &limit).await;
        let increase = IncreaseRow {
            customer: ANNA,
            kind,
            waiting: Some(WaitingIncrease {
                amount: Some(cents(900)),
                confirm_from: then(from),
                lapses_at: then(to),
            }),
        };
        world.row(auth_at(), table::INCREASE, &key, &increase).await;
    }
    let shown = world.get("anna", "/v1/account/limits").await.json();
    let of = |index: usize, field: &str| shown["items"][index][field].clone();
    assert_eq!(of(0, "kind"), "stake_slip");
    assert_eq!(of(0, "amount")["amount"], "1.00");
    assert_eq!(of(0, "pending_amount")["amount"], "9.00");
    assert_eq!(of(0, "pending_from"), "2026-05-27T20:26:40Z");
    assert_eq!(of(0, "confirm_by"), "2026-05-28T21:26:40Z");
    assert_eq!(of(1, "amount")["amount"], "1.00");
    assert!(of(1, "pending_from").is_null() && of(1, "confirm_by").is_null());
}

#[tokio::test(start_paused = true)]
async fn an_exclusion_is_of_a_kind() {
    let route = ("POST", "/v1/account/exclusion");
    let world = World::new();
    let named = json!({"kind": "self_exclusion", "days": 200});
    let until = NOW.plus(hours(200 * 24));
    let event = auth::Event::ExclusionKindSet(auth::ExclusionKindSet {
        customer: ANNA,
        kind: ExclusionKind::SelfExclusion,
        until,
    });
    let (answer, command) = asked(&world, route, &named, Ok(vec![event])).await;
    let auth::Command::ExcludeAs(command) = command else {
        panic!("{command:?}");
    };
    assert_eq!(command.kind, ExclusionKind::SelfExclusion);
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["kind"], "self_exclusion");

    let world = World::new();
    let short =
        auth::RejectionReason::ExclusionTooShort(auth::ExclusionTooShort { earliest: until });
    let (answer, command) = asked(&world, route, &json!({"days": 0}), Err(short)).await;
    assert!(matches!(command, auth::Command::Exclude(_)), "{command:?}");
    assert_eq!(answer.code(), "exclusion_too_short");

    let wrong = world
        .post("anna", route.1, "", &json!({"kind": "for_ever", "days": 9}))
        .await;
    assert_eq!(wrong.code(), "validation_failed");
}

#[tokio::test(start_paused = true)]
async fn an_account_tells_who_is_excluded_and_who_may_be_written_to() {
    let world = World::new();
    with_money(&world).await;
    let plain = world.get("anna", "/v1/account").await.json();
    assert!(plain["exclusion_kind"].is_null());
    assert_eq!(plain["marketing_allowed"], false);
    let until = NOW.plus(hours(1));
    let exclusion = ExclusionRow {
        customer: ANNA,
        until,
    };
    let kind = ExclusionKindRow {
        customer: ANNA,
        kind: ExclusionKind::SelfExclusion,
        until,
    };
    let marketing = MarketingRow {
        customer: ANNA,
        allowed: true,
    };
    let key = ANNA.bytes();
    world
        .row(auth_at(), table::EXCLUSION, &key, &exclusion)
        .await;
    world
        .row(auth_at(), table::EXCLUSION_KIND, &key, &kind)
        .await;
    world
        .row(auth_at(), table::MARKETING, &key, &marketing)
        .await;
    let shown = world.get("anna", "/v1/account").await.json();
    assert_eq!(shown["excluded_until"], "2026-05-28T21:26:40Z");
    assert_eq!(shown["exclusion_kind"], "self_exclusion");
    assert_eq!(shown["marketing_allowed"], true);
}

#[tokio::test(start_paused = true)]
async fn marketing_and_reality_checks_are_chosen() {
    let world = World::new();
    let route = ("PUT", "/v1/account/marketing");
    let (answer, command) = asked(&world, route, &json!({"allowed": true}), Ok(vec![])).await;
    assert!(matches!(command, auth::Command::SetMarketing(set) if set.allowed));
    assert_eq!(answer.json()["allowed"], true);

    let world = World::new();
    let route = ("PUT", "/v1/account/reality-check");
    let hour = json!({"interval_minutes": 60});
    let (answer, command) = asked(&world, route, &hour, Ok(vec![])).await;
    let auth::Command::SetRealityCheck(set) = command else {
        panic!("{command:?}");
    };
    assert_eq!(set.interval, Some(hours(1)));
    assert_eq!(answer.json()["interval_minutes"], 60);

    let world = World::new();
    let route = ("POST", "/v1/account/reality-check/acknowledge");
    let seen = json!({"net_result": {"amount": "-12.50", "currency": "EUR"}});
    let none = auth::RejectionReason::RealityCheckNotSet(auth::RealityCheckNotSet {});
    let (answer, command) = asked(&world, route, &seen, Err(none)).await;
    let auth::Command::AcknowledgeRealityCheck(seen) = command else {
        panic!("{command:?}");
    };
    assert_eq!(seen.net_result, cents(-1_250));
    assert_eq!(answer.code(), "reality_check_not_set");
}

/// Two slips settled within the session: 30.00 lost and 12.00 won; a deposit is no result.
#[tokio::test(start_paused = true)]
async fn a_reality_check_tells_time_and_result() {
    let world = World::new();
    with_money(&world).await;
    let started = then(-2);
    let cash = Account {
        customer: Some(ANNA),
        kind: AccountKind::Cash,
        currency: Currency::Eur,
    };
    let ledger = TopicPartition::new(Topic::LedgerEvents, 3);
    for (entry, code, change) in [
        (4, TransferCode::Stake, -3_000),
        (5, TransferCode::Deposit, 50_000),
        (6, TransferCode::Winnings, 1_200),
    ] {
        let line = StatementRow {
            account: cash.clone(),
            entry,
            transfer: TransferId::example(entry, 3),
            code,
            posted_change_minor: change,
            held_change_minor: 0,
            posted_minor: 0,
            held_minor: 0,
            counterpart: AccountKind::Book,
            position: ledger.at(entry * 10),
            at: started,
        };
        let key = [cash.to_bytes(), entry.to_be_bytes().to_vec()].concat();
        world.row(ledger, table::STATEMENT, &key, &line).await;
    }
    let shown = world.get("anna", "/v1/account/reality-check").await.json();
    assert!(shown["session_started_at"].is_null() && shown["due_at"].is_null());
    assert_eq!(shown["due"], false);

    let session = SessionId::example(9, ANNA.partition());
    let reminder = SessionReminderRow {
        customer: ANNA,
        session,
        started_at: started,
        reminded_at: started,
    };
    let key = session.bytes();
    world
        .row(auth_at(), table::SESSION_REMINDER, &key, &reminder)
        .await;
    let interval = RealityCheckRow {
        customer: ANNA,
        interval: Some(hours(1)),
    };
    world
        .row(auth_at(), table::REALITY_CHECK, &ANNA.bytes(), &interval)
        .await;
    let shown = world.get("anna", "/v1/account/reality-check").await.json();
    assert_eq!(shown["interval_minutes"], 60);
    assert_eq!(shown["elapsed_s"], 7_200);
    assert_eq!(shown["due_at"], "2026-05-28T19:26:40Z");
    assert_eq!(shown["due"], true);
    assert_eq!(shown["net_result"]["amount"], "-18.00");
}
