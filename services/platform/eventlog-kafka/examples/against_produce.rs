//! Appends and read-backs beside what the brokers and the client library do by themselves.
//!
//! `cargo run --release -p eventlog-kafka --example against_produce` starts a broker of its own; an
//! address as argument takes that one. The ratios count, not the figures.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a measurement reads the clock and prints"
)]

use anyhow::ensure;
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use eventlog_kafka::topics::{self, Plan};
use eventlog_kafka::{KafkaLog, Settings, anchor};
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::time::{Duration, Instant};

const AT: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
const RECORDS: usize = 10_000;
const SINGLE: u32 = 1_000;

fn main() -> anyhow::Result<()> {
    let own = match std::env::args().nth(1) {
        Some(_) => None,
        None => Some(stack::Kafka::start(stack::KafkaPlan::default())?),
    };
    let brokers = match &own {
        Some(kafka) => kafka.bootstrap(),
        None => std::env::args().nth(1).unwrap_or_default(),
    };
    let settings = Settings::new(&brokers, &format!("measure{}.", std::process::id()));
    let plan = Plan {
        partitions: 1,
        replication: 1,
        min_insync: 1,
        key_function: "measure".to_owned(),
    };
    topics::create(&settings, &plan)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let log = KafkaLog::connect(settings.clone())?;
    let records = vec![Bytes::from(vec![1; 300]); RECORDS];
    for _ in 0..5 {
        let plain = anchor::produce(&settings, AT.topic, 1, &records)?;
        let (appended, read_back) = runtime.block_on(appends(&log, &records))?;
        println!(
            "{RECORDS} x 300 B: plain {plain:?}, appended {appended:?}, read back {read_back:?}"
        );
    }
    for _ in 0..3 {
        let plain = anchor::round_trips(&settings, AT, &records[0], SINGLE, None)?;
        let ours = runtime.block_on(read_backs(&log, &records[0]))?;
        println!(
            "one at a time: plain {}, append and read-back {}",
            told(plain),
            told(ours)
        );
    }
    for beat_us in [500, 100] {
        let beat = Duration::from_micros(beat_us);
        let plain = anchor::round_trips(&settings, AT, &records[0], 10_000, Some(beat))?;
        println!("plain, one each {beat:?}: {}", told(plain));
    }
    let (reads, took) = runtime.block_on(from_zero(&KafkaLog::connect(settings)?))?;
    println!("from zero: {reads} in {took:?}");
    Ok(())
}

fn told(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let (half, most) = (took.len() / 2, took.len() * 99 / 100);
    format!("p50 {:?} p99 {:?}", took[half], took[most])
}

async fn appends(log: &KafkaLog, records: &[Bytes]) -> anyhow::Result<(Duration, Duration)> {
    let mut from = log.end(AT).await?;
    // The fetcher takes the partition up.
    drop(tokio::time::timeout(Duration::from_millis(300), log.wait(AT, from)).await);
    let began = Instant::now();
    let writer = log.writer(AT);
    let batches = records
        .chunks(500)
        .map(|batch| writer.append(batch.to_vec()));
    let outcomes = join_all(batches).await.concat();
    let appended = began.elapsed();
    ensure!(
        outcomes
            .iter()
            .all(|outcome| *outcome == AppendOutcome::Sent)
    );
    let mut found = 0;
    while found < records.len() {
        log.wait(AT, from).await;
        let read = log.read(AT, from, 1 << 20).await?;
        found += read.len();
        from = read.last().map_or(from, |last| last.offset + 1);
    }
    Ok((appended, began.elapsed()))
}

async fn read_backs(log: &KafkaLog, record: &Bytes) -> anyhow::Result<Vec<Duration>> {
    let mut from = log.end(AT).await?;
    let writer = log.writer(AT);
    let mut took = Vec::new();
    for _ in 0..SINGLE {
        let began = Instant::now();
        let (sent, ()) = futures::join!(writer.append(vec![record.clone()]), log.wait(AT, from));
        ensure!(sent == [AppendOutcome::Sent]);
        let read = log.read(AT, from, 1 << 20).await?;
        took.push(began.elapsed());
        from = read.last().map_or(from, |last| last.offset + 1);
    }
    Ok(took)
}

async fn from_zero(log: &KafkaLog) -> anyhow::Result<(String, Duration)> {
    let began = Instant::now();
    let end = log.end(AT).await?;
    let (mut from, mut records, mut reads) = (0, 0, 0);
    while from < end {
        let read = log.read(AT, from, 1 << 20).await?;
        reads += 1;
        records += read.len();
        let Some(last) = read.last() else { break };
        from = last.offset + 1;
    }
    Ok((
        format!("{records} records in {reads} reads"),
        began.elapsed(),
    ))
}
