//! F5: a stale owner's late record.
//!
//! Duty: an owner of a ledger partition decides and appends; a proxy that knows Kafka's frames
//! holds the record; another owner claims the partition and decides the same commands; then the
//! record arrives, once or twice, now or in a later epoch still. The owners are the real machines
//! on the real log, without processes around them, so that there can be many injections a minute.
//!
//! Prohibition: the proxy changes nothing that a reader sees. Where the broker refuses a late
//! record because its producer has gone on, the record forgets its producer: that is what makes
//! the attack one on the fold and not on the broker.
//!
//! Beside the fold two readers count without its defences. If they show no damage, the injections
//! did not bite, and that is a finding.

pub(super) mod side;

use self::side::Side;
use super::command::{Asked, asked};
use super::count::Count;
use super::{Alone, Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::time::{Chance, now};
use anyhow::{Context, ensure};
use eventlog::{AppendOutcome, Verdict};
use faultproxy::{Held, KafkaPlan, KafkaProxy, Release, Rule};
use kernel::{Partition, Topic, TopicPartition};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Within which anything happens that shall.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct LateRecord;

impl Fault for LateRecord {
    fn name(&self) -> &'static str {
        "F5"
    }

    fn about(&self) -> &'static str {
        "a stale owner's record held by a proxy and released after the next owner's claim, also \
         doubled and into later epochs"
    }

    fn ci_runs(&self) -> u32 {
        25
    }

    fn campaign_runs(&self) -> u32 {
        500
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn alone(&self) -> Option<&dyn Alone> {
        Some(self)
    }
}

impl Alone for LateRecord {
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
    let mut world = World::new(cluster).await?;
    let mut outcome = Outcome::default();
    let mut spans = Vec::new();
    while rounds.more() {
        let begun = now();
        let way = Way::by_chance(chance);
        let injected = world.inject(rounds.done(), way, chance).await;
        let findings = injected.with_context(|| format!("round {}: {way:?}", rounds.done() + 1))?;
        outcome.findings.extend(findings);
        spans.push(begun.elapsed());
        rounds.count();
    }
    outcome.findings.extend(world.control(rounds.done()).await?);
    outcome.figures.extend(world.figures());
    outcome.figures.push(spread("an injection", &mut spans));
    Ok(outcome)
}

/// How one record is late.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Records that are held, in one batch.
    records: u64,
    /// The held request's connection breaks; the client repeats it, and that is held as well.
    cut: bool,
    /// Without producer id and sequence from the start.
    anonymous: bool,
    copies: u32,
    when: When,
}

/// When it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Directly behind the next owner's claim.
    BeforeDecisions,
    /// Behind what the next owner decided on the same commands.
    AfterDecisions,
    /// An epoch later.
    LaterEpoch,
    /// In the next epoch and again in the one after.
    BothEpochs,
}

impl Way {
    fn by_chance(chance: &mut Chance) -> Self {
        let when = [
            When::BeforeDecisions,
            When::AfterDecisions,
            When::LaterEpoch,
            When::BothEpochs,
        ];
        let anonymous = chance.below(2) == 0;
        Self {
            records: chance.between(1, 3),
            cut: chance.below(3) == 0,
            anonymous,
            // The broker itself drops a second copy that names its producer.
            copies: if anonymous && chance.below(2) == 0 {
                2
            } else {
                1
            },
            when: *chance.one_of(&when).unwrap_or(&When::AfterDecisions),
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    held: u64,
    /// Late records that came before the next owner's decisions.
    early: u64,
    stored: u64,
    /// What the broker refused, by its error.
    refused: BTreeMap<i16, u64>,
    /// Appends of stale owners that were reported as done and do not count.
    reported: u64,
}

struct World {
    proxy: KafkaProxy,
    topic: String,
    /// Three processes, as far as the log can tell.
    sides: [Side; 3],
    counts: BTreeMap<Partition, Count>,
    partitions: u16,
    commands: u64,
    tally: Tally,
    log: std::sync::Arc<dyn eventlog::EventLog>,
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let done = timeout(PATIENCE, work).await;
    done.with_context(|| format!("{what}: not within {PATIENCE:?}"))
}

impl World {
    async fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        let servers = cluster.servers.as_ref().context("no servers")?;
        let broker: SocketAddr = servers.kafka.bootstrap().parse()?;
        let plan = KafkaPlan {
            target: Some(broker),
            ..KafkaPlan::default()
        };
        let proxy = KafkaProxy::start(plan).await?;
        proxy.advertise(broker.port(), proxy.address().port());
        let address = proxy.address().to_string();
        let prefix = cluster.prefix();
        let side = |name| Side::connect(name, &address, &prefix);
        Ok(Self {
            topic: format!("{prefix}{}", Topic::LedgerEvents.as_str()),
            sides: [side("first")?, side("second")?, side("third")?],
            counts: BTreeMap::new(),
            partitions: cluster.ground.partitions,
            commands: 0,
            tally: Tally::default(),
            log: cluster.log()?,
            proxy,
        })
    }

    async fn inject(
        &mut self,
        round: u32,
        way: Way,
        chance: &mut Chance,
    ) -> anyhow::Result<Vec<Finding>> {
        let partition = u16::try_from(round % u32::from(self.partitions))?;
        let at = TopicPartition::new(Topic::LedgerEvents, partition);
        // Everybody is the stale one at some time.
        self.sides.rotate_left(1);

        let [stale, ..] = &mut self.sides;
        soon("the first claim", stale.claim(at, chance)).await??;
        let asked = self.ask(partition, way.records).await?;
        let [stale, ..] = &mut self.sides;
        let records = soon("the first decisions", stale.decide()).await??;
        ensure!(!records.is_empty(), "nothing was decided");
        let mut holds = self
            .proxy
            .hold(late(stale.name, &self.topic, partition, &records[0], way));
        let appended = tokio::spawn(stale.append(records)?);
        let held = soon("the held record", holds.next()).await?;
        let mut late = vec![held.context("nothing is held")?];
        if way.cut {
            late[0].cut();
            let repeated = soon("the repeated record", holds.next()).await?;
            late.push(repeated.context("nothing more is held")?);
        }
        self.tally.held += 1;

        let offsets = self.go_on(at, way, &mut late, chance).await?;

        // What its client still waits for is lost: it will send it again.
        drop(late);
        let outcomes = soon("the stale owner's append", appended).await??;
        let [stale, ..] = &mut self.sides;
        if outcomes
            .iter()
            .all(|outcome| *outcome == AppendOutcome::Sent)
        {
            self.tally.reported += 1;
        }
        soon("what the stale owner reads", stale.hear_out(&outcomes)).await??;
        self.judge(at, &asked, &offsets).await
    }

    /// The others go on, and the late record arrives among what they do. Where it stands.
    async fn go_on(
        &mut self,
        at: TopicPartition,
        way: Way,
        late: &mut [Held],
        chance: &mut Chance,
    ) -> anyhow::Result<Vec<i64>> {
        let mut offsets = Vec::new();
        let [_, next, after] = &mut self.sides;
        soon("the next claim", next.claim(at, chance)).await??;
        if way.when == When::BeforeDecisions {
            self.tally.early += 1;
            offsets.extend(release(late, way, &mut self.tally).await?);
        }
        soon("the next decisions", next.work(chance)).await??;
        if matches!(way.when, When::AfterDecisions | When::BothEpochs) {
            offsets.extend(release(late, way, &mut self.tally).await?);
        }
        if matches!(way.when, When::LaterEpoch | When::BothEpochs) {
            soon("the claim after", after.claim(at, chance)).await??;
            // A copy that the broker knows already would not be stored again.
            let anonymous = way.anonymous || way.when == When::BothEpochs;
            let way = Way { anonymous, ..way };
            offsets.extend(release(late, way, &mut self.tally).await?);
            soon("the decisions after", after.work(chance)).await??;
        }
        Ok(offsets)
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

    async fn judge(
        &mut self,
        at: TopicPartition,
        asked: &[Asked],
        offsets: &[i64],
    ) -> anyhow::Result<Vec<Finding>> {
        let count = self.counts.entry(at.partition).or_default();
        let mut findings = soon("the log", count.read(&*self.log, at)).await??;
        ensure!(!offsets.is_empty(), "no late record was stored");
        for offset in offsets {
            let offset = u64::try_from(*offset)?;
            match count.verdict(offset) {
                None => findings.push(lost(format!("{at}@{offset} cannot be found again"))),
                Some(Verdict::Effective) => findings.push(Finding::new(
                    Wrong::Invariant,
                    format!("the late record {at}@{offset} counts"),
                )),
                Some(_) => {}
            }
        }
        for asked in asked {
            let times = count.effective(asked.request);
            if times != 1 {
                let wrong = if times == 0 {
                    Wrong::Lost
                } else {
                    Wrong::Doubled
                };
                let detail = format!("{} was decided {times} times", asked.request);
                findings.push(Finding::new(wrong, detail));
            }
        }
        let [stale, others @ ..] = &self.sides;
        if !stale.has_stopped() {
            let detail = format!("the stale owner of {at} goes on: {}", stale.name);
            findings.push(Finding::new(Wrong::Invariant, detail));
        }
        for side in std::iter::once(stale).chain(others) {
            // It has acknowledged what does not count, or the other way round.
            if let Some(believed) = side.believes(at).filter(|chain| !count.agrees(chain)) {
                let detail = format!("{} believes {believed:?} of {at}", side.name);
                findings.push(Finding::new(Wrong::ToldOtherwise, detail));
            }
        }
        Ok(findings)
    }

    /// Reads everything again from the beginning, and counts without the fold's defences.
    async fn control(&mut self, injections: u32) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (partition, count) in &mut self.counts {
            let at = TopicPartition::new(Topic::LedgerEvents, *partition);
            let mut again = Count::default();
            findings.extend(soon("the log again", again.read(&*self.log, at)).await??);
            if again != *count {
                findings.push(lost(format!("{at} reads differently a second time")));
            }
        }
        let (doubled, displaced) = self.damage();
        if doubled < u64::from(injections) || displaced < self.tally.early {
            let detail = format!(
                "{injections} injections, {} of them before decisions, and readers without \
                 defences have only {doubled} requests doubled and {displaced} decisions displaced",
                self.tally.early
            );
            findings.push(Finding::new(Wrong::Invariant, detail));
        }
        Ok(findings)
    }

    /// Requests that naive readers count twice, and decisions that they take instead of others.
    fn damage(&self) -> (u64, u64) {
        let doubled = self.counts.values().map(Count::doubled).sum();
        let displaced = self.counts.values().map(Count::displaced).sum();
        (doubled, displaced)
    }

    fn figures(&self) -> Vec<String> {
        let (doubled, displaced) = self.damage();
        let sum = |minor: fn(&Count) -> i64| self.counts.values().map(minor).sum::<i64>();
        let Tally {
            held,
            early: _,
            stored,
            refused,
            reported,
        } = &self.tally;
        vec![
            format!(
                "{held} records held, stored late {stored} times; refused by the broker, by its \
                 error: {refused:?}; {reported} appends reported as done to stale owners"
            ),
            format!(
                "control without a fold: {doubled} requests doubled, {} cents instead of {}; \
                 control that looks at seq only: {displaced} decisions displaced",
                sum(Count::naive_minor),
                sum(Count::minor),
            ),
        ]
    }
}

fn late(
    name: &'static str,
    topic: &str,
    partition: Partition,
    record: &bytes::Bytes,
    way: Way,
) -> Rule {
    let (topic, record) = (topic.to_owned(), record.clone());
    let rule = Rule::new(move |produce| {
        produce.is_from(name)
            && produce.touches(&topic, i32::from(partition))
            && produce.values().any(|value| *value == record)
    });
    rule.times(if way.cut { 2 } else { 1 })
}

/// Delivers what is held; where it then stands.
async fn release(late: &mut [Held], way: Way, tally: &mut Tally) -> anyhow::Result<Vec<i64>> {
    let mut offsets = Vec::new();
    let mut release = Release::once();
    if way.anonymous {
        // Its client must not believe that the broker has taken its sequence.
        release = release.anonymous().apart();
    }
    for held in &mut *late {
        let released = held.release(release.copies(way.copies));
        offsets.extend(stored(&soon("the release", released).await??, tally));
    }
    if offsets.is_empty() {
        let held = late.first_mut().context("nothing is held")?;
        let released = held.release(Release::once().anonymous().apart());
        offsets.extend(stored(&soon("the release", released).await??, tally));
    }
    Ok(offsets)
}

fn stored(deliveries: &[faultproxy::Delivery], tally: &mut Tally) -> Vec<i64> {
    let mut offsets = Vec::new();
    for answer in deliveries.iter().flat_map(|delivery| &delivery.answers) {
        if answer.is_stored() {
            tally.stored += 1;
            offsets.push(answer.base_offset);
        } else {
            *tally.refused.entry(answer.error).or_default() += 1;
        }
    }
    offsets
}

fn lost(detail: String) -> Finding {
    Finding::new(Wrong::Lost, detail)
}
