//! F10 without processes: the same storms on links between Kafka and owner tasks in this process.
//!
//! Duty: two hosts, each with the real owner task for every ledger partition and a log of its own
//! behind a failing link, and a client behind a third; the client asks again until it has read its
//! decision back; storms strike; everything acknowledged is there once. It needs so little of the
//! machine that it runs where a fleet would starve. Prohibition: no task is told of the faults,
//! and the log is judged past all links.

use super::command::asked;
use super::count::Count;
use super::storm::{Link, Storm};
use super::{Alone, Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::time::{Chance, now, wait_for};
use anyhow::{Context, ensure};
use eventlog::{AppendOutcome, Chain, EventLog};
use eventlog_kafka::{KafkaLog, Settings};
use kernel::{Partition, RequestId, Topic, TopicPartition};
use ledger::LedgerService;
use runtime::{
    Condition, Duty, Health, OwnerParts, Shared, SystemClock, SystemEntropy, Tail, run_owner,
};
use snapshots::MemorySnapshots;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// So soon after healing, a command is acknowledged in every partition again.
const RECOVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// A host that has lost a partition takes it back when its journal is silent for so long.
const STAND_BACK: Duration = Duration::from_millis(700);
/// Before a command without an answer is sent again.
const ASK_AGAIN: Duration = Duration::from_millis(700);
/// Between two commands to a partition.
const GAP: Duration = Duration::from_millis(15);

pub(super) struct TcpOwners;

impl Fault for TcpOwners {
    fn name(&self) -> &'static str {
        "F10O"
    }

    fn about(&self) -> &'static str {
        "random TCP faults between owner tasks, a client and Kafka, without processes"
    }

    fn ci_runs(&self) -> u32 {
        15
    }

    fn campaign_runs(&self) -> u32 {
        1_000
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn alone(&self) -> Option<&dyn Alone> {
        Some(self)
    }
}

impl Alone for TcpOwners {
    fn attack(
        &self,
        cluster: &Cluster,
        chance: &mut Chance,
        rounds: &mut Rounds,
    ) -> anyhow::Result<Outcome> {
        let world = cluster.wait(World::new(cluster))?;
        let mut outcome = Outcome::default();
        let mut recoveries = Vec::new();
        world.board.serves_since(now(), PATIENCE)?;
        while rounds.more() {
            let storm = Storm::by_chance(&world.links, chance);
            cluster.wait(storm.play());
            let healed = now();
            if let Err(error) = world.board.serves_since(healed, PATIENCE) {
                let state = cluster.wait(world.state(cluster));
                return Err(error.context(format!(
                    "after round {}:\n{storm}{state}",
                    rounds.done() + 1
                )));
            }
            let recovery = healed.elapsed();
            recoveries.push(recovery);
            if recovery > RECOVERY {
                let detail = format!("served everywhere only {recovery:?} after\n{storm}");
                outcome
                    .findings
                    .push(Finding::new(Wrong::Unresolved, detail));
            }
            rounds.count();
        }
        outcome.findings.extend(cluster.wait(world.judge(cluster))?);
        outcome.figures.push(world.told());
        let recovered = spread("healed to served everywhere", &mut recoveries);
        outcome.figures.push(recovered);
        Ok(outcome)
    }
}

/// What the client knows.
#[derive(Default)]
struct Board {
    /// When the newest command of each partition that has been acknowledged was asked first.
    newest: Mutex<BTreeMap<Partition, Instant>>,
    acknowledged: Mutex<BTreeMap<Partition, Vec<RequestId>>>,
    asked_again: Mutex<u64>,
    /// What each partition's client is at.
    doing: Mutex<BTreeMap<Partition, String>>,
    stop: AtomicBool,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn does(&self, partition: Partition, what: impl FnOnce() -> String) {
        held(&self.doing).insert(partition, what());
    }

    /// Waits until, in every partition, a command that was asked after this instant has been
    /// acknowledged.
    fn serves_since(&self, since: Instant, patience: Duration) -> anyhow::Result<()> {
        let served = wait_for(patience, || {
            let newest = held(&self.newest);
            newest.values().all(|asked| *asked > since).then_some(())
        });
        served.with_context(|| format!("not every partition was served within {patience:?}"))
    }
}

struct World {
    links: Vec<Link>,
    board: Arc<Board>,
    hosts: Vec<Arc<Health>>,
    duty: watch::Sender<Duty>,
    counts: Mutex<BTreeMap<Partition, Count>>,
    partitions: u16,
    _tasks: JoinSet<()>,
}

impl World {
    async fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        let servers = cluster.servers.as_ref().context("no servers")?;
        let broker: SocketAddr = servers.kafka.bootstrap().parse()?;
        let partitions = cluster.ground.partitions;
        let board = Arc::new(Board::default());
        let duty = watch::Sender::new(Duty::Serve);
        let (mut links, mut hosts, mut tasks) = (Vec::new(), Vec::new(), JoinSet::new());
        for host in ["one", "two"] {
            let link = Link::to_kafka(host, broker).await?;
            let health = Arc::new(Health::default());
            let parts = OwnerParts::<LedgerService> {
                log: connect(cluster, &link)?,
                snapshots: Arc::new(MemorySnapshots::default()),
                context: Arc::new(Shared::new(())),
                clock: Arc::new(SystemClock::new(1)),
                entropy: Arc::new(SystemEntropy),
                health: Arc::clone(&health),
                partitions,
                snapshot_every: 500,
                stand_back: STAND_BACK,
            };
            for partition in 0..partitions {
                tasks.spawn(run_owner(parts.clone(), partition, duty.subscribe()));
            }
            hosts.push(health);
            links.push(link);
        }
        let link = Link::to_kafka("client", broker).await?;
        let log = connect(cluster, &link)?;
        links.push(link);
        for partition in 0..partitions {
            held(&board.newest).insert(partition, now());
            tasks.spawn(ask(Arc::clone(&log), partition, Arc::clone(&board)));
        }
        Ok(Self {
            links,
            board,
            hosts,
            duty,
            counts: Mutex::default(),
            partitions,
            _tasks: tasks,
        })
    }

    /// Ends all tasks and holds what was acknowledged against the log.
    async fn judge(&self, cluster: &Cluster) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (part, condition) in self.hosts.iter().flat_map(|health| health.parts()) {
            if let Condition::Halted(why) = condition {
                findings.push(Finding::new(Wrong::Halted, format!("{part}: {why}")));
            }
        }
        self.board.stop.store(true, Ordering::Release);
        self.duty.send_replace(Duty::Stop);
        let log = cluster.log()?;
        let acknowledged = held(&self.board.acknowledged).clone();
        for partition in 0..self.partitions {
            let at = TopicPartition::new(Topic::LedgerEvents, partition);
            let mut count = Count::default();
            findings.extend(count.read(&*log, at).await?);
            let told = acknowledged.get(&partition).map_or(&[][..], Vec::as_slice);
            ensure!(!told.is_empty(), "nothing was acknowledged in {at}");
            for request in told {
                if count.effective(*request) == 0 {
                    let detail = format!("{request} was acknowledged and is not in {at}");
                    findings.push(Finding::new(Wrong::Lost, detail));
                }
            }
            for (request, times) in count.decided().filter(|(_, times)| *times > 1) {
                let detail = format!("{request} counts {times} times in {at}");
                findings.push(Finding::new(Wrong::Doubled, detail));
            }
            held(&self.counts).insert(partition, count);
        }
        Ok(findings)
    }

    /// What everybody is at, for people who ask why nothing goes on.
    async fn state(&self, cluster: &Cluster) -> String {
        let mut lines = Vec::new();
        let at = now();
        for (partition, asked) in held(&self.board.newest).iter() {
            let silent = at.saturating_duration_since(*asked);
            lines.push(format!("partition {partition}: nothing new for {silent:?}"));
        }
        for (partition, doing) in held(&self.board.doing).iter() {
            lines.push(format!("client of partition {partition}: {doing}"));
        }
        for (host, health) in self.hosts.iter().enumerate() {
            for (part, condition) in health.parts() {
                lines.push(format!("host {}: {part}: {condition:?}", host + 1));
            }
        }
        for partition in 0..self.partitions {
            for topic in [Topic::LedgerCommands, Topic::LedgerEvents] {
                let at = TopicPartition::new(topic, partition);
                let end = match cluster.log() {
                    Ok(log) => log.end(at).await.map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                lines.push(format!("{at} ends at {end:?}"));
            }
        }
        lines.join("\n")
    }

    fn told(&self) -> String {
        let counts = held(&self.counts);
        let acknowledged: usize = held(&self.board.acknowledged).values().map(Vec::len).sum();
        let (mut claims, mut stale, mut doubled) = (0, 0, 0);
        for count in counts.values() {
            claims += count.chain().epoch;
            stale += count.chain().counts.stale;
            doubled += count.doubled();
        }
        format!(
            "{acknowledged} commands acknowledged, sent again {} times; {claims} claims, {stale} \
             records of old epochs without effect, {doubled} requests that a reader without the \
             fold would double; {} connections broken",
            held(&self.board.asked_again),
            self.links.iter().map(Link::broken).sum::<u64>()
        )
    }
}

fn connect(cluster: &Cluster, link: &Link) -> anyhow::Result<Arc<dyn EventLog>> {
    let settings = Settings::new(&link.address().to_string(), &cluster.prefix());
    Ok(Arc::new(KafkaLog::connect(settings)?))
}

/// A client that asks one thing after another, each until it has read the decision back.
async fn ask(log: Arc<dyn EventLog>, partition: Partition, board: Arc<Board>) {
    let journal = TopicPartition::new(Topic::LedgerEvents, partition);
    let inbox = TopicPartition::new(Topic::LedgerCommands, partition);
    let mut tail = Tail::new(Arc::clone(&log), journal, Chain::default());
    for number in 1_u64.. {
        let asked = asked(number, partition);
        let first = now();
        loop {
            if board.stop.load(Ordering::Acquire) {
                return;
            }
            board.does(partition, || format!("sends {number}"));
            if log.send(inbox, asked.bytes.clone()).await != AppendOutcome::Sent {
                *held(&board.asked_again) += 1;
                continue;
            }
            board.does(partition, || {
                format!("waits for {number}, has read {:?}", tail.chain())
            });
            let read = tokio::time::timeout(ASK_AGAIN, until_decided(&mut tail, asked.request));
            if read.await.is_ok() {
                break;
            }
            *held(&board.asked_again) += 1;
        }
        held(&board.acknowledged)
            .entry(partition)
            .or_default()
            .push(asked.request);
        held(&board.newest).insert(partition, first);
        tokio::time::sleep(GAP).await;
    }
}

/// Reads on until the decision is there. What is read and is another one was asked before.
async fn until_decided(tail: &mut Tail, request: RequestId) {
    loop {
        let Ok(stretch) = tail.next().await else {
            tokio::time::sleep(GAP).await;
            continue;
        };
        let mut decisions = stretch.decisions.iter();
        if decisions.any(|effective| effective.decision.header.request_id == Some(request)) {
            return;
        }
    }
}
