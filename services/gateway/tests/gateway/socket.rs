//! The socket: money and bets step by step, resumption after a cut, and what is never conflated.

mod limits;
mod reality;

use crate::world::*;
use futures::{SinkExt, StreamExt};
use gateway::{Config, Token};
use kernel::*;
use schemas::auth::Role;
use schemas::ledger::{self, Account, AccountKind, Balance, TransferCode};
use schemas::rows::*;
use schemas::{Blob, bets, odds};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

type Wire =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A WebSocket client.
struct Socket(Wire);

impl Socket {
    async fn open(world: &World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = world.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/v1/stream"))
            .await
            .unwrap();
        Self(socket)
    }

    async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// The next message that is not a heartbeat; the close code when there is none.
    async fn hear(&mut self) -> Result<Value, u16> {
        let hearing = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message: Value = serde_json::from_str(&text).unwrap();
                        if message["op"] != "heartbeat" {
                            return Ok(message);
                        }
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map_or(0, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(0),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hearing)
            .await
            .expect("a message within 20 s")
    }

    async fn subscribe(&mut self, channel: &str, since: Option<&str>) {
        let mut message = json!({"op": "subscribe", "id": channel, "channel": channel});
        if let Some(since) = since {
            message["since"] = json!(since);
        }
        self.say(message).await;
        let status = self.hear().await.unwrap();
        assert_eq!(
            status,
            json!({"op": "status", "id": channel, "status": "success"})
        );
    }

    async fn authenticate(&mut self, token: &str) {
        self.say(json!({"op": "authenticate", "id": 1, "token": token}))
            .await;
        assert_eq!(self.hear().await.unwrap()["status"], "success");
    }
}

/// Anna is known, and her cash was 100.00 after the ledger's first record.
async fn known(world: &World) -> Owner {
    let auth = TopicPartition::new(Topic::AuthEvents, 3);
    let row = CustomerRow {
        customer: ANNA,
        currency: Currency::Eur,
        roles: vec![Role::Customer],
        sealed_profile: Blob(vec![]),
        registered_at: Timestamp::default(),
    };
    world.row(auth, table::CUSTOMER, &ANNA.bytes(), &row).await;
    let owner = Owner::claim(&world.log, Topic::LedgerEvents, 3).await;
    world.caught_up().await;
    owner
}

fn account(customer: Option<CustomerId>, kind: AccountKind) -> Account {
    Account {
        customer,
        kind,
        currency: Currency::Eur,
    }
}

async fn credit(ledger: &mut Owner, entry: u64, posted: i64) -> Position {
    let event = ledger::Event::TransferPosted(ledger::TransferPosted {
        id: TransferId::example(entry, 3),
        debit: account(None, AccountKind::Provider),
        credit: account(Some(ANNA), AccountKind::Cash),
        minor: 100,
        code: TransferCode::Deposit,
        debit_after: Balance {
            posted_minor: 0,
            held_minor: 0,
            entry,
        },
        credit_after: Balance {
            posted_minor: posted,
            held_minor: 0,
            entry,
        },
        content: content(),
    });
    ledger
        .decide::<_, ledger::Rejection>(None, vec![event])
        .await
}

fn content() -> ledger::ContentHash {
    ledger::ContentHash([0; 8])
}

#[tokio::test]
async fn a_bet_is_seen_in_each_of_its_states() {
    let world = World::new();
    world.offer().await;
    known(&world).await;
    let mut owner = BetsOwner::claim(&world).await;
    world.caught_up().await;
    let mut socket = Socket::open(&world).await;
    socket
        .say(json!({"op": "subscribe", "id": 7, "channel": "bets"}))
        .await;
    let refused = socket.hear().await.unwrap();
    assert_eq!(
        (refused["id"].as_u64(), refused["error_code"].as_str()),
        (Some(7), Some("authentication_required"))
    );
    socket.authenticate("anna").await;
    socket.subscribe("bets", None).await;
    let snapshot = socket.hear().await.unwrap();
    assert_eq!(
        (snapshot["op"].as_str(), &snapshot["data"]),
        (Some("snapshot"), &json!({"bets": []}))
    );

    let slip = slip("10.00");
    let placing = world.post("anna", "/v1/bets", "k1", &slip);
    let (answer, placed) = tokio::join!(placing, async {
        let placed = owner.place_next().await;
        owner.accept(&placed).await;
        placed
    });
    let mut states = Vec::new();
    let mut first = Value::Null;
    for _ in 0..2 {
        let delta = socket.hear().await.unwrap();
        assert_eq!(delta["op"], "delta");
        assert_eq!(delta["data"]["bet"]["id"], answer.json()["id"]);
        states.push((
            delta["seq"].as_u64().unwrap(),
            delta["data"]["bet"]["status"].as_str().unwrap().to_owned(),
        ));
        if first.is_null() {
            first = delta;
        }
    }
    assert_eq!(
        states,
        [(2, "pending".to_owned()), (3, "accepted".to_owned())]
    );

    // Cut after the first delta: the second comes again, as it was.
    drop(socket);
    world.caught_up().await;
    let mut again = Socket::open(&world).await;
    again.authenticate("anna").await;
    again.subscribe("bets", first["resume"].as_str()).await;
    let missed = again.hear().await.unwrap();
    assert_eq!(
        (
            missed["seq"].as_u64(),
            missed["data"]["bet"]["status"].as_str()
        ),
        (Some(3), Some("accepted"))
    );

    // The stream shows what the read shows.
    let shown = world
        .get("anna", &format!("/v1/bets/{}", placed.bet))
        .await
        .json();
    assert_eq!(missed["data"]["bet"], shown);

    // Nobody else sees it.
    let mut bob = Socket::open(&world).await;
    bob.authenticate("bob").await;
    bob.subscribe("bets", None).await;
    assert_eq!(bob.hear().await.unwrap()["data"], json!({"bets": []}));
}

#[tokio::test]
async fn money_is_seen_entry_by_entry_and_again_after_a_cut() {
    let world = World::new();
    let mut ledger = known(&world).await;
    let mut socket = Socket::open(&world).await;
    socket.authenticate("anna").await;
    socket.subscribe("account", None).await;
    let snapshot = socket.hear().await.unwrap();
    assert_eq!(
        (snapshot["op"].as_str(), snapshot["data"]["cash"].as_str()),
        (Some("snapshot"), Some("0.00"))
    );
    for entry in 1..=5 {
        credit(&mut ledger, entry, i64::try_from(entry).unwrap() * 100).await;
    }
    let mut heard = Vec::new();
    for _ in 0..5 {
        let delta = socket.hear().await.unwrap();
        heard.push((
            delta["data"]["cash"].as_str().unwrap().to_owned(),
            delta["resume"].as_str().unwrap().to_owned(),
        ));
    }
    let cash: Vec<_> = heard.iter().map(|(cash, _)| cash.as_str()).collect();
    assert_eq!(cash, ["1.00", "2.00", "3.00", "4.00", "5.00"]);
    drop(socket);
    let mut again = Socket::open(&world).await;
    again.authenticate("anna").await;
    again.subscribe("account", Some(&heard[2].1)).await;
    for (seq, cash) in [(5, "4.00"), (6, "5.00")] {
        let missed = again.hear().await.unwrap();
        assert_eq!(
            (missed["seq"].as_u64(), missed["data"]["cash"].as_str()),
            (Some(seq), Some(cash))
        );
    }
}

#[tokio::test]
async fn prices_on_the_socket_resume_as_well_and_a_stop_says_come_back() {
    let world = World::new();
    let mut odds = world.offer().await;
    let mut socket = Socket::open(&world).await;
    socket.subscribe("odds", None).await;
    let snapshot = socket.hear().await.unwrap();
    assert_eq!(
        (snapshot["channel"].as_str(), snapshot["seq"].as_u64()),
        (Some("odds"), Some(1))
    );
    quote(&mut odds, 3, "2.60").await;
    let delta = socket.hear().await.unwrap();
    let market = &delta["data"]["markets"][0];
    assert_eq!(
        (
            market["version"].as_u64(),
            market["selections"][0]["price"].as_str()
        ),
        (Some(3), Some("2.60"))
    );
    let mut again = Socket::open(&world).await;
    again.subscribe("odds", snapshot["resume"].as_str()).await;
    assert_eq!(again.hear().await.unwrap()["data"], delta["data"]);
    world.gateway.drain();
    assert_eq!(socket.hear().await, Err(1012));
    assert_eq!(again.hear().await, Err(1012));
}

#[tokio::test]
async fn garbage_on_the_socket_is_told_and_survived() {
    let world = World::new();
    let mut socket = Socket::open(&world).await;
    for garbage in [
        "",
        "{",
        "[]",
        "{\"op\":1}",
        "{\"op\":\"dance\"}",
        "{\"op\":\"subscribe\",\"channel\":\"x\"}",
        "{\"op\":\"subscribe\",\"channel\":\"odds\",\"since\":\"!\"}",
        "{\"op\":\"subscribe\",\"channel\":\"odds\",\"markets\":[\"x\"]}",
        "{\"op\":\"authenticate\"}",
    ] {
        socket.0.send(Message::text(garbage)).await.unwrap();
        let status = socket.hear().await.unwrap();
        assert_eq!(
            (status["op"].as_str(), status["status"].as_str()),
            (Some("status"), Some("failure")),
            "{garbage}"
        );
        assert!(status["error_code"].is_string());
    }
    socket
        .say(json!({"op": "unsubscribe", "id": 3, "channel": "odds"}))
        .await;
    assert_eq!(socket.hear().await.unwrap()["status"], "success");
}

#[tokio::test]
async fn who_does_not_keep_up_with_money_is_cut_with_1013() {
    let config = Config {
        stream_queue: 4,
        rate_limit: None,
        ..Config::default()
    };
    let world = World::with(config);
    let mut ledger = known(&world).await;
    let mut socket = Socket::open(&world).await;
    socket.authenticate("anna").await;
    socket.subscribe("account", None).await;
    socket.hear().await.unwrap();
    // One batch of the reader with more than the queue holds: nothing of the socket runs between.
    let mut decisions = Vec::new();
    let at = TopicPartition::new(Topic::LedgerEvents, 3);
    for entry in 1..=9 {
        let position = credit(&mut ledger, entry, 100).await;
        let record = eventlog::EventLog::read(&world.log, at, position.offset, 1)
            .await
            .unwrap()
            .remove(0);
        decisions.push(std::sync::Arc::new(
            schemas::decode_decision(position, &record.bytes).unwrap(),
        ));
    }
    let next = decisions.last().unwrap().position.offset + 1;
    world.hub.take(at, &decisions, next);
    loop {
        match socket.hear().await {
            Ok(message) => assert_eq!(message["op"], "delta"),
            Err(code) => {
                assert_eq!(code, 1013);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_token_names_the_last_record_seen() {
    let world = World::new();
    let mut ledger = known(&world).await;
    let position = credit(&mut ledger, 1, 100).await;
    world.caught_up().await;
    let mut socket = Socket::open(&world).await;
    socket.authenticate("anna").await;
    socket.subscribe("account", None).await;
    let snapshot = socket.hear().await.unwrap();
    let token = Token::parse(snapshot["resume"].as_str().unwrap()).unwrap();
    assert_eq!(token.seen[&position.topic_partition()], position.offset);
    // Another event of bets changes nothing here.
    let mut bets = Owner::claim(&world.log, Topic::BetsEvents, 3).await;
    bets.decide::<_, bets::Rejection>(
        None,
        vec![bets::Event::ExclusionNoticed(bets::ExclusionNoticed {
            customer: BOB,
            until: Timestamp::default(),
        })],
    )
    .await;
    let mut book = Owner::claim(&world.log, Topic::OddsEvents, 2).await;
    book.decide::<_, odds::Rejection>(
        None,
        vec![odds::Event::HeartbeatSent(odds::HeartbeatSent {
            at: Timestamp::default(),
        })],
    )
    .await;
    credit(&mut ledger, 2, 200).await;
    assert_eq!(socket.hear().await.unwrap()["seq"], 2);
}
