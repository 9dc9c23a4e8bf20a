//! Recognisable secrets through every door, and then a search of everything that is left behind.
//!
//! Duty: a customer whose password, tokens, codes and personal data are known to the test does what
//! customers do, and sends them where they do not belong as well. Afterwards none of them stands in
//! the process's log lines (of every level), in its figures, in an error's answer, in any record of
//! any topic, in a view, a snapshot or any other file; personal data stands there as ciphertext,
//! which its owner can still read. The keys of the house are searched for in the same places.
//!
//! Prohibition: a search that finds nothing proves nothing: it has to find what does stand there.

use crate::http::{Answer, Ask, Client};
use crate::rig::{Dev, Place, wait_for};
use crate::websocket::Socket;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const LOGIN: &str = "canary.oriole@example.com";
const PASSWORD: &str = "Pelican-Quartz-88 oboe";
const NEXT_PASSWORD: &str = "Cormorant-Basalt-93 viola";
const LAST_PASSWORD: &str = "nineteen-grey-otters-hum-Zq7";
const WRONG_PASSWORD: &str = "Bittern-Marble-17 tuba";
const NAME: &str = "Wilhelmina Canarywood";
const NEXT_NAME: &str = "Theodora Canarywood";
const BORN: &str = "1961-03-17";
/// Not a secret: it stands in the record of its bet, where the search has to find it.
const CLIENT_REF: &str = "canary-slip-of-a-control";

/// Bytes that must not be found, and what they are called when they are.
struct Canaries(Vec<(String, Vec<u8>)>);

impl Canaries {
    fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= 8, "{name} could stand anywhere by chance");
        self.0.push((name.to_owned(), secret.to_vec()));
    }

    /// Bytes, and how they are usually written.
    fn add_bytes(&mut self, name: &str, secret: &[u8]) {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add(name, secret);
        self.add(&format!("{name} in hex"), hex);
        self.add(
            &format!("{name} in base64"),
            STANDARD.encode(secret).trim_end_matches('='),
        );
        self.add(
            &format!("{name} in base64url"),
            URL_SAFE_NO_PAD.encode(secret),
        );
    }

    fn add_tokens(&mut self, answer: &Answer) {
        let access = answer.text("access_token");
        let signature = access.rsplit('.').next().expect("a signature");
        self.add("an access token's signature", signature);
        let refresh = answer.text("refresh_token");
        if !refresh.is_empty() {
            let bytes = URL_SAFE_NO_PAD.decode(&refresh).expect("base64url");
            self.add("a refresh token", &refresh);
            self.add_bytes("a refresh token's secret", &bytes[32..]);
        }
    }

    /// Which of them stand in these bytes.
    fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let standing = self.0.iter().filter(|(_, secret)| holds(bytes, secret));
        standing
            .map(|(name, _)| format!("{name} in {place}"))
            .collect()
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    let (first, rest) = text.split_first().expect("not empty");
    let mut from = bytes;
    while let Some(at) = from.iter().position(|byte| byte == first) {
        from = &from[at + 1..];
        if from.starts_with(rest) {
            return true;
        }
    }
    false
}

/// A customer, what she was answered, and what must never be seen.
struct Visit<'a> {
    client: Client,
    dev: &'a Dev,
    canaries: Canaries,
    asked: u32,
    /// Answers that tell of an error.
    errors: Vec<(String, Vec<u8>)>,
}

impl Visit<'_> {
    fn ask(&mut self, ask: Ask<'_>) -> Answer {
        let answer = self.client.ask(ask).expect("an answer");
        if answer.status >= 400 {
            let mut whole = answer.body.clone();
            for (name, value) in &answer.headers {
                whole.extend_from_slice(format!("\n{name}: {value}").as_bytes());
            }
            self.errors
                .push((format!("the answer to {} {}", ask.method, ask.path), whole));
        }
        answer
    }

    fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let body = body.to_string();
        self.asked += 1;
        let key = format!("canary {}", self.asked);
        let ask = Ask::post(path, body.as_bytes()).key(&key);
        self.ask(Ask { token, ..ask })
    }

    fn sign_in(&mut self, password: &str, otp: Option<&str>) -> Answer {
        let body = json!({"login": LOGIN, "password": password, "otp": otp});
        let answer = self.post("/v1/auth/login", None, &body);
        if answer.status == 200 {
            self.canaries.add_tokens(&answer);
        }
        answer
    }

    /// Signing up and in, wrongly and rightly; a token that is exchanged.
    fn come_in(&mut self) -> String {
        let person = json!({"login": LOGIN, "password": PASSWORD, "name": NAME, "born": BORN, "country": "AT"});
        assert_eq!(self.post("/v1/auth/register", None, &person).status, 201);
        let mut again = person.clone();
        again["password"] = json!(WRONG_PASSWORD);
        let taken = self.post("/v1/auth/register", None, &again);
        assert_eq!(taken.status, 409, "{}", taken.shown());
        assert_eq!(
            self.sign_in(WRONG_PASSWORD, None).code(),
            "credentials_wrong"
        );
        let first = self.sign_in(PASSWORD, None);
        assert_eq!(first.status, 200, "{}", first.shown());
        let exchange = json!({"refresh_token": first.text("refresh_token")});
        let second = self.post("/v1/auth/refresh", None, &exchange);
        assert_eq!(second.status, 200, "{}", second.shown());
        self.canaries.add_tokens(&second);
        first.text("access_token")
    }

    /// An authenticator, and what gets in without it.
    fn take_a_second_factor(&mut self, token: &str) -> Vec<String> {
        let offered = self.post("/v1/account/second-factor", Some(token), &json!({}));
        assert_eq!(offered.status, 201, "{}", offered.shown());
        let text = offered.text("secret");
        let secret = base32_bytes(&text);
        self.canaries
            .add("the authenticator's secret in base32", &text);
        self.canaries
            .add_bytes("the authenticator's secret", &secret);
        let step = u64::try_from(jiff::Timestamp::now().as_second() / 30).expect("after 1970");
        let code = json!({"otp": auth::totp_code(&secret, step)});
        let confirmed = self.post("/v1/account/second-factor/confirm", Some(token), &code);
        assert_eq!(confirmed.status, 200, "{}", confirmed.shown());
        let codes = confirmed.json()["recovery_codes"].clone();
        let codes: Vec<String> = serde_json::from_value(codes).expect("texts");
        for code in &codes {
            self.canaries.add("a recovery code", code);
            self.canaries
                .add("a recovery code without its dashes", code.replace('-', ""));
        }
        assert_eq!(
            self.sign_in(NEXT_PASSWORD, None).code(),
            "second_factor_required"
        );
        codes
    }

    /// Money in, on a bet and out; another name and another password.
    fn live(&mut self, token: &str) {
        self.dev.pay_in(token, "the money of a canary", 10_000);
        let selection = self.dev.selection();
        let slip = selection.single(500, CLIENT_REF);
        let placed = self.post("/v1/bets", Some(token), &slip);
        assert_eq!(placed.status, 201, "{}", placed.shown());
        let amount = json!({"amount": {"amount": "10.00", "currency": "EUR"}});
        let paid_out = self.post("/v1/withdrawals", Some(token), &amount);
        assert_eq!(paid_out.status, 202, "{}", paid_out.shown());
        let profile = json!({"name": NEXT_NAME, "born": BORN, "country": "AT"}).to_string();
        let replacing = Ask {
            method: "PUT",
            ..Ask::post("/v1/account/profile", profile.as_bytes())
        };
        assert_eq!(self.ask(replacing.by(token)).status, 200);
        let change = json!({"login": LOGIN, "password": PASSWORD, "new_password": NEXT_PASSWORD});
        let changed = self.post("/v1/auth/password", Some(token), &change);
        assert_eq!(changed.status, 200, "{}", changed.shown());
    }

    /// A forgotten password: a code that is handed over, one that is guessed, and a new password.
    fn forget(&mut self, customer: &str) {
        let operator = self.dev.user("operator");
        let path = format!("/v1/admin/customers/{customer}/password-reset");
        let why = json!({"reason": "has forgotten the password"});
        let offered = self.post(&path, Some(&operator), &why);
        assert_eq!(offered.status, 201, "{}", offered.shown());
        let code = offered.text("code");
        self.canaries.add("a reset code", &code);
        self.canaries
            .add("a reset code without its dashes", code.replace('-', ""));
        for (shown, status) in [(WRONG_PASSWORD, 401), (code.as_str(), 200)] {
            let body = json!({"login": LOGIN, "code": shown, "new_password": LAST_PASSWORD});
            let answer = self.post("/v1/auth/password/reset", None, &body);
            assert_eq!(answer.status, status, "{}", answer.shown());
        }
    }

    /// Secrets where they do not belong: a client has mistakes, and its owner has a log of errors.
    fn blunder(&mut self, access: &str, refresh: &str) {
        let quoted = |text: &str| Value::from(text).to_string();
        for body in [
            format!(
                "{{\"login\": {}, \"password\": {}",
                quoted(LOGIN),
                quoted(PASSWORD)
            ),
            format!(
                "{{\"login\": {}, \"password\": [{}]}}",
                quoted(LOGIN),
                quoted(PASSWORD)
            ),
            format!(
                "{{\"login\": [{}], \"password\": {}}}",
                quoted(LOGIN),
                quoted(PASSWORD)
            ),
            format!(
                "{{\"login\": {0}, \"password\": {0}, \"otp\": {{}}}}",
                quoted(PASSWORD)
            ),
        ] {
            let answer = self.ask(Ask::post("/v1/auth/login", body.as_bytes()));
            assert!(
                answer.is_problem() && answer.status < 500,
                "{}",
                answer.shown()
            );
        }
        let weak = json!({"login": LOGIN, "password": PASSWORD, "name": NAME, "born": "yesterday", "country": NAME});
        assert_eq!(self.post("/v1/auth/register", None, &weak).status, 400);
        let swapped = json!({"refresh_token": access});
        assert_eq!(self.post("/v1/auth/refresh", None, &swapped).status, 401);
        let forged = format!("{access}x");
        for token in [refresh, &forged, PASSWORD] {
            let answer = self.ask(Ask::get("/v1/account").by(token));
            assert_eq!(answer.status, 401, "{}", answer.shown());
        }
        for path in [
            format!("/v1/account?access_token={access}"),
            format!("/v1/bets/{refresh}"),
            format!("/v1/fixtures?sport={refresh}&status={refresh}"),
            format!("/{access}"),
        ] {
            self.client.ask(Ask::get(&path)).expect("an answer");
        }
        let mut socket = Socket::open(self.dev.port).expect("a socket");
        for token in [access, refresh, &forged] {
            let message = json!({"op": "authenticate", "id": 1, "token": token});
            socket
                .text(&message.to_string())
                .expect("the socket takes it");
        }
    }
}

/// Bytes of a secret as an authenticator reads it.
fn base32_bytes(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text
        .bytes()
        .flat_map(|letter| {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                _ => letter - b'2' + 26,
            };
            (0..5).rev().map(move |bit| (value >> bit) & 1)
        })
        .collect();
    let bytes = bits.chunks_exact(8);
    bytes
        .map(|byte| byte.iter().fold(0, |all, bit| (all << 1) | bit))
        .collect()
}

/// All files below a folder.
fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// Every value of every row of every table: in the file itself a long one is in pieces.
fn values(database: &Path) -> Vec<Vec<u8>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let opened = Connection::open_with_flags(database, flags).expect("a database");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut asking = opened.prepare(names).expect("a question");
    let tables = asking
        .query_map([], |row| row.get::<_, String>(0))
        .expect("tables");
    let mut all = Vec::new();
    for table in tables {
        let table = table.expect("a name");
        let mut asking = opened
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .expect("a table");
        let columns = asking.column_count();
        let mut rows = asking.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                match row.get_ref(column).expect("a value") {
                    ValueRef::Blob(bytes) | ValueRef::Text(bytes) => all.push(bytes.to_vec()),
                    ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {}
                }
            }
        }
    }
    all
}

/// The keys of the house, and those of customers.
fn add_keys(canaries: &mut Canaries, folder: &Path) {
    let mut keys = Vec::new();
    files(folder, &mut keys);
    assert!(keys.len() > 6, "the keys are there: {keys:?}");
    for key in keys {
        let bytes = std::fs::read(&key).expect("a key");
        canaries.add_bytes(&key.display().to_string(), &bytes);
    }
}

#[test]
fn no_secret_is_left_where_others_look() {
    let place = Place::new();
    let mut dev = place.start_telling("trace");
    let mut visit = Visit {
        client: dev.client(),
        dev: &dev,
        canaries: Canaries(Vec::new()),
        asked: 0,
        errors: Vec::new(),
    };
    for (name, text) in [
        ("the login", LOGIN),
        ("the password", PASSWORD),
        ("the next password", NEXT_PASSWORD),
        ("the last password", LAST_PASSWORD),
        ("a wrong password", WRONG_PASSWORD),
        ("the name", NAME),
        ("the next name", NEXT_NAME),
        ("the date of birth", BORN),
    ] {
        visit.canaries.add(name, text);
    }
    let token = visit.come_in();
    visit.live(&token);
    let codes = {
        let again = visit.sign_in(NEXT_PASSWORD, None);
        visit.take_a_second_factor(&again.text("access_token"))
    };
    let last = visit.sign_in(NEXT_PASSWORD, Some(&codes[0]));
    assert_eq!(last.status, 200, "{}", last.shown());
    visit.blunder(&last.text("access_token"), &last.text("refresh_token"));
    let shown = visit.ask(Ask::get("/v1/account/profile").by(&last.text("access_token")));
    assert_eq!(
        shown.text("name"),
        NEXT_NAME,
        "its owner reads it: {}",
        shown.shown()
    );
    visit.forget(&last.text("customer_id"));

    let Visit {
        mut canaries,
        errors,
        mut client,
        ..
    } = visit;
    let mut places = errors;
    assert!(places.len() >= 12, "errors were made: {}", places.len());
    for path in ["/metrics", "/readyz", "/v1/errors", "/openapi.json"] {
        let answer = client.ask(Ask::get(path)).expect("an answer");
        places.push((path.to_owned(), answer.body));
    }
    wait_for("a line about the last answer", || {
        place.stderr().contains("answered").then_some(())
    });
    assert_eq!(dev.process.stop().code(), Some(0));
    add_keys(&mut canaries, &place.data().join("keys"));
    places.push(("stderr".to_owned(), place.stderr().into_bytes()));

    let mut all = Vec::new();
    files(place.data(), &mut all);
    let (mut databases, mut controls) = (0, 0);
    for file in all {
        // Where the keys live, and the passwords of dev's own users, by design.
        let kept = file.starts_with(place.data().join("keys")) || file.ends_with("dev-users.json");
        if kept {
            continue;
        }
        let bytes = std::fs::read(&file).expect("a file");
        if bytes.starts_with(b"SQLite format 3\0") {
            databases += 1;
            let name = format!("a row of {}", file.display());
            places.push((name, values(&file).join(&b"\n"[..])));
        }
        places.push((file.display().to_string(), bytes));
    }
    let mut found = Vec::new();
    for (name, bytes) in &places {
        controls += usize::from(holds(bytes, CLIENT_REF.as_bytes()));
        found.extend(canaries.found_in(name, bytes));
    }
    assert!(databases >= 2, "log and views: {databases}");
    assert!(controls >= 3, "the search finds what is there: {controls}");
    assert!(found.is_empty(), "{}", found.join("\n"));
    eprintln!(
        "0 of {} canaries in {} places",
        canaries.0.len(),
        places.len()
    );
}

#[test]
fn who_is_turned_away_is_told_of() {
    let place = Place::new();
    let dev = place.start();
    let token = dev.customer("mallory", 0);
    let account = dev.ask(Ask::get("/v1/account").by(&token));
    let customer = account.text("customer_id");
    assert!(customer.starts_with("cus_"), "{}", account.shown());
    let forged = format!("{token}x");
    for (token, status) in [(&token, 403), (&forged, 401)] {
        let answer = dev.ask(Ask::get("/v1/audit/checkpoint").by(token));
        assert_eq!(answer.status, status, "{}", answer.shown());
        let id = answer.text("request_id");
        let said = wait_for("a line about it", || {
            let said = place.stderr();
            let line = said.lines().find(|line| line.contains(&id))?;
            Some(line.to_owned())
        });
        assert!(said.contains("/v1/audit/checkpoint"), "{said}");
        assert_eq!(said.contains(&customer), status == 403, "{said}");
        assert!(!said.contains(&token[..20]), "{said}");
    }
    let expected = [("permission refused", 1), ("a token that is not ours", 1)];
    for (words, times) in expected {
        assert_eq!(place.stderr().matches(words).count(), times, "{words}");
    }
}
