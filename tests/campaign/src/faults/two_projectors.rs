//! F20: two projectors of the same journals.
//!
//! Duty: kill one after the other, or let one stand still until the other has taken over and then
//! go on with what it had begun to write. Prohibition: both are never away at once, so that reads
//! go on.

use super::wiped_views::{projecting_apart, rows_written};
use super::{Fault, Outcome, Rounds, as_replayed, spread};
use crate::cluster::{Cluster, Ground, LEASE};
use crate::fleet::Spec;
use crate::history::Kind;
use crate::scene::Scene;
use crate::time::{now, pass};
use anyhow::{Context, ensure};
use std::time::Duration;

const PROJECTORS: [&str; 2] = ["projector-1", "projector-2"];
/// How long reads may wait for a projector.
const SERVING_PATIENCE: Duration = Duration::from_secs(90);
/// After so many injections everything is judged.
const JUDGE_EVERY: u32 = 10;

pub(super) struct TwoProjectors;

impl Fault for TwoProjectors {
    fn name(&self) -> &'static str {
        "F20"
    }

    fn about(&self) -> &'static str {
        "two projectors, one killed or stopped and continued after its successor's start"
    }

    fn ci_runs(&self) -> u32 {
        2
    }

    fn campaign_runs(&self) -> u32 {
        20
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(projecting_apart(&PROJECTORS))
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut reading = Vec::new();
        while rounds.more() {
            pass(scene.chance.span_ms(100, 1_500));
            // Each is killed, and each stands still.
            let which = (rounds.done() / 2 + rounds.done()) % 2;
            let victim = PROJECTORS
                .get(usize::try_from(which)?)
                .context("one of two")?;
            let (from, from_us) = (now(), scene.load.micros());
            if rounds.done().is_multiple_of(2) {
                scene.fleet.kill(victim)?;
                scene.fleet.start(victim)?;
                scene.fleet.ready(victim)?;
            } else {
                scene.fleet.freeze(victim)?;
                pass(LEASE + scene.chance.span_ms(500, 2_500));
                scene.fleet.thaw(victim)?;
            }
            let kinds = [Kind::Look, Kind::Bet];
            ensure!(
                scene
                    .load
                    .all_served_since(&kinds, from_us, SERVING_PATIENCE),
                "reads do not answer everywhere {SERVING_PATIENCE:?} after {victim} was away"
            );
            reading.push(from.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(JUDGE_EVERY) {
                as_replayed::judge(scene, &mut outcome)?;
            }
        }
        for projector in PROJECTORS {
            let rows = rows_written(scene, projector)?;
            let told = format!("{projector} wrote {rows} rows in its last life");
            outcome.figures.push(told);
        }
        as_replayed::judge(scene, &mut outcome)?;
        let what = "projector away to reads everywhere";
        outcome.figures.push(spread(what, &mut reading));
        Ok(outcome)
    }
}
