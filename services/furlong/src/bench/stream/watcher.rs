//! A customer who watches prices on a WebSocket.
//!
//! Duty: open a socket, subscribe to the odds, and tell for every price how long after its time it
//! was seen. A price that was passed over because a newer one of its market came first counts from
//! its own time until then. Prohibition: nothing is sampled, and nothing of the gateway's code is
//! used: these are a stranger's eyes.
#![expect(clippy::float_arithmetic, reason = "microseconds as figures")]

use super::Schedule;
use crate::bench::measure::Mark;
use crate::bench::socket::Socket;
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::sync::watch;

const TEXT: u8 = 1;
/// The opcode's bits of a frame's first byte.
const OPCODE: u8 = 0x0f;

/// An open socket.
pub struct Watcher {
    socket: Socket,
    /// The last number seen of each market.
    last: BTreeMap<String, u64>,
    /// Microseconds from each price's time.
    micros: Vec<f64>,
    frames: u64,
}

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// Microseconds from each price's time until it, or a newer one of its market, was seen.
    pub micros: Vec<f64>,
    /// Frames that were read.
    pub frames: u64,
}

#[derive(Deserialize)]
struct Message {
    op: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    markets: Vec<Market>,
}

#[derive(Deserialize)]
struct Market {
    name: String,
    selections: Vec<Selection>,
}

#[derive(Deserialize)]
struct Selection {
    price: Option<String>,
}

impl Watcher {
    /// Connects, and subscribes to everything on the board.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let subscribe = r#"{"op":"subscribe","channel":"odds","id":1}"#;
        Ok(Self {
            socket: Socket::subscribed(address, subscribe).await?,
            last: BTreeMap::new(),
            micros: Vec::new(),
            frames: 0,
        })
    }

    /// Watches until `stop`, by this schedule.
    pub async fn watch(
        mut self,
        schedule: Schedule,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Seen> {
        loop {
            while let Some((first, begin, end)) = self.socket.frame()? {
                self.frames = self.frames.saturating_add(1);
                if first & OPCODE == TEXT {
                    let text = self.socket.read_so_far().get(begin..end);
                    let message = serde_json::from_slice(text.unwrap_or_default());
                    self.take(message.context("a frame")?, &schedule)?;
                }
                self.socket.drop_first(end);
            }
            tokio::select! {
                biased;
                read = self.socket.must_read() => read?,
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        Ok(Seen {
            micros: self.micros,
            frames: self.frames,
        })
    }

    fn take(&mut self, message: Message, schedule: &Schedule) -> anyhow::Result<()> {
        let now = Mark::now();
        for market in message.data.map_or_else(Vec::new, |data| data.markets) {
            let price = market.selections.first().and_then(|one| one.price.as_ref());
            let number = price.and_then(|price| Schedule::number_of(price));
            let Some(number) = number else { continue };
            let last = self.last.insert(market.name.clone(), number);
            // What was there before the run is not late.
            let (Some(last), "delta") = (last, message.op.as_str()) else {
                continue;
            };
            for passed in last.saturating_add(1)..=number {
                let due = schedule.due(&market.name, passed)?;
                self.micros.push((schedule.since_start(now) - due) * 1e6);
            }
        }
        Ok(())
    }
}
