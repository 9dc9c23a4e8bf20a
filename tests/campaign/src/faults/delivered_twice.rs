//! F17: whole topics delivered twice.
//!
//! Duty: when everything is at rest, append all that ever stood in every inbox and every journal
//! a second time, in its old order, to the topics of a running fleet; behind it, in each inbox, a
//! record that nobody can read, whose rejection tells that all before it was taken. Then look at
//! every decision that has come since.
//!
//! Prohibition: an exact repeat leaves no record and no effect. Copies of copies are not sent:
//! each pass delivers each original once more, however many passes there are.

use super::patient::{end, read};
use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::scene::{REST, Scene};
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, Chain, EventLog, Verdict};
use kernel::{Position, RequestId, Topic, TopicPartition};
use schemas::{Cause, Header};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::timeout;

/// How long owners may take to get through a whole topic.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long clients work before each pass.
const LOAD_FOR: Duration = Duration::from_secs(4);
/// Between two looks at the journals.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Records that are on their way at once.
const AT_ONCE: usize = 200;

pub(super) struct DeliveredTwice;

impl Fault for DeliveredTwice {
    fn name(&self) -> &'static str {
        "F17"
    }

    fn about(&self) -> &'static str {
        "every record of every inbox and journal appended a second time to a running fleet's topics"
    }

    fn ci_runs(&self) -> u32 {
        1
    }

    fn campaign_runs(&self) -> u32 {
        10
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut copies = Copies::default();
        let mut spans = Vec::new();
        while rounds.more() {
            pass(LOAD_FOR);
            scene.feed.rest(true);
            ensure!(scene.load.hold(REST).is_some(), "the load does not rest");
            rest(scene)?;
            let log = scene.cluster.log()?;
            let partitions = scene.cluster.ground.partitions;
            let begun = now();
            let delivered = copies.deliver(&*log, partitions, rounds.done());
            outcome.findings.extend(scene.cluster.wait(delivered)?);
            spans.push(begun.elapsed());
            scene.feed.rest(false);
            scene.load.run();
            let since = scene.load.micros();
            ensure!(
                scene.load.serving_since(since, PATIENCE),
                "no bets everywhere {PATIENCE:?} after the second delivery"
            );
            rounds.count();
        }
        outcome.take(scene.rest_and_check()?);
        outcome.findings.extend(copies.has_bitten(scene));
        outcome.figures.push(copies.figure());
        outcome
            .figures
            .push(spread("all delivered again and passed over", &mut spans));
        Ok(outcome)
    }
}

/// Waits until nothing is begun and not finished.
fn rest(scene: &mut Scene) -> anyhow::Result<()> {
    let log = scene.cluster.log()?;
    let begun = now();
    loop {
        match scene.cluster.wait(scene.checker.read(&*log)) {
            Ok(()) if scene.checker.story.unfinished().is_empty() => return Ok(()),
            Ok(()) => {
                let unfinished = scene.checker.story.unfinished();
                ensure!(begun.elapsed() < REST, "no rest: {unfinished:?}");
            }
            // A broker may be slow for a moment; what was read is not read again.
            Err(error) if begun.elapsed() > REST => return Err(error),
            Err(_) => {}
        }
        pass(LOOK_AGAIN);
    }
}

/// A decision that counts.
struct Found {
    at: TopicPartition,
    offset: u64,
    header: Header,
}

/// What stood in the topics before anything was doubled, and how far that was taken.
#[derive(Default)]
struct Copies {
    originals: BTreeMap<TopicPartition, Vec<Bytes>>,
    taken_to: BTreeMap<TopicPartition, u64>,
    chains: BTreeMap<TopicPartition, Chain>,
    answered: BTreeSet<(TopicPartition, RequestId)>,
    doubled: u64,
    own: u64,
}

impl Copies {
    /// One pass over everything.
    async fn deliver(
        &mut self,
        log: &dyn EventLog,
        partitions: u16,
        pass: u32,
    ) -> anyhow::Result<Vec<Finding>> {
        let places = || {
            let topics = Topic::ALL.iter().copied();
            topics.flat_map(|topic| (0..partitions).map(move |p| TopicPartition::new(topic, p)))
        };
        let mut before = BTreeMap::new();
        for at in places() {
            let to = end(log, at).await;
            self.take(log, at, to).await?;
            before.insert(at, to);
        }
        for found in self.decisions(log, &before).await? {
            let request = found.header.request_id;
            self.answered
                .extend(request.map(|request| (found.at, request)));
        }
        for (at, records) in &self.originals {
            send_all(log, *at, records).await?;
            self.doubled += u64::try_from(records.len())?;
        }
        let mut marks = BTreeSet::new();
        for at in places().filter(|at| !at.topic.is_journal()) {
            marks.insert(mark(log, at, pass).await?);
        }
        let copies = self.copies(log, &before, &marks).await?;
        self.passed_over(log, &before, &copies, marks).await
    }

    /// Which of the records that came since are copies. The feed goes on posting meanwhile: what
    /// is new is delivered twice in the next pass.
    async fn copies(
        &mut self,
        log: &dyn EventLog,
        before: &BTreeMap<TopicPartition, u64>,
        marks: &BTreeSet<Position>,
    ) -> anyhow::Result<BTreeSet<Position>> {
        let mut copies = BTreeSet::new();
        for (at, from) in before {
            let originals = self.originals.entry(*at).or_default();
            let known: BTreeSet<Bytes> = originals.iter().cloned().collect();
            let (mut next, to) = (*from, end(log, *at).await);
            while next < to {
                let records = timeout(PATIENCE, read(log, *at, next)).await?;
                for record in records.into_iter().filter(|record| record.offset < to) {
                    next = record.offset + 1;
                    let position = at.at(record.offset);
                    if known.contains(&record.bytes) {
                        copies.insert(position);
                    } else if !marks.contains(&position) {
                        originals.push(record.bytes);
                    }
                }
            }
            self.taken_to.insert(*at, to);
        }
        Ok(copies)
    }

    async fn take(
        &mut self,
        log: &dyn EventLog,
        at: TopicPartition,
        to: u64,
    ) -> anyhow::Result<()> {
        let next = self.taken_to.entry(at).or_default();
        let originals = self.originals.entry(at).or_default();
        while *next < to {
            let records = timeout(PATIENCE, read(log, at, *next)).await?;
            for record in records.into_iter().filter(|record| record.offset < to) {
                *next = record.offset + 1;
                originals.push(record.bytes);
            }
        }
        Ok(())
    }

    /// The decisions that count from where the chains stand to the ends of the journals.
    async fn decisions(
        &mut self,
        log: &dyn EventLog,
        places: &BTreeMap<TopicPartition, u64>,
    ) -> anyhow::Result<Vec<Found>> {
        let mut decisions = Vec::new();
        for at in places.keys().filter(|at| at.topic.is_journal()) {
            let chain = self.chains.entry(*at).or_default();
            let to = end(log, *at).await;
            while chain.next_offset < to {
                for record in timeout(PATIENCE, read(log, *at, chain.next_offset)).await? {
                    let judged = chain.judge(*at, record.offset, &record.bytes)?;
                    if judged.verdict == Verdict::Effective {
                        decisions.push(Found {
                            at: *at,
                            offset: record.offset,
                            header: judged.header,
                        });
                    }
                }
            }
        }
        Ok(decisions)
    }

    /// Waits until all marks are answered, and looks at every decision on the way.
    async fn passed_over(
        &mut self,
        log: &dyn EventLog,
        before: &BTreeMap<TopicPartition, u64>,
        copies: &BTreeSet<Position>,
        mut marks: BTreeSet<Position>,
    ) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let begun = now();
        while !marks.is_empty() {
            for found in self.decisions(log, before).await? {
                let Found { at, offset, header } = found;
                if let Some(Cause::Input(position)) = header.cause {
                    if marks.remove(&position) {
                        continue;
                    }
                    if copies.contains(&position) {
                        let detail = format!("{at}@{offset} was decided on the copy {position}");
                        findings.push(Finding::new(Wrong::Doubled, detail));
                        continue;
                    }
                }
                let request = header.request_id.map(|request| (at, request));
                if request.is_some_and(|request| self.answered.contains(&request)) {
                    let detail = format!("{at}@{offset} answers a second time: {header:?}");
                    findings.push(Finding::new(Wrong::Doubled, detail));
                }
                // Timers and late fruits of the load.
                self.own += 1;
            }
            ensure!(begun.elapsed() < PATIENCE, "never taken: {marks:?}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(findings)
    }

    /// Second deliveries that no fold has met prove nothing.
    fn has_bitten(&self, scene: &Scene) -> Option<Finding> {
        let passed = scene.checker.passed_over();
        let met = passed.repeats + passed.stale + passed.void_claims;
        (met == 0 || self.doubled == 0).then(|| {
            let detail = format!("the fold passed over nothing: {passed:?}");
            Finding::new(Wrong::Invariant, detail)
        })
    }

    fn figure(&self) -> String {
        let originals: usize = self.originals.values().map(Vec::len).sum();
        format!(
            "{originals} records were there, {} were delivered again; meanwhile {} decisions of \
             timers and of the load's last fruits",
            self.doubled, self.own
        )
    }
}

/// Appends all of them, in order.
async fn send_all(log: &dyn EventLog, at: TopicPartition, records: &[Bytes]) -> anyhow::Result<()> {
    for some in records.chunks(AT_ONCE) {
        // In doubt once more: a third delivery is as good as a second.
        let sending = async {
            loop {
                let sent = futures::future::join_all(some.iter().map(|r| log.send(at, r.clone())));
                if sent
                    .await
                    .iter()
                    .all(|outcome| *outcome == AppendOutcome::Sent)
                {
                    return;
                }
            }
        };
        timeout(PATIENCE, sending)
            .await
            .with_context(|| format!("{at} takes nothing"))?;
    }
    Ok(())
}

/// Puts a record behind everything that nobody can read, and tells where it stands.
async fn mark(log: &dyn EventLog, at: TopicPartition, pass: u32) -> anyhow::Result<Position> {
    let from = end(log, at).await;
    let bytes = Bytes::from(format!("the end of pass {pass} over {at}"));
    send_all(log, at, std::slice::from_ref(&bytes)).await?;
    let mut next = from;
    let to = end(log, at).await;
    let mut found = None;
    while next < to {
        for record in timeout(PATIENCE, read(log, at, next)).await? {
            next = record.offset + 1;
            if record.bytes == bytes {
                // The last one, if it was sent more than once.
                found = Some(at.at(record.offset));
            }
        }
    }
    found.with_context(|| format!("the mark in {at} is not there"))
}
