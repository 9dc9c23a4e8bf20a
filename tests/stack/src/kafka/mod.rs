//! A Kafka: one broker or three, its own processes in KRaft mode or a server that is already there.
//!
//! Brokers are counted from 0; broker `i` is node `i + 1` of the cluster. The port and the folder of a broker stay its
//! own while it is killed. Every broker has two listeners: the one of the clients, whose advertised port may be another
//! one (a proxy stands between), and a direct one, for the other brokers and for who must see past the proxy.

#[cfg(feature = "containers")]
mod container;
pub(crate) mod java;
mod properties;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::archive;
use crate::clock::Deadline;
use crate::folder::Folder;
use crate::ports::Port;
use crate::slot::Slot;
use crate::supply::{Means, Part};
use crate::wire;
use crate::wire::kafka::{Metadata, NewTopic};

/// How long a broker may take to be ready, on a machine that has other things to do.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// Any 16 bytes in base64 will do; brokers of different clusters never meet, their ports are their own.
const CLUSTER_ID: &str = "ZnVybG9uZy1zdGFjay0wMQ";

/// What kind of Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaPlan {
    /// One, or three that replicate (RF 3, min.insync.replicas 2 by default for topics).
    pub brokers: usize,
    /// The port that broker `i` tells its clients of, where it is not the one it listens on.
    pub advertised: Vec<u16>,
    /// The port on which broker `i` listens for clients; chosen where none is given.
    pub listening: Vec<u16>,
    /// More lines of the brokers' `server.properties`; the last one of a name counts.
    pub properties: Vec<(String, String)>,
    /// Who may come in at the clients' listener, with which password (SASL PLAIN), and then do only what
    /// [`Kafka::allow`] says; nobody: anybody may come and do anything. Letters, digits and hyphens only.
    pub users: Vec<(String, String)>,
    /// The Java heap in MiB; 512, or 384 each for three.
    pub heap_mib: Option<u32>,
}

impl Default for KafkaPlan {
    fn default() -> Self {
        Self {
            brokers: 1,
            advertised: Vec::new(),
            listening: Vec::new(),
            properties: Vec::new(),
            users: Vec::new(),
            heap_mib: None,
        }
    }
}

/// A Kafka that answers.
#[derive(Debug)]
pub struct Kafka {
    server: Server,
}

#[derive(Debug)]
enum Server {
    Given(Vec<String>),
    Own(Cluster),
}

/// Brokers of our own.
#[derive(Debug)]
pub(crate) struct Cluster {
    means: Means,
    plan: KafkaPlan,
    brokers: Vec<Broker>,
    /// Where to write the classes a broker has loaded.
    training: Option<PathBuf>,
    // Last: the folder goes when the processes are gone.
    folder: Folder,
}

/// One broker.
#[derive(Debug)]
pub(crate) struct Broker {
    slot: Slot,
    listening: u16,
    advertised: u16,
    direct: Port,
    controller: Port,
    _client: Option<Port>,
}

impl Broker {
    fn new(i: usize, plan: &KafkaPlan, folder: &Folder) -> anyhow::Result<Self> {
        let client = if plan.listening.get(i).is_none() {
            Some(Port::free()?)
        } else {
            None
        };
        let listening = plan
            .listening
            .get(i)
            .copied()
            .or_else(|| client.as_ref().map(Port::number));
        let listening = listening.context("a broker without a port")?;
        let name = node_id(i)?;
        let slot = Slot::new(
            format!("Kafka broker {i}"),
            folder.path().join(format!("broker-{name}")),
        );
        std::fs::create_dir_all(slot.folder()).context("create a broker's folder")?;
        Ok(Self {
            slot,
            listening,
            advertised: plan.advertised.get(i).copied().unwrap_or(listening),
            direct: Port::free()?,
            controller: Port::free()?,
            _client: client,
        })
    }
}

/// The node id of broker `i`.
pub(crate) fn node_id(i: usize) -> anyhow::Result<i32> {
    i32::try_from(i)
        .ok()
        .and_then(|i| i.checked_add(1))
        .context("too many brokers")
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

impl Kafka {
    /// Starts brokers of our own, even where the environment gives an address.
    ///
    /// # Errors
    /// They cannot be had here, or are not ready in time (the error ends with the broker's log).
    pub fn start(plan: KafkaPlan) -> anyhow::Result<Self> {
        anyhow::ensure!(
            matches!(plan.brokers, 1 | 3),
            "one broker or three, not {}",
            plan.brokers
        );
        let means = Part::Kafka.own()?;
        if means == Means::Java {
            archive::ensure(java::ARTIFACTS, |to| {
                let cluster = Cluster::start(means, KafkaPlan::default(), Some(to.to_owned()))?;
                cluster.broker(0)?.slot.end(Deadline::after(READY_WITHIN))
            })?;
        }
        Ok(Self {
            server: Server::Own(Cluster::start(means, plan, None)?),
        })
    }

    /// The one at the address in the environment, else a single broker of our own.
    pub(crate) fn shared() -> anyhow::Result<Self> {
        let Some(addresses) = Part::Kafka.given() else {
            return Self::start(KafkaPlan::default());
        };
        let first = addresses.first().context("no address")?;
        wire::kafka::api_versions(first)
            .with_context(|| format!("the Kafka of {}", Part::Kafka.variable()))?;
        Ok(Self {
            server: Server::Given(addresses),
        })
    }

    /// `host:port,host:port` as clients are to use it: the advertised ports.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        match &self.server {
            Server::Given(addresses) => addresses.join(","),
            Server::Own(cluster) => cluster.join(|broker| broker.advertised),
        }
    }

    /// The same brokers past any proxy: a client that begins here stays on the direct ports.
    #[must_use]
    pub fn direct(&self) -> String {
        match &self.server {
            Server::Given(addresses) => addresses.join(","),
            Server::Own(cluster) => cluster.join(|broker| broker.direct.number()),
        }
    }

    /// Where broker `i` listens for clients: what a proxy in front of it forwards to.
    ///
    /// # Errors
    /// There is no such broker.
    pub fn listens_at(&self, i: usize) -> anyhow::Result<String> {
        match &self.server {
            Server::Given(addresses) => addresses
                .get(i)
                .cloned()
                .with_context(|| format!("no broker {i}")),
            Server::Own(cluster) => Ok(local(cluster.broker(i)?.listening)),
        }
    }

    /// How many brokers; of a given server, how many addresses.
    #[must_use]
    pub const fn brokers(&self) -> usize {
        match &self.server {
            Server::Given(addresses) => addresses.len(),
            Server::Own(cluster) => cluster.brokers.len(),
        }
    }

    /// Whether the brokers are ours to kill and to stop.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self.server, Server::Own(_))
    }

    /// Kills broker `i` with SIGKILL; returns when nothing of it is left.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn kill(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.broker(i)?.slot.kill()
    }

    /// Starts the killed broker `i` with the data it had; returns when it serves.
    ///
    /// # Errors
    /// It is not ours, is running, or is not ready in time.
    pub fn start_again(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.start_again(i)
    }

    /// Stops the process of broker `i` (SIGSTOP): its connections stay, nothing is answered.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pause(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.broker(i)?.slot.pause()
    }

    /// Lets the paused broker `i` go on.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn resume(&self, i: usize) -> anyhow::Result<()> {
        self.own()?.broker(i)?.slot.resume()
    }

    /// The process id of broker `i`.
    ///
    /// # Errors
    /// It is not ours, or not running.
    pub fn pid(&self, i: usize) -> anyhow::Result<u32> {
        self.own()?.broker(i)?.slot.pid()
    }

    /// What broker `i` wrote to its output.
    ///
    /// # Errors
    /// It is not ours.
    pub fn log(&self, i: usize) -> anyhow::Result<PathBuf> {
        Ok(self.own()?.broker(i)?.slot.log())
    }

    /// What the first broker that answers says about the cluster.
    ///
    /// # Errors
    /// None answers.
    pub fn metadata(&self) -> anyhow::Result<Metadata> {
        self.first_answer(wire::kafka::metadata)
    }

    /// Has a topic created and waits until every partition has a leader and all its replicas.
    ///
    /// # Errors
    /// It is refused, or its replicas are not there in time.
    pub fn create_topic(&self, topic: NewTopic<'_>) -> anyhow::Result<()> {
        let deadline = Deadline::after(READY_WITHIN);
        // A broker that has just begun to serve may not have found its controller yet.
        deadline.until(
            || None,
            || self.first_answer(|address| wire::kafka::create_topic(address, topic)),
        )?;
        deadline.until(|| None, || self.metadata()?.is_in_sync(topic.name))
    }

    /// Allows a principal (`User:name`) these operations on a topic.
    ///
    /// # Errors
    /// It is refused, or an operation has another name than Kafka's tools know.
    pub fn allow(&self, principal: &str, topic: &str, operations: &[&str]) -> anyhow::Result<()> {
        self.first_answer(|address| wire::kafka::allow(address, principal, topic, operations))
    }

    /// Waits until every partition of every topic has a leader and all of its replicas are in sync.
    ///
    /// # Errors
    /// That is not so within the given time; the error names a partition.
    pub fn wait_until_in_sync(&self, within: Duration) -> anyhow::Result<()> {
        Deadline::after(within).until(
            || None,
            || {
                let metadata = self.metadata()?;
                metadata
                    .topics
                    .keys()
                    .try_for_each(|topic| metadata.is_in_sync(topic))
            },
        )
    }

    /// Stops all brokers of ours for good; a given server is left alone.
    pub(crate) fn stop(&self) {
        if let Server::Own(cluster) = &self.server {
            cluster.brokers.iter().for_each(|broker| broker.slot.stop());
            cluster.folder.remove();
        }
    }

    fn own(&self) -> anyhow::Result<&Cluster> {
        match &self.server {
            Server::Own(cluster) => Ok(cluster),
            Server::Given(_) => anyhow::bail!(
                "the Kafka of {} is not ours to stop",
                Part::Kafka.variable()
            ),
        }
    }

    fn first_answer<T>(&self, ask: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let addresses = match &self.server {
            Server::Given(addresses) => addresses.clone(),
            Server::Own(cluster) => {
                let running = cluster
                    .brokers
                    .iter()
                    .filter(|broker| broker.slot.is_running());
                running
                    .map(|broker| local(broker.direct.number()))
                    .collect()
            }
        };
        let mut why = anyhow::anyhow!("no broker is running");
        for address in addresses {
            match ask(&address) {
                Ok(answer) => return Ok(answer),
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Metadata {
    /// # Errors
    /// The topic is not there, or one of its partitions lacks its leader or a replica.
    pub fn is_in_sync(&self, topic: &str) -> anyhow::Result<()> {
        let partitions = self
            .topics
            .get(topic)
            .with_context(|| format!("no topic {topic}"))?;
        anyhow::ensure!(
            !partitions.is_empty(),
            "topic {topic} has no partitions yet"
        );
        for info in partitions {
            anyhow::ensure!(
                info.leader.is_some(),
                "{topic} {} has no leader",
                info.partition
            );
            anyhow::ensure!(
                info.in_sync.len() == info.replicas.len(),
                "{topic} {} has {} of {} replicas in sync",
                info.partition,
                info.in_sync.len(),
                info.replicas.len()
            );
        }
        Ok(())
    }
}

impl Cluster {
    fn broker(&self, i: usize) -> anyhow::Result<&Broker> {
        self.brokers
            .get(i)
            .with_context(|| format!("no broker {i}"))
    }

    fn join(&self, port: impl Fn(&Broker) -> u16) -> String {
        let addresses: Vec<String> = self
            .brokers
            .iter()
            .map(|broker| local(port(broker)))
            .collect();
        addresses.join(",")
    }

    fn start(means: Means, plan: KafkaPlan, training: Option<PathBuf>) -> anyhow::Result<Self> {
        let folder = Folder::new("kafka")?;
        let brokers: anyhow::Result<Vec<Broker>> = (0..plan.brokers)
            .map(|i| Broker::new(i, &plan, &folder))
            .collect();
        let cluster = Self {
            means,
            plan,
            brokers: brokers?,
            training,
            folder,
        };
        cluster.start_all()?;
        Ok(cluster)
    }

    fn start_all(&self) -> anyhow::Result<()> {
        let deadline = Deadline::after(READY_WITHIN);
        if self.means == Means::Java {
            self.format_all()?;
        }
        for i in 0..self.brokers.len() {
            self.launch(i)?;
        }
        let all: anyhow::Result<Vec<i32>> = (0..self.brokers.len()).map(node_id).collect();
        let all = all?;
        for i in 0..self.brokers.len() {
            self.wait_for(i, &all, deadline)?;
        }
        Ok(())
    }

    /// Of one broker, in MiB.
    fn heap_mib(&self) -> u32 {
        let usual = if self.brokers.len() == 1 { 512 } else { 384 };
        self.plan.heap_mib.unwrap_or(usual)
    }

    fn launch(&self, i: usize) -> anyhow::Result<()> {
        match self.means {
            Means::Java => java::start(self, i),
            #[cfg(feature = "containers")]
            Means::Containers => container::start(self, i),
        }
    }

    fn format_all(&self) -> anyhow::Result<()> {
        thread::scope(|scope| {
            let formats: Vec<_> = (0..self.brokers.len())
                .map(|i| scope.spawn(move || java::format(self, i)))
                .collect();
            formats.into_iter().try_for_each(|format| {
                format
                    .join()
                    .map_err(|_| anyhow::anyhow!("the formatting of a folder panicked"))?
            })
        })
    }

    fn start_again(&self, i: usize) -> anyhow::Result<()> {
        self.launch(i)?;
        self.wait_for(i, &[node_id(i)?], Deadline::after(READY_WITHIN))
    }

    /// Until broker `i` answers, knows a controller, and counts these nodes among the living.
    fn wait_for(&self, i: usize, alive: &[i32], deadline: Deadline) -> anyhow::Result<()> {
        let broker = self.broker(i)?;
        let address = local(broker.direct.number());
        let ready = deadline.until(
            || broker.slot.given_up(),
            || {
                wire::kafka::api_versions(&address)?;
                let metadata = wire::kafka::metadata(&address)?;
                anyhow::ensure!(metadata.has_controller, "there is no controller yet");
                anyhow::ensure!(
                    alive.iter().all(|node| metadata.nodes.contains_key(node)),
                    "only {:?} are there",
                    metadata.nodes
                );
                Ok(())
            },
        );
        broker.slot.with_log(ready)
    }
}
