//! The file's format, and connections to it.
//!
//! Duty: tables, pragmas, the check that a file is what the caller thinks it is, and the one
//! mapping from a place in a partition to a row's key. Prohibition: no other module writes SQL
//! that changes the file, apart from the writer's two statements.
//!
//! Records of all partitions share one table, because that keeps small commits of many
//! partitions in few pages. A key is the partition's number in the upper bits and the offset in
//! the lower forty, so one partition is one run of keys.

use crate::error::OpenError;
use crate::log::Options;
use eventlog::{RunningHash, StoredPartition};
use kernel::{Digest, Offset, Topic, TopicPartition};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

/// The log's file in the data folder.
pub(crate) const FILE: &str = "log.db";
const FORMAT: &str = "furlong-log-1";
/// Offsets of a partition stay below this.
const OFFSETS: i64 = 1 << 40;

const TABLES: &str = "
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE partition(
        id INTEGER PRIMARY KEY,
        topic TEXT NOT NULL,
        partition INTEGER NOT NULL,
        next_offset INTEGER NOT NULL,
        running_hash BLOB NOT NULL,
        UNIQUE(topic, partition)
    ) STRICT;
    CREATE TABLE record(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
";

/// What the file holds of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilePartition {
    /// Which one.
    pub(crate) topic_partition: TopicPartition,
    /// The offset after the newest record.
    pub(crate) next_offset: Offset,
    /// The running hash over every record, see [`RunningHash`].
    pub(crate) running_hash: RunningHash,
    pub(crate) id: i64,
}

impl FilePartition {
    /// The same without its place in the file.
    pub(crate) fn told(self) -> StoredPartition {
        StoredPartition {
            topic_partition: self.topic_partition,
            next_offset: self.next_offset,
            running_hash: self.running_hash,
        }
    }
}

/// The key of the record at this offset; `None` when the partition is full.
pub(crate) fn key(id: i64, offset: Offset) -> Option<i64> {
    let offset = i64::try_from(offset).ok().filter(|n| *n < OFFSETS)?;
    id.checked_mul(OFFSETS)?.checked_add(offset)
}

/// The keys of the partition from this offset on.
pub(crate) fn keys_from(id: i64, from: Offset) -> Option<Range<i64>> {
    let end = id.checked_add(1)?.checked_mul(OFFSETS)?;
    Some(key(id, from)?..end)
}

/// The offset within its partition of the record with this key.
pub(crate) fn offset_of(key: i64) -> Offset {
    key.rem_euclid(OFFSETS).unsigned_abs()
}

/// Opens the file for writing; makes it if there is none.
pub(crate) fn open_writer(folder: &Path, options: &Options) -> Result<Connection, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::unusable(folder, "opened", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(folder.join(FILE), flags).map_err(failed)?;
    configure(&db, options).map_err(failed)?;
    if is_empty(&db).map_err(failed)? {
        let mut made = || -> rusqlite::Result<()> {
            let change = db.transaction()?;
            change.execute_batch(TABLES)?;
            for (name, value) in settings(options) {
                change.execute("INSERT INTO meta VALUES(?1, ?2)", [name, &value])?;
            }
            change.commit()
        };
        made().map_err(failed)?;
    } else {
        check_settings(&db, folder, &settings(options))?;
    }
    Ok(db)
}

/// Pages have a size only before the first table; write-ahead logging is kept in the file.
fn configure(db: &Connection, options: &Options) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(10))?;
    db.pragma_update(None, "page_size", options.page_bytes)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -16_384)?;
    if let Some(pages) = options.pages_max {
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    let page_bytes = db.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?;
    let ceiling_pages = options
        .wal_bytes_max
        .checked_div(page_bytes)
        .unwrap_or(0)
        .max(1);
    db.pragma_update_and_check(None, "wal_autocheckpoint", ceiling_pages, |_| Ok(()))
}

/// Opens a connection for reading or checkpointing beside the writer of this process.
pub(crate) fn open_beside(folder: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(folder.join(FILE), flags)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    Ok(db)
}

/// Opens the file for reading only, with whatever a killed writer has left in the write-ahead
/// log. A folder that cannot be written, and so has no place for the shared index of that log,
/// is read with a private index: without a writer nobody shares it.
pub(crate) fn open_reader(folder: &Path) -> Result<Connection, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::unusable(folder, "read", error);
    let usual = connect(folder, None).and_then(|db| is_empty(&db).map(|empty| (db, empty)));
    let (db, empty) = match usual {
        Ok(found) => found,
        Err(error) if has_shared_index(folder) => return Err(failed(error)),
        Err(error) => open_private(folder).map_err(|_| failed(error))?,
    };
    if empty {
        return Err(OpenError::unusable(folder, "read", "it is empty"));
    }
    check_settings(&db, folder, &[("format", FORMAT.to_owned())])?;
    Ok(db)
}

fn has_shared_index(folder: &Path) -> bool {
    folder.join("log.db-shm").exists()
}

/// Reads with the index of the write-ahead log in this process's memory, without file locks.
pub(crate) fn open_private(folder: &Path) -> rusqlite::Result<(Connection, bool)> {
    let db = connect(folder, Some(c"unix-none"))?;
    db.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    let empty = is_empty(&db)?;
    Ok((db, empty))
}

fn connect(folder: &Path, vfs: Option<&std::ffi::CStr>) -> rusqlite::Result<Connection> {
    let path = folder.join(FILE);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = match vfs {
        None => Connection::open_with_flags(path, flags)?,
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
    };
    db.busy_timeout(Duration::from_secs(10))?;
    Ok(db)
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })
}

fn settings(options: &Options) -> [(&'static str, String); 3] {
    [
        ("format", FORMAT.to_owned()),
        ("partitions", options.partitions.to_string()),
        ("key_function", options.key_function.to_owned()),
    ]
}

fn check_settings(
    db: &Connection,
    folder: &Path,
    asked: &[(&'static str, String)],
) -> Result<(), OpenError> {
    for (name, asked) in asked {
        let stored: Option<String> = db
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(|error| OpenError::unusable(folder, "recognised", error))?;
        if stored.as_ref() != Some(asked) {
            return Err(OpenError::Mismatch {
                folder: folder.to_owned(),
                setting: name,
                stored: stored.unwrap_or_default(),
                asked: asked.clone(),
            });
        }
    }
    Ok(())
}

/// All partitions that have a record.
pub(crate) fn partitions(db: &Connection) -> rusqlite::Result<Vec<FilePartition>> {
    db.prepare_cached(
        "SELECT id, topic, partition, next_offset, running_hash FROM partition ORDER BY id",
    )?
    .query_map([], |row| {
        let topic: String = row.get(1)?;
        let topic: Topic = topic.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                1,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?;
        Ok(FilePartition {
            id: row.get(0)?,
            topic_partition: TopicPartition::new(topic, row.get(2)?),
            next_offset: row.get::<_, i64>(3)?.unsigned_abs(),
            running_hash: RunningHash::from_digest(Digest::from_bytes(row.get(4)?)),
        })
    })?
    .collect()
}

/// The records of a partition from an offset on, up to about `bytes_max`, but at least one.
pub(crate) fn read(
    db: &Connection,
    id: i64,
    from: Offset,
    bytes_max: usize,
) -> rusqlite::Result<Vec<eventlog::Record>> {
    let Some(keys) = keys_from(id, from) else {
        return Ok(Vec::new());
    };
    let mut statement = db.prepare_cached(
        "SELECT key, bytes FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key",
    )?;
    let mut rows = statement.query([keys.start, keys.end])?;
    let mut records = Vec::new();
    let mut bytes = 0_usize;
    while let Some(row) = rows.next()? {
        let record = eventlog::Record {
            offset: offset_of(row.get(0)?),
            bytes: bytes::Bytes::copy_from_slice(row.get_ref(1)?.as_blob()?),
        };
        bytes = bytes.saturating_add(record.bytes.len().max(1));
        records.push(record);
        if bytes >= bytes_max {
            break;
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_partitions_do_not_mix() {
        let last = key(1, OFFSETS.unsigned_abs() - 1).expect("below the ceiling");
        assert_eq!(Some(last + 1), key(2, 0));
        assert_eq!(keys_from(1, 0).map(|keys| keys.end), key(2, 0));
        assert_eq!(offset_of(last), OFFSETS.unsigned_abs() - 1);
        assert_eq!(key(1, OFFSETS.unsigned_abs()), None, "a full partition");
    }

    #[test]
    fn a_folder_without_place_for_a_shared_index_is_read_with_a_private_one() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let options = Options::new(1, "test");
        let writer = open_writer(folder.path(), &options).expect("the file opens");
        writer
            .execute("INSERT INTO record VALUES(1, x'aa')", [])
            .expect("written");
        let left = tempfile::tempdir().expect("a folder for the test");
        for file in ["log.db", "log.db-wal"] {
            std::fs::copy(folder.path().join(file), left.path().join(file)).expect("copied");
        }
        let (db, empty) = open_private(left.path()).expect("readable");
        assert!(!empty);
        let records = read(&db, 0, 0, 1).expect("readable");
        assert_eq!(records.len(), 1, "out of the write-ahead log");
        assert!(!has_shared_index(left.path()), "nothing is written");
    }
}
