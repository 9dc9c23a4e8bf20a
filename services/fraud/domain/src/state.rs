//! What the journal's fold remembers, and a draft of it that a decision may run ahead on.
//!
//! Duty: apply a fact once for both. A batch of observations is judged one by one, each on what
//! those before it left; the draft copies only the customers and markets that the batch touches.
//!
//! Prohibition: forgetting never changes a score; it drops what every rule has stopped seeing.

use crate::customer::{Customer, SILENCE_FORGETS};
use crate::event::{Event, Fact};
use crate::rules::WHOLE_STAKE_PERMILLE;
use crate::tape::{TAPE_KEEPS, Tape, TapedLeg};
use kernel::{CustomerId, MarketId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// One partition's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    customers: BTreeMap<CustomerId, Customer>,
    tapes: BTreeMap<MarketId, Tape>,
    newest: Timestamp,
    /// Derived: who was seen last when. Finds the silent without a search.
    by_last_seen: BTreeSet<(Timestamp, CustomerId)>,
    /// Derived: which market was last bet on when.
    by_newest_leg: BTreeSet<(Timestamp, MarketId)>,
}

impl State {
    /// The state that these parts make, as a snapshot holds them.
    #[must_use]
    pub fn from_parts(
        customers: BTreeMap<CustomerId, Customer>,
        tapes: BTreeMap<MarketId, Tape>,
        newest: Timestamp,
    ) -> Self {
        let by_last_seen = customers
            .iter()
            .map(|(id, customer)| (customer.last_seen, *id))
            .collect();
        let by_newest_leg = tapes.iter().map(|(id, tape)| (tape.newest, *id)).collect();
        Self {
            customers,
            tapes,
            newest,
            by_last_seen,
            by_newest_leg,
        }
    }

    /// All customers that are remembered.
    #[must_use]
    pub const fn customers(&self) -> &BTreeMap<CustomerId, Customer> {
        &self.customers
    }

    /// All markets with recent bets.
    #[must_use]
    pub const fn tapes(&self) -> &BTreeMap<MarketId, Tape> {
        &self.tapes
    }

    /// The newest time that was observed.
    #[must_use]
    pub const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Folds one event in.
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::CustomerObserved {
                customer, at, fact, ..
            } => {
                self.unschedule(*customer, fact);
                apply(self, event);
                self.schedule(*customer, fact);
                self.newest = self.newest.max(*at);
                self.forget();
            }
            Event::CustomerRestricted { customer, .. } => {
                apply(self, event);
                let last_seen = self.customer_mut(*customer).last_seen;
                self.by_last_seen.insert((last_seen, *customer));
            }
            Event::PriceMoveObserved { .. }
            | Event::CustomerScored { .. }
            | Event::CaseOpened { .. }
            | Event::CaseClosed { .. } => apply(self, event),
        }
    }

    fn unschedule(&mut self, customer: CustomerId, fact: &Fact) {
        if let Some(known) = self.customers.get(&customer) {
            self.by_last_seen.remove(&(known.last_seen, customer));
        }
        for market in markets_of(fact) {
            if let Some(tape) = self.tapes.get(&market) {
                self.by_newest_leg.remove(&(tape.newest, market));
            }
        }
    }

    fn schedule(&mut self, customer: CustomerId, fact: &Fact) {
        if let Some(known) = self.customers.get(&customer) {
            self.by_last_seen.insert((known.last_seen, customer));
        }
        for market in markets_of(fact) {
            if let Some(tape) = self.tapes.get(&market) {
                self.by_newest_leg.insert((tape.newest, market));
            }
        }
    }

    fn forget(&mut self) {
        let tape_horizon = self.newest.minus(TAPE_KEEPS);
        while let Some((newest, market)) = self.by_newest_leg.first().copied() {
            if newest >= tape_horizon {
                break;
            }
            self.by_newest_leg.pop_first();
            self.tapes.remove(&market);
        }
        let silence_horizon = self.newest.minus(SILENCE_FORGETS);
        while let Some((last_seen, customer)) = self.by_last_seen.first().copied() {
            if last_seen >= silence_horizon {
                break;
            }
            self.by_last_seen.pop_first();
            if self
                .customers
                .get(&customer)
                .is_some_and(Customer::is_forgettable)
            {
                self.customers.remove(&customer);
            }
        }
    }
}

fn markets_of(fact: &Fact) -> impl Iterator<Item = MarketId> {
    let legs = match fact {
        Fact::BetTaken(taken) => taken.legs.as_slice(),
        Fact::BetReturned { .. }
        | Fact::PaidIn { .. }
        | Fact::PaidOut { .. }
        | Fact::SignInFailed => &[],
    };
    legs.iter().map(|leg| leg.market)
}

/// Where facts are applied: the state itself or a draft of it.
pub(crate) trait Memory {
    fn customer(&self, id: CustomerId) -> Option<&Customer>;
    fn customer_mut(&mut self, id: CustomerId) -> &mut Customer;
    fn tape(&self, id: MarketId) -> Option<&Tape>;
    fn tape_mut(&mut self, id: MarketId) -> &mut Tape;
}

impl Memory for State {
    fn customer(&self, id: CustomerId) -> Option<&Customer> {
        self.customers.get(&id)
    }
    fn customer_mut(&mut self, id: CustomerId) -> &mut Customer {
        self.customers.entry(id).or_default()
    }
    fn tape(&self, id: MarketId) -> Option<&Tape> {
        self.tapes.get(&id)
    }
    fn tape_mut(&mut self, id: MarketId) -> &mut Tape {
        self.tapes.entry(id).or_default()
    }
}

/// A state with changes that nobody else sees.
pub(crate) struct Draft<'a> {
    base: &'a State,
    customers: BTreeMap<CustomerId, Customer>,
    tapes: BTreeMap<MarketId, Tape>,
}

impl<'a> Draft<'a> {
    pub(crate) const fn of(base: &'a State) -> Self {
        Self {
            base,
            customers: BTreeMap::new(),
            tapes: BTreeMap::new(),
        }
    }
}

impl Memory for Draft<'_> {
    fn customer(&self, id: CustomerId) -> Option<&Customer> {
        self.customers.get(&id).or_else(|| self.base.customer(id))
    }
    fn customer_mut(&mut self, id: CustomerId) -> &mut Customer {
        let base = self.base;
        self.customers
            .entry(id)
            .or_insert_with(|| base.customer(id).cloned().unwrap_or_default())
    }
    fn tape(&self, id: MarketId) -> Option<&Tape> {
        self.tapes.get(&id).or_else(|| self.base.tape(id))
    }
    fn tape_mut(&mut self, id: MarketId) -> &mut Tape {
        let base = self.base;
        self.tapes
            .entry(id)
            .or_insert_with(|| base.tape(id).cloned().unwrap_or_default())
    }
}

/// What a fact changes.
pub(crate) fn apply(memory: &mut impl Memory, event: &Event) {
    match event {
        Event::CustomerObserved {
            customer,
            at,
            source: _,
            fact,
        } => {
            memory.customer_mut(*customer).observe(*at, fact);
            if let Fact::BetTaken(taken) = fact {
                for leg in &taken.legs {
                    memory.tape_mut(leg.market).push(TapedLeg {
                        at: *at,
                        customer: *customer,
                        bet: taken.bet,
                        selection: leg.selection,
                        price: leg.price,
                    });
                }
            }
        }
        Event::PriceMoveObserved { taken_before, .. } => {
            for taken in taken_before {
                memory
                    .customer_mut(taken.customer)
                    .mark_before_move(taken.bet);
            }
        }
        Event::CustomerScored {
            customer, reasons, ..
        } => {
            memory.customer_mut(*customer).contributions = reasons
                .iter()
                .map(|reason| (reason.rule, reason.points))
                .collect();
        }
        Event::CaseOpened { case, customer, .. } => {
            memory.customer_mut(*customer).open_case = Some(*case);
        }
        Event::CaseClosed { case, customer, .. } => {
            let customer = memory.customer_mut(*customer);
            customer.open_case = None;
            customer.closed_cases.insert(*case);
        }
        Event::CustomerRestricted {
            customer,
            stake_permille,
            case,
            by,
            note: _,
        } => {
            let customer = memory.customer_mut(*customer);
            customer.stake_permille = *stake_permille;
            // Only what a score did is undone when its case is cleared.
            let by_score = by.is_none() && *stake_permille < WHOLE_STAKE_PERMILLE;
            customer.restricted_in = case.filter(|_| by_score);
        }
    }
}
