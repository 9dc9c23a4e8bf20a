//! The real binary under attack, from outside.
//!
//! Duty: what a customer, a vandal, an operator and a power cut can do to a running
//! `furlong dev --data`, with a client that believes only what it was answered. Prohibition:
//! nothing here looks into the process; only HTTP, signals, files and exit codes are used.
//!
//! One program for all of it, because linking the engine takes longer than running it.
//! `FURLONG_KILLS=n` changes the number of kills, `FURLONG_SEED=n` repeats a run's choices.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counters and cents of one run; a test that overflows has failed"
)]

mod canaries;
mod cash_out;
mod conformance;
mod folder;
mod garbage;
mod history;
mod http;
mod kill;
mod promotions;
mod races;
mod rig;
mod sportsbook;
mod websocket;
