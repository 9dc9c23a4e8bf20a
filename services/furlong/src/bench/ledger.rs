//! `furlong bench ledger`.
//!
//! Duty: drive the real owner task of one ledger partition with commands through its inbox, and
//! count a transfer when its decision has been read back. Chain and framing are judged on the way.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod works;

use super::measure::{Mark, Report, Spread, percentile, rate};
use crate::screen::Screen;
use anyhow::Context;
use bytes::Bytes;
use eventlog::EventLog;
use eventlog_sqlite::{Options, SqliteLog};
use futures::future::join_all;
use kernel::{Topic, TopicPartition};
use std::path::Path;
use std::sync::Arc;
pub use works::{SINGLES, Works};

/// The most transfers in one decision.
const BATCH: u64 = 8_189;
/// Batches of one round.
const BATCHES: u64 = 12;
/// Postings alone of one round.
const ALONE: u64 = 100;
/// Clients at once, and postings of each in one round.
const CLIENTS: u64 = 128;
const OF_EACH: u64 = 25;

#[derive(Default)]
struct Figures {
    per_core: Vec<f64>,
    per_second: Vec<f64>,
    anchor_per_core: Vec<f64>,
    ratio: Vec<f64>,
    alone_us: Vec<f64>,
    anchor_alone_us: Vec<f64>,
    one_client: Vec<f64>,
    many_clients: Vec<f64>,
}

pub fn run(rounds: u32, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("ledger");
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let figures = threads.block_on(measure(rounds, folder.path(), screen))?;
    tell(&mut report, figures, rounds);
    Ok(report)
}

fn open(folder: &Path, name: &str) -> anyhow::Result<Arc<SqliteLog>> {
    let log = SqliteLog::open(&folder.join(name), &Options::new(1, "benchmark"))?;
    Ok(Arc::new(log))
}

async fn measure(rounds: u32, folder: &Path, screen: &mut Screen<'_>) -> anyhow::Result<Figures> {
    let works = Works::start(open(folder, "subject")?).await?;
    let anchor = open(folder, "anchor")?;
    let mut figures = Figures::default();
    screen.progress("opening accounts");
    works.fund().await?;
    works.burst(BATCH, BATCH).await?;
    for round in 1..=rounds {
        screen.progress(format_args!("round {round} of {rounds}: batches"));
        batches(&works, &anchor, &mut figures).await?;
        screen.progress(format_args!("round {round} of {rounds}: alone"));
        alone(&works, &anchor, &mut figures).await?;
        screen.progress(format_args!("round {round} of {rounds}: {CLIENTS} clients"));
        clients(&works, &mut figures).await?;
    }
    works.stop().await;
    anchor.close();
    Ok(figures)
}

/// Whole batches, several on their way at once; the anchor appends the journal's bytes only.
async fn batches(works: &Works, anchor: &SqliteLog, figures: &mut Figures) -> anyhow::Result<()> {
    let transfers = BATCHES.saturating_mul(BATCH);
    let commands = works.commands(transfers, BATCH);
    let before = works.log().end(works::JOURNAL).await?;
    let mark = Mark::now();
    works.send_and_wait(commands).await?;
    let span = mark.span();
    let (per_core, per_second) = (rate(transfers, span.cpu), rate(transfers, span.wall));
    let records = works.log().read(works::JOURNAL, before, usize::MAX).await?;
    let bytes: Vec<Bytes> = records.into_iter().map(|record| record.bytes).collect();
    let mark = Mark::now();
    let to = TopicPartition::new(Topic::LedgerEvents, 0);
    join_all(bytes.into_iter().map(|record| anchor.send(to, record))).await;
    let anchor_per_core = rate(transfers, mark.span().cpu);
    figures.per_core.push(per_core);
    figures.per_second.push(per_second);
    figures.anchor_per_core.push(anchor_per_core);
    figures.ratio.push(per_core / anchor_per_core);
    Ok(())
}

/// One posting at a time, each waited for; the anchor commits one record of like size.
async fn alone(works: &Works, anchor: &SqliteLog, figures: &mut Figures) -> anyhow::Result<()> {
    let to = TopicPartition::new(Topic::LedgerEvents, 0);
    for command in works.commands(ALONE, SINGLES) {
        let mark = Mark::now();
        works.send_and_wait(vec![command]).await?;
        figures.alone_us.push(mark.span().wall * 1e6);
        let mark = Mark::now();
        anchor.send(to, Bytes::from_static(&[7; 400])).await;
        figures.anchor_alone_us.push(mark.span().wall * 1e6);
    }
    let commands = works.commands(ALONE, SINGLES);
    let mark = Mark::now();
    for command in commands {
        works.send_and_wait(vec![command]).await?;
    }
    figures.one_client.push(rate(ALONE, mark.span().wall));
    Ok(())
}

/// Many clients, each with one posting on its way.
async fn clients(works: &Works, figures: &mut Figures) -> anyhow::Result<()> {
    let transfers = CLIENTS.saturating_mul(OF_EACH);
    let mut commands = works.commands(transfers, SINGLES).into_iter();
    let share = usize::try_from(OF_EACH).unwrap_or(1);
    let shares: Vec<Vec<works::Asked>> = (0..CLIENTS)
        .map(|_| commands.by_ref().take(share).collect())
        .collect();
    let mark = Mark::now();
    let client = |share: Vec<works::Asked>| async {
        for command in share {
            works.send_and_wait(vec![command]).await?;
        }
        anyhow::Ok(())
    };
    for ended in join_all(shares.into_iter().map(client)).await {
        ended?;
    }
    figures.many_clients.push(rate(transfers, mark.span().wall));
    Ok(())
}

fn tell(report: &mut Report, figures: Figures, rounds: u32) {
    let per_core = Spread::of(figures.per_core);
    let per_second = Spread::of(figures.per_second);
    let anchor = Spread::of(figures.anchor_per_core);
    let ratio = Spread::of(figures.ratio);
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let (alone, raw) = (sorted(figures.alone_us), sorted(figures.anchor_alone_us));
    let (one, many) = (
        Spread::of(figures.one_client),
        Spread::of(figures.many_clients),
    );
    report.spread("transfers_per_core_second", per_core);
    report.spread("wall_transfers_per_second", per_second);
    report.figure("batch", BATCH);
    report.spread("anchor_transfers_per_core_second", anchor);
    report.spread("ratio", ratio);
    report.spread("p50_us", Spread::of(vec![percentile(&alone, 50)]));
    report.spread("p99_us", Spread::of(vec![percentile(&alone, 99)]));
    report.spread("anchor_p50_us", Spread::of(vec![percentile(&raw, 50)]));
    report.spread("anchor_p99_us", Spread::of(vec![percentile(&raw, 99)]));
    report.spread("one_client_per_second", one);
    report.figure("clients", CLIENTS);
    report.spread("clients_per_second", many);
    report.spread(
        "group_commit_ratio",
        Spread::of(vec![many.median / one.median]),
    );
    report.figure("durability", "SQLite, write-ahead log, synchronous=FULL");
    report.line(format!(
        "one partition, durable and read back, median of {rounds}"
    ));
    report.line(format!(
        "batches of {BATCH}     {:>10.0} transfers a core-second ({:.0} to {:.0}), {:.0} a second",
        per_core.median, per_core.min, per_core.max, per_second.median
    ));
    report.line(format!(
        "append (anchor)    {:>10.0} transfers a core-second, so {:.2} of it",
        anchor.median, ratio.median
    ));
    report.line(format!("one posting alone  p50 {:.0} µs, p99 {:.0} µs; a bare commit (anchor) p50 {:.0} µs, p99 {:.0} µs", percentile(&alone, 50), percentile(&alone, 99), percentile(&raw, 50), percentile(&raw, 99)));
    report.line(format!("{CLIENTS} clients        {:>10.0} a second; one client (anchor) {:.0} a second, so {:.0} times", many.median, one.median, many.median / one.median));
}
