//! The services of this process on one log.
//!
//! Duty: start an owner for every partition of every service that is among the process's roles,
//! the readers and the market picture that those need, on whatever log and stores it is given;
//! and stop them in order.
//!
//! Prohibition: no HTTP, no feed, no command line: those stand on the engine.

use crate::roles::{Role, Roles};
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
    Clock, Condition, Drawing, Duty, Entropy, Health, Listener, OwnerParts, Projection, Reader,
    Rows, Seats, Service, Shared, is_called, is_relieved, run_owner,
};
use snapshots::SnapshotStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
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
    /// How long a journal must be silent before a partition lost to another claim is claimed back.
    pub stand_back: Duration,
}

/// What an engine is to do.
pub struct Work {
    /// The roles of the process.
    pub roles: Roles,
    /// Its duties, partition by partition.
    pub seats: Arc<Seats>,
    /// Who reads the journals for whom.
    pub reading: Reading,
}

/// Who reads the journals for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One reader writes the views and tells the listeners: each record is decoded once.
    Together,
    /// Readers for the listeners, others for the views: a view store that is away holds up
    /// nobody but the projector.
    Apart,
}

impl Work {
    /// Everything, on a log that no other process may write.
    #[must_use]
    pub fn alone(partitions: u16) -> Self {
        let roles = Roles::all();
        let seats = Seats::new(&roles.shared_out(), partitions, Duty::Serve);
        Self {
            roles,
            seats: Arc::new(seats),
            reading: Reading::Together,
        }
    }
}

/// The running services.
pub struct Engine {
    ground: Ground,
    work: Work,
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
    /// Starts the process's services. `markets` is the picture to draw, `health` tells what is not
    /// ready, `listeners` hear effective decisions as they are read.
    #[must_use]
    pub fn start(
        ground: Ground,
        work: Work,
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
            work,
        };
        engine.read(listeners);
        let nothing = Arc::new(Shared::new(()));
        let terms = Arc::new(Shared::new(engine.ground.terms));
        let markets = Arc::clone(&engine.markets);
        engine.own::<AuthService>(Role::Auth, &nothing);
        engine.own::<OddsService>(Role::Odds, &terms);
        engine.own::<BetsService>(Role::Bets, &markets);
        engine.own::<LedgerService>(Role::Ledger, &nothing);
        engine.own::<PaymentsService>(Role::Payments, &nothing);
        engine.own::<FraudService>(Role::Fraud, &nothing);
        engine
    }

    fn own<S: Service>(&mut self, role: Role, context: &Arc<Shared<S::Context>>) {
        if !self.work.roles.has(role) {
            return;
        }
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
                stand_back: ground.stand_back,
            };
            let duty = self.work.seats.hear(&role.name(), partition);
            self.tasks.spawn(run_owner(parts, partition, duty));
        }
    }

    /// The picture is drawn before its listeners hear of a change, so odds decisions reach them
    /// by way of the picture and all others by way of the reader.
    fn read(&mut self, listeners: Vec<Arc<dyn Listener>>) {
        let listeners = Arc::new(listeners);
        if self.work.roles.has(Role::Bets) || self.work.roles.has(Role::Gateway) {
            self.draw(&listeners);
        }
        let writes = self.work.roles.has(Role::Projector);
        match self.work.reading {
            Reading::Together => self.follow(&listeners, Rows::Write),
            Reading::Apart => {
                if self.work.roles.has(Role::Gateway) {
                    self.follow(&listeners, Rows::Leave);
                }
                if writes {
                    self.project();
                }
            }
        }
    }

    fn draw(&mut self, listeners: &Arc<Vec<Arc<dyn Listener>>>) {
        let drawing = Drawing {
            log: Arc::clone(&self.ground.log),
            context: Arc::clone(&self.markets),
            take: markets::draw,
            listeners: Arc::clone(listeners),
            health: Arc::clone(&self.health),
        };
        for partition in 0..self.ground.partitions {
            let at = TopicPartition::new(Topic::OddsEvents, partition);
            self.beside(drawing.clone().follow(at));
        }
    }

    fn reader(&self, rows: Rows, listeners: &Arc<Vec<Arc<dyn Listener>>>) -> Reader {
        Reader {
            log: Arc::clone(&self.ground.log),
            views: Arc::clone(&self.ground.views),
            rows,
            projections: Arc::new(projections()),
            listeners: Arc::clone(listeners),
            health: Arc::clone(&self.health),
        }
    }

    /// Readers that tell the listeners; of odds decisions the picture tells them.
    fn follow(&mut self, listeners: &Arc<Vec<Arc<dyn Listener>>>, rows: Rows) {
        let telling = self.reader(rows, listeners);
        let silent = Reader {
            listeners: Arc::default(),
            ..telling.clone()
        };
        for at in TopicPartition::journals(self.ground.partitions) {
            let reader = match (at.topic == Topic::OddsEvents, rows) {
                (true, Rows::Write) => silent.clone(),
                (true, Rows::Leave) => continue,
                (false, Rows::Write | Rows::Leave) => telling.clone(),
            };
            self.beside(reader.follow(format!("reader of {at}"), at));
        }
    }

    /// Projectors, each for as long as its partition is ours to write.
    fn project(&mut self) {
        let reader = self.reader(Rows::Write, &Arc::default());
        for at in TopicPartition::journals(self.ground.partitions) {
            let reader = reader.clone();
            let mut duty = self.work.seats.hear(&Role::Projector.name(), at.partition);
            let health = Arc::clone(&self.health);
            let name = format!("projector of {at}");
            health.set(&name, Condition::StandingBy);
            self.tasks.spawn(async move {
                while is_called(&mut duty).await {
                    tokio::select! {
                        () = reader.clone().follow(name.clone(), at) => {}
                        () = is_relieved(&mut duty) => {}
                    }
                    health.set(&name, Condition::StandingBy);
                }
            });
        }
    }

    /// What it is to do.
    #[must_use]
    pub const fn work(&self) -> &Work {
        &self.work
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

    /// Runs beside the services and is told when the engine stops, which waits for its end.
    pub fn beside_until_stopped<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        task: impl FnOnce(watch::Receiver<bool>) -> F,
    ) {
        self.tasks.spawn(task(self.stop.subscribe()));
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
        self.work.seats.set_all(Duty::Stop);
        while self.tasks.join_next().await.is_some() {}
    }
}
