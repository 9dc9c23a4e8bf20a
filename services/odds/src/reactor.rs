//! What decisions of bets ask of odds.
//!
//! Duty: pick out what is said about the budgets of markets of this partition. Prohibition: no
//! answer: odds decides.

use crate::terms::Terms;
use kernel::Partition;
use odds_domain::{BudgetNote, Command};
use schemas::bets::Event;
use schemas::{Decision, Events};

/// The command that a decision of bets amounts to for this odds partition, if any.
#[must_use]
pub fn react(partition: Partition, decision: &Decision, terms: &Terms) -> Option<Command> {
    let Events::BetsEvents(body) = &decision.events else {
        return None;
    };
    let notes: Vec<BudgetNote> = body
        .events
        .iter()
        .filter_map(budget_note)
        .filter(|note| market(note).partition() == partition)
        .collect();
    if notes.is_empty() {
        return None;
    }
    Some(Command::NoteBudgets {
        bets_partition: decision.position.partition,
        bets_partitions: terms.bets_partitions(),
        notes,
    })
}

const fn market(note: &BudgetNote) -> kernel::MarketId {
    match note {
        BudgetNote::Requested { market, .. } | BudgetNote::Returned { market, .. } => *market,
    }
}

fn budget_note(event: &Event) -> Option<BudgetNote> {
    if let Event::BudgetRequested(request) = event {
        Some(BudgetNote::Requested {
            market: request.market,
            total: request.total,
        })
    } else if let Event::BudgetReturned(returned) = event {
        Some(BudgetNote::Returned {
            market: returned.market,
            total: returned.total,
        })
    } else {
        None
    }
}
