//! `furlong bench place`.
//!
//! Duty: place bets at the gateways of a running cluster as a stranger would, at given rates in
//! an open model and at the highest that holds, each beside plain round trips of a record of the
//! same size through the same Kafka. Prohibition: nothing is known of the processes but their
//! address.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod guest;

use super::bets::{Crowd, saturate};
use super::measure::{Report, Spread, percentile};
use crate::config::{self, SettingsFlags};
use crate::screen::Screen;
use anyhow::{Context, anyhow, ensure};
use bytes::Bytes;
use clap::Args;
use guest::Guest;
use kernel::{Topic, TopicPartition};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the record in the plain round trip: a placement as it stands in the inbox.
const RECORD_BYTES: usize = 330;
/// Where plain round trips are measured: a topic of its own prefix.
const PREFIX: &str = "bench-";

/// What to measure.
#[derive(Debug, Args)]
pub struct Place {
    /// A gateway, such as http://127.0.0.1:7400
    #[arg(long)]
    url: String,
    /// Staff who may send prices
    #[arg(long, default_value = "feed")]
    login: String,
    /// A file with their password
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Bets a second, with commas; the first one counts as unloaded
    #[arg(long, value_delimiter = ',', default_value = "20,500,2000,10000")]
    rates: Vec<u32>,
    /// Seconds at each rate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    #[command(flatten)]
    flags: SettingsFlags,
}

pub fn run(place: &Place, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let settings = config::load(&place.flags).map_err(|error| anyhow!("{error}"))?;
    let kafka = crate::cluster::bench_topics(&settings, PREFIX).map_err(|e| anyhow!("{e}"))?;
    let password = std::fs::read_to_string(&place.password_file)
        .with_context(|| format!("{}", place.password_file.display()))?;
    let mut report = Report::begin("place");
    let client = tokio::runtime::Runtime::new().context("threads")?;
    client.block_on(async {
        screen.progress("letting customers in");
        let guest = Guest::arrive(&place.url, &place.login, password.trim_end()).await?;
        let mut crowd = Crowd::of(guest.address, &Arc::new(guest.slips)).await?;
        crowd.number_from(guest.first);
        for rate in &place.rates {
            screen.progress(format_args!("{rate} bets a second"));
            at_rate(&mut crowd, *rate, place.seconds, &kafka, &mut report).await?;
        }
        screen.progress("the highest rate that holds");
        let saturation = saturate(&mut crowd, screen).await?;
        report.figure("saturation_per_second", saturation.held);
        report.figure("broke_per_second", saturation.broke);
        report.line(format!(
            "{} bets a second hold (p99 up to 100 ms, 95 % in time)",
            saturation.held
        ));
        at_rate(
            &mut crowd,
            saturation.held,
            place.seconds,
            &kafka,
            &mut report,
        )
        .await
    })?;
    Ok(report)
}

async fn at_rate(
    crowd: &mut Crowd,
    rate: u32,
    seconds: u32,
    kafka: &eventlog_kafka::Settings,
    report: &mut Report,
) -> anyhow::Result<()> {
    let done = crowd.bet(rate, f64::from(seconds)).await?;
    ensure!(
        !done.micros.is_empty(),
        "no bet was accepted at {rate} a second: {}",
        done.error.unwrap_or_default()
    );
    let kafka = kafka.clone();
    let hops = tokio::task::spawn_blocking(move || {
        let record = Bytes::from(vec![7; RECORD_BYTES]);
        let interval = Duration::from_secs(1).checked_div(rate);
        let at = TopicPartition::new(Topic::BetsCommands, 0);
        let count = rate.saturating_mul(seconds);
        eventlog_kafka::anchor::round_trips(&kafka, at, &record, count, interval)
    });
    let mut hops: Vec<f64> = hops
        .await
        .context("the anchor has panicked")??
        .iter()
        .map(|took| took.as_secs_f64() * 1e6)
        .collect();
    hops.sort_by(f64::total_cmp);
    let of = |sorted: &[f64]| [percentile(sorted, 50), percentile(sorted, 99)];
    let ([p50, p99], [hop_p50, hop_p99]) = (of(&done.micros), of(&hops));
    let name = |what: &str| format!("at_{rate}_{what}");
    for (what, value) in [
        ("p50_us", p50),
        ("p99_us", p99),
        ("hop_p50_us", hop_p50),
        ("hop_p99_us", hop_p99),
        ("p50_ratio", p50 / hop_p50.max(1e-9)),
        ("p99_ratio", p99 / hop_p99.max(1e-9)),
        ("share_in_time", done.share_in_time()),
    ] {
        report.spread(&name(what), Spread::of(vec![value]));
    }
    report.figure(&name("errors"), done.errors);
    report.figure(&name("not_begun"), done.lost);
    report.line(format!(
        "{rate:>6} a second   bet p50 {:>7.2} ms p99 {:>7.2} ms   hop p50 {:>6.2} ms p99 {:>6.2} ms   \
         ratio {:.1} and {:.1}   {:.1} % in time, {} errors, {} not begun",
        p50 / 1e3,
        p99 / 1e3,
        hop_p50 / 1e3,
        hop_p99 / 1e3,
        p50 / hop_p50.max(1e-9),
        p99 / hop_p99.max(1e-9),
        done.share_in_time() * 100.0,
        done.errors,
        done.lost
    ));
    if let Some(error) = done.error {
        report.line(format!("        first error: {error}"));
    }
    Ok(())
}
