//! `furlong bench settle`.
//!
//! Duty: open bets on one market by the hundred thousand, say its result, and measure until the
//! last stake is taken and the last winner paid, durable and read back. The anchor appends the
//! journals' bytes of the same settlement to a log of the same kind and decides nothing.
//! Prohibition: a settlement counts when the ledger has moved its money, not before; a run whose
//! winners were paid another sum fails.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod book;
mod tally;

use super::measure::{Mark, Report, Span, Spread, rate};
use crate::numbers::grouped;
use crate::screen::Screen;
use anyhow::{Context, ensure};
use book::{Book, Open};
use bytes::Bytes;
use clap::Args;
use eventlog::EventLog;
use eventlog_sqlite::{Options, SqliteLog};
use futures::future::join_all;
use kernel::{Offset, TopicPartition};
use std::path::Path;

/// What is projected, and in how many seconds it should be done.
const PROJECTED: u64 = 10_000_000;
const GOAL_S: f64 = 300.0;
const READ_BYTES: usize = 1 << 22;

/// What is settled.
#[derive(Clone, Debug, Args)]
pub struct Settle {
    /// Open bets on each market
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(4..=1_000_000))]
    bets: u64,
    /// Markets, settled one after the other; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Partitions of every topic
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    partitions: u16,
    /// Run every other service beside, the views included
    #[arg(long)]
    whole: bool,
}

/// One settlement.
struct Settled {
    span: Span,
    /// Seconds for each quarter of the bets, in order.
    quarters: [f64; 4],
}

#[derive(Default)]
struct Figures {
    placed: Vec<f64>,
    per_second: Vec<f64>,
    per_core: Vec<f64>,
    first: Vec<f64>,
    last: Vec<f64>,
    anchor: Vec<f64>,
    anchor_per_core: Vec<f64>,
    bytes_each: Vec<f64>,
    records: Vec<f64>,
}

pub fn run(settle: &Settle, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("settle");
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let figures = threads.block_on(measure(settle, folder.path(), screen))?;
    tell(&mut report, settle, figures);
    Ok(report)
}

async fn measure(
    settle: &Settle,
    folder: &Path,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    screen.progress("starting the owners");
    let (subject, anchor) = (folder.join("subject"), folder.join("anchor"));
    let mut book = Book::open(&subject, settle.partitions, settle.whole).await?;
    let anchor = SqliteLog::open(&anchor, &Options::new(settle.partitions, "benchmark"))?;
    let mut figures = Figures::default();
    for round in 1..=settle.rounds {
        let of = format!("market {round} of {}", settle.rounds);
        screen.progress(format_args!("{of}: {} bets", grouped(settle.bets)));
        let mut open = book.offer(round).await?;
        let mark = Mark::now();
        book.place(&mut open, settle.bets).await?;
        figures.placed.push(rate(settle.bets, mark.wall()));
        screen.progress(format_args!("{of}: settling"));
        let before = ends(&book).await?;
        let settled = settle_one(&book, &open, settle.bets).await?;
        screen.progress(format_args!("{of}: the anchor"));
        figures.take(settle.bets, &settled);
        append(&anchor, &book, before, settle.bets, &mut figures).await?;
    }
    book.stop().await;
    anchor.close();
    Ok(figures)
}

async fn ends(book: &Book) -> anyhow::Result<Vec<(TopicPartition, Offset)>> {
    let mut ends = Vec::new();
    for at in book.journals() {
        ends.push((at, book.log().end(at).await?));
    }
    Ok(ends)
}

/// From the result to the last money.
async fn settle_one(book: &Book, open: &Open, bets: u64) -> anyhow::Result<Settled> {
    let began = book.tally.now();
    let mark = Mark::now();
    book.result(open).await?;
    let mut quarters = [0.0; 4];
    let mut so_far = 0.0;
    for (quarter, number) in quarters.iter_mut().zip(1_u64..) {
        let part = bets.saturating_mul(number) / 4;
        let wanted = began.taken.saturating_add(part);
        book.tally.until(|counts| counts.taken >= wanted).await?;
        let now = mark.wall();
        *quarter = now - so_far;
        so_far = now;
    }
    // A winner is paid in the record that takes the stake.
    let span = mark.span();
    let ended = book.tally.now();
    let settled = ended.settled.saturating_sub(began.settled);
    ensure!(settled == bets, "{settled} slips of {bets} are settled");
    let paid = ended.paid_minor.saturating_sub(began.paid_minor);
    let expected = open.winnings_minor();
    ensure!(paid == expected, "{paid} was paid, not {expected}");
    Ok(Settled { span, quarters })
}

/// The same bytes onto a log of the same kind.
async fn append(
    anchor: &SqliteLog,
    book: &Book,
    before: Vec<(TopicPartition, Offset)>,
    bets: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut records: Vec<(TopicPartition, Bytes)> = Vec::new();
    for (at, mut from) in before {
        loop {
            let read = book.log().read(at, from, READ_BYTES).await?;
            let Some(last) = read.last() else { break };
            from = last.offset.saturating_add(1);
            records.extend(read.into_iter().map(|record| (at, record.bytes)));
        }
    }
    let count = u64::try_from(records.len())?;
    let bytes: usize = records.iter().map(|(_, bytes)| bytes.len()).sum();
    let mark = Mark::now();
    join_all(
        records
            .into_iter()
            .map(|(at, bytes)| anchor.send(at, bytes)),
    )
    .await;
    let span = mark.span();
    figures.anchor.push(rate(bets, span.wall));
    figures.anchor_per_core.push(rate(bets, span.cpu));
    figures.records.push(rate(bets, 1.0) / rate(count, 1.0));
    figures
        .bytes_each
        .push(rate(u64::try_from(bytes)?, 1.0) / rate(bets, 1.0));
    Ok(())
}

impl Figures {
    fn take(&mut self, bets: u64, settled: &Settled) {
        let [first, .., last] = settled.quarters;
        self.per_second.push(rate(bets, settled.span.wall));
        self.per_core.push(rate(bets, settled.span.cpu));
        self.first.push(rate(bets / 4, first));
        self.last.push(rate(bets / 4, last));
    }
}

fn tell(report: &mut Report, settle: &Settle, figures: Figures) {
    let Figures {
        placed,
        per_second,
        per_core,
        first,
        last,
        anchor,
        anchor_per_core,
        bytes_each,
        records,
    } = figures;
    let quotients = |subject: &[f64], anchor: &[f64]| {
        let pairs = subject.iter().zip(anchor);
        Spread::of(pairs.map(|(s, a)| s / a.max(1e-9)).collect())
    };
    let ratio = quotients(&per_second, &anchor);
    let core_ratio = quotients(&per_core, &anchor_per_core);
    let growth = quotients(&last, &first);
    let [placed, per_second, per_core, anchor, anchor_core] =
        [placed, per_second, per_core, anchor, anchor_per_core].map(Spread::of);
    let [first, last, bytes_each, slips] = [first, last, bytes_each, records].map(Spread::of);
    let projected_s = rate(PROJECTED, per_second.median);
    let market_s = rate(settle.bets, per_second.median);
    report.figure("bets", settle.bets);
    report.figure("partitions", settle.partitions);
    report.figure("whole", settle.whole);
    report.spread("placed_per_second", placed);
    report.spread("market_s", Spread::of(vec![market_s]));
    report.spread("settlements_per_second", per_second);
    report.spread("settlements_per_core_second", per_core);
    report.spread("first_quarter_per_second", first);
    report.spread("last_quarter_per_second", last);
    report.spread("last_over_first", growth);
    report.spread("anchor_per_second", anchor);
    report.spread("anchor_per_core_second", anchor_core);
    report.spread("ratio", ratio);
    report.spread("core_ratio", core_ratio);
    report.spread("log_bytes_per_settlement", bytes_each);
    report.spread("settlements_per_record", slips);
    report.figure("projected_settlements", PROJECTED);
    report.spread("projected_s", Spread::of(vec![projected_s]));
    report.figure("goal_s", GOAL_S);
    report.figure("durability", "SQLite, write-ahead log, synchronous=FULL");
    let bets = grouped(settle.bets);
    report.line(format!(
        "a market of {bets} open singles, settled and paid, durable and read back: {market_s:.2} s, median of {}",
        settle.rounds
    ));
    for (name, of, core) in [
        ("settlements", per_second, per_core),
        ("append (anchor)", anchor, anchor_core),
    ] {
        report.line(format!(
            "{name:<16} {:>9.0} a second ({:.0} to {:.0}), {:.0} a core-second",
            of.median, of.min, of.max, core.median
        ));
    }
    report.line(format!(
        "so {:.2} of the anchor by the wall, {:.2} by the core; {:.0} bytes and {:.4} records of log each",
        ratio.median,
        core_ratio.median,
        bytes_each.median,
        1.0 / slips.median.max(1e-9)
    ));
    report.line(format!(
        "first quarter {:.0} a second, last quarter {:.0}: {:.2} of it ({:.2} to {:.2})",
        first.median, last.median, growth.median, growth.min, growth.max
    ));
    let held = if projected_s < GOAL_S {
        "within"
    } else {
        "beyond"
    };
    report.line(format!(
        "{} at this rate: {projected_s:.0} s, {held} the goal of {GOAL_S:.0} s",
        grouped(PROJECTED)
    ));
    report.line(format!(
        "before: {:.0} bets a second placed, held and struck",
        placed.median
    ));
}
