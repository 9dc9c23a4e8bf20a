//! Room for risk: what this partition may lose on a market.
//!
//! Duty: find the markets without room for a slip, ask for more, take notice of grants, give back
//! what is unused. Prohibition: no netting between selections: what a slip can lose at worst
//! counts in full on each of its markets, so that partitions never have to agree.

use crate::event::Event;
use crate::evidence::Quote;
use crate::market::Budget;
use crate::slip::Slip;
use crate::state::State;
use kernel::{MarketId, Money};

/// A market without room for a risk.
pub(crate) struct NoRoom<'a> {
    pub quote: &'a Quote,
    budget: Budget,
    need_minor: i64,
}

/// The markets of these quotes that have no room for so much more risk.
pub(crate) fn without_room<'a>(
    state: &State,
    quotes: impl IntoIterator<Item = &'a Quote>,
    need_minor: i64,
) -> Vec<NoRoom<'a>> {
    quotes
        .into_iter()
        .map(|quote| NoRoom {
            quote,
            budget: state
                .market(quote.market)
                .map_or_else(Budget::default, |market| market.budget),
            need_minor,
        })
        .filter(|at| need_minor > at.budget.room_minor(at.quote.budget_each.minor()))
        .collect()
}

impl NoRoom<'_> {
    /// Whether no grant could ever make room.
    pub(crate) const fn is_hopeless(&self) -> bool {
        self.need_minor > self.quote.exposure_max.minor()
    }

    /// Asks for the need and as much again as the partition began with; nothing if so much was
    /// asked for before.
    pub(crate) fn request(&self) -> Option<Event> {
        let total = self
            .budget
            .used_minor
            .saturating_add(self.budget.returned_minor)
            .saturating_add(self.need_minor)
            .saturating_add(self.quote.budget_each.minor());
        (total > self.budget.requested_minor).then(|| Event::BudgetRequested {
            market: self.quote.market,
            total: Money::from_minor(total, self.quote.budget_each.currency()),
        })
    }
}

/// What a slip adds to what its markets already carry of it.
pub(crate) fn extra_risk_minor(slip: &Slip, liability_minor: i64) -> i64 {
    if slip.is_reserved() {
        liability_minor.saturating_sub(slip.liability_minor())
    } else {
        liability_minor
    }
}

/// Odds granted more.
pub(crate) fn note_grant(state: &State, market: MarketId, total: Money) -> Vec<Event> {
    let granted = state
        .market(market)
        .map_or(0, |market| market.budget.granted_minor);
    if total.minor() <= granted {
        return vec![];
    }
    vec![Event::BudgetNoticed { market, total }]
}

/// Odds wants back what is unused.
pub(crate) fn note_recall(state: &State, market: MarketId, budget_each: Money) -> Vec<Event> {
    let budget = state
        .market(market)
        .map_or_else(Budget::default, |market| market.budget);
    let unused = budget.room_minor(budget_each.minor());
    if unused <= 0 {
        return vec![];
    }
    let total = budget.returned_minor.saturating_add(unused);
    vec![Event::BudgetReturned {
        market,
        total: Money::from_minor(total, budget_each.currency()),
    }]
}
