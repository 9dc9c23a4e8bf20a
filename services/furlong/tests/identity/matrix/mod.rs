//! Every route, asked by everybody.
//!
//! Duty: the routes are those of `/openapi.json`, so that none can be forgotten; each has a row in
//! `rows.rs` that says who may call it. Whoever may not is told so, changes nothing, and reads
//! nothing of the customer whose secrets these tests plant.
//!
//! Prohibition: who may call what is not taken from the code under test: a row is a second word.

mod rows;

use crate::rig::{Answer, Ask, House, Person, wait_for};
use axum::http::StatusCode;
use furlong::house_tokens::KEY_PERIOD;
use gateway::ports::Tokens;
use kernel::Duration;
use keystore::ServiceKey;
use rows::{ROWS, Row, Who};
use schemas::auth::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What rows fill their paths and bodies with: all of it the owner's.
pub struct Things {
    pub bet: String,
    pub deposit: String,
    pub withdrawal: String,
    pub market: String,
    pub fixture: String,
    pub owner: String,
    pub spare_refresh: String,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Owner,
    OtherCustomer,
    Staff(Role),
    Nobody,
    Expired,
    WrongAudience,
    WrongKey,
    NoToken,
}

const STRANGERS: [Asker; 10] = [
    Asker::OtherCustomer,
    Asker::Staff(Role::Trader),
    Asker::Staff(Role::Operator),
    Asker::Staff(Role::Auditor),
    Asker::Staff(Role::Compliance),
    Asker::Nobody,
    Asker::Expired,
    Asker::WrongAudience,
    Asker::WrongKey,
    Asker::NoToken,
];

const LOGIN: &str = "canary-anna@example.com";
const NAME: &str = "Canary Annabella";
const CLIENT_REF: &str = "canary-slip-9";
const DEPOSIT: &str = "7319.53";
/// After a stake and a withdrawal.
const CASH_LEFT: &str = "7298.40";
/// The stake.
const HELD: &str = "10.00";

/// The answers of a gate that stays shut.
const NOT_SIGNED_IN: [&str; 4] = [
    "authentication_required",
    "token_invalid",
    "token_expired",
    "session_ended",
];

struct Scene {
    house: House,
    things: Things,
    owner: Person,
    other: Person,
    staff: Vec<Person>,
    /// Texts that only the owner may read.
    secrets: Vec<String>,
    /// Texts that only the owner may read, and no staff either.
    private: Vec<String>,
    /// Texts that nobody ever reads, the owner included.
    never: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn set() -> Self {
        let (house, folder) = House::open().await;
        let owner = house.customer(LOGIN, NAME).await;
        let other = house.customer("bob@example.com", "Bob").await;
        let mut staff = Vec::new();
        for (login, role) in [
            ("tess", Role::Trader),
            ("olga", Role::Operator),
            ("aude", Role::Auditor),
            ("carl", Role::Compliance),
        ] {
            staff.push(house.staff(login, role).await);
        }
        let session = house.sign_in(LOGIN).await;
        let spare = house.sign_in(LOGIN).await;
        let deposit = house.pay_in(&session.access, DEPOSIT).await;
        let (fixture, market, selection, version) = offer(&house, &staff[0]).await;
        let bet = place(&house, &session.access, &selection, version).await;
        let body = json!({"amount": {"amount": "11.13", "currency": "EUR"}});
        let ask = Ask::post("/v1/withdrawals", &body).by(&session.access);
        let withdrawal = house.ask(&ask.key("out")).await.text("id");
        // Paid out, so that nothing changes any more unless somebody changes it.
        wait_for("the end of the withdrawal", || async {
            let shown = house
                .ask(&Ask::get("/v1/account").by(&session.access))
                .await;
            let paid_out = shown.text("cash") == CASH_LEFT && shown.text("held") == HELD;
            paid_out.then_some(())
        })
        .await;
        let private = vec![NAME.to_owned(), LOGIN.to_owned()];
        let never = vec![crate::rig::PASSWORD.to_owned(), spare.refresh.clone()];
        let secrets = vec![
            owner.id.to_string(),
            bet.clone(),
            deposit.clone(),
            withdrawal.clone(),
            CLIENT_REF.to_owned(),
            DEPOSIT.to_owned(),
        ];
        assert!(
            secrets.iter().all(|secret| secret.len() > 3),
            "{secrets:?} are all there"
        );
        let things = Things {
            bet,
            deposit,
            withdrawal,
            market,
            fixture,
            owner: owner.id.to_string(),
            spare_refresh: spare.refresh,
        };
        Self {
            house,
            things,
            owner,
            other,
            staff,
            secrets,
            private,
            never,
            _folder: folder,
        }
    }

    fn token(&self, asker: Asker) -> Option<String> {
        let house = &self.house;
        let session = house.session(self.owner.id);
        let owners = |issuer: &auth::AccessTokens| {
            let grant = auth::Grant {
                customer: self.owner.id,
                session,
                roles: &[Role::Customer],
                proved_at: Some(house.now()),
            };
            issuer.issue(&grant, [1; 16], house.now())
        };
        match asker {
            Asker::Owner => Some(house.token_of(&self.owner)),
            Asker::OtherCustomer => Some(house.token_of(&self.other)),
            Asker::Staff(role) => {
                let member = self.staff.iter().find(|member| member.role == role);
                Some(house.token_of(member.expect("one of each role")))
            }
            Asker::Nobody => None,
            Asker::Expired => {
                let then = house.now().minus(Duration::from_secs(3_600));
                let roles = [Role::Customer, Role::Operator, Role::Auditor];
                let tokens = &house.tokens;
                let token = tokens.issue(self.owner.id, session, &roles, Some(then), then);
                Some(token.text)
            }
            Asker::WrongAudience => {
                let keys = &house.node.keys;
                let day = house.now().micros() / KEY_PERIOD.micros();
                let day = u64::try_from(day).expect("after 1970");
                let seed = keys
                    .period_key(ServiceKey::TokenSigning, day)
                    .expect("a key");
                let elsewhere = auth::AccessTokens::new("furlong", "another-api", seed.expose());
                Some(owners(&elsewhere))
            }
            Asker::WrongKey => {
                let forger = auth::AccessTokens::new("furlong", "furlong-api", &[66; 32]);
                Some(owners(&forger))
            }
            Asker::NoToken => Some("canary".to_owned()),
        }
    }

    async fn answer(&self, row: &Row, asker: Asker) -> Answer {
        let mut ask = (row.ask)(&self.things);
        ask.method = row.method.to_owned();
        ask.token = self.token(asker);
        ask.key = Some(format!("{asker:?}"));
        self.house.ask(&ask).await
    }

    /// What only the owner can change, as she sees it.
    async fn owners_view(&self) -> Vec<Value> {
        let token = self.house.token_of(&self.owner);
        let mut seen = Vec::new();
        for path in ["/v1/account", "/v1/bets", "/v1/account/statement"] {
            let answer = self.house.ask(&Ask::get(path).by(&token)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
            let mut shown = answer.json();
            if let Some(shown) = shown.as_object_mut() {
                shown.remove("position");
            }
            seen.push(shown);
        }
        seen
    }
}

/// A market with prices, given by its trader over the feed's route.
async fn offer(house: &House, trader: &Person) -> (String, String, String, u64) {
    let token = house.token_of(trader);
    let names =
        json!([{"selection": "home", "name": "Rovers"}, {"selection": "away", "name": "United"}]);
    let prices =
        json!([{"selection": "home", "price": "2.50"}, {"selection": "away", "price": "1.60"}]);
    let lines = [
        json!({"type": "fixture", "fixture": "f", "name": "Rovers v United", "sport": "football", "starts_at": "2100-01-01T15:00:00Z"}),
        json!({"type": "market", "fixture": "f", "market": "m", "name": "Winner", "kind": "winner", "selections": names}),
        json!({"type": "book", "fixture": "f", "market": "m", "prices": prices}),
    ];
    let mut body = String::new();
    for (mut line, sequence) in lines.into_iter().zip(1..) {
        line["source"] = json!("matrix");
        line["sequence"] = json!(sequence);
        body.push_str(&format!("{line}\n"));
    }
    let ask = Ask {
        method: "POST".to_owned(),
        path: "/v1/feed/updates".to_owned(),
        kind: "application/x-ndjson",
        body: body.into_bytes(),
        ..Ask::default()
    };
    let answer = house.ask(&ask.by(&token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    wait_for("an open market", || async {
        let listed = house.ask(&Ask::get("/v1/fixtures")).await.json();
        let fixture = &listed["items"][0];
        let market = fixture["markets"][0]["id"].as_str()?.to_owned();
        let shown = house.ask(&Ask::get(format!("/v1/markets/{market}"))).await;
        let shown = shown.json();
        let selection = &shown["selections"][0];
        let priced = shown["status"] == "open" && selection["price"].is_string();
        priced.then_some(())?;
        Some((
            fixture["id"].as_str()?.to_owned(),
            market,
            selection["id"].as_str()?.to_owned(),
            shown["version"].as_u64()?,
        ))
    })
    .await
}

async fn place(house: &House, token: &str, selection: &str, version: u64) -> String {
    let slip = json!({
        "type": "single",
        "legs": [{"selection_id": selection, "price": "2.50", "market_version": version}],
        "stake": {"amount": "10.00", "currency": "EUR"},
        "price_policy": "any", "client_ref": CLIENT_REF,
    });
    let ask = Ask::post("/v1/bets", &slip).by(token).key("the bet");
    let answer = house.ask(&ask).await;
    assert!(answer.status.is_success(), "{answer:?}");
    let id = answer.text("id");
    let path = format!("/v1/bets/{id}");
    wait_for("the bet's acceptance", || async {
        let shown = house.ask(&Ask::get(&path).by(token)).await;
        (shown.text("status") == "accepted").then_some(())
    })
    .await;
    id
}

/// What is wrong with an answer; nothing, if all is well.
fn verdict(row: &Row, asker: Asker, answer: &Answer) -> Option<String> {
    let code = answer.code();
    let no_token = NOT_SIGNED_IN.contains(&code.as_str());
    let shut_out = no_token || code == "permission_denied";
    let has_token = match asker {
        Asker::Owner | Asker::OtherCustomer | Asker::Staff(_) => true,
        Asker::Nobody
        | Asker::Expired
        | Asker::WrongAudience
        | Asker::WrongKey
        | Asker::NoToken => false,
    };
    let role = match asker {
        Asker::Owner | Asker::OtherCustomer => Some(Role::Customer),
        Asker::Staff(role) => Some(role),
        Asker::Nobody
        | Asker::Expired
        | Asker::WrongAudience
        | Asker::WrongKey
        | Asker::NoToken => None,
    };
    if answer.status.is_server_error() {
        return Some("a server error".to_owned());
    }
    match row.who {
        Who::Anybody => shut_out.then(|| "shut out of what is for anybody".to_owned()),
        Who::SignedIn | Who::OwnerOfThing if !has_token => (!no_token
            || answer.status != StatusCode::UNAUTHORIZED)
            .then(|| "let in without a good token".to_owned()),
        Who::SignedIn => shut_out.then(|| "shut out of one's own".to_owned()),
        Who::OwnerOfThing if asker == Asker::Owner => {
            // A rule of the thing itself may refuse its owner.
            let got = answer.status.is_success() || answer.status == StatusCode::CONFLICT;
            (!got).then(|| "the owner does not get it".to_owned())
        }
        Who::OwnerOfThing => (answer.status != StatusCode::NOT_FOUND)
            .then(|| "what is somebody else's must look as if it did not exist".to_owned()),
        Who::Roles(_) if !has_token => (!no_token || answer.status != StatusCode::UNAUTHORIZED)
            .then(|| "let in without a good token".to_owned()),
        Who::Roles(roles) => {
            let allowed = role.is_some_and(|role| roles.contains(&role));
            let refused = code == "permission_denied" && answer.status == StatusCode::FORBIDDEN;
            (allowed == refused || no_token).then(|| format!("allowed should be {allowed}"))
        }
    }
}

/// Texts in an answer that this asker must not read.
fn leaks(scene: &Scene, row: &Row, asker: Asker, answer: &Answer) -> Vec<String> {
    let about_customers = match (row.who, asker) {
        (Who::Roles(roles), Asker::Staff(role)) => roles.contains(&role),
        (_, Asker::Owner) => true,
        (Who::Anybody | Who::SignedIn | Who::OwnerOfThing | Who::Roles(_), _) => false,
    };
    let secrets = scene.secrets.iter().filter(|_| !about_customers);
    let read = |text: &&String| answer.body.contains(text.as_str());
    let private = scene.private.iter().filter(|_| asker != Asker::Owner);
    let never = scene.never.iter().chain(private);
    // What a request says of itself may come back in its answer.
    let sent = String::from_utf8_lossy(&(row.ask)(&scene.things).body).into_owned()
        + &(row.ask)(&scene.things).path;
    secrets
        .chain(never)
        .filter(read)
        .filter(|text| !sent.contains(text.as_str()))
        .cloned()
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_row() {
    let (house, _folder) = House::open().await;
    let document = house.ask(&Ask::get("/openapi.json")).await.json();
    let mut routes = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let method = method.to_uppercase();
            routes.insert((method.clone(), path.clone()));
            let row = ROWS
                .iter()
                .find(|row| row.method == method && row.path == path);
            match row {
                None => wrong.push(format!(
                    "{method} {path} has no row: say in tests/identity/matrix/rows.rs who may \
                     call it (Anybody, SignedIn, OwnerOfThing or Roles) and what to ask"
                )),
                Some(row) => wrong.extend(described_otherwise(row, operation)),
            }
        }
    }
    for row in ROWS {
        if !routes.contains(&(row.method.to_owned(), row.path.to_owned())) {
            wrong.push(format!("{} {} is no route any more", row.method, row.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    house.node.stop().await;
}

/// Where the row and the description of the API contradict each other.
fn described_otherwise(row: &Row, operation: &Value) -> Option<String> {
    let secured = operation.get("security").is_some();
    let told: BTreeSet<&str> = operation["x-roles"]
        .as_array()
        .map(|roles| roles.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let (needs_token, roles): (bool, BTreeSet<&str>) = match row.who {
        Who::Anybody => (false, BTreeSet::new()),
        Who::SignedIn | Who::OwnerOfThing => (true, BTreeSet::new()),
        Who::Roles(roles) => (true, roles.iter().map(|role| role_name(*role)).collect()),
    };
    (needs_token != secured || roles != told).then(|| {
        format!(
            "{} {}: the row says {:?}, the description says secured {secured} and roles {told:?}; \
             if the permission was changed on purpose, change the row too",
            row.method, row.path, row.who
        )
    })
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Trader => "trader",
        Role::Operator => "operator",
        Role::Auditor => "auditor",
        Role::Compliance => "compliance",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_further_than_he_may() {
    let scene = Scene::set().await;
    let before = scene.owners_view().await;
    let mut wrong = Vec::new();
    let mut asked = 0_u32;
    for asker in STRANGERS {
        for row in ROWS {
            let answer = scene.answer(row, asker).await;
            asked += 1;
            wrong.extend(found(&scene, row, asker, &answer));
        }
    }
    assert_eq!(before, scene.owners_view().await, "somebody changed it");
    for row in ROWS {
        let answer = scene.answer(row, Asker::Owner).await;
        asked += 1;
        wrong.extend(found(&scene, row, Asker::Owner, &answer));
    }
    assert!(wrong.is_empty(), "of {asked}:\n{}", wrong.join("\n"));
    eprintln!("{asked} requests, {} routes, 0 leaks", ROWS.len());
    scene.house.node.stop().await;
}

fn found(scene: &Scene, row: &Row, asker: Asker, answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    let short: String = answer.body.chars().take(200).collect();
    let mut note = |text: String| {
        wrong.push(format!(
            "{} {} by {asker:?}: {text}: {} {short}",
            row.method, row.path, answer.status
        ));
    };
    if let Some(text) = verdict(row, asker, answer) {
        note(text);
    }
    for text in leaks(scene, row, asker, answer) {
        note(format!("reads {text}"));
    }
    wrong
}
