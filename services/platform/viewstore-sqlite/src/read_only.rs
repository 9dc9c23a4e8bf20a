//! The views for those who compare them with the log.
//!
//! Duty: all progress and all rows as of one moment, beside a process that writes. Prohibition:
//! it changes nothing, and unlike the store it renews nothing: what is damaged is reported.

use crate::file;
use crate::store::OpenError;
use kernel::TopicPartition;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;
use viewstore::{Progress, StoredRow, ViewError};

/// The views, at rest.
pub struct ReadOnlyViews {
    db: Connection,
}

impl ReadOnlyViews {
    /// Opens the views in this folder as they stand now; later changes are not seen. `None` if
    /// there are none.
    ///
    /// # Errors
    /// They are damaged, of another format or cannot be read.
    pub fn open(folder: &Path) -> Result<Option<Self>, OpenError> {
        let failed = |detail: String| OpenError::new(folder, detail);
        let path = folder.join(file::FILES[0]);
        if !path.exists() {
            return Ok(None);
        }
        let db = connect(&path, None)
            .or_else(|_| connect(&path, Some(c"unix-none")))
            .map_err(|error| failed(error.to_string()))?;
        let format: i64 = db
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| failed(error.to_string()))?;
        if format == file::FORMAT {
            Ok(Some(Self { db }))
        } else {
            Err(failed(format!(
                "they are of format {format}, not {}",
                file::FORMAT
            )))
        }
    }

    /// How far the rows of each journal partition have come.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn progress(&self) -> Result<Vec<(TopicPartition, Progress)>, ViewError> {
        file::all_progress(&self.db).map_err(|error| file::unavailable("progress", &error))
    }

    /// Hands over every row with its table, in the order of tables and keys; a damaged row as an
    /// error in its place.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn each_row(
        &self,
        visit: impl FnMut(&str, Result<StoredRow, ViewError>),
    ) -> Result<(), ViewError> {
        file::each_row(&self.db, visit).map_err(|error| file::unavailable("scan", &error))
    }
}

/// A connection that sees one moment: the read transaction stays open as long as it lives.
/// Without a place for the shared index of the write-ahead log, a private one does; then nobody
/// writes.
fn connect(path: &Path, vfs: Option<&std::ffi::CStr>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = match vfs {
        None => Connection::open_with_flags(path, flags)?,
        Some(vfs) => {
            let db = Connection::open_with_flags_and_vfs(path, flags, vfs)?;
            db.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
            db
        }
    };
    db.busy_timeout(Duration::from_secs(10))?;
    db.execute_batch("BEGIN")?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteViewStore;
    use futures::executor::block_on;
    use kernel::Topic;
    use viewstore::{Row, ViewStore};

    const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 3);

    fn row(key: &str, seq: u64) -> Row {
        Row {
            table: "t",
            key: key.into(),
            value: b"value".to_vec(),
            seq,
        }
    }

    fn progress(seq: u64) -> Progress {
        Progress {
            next_offset: seq,
            seq,
            chain: Vec::new(),
        }
    }

    fn rows(views: &ReadOnlyViews) -> Vec<(String, Vec<u8>, u64)> {
        let mut rows = Vec::new();
        views
            .each_row(|table, row| {
                let row = row.unwrap();
                rows.push((table.to_owned(), row.key, row.seq));
            })
            .unwrap();
        rows
    }

    #[test]
    fn sees_one_moment_beside_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        assert!(ReadOnlyViews::open(folder.path()).unwrap().is_none());
        let store = SqliteViewStore::open(folder.path(), 1).unwrap();
        block_on(store.apply(AT, vec![row("a", 1), row("b", 2)], progress(2))).unwrap();
        let views = ReadOnlyViews::open(folder.path()).unwrap().unwrap();
        block_on(store.apply(AT, vec![row("c", 3)], progress(3))).unwrap();
        assert_eq!(views.progress().unwrap(), [(AT, progress(2))]);
        assert_eq!(
            rows(&views),
            [
                ("t".to_owned(), b"a".to_vec(), 1),
                ("t".to_owned(), b"b".to_vec(), 2)
            ]
        );
        let later = ReadOnlyViews::open(folder.path()).unwrap().unwrap();
        assert_eq!(rows(&later).len(), 3);
    }

    #[test]
    fn a_damaged_row_is_told_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteViewStore::open(folder.path(), 1).unwrap();
        block_on(store.apply(AT, vec![row("a", 1), row("b", 2)], progress(2))).unwrap();
        store.close();
        let db = Connection::open(folder.path().join(file::FILES[0])).unwrap();
        db.execute("UPDATE row SET value = x'00' WHERE key = x'61'", [])
            .unwrap();
        let views = ReadOnlyViews::open(folder.path()).unwrap().unwrap();
        let mut found = Vec::new();
        views.each_row(|_, row| found.push(row.is_ok())).unwrap();
        assert_eq!(found, [false, true]);
    }

    #[test]
    fn damage_of_the_file_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file::FILES[0]);
        std::fs::write(&path, [7; 8_192]).unwrap();
        assert!(ReadOnlyViews::open(folder.path()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), [7; 8_192]);
    }
}
