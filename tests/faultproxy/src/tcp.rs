//! A proxy for any protocol over TCP.
//!
//! Duty: listen, connect onwards, and let every connection live under the weather that the
//! faults make. Prohibition: it looks at no byte.
//!
//! What loopback cannot show: the handshake itself is done by this machine's kernel, so a client
//! of a partitioned proxy is connected to the proxy, though never to the server; and a refused
//! one is connected and reset at once.

use crate::dice::Dice;
use crate::fault::Fault;
use crate::lane::{Broken, Lane};
use crate::schedule::Schedule;
use crate::weather::Weather;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// What has passed a proxy since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that clients made, refused ones included.
    pub accepted: u64,
    /// Connections that were reset at once: by [`Fault::Refuse`], or since the server was away.
    pub refused: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Connections that ended by RST.
    pub broken: u64,
    /// Bytes that were delivered to the server.
    pub bytes_to_server: u64,
    /// Bytes that were delivered to clients.
    pub bytes_to_client: u64,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    broken: AtomicU64,
    bytes_to_server: AtomicU64,
    bytes_to_client: AtomicU64,
}

/// A proxy for bytes. It stops when it is dropped, and its connections with it.
#[derive(Debug)]
pub struct TcpFaults {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    target: watch::Sender<Option<SocketAddr>>,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

impl TcpFaults {
    /// Listens on a free port of loopback, before that server.
    ///
    /// # Errors
    /// No port is to be had.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let proxy = Self::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        proxy.aim(target);
        Ok(proxy)
    }

    /// Listens there. Until it is [aimed](Self::aim) it refuses: a server that must know the
    /// proxy's port can be started in between.
    ///
    /// # Errors
    /// The address is not to be had.
    pub async fn bind(listen: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let (target, aimed) = watch::channel(None);
        let counters = Arc::new(Counters::default());
        let accept = accept(listener, aimed, Arc::clone(&weather), Arc::clone(&counters));
        Ok(Self {
            address,
            weather,
            target,
            counters,
            task: tokio::spawn(accept),
        })
    }

    /// New connections go to that server.
    pub fn aim(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Where clients connect.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather.
    pub fn apply(&self, fault: Fault) {
        self.weather.send_modify(|weather| weather.apply(fault));
    }

    /// Plays a schedule from now on to its end.
    pub async fn play(&self, schedule: &Schedule) {
        let start = Instant::now();
        for step in &schedule.steps {
            let after = Duration::from_millis(u64::from(step.at_ms));
            sleep_until(start.checked_add(after).unwrap_or(start)).await;
            self.apply(step.fault);
        }
    }

    /// What has passed so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let ended = load(&self.counters.ended);
        let accepted = load(&self.counters.accepted);
        Counts {
            accepted,
            refused: load(&self.counters.refused),
            open: accepted.saturating_sub(ended),
            broken: load(&self.counters.broken),
            bytes_to_server: load(&self.counters.bytes_to_server),
            bytes_to_client: load(&self.counters.bytes_to_client),
        }
    }
}

impl Drop for TcpFaults {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<Option<SocketAddr>>,
    weather: Arc<watch::Sender<Weather>>,
    counters: Arc<Counters>,
) {
    let mut connections = JoinSet::new();
    let mut seed = 0_u64;
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
        seed = seed.wrapping_add(1);
        add(&counters.accepted);
        let connection = Connection {
            client,
            target: *target.borrow(),
            weather: weather.subscribe(),
            counters: Arc::clone(&counters),
            dice: Dice::new(seed),
        };
        connections.spawn(connection.run());
    }
}

struct Connection {
    client: TcpStream,
    target: Option<SocketAddr>,
    weather: watch::Receiver<Weather>,
    counters: Arc<Counters>,
    dice: Dice,
}

impl Connection {
    async fn run(self) {
        let counters = Arc::clone(&self.counters);
        if self.live().await.is_err() {
            add(&counters.broken);
        }
        add(&counters.ended);
    }

    async fn live(mut self) -> Result<(), Broken> {
        let resets = self.weather.borrow_and_update().resets;
        let mut reset = self.weather.clone();
        let until_reset = async move {
            // An error means that the proxy is gone: that breaks connections as well.
            drop(reset.wait_for(|weather| weather.resets != resets).await);
        };
        tokio::pin!(until_reset);
        let connected = tokio::select! {
            connected = connect(self.target, &mut self.weather) => connected,
            () = &mut until_reset => Err(Broken),
        };
        let Ok(mut server) = connected else {
            add(&self.counters.refused);
            abort(&self.client);
            return Err(Broken);
        };
        let lived = tokio::select! {
            lived = carry(&mut self.client, &mut server, &self.weather, &self.counters, &mut self.dice) => lived,
            () = &mut until_reset => Err(Broken),
        };
        if lived.is_err() {
            abort(&self.client);
            abort(&server);
        }
        lived
    }
}

async fn connect(
    target: Option<SocketAddr>,
    weather: &mut watch::Receiver<Weather>,
) -> Result<TcpStream, Broken> {
    let passable = weather.wait_for(|weather| weather.refuse || weather.lets_connect());
    if passable.await.map_err(|_| Broken)?.refuse {
        return Err(Broken);
    }
    TcpStream::connect(target.ok_or(Broken)?)
        .await
        .map_err(|_| Broken)
}

async fn carry(
    client: &mut TcpStream,
    server: &mut TcpStream,
    weather: &watch::Receiver<Weather>,
    counters: &Counters,
    dice: &mut Dice,
) -> Result<(), Broken> {
    // Slices shall travel as slices.
    client.set_nodelay(true).map_err(|_| Broken)?;
    server.set_nodelay(true).map_err(|_| Broken)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let up = Lane {
        reader: from_client,
        writer: to_server,
        weather: weather.clone(),
        pick: |weather| weather.to_server,
        bytes: &counters.bytes_to_server,
        dice: Dice::new(dice.roll()),
    };
    let down = Lane {
        reader: from_server,
        writer: to_client,
        weather: weather.clone(),
        pick: |weather| weather.to_client,
        bytes: &counters.bytes_to_client,
        dice: Dice::new(dice.roll()),
    };
    tokio::try_join!(up.carry(), down.carry()).map(|_| ())
}

/// Closing this socket sends RST.
pub(crate) fn abort(stream: &TcpStream) {
    // Fails on a socket that is broken already: nothing to do then.
    drop(stream.set_zero_linger());
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
