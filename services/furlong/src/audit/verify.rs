//! `furlong audit verify`.
//!
//! Duty: bytes against hashes and signatures first, then chains and folds, then every invariant
//! that a log can show, then the views. Prohibition: it believes nothing that it can work out.

use crate::data_folder::DataFolder;
use crate::exit::{Ended, Outcome};
use crate::history::{Findings, Kind, Marks, Retold, Telling, instant_text, marks_of, retell};
use crate::numbers::grouped;
use crate::replay;
use crate::screen::Screen;
use audit::Auditor;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  furlong audit verify --data ./data
  furlong audit verify --data ./data --json
  furlong audit verify --data ./data --at-rest

Works beside a running process. --at-rest also demands that everything begun is finished: every
slip decided, every payment confirmed or failed.
Exit codes: 0 all agrees, 3 a discrepancy, 4 something cannot be read.";

/// Check bytes, signatures, chains, folds, invariants and views.
#[derive(Debug, Args)]
pub struct Verify {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Nothing is on its way any more: what was begun must be finished
    #[arg(long)]
    at_rest: bool,
}

/// Runs it.
///
/// # Errors
/// There is no log, or it cannot be opened.
pub fn run(arguments: &Verify, screen: &mut Screen<'_>) -> Ended {
    let folder = DataFolder::new(&arguments.data);
    let mut findings = Findings::default();
    let marks = marks_of(&folder, &mut findings)?;
    let mut auditor = Auditor::default();
    let telling = Telling {
        folder: &folder,
        until: None,
        marks: &marks,
        auditor: Some(&mut auditor),
    };
    let mut retold = retell(telling, screen)?;
    findings
        .discrepancies
        .append(&mut retold.findings.discrepancies);
    findings.unreadable.append(&mut retold.findings.unreadable);
    // Decisions behind a break are missing, so invariants over all of them would only repeat it.
    if findings.outcome() == Outcome::Fine {
        for violation in auditor.violations(arguments.at_rest) {
            let detail = format!("{}: {}", violation.invariant, violation.detail);
            findings.discrepancy_at(Kind::Invariant, violation.position, detail);
        }
    }
    retold.findings = findings;
    let outcome = retold.findings.outcome();
    if screen.json {
        put_json(&retold, &marks, &auditor, screen)?;
    } else {
        put_text(&retold, &marks, &auditor, screen)?;
    }
    Ok(outcome)
}

fn put_json(
    retold: &Retold,
    marks: &Marks,
    auditor: &Auditor,
    screen: &mut Screen<'_>,
) -> std::io::Result<()> {
    let mut answer = json!({
        "ok": retold.findings.outcome() == Outcome::Fine,
        "decisions": auditor.decisions(),
        "checkpoints": {
            "verified": marks.checkpoints,
            "newest": marks.newest.map(instant_text),
            "records_unsigned": retold.raw.unsigned,
        },
    });
    replay::put_common_json(retold, &mut answer);
    screen.put_json(&answer)
}

fn put_text(
    retold: &Retold,
    marks: &Marks,
    auditor: &Auditor,
    screen: &mut Screen<'_>,
) -> std::io::Result<()> {
    let raw = retold.raw;
    screen.put(format_args!(
        "bytes        {} records, {} bytes, held against their running hashes",
        grouped(raw.records),
        grouped(raw.bytes)
    ))?;
    let signed = match marks.newest {
        Some(newest) => format!(
            "{} signed, the newest at {}; {} records unsigned since",
            marks.checkpoints,
            instant_text(newest),
            grouped(raw.unsigned)
        ),
        None => format!("none; {} records unsigned", grouped(raw.unsigned)),
    };
    screen.put(format_args!("checkpoints  {signed}"))?;
    screen.put(format_args!(
        "chains       {} journal partitions, {} effective decisions",
        retold.partitions.len(),
        grouped(auditor.decisions())
    ))?;
    let (accounts, sum) = auditor
        .accounts()
        .fold((0_u64, 0_i128), |(count, sum), (_, state)| {
            (
                count.saturating_add(1),
                sum.saturating_add(state.posted_minor),
            )
        });
    screen.put(format_args!(
        "book         {} accounts, their sum is {sum}",
        grouped(accounts)
    ))?;
    replay::put_views(retold, screen)?;
    retold.findings.put(screen)?;
    match retold.findings.outcome() {
        Outcome::Fine => screen.put("everything agrees"),
        Outcome::Discrepancy => screen.put("the books do not agree"),
        Outcome::Unreadable | Outcome::Failed | Outcome::Interrupted => {
            screen.put("not everything could be read")
        }
    }
}
