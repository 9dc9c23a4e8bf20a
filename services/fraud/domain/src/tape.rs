//! The bets that were taken on one market in the last moments.
//!
//! Duty: tell which bets had a longer price than a book that comes just after them.
//! Prohibition: nothing older than a minute and never more than the newest few hundred legs.

use crate::event::TakenBefore;
use kernel::{BetId, CustomerId, Duration, Price, SelectionId, Timestamp};
use std::collections::VecDeque;

/// A bet counts as taken just before a move when the move comes within this time.
pub const PRICE_MOVE_WINDOW: Duration = Duration::from_secs(10);
/// Books come in through another partition and may be read later than they were decided.
pub(crate) const TAPE_KEEPS: Duration = Duration::from_secs(60);
/// The most legs of one market that are remembered.
const LEGS_MAX: usize = 256;

/// One leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapedLeg {
    /// When the bet was placed.
    pub at: Timestamp,
    /// Whose bet.
    pub customer: CustomerId,
    /// The bet.
    pub bet: BetId,
    /// The selection.
    pub selection: SelectionId,
    /// The price that it was taken at.
    pub price: Price,
}

/// The newest legs of one market, in the order in which they were observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// The legs.
    pub legs: VecDeque<TapedLeg>,
    /// The newest leg's time.
    pub newest: Timestamp,
}

impl Tape {
    pub(crate) fn push(&mut self, leg: TapedLeg) {
        self.newest = self.newest.max(leg.at);
        let horizon = self.newest.minus(TAPE_KEEPS);
        while self.legs.front().is_some_and(|old| old.at < horizon) {
            self.legs.pop_front();
        }
        if self.legs.len() >= LEGS_MAX {
            self.legs.pop_front();
        }
        self.legs.push_back(leg);
    }

    /// The legs whose selection has a shorter price in a book of that time.
    pub(crate) fn beaten_by<'a>(
        &'a self,
        at: Timestamp,
        prices: &'a [(SelectionId, Price)],
    ) -> impl Iterator<Item = &'a TapedLeg> {
        let from = at.minus(PRICE_MOVE_WINDOW);
        self.legs.iter().filter(move |leg| {
            leg.at > from
                && leg.at <= at
                && prices
                    .iter()
                    .any(|(selection, price)| *selection == leg.selection && *price < leg.price)
        })
    }
}

impl TapedLeg {
    pub(crate) const fn taken_before(&self) -> TakenBefore {
        TakenBefore {
            customer: self.customer,
            bet: self.bet,
        }
    }
}
