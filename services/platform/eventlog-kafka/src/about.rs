//! The record that says what is fixed for ever.
//!
//! Duty: write once how keys become partitions and how many there are, and compare ever after.
//! Prohibition: the first record counts; it is never written again.

use crate::client::Listening;
use crate::error::TopicsError;
use crate::health::Faults;
use crate::settings::Settings;
use crate::topics::Plan;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::util::Timeout;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The topic's name, after the prefix.
pub(crate) const ABOUT: &str = "furlong.about";
/// How records are framed and chained; another way of doing that takes the next number.
const FORMAT: u32 = 1;
/// One look for the record.
const POLL: Duration = Duration::from_millis(100);
/// Looks before the brokers are taken to be away.
const LOOKS_MAX: u32 = 300;

/// What is fixed for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) format: u32,
    pub(crate) partitions: u16,
    pub(crate) key_function: String,
}

impl About {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            format: FORMAT,
            partitions: plan.partitions,
            key_function: plan.key_function.clone(),
        }
    }
}

/// What the topic holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    About(About),
    /// Not what we write.
    Unreadable(String),
}

/// Reads the first record.
pub(crate) fn read(settings: &Settings) -> Result<Found, TopicsError> {
    let refused = |error: KafkaError| TopicsError::Settings(error.to_string());
    let listening = Listening {
        faults: Arc::new(Faults::default()),
    };
    let consumer: BaseConsumer<Listening> =
        BaseConsumer::from_config_and_context(&settings.catch_up(), listening).map_err(refused)?;
    let mut list = TopicPartitionList::with_capacity(1);
    let topic = settings.prefixed(ABOUT);
    list.add_partition_offset(&topic, 0, rdkafka::Offset::Beginning)
        .map_err(refused)?;
    consumer.assign(&list).map_err(refused)?;
    let mut last = "nothing was read".to_owned();
    for _ in 0..LOOKS_MAX {
        match consumer.poll(POLL) {
            Some(Ok(message)) => return Ok(decode(message.payload().unwrap_or_default())),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Found::Nothing),
            Some(Err(error)) => last = error.to_string(),
            None => {}
        }
    }
    Err(unreachable_at(settings, last))
}

fn decode(record: &[u8]) -> Found {
    match serde_json::from_slice(record) {
        Ok(about) => Found::About(about),
        Err(_) => Found::Unreadable(String::from_utf8_lossy(record).into_owned()),
    }
}

/// Writes the record; the caller has seen that there is none.
pub(crate) fn write(settings: &Settings, about: &About) -> Result<(), TopicsError> {
    let text = serde_json::to_string(about).map_err(|e| TopicsError::Settings(e.to_string()))?;
    let producer: BaseProducer = settings
        .producer()
        .create()
        .map_err(|error| TopicsError::Settings(error.to_string()))?;
    let topic = settings.prefixed(ABOUT);
    let record = BaseRecord::<(), str>::to(&topic)
        .partition(0)
        .payload(&text);
    let within = Timeout::After(settings.send_timeout.saturating_mul(2));
    let sent = producer.send(record).map_err(|(error, _)| error);
    sent.and_then(|()| producer.flush(within))
        .map_err(|error| unreachable_at(settings, error.to_string()))
}

pub(crate) fn unreachable_at(settings: &Settings, detail: String) -> TopicsError {
    TopicsError::Unreachable {
        brokers: settings.brokers.clone(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_readable_by_anybody_and_strict() {
        let about = About {
            format: 1,
            partitions: 8,
            key_function: "last-byte".to_owned(),
        };
        let text = serde_json::to_string(&about).unwrap();
        assert_eq!(
            text,
            r#"{"format":1,"partitions":8,"key_function":"last-byte"}"#
        );
        assert_eq!(decode(text.as_bytes()), Found::About(about));
        assert_eq!(
            decode(b"{}"),
            Found::Unreadable("{}".to_owned()),
            "nothing is filled in"
        );
    }
}
