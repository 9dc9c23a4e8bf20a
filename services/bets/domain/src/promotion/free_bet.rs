//! A token for one bet.

use super::Given;
use crate::rejection::Rejection;
use kernel::{BetId, FreeBetId, Money, Timestamp};
use std::collections::BTreeSet;

/// A token for one bet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeBet {
    /// Its name.
    pub id: FreeBetId,
    /// What it pays of a stake at most.
    pub value: Money,
    /// Whether what it pays of the stake belongs to the return.
    pub stake_returned: bool,
    /// On which conditions it was given.
    pub given: Given,
    /// The bets that have it. More than one only after a void that gave it back was withdrawn when
    /// it was staked again already; the house bears that.
    pub used_by: BTreeSet<BetId>,
}

impl FreeBet {
    /// It may be staked now.
    pub(super) fn must_be_usable(&self, at: Timestamp) -> Result<(), Rejection> {
        if !self.used_by.is_empty() {
            return Err(Rejection::FreeBetUsed { free_bet: self.id });
        }
        if self.given.expires_at <= at {
            return Err(Rejection::FreeBetExpired {
                expired_at: self.given.expires_at,
            });
        }
        Ok(())
    }
}
