//! One connection that stays open, from the client's side.
//!
//! Duty: write a request, read its answer, keep the connection. Prohibition: one request at a
//! time; nothing is tried again.

use crate::http::head;
use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// An open connection.
pub struct Connection {
    stream: TcpStream,
    /// Room for an answer.
    bytes: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            bytes: Vec::with_capacity(4_096),
        })
    }

    /// Sends a request; the answer's status and body.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.write(request).await?;
        self.bytes.clear();
        loop {
            if let Some(head) = head(&self.bytes)? {
                let length = head.body_bytes.context("an answer that tells no length")?;
                let end = head.bytes.saturating_add(length);
                if self.bytes.len() >= end {
                    let body = self.bytes.get(head.bytes..end).unwrap_or_default();
                    return Ok((head.status, body));
                }
            }
            self.stream.readable().await?;
            let mut piece = [0; 4_096];
            match self.stream.try_read(&mut piece) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => self.bytes.extend(piece.iter().take(read)),
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
