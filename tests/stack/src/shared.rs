//! The servers that all trials of one test binary share: started on first use, stopped when the trials are over.

use std::sync::OnceLock;

use crate::{Cassandra, Kafka, Registry};

type Start<T> = OnceLock<Result<T, String>>;

static KAFKA: Start<Kafka> = OnceLock::new();
static CASSANDRA: Start<Cassandra> = OnceLock::new();
static REGISTRY: Start<Registry> = OnceLock::new();

/// The Kafka of this test binary: the one in the environment, else one broker of our own.
///
/// # Panics
/// It cannot be started; every trial that asks for it fails with the same reason.
#[must_use]
pub fn kafka() -> &'static Kafka {
    first_use(&KAFKA, Kafka::shared)
}

/// The Cassandra (or ScyllaDB) of this test binary: the one in the environment, else one node of our own.
///
/// # Panics
/// It cannot be started; every trial that asks for it fails with the same reason.
#[must_use]
pub fn cassandra() -> &'static Cassandra {
    first_use(&CASSANDRA, Cassandra::shared)
}

/// The schema registry of this test binary: the one in the environment, else one of our own.
///
/// # Panics
/// It cannot be started; every trial that asks for it fails with the same reason.
#[must_use]
pub fn registry() -> &'static Registry {
    first_use(&REGISTRY, Registry::shared)
}

fn first_use<T>(place: &'static Start<T>, start: fn() -> anyhow::Result<T>) -> &'static T {
    match place.get_or_init(|| start().map_err(|error| format!("{error:#}"))) {
        Ok(server) => server,
        Err(reason) => panic!("{reason}"),
    }
}

/// Stops what was started. Statics are never dropped, so this is said at the end; their guards would see to it anyway.
pub(crate) fn stop() {
    if let Some(Ok(server)) = KAFKA.get() {
        server.stop();
    }
    if let Some(Ok(server)) = CASSANDRA.get() {
        server.stop();
    }
    if let Some(Ok(server)) = REGISTRY.get() {
        server.stop();
    }
}
