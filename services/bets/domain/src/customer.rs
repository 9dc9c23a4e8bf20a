//! What binds a customer here: own limits, exclusion, restriction.
//!
//! Duty: take notice of what auth and fraud decided, and answer what may be staked. From the
//! record of the notice on it binds (invariant I18); slips that are struck stay struck.

use crate::command::HouseRules;
use crate::event::Event;
use crate::rejection::Rejection;
use crate::state::State;
use kernel::{Currency, CustomerId, Money, Timestamp};
use std::collections::BTreeMap;

/// A customer of whom bets knows more than the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The customer's own limit for one slip.
    pub per_slip: Option<Money>,
    /// The customer's own limit for one UTC day.
    pub per_day: Option<Money>,
    /// The end of the exclusion.
    pub excluded_until: Option<Timestamp>,
    /// Permille of the ordinary stake limit.
    pub stake_permille: u16,
    /// What was staked by UTC day and currency, in minor units; rejected slips do not count.
    pub staked: BTreeMap<(i64, Currency), i64>,
}

/// Nothing restricted.
pub(crate) const UNRESTRICTED_PERMILLE: u16 = 1_000;

impl Default for Customer {
    fn default() -> Self {
        Self {
            per_slip: None,
            per_day: None,
            excluded_until: None,
            stake_permille: UNRESTRICTED_PERMILLE,
            staked: BTreeMap::new(),
        }
    }
}

impl Customer {
    /// The customer may bet at all.
    pub(crate) fn must_be_free_to_bet(&self, at: Timestamp) -> Result<(), Rejection> {
        match self.excluded_until {
            Some(until) if until > at => return Err(Rejection::CustomerExcluded { until }),
            Some(_) | None => {}
        }
        if self.stake_permille == 0 {
            return Err(Rejection::CustomerRestricted);
        }
        Ok(())
    }

    /// The most that the customer may stake now on one slip.
    pub(crate) fn most_for_slip(
        &self,
        currency: Currency,
        at: Timestamp,
        rules: &HouseRules,
    ) -> Result<Money, Rejection> {
        let restricted = i128::from(rules.stake_max_minor)
            .saturating_mul(i128::from(self.stake_permille))
            .div_euclid(i128::from(UNRESTRICTED_PERMILLE));
        let mut most = i64::try_from(restricted).unwrap_or(i64::MAX);
        if let Some(limit) = self.per_slip {
            most = most.min(in_currency(limit, currency)?);
        }
        if let Some(limit) = self.per_day {
            let staked = self.staked.get(&(day(at), currency)).copied().unwrap_or(0);
            let left = in_currency(limit, currency)?.saturating_sub(staked);
            most = most.min(left.max(0));
        }
        Ok(Money::from_minor(most, currency))
    }
}

fn in_currency(limit: Money, currency: Currency) -> Result<i64, Rejection> {
    if limit.currency() == currency {
        Ok(limit.minor())
    } else {
        Err(Rejection::CurrencyMismatch {
            expected: limit.currency(),
        })
    }
}

/// The number of the UTC day.
pub(crate) const fn day(at: Timestamp) -> i64 {
    const DAY_MICROS: i64 = 86_400_000_000;
    at.micros().div_euclid(DAY_MICROS)
}

pub(crate) fn note_stake_limits(
    state: &State,
    customer: CustomerId,
    per_slip: Option<Option<Money>>,
    per_day: Option<Option<Money>>,
) -> Vec<Event> {
    let known = state.customer(customer);
    let per_slip = per_slip.unwrap_or(known.per_slip);
    let per_day = per_day.unwrap_or(known.per_day);
    if (per_slip, per_day) == (known.per_slip, known.per_day) {
        return vec![];
    }
    vec![Event::StakeLimitNoticed {
        customer,
        per_slip,
        per_day,
    }]
}

pub(crate) fn note_exclusion(state: &State, customer: CustomerId, until: Timestamp) -> Vec<Event> {
    if state.customer(customer).excluded_until == Some(until) {
        return vec![];
    }
    vec![Event::ExclusionNoticed { customer, until }]
}

pub(crate) fn note_restriction(
    state: &State,
    customer: CustomerId,
    stake_permille: u16,
) -> Vec<Event> {
    if state.customer(customer).stake_permille == stake_permille {
        return vec![];
    }
    vec![Event::RestrictionNoticed {
        customer,
        stake_permille,
    }]
}
