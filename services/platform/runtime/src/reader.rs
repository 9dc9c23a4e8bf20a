//! The reader of journals of a process: one pass over each, for views and listeners alike.
//!
//! Duty: follow every journal partition through the fold, hand effective decisions to listeners
//! at once, and write their rows into the view store with the position that they stand at.
//!
//! Prohibition: listeners are called in the log's order and must not block; a view is never
//! written ahead of what was read.

use crate::context::Shared;
use crate::figures::{ReaderFigures, ReaderKind};
use crate::health::{Condition, Health};
use crate::service::Context;
use crate::tail::{Stretch, Tail, TailError, chain_from_bytes, chain_to_bytes};
use eventlog::{Chain, EventLog, LogError};
use failpoints::Point;
use kernel::{Offset, Topic, TopicPartition};
use schemas::rows::{AnswerRow, table};
use schemas::{Blob, Decision, Wire};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use viewstore::{Progress, Row, ViewError, ViewStore};

/// Turns one effective decision into rows. Pure.
pub type Projection = fn(&Decision) -> Vec<Row>;

/// Hears every effective decision once it has been read.
pub trait Listener: Send + Sync + 'static {
    /// Takes a stretch of one partition. Called in order within the partition.
    fn hear(&self, stretch: &Stretch);
}

/// What a reader does with the rows that decisions become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Writes them: it is a projector. A view store that is away holds it up.
    Write,
    /// Leaves them to the projectors of other processes: it only tells its listeners.
    Leave,
}

impl Rows {
    const fn kind(self) -> ReaderKind {
        match self {
            Self::Write => ReaderKind::Projector,
            Self::Leave => ReaderKind::Reader,
        }
    }
}

/// What the reader is made of.
#[derive(Clone)]
pub struct Reader {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The views.
    pub views: Arc<dyn ViewStore>,
    /// Whether it writes them.
    pub rows: Rows,
    /// Each journal's projection.
    pub projections: Arc<BTreeMap<Topic, Projection>>,
    /// Who hears decisions.
    pub listeners: Arc<Vec<Arc<dyn Listener>>>,
    /// Where the condition is told.
    pub health: Arc<Health>,
}

/// Stretches that may wait for the view store.
const STRETCHES_WAITING: usize = 32;
/// Between two looks whether the views still stand where they were left.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks at the end of the log, for the figures.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// After a failure of the log or the view store.
const RETRY_AFTER: Duration = Duration::from_millis(200);

impl Reader {
    /// Follows one journal partition for as long as it is polled, under this name in the health.
    /// It is missing there from this call on, whenever the future is polled first.
    pub fn follow(
        self,
        name: String,
        at: TopicPartition,
    ) -> impl Future<Output = ()> + Send + use<> {
        self.health.set(&name, catching_up());
        async move { self.read(at, &name).await }
    }

    async fn read(&self, at: TopicPartition, name: &str) {
        let figures = self.health.figures().reader(self.rows.kind(), at);
        loop {
            let chain = self.starting_point(at, &figures).await;
            let _following = figures.follow(chain.next_offset);
            let (sender, receiver) = mpsc::channel(STRETCHES_WAITING);
            let writing = self.write(at, chain.next_offset, receiver, &figures);
            let mut tail = Tail::new(Arc::clone(&self.log), at, chain);
            let reading = async {
                let end = end_of(&*self.log, at).await;
                self.tell(&nothing_yet(at, tail.chain()));
                let mut caught_up = false;
                loop {
                    if !caught_up && tail.chain().next_offset >= end {
                        caught_up = true;
                        self.health.set(name, Condition::Ready);
                    }
                    let stretch = next_of(&mut tail, name, caught_up, &self.health).await;
                    self.tell(&stretch);
                    figures.note_read(stretch.chain.next_offset);
                    if self.rows == Rows::Write && sender.send(stretch).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = reading => {}
                () = writing => {}
                () = measure(&*self.log, at, &figures) => {}
            }
            tracing::warn!(%at, "the views have been emptied, and are written again");
        }
    }

    fn tell(&self, stretch: &Stretch) {
        for listener in self.listeners.iter() {
            listener.hear(stretch);
        }
    }

    async fn starting_point(&self, at: TopicPartition, figures: &ReaderFigures) -> Chain {
        loop {
            match self.views.progress(at).await {
                Ok(progress) => {
                    return progress
                        .map(|p| chain_from_bytes(&p.chain))
                        .unwrap_or_default();
                }
                Err(error) => {
                    figures.retries.add(1);
                    tracing::warn!(%at, %error, "view store unavailable, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Writes rows for as long as the views stand where it left them. Ends when somebody has
    /// emptied them.
    async fn write(
        &self,
        at: TopicPartition,
        mut written: Offset,
        mut stretches: mpsc::Receiver<Stretch>,
        figures: &ReaderFigures,
    ) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut waiting: Vec<Stretch> = Vec::new();
            tokio::select! {
                biased;
                _ = stretches.recv_many(&mut waiting, STRETCHES_WAITING) => {}
                _ = looks.tick(), if self.starts_again() => {
                    if self.were_emptied(at, written).await {
                        return;
                    }
                }
            }
            let Some(chain) = waiting.last().map(|stretch| stretch.chain.clone()) else {
                continue;
            };
            let rows: Vec<Row> = waiting
                .drain(..)
                .flat_map(|stretch| self.rows_of(&stretch))
                .collect();
            let progress = Progress {
                next_offset: chain.next_offset,
                seq: chain.seq,
                chain: chain_to_bytes(&chain),
            };
            failpoints::pass(Point::Projecting);
            // Rows are full and carry their seq: writing them again changes nothing.
            while let Err(error) = self.views.apply(at, rows.clone(), progress.clone()).await {
                if error == ViewError::Cleared && self.starts_again() {
                    return;
                }
                figures.retries.add(1);
                tracing::warn!(%at, %error, "view store unavailable, trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
            failpoints::pass(Point::Projected);
            written = progress.next_offset;
            figures.note_written(written);
            figures
                .rows
                .add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        }
    }

    /// Listeners must not hear anything twice, so only a pure projector can start again.
    fn starts_again(&self) -> bool {
        self.rows == Rows::Write && self.listeners.is_empty()
    }

    async fn were_emptied(&self, at: TopicPartition, written: Offset) -> bool {
        match self.views.progress(at).await {
            Ok(progress) => progress.map_or(0, |progress| progress.next_offset) < written,
            Err(_) => false,
        }
    }

    fn rows_of(&self, stretch: &Stretch) -> Vec<Row> {
        let projection = self.projections.get(&stretch.topic_partition.topic);
        rows_of(stretch, projection.copied())
    }
}

/// Looks where the log ends, now and then, for as long as it is polled.
async fn measure(log: &dyn EventLog, at: TopicPartition, figures: &ReaderFigures) {
    loop {
        if let Ok(end) = log.end(at).await {
            figures.note_end(end);
        }
        tokio::time::sleep(MEASURE_EVERY).await;
    }
}

/// The end of a partition, as soon as the log tells it.
pub async fn end_of(log: &dyn EventLog, at: TopicPartition) -> Offset {
    loop {
        match log.end(at).await {
            Ok(end) => return end,
            Err(error) => {
                tracing::warn!(%at, %error, "log unavailable, trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// The next stretch. A log that does not answer is asked again; a fold that halts, and damage,
/// are told to the health, and nothing comes any more.
async fn next_of(tail: &mut Tail, name: &str, caught_up: bool, health: &Health) -> Stretch {
    let mut away = false;
    loop {
        let found = if away {
            tail.next_now().await
        } else {
            tail.next().await.map(Some)
        };
        match found {
            Ok(found) => {
                if std::mem::take(&mut away) {
                    let as_before = if caught_up {
                        Condition::Ready
                    } else {
                        catching_up()
                    };
                    health.set(name, as_before);
                }
                if let Some(stretch) = found {
                    return stretch;
                }
            }
            Err(TailError::Log(error @ LogError::Unavailable { .. })) => {
                tracing::warn!(name, %error, "log unavailable, trying again");
                health.set(name, Condition::Starting(error.to_string()));
                away = true;
                tokio::time::sleep(RETRY_AFTER).await;
            }
            Err(error @ (TailError::Halted(_) | TailError::Log(LogError::Unreadable { .. }))) => {
                tracing::error!(name, %error, "reader halted");
                health.set(name, Condition::Halted(error.to_string()));
                std::future::pending::<()>().await;
            }
        }
    }
}

fn catching_up() -> Condition {
    Condition::Starting("catching up".to_owned())
}

/// What a listener hears first: where its reading begins.
fn nothing_yet(topic_partition: TopicPartition, chain: &Chain) -> Stretch {
    Stretch {
        topic_partition,
        decisions: Vec::new(),
        chain: chain.clone(),
    }
}

/// The rows of a stretch: the answers to requests, and what the service's projection makes.
#[must_use]
pub fn rows_of(stretch: &Stretch, projection: Option<Projection>) -> Vec<Row> {
    let mut rows = Vec::new();
    for effective in &stretch.decisions {
        let decision = &*effective.decision;
        let header = &decision.header;
        if let (Some(request), Some(digest)) = (header.request_id, header.request_digest) {
            let row = AnswerRow {
                request,
                digest,
                position: decision.position,
                decided_at: header.decided_at,
                body: Blob(effective.body.to_vec()),
            };
            rows.push(Row {
                table: table::ANSWER,
                key: request.bytes().to_vec(),
                value: row.to_bytes(),
                seq: header.seq,
            });
        }
        if let Some(projection) = projection {
            rows.extend(projection(decision));
        }
    }
    rows
}

/// What draws a shared context from journal partitions.
pub struct Drawing<C> {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The picture.
    pub context: Arc<Shared<C>>,
    /// How a stretch changes it.
    pub take: fn(&mut C, &Stretch),
    /// Who hears of what is new since the start, once it is in the picture.
    pub listeners: Arc<Vec<Arc<dyn Listener>>>,
    /// Where the condition is told.
    pub health: Arc<Health>,
}

impl<C> Clone for Drawing<C> {
    fn clone(&self) -> Self {
        Self {
            log: Arc::clone(&self.log),
            context: Arc::clone(&self.context),
            take: self.take,
            listeners: Arc::clone(&self.listeners),
            health: Arc::clone(&self.health),
        }
    }
}

impl<C: Context> Drawing<C> {
    /// Follows one journal partition from its beginning for as long as it is polled. It is missing
    /// from the health from this call on, whenever the future is polled first.
    pub fn follow(self, at: TopicPartition) -> impl Future<Output = ()> + Send {
        let name = format!("picture of {at}");
        self.health.set(&name, catching_up());
        async move { self.draw(at, &name).await }
    }

    async fn draw(&self, at: TopicPartition, name: &str) {
        let figures = self.health.figures().reader(ReaderKind::Picture, at);
        let _following = figures.follow(0);
        tokio::select! {
            () = self.draw_on(at, name, &figures) => {}
            () = measure(&*self.log, at, &figures) => {}
        }
    }

    async fn draw_on(&self, at: TopicPartition, name: &str, figures: &ReaderFigures) {
        let mut tail = Tail::new(Arc::clone(&self.log), at, Chain::default());
        let end = end_of(&*self.log, at).await;
        let mut caught_up = false;
        loop {
            if !caught_up && tail.chain().next_offset >= end {
                caught_up = true;
                self.health.set(name, Condition::Ready);
                for listener in self.listeners.iter() {
                    listener.hear(&nothing_yet(at, tail.chain()));
                }
            }
            let stretch = next_of(&mut tail, name, caught_up, &self.health).await;
            self.context
                .change(|picture| (self.take)(picture, &stretch));
            figures.note_read(stretch.chain.next_offset);
            for listener in self.listeners.iter().filter(|_| caught_up) {
                listener.hear(&stretch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventlog::MemoryLog;
    use viewstore::MemoryViewStore;

    fn a_claim(at: TopicPartition) -> bytes::Bytes {
        let header = schemas::Header {
            kind: schemas::Kind::Claim,
            epoch: 1,
            claim_id: schemas::ClaimId::default(),
            seq: 0,
            confirmed: 0,
            prev: None,
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: kernel::CorrelationId::from_bytes([0; 16]),
            decided_at: kernel::Timestamp::default(),
        };
        let body = schemas::Body::<schemas::ledger::Event, schemas::ledger::Rejection> {
            rejection: None,
            events: Vec::new(),
        };
        schemas::encode_record(schemas::schema_of(at.topic), &header, &body).into()
    }

    /// Emptied views are filled again from the beginning, while the projector goes on.
    #[test]
    fn emptied_views_are_written_again() {
        let at = TopicPartition::new(Topic::LedgerEvents, 3);
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
        let health = Arc::new(Health::default());
        let views = MemoryViewStore::default();
        let reader = Reader {
            log: Arc::clone(&log),
            views: Arc::new(views.clone()),
            rows: Rows::Write,
            projections: Arc::default(),
            listeners: Arc::default(),
            health: Arc::clone(&health),
        };
        let paused = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        paused.block_on(async {
            log.writer(at).append(vec![a_claim(at)]).await;
            let following = tokio::spawn(reader.follow("reader".to_owned(), at));
            let written = async |views: &MemoryViewStore| {
                while views.progress(at).await.unwrap().is_none() {
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                views.progress(at).await.unwrap()
            };
            let before = written(&views).await;
            views.clear().await.unwrap();
            assert_eq!(written(&views).await, before);
            tokio::time::sleep(MEASURE_EVERY).await;
            let readers = health.figures().readers();
            let [((kind, place), figures)] = readers.as_slice() else {
                panic!("one reader")
            };
            assert_eq!((*kind, *place), (ReaderKind::Projector, at));
            assert_eq!((figures.unread(), figures.unwritten()), (Some(0), Some(0)));
            following.abort();
            assert!(following.await.is_err_and(|ended| ended.is_cancelled()));
            assert_eq!(figures.unread(), None, "it does not read any more");
        });
    }

    /// Who waits for all parts right after they were started must wait for these.
    #[test]
    fn what_was_not_polled_yet_is_missing() {
        let health = Arc::new(Health::default());
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
        let at = TopicPartition::new(Topic::OddsEvents, 3);
        let reader = Reader {
            log: Arc::clone(&log),
            views: Arc::new(MemoryViewStore::default()),
            rows: Rows::Write,
            projections: Arc::default(),
            listeners: Arc::default(),
            health: Arc::clone(&health),
        };
        let reading = reader.follow("reader of odds.events/3".to_owned(), at);
        let drawing = Drawing {
            log,
            context: Arc::new(Shared::new(())),
            take: |(), _| {},
            listeners: Arc::default(),
            health: Arc::clone(&health),
        };
        let drawn = drawing.follow(at);
        let missing: Vec<String> = health.missing().into_iter().map(|(part, _)| part).collect();
        assert_eq!(
            missing,
            ["picture of odds.events/3", "reader of odds.events/3"]
        );
        drop((reading, drawn));
    }
}
