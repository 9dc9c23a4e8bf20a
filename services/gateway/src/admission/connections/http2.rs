//! HTTP/2 without TLS, for clients that know beforehand that it is spoken here.
//!
//! Duty: tell such a client by its first bytes, and bound what it may keep open. Prohibition: no
//! upgrade from HTTP/1.1, and no other routes than the port has.

use super::{ConnectionLimits, stopped};
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How every connection of HTTP/2 begins. No method of HTTP/1.1 that is taken here begins so.
const FIRST_BYTES: &[u8; 3] = b"PRI";
/// Streams that one connection may hold at once.
const STREAMS_MAX: u32 = 16;
/// A connection that is silent is asked whether it lives, and closed if it is not.
const ASK_ALIVE_EVERY: Duration = Duration::from_secs(10);
const ALIVE_WITHIN: Duration = Duration::from_secs(10);

/// Looks at the first bytes of a connection and leaves them there.
pub(super) async fn is_spoken(stream: &TcpStream, wait: Duration) -> bool {
    let mut first = [0; FIRST_BYTES.len()];
    let looked = tokio::time::timeout(wait, stream.peek(&mut first)).await;
    // What says nothing or is broken is ended where HTTP/1.1 is spoken.
    matches!(looked, Ok(Ok(_))) && first == *FIRST_BYTES
}

/// One connection from its first request to its last.
pub(super) async fn converse<A>(
    stream: TcpStream,
    answering: A,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) -> Result<(), hyper::Error>
where
    A: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    A::Future: Send + 'static,
{
    let head_bytes = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
    let serving = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(head_bytes)
        .keep_alive_interval(Some(ASK_ALIVE_EVERY))
        .keep_alive_timeout(ALIVE_WITHIN)
        .serve_connection(TokioIo::new(stream), answering);
    let mut serving = pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stopped(&mut stop) => serving.as_mut().graceful_shutdown(),
    }
    serving.await
}
