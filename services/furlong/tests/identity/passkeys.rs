//! Passkeys, as a customer and as a thief meet them: through the whole house, with an authenticator
//! of software.

use crate::authenticator::Authenticator;
use crate::rig::{Answer, Ask, House, PASSWORD, Person};
use axum::http::StatusCode;
use schemas::auth::Role;
use serde_json::{Value, json};

const LOGIN: &str = "anna@example.com";

async fn question(house: &House, path: &str, token: Option<&str>, body: &Value) -> Value {
    let mut ask = Ask::post(path, body);
    ask.token = token.map(str::to_owned);
    let asked = house.ask(&ask).await;
    assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
    asked.json()
}

/// Adds a passkey to whoever holds the token.
async fn add(house: &House, token: &str, device: &mut Authenticator) -> Answer {
    let path = "/v1/account/passkeys/options";
    let asked = question(house, path, Some(token), &json!({"name": "Anna's phone"})).await;
    let made = device.make(&asked);
    let body = json!({"ticket": asked["ticket"], "credential": made});
    house
        .ask(&Ask::post("/v1/account/passkeys", &body).by(token))
        .await
}

/// What a device says to a sign-in, before it is sent.
async fn sign_in_body(house: &House, device: &mut Authenticator) -> Value {
    let asked = question(house, "/v1/auth/passkey/options", None, &json!({})).await;
    json!({"ticket": asked["ticket"], "credential": device.answer(&asked)})
}

async fn send(house: &House, body: &Value) -> Answer {
    house.ask(&Ask::post("/v1/auth/passkey", body)).await
}

async fn sign_in(house: &House, device: &mut Authenticator) -> Answer {
    let body = sign_in_body(house, device).await;
    send(house, &body).await
}

/// Anna, a token of hers that is fresh, and her phone with a passkey on it.
async fn with_passkey(house: &House) -> (Person, String, Authenticator) {
    let anna = house.customer(LOGIN, "Anna").await;
    let access = house.sign_in(LOGIN).await.access;
    let mut phone = Authenticator::new(1);
    let added = add(house, &access, &mut phone).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    (anna, access, phone)
}

/// A token that tells no proof.
async fn stale(house: &House) -> String {
    let session = house.sign_in(LOGIN).await;
    let body = json!({"refresh_token": session.refresh});
    let refreshed = house.ask(&Ask::post("/v1/auth/refresh", &body)).await;
    refreshed.text("access_token")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_listed_used_and_removed() {
    let (house, _folder) = House::open().await;
    let (anna, access, mut phone) = with_passkey(&house).await;
    let list = house
        .ask(&Ask::get("/v1/account/passkeys").by(&access))
        .await;
    assert_eq!(list.json()["items"][0]["name"], "Anna's phone");
    assert_eq!(list.json()["items"][0]["passkey"], 1);

    let signed_in = sign_in(&house, &mut phone).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{signed_in:?}");
    assert_eq!(signed_in.text("customer_id"), anna.id.to_string());
    // It is a proof of who she is, as a password is.
    let fresh = signed_in.text("access_token");
    let profile = house.ask(&Ask::get("/v1/account/profile").by(&fresh)).await;
    assert_eq!(profile.status, StatusCode::OK, "{profile:?}");

    let remove = Ask::post("/v1/account/passkeys/1/remove", &json!({})).by(&fresh);
    assert_eq!(house.ask(&remove).await.status, StatusCode::OK);
    assert_eq!(house.ask(&remove).await.status, StatusCode::OK, "again");
    let never = Ask::post("/v1/account/passkeys/7/remove", &json!({})).by(&fresh);
    assert_eq!(house.ask(&never).await.code(), "passkey_unknown");
    assert_eq!(
        sign_in(&house, &mut phone).await.code(),
        "credentials_wrong"
    );
    let list = house
        .ask(&Ask::get("/v1/account/passkeys").by(&access))
        .await;
    assert_eq!(list.json()["items"], json!([]));
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_and_removing_need_a_proof_of_a_moment_ago() {
    let (house, _folder) = House::open().await;
    with_passkey(&house).await;
    let old = stale(&house).await;
    for ask in [
        Ask::post("/v1/account/passkeys/options", &json!({"name": "x"})),
        Ask::post(
            "/v1/account/passkeys",
            &json!({"ticket": "x", "credential": {}}),
        ),
        Ask::post("/v1/account/passkeys/1/remove", &json!({})),
    ] {
        let answer = house.ask(&ask.by(&old)).await;
        assert_eq!(answer.code(), "step_up_required");
    }
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_the_proof_that_a_withdrawal_asks_for() {
    let (house, _folder) = House::open().await;
    let (_, access, mut phone) = with_passkey(&house).await;
    house.pay_in(&access, "50.00").await;
    let old = stale(&house).await;
    let withdraw = |token: &str, key: &str| {
        let body = json!({"amount": {"amount": "5.00", "currency": "EUR"}});
        Ask::post("/v1/withdrawals", &body).by(token).key(key)
    };
    let refused = house.ask(&withdraw(&old, "one")).await;
    assert_eq!(refused.code(), "step_up_required");

    let path = "/v1/auth/step-up/options";
    let asked = question(&house, path, Some(&old), &json!({})).await;
    let allowed = &asked["publicKey"]["allowCredentials"];
    assert_eq!(
        allowed.as_array().map(Vec::len),
        Some(1),
        "her own are named"
    );
    let answer = phone.answer(&asked);
    let body = json!({"passkey": {"ticket": asked["ticket"], "credential": answer}});
    let step_up = Ask::post("/v1/auth/step-up", &body);
    let stepped = house.ask(&step_up.clone().by(&old)).await;
    assert_eq!(stepped.status, StatusCode::OK, "{stepped:?}");
    let paid = house
        .ask(&withdraw(&stepped.text("access_token"), "two"))
        .await;
    assert_eq!(paid.status, StatusCode::ACCEPTED, "{paid:?}");

    // The same answer again, and for another session of hers, is of no use.
    let again = house.ask(&step_up.clone().by(&old)).await;
    assert_eq!(again.code(), "challenge_spent");
    let elsewhere = house.ask(&step_up.by(&stale(&house).await)).await;
    assert_eq!(elsewhere.code(), "challenge_spent");
    // A sign-in's answer steps nobody up, and the other way round.
    let sign_in_answer = sign_in_body(&house, &mut phone).await;
    let crossed = Ask::post("/v1/auth/step-up", &json!({"passkey": sign_in_answer})).by(&old);
    assert_eq!(house.ask(&crossed).await.code(), "challenge_spent");
    let asked = question(&house, path, Some(&old), &json!({})).await;
    let crossed = json!({"ticket": asked["ticket"], "credential": phone.answer(&asked)});
    assert_eq!(send(&house, &crossed).await.code(), "challenge_spent");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_signs_in_once_however_many_try_at_once() {
    let (house, _folder) = House::open().await;
    let (_, _, mut phone) = with_passkey(&house).await;
    let body = sign_in_body(&house, &mut phone).await;
    let tries = futures::future::join_all((0..20).map(|_| send(&house, &body))).await;
    let let_in = tries
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(let_in.count(), 1);
    assert!(
        tries
            .iter()
            .any(|answer| answer.code() == "challenge_spent")
    );
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_of_use_after_a_restart_and_a_used_one_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = House::open_in(folder.path()).await;
    let (_, _, mut phone) = with_passkey(&house).await;
    let (used, fresh) = (
        sign_in_body(&house, &mut phone).await,
        sign_in_body(&house, &mut phone).await,
    );
    assert_eq!(send(&house, &used).await.status, StatusCode::OK);
    house.node.stop().await;
    let house = House::open_in(folder.path()).await;
    assert_eq!(send(&house, &used).await.code(), "challenge_spent");
    assert_eq!(send(&house, &fresh).await.status, StatusCode::OK);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lie_is_refused_alike() {
    let (house, _folder) = House::open().await;
    let (_, _, phone) = with_passkey(&house).await;
    let honest = sign_in(&house, &mut phone.clone()).await;
    assert_eq!(honest.status, StatusCode::OK, "{honest:?}");
    let lies: [(&str, fn(&mut Authenticator)); 7] = [
        ("another page", |device| {
            device.origin = "http://localhost.example.com"
        }),
        ("an encrypted page", |device| {
            device.origin = "https://localhost"
        }),
        ("another site", |device| device.domain = "example.com"),
        ("nobody looked who holds it", |device| {
            device.verifies = false
        }),
        ("a passkey that nobody has", |device| {
            device.id = vec![9; 20]
        }),
        ("nobody's name", |device| device.owner = None),
        ("a stranger's name", |device| {
            device.owner = Some(vec![7; 16])
        }),
    ];
    let mut bodies = Vec::new();
    for (lie, tell) in lies {
        let mut device = phone.clone();
        tell(&mut device);
        let told = sign_in(&house, &mut device).await;
        assert_eq!(told.code(), "credentials_wrong", "{lie}");
        assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{lie}");
        bodies.push(told.json()["title"].clone());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "no answer tells which it was: {bodies:?}");

    // Another key behind the same id.
    let mut forger = Authenticator::new(2);
    (forger.id, forger.owner) = (phone.id.clone(), phone.owner.clone());
    assert_eq!(
        sign_in(&house, &mut forger).await.code(),
        "credentials_wrong"
    );
    // An answer to another challenge than the ticket's.
    let mut device = phone.clone();
    let one = sign_in_body(&house, &mut device).await;
    let other = sign_in_body(&house, &mut device).await;
    let mixed = json!({"ticket": one["ticket"], "credential": other["credential"]});
    assert_eq!(send(&house, &mixed).await.code(), "credentials_wrong");
    // A ticket that the house never made.
    let forged = json!({"ticket": "AAAA", "credential": other["credential"]});
    assert_eq!(send(&house, &forged).await.code(), "challenge_spent");
    let garbage = json!({"ticket": one["ticket"], "credential": {"id": 1}});
    assert_eq!(send(&house, &garbage).await.code(), "validation_failed");
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_goes_back_tells_of_a_copy() {
    let (house, _folder) = House::open().await;
    let (_, access, _) = with_passkey(&house).await;
    let mut key = Authenticator::new(3);
    key.count = 5;
    assert_eq!(
        add(&house, &access, &mut key).await.status,
        StatusCode::CREATED
    );
    let mut copy = key.clone();
    for _ in 0..3 {
        assert_eq!(sign_in(&house, &mut key).await.status, StatusCode::OK);
    }
    let refused = sign_in(&house, &mut copy).await;
    assert_eq!(refused.code(), "passkey_counts_backwards");
    assert_eq!(sign_in(&house, &mut key).await.status, StatusCode::OK);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uses_what_is_another_customers() {
    let (house, _folder) = House::open().await;
    let (anna, access, mut phone) = with_passkey(&house).await;
    let bella = house.customer("bella@example.com", "Bella").await;
    let hers = house.sign_in("bella@example.com").await.access;
    let mut tablet = Authenticator::new(4);
    assert_eq!(
        add(&house, &hers, &mut tablet).await.status,
        StatusCode::CREATED
    );
    // Her tablet says that it is Anna's.
    let mut liar = tablet.clone();
    liar.owner = Some(anna.id.bytes().to_vec());
    assert_eq!(sign_in(&house, &mut liar).await.code(), "credentials_wrong");
    // Anna's ticket does not add a passkey to Bella's account, nor does Anna's phone step her up.
    let path = "/v1/account/passkeys/options";
    let asked = question(&house, path, Some(&access), &json!({"name": "x"})).await;
    let made = Authenticator::new(5).make(&asked);
    let body = json!({"ticket": asked["ticket"], "credential": made});
    let crossed = house
        .ask(&Ask::post("/v1/account/passkeys", &body).by(&hers))
        .await;
    assert_eq!(crossed.code(), "challenge_spent");
    let asked = question(&house, "/v1/auth/step-up/options", Some(&hers), &json!({})).await;
    let answer = phone.answer(&asked);
    let body = json!({"passkey": {"ticket": asked["ticket"], "credential": answer}});
    let crossed = house
        .ask(&Ask::post("/v1/auth/step-up", &body).by(&hers))
        .await;
    assert_eq!(crossed.code(), "credentials_wrong");
    let own = sign_in(&house, &mut tablet).await;
    assert_eq!(own.text("customer_id"), bella.id.to_string());
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_passwords_do_not_keep_the_owner_of_a_passkey_out() {
    let (house, _folder) = House::open().await;
    let (_, _, mut phone) = with_passkey(&house).await;
    let guess = json!({"login": LOGIN, "password": "not this one"});
    for _ in 0..6 {
        house.ask(&Ask::post("/v1/auth/login", &guess)).await;
    }
    let right = json!({"login": LOGIN, "password": PASSWORD});
    let blocked = house.ask(&Ask::post("/v1/auth/login", &right)).await;
    assert_eq!(blocked.code(), "sign_in_blocked");
    assert_eq!(sign_in(&house, &mut phone).await.status, StatusCode::OK);
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_somebody_makes_the_passkeys_unreadable_and_useless() {
    let (house, folder) = House::open().await;
    let (anna, _, mut phone) = with_passkey(&house).await;
    let carl = house.staff("carl", Role::Compliance).await;
    let path = format!("/v1/admin/customers/{}/erase", anna.id);
    let ask = Ask::post(path, &json!({"reason": "she asked for it"}));
    let erased = house.ask(&ask.by(house.token_of(&carl)).key("erase")).await;
    assert_eq!(erased.status, StatusCode::OK, "{erased:?}");
    assert_eq!(
        sign_in(&house, &mut phone).await.code(),
        "credentials_wrong"
    );
    house.node.stop().await;
    // Neither the id nor the name stands readable in any file of the house.
    for entry in walk(folder.path()) {
        let content = std::fs::read(&entry).unwrap_or_default();
        for secret in [&phone.id[..], b"Anna's phone"] {
            let found = content.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{} tells of the passkey", entry.display());
        }
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}
