//! What furlong asks of a store of snapshots.
//!
//! Obligations of an adapter: what is returned is exactly what was once put, whole; anything
//! damaged, torn or of another format is as if it were not there. Nothing is ever half-loaded.

use bytes::Bytes;
use futures::future::BoxFuture;
use kernel::{Partition, Topic};

/// A snapshot of the owner of one journal partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last effective seq that it holds.
    pub seq: u64,
    /// The content.
    pub bytes: Bytes,
}

/// Why the store could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of {name} failed: {detail}")]
pub struct SnapshotError {
    /// What was attempted.
    pub operation: &'static str,
    /// Of what.
    pub name: String,
    /// What the store said.
    pub detail: String,
}

/// A store of snapshots and of a few named things.
pub trait SnapshotStore: Send + Sync + 'static {
    /// Keeps a snapshot, durably, or not at all.
    fn put(
        &self,
        journal: Topic,
        partition: Partition,
        seq: u64,
        format: u32,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>>;

    /// The intact snapshot of the highest seq in that format.
    fn newest(
        &self,
        journal: Topic,
        partition: Partition,
        format: u32,
    ) -> BoxFuture<'static, Result<Option<Snapshot>, SnapshotError>>;

    /// Deletes all but the newest `keep` snapshots of a partition.
    fn prune(
        &self,
        journal: Topic,
        partition: Partition,
        keep: usize,
    ) -> BoxFuture<'static, Result<(), SnapshotError>>;

    /// Keeps a thing under a name, replacing what was there.
    fn put_named(
        &self,
        name: String,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<(), SnapshotError>>;

    /// The thing of that name, if it is there and intact.
    fn get_named(&self, name: String) -> BoxFuture<'static, Result<Option<Bytes>, SnapshotError>>;

    /// The names that begin so, sorted.
    fn list_named(&self, prefix: String) -> BoxFuture<'static, Result<Vec<String>, SnapshotError>>;
}
