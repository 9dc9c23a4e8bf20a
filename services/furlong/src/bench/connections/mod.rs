//! `furlong bench connections`.
//!
//! Duty: a whole node in a process of its own, thousands of sockets on it, most of them idle and
//! some that watch every price, and what each costs: the node's resident memory, counted before and
//! after. Prohibition: a socket that is cut, or a busy one that does not hear the last price, fails
//! the run; and the memory of the guests is not the node's.
#![expect(clippy::float_arithmetic, reason = "quotients of measured figures")]

mod guest;
mod house;

use super::measure::{Mark, Report, Spread, rate};
use crate::numbers::grouped;
use crate::screen::Screen;
use anyhow::{Context, ensure};
use clap::Args;
use guest::{Guest, Heard};
use house::House;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Sockets that are opened first: what they take, later ones find taken.
const WARM_UP: u32 = 50;
/// Sockets that are opened at the same time.
const AT_ONCE: u32 = 64;
/// After something has changed: until each socket has had a heartbeat or two.
const REST: Duration = Duration::from_millis(2_500);
/// How long the last price may take to everybody.
const PATIENCE: Duration = Duration::from_secs(120);
/// Descriptors for everything but sockets.
const SPARE: u64 = 200;

/// Who is connected, and what moves.
#[derive(Clone, Copy, Debug, Args)]
pub struct Connections {
    /// Sockets in all
    #[arg(long, default_value_t = 9_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    connections: u32,
    /// Of them those that watch all prices
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    busy: u32,
    /// Markets whose prices move
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    markets: u32,
    /// Price changes a second, over all of them
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Seconds of price changes
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

/// What was measured.
struct Figures {
    opened_s: f64,
    /// Resident bytes of the node: before, with the idle sockets, with all, after the prices.
    resident: [u64; 4],
    idle: u32,
    heard: Heard,
    moved_s: f64,
    told_s: f64,
}

pub fn run(asked: Connections, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    ensure!(
        asked.busy.saturating_add(WARM_UP) <= asked.connections,
        "--busy is at most --connections less {WARM_UP}"
    );
    let allowed = crate::descriptors::raise();
    let needed = u64::from(asked.connections).saturating_add(SPARE);
    ensure!(
        allowed.is_none_or(|allowed| allowed >= needed),
        "{needed} descriptors are needed and {} allowed (ulimit -Hn): fewer --connections",
        allowed.unwrap_or(0)
    );
    let mut report = Report::begin("connections");
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let threads = tokio::runtime::Runtime::new().context("threads")?;
    let figures = threads.block_on(measure(asked, folder.path(), screen))?;
    tell(&mut report, asked, &figures);
    Ok(report)
}

async fn measure(
    asked: Connections,
    folder: &std::path::Path,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Figures> {
    screen.progress("starting a node");
    let mut house = House::start(folder, asked.connections).await?;
    house.offer(asked.markets).await?;
    let stop = watch::Sender::new(false);
    let mut guests = JoinSet::new();
    let quiet = house.quiet_market().to_owned();
    let mut open = async |from: u32, until: u32, markets: Option<&str>| {
        open_guests(
            &mut guests,
            &house,
            &stop,
            until.saturating_sub(from),
            markets,
        )
        .await
    };
    open(0, WARM_UP, Some(&quiet)).await?;
    tokio::time::sleep(REST).await;
    let empty = house.resident_bytes()?;
    let idle = asked.connections.saturating_sub(asked.busy);
    screen.progress(format_args!("opening {idle} idle sockets"));
    let mark = Mark::now();
    open(WARM_UP, idle, Some(&quiet)).await?;
    tokio::time::sleep(REST).await;
    let with_idle = house.resident_bytes()?;
    screen.progress(format_args!("opening {} busy sockets", asked.busy));
    open(idle, asked.connections, None).await?;
    let opened_s = mark.wall() - REST.as_secs_f64();
    tokio::time::sleep(REST).await;
    let with_all = house.resident_bytes()?;
    screen.progress(format_args!("{} price changes a second", asked.rate));
    let mark = Mark::now();
    house.move_prices(asked.rate, asked.seconds).await?;
    let moved_s = mark.wall();
    let mark = Mark::now();
    house.say_last(asked.markets).await?;
    let told = guests_told(&house, &mut guests, asked.busy).await;
    let told_s = mark.wall();
    let after = house.resident_bytes()?;
    stop.send_replace(true);
    let heard = all_heard(guests).await?;
    house.stop().await?;
    told?;
    ensure!(heard.cut == 0, "{} sockets were cut", heard.cut);
    Ok(Figures {
        opened_s,
        resident: [empty, with_idle, with_all, after],
        idle: idle.saturating_sub(WARM_UP),
        heard,
        moved_s,
        told_s,
    })
}

/// Opens sockets, some at a time.
async fn open_guests(
    guests: &mut JoinSet<anyhow::Result<Heard>>,
    house: &House,
    stop: &watch::Sender<bool>,
    count: u32,
    markets: Option<&str>,
) -> anyhow::Result<()> {
    let mut left = count;
    while left > 0 {
        let batch = left.min(AT_ONCE);
        let opening = (0..batch).map(|_| Guest::open(house.address, markets, house.told()));
        for guest in futures::future::try_join_all(opening).await? {
            guests.spawn(guest.listen(stop.subscribe()));
        }
        left = left.saturating_sub(batch);
    }
    Ok(())
}

/// Until every busy socket has heard the last price.
async fn guests_told(
    house: &House,
    guests: &mut JoinSet<anyhow::Result<Heard>>,
    busy: u32,
) -> anyhow::Result<()> {
    let mut told = house.told().subscribe();
    let all = told.wait_for(|told| *told >= busy);
    let ended = async {
        match guests.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(_)) | Err(_)) | None => anyhow::anyhow!("a socket has ended by itself"),
        }
    };
    tokio::select! {
        all = tokio::time::timeout(PATIENCE, all) => {
            all.context("not every busy socket heard the last price")?.context("the count")?;
            Ok(())
        }
        error = ended => Err(error.context("a socket was lost")),
    }
}

async fn all_heard(mut guests: JoinSet<anyhow::Result<Heard>>) -> anyhow::Result<Heard> {
    let mut all = Heard::default();
    while let Some(heard) = guests.join_next().await {
        all.take(heard.context("a guest has panicked")??);
    }
    Ok(all)
}

fn tell(report: &mut Report, asked: Connections, figures: &Figures) {
    let [empty, with_idle, with_all, after] = figures.resident;
    let each = |from: u64, until: u64, count: u32| {
        rate(until.saturating_sub(from), f64::from(count.max(1)))
    };
    let idle = each(empty, with_idle, figures.idle);
    let busy = each(with_idle, with_all.max(after), asked.busy);
    let one = |value: f64| Spread::of(vec![value]);
    report.figure("connections", asked.connections);
    report.figure("busy", asked.busy);
    report.figure("cut", figures.heard.cut);
    report.figure("resident_bytes_before", empty);
    report.figure("resident_bytes_after", after);
    report.spread("bytes_per_idle_connection", one(idle));
    report.spread("bytes_per_busy_connection", one(busy));
    report.figure("frames", figures.heard.frames);
    report.spread(
        "frames_per_second",
        one(rate(figures.heard.frames, figures.moved_s + figures.told_s)),
    );
    report.spread("last_price_to_all_seconds", one(figures.told_s));
    report.spread("opening_seconds", one(figures.opened_s));
    report.line(format!(
        "{} sockets, {} of them busy: none was cut, every busy one heard the last price ({:.1} s after it)",
        grouped(asked.connections.into()),
        grouped(asked.busy.into()),
        figures.told_s
    ));
    report.line(format!(
        "an idle socket takes {:.1} kB of the node's memory, a busy one {:.1} kB; in all {:.0} MB after {:.0} MB",
        idle / 1e3,
        busy / 1e3,
        rate(after, 1e6),
        rate(empty, 1e6)
    ));
    report.line(format!(
        "{} frames heard in {:.0} s, heartbeats included",
        grouped(figures.heard.frames),
        figures.moved_s + figures.told_s
    ));
}
