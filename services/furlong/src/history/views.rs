//! Views as those see them who compare all of them with the log.
//!
//! Duty: the progress of each journal partition, and every row once, from the file of a data
//! folder as of one moment or from a running store that moves on meanwhile. Prohibition: nothing
//! is written, and what is damaged is handed on as such.

use crate::exit::Failure;
use kernel::TopicPartition;
use schemas::rows::table;
use std::sync::Arc;
use tokio::runtime::Runtime;
use viewstore::{Progress, Scan, StoredRow, ViewError, ViewStore};
use viewstore_sqlite::ReadOnlyViews;

/// Takes a row with its table; a damaged row as an error in its place.
pub type EachRow<'a> = &'a mut dyn FnMut(&str, Result<StoredRow, ViewError>);

/// Views that can be read from one end to the other.
pub trait StoredViews {
    /// How far the rows of each journal partition had come when the views were opened.
    ///
    /// # Errors
    /// They cannot be read.
    fn progress(&self) -> Result<Vec<(TopicPartition, Progress)>, ViewError>;

    /// Whether rows may be newer than that progress.
    fn is_moving(&self) -> bool;

    /// Hands over every row, in the order of tables and keys.
    ///
    /// # Errors
    /// They cannot be read.
    fn each_row(&self, visit: EachRow<'_>) -> Result<(), ViewError>;
}

impl StoredViews for ReadOnlyViews {
    fn progress(&self) -> Result<Vec<(TopicPartition, Progress)>, ViewError> {
        Self::progress(self)
    }

    fn is_moving(&self) -> bool {
        false
    }

    fn each_row(&self, visit: EachRow<'_>) -> Result<(), ViewError> {
        Self::each_row(self, visit)
    }
}

/// Rows that are asked for at once.
const PAGE: usize = 1_000;

/// A running store of views. It cannot say which tables it has: those of the schemas are read.
pub struct LiveViews {
    store: Arc<dyn ViewStore>,
    threads: Arc<Runtime>,
    progress: Vec<(TopicPartition, Progress)>,
}

impl LiveViews {
    /// Notes the progress. To be opened before the log: then the log is never behind. `threads`
    /// must be those on which the store was opened. Blocks: not for asynchronous callers.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn open(
        store: Arc<dyn ViewStore>,
        partitions: u16,
        threads: Arc<Runtime>,
    ) -> Result<Self, Failure> {
        let mut progress = Vec::new();
        for at in TopicPartition::journals(partitions) {
            let of_partition = threads.block_on(store.progress(at)).map_err(|error| {
                Failure::Unreadable(format!("the views cannot be read: {error}"))
            })?;
            progress.extend(of_partition.map(|progress| (at, progress)));
        }
        Ok(Self {
            store,
            threads,
            progress,
        })
    }

    fn page(&self, scan: Scan) -> Result<Vec<StoredRow>, ViewError> {
        self.threads.block_on(self.store.scan(scan))
    }

    /// A store tells of a damaged row instead of the whole page: the rows before it are fetched
    /// one by one.
    fn up_to_damage(
        &self,
        table: &'static str,
        mut scan: Scan,
        visit: EachRow<'_>,
    ) -> Result<Option<Vec<u8>>, ViewError> {
        for _ in 0..PAGE {
            match self.page(scan.clone().rows_max(1)) {
                Ok(rows) => {
                    let Some(row) = rows.into_iter().next() else {
                        return Ok(None);
                    };
                    scan = scan.after(row.key.clone());
                    visit(table, Ok(row));
                }
                Err(ViewError::Damaged { table: of, key }) => {
                    visit(
                        table,
                        Err(ViewError::Damaged {
                            table: of,
                            key: key.clone(),
                        }),
                    );
                    return Ok(Some(key));
                }
                Err(error) => return Err(error),
            }
        }
        match scan.start {
            std::ops::Bound::Excluded(key) => Ok(Some(key)),
            std::ops::Bound::Included(_) | std::ops::Bound::Unbounded => Ok(None),
        }
    }

    fn each_row_of(&self, table: &'static str, visit: EachRow<'_>) -> Result<(), ViewError> {
        let mut next = Some(Scan::of(table, []));
        while let Some(scan) = next.take() {
            let last = match self.page(scan.clone().rows_max(PAGE)) {
                Ok(rows) => {
                    let last = rows.last().map(|row| row.key.clone());
                    for row in rows {
                        visit(table, Ok(row));
                    }
                    last
                }
                Err(ViewError::Damaged { .. }) => self.up_to_damage(table, scan, &mut *visit)?,
                Err(error) => return Err(error),
            };
            next = last.map(|last| Scan::of(table, []).after(last));
        }
        Ok(())
    }
}

impl StoredViews for LiveViews {
    fn progress(&self) -> Result<Vec<(TopicPartition, Progress)>, ViewError> {
        Ok(self.progress.clone())
    }

    fn is_moving(&self) -> bool {
        true
    }

    fn each_row(&self, visit: EachRow<'_>) -> Result<(), ViewError> {
        for table in table::ALL {
            self.each_row_of(table, &mut *visit)?;
        }
        Ok(())
    }
}
