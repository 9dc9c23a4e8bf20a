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
//!
//! Seconds until ready, measured on two cores with little else running (in brackets: twenty others wanted them too):
//! one broker 3.3 (20), three brokers 10 (35), one Cassandra 5.6 (50), three 45 (110), the registry 4.6 (8.5). A killed
//! broker is back after its start and the 4 s (of three: 6 s) in which its controller still takes the dead one for
//! alive; a Cassandra after 9. The archives of loaded classes, written once on the first start, save a broker a third
//! of the 3.6 s of processor time of a start. A broker has 190 MB when it has just started, a Cassandra 940 MB.

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
