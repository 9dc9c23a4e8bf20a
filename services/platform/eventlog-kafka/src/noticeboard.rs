//! Notices between processes that nobody keeps: who is here, who owns what.
//!
//! Duty: post a notice, and follow those that are posted from now on. Prohibition: nothing rests
//! on a notice: it may come late, twice or never, and it is gone after an hour.

use crate::client;
use crate::health::Faults;
use crate::producer::{Destination, Producers};
use crate::settings::Settings;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The topic's name, after the prefix.
pub const PRESENCE: &str = "furlong.presence";
/// Notices that may wait for a follower.
const WAITING_MAX: usize = 1_024;
/// How long one look takes when there are none.
const POLL: Duration = Duration::from_millis(100);
/// How long the board may take to say where it ends.
const ASK: Duration = Duration::from_millis(1_000);

/// Where notices are posted. Cheap to clone.
#[derive(Clone)]
pub struct Noticeboard {
    producers: Arc<Producers>,
    settings: Settings,
    faults: Arc<Faults>,
}

impl Noticeboard {
    pub(crate) fn new(producers: Arc<Producers>, settings: Settings, faults: Arc<Faults>) -> Self {
        Self {
            producers,
            settings,
            faults,
        }
    }

    /// Posts a notice, as well as it goes. The call hands it over at once; the future, which ends
    /// when the brokers have it or it is given up, need not be awaited.
    pub fn post(&self, notice: Bytes) -> BoxFuture<'static, ()> {
        let board = Destination {
            topic: self.settings.prefixed(PRESENCE).into(),
            partition: 0,
            window: None,
        };
        self.producers.send(&board, notice).map(drop).boxed()
    }

    /// Gives the notices that are posted from about this call on; while the brokers are away,
    /// from when they are back. A thread of its own follows until the receiver is dropped. A
    /// receiver that ends has lost its thread: the reason was logged.
    #[must_use]
    pub fn follow(&self) -> mpsc::Receiver<Bytes> {
        let (sender, notices) = mpsc::channel(WAITING_MAX);
        let board = self.clone();
        let thread = std::thread::Builder::new().name("kafka-notices".to_owned());
        let started = thread.spawn(move || {
            if let Err(error) = board.forward(&sender) {
                tracing::error!(%error, "the noticeboard cannot be followed");
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread for the noticeboard");
        }
        notices
    }

    fn forward(&self, to: &mpsc::Sender<Bytes>) -> Result<(), KafkaError> {
        let consumer = client::consumer(&self.settings.follower(), &self.faults)?;
        let topic = self.settings.prefixed(PRESENCE);
        let from = match consumer.fetch_watermarks(&topic, 0, ASK) {
            Ok((_, end)) => rdkafka::Offset::Offset(end),
            Err(_) => rdkafka::Offset::End,
        };
        let mut board = TopicPartitionList::with_capacity(1);
        board.add_partition_offset(&topic, 0, from)?;
        consumer.assign(&board)?;
        while !to.is_closed() {
            match consumer.poll(POLL) {
                Some(Ok(notice)) => {
                    let bytes = Bytes::copy_from_slice(notice.payload().unwrap_or_default());
                    if to.blocking_send(bytes).is_err() {
                        break;
                    }
                }
                Some(Err(error)) => tracing::debug!(%error, "the noticeboard"),
                None => {}
            }
        }
        Ok(())
    }
}
