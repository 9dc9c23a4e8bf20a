//! Garbage on every input.
//!
//! Duty: every route of the server's own description, and everything beside HTTP's good manners,
//! with bytes that mean nothing; each is answered as an error with a code, soon, and afterwards
//! a bet is a bet and the money is where it was. Prohibition: nothing here is random beyond its
//! printed seed.

use crate::http::{Answer, Ask, Client, connect};
use crate::rig::{Chance, Dev, Place, wait_for};
use crate::websocket::{Came, Socket, is_gone};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};

/// A sportsbook with a customer who has something to lose.
struct Victim {
    place: Place,
    dev: Dev,
    customer: String,
    trader: String,
    operator: String,
    bet: String,
}

impl Victim {
    fn new() -> Self {
        let place = Place::new();
        let dev = place.start();
        let customer = dev.customer("victim", 10_000);
        let slip = dev.selection().single(500, "before").to_string();
        let ask = Ask::post("/v1/bets", slip.as_bytes())
            .by(&customer)
            .key("before");
        let answer = dev.ask(ask);
        assert_eq!(answer.status, 201, "{}", answer.shown());
        Self {
            bet: answer.text("id"),
            trader: dev.user("trader"),
            operator: dev.user("operator"),
            place,
            dev,
            customer,
        }
    }

    /// Everything is as it was, and business goes on.
    fn must_be_unharmed(mut self) {
        assert_eq!(self.dev.balance(&self.customer), (9_500, 500));
        let bets = self.dev.bets(&self.customer);
        let ids: Vec<&str> = bets.iter().filter_map(|bet| bet["id"].as_str()).collect();
        assert_eq!(ids, [self.bet.as_str()]);
        let slip = self.dev.selection().single(300, "after").to_string();
        let ask = Ask::post("/v1/bets", slip.as_bytes())
            .by(&self.customer)
            .key("after");
        let answer = self.dev.ask(ask);
        assert_eq!(answer.status, 201, "{}", answer.shown());
        assert_eq!(self.dev.balance(&self.customer), (9_200, 800));
        let ready = self.dev.ask(Ask::get("/readyz"));
        assert_eq!(ready.status, 200, "{}", ready.shown());
        assert_eq!(
            self.dev.process.stop().code(),
            Some(0),
            "{}",
            self.place.stderr()
        );
        let said = self.place.stderr();
        assert!(!said.contains("panicked"), "{said}");
        self.place.must_be_sound("after garbage");
    }

    fn roles(&self) -> [&str; 3] {
        [&self.customer, &self.trader, &self.operator]
    }
}

fn must_be_refused(what: &str, answer: &Answer) {
    let clear = (400..500).contains(&answer.status) && answer.is_problem();
    assert!(clear, "{what}: {}", answer.shown());
}

/// Asks on a connection that may be used for many questions; a server that answers and closes
/// is asked again on another one.
fn ask(client: &mut Client, port: u16, what: &str, ask: Ask<'_>) -> Answer {
    client.ask(ask).unwrap_or_else(|_| {
        *client = Client::new(port);
        client
            .ask(ask)
            .unwrap_or_else(|error| panic!("{what}: no answer: {error}"))
    })
}

/// A lawful slip, to be spoilt.
fn slip() -> Value {
    json!({
        "type": "single",
        "legs": [{"selection_id": "sel_01a20200-bb1d-7c12-b2a2-d91352540001", "price": "2.50",
                  "market_version": 1}],
        "stake": {"amount": "1.00", "currency": "EUR"},
        "price_policy": "any",
        "each_way": false,
        "client_ref": "x",
    })
}

/// Bodies that no route can mean.
fn bodies(chance: &mut Chance) -> Vec<(String, Vec<u8>)> {
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: &str, body: Vec<u8>| bodies.push((what.to_owned(), body));
    for length in [1, 2, 16, 300] {
        add("random bytes", chance.bytes(length));
    }
    let lawful = slip().to_string();
    let cut = usize::try_from(chance.between(1, 60)).expect("small");
    add("a truncated body", lawful.as_bytes()[..cut].to_vec());
    add(
        "half a body",
        lawful.as_bytes()[..lawful.len() / 2].to_vec(),
    );
    add("text behind the body", format!("{{}}{lawful}").into_bytes());
    add("deep lists", b"[".repeat(60_000));
    add("deep objects", b"{\"type\":".repeat(8_000));
    add("a deep field", {
        let mut body = b"{\"legs\":".to_vec();
        body.extend(b"[".repeat(200));
        body.extend(b"]".repeat(200));
        body.push(b'}');
        body
    });
    add("nothing", Vec::new());
    add("a huge number", b"1e999999".to_vec());
    add("a text", b"\"slip\"".to_vec());
    add("nothing at all", b"null".to_vec());
    add("a list", b"[{}]".to_vec());
    add("a lone surrogate", b"{\"login\":\"\\ud800\"}".to_vec());
    add(
        "bytes that are no text",
        b"{\"login\":\"\xff\xfe\"}".to_vec(),
    );
    add("a byte order mark", "\u{feff}{}".as_bytes().to_vec());
    add("zero bytes", vec![0; 100]);
    add("an unknown field", b"{\"surprise\":1}".to_vec());
    add(
        "a field twice",
        b"{\"login\":\"a\",\"login\":\"b\"}".to_vec(),
    );
    bodies
}

/// The routes that take something, by the server's own description.
fn routes(dev: &Dev) -> Vec<(String, String)> {
    let document = dev.ask(Ask::get("/openapi.json")).json();
    let paths = document["paths"].as_object().expect("paths");
    let mut routes = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().expect("methods").keys() {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}

fn concrete(path: &str) -> String {
    path.replace("{provider}", "simulator")
        .replace("{topic}", "bets.events")
        .replace("{partition}", "0")
        .replace("{file}", "board.css")
        .replace("{id}", "bet_01a20200-bb1d-7c12-b2a2-d91352540001")
}

#[test]
fn bodies_on_every_route() {
    let victim = Victim::new();
    let mut chance = Chance::new("garbage bodies");
    let port = victim.dev.port;
    let mut client = Client::new(port);
    let mut count = 0_u32;
    for (method, path) in routes(&victim.dev) {
        if method == "GET" {
            continue;
        }
        let target = concrete(&path);
        for (what, body) in bodies(&mut chance) {
            // A body may be left out where it says nothing, and an empty feed is no error.
            let optional = path.ends_with("/logout")
                || path == "/v1/account/second-factor"
                || path == "/v1/auth/passkey/options"
                || path == "/v1/account/sessions/end-others"
                || path == "/v1/feed/updates";
            if optional && (body.is_empty() || body == b"null") {
                continue;
            }
            for token in victim.roles() {
                let key = format!("garbage {count}");
                let mut request = Ask::post(&target, &body).by(token).key(&key);
                request.method = &method;
                let what = format!("{method} {path} with {what}");
                let answer = ask(&mut client, port, &what, request);
                must_be_refused(&what, &answer);
                count += 1;
            }
        }
        let large = vec![b' '; 200_000];
        let what = format!("{method} {path} with a huge body");
        let mut request = Ask::post(&target, &large).by(&victim.customer).key("huge");
        request.method = &method;
        must_be_refused(&what, &ask(&mut client, port, &what, request));
        request.content_type = Some("text/html");
        request.body = b"<p>";
        let what = format!("{method} {path} with HTML");
        must_be_refused(&what, &ask(&mut client, port, &what, request));
        count += 2;
    }
    eprintln!("garbage: {count} bodies refused");
    victim.must_be_unharmed();
}

#[test]
fn wrong_types_and_values_in_a_slip() {
    let victim = Victim::new();
    let port = victim.dev.port;
    let mut client = Client::new(port);
    let selection = victim.dev.selection();
    let good = selection.single(100, "spoilt");
    let wrong = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!("-1.00"),
        json!("1e3"),
        json!("99999999999999999999.00"),
        json!("NaN"),
        json!("\u{0}"),
        json!("x".repeat(5_000)),
        json!(u64::MAX),
    ];
    let fields = [
        "/type",
        "/legs",
        "/legs/0",
        "/legs/0/selection_id",
        "/legs/0/price",
        "/legs/0/market_version",
        "/stake",
        "/stake/amount",
        "/stake/currency",
        "/price_policy",
        "/each_way",
        "/client_ref",
    ];
    let mut count = 0;
    for field in fields {
        for wrong in &wrong {
            let lawful = match field {
                "/client_ref" => wrong.is_null() || wrong.as_str().is_some_and(|t| t.len() <= 64),
                "/price_policy" => wrong.is_null(),
                // Refused all the same, but there each-way is the broken rule.
                "/each_way" => false,
                _ => false,
            };
            if lawful {
                continue;
            }
            let mut slip = good.clone();
            if field == "/each_way" {
                slip["each_way"] = json!(false);
            }
            if field == "/price_policy" {
                slip["price_policy"] = json!("any");
            }
            *slip.pointer_mut(field).expect("a field") = wrong.clone();
            let body = slip.to_string();
            let key = format!("spoilt {count}");
            let what = format!("{field} = {wrong}");
            let request = Ask::post("/v1/bets", body.as_bytes())
                .by(&victim.customer)
                .key(&key);
            must_be_refused(&what, &ask(&mut client, port, &what, request));
            count += 1;
        }
    }
    let mut many = good.clone();
    many["legs"] = vec![good["legs"][0].clone(); 300].into();
    let body = many.to_string();
    let request = Ask::post("/v1/bets", body.as_bytes())
        .by(&victim.customer)
        .key("many");
    must_be_refused("300 legs", &ask(&mut client, port, "300 legs", request));
    eprintln!("garbage: {count} spoilt slips refused");
    victim.must_be_unharmed();
}

#[test]
fn headers_queries_paths_and_methods() {
    let victim = Victim::new();
    let port = victim.dev.port;
    let mut chance = Chance::new("garbage headers");
    let mut client = Client::new(port);
    let body = slip().to_string();
    let long = "k".repeat(256);
    for key in ["", &long, "\u{e9}\u{e8}"] {
        let request = Ask::post("/v1/bets", body.as_bytes())
            .by(&victim.customer)
            .key(key);
        let answer = ask(&mut client, port, "a wrong key", request);
        must_be_refused("a wrong key", &answer);
        assert_eq!(answer.code(), "idempotency_key_invalid");
    }
    let request = Ask::post("/v1/bets", body.as_bytes()).by(&victim.customer);
    assert_eq!(
        ask(&mut client, port, "no key", request).code(),
        "idempotency_key_missing"
    );
    let signed = victim.customer.clone();
    let spoilt = signed.replace('.', "!");
    let shortened = &signed[..signed.len() - 4];
    for token in ["", "x", "a.b.c", &spoilt, shortened, &"t".repeat(6_000)] {
        let request = Ask::get("/v1/account").by(token);
        let answer = ask(&mut client, port, "a wrong token", request);
        must_be_refused("a wrong token", &answer);
        assert_eq!(answer.status, 401, "{}", answer.shown());
    }
    for _ in 0..50 {
        // Whatever a header's value may hold on the wire.
        let length = chance.between(1, 200);
        let mut value = chance.bytes(length);
        value.retain(|byte| *byte >= 0x20 && *byte != 0x7f);
        let headers: [(&str, &[u8]); 6] = [
            ("authorization", &value),
            ("prefer", &value),
            ("traceparent", &value),
            ("last-event-id", &value),
            ("accept", &value),
            ("x-garbage", &value),
        ];
        let request = Ask {
            headers: &headers,
            ..Ask::get("/v1/account")
        };
        must_be_refused(
            "garbage headers",
            &ask(&mut client, port, "garbage headers", request),
        );
    }
    queries(&victim, &mut client, &mut chance);
    for path in [
        "/v1/bets/garbage",
        "/v1/bets/bet_",
        "/v1/bets/mkt_01a20200-bb1d-7c12-b2a2-d91352540001",
        "/v1/bets/%00",
        "/v1/bets/%ff%fe",
        "/v1/bets/%",
        "/v1/markets/mkt_zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        "/v1/fixtures/..%2f..%2fetc%2fpasswd",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/../../Cargo.toml",
        "/..",
        "//",
        "/v1",
        "/v1/bets/",
        "/v1//bets",
        "/V1/BETS",
    ] {
        let answer = ask(&mut client, port, path, Ask::get(path).by(&victim.customer));
        must_be_refused(path, &answer);
    }
    let long = format!("/v1/bets/{}", "b".repeat(20_000));
    let answer = ask(
        &mut client,
        port,
        "a long path",
        Ask::get(&long).by(&victim.customer),
    );
    must_be_refused("a long path", &answer);
    for method in ["DELETE", "PATCH", "PUT", "BREW", "OPTIONS", "TRACE"] {
        let request = Ask {
            method,
            ..Ask::get("/v1/bets")
        };
        let answer = ask(&mut client, port, method, request);
        must_be_refused(method, &answer);
        assert_eq!(answer.status, 405, "{method} {}", answer.shown());
        assert!(answer.headers.contains_key("allow"), "{answer:?}");
    }
    victim.must_be_unharmed();
}

/// Every parameter of the description with values that it cannot have; and parameters that
/// nobody has.
fn queries(victim: &Victim, client: &mut Client, chance: &mut Chance) {
    let port = victim.dev.port;
    let auditor = victim.dev.user("auditor");
    let document = victim.dev.ask(Ask::get("/openapi.json")).json();
    let mut count = 0;
    for (method, path) in routes(&victim.dev) {
        let parameters = document["paths"][&path][method.to_lowercase()]["parameters"].clone();
        let names: Vec<String> = parameters
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect();
        if method != "GET" || names.is_empty() {
            continue;
        }
        for name in names.iter().map(String::as_str).chain(["surprise"]) {
            let length = chance.between(1, 40);
            let random: String = chance
                .bytes(length)
                .iter()
                .map(|b| format!("%{b:02x}"))
                .collect();
            for value in [
                "%",
                "%ff%00",
                "-1",
                "99999999999999999999",
                "'%20OR%201=1--",
                &random,
            ] {
                let target = format!("{}?{name}={value}", concrete(&path));
                for token in victim.roles().into_iter().chain([auditor.as_str()]) {
                    let answer = ask(client, port, &target, Ask::get(&target).by(token));
                    // Free texts such as a sport's name or a provider's reference match nothing,
                    // which is no error. A cursor is any key's bytes.
                    let free = matches!(name, "sport" | "market" | "cursor" | "reference");
                    let lawful = answer.status == 200 && free;
                    if !lawful {
                        must_be_refused(&target, &answer);
                    }
                    count += 1;
                }
            }
        }
    }
    eprintln!("garbage: {count} queries");
}

/// Bytes that are not even HTTP: answered or hung up on, soon.
#[test]
fn bytes_that_are_no_http() {
    let victim = Victim::new();
    let mut chance = Chance::new("garbage bytes");
    let port = victim.dev.port;
    let mut sent: Vec<Vec<u8>> = (0..40)
        .map(|_| {
            let length = chance.between(1, 2_000);
            let mut bytes = chance.bytes(length);
            bytes.extend_from_slice(b"\r\n\r\n");
            bytes
        })
        .collect();
    sent.push(b"GET / HTTP/9.9\r\n\r\n".to_vec());
    sent.push(b"GET\r\n\r\n".to_vec());
    sent.push(b"GET / HTTP/1.1\r\nhost\r\n\r\n".to_vec());
    sent.push(b"POST /v1/bets HTTP/1.1\r\ncontent-length: -5\r\n\r\n".to_vec());
    sent.push(
        b"POST /v1/bets HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n".to_vec(),
    );
    sent.push(
        b"POST /v1/bets HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZZZ\r\n".to_vec(),
    );
    let mut many = b"GET / HTTP/1.1\r\n".to_vec();
    for number in 0..5_000 {
        many.extend_from_slice(format!("x-{number}: y\r\n").as_bytes());
    }
    many.extend_from_slice(b"\r\n");
    sent.push(many);
    sent.push([b"GET /".repeat(1), b"a".repeat(600_000), b"\r\n".to_vec()].concat());
    for bytes in sent {
        let mut stream = connect(port).expect("a connection");
        // The server may have answered and gone before it has everything.
        if let Err(error) = stream.write_all(&bytes) {
            assert!(is_gone(&error), "{error}");
        }
        stream
            .shutdown(std::net::Shutdown::Write)
            .unwrap_or_else(|error| assert_eq!(error.kind(), ErrorKind::NotConnected));
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        match read {
            Ok(_) => {}
            Err(error) => assert!(is_gone(&error), "{shown}: a hang: {error}"),
        }
        let text = String::from_utf8_lossy(&answer);
        let ok = answer.is_empty() || text.starts_with("HTTP/1.1 4");
        assert!(ok, "{shown}: {text}");
    }
    victim.must_be_unharmed();
}

#[test]
fn frames_on_the_stream() {
    let victim = Victim::new();
    let mut chance = Chance::new("garbage frames");
    let port = victim.dev.port;
    let status = |socket: &mut Socket, text: &str| -> Value {
        socket.text(text).expect("the socket is open");
        wait_for("a status", || match socket.next().expect("a message") {
            Came::Text(text) => {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                (message["op"] == "status").then_some(message)
            }
            ended => panic!("{text}: {ended:?}"),
        })
    };
    let mut socket = Socket::open(port).expect("a socket");
    let deep = "[".repeat(30_000);
    for text in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        &deep,
        r#"{"op":7}"#,
        r#"{"op":"dance","id":"x"}"#,
        r#"{"op":"subscribe"}"#,
        r#"{"op":"subscribe","channel":"nothing"}"#,
        r#"{"op":"subscribe","channel":"odds","markets":["garbage"]}"#,
        r#"{"op":"subscribe","channel":"odds","markets":7}"#,
        r#"{"op":"subscribe","channel":"odds","since":"garbage"}"#,
        r#"{"op":"subscribe","channel":"bets"}"#,
        r#"{"op":"subscribe","channel":"account","since":"AQ"}"#,
        r#"{"op":"unsubscribe","channel":"nothing"}"#,
        r#"{"op":"authenticate"}"#,
        r#"{"op":"authenticate","token":"garbage"}"#,
        r#"{"op":"authenticate","token":"x","surprise":1}"#,
    ] {
        let told = status(&mut socket, text);
        assert_eq!(told["status"], "failure", "{text}: {told}");
        assert!(told["error_code"].is_string(), "{text}: {told}");
    }
    // After all that it still serves.
    let token = json!({"op": "authenticate", "id": 1, "token": victim.customer}).to_string();
    assert_eq!(status(&mut socket, &token)["status"], "success");
    let subscribe = r#"{"op":"subscribe","id":2,"channel":"account"}"#;
    assert_eq!(status(&mut socket, subscribe)["status"], "success");
    // What breaks the protocol ends the connection, and only this one.
    let mut broken: Vec<Vec<u8>> = vec![
        // Not masked.
        b"\x81\x05hello".to_vec(),
        // Reserved bits, and a reserved kind.
        b"\xf1\x80\x00\x00\x00\x00".to_vec(),
        b"\x8f\x80\x00\x00\x00\x00".to_vec(),
        // As long as a length can be.
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00".to_vec(),
        // No text.
        b"\x81\x82\x00\x00\x00\x00\xff\xfe".to_vec(),
        // Goes on with nothing.
        b"\x80\x80\x00\x00\x00\x00".to_vec(),
    ];
    // A ping of four thousand bytes.
    broken.push([b"\x89\xfe\x10\x00\x00\x00\x00\x00".to_vec(), vec![0; 4_096]].concat());
    broken.extend((0..20).map(|_| {
        // A reserved kind of a whole frame, whatever is in it.
        let mut bytes = vec![0x83 | (chance.bytes(1)[0] & 0x74), 0xfe, 1, 0];
        bytes.extend(chance.bytes(4 + 256));
        bytes
    }));
    for bytes in broken {
        let mut socket = Socket::open(port).expect("a socket");
        if let Err(error) = socket.send_raw(&bytes) {
            assert!(is_gone(&error), "{error}");
        }
        must_end(&mut socket, &bytes);
    }
    let mut socket = Socket::open(port).expect("a socket");
    if let Err(error) = socket.send(0x81, &vec![b'x'; 1_000_000]) {
        assert!(is_gone(&error), "{error}");
    }
    must_end(&mut socket, b"a huge message");
    victim.must_be_unharmed();
}

fn must_end(socket: &mut Socket, bytes: &[u8]) {
    wait_for(&format!("the end after {bytes:x?}"), || {
        match socket.next() {
            Ok(Came::End | Came::Close) => Some(()),
            Ok(Came::Text(_)) => None,
            Err(error) => panic!("{bytes:x?}: {error}"),
        }
    });
}

#[test]
fn lines_of_a_feed() {
    let victim = Victim::new();
    let mut chance = Chance::new("garbage feed");
    let port = victim.dev.port;
    let mut client = Client::new(port);
    let head = r#"{"source":"vandal","sequence":1,"type":"fixture","fixture":"f","name":"Van v Dal","sport":"football","starts_at":"2090-01-01T12:00:00Z"}"#;
    let lines: Vec<Vec<u8>> = [
        "{",
        "null",
        "{}",
        r#"{"source":"vandal","sequence":-1,"type":"alive"}"#,
        r#"{"source":"vandal","sequence":1.5,"type":"alive"}"#,
        r#"{"source":"vandal","sequence":99999999999999999999,"type":"alive"}"#,
        r#"{"source":"","sequence":1,"type":"alive"}"#,
        r#"{"source":"vandal","sequence":2,"type":"dance"}"#,
        r#"{"source":"vandal","sequence":2,"type":"alive","surprise":1}"#,
        r#"{"source":"vandal","sequence":2,"type":"alive","published_at":"yesterday"}"#,
        r#"{"source":"vandal","sequence":2,"type":"book","fixture":"f","market":"m","prices":[{"selection":"a","price":"-2"}]}"#,
        r#"{"source":"vandal","sequence":2,"type":"in_play","fixture":"f","market":"m","bet_delay_ms":1e99}"#,
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .chain([chance.bytes(500), b"[".repeat(100_000), vec![b'x'; 300_000], b"\xff\xfe".to_vec()])
    .collect();
    for line in &lines {
        // A good line before it is not taken either.
        let mut body = head.as_bytes().to_vec();
        body.push(b'\n');
        body.extend_from_slice(line);
        let mut request = Ask::post("/v1/feed/updates", &body).by(&victim.trader);
        request.content_type = Some("application/x-ndjson");
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        let answer = ask(&mut client, port, &shown, request);
        must_be_refused(&shown, &answer);
    }
    let huge = vec![b'\n'; 5 * 1024 * 1024];
    let request = Ask::post("/v1/feed/updates", &huge).by(&victim.trader);
    let answer = ask(&mut client, port, "5 MiB of lines", request);
    must_be_refused("5 MiB of lines", &answer);
    assert_eq!(answer.status, 413, "{}", answer.shown());
    let listed = victim.dev.ask(Ask::get("/v1/fixtures?limit=200"));
    assert!(
        !listed.shown().contains("Van v Dal"),
        "a good line was taken"
    );
    // Lawful lines about things that are not there are refused one by one, on the record.
    let body = br#"{"source":"vandal","sequence":1,"type":"close","fixture":"f","market":"m"}"#;
    let answer = victim
        .dev
        .ask(Ask::post("/v1/feed/updates", body).by(&victim.trader));
    assert_eq!(answer.status, 200, "{}", answer.shown());
    assert_eq!(answer.json()["refused"].as_array().map(Vec::len), Some(1));
    victim.must_be_unharmed();
}

#[test]
fn call_backs_of_nobody() {
    let victim = Victim::new();
    let mut chance = Chance::new("garbage call-backs");
    let port = victim.dev.port;
    let mut client = Client::new(port);
    let report = json!({"event": "x", "payment": "dep_01a20200-bafe-7976-a724-4445cee90001",
                        "outcome": "succeeded"});
    let mut bodies: Vec<Vec<u8>> = vec![report.to_string().into_bytes(), Vec::new(), b"{".to_vec()];
    bodies.extend((0..20).map(|_| chance.bytes(200)));
    for body in &bodies {
        for stamp in ["", "now", "1795329932", "99999999999999"] {
            for signature in ["", "v1,", "v1,AAAA", "v1,%%%", "v2,x v1,y"] {
                let headers: [(&str, &[u8]); 3] = [
                    ("webhook-id", b"evt_1"),
                    ("webhook-timestamp", stamp.as_bytes()),
                    ("webhook-signature", signature.as_bytes()),
                ];
                let request = Ask {
                    headers: &headers,
                    ..Ask::post("/v1/webhooks/simulator", body)
                };
                let answer = ask(&mut client, port, "a call-back", request);
                must_be_refused("a call-back of nobody", &answer);
            }
        }
    }
    for path in ["/v1/webhooks/nobody", "/v1/webhooks/", "/v1/webhooks/%00"] {
        let answer = ask(&mut client, port, path, Ask::post(path, b"{}"));
        must_be_refused(path, &answer);
    }
    victim.must_be_unharmed();
}

/// A proxy that believes one of two lengths must not stand before a gateway that believes the other.
#[test]
fn a_message_ends_where_its_chunks_end_or_is_refused() {
    let victim = Victim::new();
    let body = r#"{"refresh_token": "nobody's"}"#;
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let message = |lengths: &str| {
        let head =
            "POST /v1/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        format!("{head}{lengths}\r\n\r\n{chunked}").into_bytes()
    };
    let mut client = Client::new(victim.dev.port);
    for lengths in [
        "transfer-encoding: chunked",
        "content-length: 3\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 3",
    ] {
        let answer = client.send_raw(&message(lengths)).expect("an answer");
        assert_eq!(
            answer.code(),
            "session_ended",
            "{lengths}: {}",
            answer.shown()
        );
    }
    for lengths in [
        "content-length: 3\r\ncontent-length: 4",
        "content-length: 3, 4",
        "content-length: +3",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity",
    ] {
        let mut client = Client::new(victim.dev.port);
        let answer = client.send_raw(&message(lengths)).expect("an answer");
        assert_eq!(answer.status, 400, "{lengths}: {}", answer.shown());
    }
    victim.must_be_unharmed();
}
