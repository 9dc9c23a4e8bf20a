//! The views against what a replay makes of the log.
//!
//! Duty: bring the load to rest, note where every journal ends then, wait until the views have
//! come that far, and have `furlong replay` compare every row. Prices and signs of life go on:
//! what comes after the rest began may be on its way, and nothing before it.
//!
//! Prohibition: a view that is still behind is not taken for one that agrees.

use super::Outcome;
use crate::checker::{Finding, Wrong};
use crate::scene::{REST, Scene};
use crate::time::now;
use anyhow::{bail, ensure};
use futures::future::try_join_all;
use kernel::{Offset, TopicPartition};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long projectors may take to write what is left; each look reads the whole log.
const CATCH_UP: Duration = Duration::from_secs(90);
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
    let ends = ends(scene)?;
    let settings = scene.cluster.settings();
    loop {
        let ran = scene.cluster.run(&["replay", "--json"], &settings, "")?;
        let told: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        let rows = told["views"]["rows"].as_u64().unwrap_or(0);
        let behind = behind(&told, &ends);
        match ran.status.code() {
            Some(0) if behind.is_empty() => {
                ensure!(rows > 0, "there was no row to compare");
                outcome.figures.push(format!(
                    "{rows} rows are what a replay makes of the log, {} ms after the load had \
                     come to rest",
                    begun.elapsed().as_millis()
                ));
                return Ok(rows);
            }
            // Still being written, or too busy to answer a scan.
            Some(0 | 4) if begun.elapsed() < CATCH_UP => {}
            Some(0) => {
                let detail = format!(
                    "{CATCH_UP:?} after the load had come to rest the views are behind where the \
                     journals ended then: {}",
                    behind.join(", ")
                );
                outcome.findings.push(Finding::new(Wrong::View, detail));
                return Ok(rows);
            }
            Some(3) => {
                let differences = told["discrepancies"].as_array();
                let count = differences.map_or(0, Vec::len);
                let first = differences.into_iter().flatten().take(TOLD);
                let first: Vec<String> = first.map(ToString::to_string).collect();
                let detail = format!("{count} differences: {}", first.join("; "));
                outcome.findings.push(Finding::new(Wrong::View, detail));
                return Ok(rows);
            }
            _ => bail!(
                "furlong replay ended with {}: {}{}",
                ran.status,
                ran.out,
                ran.messages
            ),
        }
    }
}

/// Where every journal partition ends now.
fn ends(scene: &Scene) -> anyhow::Result<BTreeMap<TopicPartition, Offset>> {
    let log = scene.cluster.log()?;
    let asking = TopicPartition::journals(scene.cluster.ground.partitions).map(async |at| {
        let end = log.end(at).await?;
        anyhow::Ok((at, end))
    });
    scene
        .cluster
        .wait(try_join_all(asking))
        .map(BTreeMap::from_iter)
}

/// The journal partitions of which the views had not come so far.
fn behind(told: &Value, ends: &BTreeMap<TopicPartition, Offset>) -> Vec<String> {
    let stand_at = told["views"]["stand_at"].as_array();
    let stands_at = |at: &TopicPartition| {
        let found = stand_at.into_iter().flatten().find(|place| {
            place["topic"] == at.topic.as_str() && place["partition"] == at.partition
        });
        found
            .and_then(|place| place["next_offset"].as_u64())
            .unwrap_or(0)
    };
    ends.iter()
        .filter(|(at, end)| stands_at(at) < **end)
        .map(|(at, end)| format!("{at} at {} of {end}", stands_at(at)))
        .collect()
}
