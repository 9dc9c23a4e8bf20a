//! The attack on a running furlong: faults against a fleet of real processes, clients that keep a
//! history, and a checker that believes only that history and the log.
//!
//! Duty: inject what an operating cluster does to us, thousands of times, and count what it
//! damages. Prohibition: nothing here looks into a process; only HTTP, signals, files and the log
//! are used. The crate is a test with a command line, so it may fail loudly.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counters and cents of one run; a run that overflows has failed"
)]

pub mod checker;
pub mod cluster;
pub mod faults;
pub mod feed;
pub mod fleet;
pub mod history;
pub mod http;
pub mod load;
pub mod plan;
pub mod scene;
pub mod session;
pub mod time;
