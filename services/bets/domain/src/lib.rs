//! The rules of betting slips, from placement to the last settlement, for one partition.
//!
//! Duty: judge slips and work out to the last fraction what they pay. Prohibition: no money moves
//! here (the ledger answers what bets records), no price is looked up, no clock is read: evidence
//! and time arrive with the command.

pub mod settlement;
