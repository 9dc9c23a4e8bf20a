//! Views in ScyllaDB or Apache Cassandra.
//!
//! Duty: keep the promises of the `viewstore` port on a store that has neither transactions nor
//! an order of writes, so that any number of processes may write the same views at once.
//! Prohibition: no light-weight transaction, no counter, no batch over several partitions, no
//! read before a write, no wall clock in a timestamp, nothing that is decided from a row.
//!
//! # What stands for a transaction
//! A row is written in full `USING TIMESTAMP` its seq, so whoever writes late or again loses
//! against what is newer, and the order of writes does not matter. Progress is written after its
//! rows were acknowledged, with its offset as the timestamp: it is never ahead of its rows, and
//! may be behind them, which costs nothing but writing rows again. Timestamps hold for single
//! cells, and of equal ones the larger value wins: two values of one row at one seq, which no
//! projection makes, would be mixed. A checksum cell tells such a row when it is read. The
//! journal partition that a row stands on is part of its primary key: two owners of one row make
//! two rows, and whoever reads them is told.
//!
//! # Where rows lie
//! One table holds the rows of all views: `((head), view_name, key, source)`, where `head` is made of
//! the key (see `layout`). Rows of one customer lie together and are walked in both directions
//! by one query a page; things with an id of their own lie together by the time they were made
//! and by their journal partition, so that what is written together goes in one batch and no
//! partition grows for ever; answers, whose ids are hashes, are spread over 256 partitions for
//! each journal partition. Views that are walked as a whole (bets, cases, exposure) list their
//! heads in a second table, in the order of keys. Any other walk with a prefix shorter than the
//! head reads the whole table and sorts: only tests and comparisons ask for one.
//!
//! # How it is emptied
//! Deletions would need timestamps that beat seqs and would then hold for ever. The tables' names
//! carry a generation instead. Emptying the store names a new generation and drops the tables of
//! the old one; a process that still writes the old one cannot harm the new, notices at its next
//! `apply` and is told `Cleared`. A keyspace that was lost is made again in the same way.
//!
//! # What was run
//! Apache Cassandra 5.0.5 stands in for both; `ScyllaDB` itself was not run. It refuses
//! timestamps far in the future, which seqs and offsets never are; its tablets, its shards and
//! its own batch limits are untested.

mod generation;
mod keeper;
mod layout;
mod read;
mod settings;
mod statements;
mod store;
mod walk;
mod write;

pub mod anchor;

pub use settings::Settings;
pub use store::{ConnectError, ScyllaViewStore};
