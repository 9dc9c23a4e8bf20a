//! Second factors, recovery codes and step-ups, as a customer meets them.

use crate::rig::{Answer, Ask, House, PASSWORD};
use auth::{totp_code, totp_step};
use axum::http::StatusCode;
use futures::future::join_all;
use serde_json::json;

const LOGIN: &str = "anna@example.com";

/// Bytes of a secret as an authenticator reads it.
pub fn secret_of(base32: &str) -> Vec<u8> {
    let mut bits = Vec::new();
    for letter in base32.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        bits.extend((0..5).rev().map(|bit| (value >> bit) & 1));
    }
    let bytes = bits.chunks_exact(8);
    bytes
        .map(|byte| byte.iter().fold(0, |all, bit| (all << 1) | bit))
        .collect()
}

async fn sign_in(house: &House, otp: Option<&str>) -> Answer {
    let body = json!({"login": LOGIN, "password": PASSWORD, "otp": otp});
    house.ask(&Ask::post("/v1/auth/login", &body)).await
}

/// The present step of a secret.
pub fn step(house: &House, secret: &[u8]) -> u64 {
    let now = house.now();
    // The step whose code is of now: found by its own code.
    let present = u64::try_from(now.micros() / 30_000_000).expect("after 1970");
    assert!(totp_step(secret, &totp_code(secret, present), now).is_some());
    present
}

/// A house where Anna has a second factor; its secret, a token of hers, and recovery codes.
async fn with_factor(house: &House) -> (Vec<u8>, String, Vec<String>) {
    house.customer(LOGIN, "Anna").await;
    let access = house.sign_in(LOGIN).await.access;
    let offer = Ask::post("/v1/account/second-factor", &json!({})).by(&access);
    let offered = house.ask(&offer).await;
    assert_eq!(offered.status, StatusCode::CREATED, "{offered:?}");
    let secret = secret_of(&offered.text("secret"));
    let confirm = |otp: String| {
        let path = "/v1/account/second-factor/confirm";
        Ask::post(path, &json!({"otp": otp})).by(&access)
    };
    let wrong = house.ask(&confirm("000".to_owned())).await;
    assert_eq!(wrong.code(), "credentials_wrong");
    let code = totp_code(&secret, step(house, &secret));
    let confirmed = house.ask(&confirm(code)).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
    let codes = confirmed.json()["recovery_codes"].clone();
    let codes: Vec<String> = serde_json::from_value(codes).expect("texts");
    assert_eq!(codes.len(), 10);
    (secret, access, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_once_however_many_try_at_once() {
    let (house, _folder) = House::open().await;
    let (secret, _, codes) = with_factor(&house).await;
    assert_eq!(sign_in(&house, None).await.code(), "second_factor_required");
    // The step that confirmed is used up: the next one already counts.
    let code = totp_code(&secret, step(&house, &secret) + 1);
    let tries = join_all((0..50).map(|_| sign_in(&house, Some(&code)))).await;
    let let_in = tries
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(let_in.count(), 1, "of fifty at the same moment");
    // So many failures block, and nothing but time opens again: not the right password either.
    assert_eq!(
        sign_in(&house, Some(&codes[0])).await.code(),
        "sign_in_blocked"
    );
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_signs_in_once() {
    let (house, _folder) = House::open().await;
    let (_, _, codes) = with_factor(&house).await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    assert_eq!(sign_in(&house, Some(&typed)).await.status, StatusCode::OK);
    let again = sign_in(&house, Some(&codes[3])).await;
    assert_eq!(again.code(), "credentials_wrong");
    assert_eq!(
        sign_in(&house, Some(&codes[4])).await.status,
        StatusCode::OK
    );
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delicate_needs_a_proof_of_a_moment_ago() {
    let (house, _folder) = House::open().await;
    house.customer(LOGIN, "Anna").await;
    let session = house.sign_in(LOGIN).await;
    house.pay_in(&session.access, "50.00").await;
    let body = json!({"refresh_token": session.refresh});
    let refreshed = house.ask(&Ask::post("/v1/auth/refresh", &body)).await;
    let old = refreshed.text("access_token");
    let withdraw = |token: &str, key: &str| {
        let body = json!({"amount": {"amount": "5.00", "currency": "EUR"}});
        Ask::post("/v1/withdrawals", &body).by(token).key(key)
    };
    let delicate = [
        withdraw(&old, "one"),
        Ask::post(
            "/v1/account/limits/confirm",
            &json!({"kind": "stake_day", "amount": null}),
        )
        .by(&old),
        Ask::get("/v1/account/profile").by(&old),
        Ask::post("/v1/account/second-factor", &json!({})).by(&old),
        Ask::post("/v1/auth/password", &json!({})).by(&old),
    ];
    for ask in &delicate {
        let answer = house.ask(ask).await;
        assert_eq!(answer.code(), "step_up_required", "{}", ask.path);
    }
    let step_up = |password: &str| {
        let body = json!({"login": LOGIN, "password": password});
        Ask::post("/v1/auth/step-up", &body).by(&old)
    };
    let wrong = house.ask(&step_up("not this one")).await;
    assert_eq!(wrong.code(), "credentials_wrong");
    let stepped = house.ask(&step_up(PASSWORD)).await;
    assert_eq!(stepped.status, StatusCode::OK, "{stepped:?}");
    let fresh = stepped.text("access_token");
    let paid = house.ask(&withdraw(&fresh, "two")).await;
    assert_eq!(paid.status, StatusCode::ACCEPTED, "{paid:?}");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_second_factor_a_password_does_not_step_up() {
    let (house, _folder) = House::open().await;
    let (secret, access, codes) = with_factor(&house).await;
    let step_up = |body| Ask::post("/v1/auth/step-up", &body).by(&access);
    let password = json!({"login": LOGIN, "password": PASSWORD});
    let refused = house.ask(&step_up(password)).await;
    assert_eq!(refused.code(), "second_factor_required");
    let code = totp_code(&secret, step(&house, &secret) + 1);
    let stepped = house.ask(&step_up(json!({"otp": code}))).await;
    assert_eq!(stepped.status, StatusCode::OK, "{stepped:?}");
    let replayed = house.ask(&step_up(json!({"otp": code}))).await;
    assert_eq!(replayed.code(), "credentials_wrong");

    let remove = |otp: &str| {
        let path = "/v1/account/second-factor/remove";
        Ask::post(path, &json!({"otp": otp})).by(&access)
    };
    assert_eq!(
        house.ask(&remove("000000")).await.code(),
        "credentials_wrong"
    );
    assert_eq!(house.ask(&remove(&codes[0])).await.status, StatusCode::OK);
    assert_eq!(sign_in(&house, None).await.status, StatusCode::OK);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions() {
    let (house, _folder) = House::open().await;
    house.customer(LOGIN, "Anna").await;
    let (here, elsewhere) = (house.sign_in(LOGIN).await, house.sign_in(LOGIN).await);
    let change = |old: &str, new: &str| {
        let body = json!({"login": LOGIN, "password": old, "new_password": new});
        Ask::post("/v1/auth/password", &body).by(&here.access)
    };
    let wrong = house.ask(&change("not this one", "another fine one")).await;
    assert_eq!(wrong.code(), "credentials_wrong");
    let weak = house.ask(&change(PASSWORD, "password")).await;
    assert_eq!(weak.code(), "validation_failed");
    let changed = house.ask(&change(PASSWORD, "another fine one")).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    let ended = house
        .ask(&Ask::get("/v1/account").by(&elsewhere.access))
        .await;
    assert_eq!(ended.code(), "session_ended");
    let stays = house.ask(&Ask::get("/v1/account").by(&here.access)).await;
    assert_eq!(stays.status, StatusCode::OK);
    assert_eq!(sign_in(&house, None).await.code(), "credentials_wrong");
    house.node.stop().await;
}
