//! Exposure budgets: how much each bets partition may risk on a market.
//!
//! Duty: what is granted and not returned never adds up to more than the market's exposure
//! maximum; who asks for more gets what is free, and when that is too little, the holders are
//! asked for theirs. Prohibition: nothing is freed by settlement, because a result can be
//! withdrawn; only what was read as returned is granted again.

use crate::command::ExposureTerms;
use crate::event::Event;
use kernel::{MarketId, Money};
use std::collections::{BTreeMap, BTreeSet};

/// Grants and returns of one market, in minor units, as totals that only grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// The market's terms.
    pub terms: ExposureTerms,
    /// By bets partition; who is absent has its beginning and nothing else.
    pub partitions: BTreeMap<u16, PartitionBudget>,
    /// Who asked for more than there was.
    pub short: BTreeSet<u16>,
}

/// What one bets partition got and gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionBudget {
    /// All grants, the beginning included.
    pub granted_minor: i64,
    /// All returns.
    pub returned_minor: i64,
}

impl Budgets {
    pub(crate) const fn new(terms: ExposureTerms) -> Self {
        Self {
            terms,
            partitions: BTreeMap::new(),
            short: BTreeSet::new(),
        }
    }

    fn of(&self, partition: u16) -> PartitionBudget {
        let beginning = PartitionBudget {
            granted_minor: self.terms.budget_each.minor(),
            returned_minor: 0,
        };
        self.partitions
            .get(&partition)
            .copied()
            .unwrap_or(beginning)
    }

    /// What may be granted now, with so many bets partitions.
    #[must_use]
    pub fn free_minor(&self, bets_partitions: u16) -> i64 {
        let out = (0..bets_partitions).fold(0_i64, |sum, partition| {
            let budget = self.of(partition);
            sum.saturating_add(budget.granted_minor)
                .saturating_sub(budget.returned_minor)
        });
        self.terms.exposure_max.minor().saturating_sub(out).max(0)
    }

    fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.terms.exposure_max.currency())
    }

    fn granted(&self, market: MarketId, bets_partition: u16, total_minor: i64) -> Event {
        Event::BudgetGranted {
            market,
            bets_partition,
            total: self.money(total_minor),
        }
    }

    /// A partition wants grants of `total` in all.
    pub(crate) fn request(
        &self,
        market: MarketId,
        partition: u16,
        total: Money,
        bets_partitions: u16,
    ) -> Vec<Event> {
        let granted = self.of(partition).granted_minor;
        let wanted = total.minor().saturating_sub(granted);
        if wanted <= 0 || total.currency() != self.terms.exposure_max.currency() {
            return Vec::new();
        }
        let grant = wanted.min(self.free_minor(bets_partitions));
        let reached = granted.saturating_add(grant);
        let mut events = Vec::new();
        if grant > 0 {
            events.push(self.granted(market, partition, reached));
        }
        if grant < wanted {
            // Said again without growth: still short.
            events.push(self.granted(market, partition, reached));
            events.push(Event::BudgetRecalled { market });
        }
        events
    }

    /// A partition has returned `total` in all; what is free then goes to those who are short,
    /// in equal parts.
    pub(crate) fn take_back(
        &self,
        market: MarketId,
        partition: u16,
        total: Money,
        bets_partitions: u16,
    ) -> Vec<Event> {
        let budget = self.of(partition);
        // More than was granted cannot come back.
        let returned = total.minor().min(budget.granted_minor);
        if returned <= budget.returned_minor
            || total.currency() != self.terms.exposure_max.currency()
        {
            return Vec::new();
        }
        let noticed = Event::BudgetReturnNoticed {
            market,
            bets_partition: partition,
            total: self.money(returned),
        };
        let mut after = self.clone();
        after.evolve(&noticed);
        let mut events = vec![noticed];
        let mut free = after.free_minor(bets_partitions);
        let mut waiting = i64::try_from(self.short.len()).unwrap_or(i64::MAX);
        for &short in &self.short {
            let part = free.checked_div(waiting).unwrap_or(0);
            waiting = waiting.saturating_sub(1);
            free = free.saturating_sub(part);
            if part > 0 {
                let reached = after.of(short).granted_minor.saturating_add(part);
                // Granted, and said again: nobody knows yet whether it is enough.
                events.push(self.granted(market, short, reached));
                events.push(self.granted(market, short, reached));
            }
        }
        events
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        if let Event::BudgetGranted {
            bets_partition,
            total,
            ..
        } = event
        {
            let mut budget = self.of(*bets_partition);
            if total.minor() > budget.granted_minor {
                self.short.remove(bets_partition);
            } else {
                self.short.insert(*bets_partition);
            }
            budget.granted_minor = total.minor();
            self.partitions.insert(*bets_partition, budget);
        }
        if let Event::BudgetReturnNoticed {
            bets_partition,
            total,
            ..
        } = event
        {
            let mut budget = self.of(*bets_partition);
            budget.returned_minor = total.minor();
            self.partitions.insert(*bets_partition, budget);
        }
    }
}
