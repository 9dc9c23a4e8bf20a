//! The Betfair exchange stream: messages, the cache that they patch, and updates from it.
//!
//! Duty: read lines as the exchange sends them (live or recorded), keep the ladders that they
//! describe, and tell what a bookmaker needs: state, best prices, withdrawals, result
//! ([`BetfairFeed`]); speak the protocol of a connection ([`Session`]) and turn its bytes to and
//! from lines ([`follow`]). Prohibition: no socket and no clock; whoever has them hands them in.

mod cache;
mod client;
mod message;
mod multiplex;
mod normalise;
mod session;

pub use cache::{CachedMarket, Ladders, MarketCache, ResumeClocks};
pub use client::{Dial, LINE_BYTES_MAX, Stream, follow};
pub use message::{
    BetfairError, ChangeType, MarketChange, MarketChanges, MarketDefinition, MarketStatus, Message,
    Runner, RunnerChange, RunnerStatus, Segment, decode,
};
pub use multiplex::{Multiplexed, Played, multiplex};
pub use normalise::{BetfairFeed, UPSTREAM_LATE};
pub use session::{Access, Act, Session, SessionFailure, Subscription};

#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;
