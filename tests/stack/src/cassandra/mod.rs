//! A Cassandra: one node or three, its own processes or a server that is already there.
//!
//! Nodes are counted from 0; node `i` listens at 127.0.0.`i + 1`, all on the same port, as the drivers expect it.

#[cfg(feature = "containers")]
mod container;
pub(crate) mod java;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::archive;
use crate::clock::Deadline;
use crate::folder::Folder;
use crate::ports::Port;
use crate::slot::Slot;
use crate::supply::{Means, Part};
use crate::wire;

/// How long one node may take to be ready, on a machine that has other things to do.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// What kind of Cassandra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CassandraPlan {
    /// One, or three of one ring.
    pub nodes: usize,
    /// Whether a write is on the disk before it is acknowledged. Otherwise, as is usual, a node that is killed forgets
    /// what it acknowledged in its last tenth of a second: its commit log is read up to the last mark only.
    pub synced: bool,
    /// More lines of `cassandra.yaml`, each a whole top-level entry.
    pub yaml: Vec<String>,
    /// The Java heap in MiB; 1024, or 640 each for three.
    pub heap_mib: Option<u32>,
}

impl Default for CassandraPlan {
    fn default() -> Self {
        Self {
            nodes: 1,
            synced: false,
            yaml: Vec::new(),
            heap_mib: None,
        }
    }
}

/// A Cassandra that answers.
#[derive(Debug)]
pub struct Cassandra {
    server: Server,
}

#[derive(Debug)]
enum Server {
    Given(Vec<String>),
    Own(Ring),
}

/// Nodes of our own.
#[derive(Debug)]
pub(crate) struct Ring {
    means: Means,
    plan: CassandraPlan,
    nodes: Vec<Node>,
    native: Port,
    storage: Port,
    /// Where to write the classes a node has loaded.
    training: Option<PathBuf>,
    // Last: the folder goes when the processes are gone.
    folder: Folder,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    slot: Slot,
    address: Ipv4Addr,
}

/// 127.0.0.1, .2 and .3.
fn address(i: usize) -> anyhow::Result<Ipv4Addr> {
    let last = u8::try_from(i)
        .ok()
        .and_then(|i| i.checked_add(1))
        .context("too many nodes")?;
    Ok(Ipv4Addr::new(127, 0, 0, last))
}

impl Cassandra {
    /// Starts nodes of our own, even where the environment gives an address.
    ///
    /// # Errors
    /// They cannot be had here, or are not ready in time (the error ends with the node's log).
    pub fn start(plan: CassandraPlan) -> anyhow::Result<Self> {
        anyhow::ensure!(
            matches!(plan.nodes, 1 | 3),
            "one node or three, not {}",
            plan.nodes
        );
        // Nodes in containers would have to find each other and the drivers them: three are processes.
        let means = if plan.nodes == 1 {
            Part::Cassandra.own()?
        } else {
            Part::Cassandra.own_process()?
        };
        if means == Means::Java {
            archive::ensure(java::ARTIFACTS, |to| {
                let ring = Ring::start(means, CassandraPlan::default(), Some(to.to_owned()))?;
                ring.node(0)?.slot.end(Deadline::after(READY_WITHIN))
            })?;
        }
        Ok(Self {
            server: Server::Own(Ring::start(means, plan, None)?),
        })
    }

    /// The one at the address in the environment, else a single node of our own.
    pub(crate) fn shared() -> anyhow::Result<Self> {
        let Some(addresses) = Part::Cassandra.given() else {
            return Self::start(CassandraPlan::default());
        };
        let first = addresses.first().context("no address")?;
        wire::cql::options(first)
            .with_context(|| format!("the server of {}", Part::Cassandra.variable()))?;
        Ok(Self {
            server: Server::Given(addresses),
        })
    }

    /// `host:port` of every node.
    #[must_use]
    pub fn contact_points(&self) -> Vec<String> {
        match &self.server {
            Server::Given(addresses) => addresses.clone(),
            Server::Own(ring) => ring
                .nodes
                .iter()
                .map(|node| ring.address_of(node))
                .collect(),
        }
    }

    /// Whether the nodes are ours to kill and to stop.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self.server, Server::Own(_))
    }

    /// Kills node `i` with SIGKILL; returns when nothing of it is left.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn kill(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.node(i)?.slot.kill()
    }

    /// Starts the killed node `i` with the data it had; returns when it serves.
    ///
    /// # Errors
    /// It is not ours, is running, or is not ready in time.
    pub fn start_again(&self, i: usize) -> anyhow::Result<()> {
        let ring = self.own()?;
        ring.launch(i)?;
        ring.wait_for(i, 0)
    }

    /// Stops the process of node `i` (SIGSTOP): its connections stay, nothing is answered.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pause(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.node(i)?.slot.pause()
    }

    /// Lets the paused node `i` go on.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn resume(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.node(i)?.slot.resume()
    }

    /// The process id of node `i`.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pid(&self, i: usize) -> anyhow::Result<u32> {
        self.own()?.node(i)?.slot.pid()
    }

    /// What node `i` wrote to its output.
    ///
    /// # Errors
    /// It is not ours.
    pub fn log(&self, i: usize) -> anyhow::Result<PathBuf> {
        Ok(self.own()?.node(i)?.slot.log())
    }

    /// Runs one statement on node `i` at consistency ONE; gives the number of rows where it selects one plain column.
    ///
    /// # Errors
    /// The node does not answer or refuses.
    pub fn run(&self, i: usize, statement: &str) -> anyhow::Result<usize> {
        let points = self.contact_points();
        wire::cql::rows(
            points.get(i).with_context(|| format!("no node {i}"))?,
            statement,
        )
    }

    /// Stops all nodes of ours for good; a given server is left alone.
    pub(crate) fn stop(&self) {
        if let Server::Own(ring) = &self.server {
            ring.nodes.iter().for_each(|node| node.slot.stop());
            ring.folder.remove();
        }
    }

    fn own(&self) -> anyhow::Result<&Ring> {
        match &self.server {
            Server::Own(ring) => Ok(ring),
            Server::Given(_) => anyhow::bail!(
                "the server of {} is not ours to stop",
                Part::Cassandra.variable()
            ),
        }
    }
}

impl Drop for Cassandra {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Ring {
    fn node(&self, i: usize) -> anyhow::Result<&Node> {
        self.nodes.get(i).with_context(|| format!("no node {i}"))
    }

    fn address_of(&self, node: &Node) -> String {
        format!("{}:{}", node.address, self.native.number())
    }

    fn start(means: Means, plan: CassandraPlan, training: Option<PathBuf>) -> anyhow::Result<Self> {
        let folder = Folder::new("cassandra")?;
        let addresses: anyhow::Result<Vec<Ipv4Addr>> = (0..plan.nodes).map(address).collect();
        let addresses = addresses?;
        let (native, storage) = (Port::free_on(&addresses)?, Port::free_on(&addresses)?);
        let mut nodes = Vec::new();
        for address in addresses {
            let slot = Slot::new(
                format!("Cassandra node {address}"),
                folder.path().join(address.to_string()),
            );
            std::fs::create_dir_all(slot.folder()).context("create a node's folder")?;
            nodes.push(Node { slot, address });
        }
        let ring = Self {
            means,
            plan,
            nodes,
            native,
            storage,
            training,
            folder,
        };
        ring.start_all()?;
        Ok(ring)
    }

    /// Of one node, in MiB.
    fn heap_mib(&self) -> u32 {
        let usual = if self.nodes.len() == 1 { 1024 } else { 640 };
        self.plan.heap_mib.unwrap_or(usual)
    }

    fn launch(&self, i: usize) -> anyhow::Result<()> {
        match self.means {
            Means::Java => java::start(self, i),
            #[cfg(feature = "containers")]
            Means::Containers => container::start(self),
        }
    }

    /// One after the other: two that join at the same time may choose the same tokens.
    fn start_all(&self) -> anyhow::Result<()> {
        for i in 0..self.nodes.len() {
            self.launch(i)?;
            self.wait_for(i, i)?;
        }
        for i in 0..self.nodes.len() {
            self.wait_for(i, self.nodes.len().saturating_sub(1))?;
        }
        Ok(())
    }

    /// Until node `i` answers, serves statements, and knows so many others.
    fn wait_for(&self, i: usize, others: usize) -> anyhow::Result<()> {
        let node = self.node(i)?;
        let address = self.address_of(node);
        let ready = Deadline::after(READY_WITHIN).until(
            || node.slot.given_up(),
            || {
                wire::cql::options(&address)?;
                let known = wire::cql::rows(&address, "SELECT schema_version FROM system.peers")?;
                anyhow::ensure!(known >= others, "it knows {known} of {others} others");
                Ok(())
            },
        );
        node.slot.with_log(ready)
    }
}
