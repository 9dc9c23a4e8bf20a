//! The Kafka proxy against a broker in this process that stores what it is sent and answers.

use bytes::Bytes;
use faultproxy::{Frames, KafkaPlan, KafkaProxy, Lose, Produce, Release, Rule, crc32c};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(100);
const HEARTBEAT: u8 = 12;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.expect("within the deadline")
}

/// One batch of one record, of an idempotent producer.
fn batch(value: u8) -> Vec<u8> {
    let mut checked = vec![0; 22];
    checked.extend([0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1]);
    checked.extend([14, 0, 0, 0, 1, 2, value, 0]);
    let mut batch = vec![0; 8];
    batch.extend(i32::try_from(checked.len() + 9).unwrap().to_be_bytes());
    batch.extend([0xFF, 0xFF, 0xFF, 0xFF, 2]);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// A request header: kind, version, number, client.
fn header(kind: u8, version: u8, id: i32, client: &str) -> Vec<u8> {
    let mut frame = vec![0, kind, 0, version];
    frame.extend(id.to_be_bytes());
    frame.extend(i16::try_from(client.len()).unwrap().to_be_bytes());
    frame.extend(client.as_bytes());
    frame
}

/// Produce v7 of one value to partition 3 of topic "t".
fn produce(client: &str, id: i32, value: u8) -> Vec<u8> {
    let mut frame = header(0, 7, id, client);
    frame.extend([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]);
    frame.extend([0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3]);
    let batch = batch(value);
    frame.extend(i32::try_from(batch.len()).unwrap().to_be_bytes());
    frame.extend(batch);
    frame
}

fn with_length(frame: &[u8]) -> Vec<u8> {
    let mut bytes = i32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(frame);
    bytes
}

async fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = stream.read_i32().await.ok()?;
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

/// Stores values of Produce requests; answers everything with the request's number.
#[derive(Clone, Default)]
struct Broker {
    stored: Arc<Mutex<Vec<Produce>>>,
}

impl Broker {
    async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let broker = Self::default();
        let serving = broker.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        (broker, address)
    }

    async fn serve(self, mut stream: TcpStream) {
        while let Some(frame) = frame(&mut stream).await {
            let mut answer = frame[4..8].to_vec();
            match frame[1] {
                0 => {
                    let offset = self.store(frame);
                    answer.extend([0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3, 0, 0]);
                    answer.extend(offset.to_be_bytes());
                    answer.extend([0; 20]);
                }
                18 => answer.extend([0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 13]),
                3 => {
                    answer.extend([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, b'h']);
                    answer.extend([0, 0, 0x23, 0x84, 0xFF, 0xFF]);
                }
                _ => {}
            }
            if stream.write_all(&with_length(&answer)).await.is_err() {
                return;
            }
        }
    }

    fn store(&self, frame: Vec<u8>) -> i64 {
        let mut stored = self.stored.lock().unwrap();
        stored.push(Produce::read(0, frame.into()).unwrap());
        i64::try_from(stored.len() - 1).unwrap()
    }

    fn values(&self) -> Vec<u8> {
        let stored = self.stored.lock().unwrap();
        stored
            .iter()
            .flat_map(Produce::values)
            .map(|value| value[0])
            .collect()
    }
}

struct World {
    broker: Broker,
    proxy: KafkaProxy,
}

impl World {
    async fn new() -> Self {
        let (broker, target) = Broker::start().await;
        let plan = KafkaPlan {
            target: Some(target),
            ..KafkaPlan::default()
        };
        let proxy = KafkaProxy::start(plan).await.unwrap();
        Self { broker, proxy }
    }

    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }
}

async fn say(client: &mut TcpStream, frame: &[u8]) {
    client.write_all(&with_length(frame)).await.unwrap();
}

/// The number of the next answer; `None` when the connection has ended.
async fn hear(client: &mut TcpStream) -> Option<i32> {
    let answer = soon(frame(client)).await?;
    Some(i32::from_be_bytes(answer[..4].try_into().unwrap()))
}

async fn hears_nothing(client: &mut TcpStream) -> bool {
    timeout(SILENCE, client.read_u8()).await.is_err()
}

fn of_topic() -> Rule {
    Rule::new(|produce| produce.touches("t", 3))
}

#[tokio::test]
async fn without_rules_everything_passes() {
    let world = World::new().await;
    let mut client = world.client().await;
    for id in 0..20 {
        say(&mut client, &produce("a", id, u8::try_from(id).unwrap())).await;
        say(&mut client, &header(HEARTBEAT, 0, 100 + id, "a")).await;
    }
    for id in 0..20 {
        assert_eq!(hear(&mut client).await, Some(id));
        assert_eq!(hear(&mut client).await, Some(100 + id));
    }
    assert_eq!(world.broker.values(), Vec::from_iter(0..20));
    assert_eq!(world.proxy.counts().produces, 20);
    assert_eq!(world.proxy.counts().unreadable, 0);
}

#[tokio::test]
async fn a_held_request_waits_with_those_behind_it_and_nobody_else_does() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let (mut held_client, mut other) = (world.client().await, world.client().await);
    say(&mut held_client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    say(&mut held_client, &header(HEARTBEAT, 0, 2, "a")).await;
    say(&mut other, &produce("b", 1, 2)).await;
    assert_eq!(hear(&mut other).await, Some(1));
    assert!(hears_nothing(&mut held_client).await);
    assert_eq!(world.broker.values(), [2]);
    assert!(!held.is_orphan());

    let deliveries = soon(held.release(Release::once())).await.unwrap();
    assert!(deliveries[0].by_client);
    assert_eq!(deliveries[0].answers[0].base_offset, 1);
    assert_eq!(hear(&mut held_client).await, Some(1));
    assert_eq!(hear(&mut held_client).await, Some(2));
    assert_eq!(
        world.broker.values(),
        [2, 1],
        "the late record stands behind"
    );
}

#[tokio::test]
async fn a_held_request_outlives_its_client_and_arrives_as_often_as_wanted() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    say(&mut client, &produce("a", 2, 9)).await;
    drop(client);
    soon(held.orphaned()).await;
    assert!(held.is_orphan());
    let mut next = world.client().await;
    say(&mut next, &produce("b", 1, 2)).await;
    assert_eq!(hear(&mut next).await, Some(1));

    let deliveries = soon(held.release(Release::once().copies(2))).await.unwrap();
    assert_eq!(deliveries.len(), 2);
    assert!(deliveries.iter().all(|delivery| !delivery.by_client));
    soon(held.release(Release::once())).await.unwrap();
    assert_eq!(
        world.broker.values(),
        [2, 1, 1, 1],
        "the one behind the held one died with its connection"
    );
}

#[tokio::test]
async fn a_request_released_apart_leaves_its_client_waiting() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    soon(held.release(Release::once().apart())).await.unwrap();
    assert!(hears_nothing(&mut client).await);
    let deliveries = soon(held.release(Release::once())).await.unwrap();
    assert!(deliveries[0].by_client);
    assert_eq!(hear(&mut client).await, Some(1));
    assert_eq!(world.broker.values(), [1, 1]);
}

#[tokio::test]
async fn an_anonymous_release_has_no_producer() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    soon(held.release(Release::once().anonymous()))
        .await
        .unwrap();
    let stored = world.broker.stored.lock().unwrap();
    let batch = &stored[0].partitions[0].batches[0];
    assert_eq!((batch.intact, batch.producer_id), (true, -1));
    assert_eq!(batch.values, [Bytes::from_static(&[1])]);
}

#[tokio::test]
async fn a_held_request_that_is_dropped_is_lost_with_its_connection() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    drop(soon(holds.next()).await.unwrap());
    assert_eq!(hear(&mut client).await, None);
    assert!(world.broker.values().is_empty());
}

#[tokio::test]
async fn a_rule_picks_the_nth_of_a_client_so_many_times() {
    let world = World::new().await;
    let rule = Rule::new(|produce| produce.is_from("stale"))
        .skip(2)
        .times(2);
    let mut holds = world.proxy.hold(rule);
    for (id, client) in (0..).zip(["stale-1", "fresh", "stale-1", "fresh"]) {
        let mut connection = world.client().await;
        say(
            &mut connection,
            &produce(client, id, u8::try_from(id).unwrap()),
        )
        .await;
        assert_eq!(hear(&mut connection).await, Some(id));
    }
    for id in [4, 5] {
        let mut connection = world.client().await;
        say(&mut connection, &produce("stale-2", id, 9)).await;
        let mut held = soon(holds.next()).await.unwrap();
        assert_eq!(held.produce().correlation_id, id);
        soon(held.release(Release::once())).await.unwrap();
    }
    assert!(soon(holds.next()).await.is_none(), "the rule is spent");
    let mut connection = world.client().await;
    say(&mut connection, &produce("stale-1", 6, 6)).await;
    assert_eq!(hear(&mut connection).await, Some(6));
    assert_eq!(world.proxy.counts().held, 2);
}

#[tokio::test]
async fn a_rule_ends_when_nobody_waits_for_it() {
    let world = World::new().await;
    drop(world.proxy.hold(of_topic()));
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    assert_eq!(hear(&mut client).await, Some(1));
}

#[tokio::test]
async fn a_lost_request_is_not_stored_and_a_lost_answer_is() {
    for (lose, stored) in [
        (Lose::Request, 0),
        (Lose::Answer, 1),
        (Lose::EveryAnswer, 1),
    ] {
        let world = World::new().await;
        let mut losses = world.proxy.lose(lose, of_topic());
        let mut client = world.client().await;
        say(&mut client, &produce("a", 1, 1)).await;
        let loss = soon(losses.next()).await.unwrap();
        assert_eq!(loss.produce.correlation_id, 1);
        assert_eq!(loss.answers.len(), stored);
        assert!(loss.answers.iter().all(faultproxy::Answer::is_stored));
        assert_eq!(world.broker.values().len(), stored, "{lose:?}");
        if lose == Lose::EveryAnswer {
            say(&mut client, &header(HEARTBEAT, 0, 2, "a")).await;
            assert!(hears_nothing(&mut client).await);
        } else {
            assert_eq!(hear(&mut client).await, None);
        }
        let mut again = world.client().await;
        say(&mut again, &produce("a", 1, 1)).await;
        assert_eq!(hear(&mut again).await, Some(1));
        assert_eq!(world.broker.values().len(), stored + 1);
    }
}

#[tokio::test]
async fn a_held_request_can_be_cut_off_from_its_client() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let (mut client, mut other) = (world.client().await, world.client().await);
    say(&mut client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    held.cut();
    assert_eq!(hear(&mut client).await, None);
    say(&mut other, &produce("a", 1, 2)).await;
    assert_eq!(hear(&mut other).await, Some(1));
    let deliveries = soon(held.release(Release::once())).await.unwrap();
    assert!(!deliveries[0].by_client);
    assert_eq!(world.broker.values(), [2, 1]);
}

#[tokio::test]
async fn a_cut_breaks_connections_and_spares_what_is_held() {
    let world = World::new().await;
    let mut holds = world.proxy.hold(of_topic());
    let mut client = world.client().await;
    say(&mut client, &produce("a", 1, 1)).await;
    let mut held = soon(holds.next()).await.unwrap();
    world.proxy.cut();
    assert_eq!(hear(&mut client).await, None);
    soon(held.orphaned()).await;
    soon(held.release(Release::once())).await.unwrap();
    assert_eq!(world.broker.values(), [1]);
}

#[tokio::test]
async fn clients_are_told_of_versions_that_rules_read_and_of_the_proxy() {
    let world = World::new().await;
    world.proxy.advertise(9092, 4000);
    let mut client = world.client().await;
    say(&mut client, &header(18, 0, 1, "a")).await;
    let versions = soon(frame(&mut client)).await.unwrap();
    assert_eq!(versions[14..16], [0, 12]);
    say(&mut client, &header(3, 1, 2, "a")).await;
    let metadata = soon(frame(&mut client)).await.unwrap();
    assert_eq!(metadata[15..19], 4000_i32.to_be_bytes());
}

#[tokio::test]
async fn garbage_ends_its_connection_only() {
    let world = World::new().await;
    let mut client = world.client().await;
    let mut garbage = world.client().await;
    garbage.write_all(&[0xFF; 64]).await.unwrap();
    assert_eq!(hear(&mut garbage).await, None);
    say(&mut client, &produce("a", 1, 1)).await;
    assert_eq!(hear(&mut client).await, Some(1));
}

#[tokio::test]
async fn frames_in_pieces_are_frames() {
    let world = World::new().await;
    let mut client = world.client().await;
    for byte in with_length(&produce("a", 1, 1)) {
        client.write_all(&[byte]).await.unwrap();
        client.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(hear(&mut client).await, Some(1));
    let mut frames = Frames::default();
    frames.push(&[0, 0]);
    assert_eq!(frames.pop(), Ok(None));
}
