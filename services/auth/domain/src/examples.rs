//! The people of the scenarios.
//!
//! Duty: one registered customer and what happens to her. Prohibition: tests only.

use crate::command::{Command, Register, SignIn};
use crate::decide::Auth;
use crate::event::{CustomerRegistered, Event, RevokeReason, Role, SessionOpened};
use crate::session::REFRESH_LIFETIME;
use kernel::{Currency, CustomerId, Digest, SessionId, Timestamp};

pub(crate) type Scenario = kernel::Scenario<Auth>;

pub(crate) const PARTITION: u16 = 3;
pub(crate) const ANNA: CustomerId = CustomerId::example(1, PARTITION);
pub(crate) const LOGIN: Digest = Digest::from_bytes([7; 32]);
pub(crate) const SESSION: SessionId = SessionId::example(5, PARTITION);

/// Seconds after the beginning of the scenario.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

pub(crate) fn scenario<const N: usize>(events: [Event; N]) -> Scenario {
    Scenario::given(events)
}

pub(crate) fn register_anna() -> Command {
    Command::Register(Register {
        customer: ANNA,
        partition: PARTITION,
        login_hash: LOGIN,
        password_hash: "$hash".to_owned(),
        sealed_profile: vec![1, 2, 3],
        currency: Currency::Eur,
        roles: vec![Role::Customer],
        now: at(0),
    })
}

pub(crate) fn anna_registered() -> Event {
    Event::CustomerRegistered(CustomerRegistered {
        customer: ANNA,
        login_hash: LOGIN,
        password_hash: "$hash".to_owned(),
        credential_version: 1,
        sealed_profile: vec![1, 2, 3],
        currency: Currency::Eur,
        roles: vec![Role::Customer],
        at: at(0),
    })
}

pub(crate) fn sign_in_anna() -> SignIn {
    SignIn {
        customer: ANNA,
        credential_version: 1,
        password_matches: true,
        session: SESSION,
        refresh_hash: Digest::from_bytes([1; 32]),
        expires_at: Timestamp::MAX,
        proof: None,
        now: at(10),
    }
}

pub(crate) fn anna_signed_in(now: Timestamp) -> Event {
    Event::SignedIn(SessionOpened {
        customer: ANNA,
        session: SESSION,
        refresh_hash: Digest::from_bytes([1; 32]),
        roles: vec![Role::Customer],
        expires_at: now.plus(REFRESH_LIFETIME),
        at: now,
    })
}

pub(crate) fn signed_out() -> Event {
    Event::SessionRevoked {
        customer: ANNA,
        session: SESSION,
        reason: RevokeReason::SignedOut,
        expires_at: at(10).plus(REFRESH_LIFETIME),
    }
}

pub(crate) fn anna_excluded(until: Timestamp) -> Event {
    Event::CustomerExcluded {
        customer: ANNA,
        until,
        at: at(0),
    }
}
