//! `furlong bench overload`.
//!
//! Duty: what a node accepts at its best and how long that takes when it has little to do, and then
//! what is left of both when many times of that comes in. Prohibition: an answer that is neither an
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
    /// Seconds of it
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Let no more than this be worked on at once, in place of the limit that finds itself
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    concurrency: Option<u32>,
}

/// Everything that was measured.
struct Figures {
    /// Before and after the overload.
    peaks: [f64; 2],
    /// The client's part of a core at the peak.
    peak_client_share: f64,
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
    let crowd = Crowd::new(world.address, &world.slips);
    let at = |connections, per_s, seconds| Asked {
        connections,
        per_s,
        settle_s: 0.5,
        seconds,
    };
    let mut best: Option<(usize, f64)> = None;
    for connections in PEAK_CONNECTIONS {
        screen.progress(format_args!("{connections} connections"));
        let step = crowd.ask(at(connections, UNBOUNDED, STEP_S)).await?;
        let accepted = step.accepted_per_s();
        if best.is_none_or(|(_, best)| accepted > best) {
            best = Some((connections, accepted));
        }
    }
    let (connections, _) = best.context("a peak")?;
    // For as long as the overload: for two seconds a node does more, and makes up for it in rests.
    let lasting = |connections, per_s| Asked {
        connections,
        per_s,
        settle_s: SETTLE_S,
        seconds: asked.seconds.into(),
    };
    screen.progress(format_args!("the peak, over {connections} connections"));
    let before = crowd.ask(lasting(connections, UNBOUNDED)).await?;
    let peak = before.accepted_per_s();
    let whole = |rate: f64| format!("{rate:.0}").parse::<u32>().unwrap_or(1).max(1);
    screen.progress(format_args!(
        "{peak:.0} bets a second are the peak; a quarter of that"
    ));
    let calm = crowd.ask(at(64, whole(peak / 4.0), STEP_S * 2.0)).await?;
    ensure!(
        calm.answers.shed.is_empty() || asked.concurrency.is_some(),
        "turned away in calm times"
    );
    screen.progress(format_args!("{} times the peak", asked.times));
    let (commands, resident) = (world.commands().await?, resident_bytes()?);
    let much = whole(peak).saturating_mul(asked.times);
    let over = crowd.ask(lasting(CROWD, much)).await?;
    let left_behind = world.commands().await?.saturating_sub(commands);
    let resident = [resident, resident_bytes()?];
    let (begun, unknown) = (over.answers.begun, over.answers.begun_unknown);
    let allowed = begun.saturating_sub(unknown)..=begun;
    ensure!(
        allowed.contains(&left_behind),
        "{left_behind} commands for {begun} requests that were begun, {unknown} of unknown outcome"
    );
    screen.progress("the peak once more");
    let after = crowd.ask(lasting(connections, UNBOUNDED)).await?;
    Ok(Figures {
        peaks: [peak, after.accepted_per_s()],
        peak_client_share: before.client_share(),
        calm,
        over,
        resident,
        commands: left_behind,
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

fn tell(report: &mut Report, asked: Overload, figures: &Figures) {
    let (calm, over) = (&figures.calm, &figures.over);
    let one = |value: f64| Spread::of(vec![value]);
    let p99 = |sorted: &[f64]| per_mille(sorted, 990);
    let (goodput, calm_p99) = (over.accepted_per_s(), p99(&calm.answers.accepted));
    let (over_p99, shed_p99) = (p99(&over.answers.accepted), p99(&over.answers.shed));
    // A book grows meanwhile, and other work on the machine comes and goes.
    let [peak_before, peak_after] = figures.peaks;
    let of_peaks = figures.peaks.map(|peak| goodput / peak.max(1e-9));
    let [of_before, of_after] = of_peaks.map(|part| 100.0 * part);
    let (due, sent) = (over.asked.per_s, over.sent_per_s());
    let shed = u64::try_from(over.answers.shed.len()).unwrap_or(u64::MAX);
    let [before, after] = figures.resident;
    let grown = rate(after, 1.0) / rate(before, 1.0).max(1.0);
    report.figure("times", asked.times);
    report.spread("peak_per_second", Spread::of(figures.peaks.to_vec()));
    report.figure("due_per_second", due);
    report.spread("sent_per_second", one(sent));
    report.spread("client_core_share_at_peak", one(figures.peak_client_share));
    report.spread("client_core_share", one(over.client_share()));
    report.spread("cores", one(over.cpu_s / over.wall_s.max(1e-9)));
    report.spread("accepted_per_second", one(goodput));
    report.spread("goodput_ratio", Spread::of(of_peaks.to_vec()));
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
        "{peak_before:.0} bets a second at the peak ({peak_after:.0} after it all), p99 {:.1} ms at a quarter",
        calm_p99 / 1e3
    ));
    report.line(format!(
        "{due} a second due, {sent:.0} sent: {goodput:.0} accepted ({of_before:.0} % of the peak before, {of_after:.0} % of that after), p99 {:.1} ms ({:.1} times)",
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
        "the client took {:.2} of a core, {:.2} at the peak; both together {:.2} cores",
        over.client_share(),
        figures.peak_client_share,
        over.cpu_s / over.wall_s.max(1e-9)
    ));
    report.line(format!(
        "memory of node and client: {grown:.2} times that before"
    ));
}
