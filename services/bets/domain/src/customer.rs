//! What binds a customer here: own limits, exclusion, restriction.
//!
//! Duty: take notice of what auth and fraud decided, and answer what may be staked. From the
//! record of the notice on it binds (invariant I18); slips that are struck stay struck.

use crate::command::HouseRules;
use crate::event::Event;
use crate::evidence::Quote;
use crate::factor::FactorScope;
use crate::own_limit::{self, LeftOfLimit, OwnLimit};
use crate::rejection::Rejection;
use crate::state::State;
use crate::tally::Tally;
use kernel::{CustomerId, Money, Timestamp};
use std::collections::BTreeMap;

/// A customer of whom bets knows more than the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The customer's own limits.
    pub limits: BTreeMap<OwnLimit, Money>,
    /// The end of the exclusion.
    pub excluded_until: Option<Timestamp>,
    /// Permille of the ordinary stake limit, by fraud's word.
    pub stake_permille: u16,
    /// The same by traders' words.
    pub factors: BTreeMap<FactorScope, u16>,
    /// What was staked and lost.
    pub tally: Tally,
}

/// The most that a customer may stake on one slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MostForSlip {
    pub most: Money,
    /// The customer's own limit, if it is what binds; otherwise the house's does.
    pub own: Option<LeftOfLimit>,
}

/// Nothing restricted.
pub(crate) const UNRESTRICTED_PERMILLE: u16 = 1_000;

impl Default for Customer {
    fn default() -> Self {
        Self {
            limits: BTreeMap::new(),
            excluded_until: None,
            stake_permille: UNRESTRICTED_PERMILLE,
            factors: BTreeMap::new(),
            tally: Tally::default(),
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

    /// The most that the customer may stake now on one slip of these selections, of which a
    /// promotion pays so much. The house limits the whole; own limits count cash alone.
    pub(crate) fn most_for_slip(
        &self,
        quotes: &[&Quote],
        promotional: Money,
        at: Timestamp,
        rules: &HouseRules,
    ) -> Result<MostForSlip, Rejection> {
        let restricted = i128::from(rules.stake_max_minor)
            .saturating_mul(i128::from(self.permille_for(quotes)?))
            .div_euclid(i128::from(UNRESTRICTED_PERMILLE));
        let by_house = i64::try_from(restricted).unwrap_or(i64::MAX);
        let currency = promotional.currency();
        let with_promotion = |own: LeftOfLimit| own.left_minor.saturating_add(promotional.minor());
        let own = own_limit::lowest(&self.limits, &self.tally, currency, at)?
            .filter(|own| with_promotion(*own) <= by_house);
        let most = own.map_or(by_house, with_promotion);
        Ok(MostForSlip {
            most: Money::from_minor(most, currency),
            own,
        })
    }
}

pub(crate) fn note_stake_limits(
    state: &State,
    customer: CustomerId,
    per_slip: Option<Option<Money>>,
    per_day: Option<Option<Money>>,
) -> Vec<Event> {
    let known = state.customer(customer);
    let in_force = |limit| known.limits.get(&limit).copied();
    let (slip, day) = (in_force(OwnLimit::StakeSlip), in_force(OwnLimit::StakeDay));
    let per_slip = per_slip.unwrap_or(slip);
    let per_day = per_day.unwrap_or(day);
    if (per_slip, per_day) == (slip, day) {
        return vec![];
    }
    vec![Event::StakeLimitNoticed {
        customer,
        per_slip,
        per_day,
    }]
}

pub(crate) fn note_own_limit(
    state: &State,
    customer: CustomerId,
    limit: OwnLimit,
    amount: Option<Money>,
) -> Vec<Event> {
    let known = state.customer(customer).limits.get(&limit).copied();
    if known == amount {
        return vec![];
    }
    vec![Event::OwnLimitNoticed {
        customer,
        limit,
        amount,
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
