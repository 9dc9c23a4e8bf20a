//! The client library's own words, where ours go, and the making of its consumers.
//!
//! Duty: lines and errors of the library reach `tracing` and the health. Prohibition: nothing here
//! may panic; the library calls from its own threads.

use crate::health::Faults;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext};
use std::sync::Arc;

/// The context of consumers and of the one who asks.
pub(crate) struct Listening {
    faults: Arc<Faults>,
}

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
