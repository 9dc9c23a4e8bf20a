//! One process of a cluster: its roles on the shared parts.
//!
//! Duty: take the port, connect, attend, start what the roles need, say when ready, serve, and
//! leave so that nobody waits: first no new requests, then the partitions to others, then the end.
//! Prohibition: no partition is served because of a file or a flag; the roll and the log decide.

use super::boards::{KafkaAnswers, PresenceBoard, StoredCheckpoints};
use super::side_door::{self, Figures};
use super::{Parts, cluster_of, connect};
use crate::checkpoints::{CHECKPOINT_EVERY, CheckpointSigner, LATE_AT_MOST, LogWatcher};
use crate::config::Settings;
use crate::engine::{Engine, Reading, Work};
use crate::exit::Failure;
use crate::feed_desk::FeedDesk;
use crate::feed_door::FeedDoor;
use crate::front::{self, Front, ToHub, house_key, listen, open_keys};
use crate::house::{EngineReady, NewestCheckpoint};
use crate::node::{open_notices, open_payments};
use crate::notices_desk::{NoticeFigures, ShownNotices};
use crate::part_figures::PartFigures;
use crate::providers::{Outside, ProviderFigures, call_backs};
use crate::roles::{Role, Roles};
use crate::screen::Screen;
use crate::source_figures::SourceFigures;
use anyhow::{Context, anyhow};
use gateway::Gateway;
use gateway::ports::MetricsSource;
use keystore::{Secret, ServiceKey};
use markets::MarketView;
use runtime::{Attendance, Duty, Health, Listener, MemberId, Seats, Shared};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Serves roles until told to stop.
///
/// # Errors
/// A part of the cluster cannot be used, the port is taken, or a service has halted.
pub fn serve(
    settings: &Settings,
    roles: Roles,
    ready_file: Option<&Path>,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    crate::trace::begin(screen.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads cannot be started")?;
    runtime.block_on(async {
        let stop = crate::signals::stopping()?;
        let listener = listen(SocketAddr::new(settings.listen, settings.port)).await?;
        let address = listener.local_addr().context("the port cannot be told")?;
        let process = Process::start(settings, roles).await?;
        screen.tell(format_args!(
            "furlong serves {} on http://{address}",
            process.engine.work().roles.names()
        ));
        if let Some(path) = ready_file {
            crate::ready_file::write(path, address)?;
        }
        match &process.gateway {
            Some(gateway) => {
                let door = FeedDoor::open(settings.grpc_port, settings.listen).await?;
                screen.tell(format_args!("{}", door.told(address)));
                front::serve(listener, gateway, door, stop).await?;
            }
            None => {
                let health = Arc::clone(&process.engine.health);
                side_door::serve(listener, health, process.figures.clone(), stop).await?;
            }
        }
        process.stop().await;
        Ok(())
    })
}

struct Process {
    engine: Engine,
    gateway: Option<Gateway>,
    /// For a process without a gateway, which shows them itself.
    figures: Figures,
    leave: watch::Sender<bool>,
    attending: JoinHandle<()>,
    lease: Duration,
    log: Arc<eventlog_kafka::KafkaLog>,
}

impl Process {
    async fn start(settings: &Settings, roles: Roles) -> Result<Self, Failure> {
        let parts = connect(settings).await?;
        let health = Arc::new(Health::default());
        let seats = Seats::new(&roles.shared_out(), settings.partitions, Duty::StandBy);
        let seats = Arc::new(seats);
        let markets = Arc::new(Shared::new(MarketView::default()));
        let desk = Arc::new(FeedDesk::new(Arc::clone(&markets), settings.partitions));
        let outside = roles
            .has(Role::Payments)
            .then(|| {
                Outside::open(
                    &settings.provider,
                    &provider_key(&parts)?,
                    parts.ground.clock.now(),
                )
            })
            .transpose()?;
        let told = Arc::new(NoticeFigures::default());
        let figures = figures(&health, outside.as_ref(), &told);
        let gateway = roles
            .has(Role::Gateway)
            .then(|| open_gateway(settings, &parts, &health, (&markets, &figures), &desk))
            .transpose()?;
        let signer = roles.has(Role::Audit).then(|| signer(&parts)).transpose()?;
        let listeners = gateway
            .iter()
            .map(|gateway| -> Arc<dyn Listener> { Arc::new(ToHub(gateway.hub())) })
            .collect();
        let attendance = attendance(settings, &parts, &roles, &seats, &health)?;
        let work = Work {
            roles,
            seats,
            reading: Reading::Apart,
        };
        let Parts { log, ground, .. } = parts;
        let mut engine = Engine::start(ground, work, markets, health, listeners);
        if let Some(outside) = outside {
            open_payments(&mut engine, &outside);
            if let Some(to) = &settings.notices {
                open_notices(&mut engine, to, &told)?;
            }
        }
        if let Some(signer) = signer {
            sign_checkpoints(&mut engine, signer);
        }
        let leave = watch::Sender::new(false);
        let leaving = leave.subscribe();
        let attending = tokio::spawn(async move { attendance.attend(leaving).await });
        engine
            .ready()
            .await
            .map_err(|(part, why)| anyhow!("{part} has halted: {why}"))?;
        if gateway.is_some() {
            let recovered = desk.begin(&*engine.ground().log).await;
            recovered.context("the inboxes of odds cannot be read")?;
        }
        Ok(Self {
            engine,
            gateway,
            figures,
            leave,
            attending,
            lease: cluster_of(settings)?.lease(),
            log,
        })
    }

    /// Leaves the roll and serves on until others have claimed what was ours, or a lease is over;
    /// then stops.
    async fn stop(self) {
        self.leave.send_replace(true);
        if let Err(error) = self.attending.await {
            tracing::error!(%error, "the roll was not attended");
        }
        if tokio::time::timeout(self.lease, self.engine.health.relieved())
            .await
            .is_err()
        {
            tracing::info!("nobody has taken over all partitions");
        }
        self.engine.stop().await;
        let log = self.log;
        let closing = tokio::task::spawn_blocking(move || log.close());
        if let Err(error) = closing.await {
            tracing::error!(%error, "the log did not close");
        }
    }
}

fn open_gateway(
    settings: &Settings,
    parts: &Parts,
    health: &Arc<Health>,
    (markets, figures): (&Shared<MarketView>, &Figures),
    desk: &Arc<FeedDesk>,
) -> Result<Gateway, Failure> {
    let mut metrics = Vec::clone(figures);
    metrics.push(Arc::new(SourceFigures(markets.picture())));
    let keys = open_keys(&parts.folder, &parts.ground.entropy)?;
    let front = Front {
        rate_limit: settings.rate_limit(),
        admission: settings.admission.clone(),
        deadline: settings.deadline(),
        ground: &parts.ground,
        keys: &keys,
        markets: markets.picture(),
        feeds: Arc::<FeedDesk>::clone(desk),
        checkpoints: Arc::new(StoredCheckpoints {
            store: Arc::clone(&parts.ground.snapshots),
            signer: signer(parts)?,
        }),
        checks: vec![
            Arc::new(EngineReady(Arc::clone(health))),
            Arc::new(KafkaAnswers(Arc::clone(&parts.log))),
        ],
        metrics,
        call_backs: call_backs(
            &settings.provider,
            &provider_key(parts)?,
            settings.partitions,
        )?,
        withdrawal_review_units: settings.withdrawal_review_units,
        demo: None,
        passkeys: settings.passkeys.clone(),
    };
    front.gateway()
}

/// What this process counts whatever serves it: its parts, and what it calls outside.
fn figures(health: &Arc<Health>, outside: Option<&Outside>, told: &Arc<NoticeFigures>) -> Figures {
    let mut figures: Vec<Arc<dyn MetricsSource>> = vec![Arc::new(PartFigures(Arc::clone(health)))];
    if let Some(outside) = outside {
        figures.push(Arc::new(ProviderFigures(Arc::clone(&outside.gate))));
        figures.push(Arc::new(ShownNotices(Arc::clone(told))));
    }
    Arc::new(figures)
}

fn provider_key(parts: &Parts) -> Result<Secret, Failure> {
    let keys = open_keys(&parts.folder, &parts.ground.entropy)?;
    house_key(&*keys, ServiceKey::WebhookSimulator)
}

fn signer(parts: &Parts) -> Result<Arc<CheckpointSigner>, Failure> {
    let signer = CheckpointSigner::open(&parts.folder, &*parts.ground.entropy)?;
    Ok(Arc::new(signer))
}

fn attendance(
    settings: &Settings,
    parts: &Parts,
    roles: &Roles,
    seats: &Arc<Seats>,
    health: &Arc<Health>,
) -> Result<Attendance, Failure> {
    let mut me = [0; 16];
    parts.ground.entropy.fill(&mut me);
    Ok(Attendance {
        board: Arc::new(PresenceBoard(parts.log.noticeboard())),
        me: MemberId(me),
        roles: roles.shared_out(),
        partitions: settings.partitions,
        lease: cluster_of(settings)?.lease(),
        seats: Arc::clone(seats),
        health: Arc::clone(health),
    })
}

/// Reads every record of every topic, and signs what stands there.
fn sign_checkpoints(engine: &mut Engine, signer: Arc<CheckpointSigner>) {
    let ground = engine.ground();
    let watcher = LogWatcher {
        log: Arc::clone(&ground.log),
        partitions: ground.partitions,
        signer,
        store: Arc::clone(&ground.snapshots),
        clock: Arc::clone(&ground.clock),
        newest: Arc::new(NewestCheckpoint::default()),
        health: Arc::clone(&engine.health),
        every: CHECKPOINT_EVERY,
        late_at_most: LATE_AT_MOST,
    };
    engine.beside_until_stopped(|stop| {
        let watching = watcher.watch(stop);
        // What it finds is in the health, and in the process's messages.
        async move {
            match watching.await {
                Ok(()) | Err(_) => {}
            }
        }
    });
}
