//! What the brokers and the client library can do by themselves, to measure ours against.
//!
//! Duty: plain idempotent produce of given bytes, and plain produce-to-consume round trips, with
//! nothing of furlong in between. Prohibition: measurements only; no service calls this.
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; nothing is decided by it"
)]

use crate::settings::Settings;
use bytes::Bytes;
use kernel::{Topic, TopicPartition};
use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The client library failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Records are missing.
    #[error("{done} of {asked} records within the time")]
    Missing {
        /// So many were done.
        done: u64,
        /// So many were to be.
        asked: u64,
    },
}

/// How long a missing record is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Counts what was acknowledged.
#[derive(Default)]
struct Counting {
    delivered: AtomicU64,
}

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        if report.is_ok() {
            self.delivered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn producer(settings: &Settings, linger_ms: &str) -> Result<BaseProducer<Counting>, KafkaError> {
    let mut config = settings.asker();
    config.set("enable.idempotence", "true");
    config.set("acks", "all");
    config.set("linger.ms", linger_ms);
    BaseProducer::from_config_and_context(&config, Counting::default())
}

fn send(
    producer: &BaseProducer<Counting>,
    to: (&str, i32),
    bytes: &[u8],
) -> Result<(), KafkaError> {
    loop {
        let record = BaseRecord::<(), [u8]>::to(to.0)
            .partition(to.1)
            .payload(bytes);
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Produces the records to the first `partitions` partitions of a topic in turns, as the library
/// does it best, and tells how long that took, a warm producer's start not included. Blocks.
///
/// # Errors
/// The library failed, or not all records were acknowledged.
pub fn produce(
    settings: &Settings,
    topic: Topic,
    partitions: u16,
    records: &[Bytes],
) -> Result<Duration, AnchorError> {
    let producer = producer(settings, "5")?;
    let name = settings.topic_name(topic);
    // The producer's id and the leaders are learnt before the clock runs.
    let mut asked = 0_u64;
    for partition in 0..partitions {
        send(&producer, (&name, partition.into()), b"")?;
        asked = asked.saturating_add(1);
    }
    settle(&producer, asked)?;
    let began = Instant::now();
    for (record, partition) in records.iter().zip((0..partitions).cycle()) {
        send(&producer, (&name, partition.into()), record)?;
        asked = asked.saturating_add(1);
    }
    settle(&producer, asked)?;
    Ok(began.elapsed())
}

/// Waits until so many records are acknowledged. The library's own flush looks only ten times a
/// second.
fn settle(producer: &BaseProducer<Counting>, asked: u64) -> Result<(), AnchorError> {
    let began = Instant::now();
    loop {
        let done = producer.context().delivered.load(Ordering::Relaxed);
        if done == asked {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(AnchorError::Missing { done, asked });
        }
        producer.poll(Duration::from_micros(500));
    }
}

/// Produces the record so many times to one partition and consumes it, and tells how long each
/// took from the call until it was consumed. With an interval a record leaves at each of its
/// beats, whatever became of those before (an open model: the time counts from the beat);
/// without one the next leaves when the last has come. Blocks.
///
/// # Errors
/// The library failed, or a record did not come.
pub fn round_trips(
    settings: &Settings,
    at: TopicPartition,
    record: &Bytes,
    count: u32,
    interval: Option<Duration>,
) -> Result<Vec<Duration>, AnchorError> {
    let producer = producer(settings, "0")?;
    let consumer: BaseConsumer = settings.fetcher().create()?;
    let name = settings.topic_name(at.topic);
    let to = (name.as_str(), i32::from(at.partition));
    let (_, end) = consumer.fetch_watermarks(to.0, to.1, PATIENCE)?;
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition_offset(to.0, to.1, rdkafka::Offset::Offset(end))?;
    consumer.assign(&list)?;
    send(&producer, to, b"warm")?;
    consume(&consumer)?;
    match interval {
        None => one_by_one(&producer, &consumer, to, record, count),
        Some(interval) => by_the_beat(&producer, &consumer, to, record, count, interval),
    }
}

/// Waits for one record.
fn consume(consumer: &BaseConsumer) -> Result<(), AnchorError> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = consumer.poll(PATIENCE) {
            found?;
            return Ok(());
        }
    }
    Err(AnchorError::Missing { done: 0, asked: 1 })
}

fn one_by_one(
    producer: &BaseProducer<Counting>,
    consumer: &BaseConsumer,
    to: (&str, i32),
    record: &[u8],
    count: u32,
) -> Result<Vec<Duration>, AnchorError> {
    (0..count)
        .map(|_| {
            let began = Instant::now();
            send(producer, to, record)?;
            consume(consumer)?;
            let took = began.elapsed();
            producer.poll(Duration::ZERO);
            Ok(took)
        })
        .collect()
}

fn by_the_beat(
    producer: &BaseProducer<Counting>,
    consumer: &BaseConsumer,
    to: (&str, i32),
    record: &[u8],
    count: u32,
    interval: Duration,
) -> Result<Vec<Duration>, AnchorError> {
    let began = Instant::now();
    let beat = |n: u32| interval.saturating_mul(n);
    std::thread::scope(|scope| {
        let sending = scope.spawn(move || -> Result<(), AnchorError> {
            for n in 0..count {
                std::thread::sleep(beat(n).saturating_sub(began.elapsed()));
                send(producer, to, record)?;
                producer.poll(Duration::ZERO);
            }
            Ok(())
        });
        let mut took = Vec::new();
        for n in 0..count {
            consume(consumer)?;
            took.push(began.elapsed().saturating_sub(beat(n)));
        }
        match sending.join() {
            Ok(sent) => sent.map(|()| took),
            Err(_) => Err(AnchorError::Missing {
                done: 0,
                asked: count.into(),
            }),
        }
    })
}
