//! Connections: how many, and what each may keep open for how long.
//!
//! Duty: take connections up to a number in all and from each address, read the heads of requests
//! within bounds of time and size, close what is idle, and end everything in order when the process
//! stops. Prohibition: no byte of a request is judged here beyond its head's size.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of connections of one process"
)]

use super::address::TrustedProxies;
use crate::doorway::ComeBack;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustc_hash::FxHashMap;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower_service::Service;

/// After descriptors ran out, or another passing fault.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// What a client is told for whom there is no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    retry-after: 5\r\n\
    connection: close\r\n\
    content-length: 207\r\n\r\n\
    {\"type\":\"/v1/errors#overloaded\",\"title\":\"Too much to do\",\"status\":503,\
    \"detail\":\"There are too many connections. Ask again after Retry-After.\",\
    \"code\":\"overloaded\",\"retryable\":true,\"request_id\":\"\",\"errors\":[]}";

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open ones in all.
    pub connections: usize,
    /// Open ones from one address. Proxies of the house and this machine itself are many people.
    pub per_address: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Lines of a request's head.
    pub head_lines: usize,
    /// From the first look at a connection, or the last answer on it, to the end of a request's
    /// head: bounds heads that trickle and connections that say nothing.
    pub head_wait: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 12_000,
            per_address: 256,
            head_bytes: 32 * 1024,
            head_lines: 64,
            head_wait: Duration::from_secs(30),
        }
    }
}

/// Who is connected.
#[derive(Default)]
struct Guests {
    all: usize,
    by_address: FxHashMap<IpAddr, usize>,
}

struct Door {
    limits: ConnectionLimits,
    proxies: TrustedProxies,
    guests: Mutex<Guests>,
}

/// A connection that was let in.
struct Guest {
    door: Arc<Door>,
    counted: Option<IpAddr>,
}

impl Door {
    /// None: there is no room.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let address = address.to_canonical();
        let many = address.is_loopback() || self.proxies.has(address);
        let counted = (!many).then_some(address);
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if guests.all >= self.limits.connections {
            return None;
        }
        if let Some(address) = counted {
            let there = guests.by_address.entry(address).or_default();
            if *there >= self.limits.per_address {
                return None;
            }
            *there += 1;
        }
        guests.all += 1;
        Some(Guest {
            door: Arc::clone(self),
            counted,
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let door = &self.door;
        let mut guests = door.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.all = guests.all.saturating_sub(1);
        if let Some(address) = self.counted
            && let Some(there) = guests.by_address.get_mut(&address)
        {
            *there = there.saturating_sub(1);
            if *there == 0 {
                guests.by_address.remove(&address);
            }
        }
    }
}

/// Serves routes on a listener until `stop` says true, and then until every open request is
/// answered and every stream has ended.
pub(crate) async fn serve<R>(
    listener: TcpListener,
    routes: R,
    limits: ConnectionLimits,
    proxies: TrustedProxies,
    mut stop: watch::Receiver<bool>,
) where
    R: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    R::Future: Send + 'static,
{
    let door = Arc::new(Door {
        limits,
        proxies,
        guests: Mutex::default(),
    });
    // Closed when the last connection has dropped its end.
    let (alive, mut gone) = mpsc::channel::<()>(1);
    loop {
        let (stream, address) = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            },
        };
        let Some(guest) = door.admit(address.ip()) else {
            // Best effort: a client that has not begun to read hears nothing, and is gone.
            stream.try_write(NO_ROOM).map(drop).unwrap_or_default();
            continue;
        };
        let (routes, stop, alive) = (routes.clone(), stop.clone(), alive.clone());
        let of_one = !door.proxies.has(address.ip().to_canonical());
        let come_back = of_one.then(ComeBack::default);
        let answering = move |mut request: Request<Body>| {
            request.extensions_mut().insert(ConnectInfo(address));
            if let Some(come_back) = &come_back {
                request.extensions_mut().insert(come_back.clone());
            }
            routes.clone().call(request)
        };
        tokio::spawn(async move {
            if let Err(error) = converse(stream, answering, limits, stop).await {
                tracing::debug!(%error, %address, "a connection ended");
            }
            drop((guest, alive));
        });
    }
    drop((listener, alive));
    gone.recv().await;
}

/// That nobody can say it any more means the same as the word.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.map(drop).unwrap_or(());
}

/// One connection from its first request to its last.
async fn converse<A, F>(
    stream: TcpStream,
    answering: A,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) -> Result<(), hyper::Error>
where
    A: Fn(Request<Body>) -> F + Send + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    // Answers are written whole.
    let no_delay: io::Result<()> = stream.set_nodelay(true);
    if let Err(error) = no_delay {
        tracing::debug!(%error, "no delay cannot be set");
    }
    let answering = service_fn(move |request: Request<Incoming>| answering(request.map(Body::new)));
    #[cfg(feature = "http2")]
    if http2::is_spoken(&stream, limits.head_wait).await {
        return http2::converse(stream, answering, limits, stop).await;
    }
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_wait)
        .max_buf_size(limits.head_bytes)
        .max_header_size(limits.head_bytes)
        .max_headers(limits.head_lines)
        .serve_connection(TokioIo::new(stream), answering)
        .with_upgrades();
    let mut serving = pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stopped(&mut stop) => serving.as_mut().graceful_shutdown(),
    }
    serving.await
}

#[cfg(feature = "http2")]
mod http2;
#[cfg(test)]
mod tests;
