//! F1: kill -9 of the ledger's owner at random instants under load.
//!
//! Duty: kill, start again, and wait until a bet is accepted in every partition. Prohibition: the
//! instant of the kill is chosen by chance alone, not by what the process does.

use super::{Fault, Outcome, Rounds, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::time::Duration;

/// How long a killed owner may keep the others waiting.
const SERVING_PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct KillOwner;

impl Fault for KillOwner {
    fn name(&self) -> &'static str {
        "F1"
    }

    fn about(&self) -> &'static str {
        "kill -9 of the ledger's owner at random instants under load"
    }

    fn ci_runs(&self) -> u32 {
        20
    }

    fn campaign_runs(&self) -> u32 {
        1_000
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut serving = Vec::new();
        let owners = scene.fleet.of_role("ledger");
        while rounds.more() {
            let owner = scene.chance.one_of(&owners).context("no owner")?.clone();
            pass(scene.chance.span_ms(20, 600));
            scene.fleet.kill(&owner)?;
            let (killed, killed_us) = (now(), scene.load.micros());
            scene.fleet.start(&owner)?;
            scene.fleet.ready(&owner)?;
            ensure!(
                scene.load.serving_since(killed_us, SERVING_PATIENCE),
                "no bets everywhere {SERVING_PATIENCE:?} after kill {}",
                rounds.done() + 1
            );
            serving.push(killed.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(50) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        outcome
            .figures
            .push(spread("killed to serving everywhere", &mut serving));
        Ok(outcome)
    }
}
