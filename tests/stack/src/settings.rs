//! What the environment says about the servers: the one place that reads it.

use std::path::{Path, PathBuf};

/// Addresses of a Kafka that is already there: `host:port,host:port`.
pub(crate) const KAFKA: &str = "FURLONG_TEST_KAFKA";
/// Addresses of a Cassandra or ScyllaDB that is already there: `host:port,host:port`.
pub(crate) const CASSANDRA: &str = "FURLONG_TEST_CASSANDRA";
/// Base address of a schema registry that is already there.
pub(crate) const REGISTRY: &str = "FURLONG_TEST_REGISTRY";
/// `required`: what cannot be had fails the tests instead of having them ignored.
pub(crate) const CLUSTER: &str = "FURLONG_TEST_CLUSTER";
/// `java`: servers are processes even where a container engine answers.
pub(crate) const MEANS: &str = "FURLONG_STACK_MEANS";
/// The folder of the fetched Java parts.
pub(crate) const CACHE: &str = "FURLONG_STACK_CACHE";
/// Set to anything: the servers' folders stay, to be looked at.
pub(crate) const KEEP: &str = "FURLONG_STACK_KEEP";

/// A variable that is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "the composition root of the tests' servers"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

/// Whether parts that cannot be had are a failure.
pub(crate) fn cluster_is_required() -> bool {
    variable(CLUSTER).is_some_and(|value| value == "required")
}

/// Whether the folders of stopped servers stay.
pub(crate) fn folders_stay() -> bool {
    variable(KEEP).is_some()
}

/// Addresses of a server that is already there.
pub(crate) fn addresses(name: &str) -> Option<Vec<String>> {
    let value = variable(name)?;
    let list: Vec<String> = value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    (!list.is_empty()).then_some(list)
}

/// A program on the search path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Where fetched parts are kept: the given folder, else the user's cache, else beside the running binary.
pub(crate) fn cache_folder() -> anyhow::Result<PathBuf> {
    if let Some(given) = variable(CACHE) {
        return Ok(PathBuf::from(given));
    }
    if let Some(cache) = variable("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(cache).join("furlong-stack"));
    }
    if let Some(home) = variable("HOME") {
        return Ok(PathBuf::from(home).join(".cache").join("furlong-stack"));
    }
    let binary = std::env::current_exe()?;
    let beside = binary
        .parent()
        .ok_or_else(|| anyhow::anyhow!("the running binary has no folder"))?;
    Ok(beside.join("furlong-stack"))
}

/// What a server's guard removes when we die: the server's folder, or nothing when folders stay.
pub(crate) fn folder_that_goes_with(folder: &Path) -> PathBuf {
    if folders_stay() {
        PathBuf::new()
    } else {
        folder.to_owned()
    }
}
