//! Sessions and sign-ins: one family of refresh tokens each, ended everywhere at once.

use crate::rig::{Answer, Ask, House, PASSWORD, wait_for};
use axum::http::StatusCode;
use schemas::auth::Role;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an access token may go on after its session has ended.
const BITES_WITHIN: Duration = Duration::from_secs(5);

async fn refresh(house: &House, token: &str) -> Answer {
    let body = json!({"refresh_token": token});
    house.ask(&Ask::post("/v1/auth/refresh", &body)).await
}

async fn account_code(house: &House, access: &str) -> String {
    let answer = house.ask(&Ask::get("/v1/account").by(access)).await;
    if answer.status == StatusCode::OK {
        "let in".to_owned()
    } else {
        answer.code()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_gets_the_same_successor_and_a_stolen_token_ends_the_family() {
    let (house, _folder) = House::open().await;
    house.customer("anna@example.com", "Anna").await;
    let first = house.sign_in("anna@example.com").await.refresh;
    let answered = refresh(&house, &first).await;
    let again = refresh(&house, &first).await;
    assert_eq!(
        (answered.status, again.status),
        (StatusCode::OK, StatusCode::OK)
    );
    let second = answered.text("refresh_token");
    assert_eq!(
        second,
        again.text("refresh_token"),
        "the answer may get lost"
    );
    assert_ne!(second, first);

    let third = refresh(&house, &second).await;
    let access = third.text("access_token");
    assert_eq!(account_code(&house, &access).await, "let in");
    let stolen = refresh(&house, &first).await;
    assert_eq!(stolen.code(), "refresh_token_reused");
    let after = refresh(&house, &third.text("refresh_token")).await;
    assert_eq!(after.code(), "session_ended");
    wait_for("the end of the session", || async {
        (account_code(&house, &access).await == "session_ended").then_some(())
    })
    .await;
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_bites_at_once_and_outlives_the_process() {
    let (house, folder) = House::open().await;
    house.customer("anna@example.com", "Anna").await;
    let ended = house.sign_in("anna@example.com").await.access;
    let lives = house.sign_in("anna@example.com").await.access;
    let ask = Ask::post("/v1/auth/logout", &json!({})).by(&ended);
    assert_eq!(house.ask(&ask).await.status, StatusCode::NO_CONTENT);
    let asked = Instant::now();
    let biting = wait_for("the end of the session", || async {
        (account_code(&house, &ended).await == "session_ended").then_some(())
    });
    timeout(BITES_WITHIN, biting)
        .await
        .expect("within five seconds");
    eprintln!("an ended session is refused after {:?}", asked.elapsed());
    house.node.stop().await;

    // A new process has not read the record that ended the session, and refuses it all the same.
    let house = House::open_in(folder.path()).await;
    assert_eq!(account_code(&house, &ended).await, "session_ended");
    assert_eq!(account_code(&house, &lives).await, "let in");
    house.node.stop().await;
}

/// The sessions that somebody is shown: which, and whether it is the one that asks.
async fn sessions(house: &House, token: &str) -> Vec<(String, bool)> {
    let shown = house.ask(&Ask::get("/v1/account/sessions").by(token)).await;
    assert_eq!(shown.status, StatusCode::OK, "{shown:?}");
    let items = shown.json()["items"].as_array().cloned();
    let item = |item: serde_json::Value| {
        let session = item["session"].as_str().unwrap_or_default().to_owned();
        (session, item["this_one"] == json!(true))
    };
    items.unwrap_or_default().into_iter().map(item).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_their_sessions_and_end_them() {
    let (house, _folder) = House::open().await;
    house.customer("anna@example.com", "Anna").await;
    house.customer("bella@example.com", "Bella").await;
    let here = house.sign_in("anna@example.com").await;
    let there = house.sign_in("anna@example.com").await.access;
    let third = house.sign_in("anna@example.com").await.access;
    let hers = house.sign_in("bella@example.com").await.access;
    let shown = wait_for("three sessions", || async {
        let shown = sessions(&house, &there).await;
        (shown.len() == 3).then_some(shown)
    })
    .await;
    assert_eq!(shown.iter().filter(|(_, this_one)| *this_one).count(), 1);
    let told = house
        .ask(&Ask::get("/v1/account/sessions").by(&there))
        .await;
    for item in told.json()["items"].as_array().expect("items") {
        assert_eq!(item["by_passkey"], serde_json::Value::Null, "{item}");
        assert_eq!(item["began_at"], item["last_used_at"], "{item}");
        assert!(item["expires_at"].as_str() > item["began_at"].as_str());
    }
    let (own, _) = shown.iter().find(|(_, this_one)| *this_one).expect("it");
    let end = |session: &str, token: &str| {
        let path = format!("/v1/account/sessions/{session}/end");
        Ask::post(path, &json!({})).by(token)
    };

    // Another customer's looks as if it did not exist, and stays.
    assert_eq!(house.ask(&end(own, &hers)).await.code(), "not_found");
    assert_eq!(account_code(&house, &there).await, "let in");
    // It takes a proof of a moment ago.
    let body = json!({"refresh_token": here.refresh});
    let refreshed = house.ask(&Ask::post("/v1/auth/refresh", &body)).await;
    let old = refreshed.text("access_token");
    wait_for("the time of the exchange", || async {
        let told = house.ask(&Ask::get("/v1/account/sessions").by(&old)).await;
        let items = told.json()["items"].as_array().cloned().unwrap_or_default();
        let this_one = items.iter().find(|item| item["this_one"] == json!(true))?;
        (this_one["last_used_at"].as_str() > this_one["began_at"].as_str()).then_some(())
    })
    .await;
    let others = |token: &str| Ask::post("/v1/account/sessions/end-others", &json!({})).by(token);
    assert_eq!(house.ask(&end(own, &old)).await.code(), "step_up_required");
    assert_eq!(house.ask(&others(&old)).await.code(), "step_up_required");

    let ended = house.ask(&end(own, &here.access)).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
    let biting = wait_for("the end of the session", || async {
        (account_code(&house, &there).await == "session_ended").then_some(())
    });
    timeout(BITES_WITHIN, biting)
        .await
        .expect("within five seconds");
    let left = sessions(&house, &here.access).await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|(session, _)| session != own));

    let ended = house.ask(&others(&here.access)).await;
    assert_eq!(ended.json()["ended"], 1, "{ended:?}");
    wait_for("the end of the third", || async {
        (account_code(&house, &third).await == "session_ended").then_some(())
    })
    .await;
    assert_eq!(account_code(&house, &here.access).await, "let in");
    assert_eq!(account_code(&house, &hers).await, "let in");
    assert_eq!(house.ask(&others(&here.access)).await.json()["ended"], 0);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_tell_a_login_that_exists_from_one_that_does_not() {
    let (house, _folder) = House::open().await;
    house.customer("anna@example.com", "Anna").await;
    let mut seen = Vec::new();
    for login in ["anna@example.com", "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..6 {
            let body = json!({"login": login, "password": "not this one"});
            let answer = house.ask(&Ask::post("/v1/auth/login", &body)).await;
            let mut shown = answer.json();
            for differs in ["request_id", "until"] {
                shown[differs] = json!(shown[differs].is_string());
            }
            answers.push((answer.status, shown));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    let codes: Vec<_> = seen[0].iter().map(|(_, shown)| &shown["code"]).collect();
    assert_eq!(codes[4], "credentials_wrong");
    assert_eq!(codes[5], "sign_in_blocked");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_belongs_to_one_person_however_he_was_let_in() {
    let (house, _folder) = House::open().await;
    for number in 0..12 {
        let login = format!("trader-{number}");
        house.staff(&login, Role::Trader).await;
        let body = json!({
            "login": format!(" {} ", login.to_uppercase()), "password": PASSWORD,
            "name": "Mallory", "born": "1990-01-01", "country": "AT",
        });
        let answer = house.ask(&Ask::post("/v1/auth/register", &body)).await;
        assert_eq!(answer.code(), "login_taken", "{login}");
    }
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_that_everybody_tries_are_not_taken() {
    let (house, _folder) = House::open().await;
    for (password, taken) in [
        ("short", false),
        ("Password1", false),
        ("mallory@example.com", false),
        (PASSWORD, true),
    ] {
        let body = json!({
            "login": "mallory@example.com", "password": password,
            "name": "Mallory", "born": "1990-01-01", "country": "AT",
        });
        let answer = house.ask(&Ask::post("/v1/auth/register", &body)).await;
        assert_eq!(answer.status == StatusCode::CREATED, taken, "{password}");
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        assert_eq!(pointer == "/password", !taken);
    }
    house.node.stop().await;
}
