//! Who is let in, from outside: rates that gateways hold together, the gate under load, and what a
//! request that was turned away has left behind.

use crate::world::*;
use axum::body::Body;
use axum::http::StatusCode;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gateway::ports::{ProfileSealer, RateStore, RateStoreAway, RateTake, RateTaken};
use gateway::{AdmissionSettings, Bounds, Config, RateLimit};
use kernel::*;
use schemas::{Body as RecordBody, auth, bets};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// A store whose clock stands still.
#[derive(Default)]
pub struct StillStore {
    ahead: Mutex<BTreeMap<String, i64>>,
    away: AtomicBool,
}

impl RateStore for StillStore {
    fn take<'a>(
        &'a self,
        key: &'a str,
        take: RateTake,
    ) -> BoxFuture<'a, Result<RateTaken, RateStoreAway>> {
        if self.away.load(Ordering::Relaxed) {
            return ready(Err(RateStoreAway("no answer".to_owned()))).boxed();
        }
        let mut all = self.ahead.lock().unwrap();
        let ahead = all.entry(key.to_owned()).or_default();
        let taken = RateTaken {
            admitted: *ahead <= take.tolerance_micros,
            ahead_micros: *ahead,
        };
        if taken.admitted {
            *ahead += take.take_micros;
        }
        ready(Ok(taken)).boxed()
    }
}

fn limited() -> Config {
    Config {
        rate_limit: Some(RateLimit {
            per_minute: 100,
            burst: 150,
        }),
        ..Config::default()
    }
}

/// F25 over two gateways: of 200 requests at once 150 pass, whichever gateway each goes to.
#[tokio::test(start_paused = true)]
async fn two_gateways_let_no_more_pass_than_one() {
    let world = World::with(limited());
    let store = Arc::new(StillStore::default());
    let gateways = [0, 1].map(|_| world.gateway_counting_in(&store, limited()).router());
    let mut statuses = BTreeMap::new();
    for number in 0..200_usize {
        let asked = request("GET", "/v1/fixtures", "anna").body(Body::empty());
        let answer = sent_to(&gateways[number % 2], asked.unwrap()).await;
        *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
        assert!(answer.header("ratelimit").is_some());
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.code(), "rate_limited");
            assert!(answer.header("retry-after").is_some());
        }
    }
    assert_eq!(statuses, BTreeMap::from([(200, 150), (429, 50)]));
    let asked = request("GET", "/v1/fixtures", "bob").body(Body::empty());
    let other = sent_to(&gateways[0], asked.unwrap()).await;
    assert_eq!(other.status, StatusCode::OK);
}

/// The store dies in the middle of a run: requests go on, within what each gateway knew, and
/// readiness says so without turning anybody away.
#[tokio::test(start_paused = true)]
async fn a_rate_store_that_dies_stops_nobody_and_lets_nobody_begin_anew() {
    let world = World::with(limited());
    let store = Arc::new(StillStore::default());
    let router = world.gateway_counting_in(&store, limited()).router();
    let ask = async |token: &str| {
        let asked = request("GET", "/v1/fixtures", token).body(Body::empty());
        sent_to(&router, asked.unwrap()).await.status.as_u16()
    };
    for _ in 0..150 {
        assert_eq!(ask("anna").await, 200);
    }
    store.away.store(true, Ordering::Relaxed);
    assert_eq!((ask("anna").await, ask("bob").await), (429, 200));
    let asked = request("GET", "/readyz", "").body(Body::empty()).unwrap();
    let told = sent_to(&router, asked).await.json();
    let degraded = told["degraded"].as_array().unwrap();
    assert!(
        degraded.iter().any(|part| part["name"] == "rate_store"),
        "{told}"
    );
    assert!(
        !told["missing"].to_string().contains("rate_store"),
        "{told}"
    );
    let asked = request("GET", "/metrics", "").body(Body::empty()).unwrap();
    let figures = sent_to(&router, asked).await.text();
    assert!(figures.contains("\nfurlong_rate_store_up 0\n"));
    assert!(figures.contains("\nfurlong_rate_store_missed_total 2\n"));
}

/// Whoever tries logins out from one place is stopped before another password is hashed.
#[tokio::test(start_paused = true)]
async fn failed_sign_ins_of_an_address_are_stopped_early() {
    let world = World::with(Config {
        rate_limit: Some(RateLimit {
            per_minute: 100,
            burst: 10,
        }),
        ..Config::default()
    });
    let hash = PlainSealer.login_hash("nobody").bytes();
    let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let partition = u16::try_from(number % u32::from(PARTITIONS)).unwrap();
    let mut inbox = Inbox::<auth::Command>::new(&world.log, Topic::AuthCommands, partition);
    let mut journal = Owner::claim(&world.log, Topic::AuthEvents, partition).await;
    let credentials = json!({"login": "nobody", "password": "x"});
    for _ in 0..2 {
        let turning_away = async {
            let asked = inbox.next().await;
            let auth::Command::SignIn(sign_in) = &asked.command else {
                panic!("{asked:?}")
            };
            let event = auth::Event::StrangerTurnedAway(auth::StrangerTurnedAway {
                customer: sign_in.customer,
                failures: 1,
                blocked_until: None,
            });
            let body = RecordBody {
                rejection: None,
                events: vec![event],
            };
            journal.answer::<_, _, auth::Rejection>(&asked, body).await;
        };
        let asking = world.post("", "/v1/auth/login", "", &credentials);
        let (answer, ()) = tokio::join!(asking, turning_away);
        assert_eq!(answer.code(), "credentials_wrong");
    }
    let stopped = world.post("", "/v1/auth/login", "", &credentials).await;
    assert_eq!(
        (stopped.status.as_u16(), stopped.code().as_str()),
        (429, "sign_in_blocked")
    );
    assert!(stopped.header("retry-after").is_some());
    assert_eq!(inbox.count().await, 2, "auth is not asked a third time");
}

/// Of a house in which one thing is done at a time.
fn one_at_a_time() -> Config {
    Config {
        rate_limit: None,
        admission: AdmissionSettings {
            concurrency: Some(Bounds {
                min: 1,
                first: 1,
                max: 1,
            }),
            ..AdmissionSettings::default()
        },
        ..Config::default()
    }
}

fn narrow() -> World {
    World::with(one_at_a_time())
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_place_is_turned_away_soon_and_nothing_is_begun_of_it() {
    let world = narrow();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let first = world.post("anna", "/v1/bets", "k1", &slip);
    let meanwhile = async {
        // The first one is with its owner and holds the only place.
        let placed = owner.place_next().await;
        let asked_at = Instant::now();
        let away = world.post("anna", "/v1/bets", "k2", &slip).await;
        assert!(asked_at.elapsed() <= Duration::from_millis(50));
        assert_eq!(
            (away.status.as_u16(), away.code().as_str()),
            (503, "overloaded")
        );
        assert_eq!(away.header("retry-after"), Some("1"));
        assert_eq!(away.json()["priority"], "placing");
        let reading = world.get("", "/v1/fixtures").await;
        assert_eq!(reading.json()["priority"], "browsing");
        assert_eq!(reading.header("retry-after"), Some("5"));
        // Supervisors are answered, and what settles is let in.
        assert_eq!(world.get("", "/livez").await.status, StatusCode::OK);
        let webhook = world.post("", "/v1/webhooks/nobody", "", &json!({})).await;
        assert_ne!(webhook.code(), "overloaded");
        assert_eq!(owner.inbox.count().await, 1, "only the first was sent");
        owner.accept(&placed).await;
    };
    let (answer, ()) = tokio::join!(first, meanwhile);
    assert_eq!(answer.status, StatusCode::CREATED);
    let figures = world.get("", "/metrics").await.text();
    for line in [
        "furlong_admission_shed_total{priority=\"placing\"} 1",
        "furlong_admission_shed_total{priority=\"browsing\"} 1",
        "furlong_admission_shed_total{priority=\"settling\"} 0",
        "furlong_admission_in_work{priority=\"placing\"} 0",
        "furlong_admission_limit 1",
    ] {
        assert!(
            figures.lines().any(|told| told == line),
            "{line}\n{figures}"
        );
    }
    // The key of what was turned away is free.
    owner.accept_all();
    let again = world.post("anna", "/v1/bets", "k2", &slip).await;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(again.header("idempotency-replayed"), None);
}

/// What a bet in play waits for takes no place from others.
#[tokio::test(start_paused = true)]
async fn a_delay_in_play_holds_no_place() {
    let world = narrow();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let slip = slip("10.00");
    let first = world.post("anna", "/v1/bets", "k1", &slip);
    let meanwhile = async {
        let placed = owner.place_next().await;
        let delayed = bets::Event::BetDelayed(bets::BetDelayed {
            bet: placed.bet,
            customer: placed.customer,
            until: placed.placed_at.plus(kernel::Duration::from_secs(5)),
        });
        owner
            .journal
            .decide::<_, bets::Rejection>(None, vec![delayed])
            .await;
        world.caught_up().await;
        let reading = world.get("", "/v1/fixtures").await;
        assert_eq!(reading.status, StatusCode::OK);
        owner.accept_by_timer(&placed).await;
    };
    let (answer, ()) = tokio::join!(first, meanwhile);
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let world = World::new();
    let never = futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let asked = request("POST", "/v1/bets", "anna")
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    let asked_at = Instant::now();
    let answer = world
        .send(asked.body(Body::from_stream(never)).unwrap())
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (408, "request_timeout")
    );
    let most = AdmissionSettings::default().body_wait + Duration::from_secs(1);
    assert!(asked_at.elapsed() <= most);
}

/// Whoever asks again at once hears the next refusal when he was to come back, and what settles is
/// let in on the same connection meanwhile.
#[tokio::test]
async fn who_asks_again_too_soon_is_refused_later() {
    let world = narrow();
    world.offer().await;
    let mut owner = BetsOwner::claim(&world).await;
    let gateway = world.gateway_counting_in(&Arc::new(StillStore::default()), one_at_a_time());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move { gateway.serve(listener, stopped).await });
    let slip = slip("10.00").to_string();
    let ask = |path: &str, key: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: here\r\nauthorization: Bearer anna\r\n\
             content-type: application/json\r\nidempotency-key: {key}\r\n\
             content-length: {}\r\n\r\n{slip}",
            slip.len()
        )
    };
    let mut first = tokio::net::TcpStream::connect(address).await.unwrap();
    first
        .write_all(ask("/v1/bets", "k1").as_bytes())
        .await
        .unwrap();
    // It is with its owner and holds the only place until the deadline.
    owner.place_next().await;
    let mut second = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut heard = async |path: &str, key: &str| {
        let asked_at = Instant::now();
        second.write_all(ask(path, key).as_bytes()).await.unwrap();
        let mut bytes = vec![0; 4_096];
        let read = within("an answer", second.read(&mut bytes)).await.unwrap();
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        (text, asked_at.elapsed())
    };
    let (answer, _) = heard("/v1/bets", "k2").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    let (answer, took) = heard("/v1/webhooks/nobody", "").await;
    assert!(!answer.starts_with("HTTP/1.1 503 "), "{answer} {took:?}");
    let (answer, took) = heard("/v1/bets", "k3").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert_eq!(owner.inbox.count().await, 1, "only the first was sent");
}
