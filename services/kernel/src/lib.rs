//! The language that every part of furlong speaks: money, prices, ids, time, positions, the
//! decider and the names of the invariants.
//!
//! Duty: small value types whose wrong use does not compile, and the two shapes (decider and
//! scenario) in which every business rule is written and tested.
//!
//! Prohibition: nothing here does I/O, reads a clock, draws a random number, uses a float or
//! knows a wire format. A type is moved here only when a second service needs it.

mod decider;
mod four_eyes;
mod id;
mod invariant;
mod money;
mod position;
mod price;
mod scenario;
mod time;

pub use decider::Decider;
pub use four_eyes::{Objection, Proposal};
pub use id::{
    AdjustmentId, BetId, BonusId, CaseId, CashOutQuoteId, CorrelationId, CustomerId, DepositId,
    Digest, FixtureId, FreeBetId, IdParseError, MarketId, RequestId, SelectionId, SessionId,
    TransferId, WithdrawalId,
};
pub use invariant::InvariantId;
pub use money::{Currency, Money, MoneyError};
pub use position::{Offset, Partition, Position, Topic, TopicPartition};
pub use price::{Price, PriceError};
pub use scenario::Scenario;
pub use time::{Duration, Timestamp};
