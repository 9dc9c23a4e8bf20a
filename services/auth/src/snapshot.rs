//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: what can
//! be derived (logins, timers) is not stored, so that no snapshot can contradict itself.

use crate::codec;
use auth_domain::{Customer, Limit, PendingIncrease, Session, State, TimerKey};
use kernel::{Currency, CustomerId, Digest, Money, SessionId, Timestamp};
use schemas::auth::{LimitKind, Role};
use schemas::{DecodeError, Wire, wire};

wire! {
    /// All of one partition.
    record Saved { armed: u64, customers: Vec<SavedCustomer> }
    /// See [`Customer`].
    record SavedCustomer {
        customer: CustomerId,
        login_hash: Digest,
        currency: Currency,
        credential_version: u64,
        roles: Vec<Role>,
        failures: u32,
        blocked_until: Option<Timestamp>,
        limits: Vec<SavedLimit>,
        excluded_until: Option<Timestamp>,
        sessions: Vec<SavedSession>,
    }
    /// See [`Limit`].
    record SavedLimit { kind: LimitKind, amount: Money, pending: Option<SavedIncrease> }
    /// See [`PendingIncrease`].
    record SavedIncrease { amount: Option<Money>, due: Timestamp, number: u64 }
    /// See [`Session`].
    record SavedSession {
        session: SessionId,
        current: Digest,
        previous: Option<Digest>,
        issued_at: Timestamp,
        expires_at: Timestamp,
    }
}

pub(crate) fn encode(state: &State) -> Vec<u8> {
    Saved {
        armed: state.armed,
        customers: state
            .customers
            .iter()
            .map(|(id, customer)| save_customer(*id, customer))
            .collect(),
    }
    .to_bytes()
}

fn save_customer(id: CustomerId, customer: &Customer) -> SavedCustomer {
    SavedCustomer {
        customer: id,
        login_hash: customer.login_hash,
        currency: customer.currency,
        credential_version: customer.credential_version,
        roles: codec::roles_to_wire(&customer.roles),
        failures: customer.failures,
        blocked_until: customer.blocked_until,
        limits: customer
            .limits
            .iter()
            .map(|(kind, limit)| SavedLimit {
                kind: codec::kind_to_wire(*kind),
                amount: limit.amount,
                pending: limit.pending.map(|pending| SavedIncrease {
                    amount: pending.amount,
                    due: pending.timer.due,
                    number: pending.timer.number,
                }),
            })
            .collect(),
        excluded_until: customer.excluded_until,
        sessions: customer
            .sessions
            .iter()
            .map(|(session_id, session)| SavedSession {
                session: *session_id,
                current: session.current,
                previous: session.previous,
                issued_at: session.issued_at,
                expires_at: session.expires_at,
            })
            .collect(),
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    let saved = Saved::from_bytes(bytes)?;
    let mut state = State {
        armed: saved.armed,
        ..State::default()
    };
    for saved in saved.customers {
        let id = saved.customer;
        let customer = load_customer(saved);
        state.logins.insert(customer.login_hash, id);
        for (kind, limit) in &customer.limits {
            if let Some(pending) = limit.pending {
                state.timers.insert(pending.timer, (id, *kind));
            }
        }
        state.customers.insert(id, customer);
    }
    Ok(state)
}

fn load_customer(saved: SavedCustomer) -> Customer {
    Customer {
        login_hash: saved.login_hash,
        currency: saved.currency,
        credential_version: saved.credential_version,
        roles: codec::roles_from_wire(saved.roles),
        failures: saved.failures,
        blocked_until: saved.blocked_until,
        limits: saved
            .limits
            .into_iter()
            .map(|limit| {
                let pending = limit.pending.map(|pending| PendingIncrease {
                    amount: pending.amount,
                    timer: TimerKey {
                        due: pending.due,
                        number: pending.number,
                    },
                });
                let amount = limit.amount;
                (codec::kind_from_wire(limit.kind), Limit { amount, pending })
            })
            .collect(),
        excluded_until: saved.excluded_until,
        sessions: saved
            .sessions
            .into_iter()
            .map(|session| {
                let family = Session {
                    current: session.current,
                    previous: session.previous,
                    issued_at: session.issued_at,
                    expires_at: session.expires_at,
                };
                (session.session, family)
            })
            .collect(),
    }
}
