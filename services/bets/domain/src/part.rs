//! Parts of stakes: less is taken than was asked for, of customers who have said that they accept it.
//!
//! Duty: work out what the slip is with less on each line. Prohibition: the ledger releases nothing
//! before the slip is struck: until then it may still end, and then the whole hold is released.

use crate::command::{Place, Surroundings};
use crate::event::{Event, PartAgreed};
use crate::place;
use crate::rejection::Rejection;
use crate::settlement::SettledLeg;
use crate::slip::{Slip, SlipRequest};
use crate::state::State;
use kernel::{BetId, Money};

/// The slip goes on with so much on each line.
pub(crate) fn of_slip(
    bet: BetId,
    slip: &Slip,
    unit_stake: Money,
    now: &Surroundings,
) -> Result<Event, Rejection> {
    let terms = slip.terms();
    let winners: Vec<SettledLeg> = slip
        .legs
        .iter()
        .map(|leg| leg.terms.at_best(leg.struck.price, terms.rules))
        .collect();
    let payout = terms.settle(unit_stake, &winners);
    let payout = payout.map_err(|_| Rejection::StakeAboveLimit {
        maximum: slip.unit_stake,
    })?;
    Ok(Event::PartAgreed(PartAgreed {
        bet,
        customer: slip.customer,
        asked: slip.stake,
        unit_stake,
        stake: payout.stake,
        potential_return: payout.returned,
        until: now.at.plus(now.rules.budget_wait),
    }))
}

/// Places what may be taken of a slip at once; none where it is nothing.
pub(crate) fn at_placement(
    state: &State,
    place: &Place,
    unit_stake: Money,
    cleared: bool,
) -> Option<Vec<Event>> {
    let part = Place {
        slip: SlipRequest {
            unit_stake,
            ..place.slip.clone()
        },
        ..place.clone()
    };
    let mut events = place::decide(state, &part, cleared).ok()?;
    let Some(Event::BetPlaced(placed)) = events.first() else {
        return None;
    };
    let terms = place::terms(&place.slip, &place.now.rules);
    let legs = place.slip.legs.len();
    let asked = terms.total_stake(legs, place.slip.unit_stake).ok()?;
    let agreed = PartAgreed {
        bet: place.bet,
        customer: place.customer,
        asked,
        unit_stake,
        stake: placed.stake,
        potential_return: placed.potential_return,
        until: place.now.at,
    };
    events.push(Event::PartAgreed(agreed));
    Some(events)
}

/// The part that is struck now, where the ledger still holds the whole.
pub(crate) fn reduced(bet: BetId, slip: &Slip) -> Option<Event> {
    slip.held.map(|held| Event::StakeReduced {
        bet,
        customer: slip.customer,
        held,
        stake: slip.stake,
    })
}

impl State {
    /// A slip's stake is less from here on.
    pub(crate) fn agree_on_part(&mut self, agreed: &PartAgreed) {
        let mut given_up = 0;
        self.change_slip(agreed.bet, |slip| {
            given_up = slip.stake.minor().saturating_sub(agreed.stake.minor());
            if given_up > 0 && slip.held.is_none() {
                slip.held = Some(slip.stake);
            }
            slip.unit_stake = agreed.unit_stake;
            slip.stake = agreed.stake;
            slip.potential_return = agreed.potential_return;
            slip.stage = slip.stage.clone().answered(slip, agreed.until);
        });
        if let Some(slip) = self.slips.remove(&agreed.bet) {
            self.count_stake(&slip, given_up.saturating_neg());
            self.slips.insert(agreed.bet, slip);
        }
    }
}
