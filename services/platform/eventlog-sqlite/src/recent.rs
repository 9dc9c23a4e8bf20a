//! What was committed lately, in memory, and where each partition stands.
//!
//! Duty: hand committed records to readers without SQL, wake those who wait, and tell auditors
//! the state of all partitions as of one commit. Prohibition: nothing comes in here before the
//! disk has it.

use crate::file::FilePartition;
use eventlog::Record;
use kernel::{Offset, TopicPartition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

/// All partitions.
pub(crate) struct Recent {
    partitions: RwLock<BTreeMap<TopicPartition, Arc<RecentPartition>>>,
    stored: Mutex<BTreeMap<TopicPartition, FilePartition>>,
    bytes_max: usize,
}

/// The newest records of one partition.
pub(crate) struct RecentPartition {
    ring: Mutex<Ring>,
    end: watch::Sender<Offset>,
}

#[derive(Default)]
struct Ring {
    records: VecDeque<Record>,
    bytes: usize,
    /// Every record at or after this offset is here.
    floor: Offset,
    end: Offset,
}

/// What a commit has written to one partition.
pub(crate) struct Written {
    /// The partition afterwards.
    pub(crate) partition: FilePartition,
    pub(crate) records: Vec<Record>,
}

/// What the memory knows about a read.
pub(crate) enum Lookup {
    /// The answer.
    Here(Vec<Record>),
    /// Older records are asked for; they are in the file.
    InFile,
}

impl Recent {
    pub(crate) fn new(stored: &[FilePartition], bytes_max: usize) -> Self {
        let recent = Self {
            partitions: RwLock::default(),
            stored: Mutex::default(),
            bytes_max,
        };
        recent.restart(stored);
        recent
    }

    pub(crate) fn partition(&self, at: TopicPartition) -> Arc<RecentPartition> {
        let known = self
            .partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&at)
            .cloned();
        known.unwrap_or_else(|| {
            self.partitions
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(at)
                .or_insert_with(|| {
                    Arc::new(RecentPartition {
                        ring: Mutex::default(),
                        end: watch::Sender::new(0),
                    })
                })
                .clone()
        })
    }

    /// The state of all partitions, as of one commit.
    pub(crate) fn stored(&self) -> BTreeMap<TopicPartition, FilePartition> {
        self.stored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn stored_partition(&self, at: TopicPartition) -> Option<FilePartition> {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.get(&at).copied()
    }

    /// Takes what a commit has written.
    pub(crate) fn publish(&self, written: Vec<Written>) {
        {
            let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
            for Written { partition, .. } in &written {
                stored.insert(partition.topic_partition, *partition);
            }
        }
        for Written { partition, records } in written {
            let recent = self.partition(partition.topic_partition);
            recent.push(records, partition.next_offset, self.bytes_max);
        }
    }

    /// Begins again from what the file holds, after doubt about the last commit.
    pub(crate) fn restart(&self, stored: &[FilePartition]) {
        let by_place = stored
            .iter()
            .map(|partition| (partition.topic_partition, *partition));
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = by_place.collect();
        for partition in stored {
            self.partition(partition.topic_partition)
                .restart(partition.next_offset);
        }
    }
}

impl RecentPartition {
    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, records: Vec<Record>, end: Offset, bytes_max: usize) {
        let mut ring = self.ring();
        for record in records {
            ring.bytes = ring.bytes.saturating_add(record.bytes.len());
            ring.records.push_back(record);
        }
        ring.end = end;
        while ring.bytes > bytes_max
            && let Some(oldest) = ring.records.pop_front()
        {
            ring.bytes = ring.bytes.saturating_sub(oldest.bytes.len());
            ring.floor = oldest.offset.saturating_add(1);
        }
        drop(ring);
        self.end.send_replace(end);
    }

    fn restart(&self, end: Offset) {
        *self.ring() = Ring {
            floor: end,
            end,
            ..Ring::default()
        };
        self.end.send_replace(end);
    }

    pub(crate) fn read(&self, from: Offset, bytes_max: usize) -> Lookup {
        let ring = self.ring();
        if from >= ring.end {
            return Lookup::Here(Vec::new());
        }
        if from < ring.floor {
            return Lookup::InFile;
        }
        let first = ring.records.partition_point(|record| record.offset < from);
        let mut bytes = 0_usize;
        let records = ring.records.range(first..).take_while(|record| {
            let taken = bytes == 0 || bytes < bytes_max;
            bytes = bytes.saturating_add(record.bytes.len().max(1));
            taken
        });
        Lookup::Here(records.cloned().collect())
    }

    pub(crate) fn end(&self) -> Offset {
        *self.end.borrow()
    }

    pub(crate) fn follow(&self) -> watch::Receiver<Offset> {
        self.end.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn partition() -> RecentPartition {
        RecentPartition {
            ring: Mutex::default(),
            end: watch::Sender::new(0),
        }
    }

    fn records(offsets: &[Offset]) -> Vec<Record> {
        let record = |offset: &Offset| Record {
            offset: *offset,
            bytes: Bytes::from_static(&[0; 10]),
        };
        offsets.iter().map(record).collect()
    }

    fn offsets(lookup: Lookup) -> Option<Vec<Offset>> {
        match lookup {
            Lookup::Here(records) => Some(records.iter().map(|record| record.offset).collect()),
            Lookup::InFile => None,
        }
    }

    #[test]
    fn old_records_make_room_and_are_looked_up_in_the_file() {
        let partition = partition();
        partition.push(records(&[0, 2, 5]), 7, 25);
        assert_eq!(offsets(partition.read(0, 100)), None);
        assert_eq!(offsets(partition.read(1, 100)), Some(vec![2, 5]));
        assert_eq!(offsets(partition.read(3, 100)), Some(vec![5]));
        assert_eq!(offsets(partition.read(6, 100)), Some(vec![]), "a gap");
        assert_eq!(offsets(partition.read(7, 100)), Some(vec![]), "the end");
        assert_eq!(offsets(partition.read(1, 5)), Some(vec![2]), "bounded");
    }

    #[test]
    fn after_a_restart_everything_before_the_end_is_in_the_file() {
        let partition = partition();
        partition.push(records(&[0, 1]), 2, 100);
        partition.restart(2);
        assert_eq!(offsets(partition.read(1, 100)), None);
        assert_eq!(offsets(partition.read(2, 100)), Some(vec![]));
        partition.push(records(&[2]), 3, 100);
        assert_eq!(offsets(partition.read(2, 100)), Some(vec![2]));
    }
}
