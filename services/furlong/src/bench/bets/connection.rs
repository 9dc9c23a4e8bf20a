//! One connection that stays open, from the client's side.
//!
//! Duty: write a request, read its answer, keep the connection. Prohibition: one request at a
//! time; nothing is tried again.

use crate::bench::socket::Socket;
use crate::http::head;
use anyhow::Context;
use std::net::SocketAddr;

/// An open connection.
pub struct Connection {
    socket: Socket,
    /// How much of the last answer is still to be dropped.
    told: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = Socket::open(address).await?;
        Ok(Self { socket, told: 0 })
    }

    /// Sends a request; the answer's status and body.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.socket.drop_first(std::mem::take(&mut self.told));
        self.socket.write(request).await?;
        let (status, begin) = loop {
            if let Some(head) = head(self.socket.read_so_far())? {
                let length = head.body_bytes.context("an answer that tells no length")?;
                let end = head.bytes.saturating_add(length);
                if self.socket.read_so_far().len() >= end {
                    self.told = end;
                    break (head.status, head.bytes);
                }
            }
            self.socket.must_read().await?;
        };
        let body = self.socket.read_so_far().get(begin..self.told);
        Ok((status, body.unwrap_or_default()))
    }
}
