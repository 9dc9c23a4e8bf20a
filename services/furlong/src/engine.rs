//! Every service on one log, in this process.
//!
//! Duty: start an owner for every partition of every service, one reader for every journal and
//! one market picture, on whatever log and stores it is given; and stop them in order.
//!
//! Prohibition: no HTTP, no feed, no command line: those stand on the engine.

use auth::AuthService;
use bets::BetsService;
use eventlog::EventLog;
use fraud::FraudService;
use kernel::{Topic, TopicPartition};
use ledger::LedgerService;
use markets::MarketView;
use odds::{OddsService, Terms};
use payments::PaymentsService;
use runtime::{
    Clock, Drawing, Entropy, Health, Listener, OwnerParts, Projection, Reader, Service, Shared,
    run_owner,
};
use snapshots::SnapshotStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use viewstore::ViewStore;

/// What an engine stands on.
#[derive(Clone)]
pub struct Ground {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The views.
    pub views: Arc<dyn ViewStore>,
    /// Snapshots and checkpoints.
    pub snapshots: Arc<dyn SnapshotStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Partitions of every topic.
    pub partitions: u16,
    /// Effective decisions between two snapshots of a partition.
    pub snapshot_every: u64,
    /// The house's terms for new markets.
    pub terms: Terms,
}

/// The running services.
pub struct Engine {
    ground: Ground,
    /// The picture of fixtures and markets.
    pub markets: Arc<Shared<MarketView>>,
    /// What is not ready.
    pub health: Arc<Health>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Which journal's decisions become which rows.
#[must_use]
pub fn projections() -> BTreeMap<Topic, Projection> {
    let auth: Projection = auth::rows;
    BTreeMap::from([
        (Topic::AuthEvents, auth),
        (Topic::BetsEvents, bets::rows),
        (Topic::LedgerEvents, ledger::rows),
        (Topic::PaymentsEvents, payments::rows),
        (Topic::FraudEvents, fraud::rows),
    ])
}

impl Engine {
    /// Starts every service. `markets` is the picture to draw, `health` tells what is not ready,
    /// `listeners` hear effective decisions as they are read.
    #[must_use]
    pub fn start(
        ground: Ground,
        markets: Arc<Shared<MarketView>>,
        health: Arc<Health>,
        listeners: Vec<Arc<dyn Listener>>,
    ) -> Self {
        let mut engine = Self {
            markets,
            health,
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
            ground,
        };
        engine.draw_and_read(listeners);
        let nothing = Arc::new(Shared::new(()));
        let terms = Arc::new(Shared::new(engine.ground.terms));
        engine.own::<AuthService>(&nothing);
        engine.own::<OddsService>(&terms);
        let markets = Arc::clone(&engine.markets);
        engine.own::<BetsService>(&markets);
        engine.own::<LedgerService>(&nothing);
        engine.own::<PaymentsService>(&nothing);
        engine.own::<FraudService>(&nothing);
        engine
    }

    fn own<S: Service>(&mut self, context: &Arc<Shared<S::Context>>) {
        let ground = &self.ground;
        for partition in 0..ground.partitions {
            let parts = OwnerParts::<S> {
                log: Arc::clone(&ground.log),
                snapshots: Arc::clone(&ground.snapshots),
                context: Arc::clone(context),
                clock: Arc::clone(&ground.clock),
                entropy: Arc::clone(&ground.entropy),
                health: Arc::clone(&self.health),
                partitions: ground.partitions,
                snapshot_every: ground.snapshot_every,
            };
            self.tasks
                .spawn(run_owner(parts, partition, self.stop.subscribe()));
        }
    }

    /// The picture is drawn before its listeners hear of a change, so odds decisions reach them
    /// by way of the picture and all others by way of the reader.
    fn draw_and_read(&mut self, listeners: Vec<Arc<dyn Listener>>) {
        let listeners = Arc::new(listeners);
        let drawing = Drawing {
            log: Arc::clone(&self.ground.log),
            context: Arc::clone(&self.markets),
            take: markets::draw,
            listeners: Arc::clone(&listeners),
            health: Arc::clone(&self.health),
        };
        let reader = Reader {
            log: Arc::clone(&self.ground.log),
            views: Arc::clone(&self.ground.views),
            projections: Arc::new(projections()),
            listeners,
            health: Arc::clone(&self.health),
        };
        let silent = Reader {
            listeners: Arc::default(),
            ..reader.clone()
        };
        for topic in Topic::ALL
            .iter()
            .copied()
            .filter(|topic| topic.is_journal())
        {
            for partition in 0..self.ground.partitions {
                let at = TopicPartition::new(topic, partition);
                let reader = if topic == Topic::OddsEvents {
                    &silent
                } else {
                    &reader
                };
                self.tasks
                    .spawn(reader.clone().follow(at, self.stop.subscribe()));
                if topic == Topic::OddsEvents {
                    self.tasks
                        .spawn(drawing.clone().follow(at, self.stop.subscribe()));
                }
            }
        }
    }

    /// What it stands on.
    #[must_use]
    pub const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Runs beside the services until the engine stops.
    pub fn beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stop = self.stop.subscribe();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {}
                () = task => {}
            }
        });
    }

    /// Resolves when every service is ready.
    ///
    /// # Errors
    /// A part that has halted, and why.
    pub async fn ready(&self) -> Result<(), (String, String)> {
        self.health.ready().await
    }

    /// Stops all tasks and waits for them.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
