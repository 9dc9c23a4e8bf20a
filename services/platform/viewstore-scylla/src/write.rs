//! Writing rows, and then their progress.
//!
//! Duty: for each journal partition one task that takes applies in the order of the calls, sends
//! rows in batches of one partition with a bounded number under way, and writes the progress when
//! all of them were acknowledged. Prohibition: nothing is read to decide what is written; after a
//! failure no later apply that was already waiting is written, since its progress would stand
//! ahead of its rows.

use crate::keeper::{Link, State};
use crate::layout;
use crate::statements::ROWS_PER_BATCH;
use failpoints::Point;
use futures::stream::{StreamExt as _, TryStreamExt as _};
use kernel::TopicPartition;
use scylla::errors::ExecutionError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use viewstore::{Applied, Progress, Row, ViewError, checksum};

use crate::generation::Generation;

/// Batches that one task has under way.
pub(crate) const BATCHES_PER_TASK: usize = 16;
/// Tasks that one apply is shared out to.
pub(crate) const TASKS_PER_APPLY: usize = 4;
/// A batch is closed when its values are this large.
const BATCH_BYTES: usize = 48 * 1024;
/// Heads that are remembered as listed.
const HEADS_REMEMBERED: usize = 100_000;

/// What a partition's task is asked.
pub(crate) struct Job {
    pub(crate) rows: Vec<Row>,
    pub(crate) progress: Progress,
    pub(crate) answer: oneshot::Sender<Result<Applied, ViewError>>,
}

/// Where a partition's writer stands.
enum Begun {
    /// It found its progress in this generation.
    In(Generation),
    /// It was told that its generation is gone, and has not asked for its progress since.
    Told,
}

/// Heads, with the view that they are listed for.
type Heads = BTreeSet<(&'static str, Vec<u8>)>;
/// A row's head, table and key.
type Place = (Vec<u8>, &'static str, Vec<u8>);

/// What the tasks of all partitions share.
pub(crate) struct Shared {
    pub(crate) state: watch::Receiver<State>,
    pub(crate) trouble: Arc<Notify>,
    /// Where each partition's writer stands.
    begun: Mutex<BTreeMap<TopicPartition, Begun>>,
    /// Heads that are known to be listed, in this generation.
    listed: Mutex<(Option<Generation>, Heads)>,
}

impl Shared {
    pub(crate) fn new(state: watch::Receiver<State>, trouble: Arc<Notify>) -> Self {
        Self {
            state,
            trouble,
            begun: Mutex::default(),
            listed: Mutex::default(),
        }
    }

    pub(crate) fn link(&self, operation: &'static str) -> Result<Arc<Link>, ViewError> {
        self.state.borrow().link(operation)
    }

    /// The store did not do what it was asked.
    pub(crate) fn trouble(
        &self,
        operation: &'static str,
        error: &dyn std::fmt::Display,
    ) -> ViewError {
        self.trouble.notify_one();
        ViewError::Unavailable {
            operation,
            detail: error.to_string(),
        }
    }

    /// This partition's progress was asked for in this generation. Others than its writer ask as
    /// well: a writer that was not told yet still is.
    pub(crate) fn begin(&self, at: TopicPartition, generation: &Generation) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(begun.get(&at), Some(Begun::In(_))) {
            begun.insert(at, Begun::In(generation.clone()));
        }
    }

    /// Whether this partition's writer began in this generation; if it never asked, it does now.
    fn has_begun(&self, at: TopicPartition, generation: &Generation) -> bool {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = match begun
            .entry(at)
            .or_insert_with(|| Begun::In(generation.clone()))
        {
            Begun::In(begun) => begun == generation,
            Begun::Told => false,
        };
        if !ours {
            begun.insert(at, Begun::Told);
        }
        ours
    }

    fn unlisted(
        &self,
        generation: &Generation,
        heads: impl Iterator<Item = (&'static str, Vec<u8>)>,
    ) -> Heads {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = listed.0.as_ref() == Some(generation);
        heads
            .filter(|head| !(ours && listed.1.contains(head)))
            .collect()
    }

    fn remember(&self, generation: &Generation, heads: Heads) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.0.as_ref() != Some(generation) || listed.1.len() > HEADS_REMEMBERED {
            *listed = (Some(generation.clone()), BTreeSet::new());
        }
        listed.1.extend(heads);
    }
}

/// Writes for one journal partition until the handles are gone.
pub(crate) async fn run(
    at: TopicPartition,
    shared: Arc<Shared>,
    mut jobs: mpsc::UnboundedReceiver<Job>,
) {
    while let Some(job) = jobs.recv().await {
        let outcome = apply(at, &shared, job.rows, &job.progress).await;
        let failed = outcome.clone().err();
        // Those that wait were sent by somebody who did not know of the failure.
        let mut behind = Vec::new();
        if failed.is_some() {
            while let Ok(waiting) = jobs.try_recv() {
                behind.push(waiting.answer);
            }
        }
        // Who asked may have gone.
        drop(job.answer.send(outcome));
        for (answer, error) in behind.into_iter().zip(failed.into_iter().cycle()) {
            drop(answer.send(Err(error)));
        }
    }
}

async fn apply(
    at: TopicPartition,
    shared: &Shared,
    rows: Vec<Row>,
    progress: &Progress,
) -> Result<Applied, ViewError> {
    let link = shared.link("apply")?;
    if !shared.has_begun(at, &link.generation) {
        return Err(ViewError::Cleared);
    }
    let writing = write_rows(at, shared, Arc::clone(&link), rows);
    let (applied, newest) = futures::join!(writing, link.is_newest());
    let applied = applied?;
    if !newest.map_err(|error| shared.trouble("apply", &error))? {
        // The writer is told so when its rows come again, as they do.
        return Err(shared.trouble("apply", &"the store was emptied a moment ago"));
    }
    failpoints::pass(Point::RowsWritten);
    write_progress(at, shared, &link, progress).await?;
    Ok(applied)
}

/// A row as it is bound.
pub(crate) struct Bound {
    pub(crate) table: &'static str,
    pub(crate) key: Vec<u8>,
    pub(crate) seq: i64,
    pub(crate) value: Vec<u8>,
    pub(crate) checksum: i64,
}

/// Rows of one head, which travel together.
pub(crate) struct Batch {
    pub(crate) head: Vec<u8>,
    pub(crate) rows: Vec<Bound>,
}

async fn write_rows(
    at: TopicPartition,
    shared: &Shared,
    link: Arc<Link>,
    rows: Vec<Row>,
) -> Result<Applied, ViewError> {
    let source: Arc<str> = at.to_string().into();
    let (batches, applied) = batches(at, rows)?;
    list_heads(shared, &link, &batches).await?;
    if batches.len() <= BATCHES_PER_TASK {
        send(link, source, batches)
            .await
            .map_err(|error| shared.trouble("apply", &error))?;
        return Ok(applied);
    }
    let mut shares: Vec<Vec<Batch>> = (0..TASKS_PER_APPLY).map(|_| Vec::new()).collect();
    let share_len = batches.len().div_ceil(TASKS_PER_APPLY);
    let mut batches = batches.into_iter();
    for share in &mut shares {
        share.extend(batches.by_ref().take(share_len));
    }
    // Dropped with this future, and its tasks with it.
    let mut tasks = JoinSet::new();
    for share in shares {
        tasks.spawn(send(Arc::clone(&link), Arc::clone(&source), share));
    }
    while let Some(sent) = tasks.join_next().await {
        match sent {
            Ok(sent) => sent.map_err(|error| shared.trouble("apply", &error))?,
            Err(error) => return Err(shared.trouble("apply", &error)),
        }
    }
    Ok(applied)
}

/// The rows that stand, of several with one key the last of the highest seq, by heads.
pub(crate) fn batches(
    at: TopicPartition,
    rows: Vec<Row>,
) -> Result<(Vec<Batch>, Applied), ViewError> {
    let all = rows.len();
    let mut standing: BTreeMap<Place, (u64, Vec<u8>)> = BTreeMap::new();
    for row in rows {
        let head = layout::head(row.table, &row.key);
        let place = standing.entry((head, row.table, row.key)).or_default();
        if row.seq >= place.0 {
            *place = (row.seq, row.value);
        }
    }
    let applied = Applied {
        written: number(standing.len()),
        ignored: number(all.saturating_sub(standing.len())),
    };
    let mut batches: Vec<Batch> = Vec::new();
    let mut bytes = 0_usize;
    for ((head, table, key), (seq, value)) in standing {
        let sum = checksum(table, &key, at, seq, &value).cast_signed();
        let size = value.len().saturating_add(key.len());
        bytes = bytes.saturating_add(size);
        let row = Bound {
            table,
            key,
            seq: stored(seq)?,
            value,
            checksum: sum,
        };
        match batches.last_mut() {
            Some(batch)
                if batch.head == head
                    && batch.rows.len() < ROWS_PER_BATCH
                    && bytes <= BATCH_BYTES =>
            {
                batch.rows.push(row);
            }
            Some(_) | None => {
                bytes = size;
                batches.push(Batch {
                    head,
                    rows: vec![row],
                });
            }
        }
    }
    Ok((batches, applied))
}

/// Sends batches, some at a time, until one fails.
async fn send(
    link: Arc<Link>,
    source: Arc<str>,
    batches: Vec<Batch>,
) -> Result<(), ExecutionError> {
    let (link, source) = (&*link, &*source);
    futures::stream::iter(batches)
        .map(|batch| send_batch(link, source, batch))
        .buffer_unordered(BATCHES_PER_TASK)
        .try_collect()
        .await
}

async fn send_batch(link: &Link, source: &str, batch: Batch) -> Result<(), ExecutionError> {
    let head = &batch.head;
    let values: Vec<_> = batch
        .rows
        .iter()
        .map(|row| {
            let Bound {
                table,
                key,
                seq,
                value,
                checksum,
            } = row;
            (head, *table, key, source, *seq, value, *checksum, *seq)
        })
        .collect();
    match (
        values.as_slice(),
        link.statements.write_rows.get(values.len()),
    ) {
        ([], _) => {}
        ([row], _) => {
            let write = &link.statements.write_row;
            link.session.execute_unpaged(write, row).await?;
        }
        (rows, Some(write)) => {
            link.session.batch(write, rows).await?;
        }
        (rows, None) => {
            for row in rows {
                let write = &link.statements.write_row;
                link.session.execute_unpaged(write, row).await?;
            }
        }
    }
    Ok(())
}

/// Lists heads that are not known to be, before a row is in them.
async fn list_heads(shared: &Shared, link: &Link, batches: &[Batch]) -> Result<(), ViewError> {
    let heads = batches.iter().flat_map(|batch| {
        let tables: BTreeSet<&'static str> = batch.rows.iter().map(|row| row.table).collect();
        let tables = tables.into_iter().filter(|table| layout::listed(table));
        tables.map(|table| (table, batch.head.clone()))
    });
    let unlisted = shared.unlisted(&link.generation, heads);
    for some in chunks(&unlisted) {
        let listing = some.into_iter().map(|head| list_head(link, head));
        let listed = futures::future::try_join_all(listing).await;
        listed.map_err(|error| shared.trouble("apply", &error))?;
    }
    shared.remember(&link.generation, unlisted);
    Ok(())
}

fn chunks(heads: &Heads) -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let heads: Vec<_> = heads.iter().cloned().collect();
    heads.chunks(BATCHES_PER_TASK).map(<[_]>::to_vec).collect()
}

async fn list_head(link: &Link, head: (&'static str, Vec<u8>)) -> Result<(), ExecutionError> {
    let list = &link.statements.list_head;
    link.session.execute_unpaged(list, head).await?;
    Ok(())
}

async fn write_progress(
    at: TopicPartition,
    shared: &Shared,
    link: &Link,
    progress: &Progress,
) -> Result<(), ViewError> {
    let next_offset = stored(progress.next_offset)?;
    let source = at.to_string();
    let sum = progress_checksum(at, progress);
    let values = (
        &source,
        next_offset,
        stored(progress.seq)?,
        &progress.chain,
        sum,
        next_offset,
    );
    let write = &link.statements.write_progress;
    link.session
        .execute_unpaged(write, values)
        .await
        .map_err(|error| shared.trouble("apply", &error))?;
    Ok(())
}

/// As a row's, over the whole of the progress.
pub(crate) fn progress_checksum(at: TopicPartition, progress: &Progress) -> i64 {
    let key = progress.next_offset.to_be_bytes();
    checksum("progress", &key, at, progress.seq, &progress.chain).cast_signed()
}

/// The store's integers have a sign; no log is long enough to need it.
fn stored(number: u64) -> Result<i64, ViewError> {
    i64::try_from(number).map_err(|error| ViewError::Unavailable {
        operation: "apply",
        detail: error.to_string(),
    })
}

fn number(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
