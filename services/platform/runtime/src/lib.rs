//! The machinery that every service runs on.
//!
//! Duty: the owner of a partition (claim, fold, decide, read back), the readers of journals, the
//! one clock, ids and randomness, configuration, tracing and shutdown.
//!
//! Prohibition: no business rule. The owner is a synchronous machine without I/O; only the thin
//! shells around it (`task`, `tail`) are asynchronous.

mod service;

pub use service::{Command, Context, Event, Rejection, Service, State, Timer, Work, fold};
