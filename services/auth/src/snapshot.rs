//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: what can
//! be derived (logins, timers) is not stored, so that no snapshot can contradict itself.

use crate::codec;
use auth_domain::{Customer, Exclusion, Limit, PendingIncrease, Session, State, TimerKey};
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};
use schemas::auth::{ExclusionKind, LimitKind, Role};
use schemas::{DecodeError, Input, Wire, wire};

/// Of this shape of the bytes. A snapshot of another one is passed over; the log tells it all.
const LAYOUT: u64 = 0x6175_7468_0000_0002;

wire! {
    /// All of one partition.
    record Saved { layout: u64, armed: u64, customers: Vec<SavedCustomer> }
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
        exclusion: Option<SavedExclusion>,
        marketing: bool,
        reality_check: Option<Duration>,
        sessions: Vec<SavedSession>,
    }
    /// See [`Limit`].
    record SavedLimit { kind: LimitKind, amount: Money, pending: Option<SavedIncrease> }
    /// See [`PendingIncrease`].
    record SavedIncrease { amount: Option<Money>, confirm_from: Option<Timestamp>, due: Timestamp, number: u64 }
    /// See [`Exclusion`].
    record SavedExclusion { kind: ExclusionKind, until: Timestamp }
    /// See [`Session`].
    record SavedSession {
        session: SessionId,
        current: Digest,
        previous: Option<Digest>,
        started_at: Timestamp,
        reminded_at: Timestamp,
        issued_at: Timestamp,
        expires_at: Timestamp,
    }
}

pub(crate) fn encode(state: &State) -> Vec<u8> {
    Saved {
        layout: LAYOUT,
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
                    confirm_from: pending.confirm_from,
                    due: pending.timer.due,
                    number: pending.timer.number,
                }),
            })
            .collect(),
        exclusion: customer.exclusion.map(|exclusion| SavedExclusion {
            kind: codec::exclusion_to_wire(exclusion.kind),
            until: exclusion.until,
        }),
        marketing: customer.marketing,
        reality_check: customer.reality_check,
        sessions: customer
            .sessions
            .iter()
            .map(|(session_id, session)| SavedSession {
                session: *session_id,
                current: session.current,
                previous: session.previous,
                started_at: session.started_at,
                reminded_at: session.reminded_at,
                issued_at: session.issued_at,
                expires_at: session.expires_at,
            })
            .collect(),
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    // The first layout began with `armed`, a small number.
    if u64::decode(&mut Input::new(bytes))? != LAYOUT {
        return Err(DecodeError::NotAllowed("a snapshot of another layout"));
    }
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
                    confirm_from: pending.confirm_from,
                    timer: TimerKey {
                        due: pending.due,
                        number: pending.number,
                    },
                });
                let amount = limit.amount;
                (codec::kind_from_wire(limit.kind), Limit { amount, pending })
            })
            .collect(),
        exclusion: saved.exclusion.map(|exclusion| Exclusion {
            kind: codec::exclusion_from_wire(exclusion.kind),
            until: exclusion.until,
        }),
        marketing: saved.marketing,
        reality_check: saved.reality_check,
        sessions: saved
            .sessions
            .into_iter()
            .map(|session| {
                let family = Session {
                    current: session.current,
                    previous: session.previous,
                    started_at: session.started_at,
                    reminded_at: session.reminded_at,
                    issued_at: session.issued_at,
                    expires_at: session.expires_at,
                };
                (session.session, family)
            })
            .collect(),
    }
}
