//! As much of the servers' protocols as it takes to see that they answer.
//!
//! No client: no retries, no routing, one question on one connection. Tests of adapters use the adapters.

pub(crate) mod bytes;
pub mod cql;
pub mod http;
pub mod kafka;

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::Context;

/// How long one answer may take. A stopped process accepts connections (the kernel does) and never answers.
const ANSWER: Duration = Duration::from_secs(5);

/// A connection whose reads and writes end after [`ANSWER`].
fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let place = address
        .to_socket_addrs()
        .with_context(|| format!("look up {address}"))?
        .next()
        .with_context(|| format!("{address} has no address"))?;
    let stream = TcpStream::connect_timeout(&place, ANSWER)
        .with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
