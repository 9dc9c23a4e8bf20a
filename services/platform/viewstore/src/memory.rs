//! The view store in memory: the smallest thing that keeps the port's promises.
//!
//! Duty: tests, simulators and processes without a data folder. Prohibition: it takes no short
//! cut that a store on a disk could not: rows are checked when they are read.

use crate::port::{Applied, Progress, Scan, ViewError, ViewStore};
use crate::row::{Row, StoredRow, checksum};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use kernel::TopicPartition;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A view store that lives as long as its last handle.
#[derive(Clone, Default)]
pub struct MemoryViewStore {
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    tables: BTreeMap<&'static str, BTreeMap<Vec<u8>, Cell>>,
    progress: BTreeMap<TopicPartition, Progress>,
}

struct Cell {
    topic_partition: TopicPartition,
    seq: u64,
    value: Vec<u8>,
    checksum: u64,
}

impl Cell {
    fn read(&self, table: &str, key: &[u8]) -> Result<StoredRow, ViewError> {
        StoredRow {
            topic_partition: self.topic_partition,
            seq: self.seq,
            key: key.to_vec(),
            value: self.value.clone(),
        }
        .verified(table, self.checksum)
    }
}

impl Content {
    fn apply(
        &mut self,
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
    ) -> Result<Applied, ViewError> {
        self.check_owner(topic_partition, &rows)?;
        let mut applied = Applied::default();
        for row in rows {
            let table = self.tables.entry(row.table).or_default();
            if table.get(&row.key).is_some_and(|cell| cell.seq > row.seq) {
                applied.ignored = applied.ignored.saturating_add(1);
                continue;
            }
            let checksum = checksum(row.table, &row.key, topic_partition, row.seq, &row.value);
            let cell = Cell {
                topic_partition,
                seq: row.seq,
                value: row.value,
                checksum,
            };
            table.insert(row.key, cell);
            applied.written = applied.written.saturating_add(1);
        }
        let stored = self.progress.entry(topic_partition).or_default();
        if progress.next_offset >= stored.next_offset {
            *stored = progress;
        }
        Ok(applied)
    }

    fn check_owner(&self, writer: TopicPartition, rows: &[Row]) -> Result<(), ViewError> {
        for row in rows {
            let cell = self.tables.get(row.table).and_then(|t| t.get(&row.key));
            if let Some(cell) = cell.filter(|cell| cell.topic_partition != writer) {
                return Err(ViewError::TwoOwners {
                    table: row.table.to_owned(),
                    key: row.key.clone(),
                    owner: cell.topic_partition,
                    writer,
                });
            }
        }
        Ok(())
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<StoredRow>, ViewError> {
        let Some(table) = self.tables.get(scan.table) else {
            return Ok(Vec::new());
        };
        let Some(range) = scan.key_range() else {
            return Ok(Vec::new());
        };
        let upwards = table.range(range);
        let rows: Box<dyn Iterator<Item = _>> = if scan.reverse {
            Box::new(upwards.rev())
        } else {
            Box::new(upwards)
        };
        rows.take(scan.rows_max)
            .map(|(key, cell)| cell.read(scan.table, key))
            .collect()
    }
}

impl MemoryViewStore {
    fn with<T>(&self, run: impl FnOnce(&mut Content) -> T) -> T {
        run(&mut self.content.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ViewStore for MemoryViewStore {
    fn apply(
        &self,
        topic_partition: TopicPartition,
        rows: Vec<Row>,
        progress: Progress,
    ) -> BoxFuture<'static, Result<Applied, ViewError>> {
        ready(self.with(|content| content.apply(topic_partition, rows, progress))).boxed()
    }

    fn get(
        &self,
        table: &'static str,
        key: Vec<u8>,
    ) -> BoxFuture<'static, Result<Option<StoredRow>, ViewError>> {
        ready(self.with(|content| {
            content
                .tables
                .get(table)
                .and_then(|rows| rows.get(&key))
                .map(|cell| cell.read(table, &key))
                .transpose()
        }))
        .boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'static, Result<Vec<StoredRow>, ViewError>> {
        ready(self.with(|content| content.scan(&scan))).boxed()
    }

    fn progress(
        &self,
        topic_partition: TopicPartition,
    ) -> BoxFuture<'static, Result<Option<Progress>, ViewError>> {
        ready(Ok(self.with(|content| {
            content.progress.get(&topic_partition).cloned()
        })))
        .boxed()
    }

    fn clear(&self) -> BoxFuture<'static, Result<(), ViewError>> {
        self.with(|content| *content = Content::default());
        ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use kernel::Topic;

    #[test]
    fn keeps_the_contract() {
        block_on(crate::contract::check_embedded(&|| {
            Arc::new(MemoryViewStore::default())
        }));
    }

    #[test]
    fn a_damaged_row_is_an_error_and_not_an_answer() {
        let store = MemoryViewStore::default();
        let row = Row {
            table: "t",
            key: vec![1],
            value: vec![2],
            seq: 3,
        };
        let at = TopicPartition::new(Topic::BetsEvents, 0);
        block_on(store.apply(at, vec![row], Progress::default())).expect("the store answers");
        store.with(|content| {
            for cell in content.tables.values_mut().flat_map(BTreeMap::values_mut) {
                cell.seq = 4;
            }
        });
        let damaged = ViewError::Damaged {
            table: "t".to_owned(),
            key: vec![1],
        };
        assert_eq!(block_on(store.get("t", vec![1])), Err(damaged.clone()));
        assert_eq!(block_on(store.scan(Scan::of("t", []))), Err(damaged));
    }
}
