//! The record that says what is fixed for ever.
//!
//! Duty: write once how keys become partitions and how many there are, and compare ever after.
//! Prohibition: the first record counts; it is never written again.

use crate::client;
use crate::error::TopicsError;
use crate::settings::Settings;
use crate::topics::Plan;
use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::util::Timeout;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The topic's name, after the prefix.
pub const ABOUT: &str = "furlong.about";
/// How records are framed and chained; another way of doing that takes the next number.
const FORMAT: u32 = 1;
/// One look for the record.
const POLL: Duration = Duration::from_millis(100);
/// Looks before the brokers are taken to be away.
const LOOKS_MAX: u32 = 300;
/// How long the brokers may take for the record.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// Reads of a record that was just written.
const READS_MAX: u32 = 20;

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
    let consumer = client::consumer(&settings.catch_up(), &Arc::default()).map_err(refused)?;
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

/// What became of the record.
#[derive(Default)]
struct Told(Mutex<Option<KafkaResult<()>>>);

impl ClientContext for Told {}

impl ProducerContext for Told {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        let told = report.as_ref().map(|_| ()).map_err(|(e, _)| e.clone());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }
}

/// Writes the record, and waits until it can be read; the caller has seen that there is none.
pub(crate) fn write(settings: &Settings, about: &About) -> Result<(), TopicsError> {
    let text = serde_json::to_string(about).map_err(|e| TopicsError::Settings(e.to_string()))?;
    let patient = Settings {
        send_timeout: WRITE_PATIENCE,
        ..settings.clone()
    };
    let producer = BaseProducer::from_config_and_context(&patient.producer(), Told::default())
        .map_err(|error| TopicsError::Settings(error.to_string()))?;
    let topic = settings.prefixed(ABOUT);
    let record = BaseRecord::<(), str>::to(&topic)
        .partition(0)
        .payload(&text);
    let within = Timeout::After(WRITE_PATIENCE.saturating_mul(2));
    let sent = producer.send(record).map_err(|(error, _)| error);
    sent.and_then(|()| producer.flush(within))
        .map_err(|error| unreachable_at(settings, error.to_string()))?;
    let told = producer.client().context().0.lock();
    let told = told.unwrap_or_else(PoisonError::into_inner).take();
    match told {
        Some(Ok(())) => {}
        Some(Err(error)) => return Err(unreachable_at(settings, error.to_string())),
        None => return Err(unreachable_at(settings, "no answer in time".to_owned())),
    }
    // It is acknowledged; a leader may show it a moment later.
    for _ in 0..READS_MAX {
        if read(settings)? != Found::Nothing {
            break;
        }
    }
    Ok(())
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
