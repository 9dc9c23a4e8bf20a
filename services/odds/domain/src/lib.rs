//! The rules of prices and fixtures.
//!
//! Duty: decide what becomes of fixtures, markets, books, results, feed sources and exposure
//! budgets ([`Odds`]), and compute with prices: margin, goal models, what a score makes of a
//! selection.
//!
//! Prohibition: no clock, no randomness, no wire format. Floats live only in the numeric modules
//! ([`margin`], [`goals`]) and at the borders of [`ladder`] and [`shade`], none of which a decision
//! uses: their results are quantised and arrive in commands.

mod book;
mod budget;
mod command;
mod decider;
mod event;
mod explain;
mod fixed;
mod leaning;
mod market;
mod race;
mod rejection;
mod result;
mod ruling;
mod source;
mod state;
mod stop;
mod words;

pub mod goals;
pub mod ladder;
pub mod margin;
pub mod outcome;
pub mod question;
pub mod shade;

pub use budget::{Budgets, PartitionBudget};
pub use command::{
    BudgetNote, Certainty, Command, ExposureTerms, FeedMessage, FeedSuspension, FixtureDescription,
    FixtureProgress, FixtureStatus, MarketKind, MarketOffer, NamedSelection, Outcome, PlaceOffer,
    Placing, RaceDescription, SelectionPrice, SelectionResult, StandingStakes, Update, Window,
    Withdrawal,
};
pub use decider::Odds;
pub use event::{Doubt, Event, ResultWord, SuspensionCause};
pub use explain::{Explanation, Lean, LeanRules, ModelOpinion, ModelParameter, SelectionExposure};
pub use leaning::Leaning;
pub use market::{BookOrigin, CancelWord, Market, OperatorStop, Phase};
pub use rejection::Rejection;
pub use ruling::{Mistake, MistakenPrice, Ruling, RulingRules};
pub use source::{SWEEP_PART, Source, Sweep};
pub use state::{Due, DueAct, Fixture, HEARTBEAT_EVERY, SOURCE_SILENT_AFTER, State, SweepDue};

#[cfg(test)]
mod scenarios;
