//! What decisions of bets ask of odds.
//!
//! Duty: pick out what is said about the budgets of markets of this partition, and what stands on
//! them. Prohibition: no answer: odds decides.

use crate::terms::Terms;
use kernel::Partition;
use odds_domain::{BudgetNote, Command, StandingStakes};
use schemas::bets::Event;
use schemas::{Decision, Events};
use std::collections::BTreeMap;

/// The command that a decision of bets amounts to for this odds partition, if any.
#[must_use]
pub fn react(partition: Partition, decision: &Decision, terms: &Terms) -> Option<Command> {
    let Events::BetsEvents(body) = &decision.events else {
        return None;
    };
    let bets_partition = decision.position.partition;
    let notes: Vec<BudgetNote> = body
        .events
        .iter()
        .filter_map(budget_note)
        .filter(|note| market(note).partition() == partition)
        .collect();
    let standing = standing(partition, &body.events, terms);
    match (notes.is_empty(), standing.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Command::NoteStakes {
            bets_partition,
            standing,
        }),
        (false, _) => Some(Command::NoteBudgets {
            bets_partition,
            bets_partitions: terms.bets_partitions(),
            notes,
            standing,
        }),
    }
}

/// What bets says stands on selections of this partition's markets, in the currency in which they are
/// offered; the last word on each counts.
fn standing(partition: Partition, events: &[Event], terms: &Terms) -> Vec<StandingStakes> {
    let told = events.iter().flat_map(|event| {
        if let Event::BetAccepted(accepted) = event {
            accepted.liabilities.as_slice()
        } else if let Event::SettlementAdvanced(advanced) = event {
            advanced.liabilities.as_slice()
        } else if let Event::CashedOut(sold) = event {
            sold.liabilities.as_slice()
        } else {
            &[]
        }
    });
    let currency = terms.exposure().exposure_max.currency();
    let last: BTreeMap<_, _> = told
        .filter(|liability| liability.market.partition() == partition)
        .filter(|liability| liability.stakes.currency() == currency)
        .map(|liability| ((liability.market, liability.selection), liability))
        .collect();
    last.into_values()
        .map(|liability| StandingStakes {
            market: liability.market,
            selection: liability.selection,
            stakes_minor: liability.stakes.minor(),
            returns_minor: liability.returns.minor(),
        })
        .collect()
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
