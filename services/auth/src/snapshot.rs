//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: what can
//! be derived (logins, timers) is not stored, so that no snapshot can contradict itself.

use crate::codec;
use auth_domain::{
    Customer, Exclusion, Limit, Passkeys, PendingIncrease, Reset, SecondFactor, Session, StaffMark,
    State, Stranger, TimerKey,
};
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};
use schemas::auth::{ExclusionKind, LimitKind, Role};
use schemas::{Blob, DecodeError, Input, Wire, wire};

/// Of this shape of the bytes. A snapshot of another one is passed over; the log tells it all.
const LAYOUT: u64 = 0x6175_7468_0000_0005;
/// The layout before reset codes and marks of staff, which is still read.
const LAYOUT_WITHOUT_RESETS: u64 = 0x6175_7468_0000_0004;
/// The layout before passkeys, which is still read.
const LAYOUT_WITHOUT_PASSKEYS: u64 = 0x6175_7468_0000_0003;
/// The layout before second factors and strangers, which is still read.
const LAYOUT_BEFORE: u64 = 0x6175_7468_0000_0002;

wire! {
    /// All of one partition.
    record Saved {
        layout: u64,
        armed: u64,
        customers: Vec<SavedCustomer>,
        factors: Vec<SavedFactors>,
        strangers_seen: u64,
        strangers: Vec<SavedStranger>,
        passkeys: Vec<SavedPasskeys>,
        resets: Vec<SavedReset>,
        staff: Vec<SavedStaff>,
    }
    /// The same before reset codes and marks of staff.
    record SavedWithoutResets {
        layout: u64,
        armed: u64,
        customers: Vec<SavedCustomer>,
        factors: Vec<SavedFactors>,
        strangers_seen: u64,
        strangers: Vec<SavedStranger>,
        passkeys: Vec<SavedPasskeys>,
    }
    /// The same before passkeys.
    record SavedWithoutPasskeys {
        layout: u64,
        armed: u64,
        customers: Vec<SavedCustomer>,
        factors: Vec<SavedFactors>,
        strangers_seen: u64,
        strangers: Vec<SavedStranger>,
    }
    /// Of customers who ever had one. See [`auth_domain::Passkeys`].
    record SavedPasskeys {
        customer: CustomerId,
        added: u64,
        kept: Vec<SavedPasskey>,
        answered: Vec<SavedChallenge>,
    }
    /// See [`Reset`].
    record SavedReset { customer: CustomerId, code_hash: Digest, until: Timestamp }
    /// Of staff of whom something still binds. See [`StaffMark`].
    record SavedStaff { customer: CustomerId, machine: bool }
    /// The counter of its last use.
    record SavedPasskey { passkey: u64, sign_count: u32 }
    /// A challenge that was answered.
    record SavedChallenge { digest: Digest, until: Timestamp }
    /// The same before second factors and strangers.
    record SavedBefore { layout: u64, armed: u64, customers: Vec<SavedCustomer> }
    /// Of customers for whom there is something to tell here.
    record SavedFactors {
        customer: CustomerId,
        offered: u64,
        waiting: Option<SavedOffer>,
        in_force: Option<SavedFactor>,
        erased: bool,
    }
    /// See [`SecondFactor`].
    record SavedOffer { number: u64, sealed_secret: Blob }
    /// See [`SecondFactor`].
    record SavedFactor { number: u64, last_step: u64, recovery: Vec<Digest> }
    /// See [`Stranger`].
    record SavedStranger { customer: CustomerId, failures: u32, blocked_until: Option<Timestamp>, number: u64 }
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
        factors: state
            .customers
            .iter()
            .filter_map(|(id, customer)| save_factors(*id, customer))
            .collect(),
        strangers_seen: state.strangers_seen,
        strangers: state
            .strangers
            .iter()
            .map(|(id, stranger)| SavedStranger {
                customer: *id,
                failures: stranger.failures,
                blocked_until: stranger.blocked_until,
                number: stranger.number,
            })
            .collect(),
        passkeys: state
            .customers
            .iter()
            .filter_map(|(id, customer)| save_passkeys(*id, customer))
            .collect(),
        resets: state
            .customers
            .iter()
            .filter_map(|(id, customer)| {
                let reset = customer.reset?;
                Some(SavedReset {
                    customer: *id,
                    code_hash: reset.code_hash,
                    until: reset.until,
                })
            })
            .collect(),
        staff: state
            .customers
            .iter()
            .filter_map(|(id, customer)| {
                customer.staff.map(|mark| SavedStaff {
                    customer: *id,
                    machine: mark == StaffMark::Machine,
                })
            })
            .collect(),
    }
    .to_bytes()
}

/// As it was written before reset codes and marks of staff.
#[cfg(test)]
pub(crate) fn encode_without_resets(state: &State) -> Vec<u8> {
    let now = Saved::from_bytes(&encode(state)).expect("what was encoded decodes");
    SavedWithoutResets {
        layout: LAYOUT_WITHOUT_RESETS,
        armed: now.armed,
        customers: now.customers,
        factors: now.factors,
        strangers_seen: now.strangers_seen,
        strangers: now.strangers,
        passkeys: now.passkeys,
    }
    .to_bytes()
}

/// As it was written before passkeys.
#[cfg(test)]
pub(crate) fn encode_without_passkeys(state: &State) -> Vec<u8> {
    let now = Saved::from_bytes(&encode(state)).expect("what was encoded decodes");
    SavedWithoutPasskeys {
        layout: LAYOUT_WITHOUT_PASSKEYS,
        armed: now.armed,
        customers: now.customers,
        factors: now.factors,
        strangers_seen: now.strangers_seen,
        strangers: now.strangers,
    }
    .to_bytes()
}

fn save_passkeys(id: CustomerId, customer: &Customer) -> Option<SavedPasskeys> {
    let passkeys = &customer.passkeys;
    if passkeys.added == 0 {
        return None;
    }
    let kept = passkeys.kept.iter();
    let answered = passkeys.answered.iter();
    Some(SavedPasskeys {
        customer: id,
        added: passkeys.added,
        kept: kept
            .map(|(passkey, sign_count)| SavedPasskey {
                passkey: *passkey,
                sign_count: *sign_count,
            })
            .collect(),
        answered: answered
            .map(|(digest, until)| SavedChallenge {
                digest: *digest,
                until: *until,
            })
            .collect(),
    })
}

/// As it was written before second factors and strangers.
#[cfg(test)]
pub(crate) fn encode_before(state: &State) -> Vec<u8> {
    let customers = state.customers.iter();
    SavedBefore {
        layout: LAYOUT_BEFORE,
        armed: state.armed,
        customers: customers
            .map(|(id, customer)| save_customer(*id, customer))
            .collect(),
    }
    .to_bytes()
}

fn save_factors(id: CustomerId, customer: &Customer) -> Option<SavedFactors> {
    let nothing_to_tell = customer.factors_offered == 0 && !customer.erased;
    if nothing_to_tell {
        return None;
    }
    let (waiting, in_force) = match &customer.second_factor {
        None => (None, None),
        Some(SecondFactor::Offered {
            number,
            sealed_secret,
        }) => {
            let offer = SavedOffer {
                number: *number,
                sealed_secret: Blob(sealed_secret.clone()),
            };
            (Some(offer), None)
        }
        Some(SecondFactor::Enabled {
            number,
            last_step,
            recovery,
        }) => {
            let factor = SavedFactor {
                number: *number,
                last_step: *last_step,
                recovery: recovery.iter().copied().collect(),
            };
            (None, Some(factor))
        }
    };
    Some(SavedFactors {
        customer: id,
        offered: customer.factors_offered,
        waiting,
        in_force,
        erased: customer.erased,
    })
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
    let saved = match u64::decode(&mut Input::new(bytes))? {
        LAYOUT => Saved::from_bytes(bytes)?,
        LAYOUT_WITHOUT_RESETS => {
            let before = SavedWithoutResets::from_bytes(bytes)?;
            Saved {
                layout: LAYOUT,
                armed: before.armed,
                customers: before.customers,
                factors: before.factors,
                strangers_seen: before.strangers_seen,
                strangers: before.strangers,
                passkeys: before.passkeys,
                resets: Vec::new(),
                staff: Vec::new(),
            }
        }
        LAYOUT_WITHOUT_PASSKEYS => {
            let before = SavedWithoutPasskeys::from_bytes(bytes)?;
            Saved {
                layout: LAYOUT,
                armed: before.armed,
                customers: before.customers,
                factors: before.factors,
                strangers_seen: before.strangers_seen,
                strangers: before.strangers,
                passkeys: Vec::new(),
                resets: Vec::new(),
                staff: Vec::new(),
            }
        }
        LAYOUT_BEFORE => {
            let before = SavedBefore::from_bytes(bytes)?;
            Saved {
                layout: LAYOUT,
                armed: before.armed,
                customers: before.customers,
                factors: Vec::new(),
                strangers_seen: 0,
                strangers: Vec::new(),
                passkeys: Vec::new(),
                resets: Vec::new(),
                staff: Vec::new(),
            }
        }
        _ => return Err(DecodeError::NotAllowed("a snapshot of another layout")),
    };
    let mut state = State {
        armed: saved.armed,
        strangers_seen: saved.strangers_seen,
        ..State::default()
    };
    for stranger in saved.strangers {
        let kept = Stranger {
            failures: stranger.failures,
            blocked_until: stranger.blocked_until,
            number: stranger.number,
        };
        state.strangers.insert(stranger.customer, kept);
    }
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
    for factors in saved.factors {
        if let Some(customer) = state.customers.get_mut(&factors.customer) {
            load_factors(customer, factors);
        }
    }
    for saved in saved.resets {
        if let Some(customer) = state.customers.get_mut(&saved.customer) {
            customer.reset = Some(Reset {
                code_hash: saved.code_hash,
                until: saved.until,
            });
        }
    }
    for saved in saved.staff {
        if let Some(customer) = state.customers.get_mut(&saved.customer) {
            customer.staff = Some(if saved.machine {
                StaffMark::Machine
            } else {
                StaffMark::FirstPassword
            });
        }
    }
    for saved in saved.passkeys {
        if let Some(customer) = state.customers.get_mut(&saved.customer) {
            let kept = saved.kept.into_iter();
            let answered = saved.answered.into_iter();
            customer.passkeys = Passkeys {
                added: saved.added,
                kept: kept.map(|one| (one.passkey, one.sign_count)).collect(),
                answered: answered.map(|one| (one.digest, one.until)).collect(),
            };
        }
    }
    Ok(state)
}

fn load_factors(customer: &mut Customer, saved: SavedFactors) {
    customer.factors_offered = saved.offered;
    customer.erased = saved.erased;
    let waiting = saved.waiting.map(|offer| SecondFactor::Offered {
        number: offer.number,
        sealed_secret: offer.sealed_secret.0,
    });
    let in_force = saved.in_force.map(|factor| SecondFactor::Enabled {
        number: factor.number,
        last_step: factor.last_step,
        recovery: factor.recovery.into_iter().collect(),
    });
    customer.second_factor = waiting.or(in_force);
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
        factors_offered: 0,
        second_factor: None,
        passkeys: Passkeys::default(),
        reset: None,
        staff: None,
        erased: false,
    }
}
