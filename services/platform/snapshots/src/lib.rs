//! Snapshots of owners, and signed checkpoints.
//!
//! Duty: keep what makes a start quick, and find it again only when it is whole.
//! The port is small on purpose: a folder serves one machine, and an object store fits behind the
//! same six calls, since nothing is ever changed in place.
//!
//! Prohibition: a snapshot is never the truth; whoever loads one checks it against the log.

mod folder;
mod memory;
mod port;
mod sealed;

pub mod contract;

pub use folder::FolderStore;
pub use memory::MemorySnapshots;
pub use port::{Snapshot, SnapshotError, SnapshotStore};
