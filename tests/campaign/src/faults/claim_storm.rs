//! F7: two that claim at once, storms of claims, and claims whose answers are lost.
//!
//! Duty: two owner tasks, each with a log of its own, are told to serve the same partitions all
//! the time; into that, further owners claim in storms, and claims are appended by writers that
//! are dropped before they hear of it. Then everybody is left alone: one of the two must serve
//! again by itself, and soon.
//!
//! Prohibition: nobody here arbitrates. Who owned which epoch is read from the log alone, by a
//! reading of the claims that is not the fold's, and what owners believe is held against it.

use super::command::{Asked, asked};
use super::count::Count;
use super::late_record::side::Side;
use super::patient::{end, read};
use super::{Alone, Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground, LEASE};
use crate::time::{Chance, now};
use anyhow::{Context, ensure};
use eventlog::{AppendOutcome, EventLog, Verdict};
use eventlog_kafka::{KafkaLog, Settings};
use kernel::{Partition, Topic, TopicPartition};
use ledger::LedgerService;
use runtime::{
    Clock as _, Condition, Duty, Entropy, Health, Owner, OwnerParts, Shared, SystemClock, run_owner,
};
use schemas::{ClaimId, Kind};
use snapshots::MemorySnapshots;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// After the storm, something must be decided and read back within this.
const PROGRESS_WITHIN: Duration = Duration::from_secs(5);
/// Within which anything happens that shall.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the journal.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(super) struct ClaimStorm;

impl Fault for ClaimStorm {
    fn name(&self) -> &'static str {
        "F7"
    }

    fn about(&self) -> &'static str {
        "two or more that claim at once, storms of claims, claims whose answers are lost"
    }

    fn ci_runs(&self) -> u32 {
        25
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

impl Alone for ClaimStorm {
    fn attack(
        &self,
        cluster: &Cluster,
        chance: &mut Chance,
        rounds: &mut Rounds,
    ) -> anyhow::Result<Outcome> {
        cluster.wait(attack(cluster, chance, rounds))
    }
}

async fn attack(
    cluster: &Cluster,
    chance: &mut Chance,
    rounds: &mut Rounds,
) -> anyhow::Result<Outcome> {
    let mut world = World::new(cluster, chance)?;
    let mut outcome = Outcome::default();
    outcome.findings.extend(world.settle().await?);
    let mut progress = Vec::new();
    while rounds.more() {
        let way = Way::by_chance(chance);
        let injected = world
            .inject(rounds.done(), way, chance, &mut progress)
            .await;
        let findings = injected.with_context(|| format!("round {}: {way:?}", rounds.done() + 1))?;
        outcome.findings.extend(findings);
        rounds.count();
    }
    outcome.findings.extend(world.has_bitten(rounds.done()));
    outcome.figures.push(world.figures());
    outcome
        .figures
        .push(spread("end of the storm to a decision", &mut progress));
    Ok(outcome)
}

/// What a storm is made of.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Both tasks are ended and begun again in the same instant.
    together: bool,
    /// So often, each of two further owners claims and decides.
    duels: u64,
    /// Claims whose writers are dropped before their answers.
    unheard: u64,
    commands: u64,
}

impl Way {
    fn by_chance(chance: &mut Chance) -> Self {
        let way = Self {
            together: chance.below(2) == 0,
            duels: chance.below(4),
            unheard: chance.below(6),
            commands: chance.between(1, 3),
        };
        // Some storm there must be.
        let none = !way.together && way.duels + way.unheard == 0;
        Self {
            together: way.together || none,
            ..way
        }
    }
}

/// Chance whose claims can be told apart.
struct Tagged {
    tag: u8,
    chance: Mutex<Chance>,
}

impl Entropy for Tagged {
    fn fill(&self, buffer: &mut [u8]) {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in &mut *buffer {
            *byte = u8::try_from(chance.below(256)).unwrap_or(0);
        }
        if let Ok(claim_id) = <&mut [u8; 16]>::try_from(buffer) {
            claim_id[0] = self.tag;
        }
    }
}

/// An owner task that wants to serve for ever.
struct Twin {
    parts: OwnerParts<LedgerService>,
    tag: u8,
    running: BTreeMap<Partition, (watch::Sender<Duty>, JoinHandle<()>)>,
}

impl Twin {
    fn new(tag: u8, cluster: &Cluster, brokers: &str, chance: &mut Chance) -> anyhow::Result<Self> {
        let settings = Settings::new(brokers, &cluster.prefix());
        Ok(Self {
            tag,
            parts: OwnerParts {
                log: Arc::new(KafkaLog::connect(settings)?),
                snapshots: Arc::new(MemorySnapshots::default()),
                context: Arc::new(Shared::new(())),
                clock: Arc::new(SystemClock::new(1)),
                entropy: Arc::new(Tagged {
                    tag,
                    chance: Mutex::new(chance.another()),
                }),
                health: Arc::new(Health::default()),
                partitions: cluster.ground.partitions,
                snapshot_every: u64::MAX,
                stand_back: LEASE,
            },
            running: BTreeMap::new(),
        })
    }

    fn begin(&mut self, partition: Partition) {
        let (duty, told) = watch::channel(Duty::Serve);
        let task = tokio::spawn(run_owner(self.parts.clone(), partition, told));
        self.running.insert(partition, (duty, task));
    }

    /// Ends it; a task that has panicked is an error.
    async fn stop(&mut self, partition: Partition) -> anyhow::Result<()> {
        if let Some((duty, task)) = self.running.remove(&partition) {
            duty.send_replace(Duty::Stop);
            soon("the end of an owner task", task).await??;
        }
        Ok(())
    }

    /// The epoch that it serves, as it believes, or why it has stopped for good.
    fn says(&self, at: TopicPartition) -> Condition {
        let parts = self.parts.health.parts();
        let said = parts.get(&format!("owner of {at}")).cloned();
        said.unwrap_or(Condition::StandingBy)
    }
}

/// Claims and decisions of a partition, read by epoch.
#[derive(Default)]
struct Reigns {
    next: u64,
    newest: u64,
    claims: BTreeMap<u64, ClaimId>,
    void: u64,
    decided: Vec<(u64, u64, ClaimId)>,
}

impl Reigns {
    /// Reads on, to what the fold has read. The first claim of an epoch above all before it is
    /// the one that stands.
    async fn read(
        &mut self,
        log: &dyn EventLog,
        at: TopicPartition,
        to: u64,
    ) -> anyhow::Result<()> {
        while self.next < to {
            for record in read(log, at, self.next).await {
                let (header, _) = schemas::decode_header(at.topic, &record.bytes)?;
                self.next = record.offset + 1;
                match header.kind {
                    Kind::Claim if header.epoch > self.newest => {
                        self.newest = header.epoch;
                        self.claims.insert(header.epoch, header.claim_id);
                    }
                    Kind::Claim => self.void += 1,
                    Kind::Decision => {
                        let decided = (record.offset, header.epoch, header.claim_id);
                        self.decided.push(decided);
                    }
                }
            }
        }
        Ok(())
    }

    /// Decisions that count although their writer is not the owner of their epoch.
    fn usurped(&mut self, at: TopicPartition, count: &Count) -> Vec<Finding> {
        let claims = &self.claims;
        let decided = std::mem::take(&mut self.decided);
        let counting = decided
            .iter()
            .filter(|(offset, ..)| count.verdict(*offset) == Some(Verdict::Effective));
        counting
            .filter(|(_, epoch, writer)| claims.get(epoch) != Some(writer))
            .map(|(offset, epoch, _)| {
                let detail = format!("{at}@{offset} counts, and epoch {epoch} is another's");
                Finding::new(Wrong::Invariant, detail)
            })
            .collect()
    }
}

struct World {
    log: Arc<dyn EventLog>,
    /// Without their answers.
    careless: Arc<KafkaLog>,
    clock: SystemClock,
    twins: [Twin; 2],
    sides: [Side; 2],
    counts: BTreeMap<Partition, Count>,
    reigns: BTreeMap<Partition, Reigns>,
    partitions: u16,
    commands: u64,
    unheard: u64,
    taken_back: u64,
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let done = timeout(PATIENCE, work).await;
    done.with_context(|| format!("{what}: not within {PATIENCE:?}"))
}

impl World {
    fn new(cluster: &Cluster, chance: &mut Chance) -> anyhow::Result<Self> {
        let servers = cluster.servers.as_ref().context("no servers")?;
        let (brokers, prefix) = (servers.kafka.bootstrap(), cluster.prefix());
        let side = |name| Side::connect(name, &brokers, &prefix);
        let mut twins = [
            Twin::new(1, cluster, &brokers, chance)?,
            Twin::new(2, cluster, &brokers, chance)?,
        ];
        for partition in 0..cluster.ground.partitions {
            for twin in &mut twins {
                twin.begin(partition);
            }
        }
        Ok(Self {
            log: cluster.log()?,
            careless: Arc::new(KafkaLog::connect(Settings::new(&brokers, &prefix))?),
            clock: SystemClock::new(1),
            sides: [side("first")?, side("second")?],
            twins,
            counts: BTreeMap::new(),
            reigns: BTreeMap::new(),
            partitions: cluster.ground.partitions,
            commands: 0,
            unheard: 0,
            taken_back: 0,
        })
    }

    /// Waits until every partition is served: what it takes to begin is not what it takes to go on.
    async fn settle(&mut self) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for partition in 0..self.partitions {
            let at = TopicPartition::new(Topic::LedgerEvents, partition);
            let asked = self.ask(partition, 1).await?;
            findings.extend(self.until_decided(at, &asked).await?);
        }
        Ok(findings)
    }

    async fn inject(
        &mut self,
        round: u32,
        way: Way,
        chance: &mut Chance,
        progress: &mut Vec<Duration>,
    ) -> anyhow::Result<Vec<Finding>> {
        let partition = u16::try_from(round % u32::from(self.partitions))?;
        let at = TopicPartition::new(Topic::LedgerEvents, partition);
        let mut asked = self.ask(partition, way.commands).await?;
        if way.together {
            for twin in &mut self.twins {
                twin.stop(partition).await?;
            }
            for twin in &mut self.twins {
                twin.begin(partition);
            }
        }
        self.storm(at, way, chance).await?;

        let over = now();
        asked.extend(self.ask(partition, 1).await?);
        let mut findings = self.until_decided(at, &asked).await?;
        let took = over.elapsed();
        progress.push(took);
        if took > PROGRESS_WITHIN {
            let detail = format!("{at}: nothing decided for {took:?} after the storm");
            findings.push(Finding::new(Wrong::Unresolved, detail));
        }
        findings.extend(self.judge(at, &asked).await?);
        Ok(findings)
    }

    /// Two further owners and the careless one, all at once.
    async fn storm(
        &mut self,
        at: TopicPartition,
        way: Way,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        let [first, second] = &mut self.sides;
        let (mut one, mut other) = (chance.another(), chance.another());
        let storm = async {
            tokio::try_join!(
                duel(first, at, way.duels, &mut one),
                duel(second, at, way.duels, &mut other),
                unheard(&self.careless, self.clock, at, way.unheard, chance),
            )
        };
        soon("the storm", storm).await??;
        self.unheard += way.unheard;
        Ok(())
    }

    /// Commands that each move a cent of a customer's.
    async fn ask(&mut self, partition: Partition, count: u64) -> anyhow::Result<Vec<Asked>> {
        let inbox = TopicPartition::new(Topic::LedgerCommands, partition);
        let mut all = Vec::new();
        for _ in 0..count {
            self.commands += 1;
            let asked = asked(self.commands, partition);
            // In doubt it is sent again: it is the same request.
            let sending = async {
                while self.log.send(inbox, asked.bytes.clone()).await != AppendOutcome::Sent {}
            };
            soon("a command", sending).await?;
            all.push(asked);
        }
        Ok(all)
    }

    /// Reads on until everything that was asked counts.
    async fn until_decided(
        &mut self,
        at: TopicPartition,
        asked: &[Asked],
    ) -> anyhow::Result<Vec<Finding>> {
        let count = self.counts.entry(at.partition).or_default();
        let log = &self.log;
        let mut findings = Vec::new();
        let deciding = async {
            loop {
                findings.extend(count.read(&**log, at).await?);
                if asked.iter().all(|asked| count.effective(asked.request) > 0) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        match timeout(PATIENCE, deciding).await {
            Ok(read) => read?,
            Err(_) => {
                let detail = format!("{at}: not everything is decided after {PATIENCE:?}");
                findings.push(Finding::new(Wrong::Unresolved, detail));
            }
        }
        Ok(findings)
    }

    async fn judge(&mut self, at: TopicPartition, asked: &[Asked]) -> anyhow::Result<Vec<Finding>> {
        // What they believe first: the log then knows at least as much.
        let said = self.twins.each_ref().map(|twin| (twin.tag, twin.says(at)));
        let to = end(&*self.log, at).await;
        let count = self.counts.entry(at.partition).or_default();
        let mut findings = soon("the log", count.read(&*self.log, at)).await??;
        let reigns = self.reigns.entry(at.partition).or_default();
        soon("the log", reigns.read(&*self.log, at, to)).await??;
        findings.extend(reigns.usurped(at, count));
        for asked in asked {
            let times = count.effective(asked.request);
            if times != 1 {
                let wrong = [Wrong::Lost, Wrong::Doubled][usize::from(times > 0)];
                let detail = format!("{} was decided {times} times", asked.request);
                findings.push(Finding::new(wrong, detail));
            }
        }
        for side in &self.sides {
            if side.believes(at).is_some_and(|chain| !count.agrees(chain)) {
                let detail = format!("{} believes of {at} what the log does not say", side.name);
                findings.push(Finding::new(Wrong::ToldOtherwise, detail));
            }
        }
        for (tag, condition) in said {
            match condition {
                Condition::Serving { epoch } => {
                    let claim = reigns.claims.get(&epoch);
                    if claim.is_none_or(|claim| claim.0[0] != tag) {
                        let detail =
                            format!("task {tag} serves {at} in epoch {epoch}, which is another's");
                        findings.push(Finding::new(Wrong::Invariant, detail));
                    }
                    self.taken_back += 1;
                }
                Condition::Halted(why) => findings.push(Finding::new(Wrong::Halted, why)),
                Condition::Starting(_) | Condition::Ready | Condition::StandingBy => {}
            }
        }
        Ok(findings)
    }

    /// Storms that nobody lost anything in prove nothing.
    fn has_bitten(&self, rounds: u32) -> Option<Finding> {
        let void: u64 = self.reigns.values().map(|reigns| reigns.void).sum();
        (void == 0 && rounds >= 10).then(|| {
            let detail = format!("no claim was void in {rounds} storms: they did not bite");
            Finding::new(Wrong::Invariant, detail)
        })
    }

    fn figures(&self) -> String {
        let reigns = || self.reigns.values();
        let by_tasks = reigns().flat_map(|reigns| reigns.claims.values());
        let by_tasks = by_tasks.filter(|claim| (1..=2).contains(&claim.0[0]));
        format!(
            "{} claims stood, {} were void, {} sent without hearing of it; {} of those that stood \
             were the tasks'; at the end of {} rounds a task served",
            reigns().map(|reigns| reigns.claims.len()).sum::<usize>(),
            reigns().map(|reigns| reigns.void).sum::<u64>(),
            self.unheard,
            by_tasks.count(),
            self.taken_back
        )
    }
}

/// Claims and decides, so many times, whoever else does.
async fn duel(
    side: &mut Side,
    at: TopicPartition,
    times: u64,
    chance: &mut Chance,
) -> anyhow::Result<()> {
    for _ in 0..times {
        side.claim(at, chance).await?;
        let records = side.decide().await?;
        if !records.is_empty() {
            let outcomes = side.append(records)?.await;
            side.hear_out(&outcomes).await?;
        }
    }
    Ok(())
}

/// Claims of somebody who is gone before the answer, and claims again.
async fn unheard(
    log: &KafkaLog,
    clock: SystemClock,
    at: TopicPartition,
    times: u64,
    chance: &mut Chance,
) -> anyhow::Result<()> {
    for _ in 0..times {
        let mut owner = Owner::<LedgerService>::new(at.partition, 1);
        let to = end(log, at).await;
        while owner.next_own_offset() < to && owner.stopped().is_none() {
            owner.read_back(&read(log, at, owner.next_own_offset()).await);
        }
        ensure!(owner.stopped().is_none(), "{:?}", owner.stopped());
        let mut claim_id = [0; 16];
        for byte in &mut claim_id {
            *byte = u8::try_from(chance.below(256))?;
        }
        claim_id[0] = u8::MAX;
        let writer = log.writer(at);
        let claim = owner.claim(ClaimId(claim_id), clock.now());
        // Handed over, and nobody listens.
        drop(writer.append(vec![claim]));
    }
    Ok(())
}
