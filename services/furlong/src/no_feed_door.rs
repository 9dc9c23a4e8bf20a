//! The feed's door for gRPC, in a binary that was built without it.
//!
//! Duty: say so, and what to do. Prohibition: a setting that asks for a port apart is never passed
//! over.

use crate::config::GrpcPort;
use crate::exit::Failure;
use axum::Router;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Where feeds speak gRPC: nowhere.
#[derive(Debug, Default)]
pub struct FeedDoor {
    /// Whether somebody who reads the settings would expect it.
    expected: bool,
}

impl FeedDoor {
    /// Takes no port.
    ///
    /// # Errors
    /// There should be one.
    pub async fn open(port: GrpcPort, _: IpAddr) -> Result<Self, Failure> {
        let door = match port {
            GrpcPort::Same => Ok(Self { expected: true }),
            GrpcPort::Off => Ok(Self { expected: false }),
            GrpcPort::Own(_) => Err(Failure::Usage(
                "this furlong was built without gRPC; for grpc_port build it without \
                 --no-default-features"
                    .to_owned(),
            )),
        };
        std::future::ready(door).await
    }

    /// Nowhere.
    #[must_use]
    pub fn told(&self, _: SocketAddr) -> String {
        if self.expected {
            "feeds do not speak gRPC here: this furlong was built without the feature grpc"
        } else {
            "feeds do not speak gRPC here"
        }
        .to_owned()
    }

    /// The routes of the gateway's port.
    pub(crate) fn before(
        self,
        gateway: Router,
        _: watch::Receiver<bool>,
    ) -> (Router, Option<(TcpListener, Router)>) {
        (gateway, None)
    }
}
