//! Why the log could not be reached, or is not as it has to be.
//!
//! Duty: say what failed in the operator's words. Prohibition: no error holds a password; only
//! the names of client properties are repeated.

use rdkafka::error::KafkaError;

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The client library refuses the settings.
    #[error("the kafka client refuses its settings: {0}")]
    Settings(String),
    /// A thread could not be started.
    #[error("no thread for the kafka client: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<KafkaError> for ConnectError {
    fn from(error: KafkaError) -> Self {
        Self::Settings(error.to_string())
    }
}

/// Why topics could not be made or looked at.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// The client library refuses the settings.
    #[error("the kafka client refuses its settings: {0}")]
    Settings(String),
    /// The brokers do not answer.
    #[error("kafka at {brokers} does not answer: {detail}")]
    Unreachable {
        /// Where it was looked for.
        brokers: String,
        /// What the client says.
        detail: String,
    },
    /// A topic was refused.
    #[error("topic {topic} could not be made: {detail}")]
    Refused {
        /// The topic's full name.
        topic: String,
        /// What the broker says.
        detail: String,
    },
    /// What is fixed for ever is otherwise there.
    #[error("{0}")]
    Mismatch(crate::topics::Mismatch),
}
