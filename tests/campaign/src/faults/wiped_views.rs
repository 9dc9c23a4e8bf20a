//! F13: the views are lost while they are read and written.
//!
//! Duty: drop their keyspace under load, wait until reads answer again with all that their
//! readers know, and have every row compared. Prohibition: the log is not touched.

use super::{Fault, Outcome, Rounds, as_replayed, spread};
use crate::cluster::{Cluster, Ground};
use crate::fleet::{Spec, one_per_role};
use crate::history::Kind;
use crate::http::{Ask, Connection};
use crate::scene::Scene;
use crate::time::{now, pass, wait_for};
use anyhow::{Context, ensure};
use std::time::Duration;

/// How long the views may take to be there again.
const REBUILD_PATIENCE: Duration = Duration::from_secs(180);

/// How long the node may take to drop them.
const WIPE_PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct WipedViews;

impl Fault for WipedViews {
    fn name(&self) -> &'static str {
        "F13"
    }

    fn about(&self) -> &'static str {
        "the views' keyspace dropped under load, rebuilt while serving"
    }

    fn ci_runs(&self) -> u32 {
        1
    }

    fn campaign_runs(&self) -> u32 {
        5
    }

    fn ground(&self) -> Ground {
        Ground::CLUSTER
    }

    fn fleet(&self, _: &Cluster) -> anyhow::Result<Vec<Spec>> {
        Ok(projecting_apart(&["projector"]))
    }

    fn run(&self, scene: &mut Scene, rounds: &mut Rounds) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut rebuilt = Vec::new();
        let servers = scene.cluster.servers.clone().context("there are servers")?;
        let settings = scene.cluster.settings();
        let keyspace = settings.get("keyspace").context("a keyspace is set")?;
        while rounds.more() {
            pass(scene.chance.span_ms(2_000, 5_000));
            let before = rows_written(scene, "projector")?;
            let wipe = format!("DROP KEYSPACE IF EXISTS {keyspace}");
            // A busy node may do it and not say so in time; then it is done once more.
            let wiped = wait_for(WIPE_PATIENCE, || servers.cassandra.run(0, &wipe).ok());
            ensure!(wiped.is_some(), "the views' node does not drop {keyspace}");
            // Whatever is read from now on was written again.
            let (gone, gone_us) = (now(), scene.load.micros());
            let kinds = [Kind::Look, Kind::Bet];
            ensure!(
                scene
                    .load
                    .all_served_since(&kinds, gone_us, REBUILD_PATIENCE),
                "reads do not answer everywhere {REBUILD_PATIENCE:?} after the views were lost"
            );
            let took = gone.elapsed();
            rebuilt.push(took);
            let rows = rows_written(scene, "projector")?.saturating_sub(before);
            let a_second = u128::from(rows) * 1_000 / took.as_millis().max(1);
            outcome.figures.push(format!(
                "rebuilt while serving: {rows} rows written in {} ms, {a_second} a second",
                took.as_millis()
            ));
            as_replayed::judge(scene, &mut outcome)?;
            rounds.count();
        }
        let what = "keyspace dropped to reads everywhere";
        outcome.figures.push(spread(what, &mut rebuilt));
        Ok(outcome)
    }
}

/// A process for each role, and projectors of these names in processes of their own.
pub(super) fn projecting_apart(projectors: &[&str]) -> Vec<Spec> {
    let mut specs = one_per_role();
    specs.retain(|spec| !spec.plays("projector"));
    specs.push(Spec::serve("auth", &["auth", "fraud"]));
    let projectors = projectors.iter();
    specs.extend(projectors.map(|name| Spec::serve(name, &["projector"])));
    specs
}

/// Rows that this process has written since it was started.
pub(super) fn rows_written(scene: &Scene, process: &str) -> anyhow::Result<u64> {
    let port = scene.fleet.port(process);
    let port = port.with_context(|| format!("{process} does not listen"))?;
    let answer = Connection::new(port).ask(Ask::get("/metrics"))?;
    let text = String::from_utf8(answer.body)?;
    let counts = text
        .lines()
        .filter(|line| line.starts_with("furlong_projector_rows_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    Ok(counts.sum())
}
