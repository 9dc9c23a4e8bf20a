//! What replay rebuilds: the customers of one partition and the timers of their limits.
//!
//! Duty: the state and its fold. Prohibition: nothing is kept that no rule asks for; password
//! hashes and profiles are in the events and in the views, not in memory.

use crate::event::{Event, LimitKind, Role};
use kernel::{Currency, CustomerId, Digest, Money, SessionId, Timestamp};
use std::collections::BTreeMap;

/// The customers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By id.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Who has which login.
    pub logins: BTreeMap<Digest, CustomerId>,
    /// Cool-offs under way, in the order in which they end.
    pub timers: BTreeMap<TimerKey, (CustomerId, LimitKind)>,
    /// How many timers were ever armed.
    pub armed: u64,
}

/// When a timer is due, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// When.
    pub due: Timestamp,
    /// The how-manieth timer of the partition, from 1.
    pub number: u64,
}

/// A customer as far as rules ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Keyed hash of the login.
    pub login_hash: Digest,
    /// The account's currency.
    pub currency: Currency,
    /// Number of the credential in force.
    pub credential_version: u64,
    /// Sorted, each once.
    pub roles: Vec<Role>,
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// Until when sign-ins are refused.
    pub blocked_until: Option<Timestamp>,
    /// Limits in force and increases that wait; kinds without an entry have no limit.
    pub limits: BTreeMap<LimitKind, Limit>,
    /// The end of the latest exclusion.
    pub excluded_until: Option<Timestamp>,
    /// Sessions that have not been revoked. Expired ones go at the next sign-in.
    pub sessions: BTreeMap<SessionId, Session>,
}

/// A limit of the customer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What binds now.
    pub amount: Money,
    /// What will bind instead.
    pub pending: Option<PendingIncrease>,
}

/// An increase, or a removal, that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingIncrease {
    /// None removes the limit.
    pub amount: Option<Money>,
    /// The timer that ends the cool-off.
    pub timer: TimerKey,
}

/// A family of refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Digest of the one token that is good.
    pub current: Digest,
    /// Digest of its predecessor.
    pub previous: Option<Digest>,
    /// When the current one was issued.
    pub issued_at: Timestamp,
    /// When the current one expires.
    pub expires_at: Timestamp,
}

impl Customer {
    /// The end of the exclusion that binds at that time.
    #[must_use]
    pub fn exclusion_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.excluded_until.filter(|until| now < *until)
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::CustomerRegistered(registered) => {
                self.logins
                    .insert(registered.login_hash, registered.customer);
                self.customers.insert(
                    registered.customer,
                    Customer {
                        login_hash: registered.login_hash,
                        currency: registered.currency,
                        credential_version: registered.credential_version,
                        roles: registered.roles.clone(),
                        failures: 0,
                        blocked_until: None,
                        limits: BTreeMap::new(),
                        excluded_until: None,
                        sessions: BTreeMap::new(),
                    },
                );
            }
            Event::LimitSet {
                customer,
                kind,
                amount,
            } => self.set_limit(*customer, *kind, *amount),
            Event::LimitIncreaseRequested {
                customer,
                kind,
                amount,
                effective_at,
                current: _,
            } => self.await_increase(*customer, *kind, *amount, *effective_at),
            Event::SignedIn(_)
            | Event::SignInFailed { .. }
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked { .. }
            | Event::CustomerExcluded { .. }
            | Event::RoleGranted { .. }
            | Event::PasswordChanged { .. } => {
                if let Some(customer) = self.customers.get_mut(&event.customer()) {
                    customer.evolve(event);
                }
            }
        }
    }

    fn set_limit(&mut self, customer: CustomerId, kind: LimitKind, amount: Option<Money>) {
        let Some(of_customer) = self.customers.get_mut(&customer) else {
            return;
        };
        let before = match amount {
            None => of_customer.limits.remove(&kind),
            Some(amount) => {
                let limit = Limit {
                    amount,
                    pending: None,
                };
                of_customer.limits.insert(kind, limit)
            }
        };
        if let Some(pending) = before.and_then(|limit| limit.pending) {
            self.timers.remove(&pending.timer);
        }
    }

    fn await_increase(
        &mut self,
        customer: CustomerId,
        kind: LimitKind,
        amount: Option<Money>,
        due: Timestamp,
    ) {
        let limit = self
            .customers
            .get_mut(&customer)
            .and_then(|of_customer| of_customer.limits.get_mut(&kind));
        let Some(limit) = limit else {
            return;
        };
        self.armed = self.armed.saturating_add(1);
        let timer = TimerKey {
            due,
            number: self.armed,
        };
        let before = limit.pending.replace(PendingIncrease { amount, timer });
        if let Some(before) = before {
            self.timers.remove(&before.timer);
        }
        self.timers.insert(timer, (customer, kind));
    }
}

impl Customer {
    /// Takes notice of what concerns this customer alone.
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::SignedIn(opened) => {
                self.failures = 0;
                self.blocked_until = None;
                self.sessions
                    .retain(|_, session| opened.at < session.expires_at);
                self.sessions.insert(
                    opened.session,
                    Session {
                        current: opened.refresh_hash,
                        previous: None,
                        issued_at: opened.at,
                        expires_at: opened.expires_at,
                    },
                );
            }
            Event::SignInFailed {
                failures,
                blocked_until,
                ..
            } => {
                self.failures = *failures;
                self.blocked_until = *blocked_until;
            }
            Event::SessionRefreshed(refreshed) => {
                if let Some(session) = self.sessions.get_mut(&refreshed.session) {
                    session.previous = Some(session.current);
                    session.current = refreshed.refresh_hash;
                    session.issued_at = refreshed.at;
                    session.expires_at = refreshed.expires_at;
                }
            }
            Event::SessionRevoked { session, .. } => {
                self.sessions.remove(session);
            }
            Event::CustomerExcluded { until, .. } => self.excluded_until = Some(*until),
            Event::RoleGranted { roles, .. } => self.roles.clone_from(roles),
            Event::PasswordChanged {
                credential_version, ..
            } => {
                self.credential_version = *credential_version;
                self.failures = 0;
                self.blocked_until = None;
            }
            Event::CustomerRegistered(_)
            | Event::LimitSet { .. }
            | Event::LimitIncreaseRequested { .. } => {}
        }
    }
}

impl Event {
    /// Whom it concerns.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::CustomerRegistered(registered) => registered.customer,
            Self::SignedIn(opened) => opened.customer,
            Self::SessionRefreshed(refreshed) => refreshed.customer,
            Self::SignInFailed { customer, .. }
            | Self::SessionRevoked { customer, .. }
            | Self::LimitSet { customer, .. }
            | Self::LimitIncreaseRequested { customer, .. }
            | Self::CustomerExcluded { customer, .. }
            | Self::RoleGranted { customer, .. }
            | Self::PasswordChanged { customer, .. } => *customer,
        }
    }
}
