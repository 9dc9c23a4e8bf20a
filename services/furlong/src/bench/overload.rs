//! `furlong bench overload`.
//!
//! Duty: what a node accepts at its best and how long that takes when it has little to do, and then
//! what is left of both when many times of that comes in, round after round: each overload is held
//! against the peaks on both sides of it, since a machine is not the same from minute to minute. Prohibition: an answer that is neither an
//! acceptance nor a refusal to begin fails the run, and so does a refusal that left a command behind.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

mod crowd;

use self::crowd::{Asked, Crowd, Step};
use super::bets::world::World;
use super::measure::{Report, Spread, per_mille, rate};
use crate::admission::AdmissionOptions;
use crate::screen::Screen;
use anyhow::{Context, ensure};
use clap::Args;
use gateway::{AdmissionSettings, Bounds};
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

/// How much too much.
#[derive(Clone, Copy, Debug, Args)]
pub struct Overload {
    /// So many times the peak
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=50))]
    times: u32,
    /// Seconds of each peak and of each overload
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// So many overloads, each between two peaks
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Let no more than this be worked on at once, in place of the limit that finds itself
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    concurrency: Option<u32>,
}

/// Everything that was measured.
struct Figures {
    /// One more than overloads, each of which stands between two of them.
    peaks: Vec<f64>,
    /// The client's part of a core at the first peak.
    peak_client_share: f64,
    rounds: Vec<Round>,
    /// Before the first overload and after the last.
    resident: [u64; 2],
}

/// A calm step and an overload after it.
struct Round {
    calm: Step,
    over: Step,
    /// Commands that the overload left in the inboxes, settling included.
    commands: u64,
}

impl Round {
    fn calm_p99(&self) -> f64 {
        per_mille(&self.calm.answers.accepted, 990)
    }

    fn over_p99(&self) -> f64 {
        per_mille(&self.over.answers.accepted, 990)
    }
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
        staff_second_factor: false,
        rate_store: None,
    }
}

async fn measure(
    asked: Overload,
    world: &World,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    let crowd = Crowd::new(world.address, &world.slips);
    let connections = widest(&crowd, screen).await?;
    screen.progress(format_args!("the peak, over {connections} connections"));
    // For as long as the overload: for two seconds a node does more, and makes up for it in rests.
    let at_peak = lasting(asked, connections, UNBOUNDED);
    let first = crowd.ask(at_peak).await?;
    let peak_client_share = first.client_share();
    let (mut peaks, mut rounds) = (vec![first.accepted_per_s()], Vec::new());
    let before = resident_bytes()?;
    let mut after = before;
    for number in 1..=asked.rounds {
        let peak = peaks.last().copied().context("a peak")?;
        screen.progress(format_args!(
            "round {number} of {}: {peak:.0} bets a second are the peak, {} times that comes",
            asked.rounds, asked.times
        ));
        rounds.push(round(asked, peak, &crowd, world).await?);
        after = resident_bytes()?;
        peaks.push(crowd.ask(at_peak).await?.accepted_per_s());
    }
    Ok(Figures {
        peaks,
        peak_client_share,
        rounds,
        resident: [before, after],
    })
}

/// The connections over which most is accepted.
async fn widest(crowd: &Crowd, screen: &mut Screen<'_>) -> anyhow::Result<usize> {
    let mut best: Option<(usize, f64)> = None;
    for connections in PEAK_CONNECTIONS {
        screen.progress(format_args!("{connections} connections"));
        let step = crowd.ask(short(connections, UNBOUNDED, STEP_S)).await?;
        let accepted = step.accepted_per_s();
        if best.is_none_or(|(_, best)| accepted > best) {
            best = Some((connections, accepted));
        }
    }
    best.map(|(connections, _)| connections).context("a peak")
}

const fn short(connections: usize, per_s: u32, seconds: f64) -> Asked {
    Asked {
        connections,
        per_s,
        settle_s: 0.5,
        seconds,
    }
}

fn lasting(asked: Overload, connections: usize, per_s: u32) -> Asked {
    Asked {
        connections,
        per_s,
        settle_s: SETTLE_S,
        seconds: asked.seconds.into(),
    }
}

/// A quarter of the peak, and then many times of it.
async fn round(asked: Overload, peak: f64, crowd: &Crowd, world: &World) -> anyhow::Result<Round> {
    let whole = |rate: f64| format!("{rate:.0}").parse::<u32>().unwrap_or(1).max(1);
    let calm = short(64, whole(peak / 4.0), STEP_S * 2.0);
    let calm = crowd.ask(calm).await?;
    ensure!(
        calm.answers.shed.is_empty() || asked.concurrency.is_some(),
        "turned away in calm times"
    );
    let commands = world.commands().await?;
    let much = whole(peak).saturating_mul(asked.times);
    let over = crowd.ask(lasting(asked, CROWD, much)).await?;
    let commands = world.commands().await?.saturating_sub(commands);
    let (begun, unknown) = (over.answers.begun, over.answers.begun_unknown);
    let allowed = begun.saturating_sub(unknown)..=begun;
    ensure!(
        allowed.contains(&commands),
        "{commands} commands for {begun} requests that were begun, {unknown} of unknown outcome"
    );
    Ok(Round {
        calm,
        over,
        commands,
    })
}

/// Of this process, client included.
fn resident_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status").context("resident memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    let kilobytes: u64 = kilobytes.context("resident memory is not told here")?;
    Ok(kilobytes.saturating_mul(1_024))
}

/// Of the mean of the peaks before and after it.
fn goodput_ratios(figures: &Figures) -> Vec<f64> {
    let around = figures.peaks.windows(2).map(|peaks| match peaks {
        [before, after] => f64::midpoint(*before, *after),
        _ => 0.0,
    });
    let rounds = figures.rounds.iter().zip(around);
    rounds
        .map(|(round, peak)| round.over.accepted_per_s() / peak.max(1e-9))
        .collect()
}

fn tell(report: &mut Report, asked: Overload, figures: &Figures) {
    let rounds = &figures.rounds;
    let each = |of: fn(&Round) -> f64| Spread::of(rounds.iter().map(of).collect());
    let all = |of: fn(&Round) -> u64| rounds.iter().map(of).fold(0, u64::saturating_add);
    let count = |values: &[f64]| u64::try_from(values.len()).unwrap_or(u64::MAX);
    let peaks = Spread::of(figures.peaks.clone());
    let goodput = each(|round| round.over.accepted_per_s());
    let ratio = Spread::of(goodput_ratios(figures));
    let sent = each(|round| round.over.sent_per_s());
    let due = each(|round| round.over.asked.per_s.into());
    let (calm_p99, over_p99) = (each(Round::calm_p99), each(Round::over_p99));
    let p99_ratio = each(|round| round.over_p99() / round.calm_p99().max(1e-9));
    let shed_p99 = each(|round| per_mille(&round.over.answers.shed, 990));
    let share = each(|round| round.over.client_share());
    let cores = each(|round| round.over.cpu_s / round.over.wall_s.max(1e-9));
    let accepted: u64 = rounds
        .iter()
        .map(|round| count(&round.over.answers.accepted))
        .sum();
    let shed: u64 = rounds
        .iter()
        .map(|round| count(&round.over.answers.shed))
        .sum();
    let pending = all(|round| round.over.answers.pending);
    let unknown = all(|round| round.over.answers.unknown);
    let [before, after] = figures.resident;
    let grown = rate(after, 1.0) / rate(before, 1.0).max(1.0);
    report.figure("times", asked.times);
    report.figure("rounds", asked.rounds);
    report.spread("peak_per_second", peaks);
    report.spread("due_per_second", due);
    report.spread("sent_per_second", sent);
    report.spread(
        "client_core_share_at_peak",
        Spread::of(vec![figures.peak_client_share]),
    );
    report.spread("client_core_share", share);
    report.spread("cores", cores);
    report.spread("accepted_per_second", goodput);
    report.spread("goodput_ratio", ratio);
    report.spread("calm_p99_us", calm_p99);
    report.spread("accepted_p99_us", over_p99);
    report.spread("p99_ratio", p99_ratio);
    report.figure("accepted", accepted);
    report.figure("shed", shed);
    report.spread("shed_p99_us", shed_p99);
    report.figure("pending", pending);
    report.figure("unknown", unknown);
    report.figure("commands", all(|round| round.commands));
    report.spread("resident_ratio", Spread::of(vec![grown]));
    report.line(format!(
        "{} bets a second at the peak, p99 {} ms at a quarter",
        ranged(peaks, 1.0, 0),
        ranged(calm_p99, 1e3, 1)
    ));
    report.line(format!(
        "{} a second due, {} sent, {} accepted: {} % of the peaks around it; p99 {} ms, {} times",
        ranged(due, 1.0, 0),
        ranged(sent, 1.0, 0),
        ranged(goodput, 1.0, 0),
        ranged(ratio, 0.01, 0),
        ranged(over_p99, 1e3, 1),
        ranged(p99_ratio, 1.0, 1)
    ));
    report.line(format!(
        "{shed} turned away before any work, p99 {} ms; {pending} pending, {unknown} unknown",
        ranged(shed_p99, 1e3, 1)
    ));
    report.line(format!(
        "the client took {} of a core, {:.2} at the peak; both together {} cores",
        ranged(share, 1.0, 2),
        figures.peak_client_share,
        ranged(cores, 1.0, 2)
    ));
    report.line(format!(
        "memory of node and client: {grown:.2} times that before"
    ));
}

/// The median, and between what it lies, in units of so much.
fn ranged(spread: Spread, unit: f64, digits: usize) -> String {
    let Spread { min, median, max } = spread;
    let [min, median, max] = [min, median, max].map(|value| value / unit);
    if min < max {
        format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
    } else {
        format!("{median:.digits$}")
    }
}
