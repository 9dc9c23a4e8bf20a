//! The feed's door for gRPC, on the gateway's port or on one of its own.
//!
//! Duty: stand `feed-grpc` before the gateway's own routes, so that what a source says over gRPC
//! goes the way of `POST /v1/feed/updates`: the same sign-in, the same counts, the same answer.
//! Prohibition: no other route can be reached through it.

use crate::config::GrpcPort;
use crate::exit::Failure;
use crate::front::listen;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use feed_grpc::{Caller, Desk, Limits, PATH, Posted, service};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;

/// More than any answer to a batch has.
const ANSWER_BYTES_MAX: usize = 1 << 22;

/// Where feeds speak gRPC.
#[derive(Debug, Default)]
pub enum FeedDoor {
    /// On the gateway's port.
    #[default]
    Beside,
    /// Nowhere.
    Shut,
    /// On a port of its own, which is taken already.
    Apart(TcpListener),
}

impl FeedDoor {
    /// Takes the port, if it is one of its own.
    ///
    /// # Errors
    /// The port cannot be taken.
    pub async fn open(port: GrpcPort, address: IpAddr) -> Result<Self, Failure> {
        Ok(match port {
            GrpcPort::Same => Self::Beside,
            GrpcPort::Off => Self::Shut,
            GrpcPort::Own(port) => Self::Apart(listen(SocketAddr::new(address, port)).await?),
        })
    }

    /// Where that is, for whoever starts the process, beside the gateway's address.
    #[must_use]
    pub fn told(&self, gateway: SocketAddr) -> String {
        match self {
            Self::Beside => format!("feeds speak gRPC on {gateway}"),
            Self::Shut => "feeds do not speak gRPC here".to_owned(),
            Self::Apart(listener) => match listener.local_addr() {
                Ok(address) => format!("feeds speak gRPC on {address}"),
                Err(error) => format!("feeds speak gRPC on a port that cannot be told: {error}"),
            },
        }
    }

    /// The routes of the gateway's port, and those of a port of the door's own. Streams end when
    /// `stop` becomes true.
    pub(crate) fn before(
        self,
        gateway: Router,
        stop: watch::Receiver<bool>,
    ) -> (Router, Option<(TcpListener, Router)>) {
        let desk = Arc::new(Routes(gateway.clone()));
        let door =
            |routes: Router| routes.route_service(PATH, service(desk, Limits::default(), stop));
        match self {
            Self::Beside => (door(gateway), None),
            Self::Shut => (gateway, None),
            Self::Apart(listener) => (gateway, Some((listener, door(Router::new())))),
        }
    }
}

struct Routes(Router);

impl Desk for Routes {
    fn post(&self, caller: Caller, lines: String) -> BoxFuture<'static, Posted> {
        let routes = self.0.clone();
        async move {
            let mut request =
                Request::post("/v1/feed/updates").header(CONTENT_TYPE, "application/x-ndjson");
            if let Some(word) = caller.authorization {
                request = request.header(AUTHORIZATION, word);
            }
            if let Some(trace) = caller.traceparent {
                request = request.header("traceparent", trace);
            }
            let Ok(request) = request.body(Body::from(lines)) else {
                return (400, Vec::new());
            };
            let answer = match routes.oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let status = answer.status().as_u16();
            match to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await {
                Ok(body) => (status, body.to_vec()),
                // What was taken is a repeat when it is said again.
                Err(_) => (503, Vec::new()),
            }
        }
        .boxed()
    }
}
