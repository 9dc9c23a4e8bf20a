//! `furlong bench feed`.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::measure::{Mark, Report, Spread, rate};
use crate::feed::recording;
use crate::screen::Screen;
use anyhow::{Context, anyhow};
use clap::Args;
use odds::feed::betfair::{Multiplexed, multiplex};
use serde_json::Value;
use std::path::PathBuf;

/// What is played.
#[derive(Clone, Debug, Args)]
pub struct Feed {
    /// A recorded exchange stream of one market; gzip is unpacked
    #[arg(long, value_name = "FILE")]
    recording: PathBuf,
    /// So many copies of it, each under an id of its own
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    markets: u32,
    /// So many lines of each
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    lines: u32,
    /// Rounds of subject and anchor in turn; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=101))]
    rounds: u32,
    /// So many feeds at once, each on a thread of its own
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
}

pub fn run(feed: &Feed, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("feed");
    let text = recording::text(&feed.recording).map_err(|error| anyhow!("{error}"))?;
    let lines = usize::try_from(feed.lines)?;
    let many = multiplex(&text, feed.markets, lines)
        .with_context(|| format!("{} is no recorded market", feed.recording.display()))?;
    drop(text);
    let (mut subject, mut anchor, mut wall) = (Vec::new(), Vec::new(), Vec::new());
    let mut books = 0;
    for round in 1..=feed.rounds {
        screen.progress(format_args!("round {round} of {}", feed.rounds));
        let mark = Mark::now();
        parse_only(&many)?;
        anchor.push(rate(many.selection_updates, mark.span().cpu));
        let mark = Mark::now();
        books = many.play()?.books;
        subject.push(rate(many.selection_updates, mark.span().cpu));
        wall.push(all_threads(&many, feed.threads)?);
    }
    let [subject, anchor, wall] = [subject, anchor, wall].map(Spread::of);
    report.figure("markets", feed.markets);
    report.figure("lines", many.lines.len());
    report.figure("selection_updates", many.selection_updates);
    report.figure("books", books);
    report.figure("threads", feed.threads);
    report.spread("selection_updates_per_core_second", subject);
    report.spread("wall_selection_updates_per_second", wall);
    report.spread("anchor_parse_per_core_second", anchor);
    let quotient = subject.median / anchor.median.max(1e-9);
    report.figure("ratio", (quotient * 1_000.0).round() / 1_000.0);
    report.line(format!(
        "{} selection updates of {} markets in {} lines become {books} books",
        many.selection_updates,
        feed.markets,
        many.lines.len()
    ));
    for (name, spread) in [
        ("a core second", subject),
        ("a second, all threads", wall),
        ("JSON alone (anchor)", anchor),
    ] {
        report.line(format!(
            "{name:<22} {:>10.0}  ({:.0} to {:.0})",
            spread.median, spread.min, spread.max
        ));
    }
    report.line(format!("{quotient:.2} x the anchor"));
    Ok(report)
}

/// What nobody can do without: the lines as trees of JSON.
fn parse_only(many: &Multiplexed) -> anyhow::Result<()> {
    for line in &many.lines {
        std::hint::black_box(serde_json::from_str::<Value>(line)?);
    }
    Ok(())
}

/// Selection updates a second of wall time when so many feeds run at once.
fn all_threads(many: &Multiplexed, threads: u32) -> anyhow::Result<f64> {
    let mark = Mark::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| many.play().map(|_| ())))
            .collect();
        running.into_iter().try_for_each(|thread| {
            let played = thread.join().map_err(|_| anyhow!("a feed has panicked"))?;
            played.map_err(|error| anyhow!("{error}"))
        })
    })?;
    let all = many.selection_updates.saturating_mul(u64::from(threads));
    Ok(rate(all, mark.wall()))
}
