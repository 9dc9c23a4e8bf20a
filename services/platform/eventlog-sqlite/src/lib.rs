//! The embedded event log: one SQLite file in a data folder.
//!
//! Duty: keep the promises of the `eventlog` port for a process that has no broker. One thread
//! writes for all partitions and commits whatever waits as one synced transaction; what it
//! commits is handed to readers from memory; checkpoints run beside it. For auditors a running
//! hash over every stored record of a partition moves in the same commit as the record.
//!
//! Prohibition: nothing is answered before the disk has it, nothing is rewritten or deleted, and
//! no record is looked into: claims, decisions and commands are bytes here.

mod checkpoint;
mod error;
mod file;
mod lock;
mod log;
mod queue;
mod read_only;
mod recent;
mod writer;

pub use error::OpenError;
pub use log::{Health, Options, SqliteLog};
pub use read_only::{ReadOnlyLog, Records};
