//! The one thread that writes.
//!
//! Duty: take all applies that wait into one transaction, each in a savepoint of its own, so
//! that one that is refused leaves the others alone. Prohibition: nobody is told that rows stand
//! before the transaction is committed.

use crate::file::{self, unavailable};
use futures::channel::oneshot;
use kernel::TopicPartition;
use rusqlite::{Connection, Savepoint, TransactionBehavior};
use std::sync::mpsc::Receiver;
use viewstore::{Applied, Progress, Row, ViewError, checksum};

/// Not more changes than this go into one transaction.
const CHANGES_MAX: usize = 256;

/// What is asked of the writer.
pub(crate) enum Change {
    Apply {
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
        answer: oneshot::Sender<Result<Applied, ViewError>>,
    },
    Clear {
        answer: oneshot::Sender<Result<Applied, ViewError>>,
    },
}

impl Change {
    fn answer(self, outcome: Result<Applied, ViewError>) {
        let (Self::Apply { answer, .. } | Self::Clear { answer }) = self;
        // Who asked may have gone.
        drop(answer.send(outcome));
    }
}

/// Writes until the senders are gone and nothing waits.
pub(crate) fn run(mut db: Connection, changes: &Receiver<Change>) {
    while let Ok(first) = changes.recv() {
        let more = std::iter::from_fn(|| changes.try_recv().ok());
        let group: Vec<_> = std::iter::once(first)
            .chain(more)
            .take(CHANGES_MAX)
            .collect();
        match write(&mut db, &group) {
            Ok(outcomes) => {
                for (change, outcome) in group.into_iter().zip(outcomes) {
                    change.answer(outcome);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the views cannot be written");
                for change in group {
                    change.answer(Err(unavailable("apply", &error)));
                }
            }
        }
    }
}

type Outcomes = Vec<Result<Applied, ViewError>>;

fn write(db: &mut Connection, group: &[Change]) -> rusqlite::Result<Outcomes> {
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for change in group {
        let part = transaction.savepoint()?;
        let outcome = match change {
            Change::Apply {
                topic_partition,
                rows,
                progress,
                ..
            } => apply(&part, *topic_partition, rows, progress),
            Change::Clear { .. } => part
                .execute_batch("DELETE FROM row; DELETE FROM source;")
                .map(|()| Applied::default())
                .map_err(Refused::Sqlite),
        };
        // A savepoint that is not committed is rolled back when it is dropped.
        outcomes.push(match outcome {
            Ok(applied) => {
                part.commit()?;
                Ok(applied)
            }
            Err(Refused::View(error)) => {
                part.finish()?;
                Err(error)
            }
            Err(Refused::Sqlite(error)) => return Err(error),
        });
    }
    transaction.commit()?;
    Ok(outcomes)
}

/// Why one apply, or the whole transaction, fails.
enum Refused {
    View(ViewError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn apply(
    part: &Savepoint<'_>,
    writer: TopicPartition,
    rows: &[Row],
    progress: &Progress,
) -> Result<Applied, Refused> {
    let source = source(part, writer, progress)?;
    let mut upsert = part.prepare_cached(
        "INSERT INTO row VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
         SET seq = excluded.seq, value = excluded.value, checksum = excluded.checksum
         WHERE excluded.seq >= row.seq AND excluded.source = row.source",
    )?;
    let mut applied = Applied::default();
    for row in rows {
        let sum = checksum(row.table, &row.key, writer, row.seq, &row.value);
        let seq = stored(row.seq)?;
        let changed = upsert.execute((
            row.table,
            &row.key,
            source,
            seq,
            &row.value,
            sum.cast_signed(),
        ))?;
        if changed > 0 {
            applied.written = applied.written.saturating_add(1);
            continue;
        }
        match file::owner(part, row.table, &row.key)? {
            Some(owner) if owner != writer => {
                return Err(Refused::View(ViewError::TwoOwners {
                    table: row.table.to_owned(),
                    key: row.key.clone(),
                    owner,
                    writer,
                }));
            }
            Some(_) | None => applied.ignored = applied.ignored.saturating_add(1),
        }
    }
    Ok(applied)
}

/// Moves the progress on, and tells the number under which rows name this journal partition.
fn source(
    part: &Savepoint<'_>,
    writer: TopicPartition,
    progress: &Progress,
) -> Result<i64, Refused> {
    let place = (writer.topic.as_str(), writer.partition);
    part.prepare_cached(
        "INSERT INTO source(topic, partition, next_offset, seq, chain) VALUES(?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
         seq = excluded.seq, chain = excluded.chain
         WHERE excluded.next_offset >= source.next_offset",
    )?
    .execute((
        place.0,
        place.1,
        stored(progress.next_offset)?,
        stored(progress.seq)?,
        &progress.chain,
    ))?;
    Ok(part
        .prepare_cached("SELECT id FROM source WHERE topic = ?1 AND partition = ?2")?
        .query_row(place, |row| row.get(0))?)
}

/// SQLite's integers have a sign; no log is long enough to need it.
fn stored(number: u64) -> Result<i64, Refused> {
    i64::try_from(number).map_err(|error| {
        Refused::View(ViewError::Unavailable {
            operation: "apply",
            detail: error.to_string(),
        })
    })
}
