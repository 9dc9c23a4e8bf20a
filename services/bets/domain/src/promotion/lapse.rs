//! The end of bonus money.
//!
//! Duty: what is left at the end of its time goes back to the house, but not while a slip that was
//! staked with it is open: what that returns may still be turned to cash. Tokens need no timer;
//! whoever would use one after its end is refused.

use super::PromotionEvent;
use crate::event::Event;
use crate::state::State;
use kernel::{BonusId, CustomerId, Timestamp};

pub(crate) fn decide(
    state: &State,
    customer: CustomerId,
    id: BonusId,
    at: Timestamp,
) -> Vec<Event> {
    let kept = state.promotions(customer).bonuses.get(&id);
    let Some((bonus, _)) = kept.filter(|(bonus, _)| bonus.due().is_some_and(|due| due <= at))
    else {
        return vec![];
    };
    let mut bonus = bonus.clone();
    let lapsed = bonus.lapse();
    vec![Event::Promotion(Box::new(PromotionEvent::BonusLapsed {
        customer,
        lapsed,
        bonus,
    }))]
}
