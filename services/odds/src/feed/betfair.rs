//! The Betfair exchange stream: messages, the cache that they patch, and updates from it.
//!
//! Duty: read lines as the exchange sends them (live or recorded), keep the ladders that they
//! describe, and tell what a bookmaker needs: state, best prices, result. Prohibition: no
//! connection; whoever owns the socket asks [`MarketCache::resume`] where to go on.

mod cache;
mod message;
mod normalise;

pub use cache::{CachedMarket, Ladders, MarketCache, ResumeClocks};
pub use message::{
    BetfairError, ChangeType, MarketChange, MarketChanges, MarketDefinition, MarketStatus, Message,
    Runner, RunnerChange, RunnerStatus, Segment, decode,
};
pub use normalise::BetfairFeed;

#[cfg(test)]
mod tests;
