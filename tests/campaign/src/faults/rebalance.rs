//! F8: owners that join and leave all the time.
//!
//! Duty: at every turn one owner comes, leaves in order or is killed, while others stay; how much
//! is done meanwhile, and how soon everything is calm again. Prohibition: at no time is everybody
//! told to leave.

use super::zombie::twins;
use super::{Fault, Outcome, Rounds};
use crate::cluster::{Cluster, Ground};
use crate::fleet::Spec;
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::time::Duration;

/// Between two changes at least.
const TURN: Duration = Duration::from_millis(200);
/// How long things may take to calm down.
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);
/// So long is looked at what is done without any change.
const BASELINE: Duration = Duration::from_secs(5);
/// They stay, whatever the others do.
const STAYING: [&str; 2] = ["ledger-a", "bets-a"];
const MOVING: [&str; 4] = ["ledger-b", "ledger-c", "bets-b", "bets-c"];

pub(super) struct Rebalance;

impl Fault for Rebalance {
    fn name(&self) -> &'static str {
        "F8"
    }

    fn about(&self) -> &'static str {
        "owners of bets and ledger join, leave and are killed, one change after the other"
    }

    fn ci_runs(&self) -> u32 {
        24
    }

    fn campaign_runs(&self) -> u32 {
        1_200
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let mut specs = twins();
        specs.push(Spec::serve("ledger-c", &["ledger"]));
        specs.push(Spec::serve("bets-c", &["bets"]));
        Ok(specs)
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let before = scene.load.done();
        pass(BASELINE);
        let baseline = scene.load.done() - before;
        let (begun, done_before) = (now(), scene.load.done());
        let (mut joined, mut left, mut killed) = (0_u32, 0_u32, 0_u32);
        while rounds.more() {
            let turn = now();
            let who = *scene.chance.one_of(&MOVING).context("somebody")?;
            if scene.fleet.gone(who) {
                scene.fleet.start(who)?;
                joined += 1;
            } else if scene.chance.below(3) == 0 {
                scene.fleet.kill(who)?;
                killed += 1;
            } else {
                scene.fleet.ask_to_stop(who)?;
                left += 1;
            }
            rounds.count();
            pass(TURN.saturating_sub(turn.elapsed()));
        }
        let (storm, done) = (begun.elapsed(), scene.load.done() - done_before);
        let calm_us = scene.load.micros();
        let calm = now();
        ensure!(
            scene.load.serving_since(calm_us, SETTLE_PATIENCE),
            "nobody serves everywhere {SETTLE_PATIENCE:?} after the last change: {STAYING:?} stayed"
        );
        let settled = calm.elapsed();
        for who in MOVING {
            if scene.fleet.gone(who) {
                scene.fleet.start(who)?;
                scene.fleet.ready(who)?;
            }
        }
        outcome.take(scene.rest_and_check()?);
        let per_second =
            |done: u64, span: Duration| u128::from(done) * 1_000 / span.as_millis().max(1);
        outcome.figures.push(format!(
            "{joined} joined, {left} left in order, {killed} were killed, in {} s; {} operations a \
             second meanwhile, {} before; served everywhere {} ms after the last change",
            storm.as_secs(),
            per_second(done, storm),
            per_second(baseline, BASELINE),
            settled.as_millis()
        ));
        Ok(outcome)
    }
}
