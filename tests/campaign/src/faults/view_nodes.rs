//! F23: nodes of the view store come and go.
//!
//! Duty: kill one of three nodes after the other; two have every row. Prohibition: never two at
//! once. The adapter's own tests do the same to bare rows in every run; here a fleet stands on it.

use super::{Fault, Outcome, Rounds, as_replayed, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::time::Duration;

/// How long reads may wait for the nodes that are left, and for one that comes back.
const SERVING_PATIENCE: Duration = Duration::from_secs(90);
/// After so many injections everything is judged.
const JUDGE_EVERY: u32 = 10;

pub(super) struct ViewNodes;

impl Fault for ViewNodes {
    fn name(&self) -> &'static str {
        "F23"
    }

    fn about(&self) -> &'static str {
        "kill -9 of one of three nodes of the view store (CI: at the adapter, viewstore-scylla)"
    }

    fn ci_runs(&self) -> u32 {
        0
    }

    fn campaign_runs(&self) -> u32 {
        100
    }

    fn ground(&self) -> Ground {
        Ground {
            brokers: 1,
            nodes: 3,
            partitions: 4,
        }
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (mut without, mut again) = (Vec::new(), Vec::new());
        let servers = scene.cluster.servers.clone().context("there are servers")?;
        let kinds = [Kind::Look, Kind::Bet];
        while rounds.more() {
            pass(scene.chance.span_ms(100, 2_000));
            let node = usize::try_from(scene.chance.below(3))?;
            let (killed, killed_us) = (now(), scene.load.micros());
            servers.cassandra.kill(node)?;
            ensure!(
                scene
                    .load
                    .all_served_since(&kinds, killed_us, SERVING_PATIENCE),
                "not everything is served {SERVING_PATIENCE:?} after the kill of node {node}"
            );
            without.push(killed.elapsed());
            servers.cassandra.start_again(node)?;
            let (back, back_us) = (now(), scene.load.micros());
            ensure!(
                scene
                    .load
                    .all_served_since(&kinds, back_us, SERVING_PATIENCE),
                "not everything is served {SERVING_PATIENCE:?} after node {node} came back"
            );
            again.push(back.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(JUDGE_EVERY) {
                as_replayed::judge(scene, &mut outcome)?;
            }
        }
        as_replayed::judge(scene, &mut outcome)?;
        let what = "node killed to all served";
        outcome.figures.push(spread(what, &mut without));
        let what = "node back to all served";
        outcome.figures.push(spread(what, &mut again));
        Ok(outcome)
    }
}
