//! The gateway: HTTP, server-sent events and WebSocket, on one port.
//!
//! Duty: take requests apart, ask the owners exactly once, answer from the log, and show the
//! views and the tails of the journals to those whom they concern.
//!
//! Prohibition: nothing that counts is decided or kept here, and no other service is named: they
//! meet in `schemas`, and what needs keys, clocks or providers comes through [`ports`].

mod admission;
mod answers;
mod app;
mod asking;
mod assets;
mod avro_json;
mod browsers;
mod doorway;
mod edge;
mod ending;
mod errors;
mod events;
mod extract;
mod hub;
mod ledger_reads;
mod lists;
mod metrics;
mod money;
mod openapi;
mod permissions;
mod picture;
pub mod ports;
mod positions;
mod problem;
mod progress;
mod provenance;
mod refusals;
mod ring;
mod routes;
mod scorelines;
mod shapes;
mod stream;
mod table;
mod ticket;
mod views;

pub use admission::{AdmissionSettings, Bounds, ConnectionLimits, NetworkInvalid, TrustedProxies};
pub use app::{Config, Demo, Gateway, Parts, RateLimit, WITHDRAWAL_REVIEW_UNITS};
pub use errors::{Code, Entry};
pub use hub::Hub;
pub use positions::{Token, TokenInvalid};
