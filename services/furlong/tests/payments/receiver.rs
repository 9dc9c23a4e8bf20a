//! Messages to an operator's receiver over HTTP: signed, in order, again until they are taken.

use crate::rig::{House, wait_for};
use crate::{ask_for, people, until_confirmed};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use furlong::notices_desk::NoticesTo;
use furlong::providers::ProviderChoice;
use payments::{sign, standard_key};
use serde_json::Value;
use std::sync::{Arc, Mutex};

const SECRET: &str = "whsec_dGhlIG9wZXJhdG9y";

/// One attempt as it came.
#[derive(Clone, Debug)]
struct Attempt {
    id: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
    taken: bool,
}

impl Attempt {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }

    fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }
}

type Attempts = Arc<Mutex<Vec<Attempt>>>;

/// Takes every message at its second attempt only.
async fn receive(State(attempts): State<Attempts>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| {
        let value = headers.get(name).expect("the header is there");
        value.to_str().expect("it is text").to_owned()
    };
    let mut attempts = attempts.lock().expect("nobody panics");
    let id = text("webhook-id");
    let taken = attempts.iter().any(|before| before.id == id);
    attempts.push(Attempt {
        id,
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body: body.to_vec(),
        taken,
    });
    if taken {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// The attempts of each message, one message after the other: a new id begins the next.
fn messages(attempts: Vec<Attempt>) -> Vec<Vec<Attempt>> {
    let mut messages: Vec<Vec<Attempt>> = Vec::new();
    for attempt in attempts {
        match messages.last_mut() {
            Some(of) if of[0].id == attempt.id => of.push(attempt),
            Some(_) | None => messages.push(vec![attempt]),
        }
    }
    messages
}

async fn receiver() -> (String, Attempts) {
    let attempts = Attempts::default();
    let router = Router::new()
        .route("/furlong", post(receive))
        .with_state(Arc::clone(&attempts));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/furlong", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, attempts)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_in_order_until_it_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret_file = folder.path().join("notices.secret");
    std::fs::write(&secret_file, SECRET).expect("a file");
    let (url, attempts) = receiver().await;
    let notices = Some(NoticesTo { url, secret_file });
    let house = House::open_with(folder.path(), ProviderChoice::Simulated, notices).await;
    let (anna, _) = people(&house).await;
    let deposit = ask_for(&house, &anna, "/v1/deposits", ("in", "50.17 EUR", None)).await;
    until_confirmed(&house, &anna, &format!("/v1/deposits/{deposit}")).await;
    let withdrawal = ask_for(&house, &anna, "/v1/withdrawals", ("out", "11.13 EUR", None)).await;
    until_confirmed(&house, &anna, &format!("/v1/withdrawals/{withdrawal}")).await;
    let all = || attempts.lock().expect("nobody panics").clone();
    let three = wait_for("three messages", || async {
        let messages = messages(all());
        let taken = messages.iter().filter(|of| of.iter().any(|one| one.taken));
        (taken.count() == 3).then_some(messages)
    })
    .await;
    house.node.stop().await;
    let kinds: Vec<_> = three.iter().map(|of| of[0].kind()).collect();
    let expected = [
        "deposit.confirmed",
        "withdrawal.submitted",
        "withdrawal.paid",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(three[0][0].json()["data"]["id"], deposit);
    assert_eq!(three[0][0].json()["data"]["amount"]["amount"], "50.17");
    assert_eq!(three[2][0].json()["data"]["id"], withdrawal);
    // Nothing else came, and each again under its id with the same body until it was taken.
    let attempts = all();
    assert_eq!(messages(attempts.clone()).len(), 3, "{attempts:?}");
    for of in messages(attempts.clone()) {
        assert!(of.len() >= 2, "{of:?}");
        assert!(
            of.iter()
                .all(|one| one.id == of[0].id && one.body == of[0].body)
        );
    }
    for attempt in &attempts {
        let key = standard_key(SECRET.as_bytes());
        let signature = sign(&key, &attempt.id, &attempt.timestamp, &attempt.body);
        assert_eq!(attempt.signature, signature);
    }
}
