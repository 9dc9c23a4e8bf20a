//! Somebody with a socket: subscribes, hears, and looks at no more than he must.
//!
//! Duty: count frames, and say when the last price was heard. Prohibition: nothing is kept of what
//! was heard: thousands of guests share a process.

use super::house::LAST_PRICE;
use crate::http::head;
use anyhow::{Context, bail, ensure};
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::watch;

const FINAL_TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const LENGTH: u8 = 0x7f;
/// A client's frames are masked; with zeros it costs nothing.
const MASKED: u8 = 0x80;
const PIECE: usize = 16_384;

/// What was heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Frames.
    pub frames: u64,
    /// Sockets that the node has closed.
    pub cut: u64,
}

impl Heard {
    /// Adds another's.
    pub fn take(&mut self, other: Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.cut = self.cut.saturating_add(other.cut);
    }
}

/// One with an open socket.
pub struct Guest {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// Told once, by those who watch everything.
    told: Option<watch::Sender<u32>>,
    heard: Heard,
}

impl Guest {
    /// Connects and subscribes to a market; none: to all of them, and tells when it has heard the
    /// last price.
    pub async fn open(
        address: SocketAddr,
        market: Option<&str>,
        told: &watch::Sender<u32>,
    ) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let mut guest = Self {
            stream,
            bytes: Vec::new(),
            told: market.is_none().then(|| told.clone()),
            heard: Heard::default(),
        };
        let upgrade = format!(
            "GET /v1/stream HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        guest.write(upgrade.as_bytes()).await?;
        let answered = loop {
            if let Some(head) = head(&guest.bytes)? {
                break head;
            }
            ensure!(guest.read().await?, "hung up on");
        };
        ensure!(answered.status == 101, "no WebSocket: {}", answered.status);
        guest.bytes.drain(..answered.bytes);
        let subscribe = match market {
            Some(id) => {
                format!("{{\"op\":\"subscribe\",\"channel\":\"odds\",\"markets\":[\"{id}\"]}}")
            }
            None => "{\"op\":\"subscribe\",\"channel\":\"odds\"}".to_owned(),
        };
        let length = u8::try_from(subscribe.len()).ok();
        let length = length
            .filter(|length| *length < 126)
            .context("a short frame")?;
        let mut frame = vec![FINAL_TEXT, MASKED | length, 0, 0, 0, 0];
        frame.extend_from_slice(subscribe.as_bytes());
        guest.write(&frame).await?;
        Ok(guest)
    }

    /// Listens until `stop`, or until the node closes.
    pub async fn listen(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<Heard> {
        loop {
            while self.take_frame()? {}
            let open = tokio::select! {
                biased;
                read = self.read() => read?,
                _ = stop.wait_for(|stop| *stop) => return Ok(self.heard),
            };
            if !open {
                self.heard.cut = 1;
                bail!("the node hung up");
            }
        }
    }

    /// Takes the next whole frame, if it is there.
    fn take_frame(&mut self) -> anyhow::Result<bool> {
        let [first, second, ..] = *self.bytes.as_slice() else {
            return Ok(false);
        };
        let (begin, length) = match second & LENGTH {
            126 => match self.bytes.get(2..4) {
                Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
                _ => return Ok(false),
            },
            127 => match self.bytes.get(2..10).and_then(|bytes| bytes.first_chunk()) {
                Some(bytes) => (10, usize::try_from(u64::from_be_bytes(*bytes))?),
                None => return Ok(false),
            },
            short => (2_usize, usize::from(short)),
        };
        let end = begin.saturating_add(length);
        let Some(text) = self.bytes.get(begin..end) else {
            return Ok(false);
        };
        ensure!(
            first != CLOSE,
            "the node closed: {}",
            String::from_utf8_lossy(text)
        );
        self.heard.frames = self.heard.frames.saturating_add(1);
        let last = LAST_PRICE.as_bytes();
        if self.told.is_some() && text.windows(last.len()).any(|window| window == last) {
            let told = self.told.take().context("told once")?;
            told.send_modify(|count| *count = count.saturating_add(1));
        }
        self.bytes.drain(..end);
        if self.bytes.is_empty() && self.bytes.capacity() > PIECE {
            self.bytes = Vec::new();
        }
        Ok(true)
    }

    /// False: the node hung up.
    async fn read(&mut self) -> anyhow::Result<bool> {
        loop {
            self.stream.readable().await?;
            let mut piece = [0; PIECE];
            match self.stream.try_read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.bytes
                        .extend_from_slice(piece.get(..read).unwrap_or_default());
                    return Ok(true);
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
