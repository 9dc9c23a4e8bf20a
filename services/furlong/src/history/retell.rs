//! Every state and every row again, from the log alone.
//!
//! Duty: one pass over a log: bytes first, then each journal through its chain, its
//! service's fold and its projection, then the views. Prohibition: it repairs nothing.

use super::{
    Compared, ExpectedRows, Finding, Findings, Kind, Marks, PartitionEnd, RawCheck, StateFold,
    Stopped, Stored, StoredViews, Until, Visitor, Walked, check_missing, check_raw, fold_of, walk,
};
use crate::exit::Failure;
use crate::numbers::grouped;
use crate::screen::Screen;
use audit::Auditor;
use audit::checkpoint::PartitionMark;
use eventlog::{Chain, Halt};
use kernel::{Digest, Timestamp, TopicPartition};
use runtime::{Clock, Effective, SystemClock};

/// What is to be told, and to whom besides.
pub struct Telling<'a> {
    /// The log. To be opened after the views: then it is never behind them.
    pub log: &'a dyn Stored,
    /// The views to compare with.
    pub views: Option<&'a dyn StoredViews>,
    /// Up to where.
    pub until: Option<&'a str>,
    /// Signed checkpoints to hold it against.
    pub marks: &'a Marks,
    /// A second opinion on every decision.
    pub auditor: Option<&'a mut Auditor>,
}

/// One journal partition, told again.
#[derive(Clone, Debug)]
pub struct PartitionTold {
    /// How far it was walked.
    pub walked: Walked,
    /// The hash of the state that it folds to.
    pub state: Digest,
    /// How long that took, in microseconds.
    pub took_us: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Retold {
    /// Each journal partition.
    pub partitions: Vec<PartitionTold>,
    /// Totals over the bytes of all topics, inboxes too.
    pub raw: RawCheck,
    /// The comparison with the views; none where there are no views.
    pub compared: Option<Compared>,
    /// What is wrong.
    pub findings: Findings,
}

/// Tells it all again.
///
/// # Errors
/// The views cannot be read, or `until` names no place in the log.
pub fn retell(telling: Telling<'_>, screen: &mut Screen<'_>) -> Result<Retold, Failure> {
    let Telling {
        log,
        views,
        until,
        marks,
        auditor,
    } = telling;
    let until = match until {
        Some(text) => {
            Until::read(text, log).map_err(|error| Failure::Usage(format!("--until: {error}")))?
        }
        None => Until::default(),
    };
    let mut retold = Retold::default();
    check_bytes(log, marks, screen, &mut retold);
    let mut teller = Teller {
        fold: None,
        rows: views
            .map(ExpectedRows::for_views)
            .transpose()
            .map_err(views_unreadable)?,
        auditor,
        marks: &[],
        findings: &mut retold.findings,
        progress: Progress::over(log.partitions()),
        screen,
    };
    for at in log.journals() {
        retold.partitions.push(teller.tell(log, at, &until, marks));
    }
    teller.screen.progress_done();
    if let (Some(rows), Some(views)) = (teller.rows.take(), views) {
        retold.compared = Some(compare(
            rows,
            views,
            !until.is_open(),
            &mut retold.findings,
        )?);
    }
    Ok(retold)
}

fn views_unreadable(error: viewstore::ViewError) -> Failure {
    Failure::Unreadable(format!("the views cannot be read: {error}"))
}

fn compare(
    rows: ExpectedRows,
    views: &dyn StoredViews,
    partial: bool,
    findings: &mut Findings,
) -> Result<Compared, Failure> {
    rows.compare(views, partial, findings)
        .map_err(views_unreadable)
}

fn check_bytes(log: &dyn Stored, marks: &Marks, screen: &mut Screen<'_>, retold: &mut Retold) {
    check_missing(log.partitions(), marks, &mut retold.findings);
    for partition in log.partitions() {
        screen.progress(format_args!("reading the bytes of {}", partition.at));
        let of = marks.of(partition.at);
        let check = check_raw(log, partition, of, &mut retold.findings);
        let raw = &mut retold.raw;
        raw.records = raw.records.saturating_add(check.records);
        raw.bytes = raw.bytes.saturating_add(check.bytes);
        raw.unsigned = raw.unsigned.saturating_add(check.unsigned);
    }
    screen.progress_done();
}

struct Teller<'a, 's> {
    fold: Option<Box<dyn StateFold>>,
    rows: Option<ExpectedRows>,
    auditor: Option<&'a mut Auditor>,
    marks: &'a [PartitionMark],
    findings: &'a mut Findings,
    progress: Progress,
    screen: &'a mut Screen<'s>,
}

impl<'a> Teller<'a, '_> {
    fn tell(
        &mut self,
        log: &dyn Stored,
        at: TopicPartition,
        until: &Until,
        marks: &'a Marks,
    ) -> PartitionTold {
        self.fold = fold_of(at.topic);
        self.marks = marks.of(at);
        let began = self.progress.clock.now();
        let walked = walk(log, at, until, self);
        let took = self.progress.clock.now().since(began).micros();
        self.report(&walked);
        PartitionTold {
            state: self.fold.take().map_or(Digest::ZERO, |fold| fold.hash()),
            took_us: u64::try_from(took).unwrap_or(0).max(1),
            walked,
        }
    }

    /// A halt with sound bytes is a record of an unknown kind; with altered bytes it tells where.
    fn report(&mut self, walked: &Walked) {
        let at = walked.at;
        let altered = self.findings.knows(at);
        match &walked.stopped {
            Some(Stopped::Halted(halt @ Halt::Undecodable { offset, .. })) if !altered => {
                self.findings
                    .unreadable(Kind::Chain, at, Some(*offset), halt.to_string());
            }
            Some(Stopped::Halted(
                halt @ (Halt::Undecodable { offset, .. }
                | Halt::EpochAhead { offset, .. }
                | Halt::ConfirmedAhead { offset, .. }),
            )) => {
                self.findings
                    .discrepancy(Kind::Chain, at, Some(*offset), halt.to_string());
            }
            Some(Stopped::Unreadable(error)) => {
                self.findings
                    .unreadable(Kind::Storage, at, None, error.to_string());
            }
            None => {}
        }
        if let (true, Some(broken)) = (altered, walked.broken) {
            let detail = match broken.after {
                Some(after) => format!(
                    "record {} does not go on from record {after}: one of the two is the first bad one",
                    broken.offset
                ),
                None => format!("record {} goes on from nothing", broken.offset),
            };
            let first = broken.after.unwrap_or(broken.offset);
            self.findings
                .discrepancy(Kind::Chain, at, Some(first), detail);
        }
    }

    fn check_head(&mut self, at: TopicPartition, chain: &Chain, offset: u64) {
        while let Some((mark, later)) = self.marks.split_first() {
            let Some(head) = &mark.head else {
                self.marks = later;
                continue;
            };
            if head.next_offset > offset || head.next_offset < chain.next_offset {
                return;
            }
            self.marks = later;
            if (head.epoch, head.seq, head.head) != (chain.epoch, chain.seq, chain.head) {
                self.findings.discrepancy(
                    Kind::Checkpoint,
                    at,
                    Some(head.next_offset),
                    format!(
                        "a signed checkpoint knows seq {} and head {}, the log folds to seq {} and head {}",
                        head.seq, head.head, chain.seq, chain.head
                    ),
                );
            }
        }
    }
}

impl Visitor for Teller<'_, '_> {
    fn before(&mut self, at: TopicPartition, chain: &Chain, offset: u64) {
        self.check_head(at, chain, offset);
        if let Some(rows) = &self.rows {
            rows.before(at, chain, offset, self.findings);
        }
    }

    fn decision(&mut self, at: TopicPartition, effective: Effective, _: &[u8], chain: &Chain) {
        let position = effective.decision.position;
        if let Some(fold) = &mut self.fold
            && let Err(error) = fold.take(&effective.body)
        {
            self.findings.unreadable.push(Finding {
                kind: Kind::Fold,
                at,
                offset: Some(position.offset),
                detail: error.to_string(),
            });
        }
        if let Some(rows) = &mut self.rows {
            rows.take(at, &effective, chain);
        }
        if let Some(auditor) = &mut self.auditor {
            auditor.take(&effective.decision);
        }
        self.progress.step(at, self.screen);
    }
}

/// Decisions told so far, out of how many, and how quickly.
struct Progress {
    clock: SystemClock,
    began: Timestamp,
    told: u64,
    records: u64,
}

/// Decisions between two looks at the clock.
const STEP: u64 = 4_096;

impl Progress {
    fn over(stored: &[PartitionEnd]) -> Self {
        let clock = SystemClock::new(1);
        let journals = stored
            .iter()
            .filter(|partition| partition.at.topic.is_journal());
        Self {
            began: clock.now(),
            clock,
            told: 0,
            records: journals
                .map(|partition| partition.next_offset)
                .fold(0, u64::saturating_add),
        }
    }

    fn step(&mut self, at: TopicPartition, screen: &mut Screen<'_>) {
        self.told = self.told.saturating_add(1);
        if self.told.checked_rem(STEP) != Some(0) {
            return;
        }
        let micros = u64::try_from(self.clock.now().since(self.began).micros())
            .unwrap_or(0)
            .max(1);
        let rate = per_second(self.told, micros);
        let left = self
            .records
            .saturating_sub(self.told)
            .checked_div(rate.max(1))
            .unwrap_or(0);
        screen.progress(format_args!(
            "{at}  {} of about {} decisions  {}/s  {left} s left",
            grouped(self.told),
            grouped(self.records),
            grouped(rate),
        ));
    }
}

/// How many a second, from a count and microseconds.
#[must_use]
pub fn per_second(count: u64, micros: u64) -> u64 {
    let rate = u128::from(count)
        .saturating_mul(1_000_000)
        .checked_div(u128::from(micros));
    rate.and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
}
