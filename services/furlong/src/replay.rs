//! `furlong replay`: every state again, from the log alone.
//!
//! Duty: fold a log with the services' own folds, compare all rows with the views, and
//! say for each partition where it ended. Prohibition: it writes nothing.

use crate::exit::Ended;
use crate::history::{Marks, PartitionTold, PlaceFlags, Retold, Telling, per_second, retell};
use crate::numbers::grouped;
use crate::screen::Screen;
use clap::Args;
use serde_json::{Value, json};

pub const EXAMPLES: &str = "\
Examples:
  furlong replay --data ./data
  furlong replay --data ./data --until 2026-11-22T10:00:00Z
  furlong replay --data ./data --until bets.events/3@17 --json
  furlong replay --brokers localhost:9092 --view-nodes localhost:9042

Works beside a running process and on what a killed one has left.
Exit codes: 0 all agrees, 3 something differs, 4 something cannot be read.";

/// Rebuild every state from the log and compare with the views.
#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    place: PlaceFlags,
    /// Stop at this moment, or at the moment of this record
    #[arg(long, value_name = "POSITION|TIME")]
    until: Option<String>,
}

/// Runs it.
///
/// # Errors
/// There is no log, or it cannot be opened.
pub fn run(arguments: &Replay, screen: &mut Screen<'_>) -> Ended {
    let place = arguments.place.find()?;
    let views = place.views()?;
    let log = place.log()?;
    let marks = Marks::default();
    let telling = Telling {
        log: &*log,
        views: views.as_deref(),
        until: arguments.until.as_deref(),
        marks: &marks,
        auditor: None,
    };
    let retold = retell(telling, screen)?;
    let outcome = retold.findings.outcome();
    if screen.json {
        let mut answer = json!({ "ok": outcome.code() == 0 });
        put_common_json(&retold, &mut answer);
        screen.put_json(&answer)?;
    } else {
        put_partitions(&retold, screen)?;
        put_views(&retold, screen)?;
        retold.findings.put(screen)?;
    }
    Ok(outcome)
}

/// The parts of an answer that replay and verify share.
pub fn put_common_json(retold: &Retold, answer: &mut Value) {
    let partitions: Vec<Value> = retold.partitions.iter().map(partition_json).collect();
    let findings = retold.findings.to_json();
    if let Some(object) = answer.as_object_mut() {
        object.insert("partitions".to_owned(), partitions.into());
        let views = retold.compared.as_ref().map(|compared| {
            let stand_at = compared.stand_at.iter().map(|(at, next_offset)| {
                json!({
                    "topic": at.topic.as_str(),
                    "partition": at.partition,
                    "next_offset": next_offset,
                })
            });
            json!({
                "stand_at": stand_at.collect::<Vec<_>>(),
                "rows": compared.rows,
                "decisions_not_yet_projected": compared.not_yet_projected,
                "rows_renewed_since": compared.renewed_since,
                "partitions_ahead": compared.partitions_ahead,
            })
        });
        object.insert("views".to_owned(), views.into());
        let records = json!({"stored": retold.raw.records, "bytes": retold.raw.bytes});
        object.insert("records".to_owned(), records);
        for name in ["discrepancies", "unreadable"] {
            object.insert(name.to_owned(), findings[name].clone());
        }
    }
}

fn partition_json(told: &PartitionTold) -> Value {
    let chain = &told.walked.chain;
    let counts = chain.counts;
    json!({
        "topic": told.walked.at.topic.as_str(),
        "partition": told.walked.at.partition,
        "seq": chain.seq,
        "epoch": chain.epoch,
        "head": chain.head.to_string(),
        "state": told.state.to_string(),
        "next_offset": chain.next_offset,
        "records": told.walked.records,
        "events": told.walked.events,
        "events_per_second": per_second(told.walked.events, told.took_us),
        "without_effect": {
            "void_claims": counts.void_claims,
            "stale": counts.stale,
            "repeats": counts.repeats,
            "gaps": counts.gaps,
            "forks": counts.forks,
        },
    })
}

/// A line for each journal partition.
///
/// # Errors
/// The stream does not take it.
pub fn put_partitions(retold: &Retold, screen: &mut Screen<'_>) -> std::io::Result<()> {
    screen.put("partition             seq    epoch   events/s  head          state")?;
    let short = |digest: kernel::Digest| digest.to_string().chars().take(12).collect::<String>();
    for told in &retold.partitions {
        let chain = &told.walked.chain;
        screen.put(format_args!(
            "{:<17} {:>7}  {:>7}  {:>9}  {}  {}",
            told.walked.at.to_string(),
            chain.seq,
            chain.epoch,
            grouped(per_second(told.walked.events, told.took_us)),
            short(chain.head),
            short(told.state),
        ))?;
        let lost = chain.counts.gaps.saturating_add(chain.counts.forks);
        if lost > 0 {
            screen.tell(format_args!(
                "warning: {}: {lost} records without effect on a broken or forked chain",
                told.walked.at
            ));
        }
    }
    let events = retold.partitions.iter().map(|told| told.walked.events);
    let took = retold.partitions.iter().map(|told| told.took_us);
    let events = events.fold(0, u64::saturating_add);
    let rate = per_second(events, took.fold(0, u64::saturating_add));
    screen.put(format_args!(
        "{} events of {} stored records in {} partitions, {} events/s",
        grouped(events),
        grouped(retold.raw.records),
        retold.partitions.len(),
        grouped(rate),
    ))
}

/// How the comparison with the views came out.
///
/// # Errors
/// The stream does not take it.
pub fn put_views(retold: &Retold, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let Some(compared) = &retold.compared else {
        return screen.put("views: there are none here, nothing was compared");
    };
    screen.put(format_args!(
        "views: {} rows compared",
        grouped(compared.rows)
    ))?;
    if compared.not_yet_projected > 0 {
        screen.put(format_args!(
            "views: {} decisions are not projected yet, which is no difference",
            grouped(compared.not_yet_projected)
        ))?;
    }
    if compared.renewed_since > 0 {
        screen.put(format_args!(
            "views: {} rows are newer than what was read of the log, they were not compared",
            grouped(compared.renewed_since)
        ))?;
    }
    if compared.partitions_ahead > 0 {
        screen.put(format_args!(
            "views: {} partitions stand behind --until and were not compared",
            compared.partitions_ahead
        ))?;
    }
    Ok(())
}
