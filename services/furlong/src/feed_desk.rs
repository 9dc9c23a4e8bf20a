//! The desk where feed sources hand in what they say.
//!
//! Duty: number each source's updates for the partitions of odds, and send them as commands whose
//! request ids follow from source and number, so that handing in twice has one effect.
//!
//! Prohibition: before the first update of a process the journal must have been read to its end
//! ([`FeedDesk::begin`]), or numbers would be used twice.

use bytes::Bytes;
use eventlog::{EventLog, LogError};
use futures::future::BoxFuture;
use gateway::ports::{FeedArrival, FeedIngest, FeedLine, FeedLineError, FeedNotTaken};
use kernel::{CorrelationId, Digest, Partition, RequestId, Timestamp, Topic, TopicPartition};
use markets::MarketView;
use odds::feed::FeedUpdate;
use odds::feed::ndjson;
use odds::feed::router::{Arrival, FeedRouter, request_key};
use runtime::Shared;
use schemas::odds::{ApplyFeedMessage, Command};
use schemas::{CommandRecord, Wire};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two attempts to read a log that does not answer.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// All feed sources of a process.
pub struct FeedDesk {
    router: Mutex<FeedRouter>,
    markets: Arc<Shared<MarketView>>,
    partitions: u16,
}

impl FeedDesk {
    /// A desk that sees this picture of the markets.
    #[must_use]
    pub fn new(markets: Arc<Shared<MarketView>>, partitions: u16) -> Self {
        Self {
            router: Mutex::new(FeedRouter::new(partitions)),
            markets,
            partitions,
        }
    }

    /// Takes over the counts of every source before the first message, however long the log does
    /// not answer: a process that ended here would only be started again, to ask the same.
    ///
    /// # Errors
    /// The inboxes are damaged.
    pub async fn begin(&self, log: &dyn EventLog) -> Result<(), LogError> {
        loop {
            match self.recover(log).await {
                Err(error @ LogError::Unavailable { .. }) => {
                    tracing::warn!(%error, "feed desk cannot read, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                done => return done,
            }
        }
    }

    /// Takes over the counts of every source: what the journal has recorded, and what still waits
    /// in the inboxes because the process before this one was killed. Without the second, a new
    /// message would get a number that is taken, and pass for a repeat.
    ///
    /// # Errors
    /// The inboxes cannot be read.
    async fn recover(&self, log: &dyn EventLog) -> Result<(), LogError> {
        let recorded: Vec<(String, Partition, u64)> = self
            .markets
            .look()
            .sources()
            .map(|(source, partition, sequence)| (source.to_owned(), partition, sequence))
            .collect();
        for (source, partition, sequence) in recorded {
            self.router().recover(&source, partition, sequence);
        }
        for partition in 0..self.partitions {
            let inbox = TopicPartition::new(Topic::OddsCommands, partition);
            let mut next = self.markets.look().commands_decided(partition);
            loop {
                let records = log.read(inbox, next, READ_BYTES).await?;
                let Some(last) = records.last() else { break };
                next = last.offset.saturating_add(1);
                for record in &records {
                    if let Some(message) = feed_message(&record.bytes) {
                        self.router()
                            .recover(&message.source, partition, message.sequence);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether each update follows on what was met of its source here.
    fn all_follow_on(&self, updates: &[(usize, FeedUpdate)]) -> bool {
        let router = self.router();
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, update) in updates {
            first.entry(&update.source).or_insert(update.sequence);
        }
        first
            .iter()
            .all(|(source, sequence)| router.is_familiar(source, *sequence))
    }

    fn router(&self) -> MutexGuard<'_, FeedRouter> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers an update for its partitions.
    pub fn route(&self, update: FeedUpdate) -> (Arrival, Vec<(Partition, ApplyFeedMessage)>) {
        let routed = self.router().route(update);
        (routed.arrival, routed.messages)
    }

    fn line(&self, (line, update): (usize, FeedUpdate)) -> FeedLine {
        let source = update.source.clone();
        let (arrival, messages) = self.route(update);
        FeedLine {
            line,
            source,
            arrival: arrival_of(&arrival),
            messages,
        }
    }

    /// Hands an update to the log.
    pub async fn send(&self, log: &dyn EventLog, update: FeedUpdate, now: Timestamp) {
        let (_, messages) = self.route(update);
        for (partition, message) in messages {
            let at = TopicPartition::new(Topic::OddsCommands, partition);
            log.send(at, command(partition, message, now)).await;
        }
    }
}

/// How much of an inbox is read at once.
const READ_BYTES: usize = 1 << 20;

/// The feed message of an inbox record, if it is one.
fn feed_message(record: &[u8]) -> Option<ApplyFeedMessage> {
    let datum = schemas::unframe(Topic::OddsCommands, record).ok()?;
    match CommandRecord::<Command>::from_bytes(datum).ok()?.command {
        Command::ApplyFeedMessage(message) => Some(message),
        Command::SuspendMarket(_)
        | Command::ResumeMarket(_)
        | Command::ResultMarket(_)
        | Command::RollBackResult(_)
        | Command::WithdrawSelection(_)
        | Command::LeanBook(_)
        | Command::ProposeRuling(_)
        | Command::ApproveRuling(_)
        | Command::StateRace(_)
        | Command::ResultFromScore(_)
        | Command::SetLeaning(_) => None,
    }
}

/// The inbox record of a feed message.
#[must_use]
pub fn command(partition: Partition, message: ApplyFeedMessage, now: Timestamp) -> Bytes {
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let key = digest(request_key(partition, &message).as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(key.first_chunk::<16>().unwrap_or(&[0; 16]));
    let record = CommandRecord {
        request_id: RequestId::from_bytes(id),
        request_digest: Digest::from_bytes(digest(&message.to_bytes())),
        correlation_id: CorrelationId::from_bytes(id),
        sent_at: now,
        not_after: None,
        command: Command::ApplyFeedMessage(message),
    };
    framed(Topic::OddsCommands, &record)
}

/// A command as it stands in an inbox.
#[must_use]
pub fn framed<C: Wire>(topic: Topic, record: &CommandRecord<C>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    schemas::frame(schemas::schema_of(topic), &mut out);
    record.encode(&mut out);
    out.into()
}

/// The updates in lines, each with its line's number; or the lines that are none.
fn updates_in(
    body: &str,
    partitions: u16,
    now: Timestamp,
) -> Result<Vec<(usize, FeedUpdate)>, Vec<FeedLineError>> {
    let (mut updates, mut errors) = (Vec::new(), Vec::new());
    for (line, read) in body.lines().zip(1_usize..) {
        if line.trim().is_empty() {
            continue;
        }
        match ndjson::read_line(line, partitions, now) {
            Ok(update) => updates.push((read, update)),
            Err(error) => errors.push(line_error(read, &error)),
        }
    }
    if errors.is_empty() {
        Ok(updates)
    } else {
        Err(errors)
    }
}

impl FeedIngest for FeedDesk {
    fn take<'a>(
        &'a self,
        log: &'a dyn EventLog,
        body: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<FeedLine>, FeedNotTaken>> {
        Box::pin(async move {
            let updates = updates_in(body, self.partitions, now).map_err(FeedNotTaken::Lines)?;
            if !self.all_follow_on(&updates) {
                self.recover(log).await.map_err(FeedNotTaken::Log)?;
            }
            Ok(updates
                .into_iter()
                .map(|update| self.line(update))
                .collect())
        })
    }
}

fn arrival_of(arrival: &Arrival) -> FeedArrival {
    match *arrival {
        Arrival::InOrder => FeedArrival::InOrder,
        Arrival::Repeated { last } => FeedArrival::Repeated { last },
        Arrival::Gap { expected, got } => FeedArrival::Gap { expected, got },
    }
}

fn line_error(line: usize, error: &ndjson::LineError) -> FeedLineError {
    let pointer = match error {
        ndjson::LineError::Field(field) => format!(
            "/{}",
            field.path().replace(['.', '['], "/").replace(']', "")
        ),
        ndjson::LineError::TooLong | ndjson::LineError::NotAnObject(_) => String::new(),
    };
    FeedLineError {
        line,
        pointer,
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use eventlog::{AppendOutcome, MemoryLog, Record, Writer};
    use futures::executor::block_on;
    use kernel::Offset;
    use schemas::odds::{Alive, Update};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn alive(sequence: u64) -> FeedUpdate {
        FeedUpdate {
            source: "f".to_owned(),
            sequence,
            published_at: Timestamp::from_millis(1),
            update: Update::Alive(Alive {}),
        }
    }

    /// A process was killed after it had sent two messages and before odds decided on them.
    #[test]
    fn messages_that_wait_undecided_keep_their_numbers() {
        let log = MemoryLog::default();
        let desk = || FeedDesk::new(Arc::new(Shared::new(MarketView::default())), 2);
        let killed = desk();
        block_on(killed.send(&log, alive(1), Timestamp::from_millis(1)));
        block_on(killed.send(&log, alive(2), Timestamp::from_millis(2)));
        let next = desk();
        block_on(next.recover(&log)).unwrap();
        let (_, messages) = next.route(alive(3));
        let numbers: Vec<u64> = messages
            .iter()
            .map(|(_, message)| message.sequence)
            .collect();
        assert_eq!(numbers, [3, 3]);
    }

    /// A log whose first reads are not answered.
    struct AwayAtFirst(MemoryLog, AtomicU32);

    impl EventLog for AwayAtFirst {
        fn writer(&self, at: TopicPartition) -> Arc<dyn Writer> {
            self.0.writer(at)
        }

        fn send(&self, at: TopicPartition, record: Bytes) -> BoxFuture<'static, AppendOutcome> {
            self.0.send(at, record)
        }

        fn read(
            &self,
            at: TopicPartition,
            from: Offset,
            bytes_max: usize,
        ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
            let away = self
                .1
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                });
            if away.is_err() {
                return self.0.read(at, from, bytes_max);
            }
            Box::pin(std::future::ready(Err(LogError::Unavailable {
                operation: "read",
                topic_partition: at,
                detail: "away".to_owned(),
            })))
        }

        fn end(&self, at: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
            self.0.end(at)
        }

        fn wait(&self, at: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
            self.0.wait(at, from)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_is_away_at_the_start_is_asked_again() {
        let log = AwayAtFirst(MemoryLog::default(), AtomicU32::new(3));
        let desk = || FeedDesk::new(Arc::new(Shared::new(MarketView::default())), 1);
        desk().send(&log, alive(1), Timestamp::from_millis(1)).await;
        let next = desk();
        next.begin(&log).await.unwrap();
        let (arrival, _) = next.route(alive(2));
        assert_eq!(arrival, Arrival::InOrder);
    }

    fn line(sequence: u64) -> String {
        format!(r#"{{"type":"alive","source":"f","sequence":{sequence}}}"#)
    }

    /// One gateway after another serves the same source; odds has decided on nothing meanwhile.
    #[test]
    fn a_source_that_moves_to_another_gateway_and_back_keeps_its_numbers() {
        let log = MemoryLog::default();
        let desk = || FeedDesk::new(Arc::new(Shared::new(MarketView::default())), 1);
        let (one, other) = (desk(), desk());
        let mut numbers = Vec::new();
        for (desk, sequence) in [(&one, 1), (&one, 2), (&other, 3), (&other, 4), (&one, 5)] {
            let (now, body) = (Timestamp::from_millis(1), line(sequence));
            let taken = block_on(desk.take(&log, &body, now)).unwrap();
            for line in &taken {
                assert_eq!(line.arrival, FeedArrival::InOrder, "{sequence}");
                for (partition, message) in &line.messages {
                    numbers.push(message.sequence);
                    let inbox = TopicPartition::new(Topic::OddsCommands, *partition);
                    block_on(log.send(inbox, command(*partition, message.clone(), now)));
                }
            }
        }
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
    }
}
