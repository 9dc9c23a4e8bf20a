//! F10: TCP faults between processes and their servers, by random schedules, under load.
//!
//! Duty: put a link that can fail between each process and Kafka, and each process and the views;
//! play a schedule on one link or several; heal; see everything served again in time.
//! Prohibition: a link knows no frame. (What rewrites the broker's port for clients stands behind
//! it and touches nothing else.) A schedule that does harm is printed, so that it can be replayed.

use super::zombie::twins;
use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::load::LoadPlan;
use crate::scene::Scene;
use crate::time::{Chance, now};
use anyhow::{Context, ensure};
use faultproxy::{KafkaPlan, KafkaProxy, Schedule, TcpFaults};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So soon after healing a bet is accepted in every partition again.
const RECOVERY: Duration = Duration::from_secs(10);
/// Beyond that it is waited for, so that the next injection meets a whole fleet.
const PATIENCE: Duration = Duration::from_secs(60);
/// Schedules between two checks.
const CHECK_EVERY: u32 = 10;

#[derive(Default)]
pub(super) struct Tcp {
    links: Mutex<Vec<Link>>,
}

/// The way of one process to one kind of server.
struct Link {
    name: String,
    faults: TcpFaults,
    /// Behind the faults: tells clients that the broker is where the faults are.
    _broker: Option<KafkaProxy>,
}

impl Fault for Tcp {
    fn name(&self) -> &'static str {
        "F10"
    }

    fn about(&self) -> &'static str {
        "random TCP faults between processes and Kafka, and processes and the views: latency, \
         bandwidth, slices, resets, half-open, partitions"
    }

    fn ci_runs(&self) -> u32 {
        10
    }

    fn campaign_runs(&self) -> u32 {
        1_000
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, cluster: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let servers = cluster.servers.as_ref().context("no servers")?;
        let kafka: SocketAddr = servers.kafka.bootstrap().parse()?;
        let views = servers.cassandra.contact_points();
        let views: SocketAddr = views.first().context("no view node")?.parse()?;
        let mut links = Vec::new();
        let mut specs = Vec::new();
        for spec in twins() {
            let (to_kafka, to_views) = cluster.wait(async {
                let to_kafka = to_kafka(&spec.name, kafka).await?;
                let to_views = Link {
                    name: format!("{} to the views", spec.name),
                    faults: TcpFaults::start(views).await?,
                    _broker: None,
                };
                anyhow::Ok((to_kafka, to_views))
            })?;
            let spec = spec.with("brokers", to_kafka.faults.address());
            specs.push(spec.with("view_nodes", to_views.faults.address()));
            links.extend([to_kafka, to_views]);
        }
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = links;
        Ok(specs)
    }

    fn load(&self) -> LoadPlan {
        LoadPlan {
            per_second: 60,
            clients_each: 3,
            ..LoadPlan::default()
        }
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcome = Outcome::default();
        let mut recoveries = Vec::new();
        let mut played = String::new();
        while rounds.more() {
            let storm = Storm::by_chance(&links, &mut scene.chance);
            writeln!(played, "round {}\n{storm}", rounds.done() + 1)?;
            storm.play(scene);
            let (healed, healed_us) = (now(), scene.load.micros());
            ensure!(
                scene.load.serving_since(healed_us, PATIENCE),
                "nobody served everywhere {PATIENCE:?} after\n{storm}"
            );
            let recovery = healed.elapsed();
            recoveries.push(recovery);
            if recovery > RECOVERY {
                let detail = format!("served everywhere only {recovery:?} after\n{storm}");
                outcome
                    .findings
                    .push(Finding::new(Wrong::Unresolved, detail));
            }
            rounds.count();
            if rounds.done() % CHECK_EVERY == 0 || rounds.done() == rounds.wanted() {
                check(scene, &mut outcome, &mut played)?;
            }
        }
        check(scene, &mut outcome, &mut played)?;
        outcome
            .figures
            .push(spread("healed to served everywhere", &mut recoveries));
        let broken: u64 = links.iter().map(|link| link.faults.counts().broken).sum();
        outcome
            .figures
            .push(format!("connections broken: {broken}"));
        Ok(outcome)
    }
}

/// Has the scene judged. What was played since the last time stands beside what is found.
fn check(scene: &mut Scene, outcome: &mut Outcome, played: &mut String) -> anyhow::Result<()> {
    let rested = scene.rest_and_check()?;
    if !rested.report.findings.is_empty() {
        outcome
            .figures
            .push(format!("played before that:\n{played}"));
    }
    played.clear();
    outcome.take(rested);
    Ok(())
}

async fn to_kafka(process: &str, broker: SocketAddr) -> anyhow::Result<Link> {
    let plan = KafkaPlan {
        target: Some(broker),
        ..KafkaPlan::default()
    };
    let proxy = KafkaProxy::start(plan).await?;
    let faults = TcpFaults::start(proxy.address()).await?;
    proxy.advertise(broker.port(), faults.address().port());
    Ok(Link {
        name: format!("{process} to Kafka"),
        faults,
        _broker: Some(proxy),
    })
}

/// One schedule for each of some links, at the same time.
struct Storm<'a>(Vec<(&'a Link, Schedule)>);

impl<'a> Storm<'a> {
    fn by_chance(links: &'a [Link], chance: &mut Chance) -> Self {
        let duration = chance.span_ms(1_500, 5_000);
        // One link alone, a few, or all: each shows other faults.
        let struck = match chance.below(4) {
            0 => 1,
            1 => links.len(),
            _ => usize::try_from(chance.between(2, 4)).unwrap_or(2),
        };
        let mut left: Vec<&Link> = links.iter().collect();
        let mut storm = Vec::new();
        while storm.len() < struck && !left.is_empty() {
            let which = chance.below(u64::try_from(left.len()).unwrap_or(1));
            let link = left.swap_remove(usize::try_from(which).unwrap_or(0));
            storm.push((link, Schedule::random(chance.draw(), duration)));
        }
        Self(storm)
    }

    /// To the end, when all is well again.
    fn play(&self, scene: &Scene) {
        let plays = self
            .0
            .iter()
            .map(|(link, schedule)| link.faults.play(schedule));
        scene.cluster.wait(futures::future::join_all(plays));
    }
}

impl std::fmt::Display for Storm<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (link, schedule) in &self.0 {
            write!(out, "{}: {schedule}", link.name)?;
        }
        Ok(())
    }
}
