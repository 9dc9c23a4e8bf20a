//! F9: one partition with more claims and appends than sixteen bits can count.
//!
//! Duty: claim after claim, each with a writer of its own and a batch of small decisions on the
//! chain; then read everything from zero with the fold, in tenths, and let a new owner in that
//! must read it all, claim and decide. n counts claims.
//!
//! Prohibition: the writer's chain is not asked when the log is judged; both are compared. In
//! doubt the writer begins again from what the log says, like an owner.

use super::command::asked;
use super::late_record::side::Side;
use super::{Alone, Fault, Outcome, Rounds};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::time::{Chance, now};
use anyhow::{Context, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Verdict};
use eventlog_kafka::{KafkaLog, Settings};
use futures::future::BoxFuture;
use kernel::{CorrelationId, Digest, Topic, TopicPartition};
use ledger::LedgerService;
use runtime::{Clock as _, Service, SystemClock};
use schemas::ledger::{Event, Rejection};
use schemas::{Body, ClaimId, Header, Kind};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::timeout;

const AT: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
/// Claims whose outcomes are not known yet.
const ON_THEIR_WAY_MAX: usize = 64;
const READ_BYTES: usize = 4 << 20;
/// Beyond so many claims, batches are those of the long campaign.
const LONG: u32 = 10_000;
const TENTHS: usize = 10;
/// The machine is shared: the best of so many readings counts.
const READINGS: usize = 4;
/// How slow the last tenth may be, in percent of the rate of the first.
const RATIO_MIN: u128 = 50;
/// A new owner may take so many times as long as reading alone, and this.
const CLAIM_FACTOR: u32 = 6;
const CLAIM_GRACE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct LongPartition;

impl Fault for LongPartition {
    fn name(&self) -> &'static str {
        "F9"
    }

    fn about(&self) -> &'static str {
        "claims and appends far beyond sixteen bits on one partition, read from zero; n counts claims"
    }

    fn ci_runs(&self) -> u32 {
        2_000
    }

    fn campaign_runs(&self) -> u32 {
        100_500
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn alone(&self) -> Option<&dyn Alone> {
        Some(self)
    }
}

impl Alone for LongPartition {
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
    let servers = cluster.servers.as_ref().context("no servers")?;
    let (brokers, prefix) = (servers.kafka.bootstrap(), cluster.prefix());
    let mut outcome = Outcome::default();

    let log = KafkaLog::connect(Settings::new(&brokers, &prefix))?;
    let mut writer = Scribe::new(&log, if rounds.wanted() > LONG { 100 } else { 50 });
    let begun = now();
    while rounds.more() {
        writer.reign(chance).await?;
        rounds.count();
    }
    writer.hear_all().await?;
    let took = begun.elapsed();
    outcome.figures.push(format!(
        "{} claims and {} appends in {} ms ({} records/s), {} begun again after doubt",
        writer.claims,
        writer.appends,
        took.as_millis(),
        rate(writer.claims + writer.appends, took),
        writer.doubts
    ));
    let written = writer.chain;
    let doubts = writer.doubts;
    drop(log);

    let reading = Reading::best(&brokers, &prefix).await?;
    outcome.findings.extend(reading.against(&written, doubts));
    outcome.findings.extend(reading.is_linear());
    outcome.figures.push(reading.figure());

    let entered = enter(cluster, chance, &written, reading.whole()).await?;
    outcome.findings.extend(entered.1);
    outcome.figures.push(entered.0);
    Ok(outcome)
}

type OnItsWay = BoxFuture<'static, Vec<AppendOutcome>>;

/// Writes reign after reign.
struct Scribe<'a> {
    log: &'a KafkaLog,
    clock: SystemClock,
    each: u64,
    chain: Chain,
    /// Its chain when everything before was known to stand.
    certain: Chain,
    on_their_way: VecDeque<(OnItsWay, Chain)>,
    claims: u64,
    appends: u64,
    doubts: u64,
}

impl<'a> Scribe<'a> {
    fn new(log: &'a KafkaLog, each: u64) -> Self {
        Self {
            log,
            clock: SystemClock::new(1),
            each,
            chain: Chain::default(),
            certain: Chain::default(),
            on_their_way: VecDeque::new(),
            claims: 0,
            appends: 0,
            doubts: 0,
        }
    }

    /// One claim and its decisions, handed over at once.
    async fn reign(&mut self, chance: &mut Chance) -> anyhow::Result<()> {
        let mut claim_id = [0; 16];
        let (high, low) = claim_id.split_at_mut(8);
        high.copy_from_slice(&chance.draw().to_be_bytes());
        low.copy_from_slice(&chance.draw().to_be_bytes());
        let epoch = self.chain.epoch + 1;
        let mut records = vec![self.claim(epoch, ClaimId(claim_id))?];
        for _ in 0..self.each {
            records.push(self.decision()?);
        }
        let outcome = self.log.writer(AT).append(records);
        self.on_their_way.push_back((outcome, self.chain.clone()));
        self.claims += 1;
        self.appends += self.each;
        if self.on_their_way.len() >= ON_THEIR_WAY_MAX {
            self.hear_one().await?;
        }
        Ok(())
    }

    fn claim(&mut self, epoch: u64, claim_id: ClaimId) -> anyhow::Result<Bytes> {
        let header = Header {
            kind: Kind::Claim,
            epoch,
            claim_id,
            seq: 0,
            confirmed: 0,
            prev: None,
            ..self.header()
        };
        self.record(&header, None, Verdict::Claimed)
    }

    /// Something small that changes nothing.
    fn decision(&mut self) -> anyhow::Result<Bytes> {
        let rejection = LedgerService::expired();
        self.record(&self.header(), Some(rejection), Verdict::Effective)
    }

    fn header(&self) -> Header {
        Header {
            kind: Kind::Decision,
            epoch: self.chain.epoch,
            claim_id: self.chain.claim_id,
            seq: self.chain.seq + 1,
            confirmed: self.certain.seq,
            prev: Some(self.chain.head),
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::example(self.chain.seq, AT.partition),
            decided_at: self.clock.now().max(self.chain.decided_at),
        }
    }

    fn record(
        &mut self,
        header: &Header,
        rejection: Option<Rejection>,
        is: Verdict,
    ) -> anyhow::Result<Bytes> {
        let body = Body::<Event, Rejection> {
            rejection,
            events: Vec::new(),
        };
        let record = schemas::encode_record(schemas::schema_of(AT.topic), header, &body);
        let judged = self.chain.judge(AT, self.chain.next_offset, &record)?;
        ensure!(judged.verdict == is, "{:?} of our own", judged.verdict);
        Ok(record.into())
    }

    async fn hear_all(&mut self) -> anyhow::Result<()> {
        while !self.on_their_way.is_empty() {
            self.hear_one().await?;
        }
        Ok(())
    }

    async fn hear_one(&mut self) -> anyhow::Result<()> {
        let Some((outcome, chain)) = self.on_their_way.pop_front() else {
            return Ok(());
        };
        let outcomes = timeout(PATIENCE, outcome)
            .await
            .context("an append is silent")?;
        if outcomes
            .iter()
            .all(|outcome| *outcome == AppendOutcome::Sent)
        {
            self.certain = chain;
            return Ok(());
        }
        self.doubts += 1;
        for (outcome, _) in std::mem::take(&mut self.on_their_way) {
            timeout(PATIENCE, outcome)
                .await
                .context("an append is silent")?;
        }
        // From the last place that is certain, the log says what counts.
        let mut chain = self.certain.clone();
        read_on(self.log, &mut chain, |_| {}).await?;
        self.certain = chain.clone();
        self.chain = chain;
        Ok(())
    }
}

/// Reads on to the end through the fold.
async fn read_on(
    log: &KafkaLog,
    chain: &mut Chain,
    mut at_offset: impl FnMut(u64),
) -> anyhow::Result<()> {
    let end = log.end(AT).await?;
    while chain.next_offset < end {
        let records = log.read(AT, chain.next_offset, READ_BYTES).await?;
        ensure!(!records.is_empty(), "nothing at {}", chain.next_offset);
        for record in records {
            chain.judge(AT, record.offset, &record.bytes)?;
            at_offset(chain.next_offset);
        }
    }
    Ok(())
}

/// Everything read from zero, by tenths.
struct Reading {
    chain: Chain,
    tenths: Vec<Duration>,
    readings: usize,
}

impl Reading {
    /// Until a reading is linear; the fastest of each tenth counts, since others work beside us.
    async fn best(brokers: &str, prefix: &str) -> anyhow::Result<Self> {
        let mut best = Self::once(brokers, prefix).await?;
        while best.is_linear().is_some() && best.readings < READINGS {
            let again = Self::once(brokers, prefix).await?;
            ensure!(again.chain == best.chain, "two readings differ");
            for (best, again) in best.tenths.iter_mut().zip(again.tenths) {
                *best = again.min(*best);
            }
            best.readings += 1;
        }
        Ok(best)
    }

    async fn once(brokers: &str, prefix: &str) -> anyhow::Result<Self> {
        // One that has nothing in memory, and is connected.
        let log = KafkaLog::connect(Settings::new(brokers, prefix))?;
        let end = log.end(AT).await?;
        log.read(AT, 0, 1).await?;
        let tenth = (end / 10).max(1);
        let (mut chain, mut tenths, mut begun) = (Chain::default(), Vec::new(), now());
        let mut border = tenth;
        read_on(&log, &mut chain, |next| {
            if next >= border && tenths.len() < TENTHS {
                tenths.push(begun.elapsed());
                begun = now();
                border += tenth;
            }
        })
        .await?;
        ensure!(tenths.len() == TENTHS, "{} tenths", tenths.len());
        Ok(Self {
            chain,
            tenths,
            readings: 1,
        })
    }

    fn whole(&self) -> Duration {
        self.tenths.iter().sum()
    }

    /// The rate of the last tenth, in percent of the first one's.
    fn ratio(&self) -> u128 {
        let micros = |tenth: Option<&Duration>| tenth.map_or(1, Duration::as_micros).max(1);
        micros(self.tenths.first()) * 100 / micros(self.tenths.last())
    }

    fn is_linear(&self) -> Option<Finding> {
        (self.ratio() < RATIO_MIN).then(|| {
            let detail = format!("reading from zero is not linear: {}", self.figure());
            Finding::new(Wrong::Invariant, detail)
        })
    }

    /// Without any doubt of the writer's, everything counts, and nothing else is there.
    fn against(&self, written: &Chain, doubts: u64) -> Option<Finding> {
        let same = |chain: &Chain| (chain.epoch, chain.seq, chain.head);
        let all = doubts > 0 || self.chain == *written;
        (same(&self.chain) != same(written) || !all).then(|| {
            let detail = format!("written was {written:?}, read was {:?}", self.chain);
            Finding::new(Wrong::Lost, detail)
        })
    }

    fn figure(&self) -> String {
        let tenth = self.chain.next_offset / 10;
        let rates: Vec<_> = self.tenths.iter().map(|took| rate(tenth, *took)).collect();
        format!(
            "{} records read from zero in {} ms; last tenth at {} % of the first one's rate; \
             records/s by tenths {rates:?}, best of {}",
            self.chain.next_offset,
            self.whole().as_millis(),
            self.ratio(),
            self.readings
        )
    }
}

/// A new owner reads it all, claims, decides and reads that back.
async fn enter(
    cluster: &Cluster,
    chance: &mut Chance,
    written: &Chain,
    reading: Duration,
) -> anyhow::Result<(String, Option<Finding>)> {
    let servers = cluster.servers.as_ref().context("no servers")?;
    let mut side = Side::connect("new", &servers.kafka.bootstrap(), &cluster.prefix())?;
    let bound = reading * CLAIM_FACTOR + CLAIM_GRACE;
    let begun = now();
    let claimed = timeout(bound, side.claim(AT, chance)).await;
    let took = begun.elapsed();
    let Ok(claimed) = claimed else {
        let detail = format!("a new owner has not claimed within {bound:?}");
        let finding = Finding::new(Wrong::Unresolved, detail);
        return Ok(("no new owner".to_owned(), Some(finding)));
    };
    claimed?;
    let log = cluster.log()?;
    let inbox = TopicPartition::new(Topic::LedgerCommands, AT.partition);
    let asked = asked(1, AT.partition);
    while log.send(inbox, asked.bytes.clone()).await != AppendOutcome::Sent {}
    timeout(PATIENCE, side.work(chance))
        .await
        .context("the new owner decides nothing")??;
    let believed = side.believes(AT).context("no owner")?;
    // In doubt it may have claimed more than once.
    let goes_on = believed.epoch > written.epoch && believed.seq == written.seq + 1;
    let finding = (!goes_on || believed.head == Digest::ZERO).then(|| {
        let detail = format!("after {written:?} the new owner goes on with {believed:?}");
        Finding::new(Wrong::Invariant, detail)
    });
    let figure = format!(
        "a new owner had claimed epoch {} after {} ms (bound {} ms)",
        believed.epoch,
        took.as_millis(),
        bound.as_millis()
    );
    Ok((figure, finding))
}

fn rate(records: u64, took: Duration) -> u128 {
    u128::from(records) * 1_000_000 / took.as_micros().max(1)
}
