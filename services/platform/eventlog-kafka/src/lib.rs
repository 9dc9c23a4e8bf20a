//! The event log on Apache Kafka.
//!
//! Duty: keep the promises of the `eventlog` port with a broker's partitions. One idempotent
//! producer and one consumer serve the whole process; what the consumer brings stays a while in
//! memory for all readers, and older records come from a few consumers beside it. Topics are made
//! and checked here, and notices that nobody keeps pass over a topic of their own.
//!
//! Prohibition: no transactions and no consumer groups: which record counts is for the fold to
//! say, and who owns what is for the claim. No other crate names the client library. No record is
//! looked into, but for the four bytes that name its schema.

mod about;
pub mod anchor;
mod catch_up;
mod client;
mod error;
mod fetcher;
mod framing;
mod health;
mod log;
mod noticeboard;
mod producer;
mod settings;
mod stalls;
pub mod topics;
mod window;

pub use error::{ConnectError, TopicsError};
pub use log::KafkaLog;
pub use noticeboard::Noticeboard;
pub use settings::{Settings, Tuning};
