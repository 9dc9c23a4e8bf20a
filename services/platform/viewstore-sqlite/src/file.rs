//! The file's format, and what is asked of it.
//!
//! Duty: tables, connections and queries. Prohibition: no row leaves this module unchecked.

use kernel::{Topic, TopicPartition};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};
use std::ops::Bound;
use std::path::Path;
use std::time::Duration;
use viewstore::{Progress, Scan, StoredRow, ViewError};

/// The views' file in the data folder, and what SQLite keeps beside it.
pub(crate) const FILES: [&str; 3] = ["views.db", "views.db-wal", "views.db-shm"];
/// Raised with every change of the tables below.
pub(crate) const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE source(
        id INTEGER PRIMARY KEY,
        topic TEXT NOT NULL,
        partition INTEGER NOT NULL,
        next_offset INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        chain BLOB NOT NULL,
        UNIQUE(topic, partition)
    ) STRICT;
    CREATE TABLE row(
        view TEXT NOT NULL,
        key BLOB NOT NULL,
        source INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        value BLOB NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY(view, key)
    ) STRICT, WITHOUT ROWID;
";

/// Opens the file for writing. `None` if it is damaged or of another format.
pub(crate) fn open_writer(folder: &Path) -> rusqlite::Result<Option<Connection>> {
    match try_open_writer(folder) {
        Err(error) if is_damage(&error) => Ok(None),
        answer => answer,
    }
}

fn try_open_writer(folder: &Path) -> rusqlite::Result<Option<Connection>> {
    let mut db = connect(folder)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -16_384)?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))?;
    let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        let change = db.transaction()?;
        change.execute_batch(TABLES)?;
        change.pragma_update(None, "user_version", FORMAT)?;
        change.commit()?;
        return Ok(Some(db));
    }
    Ok((format == FORMAT).then_some(db))
}

/// Opens a connection for queries.
pub(crate) fn connect(folder: &Path) -> rusqlite::Result<Connection> {
    let [file, ..] = FILES;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(folder.join(file), flags)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    // Without it every binding of another key has the statement planned anew.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}

/// Throws the file away.
pub(crate) fn remove(folder: &Path) -> std::io::Result<()> {
    for file in FILES {
        match std::fs::remove_file(folder.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// What a refused operation means to the caller.
pub(crate) fn unavailable(operation: &'static str, error: &rusqlite::Error) -> ViewError {
    ViewError::Unavailable {
        operation,
        detail: error.to_string(),
    }
}

const COLUMNS: &str = "SELECT row.key, row.seq, row.value, row.checksum, source.topic, \
     source.partition FROM row CROSS JOIN source ON source.id = row.source WHERE row.view = ?1";

/// The row with this key.
pub(crate) fn get(
    db: &Connection,
    table: &str,
    key: &[u8],
) -> Result<Option<StoredRow>, ViewError> {
    let found = || {
        db.prepare_cached(&format!("{COLUMNS} AND row.key = ?2"))?
            .query_row((table, key), parts)
            .optional()
    };
    found()
        .map_err(|error| unavailable("get", &error))?
        .map(|(row, checksum)| row.verified(table, checksum))
        .transpose()
}

/// The rows of a walk.
pub(crate) fn scan(db: &Connection, scan: &Scan) -> Result<Vec<StoredRow>, ViewError> {
    let Some((lowest, highest)) = scan.key_range() else {
        return Ok(Vec::new());
    };
    let (above, lowest) = match lowest {
        Bound::Included(key) => ("row.key >= ?2", key),
        Bound::Excluded(key) => ("row.key > ?2", key),
        Bound::Unbounded => ("?2 IS NOT NULL", Vec::new()),
    };
    let (below, highest) = match highest {
        Bound::Included(key) => ("row.key <= ?3", key),
        Bound::Excluded(key) => ("row.key < ?3", key),
        Bound::Unbounded => ("?3 IS NOT NULL", Vec::new()),
    };
    let direction = if scan.reverse { "DESC" } else { "ASC" };
    let rows_max = i64::try_from(scan.rows_max).unwrap_or(i64::MAX);
    let sql =
        format!("{COLUMNS} AND {above} AND {below} ORDER BY row.key {direction} LIMIT {rows_max}");
    let found = || -> rusqlite::Result<Vec<(StoredRow, u64)>> {
        db.prepare_cached(&sql)?
            .query_map((scan.table, lowest, highest), parts)?
            .collect()
    };
    found()
        .map_err(|error| unavailable("scan", &error))?
        .into_iter()
        .map(|(row, checksum)| row.verified(scan.table, checksum))
        .collect()
}

fn parts(row: &Row<'_>) -> rusqlite::Result<(StoredRow, u64)> {
    let stored = StoredRow {
        key: row.get(0)?,
        seq: row.get::<_, i64>(1)?.cast_unsigned(),
        value: row.get(2)?,
        topic_partition: TopicPartition::new(topic(row.get(4)?, 4)?, row.get(5)?),
    };
    Ok((stored, row.get::<_, i64>(3)?.cast_unsigned()))
}

fn topic(name: String, column: usize) -> rusqlite::Result<Topic> {
    name.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

/// Whose row this is.
pub(crate) fn owner(
    db: &Connection,
    table: &str,
    key: &[u8],
) -> rusqlite::Result<Option<TopicPartition>> {
    db.prepare_cached(
        "SELECT source.topic, source.partition FROM row CROSS JOIN source
         ON source.id = row.source WHERE row.view = ?1 AND row.key = ?2",
    )?
    .query_row((table, key), |row| {
        Ok(TopicPartition::new(topic(row.get(0)?, 0)?, row.get(1)?))
    })
    .optional()
}

/// How far the rows of this journal partition have come.
pub(crate) fn progress(db: &Connection, at: TopicPartition) -> rusqlite::Result<Option<Progress>> {
    db.prepare_cached(
        "SELECT next_offset, seq, chain FROM source WHERE topic = ?1 AND partition = ?2",
    )?
    .query_row((at.topic.as_str(), at.partition), |row| {
        Ok(Progress {
            next_offset: row.get::<_, i64>(0)?.cast_unsigned(),
            seq: row.get::<_, i64>(1)?.cast_unsigned(),
            chain: row.get(2)?,
        })
    })
    .optional()
}

/// How far the rows of every journal partition have come.
pub(crate) fn all_progress(db: &Connection) -> rusqlite::Result<Vec<(TopicPartition, Progress)>> {
    db.prepare("SELECT topic, partition, next_offset, seq, chain FROM source ORDER BY id")?
        .query_map([], |row| {
            let at = TopicPartition::new(topic(row.get(0)?, 0)?, row.get(1)?);
            let progress = Progress {
                next_offset: row.get::<_, i64>(2)?.cast_unsigned(),
                seq: row.get::<_, i64>(3)?.cast_unsigned(),
                chain: row.get(4)?,
            };
            Ok((at, progress))
        })?
        .collect()
}

/// Every row of every table, each with its own check.
pub(crate) fn each_row(
    db: &Connection,
    mut visit: impl FnMut(&str, Result<StoredRow, ViewError>),
) -> rusqlite::Result<()> {
    let mut statement = db.prepare(
        "SELECT row.key, row.seq, row.value, row.checksum, source.topic, source.partition, row.view
         FROM row LEFT JOIN source ON source.id = row.source ORDER BY row.view, row.key",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let table: String = row.get(6)?;
        let (stored, checksum) = parts(row)?;
        visit(&table, stored.verified(&table, checksum));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_query_is_prepared_once_whatever_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let db = open_writer(folder.path()).unwrap().unwrap();
        for key in ["a", "b", "c"] {
            assert_eq!(get(&db, "t", key.as_bytes()).unwrap(), None);
        }
        let statement = db
            .prepare_cached(&format!("{COLUMNS} AND row.key = ?2"))
            .unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        assert!(statement.get_status(StatementStatus::Run) > 2);
    }
}
