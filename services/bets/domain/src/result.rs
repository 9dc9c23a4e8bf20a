//! A market's result comes, or is withdrawn.
//!
//! Duty: answer the news in one record, whatever the number of slips: close the market, reject
//! what is pending there, begin the work. Prohibition: no slip is settled here; that is the
//! work's matter, part by part.

use crate::event::Event;
use crate::market::{Market, ResultInForce};
use crate::rejection::Rejection;
use crate::state::State;
use crate::wait::rejected;
use kernel::{BetId, MarketId};
use std::collections::BTreeMap;

pub(crate) fn start_settlements(
    state: &State,
    results: &BTreeMap<MarketId, ResultInForce>,
) -> Vec<Event> {
    let mut events = vec![];
    // A pending slip may have legs in several of these markets; it is rejected once.
    let mut pending: BTreeMap<BetId, MarketId> = BTreeMap::new();
    for (id, result) in results {
        let Some(market) = state.market(*id).filter(|m| concerns(m, result)) else {
            continue;
        };
        events.push(Event::SettlementStarted {
            market: *id,
            result: result.number,
            outcomes: result.outcomes.clone(),
            detail: result.detail.clone(),
            open_slips: u32::try_from(market.struck.len()).unwrap_or(u32::MAX),
        });
        for bet in &market.pending {
            pending.entry(*bet).or_insert(*id);
        }
    }
    let refused = pending.into_iter().filter_map(|(bet, market)| {
        let slip = state.slip(bet)?;
        Some(rejected(bet, slip, Rejection::MarketClosed { market }))
    });
    events.extend(refused);
    events
}

/// Whether the result is new and slips hang on it.
fn concerns(market: &Market, result: &ResultInForce) -> bool {
    result.number > market.last_result && !market.has_no_slips()
}

pub(crate) fn start_rollback(state: &State, id: MarketId, result: u32) -> Vec<Event> {
    let Some(market) = state.market(id).filter(|m| m.is_in_force(result)) else {
        return vec![];
    };
    vec![Event::RollbackStarted {
        market: id,
        result,
        touched_slips: market.decided_legs,
    }]
}
