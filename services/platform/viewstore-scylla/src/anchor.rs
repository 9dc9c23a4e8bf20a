//! What the adapter's speed is measured against: the driver alone.
//!
//! Duty: the same rows written twice, once through the adapter and once by a loop that does
//! nothing but send them: bound before, in the same batches, as many under way. Prohibition: no
//! clock; whoever measures takes the time around the two calls, in turns.

use crate::generation::change_schema;
use crate::settings::Settings;
use crate::statements::{self, ROWS_PER_BATCH};
use crate::store::{ConnectError, ScyllaViewStore};
use crate::write::{self, BATCHES_PER_TASK, Batch, TASKS_PER_APPLY};
use futures::stream::{StreamExt as _, TryStreamExt as _};
use kernel::{Topic, TopicPartition};
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::statement::batch::Batch as Statements;
use scylla::statement::prepared::PreparedStatement;
use std::sync::Arc;
use tokio::task::JoinSet;
use viewstore::{Progress, Row, ViewError, ViewStore as _};

/// Journal partitions that are projected at once.
const PARTITIONS: u16 = 4;

/// Rows for one round: for each journal partition the rows of its applies.
#[derive(Clone)]
pub struct Load(Vec<(TopicPartition, Vec<Vec<Row>>)>);

impl Load {
    /// Rows as the services' projections make them: for each bet six rows in as many tables,
    /// about a kilobyte; no two rounds share a key, but for the balances of 1,000 customers.
    #[must_use]
    pub fn of(round: u64, applies: u64, bets_per_apply: u64) -> Self {
        let partitions = (0..PARTITIONS).map(|partition| {
            let applies = (0..applies).map(|apply| {
                let number = round.saturating_mul(applies).saturating_add(apply);
                let first = number.saturating_mul(bets_per_apply);
                (first..first.saturating_add(bets_per_apply))
                    .flat_map(|bet| rows_of(bet, partition))
                    .collect()
            });
            let at = TopicPartition::new(Topic::BetsEvents, partition);
            (at, applies.collect())
        });
        Self(partitions.collect())
    }

    /// How many rows stand when all is written; of several with one key in one apply, one.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let applies = self.0.iter().flat_map(|(at, applies)| {
            let written = |rows: &Vec<Row>| write::batches(*at, rows.clone()).ok();
            applies.iter().filter_map(written)
        });
        applies.fold(0, |sum, (_, applied)| sum.saturating_add(applied.written))
    }
}

/// A bet each ten milliseconds of a journal partition.
fn rows_of(bet: u64, partition: u16) -> Vec<Row> {
    let millis = 1_790_000_000_000_u64.saturating_add(bet.saturating_mul(10));
    // Spread as a hash would be.
    let mixed = bet.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
    let place = partition.to_be_bytes();
    let id = |front: u64, back: u64| {
        let front = front.saturating_mul(1 << 16).to_be_bytes();
        let [_, _, tail @ ..] = back.to_be_bytes();
        [&front[..], &tail, &place].concat()
    };
    let thing = id(millis, mixed);
    let customer = id(
        1_700_000_000_000,
        mixed.checked_rem(1_000).unwrap_or_default(),
    );
    let request = [&mixed.to_be_bytes()[..], &[0; 6], &place].concat();
    let account = [&[2][..], &customer, &[0, 0]].concat();
    let line = [&account[..], &bet.to_be_bytes()].concat();
    let body = |len: usize| mixed.to_be_bytes().repeat(len.div_ceil(8));
    [
        ("bet", thing.clone(), 300),
        ("bet_status", thing.clone(), 160),
        ("bet_of_customer", [&customer[..], &thing].concat(), 0),
        ("answer", request, 300),
        ("statement", line, 120),
        ("balance", account, 100),
    ]
    .map(|(table, key, len)| Row {
        table,
        key,
        value: body(len),
        seq: bet.saturating_add(1),
    })
    .to_vec()
}

/// A load as the driver alone takes it: bound, and shared out to tasks.
pub struct Bound(Vec<(Arc<str>, Vec<Batch>)>);

/// Both ways of writing, on one keyspace.
pub struct Anchor {
    store: ScyllaViewStore,
    session: Arc<Session>,
    write_row: PreparedStatement,
    write_rows: Arc<Vec<Statements>>,
}

impl Anchor {
    /// Connects both, and makes a table for the driver alone beside the adapter's.
    ///
    /// # Errors
    /// Nobody answers, or they refuse.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let failed = |error: &dyn std::fmt::Display| ConnectError::new(&settings, error);
        let store = ScyllaViewStore::connect(settings.clone()).await?;
        let session = settings.session().await.map_err(|error| failed(&error))?;
        let table = format!("{}.anchor", settings.keyspace);
        change_schema(&session, statements::row_table(&table))
            .await
            .map_err(|error| failed(&error))?;
        let write_row = session
            .prepare(statements::insert_row(&table))
            .await
            .map_err(|error| failed(&error))?;
        let write_rows = (0..=ROWS_PER_BATCH).map(|rows| statements::batch(&write_row, rows));
        Ok(Self {
            write_rows: Arc::new(write_rows.collect()),
            session: Arc::new(session),
            store,
            write_row,
        })
    }

    /// Writes the load through the adapter, all journal partitions at once, each apply after the
    /// one before it, as projectors do.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn by_adapter(&self, load: Load) -> Result<(), ViewError> {
        let partitions = load.0.into_iter().map(|(at, applies)| async move {
            for rows in applies {
                let last = rows.last().map_or(0, |row| row.seq);
                let progress = Progress {
                    next_offset: last,
                    seq: last,
                    chain: vec![0; 80],
                };
                self.store.apply(at, rows, progress).await?;
            }
            Ok(())
        });
        futures::future::try_join_all(partitions).await.map(|_| ())
    }

    /// What [`Anchor::by_driver`] writes: the adapter's batches of this load.
    ///
    /// # Errors
    /// A number is too high for the store.
    pub fn bind(load: Load) -> Result<Bound, ViewError> {
        let mut shares = Vec::new();
        for (at, applies) in load.0 {
            let source: Arc<str> = at.to_string().into();
            let mut tasks: Vec<Vec<Batch>> = (0..TASKS_PER_APPLY).map(|_| Vec::new()).collect();
            for rows in applies {
                let (batches, _) = write::batches(at, rows)?;
                let share_len = batches.len().div_ceil(TASKS_PER_APPLY);
                let mut batches = batches.into_iter();
                for task in &mut tasks {
                    task.extend(batches.by_ref().take(share_len));
                }
            }
            shares.extend(tasks.into_iter().map(|task| (Arc::clone(&source), task)));
        }
        Ok(Bound(shares))
    }

    /// Writes the load by the driver alone: as many tasks, and as many batches under way in each.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn by_driver(&self, load: Bound) -> Result<(), ViewError> {
        let mut tasks = JoinSet::new();
        for (source, batches) in load.0 {
            let session = Arc::clone(&self.session);
            let write_row = self.write_row.clone();
            let write_rows = Arc::clone(&self.write_rows);
            tasks.spawn(async move {
                let (session, write_row) = (&*session, &write_row);
                let (write_rows, source) = (&*write_rows, &*source);
                futures::stream::iter(batches)
                    .map(|batch| send(session, write_row, write_rows, source, batch))
                    .buffer_unordered(BATCHES_PER_TASK)
                    .try_collect::<()>()
                    .await
            });
        }
        let failed = |error: &dyn std::fmt::Display| ViewError::Unavailable {
            operation: "anchor",
            detail: error.to_string(),
        };
        while let Some(sent) = tasks.join_next().await {
            sent.map_err(|error| failed(&error))?
                .map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

async fn send(
    session: &Session,
    write_row: &PreparedStatement,
    write_rows: &[Statements],
    source: &str,
    batch: Batch,
) -> Result<(), ExecutionError> {
    let head = &batch.head;
    let rows = batch.rows.iter();
    let values: Vec<_> = rows
        .map(|r| {
            (
                head, r.table, &r.key, source, r.seq, &r.value, r.checksum, r.seq,
            )
        })
        .collect();
    match (values.as_slice(), write_rows.get(values.len())) {
        ([row], _) => drop(session.execute_unpaged(write_row, row).await?),
        (rows, Some(batch)) => drop(session.batch(batch, rows).await?),
        (_, None) => {}
    }
    Ok(())
}
