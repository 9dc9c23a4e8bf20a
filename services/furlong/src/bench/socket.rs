//! A client's end of a connection: bytes in and out, and the frames of a WebSocket.
//!
//! Duty: one way to read and write for all who measure from outside. Prohibition: nothing of the
//! gateway's code is used, and nothing is tried again.

use crate::http::head;
use anyhow::{Context, bail, ensure};
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// What is read at once.
const PIECE: usize = 16_384;
const FINAL_TEXT: u8 = 0x81;
const LENGTH: u8 = 0x7f;
/// A client's frames are masked; with zeros it costs nothing.
const MASKED: u8 = 0x80;
/// Longer texts have another head, which no question here needs.
const SHORT_MAX: usize = 125;

/// An open connection, and what was read of it and not taken yet.
pub struct Socket {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Socket {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            bytes: Vec::new(),
        })
    }

    /// Connects to the stream of the API and asks for something there.
    pub async fn subscribed(address: SocketAddr, subscribe: &str) -> anyhow::Result<Self> {
        let mut socket = Self::open(address).await?;
        let upgrade = format!(
            "GET /v1/stream HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write(upgrade.as_bytes()).await?;
        let answered = loop {
            if let Some(head) = head(socket.read_so_far())? {
                break head;
            }
            socket.must_read().await?;
        };
        ensure!(answered.status == 101, "no WebSocket: {}", answered.status);
        socket.drop_first(answered.bytes);
        ensure!(subscribe.len() <= SHORT_MAX, "a short frame");
        let length = u8::try_from(subscribe.len()).context("a short frame")?;
        let mut frame = vec![FINAL_TEXT, MASKED | length, 0, 0, 0, 0];
        frame.extend_from_slice(subscribe.as_bytes());
        socket.write(&frame).await?;
        Ok(socket)
    }

    /// What was read and not taken.
    pub fn read_so_far(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes so many bytes. An idle socket of thousands keeps no room that one long frame needed.
    pub fn drop_first(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
        if self.bytes.is_empty() && self.bytes.capacity() > PIECE {
            self.bytes = Vec::new();
        }
    }

    /// The next whole frame, if it is there: its first byte, and where its text begins and ends in
    /// what was read.
    pub fn frame(&self) -> anyhow::Result<Option<(u8, usize, usize)>> {
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
        Ok((end <= self.bytes.len()).then_some((first, begin, end)))
    }

    /// Waits for more. False: the other side hung up.
    pub async fn read(&mut self) -> anyhow::Result<bool> {
        loop {
            self.stream.readable().await?;
            let mut piece = [0; PIECE];
            match self.stream.try_read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    let read = piece.get(..read).unwrap_or_default();
                    self.bytes.extend_from_slice(read);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for more, and takes a hang-up for an error.
    pub async fn must_read(&mut self) -> anyhow::Result<()> {
        if self.read().await? {
            Ok(())
        } else {
            bail!("the server hung up")
        }
    }

    /// Sends all of it.
    pub async fn write(&self, mut rest: &[u8]) -> anyhow::Result<()> {
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
