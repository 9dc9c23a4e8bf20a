//! Staff as `furlong staff add` lets them in: what they owe before anything else is open to them.

use crate::factors::{secret_of, step};
use crate::rig::{Answer, Ask, House, PASSWORD};
use auth::totp_code;
use axum::http::StatusCode;
use schemas::auth::Role;
use serde_json::{Value, json};

const OWN: &str = "four patient badgers dig";

async fn sign_in(house: &House, login: &str, password: &str, otp: Option<&str>) -> Answer {
    let body = json!({"login": login, "password": password, "otp": otp});
    let answer = house.ask(&Ask::post("/v1/auth/login", &body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

async fn refresh(house: &House, before: &Answer) -> Answer {
    let body = json!({"refresh_token": before.text("refresh_token")});
    let answer = house.ask(&Ask::post("/v1/auth/refresh", &body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

fn owes(answer: &Answer) -> Value {
    answer.json()["owes"].clone()
}

/// What somebody with those tokens is told who asks for the fraud queue: staff's own work.
async fn at_work(house: &House, answer: &Answer) -> (StatusCode, String) {
    let ask = Ask::get("/v1/admin/cases").by(answer.text("access_token"));
    let told = house.ask(&ask).await;
    (told.status, told.code())
}

fn refused() -> (StatusCode, String) {
    (StatusCode::FORBIDDEN, "enrolment_required".to_owned())
}

fn let_in() -> (StatusCode, String) {
    (StatusCode::OK, String::new())
}

async fn change_password(house: &House, login: &str, by: &Answer, to: &str) -> Answer {
    let body = json!({"login": login, "password": PASSWORD, "new_password": to});
    let ask = Ask::post("/v1/auth/password", &body).by(by.text("access_token"));
    house.ask(&ask).await
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_replace_the_first_password_and_enrol_a_second_factor_before_anything_else() {
    let (house, _folder) = House::open_demanding().await;
    house.admit("olga", Role::Operator, false).await;
    let first = sign_in(&house, "olga", PASSWORD, None).await;
    assert_eq!(owes(&first), json!(["new_password", "second_factor"]));
    assert_eq!(at_work(&house, &first).await, refused());
    for path in ["/v1/account", "/v1/account/profile", "/v1/account/sessions"] {
        let ask = Ask::get(path).by(first.text("access_token"));
        assert_eq!(house.ask(&ask).await.code(), "enrolment_required", "{path}");
    }
    let same = change_password(&house, "olga", &first, PASSWORD).await;
    assert_eq!(same.code(), "validation_failed", "{same:?}");
    let changed = change_password(&house, "olga", &first, OWN).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let half = refresh(&house, &first).await;
    assert_eq!(owes(&half), json!(["second_factor"]));
    assert_eq!(at_work(&house, &half).await, refused());

    let second = sign_in(&house, "olga", OWN, None).await;
    assert_eq!(owes(&second), json!(["second_factor"]));
    let post = |path: &str, body: &Value| Ask::post(path, body).by(second.text("access_token"));
    let offered = house
        .ask(&post("/v1/account/second-factor", &json!({})))
        .await;
    assert_eq!(offered.status, StatusCode::CREATED, "{offered:?}");
    let secret = secret_of(&offered.text("secret"));
    let code = json!({"otp": totp_code(&secret, step(&house, &secret))});
    let confirmed = house
        .ask(&post("/v1/account/second-factor/confirm", &code))
        .await;
    assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
    // The token is the old one until it is exchanged.
    assert_eq!(at_work(&house, &second).await, refused());
    let ready = refresh(&house, &second).await;
    assert_eq!(owes(&ready), Value::Null);
    assert_eq!(at_work(&house, &ready).await, let_in());
    let other = refresh(&house, &half).await;
    assert_eq!(at_work(&house, &other).await, let_in());

    // Whoever gives the factor away owes one again.
    let recovery = confirmed.json()["recovery_codes"][0].clone();
    let path = "/v1/account/second-factor/remove";
    let ask = Ask::post(path, &json!({"otp": recovery})).by(ready.text("access_token"));
    assert_eq!(house.ask(&ask).await.status, StatusCode::OK);
    let after = refresh(&house, &ready).await;
    assert_eq!(owes(&after), json!(["second_factor"]));
    assert_eq!(at_work(&house, &after).await, refused());
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_owe_nothing_and_customers_neither() {
    let (house, _folder) = House::open_demanding().await;
    house.admit("feed", Role::Trader, true).await;
    let machine = sign_in(&house, "feed", PASSWORD, None).await;
    assert_eq!(owes(&machine), Value::Null);
    assert_eq!(at_work(&house, &machine).await, let_in());
    house.customer("anna@example.com", "Anna").await;
    let customer = sign_in(&house, "anna@example.com", PASSWORD, None).await;
    assert_eq!(owes(&customer), Value::Null);
    let ask = Ask::get("/v1/account").by(customer.text("access_token"));
    assert_eq!(house.ask(&ask).await.status, StatusCode::OK);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_asks_for_no_second_factor_still_has_the_first_password_replaced() {
    let (house, _folder) = House::open().await;
    house.admit("olga", Role::Operator, false).await;
    let first = sign_in(&house, "olga", PASSWORD, None).await;
    assert_eq!(owes(&first), json!(["new_password"]));
    assert_eq!(at_work(&house, &first).await, refused());
    let changed = change_password(&house, "olga", &first, OWN).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let ready = refresh(&house, &first).await;
    assert_eq!(owes(&ready), Value::Null);
    assert_eq!(at_work(&house, &ready).await, let_in());
    // Letting her in again changes nothing: the password is her own.
    house.admit("olga", Role::Operator, false).await;
    let again = sign_in(&house, "olga", OWN, None).await;
    assert_eq!(owes(&again), Value::Null);
    house.node.stop().await;
}
