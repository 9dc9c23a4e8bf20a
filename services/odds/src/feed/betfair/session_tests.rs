//! The protocol: what is sent, when it connects again, and a whole conversation over a socket.

use super::*;
use crate::feed::words::word;
use kernel::{Duration, Timestamp};
use runtime::Clock;
use schemas::odds::Update;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::Mutex;

const START: Timestamp = Timestamp::from_millis(1_000_000);

fn at(millis: i64) -> Timestamp {
    START.plus(Duration::from_millis(millis))
}

fn session() -> Session {
    let access = Access {
        app_key: "key".to_owned(),
        session_token: "token".to_owned(),
    };
    Session::new(
        access,
        Subscription::of(vec!["1.1".to_owned()]),
        BetfairFeed::unconnected("betfair", 8, 1),
    )
}

const CONNECTION: &str = r#"{"op":"connection","connectionId":"002"}"#;

fn success(id: u64) -> String {
    format!(r#"{{"op":"status","id":{id},"statusCode":"SUCCESS","connectionClosed":false}}"#)
}

fn failure(id: u64, code: &str) -> String {
    format!(
        r#"{{"op":"status","id":{id},"statusCode":"FAILURE","errorCode":"{code}","connectionClosed":true}}"#
    )
}

const DEFINITION: &str = r#"{"eventId":"9","eventTypeId":"2","marketType":"MATCH_ODDS","numberOfWinners":1,"marketTime":"2017-06-14T18:55:00.000Z","status":"OPEN","inPlay":false,"betDelay":0,"version":1,"runners":[{"id":1,"status":"ACTIVE"},{"id":2,"status":"ACTIVE"}]}"#;

fn image(clk: &str) -> String {
    format!(
        r#"{{"op":"mcm","id":2,"pt":5,"ct":"SUB_IMAGE","initialClk":"i","clk":"{clk}","heartbeatMs":500,"mc":[{{"id":"1.1","img":true,"marketDefinition":{DEFINITION},"rc":[{{"id":1,"atb":[[2.0,10]]}}]}}]}}"#
    )
}

fn delta(kind: &str, clk: &str, price: &str) -> String {
    format!(
        r#"{{"op":"mcm","id":2,"pt":6,{kind}"clk":"{clk}","mc":[{{"id":"1.1","rc":[{{"id":1,"atb":[[{price},10]]}}]}}]}}"#
    )
}

fn sent(acts: &[Act]) -> Vec<Value> {
    acts.iter()
        .filter_map(|act| {
            let Act::Send(line) = act else { return None };
            assert!(line.ends_with("\r\n") && line.matches('\n').count() == 1);
            Some(serde_json::from_str(line.trim_end()).unwrap())
        })
        .collect()
}

fn words(acts: &[Act]) -> Vec<&'static str> {
    acts.iter()
        .map(|act| match act {
            Act::Send(_) => "send",
            Act::Tell(update) => word(update),
            Act::Reconnect { .. } => "reconnect",
            Act::Stop(_) => "stop",
        })
        .collect()
}

/// Through greeting, authentication and subscription.
fn subscribed(session: &mut Session, first_id: u64) -> Vec<Value> {
    let mut all = sent(&session.line(CONNECTION, at(0)));
    all.extend(sent(&session.line(&success(first_id), at(0))));
    all.extend(sent(&session.line(&success(first_id + 1), at(0))));
    all
}

#[test]
fn it_authenticates_and_subscribes_one_after_the_other() {
    let mut session = session();
    assert_eq!(words(&session.connected(at(0))), ["down"]);
    let requests = subscribed(&mut session, 1);
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["op"], "authentication");
    assert_eq!(requests[0]["appKey"], "key");
    assert_eq!(requests[0]["session"], "token");
    assert_eq!(requests[1]["op"], "marketSubscription");
    assert_eq!(requests[1]["id"], 2);
    assert_eq!(requests[1]["segmentationEnabled"], true);
    assert_eq!(requests[1]["heartbeatMs"], 500);
    assert_eq!(requests[1]["marketFilter"]["marketIds"][0], "1.1");
    assert!(requests[1].get("clk").is_none());
    assert_eq!(
        words(&session.line(&image("c1"), at(1))),
        ["up", "fixture", "market", "book"]
    );
}

#[test]
fn twice_the_heartbeat_without_a_word_is_too_long() {
    let mut session = session();
    session.connected(at(0));
    subscribed(&mut session, 1);
    session.line(&image("c1"), at(0));
    assert_eq!(session.silent_at(), at(1_000));
    assert_eq!(words(&session.tick(at(999))), [""; 0]);
    session.line(
        r#"{"op":"mcm","pt":7,"ct":"HEARTBEAT","clk":"c2","heartbeatMs":700}"#,
        at(900),
    );
    assert_eq!(words(&session.tick(at(2_299))), [""; 0]);
    assert_eq!(words(&session.tick(at(2_300))), ["down", "reconnect"]);
    assert_eq!(words(&session.tick(at(9_000))), [""; 0]);
}

#[test]
fn a_greeting_that_does_not_come_is_silence_too() {
    let mut session = session();
    session.connected(at(0));
    assert_eq!(words(&session.tick(at(9_999))), [""; 0]);
    assert_eq!(words(&session.tick(at(10_000))), ["down", "reconnect"]);
}

#[test]
fn it_goes_on_with_the_same_criteria_from_the_last_whole_message() {
    let mut session = session();
    session.connected(at(0));
    let first = subscribed(&mut session, 1);
    session.line(&image("c1"), at(0));
    // The message that breaks off does not count.
    session.line(&delta(r#""segmentType":"SEG_START","#, "c2", "2.2"), at(1));
    assert_eq!(
        words(&session.disconnected("reset", at(2))),
        ["down", "reconnect"]
    );
    assert_eq!(words(&session.connected(at(3))), [""; 0]);
    let second = subscribed(&mut session, 3);
    assert_eq!(second[1]["initialClk"], "i");
    assert_eq!(second[1]["clk"], "c1");
    let criteria = |request: &Value| {
        let mut request = request.clone();
        for name in ["id", "clk", "initialClk"] {
            request.as_object_mut().unwrap().remove(name);
        }
        request
    };
    assert_eq!(criteria(&first[1]), criteria(&second[1]));
    let resumed = session.line(&delta(r#""ct":"RESUB_DELTA","#, "c3", "2.4"), at(4));
    assert_eq!(words(&resumed), ["up", "book"]);
}

#[test]
fn a_clock_that_the_exchange_does_not_know_begins_anew() {
    let mut session = session();
    session.connected(at(0));
    subscribed(&mut session, 1);
    session.line(&image("c1"), at(0));
    session.disconnected("reset", at(1));
    session.connected(at(2));
    session.line(CONNECTION, at(2));
    session.line(&success(3), at(2));
    let refused = session.line(&failure(4, "INVALID_CLOCK"), at(2));
    assert_eq!(words(&refused), ["down", "reconnect"]);
    session.connected(at(3));
    let requests = subscribed(&mut session, 5);
    assert!(requests[1].get("clk").is_none() && requests[1].get("initialClk").is_none());
    assert_eq!(words(&session.line(&image("d1"), at(3))), ["up", "book"]);
}

#[test]
fn a_line_that_is_not_understood_begins_anew() {
    let mut session = session();
    session.connected(at(0));
    subscribed(&mut session, 1);
    session.line(&image("c1"), at(0));
    let torn = session.line(r#"{"op":"mcm","pt":"#, at(1));
    assert_eq!(words(&torn), ["down", "reconnect"]);
    session.connected(at(2));
    let requests = subscribed(&mut session, 3);
    assert!(requests[1].get("clk").is_none());
}

#[test]
fn what_only_a_person_can_mend_is_said() {
    for (code, expected) in [
        (
            "INVALID_SESSION_INFORMATION",
            SessionFailure::NotAuthorised("INVALID_SESSION_INFORMATION".to_owned()),
        ),
        (
            "SUBSCRIPTION_LIMIT_EXCEEDED",
            SessionFailure::TooManyMarkets,
        ),
        (
            "INVALID_INPUT",
            SessionFailure::Refused("INVALID_INPUT".to_owned()),
        ),
    ] {
        let mut session = session();
        session.connected(at(0));
        session.line(CONNECTION, at(0));
        let acts = session.line(&failure(1, code), at(0));
        assert_eq!(acts.last(), Some(&Act::Stop(expected)));
    }
}

#[test]
fn pauses_double_and_begin_anew_when_the_stream_stands() {
    let mut session = session();
    let pause = |acts: &[Act], now: Timestamp| {
        let Some(Act::Reconnect { at, .. }) = acts.last() else {
            panic!("{acts:?}")
        };
        at.since(now).millis()
    };
    let mut pauses = Vec::new();
    for _ in 0..10 {
        pauses.push(pause(&session.disconnected("nobody", at(0)), at(0)));
    }
    assert_eq!(pauses[..4], [250, 500, 1_000, 2_000]);
    assert_eq!(pauses[9], 30_000);
    session.connected(at(0));
    subscribed(&mut session, 1);
    session.line(&image("c1"), at(0));
    assert_eq!(pause(&session.disconnected("reset", at(0)), at(0)), 250);
}

/// Time that stands still unless somebody waits.
struct StandingClock(Mutex<Timestamp>);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn until(&self, _: Timestamp) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// Connects to a listener on this machine.
struct Loopback {
    to: std::net::SocketAddr,
    dialled: u32,
}

impl Dial for Loopback {
    fn dial(&mut self) -> std::io::Result<Box<dyn Stream>> {
        self.dialled += 1;
        let stream = TcpStream::connect(self.to)?;
        stream.set_read_timeout(Some(std::time::Duration::from_millis(20)))?;
        Ok(Box::new(stream))
    }

    fn wait(&mut self, _: Timestamp) {}
}

/// One connection of an exchange: greets, takes two requests, says the lines, hangs up.
fn serve(listener: &TcpListener, ids: [u64; 2], lines: &[String], torn: &str) -> Value {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let mut request = String::new();
    write!(writer, "{CONNECTION}\r\n").unwrap();
    reader.read_line(&mut request).unwrap();
    assert!(request.contains("authentication"), "{request}");
    write!(writer, "{}\r\n", success(ids[0])).unwrap();
    request.clear();
    reader.read_line(&mut request).unwrap();
    write!(writer, "{}\r\n", success(ids[1])).unwrap();
    for line in lines {
        // In pieces, as a network gives them.
        for piece in format!("{line}\r\n").as_bytes().chunks(97) {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
        }
    }
    write!(writer, "{torn}").unwrap();
    serde_json::from_str(request.trim_end()).unwrap()
}

#[test]
fn a_conversation_over_a_socket_survives_two_broken_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let exchange = std::thread::spawn(move || {
        let first = serve(
            &listener,
            [1, 2],
            &[image("c1"), delta("", "c2", "2.2")],
            // Half a line.
            r#"{"op":"mcm","pt":9,"clk":"c9","#,
        );
        let second = serve(
            &listener,
            [3, 4],
            &[delta(r#""ct":"RESUB_DELTA","#, "c3", "2.4")],
            "",
        );
        let closed = DEFINITION
            .replace("OPEN", "CLOSED")
            .replacen("ACTIVE", "WINNER", 1)
            .replacen("ACTIVE", "LOSER", 1);
        let end = format!(
            r#"{{"op":"mcm","pt":9,"ct":"RESUB_DELTA","clk":"c4","mc":[{{"id":"1.1","marketDefinition":{closed}}}]}}"#
        );
        let third = serve(&listener, [5, 6], &[end], "");
        [first, second, third]
    });
    let mut session = session();
    let mut dial = Loopback { to, dialled: 0 };
    let clock = StandingClock(Mutex::new(START));
    let mut told = Vec::new();
    let ended = follow(&mut session, &mut dial, &clock, &mut |update| {
        let over = matches!(update.update, Update::Settle(_));
        told.push(update);
        if over {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(ended, Ok(()));
    let requests = exchange.join().unwrap();
    let clocks: Vec<_> = requests
        .iter()
        .map(|request| request["clk"].as_str())
        .collect();
    assert_eq!(clocks, [None, Some("c2"), Some("c3")]);
    assert_eq!(dial.dialled, 3);
    let words: Vec<_> = told.iter().map(word).collect();
    assert_eq!(
        words,
        [
            "down", "up", "fixture", "market", "book", "book", "down", "up", "book", "down", "up",
            "close", "result"
        ]
    );
    assert!(
        told.iter()
            .map(|update| update.sequence)
            .eq(1..=u64::try_from(told.len()).unwrap())
    );
}

#[test]
fn a_line_without_end_is_given_up() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'x');
            self.0 += 1;
            Ok(buffer.len())
        }
    }
    impl Write for Endless {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    struct Once(bool);
    impl Dial for Once {
        fn dial(&mut self) -> std::io::Result<Box<dyn Stream>> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::ErrorKind::ConnectionRefused.into());
            }
            Ok(Box::new(Endless(0)))
        }
        fn wait(&mut self, _: Timestamp) {}
    }
    let mut session = session();
    let clock = StandingClock(Mutex::new(START));
    let mut downs = 0;
    let ended = follow(&mut session, &mut Once(false), &clock, &mut |_| {
        downs += 1;
        if downs == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((ended, downs), (Ok(()), 2));
}
