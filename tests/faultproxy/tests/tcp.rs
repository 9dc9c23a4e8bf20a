//! Faults on plain TCP, against a server in this process that says back what it hears.

use faultproxy::{Fault, Schedule, Step, TcpFaults, Way};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// Long enough for anything that shall happen.
const DEADLINE: Duration = Duration::from_secs(20);
/// Long enough to believe that something does not happen.
const SILENCE: Duration = Duration::from_millis(150);

async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                drop(tokio::io::copy(&mut reader, &mut writer).await);
            });
        }
    });
    address
}

async fn world() -> (TcpFaults, TcpStream) {
    let proxy = TcpFaults::start(echo_server().await).await.unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut client, b"hello").await.unwrap(), b"hello");
    (proxy, client)
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.expect("within the deadline")
}

async fn echo(client: &mut TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    client.write_all(bytes).await?;
    hear(client, bytes.len()).await
}

async fn hear(client: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut heard = vec![0; length];
    soon(client.read_exact(&mut heard)).await?;
    Ok(heard)
}

async fn hears_nothing(client: &mut TcpStream) -> bool {
    timeout(SILENCE, client.read_u8()).await.is_err()
}

async fn is_reset(client: &mut TcpStream) -> bool {
    let error = hear(client, 1).await.unwrap_err();
    error.kind() == io::ErrorKind::ConnectionReset
}

#[tokio::test]
async fn well_it_changes_nothing() {
    let (proxy, mut client) = world().await;
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_be_bytes).collect();
    let (mut reader, mut writer) = client.split();
    let mut heard = vec![0; bytes.len()];
    let (read, wrote) =
        soon(async { tokio::join!(reader.read_exact(&mut heard), writer.write_all(&bytes)) }).await;
    read.unwrap();
    wrote.unwrap();
    assert_eq!(heard, bytes);
    client.shutdown().await.unwrap();
    assert_eq!(
        soon(client.read(&mut [0])).await.unwrap(),
        0,
        "the end travels"
    );
    let counts = proxy.counts();
    assert_eq!((counts.accepted, counts.broken), (1, 0));
    assert_eq!(counts.bytes_to_server, 1_200_005);
    assert_eq!(counts.bytes_to_client, 1_200_005);
}

#[tokio::test]
async fn latency_delays_each_way_and_keeps_the_order() {
    let (proxy, mut client) = world().await;
    proxy.apply(Fault::Latency {
        way: Way::Both,
        delay_ms: 100,
        jitter_ms: 50,
    });
    let start = Instant::now();
    for piece in [b"ab", b"cd", b"ef"] {
        client.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(hear(&mut client, 6).await.unwrap(), b"abcdef");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn healing_cuts_a_delay_short() {
    let (proxy, mut client) = world().await;
    proxy.apply(Fault::Latency {
        way: Way::ToServer,
        delay_ms: 3_600_000,
        jitter_ms: 0,
    });
    client.write_all(b"x").await.unwrap();
    assert!(hears_nothing(&mut client).await);
    proxy.apply(Fault::Heal);
    assert_eq!(hear(&mut client, 1).await.unwrap(), b"x");
}

#[tokio::test]
async fn bandwidth_takes_its_time() {
    let (proxy, mut client) = world().await;
    proxy.apply(Fault::Bandwidth {
        way: Way::ToClient,
        bytes_per_second: 10_000,
    });
    let start = Instant::now();
    assert_eq!(echo(&mut client, &[7; 3_000]).await.unwrap(), [7; 3_000]);
    // The last piece is heard before its own pause.
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn slices_arrive_as_slices() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TcpFaults::start(listener.local_addr().unwrap())
        .await
        .unwrap();
    proxy.apply(Fault::Slice {
        way: Way::ToServer,
        bytes: 1,
    });
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    client.write_all(&[1; 200]).await.unwrap();
    let (mut reads, mut bytes) = (0, 0);
    while bytes < 200 {
        bytes += soon(server.read(&mut [0; 200])).await.unwrap();
        reads += 1;
    }
    assert!(reads > 1, "all in one piece");
}

#[tokio::test]
async fn reset_breaks_what_is_there_and_nothing_new() {
    let (proxy, mut client) = world().await;
    proxy.apply(Fault::Reset);
    assert!(is_reset(&mut client).await);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut client, b"again").await.unwrap(), b"again");
    proxy.apply(Fault::Heal);
    assert_eq!(echo(&mut client, b"healed").await.unwrap(), b"healed");
    assert_eq!(proxy.counts().broken, 1);
    assert_eq!(proxy.counts().open, 1);
}

#[tokio::test]
async fn refusing_spares_what_is_there() {
    let (proxy, mut old) = world().await;
    proxy.apply(Fault::Refuse);
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_reset(&mut new).await);
    assert_eq!(echo(&mut old, b"x").await.unwrap(), b"x");
    assert_eq!(proxy.counts().refused, 1);
    proxy.apply(Fault::Heal);
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut new, b"x").await.unwrap(), b"x");
}

#[tokio::test]
async fn a_partition_holds_bytes_back_and_delivers_them_after_healing() {
    for way in [Way::ToServer, Way::ToClient, Way::Both] {
        let (proxy, mut client) = world().await;
        proxy.apply(Fault::Partition { way });
        client.write_all(b"late").await.unwrap();
        assert!(hears_nothing(&mut client).await, "{way}");
        proxy.apply(Fault::Heal);
        assert_eq!(hear(&mut client, 4).await.unwrap(), b"late", "{way}");
    }
}

#[tokio::test]
async fn a_one_way_partition_lets_the_other_way_through() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TcpFaults::start(listener.local_addr().unwrap())
        .await
        .unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    proxy.apply(Fault::Partition { way: Way::ToServer });
    client.write_all(b"no").await.unwrap();
    server.write_all(b"yes").await.unwrap();
    assert_eq!(hear(&mut client, 3).await.unwrap(), b"yes");
    assert!(hears_nothing(&mut server).await);
}

#[tokio::test]
async fn nobody_connects_through_a_partition() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TcpFaults::start(listener.local_addr().unwrap())
        .await
        .unwrap();
    proxy.apply(Fault::Partition { way: Way::ToClient });
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    new.write_all(b"x").await.unwrap();
    assert!(timeout(SILENCE, listener.accept()).await.is_err());
    proxy.apply(Fault::Heal);
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    assert_eq!(hear(&mut server, 1).await.unwrap(), b"x");
}

#[tokio::test]
async fn what_is_half_open_seems_to_live_and_is_reset_after_healing() {
    for way in [Way::ToServer, Way::ToClient, Way::Both] {
        let (proxy, mut client) = world().await;
        proxy.apply(Fault::HalfOpen { way });
        client.write_all(b"gone").await.unwrap();
        assert!(hears_nothing(&mut client).await, "{way}");
        proxy.apply(Fault::Heal);
        assert!(
            is_reset(&mut client).await,
            "{way}: a hole must not be passed over"
        );
    }
}

#[tokio::test]
async fn half_open_without_a_lost_byte_goes_on() {
    let (proxy, mut client) = world().await;
    proxy.apply(Fault::HalfOpen { way: Way::Both });
    assert!(hears_nothing(&mut client).await);
    proxy.apply(Fault::Heal);
    assert_eq!(echo(&mut client, b"x").await.unwrap(), b"x");
}

#[tokio::test]
async fn a_server_does_not_learn_of_a_death_behind_a_fault() {
    let way = Way::ToServer;
    for fault in [Fault::HalfOpen { way }, Fault::Partition { way }] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = TcpFaults::start(listener.local_addr().unwrap())
            .await
            .unwrap();
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        let (mut server, _) = soon(listener.accept()).await.unwrap();
        proxy.apply(fault);
        drop(client);
        assert!(hears_nothing(&mut server).await, "{fault}");
        proxy.apply(Fault::Heal);
        let heard = soon(server.read(&mut [0])).await;
        match fault {
            Fault::Partition { .. } => assert_eq!(heard.unwrap(), 0, "the end arrives late"),
            _ => assert!(heard.is_err(), "the end was swallowed"),
        }
    }
}

#[tokio::test]
async fn an_absent_server_is_a_reset() {
    let proxy = TcpFaults::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_reset(&mut client).await, "not aimed yet");
    proxy.aim(echo_server().await);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(echo(&mut client, b"x").await.unwrap(), b"x");
}

#[tokio::test]
async fn a_dropped_proxy_takes_its_connections_along() {
    let (proxy, mut client) = world().await;
    drop(proxy);
    assert!(hear(&mut client, 1).await.is_err());
}

#[tokio::test]
async fn a_schedule_is_played_to_its_end() {
    let (proxy, mut client) = world().await;
    let partition = Fault::Partition { way: Way::Both };
    let schedule = Schedule {
        seed: 0,
        steps: vec![
            Step {
                at_ms: 0,
                fault: partition,
            },
            Step {
                at_ms: 300,
                fault: Fault::Heal,
            },
        ],
    };
    let start = Instant::now();
    let (heard, ()) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            echo(&mut client, b"x").await
        },
        proxy.play(&schedule)
    );
    assert_eq!(heard.unwrap(), b"x");
    assert!(start.elapsed() >= schedule.duration());
}

/// Whatever the weather was, bytes are right or the connection is broken; and after healing a
/// new connection works.
#[tokio::test]
async fn no_random_schedule_corrupts_a_stream() {
    let mut runs = tokio::task::JoinSet::new();
    for seed in 0..40 {
        runs.spawn(async move {
            let (proxy, client) = world().await;
            let schedule = Schedule::random(seed, Duration::from_millis(1_500));
            let (checked, ()) = tokio::join!(count_up(client), proxy.play(&schedule));
            checked.unwrap_or_else(|wrong| panic!("{wrong}\n{schedule}"));
            let mut client = TcpStream::connect(proxy.address()).await.unwrap();
            assert_eq!(echo(&mut client, b"x").await.unwrap(), b"x", "{schedule}");
        });
    }
    runs.join_all().await;
}

/// Says numbers and hears them again until the connection breaks or the schedule is over.
async fn count_up(mut client: TcpStream) -> Result<u32, String> {
    let (mut reader, mut writer) = client.split();
    let say = async {
        for n in 0..u32::MAX {
            if writer.write_u32(n).await.is_err() {
                return;
            }
        }
    };
    let hear = async {
        let mut next = 0;
        while let Ok(n) = reader.read_u32().await {
            if n != next {
                return Err(format!("heard {n} instead of {next}"));
            }
            next += 1;
        }
        Ok(next)
    };
    tokio::select! {
        () = say => Ok(0),
        heard = hear => heard,
        () = tokio::time::sleep(Duration::from_secs(2)) => Ok(0),
    }
}
