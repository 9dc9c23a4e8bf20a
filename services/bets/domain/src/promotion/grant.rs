//! Giving tokens and bonus money.
//!
//! Duty: what may be given. Prohibition: who may give is the gateway's question; why is recorded
//! and not judged.

use super::{Bonus, FreeBet, Given, PromotionEvent};
use crate::event::Event;
use crate::rejection::Rejection;
use crate::state::State;
use kernel::{BonusId, CustomerId, FreeBetId, Money, Price, Timestamp};
use std::collections::BTreeSet;

/// The most that is given at once, in minor units.
const GRANT_MAX_MINOR: i64 = 1_000_000;

/// Something is to be given to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub customer: CustomerId,
    /// What.
    pub granted: Granted,
    /// On which conditions.
    pub terms: Terms,
    /// Now.
    pub at: Timestamp,
}

/// What is to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// A token.
    FreeBet {
        /// Minted by whoever sends this.
        id: FreeBetId,
        /// What it pays of a stake at most.
        value: Money,
        /// Whether what it pays belongs to the return.
        stake_returned: bool,
    },
    /// Bonus money.
    Bonus {
        /// Minted by whoever sends this.
        id: BonusId,
        /// How much.
        amount: Money,
        /// How many times the amount must be staked before it becomes cash.
        wagering_times: u16,
        /// What of it becomes cash at most.
        converted_max: Option<Money>,
    },
}

/// On which conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// No leg may have a lower price.
    pub price_min: Option<Price>,
    /// From then on no stake is taken from it.
    pub expires_at: Timestamp,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
}

pub(crate) fn decide(state: &State, grant: &Grant) -> Result<Vec<Event>, Rejection> {
    let known = state.promotions(grant.customer);
    let (is_known, amount) = match grant.granted {
        Granted::FreeBet { id, value, .. } => (known.free_bets.contains_key(&id), value),
        Granted::Bonus { id, amount, .. } => (known.bonuses.contains_key(&id), amount),
    };
    if is_known {
        return Ok(vec![]);
    }
    state
        .customer(grant.customer)
        .must_be_free_to_bet(grant.at)?;
    let maximum = Money::from_minor(GRANT_MAX_MINOR, amount.currency());
    if !amount.is_positive() || amount > maximum {
        return Err(Rejection::GrantNotAllowed { maximum });
    }
    if grant.terms.expires_at <= grant.at {
        return Err(Rejection::GrantEnded {
            ended_at: grant.terms.expires_at,
        });
    }
    let event = granted(grant)?;
    Ok(vec![Event::Promotion(Box::new(event))])
}

fn granted(grant: &Grant) -> Result<PromotionEvent, Rejection> {
    let given = Given {
        price_min: grant.terms.price_min,
        expires_at: grant.terms.expires_at,
        reason: grant.terms.reason.clone(),
        by: grant.terms.by.clone(),
        at: grant.at,
    };
    let customer = grant.customer;
    Ok(match grant.granted {
        Granted::FreeBet {
            id,
            value,
            stake_returned,
        } => PromotionEvent::FreeBetGranted {
            customer,
            free_bet: FreeBet {
                id,
                value,
                stake_returned,
                given,
                used_by: BTreeSet::new(),
            },
        },
        Granted::Bonus {
            id,
            amount,
            wagering_times,
            converted_max,
        } => {
            let currency = amount.currency();
            if converted_max.is_some_and(|most| most.currency() != currency) {
                return Err(Rejection::CurrencyMismatch { expected: currency });
            }
            // Without wagering it would be cash, which is not given here.
            let times = i64::from(wagering_times.max(1));
            let required = amount.minor().saturating_mul(times);
            PromotionEvent::BonusGranted {
                customer,
                bonus: Bonus {
                    id,
                    amount,
                    wagering_required: Money::from_minor(required, currency),
                    converted_max,
                    given,
                    worth_minor: amount.minor(),
                    wagered_minor: 0,
                    lapses: 0,
                    open_slips: 0,
                },
            }
        }
    })
}
