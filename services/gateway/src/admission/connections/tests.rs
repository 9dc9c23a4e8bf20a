//! Each bound, and somebody who goes beyond it, over real connections on the loopback.

use super::*;
use axum::Router;
use axum::routing::{get, post};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant as WallClock;

/// Nobody waits longer for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

async fn served(limits: ConnectionLimits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/echo", post(async |body: String| body));
    let (stop, stopped) = watch::channel(false);
    let proxies = TrustedProxies::default();
    let serving = tokio::spawn(serve(listener, router, limits, proxies, stopped));
    Served {
        address,
        stop,
        serving,
    }
}

async fn sent(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Everything until the server hangs up.
async fn heard(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A connection that is reset has said what it had to say.
    let read = tokio::time::timeout(PATIENCE, reading).await;
    assert!(read.is_ok(), "the server does not hang up");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quick() -> ConnectionLimits {
    ConnectionLimits {
        head_wait: Duration::from_millis(200),
        ..ConnectionLimits::default()
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let served = served(quick()).await;
    let mut slow = sent(served.address, "GET / HTTP/1.1\r\nhost: here\r\n").await;
    let began = WallClock::now();
    let trickling = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if slow.write_all(b"x: y\r\n").await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, trickling).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let served = served(quick()).await;
    let mut silent = sent(served.address, "").await;
    assert_eq!(heard(&mut silent).await, "");
    // One that was answered and then says nothing as well.
    let mut idle = sent(served.address, "GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
    assert!(heard(&mut idle).await.ends_with("here"));
}

#[tokio::test]
async fn a_head_beyond_its_size_is_refused() {
    let served = served(ConnectionLimits::default()).await;
    let long = "x".repeat(40 * 1024);
    let text = format!("GET / HTTP/1.1\r\nhost: here\r\nlong: {long}\r\n\r\n");
    let mut large = sent(served.address, &text).await;
    let answer = heard(&mut large).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    let lines = "a: b\r\n".repeat(65);
    let text = format!("GET / HTTP/1.1\r\nhost: here\r\n{lines}\r\n");
    let mut many = sent(served.address, &text).await;
    let answer = heard(&mut many).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
}

#[tokio::test]
async fn connections_beyond_the_number_are_told_so() {
    let limits = ConnectionLimits {
        connections: 2,
        ..ConnectionLimits::default()
    };
    let served = served(limits).await;
    let ask = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";
    let mut first = sent(served.address, ask).await;
    let mut second = sent(served.address, ask).await;
    for stream in [&mut first, &mut second] {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
    }
    let mut third = TcpStream::connect(served.address).await.unwrap();
    let answer = heard(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{head}"
    );
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], "overloaded");
    // Whoever goes makes room.
    drop(first);
    let mut again = None;
    let until = WallClock::now() + PATIENCE;
    while again.is_none() {
        assert!(WallClock::now() < until, "no room is made");
        let close = "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
        let mut next = sent(served.address, close).await;
        again = Some(heard(&mut next).await).filter(|answer| answer.starts_with("HTTP/1.1 200 "));
    }
}

#[test]
fn one_address_has_so_many_and_this_machine_as_many_as_there_are() {
    let door = Arc::new(Door {
        limits: ConnectionLimits {
            connections: 10,
            per_address: 2,
            ..ConnectionLimits::default()
        },
        proxies: "10.0.0.0/8".parse().unwrap(),
        guests: Mutex::default(),
    });
    let admit = |address: &str| door.admit(address.parse().unwrap());
    let first = admit("9.9.9.9");
    let second = admit("::ffff:9.9.9.9");
    assert!(first.is_some() && second.is_some());
    assert!(admit("9.9.9.9").is_none());
    assert!(admit("8.8.8.8").is_some());
    drop(second);
    assert!(admit("9.9.9.9").is_some());
    let many: Vec<_> = (0..5).map(|_| admit("127.0.0.1")).collect();
    let proxied: Vec<_> = (0..4).map(|_| admit("10.1.1.1")).collect();
    assert!(many.iter().chain(&proxied).all(Option::is_some));
    assert!(
        admit("10.1.1.1").is_none(),
        "the number of all holds for everybody"
    );
}

#[tokio::test]
async fn what_is_open_is_answered_before_the_end() {
    let served = served(ConnectionLimits::default()).await;
    let begin = "POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 4\r\n\r\nha";
    let mut open = sent(served.address, begin).await;
    // The request is under way once a second connection was answered after it.
    let mut other = sent(served.address, "GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
    let mut byte = [0];
    other.read_exact(&mut byte).await.unwrap();
    served.stop.send_replace(true);
    // An idle one is closed at once.
    heard(&mut other).await;
    open.write_all(b"ha").await.unwrap();
    assert!(heard(&mut open).await.ends_with("haha"));
    tokio::time::timeout(PATIENCE, served.serving)
        .await
        .unwrap()
        .unwrap();
}
