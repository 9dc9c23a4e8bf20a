//! Reading older records: a few consumers beside the tail.
//!
//! Duty: answer reads of what has left the memory or never was there. A reader that goes on where
//! its last answer ended gets the same consumer, which has read ahead meanwhile: replaying a
//! journal is one stream. Prohibition: nothing is kept here; an answer nobody waits for any more
//! is given up.

use crate::client::{self, Client};
use crate::fetcher::{assignment, record};
use crate::health::Faults;
use crate::settings::Settings;
use eventlog::Record;
use kernel::{Offset, TopicPartition};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::types::RDKafkaErrorCode;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long an idle consumer sleeps between two looks at its own affairs.
const IDLE: Duration = Duration::from_millis(200);
/// How long a consumer waits for a first record before it looks whether anybody still waits.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long it waits for more when it has some.
const MORE: Duration = Duration::from_millis(2);

/// A consumer that nobody goes on with lets its partition go after so many looks.
const IDLE_MAX: u8 = 5;

/// What was found, in order; empty when there is nothing before the end.
pub(crate) type Found = Result<Vec<Record>, Failure>;

/// Why nothing was found.
pub(crate) enum Failure {
    /// It does not answer, or not us.
    Unavailable(String),
    /// What it answers is damaged.
    Unreadable(String),
}

/// A read that waits for a consumer.
struct Request {
    at: TopicPartition,
    from: Offset,
    bytes_max: usize,
    found: oneshot::Sender<Found>,
}

/// The requests and who may take them.
pub(crate) struct CatchUp {
    settings: Settings,
    faults: Arc<Faults>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    closed: bool,
    requests: VecDeque<Request>,
    /// Where each idle consumer stands, by its number.
    idle: Vec<(usize, Option<Standing>)>,
}

/// The next record that a consumer would give.
type Standing = (TopicPartition, Offset);

impl CatchUp {
    pub(crate) fn new(settings: Settings, faults: Arc<Faults>) -> Self {
        Self {
            settings,
            faults,
            queue: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the records from `from` on.
    pub(crate) fn read(
        &self,
        at: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> oneshot::Receiver<Found> {
        let (found, answer) = oneshot::channel();
        let mut queue = self.queue();
        if !queue.closed {
            queue.requests.push_back(Request {
                at,
                from,
                bytes_max,
                found,
            });
            self.changed.notify_all();
        }
        answer
    }

    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        queue.requests.clear();
        self.changed.notify_all();
    }

    /// One consumer's life.
    pub(crate) fn run(&self, number: usize) {
        let mut reader = Reader {
            settings: &self.settings,
            faults: &self.faults,
            consumer: None,
            standing: None,
            idle: 0,
        };
        loop {
            match self.next(number, reader.standing) {
                Next::Closed => return,
                Next::Idle => reader.look_around(),
                Next::Read(request) => reader.answer(request),
            }
        }
    }

    /// The next request for this consumer: one that goes on where it stands, else the oldest that
    /// no idle consumer stands ready for.
    fn next(&self, number: usize, standing: Option<Standing>) -> Next {
        let mut queue = self.queue();
        if !queue.closed && queue.requests.is_empty() {
            queue.idle.push((number, standing));
            queue = self
                .changed
                .wait_timeout(queue, IDLE)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        if queue.closed {
            return Next::Closed;
        }
        let chosen = queue.choose(number, standing);
        queue.idle.retain(|(idle, _)| *idle != number);
        let request = chosen.and_then(|index| queue.requests.remove(index));
        if !queue.requests.is_empty() {
            self.changed.notify_all();
        }
        request.map_or(Next::Idle, Next::Read)
    }
}

enum Next {
    Closed,
    Idle,
    Read(Request),
}

impl Queue {
    fn choose(&self, number: usize, standing: Option<Standing>) -> Option<usize> {
        let of = |request: &Request| (request.at, request.from);
        let own = self.requests.iter().position(|r| Some(of(r)) == standing);
        own.or_else(|| {
            self.requests.iter().position(|request| {
                let another = |(idle, at): &(usize, Option<Standing>)| {
                    *idle != number && *at == Some(of(request))
                };
                !self.idle.iter().any(another)
            })
        })
    }
}

/// A consumer and where it stands.
struct Reader<'a> {
    settings: &'a Settings,
    faults: &'a Arc<Faults>,
    consumer: Option<Client>,
    standing: Option<Standing>,
    /// Looks around since it was last asked.
    idle: u8,
}

impl Reader<'_> {
    fn answer(&mut self, request: Request) {
        let Request {
            at,
            from,
            bytes_max,
            found,
        } = request;
        self.idle = 0;
        if found.is_closed() {
            return;
        }
        let settings = self.settings;
        let consumer = match self.consumer_at(at, from) {
            Ok(consumer) => consumer,
            Err(error) => {
                self.standing = None;
                // Whoever asked may have gone.
                drop(found.send(Err(Failure::Unavailable(error.to_string()))));
                return;
            }
        };
        let gathered = gather(consumer, settings, (at, from), bytes_max, &found);
        self.standing = match &gathered {
            Gathered::Some(records) => records
                .last()
                .map(|last| (at, last.offset.saturating_add(1))),
            Gathered::UpToTheEnd(_) | Gathered::Failed(_) => None,
        };
        if self.standing.is_none() {
            self.rest();
        }
        let answer = match gathered {
            Gathered::Some(records) | Gathered::UpToTheEnd(records) => {
                self.faults.fetched();
                Ok(records)
            }
            Gathered::Failed(failure) => Err(failure),
        };
        drop(found.send(answer));
    }

    fn consumer_at(&mut self, at: TopicPartition, from: Offset) -> Result<&Client, KafkaError> {
        let consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => client::consumer(&self.settings.catch_up(), self.faults)?,
        };
        let consumer = self.consumer.insert(consumer);
        if self.standing != Some((at, from)) {
            self.standing = None;
            consumer.assign(&assignment(self.settings, &[(at, from)])?)?;
        }
        Ok(consumer)
    }

    /// Fetches nothing until asked again.
    fn rest(&self) {
        if let Some(consumer) = &self.consumer
            && let Err(error) = consumer.unassign()
        {
            tracing::debug!(%error, "a consumer does not let go");
        }
    }

    /// Lets the library tell what it has to tell. What was read ahead is kept for a while.
    fn look_around(&mut self) {
        self.idle = self.idle.saturating_add(1);
        if self.idle > IDLE_MAX && self.standing.take().is_some() {
            self.rest();
        }
        if self.standing.is_none()
            && let Some(consumer) = &self.consumer
            && let Some(Err(error)) = consumer.poll(Duration::ZERO)
        {
            tracing::debug!(%error, "an idle consumer");
        }
    }
}

/// What a consumer has brought.
enum Gathered {
    /// At least one record; there may be more.
    Some(Vec<Record>),
    /// All that there is, perhaps nothing.
    UpToTheEnd(Vec<Record>),
    /// Nothing, and why.
    Failed(Failure),
}

fn gather(
    consumer: &Client,
    settings: &Settings,
    (at, from): Standing,
    bytes_max: usize,
    waiting: &oneshot::Sender<Found>,
) -> Gathered {
    let topic = settings.topic_name(at.topic);
    let partition = i32::from(at.partition);
    let mut records: Vec<Record> = Vec::new();
    let mut bytes = 0_usize;
    let mut next = from;
    while records.is_empty() || bytes < bytes_max {
        let patience = if records.is_empty() { PATIENCE } else { MORE };
        match consumer.poll(patience) {
            Some(Ok(message)) => {
                let ours = message.partition() == partition && message.topic() == topic;
                let found = record(&message, settings).filter(|r| ours && r.offset >= next);
                if let Some(found) = found {
                    next = found.offset.saturating_add(1);
                    bytes = bytes.saturating_add(found.bytes.len().max(1));
                    records.push(found);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Gathered::UpToTheEnd(records),
            Some(Err(error)) => match failure(&error) {
                Some(failure) if records.is_empty() => return Gathered::Failed(failure),
                Some(_) => return Gathered::Some(records),
                None => {}
            },
            None if !records.is_empty() => return Gathered::Some(records),
            None => {}
        }
        if records.is_empty() && waiting.is_closed() {
            let detail = "nobody waits any more".to_owned();
            return Gathered::Failed(Failure::Unavailable(detail));
        }
    }
    Gathered::Some(records)
}

/// What the library does not get over by itself; for the rest the reader waits as long as it likes.
fn failure(error: &KafkaError) -> Option<Failure> {
    use RDKafkaErrorCode as Code;
    let code = error.rdkafka_error_code()?;
    let damaged = [Code::BadMessage, Code::InvalidMessage];
    let refused = [
        Code::UnknownTopic,
        Code::UnknownTopicOrPartition,
        Code::UnknownPartition,
        Code::TopicAuthorizationFailed,
    ];
    if damaged.contains(&code) {
        Some(Failure::Unreadable(error.to_string()))
    } else if refused.contains(&code) {
        Some(Failure::Unavailable(error.to_string()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    #[test]
    fn a_reader_goes_on_with_the_consumer_that_has_read_ahead() {
        let at = |partition| TopicPartition::new(Topic::BetsEvents, partition);
        let catch_up = CatchUp::new(Settings::new("", ""), Arc::default());
        let _answers = [(0, 5), (1, 7), (2, 0)].map(|(p, from)| catch_up.read(at(p), from, 1));
        let mut queue = catch_up.queue();
        queue.idle = vec![(0, Some((at(0), 5))), (1, Some((at(1), 8))), (2, None)];
        assert_eq!(queue.choose(0, Some((at(0), 5))), Some(0), "its own");
        assert_eq!(queue.choose(1, Some((at(1), 8))), Some(1), "not another's");
        assert_eq!(queue.choose(2, None), Some(1), "the oldest that is free");
    }
}
