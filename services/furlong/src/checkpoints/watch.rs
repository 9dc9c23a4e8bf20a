//! The watcher of a log that keeps no hashes itself: the work of the role audit.
//!
//! Duty: read every record of every topic partition, inboxes too, keep running hashes and heads,
//! and sign them every second. After a restart it goes on from the newest intact checkpoint, once
//! it has found the log as that checkpoint left it.
//!
//! Prohibition: what does not agree with a signed checkpoint is never signed over. The watcher
//! stops for good then, and the last checkpoint before stays for those who have to judge.

use super::CheckpointSigner;
use super::follow::{Altered, Board, Follower, RETRY_AFTER};
use super::notes::{self, Notes, Turn};
use super::watched::Watched;
use crate::house::NewestCheckpoint;
use audit::checkpoint::{self, Checkpoint, PartitionMark};
use bytes::Bytes;
use eventlog::{Chain, EventLog, StoredPartition};
use kernel::{Topic, TopicPartition};
use runtime::{Clock, Condition, Health};
use schemas::Wire;
use snapshots::{SnapshotError, SnapshotStore};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// Between two checkpoints.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long a log may take to show records that a checkpoint knows: its newest end may come late
/// after its brokers have changed.
pub const LATE_AT_MOST: Duration = Duration::from_secs(30);
/// Its name in the list of parts.
const PART: &str = "audit of the log";

/// Watches all partitions of a log.
pub struct LogWatcher {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Partitions of every topic.
    pub partitions: u16,
    /// Signs.
    pub signer: Arc<CheckpointSigner>,
    /// Where checkpoints are kept. One watcher writes there at a time.
    pub store: Arc<dyn SnapshotStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the newest checkpoint is published.
    pub newest: Arc<NewestCheckpoint>,
    /// Where the condition is told.
    pub health: Arc<Health>,
    /// Between two checkpoints; usually [`CHECKPOINT_EVERY`].
    pub every: Duration,
    /// How long records that a checkpoint knows are waited for; usually [`LATE_AT_MOST`].
    pub late_at_most: Duration,
}

/// Where watching begins.
struct Beginning {
    watched: BTreeMap<TopicPartition, Watched>,
    marks: BTreeMap<TopicPartition, PartitionMark>,
    turn: Turn,
}

impl LogWatcher {
    /// Watches until told to stop, and signs once more then. It is missing from the health from
    /// this call on until all that there was is read and signed.
    ///
    /// # Errors
    /// The log does not agree with a signed checkpoint. Nothing was signed since.
    pub fn watch(
        self,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = Result<(), Altered>> + Send {
        let starting = Condition::Starting("reading the log".to_owned());
        self.health.set(PART, starting);
        self.run(stop)
    }

    async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Altered> {
        let beginning = tokio::select! {
            biased;
            () = told(&mut stop) => return Ok(()),
            beginning = self.begin() => beginning,
        };
        let mut turn = beginning.turn;
        let board = Board::default();
        let caught_up = Arc::new(Notify::new());
        let mut followers = self.follow_all(beginning, &board, &caught_up);
        loop {
            tokio::select! {
                biased;
                () = told(&mut stop) => break,
                Some(ended) = followers.join_next() => match ended {
                    Ok(altered) => {
                        tracing::error!(%altered, "no checkpoint is signed any more");
                        self.health.set(PART, Condition::Halted(altered.to_string()));
                        return Err(altered);
                    }
                    Err(error) => {
                        tracing::error!(%error, "a partition is not watched any more");
                        self.health.set(PART, Condition::Halted(error.to_string()));
                    }
                },
                () = caught_up.notified() => self.sign(&board, &mut turn).await,
                () = tokio::time::sleep(self.every) => self.sign(&board, &mut turn).await,
            }
        }
        followers.shutdown().await;
        self.sign(&board, &mut turn).await;
        Ok(())
    }

    fn follow_all(
        &self,
        mut beginning: Beginning,
        board: &Board,
        caught_up: &Arc<Notify>,
    ) -> JoinSet<Altered> {
        let mut followers = JoinSet::new();
        let mut entries = board.lock().unwrap_or_else(PoisonError::into_inner);
        for topic in Topic::ALL.iter().copied() {
            for at in (0..self.partitions).map(|partition| TopicPartition::new(topic, partition)) {
                let watched = beginning.watched.remove(&at);
                let watched = watched.unwrap_or_else(|| Watched::new(at));
                entries.insert(at, (watched.clone(), false));
                let follower = Follower {
                    log: Arc::clone(&self.log),
                    mark: beginning.marks.remove(&at),
                    watched,
                    board: Arc::clone(board),
                    caught_up: Arc::clone(caught_up),
                    late_at_most: self.late_at_most,
                };
                followers.spawn(follower.follow());
            }
        }
        drop(entries);
        for mark in beginning.marks.into_values() {
            let at = mark.end.topic_partition();
            tracing::warn!(%at, "a checkpoint knows a partition that is not watched");
        }
        followers
    }

    /// Signs what stands on the board, once every partition has come to where it was known.
    async fn sign(&self, board: &Board, turn: &mut Turn) {
        let standing = {
            let board = board.lock().unwrap_or_else(PoisonError::into_inner);
            if board.values().any(|(_, caught_up)| !caught_up) {
                return;
            }
            let standing = board.values().map(|(watched, _)| watched);
            standing
                .filter(|watched| watched.last.is_some())
                .cloned()
                .collect::<Vec<Watched>>()
        };
        let stored: Vec<StoredPartition> = standing.iter().map(Watched::stored).collect();
        let heads: BTreeMap<TopicPartition, Chain> = standing
            .iter()
            .filter_map(|watched| Some((watched.at, watched.chain.clone()?)))
            .collect();
        let now = self.clock.now();
        let (name, signed) = self.signer.sign(now, &stored, &heads);
        let published = self.signer.published(&signed);
        let notes = Notes::of(now, standing.iter()).to_bytes();
        // The notes first: without them the log would have to be read from its beginning. The turn
        // changes with the checkpoint: the notes of the one that stands are never written over.
        let mut next = *turn;
        let kept = async {
            let place = next.next().to_owned();
            self.store.put_named(place, notes.into()).await?;
            self.store.put_named(name, signed.into()).await
        };
        match kept.await {
            Ok(()) => {
                *turn = next;
                self.health.set(PART, Condition::Ready);
                self.newest.publish(published);
            }
            Err(error) => tracing::warn!(%error, "checkpoint not kept"),
        }
    }

    /// Looks for the newest intact checkpoint until the store answers.
    async fn begin(&self) -> Beginning {
        loop {
            match self.newest_checkpoint().await {
                Ok(beginning) => return beginning,
                Err(error) => {
                    tracing::warn!(%error, "no checkpoints from the store, trying again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn newest_checkpoint(&self) -> Result<Beginning, SnapshotError> {
        let names = self
            .store
            .list_named(checkpoint::NAME_PREFIX.to_owned())
            .await?;
        for name in names.into_iter().rev() {
            let bytes = self.store.get_named(name.clone()).await?;
            let verified = bytes.map(|bytes| self.signer.verify(&bytes));
            match verified {
                Some(Ok(newest)) => {
                    let [first, second] = notes::names();
                    let kept = [
                        self.store.get_named(first.to_owned()).await?,
                        self.store.get_named(second.to_owned()).await?,
                    ];
                    return Ok(Beginning::from_checkpoint(newest, kept));
                }
                Some(Err(error)) => tracing::error!(name, %error, "checkpoint passed over"),
                None => tracing::error!(name, "damaged checkpoint passed over"),
            }
        }
        Ok(Beginning {
            watched: BTreeMap::new(),
            marks: BTreeMap::new(),
            turn: Turn::default(),
        })
    }
}

impl Beginning {
    fn from_checkpoint(newest: Checkpoint, kept: [Option<Bytes>; 2]) -> Self {
        let (watched, turn) = notes::choose(kept, &newest).unwrap_or_else(|| {
            tracing::info!("no notes to the newest checkpoint, the log is read from its beginning");
            Default::default()
        });
        let marks = newest.partitions.into_iter();
        Self {
            watched,
            marks: marks
                .map(|mark| (mark.end.topic_partition(), mark))
                .collect(),
            turn,
        }
    }
}

/// Resolves when it is time to stop; that nobody can say so any more means the same.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
