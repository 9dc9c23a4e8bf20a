//! F10: TCP faults between processes and their servers, by random schedules, under load.
//!
//! Duty: put a link that can fail between each process and Kafka, and each process and the views;
//! play a schedule on one link or several; heal; see everything served again in time.
//! Prohibition: nobody is told of the faults, and a storm that does harm is printed.

use super::storm::{Link, Storm};
use super::zombie::twins;
use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::load::LoadPlan;
use crate::scene::Scene;
use crate::time::now;
use anyhow::{Context, ensure};
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
            let to_kafka = cluster.wait(Link::to_kafka(&spec.name, kafka))?;
            let to_views = cluster.wait(Link::to_views(&spec.name, views))?;
            let spec = spec.with("brokers", to_kafka.address());
            specs.push(spec.with("view_nodes", to_views.address()));
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
            scene.cluster.wait(storm.play());
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
            if rounds.done().is_multiple_of(CHECK_EVERY) || rounds.done() == rounds.wanted() {
                check(scene, &mut outcome, &mut played)?;
            }
        }
        check(scene, &mut outcome, &mut played)?;
        outcome
            .figures
            .push(spread("healed to served everywhere", &mut recoveries));
        let broken: u64 = links.iter().map(Link::broken).sum();
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
