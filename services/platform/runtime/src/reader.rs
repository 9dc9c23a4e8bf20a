//! The reader of journals of a process: one pass over each, for views and listeners alike.
//!
//! Duty: follow every journal partition through the fold, hand effective decisions to listeners
//! at once, and write their rows into the view store with the position that they stand at.
//!
//! Prohibition: listeners are called in the log's order and must not block; a view is never
//! written ahead of what was read.

use crate::context::Shared;
use crate::health::{Condition, Health};
use crate::service::Context;
use crate::tail::{Stretch, Tail, chain_from_bytes, chain_to_bytes};
use eventlog::{Chain, EventLog};
use kernel::{Topic, TopicPartition};
use schemas::rows::{AnswerRow, table};
use schemas::{Blob, Decision, Wire};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use viewstore::{Progress, Row, ViewStore};

/// Turns one effective decision into rows. Pure.
pub type Projection = fn(&Decision) -> Vec<Row>;

/// Hears every effective decision once it has been read.
pub trait Listener: Send + Sync + 'static {
    /// Takes a stretch of one partition. Called in order within the partition.
    fn hear(&self, stretch: &Stretch);
}

/// What the reader is made of.
#[derive(Clone)]
pub struct Reader {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The views.
    pub views: Arc<dyn ViewStore>,
    /// Each journal's projection.
    pub projections: Arc<BTreeMap<Topic, Projection>>,
    /// Who hears decisions.
    pub listeners: Arc<Vec<Arc<dyn Listener>>>,
    /// Where the condition is told.
    pub health: Arc<Health>,
}

/// Stretches that may wait for the view store.
const STRETCHES_WAITING: usize = 32;
/// After a failure of the view store.
const RETRY_AFTER: Duration = Duration::from_millis(200);

impl Reader {
    /// Follows one journal partition until told to stop. It is missing from the health from this
    /// call on, whenever the future is polled first.
    pub fn follow(
        self,
        at: TopicPartition,
        mut shutdown: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send {
        let name = format!("reader of {at}");
        self.health
            .set(&name, Condition::Starting("catching up".to_owned()));
        async move {
            tokio::select! {
                biased;
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = self.read(at, &name) => {}
            }
        }
    }

    async fn read(&self, at: TopicPartition, name: &str) {
        let chain = self.starting_point(at).await;
        let mut tail = Tail::new(Arc::clone(&self.log), at, chain);
        let (sender, receiver) = mpsc::channel(STRETCHES_WAITING);
        let writing = self.write(at, receiver);
        let reading = async move {
            let end = self.log.end(at).await.unwrap_or(0);
            self.tell(&nothing_yet(at, tail.chain()));
            loop {
                if tail.chain().next_offset >= end {
                    self.health.set(name, Condition::Ready);
                }
                match tail.next().await {
                    Ok(stretch) => {
                        self.tell(&stretch);
                        if sender.send(stretch).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%at, %error, "reader halted");
                        self.health.set(name, Condition::Halted(error.to_string()));
                        return;
                    }
                }
            }
        };
        tokio::join!(reading, writing);
    }

    fn tell(&self, stretch: &Stretch) {
        for listener in self.listeners.iter() {
            listener.hear(stretch);
        }
    }

    async fn starting_point(&self, at: TopicPartition) -> Chain {
        loop {
            match self.views.progress(at).await {
                Ok(progress) => {
                    return progress
                        .map(|p| chain_from_bytes(&p.chain))
                        .unwrap_or_default();
                }
                Err(error) => {
                    tracing::warn!(%at, %error, "view store unavailable, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn write(&self, at: TopicPartition, mut stretches: mpsc::Receiver<Stretch>) {
        let mut waiting = Vec::new();
        while stretches.recv_many(&mut waiting, STRETCHES_WAITING).await > 0 {
            let Some(chain) = waiting
                .last()
                .map(|stretch: &Stretch| stretch.chain.clone())
            else {
                continue;
            };
            let rows: Vec<Row> = waiting
                .drain(..)
                .flat_map(|stretch| self.rows(&stretch))
                .collect();
            let progress = Progress {
                next_offset: chain.next_offset,
                seq: chain.seq,
                chain: chain_to_bytes(&chain),
            };
            // Rows are full and carry their seq: writing them again changes nothing.
            while let Err(error) = self.views.apply(at, rows.clone(), progress.clone()).await {
                tracing::warn!(%at, %error, "view store unavailable, trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }

    fn rows(&self, stretch: &Stretch) -> Vec<Row> {
        let projection = self.projections.get(&stretch.topic_partition.topic);
        rows_of(stretch, projection.copied())
    }
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
    /// Follows one journal partition from its beginning until told to stop. It is missing from
    /// the health from this call on, whenever the future is polled first.
    pub fn follow(
        self,
        at: TopicPartition,
        mut shutdown: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send {
        let name = format!("picture of {at}");
        self.health
            .set(&name, Condition::Starting("catching up".to_owned()));
        async move {
            tokio::select! {
                biased;
                _ = shutdown.wait_for(|stop| *stop) => {}
                () = self.draw(at, &name) => {}
            }
        }
    }

    async fn draw(&self, at: TopicPartition, name: &str) {
        let mut tail = Tail::new(Arc::clone(&self.log), at, Chain::default());
        let end = self.log.end(at).await.unwrap_or(0);
        let mut caught_up = false;
        loop {
            if !caught_up && tail.chain().next_offset >= end {
                caught_up = true;
                self.health.set(name, Condition::Ready);
                for listener in self.listeners.iter() {
                    listener.hear(&nothing_yet(at, tail.chain()));
                }
            }
            match tail.next().await {
                Ok(stretch) => {
                    self.context
                        .change(|picture| (self.take)(picture, &stretch));
                    for listener in self.listeners.iter().filter(|_| caught_up) {
                        listener.hear(&stretch);
                    }
                }
                Err(error) => {
                    tracing::error!(%at, %error, "picture halted");
                    self.health.set(name, Condition::Halted(error.to_string()));
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventlog::MemoryLog;
    use viewstore::MemoryViewStore;

    /// Who waits for all parts right after they were started must wait for these.
    #[test]
    fn what_was_not_polled_yet_is_missing() {
        let health = Arc::new(Health::default());
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
        let at = TopicPartition::new(Topic::OddsEvents, 3);
        let stop = watch::Sender::new(false);
        let reader = Reader {
            log: Arc::clone(&log),
            views: Arc::new(MemoryViewStore::default()),
            projections: Arc::default(),
            listeners: Arc::default(),
            health: Arc::clone(&health),
        };
        let reading = reader.follow(at, stop.subscribe());
        let drawing = Drawing {
            log,
            context: Arc::new(Shared::new(())),
            take: |(), _| {},
            listeners: Arc::default(),
            health: Arc::clone(&health),
        };
        let drawn = drawing.follow(at, stop.subscribe());
        let missing: Vec<String> = health.missing().into_iter().map(|(part, _)| part).collect();
        assert_eq!(
            missing,
            ["picture of odds.events/3", "reader of odds.events/3"]
        );
        drop((reading, drawn));
    }
}
