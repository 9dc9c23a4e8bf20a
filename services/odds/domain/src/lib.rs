//! The rules of prices and fixtures: margin, goal models, what a score makes of a selection.
//!
//! Duty: everything about prices that can be decided or computed without the outside.
//! Prohibition: no clock, no randomness, no wire format; floats only in the numeric modules
//! ([`margin`], [`goals`], [`ladder`]), whose results are quantised before anybody decides on
//! them.

pub mod goals;
pub mod ladder;
pub mod margin;
pub mod outcome;
