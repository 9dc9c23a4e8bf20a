//! The event log: the port, the fold that every reader applies, and the log in memory.
//!
//! Duty: say what furlong asks of a log, judge which records of a journal count, and hash all that
//! is stored. The fold makes the log a compare-and-set: it needs order and durability within a
//! partition from the broker and nothing else.
//!
//! Prohibition: nothing here knows a service. Nothing else in the system reads a journal without
//! this fold.

mod chain;
mod folded;
mod memory;
mod port;
mod running;
mod simulated;

pub mod contract;

pub use chain::{Chain, ChainCounts, Halt, Judged, Known, Verdict, digest};
pub use folded::{Folded, Reading};
pub use memory::MemoryLog;
pub use port::{AppendOutcome, EventLog, LogError, Record, Writer, record_at, record_bytes_max};
pub use running::{RunningHash, StoredPartition};
pub use simulated::{Dice, Faults, SimulatedLog};
