//! `furlong bench overload`.
//!
//! Duty: what a node accepts at its best and how long that takes when it has little to do, and then
//! what is left of both when many times of that comes in. Prohibition: an answer that is neither an
//! acceptance nor a refusal to begin fails the run, and so does a refusal that left a command behind.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::bets::connection::Connection;
use super::bets::load::{Load, Worker};
use super::bets::world::{Slips, World};
use super::measure::{Mark, Report, Spread, per_mille, rate};
use crate::admission::AdmissionOptions;
use crate::screen::Screen;
use anyhow::{Context, bail, ensure};
use clap::Args;
use gateway::{AdmissionSettings, Bounds};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections in the search for the peak: as many bets are on their way at once.
const PEAK_CONNECTIONS: [usize; 3] = [32, 64, 128];
/// Connections that ask for too much.
const CROWD: usize = 1_000;
/// Seconds of each step of the search.
const STEP_S: f64 = 2.0;
/// Far more than any node accepts: closed connections are never idle.
const UNBOUNDED: u32 = 20_000;
/// Seconds in which the limit finds itself; they are left out.
const SETTLE_S: f64 = 3.0;
/// After a step the services finish what they have.
const CALM: Duration = Duration::from_secs(2);

/// How much too much.
#[derive(Clone, Copy, Debug, Args)]
pub struct Overload {
    /// So many times the peak
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=50))]
    times: u32,
    /// Seconds of it
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Let no more than this be worked on at once, in place of the limit that finds itself
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    concurrency: Option<u32>,
}

/// What has become of the requests of a step.
#[derive(Default)]
struct Answers {
    /// Microseconds.
    accepted: Vec<f64>,
    /// Microseconds.
    shed: Vec<f64>,
    /// Placed, and not accepted within the wait.
    pending: u64,
    /// Sent, and no outcome known before the deadline.
    unknown: u64,
}

impl Answers {
    fn take(&mut self, status: u16, body: &[u8], micros: f64) -> anyhow::Result<()> {
        // Not read as JSON: the client shares the machine with the node.
        let says = |code: &str| {
            let member = format!("\"code\":\"{code}\"");
            body.windows(member.len())
                .any(|part| part == member.as_bytes())
        };
        match status {
            201 => self.accepted.push(micros),
            202 => self.pending = self.pending.saturating_add(1),
            503 if says("overloaded") => self.shed.push(micros),
            503 if says("outcome_unknown") => self.unknown = self.unknown.saturating_add(1),
            _ => bail!("{status} {}", String::from_utf8_lossy(body).trim_end()),
        }
        Ok(())
    }

    /// How many were begun, whatever became of them.
    fn begun(&self) -> u64 {
        let accepted = u64::try_from(self.accepted.len()).unwrap_or(u64::MAX);
        accepted
            .saturating_add(self.pending)
            .saturating_add(self.unknown)
    }

    fn sorted(mut self) -> Self {
        self.accepted.sort_by(f64::total_cmp);
        self.shed.sort_by(f64::total_cmp);
        self
    }
}

type Tally = Arc<Mutex<Answers>>;

/// One connection of the crowd.
struct Bettor {
    connection: Connection,
    slips: Arc<Slips>,
    tally: Tally,
}

impl Worker for Bettor {
    async fn work(&mut self, number: u64) -> anyhow::Result<()> {
        let request = self.slips.request(number).context("there are slips")?;
        let sent = Mark::now();
        let (status, body) = self.connection.ask(&request).await?;
        let micros = sent.wall() * 1e6;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.take(status, body, micros)
    }
}

/// The client's side.
struct Crowd {
    address: SocketAddr,
    slips: Arc<Slips>,
    next: u64,
}

/// A step's answers, and how many were asked for.
struct Step {
    answers: Answers,
    asked: u32,
    seconds: f64,
    /// Requests that were begun, those left out included; and of them those without an outcome.
    begun: [u64; 2],
}

impl Step {
    fn accepted_per_s(&self) -> f64 {
        let accepted = u64::try_from(self.answers.accepted.len()).unwrap_or(u64::MAX);
        rate(accepted, self.seconds)
    }
}

impl Crowd {
    async fn bettors(&self, count: usize, tally: &Tally) -> anyhow::Result<Vec<Bettor>> {
        let mut bettors = Vec::with_capacity(count);
        for _ in 0..count {
            bettors.push(Bettor {
                connection: Connection::open(self.address).await?,
                slips: Arc::clone(&self.slips),
                tally: Arc::clone(tally),
            });
        }
        Ok(bettors)
    }

    /// Asks at this rate over so many connections; the first seconds are left out.
    async fn ask(
        &mut self,
        connections: usize,
        per_s: u32,
        settle_s: f64,
        seconds: f64,
    ) -> anyhow::Result<Step> {
        let tally = Tally::default();
        let mut bettors = self.bettors(connections, &tally).await?;
        let mut step = Step {
            answers: Answers::default(),
            asked: 0,
            seconds,
            begun: [0, 0],
        };
        for (index, part) in [settle_s, seconds].into_iter().enumerate() {
            if part <= 0.0 {
                continue;
            }
            *tally.lock().unwrap_or_else(PoisonError::into_inner) = Answers::default();
            let load = Load {
                rate: per_s,
                seconds: part,
                first: self.next,
            };
            let mark = Mark::now();
            let done = load.run(&mut bettors).await?;
            self.next = self.next.saturating_add(done.offered.into());
            ensure!(done.errors == 0, "{}", done.error.unwrap_or_default());
            let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            let [begun, unknown] = step.begun;
            step.begun = [
                begun.saturating_add(tally.begun()),
                unknown.saturating_add(tally.unknown),
            ];
            if index == 1 {
                // Until the last answer: what came late is not counted as quick.
                step.seconds = mark.wall();
                step.asked = done.offered.saturating_sub(done.lost);
            }
        }
        step.answers = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
        step.answers = step.answers.sorted();
        tokio::time::sleep(CALM).await;
        Ok(step)
    }
}

/// Everything that was measured.
struct Figures {
    peak: f64,
    calm: Step,
    over: Step,
    resident: [u64; 2],
    /// Commands that the overload left in the inboxes, settling included.
    commands: u64,
}

pub fn run(asked: Overload, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    crate::descriptors::raise();
    let mut report = Report::begin("overload");
    let admission = admission(asked.concurrency);
    let figures = World::measured(admission, screen, async |world, screen| {
        measure(asked, world, screen).await
    })?;
    tell(&mut report, asked, &figures);
    Ok(report)
}

fn admission(concurrency: Option<u32>) -> AdmissionOptions {
    let settings = AdmissionSettings::default();
    let fixed = concurrency.and_then(|most| usize::try_from(most).ok());
    let fixed = fixed.map(|most| Bounds {
        min: most,
        first: most,
        max: most,
    });
    AdmissionOptions {
        settings: AdmissionSettings {
            concurrency: fixed.or(settings.concurrency),
            ..settings
        },
        rate_store: None,
    }
}

async fn measure(
    asked: Overload,
    world: &World,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    let mut crowd = Crowd {
        address: world.address,
        slips: Arc::clone(&world.slips),
        next: 0,
    };
    let mut peak = 0.0_f64;
    for connections in PEAK_CONNECTIONS {
        screen.progress(format_args!("the peak: {connections} connections"));
        let step = crowd.ask(connections, UNBOUNDED, 0.5, STEP_S).await?;
        peak = peak.max(step.accepted_per_s());
    }
    let whole = |rate: f64| format!("{rate:.0}").parse::<u32>().unwrap_or(1).max(1);
    screen.progress(format_args!(
        "{:.0} bets a second are the peak; a quarter of that",
        peak
    ));
    let calm = crowd.ask(64, whole(peak / 4.0), 0.5, STEP_S * 2.0).await?;
    ensure!(
        calm.answers.shed.is_empty() || asked.concurrency.is_some(),
        "turned away in calm times"
    );
    screen.progress(format_args!("{} times the peak", asked.times));
    let (commands, before) = (world.commands().await?, resident_bytes()?);
    let first = crowd.next;
    let much = whole(peak).saturating_mul(asked.times);
    let over = crowd
        .ask(CROWD, much, SETTLE_S, asked.seconds.into())
        .await?;
    let left_behind = world.commands().await?.saturating_sub(commands);
    let [begun, unknown] = over.begun;
    let allowed = begun.saturating_sub(unknown)..=begun;
    ensure!(
        allowed.contains(&left_behind),
        "{left_behind} commands for {begun} requests that were begun, {unknown} of unknown outcome"
    );
    let figures = Figures {
        peak,
        calm,
        over,
        resident: [before, resident_bytes()?],
        commands: left_behind,
    };
    ensure!(crowd.next > first, "nothing was asked");
    Ok(figures)
}

/// Of this process, client included.
fn resident_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status").context("resident memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    let kilobytes: u64 = kilobytes.context("resident memory is not told here")?;
    Ok(kilobytes.saturating_mul(1_024))
}

fn tell(report: &mut Report, asked: Overload, figures: &Figures) {
    let (calm, over) = (&figures.calm, &figures.over);
    let one = |value: f64| Spread::of(vec![value]);
    let p99 = |sorted: &[f64]| per_mille(sorted, 990);
    let (goodput, calm_p99) = (over.accepted_per_s(), p99(&calm.answers.accepted));
    let (over_p99, shed_p99) = (p99(&over.answers.accepted), p99(&over.answers.shed));
    let offered = rate(over.asked.into(), over.seconds);
    let shed = u64::try_from(over.answers.shed.len()).unwrap_or(u64::MAX);
    let [before, after] = figures.resident;
    let grown = rate(after, 1.0) / rate(before, 1.0).max(1.0);
    report.figure("times", asked.times);
    report.spread("peak_per_second", one(figures.peak));
    report.spread("offered_per_second", one(offered));
    report.spread("accepted_per_second", one(goodput));
    report.spread("goodput_ratio", one(goodput / figures.peak.max(1e-9)));
    report.spread("calm_p99_us", one(calm_p99));
    report.spread("accepted_p99_us", one(over_p99));
    report.spread("p99_ratio", one(over_p99 / calm_p99.max(1e-9)));
    report.figure(
        "accepted",
        u64::try_from(over.answers.accepted.len()).unwrap_or(0),
    );
    report.figure("shed", shed);
    report.spread("shed_p99_us", one(shed_p99));
    report.figure("pending", over.answers.pending);
    report.figure("unknown", over.answers.unknown);
    report.figure("commands", figures.commands);
    report.spread("resident_ratio", one(grown));
    report.line(format!(
        "{:.0} bets a second at the peak, p99 {:.1} ms at a quarter of that",
        figures.peak,
        calm_p99 / 1e3
    ));
    report.line(format!(
        "{offered:.0} a second asked for: {goodput:.0} accepted ({:.0} % of the peak), p99 {:.1} ms ({:.1} times)",
        100.0 * goodput / figures.peak.max(1e-9),
        over_p99 / 1e3,
        over_p99 / calm_p99.max(1e-9)
    ));
    report.line(format!(
        "{shed} turned away before any work, p99 {:.1} ms; {} pending, {} unknown",
        shed_p99 / 1e3,
        over.answers.pending,
        over.answers.unknown
    ));
    report.line(format!(
        "memory of node and client: {grown:.2} times that before"
    ));
}
