//! The proxy's front: listening, rules, ports.
//!
//! Duty: accept connections and give each a pipe to the broker. Prohibition: a connection that
//! waits never keeps another one waiting.

use super::pipe::{Broken, Pipe};
use super::produce::Produce;
use super::rule::{Held, Holds, Lose, Loss, Losses, Rule};
use crate::tcp::abort;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// How a proxy is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaPlan {
    /// Where clients connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The broker, or nothing yet: until it is [aimed](KafkaProxy::aim) the proxy refuses.
    pub target: Option<SocketAddr>,
    /// The highest version of Produce that clients are told of; rules read 3 to 13, and topic
    /// names only up to 12.
    pub produce_version_max: i16,
}

impl Default for KafkaPlan {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            target: None,
            produce_version_max: 12,
        }
    }
}

/// What has passed a proxy since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KafkaCounts {
    /// Connections that clients made.
    pub connections: u64,
    /// Produce requests.
    pub produces: u64,
    /// Produce requests, and answers about versions and brokers, that could not be read and
    /// passed as they were.
    pub unreadable: u64,
    /// Produce requests that were held.
    pub held: u64,
    /// Produce requests that were lost, or their answers.
    pub lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    pub(crate) produces: AtomicU64,
    pub(crate) unreadable: AtomicU64,
    pub(crate) held: AtomicU64,
    pub(crate) lost: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Hold(mpsc::UnboundedSender<Held>),
    Lose(Lose, mpsc::UnboundedSender<Loss>),
}

impl Deed {
    fn is_over(&self) -> bool {
        match self {
            Self::Hold(holds) => holds.is_closed(),
            Self::Lose(_, losses) => losses.is_closed(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) target: watch::Sender<Option<SocketAddr>>,
    pub(crate) produce_version_max: i16,
    pub(crate) counters: Counters,
    ports: Mutex<BTreeMap<u16, u16>>,
    rules: Mutex<Vec<(Rule, Deed)>>,
    cuts: watch::Sender<u64>,
}

impl Shared {
    /// What the first rule that picks the request does with it.
    pub(crate) fn pick(&self, produce: &Produce) -> Option<Deed> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|(rule, deed)| !rule.is_spent() && !deed.is_over());
        let picking = rules
            .iter_mut()
            .find_map(|(rule, deed)| rule.picks(produce).then_some(deed));
        let deed = picking.cloned();
        // A spent rule closes its channel.
        rules.retain(|(rule, _)| !rule.is_spent());
        deed
    }

    pub(crate) fn ports(&self) -> BTreeMap<u16, u16> {
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.clone()
    }
}

/// A proxy for Kafka. It stops when it is dropped, and its connections with it.
///
/// Brokers tell clients where they are to be found. So that clients stay with the proxy, either
/// the broker advertises the proxy's port itself, or the proxy is told to
/// [advertise](Self::advertise) ports of proxies for those of brokers.
#[derive(Debug)]
pub struct KafkaProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl KafkaProxy {
    /// Listens.
    ///
    /// # Errors
    /// The address is not to be had.
    pub async fn start(plan: KafkaPlan) -> io::Result<Self> {
        let listener = TcpListener::bind(plan.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: watch::Sender::new(plan.target),
            produce_version_max: plan.produce_version_max,
            counters: Counters::default(),
            ports: Mutex::default(),
            rules: Mutex::default(),
            cuts: watch::Sender::new(0),
        });
        Ok(Self {
            address,
            task: tokio::spawn(accept(listener, Arc::clone(&shared))),
            shared,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go to that broker, and what is released apart as well.
    pub fn aim(&self, target: SocketAddr) {
        self.shared.target.send_replace(Some(target));
    }

    /// Tells clients that the broker at `broker_port` is to be found at `port`: this proxy's, or
    /// another one's that stands before it.
    pub fn advertise(&self, broker_port: u16, port: u16) {
        let ports = self.shared.ports.lock();
        let mut ports = ports.unwrap_or_else(PoisonError::into_inner);
        ports.insert(broker_port, port);
    }

    /// From now on holds what the rule picks. Earlier rules come first.
    pub fn hold(&self, rule: Rule) -> Holds {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.add_rule(rule, Deed::Hold(sender));
        Holds(receiver)
    }

    /// From now on loses what the rule picks. Earlier rules come first.
    pub fn lose(&self, lose: Lose, rule: Rule) -> Losses {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.add_rule(rule, Deed::Lose(lose, sender));
        Losses(receiver)
    }

    fn add_rule(&self, rule: Rule, deed: Deed) {
        let rules = self.shared.rules.lock();
        let mut rules = rules.unwrap_or_else(PoisonError::into_inner);
        rules.push((rule, deed));
    }

    /// Breaks all present connections. What is held stays held.
    pub fn cut(&self) {
        self.shared
            .cuts
            .send_modify(|cuts| *cuts = cuts.wrapping_add(1));
    }

    /// What has passed so far.
    #[must_use]
    pub fn counts(&self) -> KafkaCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.shared.counters;
        KafkaCounts {
            connections: load(&counters.connections),
            produces: load(&counters.produces),
            unreadable: load(&counters.unreadable),
            held: load(&counters.held),
            lost: load(&counters.lost),
        }
    }
}

impl Drop for KafkaProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut number = 0_u64;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((client, _)) = accepted else {
            // Out of descriptors: they come back.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        add(&shared.counters.connections);
        number = number.wrapping_add(1);
        connections.spawn(connection(client, number, Arc::clone(&shared)));
    }
}

async fn connection(mut client: TcpStream, number: u64, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let target = *shared.target.borrow();
    let broker = match target {
        Some(target) => TcpStream::connect(target).await.ok(),
        None => None,
    };
    let Some(mut broker) = broker else {
        abort(&client);
        return;
    };
    let pipe = Pipe::new(&shared, number);
    let ended = tokio::select! {
        ended = pipe.run(&mut client, &mut broker) => ended,
        _ = cuts.changed() => Err(Broken),
    };
    if ended.is_err() {
        abort(&client);
        abort(&broker);
    }
}
