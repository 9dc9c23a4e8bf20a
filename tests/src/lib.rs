//! The whole system under test: the simulated world in which every service runs under a log
//! that misbehaves, from one seed.
//!
//! Duty: drive the real owners, projections and the auditor; nothing of the system is replaced
//! but the log, the clock and the network. Prohibition: no socket, no disk, no sleep.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    reason = "a test harness: it counts small numbers and fails by panicking"
)]

pub mod adjustments;
pub mod client;
pub mod machine;
pub mod promotions;
pub mod protection;
pub mod reviews;
pub mod sabotage;
pub mod streams;
pub mod views;
pub mod world;
