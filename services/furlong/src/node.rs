//! A node: the engine on the embedded log, with the gateway in front.
//!
//! Duty: open a data folder, check the port before anything starts, put engine, gateway and desks
//! together, serve, and stop in the order that loses nothing: no new requests, then the services,
//! then the log. Prohibition: nothing here knows of demonstrations; that is `dev`'s.

use crate::admission::AdmissionOptions;
use crate::checkpoints::CheckpointSigner;
use crate::data_folder::DataFolder;
use crate::engine::{Engine, Ground, Work};
use crate::exit::Failure;
use crate::feed_desk::FeedDesk;
use crate::feed_door::FeedDoor;
use crate::front::{Front, ToHub, house_key, listen, open_keys, serve};
use crate::house::{EngineReady, LogWrites, NewestCheckpoint};
use crate::house_passkeys::PasskeyPages;
use crate::newcomers::Registrar;
use crate::notices_desk::{self, NoticeFigures, NoticesDesk, NoticesTo, ShownNotices};
use crate::part_figures::PartFigures;
use crate::payments_desk::PaymentsDesk;
use crate::providers::{Outside, ProviderChoice, ProviderFigures, call_backs};
use crate::roles::Role;
use crate::source_figures::SourceFigures;
use anyhow::{Context, anyhow};
use eventlog::Chain;
use eventlog_sqlite::{Options, SqliteLog};
use gateway::{Demo, Gateway, RateLimit};
use kernel::TopicPartition;
use keystore::{KeyStore, ServiceKey};
use odds::Terms;
use runtime::{Clock, Listener, Shared, Stretch, SystemClock, SystemEntropy};
use snapshots::{FolderStore, SnapshotStore};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use viewstore_sqlite::SqliteViewStore;

/// How keys find their partitions; kept with the log, and never changed for one that has records.
pub const KEY_FUNCTION: &str = "id-tail-u16";
/// Threads for SQL reads of views.
const VIEW_READERS: usize = 2;
/// Nobody else writes an embedded log: a claim that stands above ours is a late one of our own.
const STAND_BACK: Duration = Duration::from_millis(20);
/// Between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

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
    /// By how many thousandths of a market's exposure maximum an exposure moves before prices of new
    /// markets lean anew; 0: they do not lean by themselves.
    pub lean_step_permille: u16,
    /// How long an answer is waited for before it is called unknown.
    pub deadline: Duration,
    /// Requests per user; none: as many as they like.
    pub rate_limit: Option<RateLimit>,
    /// Whom else the gateway lets in.
    pub admission: AdmissionOptions,
    /// The demo customer, in `dev`.
    pub demo: Option<Demo>,
    /// Who moves money in the world outside.
    pub provider: ProviderChoice,
    /// Withdrawals of so many whole units of their currency and more wait for two persons.
    pub withdrawal_review_units: u32,
    /// Where operators want to be told of payments.
    pub notices: Option<NoticesTo>,
    /// Where passkeys are made and used.
    pub passkeys: PasskeyPages,
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
    pub provider: Outside,
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<SqliteLog>,
    checkpoints: Checkpointer,
    listener: Option<TcpListener>,
    door: FeedDoor,
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
        let provider = Outside::open(&options.provider, &provider_key, ground.clock.now())?;
        let told = Arc::new(NoticeFigures::default());
        let front = Front {
            rate_limit: options.rate_limit,
            admission: options.admission.clone(),
            deadline: options.deadline,
            ground: &ground,
            keys: &keys,
            markets: markets.picture(),
            feeds: Arc::clone(&feeds),
            checkpoints: Arc::<NewestCheckpoint>::clone(&newest),
            checks: vec![
                Arc::new(EngineReady(Arc::clone(&health))),
                Arc::new(LogWrites(Arc::clone(&log))),
            ],
            metrics: vec![
                Arc::new(PartFigures(Arc::clone(&health))),
                Arc::new(SourceFigures(markets.picture())),
                Arc::new(ProviderFigures(Arc::clone(&provider.gate))),
                Arc::new(ShownNotices(Arc::clone(&told))),
            ],
            call_backs: call_backs(&options.provider, &provider_key, options.partitions)?,
            withdrawal_review_units: options.withdrawal_review_units,
            demo: options.demo.clone(),
            passkeys: options.passkeys.clone(),
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
        let mut engine = Engine::start(
            ground,
            Work::alone(options.partitions),
            markets,
            health,
            vec![hub, heads],
        );
        open_payments(&mut engine, &provider);
        if let Some(to) = &options.notices {
            open_notices(&mut engine, to, &told)?;
        }
        engine.beside(checkpoints.clone().sign_for_ever());
        engine
            .ready()
            .await
            .map_err(|(part, why)| anyhow!("{part} has halted: {why}"))?;
        let recovered = feeds.begin(&*engine.ground().log).await;
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
            door: FeedDoor::default(),
        })
    }

    /// Lets feeds speak gRPC there instead of at the gateway's port.
    pub fn feeds_speak_grpc(&mut self, door: FeedDoor) {
        self.door = door;
    }

    /// Who lets people in by command.
    #[must_use]
    pub fn registrar(&self) -> Registrar {
        let ground = self.engine.ground();
        Registrar {
            log: Arc::clone(&ground.log),
            views: Arc::clone(&ground.views),
            keys: Arc::clone(&self.keys),
            clock: Arc::clone(&ground.clock),
            entropy: Arc::clone(&ground.entropy),
            partitions: ground.partitions,
        }
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
        let door = std::mem::take(&mut self.door);
        serve(listener, &self.gateway, door, stop).await?;
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
        terms: Terms::standard(options.partitions).leaning_every(options.lean_step_permille),
        stand_back: STAND_BACK,
    };
    Ok((log, ground))
}

/// A desk for every payments partition.
pub(crate) fn open_payments(engine: &mut Engine, outside: &Outside) {
    for partition in 0..engine.ground().partitions {
        let desk = PaymentsDesk {
            log: Arc::clone(&engine.ground().log),
            name: outside.name,
            provider: Arc::clone(&outside.provider),
            gate: Arc::clone(&outside.gate),
            clock: Arc::clone(&engine.ground().clock),
            entropy: Arc::clone(&engine.ground().entropy),
            partition,
        };
        let duty = engine.work().seats.hear(&Role::Payments.name(), partition);
        engine.beside(desk.work_when(duty));
    }
}

/// A desk for every payments partition that tells the operator.
///
/// # Errors
/// The secret cannot be read.
pub(crate) fn open_notices(
    engine: &mut Engine,
    to: &NoticesTo,
    figures: &Arc<NoticeFigures>,
) -> Result<(), Failure> {
    let key = notices_desk::key_of(to)?;
    let caller = notices_desk::caller();
    for partition in 0..engine.ground().partitions {
        let desk = NoticesDesk {
            log: Arc::clone(&engine.ground().log),
            store: Arc::clone(&engine.ground().snapshots),
            url: to.url.clone(),
            key: Arc::clone(&key),
            caller: caller.clone(),
            clock: Arc::clone(&engine.ground().clock),
            entropy: Arc::clone(&engine.ground().entropy),
            figures: Arc::clone(figures),
            partition,
        };
        let duty = engine.work().seats.hear(&Role::Payments.name(), partition);
        engine.beside(desk.work_when(duty));
    }
    Ok(())
}
