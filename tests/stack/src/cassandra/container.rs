//! A single node of ScyllaDB in a container. Neither compiled to the end nor run where this was written.

use super::Ring;
use crate::containers::{Container, Image};
use crate::slot::Running;

/// The port of the native protocol inside.
const NATIVE: u16 = 9042;

/// Starts the node.
///
/// # Errors
/// It is running, or the engine cannot run it.
pub(crate) fn start(ring: &Ring) -> anyhow::Result<()> {
    let heap = ring.heap_mib();
    let image = Image {
        name: "scylladb/scylla",
        tag: "2025.4.2",
        environment: Vec::new(),
        command: [
            "--smp=1",
            &format!("--memory={heap}M"),
            "--overprovisioned=1",
            "--developer-mode=1",
        ]
        .map(str::to_owned)
        .to_vec(),
        ports: vec![(ring.native.number(), NATIVE)],
        on_the_host: false,
    };
    ring.node(0)?
        .slot
        .start(|| Container::start(image).map(Running::Container))
}
