//! A node in a temporary folder, the people of the tests, and requests through its router.
//!
//! Duty: everything is made by the commands and routes that would make it in real use.
//! Prohibition: nobody waits without a bound.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use furlong::admission::AdmissionOptions;
use furlong::data_folder::DataFolder;
use furlong::house_tokens::HouseTokens;
use furlong::node::{Node, NodeOptions};
use furlong::notices_desk::NoticesTo;
use furlong::providers::ProviderChoice;
use gateway::ports::Tokens;
use kernel::{CustomerId, SessionId, Timestamp};
use runtime::{Entropy, SystemEntropy};
use schemas::auth::Role;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const PARTITIONS: u16 = 4;
/// What everybody of these tests signs in with.
pub const PASSWORD: &str = "seven lazy canaries sing";

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub token: Option<String>,
    pub key: Option<String>,
    pub kind: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            path: path.into(),
            ..Self::default()
        }
    }

    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self {
            method: "PUT".to_owned(),
            ..Self::post(path, body)
        }
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self {
            method: "POST".to_owned(),
            path: path.into(),
            kind: "application/json",
            body: body.to_string().into_bytes(),
            ..Self::default()
        }
    }

    pub fn by(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.kind.is_empty() {
            request = request.header("content-type", self.kind);
        }
        request
            .body(Body::from(self.body.clone()))
            .expect("a request")
    }
}

/// One answer, read to its end unless it has none.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    #[expect(dead_code, reason = "shown when a test fails")]
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A text field of the body; empty if there is none.
    pub fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    pub fn code(&self) -> String {
        self.text("code")
    }
}

/// Looks until there is something to see.
pub async fn wait_for<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A running house.
pub struct House {
    pub node: Node,
    pub tokens: HouseTokens,
    router: Router,
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: CustomerId,
    pub role: Role,
}

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub access: String,
    pub refresh: String,
}

impl House {
    /// A new one, in a folder that ends with the test.
    pub async fn open() -> (Self, TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        (Self::open_in(folder.path()).await, folder)
    }

    /// The one of that folder.
    pub async fn open_in(folder: &Path) -> Self {
        Self::open_with(folder, ProviderChoice::Simulated, None).await
    }

    /// One whose staff need a second factor, as a cluster's do unless it is told otherwise.
    pub async fn open_demanding() -> (Self, TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let admission = AdmissionOptions {
            staff_second_factor: true,
            ..AdmissionOptions::default()
        };
        let provider = ProviderChoice::Simulated;
        let house = Self::open_letting_in(folder.path(), provider, None, admission).await;
        (house, folder)
    }

    /// One whose money moves through that provider, and who tells an operator of it.
    pub async fn open_with(
        folder: &Path,
        provider: ProviderChoice,
        notices: Option<NoticesTo>,
    ) -> Self {
        Self::open_letting_in(folder, provider, notices, AdmissionOptions::default()).await
    }

    async fn open_letting_in(
        folder: &Path,
        provider: ProviderChoice,
        notices: Option<NoticesTo>,
        admission: AdmissionOptions,
    ) -> Self {
        let node = Node::start(NodeOptions {
            provider,
            notices,
            passkeys: furlong::house_passkeys::PasskeyPages::default(),
            folder: DataFolder::new(folder),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            partitions: PARTITIONS,
            snapshot_every: 1_000,
            lean_step_permille: 0,
            withdrawal_review_units: gateway::WITHDRAWAL_REVIEW_UNITS,
            deadline: Duration::from_secs(20),
            rate_limit: None,
            admission,
            demo: None,
        })
        .await
        .unwrap_or_else(|error| panic!("the node does not start: {error}"));
        let now = node.engine.ground().clock.now();
        let keys = Arc::clone(&node.keys);
        let tokens =
            HouseTokens::new(keys, Arc::new(SystemEntropy), now).expect("keys can be made");
        Self {
            router: node.gateway.router(),
            tokens,
            node,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.node.engine.ground().clock.now()
    }

    pub async fn ask(&self, ask: &Ask) -> Answer {
        let answering = async {
            let asked = self.router.clone().oneshot(ask.request()).await;
            let (head, body) = asked.expect("routers do not fail").into_parts();
            let kind = head.headers.get("content-type");
            let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event"));
            let body = if endless {
                Vec::new()
            } else {
                let read = to_bytes(body, 1 << 24).await.expect("a body");
                read.to_vec()
            };
            Answer {
                status: head.status,
                headers: head.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            }
        };
        let waiting = tokio::time::timeout(PATIENCE, answering).await;
        waiting.unwrap_or_else(|_| panic!("no answer to {} {}", ask.method, ask.path))
    }

    /// A new customer, by way of the route.
    pub async fn customer(&self, login: &str, name: &str) -> Person {
        let body = json!({
            "login": login, "password": PASSWORD, "name": name,
            "born": "1990-02-28", "country": "AT",
        });
        let answer = self.ask(&Ask::post("/v1/auth/register", &body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        Person {
            id: answer.text("customer_id").parse().expect("an id"),
            role: Role::Customer,
        }
    }

    /// Somebody who works here.
    pub async fn staff(&self, login: &str, role: Role) -> Person {
        let hashing = tokio::task::spawn_blocking(|| auth::hash_password(PASSWORD, [7; 16]));
        let account = self.node.registrar().account(login, role, hashing).await;
        Person {
            id: account.unwrap_or_else(|error| panic!("{login}: {error}")),
            role,
        }
    }

    /// Lets somebody in as `furlong staff add` does.
    pub async fn admit(&self, login: &str, role: Role, machine: bool) {
        let hashing = tokio::task::spawn_blocking(|| auth::hash_password(PASSWORD, [7; 16]));
        let registrar = self.node.registrar();
        let account = registrar.staff(login, role, machine, hashing).await;
        account.unwrap_or_else(|error| panic!("{login}: {error}"));
    }

    pub async fn sign_in(&self, login: &str) -> SignedIn {
        let body = json!({"login": login, "password": PASSWORD});
        let answer = self.ask(&Ask::post("/v1/auth/login", &body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        SignedIn {
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        }
    }

    /// A token of a session that nobody will end: as good as a sign-in's, and quicker.
    pub fn token_of(&self, person: &Person) -> String {
        let session = self.session(person.id);
        let now = self.now();
        self.tokens
            .issue(person.id, session, &[person.role], Some(now), now)
            .text
    }

    /// A session id that was never given out.
    pub fn session(&self, customer: CustomerId) -> SessionId {
        let mut bytes = customer.bytes();
        SystemEntropy.fill(&mut bytes[..8]);
        SessionId::from_bytes(bytes)
    }

    /// Pays in until the money is there.
    pub async fn pay_in(&self, token: &str, amount: &str) -> String {
        let body = json!({"amount": {"amount": amount, "currency": "EUR"}});
        let ask = Ask::post("/v1/deposits", &body).by(token).key("pay in");
        let answer = self.ask(&ask).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let id = answer.text("id");
        let path = format!("/v1/deposits/{id}");
        wait_for("the money of a deposit", || async {
            let answer = self.ask(&Ask::get(&path).by(token)).await;
            (answer.text("status") == "confirmed").then_some(())
        })
        .await;
        id
    }
}
