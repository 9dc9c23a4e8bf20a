//! The claim protocol of a journal partition, searched through to the last state.
//!
//! Duty: three attempts to own a partition, alive at once, with two unread batches of two
//! records each, two inputs, and a network that delays, skips, reorders and repeats whatever was
//! ever sent. In every state that this can reach, what the protocol promises must hold. For
//! each of ten known mistakes a variant makes it, and the search must find the run in which a
//! promise breaks: a model that cannot see a mistake proves nothing about its absence.
//!
//! Prohibition: no code of the engine is used here. The rules are written down a second time,
//! as small as they can be, so that the two can be compared by eye (`eventlog::Chain`).
//!
//! What makes the search small, and why nothing is lost by it:
//!
//! * A crash is an owner that never acts again, and a restart is the next attempt; neither
//!   needs a step of its own. Whatever it had sent is still on its way.
//! * What was sent may be delivered at any later time, again and again, or never. So a batch is
//!   torn and reordered in every way.
//! * A snapshot holds the whole fold. Starting from one and reading the tail is the same as
//!   reading all, so an attempt simply begins with the fold of any prefix of the log.
//! * A record without effect is not kept: no reader does anything with it. Searching with
//!   [`Log::KeepsAll`] does without this step; the tests do that too, with two attempts.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts up to a dozen, in a crate that only tests run"
)]

mod claiming;
mod mistake;
mod model;
mod network;
mod owner;
mod protocol;
mod search;
mod state;

pub use mistake::{Mistake, Mistakes};
pub use model::{Action, Bounds, Log, Model, Step};
pub use protocol::{Answer, Book, Cause, Chain, Judging, Promise, Record};
pub use search::{Counterexample, Outcome, search};
pub use state::State;
