//! Fraud's rules: what behaviour is worth an analyst's time, and what follows at once.
//!
//! Duty: turn observed facts about customers into scores whose reasons add up, open a case when
//! a score crosses a threshold, restrict stakes when it crosses a higher one, and carry out what
//! analysts decide. The journal holds the observations themselves, so a replay of it alone gives
//! the same scores.
//!
//! Prohibition: no other journal is looked at, nothing here is random, and what no rule reads is
//! not kept. Memory is bounded per customer (rings and hourly sums) and per market, and what has
//! left every window is forgotten.

mod command;
mod customer;
mod decide;
mod event;
mod rejection;
mod rules;
mod state;
mod tape;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;

pub use command::{CloseCase, Command, Observation, Restrict};
pub use customer::{BelowThreshold, BetSeen, Customer, HourOfMoney};
pub use decide::Fraud;
pub use event::{BetTaken, Event, Fact, LegTaken, Reason, TakenBefore, Verdict};
pub use rejection::Rejection;
pub use rules::{
    CASE_FROM_PERMILLE, RESTRICT_FROM_PERMILLE, RESTRICTED_STAKE_PERMILLE, RULES_VERSION, RuleId,
    UnknownRule, WHOLE_STAKE_PERMILLE,
};
pub use state::State;
pub use tape::{PRICE_MOVE_WINDOW, Tape, TapedLeg};
