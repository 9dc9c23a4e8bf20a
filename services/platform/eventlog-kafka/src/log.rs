//! The log as its process uses it.
//!
//! Duty: open and close it, and join producer, windows, consumers and the one who asks to the
//! port. Prohibition: no waiting on a broker on the caller's thread, but for closing.
//!
//! An empty read means: nothing stands at or after that offset of all that this process was told
//! of, be it by a question for the end, a delivery report or an earlier read. What others have
//! appended since is found by waiting, or after asking for the end.

use crate::catch_up::{CatchUp, Failure};
use crate::client::{self, Client};
use crate::error::ConnectError;
use crate::fetcher::{self, Fetcher, Wanted};
use crate::health::Faults;
use crate::noticeboard::Noticeboard;
use crate::producer::{Destination, Producers};
use crate::settings::{Settings, Tuning};
use crate::stalls::Looks;
use crate::window::{Lookup, Window, Windows};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog, LogError, Record, Writer};
use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use kernel::{Offset, Topic, TopicPartition};
use rdkafka::consumer::Consumer;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a reader at the tail waits for a record that is known to be on its way, before it
/// looks for it elsewhere.
const STALL: Duration = Duration::from_millis(100);
/// Between two questions to a new leader that does not know yet how far its log is acknowledged.
const LEADER_LAG: Duration = Duration::from_millis(20);
/// Between two looks whether a fault is over.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long such a look may take.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1_000);

/// The log on Kafka. Dropping it closes it. Its futures run within a tokio runtime.
pub struct KafkaLog {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    settings: Settings,
    tuning: Tuning,
    faults: Arc<Faults>,
    windows: Arc<Windows>,
    producers: Arc<Producers>,
    catch_up: Arc<CatchUp>,
    wanted: mpsc::Sender<Wanted>,
    fetcher: Arc<Fetcher>,
    asker: Arc<Client>,
    stop: Arc<AtomicBool>,
}

impl KafkaLog {
    /// Opens the log. The brokers need not answer yet: until they do, nothing is acknowledged.
    ///
    /// # Errors
    /// The client library refuses the settings, or there is no thread to be had.
    pub fn connect(settings: Settings) -> Result<Self, ConnectError> {
        Self::connect_tuned(settings, Tuning::default())
    }

    /// Opens the log with other costs than the usual ones.
    ///
    /// # Errors
    /// As [`KafkaLog::connect`].
    pub fn connect_tuned(settings: Settings, tuning: Tuning) -> Result<Self, ConnectError> {
        let faults = Arc::new(Faults::default());
        let windows = Arc::new(Windows::new(tuning.recent_bytes_max));
        let (wanted, requests) = fetcher::wanted();
        let fetcher = Fetcher::new(settings.clone(), Arc::clone(&windows), Arc::clone(&faults));
        let fetcher = Arc::new(fetcher?);
        let asker = client::consumer(&settings.asker(), &faults)?;
        let shared = Arc::new(Shared {
            fetcher: Arc::clone(&fetcher),
            producers: Producers::new(settings.clone(), Arc::clone(&faults))?,
            catch_up: Arc::new(CatchUp::new(settings.clone(), Arc::clone(&faults))),
            asker: Arc::new(asker),
            stop: Arc::default(),
            settings,
            tuning,
            faults,
            windows,
            wanted,
        });
        let log = Self {
            shared: Arc::clone(&shared),
            threads: Mutex::default(),
        };
        let (producers, stop) = (Arc::clone(&shared.producers), Arc::clone(&shared.stop));
        log.spawn("kafka-reports", move || producers.run())?;
        let (assigning, stopping) = (Arc::clone(&fetcher), Arc::clone(&stop));
        log.spawn("kafka-assign", move || {
            assigning.assign(&requests, &stopping);
        })?;
        log.spawn("kafka-fetch", move || fetcher.run(&stop))?;
        for number in 0..tuning.readers.max(1) {
            let catch_up = Arc::clone(&shared.catch_up);
            log.spawn("kafka-catch-up", move || catch_up.run(number))?;
        }
        log.spawn("kafka-probe", move || shared.probe())?;
        Ok(log)
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), std::io::Error> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)?;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
        Ok(())
    }

    /// How it was opened.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Why the newest append failed, or why nothing is fetched; `None` when all is well.
    #[must_use]
    pub fn health(&self) -> Option<String> {
        self.shared.faults.standing()
    }

    /// The noticeboard beside the log.
    #[must_use]
    pub fn noticeboard(&self) -> Noticeboard {
        Noticeboard::new(
            Arc::clone(&self.shared.producers),
            self.shared.settings.clone(),
            Arc::clone(&self.shared.faults),
        )
    }

    /// Waits a little for what is on its way and gives everything up. Later appends have an
    /// unknown outcome, later reads fail. Blocks until done.
    pub fn close(&self) {
        let threads = {
            let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *threads)
        };
        if threads.is_empty() {
            return;
        }
        self.shared.producers.close();
        self.shared.stop.store(true, Ordering::Release);
        self.shared.catch_up.close();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the event log has panicked");
            }
        }
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Looks whether the brokers are back while a fault stands, and whether what is there comes.
    fn probe(&self) {
        let topic = self.settings.topic_name(Topic::LedgerEvents);
        let mut looks = Looks::default();
        while !self.stop.load(Ordering::Acquire) {
            if let Some(Err(error)) = self.asker.poll(PROBE_EVERY) {
                tracing::debug!(%error, "the one who asks");
            }
            let metadata = || self.asker.fetch_metadata(Some(&topic), PROBE_TIMEOUT);
            if !self.faults.any() {
                self.look_for_stalls(&mut looks);
            } else if metadata().is_ok() {
                self.faults.brokers_answer();
            }
        }
    }

    /// Now and then, where each followed partition ends.
    fn look_for_stalls(&self, looks: &mut Looks) {
        if !looks.are_due() {
            return;
        }
        for (at, next) in self.windows.standing() {
            let topic = self.settings.topic_name(at.topic);
            let partition = i32::from(at.partition);
            let asked = self
                .asker
                .fetch_watermarks(&topic, partition, PROBE_TIMEOUT);
            let Ok((_, end)) = asked else { return };
            if looks.is_stalled(at, next, u64::try_from(end).unwrap_or(0)) {
                tracing::warn!(%at, next, end, "what is there does not come");
                self.fetcher.note_stall();
            }
        }
    }

    fn destination(&self, at: TopicPartition) -> Destination {
        Destination {
            topic: self.settings.topic_name(at.topic).into(),
            partition: i32::from(at.partition),
            window: Some(self.windows.of(at)),
        }
    }

    fn unavailable(
        &self,
        operation: &'static str,
        topic_partition: TopicPartition,
        detail: Option<String>,
    ) -> LogError {
        let detail = detail
            .or_else(|| self.faults.standing())
            .unwrap_or_else(|| "no answer in time".to_owned());
        LogError::Unavailable {
            operation,
            topic_partition,
            detail,
        }
    }

    /// Asks the partition's leader where it ends.
    async fn ask_end(&self, window: &Window) -> Result<Offset, LogError> {
        let at = window.at;
        let asker = Arc::clone(&self.asker);
        let topic = self.settings.topic_name(at.topic);
        let patience = self.tuning.read_timeout;
        let asked = tokio::task::spawn_blocking(move || {
            let ask = || asker.fetch_watermarks(&topic, i32::from(at.partition), patience);
            ask().or_else(|error| {
                // While leaders change, the library may remember a topic without some of its
                // partitions, and never looks again by itself.
                asker.fetch_metadata(Some(&topic), patience)?;
                tracing::debug!(%at, %error, "asked where the partition is");
                ask()
            })
        });
        let answer = asked
            .await
            .map_err(|error| self.unavailable("end", at, Some(error.to_string())))?;
        let (_, end) =
            answer.map_err(|error| self.unavailable("end", at, Some(error.to_string())))?;
        let end = u64::try_from(end).unwrap_or(0);
        window.note_end(end);
        Ok(end)
    }

    /// See the head of the module for what an empty answer means.
    async fn find(
        &self,
        window: &Window,
        from: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Record>, LogError> {
        let mut follow = window.follow();
        let mut empty_before = false;
        loop {
            match window.read(from, bytes_max) {
                Lookup::Here(records) => return Ok(records),
                Lookup::AtTheEnd if window.has_seen(window.known_end().max(from)) => {
                    return Ok(Vec::new());
                }
                Lookup::AtTheEnd if window.known_end() > from => {
                    let comes = follow.wait_for(|newest| *newest > from);
                    if tokio::time::timeout(STALL, comes).await.is_ok() {
                        continue;
                    }
                }
                Lookup::AtTheEnd | Lookup::Elsewhere => {}
            }
            let mut end = window.known_end();
            if from >= end || empty_before {
                end = self.ask_end(window).await?;
                if end < window.known_end() {
                    tokio::time::sleep(LEADER_LAG).await;
                    continue;
                }
                if from >= end {
                    return Ok(Vec::new());
                }
            }
            let records = self.catch_up(window.at, from, bytes_max).await?;
            if let Some(last) = records.last() {
                window.note_end(last.offset.saturating_add(1));
                return Ok(records);
            }
            if empty_before {
                // Asked, looked, and looked before: these offsets hold no records.
                window.nothing_between(from, end);
                return Ok(records);
            }
            empty_before = true;
        }
    }

    async fn catch_up(
        &self,
        at: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Record>, LogError> {
        match self.catch_up.read(at, from, bytes_max).await {
            Ok(Ok(records)) => Ok(records),
            Ok(Err(Failure::Unavailable(detail))) => {
                Err(self.unavailable("read", at, Some(detail)))
            }
            Ok(Err(Failure::Unreadable(detail))) => Err(LogError::Unreadable {
                topic_partition: at,
                detail,
            }),
            Err(_) => Err(self.unavailable("read", at, Some("the log is closed".to_owned()))),
        }
    }

    /// Gives up after a while.
    async fn in_time<T>(
        &self,
        operation: &'static str,
        at: TopicPartition,
        work: impl Future<Output = Result<T, LogError>>,
    ) -> Result<T, LogError> {
        let done = tokio::time::timeout(self.tuning.read_timeout, work).await;
        done.unwrap_or_else(|_| Err(self.unavailable(operation, at, None)))
    }
}

impl EventLog for KafkaLog {
    fn writer(&self, topic_partition: TopicPartition) -> Arc<dyn Writer> {
        let to = self.shared.destination(topic_partition);
        self.shared.producers.writer(to)
    }

    fn send(
        &self,
        topic_partition: TopicPartition,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome> {
        let to = self.shared.destination(topic_partition);
        self.shared.producers.send(&to, record)
    }

    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        let shared = Arc::clone(&self.shared);
        async move {
            let window = shared.windows.of(topic_partition);
            let found = shared.find(&window, from, bytes_max);
            shared.in_time("read", topic_partition, found).await
        }
        .boxed()
    }

    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        let shared = Arc::clone(&self.shared);
        async move {
            let window = shared.windows.of(topic_partition);
            let asked = async {
                let end = shared.ask_end(&window).await?;
                // A new leader may lag behind what was acknowledged before it.
                Ok(end.max(window.known_end()))
            };
            shared.in_time("end", topic_partition, asked).await
        }
        .boxed()
    }

    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        let window = self.shared.windows.of(topic_partition);
        if window.open(from) && self.shared.wanted.send((topic_partition, from)).is_err() {
            tracing::debug!(%topic_partition, "the log is closed");
        }
        let mut follow = window.follow();
        async move {
            if !window.has_left(from) && follow.wait_for(|newest| *newest > from).await.is_err() {
                // The log is gone: nothing will ever come.
                pending::<()>().await;
            }
        }
        .boxed()
    }
}
