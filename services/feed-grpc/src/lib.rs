//! The feed's door for gRPC.
//!
//! Duty: take a source's stream of messages, hand them to the desk as the lines of JSON that
//! `POST /v1/feed/updates` takes, and tell the source what became of each: repeats, gaps, refusals,
//! and how far it has come. Because they go through the same door, a message means the same here as
//! there: who may say it, how it is counted, what a gap stops, what a restart recovers.
//!
//! Prohibition: no judgement, no counting of its own, and no memory: a stream that ends loses
//! nothing that was acknowledged. No message is read while those before it wait for their answer,
//! so a source that is quicker than the log is slowed down by its own connection.

mod answer;
mod door;
mod lines;
mod stream;

pub use door::{Caller, Desk, Limits, PATH, Posted, service};
