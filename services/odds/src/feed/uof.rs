//! A feed in XML, as the public documentation of the Unified Odds Feed describes it.
//!
//! Duty: read its messages ([`Message::read`]), keep each producer's up and down with its recoveries
//! ([`Producer`]), and tell updates ([`UofFeed`]). Each producer is a source of its own
//! (`uof/1`, `uof/3`); they share their markets, so that one may take over from the other.
//!
//! Prohibition: no connection and no clock. Messages come in with the time of their arrival; what
//! must be asked of the other side comes out as [`Ask`]. Nothing here waits: whatever a message
//! holds, the next one can be taken at once, so that the queue never fills.

mod catalogue;
mod factors;
mod feed;
mod message;
mod producer;
mod told;
mod xml;

pub use catalogue::{Catalogue, KindRule, MarketDescription};
pub use factors::{FactorError, outcome};
pub use feed::{FixtureWords, Heard, Terms, UofFeed};
pub use message::{Message, UofError};
pub use producer::{Ask, Condition, Producer};
pub use xml::{DEPTH_MAX, ELEMENTS_MAX, MESSAGE_BYTES_MAX, XmlError};

#[cfg(test)]
mod tests;
