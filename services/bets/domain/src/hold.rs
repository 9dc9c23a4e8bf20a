//! The ledger's answer for a slip's stake.
//!
//! Duty: strike at once what may be struck on the evidence of its placement; send the rest to be
//! looked at again. A refused hold ends the slip.

use crate::command::{HoldOutcome, HouseRules};
use crate::event::Event;
use crate::liability::{self, Turn};
use crate::rejection::Rejection;
use crate::slip::{Slip, Stage};
use crate::state::State;
use kernel::{BetId, Timestamp};

pub(crate) fn decide(
    state: &State,
    bet: BetId,
    outcome: &HoldOutcome,
    at: Timestamp,
    rules: &HouseRules,
) -> Vec<Event> {
    // A slip that is gone was rejected; the ledger reads that and releases its hold.
    let Some(slip) = state.slip(bet) else {
        return vec![];
    };
    match slip.stage {
        Stage::AwaitingHold { .. } | Stage::Referred { held: false, .. } => {}
        // A repeat.
        Stage::Held { .. }
        | Stage::Delayed { .. }
        | Stage::Accepted(_)
        | Stage::Referred { held: true, .. }
        | Stage::CashedOut => return vec![],
    }
    match outcome {
        HoldOutcome::Held if may_be_struck_as_placed(state, slip, at, rules) => {
            vec![Event::BetAccepted {
                bet,
                customer: slip.customer,
                legs: slip.struck_legs().cloned().collect(),
                potential_return: slip.potential_return,
                accepted_at: at,
                liabilities: liability::after(state, [(slip, Turn::Opens)]),
            }]
        }
        HoldOutcome::Held => vec![Event::BetHeld { bet }],
        HoldOutcome::ShortOfFunds { available } => {
            let available = *available;
            vec![refused(
                bet,
                slip,
                Rejection::InsufficientFunds { available },
            )]
        }
        HoldOutcome::Blocked => vec![refused(bet, slip, Rejection::AccountBlocked)],
    }
}

/// Not in play, reserved, soon after placement, and nothing has been noticed since that forbids
/// it. Otherwise it is looked at again, with fresh evidence.
fn may_be_struck_as_placed(state: &State, slip: &Slip, at: Timestamp, rules: &HouseRules) -> bool {
    slip.is_reserved()
        && at.since(slip.placed_at) <= rules.acceptance_window
        && slip.struck_legs().all(|leg| !leg.in_play)
        && !struck_now_it_would_not_count(state, slip, at)
        && state
            .customer(slip.customer)
            .must_be_free_to_bet(at)
            .is_ok()
}

/// A cancellation that has no end yet, or a later one: the picture of the market tells the rest.
fn struck_now_it_would_not_count(state: &State, slip: &Slip, at: Timestamp) -> bool {
    slip.struck_legs().any(|leg| {
        let market = state.market(leg.market);
        market.is_some_and(|market| market.cancelled(leg, at).is_some())
    })
}

const fn refused(bet: BetId, slip: &Slip, rejection: Rejection) -> Event {
    Event::BetRejected {
        bet,
        customer: slip.customer,
        held: false,
        stake: slip.stake,
        rejection,
    }
}
