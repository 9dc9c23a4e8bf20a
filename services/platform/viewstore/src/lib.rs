//! The view store: rows for readers, and how far they have come.
//!
//! Duty: the port that projectors write to and queries read from, the row that travels through
//! it, a store in memory and the contract test that every adapter passes.
//!
//! Prohibition: nothing is decided from a view. There is no read-modify-write, no counter and no
//! condition here: a projector writes whole rows, and a store can be emptied and filled again
//! from the log at any time.

mod memory;
mod port;
mod row;

pub mod contract;

pub use memory::MemoryViewStore;
pub use port::{Applied, KeyRange, Progress, Scan, ViewError, ViewStore};
pub use row::{Row, StoredRow, checksum};
