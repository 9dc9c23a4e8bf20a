//! A real Kafka, a real Cassandra and a schema registry in one call, for tests and people.
//!
//! The only crate that starts servers of others. It knows nothing of furlong: no topic, no table, no schema of ours.
//!
//! ```no_run
//! // tests/x.rs, with `harness = false` in Cargo.toml
//! fn main() -> std::process::ExitCode {
//!     stack::cluster_tests(stack::Needs::KAFKA | stack::Needs::CASSANDRA, |trials| {
//!         trials.test("a_broker_answers", || {
//!             anyhow::ensure!(!stack::kafka().bootstrap().is_empty());
//!             Ok(())
//!         });
//!     })
//! }
//! ```

mod archive;
mod cassandra;
mod clock;
#[cfg(feature = "containers")]
mod containers;
#[cfg(feature = "containers")]
mod engine;
mod folder;
mod guarded;
mod java;
mod kafka;
mod ports;
mod registry;
mod settings;
mod shared;
mod slot;
mod supply;
mod trials;
pub mod wire;

pub use cassandra::{Cassandra, CassandraPlan};
pub use kafka::{Kafka, KafkaPlan};
pub use ports::Port;
pub use registry::Registry;
pub use shared::{cassandra, kafka, registry};
pub use trials::{Needs, Trials, cluster_tests};
pub use wire::kafka::{Metadata, NewTopic, PartitionInfo};
