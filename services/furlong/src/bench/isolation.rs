//! `furlong bench isolation`: whether one pathological market is felt on the others.
//!
//! Duty: singles on ordinary markets at a fixed rate, in turns without and with a market of
//! thousands of outcomes beside them, whose whole book is told again and again and on which
//! goliaths storm in. Prohibition: the figure is the quotient of the two in one run; nothing is
//! left out of it.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::bets::connection::Connection;
use super::bets::world::{SELECTIONS_PER_MARKET, Slips, World, nth};
use super::bets::{Crowd, Done, Noise};
use super::measure::{Report, Spread, percentile};
use crate::admission::AdmissionOptions;
use crate::screen::Screen;
use anyhow::{Context, ensure};
use clap::Args;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What to ask for.
#[derive(Clone, Copy, Debug, Args)]
pub struct Isolation {
    /// Outcomes of the pathological market
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    outcomes: u32,
    /// Its books a second, each with all prices
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    books: u32,
    /// Goliaths (247 lines) a second with a leg on it
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    goliaths: u32,
    /// Singles a second on the other markets
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Turns without and with noise; the median quotient counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(3..=51))]
    turns: u32,
    /// Seconds of each half of a turn
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

/// Legs of a goliath.
const LEGS: usize = 8;
/// How often it is looked whether it may be loud.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// After noise, the services finish what they have.
const CALM: Duration = Duration::from_secs(1);

/// What the noise has come to.
#[derive(Default)]
struct Counted {
    books: AtomicU64,
    goliaths: AtomicU64,
    refused: AtomicU64,
}

/// Each half of each turn.
#[derive(Default)]
struct Halves {
    p50: Vec<f64>,
    p99: Vec<f64>,
    bets: u64,
}

pub fn run(asked: Isolation, screen: &mut Screen<'_>) -> anyhow::Result<Report> {
    let mut report = Report::begin("isolation");
    let admission = AdmissionOptions::default();
    let (quiet, noisy, counted) = World::measured(admission, screen, async |world, screen| {
        screen.progress(format_args!("offering a market of {}", asked.outcomes));
        let noise = world.noise(asked.outcomes).await?;
        let goliaths = goliaths(world, &noise);
        let mut crowd = Crowd::of(world.address, &world.slips).await?;
        // The first bets of a process meet empty caches.
        crowd.bet(asked.rate, 1.0).await?;
        take_turns(asked, world, &mut crowd, noise, goliaths, screen).await
    })?;
    tell(&mut report, asked, &quiet, &noisy, &counted);
    Ok(report)
}

/// One leg on the noisy market, seven on others of other fixtures.
fn goliaths(world: &World, noise: &Noise) -> Vec<Vec<(String, u64)>> {
    let others: Vec<&(String, u64)> = world
        .slips
        .selections()
        .iter()
        .step_by(SELECTIONS_PER_MARKET)
        .collect();
    let one = |(place, noisy): (usize, &(String, u64))| {
        let from = others.iter().cycle().skip(place);
        let beside = from.take(LEGS.saturating_sub(1));
        let mut legs = vec![noisy.clone()];
        legs.extend(beside.map(|leg| (*leg).clone()));
        legs
    };
    noise.selections.iter().enumerate().map(one).collect()
}

async fn take_turns(
    asked: Isolation,
    world: &World,
    crowd: &mut Crowd,
    noise: Noise,
    goliaths: Vec<Vec<(String, u64)>>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<(Halves, Halves, Counted)> {
    let (mut quiet, mut noisy) = (Halves::default(), Halves::default());
    let counted = Arc::new(Counted::default());
    let loud = Arc::new(AtomicBool::new(false));
    let over = Arc::new(AtomicBool::new(false));
    let storm = Storm {
        asked,
        slips: Arc::clone(&world.slips),
        goliaths,
        counted: Arc::clone(&counted),
        loud: Arc::clone(&loud),
        over: Arc::clone(&over),
    };
    let address = world.address;
    // Noise has a thread of its own, so that making it does not hold up who measures.
    let noisemaker = std::thread::spawn(move || -> anyhow::Result<()> {
        let thread = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("a thread")?;
        thread.block_on(async {
            let connection = Connection::open(address).await?;
            tokio::try_join!(storm.books(noise), storm.goliaths(connection))?;
            Ok(())
        })
    });
    let seconds = f64::from(asked.seconds);
    for turn in 1..=asked.turns {
        screen.progress(format_args!("turn {turn} of {}", asked.turns));
        quiet.take(crowd.bet(asked.rate, seconds).await?)?;
        loud.store(true, Ordering::Relaxed);
        let done = crowd.bet(asked.rate, seconds).await;
        loud.store(false, Ordering::Relaxed);
        noisy.take(done?)?;
        tokio::time::sleep(CALM).await;
    }
    over.store(true, Ordering::Relaxed);
    noisemaker.join().ok().context("the noise has panicked")??;
    let counted = Arc::into_inner(counted).context("the noise goes on")?;
    ensure!(
        asked.books == 0 || counted.books.load(Ordering::Relaxed) > 0,
        "no book of the noisy market was told"
    );
    Ok((quiet, noisy, counted))
}

/// Who makes the noise.
struct Storm {
    asked: Isolation,
    slips: Arc<Slips>,
    goliaths: Vec<Vec<(String, u64)>>,
    counted: Arc<Counted>,
    loud: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Storm {
    /// Whether to go on; waits while it is to be quiet, and between two of so many a second.
    async fn next(&self, a_second: u32) -> bool {
        tokio::time::sleep(
            Duration::from_secs(1)
                .checked_div(a_second.max(1))
                .unwrap_or(CALM),
        )
        .await;
        while !self.loud.load(Ordering::Relaxed) {
            if self.over.load(Ordering::Relaxed) {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        true
    }

    async fn books(&self, mut noise: Noise) -> anyhow::Result<()> {
        while self.asked.books > 0 && self.next(self.asked.books).await {
            noise.tell().await?;
            self.counted.books.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn goliaths(&self, mut connection: Connection) -> anyhow::Result<()> {
        let mut number = 0_u64;
        while self.asked.goliaths > 0 && self.next(self.asked.goliaths).await {
            let legs = nth(&self.goliaths, number).context("there are goliaths")?;
            let request = self
                .slips
                .goliath(number, legs)
                .context("there are customers")?;
            let (status, _) = connection.ask(&request).await?;
            let count = if status == 201 || status == 202 {
                &self.counted.goliaths
            } else {
                &self.counted.refused
            };
            count.fetch_add(1, Ordering::Relaxed);
            number = number.saturating_add(1);
        }
        Ok(())
    }
}

impl Halves {
    fn take(&mut self, done: Done) -> anyhow::Result<()> {
        ensure!(
            done.errors == 0,
            "{} bets failed: {}",
            done.errors,
            done.error.unwrap_or_default()
        );
        ensure!(
            done.lost == 0,
            "{} bets were not begun: lower --rate",
            done.lost
        );
        self.p50.push(percentile(&done.micros, 50));
        self.p99.push(percentile(&done.micros, 99));
        let bets = u64::try_from(done.micros.len()).unwrap_or(u64::MAX);
        self.bets = self.bets.saturating_add(bets);
        Ok(())
    }
}

fn quotients(noisy: &[f64], quiet: &[f64]) -> Spread {
    Spread::of(
        noisy
            .iter()
            .zip(quiet)
            .map(|(n, q)| n / q.max(1e-9))
            .collect(),
    )
}

fn tell(report: &mut Report, asked: Isolation, quiet: &Halves, noisy: &Halves, counted: &Counted) {
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let (p50, p99) = (
        quotients(&noisy.p50, &quiet.p50),
        quotients(&noisy.p99, &quiet.p99),
    );
    report.figure("outcomes", asked.outcomes);
    report.figure("rate_per_second", asked.rate);
    report.figure("books", count(&counted.books));
    report.figure("goliaths", count(&counted.goliaths));
    report.figure("goliaths_refused", count(&counted.refused));
    for (halves, prefix) in [(quiet, "quiet_"), (noisy, "noisy_")] {
        report.figure(&format!("{prefix}bets"), halves.bets);
        report.spread(&format!("{prefix}p50_us"), Spread::of(halves.p50.clone()));
        report.spread(&format!("{prefix}p99_us"), Spread::of(halves.p99.clone()));
    }
    report.spread("p50_ratio", p50);
    report.spread("p99_ratio", p99);
    report.line(format!(
        "beside a market of {} outcomes: {} books of it, {} goliaths on it ({} refused)",
        asked.outcomes,
        count(&counted.books),
        count(&counted.goliaths),
        count(&counted.refused)
    ));
    for (name, halves) in [("without", quiet), ("with", noisy)] {
        let median = |of: &Vec<f64>| Spread::of(of.clone()).median / 1e3;
        report.line(format!(
            "{name:<8} {} singles elsewhere: p50 {:>7.2} ms   p99 {:>7.2} ms",
            halves.bets,
            median(&halves.p50),
            median(&halves.p99)
        ));
    }
    report.line(format!(
        "ratio    p50 {:.2} ({:.2} to {:.2})   p99 {:.2} ({:.2} to {:.2})",
        p50.median, p50.min, p50.max, p99.median, p99.min, p99.max
    ));
}
