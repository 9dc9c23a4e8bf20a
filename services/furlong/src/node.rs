//! A node: the engine on the embedded log, with the gateway in front.
//!
//! Duty: open a data folder, check the port before anything starts, put engine, gateway and desks
//! together, serve, and stop in the order that loses nothing: no new requests, then the services,
//! then the log. Prohibition: nothing here knows of demonstrations; that is `dev`'s.

use crate::checkpoints::CheckpointSigner;
use crate::data_folder::DataFolder;
use crate::engine::{Engine, Ground};
use crate::exit::Failure;
use crate::feed_desk::FeedDesk;
use crate::house::{
    EngineReady, HouseClock, HouseTokens, LogWrites, NewestCheckpoint, Passwords, ReceiptSigner,
    Sealer, Webhooks,
};
use crate::payments_desk::PaymentsDesk;
use anyhow::{Context, anyhow};
use eventlog::Chain;
use eventlog_sqlite::{Options, SqliteLog};
use gateway::{Config, Demo, Gateway, Parts, RateLimit};
use kernel::{Currency, Money, TopicPartition};
use keystore::{FolderKeyStore, KeyStore, ServiceKey};
use odds::Terms;
use payments::Simulator;
use runtime::{Clock, Entropy, Listener, Shared, Stretch, SystemClock, SystemEntropy};
use snapshots::{FolderStore, SnapshotStore};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use viewstore_sqlite::SqliteViewStore;

/// How keys find their partitions; kept with the log, and never changed for one that has records.
pub const KEY_FUNCTION: &str = "id-tail-u16";
/// Passwords that are hashed at once.
const PASSWORD_THREADS: usize = 1;
/// Threads for SQL reads of views.
const VIEW_READERS: usize = 2;
/// Between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long open requests may take when a node stops.
const DRAIN: Duration = Duration::from_secs(5);

/// How a node is set up.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Where everything is kept.
    pub folder: DataFolder,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// Partitions of every topic; must be those that the folder was made with.
    pub partitions: u16,
    /// Effective decisions between two snapshots of a partition.
    pub snapshot_every: u64,
    /// How long an answer is waited for before it is called unknown.
    pub deadline: Duration,
    /// Requests per user; none: as many as they like.
    pub rate_limit: Option<RateLimit>,
    /// The demo customer, in `dev`.
    pub demo: Option<Demo>,
}

/// A running node.
pub struct Node {
    /// The services.
    pub engine: Engine,
    /// The feeds' desk.
    pub feeds: Arc<FeedDesk>,
    /// The keys.
    pub keys: Arc<dyn KeyStore>,
    /// The gateway.
    pub gateway: Gateway,
    /// The payment provider.
    pub provider: Arc<Simulator>,
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<SqliteLog>,
    checkpoints: Checkpointer,
    listener: Option<TcpListener>,
}

/// Hands what is read to the gateway's hub.
struct ToHub(Arc<gateway::Hub>);

impl Listener for ToHub {
    fn hear(&self, stretch: &Stretch) {
        let decisions: Vec<_> = stretch
            .decisions
            .iter()
            .map(|effective| Arc::clone(&effective.decision))
            .collect();
        self.0.take(
            stretch.topic_partition,
            &decisions,
            stretch.chain.next_offset,
        );
    }
}

/// Keeps the heads that readers have reached, for checkpoints.
#[derive(Default)]
struct Heads(Mutex<BTreeMap<TopicPartition, Chain>>);

impl Listener for Heads {
    fn hear(&self, stretch: &Stretch) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heads.insert(stretch.topic_partition, stretch.chain.clone());
    }
}

/// Signs what stands in the log, now and then.
#[derive(Clone)]
struct Checkpointer {
    signer: Arc<CheckpointSigner>,
    log: Arc<SqliteLog>,
    heads: Arc<Heads>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn SnapshotStore>,
    newest: Arc<NewestCheckpoint>,
}

impl Checkpointer {
    async fn sign(&self) {
        // Heads before hashes: what the hashes cover is then never less than what the heads say.
        let heads = self
            .heads
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (name, bytes) = self
            .signer
            .sign(self.clock.now(), &self.log.partitions(), &heads);
        self.newest.publish(self.signer.published(&bytes));
        if let Err(error) = self.store.put_named(name, bytes.into()).await {
            tracing::warn!(%error, "checkpoint not kept");
        }
    }

    async fn sign_for_ever(self) {
        loop {
            tokio::time::sleep(CHECKPOINT_EVERY).await;
            self.sign().await;
        }
    }
}

impl Node {
    /// Opens the folder, takes the port and starts everything. Resolves when all services are
    /// ready.
    ///
    /// # Errors
    /// The port or the folder is taken or cannot be used, or a service cannot start.
    pub async fn start(options: NodeOptions) -> Result<Self, Failure> {
        let listener = listen(SocketAddr::new(options.listen, options.port)).await?;
        let address = listener.local_addr().context("the port cannot be told")?;
        let (log, ground) = break_ground(&options)?;
        let keys = open_keys(&options.folder, &ground.entropy)?;
        let markets = Arc::new(Shared::new(markets::MarketView::default()));
        let feeds = Arc::new(FeedDesk::new(Arc::clone(&markets), options.partitions));
        let health = Arc::new(runtime::Health::default());
        let newest = Arc::new(NewestCheckpoint::default());
        let provider_key = house_key(&*keys, ServiceKey::WebhookSimulator)?;
        let front = Front {
            options: &options,
            ground: &ground,
            keys: &keys,
            markets: markets.picture(),
            feeds: Arc::clone(&feeds),
            health: Arc::clone(&health),
            newest: Arc::clone(&newest),
            embedded: Arc::clone(&log),
            provider_key: &provider_key,
        };
        let gateway = front.gateway()?;
        let heads = Arc::new(Heads::default());
        let checkpoints = Checkpointer {
            signer: Arc::new(CheckpointSigner::open(&options.folder, &*ground.entropy)?),
            log: Arc::clone(&log),
            heads: Arc::clone(&heads),
            clock: Arc::clone(&ground.clock),
            store: Arc::clone(&ground.snapshots),
            newest,
        };
        let hub: Arc<dyn Listener> = Arc::new(ToHub(gateway.hub()));
        let mut engine = Engine::start(ground, markets, health, vec![hub, heads]);
        let provider = Arc::new(Simulator::new(provider_key.expose()));
        open_payments(&mut engine, &provider);
        engine.beside(checkpoints.clone().sign_for_ever());
        engine
            .ready()
            .await
            .map_err(|(part, why)| anyhow!("{part} has halted: {why}"))?;
        let recovered = feeds.recover(&*engine.ground().log).await;
        recovered.context("the inboxes of odds cannot be read")?;
        let listener = Some(listener);
        Ok(Self {
            engine,
            feeds,
            keys,
            gateway,
            provider,
            address,
            log,
            checkpoints,
            listener,
        })
    }

    /// Serves requests until `stop` resolves, then stops everything in order.
    ///
    /// # Errors
    /// The server failed.
    pub async fn serve(
        mut self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        let listener = self.listener.take().context("a node serves once")?;
        let (draining, mut drained) = watch::channel(false);
        let router = self
            .gateway
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        let mut stopping = draining.subscribe();
        let server = axum::serve(listener, router).with_graceful_shutdown(async move {
            // The sender lives as long as the node: an error means the same as the signal.
            stopping
                .wait_for(|stop| *stop)
                .await
                .map(|_| ())
                .unwrap_or(());
        });
        let serving = tokio::spawn(server.into_future());
        stop.await;
        self.gateway.drain();
        draining.send_replace(true);
        drained.mark_unchanged();
        match tokio::time::timeout(DRAIN, serving).await {
            Ok(served) => served
                .context("the server stopped")?
                .context("the server failed")?,
            Err(_) => tracing::info!("some connections did not end in time"),
        }
        self.stop().await;
        Ok(())
    }

    /// Stops the services, signs a last checkpoint and closes the log.
    pub async fn stop(self) {
        let Self {
            engine,
            log,
            checkpoints,
            ..
        } = self;
        engine.stop().await;
        checkpoints.sign().await;
        drop(checkpoints);
        let closing = tokio::task::spawn_blocking(move || log.close());
        if let Err(error) = closing.await {
            tracing::error!(%error, "the log did not close");
        }
    }
}

/// Opens log, views and snapshots of a folder.
fn break_ground(options: &NodeOptions) -> Result<(Arc<SqliteLog>, Ground), Failure> {
    let folder = &options.folder;
    let settings = Options::new(options.partitions, KEY_FUNCTION);
    let log = SqliteLog::open(folder.path(), &settings).map_err(|error| anyhow!(error))?;
    let log = Arc::new(log);
    let views = SqliteViewStore::open(folder.path(), VIEW_READERS)
        .with_context(|| format!("the views in {} cannot be opened", folder.path().display()))?;
    let store = FolderStore::open(&folder.snapshots()).context("the snapshots cannot be opened")?;
    let ground = Ground {
        log: Arc::<SqliteLog>::clone(&log),
        views: Arc::new(views),
        snapshots: Arc::new(store),
        clock: Arc::new(SystemClock::new(1)),
        entropy: Arc::new(SystemEntropy),
        partitions: options.partitions,
        snapshot_every: options.snapshot_every,
        terms: Terms::standard(options.partitions),
    };
    Ok((log, ground))
}

/// What the gateway is made of.
struct Front<'a> {
    options: &'a NodeOptions,
    ground: &'a Ground,
    keys: &'a Arc<dyn KeyStore>,
    markets: Arc<RwLock<markets::MarketView>>,
    feeds: Arc<FeedDesk>,
    health: Arc<runtime::Health>,
    newest: Arc<NewestCheckpoint>,
    embedded: Arc<SqliteLog>,
    provider_key: &'a keystore::Secret,
}

impl Front<'_> {
    fn gateway(self) -> Result<Gateway, Failure> {
        let Ground {
            log,
            views,
            clock,
            entropy,
            partitions,
            ..
        } = self.ground.clone();
        let house = Arc::new(HouseClock {
            clock,
            entropy: Arc::clone(&entropy),
        });
        let tokens = HouseTokens::new(&**self.keys, Arc::clone(&entropy)).map_err(keys_failed)?;
        let sealer =
            Sealer::new(Arc::clone(self.keys), Arc::clone(&entropy)).map_err(keys_failed)?;
        let receipts = ReceiptSigner(house_key(&**self.keys, ServiceKey::ReceiptSigning)?);
        Ok(Gateway::new(Parts {
            log,
            views,
            markets: self.markets,
            partitions,
            config: Config {
                rate_limit: self.options.rate_limit,
                deadline: self.options.deadline,
                ..Config::default()
            },
            clock: Arc::<HouseClock>::clone(&house),
            mint: house,
            passwords: Arc::new(Passwords::new(entropy, PASSWORD_THREADS)),
            tokens: Arc::new(tokens),
            sealer: Arc::new(sealer),
            webhooks: Arc::new(Webhooks::new(self.provider_key, partitions)),
            feed: Some(self.feeds),
            receipts: Some(Arc::new(receipts)),
            checkpoints: Some(self.newest),
            checks: vec![
                Arc::new(EngineReady(self.health)),
                Arc::new(LogWrites(self.embedded)),
            ],
            metrics: Vec::new(),
            notes: magic_amounts(),
            demo: self.options.demo.clone(),
        }))
    }
}

/// A desk for every payments partition.
fn open_payments(engine: &mut Engine, provider: &Arc<Simulator>) {
    for partition in 0..engine.ground().partitions {
        let desk = PaymentsDesk {
            log: Arc::clone(&engine.ground().log),
            provider: Arc::<Simulator>::clone(provider),
            clock: Arc::clone(&engine.ground().clock),
            partition,
        };
        engine.beside(desk.work());
    }
}

/// What the simulated provider does with which amount, for the API's description.
fn magic_amounts() -> String {
    let mut notes =
        String::from("Amounts that force an outcome of the simulated payment provider:\n\n");
    for magic in payments::MAGIC_AMOUNTS {
        let amount = Money::from_minor(magic.minor, Currency::Eur);
        notes.push_str(&format!("- `{amount}`: {}\n", magic.meaning));
    }
    notes
}

fn keys_failed(error: keystore::KeyError) -> Failure {
    Failure::Failed(anyhow!(error).context("the key store cannot be used"))
}

fn house_key(keys: &dyn KeyStore, key: ServiceKey) -> Result<keystore::Secret, Failure> {
    keys.service_key(key).map_err(keys_failed)
}

fn open_keys(
    folder: &DataFolder,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<dyn KeyStore>, Failure> {
    let entropy = Arc::clone(entropy);
    let fill: keystore::Entropy = Arc::new(move |buffer: &mut [u8]| entropy.fill(buffer));
    let keys = FolderKeyStore::open(folder.keys(), fill).map_err(keys_failed)?;
    Ok(Arc::new(keys))
}

/// Takes the port before anything else starts.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = if error.kind() == std::io::ErrorKind::AddrInUse {
            "another program listens there; --port N takes another port, --port 0 any free one"
        } else {
            "--port N takes another one"
        };
        Failure::Failed(anyhow!("{address} cannot be used ({error}): {advice}"))
    })
}
