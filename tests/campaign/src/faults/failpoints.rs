//! F3: a death at every named point around a commit.
//!
//! Duty: each point in turn, in a process that passes it, at a passing that chance chooses; the
//! same process again, and everything is served. Prohibition: a point that was not come to was not
//! tested, and is told as an error.

use super::{Fault, Outcome, Rounds, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::scene::Scene;
use crate::time::now;
use anyhow::ensure;
use failpoints::Point;
use std::time::Duration;

/// How long a death may keep the others waiting.
const SERVING_PATIENCE: Duration = Duration::from_secs(60);
/// Few enough that a process comes to a snapshot soon.
const SNAPSHOT_EVERY: u32 = 20;

pub(super) struct Failpoints;

/// Which process passes a point, and at which passing at most it dies.
const fn victim(point: Point) -> (&'static str, u64) {
    match point {
        Point::Asking | Point::Answering => ("gateway", 30),
        // A claim for each partition.
        Point::Claiming | Point::Claimed => ("ledger", 4),
        Point::Decided | Point::Produced | Point::Reported | Point::ReadBack => ("bets", 40),
        // The projector lives with auth.
        Point::Projecting | Point::RowsWritten | Point::Projected => ("auth", 40),
        Point::SnapshotWritten | Point::SnapshotKept => ("ledger", 3),
    }
}

impl Fault for Failpoints {
    fn name(&self) -> &'static str {
        "F3"
    }

    fn about(&self) -> &'static str {
        "a death at every named point around a commit"
    }

    fn ci_runs(&self) -> u32 {
        u32::try_from(Point::ALL.len()).unwrap_or(u32::MAX)
    }

    fn campaign_runs(&self) -> u32 {
        self.ci_runs().saturating_mul(100)
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        let specs = one_per_role().into_iter();
        Ok(specs
            .map(|spec| spec.with("snapshot_every", SNAPSHOT_EVERY))
            .collect())
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut serving = Vec::new();
        for point in Point::ALL.iter().cycle() {
            if !rounds.more() {
                break;
            }
            let (name, passings) = victim(*point);
            let nth = u32::try_from(scene.chance.below(passings))?.saturating_add(1);
            scene.fleet.kill(name)?;
            scene.fleet.start_to_die(name, *point, nth)?;
            scene.fleet.dies(name)?;
            let (died, died_us) = (now(), scene.load.micros());
            scene.fleet.start(name)?;
            scene.fleet.ready(name)?;
            ensure!(
                scene
                    .load
                    .all_served_since(&Kind::ALL, died_us, SERVING_PATIENCE),
                "not everything is served {SERVING_PATIENCE:?} after {name} died at {point}"
            );
            serving.push(died.elapsed());
            rounds.count();
            if rounds.done().is_multiple_of(65) {
                outcome.take(scene.rest_and_check()?);
            }
        }
        outcome.take(scene.rest_and_check()?);
        outcome
            .figures
            .push(spread("died to all served", &mut serving));
        Ok(outcome)
    }
}
