//! F4: kill -9 of brokers.
//!
//! Duty: the only broker; one of three; two of three. While no majority is there, nothing may be
//! acknowledged; when it is back, everything goes on. Prohibition: no claim about power loss: a
//! killed broker's page cache survives.

use super::{Fault, Outcome, Rounds, spread};
use crate::checker::{Finding, Wrong};
use crate::cluster::{Cluster, DEADLINE, Ground, Servers};
use crate::fleet::{Spec, one_per_role};
use crate::history::{End, Kind};
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::sync::Arc;
use std::time::Duration;

/// How long brokers may take to be useful again.
const SERVING_PATIENCE: Duration = Duration::from_secs(90);
/// What had been appended before the kill may be read back for so long.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// The only broker.
pub(super) struct OnlyBroker;
/// One or two of three.
pub(super) struct OneOfThree;

pub(super) fn servers(scene: &Scene) -> anyhow::Result<Arc<Servers>> {
    scene.cluster.servers.clone().context("there are brokers")
}

/// Decisions that clients were told of between two instants of the run, and were asked for only
/// then.
fn acknowledged(scene: &Scene, from_us: u64, to_us: u64) -> usize {
    let operations = scene.history.operations();
    let acknowledged = operations.iter().rev().filter(|operation| {
        operation.deed.kind() != Kind::Look
            && matches!(operation.end, End::Ok(_))
            && operation.invoked_us > from_us
            && operation.ended_us.is_some_and(|ended| ended < to_us)
    });
    acknowledged.count()
}

pub(super) fn none_acknowledged(scene: &Scene, from_us: u64, to_us: u64, outcome: &mut Outcome) {
    let count = acknowledged(scene, from_us, to_us);
    if count > 0 {
        let detail = format!("{count} decisions were acknowledged while no majority was there");
        outcome.findings.push(Finding::new(Wrong::Lost, detail));
    }
}

impl Fault for OnlyBroker {
    fn name(&self) -> &'static str {
        "F4"
    }

    fn about(&self) -> &'static str {
        "kill -9 of the only broker, started again after a while"
    }

    fn ci_runs(&self) -> u32 {
        4
    }

    fn campaign_runs(&self) -> u32 {
        200
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
        let servers = servers(scene)?;
        while rounds.more() {
            pass(scene.chance.span_ms(50, 800));
            servers.kafka.kill(0)?;
            pass(GRACE);
            let down_us = scene.load.micros();
            pass(scene.chance.span_ms(100, 2_500));
            let up_us = scene.load.micros();
            none_acknowledged(scene, down_us, up_us, &mut outcome);
            let back = now();
            servers.kafka.start_again(0)?;
            ensure!(
                scene.load.serving_since(up_us, SERVING_PATIENCE),
                "no bets everywhere {SERVING_PATIENCE:?} after the broker came back"
            );
            serving.push(back.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(25) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        let what = "broker started to bets everywhere";
        outcome.figures.push(spread(what, &mut serving));
        Ok(outcome)
    }
}

impl Fault for OneOfThree {
    fn name(&self) -> &'static str {
        "F4x3"
    }

    fn about(&self) -> &'static str {
        "kill -9 of one of three brokers, every fourth time of two"
    }

    fn ci_runs(&self) -> u32 {
        4
    }

    fn campaign_runs(&self) -> u32 {
        200
    }

    fn ground(&self) -> Ground {
        Ground::REPLICATED
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(one_per_role())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (mut one_down, mut two_down) = (Vec::new(), Vec::new());
        let servers = servers(scene)?;
        while rounds.more() {
            pass(scene.chance.span_ms(50, 800));
            let first = usize::try_from(scene.chance.below(3))?;
            let (killed, killed_us) = (now(), scene.load.micros());
            servers.kafka.kill(first)?;
            if rounds.done() % 4 == 3 {
                let second = (first + 1) % 3;
                servers.kafka.kill(second)?;
                pass(GRACE);
                let down_us = scene.load.micros();
                pass(scene.chance.span_ms(500, 2_500) + DEADLINE);
                let up_us = scene.load.micros();
                none_acknowledged(scene, down_us, up_us, &mut outcome);
                let back = now();
                servers.kafka.start_again(second)?;
                ensure!(
                    scene.load.serving_since(up_us, SERVING_PATIENCE),
                    "no bets everywhere {SERVING_PATIENCE:?} after the second broker came back"
                );
                two_down.push(back.elapsed());
            } else {
                ensure!(
                    scene.load.serving_since(killed_us, SERVING_PATIENCE),
                    "no bets everywhere {SERVING_PATIENCE:?} after one of three brokers was killed"
                );
                one_down.push(killed.elapsed());
            }
            servers.kafka.start_again(first)?;
            let back_us = scene.load.micros();
            ensure!(
                scene.load.serving_since(back_us, SERVING_PATIENCE),
                "no bets everywhere {SERVING_PATIENCE:?} after all brokers are back"
            );
            rounds.count();
            if rounds.done().is_multiple_of(25) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        let what = "one of three killed to bets everywhere";
        outcome.figures.push(spread(what, &mut one_down));
        let what = "second of two back to bets everywhere";
        outcome.figures.push(spread(what, &mut two_down));
        Ok(outcome)
    }
}
