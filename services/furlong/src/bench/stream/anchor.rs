//! What the machine itself takes: bytes of the same size to as many sockets, with nothing between.
//!
//! Duty: at the same times as the prices, write a frame to every socket and measure until each
//! reader has it whole. Prohibition: no log, no JSON, no fold.
#![expect(clippy::float_arithmetic, reason = "microseconds as figures")]

use super::Schedule;
use crate::bench::measure::Mark;
use anyhow::Context;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Bytes of a frame: a market with three prices.
const FRAME: usize = 600;

/// Microseconds from each due time until each reader had the frame.
pub async fn measure(schedule: Schedule, sockets: u32) -> anyhow::Result<Vec<f64>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (mut readers, mut writers) = (Vec::new(), Vec::new());
    for _ in 0..sockets {
        let (reader, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let writer = accepted?.0;
        writer.set_nodelay(true)?;
        readers.push(reader?);
        writers.push(writer);
    }
    let start = Mark::now();
    let schedule = schedule.starting(start);
    let mut reading = JoinSet::new();
    for mut reader in readers {
        reading.spawn(async move {
            let mut micros = Vec::new();
            let mut frame = [0; FRAME];
            for change in 0..schedule.changes() {
                reader.read_exact(&mut frame).await.context("a frame")?;
                let late = schedule.since_start(Mark::now()) - schedule.due_of(change);
                micros.push(late * 1e6);
            }
            anyhow::Ok(micros)
        });
    }
    let mut next = 0;
    while next < schedule.changes() {
        while next < schedule.due_changes(Mark::now()) {
            for writer in &mut writers {
                writer.write_all(&[7; FRAME]).await?;
            }
            next = next.saturating_add(1);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut all = Vec::new();
    while let Some(read) = reading.join_next().await {
        all.extend(read.context("a reader has panicked")??);
    }
    Ok(all)
}
