//! The cluster, in a binary that was built without it.
//!
//! Duty: say what to do. Prohibition: a setting that asks for a cluster is never passed over.

use crate::config::Settings;
use crate::exit::{Ended, Failure};
use crate::newcomers::Registrar;
use crate::roles::Roles;
use crate::screen::Screen;
use crate::topics::Topics;
use eventlog::EventLog;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use viewstore::ViewStore;

fn not_built_in() -> Failure {
    Failure::Usage(
        "this furlong was built for the embedded log alone; for Kafka build it with \
         `cargo build --release -p furlong --features cluster` (needs a C++ compiler and make too)"
            .to_owned(),
    )
}

/// Serves roles on a cluster.
///
/// # Errors
/// Always.
pub fn serve(_: &Settings, _: Roles, _: Option<&Path>, _: &mut Screen<'_>) -> Result<(), Failure> {
    Err(not_built_in())
}

/// The log of a cluster.
///
/// # Errors
/// Always.
pub fn open_log(_: &Settings) -> Result<Arc<dyn EventLog>, Failure> {
    Err(not_built_in())
}

/// The views of a cluster.
///
/// # Errors
/// Always.
#[expect(clippy::unused_async, reason = "the shape of the cluster's own")]
pub async fn open_views(_: &Settings, _: Duration) -> Result<Arc<dyn ViewStore>, Failure> {
    Err(not_built_in())
}

/// Who lets people in by command.
///
/// # Errors
/// Always.
#[expect(clippy::unused_async, reason = "the shape of the cluster's own")]
pub async fn registrar(_: &Settings) -> Result<Registrar, Failure> {
    Err(not_built_in())
}

/// Makes or checks topics.
///
/// # Errors
/// Always.
pub fn topics(_: &Topics, _: &mut Screen<'_>) -> Ended {
    Err(not_built_in())
}
