//! F19: poison: records that nobody can read, or that ask for what may not be.
//!
//! Duty: in bulk into every inbox of a fleet under load: each must be refused by a recorded
//! rejection at its place, and everything else go on. At the very end into two journals, where no
//! rejection helps: those partitions must halt, the owner must name the place when it is asked
//! whether it is ready, and the other partitions must go on. n counts records.
//!
//! Prohibition: journals are poisoned only when everything else was judged; this scene's log is
//! of no use to anybody afterwards.

mod kinds;

use self::kinds::{Poisoned, kinds};
use super::patient::{end, read};
use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::{End, Kind};
use crate::http::{Ask, Connection};
use crate::scene::Scene;
use crate::time::{now, wait_for};
use anyhow::{Context, ensure};
use bytes::Bytes;
use eventlog::{AppendOutcome, EventLog};
use futures::future::join_all;
use kernel::{Partition, Position, Topic, TopicPartition};
use schemas::{Cause, Events, ledger};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::timeout;

/// Within which a halted partition must be named.
const NAMED_WITHIN: Duration = Duration::from_secs(5);
/// Within which anything happens that shall.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a journal.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// So many records of poison go into one inbox at once.
const AT_ONCE: u64 = 25;

pub(super) struct Poison;

impl Fault for Poison {
    fn name(&self) -> &'static str {
        "F19"
    }

    fn about(&self) -> &'static str {
        "poison in every inbox under load, and garbage of a foreign writer in two journals; n counts records"
    }

    fn ci_runs(&self) -> u32 {
        50
    }

    fn campaign_runs(&self) -> u32 {
        10_000
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (mut refused, mut by_kind) = (Vec::new(), BTreeMap::<&'static str, u64>::new());
        let mut begun = 0;
        while rounds.more() {
            let at = inbox(scene, begun);
            begun += 1;
            let left = u64::from(rounds.wanted() - rounds.done());
            // A few at first, so that few injections reach many inboxes.
            let most = AT_ONCE.min(u64::from(rounds.wanted()) / 24 + 1);
            let poison = kinds(
                at,
                u64::from(rounds.done()),
                left.min(most),
                &mut scene.chance,
            );
            let log = scene.cluster.log()?;
            let since = now();
            let refusing = refuse(&*log, at, &poison);
            outcome.findings.extend(scene.cluster.wait(refusing)?);
            refused.push(since.elapsed());
            for poisoned in poison {
                *by_kind.entry(poisoned.kind).or_default() += 1;
                rounds.count();
            }
            outcome.findings.extend(fallen(scene));
        }
        let since = scene.load.micros();
        ensure!(
            scene.load.serving_since(since, PATIENCE),
            "no bets everywhere {PATIENCE:?} after the poison"
        );
        outcome.take(scene.rest_and_check()?);
        outcome.figures.push(format!("{by_kind:?}"));
        outcome
            .figures
            .push(spread("poison sent to all of it refused", &mut refused));
        poison_journals(scene, &mut outcome)?;
        Ok(outcome)
    }
}

/// The inboxes in turn: all services, all partitions.
fn inbox(scene: &Scene, number: u64) -> TopicPartition {
    let inboxes: Vec<Topic> = Topic::ALL
        .iter()
        .copied()
        .filter(|topic| !topic.is_journal())
        .collect();
    let many = u64::try_from(inboxes.len()).unwrap_or(1).max(1);
    let which = usize::try_from(number % many).unwrap_or(0);
    let partition = (number / many) % u64::from(scene.cluster.ground.partitions.max(1));
    TopicPartition::new(
        inboxes.get(which).copied().unwrap_or(Topic::LedgerCommands),
        Partition::try_from(partition).unwrap_or(0),
    )
}

/// The journal in which what an inbox asks is decided.
fn journal_of(inbox: TopicPartition) -> anyhow::Result<TopicPartition> {
    let name = inbox.topic.as_str().replace("commands", "events");
    let topic: Topic = name
        .parse()
        .with_context(|| format!("{inbox} has no journal"))?;
    Ok(TopicPartition::new(topic, inbox.partition))
}

async fn send(log: &dyn EventLog, at: TopicPartition, record: Bytes) -> anyhow::Result<()> {
    // In doubt once more: twice the poison is poison.
    let sending = async { while log.send(at, record.clone()).await != AppendOutcome::Sent {} };
    timeout(PATIENCE, sending)
        .await
        .with_context(|| format!("{at} takes nothing"))
}

/// What the log gives back: ids of schemas that nobody knows come back as others.
fn likeness(record: &[u8]) -> Vec<u8> {
    let mut likeness = record.to_vec();
    if let [0, a, b, c, d, ..] = likeness.as_mut_slice() {
        for byte in [a, b, c, d] {
            *byte = 0;
        }
    }
    likeness
}

/// Sends poison into an inbox and waits until each of it is answered at its place, without effect.
async fn refuse(
    log: &dyn EventLog,
    at: TopicPartition,
    poison: &[Poisoned],
) -> anyhow::Result<Vec<Finding>> {
    let journal = journal_of(at)?;
    let (from, mut next) = (end(log, at).await, end(log, journal).await);
    let sent = poison.iter().map(|p| send(log, at, p.bytes.clone()));
    for sent in join_all(sent).await {
        sent?;
    }
    let mut open = places(log, at, from, poison).await?;
    let mut findings = Vec::new();
    if open.len() < poison.len() {
        let detail = format!("{} of {} stand in {at}", open.len(), poison.len());
        findings.push(Finding::new(Wrong::Lost, detail));
    }
    let begun = now();
    while !open.is_empty() {
        for record in timeout(PATIENCE, read(log, journal, next)).await? {
            next = record.offset + 1;
            let position = journal.at(record.offset);
            let (header, body) = schemas::decode_header(journal.topic, &record.bytes)?;
            let Some(Cause::Input(cause)) = header.cause else {
                continue;
            };
            if open.remove(&cause) {
                let events = Events::decode(journal.topic, body)?;
                if moves_or_accepts(&events) {
                    let detail = format!("poison {cause} was accepted by {position}: {events:?}");
                    findings.push(Finding::new(Wrong::Unlawful, detail));
                }
            }
        }
        if begun.elapsed() > PATIENCE {
            let detail = format!("poison was never answered: {open:?}");
            findings.push(Finding::new(Wrong::Unresolved, detail));
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(findings)
}

/// A rejection is what is expected; a ledger may also say in an event that it moves nothing.
fn moves_or_accepts(events: &Events) -> bool {
    match events {
        Events::LedgerEvents(body) => body
            .events
            .iter()
            .any(|event| matches!(event, ledger::Event::TransferPosted(_))),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::PaymentsEvents(_)
        | Events::FraudEvents(_) => !events.is_rejection(),
    }
}

/// Where the poison stands.
async fn places(
    log: &dyn EventLog,
    at: TopicPartition,
    from: u64,
    poison: &[Poisoned],
) -> anyhow::Result<BTreeSet<Position>> {
    let sent: BTreeSet<Vec<u8>> = poison.iter().map(|p| likeness(&p.bytes)).collect();
    let (mut next, to) = (from, end(log, at).await);
    let mut places = BTreeSet::new();
    while next < to {
        for record in timeout(PATIENCE, read(log, at, next)).await? {
            next = record.offset + 1;
            if sent.contains(&likeness(&record.bytes)) {
                places.insert(at.at(record.offset));
            }
        }
    }
    Ok(places)
}

fn fallen(scene: &mut Scene) -> Vec<Finding> {
    let told = scene.fleet.fallen();
    let panics = scene.fleet.panics();
    let told = told.into_iter().chain(panics);
    told.map(|told| Finding::new(Wrong::Halted, told)).collect()
}

/// Garbage in a partition of the ledger's journal, then in one of the bets'.
fn poison_journals(scene: &mut Scene, outcome: &mut Outcome) -> anyhow::Result<()> {
    let garbage: [(Topic, &str, Partition, &[u8]); 2] = [
        (Topic::LedgerEvents, "ledger", 1, b"by somebody else"),
        (Topic::BetsEvents, "bets", 2, &[0, 0, 0x7f, 0, 9, 1, 2, 3]),
    ];
    let mut poisoned = BTreeSet::new();
    let mut named = Vec::new();
    for (topic, role, partition, bytes) in garbage {
        let at = TopicPartition::new(topic, partition);
        let log = scene.cluster.log()?;
        let from = scene.cluster.wait(end(&*log, at));
        let appended = log.writer(at).append(vec![Bytes::from_static(bytes)]);
        let appended = scene.cluster.wait(appended);
        ensure!(appended == [AppendOutcome::Sent], "{at}: {appended:?}");
        let offset = scene.cluster.wait(offset_of(&*log, at, from, bytes))?;
        let place = at.at(offset).to_string();
        poisoned.insert(partition);

        let begun = now();
        let owner = scene.fleet.of_role(role);
        let owner = owner.first().context("no owner")?;
        let port = scene.fleet.port(owner).context("no port")?;
        let mut said = String::new();
        let told = wait_for(PATIENCE, || {
            let answer = Connection::new(port).ask(Ask::get("/readyz")).ok()?;
            said = answer.shown();
            (answer.status == 503 && said.contains("halted") && said.contains(&place)).then_some(())
        });
        let took = begun.elapsed();
        named.push(took);
        if told.is_none() || took > NAMED_WITHIN {
            let detail = format!("{owner} names {place} after {took:?}: {said}");
            outcome.findings.push(Finding::new(Wrong::Halted, detail));
        }
        outcome.figures.push(format!("readyz of {owner}: {said}"));
        outcome.findings.extend(others_go_on(scene, &poisoned));
        outcome.findings.extend(fallen(scene));
    }
    outcome.figures.push(spread(
        "garbage in a journal to named by readyz",
        &mut named,
    ));
    Ok(())
}

async fn offset_of(
    log: &dyn EventLog,
    at: TopicPartition,
    from: u64,
    bytes: &[u8],
) -> anyhow::Result<u64> {
    let (mut next, to) = (from, end(log, at).await);
    while next < to {
        for record in timeout(PATIENCE, read(log, at, next)).await? {
            if likeness(&record.bytes) == likeness(bytes) {
                return Ok(record.offset);
            }
            next = record.offset + 1;
        }
    }
    anyhow::bail!("{at} does not hold what was appended")
}

/// Customers of every other partition must still get bets accepted.
fn others_go_on(scene: &Scene, poisoned: &BTreeSet<Partition>) -> Option<Finding> {
    let first = scene.history.len();
    let all: BTreeSet<Partition> = (0..scene.cluster.ground.partitions)
        .filter(|partition| !poisoned.contains(partition))
        .collect();
    let mut served = BTreeSet::new();
    let everywhere = wait_for(PATIENCE, || {
        let since = scene.history.since(first);
        served = since
            .iter()
            .filter(|operation| matches!(operation.end, End::Ok(_)))
            .filter(|operation| operation.deed.kind() == Kind::Bet)
            .map(|operation| operation.customer.partition())
            .collect();
        served.is_superset(&all).then_some(())
    });
    everywhere.is_none().then(|| {
        let detail = format!("with {poisoned:?} halted, bets are accepted only in {served:?}");
        Finding::new(Wrong::Unresolved, detail)
    })
}
