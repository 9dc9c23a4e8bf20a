//! Reading at the tail: one consumer for everything that the process follows.
//!
//! Duty: one thread takes what the brokers send and hands it to the windows, many records at a
//! time; another one adds partitions as they are asked for, and puts a new consumer in the place
//! of one that brings nothing any more. What fails is tried again for ever.
//!
//! Prohibition: the consumer's thread waits for nobody: a slow reader finds its records elsewhere.

use crate::client::{self, Client};
use crate::framing;
use crate::health::Faults;
use crate::settings::Settings;
use crate::window::Windows;
use eventlog::Record;
use kernel::{Offset, TopicPartition};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::Duration;

/// How long one look for records takes when there are none.
const POLL: Duration = Duration::from_millis(100);
/// Records that reach the windows together at most.
const TOGETHER_MAX: usize = 1_024;
/// After a refused assignment.
const RETRY: Duration = Duration::from_millis(100);

/// A partition to be fetched from an offset on.
pub(crate) type Wanted = (TopicPartition, Offset);

pub(crate) struct Fetcher {
    consumer: RwLock<Arc<Client>>,
    settings: Settings,
    windows: Arc<Windows>,
    faults: Arc<Faults>,
    /// Somebody has seen that it does not bring what is there.
    stalled: AtomicBool,
}

impl Fetcher {
    pub(crate) fn new(
        settings: Settings,
        windows: Arc<Windows>,
        faults: Arc<Faults>,
    ) -> Result<Self, KafkaError> {
        let consumer = client::consumer(&settings.fetcher(), &faults)?;
        Ok(Self {
            consumer: RwLock::new(Arc::new(consumer)),
            settings,
            windows,
            faults,
            stalled: AtomicBool::default(),
        })
    }

    fn consumer(&self) -> Arc<Client> {
        let consumer = self.consumer.read();
        Arc::clone(&consumer.unwrap_or_else(PoisonError::into_inner))
    }

    /// Records are there that it does not bring.
    pub(crate) fn note_stall(&self) {
        self.stalled.store(true, Ordering::Release);
    }

    /// Fetches until told to stop.
    pub(crate) fn run(&self, stop: &AtomicBool) {
        let mut place = None;
        let mut records = Vec::new();
        while !stop.load(Ordering::Acquire) {
            let consumer = self.consumer();
            let mut polled = consumer.poll(POLL);
            for _ in 0..TOGETHER_MAX {
                let Some(found) = polled else { break };
                self.take(found, &mut place, &mut records);
                polled = consumer.poll(Duration::ZERO);
            }
            if let Some(last) = polled {
                self.take(last, &mut place, &mut records);
            }
            self.hand_over(&mut place, &mut records);
        }
    }

    fn take(
        &self,
        found: KafkaResult<BorrowedMessage<'_>>,
        place: &mut Option<Place>,
        records: &mut Vec<Record>,
    ) {
        let message = match found {
            Ok(message) => message,
            Err(error) => return self.note(&error),
        };
        if !place.as_ref().is_some_and(|place| place.is_of(&message)) {
            self.hand_over(place, records);
            *place = Place::of(&message, &self.settings);
        }
        records.extend(record(&message, &self.settings));
    }

    /// One broker of several that is away is no fault yet: its partitions move.
    fn note(&self, error: &KafkaError) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::BrokerTransportFailure) {
            tracing::debug!(%error, "a connection is gone");
        } else {
            self.faults.fetch_failed(&error.to_string());
        }
    }

    fn hand_over(&self, place: &mut Option<Place>, records: &mut Vec<Record>) {
        if records.is_empty() {
            return;
        }
        self.faults.fetched();
        match place {
            Some(place) => self.windows.take(place.at, records),
            None => records.clear(),
        }
    }

    /// Adds partitions as they are asked for, until nobody can ask any more.
    pub(crate) fn assign(&self, wanted: &Receiver<Wanted>, stop: &AtomicBool) {
        let mut waiting: Vec<Wanted> = Vec::new();
        let mut assigned: BTreeSet<TopicPartition> = BTreeSet::new();
        while !stop.load(Ordering::Acquire) {
            match wanted.recv_timeout(RETRY) {
                Ok(first) => waiting.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            waiting.extend(wanted.try_iter());
            if self.stalled.swap(false, Ordering::AcqRel) {
                match self.begin_anew() {
                    Ok(standing) => assigned = standing,
                    Err(error) => {
                        self.faults.fetch_failed(&error.to_string());
                        self.note_stall();
                    }
                }
            }
            // A new consumer has what was asked for before its time, heard of here or not yet, and
            // refuses it a second time.
            waiting.retain(|(at, _)| !assigned.contains(at));
            if waiting.is_empty() {
                continue;
            }
            let added = assignment(&self.settings, &waiting)
                .and_then(|list| self.consumer().incremental_assign(&list));
            match added {
                Ok(()) => assigned.extend(waiting.drain(..).map(|(at, _)| at)),
                Err(error) => self.faults.fetch_failed(&error.to_string()),
            }
        }
    }

    /// Another consumer goes on where the windows stand. What the old one still brings comes twice,
    /// and the windows leave it out.
    fn begin_anew(&self) -> Result<BTreeSet<TopicPartition>, KafkaError> {
        let fresh = client::consumer(&self.settings.fetcher(), &self.faults)?;
        let standing = self.windows.standing();
        fresh.incremental_assign(&assignment(&self.settings, &standing)?)?;
        tracing::info!(partitions = standing.len(), "a new consumer begins");
        let mut place = self
            .consumer
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(fresh);
        Ok(standing.into_iter().map(|(at, _)| at).collect())
    }
}

/// The partition whose records are being gathered, by the broker's names.
struct Place {
    topic: String,
    partition: i32,
    at: TopicPartition,
}

impl Place {
    fn of(message: &BorrowedMessage<'_>, settings: &Settings) -> Option<Self> {
        let at = settings.place(message.topic(), message.partition())?;
        Some(Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            at,
        })
    }

    fn is_of(&self, message: &BorrowedMessage<'_>) -> bool {
        self.partition == message.partition() && self.topic == message.topic()
    }
}

/// A message as a record of ours.
pub(crate) fn record(message: &BorrowedMessage<'_>, settings: &Settings) -> Option<Record> {
    let offset = u64::try_from(message.offset()).ok()?;
    let bytes = framing::from_wire(&settings.wire_ids, message.payload().unwrap_or_default());
    Some(Record { offset, bytes })
}

/// Partitions and offsets, for the library.
pub(crate) fn assignment(
    settings: &Settings,
    wanted: &[Wanted],
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(wanted.len());
    for (at, from) in wanted {
        let from = i64::try_from(*from).unwrap_or(i64::MAX);
        list.add_partition_offset(
            &settings.topic_name(at.topic),
            i32::from(at.partition),
            rdkafka::Offset::Offset(from),
        )?;
    }
    Ok(list)
}

/// The way to ask for partitions.
pub(crate) fn wanted() -> (mpsc::Sender<Wanted>, Receiver<Wanted>) {
    mpsc::channel()
}
