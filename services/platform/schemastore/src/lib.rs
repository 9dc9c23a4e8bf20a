//! Where schemas are published: compiled in, or in a registry.
//!
//! Duty: tell under which ids the records of our topics travel, publish what is missing, and say
//! what a registry holds instead. A registry is believed only as far as its answers are compared
//! with our own schemas: an id counts when the text behind it means what ours means.
//!
//! Prohibition: nothing here is needed to read or to write a record. It runs before a process
//! begins to serve, blocks, and is not asked again.

mod client;
mod embedded;
mod meaning;
mod port;
mod registry;
mod subjects;

pub use embedded::Embedded;
pub use port::{Entry, Held, Judgement, SchemaStore, StoreError};
pub use registry::Registry;
pub use subjects::Subjects;
