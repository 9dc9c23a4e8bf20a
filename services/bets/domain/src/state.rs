//! What replay rebuilds.
//!
//! Duty: hold slips, markets and customers with the orders in which timers fire and work goes on.
//! Prohibition: only `evolve` changes it.

use crate::customer::Customer;
use crate::evolve::turn_stake;
use crate::liability::Turn;
use crate::market::{Job, Market};
use crate::promotion::Promotions;
use crate::reoffer::Reoffer;
use crate::slip::Slip;
use kernel::{BetId, BonusId, CustomerId, MarketId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;

/// When a timer is due, and the count of its arming.
pub type TimerKey = (Timestamp, u64);

/// The state of one bets partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) slips: BTreeMap<BetId, Slip>,
    pub(crate) markets: BTreeMap<MarketId, Market>,
    pub(crate) customers: BTreeMap<CustomerId, Customer>,
    /// Markets with jobs, in the order in which they get their next turn.
    pub(crate) turns: VecDeque<MarketId>,
    pub(crate) timers: BTreeMap<TimerKey, BetId>,
    pub(crate) promotions: BTreeMap<CustomerId, Promotions>,
    pub(crate) bonus_timers: BTreeMap<TimerKey, (CustomerId, BonusId)>,
    pub(crate) timers_armed: u64,
    pub(crate) jobs_started: u64,
    /// By the ids of the slips that were refused.
    pub(crate) reoffers: BTreeMap<BetId, Reoffer>,
    /// The same by their ends.
    pub(crate) reoffer_ends: BTreeSet<(Timestamp, BetId)>,
}

/// All of a state that does not follow from the rest of it, for snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateParts {
    /// The slips.
    pub slips: BTreeMap<BetId, Slip>,
    /// The markets; what follows from the slips may be left out.
    pub markets: BTreeMap<MarketId, Market>,
    /// The customers.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Markets with jobs, in the order in which they get their next turn.
    pub turns: VecDeque<MarketId>,
    /// How many timers were ever armed.
    pub timers_armed: u64,
    /// How many jobs were ever started.
    pub jobs_started: u64,
    /// The re-offers that are remembered.
    pub reoffers: BTreeMap<BetId, Reoffer>,
    /// What was given to customers.
    pub promotions: BTreeMap<CustomerId, Promotions>,
}

/// A customer of whom nothing was noticed.
static UNKNOWN_CUSTOMER: LazyLock<Customer> = LazyLock::new(Customer::default);

impl State {
    /// The slip, unless it was rejected or never placed here.
    #[must_use]
    pub fn slip(&self, bet: BetId) -> Option<&Slip> {
        self.slips.get(&bet)
    }

    /// All slips in the order of their ids.
    pub fn slips(&self) -> impl ExactSizeIterator<Item = (BetId, &Slip)> {
        self.slips.iter().map(|(bet, slip)| (*bet, slip))
    }

    /// The market, if slips of this partition ever concerned it.
    #[must_use]
    pub fn market(&self, market: MarketId) -> Option<&Market> {
        self.markets.get(&market)
    }

    /// All markets in the order of their ids.
    pub fn markets(&self) -> impl ExactSizeIterator<Item = (MarketId, &Market)> {
        self.markets.iter().map(|(id, market)| (*id, market))
    }

    /// What binds the customer.
    #[must_use]
    pub fn customer(&self, customer: CustomerId) -> &Customer {
        self.customers.get(&customer).unwrap_or(&UNKNOWN_CUSTOMER)
    }

    /// All customers of whom something was noticed.
    pub fn customers(&self) -> impl ExactSizeIterator<Item = (CustomerId, &Customer)> {
        self.customers.iter().map(|(id, customer)| (*id, customer))
    }

    /// What was offered instead of this slip.
    #[must_use]
    pub fn reoffer(&self, refused: BetId) -> Option<&Reoffer> {
        self.reoffers.get(&refused)
    }

    /// The timer that is due first.
    #[must_use]
    pub fn next_timer(&self) -> Option<TimerKey> {
        let slips = self.timers.keys().next();
        let bonuses = self.bonus_timers.keys().next();
        slips.into_iter().chain(bonuses).min().copied()
    }

    /// The slip that armed this timer.
    #[must_use]
    pub fn timer_slip(&self, timer: TimerKey) -> Option<(BetId, &Slip)> {
        let bet = *self.timers.get(&timer)?;
        self.slips.get(&bet).map(|slip| (bet, slip))
    }

    /// The market whose turn it is, and its first job.
    #[must_use]
    pub fn next_job(&self) -> Option<(MarketId, &Market, &Job)> {
        let id = *self.turns.front()?;
        let market = self.markets.get(&id)?;
        market.jobs.front().map(|job| (id, market, job))
    }

    /// Takes the state apart for a snapshot.
    #[must_use]
    pub fn parts(&self) -> StateParts {
        StateParts {
            slips: self.slips.clone(),
            markets: self.markets.clone(),
            customers: self.customers.clone(),
            turns: self.turns.clone(),
            timers_armed: self.timers_armed,
            jobs_started: self.jobs_started,
            reoffers: self.reoffers.clone(),
            promotions: self.promotions.clone(),
        }
    }

    /// Puts a state together; what follows from the slips is worked out anew.
    #[must_use]
    pub fn from_parts(parts: StateParts) -> Self {
        let mut state = Self {
            slips: BTreeMap::new(),
            markets: parts.markets,
            customers: parts.customers,
            turns: parts.turns,
            timers: BTreeMap::new(),
            timers_armed: parts.timers_armed,
            jobs_started: parts.jobs_started,
            reoffer_ends: parts
                .reoffers
                .iter()
                .map(|(bet, reoffer)| (reoffer.until, *bet))
                .collect(),
            reoffers: parts.reoffers,
            bonus_timers: BTreeMap::new(),
            promotions: parts.promotions,
        };
        for (customer, promotions) in &state.promotions {
            for (id, (_, timer)) in &promotions.bonuses {
                let timers = &mut state.bonus_timers;
                timers.extend(timer.map(|timer| (timer, (*customer, *id))));
            }
        }
        for market in state.markets.values_mut() {
            market.struck.clear();
            market.pending.clear();
            market.open.clear();
        }
        for customer in state.customers.values_mut() {
            customer.tally.open_minor.clear();
        }
        for (bet, slip) in parts.slips {
            for leg in &slip.legs {
                let market = state.markets.entry(leg.struck.market).or_default();
                if slip.is_cashed_out() {
                    // No result concerns it.
                } else if slip.is_accepted() {
                    market.struck.insert(bet);
                } else {
                    market.pending.insert(bet);
                }
            }
            if let Some(timer) = slip.timer {
                state.timers.insert(timer, bet);
            }
            if slip.is_open() {
                turn_stake(&mut state.markets, &slip, Turn::Opens);
            }
            if slip.settlement_in_force().is_none() {
                let customer = state.customers.entry(slip.customer).or_default();
                let (currency, stake) = (slip.stake.currency(), slip.cash_stake().minor());
                customer.tally.count_open(currency, stake);
            }
            state.slips.insert(bet, slip);
        }
        state
    }
}
