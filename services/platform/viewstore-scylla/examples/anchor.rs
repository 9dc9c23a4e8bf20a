//! The adapter against the driver alone, in turns, on a server that is started for it.
//!
//! Duty: print rows a second of both and their ratio. Prohibition: nothing but what
//! `viewstore_scylla::anchor` offers is measured.
#![expect(
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "it measures and prints"
)]

use std::time::{Duration, Instant};
use viewstore_scylla::Settings;
use viewstore_scylla::anchor::{Anchor, Load};

const ROUNDS: u64 = 7;

fn main() -> anyhow::Result<()> {
    let server = stack::cassandra();
    let mut settings = Settings::new(server.contact_points(), "anchor");
    settings.replication = 1;
    settings.timeout = Duration::from_secs(10);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure(settings))
}

async fn measure(settings: Settings) -> anyhow::Result<()> {
    let anchor = Anchor::connect(settings).await?;
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let load = Load::of(round, 8, 400);
        let rows = load.rows() as f64;
        let bound = Anchor::bind(load.clone())?;
        let (mut adapter, mut driver) = (0.0, 0.0);
        let mut bound = Some(bound);
        let mut load = Some(load);
        for turn in 0..2 {
            let began = Instant::now();
            if (turn + round) % 2 == 0 {
                anchor
                    .by_adapter(load.take().unwrap_or_else(|| Load::of(0, 0, 0)))
                    .await?;
                adapter = rows / began.elapsed().as_secs_f64();
            } else if let Some(bound) = bound.take() {
                anchor.by_driver(bound).await?;
                driver = rows / began.elapsed().as_secs_f64();
            }
        }
        println!(
            "round {round}: {rows:.0} rows, adapter {adapter:.0}/s, driver {driver:.0}/s, ratio {:.3}",
            adapter / driver
        );
        if round > 0 {
            ratios.push(adapter / driver);
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "ratio, median of {ROUNDS}: {:.3} ({:.3} to {:.3})",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
    Ok(())
}
