//! The decider: which rule judges which command.
//!
//! Duty: hand each command to its rule and name every refusal. Prohibition: no rule is written
//! here; they are in the modules that it names.

use crate::command::{Command, Register};
use crate::event::{CustomerRegistered, Event};
use crate::state::{Customer, State};
use crate::{
    credential, exclusion, increase, limit, marketing, passkey, person, reality_check, reset, role,
    second_factor, session, staff,
};
use kernel::{CustomerId, Decider, Timestamp};

/// The rules of auth.
#[derive(Clone, Copy, Debug)]
pub struct Auth;

/// Which rule a command broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Another account has this login.
    #[error("another account has this login")]
    LoginTaken,
    /// The id was not minted for this partition, or another account has it.
    #[error("the customer id was not minted for this account")]
    CustomerIdNotAllowed,
    /// No such customer here.
    #[error("no such customer")]
    CustomerUnknown,
    /// The credential has changed since the password was checked.
    #[error("the credential has changed, its version is now {current}")]
    CredentialVersionStale {
        /// The version to check against.
        current: u64,
    },
    /// No such login. Says no more than a wrong password does.
    #[error("wrong login or password")]
    CredentialsWrong,
    /// Too many failures in a row.
    #[error("too many failures in a row")]
    SignInBlocked {
        /// When a password will be looked at again.
        until: Timestamp,
    },
    /// The session is unknown, ended or expired.
    #[error("the session has ended")]
    SessionEnded,
    /// The amount is not a limit in the account's currency.
    #[error("not a limit: {detail}")]
    LimitNotAllowed {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The exclusion would be shorter than the one in force or than the shortest.
    #[error("the exclusion is too short")]
    ExclusionTooShort {
        /// The earliest end that is allowed.
        earliest: Timestamp,
    },
    /// What was asked for is not open to an excluded customer.
    #[error("the customer is excluded")]
    Excluded {
        /// Until when.
        until: Timestamp,
    },
    /// No such increase waits: it was never asked for, taken back, or it has lapsed.
    #[error("no such increase waits")]
    NoIncreaseWaits,
    /// An increase cannot be confirmed yet.
    #[error("the cool-off is not over")]
    CoolOffNotOver {
        /// When it can be.
        from: Timestamp,
    },
    /// The customer has not asked for reality checks.
    #[error("the customer has no reality checks")]
    RealityCheckNotSet,
    /// Not an interval or a result of a reality check.
    #[error("not a reality check: {detail}")]
    RealityCheckNotAllowed {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The password is right, and a second proof is needed.
    #[error("a second factor is needed")]
    SecondFactorMissing,
    /// No second factor waits or is in force, or another one.
    #[error("no such second factor")]
    SecondFactorUnknown,
    /// A second factor is in force.
    #[error("a second factor is in force")]
    SecondFactorInForce,
    /// The keys of the personal data were destroyed.
    #[error("the personal data was erased")]
    PersonalDataGone,
    /// Nobody hands himself or somebody who works here a code for a forgotten password.
    #[error("no code for this person's password is handed over")]
    ResetNotAllowed,
    /// No such passkey is kept.
    #[error("no such passkey")]
    PasskeyUnknown,
    /// As many passkeys are kept as may be.
    #[error("no more passkeys are kept")]
    PasskeysFull,
    /// The challenge was answered before, or lives no more.
    #[error("the challenge was answered or has lapsed")]
    ChallengeSpent,
    /// The authenticator counts fewer uses than it did: there may be a copy.
    #[error("the passkey counts backwards from {last}")]
    PasskeyCountsBackwards {
        /// How many it counted last.
        last: u32,
    },
}

impl Decider for Auth {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> State {
        State::default()
    }

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Register(command) => register(state, command),
            Command::SignIn(command) => credential::sign_in(state, command),
            Command::ChangePassword(command) => credential::change_password(state, command),
            Command::RefreshSession(command) => session::refresh(state, command),
            Command::SignOut(command) => session::sign_out(state, command),
            Command::SetLimit(command) => limit::set(state, command),
            Command::ConfirmIncrease(command) => increase::confirm(state, command),
            Command::EndWait { timer } => Ok(increase::end_wait(state, *timer)),
            Command::Exclude(command) => exclusion::exclude(state, command),
            Command::GrantRole(command) => role::grant(state, command),
            Command::RevokeRole(command) => role::revoke(state, command),
            Command::OfferSecondFactor(command) => second_factor::offer(state, command),
            Command::ConfirmSecondFactor(command) => second_factor::confirm(state, command),
            Command::RemoveSecondFactor(command) => second_factor::remove(state, command),
            Command::StepUp(command) => second_factor::step_up(state, command),
            Command::ReplaceProfile(command) => person::replace_profile(state, command),
            Command::ErasePersonalData(command) => person::erase(state, command),
            Command::OfferReset(command) => reset::offer(state, command),
            Command::ResetPassword(command) => reset::reset(state, command),
            Command::AdmitStaff(command) => staff::admit(state, command),
            Command::EndOtherSessions(command) => session::end_others(state, command),
            Command::AddPasskey(command) => passkey::add(state, command),
            Command::RemovePasskey(command) => passkey::remove(state, command),
            Command::SignInWithPasskey(command) => passkey::sign_in(state, command),
            Command::SetMarketing(command) => marketing::set(state, command),
            Command::SetRealityCheck(command) => reality_check::set(state, command),
            Command::AcknowledgeRealityCheck(command) => reality_check::acknowledge(state, command),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }
}

/// The customer, who must exist.
pub(crate) fn customer(state: &State, id: CustomerId) -> Result<&Customer, Rejection> {
    state.customers.get(&id).ok_or(Rejection::CustomerUnknown)
}

pub(crate) fn register(state: &State, command: &Register) -> Result<Vec<Event>, Rejection> {
    match state.logins.get(&command.login_hash) {
        Some(owner) if *owner == command.customer => return Ok(vec![]),
        Some(_) => return Err(Rejection::LoginTaken),
        None => {}
    }
    let id_taken = state.customers.contains_key(&command.customer);
    if id_taken || command.customer.partition() != command.partition {
        return Err(Rejection::CustomerIdNotAllowed);
    }
    let mut roles = command.roles.clone();
    roles.sort_unstable();
    roles.dedup();
    Ok(vec![Event::CustomerRegistered(CustomerRegistered {
        customer: command.customer,
        login_hash: command.login_hash,
        password_hash: command.password_hash.clone(),
        credential_version: 1,
        sealed_profile: command.sealed_profile.clone(),
        currency: command.currency,
        roles,
        at: command.now,
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Role;
    use crate::examples::*;
    use kernel::Digest;

    #[test]
    fn an_account_is_opened() {
        scenario([]).when(register_anna()).then([anna_registered()]);
    }

    #[test]
    fn opening_the_same_account_again_changes_nothing() {
        scenario([anna_registered()])
            .when(register_anna())
            .then_nothing();
    }

    #[test]
    fn a_login_belongs_to_one_account() {
        let Command::Register(mut second) = register_anna() else {
            unreachable!("register_anna makes a registration");
        };
        second.customer = CustomerId::example(2, PARTITION);
        scenario([anna_registered()])
            .when(Command::Register(second))
            .then_rejected(Rejection::LoginTaken);
    }

    #[test]
    fn an_id_belongs_to_one_account() {
        let Command::Register(mut second) = register_anna() else {
            unreachable!("register_anna makes a registration");
        };
        second.login_hash = Digest::from_bytes([9; 32]);
        scenario([anna_registered()])
            .when(Command::Register(second))
            .then_rejected(Rejection::CustomerIdNotAllowed);
    }

    #[test]
    fn an_id_of_another_partition_is_refused() {
        let Command::Register(mut elsewhere) = register_anna() else {
            unreachable!("register_anna makes a registration");
        };
        elsewhere.customer = CustomerId::example(1, PARTITION + 1);
        scenario([])
            .when(Command::Register(elsewhere))
            .then_rejected(Rejection::CustomerIdNotAllowed);
    }

    #[test]
    fn roles_are_sorted_and_given_once() {
        let Command::Register(mut command) = register_anna() else {
            unreachable!("register_anna makes a registration");
        };
        command.roles = vec![Role::Trader, Role::Customer, Role::Trader];
        let events = scenario([]).when(Command::Register(command)).events();
        let [Event::CustomerRegistered(registered)] = events.as_slice() else {
            panic!("expected one registration, got {events:?}");
        };
        assert_eq!(registered.roles, [Role::Customer, Role::Trader]);
    }
}
