//! F21: unknown outcomes of light-weight transactions. None is used.
//!
//! Duty: ask the view store's server whether a fleet under load, people who come included, has
//! made it vote on anything; and have a vote of our own seen, so that the question is known to
//! bite. Prohibition: nobody's word or source is taken for it.

use super::{Fault, Outcome, Rounds};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, Ground, Servers};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::scene::Scene;
use anyhow::{Context, ensure};
use std::time::Duration;

const SERVING_PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct LightWeight;

impl Fault for LightWeight {
    fn name(&self) -> &'static str {
        "F21"
    }

    fn about(&self) -> &'static str {
        "light-weight transactions: none used, checked at the server"
    }

    fn ci_runs(&self) -> u32 {
        1
    }

    fn campaign_runs(&self) -> u32 {
        1
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let servers = scene.cluster.servers.clone().context("there are servers")?;
        let keyspace = scene.cluster.settings().get("keyspace").cloned();
        let keyspace = keyspace.context("a keyspace is set")?;
        // Votes of our own, of earlier rounds.
        let mut controls = 0;
        while rounds.more() {
            let from_us = scene.load.micros();
            ensure!(
                scene
                    .load
                    .all_served_since(&Kind::ALL, from_us, SERVING_PATIENCE),
                "not everything is served"
            );
            outcome.take(scene.rest_and_check()?);
            let votes = votes(&servers)?;
            if votes > controls {
                let detail = format!("{} light-weight transactions", votes - controls);
                outcome.findings.push(Finding::new(Wrong::View, detail));
            }
            controls = control(&servers, &format!("{keyspace}_control"))?;
            rounds.count();
        }
        let told = "the server has voted on nothing of ours; a control of one vote was seen";
        outcome.figures.push(told.to_owned());
        Ok(outcome)
    }
}

/// Votes that the server knows of, of all scenes since it was started.
fn votes(servers: &Servers) -> anyhow::Result<usize> {
    servers.cassandra.run(0, "SELECT row_key FROM system.paxos")
}

/// A vote of our own; how many there are with it.
fn control(servers: &Servers, keyspace: &str) -> anyhow::Result<usize> {
    let run = |statement: String| servers.cassandra.run(0, &statement);
    let before = votes(servers)?;
    run(format!(
        "CREATE KEYSPACE {keyspace} WITH replication = \
         {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
    ))?;
    run(format!(
        "CREATE TABLE {keyspace}.name (login text PRIMARY KEY, who text)"
    ))?;
    run(format!(
        "INSERT INTO {keyspace}.name (login, who) VALUES ('a', 'b') IF NOT EXISTS"
    ))?;
    let after = votes(servers)?;
    run(format!("DROP KEYSPACE {keyspace}"))?;
    ensure!(after > before, "a vote of our own was not seen");
    Ok(after)
}
