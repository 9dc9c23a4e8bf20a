//! Sessions: one family of refresh tokens each, of which exactly one is good.
//!
//! Duty: rotation. The current token is exchanged for its successor. When the answer to an
//! exchange was lost, the same client asks for the same successor again: within a short grace it
//! is told the same, and nothing changes. Any other token of the family means that two parties hold it, and the
//! family ends.
//!
//! Prohibition: no token is seen here, only digests. Which tokens were good once is not kept:
//! a token that is not the current one is treated as an old one.

use crate::command::{EndOtherSessions, RefreshSession, SignOut};
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason, SessionOpened, SessionRefreshed};
use crate::staff::owed;
use crate::state::{Customer, Session, State};
use kernel::{CustomerId, Digest, Duration, SessionId, Timestamp};

/// The longest life of a refresh token.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest life of a session, however often its token is exchanged: then who holds it proves
/// once more who he is.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long after an exchange the same exchange may be asked for again.
pub const RETRY_GRACE: Duration = Duration::from_secs(30);
/// How many sessions a customer may have; the one that expires first makes room.
pub const SESSIONS_MAX: usize = 16;

/// A token's end, within the longest life.
fn bounded(expires_at: Timestamp, now: Timestamp) -> Timestamp {
    expires_at.min(now.plus(REFRESH_LIFETIME))
}

/// When a session ends, whatever is done with it.
fn latest_end(session: &Session) -> Timestamp {
    session.started_at.plus(SESSION_LIFETIME)
}

pub(crate) fn revoked(
    customer: CustomerId,
    id: SessionId,
    session: &Session,
    reason: RevokeReason,
) -> Event {
    Event::SessionRevoked {
        customer,
        session: id,
        reason,
        expires_at: session.expires_at,
    }
}

/// The end of all of a customer's sessions.
pub(crate) fn all_revoked(
    id: CustomerId,
    customer: &Customer,
    reason: RevokeReason,
) -> impl Iterator<Item = Event> {
    let sessions = customer.sessions.iter();
    sessions.map(move |(session_id, session)| revoked(id, *session_id, session, reason))
}

/// The sessions that make room for one more.
fn displaced(id: CustomerId, customer: &Customer, now: Timestamp) -> Vec<Event> {
    let mut live: Vec<_> = customer
        .sessions
        .iter()
        .filter(|(_, session)| now < session.expires_at)
        .collect();
    live.sort_by_key(|(session_id, session)| (session.expires_at, **session_id));
    let surplus = live.len().saturating_add(1).saturating_sub(SESSIONS_MAX);
    live.into_iter()
        .take(surplus)
        .map(|(session_id, session)| revoked(id, *session_id, session, RevokeReason::Displaced))
        .collect()
}

/// A session that is to begin, as a proof of who somebody is asks for it.
pub(crate) struct Opening {
    pub(crate) session: SessionId,
    pub(crate) refresh_hash: Digest,
    pub(crate) expires_at: Timestamp,
}

impl Opening {
    /// What is said to whoever asked for this session before; none: nobody did.
    pub(crate) fn repeated(&self, customer: &Customer) -> Option<Result<Vec<Event>, Rejection>> {
        let session = customer.sessions.get(&self.session)?;
        let same = session.current == self.refresh_hash && session.previous.is_none();
        Some(if same {
            Ok(vec![])
        } else {
            Err(Rejection::SessionEnded)
        })
    }

    /// The session begins, and the oldest make room for it.
    pub(crate) fn events(&self, id: CustomerId, customer: &Customer, now: Timestamp) -> Vec<Event> {
        let mut events = displaced(id, customer, now);
        events.push(Event::SignedIn(SessionOpened {
            customer: id,
            session: self.session,
            refresh_hash: self.refresh_hash,
            roles: customer.roles.clone(),
            expires_at: bounded(self.expires_at, now),
            at: now,
        }));
        events.extend(owed(id, customer, self.session));
        events
    }
}

pub(crate) fn refresh(state: &State, command: &RefreshSession) -> Result<Vec<Event>, Rejection> {
    let found = state
        .customers
        .get(&command.customer)
        .and_then(|customer| Some((customer, customer.sessions.get(&command.session)?)))
        .filter(|(_, session)| command.now < session.expires_at.min(latest_end(session)));
    let Some((customer, session)) = found else {
        return Err(Rejection::SessionEnded);
    };
    let owing = |refreshed| {
        let owed = owed(command.customer, customer, command.session);
        std::iter::once(refreshed).chain(owed).collect()
    };
    let fresh = command.next_hash != session.current
        && Some(command.next_hash) != session.previous
        && command.next_hash != command.presented_hash;
    if command.presented_hash == session.current && fresh {
        let refreshed = Event::SessionRefreshed(SessionRefreshed {
            customer: command.customer,
            session: command.session,
            refresh_hash: command.next_hash,
            roles: customer.roles.clone(),
            expires_at: bounded(command.expires_at, command.now).min(latest_end(session)),
            at: command.now,
        });
        return Ok(owing(refreshed));
    }
    let retried = session.previous == Some(command.presented_hash)
        && session.current == command.next_hash
        && command.now <= session.issued_at.plus(RETRY_GRACE);
    if retried {
        // Tokens are handed out again, and that is told.
        return Ok(owing(Event::SessionRefreshRepeated {
            customer: command.customer,
            session: command.session,
            roles: customer.roles.clone(),
            at: command.now,
        }));
    }
    let reason = RevokeReason::TokenReused;
    Ok(vec![revoked(
        command.customer,
        command.session,
        session,
        reason,
    )])
}

pub(crate) fn sign_out(state: &State, command: &SignOut) -> Result<Vec<Event>, Rejection> {
    let sessions = &customer(state, command.customer)?.sessions;
    Ok(sessions
        .get(&command.session)
        .map(|session| {
            let reason = RevokeReason::SignedOut;
            revoked(command.customer, command.session, session, reason)
        })
        .into_iter()
        .collect())
}

/// Whoever asks is signed in; what is left of a session that has ended ends nobody else's.
pub(crate) fn end_others(
    state: &State,
    command: &EndOtherSessions,
) -> Result<Vec<Event>, Rejection> {
    let sessions = &customer(state, command.customer)?.sessions;
    let asking = sessions.get(&command.session);
    if asking.is_none_or(|session| session.expires_at <= command.now) {
        return Err(Rejection::SessionEnded);
    }
    let others = sessions.iter().filter(|(id, _)| **id != command.session);
    let ended = others.map(|(id, session)| {
        let reason = RevokeReason::SignedOut;
        revoked(command.customer, *id, session, reason)
    });
    Ok(ended.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, SignIn};
    use crate::decide::Auth;
    use crate::examples::*;
    use kernel::{Decider, Digest};
    use proptest::prelude::*;

    /// Digest of the n-th token of the family; the first comes with the sign-in.
    fn token(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }

    fn exchange(presented: u8, next: u8, now: Timestamp) -> Command {
        Command::RefreshSession(RefreshSession {
            customer: ANNA,
            session: SESSION,
            presented_hash: token(presented),
            next_hash: token(next),
            expires_at: now.plus(REFRESH_LIFETIME),
            now,
        })
    }

    fn refreshed(next: u8, now: Timestamp) -> Event {
        Event::SessionRefreshed(SessionRefreshed {
            customer: ANNA,
            session: SESSION,
            refresh_hash: token(next),
            roles: vec![crate::Role::Customer],
            expires_at: now.plus(REFRESH_LIFETIME),
            at: now,
        })
    }

    fn reused(expires_at: Timestamp) -> Event {
        Event::SessionRevoked {
            customer: ANNA,
            session: SESSION,
            reason: RevokeReason::TokenReused,
            expires_at,
        }
    }

    fn signed_in() -> Scenario {
        scenario([anna_registered(), anna_signed_in(at(10))])
    }

    #[test]
    fn the_current_token_is_exchanged() {
        signed_in()
            .when(exchange(1, 2, at(20)))
            .then([refreshed(2, at(20))]);
    }

    #[test]
    fn a_session_ends_a_month_after_its_sign_in_however_often_it_is_refreshed() {
        let day = |number: i64| at(10).plus(Duration::from_secs(number.saturating_mul(86_400)));
        let end = at(10).plus(SESSION_LIFETIME);
        let last = Event::SessionRefreshed(SessionRefreshed {
            customer: ANNA,
            session: SESSION,
            refresh_hash: token(6),
            roles: vec![crate::Role::Customer],
            expires_at: end,
            at: day(29),
        });
        let kept_up = || {
            signed_in()
                .after(exchange(1, 2, day(6)))
                .after(exchange(2, 3, day(12)))
                .after(exchange(3, 4, day(18)))
                .after(exchange(4, 5, day(24)))
        };
        kept_up().when(exchange(5, 6, day(29))).then([last]);
        kept_up()
            .after(exchange(5, 6, day(29)))
            .when(exchange(6, 7, end))
            .then_rejected(Rejection::SessionEnded);
    }

    #[test]
    fn a_lost_answer_may_be_asked_for_again_within_the_grace() {
        signed_in()
            .after(exchange(1, 2, at(20)))
            .when(exchange(1, 2, at(50)))
            .then([Event::SessionRefreshRepeated {
                customer: ANNA,
                session: SESSION,
                roles: vec![crate::Role::Customer],
                at: at(50),
            }]);
    }

    #[test]
    fn after_the_grace_a_repeat_counts_as_reuse() {
        signed_in()
            .after(exchange(1, 2, at(20)))
            .when(exchange(1, 2, at(51)))
            .then([reused(at(20).plus(REFRESH_LIFETIME))]);
    }

    #[test]
    fn another_successor_of_an_old_token_ends_the_family() {
        signed_in()
            .after(exchange(1, 2, at(20)))
            .when(exchange(1, 3, at(21)))
            .then([reused(at(20).plus(REFRESH_LIFETIME))]);
    }

    #[test]
    fn an_older_token_ends_the_family() {
        signed_in()
            .after(exchange(1, 2, at(20)))
            .after(exchange(2, 3, at(21)))
            .when(exchange(1, 2, at(22)))
            .then([reused(at(21).plus(REFRESH_LIFETIME))]);
    }

    #[test]
    fn a_token_cannot_succeed_itself() {
        signed_in()
            .when(exchange(1, 1, at(20)))
            .then([reused(at(10).plus(REFRESH_LIFETIME))]);
    }

    #[test]
    fn an_ended_family_stays_ended() {
        signed_in()
            .after(exchange(9, 2, at(20)))
            .when(exchange(1, 2, at(21)))
            .then_rejected(Rejection::SessionEnded);
    }

    #[test]
    fn an_expired_token_is_refused() {
        signed_in()
            .when(exchange(1, 2, at(10).plus(REFRESH_LIFETIME)))
            .then_rejected(Rejection::SessionEnded);
    }

    #[test]
    fn a_token_of_a_stranger_is_refused() {
        scenario([])
            .when(exchange(1, 2, at(20)))
            .then_rejected(Rejection::SessionEnded);
    }

    fn leave() -> Command {
        Command::SignOut(SignOut {
            customer: ANNA,
            session: SESSION,
        })
    }

    #[test]
    fn signing_out_ends_the_session() {
        signed_in().when(leave()).then([signed_out()]);
    }

    #[test]
    fn signing_out_again_changes_nothing() {
        signed_in().after(leave()).when(leave()).then_nothing();
    }

    #[test]
    fn a_stranger_cannot_sign_out() {
        scenario([])
            .when(leave())
            .then_rejected(Rejection::CustomerUnknown);
    }

    fn end_others_at(now: Timestamp) -> Command {
        Command::EndOtherSessions(EndOtherSessions {
            customer: ANNA,
            session: SESSION,
            now,
        })
    }

    #[test]
    fn the_other_sessions_end_and_the_one_that_asks_stays() {
        let revoked = |device: u64| Event::SessionRevoked {
            customer: ANNA,
            session: SessionId::example(device + 1_000, PARTITION),
            reason: RevokeReason::SignedOut,
            expires_at: at(15).plus(REFRESH_LIFETIME),
        };
        let three = signed_in()
            .after(sign_in_on(1, at(15)))
            .after(sign_in_on(2, at(15)));
        three
            .when(end_others_at(at(20)))
            .then([revoked(1), revoked(2)]);
        signed_in()
            .after(sign_in_on(1, at(15)))
            .after(end_others_at(at(20)))
            .when(end_others_at(at(21)))
            .then_nothing();
    }

    #[test]
    fn a_session_that_has_ended_ends_no_other() {
        signed_in()
            .after(sign_in_on(1, at(15)))
            .after(leave())
            .when(end_others_at(at(20)))
            .then_rejected(Rejection::SessionEnded);
        signed_in()
            .when(end_others_at(at(10).plus(REFRESH_LIFETIME)))
            .then_rejected(Rejection::SessionEnded);
        scenario([])
            .when(end_others_at(at(20)))
            .then_rejected(Rejection::CustomerUnknown);
    }

    fn sign_in_on(device: u64, now: Timestamp) -> Command {
        Command::SignIn(SignIn {
            session: SessionId::example(device.saturating_add(1_000), PARTITION),
            expires_at: now.plus(REFRESH_LIFETIME),
            now,
            ..sign_in_anna()
        })
    }

    #[test]
    fn one_device_too_many_displaces_the_oldest_session() {
        let mut full = scenario([anna_registered()]);
        for device in 0..16 {
            full = full.after(sign_in_on(device, at(10)));
        }
        let events = full.when(sign_in_on(16, at(20))).events();
        let displaced = Event::SessionRevoked {
            customer: ANNA,
            session: SessionId::example(1_000, PARTITION),
            reason: RevokeReason::Displaced,
            expires_at: at(10).plus(REFRESH_LIFETIME),
        };
        assert_eq!(events.first(), Some(&displaced));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn expired_sessions_are_forgotten_at_the_next_sign_in() {
        let later = at(10).plus(REFRESH_LIFETIME);
        let state = signed_in().after(sign_in_on(1, later)).state();
        let sessions = &state.customers.get(&ANNA).expect("registered").sessions;
        assert_eq!(sessions.len(), 1);
        assert!(!sessions.contains_key(&SESSION));
    }

    proptest! {
        /// Whoever presents which tokens in which order: among all tokens of a family at most
        /// one can still be exchanged, and an ended family never lives again.
        #[test]
        fn at_most_one_token_of_a_family_is_good(
            exchanges in proptest::collection::vec((0_u8..6, 0_u8..6, 0_i64..40), 0..40)
        ) {
            let mut state = signed_in().state();
            let mut now = at(10);
            let mut ended = false;
            for (presented, next, pause) in exchanges {
                now = now.plus(Duration::from_secs(pause));
                let command = exchange(presented, next, now);
                let events = Auth::decide(&state, &command).unwrap_or_default();
                for event in &events {
                    Auth::evolve(&mut state, event);
                }
                let good = (0..6).filter(|n| {
                    let probe = exchange(*n, 200, now);
                    matches!(
                        Auth::decide(&state, &probe).as_deref(),
                        Ok([Event::SessionRefreshed(_)])
                    )
                });
                let good = good.count();
                prop_assert!(good <= 1);
                prop_assert!(!(ended && good > 0));
                ended = good == 0;
            }
        }
    }
}
