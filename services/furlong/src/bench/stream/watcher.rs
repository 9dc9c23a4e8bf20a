//! A customer who watches prices on a WebSocket.
//!
//! Duty: open a socket, subscribe to the odds, and tell for every price how long after its time it
//! was seen. A price that was passed over because a newer one of its market came first counts from
//! its own time until then. Prohibition: nothing is sampled, and nothing of the gateway's code is
//! used: these are a stranger's eyes.
#![expect(clippy::float_arithmetic, reason = "microseconds as figures")]

use super::Schedule;
use crate::bench::measure::Mark;
use crate::http::head;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::watch;

const ROOM: usize = 1 << 16;
const TEXT: u8 = 1;
/// The opcode's bits, and those of a length.
const OPCODE: u8 = 0x0f;
const LENGTH: u8 = 0x7f;
/// A client's frames are masked; with zeros it costs nothing.
const MASKED: u8 = 0x80;
const FINAL: u8 = 0x80;

/// An open socket.
pub struct Watcher {
    stream: TcpStream,
    bytes: Vec<u8>,
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
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut watcher = Self {
            stream,
            bytes: Vec::with_capacity(ROOM),
            last: BTreeMap::new(),
            micros: Vec::new(),
            frames: 0,
        };
        let upgrade = format!(
            "GET /v1/stream HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        watcher.write(upgrade.as_bytes()).await?;
        let answered = loop {
            if let Some(head) = head(&watcher.bytes)? {
                break head;
            }
            watcher.read().await?;
        };
        ensure!(answered.status == 101, "no WebSocket: {}", answered.status);
        watcher.bytes.drain(..answered.bytes);
        let subscribe = br#"{"op":"subscribe","channel":"odds","id":1}"#;
        let length = u8::try_from(subscribe.len())?;
        let mut frame = vec![FINAL | TEXT, MASKED | length, 0, 0, 0, 0];
        frame.extend_from_slice(subscribe);
        watcher.write(&frame).await?;
        Ok(watcher)
    }

    /// Watches until `stop`, by this schedule.
    pub async fn watch(
        mut self,
        schedule: Schedule,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Seen> {
        loop {
            while let Some((opcode, text)) = self.frame()? {
                self.frames = self.frames.saturating_add(1);
                if opcode == TEXT {
                    self.take(&text, &schedule)?;
                }
            }
            tokio::select! {
                biased;
                read = self.read() => read?,
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        Ok(Seen {
            micros: self.micros,
            frames: self.frames,
        })
    }

    fn take(&mut self, text: &[u8], schedule: &Schedule) -> anyhow::Result<()> {
        let now = Mark::now();
        let message: Message = serde_json::from_slice(text).context("a frame")?;
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

    /// The next whole frame, if it is there.
    fn frame(&mut self) -> anyhow::Result<Option<(u8, Vec<u8>)>> {
        let [first, second, ..] = *self.bytes.as_slice() else {
            return Ok(None);
        };
        let (begin, length) = match second & LENGTH {
            126 => match self.bytes.get(2..4) {
                Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
                _ => return Ok(None),
            },
            127 => match self.bytes.get(2..10).and_then(|bytes| bytes.first_chunk()) {
                Some(bytes) => (10, usize::try_from(u64::from_be_bytes(*bytes))?),
                None => return Ok(None),
            },
            short => (2_usize, usize::from(short)),
        };
        let end = begin.saturating_add(length);
        let Some(text) = self.bytes.get(begin..end).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.bytes.drain(..end);
        Ok(Some((first & OPCODE, text)))
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        loop {
            self.stream.readable().await?;
            let mut piece = [0; 16_384];
            match self.stream.try_read(&mut piece) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => {
                    self.bytes
                        .extend_from_slice(piece.get(..read).unwrap_or_default());
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn write(&self, mut rest: &[u8]) -> anyhow::Result<()> {
        while !rest.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
