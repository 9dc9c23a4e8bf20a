//! The client library's own words, where ours go, and the making of its consumers.
//!
//! Duty: lines and errors of the library reach `tracing` and the health. Prohibition: nothing here
//! may panic; the library calls from its own threads.

use crate::health::Faults;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The context of consumers and of the one who asks.
pub(crate) struct Listening {
    faults: Arc<Faults>,
}

/// So many of the library's events are looked at for its newest complaint.
const COMPLAINTS_MAX: u32 = 64;

/// A consumer of the library.
pub(crate) type Client = BaseConsumer<Listening>;

/// A new consumer with these properties.
pub(crate) fn consumer(config: &ClientConfig, faults: &Arc<Faults>) -> Result<Client, KafkaError> {
    let listening = Listening {
        faults: Arc::clone(faults),
    };
    BaseConsumer::from_config_and_context(config, listening)
}

impl ClientContext for Listening {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is where readers mostly are.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.faults.fetch_failed(&format!("{error}: {reason}"));
    }
}

impl ConsumerContext for Listening {}

/// The context of one who asks at a start, when nobody looks at a health: keeps the library's newest
/// complaint, which alone tells a wrong password from a broker that is away.
#[derive(Default)]
pub(crate) struct Complaints(Mutex<Option<String>>);

impl Complaints {
    /// What the library has complained of last to this consumer, which reads nothing.
    pub(crate) fn newest_of(consumer: &BaseConsumer<Self>) -> Option<String> {
        for _ in 0..COMPLAINTS_MAX {
            // Complaints wait until somebody asks for messages.
            drop(consumer.poll(Duration::ZERO));
        }
        let newest = consumer.context().0.lock();
        newest.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Complaints {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, _: KafkaError, reason: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }
}

impl ConsumerContext for Complaints {}

/// A line of the library. Connections come and go: that is told by the health, not by the log.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(facility, "{line}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::debug!(facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::trace!(facility, "{line}");
        }
    }
}
