//! The views against what a replay makes of the log.
//!
//! Duty: bring the load to rest, wait until the projectors have nothing left to write, and have
//! `furlong replay` compare every row. Prohibition: a view that is still behind is not taken for
//! one that agrees.

use super::Outcome;
use crate::checker::{Finding, Wrong};
use crate::scene::{REST, Scene};
use crate::time::now;
use anyhow::{bail, ensure};
use serde_json::Value;
use std::time::Duration;

/// How long projectors may take to write what is left; each look reads the whole log.
const CATCH_UP: Duration = Duration::from_secs(90);
/// Prices go on while everything else rests: so many decisions may have come between the look at
/// the views and the one at the log, and no more.
const NEWER_MAX: u64 = 100;
/// So many differences are told.
const TOLD: usize = 6;

/// Judges the log, then the views; the load goes on afterwards. How many rows were equal.
pub(super) fn judge(scene: &mut Scene, outcome: &mut Outcome) -> anyhow::Result<u64> {
    outcome.take(scene.rest_and_check()?);
    scene.feed.rest(true);
    ensure!(scene.load.hold(REST).is_some(), "the load does not rest");
    let compared = compare(scene, outcome);
    scene.feed.rest(false);
    scene.load.run();
    compared
}

fn compare(scene: &Scene, outcome: &mut Outcome) -> anyhow::Result<u64> {
    let begun = now();
    let settings = scene.cluster.settings();
    loop {
        let ran = scene.cluster.run(&["replay", "--json"], &settings, "")?;
        let told: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        let count = |name: &str| told["views"][name].as_u64();
        let behind = count("decisions_not_yet_projected");
        let rows = count("rows").unwrap_or(0);
        match (ran.status.code(), behind, count("rows_renewed_since")) {
            (Some(0), Some(newer), Some(_)) if newer <= NEWER_MAX => {
                ensure!(rows > 0, "there was no row to compare");
                outcome.figures.push(format!(
                    "{rows} rows are what a replay makes of the log ({newer} decisions newer), \
                     {} ms after the load had come to rest",
                    begun.elapsed().as_millis()
                ));
                return Ok(rows);
            }
            // Still being written, or too busy to answer a scan.
            (Some(0), Some(_), Some(_)) | (Some(4), _, _) if begun.elapsed() < CATCH_UP => {}
            (Some(0), Some(behind), Some(_)) => {
                let detail = format!(
                    "{behind} decisions are not in the views {CATCH_UP:?} after the load had \
                     come to rest"
                );
                outcome.findings.push(Finding::new(Wrong::View, detail));
                return Ok(rows);
            }
            (Some(3), _, _) => {
                let differences = told["discrepancies"].as_array();
                let count = differences.map_or(0, Vec::len);
                let first = differences.into_iter().flatten().take(TOLD);
                let first: Vec<String> = first.map(ToString::to_string).collect();
                let detail = format!("{count} differences: {}", first.join("; "));
                outcome.findings.push(Finding::new(Wrong::View, detail));
                return Ok(rows);
            }
            (_, _, _) => bail!(
                "furlong replay ended with {}: {}{}",
                ran.status,
                ran.out,
                ran.messages
            ),
        }
    }
}
