//! `furlong bench feed`.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::measure::{Mark, Report, Spread, rate, thread_cpu_s};
use crate::feed::recording;
use crate::screen::Screen;
use anyhow::{Context, anyhow};
use clap::Args;
use odds::feed::betfair::{Multiplexed, multiplex};
use serde_json::Value;
use std::path::PathBuf;

/// The goal of the plan, selection updates a second over two cores.
const GOAL: f64 = 1_000_000.0;

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
    let (mut together, mut per_core) = (Vec::new(), Vec::new());
    let mut books = 0;
    for round in 1..=feed.rounds {
        screen.progress(format_args!("round {round} of {}", feed.rounds));
        let mark = Mark::now();
        parse_only(&many)?;
        anchor.push(rate(many.selection_updates, mark.span().cpu));
        let mark = Mark::now();
        books = many.play()?.books;
        subject.push(rate(many.selection_updates, mark.span().cpu));
        let all = all_threads(&many, feed.threads)?;
        wall.push(all.per_second);
        per_core.push(all.of_each.iter().sum::<f64>() / f64::from(feed.threads));
        together.push(all.of_each.iter().sum());
    }
    let [subject, anchor, wall, together, per_core] =
        [subject, anchor, wall, together, per_core].map(Spread::of);
    report.figure("markets", feed.markets);
    report.figure("lines", many.lines.len());
    report.figure("selection_updates", many.selection_updates);
    report.figure("books", books);
    report.figure("threads", feed.threads);
    report.spread("selection_updates_per_core_second", subject);
    report.spread("together_per_core_second", per_core);
    report.spread("together_per_second_of_their_cores", together);
    report.figure("goal_per_second_over_two_cores", GOAL);
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
        ("a core second, alone", subject),
        ("a core second, together", per_core),
        ("all cores of their own", together),
        ("a second, by the wall", wall),
        ("JSON alone (anchor)", anchor),
    ] {
        report.line(format!(
            "{name:<24} {:>10.0}  ({:.0} to {:.0})",
            spread.median, spread.min, spread.max
        ));
    }
    report.line(format!("{quotient:.2} x the anchor"));
    if feed.threads == 2 {
        let held = if together.median >= GOAL {
            "reached"
        } else {
            "missed"
        };
        report.line(format!("{GOAL:.0} a second over two cores: {held}"));
    }
    Ok(report)
}

/// What nobody can do without: the lines as trees of JSON.
fn parse_only(many: &Multiplexed) -> anyhow::Result<()> {
    for line in &many.lines {
        std::hint::black_box(serde_json::from_str::<Value>(line)?);
    }
    Ok(())
}

/// What so many feeds at once reach.
struct Together {
    /// Selection updates a second of wall time, all of them.
    per_second: f64,
    /// Selection updates of each thread in a second of its own CPU time, which other work on the
    /// machine does not take away.
    of_each: Vec<f64>,
}

/// Plays it on so many threads at once.
fn all_threads(many: &Multiplexed, threads: u32) -> anyhow::Result<Together> {
    let mark = Mark::now();
    let of_each = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let began = thread_cpu_s();
                    many.play().map(|_| thread_cpu_s() - began)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| {
                let played = thread.join().map_err(|_| anyhow!("a feed has panicked"))?;
                let cpu_s = played.map_err(|error| anyhow!("{error}"))?;
                anyhow::Ok(rate(many.selection_updates, cpu_s))
            })
            .collect::<anyhow::Result<Vec<f64>>>()
    })?;
    let all = many.selection_updates.saturating_mul(u64::from(threads));
    Ok(Together {
        per_second: rate(all, mark.wall()),
        of_each,
    })
}
