//! Writing: one idempotent producer for the process.
//!
//! Duty: records leave in the order of the calls; what became of each arrives with the delivery
//! reports on one thread, whoever waits. After a fatal error of the library a new producer takes
//! the old one's place.
//!
//! Prohibition: a writer that has seen any doubt writes no more, nor does one whose producer was
//! replaced: the order of two producers is nobody's promise. No report is taken for an answer.

use crate::client;
use crate::error::ConnectError;
use crate::framing;
use crate::health::Faults;
use crate::settings::Settings;
use crate::window::Window;
use bytes::Bytes;
use eventlog::{AppendOutcome, Writer};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the thread listens for reports before it looks around.
const POLL: Duration = Duration::from_millis(100);

/// The process's way into the brokers.
pub(crate) struct Producers {
    settings: Settings,
    faults: Arc<Faults>,
    /// None once the log is closed.
    current: RwLock<Option<Arc<Generation>>>,
}

/// One producer of the library.
struct Generation {
    number: u64,
    producer: BaseProducer<Reports>,
}

/// What the library reports to.
pub(crate) struct Reports {
    faults: Arc<Faults>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        client::log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.faults.append_failed(&format!("{error}: {reason}"));
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, report: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        match report {
            Ok(message) => {
                self.faults.appended();
                if let (Ok(offset), Some(window)) =
                    (u64::try_from(message.offset()), &ticket.batch.window)
                {
                    window.note_end(offset.saturating_add(1));
                }
                ticket.batch.settle(ticket.index, AppendOutcome::Sent);
            }
            Err((error, _)) => {
                self.faults.append_failed(&error.to_string());
                ticket.batch.settle(ticket.index, AppendOutcome::Unknown);
            }
        }
    }
}

/// One record of a batch on its way.
pub(crate) struct Ticket {
    batch: Arc<Batch>,
    index: usize,
}

/// Records that were handed over together.
struct Batch {
    window: Option<Arc<Window>>,
    doubt: Arc<AtomicBool>,
    pending: Mutex<Pending>,
}

struct Pending {
    outcomes: Vec<AppendOutcome>,
    left: usize,
    told: Option<oneshot::Sender<Vec<AppendOutcome>>>,
}

impl Batch {
    fn settle(&self, index: usize, outcome: AppendOutcome) {
        if outcome != AppendOutcome::Sent {
            self.doubt.store(true, Ordering::Release);
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = pending.outcomes.get_mut(index) {
            *slot = outcome;
        }
        pending.left = pending.left.saturating_sub(1);
        if pending.left == 0
            && let Some(told) = pending.told.take()
        {
            let outcomes = std::mem::take(&mut pending.outcomes);
            // Nobody may be waiting any more.
            drop(told.send(outcomes));
        }
    }
}

/// Where records go.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    /// Whose end moves with the reports.
    pub(crate) window: Option<Arc<Window>>,
}

impl Producers {
    pub(crate) fn new(settings: Settings, faults: Arc<Faults>) -> Result<Arc<Self>, ConnectError> {
        let producers = Self {
            settings,
            faults,
            current: RwLock::default(),
        };
        let first = producers.generation(1)?;
        *producers.write() = Some(Arc::new(first));
        Ok(Arc::new(producers))
    }

    fn generation(&self, number: u64) -> Result<Generation, ConnectError> {
        let reports = Reports {
            faults: Arc::clone(&self.faults),
        };
        let config = self.settings.producer();
        let producer = BaseProducer::from_config_and_context(&config, reports)?;
        Ok(Generation { number, producer })
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Option<Arc<Generation>>> {
        self.current.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Generation>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Listens for reports until the log is closed.
    pub(crate) fn run(&self) {
        let mut retired: Vec<Arc<Generation>> = Vec::new();
        while let Some(current) = self.current() {
            current.producer.poll(POLL);
            if let Some((code, detail)) = current.producer.client().fatal_error() {
                self.faults.append_failed(&format!("{code}: {detail}"));
                match self.generation(current.number.saturating_add(1)) {
                    Ok(next) => {
                        let mut place = self.write();
                        if place.is_some() {
                            *place = Some(Arc::new(next));
                        }
                        drop(place);
                        tracing::warn!(%code, detail, "a new producer begins");
                        retired.push(current);
                    }
                    Err(error) => tracing::error!(%error, "no new producer"),
                }
            }
            // The last one to hold a producer is this thread: giving it up takes time.
            retired.retain(|old| Arc::strong_count(old) > 1);
        }
    }

    /// Waits a little for what is on its way and takes no more.
    pub(crate) fn close(&self) {
        let last = self.write().take();
        if let Some(last) = last
            && let Err(error) = last.producer.flush(self.settings.send_timeout)
        {
            tracing::warn!(%error, "records were still on their way when the log was closed");
        }
    }

    /// Hands records over, in order, and tells what became of them; in doubt after a while.
    fn produce(
        &self,
        generation: Option<u64>,
        to: &Destination,
        records: &[Bytes],
        doubt: Arc<AtomicBool>,
    ) -> BoxFuture<'static, Vec<AppendOutcome>> {
        let count = records.len();
        let unknown = vec![AppendOutcome::Unknown; count];
        let current = self.current();
        let Some(current) = current
            .as_ref()
            .filter(|current| generation.is_none_or(|number| number == current.number))
        else {
            doubt.store(true, Ordering::Release);
            return ready(unknown).boxed();
        };
        if count == 0 {
            return ready(unknown).boxed();
        }
        let (told, outcomes) = oneshot::channel();
        let batch = Arc::new(Batch {
            window: to.window.clone(),
            doubt: Arc::clone(&doubt),
            pending: Mutex::new(Pending {
                outcomes: unknown.clone(),
                left: count,
                told: Some(told),
            }),
        });
        for (index, record) in records.iter().enumerate() {
            if let Err(error) = self.hand_over(current, to, record, &batch, index) {
                self.faults.append_failed(&error.to_string());
                for rest in index..count {
                    batch.settle(rest, AppendOutcome::Unknown);
                }
                break;
            }
        }
        let patience = self.settings.send_timeout;
        async move {
            match tokio::time::timeout(patience, outcomes).await {
                Ok(Ok(outcomes)) => outcomes,
                Ok(Err(_)) | Err(_) => {
                    doubt.store(true, Ordering::Release);
                    unknown
                }
            }
        }
        .boxed()
    }

    fn hand_over(
        &self,
        current: &Generation,
        to: &Destination,
        record: &[u8],
        batch: &Arc<Batch>,
        index: usize,
    ) -> Result<(), KafkaError> {
        let rewritten = to
            .window
            .as_ref()
            .and_then(|_| framing::to_wire(&self.settings.wire_ids, record));
        let ticket = Box::new(Ticket {
            batch: Arc::clone(batch),
            index,
        });
        let record = BaseRecord::<(), [u8], Box<Ticket>>::with_opaque_to(&to.topic, ticket)
            .partition(to.partition)
            .payload(rewritten.as_deref().unwrap_or(record));
        current.producer.send(record).map_err(|(error, _)| error)
    }

    /// Hands one record over for which no order is asked.
    pub(crate) fn send(
        &self,
        to: &Destination,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome> {
        self.produce(None, to, &[record], Arc::default())
            .map(|outcomes| outcomes.first().copied().unwrap_or(AppendOutcome::Unknown))
            .boxed()
    }

    /// A way into one journal partition, for one claim.
    pub(crate) fn writer(self: &Arc<Self>, to: Destination) -> Arc<dyn Writer> {
        Arc::new(KafkaWriter {
            generation: self.current().map(|current| current.number),
            producers: Arc::clone(self),
            to,
            doubt: Arc::default(),
            order: Mutex::default(),
        })
    }
}

struct KafkaWriter {
    producers: Arc<Producers>,
    /// None: the log was closed.
    generation: Option<u64>,
    to: Destination,
    doubt: Arc<AtomicBool>,
    order: Mutex<()>,
}

impl Writer for KafkaWriter {
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>> {
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        if self.doubt.load(Ordering::Acquire) || self.generation.is_none() {
            return ready(vec![AppendOutcome::Unknown; records.len()]).boxed();
        }
        let doubt = Arc::clone(&self.doubt);
        self.producers
            .produce(self.generation, &self.to, &records, doubt)
    }
}
