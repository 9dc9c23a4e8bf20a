//! Fresh logs on a broker.

use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, Record};
use eventlog_kafka::topics::{self, Plan};
use eventlog_kafka::{KafkaLog, Settings, Tuning};
use kernel::{Offset, Topic, TopicPartition};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub const JOURNAL: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 3);

/// Longer than anything takes on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How the topics of these tests are made.
pub fn plan() -> Plan {
    Plan {
        partitions: 5,
        replication: 1,
        min_insync: 1,
        key_function: "test".to_owned(),
    }
}

/// Settings under a name that nobody else has.
pub fn unmade(brokers: &str) -> Settings {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Settings {
        send_timeout: Duration::from_secs(20),
        ..Settings::new(brokers, &format!("t{}-{number}.", std::process::id()))
    }
}

/// Settings with topics that nobody else has, made already.
pub fn settings(brokers: &str) -> Settings {
    let settings = unmade(brokers);
    topics::create(&settings, &plan()).expect("the topics can be made");
    settings
}

/// Patient with a busy machine.
pub fn tuning() -> Tuning {
    Tuning {
        read_timeout: Duration::from_secs(30),
        ..Tuning::default()
    }
}

pub fn open(settings: &Settings) -> KafkaLog {
    KafkaLog::connect_tuned(settings.clone(), tuning()).expect("the settings are good")
}

/// A log that nothing was ever written to.
pub fn fresh(brokers: &str) -> KafkaLog {
    open(&settings(brokers))
}

/// Runs to the end on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// Records that tell their number, of some size.
pub fn numbered(range: std::ops::Range<u32>, bytes: usize) -> Vec<Bytes> {
    let record = |n: u32| {
        let mut record = vec![1; bytes];
        record[..4].copy_from_slice(&(n | 1 << 31).to_be_bytes());
        record.into()
    };
    range.map(record).collect()
}

/// Appends in one call and expects the best.
pub async fn append(log: &KafkaLog, records: Vec<Bytes>) {
    let count = records.len();
    let outcomes = log.writer(JOURNAL).append(records).await;
    assert_eq!(outcomes, vec![AppendOutcome::Sent; count]);
}

/// What stands there from an offset on, as of now, in how many reads.
pub async fn all_in(log: &KafkaLog, mut from: Offset, bytes_max: usize) -> (Vec<Record>, usize) {
    let end = log.end(JOURNAL).await.expect("the log answers");
    let (mut found, mut reads) = (Vec::<Record>::new(), 0);
    while from < end {
        let records = log.read(JOURNAL, from, bytes_max).await;
        let records = records.expect("the log answers");
        reads += 1;
        let Some(last) = records.last() else { break };
        from = last.offset + 1;
        found.extend(records);
    }
    (found, reads)
}

pub async fn all(log: &KafkaLog) -> Vec<Bytes> {
    let (records, _) = all_in(log, 0, 1 << 20).await;
    records.into_iter().map(|record| record.bytes).collect()
}

/// Follows from an offset on until so many records have come.
pub async fn follow(log: &KafkaLog, mut from: Offset, count: usize) -> Vec<Bytes> {
    let mut found = Vec::new();
    while found.len() < count {
        let records = log.read(JOURNAL, from, 10_000).await;
        let records = records.expect("the log answers");
        match records.last() {
            Some(last) => from = last.offset + 1,
            None => log.wait(JOURNAL, from).await,
        }
        found.extend(records.into_iter().map(|record| record.bytes));
    }
    found
}
