//! The tables of one generation, and what is asked of them.
//!
//! Duty: make and drop tables, prepare every statement once. Prohibition: no statement here
//! filters, deletes rows, or binds a null, which would be a deletion.

use crate::generation::{self, Generation, change_schema};
use crate::settings::Settings;
use scylla::client::session::Session;
use scylla::errors::{ExecutionError, PrepareError};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;

/// Rows of one partition that travel together, at most.
pub(crate) const ROWS_PER_BATCH: usize = 50;
/// Rows that one page of an answer holds.
pub(crate) const ROWS_PER_PAGE: i32 = 1_000;

/// Statements for one generation of tables.
pub(crate) struct Statements {
    /// See [`insert_row`].
    pub(crate) write_row: PreparedStatement,
    /// As many of these as the index says.
    pub(crate) write_rows: Vec<Batch>,
    /// `(view, head)`
    pub(crate) list_head: PreparedStatement,
    /// `(source, next_offset, seq, chain, checksum, timestamp)`
    pub(crate) write_progress: PreparedStatement,
    /// `(head, view, key)`
    pub(crate) row: PreparedStatement,
    /// `(head, view, lowest, highest, rows_max)`: from the lowest to below the highest
    pub(crate) rows: PreparedStatement,
    pub(crate) rows_downwards: PreparedStatement,
    /// `(head, view, lowest, rows_max)`
    pub(crate) rows_from: PreparedStatement,
    pub(crate) rows_from_downwards: PreparedStatement,
    /// `()`: every row of every view, in no order
    pub(crate) every_row: PreparedStatement,
    /// `(view, lowest)`
    pub(crate) heads: PreparedStatement,
    /// `(source)`
    pub(crate) progress: PreparedStatement,
    /// `()`
    pub(crate) generation: PreparedStatement,
}

/// Makes a table of rows.
pub(crate) fn row_table(name: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {name} \
         (head blob, view_name text, key blob, source text, seq bigint, value blob, \
         checksum bigint, PRIMARY KEY ((head), view_name, key, source))"
    )
}

/// Writes a row: `(head, view_name, key, source, seq, value, checksum, timestamp)`.
pub(crate) fn insert_row(table: &str) -> String {
    format!(
        "INSERT INTO {table} (head, view_name, key, source, seq, value, checksum) \
         VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
    )
}

/// Makes the tables of a generation.
pub(crate) async fn create(
    session: &Session,
    settings: &Settings,
    generation: &Generation,
) -> Result<(), ExecutionError> {
    let keyspace = &settings.keyspace;
    let suffix = generation.suffix();
    let tables = [
        row_table(&format!("{keyspace}.row_{suffix}")),
        format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.head_{suffix} \
             (view_name text, head blob, PRIMARY KEY ((view_name), head))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.progress_{suffix} \
             (source text PRIMARY KEY, next_offset bigint, seq bigint, chain blob, \
             checksum bigint)"
        ),
    ];
    for table in tables {
        change_schema(session, table).await?;
    }
    Ok(())
}

/// Drops the tables of a generation.
pub(crate) async fn drop_tables(
    session: &Session,
    settings: &Settings,
    generation: &Generation,
) -> Result<(), ExecutionError> {
    for table in ["row", "head", "progress"] {
        let statement = format!(
            "DROP TABLE IF EXISTS {}.{table}_{}",
            settings.keyspace,
            generation.suffix()
        );
        change_schema(session, statement).await?;
    }
    Ok(())
}

impl Statements {
    /// Prepares all; fails if the tables are not there.
    pub(crate) async fn prepare(
        session: &Session,
        settings: &Settings,
        generation: &Generation,
    ) -> Result<Self, PrepareError> {
        let keyspace = &settings.keyspace;
        let suffix = generation.suffix();
        let prepare = async |text: String| -> Result<PreparedStatement, PrepareError> {
            let mut statement = session.prepare(text).await?;
            statement.set_is_idempotent(true);
            statement.set_use_cached_result_metadata(true);
            statement.set_page_size(ROWS_PER_PAGE);
            Ok(statement)
        };
        let slice = async |bounds: &str, direction: &str| {
            let order =
                format!("ORDER BY view_name {direction}, key {direction}, source {direction}");
            prepare(format!(
                "SELECT key, source, seq, value, checksum FROM {keyspace}.row_{suffix} \
                 WHERE head = ? AND view_name = ? AND {bounds} {order} LIMIT ?"
            ))
            .await
        };
        let write_row = prepare(insert_row(&format!("{keyspace}.row_{suffix}"))).await?;
        Ok(Self {
            write_rows: (0..=ROWS_PER_BATCH)
                .map(|rows| batch(&write_row, rows))
                .collect(),
            write_row,
            list_head: prepare(format!(
                "INSERT INTO {keyspace}.head_{suffix} (view_name, head) VALUES (?, ?) USING TIMESTAMP 1"
            ))
            .await?,
            write_progress: prepare(format!(
                "INSERT INTO {keyspace}.progress_{suffix} \
                 (source, next_offset, seq, chain, checksum) \
                 VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?"
            ))
            .await?,
            row: prepare(format!(
                "SELECT key, source, seq, value, checksum FROM {keyspace}.row_{suffix} \
                 WHERE head = ? AND view_name = ? AND key = ?"
            ))
            .await?,
            rows: slice("key >= ? AND key < ?", "ASC").await?,
            rows_downwards: slice("key >= ? AND key < ?", "DESC").await?,
            rows_from: slice("key >= ?", "ASC").await?,
            rows_from_downwards: slice("key >= ?", "DESC").await?,
            every_row: prepare(format!(
                "SELECT view_name, key, source, seq, value, checksum FROM {keyspace}.row_{suffix}"
            ))
            .await?,
            heads: prepare(format!(
                "SELECT head FROM {keyspace}.head_{suffix} WHERE view_name = ? AND head >= ?"
            ))
            .await?,
            progress: prepare(format!(
                "SELECT next_offset, seq, chain, checksum FROM {keyspace}.progress_{suffix} \
                 WHERE source = ?"
            ))
            .await?,
            generation: prepare(generation::question(settings)).await?,
        })
    }
}

/// As many of these statements in one batch, which is to be of one partition.
pub(crate) fn batch(statement: &PreparedStatement, rows: usize) -> Batch {
    let mut batch = Batch::new(BatchType::Unlogged);
    for _ in 0..rows {
        batch.append_statement(statement.clone());
    }
    batch.set_is_idempotent(true);
    batch
}
