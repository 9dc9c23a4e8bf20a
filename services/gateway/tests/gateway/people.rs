//! Registering, signing in, and sessions that are refreshed.

use crate::world::*;
use axum::http::StatusCode;
use gateway::ports::ProfileSealer;
use kernel::*;
use schemas::auth::{self, Role};
use schemas::rows::*;
use schemas::{Blob, Body as RecordBody};
use serde_json::json;

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

/// Auth is asked as about anybody else, so that the answer takes as long and reads the same.
#[tokio::test(start_paused = true)]
async fn who_does_not_exist_is_refused_as_a_wrong_password_is() {
    let world = World::new();
    let hash = PlainSealer.login_hash("nobody").bytes();
    let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let partition = u16::try_from(number % u32::from(PARTITIONS)).unwrap();
    let mut inbox = Inbox::<auth::Command>::new(&world.log, Topic::AuthCommands, partition);
    let mut journal = Owner::claim(&world.log, Topic::AuthEvents, partition).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let turning_away = async {
            let asked = inbox.next().await;
            let auth::Command::SignIn(sign_in) = &asked.command else {
                panic!("{asked:?}")
            };
            assert!(!sign_in.password_matches);
            let event = auth::Event::StrangerTurnedAway(auth::StrangerTurnedAway {
                customer: sign_in.customer,
                failures: 1,
                blocked_until: None,
            });
            let body = RecordBody {
                rejection: None,
                events: vec![event],
            };
            journal.answer::<_, _, auth::Rejection>(&asked, body).await;
            sign_in.customer
        };
        let credentials = json!({"login": " Nobody", "password": "x"});
        let asking = world.post("", "/v1/auth/login", "", &credentials);
        let (answer, id) = tokio::join!(asking, turning_away);
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, "credentials_wrong")
        );
        assert_eq!(id.partition(), partition);
        ids.push(id);
    }
    assert_eq!(ids[0], ids[1], "one login is one stranger");
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
