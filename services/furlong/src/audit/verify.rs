//! `furlong audit verify`.
//!
//! Duty: bytes against hashes and signatures first, then chains and folds, then every invariant
//! that a log can show, then the views. Prohibition: it believes nothing that it can work out.

use crate::exit::{Ended, Failure, Outcome};
use crate::history::{
    Findings, Kind, Marks, PlaceFlags, Retold, Stored, StoredViews, Telling, instant_text, retell,
};
use crate::numbers::grouped;
use crate::replay;
use crate::screen::Screen;
use audit::Auditor;
use clap::Args;
use serde_json::json;

pub const EXAMPLES: &str = "\
Examples:
  furlong audit verify --data ./data
  furlong audit verify --data ./data --json
  furlong audit verify --data ./data --at-rest
  furlong audit verify --brokers localhost:9092 --data ./audit

Works beside a running process; what comes while it reads is left for the next time. On a cluster
--data names the folder in which the role audit keeps checkpoints, --view-nodes the views. --at-rest also demands that everything begun is finished: every
slip decided, every payment confirmed or failed.
Exit codes: 0 all agrees, 3 a discrepancy, 4 something cannot be read.";

/// Check bytes, signatures, chains, folds, invariants and views.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    place: PlaceFlags,
    /// Nothing is on its way any more: what was begun must be finished
    #[arg(long)]
    at_rest: bool,
}

/// Runs it.
///
/// # Errors
/// There is no log, or it cannot be opened.
pub fn run(arguments: &Verify, screen: &mut Screen<'_>) -> Ended {
    let mut findings = Findings::default();
    let place = arguments.place.find()?;
    let marks = place.marks(&mut findings)?;
    let views = place.views()?;
    let log = place.log()?;
    let verifying = Verifying {
        log: &*log,
        views: views.as_deref(),
        marks,
        findings,
        at_rest: arguments.at_rest,
    };
    let verified = verifying.verify(screen)?;
    verified.put(screen)?;
    Ok(verified.retold.findings.outcome())
}

/// What is to be verified.
pub struct Verifying<'a> {
    /// The log. To be opened last: then it is never behind views and checkpoints.
    pub log: &'a dyn Stored,
    /// The views to compare with.
    pub views: Option<&'a dyn StoredViews>,
    /// Signed checkpoints.
    pub marks: Marks,
    /// What was found wrong when they were read.
    pub findings: Findings,
    /// Whether everything that was begun must be finished.
    pub at_rest: bool,
}

/// What came of it.
pub struct Verified {
    /// What the log tells, and all findings.
    pub retold: Retold,
    marks: Marks,
    auditor: Auditor,
}

impl Verifying<'_> {
    /// Verifies it.
    ///
    /// # Errors
    /// The views cannot be read.
    pub fn verify(self, screen: &mut Screen<'_>) -> Result<Verified, Failure> {
        let mut findings = self.findings;
        let mut auditor = Auditor::default();
        let telling = Telling {
            log: self.log,
            views: self.views,
            until: None,
            marks: &self.marks,
            auditor: Some(&mut auditor),
        };
        let mut retold = retell(telling, screen)?;
        findings
            .discrepancies
            .append(&mut retold.findings.discrepancies);
        findings.unreadable.append(&mut retold.findings.unreadable);
        // Decisions behind a break are missing, so invariants over all of them would only repeat it.
        if findings.outcome() == Outcome::Fine {
            for violation in auditor.violations(self.at_rest) {
                let detail = format!("{}: {}", violation.invariant, violation.detail);
                findings.discrepancy_at(Kind::Invariant, violation.position, detail);
            }
        }
        retold.findings = findings;
        Ok(Verified {
            retold,
            marks: self.marks,
            auditor,
        })
    }
}

impl Verified {
    /// Tells it.
    ///
    /// # Errors
    /// The stream does not take it.
    pub fn put(&self, screen: &mut Screen<'_>) -> std::io::Result<()> {
        if screen.json {
            self.put_json(screen)
        } else {
            self.put_text(screen)
        }
    }

    fn put_json(&self, screen: &mut Screen<'_>) -> std::io::Result<()> {
        let Self {
            retold,
            marks,
            auditor,
        } = self;
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

    fn put_text(&self, screen: &mut Screen<'_>) -> std::io::Result<()> {
        let Self {
            retold,
            marks,
            auditor,
        } = self;
        let raw = retold.raw;
        screen.put(format_args!(
            "bytes        {} records, {} bytes, held against running hashes",
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
        let (accounts, sum) =
            auditor
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
}
