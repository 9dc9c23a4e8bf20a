//! The snapshot store in memory.
//!
//! Duty: tests, simulators and processes without a data folder. Prohibition: nothing outlives
//! the last handle.

use crate::port::{Snapshot, SnapshotError, SnapshotStore};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use kernel::{Partition, Topic, TopicPartition};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A snapshot store that lives as long as its last handle.
#[derive(Clone, Default)]
pub struct MemorySnapshots {
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    /// By seq and format.
    snapshots: BTreeMap<TopicPartition, BTreeMap<(u64, u32), Bytes>>,
    named: BTreeMap<String, Bytes>,
}

impl MemorySnapshots {
    fn with<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Content) -> T,
    ) -> BoxFuture<'static, Result<T, SnapshotError>> {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        ready(Ok(run(&mut content))).boxed()
    }
}

impl SnapshotStore for MemorySnapshots {
    fn put(
        &self,
        journal: Topic,
        partition: Partition,
        seq: u64,
        format: u32,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        self.with(|content| {
            let at = TopicPartition::new(journal, partition);
            let of_partition = content.snapshots.entry(at).or_default();
            of_partition.insert((seq, format), bytes);
        })
    }

    fn newest(
        &self,
        journal: Topic,
        partition: Partition,
        format: u32,
    ) -> BoxFuture<'static, Result<Option<Snapshot>, SnapshotError>> {
        self.with(|content| {
            let of_partition = content
                .snapshots
                .get(&TopicPartition::new(journal, partition))?;
            let mut downwards = of_partition.iter().rev();
            let ((seq, _), bytes) = downwards.find(|((_, found), _)| *found == format)?;
            Some(Snapshot {
                seq: *seq,
                bytes: bytes.clone(),
            })
        })
    }

    fn prune(
        &self,
        journal: Topic,
        partition: Partition,
        keep: usize,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        self.with(|content| {
            let at = TopicPartition::new(journal, partition);
            let of_partition = content.snapshots.entry(at).or_default();
            while of_partition.len() > keep {
                of_partition.pop_first();
            }
        })
    }

    fn put_named(
        &self,
        name: String,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>> {
        self.with(|content| {
            content.named.insert(name, bytes);
        })
    }

    fn get_named(&self, name: String) -> BoxFuture<'static, Result<Option<Bytes>, SnapshotError>> {
        self.with(|content| content.named.get(&name).cloned())
    }

    fn list_named(&self, prefix: String) -> BoxFuture<'static, Result<Vec<String>, SnapshotError>> {
        self.with(|content| {
            let names = content.named.keys();
            names
                .filter(|name| name.starts_with(&prefix))
                .cloned()
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract() {
        futures::executor::block_on(crate::contract::check(&|| {
            Arc::new(MemorySnapshots::default())
        }));
    }
}
