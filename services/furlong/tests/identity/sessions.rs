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
