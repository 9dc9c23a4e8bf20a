//! `furlong bench pipeline`.
//!
//! Duty: drive the real owner task of one ledger partition on a real Kafka: command into the
//! inbox, read, decided, chained, produced, read back. The anchor produces the same bytes, inbox
//! and journal, idempotently and does nothing else. Prohibition: a record counts when it was read
//! back and found effective.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::ledger::{SINGLES, Works};
use super::measure::{Mark, Report, Spread, percentile, rate};
use crate::config::{self, SettingsFlags};
use crate::screen::Screen;
use anyhow::{Context, anyhow};
use bytes::Bytes;
use clap::Args;
use eventlog::EventLog;
use eventlog_kafka::{KafkaLog, anchor};
use kernel::{Topic, TopicPartition};
use std::sync::Arc;

/// Commands of one round; each becomes one record in the inbox and one in the journal.
const COMMANDS: u64 = 20_000;
/// Commands alone of one round.
const ALONE: u64 = 100;
const PREFIX: &str = "bench-";
const READ_BYTES: usize = 1 << 20;

/// What to measure.
#[derive(Debug, Args)]
pub struct Pipeline {
    /// Rounds of subject and anchor in turn; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=101))]
    rounds: u32,
    #[command(flatten)]
    flags: SettingsFlags,
}

#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    anchor: Vec<f64>,
    ratio: Vec<f64>,
    alone_us: Vec<f64>,
    hop_us: Vec<f64>,
}

pub fn run(pipeline: &Pipeline, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let settings = config::load(&pipeline.flags).map_err(|error| anyhow!("{error}"))?;
    let kafka = crate::cluster::bench_topics(&settings, PREFIX).map_err(|e| anyhow!("{e}"))?;
    let mut report = Report::begin("pipeline");
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let mut figures = Figures::default();
    let log = Arc::new(KafkaLog::connect(kafka.clone())?);
    threads.block_on(async {
        let works = Works::start(Arc::<KafkaLog>::clone(&log)).await?;
        screen.progress("opening accounts");
        works.fund().await?;
        works.burst(COMMANDS, SINGLES).await?;
        for round in 1..=pipeline.rounds {
            screen.progress(format_args!("round {round} of {}", pipeline.rounds));
            measure(&works, &kafka, &mut figures).await?;
        }
        works.stop().await;
        anyhow::Ok(())
    })?;
    tell(&mut report, figures, pipeline.rounds);
    Ok(report)
}

async fn measure(
    works: &Works,
    kafka: &eventlog_kafka::Settings,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let log = works.log();
    let places = [Topic::LedgerCommands, Topic::LedgerEvents].map(|t| TopicPartition::new(t, 0));
    let [inbox, journal] = places;
    let (inbox_from, journal_from) = (log.end(inbox).await?, log.end(journal).await?);
    let commands = works.commands(COMMANDS, SINGLES);
    let mark = Mark::now();
    works.send_and_wait(commands).await?;
    let wall = mark.span().wall;
    let mut bytes = read(&*log, inbox, inbox_from).await?;
    bytes.extend(read(&*log, journal, journal_from).await?);
    let count = u64::try_from(bytes.len()).unwrap_or(0);
    let settings = kafka.clone();
    let produced = tokio::task::spawn_blocking(move || {
        let took = anchor::produce(&settings, Topic::FraudCommands, 2, &bytes);
        took.map(|took| took.as_secs_f64())
    });
    let anchor_wall = produced.await.context("the anchor has panicked")??;
    figures.per_second.push(rate(count, wall));
    figures.anchor.push(rate(count, anchor_wall));
    figures.ratio.push(anchor_wall / wall);
    for command in works.commands(ALONE, SINGLES) {
        let mark = Mark::now();
        works.send_and_wait(vec![command]).await?;
        figures.alone_us.push(mark.span().wall * 1e6);
    }
    let settings = kafka.clone();
    let hops = tokio::task::spawn_blocking(move || {
        let at = TopicPartition::new(Topic::FraudCommands, 3);
        let record = Bytes::from_static(&[7; 330]);
        anchor::round_trips(
            &settings,
            at,
            &record,
            u32::try_from(ALONE).unwrap_or(1),
            None,
        )
    });
    let hops = hops.await.context("the anchor has panicked")??;
    figures
        .hop_us
        .extend(hops.iter().map(|took| took.as_secs_f64() * 1e6));
    Ok(())
}

async fn read(log: &dyn EventLog, at: TopicPartition, mut from: u64) -> anyhow::Result<Vec<Bytes>> {
    let end = log.end(at).await?;
    let mut all = Vec::new();
    while from < end {
        let records = log.read(at, from, READ_BYTES).await?;
        let Some(last) = records.last() else { break };
        from = last.offset.saturating_add(1);
        all.extend(records.into_iter().map(|record| record.bytes));
    }
    Ok(all)
}

fn tell(report: &mut Report, figures: Figures, rounds: u32) {
    let (subject, anchor) = (Spread::of(figures.per_second), Spread::of(figures.anchor));
    let ratio = Spread::of(figures.ratio);
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let (alone, hop) = (sorted(figures.alone_us), sorted(figures.hop_us));
    report.spread("records_per_second", subject);
    report.spread("anchor_records_per_second", anchor);
    report.spread("ratio", ratio);
    let quartet = [
        ("decision_p50_us", percentile(&alone, 50)),
        ("decision_p99_us", percentile(&alone, 99)),
        ("hop_p50_us", percentile(&hop, 50)),
        ("hop_p99_us", percentile(&hop, 99)),
    ];
    for (name, value) in quartet {
        report.spread(name, Spread::of(vec![value]));
    }
    report.line(format!(
        "one partition, {COMMANDS} commands a round, median of {rounds}"
    ));
    report.line(format!(
        "pipeline           {:>10.0} records a second ({:.0} to {:.0})",
        subject.median, subject.min, subject.max
    ));
    report.line(format!(
        "produce (anchor)   {:>10.0} records a second, so {:.2} of it",
        anchor.median, ratio.median
    ));
    report.line(format!(
        "one command alone  p50 {:.0} µs, p99 {:.0} µs; one plain hop (anchor) p50 {:.0} µs, p99 {:.0} µs",
        percentile(&alone, 50),
        percentile(&alone, 99),
        percentile(&hop, 50),
        percentile(&hop, 99)
    ));
}
