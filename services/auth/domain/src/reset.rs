//! Forgotten passwords: a code that somebody of the house hands over.
//!
//! Duty: a code is offered by somebody who is named, with a reason, to a customer and to nobody
//! who works here; it lives shortly, sets one new password, and ends every session. A wrong code is
//! a failure like a wrong password, and blocks like one; a login that nobody has is met like one
//! that somebody has. Since nobody guesses a code, a block of guessed passwords does not keep out
//! who has it. A second factor stays, and is asked for as before.
//!
//! Prohibition: no code and no password is seen here, only a digest and a hash.

use crate::command::{OfferReset, ResetPassword};
use crate::credential::{changed_password, failed, judge_block};
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason, Role};
use crate::session;
use crate::state::State;
use crate::stranger;
use kernel::Duration;

/// How long a code may be good for: for as long as it takes to be read to somebody and typed.
pub const RESET_LONGEST: Duration = Duration::from_secs(60 * 60);

pub(crate) fn offer(state: &State, command: &OfferReset) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.erased {
        return Err(Rejection::PersonalDataGone);
    }
    let works_here = customer.roles.iter().any(|role| *role != Role::Customer);
    if works_here || command.by == command.customer.to_string() {
        return Err(Rejection::ResetNotAllowed);
    }
    let longest = command.now.plus(RESET_LONGEST);
    Ok(vec![Event::PasswordResetOffered {
        customer: command.customer,
        code_hash: command.code_hash,
        until: command.until.min(longest),
        by: command.by.clone(),
        reason: command.reason.clone(),
        at: command.now,
    }])
}

pub(crate) fn reset(state: &State, command: &ResetPassword) -> Result<Vec<Event>, Rejection> {
    let Some(customer) = state.customers.get(&command.customer) else {
        return stranger::turn_away(state, command.customer, command.now);
    };
    if customer.erased {
        return Err(Rejection::CredentialsWrong);
    }
    let right = customer
        .reset
        .is_some_and(|reset| reset.code_hash == command.code_hash && command.now < reset.until);
    if !right {
        judge_block(customer, command.now)?;
        return Ok(vec![failed(command.customer, customer, command.now)]);
    }
    let taken = Event::PasswordResetTaken {
        customer: command.customer,
        at: command.now,
    };
    let changed = changed_password(command.customer, customer, &command.password_hash);
    let reason = RevokeReason::CredentialChanged;
    let ended = session::all_revoked(command.customer, customer, reason);
    Ok([taken, changed].into_iter().chain(ended).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{ChangePassword, Command, ErasePersonalData, SignIn};
    use crate::examples::*;
    use crate::session::REFRESH_LIFETIME;
    use kernel::{Digest, Timestamp};

    fn code(number: u8) -> Digest {
        Digest::from_bytes([number; 32])
    }

    fn offer_with(number: u8, until: i64) -> Command {
        Command::OfferReset(OfferReset {
            customer: ANNA,
            code_hash: code(number),
            until: at(until),
            by: "olga".to_owned(),
            reason: "showed her passport".to_owned(),
            now: at(20),
        })
    }

    fn offered(number: u8, until: Timestamp) -> Event {
        Event::PasswordResetOffered {
            customer: ANNA,
            code_hash: code(number),
            until,
            by: "olga".to_owned(),
            reason: "showed her passport".to_owned(),
            at: at(20),
        }
    }

    fn reset_with(number: u8, now: i64) -> Command {
        Command::ResetPassword(ResetPassword {
            customer: ANNA,
            code_hash: code(number),
            password_hash: "$new".to_owned(),
            now: at(now),
        })
    }

    fn taken(now: i64) -> Event {
        Event::PasswordResetTaken {
            customer: ANNA,
            at: at(now),
        }
    }

    fn changed() -> Event {
        Event::PasswordChanged {
            customer: ANNA,
            login_hash: LOGIN,
            password_hash: "$new".to_owned(),
            credential_version: 2,
        }
    }

    fn failure(count: u32, blocked_until: Option<Timestamp>) -> Event {
        Event::SignInFailed {
            customer: ANNA,
            failures: count,
            blocked_until,
        }
    }

    #[test]
    fn a_code_is_offered_with_who_and_why_for_an_hour_at_most() {
        scenario([anna_registered()])
            .when(offer_with(1, 620))
            .then([offered(1, at(620))]);
        scenario([anna_registered()])
            .when(offer_with(1, 1_000_000))
            .then([offered(1, at(20).plus(RESET_LONGEST))]);
    }

    #[test]
    fn nobody_offers_one_to_himself_to_staff_to_a_stranger_or_to_whoever_was_erased() {
        let Command::OfferReset(mut own) = offer_with(1, 620) else {
            unreachable!("offer_with makes an offer");
        };
        own.by = ANNA.to_string();
        scenario([anna_registered()])
            .when(Command::OfferReset(own))
            .then_rejected(Rejection::ResetNotAllowed);
        let granted = Event::RoleGranted {
            customer: ANNA,
            role: Role::Trader,
            by: "olga".to_owned(),
            roles: vec![Role::Customer, Role::Trader],
        };
        scenario([anna_registered(), granted])
            .when(offer_with(1, 620))
            .then_rejected(Rejection::ResetNotAllowed);
        scenario([])
            .when(offer_with(1, 620))
            .then_rejected(Rejection::CustomerUnknown);
        let erase = Command::ErasePersonalData(ErasePersonalData {
            customer: ANNA,
            by: "carl".to_owned(),
            reason: "asked for".to_owned(),
            now: at(19),
        });
        scenario([anna_registered()])
            .after(erase.clone())
            .when(offer_with(1, 620))
            .then_rejected(Rejection::PersonalDataGone);
        scenario([anna_registered()])
            .after(offer_with(1, 620))
            .after(erase)
            .when(reset_with(1, 30))
            .then_rejected(Rejection::CredentialsWrong);
    }

    #[test]
    fn the_code_sets_a_new_password_and_ends_every_session() {
        scenario([
            anna_registered(),
            anna_signed_in(at(10)),
            offered(1, at(620)),
        ])
        .when(reset_with(1, 30))
        .then([
            taken(30),
            changed(),
            Event::SessionRevoked {
                customer: ANNA,
                session: SESSION,
                reason: RevokeReason::CredentialChanged,
                expires_at: at(10).plus(REFRESH_LIFETIME),
            },
        ]);
    }

    #[test]
    fn a_code_counts_once_and_until_its_end() {
        scenario([anna_registered(), offered(1, at(620)), taken(30), changed()])
            .when(reset_with(1, 31))
            .then([failure(1, None)]);
        scenario([anna_registered(), offered(1, at(620))])
            .when(reset_with(1, 620))
            .then([failure(1, None)]);
    }

    #[test]
    fn a_newer_code_ends_the_older_one_and_so_does_a_change_of_the_password() {
        scenario([anna_registered(), offered(1, at(620)), offered(2, at(620))])
            .when(reset_with(1, 30))
            .then([failure(1, None)]);
        let change = Command::ChangePassword(ChangePassword {
            customer: ANNA,
            credential_version: 1,
            password_matches: true,
            password_hash: "$other".to_owned(),
            session: SESSION,
            now: at(25),
        });
        scenario([anna_registered(), offered(1, at(620))])
            .after(change)
            .when(reset_with(1, 30))
            .then([failure(1, None)]);
    }

    #[test]
    fn wrong_codes_block_like_wrong_passwords() {
        scenario([anna_registered(), offered(1, at(620)), failure(4, None)])
            .when(reset_with(9, 30))
            .then([failure(5, Some(at(60)))]);
        scenario([
            anna_registered(),
            offered(1, at(620)),
            failure(5, Some(at(60))),
        ])
        .when(reset_with(9, 30))
        .then_rejected(Rejection::SignInBlocked { until: at(60) });
    }

    #[test]
    fn a_block_of_guessed_passwords_does_not_keep_out_who_has_the_code() {
        scenario([
            anna_registered(),
            offered(1, at(620)),
            failure(5, Some(at(60))),
        ])
        .when(reset_with(1, 30))
        .then([taken(30), changed()]);
    }

    #[test]
    fn a_login_that_nobody_has_is_met_like_one_without_a_code() {
        scenario([])
            .when(reset_with(1, 30))
            .then([Event::StrangerTurnedAway {
                customer: ANNA,
                failures: 1,
                blocked_until: None,
            }]);
        scenario([anna_registered()])
            .when(reset_with(1, 30))
            .then([failure(1, None)]);
    }

    #[test]
    fn the_old_password_signs_nobody_in_any_more() {
        scenario([anna_registered(), offered(1, at(620))])
            .after(reset_with(1, 30))
            .when(Command::SignIn(sign_in_anna()))
            .then_rejected(Rejection::CredentialVersionStale { current: 2 });
        let new = SignIn {
            credential_version: 2,
            now: at(40),
            ..sign_in_anna()
        };
        scenario([anna_registered(), offered(1, at(620))])
            .after(reset_with(1, 30))
            .when(Command::SignIn(new))
            .then([anna_signed_in(at(40))]);
    }
}
