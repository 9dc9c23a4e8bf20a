//! A provider that misbehaves on demand, as a real HTTP server.
//!
//! Duty: enough of Stripe's and of Open Banking's documented shapes for the adapters, money that
//! moves once per idempotency key and never for a question, and for each request the fault that
//! was asked for. Prohibition: it never helps: what it has done and not told, only a question
//! brings to light.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// What is done to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and nothing told.
    Hang,
    /// It is done, and nothing told.
    DoThenHang,
    /// It is done, and the answer says that something broke.
    DoThenBreak,
    /// Something broke before it was done.
    Break,
    /// Too many requests.
    TooMany,
    /// An answer that makes no sense.
    Babble,
    /// The search does not know it yet.
    SearchLags,
}

impl Fault {
    pub const ALL: [Self; 7] = [
        Self::Hang,
        Self::DoThenHang,
        Self::DoThenBreak,
        Self::Break,
        Self::TooMany,
        Self::Babble,
        Self::SearchLags,
    ];
}

/// What the provider knows.
#[derive(Default)]
pub struct Known {
    /// By idempotency key, what was answered first.
    pub by_key: BTreeMap<String, Value>,
    /// Objects by id, as they are now.
    pub objects: BTreeMap<String, Value>,
    /// Money that moved, by reference: how often.
    pub moved: BTreeMap<String, u32>,
    /// Faults to come, one a request.
    pub faults: VecDeque<Fault>,
    /// Requests with wrong credentials, or with none.
    pub strangers: u32,
    /// Whether customers approve at their bank.
    pub consents: &'static str,
    /// The status of new cards' payments.
    pub card: &'static str,
}

type Shared = Arc<Mutex<Known>>;

/// The running server.
pub struct Misbehaving {
    pub url: String,
    pub known: Shared,
}

impl Misbehaving {
    pub async fn start() -> Self {
        let known = Shared::new(Mutex::new(Known {
            consents: "Authorised",
            card: "succeeded",
            ..Known::default()
        }));
        let router = Router::new()
            .route("/v1/payment_intents", post(make_intent))
            .route("/v1/payment_intents/search", get(search_intents))
            .route("/v1/payment_intents/{id}", get(show))
            .route("/v1/payouts", post(make_payout).get(list_payouts))
            .route("/v1/payouts/{id}", get(show))
            .route("/domestic-payment-consents", post(make_consent))
            .route("/domestic-payment-consents/{id}", get(show_consent))
            .route("/domestic-payments", post(make_domestic))
            .route("/domestic-payments/{id}", get(show))
            .with_state(Arc::clone(&known));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, known }
    }

    pub fn know<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.lock().unwrap())
    }
}

/// Does it, or what the next fault says.
async fn misbehave(
    known: &Shared,
    headers: &HeaderMap,
    act: impl FnOnce(&mut Known) -> Response,
) -> Response {
    let (fault, response) = {
        let mut known = known.lock().unwrap();
        if headers
            .get("authorization")
            .is_none_or(|value| value != "Bearer sk_canary")
        {
            known.strangers += 1;
            return (StatusCode::UNAUTHORIZED, "{}").into_response();
        }
        let fault = known.faults.pop_front();
        let response = match fault {
            Some(Fault::Hang | Fault::Break | Fault::TooMany | Fault::Babble) => None,
            Some(Fault::DoThenHang | Fault::DoThenBreak | Fault::SearchLags) | None => {
                Some(act(&mut known))
            }
        };
        (fault, response)
    };
    match (fault, response) {
        (Some(Fault::Hang | Fault::DoThenHang), _) => std::future::pending().await,
        (Some(Fault::DoThenBreak | Fault::Break), _) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response()
        }
        (Some(Fault::TooMany), _) => (StatusCode::TOO_MANY_REQUESTS, "{}").into_response(),
        (Some(Fault::Babble), _) => (StatusCode::OK, "<html>").into_response(),
        (Some(Fault::SearchLags), _) => answer(200, &json!({"data": [], "has_more": false})),
        (None, response) => response.expect("it was done"),
    }
}

fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, body.to_string()).into_response()
}

fn field(form: &BTreeMap<String, String>, name: &str) -> String {
    form.get(name).cloned().unwrap_or_default()
}

/// The object of that key, made when it is new; a key with other content is an error.
fn once(known: &mut Known, key: &str, make: impl FnOnce(&mut Known, usize) -> Value) -> Value {
    if let Some(first) = known.by_key.get(key) {
        return first.clone();
    }
    let number = known.objects.len();
    let object = make(known, number);
    known.by_key.insert(key.to_owned(), object.clone());
    object
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).expect("an idempotency key");
    value.to_str().unwrap().to_owned()
}

async fn make_intent(State(known): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    stripe_object(&known, &headers, &body, "pi").await
}

async fn make_payout(State(known): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    stripe_object(&known, &headers, &body, "po").await
}

async fn stripe_object(known: &Shared, headers: &HeaderMap, body: &Bytes, kind: &str) -> Response {
    let form = unform(body);
    let key = header(headers, "idempotency-key");
    misbehave(known, headers, |known| {
        let object = once(known, &key, |known, number| {
            let reference = field(&form, "metadata[reference]");
            let status = if kind == "po" { "paid" } else { known.card };
            if matches!(status, "succeeded" | "paid") {
                *known.moved.entry(reference.clone()).or_default() += 1;
            }
            let id = format!("{kind}_{number}");
            let object = json!({
                "id": id, "status": status, "currency": field(&form, "currency"),
                "amount": field(&form, "amount").parse::<i64>().unwrap(),
                "metadata": {"reference": reference},
                "last_payment_error": {"decline_code": "insufficient_funds"},
                "next_action": {"redirect_to_url": {"url": "http://bank/3ds"}},
            });
            known.objects.insert(id, object.clone());
            object
        });
        if object["status"] == "requires_payment_method" {
            let error = json!({"type": "card_error", "code": "card_declined",
                "decline_code": "insufficient_funds", "payment_intent": object});
            return answer(402, &json!({"error": error}));
        }
        answer(200, &object)
    })
    .await
}

async fn search_intents(
    State(known): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    misbehave(&known, &headers, |known| {
        let wanted = &query["query"];
        let is_wanted = |object: &&Value| {
            let reference = object["metadata"]["reference"].as_str().unwrap_or("");
            *wanted == format!("metadata[\"reference\"]:\"{reference}\"")
        };
        let found: Vec<_> = known.objects.values().filter(is_wanted).collect();
        answer(200, &json!({"data": found, "has_more": false}))
    })
    .await
}

/// One a page, so that pages are turned.
async fn list_payouts(
    State(known): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    misbehave(&known, &headers, |known| {
        let ids: Vec<_> = known
            .objects
            .keys()
            .filter(|id| id.starts_with("po_"))
            .collect();
        let after = query.get("starting_after");
        let next = ids
            .iter()
            .position(|id| after.is_some_and(|after| after == *id));
        let from = next.map_or(0, |at| at + 1);
        let page: Vec<_> = ids
            .get(from)
            .map(|id| &known.objects[*id])
            .into_iter()
            .collect();
        answer(
            200,
            &json!({"data": page, "has_more": from + 1 < ids.len()}),
        )
    })
    .await
}

async fn show(State(known): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    misbehave(&known, &headers, |known| match known.objects.get(&id) {
        Some(object) => answer(200, object),
        None => answer(404, &json!({})),
    })
    .await
}

fn with_status(mut object: Value, status: &str) -> Value {
    object["Data"]["Status"] = status.into();
    object
}

async fn make_consent(State(known): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut asked: Value = serde_json::from_slice(&body).unwrap();
    let key = header(&headers, "x-idempotency-key");
    misbehave(&known, &headers, |known| {
        let object = once(known, &key, |known, number| {
            asked["Data"]["ConsentId"] = format!("consent-{number}").into();
            known
                .objects
                .insert(format!("consent-{number}"), asked.clone());
            asked
        });
        answer(201, &with_status(object, known.consents))
    })
    .await
}

async fn show_consent(
    State(known): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    misbehave(&known, &headers, |known| match known.objects.get(&id) {
        Some(object) => answer(200, &with_status(object.clone(), known.consents)),
        None => answer(
            400,
            &json!({"Errors": [{"ErrorCode": "UK.OBIE.Resource.NotFound"}]}),
        ),
    })
    .await
}

async fn make_domestic(State(known): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut asked: Value = serde_json::from_slice(&body).unwrap();
    let key = header(&headers, "x-idempotency-key");
    misbehave(&known, &headers, |known| {
        if known.consents != "Authorised" {
            let errors = json!([{"ErrorCode": "UK.OBIE.Resource.InvalidConsentStatus"}]);
            return answer(400, &json!({"Errors": errors}));
        }
        let object = once(known, &key, |known, number| {
            let reference = asked["Data"]["Initiation"]["EndToEndIdentification"].as_str();
            *known
                .moved
                .entry(reference.unwrap().to_owned())
                .or_default() += 1;
            asked["Data"]["DomesticPaymentId"] = format!("payment-{number}").into();
            asked["Data"]["Status"] = "AcceptedSettlementInProcess".into();
            let settled = with_status(asked.clone(), "AcceptedSettlementCompleted");
            known.objects.insert(format!("payment-{number}"), settled);
            asked
        });
        answer(201, &object)
    })
    .await
}

fn unform(body: &[u8]) -> BTreeMap<String, String> {
    let text = str::from_utf8(body).unwrap();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}
