//! Personal data: sealed, replaced, erased.
//!
//! Duty: record that a profile was replaced and that a customer's keys are to be destroyed, who
//! asked for it and why. From that record on nobody can sign in, and no new profile is taken.
//!
//! Prohibition: nothing readable is ever seen here, and no record is touched: erasing destroys
//! keys, which lie outside the log, so that no hash changes.

use crate::command::{ErasePersonalData, ReplaceProfile};
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason};
use crate::session;
use crate::state::State;

pub(crate) fn replace_profile(
    state: &State,
    command: &ReplaceProfile,
) -> Result<Vec<Event>, Rejection> {
    if customer(state, command.customer)?.erased {
        return Err(Rejection::PersonalDataGone);
    }
    Ok(vec![Event::ProfileReplaced {
        customer: command.customer,
        sealed_profile: command.sealed_profile.clone(),
        at: command.now,
    }])
}

pub(crate) fn erase(state: &State, command: &ErasePersonalData) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.erased {
        return Ok(vec![]);
    }
    let erased = Event::PersonalDataErased {
        customer: command.customer,
        by: command.by.clone(),
        reason: command.reason.clone(),
        at: command.now,
    };
    let ended = session::all_revoked(command.customer, customer, RevokeReason::Erased);
    Ok(std::iter::once(erased).chain(ended).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;
    use crate::session::REFRESH_LIFETIME;

    fn replace() -> Command {
        Command::ReplaceProfile(ReplaceProfile {
            customer: ANNA,
            sealed_profile: vec![7, 8],
            now: at(20),
        })
    }

    fn erase_anna() -> Command {
        Command::ErasePersonalData(ErasePersonalData {
            customer: ANNA,
            by: "carl".to_owned(),
            reason: "she asked for it".to_owned(),
            now: at(30),
        })
    }

    #[test]
    fn a_profile_is_replaced() {
        scenario([anna_registered()])
            .when(replace())
            .then([Event::ProfileReplaced {
                customer: ANNA,
                sealed_profile: vec![7, 8],
                at: at(20),
            }]);
    }

    #[test]
    fn erasing_is_recorded_with_who_and_why_and_ends_the_sessions() {
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(erase_anna())
            .then([
                Event::PersonalDataErased {
                    customer: ANNA,
                    by: "carl".to_owned(),
                    reason: "she asked for it".to_owned(),
                    at: at(30),
                },
                Event::SessionRevoked {
                    customer: ANNA,
                    session: SESSION,
                    reason: RevokeReason::Erased,
                    expires_at: at(10).plus(REFRESH_LIFETIME),
                },
            ]);
    }

    #[test]
    fn erasing_again_changes_nothing() {
        scenario([anna_registered()])
            .after(erase_anna())
            .when(erase_anna())
            .then_nothing();
    }

    #[test]
    fn whoever_was_erased_gets_no_new_profile_and_does_not_sign_in() {
        scenario([anna_registered()])
            .after(erase_anna())
            .when(replace())
            .then_rejected(Rejection::PersonalDataGone);
        scenario([anna_registered()])
            .after(erase_anna())
            .when(Command::SignIn(sign_in_anna()))
            .then_rejected(Rejection::CredentialsWrong);
    }

    #[test]
    fn there_is_nothing_to_erase_of_a_stranger() {
        scenario([])
            .when(erase_anna())
            .then_rejected(Rejection::CustomerUnknown);
        scenario([])
            .when(replace())
            .then_rejected(Rejection::CustomerUnknown);
    }
}
