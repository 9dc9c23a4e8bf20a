//! `furlong bench replay`.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::ledger::{SINGLES, Works};
use super::measure::{Mark, Report, Spread, rate};
use crate::history::{StateFold, fold_of};
use crate::screen::Screen;
use anyhow::Context;
use eventlog::{Chain, MemoryLog, Record, Verdict};
use kernel::{Topic, TopicPartition};
use std::hint::black_box;
use std::sync::Arc;

const AT: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
/// Decisions in the journal that is folded.
const DECISIONS: u64 = 60_000;

pub fn run(rounds: u32, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("replay");
    screen.progress("writing a journal");
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let records = threads.block_on(journal())?;
    let bytes: u64 = records
        .iter()
        .map(|record| u64::try_from(record.bytes.len()).unwrap_or(0))
        .sum();
    let (mut folds, mut scans, mut quotients) = (Vec::new(), Vec::new(), Vec::new());
    let mut events = 0;
    for round in 1..=rounds {
        screen.progress(format_args!("round {round} of {rounds}"));
        let count = u64::try_from(records.len()).unwrap_or(0);
        let mark = Mark::now();
        scan(&records)?;
        let scanned = rate(count, mark.span().cpu);
        let mark = Mark::now();
        events = fold(&records)?;
        let folded = rate(count, mark.span().cpu);
        scans.push(scanned);
        folds.push(folded);
        quotients.push(folded / scanned);
    }
    let [folds, scans, quotients] = [folds, scans, quotients].map(Spread::of);
    report.figure("records", records.len());
    report.figure("events", events);
    report.figure("bytes", bytes);
    report.spread("records_per_core_second", folds);
    report.spread("anchor_records_per_core_second", scans);
    report.spread("ratio", quotients);
    report.line(format!(
        "{} ledger decisions, {bytes} bytes, from memory, median of {rounds}",
        records.len()
    ));
    report.line(format!(
        "fold           {:>12.0} records a core-second ({:.0} to {:.0})",
        folds.median, folds.min, folds.max
    ));
    report.line(format!(
        "scan (anchor)  {:>12.0} records a core-second ({:.0} to {:.0})",
        scans.median, scans.min, scans.max
    ));
    report.line(format!(
        "ratio          {:>12.3} ({:.3} to {:.3})",
        quotients.median, quotients.min, quotients.max
    ));
    Ok(report)
}

/// A journal as the real owner writes it, one transfer a decision.
async fn journal() -> anyhow::Result<Vec<Record>> {
    let works = Works::start(Arc::new(MemoryLog::default())).await?;
    works.fund().await?;
    works.burst(DECISIONS, SINGLES).await?;
    let log = works.log();
    let mut records = Vec::new();
    loop {
        let next = records
            .last()
            .map_or(0, |record: &Record| record.offset.saturating_add(1));
        let more = log.read(AT, next, 1 << 24).await?;
        if more.is_empty() {
            break;
        }
        records.extend(more);
    }
    works.stop().await;
    Ok(records)
}

fn scan(records: &[Record]) -> anyhow::Result<()> {
    for record in records {
        black_box(schemas::unframe(AT.topic, &record.bytes)?);
        black_box(eventlog::digest(&record.bytes));
    }
    Ok(())
}

fn fold(records: &[Record]) -> anyhow::Result<u64> {
    let mut chain = Chain::default();
    let mut state: Box<dyn StateFold> = fold_of(AT.topic).context("the ledger has a fold")?;
    let mut decisions = 0_u64;
    for record in records {
        let judged = chain.judge(AT, record.offset, &record.bytes)?;
        if judged.verdict == Verdict::Effective {
            state.take(judged.body.rest())?;
            decisions = decisions.saturating_add(1);
        }
    }
    black_box(state);
    Ok(decisions)
}
