//! The store against a server: always against a fake one, and against the real `redis-server` (or
//! the one that `FURLONG_TEST_REDIS_SERVER` names) where there is one; else those trials are reported
//! as ignored, with the reason.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on fails, and its numbers are small"
)]

mod fake;

use fake::Fake;
use libtest_mimic::{Arguments, Trial};
use ratestore_redis::RedisRates;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// No time passes that would matter beside this.
const HOUR: i64 = 3_600_000_000;

enum Server {
    Fake(Fake),
    Real(Child, u16),
}

#[derive(Clone)]
enum Kind {
    Fake,
    Real(PathBuf),
}

impl Kind {
    fn start(&self, port: u16) -> Server {
        match self {
            Self::Fake => Server::Fake(Fake::start(port)),
            Self::Real(program) => {
                let port = if port == 0 { free_port() } else { port };
                let child = Command::new(program)
                    .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                    // It writes nothing anywhere.
                    .args(["--save", "", "--appendonly", "no"])
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                let until = Instant::now() + PATIENCE;
                while TcpStream::connect(("127.0.0.1", port)).is_err() {
                    assert!(Instant::now() < until, "redis-server does not listen");
                    std::thread::sleep(Duration::from_millis(5));
                }
                Server::Real(child, port)
            }
        }
    }
}

impl Server {
    fn port(&self) -> u16 {
        match self {
            Self::Fake(fake) => fake.address.port(),
            Self::Real(_, port) => *port,
        }
    }

    fn gateway(&self, patience: Duration) -> RedisRates {
        let url = format!("redis://127.0.0.1:{}/0", self.port());
        RedisRates::at(&url, None, patience).unwrap()
    }

    fn kill(&mut self) {
        match self {
            Self::Fake(fake) => fake.kill(),
            Self::Real(child, _) => {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Real(child, _) = self {
            child.kill().unwrap_or_default();
            child.wait().map(drop).unwrap_or_default();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Two gateways, one after the other in turn: together no more pass than one alone would let.
async fn two_gateways_hold_one_rate(kind: Kind) {
    let server = kind.start(0);
    let gateways = [server.gateway(PATIENCE), server.gateway(PATIENCE)];
    let mut admitted = 0;
    for number in 0..200_usize {
        let taken = gateways[number % 2].take("anna", 149 * HOUR, HOUR).await;
        admitted += i32::from(taken.unwrap().admitted);
    }
    assert_eq!(admitted, 150);
}

async fn at_once_no_more_pass_than_in_turn(kind: Kind) {
    let server = kind.start(0);
    let gateways = [server.gateway(PATIENCE), server.gateway(PATIENCE)];
    let gateways: Vec<_> = gateways.into_iter().map(std::sync::Arc::new).collect();
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..200_usize {
        let gateway = std::sync::Arc::clone(&gateways[number % 2]);
        asking.spawn(async move { gateway.take("anna", 149 * HOUR, HOUR).await.unwrap() });
    }
    let taken = asking.join_all().await;
    assert_eq!(taken.iter().filter(|taken| taken.admitted).count(), 150);
}

async fn who_only_asks_takes_nothing(kind: Kind) {
    let server = kind.start(0);
    let gateway = server.gateway(PATIENCE);
    for _ in 0..3 {
        let asked = gateway.take("anna", 0, 0).await.unwrap();
        assert_eq!((asked.admitted, asked.ahead_micros), (true, 0));
    }
    assert!(gateway.take("anna", 0, HOUR).await.unwrap().admitted);
    assert!(!gateway.take("anna", 0, 0).await.unwrap().admitted);
    assert!(gateway.take("bob", 0, HOUR).await.unwrap().admitted);
}

async fn what_was_taken_comes_back_with_time(kind: Kind) {
    let server = kind.start(0);
    let gateway = server.gateway(PATIENCE);
    let taken = gateway.take("anna", 0, 30_000).await.unwrap();
    assert_eq!(taken.ahead_micros, 0);
    let until = Instant::now() + PATIENCE;
    while !gateway.take("anna", 0, 0).await.unwrap().admitted {
        assert!(Instant::now() < until, "it never comes back");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The store dies in the middle of a run, and is there again: who asks meanwhile is told at once.
async fn a_store_that_dies_is_told_and_found_again(kind: Kind) {
    let mut server = kind.start(0);
    let port = server.port();
    let gateway = server.gateway(PATIENCE);
    assert!(gateway.take("anna", 0, HOUR).await.unwrap().admitted);
    server.kill();
    let mut told = 0;
    let until = Instant::now() + PATIENCE;
    // The fake's port closes a moment after it is told to.
    while told < 3 {
        told += i32::from(gateway.take("anna", 0, HOUR).await.is_err());
        assert!(Instant::now() < until, "nobody tells that it is gone");
    }
    let _server = kind.start(port);
    let until = Instant::now() + PATIENCE;
    // It has forgotten everything: a store of rates keeps nothing that counts.
    while !gateway
        .take("anna", 0, HOUR)
        .await
        .is_ok_and(|taken| taken.admitted)
    {
        assert!(Instant::now() < until, "it is not found again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One that takes everything and says nothing costs the patience and no more.
async fn a_silent_store_costs_the_patience(_: Kind) {
    let fake = Fake::start(0);
    let url = format!("redis://{}/0", fake.address);
    let gateway = RedisRates::at(&url, None, Duration::from_millis(50)).unwrap();
    fake.silent.store(true, Ordering::SeqCst);
    let asked = tokio::time::timeout(PATIENCE, gateway.take("anna", 0, 1)).await;
    assert!(asked.unwrap().is_err());
    fake.silent.store(false, Ordering::SeqCst);
    let until = Instant::now() + PATIENCE;
    while gateway.take("anna", 0, 1).await.is_err() {
        assert!(Instant::now() < until, "a new connection is not made");
    }
}

async fn only_addresses_are_taken(_: Kind) {
    for url in [
        "",
        "localhost:6379",
        "http://localhost",
        "rediss://localhost",
    ] {
        assert!(RedisRates::at(url, None, PATIENCE).is_err(), "{url}");
    }
}

/// Where the real one is, or why not.
fn real() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("FURLONG_TEST_REDIS_SERVER") {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            "no redis-server here (apt-get install redis-server, or FURLONG_TEST_REDIS_SERVER)"
                .to_owned()
        })
}

fn run<F: Future<Output = ()>>(body: impl FnOnce(Kind) -> F, kind: Kind) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(body(kind));
}

macro_rules! trials {
    ($real:expr, [$($both:ident),*], [$($fake:ident),*]) => {{
        let mut trials = Vec::new();
        $(trials.push(Trial::test(concat!("fake::", stringify!($both)), || { run($both, Kind::Fake); Ok(()) }));
          let (server, ignored) = (Kind::Real($real.clone().unwrap_or_default()), $real.is_err());
          trials.push(Trial::test(concat!("real::", stringify!($both)), || { run($both, server); Ok(()) })
              .with_ignored_flag(ignored));)*
        $(trials.push(Trial::test(concat!("fake::", stringify!($fake)), || { run($fake, Kind::Fake); Ok(()) }));)*
        trials
    }};
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let real = real();
    if let Err(reason) = &real {
        eprintln!("ignored: {reason}");
    }
    let trials = trials!(
        real,
        [
            two_gateways_hold_one_rate,
            at_once_no_more_pass_than_in_turn,
            who_only_asks_takes_nothing,
            what_was_taken_comes_back_with_time,
            a_store_that_dies_is_told_and_found_again
        ],
        [a_silent_store_costs_the_patience, only_addresses_are_taken]
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}
