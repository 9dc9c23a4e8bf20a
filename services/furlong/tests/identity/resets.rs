//! Forgotten passwords, as support, a customer and a thief meet them.

use crate::rig::{Answer, Ask, House, PASSWORD, Person, wait_for};
use axum::http::StatusCode;
use schemas::auth::Role;
use serde_json::json;

const LOGIN: &str = "anna@example.com";
const NEW: &str = "eleven quiet herons wade";

async fn offer(house: &House, by: &Person, to: &Person) -> Answer {
    let path = format!("/v1/admin/customers/{}/password-reset", to.id);
    let body = json!({"reason": "answered the questions of the file"});
    house
        .ask(&Ask::post(path, &body).by(house.token_of(by)))
        .await
}

async fn reset(house: &House, login: &str, code: &str) -> Answer {
    let body = json!({"login": login, "code": code, "new_password": NEW});
    house
        .ask(&Ask::post("/v1/auth/password/reset", &body))
        .await
}

async fn sign_in(house: &House, password: &str) -> Answer {
    let body = json!({"login": LOGIN, "password": password});
    house.ask(&Ask::post("/v1/auth/login", &body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_from_support_sets_a_new_password_once_and_ends_every_session() {
    let (house, _folder) = House::open().await;
    let anna = house.customer(LOGIN, "Anna").await;
    let session = house.sign_in(LOGIN).await.access;
    let olga = house.staff("olga", Role::Operator).await;
    let first = offer(&house, &olga, &anna).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let second = offer(&house, &olga, &anna).await;
    let code = second.text("code");
    let replaced = reset(&house, LOGIN, &first.text("code")).await;
    assert_eq!(replaced.code(), "credentials_wrong");

    let typed = code.to_lowercase().replace('-', " ");
    let done = reset(&house, LOGIN, &typed).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    assert_eq!(sign_in(&house, PASSWORD).await.code(), "credentials_wrong");
    assert_eq!(sign_in(&house, NEW).await.status, StatusCode::OK);
    wait_for("the end of the session", || async {
        let answer = house.ask(&Ask::get("/v1/account").by(&session)).await;
        (answer.code() == "session_ended").then_some(())
    })
    .await;
    assert_eq!(
        reset(&house, LOGIN, &code).await.code(),
        "credentials_wrong"
    );
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_handed_to_staff_or_without_a_reason() {
    let (house, _folder) = House::open().await;
    let anna = house.customer(LOGIN, "Anna").await;
    let olga = house.staff("olga", Role::Operator).await;
    let carl = house.staff("carl", Role::Compliance).await;
    assert_eq!(
        offer(&house, &olga, &carl).await.code(),
        "reset_not_allowed"
    );
    assert_eq!(
        offer(&house, &olga, &olga).await.code(),
        "reset_not_allowed"
    );
    assert_eq!(
        offer(&house, &anna, &anna).await.code(),
        "permission_denied"
    );
    let path = format!("/v1/admin/customers/{}/password-reset", anna.id);
    let ask = Ask::post(path, &json!({})).by(house.token_of(&olga));
    assert_eq!(house.ask(&ask).await.code(), "reason_missing");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_which_logins_exist() {
    let (house, _folder) = House::open().await;
    house.customer(LOGIN, "Anna").await;
    let mut seen = Vec::new();
    for login in [LOGIN, "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..6 {
            let answer = reset(&house, login, "AAAA-AAAA").await;
            answers.push((answer.status, answer.code()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][4].1, "credentials_wrong");
    assert_eq!(seen[0][5].1, "sign_in_blocked");
    house.node.stop().await;
}
