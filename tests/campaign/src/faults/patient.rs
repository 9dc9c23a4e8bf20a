//! Reading a log that may not answer for a while.
//!
//! Duty: ask again until it answers: a broker may lose its place for a moment on a busy machine,
//! and a link may fail. Prohibition: nothing is waited for but an answer; who wants a bound sets it.

use eventlog::{EventLog, Record};
use kernel::TopicPartition;
use std::time::Duration;

const READ_BYTES: usize = 1 << 20;
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(30);

/// The log's end. A log that does not answer is asked again: a broker may lose its place for a
/// moment on a busy machine.
pub(in crate::faults) async fn end(log: &dyn EventLog, at: TopicPartition) -> u64 {
    loop {
        match log.end(at).await {
            Ok(end) => return end,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// What stands there; asked again like the end.
pub(in crate::faults) async fn read(
    log: &dyn EventLog,
    at: TopicPartition,
    from: u64,
) -> Vec<Record> {
    loop {
        match log.read(at, from, READ_BYTES).await {
            Ok(records) => return records,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
