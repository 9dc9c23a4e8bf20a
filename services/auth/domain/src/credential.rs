//! Sign-ins and password changes: verdicts on passwords, counted.
//!
//! Duty: take only a verdict on the credential in force, and slow down guessing. A block ends by
//! comparison with the time of the next try, not by an event, so it costs nothing to end.
//!
//! Prohibition: no password and no comparison of one. A login that nobody has is counted and
//! blocked as one with a wrong password is, so that no answer tells which logins exist.
//!
//! An excluded customer can sign in: the balance must stay in reach. Betting and depositing are
//! refused where they are decided.

use crate::command::{ChangePassword, SignIn};
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason};
use crate::session::{Opening, revoked};
use crate::state::{Customer, State};
use crate::{second_factor, stranger};
use kernel::{CustomerId, Duration, Timestamp};

/// So many failures in a row are only counted; the last of them blocks.
pub const FAILURES_BEFORE_BLOCK: u32 = 5;
/// How long the first block lasts. Each further failure doubles it.
pub const BLOCK_FIRST: Duration = Duration::from_secs(30);
/// No block lasts longer: others must not be able to lock a customer out for good.
pub const BLOCK_LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long sign-ins are refused after so many failures in a row.
#[must_use]
pub fn block_after(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(FAILURES_BEFORE_BLOCK)?;
    let factor = 1_i64.checked_shl(doublings).unwrap_or(i64::MAX).max(1);
    let micros = if doublings < 62 {
        BLOCK_FIRST.micros().saturating_mul(factor)
    } else {
        i64::MAX
    };
    Some(Duration::from_micros(micros.min(BLOCK_LONGEST.micros())))
}

pub(crate) fn sign_in(state: &State, command: &SignIn) -> Result<Vec<Event>, Rejection> {
    let Some(customer) = state.customers.get(&command.customer) else {
        return stranger::turn_away(state, command.customer, command.now);
    };
    if customer.erased {
        return Err(Rejection::CredentialsWrong);
    }
    let opening = Opening {
        session: command.session,
        refresh_hash: command.refresh_hash,
        expires_at: command.expires_at,
    };
    if let Some(told) = opening.repeated(customer) {
        return told;
    }
    judge_verdict(customer, command.credential_version, command.now)?;
    if !command.password_matches {
        return Ok(vec![failed(command.customer, customer, command.now)]);
    }
    let proved = second_factor::prove(command.customer, customer, command.proof, command.now);
    let mut events = match proved {
        Ok(events) => events,
        Err(unproved) => return unproved.decided(command.customer, customer, command.now),
    };
    events.extend(opening.events(command.customer, customer, command.now));
    Ok(events)
}

pub(crate) fn change_password(
    state: &State,
    command: &ChangePassword,
) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    judge_verdict(customer, command.credential_version, command.now)?;
    if !command.password_matches {
        return Ok(vec![failed(command.customer, customer, command.now)]);
    }
    let changed = changed_password(command.customer, customer, &command.password_hash);
    let others = customer
        .sessions
        .iter()
        .filter(|(id, _)| **id != command.session);
    let ended = others.map(|(id, session)| {
        let reason = RevokeReason::CredentialChanged;
        revoked(command.customer, *id, session, reason)
    });
    Ok(std::iter::once(changed).chain(ended).collect())
}

/// The whole credential with another password.
pub(crate) fn changed_password(id: CustomerId, customer: &Customer, hash: &str) -> Event {
    Event::PasswordChanged {
        customer: id,
        login_hash: customer.login_hash,
        password_hash: hash.to_owned(),
        credential_version: customer.credential_version.saturating_add(1),
    }
}

/// Whether anything that proves something is looked at now.
pub(crate) fn judge_block(customer: &Customer, now: Timestamp) -> Result<(), Rejection> {
    match customer.blocked_until.filter(|until| now < *until) {
        Some(until) => Err(Rejection::SignInBlocked { until }),
        None => Ok(()),
    }
}

/// Whether a verdict on a password of that version is looked at now.
pub(crate) fn judge_verdict(
    customer: &Customer,
    version: u64,
    now: Timestamp,
) -> Result<(), Rejection> {
    judge_block(customer, now)?;
    if version != customer.credential_version {
        return Err(Rejection::CredentialVersionStale {
            current: customer.credential_version,
        });
    }
    Ok(())
}

pub(crate) fn failed(id: CustomerId, customer: &Customer, now: Timestamp) -> Event {
    let failures = customer.failures.saturating_add(1);
    Event::SignInFailed {
        customer: id,
        failures,
        blocked_until: block_after(failures).map(|span| now.plus(span)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;
    use kernel::{Digest, SessionId};

    fn failure(count: u32, blocked_until: Option<Timestamp>) -> Event {
        Event::SignInFailed {
            customer: ANNA,
            failures: count,
            blocked_until,
        }
    }

    fn attempt(version: u64, matches: bool, now: Timestamp) -> Command {
        Command::SignIn(SignIn {
            credential_version: version,
            password_matches: matches,
            now,
            ..sign_in_anna()
        })
    }

    #[test]
    fn a_right_password_starts_a_session() {
        scenario([anna_registered()])
            .when(attempt(1, true, at(10)))
            .then([anna_signed_in(at(10))]);
    }

    #[test]
    fn the_same_sign_in_again_changes_nothing() {
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(attempt(1, true, at(11)))
            .then_nothing();
    }

    #[test]
    fn a_session_that_exists_cannot_be_begun_with_another_token() {
        let other = SignIn {
            refresh_hash: Digest::from_bytes([77; 32]),
            ..sign_in_anna()
        };
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(Command::SignIn(other))
            .then_rejected(Rejection::SessionEnded);
    }

    #[test]
    fn a_wrong_password_is_counted() {
        scenario([anna_registered(), failure(1, None)])
            .when(attempt(1, false, at(10)))
            .then([failure(2, None)]);
    }

    #[test]
    fn the_fifth_failure_blocks_and_each_further_one_for_longer() {
        scenario([anna_registered(), failure(4, None)])
            .when(attempt(1, false, at(10)))
            .then([failure(5, Some(at(40)))]);
        scenario([anna_registered(), failure(5, Some(at(40)))])
            .when(attempt(1, false, at(40)))
            .then([failure(6, Some(at(100)))]);
    }

    #[test]
    fn while_blocked_no_password_is_looked_at_not_even_the_right_one() {
        scenario([anna_registered(), failure(5, Some(at(40)))])
            .when(attempt(1, true, at(39)))
            .then_rejected(Rejection::SignInBlocked { until: at(40) });
    }

    #[test]
    fn a_block_ends_by_itself() {
        scenario([anna_registered(), failure(5, Some(at(40)))])
            .when(attempt(1, true, at(40)))
            .then([anna_signed_in(at(40))]);
    }

    #[test]
    fn a_right_password_forgets_the_failures() {
        let events = [
            anna_registered(),
            failure(4, None),
            anna_signed_in(at(10)),
            signed_out(),
        ];
        scenario(events)
            .when(attempt(1, false, at(20)))
            .then([failure(1, None)]);
    }

    #[test]
    fn a_verdict_on_another_version_of_the_credential_is_refused() {
        scenario([anna_registered()])
            .when(attempt(2, true, at(10)))
            .then_rejected(Rejection::CredentialVersionStale { current: 1 });
    }

    #[test]
    fn an_excluded_customer_may_sign_in() {
        scenario([anna_registered(), anna_excluded(at(100_000))])
            .when(attempt(1, true, at(10)))
            .then([anna_signed_in(at(10))]);
    }

    #[test]
    fn a_refresh_token_lives_no_longer_than_allowed() {
        let greedy = SignIn {
            expires_at: Timestamp::MAX,
            now: at(10),
            ..sign_in_anna()
        };
        let events = scenario([anna_registered()])
            .when(Command::SignIn(greedy))
            .events();
        let [Event::SignedIn(opened)] = events.as_slice() else {
            panic!("expected one session, got {events:?}");
        };
        assert_eq!(
            opened.expires_at,
            at(10).plus(crate::session::REFRESH_LIFETIME)
        );
    }

    fn change(version: u64, matches: bool) -> Command {
        Command::ChangePassword(ChangePassword {
            customer: ANNA,
            credential_version: version,
            password_matches: matches,
            password_hash: "$new".to_owned(),
            session: SESSION,
            now: at(20),
        })
    }

    fn changed() -> Event {
        Event::PasswordChanged {
            customer: ANNA,
            login_hash: LOGIN,
            password_hash: "$new".to_owned(),
            credential_version: 2,
        }
    }

    #[test]
    fn a_new_password_ends_the_other_sessions() {
        let elsewhere = SessionId::example(99, PARTITION);
        let Event::SignedIn(mut opened) = anna_signed_in(at(10)) else {
            unreachable!("anna_signed_in makes a session");
        };
        opened.session = elsewhere;
        let expires_at = opened.expires_at;
        let events = [
            anna_registered(),
            anna_signed_in(at(10)),
            Event::SignedIn(opened),
        ];
        scenario(events).when(change(1, true)).then([
            changed(),
            Event::SessionRevoked {
                customer: ANNA,
                session: elsewhere,
                reason: RevokeReason::CredentialChanged,
                expires_at,
            },
        ]);
    }

    #[test]
    fn after_a_change_the_old_credential_counts_no_more() {
        scenario([anna_registered(), changed()])
            .when(attempt(1, true, at(30)))
            .then_rejected(Rejection::CredentialVersionStale { current: 2 });
    }

    #[test]
    fn a_wrong_old_password_counts_as_a_failure() {
        scenario([anna_registered()])
            .when(change(1, false))
            .then([failure(1, None)]);
    }

    #[test]
    fn a_change_of_a_stranger_is_refused() {
        scenario([])
            .when(change(1, true))
            .then_rejected(Rejection::CustomerUnknown);
    }

    #[test]
    fn blocks_grow_and_stop_growing() {
        assert_eq!(block_after(4), None);
        assert_eq!(block_after(5), Some(BLOCK_FIRST));
        assert_eq!(block_after(7), Some(Duration::from_secs(120)));
        for failures in 12..200 {
            assert_eq!(block_after(failures), Some(BLOCK_LONGEST));
        }
        assert_eq!(block_after(u32::MAX), Some(BLOCK_LONGEST));
    }
}
