//! Snapshots of owners, and signed checkpoints.
//!
//! Duty: keep what makes a start quick, and find it again only when it is whole.
//! Prohibition: a snapshot is never the truth; whoever loads one checks it against the log.

mod port;

pub use port::{Snapshot, SnapshotError, SnapshotStore};
