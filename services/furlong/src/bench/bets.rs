//! `furlong bench bets`.
//!
//! Duty: place bets at the front door of a whole node, find the rate that saturates it, and
//! measure at half of that rate, taking turns with the anchor. Prohibition: only bets that are
//! accepted count; one that is not, at half the rate, fails the run.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod anchor;
pub mod connection;
pub mod load;
mod noise;
pub mod world;

use super::measure::{Mark, Report, Spread, per_mille, percentile};
use crate::admission::AdmissionOptions;
use crate::screen::Screen;
use anchor::{Anchor, Appender};
use anyhow::{Context, bail, ensure};
use connection::Connection;
pub use load::Done;
use load::{Load, Worker};
pub use noise::Noise;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use world::{CUSTOMERS, MARKETS, Slips, World};

/// Connections that stay open; also the most bets on their way at once.
const CONNECTIONS: u16 = 128;
/// Where the search for saturation begins and ends, in bets a second.
const RATE_FIRST: u32 = 250;
const RATE_MAX: u32 = 16_000;
/// How long each step of the search is.
const STEP_S: f64 = 2.0;
/// Halvings of the gap between the rate that held and the one that did not.
const HALVINGS: u32 = 2;
/// What holding means.
const P99_MAX_US: f64 = 100_000.0;
const SHARE_MIN: f64 = 0.95;
/// After a rate that did not hold, the services finish what they have.
const CALM: Duration = Duration::from_secs(1);
/// Turns of subject and anchor.
const TURNS: u32 = 5;

/// A customer's end of a connection.
struct Bettor {
    connection: Connection,
    slips: Arc<Slips>,
}

impl Worker for Bettor {
    async fn work(&mut self, number: u64) -> anyhow::Result<()> {
        let request = self.slips.request(number).context("there are slips")?;
        let (status, body) = self.connection.ask(&request).await?;
        ensure!(
            status == 201,
            "{status} {}",
            String::from_utf8_lossy(body).trim_end()
        );
        Ok(())
    }
}

/// The bettors, and the number of the next bet.
pub struct Crowd {
    bettors: Vec<Bettor>,
    next: u64,
}

impl Crowd {
    /// Connects.
    pub async fn of(address: SocketAddr, slips: &Arc<Slips>) -> anyhow::Result<Self> {
        let mut bettors = Vec::new();
        for _ in 0..CONNECTIONS {
            bettors.push(Bettor {
                connection: Connection::open(address).await?,
                slips: Arc::clone(slips),
            });
        }
        Ok(Self { bettors, next: 0 })
    }

    /// Gives the next bets numbers from here on.
    #[cfg(feature = "cluster")]
    pub const fn number_from(&mut self, first: u64) {
        self.next = first;
    }

    /// Bets at this rate.
    pub async fn bet(&mut self, rate: u32, seconds: f64) -> anyhow::Result<Done> {
        let first = self.next;
        let load = Load {
            rate,
            seconds,
            first,
        };
        let done = load.run(&mut self.bettors).await?;
        self.next = first.saturating_add(done.offered.into());
        Ok(done)
    }
}

/// The highest rate that held, and the lowest that did not.
pub struct Saturation {
    /// Bets a second.
    pub held: u32,
    /// Bets a second; none: all that were tried held.
    pub broke: Option<u32>,
}

/// One turn at half the rate, or all of them together.
#[derive(Default)]
struct Turns {
    micros: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// Everything that was measured.
struct Figures {
    saturation: Saturation,
    rate: u32,
    bets: Turns,
    anchor: Turns,
    anchor_bytes: usize,
    /// CPU seconds of the process while bets were placed.
    cpu_s: f64,
    /// Records that the log grew by meanwhile.
    records: u64,
}

pub fn run(seconds: u32, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("bets");
    let admission = AdmissionOptions::default();
    let figures = World::measured(admission, screen, async |world, screen| {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let mut crowd = Crowd::of(world.address, &world.slips).await?;
        let saturation = saturate(&mut crowd, screen).await?;
        let anchor = Anchor::open(folder.path(), world).await?;
        let figures = take_turns(world, &mut crowd, &anchor, saturation, seconds, screen).await;
        anchor.close();
        figures
    })?;
    tell(&mut report, figures);
    Ok(report)
}

/// Doubles the rate until it no longer holds, then halves the gap.
pub async fn saturate(crowd: &mut Crowd, screen: &mut Screen<'_>) -> anyhow::Result<Saturation> {
    // The first bets of a process meet empty caches.
    crowd.bet(RATE_FIRST, STEP_S / 2.0).await?;
    let (mut held, mut broke) = (0, None);
    let mut rate = RATE_FIRST;
    while broke.is_none() && rate <= RATE_MAX {
        if holds(crowd, rate, screen).await? {
            held = rate;
            rate = rate.saturating_mul(2);
        } else {
            broke = Some(rate);
        }
    }
    for _ in 0..HALVINGS {
        let Some(above) = broke else { break };
        let middle = held.midpoint(above);
        if holds(crowd, middle, screen).await? {
            held = middle;
        } else {
            broke = Some(middle);
        }
    }
    ensure!(held > 0, "not even {RATE_FIRST} bets a second hold here");
    Ok(Saturation { held, broke })
}

/// One bad moment of the machine proves nothing: a rate that does not hold is tried once more.
async fn holds(crowd: &mut Crowd, rate: u32, screen: &mut Screen<'_>) -> anyhow::Result<bool> {
    screen.progress(format_args!("{rate} bets a second"));
    Ok(held_once(crowd, rate).await? || held_once(crowd, rate).await?)
}

async fn held_once(crowd: &mut Crowd, rate: u32) -> anyhow::Result<bool> {
    let done = crowd.bet(rate, STEP_S).await?;
    let holds = done.errors == 0
        && done.lost == 0
        && done.share_in_time() >= SHARE_MIN
        && percentile(&done.micros, 99) <= P99_MAX_US;
    if !holds {
        tokio::time::sleep(CALM).await;
    }
    Ok(holds)
}

/// Bets and anchor in turn, at half of what held.
async fn take_turns(
    world: &World,
    crowd: &mut Crowd,
    anchor: &Anchor,
    saturation: Saturation,
    seconds: u32,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    let rate = saturation.held.div_ceil(2);
    let turn_s = f64::from(seconds) / f64::from(TURNS);
    let mut appenders: Vec<Appender> = anchor.workers();
    let mut figures = Figures {
        saturation,
        rate,
        bets: Turns::default(),
        anchor: Turns::default(),
        anchor_bytes: anchor.record_bytes(),
        cpu_s: 0.0,
        records: 0,
    };
    let mut first = 0_u64;
    for turn in 1..=TURNS {
        screen.progress(format_args!("turn {turn} of {TURNS}: {rate} a second"));
        let before = world.records().await?;
        let mark = Mark::now();
        let done = crowd.bet(rate, turn_s).await?;
        figures.cpu_s += mark.span().cpu;
        figures.bets.take(done).context("bets")?;
        let grown = world.records().await?.saturating_sub(before);
        figures.records = figures.records.saturating_add(grown);
        let load = Load {
            rate,
            seconds: turn_s,
            first,
        };
        let done = load.run(&mut appenders).await?;
        first = first.saturating_add(done.offered.into());
        figures.anchor.take(done).context("the anchor")?;
    }
    for turns in [&mut figures.bets, &mut figures.anchor] {
        turns.micros.sort_by(f64::total_cmp);
    }
    Ok(figures)
}

impl Turns {
    fn take(&mut self, done: Done) -> anyhow::Result<()> {
        if done.errors > 0 || done.lost > 0 {
            let error = done.error.unwrap_or_default();
            let (errors, lost) = (done.errors, done.lost);
            bail!("{errors} failed and {lost} were not begun: {error}");
        }
        self.p50.push(percentile(&done.micros, 50));
        self.p99.push(percentile(&done.micros, 99));
        self.micros.extend(done.micros);
        Ok(())
    }

    /// 50, 99 and 99.9 % of all were done within so many microseconds.
    fn percentiles(&self) -> [f64; 3] {
        [500, 990, 999].map(|part| per_mille(&self.micros, part))
    }

    fn count(&self) -> u64 {
        u64::try_from(self.micros.len()).unwrap_or(u64::MAX)
    }
}

/// The quotients of each turn.
fn quotients(subject: &[f64], anchor: &[f64]) -> Spread {
    let pairs = subject.iter().zip(anchor);
    Spread::of(pairs.map(|(s, a)| s / a.max(1e-9)).collect())
}

fn tell(report: &mut Report, figures: Figures) {
    let Figures {
        saturation,
        rate,
        bets,
        anchor,
        ..
    } = figures;
    let one = |value: f64| Spread::of(vec![value]);
    let each = f64::from(u32::try_from(bets.count()).unwrap_or(u32::MAX)).max(1.0);
    let cpu_us = figures.cpu_s * 1e6 / each;
    let records = f64::from(u32::try_from(figures.records).unwrap_or(u32::MAX)) / each;
    let ratios = [
        quotients(&bets.p50, &anchor.p50),
        quotients(&bets.p99, &anchor.p99),
    ];
    report.figure("saturation_per_second", saturation.held);
    report.figure("broke_per_second", saturation.broke);
    report.figure("rate_per_second", rate);
    report.figure("accepted", bets.count());
    report.figure("errors", 0);
    for (turns, prefix) in [(&bets, ""), (&anchor, "anchor_")] {
        for (name, value) in ["p50_us", "p99_us", "p999_us"]
            .iter()
            .zip(turns.percentiles())
        {
            report.spread(&format!("{prefix}{name}"), one(value));
        }
    }
    report.spread("p50_ratio", ratios[0]);
    report.spread("p99_ratio", ratios[1]);
    report.spread("cpu_us_per_bet", one(cpu_us));
    report.spread("records_per_bet", one(records));
    report.figure("anchor_record_bytes", figures.anchor_bytes);
    report.figure("connections", CONNECTIONS);
    report.figure("customers", CUSTOMERS);
    report.figure("markets", MARKETS);
    report.figure("durability", "SQLite, write-ahead log, synchronous=FULL");
    let broke = saturation
        .broke
        .map_or_else(String::new, |broke| format!(", {broke} a second do not"));
    report.line(format!(
        "{} bets a second hold (p99 up to 100 ms, 95 % in time){broke}",
        saturation.held
    ));
    report.line(format!(
        "at {rate} a second, {} bets, all accepted, over {CONNECTIONS} connections; {TURNS} turns",
        bets.count()
    ));
    for (name, turns) in [("bet", &bets), ("append (anchor)", &anchor)] {
        let [p50, p99, p999] = turns.percentiles().map(|micros| micros / 1e3);
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
        "a bet: {cpu_us:.0} µs of CPU with its client, {records:.1} records in the log"
    ));
}
