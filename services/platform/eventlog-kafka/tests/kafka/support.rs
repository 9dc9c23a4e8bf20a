//! Fresh logs on a broker.

use eventlog_kafka::topics::{self, Plan};
use eventlog_kafka::{KafkaLog, Settings};
use std::sync::atomic::{AtomicU32, Ordering};

/// How the topics of these tests are made.
pub fn plan() -> Plan {
    Plan {
        partitions: 5,
        replication: 1,
        min_insync: 1,
        key_function: "test".to_owned(),
    }
}

/// Settings with topics that nobody else has, made already.
pub fn settings(brokers: &str) -> Settings {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let settings = Settings::new(brokers, &format!("t{}-{number}.", std::process::id()));
    topics::create(&settings, &plan()).expect("the topics can be made");
    settings
}

/// A log that nothing was ever written to.
pub fn fresh(brokers: &str) -> KafkaLog {
    KafkaLog::connect(settings(brokers)).expect("the settings are good")
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
