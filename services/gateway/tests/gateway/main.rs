//! The gateway from outside: requests go in through the router, the owners are played by the
//! tests on a log in memory.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails, and its numbers are small"
)]

mod adjustments;
mod admission;
mod audit;
mod browsers;
mod calc;
mod cash_out;
mod degraded;
mod described;
mod edges;
mod lean;
mod money;
mod offer;
mod payments;
mod people;
mod placing;
mod prices;
mod promotions;
mod protection;
mod referral;
mod reoffer;
mod risk;
mod rulings;
mod socket;
mod systems;
mod withdrawals;
mod world;
