//! `furlong bench stream`.
//!
//! Duty: a whole node on a loopback port, markets whose prices move at times fixed beforehand, said
//! by a source over HTTP, and watchers on real sockets: how long from a price's time until each of
//! them has it. The anchor writes frames of the same size to as many sockets at the same times.
//! Prohibition: a price that a watcher never saw fails the run.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod anchor;
mod watcher;

use super::measure::{Mark, Report, Span, Spread, per_mille, rate};
use super::source::Source;
use crate::admission::AdmissionOptions;
use crate::data_folder::DataFolder;
use crate::house_tokens::HouseTokens;
use crate::node::{Node, NodeOptions};
use crate::numbers::grouped;
use crate::screen::Screen;
use anyhow::{Context, anyhow, ensure};
use clap::Args;
use runtime::SystemEntropy;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use watcher::{Seen, Watcher};

const PARTITIONS: u16 = 8;
const SNAPSHOT_EVERY: u64 = 20_000;
const DEADLINE: Duration = Duration::from_secs(5);
/// The goal of the plan.
const GOAL_MS: f64 = 50.0;
/// Between two looks at what is due.
const TICK: Duration = Duration::from_millis(1);
/// After the last price, for those who watch.
const REST: Duration = Duration::from_secs(2);
/// The first prices of a process meet empty caches.
const WARM_UP_S: u32 = 1;
const TURNS: u32 = 5;

/// What moves, and who watches.
#[derive(Clone, Debug, Args)]
pub struct Stream {
    /// Markets whose prices move
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    markets: u32,
    /// Price changes a second, over all of them
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: u32,
    /// Sockets that watch all of them
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    sockets: u32,
    /// Seconds of each of five turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
}

/// Which price of which market is due when: markets take turns, and a market's prices count.
#[derive(Clone, Copy)]
pub struct Schedule {
    start: Mark,
    markets: u32,
    rate: u32,
    seconds: u32,
    /// Prices that each market has had before.
    before: u64,
}

impl Schedule {
    /// The same, from now on.
    pub const fn starting(self, start: Mark) -> Self {
        Self { start, ..self }
    }

    /// Whole rounds of all markets, so that each has had the same number of prices.
    pub fn changes(&self) -> u64 {
        let wanted = u64::from(self.rate).saturating_mul(self.seconds.into());
        self.rounds(wanted).saturating_mul(self.markets.into())
    }

    fn rounds(&self, changes: u64) -> u64 {
        changes.div_ceil(u64::from(self.markets).max(1))
    }

    /// Seconds after the start.
    pub fn due_of(&self, change: u64) -> f64 {
        rate(change, self.rate.into())
    }

    /// How many changes are due.
    pub fn due_changes(&self, now: Mark) -> u64 {
        let mut low = 0;
        let mut high = self.changes();
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.due_of(middle) <= self.since_start(now) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        low
    }

    /// Seconds.
    pub fn since_start(&self, now: Mark) -> f64 {
        self.start.until(now)
    }

    /// When this price of the market was due.
    pub fn due(&self, market: &str, number: u64) -> anyhow::Result<f64> {
        let index: u64 = market.parse().context("a market's name")?;
        let round = number
            .checked_sub(self.before.saturating_add(1))
            .context("a price of an earlier turn")?;
        let change = round
            .saturating_mul(self.markets.into())
            .saturating_add(index);
        Ok(self.due_of(change))
    }

    /// The market and the price of a change.
    fn change(&self, change: u64) -> (u64, u64) {
        let markets = u64::from(self.markets).max(1);
        let round = change.checked_div(markets).unwrap_or(0);
        let market = change.checked_rem(markets).unwrap_or(0);
        (market, self.before.saturating_add(round).saturating_add(1))
    }

    /// A price that tells its number: 2.00 and so many thousandths.
    fn price_of(number: u64) -> String {
        let thousandths = number.saturating_add(2_000);
        let whole = thousandths.checked_div(1_000).unwrap_or(2);
        let rest = thousandths.checked_rem(1_000).unwrap_or(0);
        format!("{whole}.{rest:03}")
    }

    /// The number that a price tells.
    pub fn number_of(price: &str) -> Option<u64> {
        let (whole, rest) = price.split_once('.')?;
        let rest = format!("{rest:0<3}");
        let thousandths = format!("{whole}{rest}").parse::<u64>().ok()?;
        thousandths.checked_sub(2_000)
    }
}

/// A running node, and the source's connection to it.
struct House {
    node: Node,
    source: Source,
}

pub fn run(stream: &Stream, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("stream");
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let figures = threads.block_on(measure(stream, folder.path(), screen))?;
    tell(&mut report, stream, figures);
    Ok(report)
}

#[derive(Default)]
struct Figures {
    micros: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    anchor: Vec<f64>,
    anchor_p50: Vec<f64>,
    anchor_p99: Vec<f64>,
    cpu_us_per_frame: Vec<f64>,
    changes_per_frame: Vec<f64>,
}

async fn measure(
    stream: &Stream,
    folder: &Path,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    screen.progress("starting a node");
    let House { node, source } = open(&folder.join("node")).await?;
    let address = node.address;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(node.serve(async {
        stopped.await.ok();
    }));
    let measured = turns(stream, source, address, screen).await;
    stop.send(()).ok();
    let ended = serving.await.context("the node has panicked")?;
    ended.map_err(|error| anyhow!("{error}"))?;
    measured
}

async fn turns(
    stream: &Stream,
    mut source: Source,
    address: SocketAddr,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    source.reconnect().await?;
    for market in 0..stream.markets {
        source.offer(market, &Schedule::price_of(0)).await?;
    }
    let mut figures = Figures::default();
    let mut schedule = Schedule {
        start: Mark::now(),
        markets: stream.markets,
        rate: stream.rate,
        seconds: WARM_UP_S,
        before: 0,
    };
    for turn in 0..=TURNS {
        screen.progress(format_args!("turn {turn} of {TURNS}"));
        let (seen, span) = one_turn(schedule, stream.sockets, &mut source, address).await?;
        let rounds = schedule.rounds(schedule.changes());
        schedule.before = schedule.before.saturating_add(rounds);
        schedule.seconds = stream.seconds;
        // The first turn warms up.
        if turn == 0 {
            continue;
        }
        let anchor = anchor::measure(schedule, stream.sockets).await?;
        figures.take(seen, span, anchor);
    }
    Ok(figures)
}

/// Watchers look on while the source says prices.
async fn one_turn(
    schedule: Schedule,
    sockets: u32,
    source: &mut Source,
    address: SocketAddr,
) -> anyhow::Result<(Seen, Span)> {
    let stop = watch::Sender::new(false);
    let mut opened = Vec::new();
    for _ in 0..sockets {
        opened.push(Watcher::open(address).await?);
    }
    let schedule_from = Mark::now();
    let mut watching = JoinSet::new();
    // All have their picture before the first price moves.
    let schedule = schedule.starting(schedule_from.later(REST));
    for watcher in opened {
        watching.spawn(watcher.watch(schedule, stop.subscribe()));
    }
    tokio::time::sleep(REST).await;
    let mark = Mark::now();
    say_all(schedule, source).await?;
    let span = mark.span();
    tokio::time::sleep(REST).await;
    stop.send_replace(true);
    let mut all = Seen::default();
    while let Some(seen) = watching.join_next().await {
        let seen = seen.context("a watcher has panicked")??;
        let (saw, said) = (u64::try_from(seen.micros.len())?, schedule.changes());
        ensure!(saw == said, "a watcher saw {saw} of {said} prices");
        all.micros.extend(seen.micros);
        all.frames = all.frames.saturating_add(seen.frames);
    }
    Ok((all, span))
}

/// One post after the other, each with all that is due.
async fn say_all(schedule: Schedule, source: &mut Source) -> anyhow::Result<()> {
    let mut said = 0;
    while said < schedule.changes() {
        let due = schedule.due_changes(Mark::now());
        if due == said {
            tokio::time::sleep(TICK).await;
            continue;
        }
        let prices = (said..due).map(|change| {
            let (market, number) = schedule.change(change);
            (market, Schedule::price_of(number))
        });
        source.say(prices).await?;
        said = due;
    }
    Ok(())
}

impl Figures {
    fn take(&mut self, seen: Seen, span: Span, anchor: Vec<f64>) {
        let sorted = |mut micros: Vec<f64>| {
            micros.sort_by(f64::total_cmp);
            micros
        };
        let changes = u64::try_from(seen.micros.len()).unwrap_or(u64::MAX);
        self.changes_per_frame
            .push(rate(changes, rate(seen.frames, 1.0)));
        self.cpu_us_per_frame
            .push(span.cpu * 1e6 / rate(seen.frames, 1.0).max(1.0));
        let (micros, anchor) = (sorted(seen.micros), sorted(anchor));
        self.p50.push(per_mille(&micros, 500));
        self.p99.push(per_mille(&micros, 990));
        self.anchor_p50.push(per_mille(&anchor, 500));
        self.anchor_p99.push(per_mille(&anchor, 990));
        self.micros.extend(micros);
        self.anchor.extend(anchor);
    }
}

async fn open(folder: &Path) -> anyhow::Result<House> {
    let node = Node::start(NodeOptions {
        provider: crate::providers::ProviderChoice::Simulated,
        notices: None,
        passkeys: crate::house_passkeys::PasskeyPages::default(),
        folder: DataFolder::new(folder),
        listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 0,
        partitions: PARTITIONS,
        snapshot_every: SNAPSHOT_EVERY,
        deadline: DEADLINE,
        rate_limit: None,
        admission: AdmissionOptions::default(),
        lean_step_permille: 0,
        withdrawal_review_units: gateway::WITHDRAWAL_REVIEW_UNITS,
        demo: None,
    })
    .await
    .map_err(|error| anyhow!("{error}"))?;
    let now = node.engine.ground().clock.now();
    let tokens = HouseTokens::new(Arc::clone(&node.keys), Arc::new(SystemEntropy), now)?;
    let source = Source::open(node.address, &tokens, now).await?;
    Ok(House { node, source })
}

fn tell(report: &mut Report, stream: &Stream, figures: Figures) {
    let Figures {
        mut micros,
        p50,
        p99,
        mut anchor,
        anchor_p50,
        anchor_p99,
        cpu_us_per_frame,
        changes_per_frame,
    } = figures;
    let quotients = |subject: &[f64], anchor: &[f64]| {
        let pairs = subject.iter().zip(anchor);
        Spread::of(pairs.map(|(s, a)| s / a.max(1e-9)).collect())
    };
    let ratios = [quotients(&p50, &anchor_p50), quotients(&p99, &anchor_p99)];
    let p99_turns = Spread::of(p99);
    micros.sort_by(f64::total_cmp);
    anchor.sort_by(f64::total_cmp);
    let at = |sorted: &[f64]| [500, 990, 999].map(|part| per_mille(sorted, part));
    let (subject, raw) = (at(&micros), at(&anchor));
    let prices = u64::try_from(micros.len()).unwrap_or(u64::MAX);
    let (cpu, conflated) = (Spread::of(cpu_us_per_frame), Spread::of(changes_per_frame));
    report.figure("markets", stream.markets);
    report.figure("rate_per_second", stream.rate);
    report.figure("sockets", stream.sockets);
    report.figure("prices_seen", prices);
    for (prefix, values) in [("", subject), ("anchor_", raw)] {
        for (name, value) in ["p50_us", "p99_us", "p999_us"].iter().zip(values) {
            report.spread(&format!("{prefix}{name}"), Spread::of(vec![value]));
        }
    }
    report.spread("turn_p99_us", p99_turns);
    report.spread("p50_ratio", ratios[0]);
    report.spread("p99_ratio", ratios[1]);
    report.spread("cpu_us_per_frame", cpu);
    report.spread("changes_per_frame", conflated);
    report.figure("goal_ms", GOAL_MS);
    report.figure("durability", "SQLite, write-ahead log, synchronous=FULL");
    report.line(format!(
        "{} markets, {} price changes a second over HTTP, {} sockets: {} prices seen, none missed",
        stream.markets,
        stream.rate,
        stream.sockets,
        grouped(prices)
    ));
    for (name, values) in [("price to socket", subject), ("bytes (anchor)", raw)] {
        let [p50, p99, p999] = values.map(|micros| micros / 1e3);
        report.line(format!(
            "{name:<16} p50 {p50:>7.2} ms   p99 {p99:>7.2} ms   p99.9 {p999:>7.2} ms"
        ));
    }
    let [p50, p99] = ratios;
    report.line(format!(
        "ratio            p50 {:.1} ({:.1} to {:.1})   p99 {:.1} ({:.1} to {:.1})",
        p50.median, p50.min, p50.max, p99.median, p99.min, p99.max
    ));
    report.line(format!(
        "a frame: {:.0} µs of CPU of the whole process, watchers included; {:.2} changes in it",
        cpu.median, conflated.median
    ));
    let held = if subject[1] < GOAL_MS * 1e3 {
        "within"
    } else {
        "beyond"
    };
    report.line(format!("p99 is {held} the goal of {GOAL_MS:.0} ms"));
}
