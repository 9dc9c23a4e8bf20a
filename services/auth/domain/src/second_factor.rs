//! The second factor: time-based codes of an authenticator (RFC 6238) and recovery codes.
//!
//! Duty: each step of thirty seconds counts once, each recovery code counts once, whatever
//! arrives at the same time; a wrong code is a failure like a wrong password, and blocks like
//! one. Proving oneself again within a session (a step-up) takes a passkey, or else the second
//! factor where there is one, and the password where there is none.
//!
//! Prohibition: no secret and no code is seen here: the gateway compares and says whose step it
//! was. A step that is not of now is not believed, whoever says it.

use crate::command::{ConfirmSecondFactor, OfferSecondFactor, Proof, RemoveSecondFactor, StepUp};
use crate::credential::{failed, judge_block, judge_verdict};
use crate::decide::{Rejection, customer};
use crate::event::{Event, SecondFactorEnabled};
use crate::passkey;
use crate::state::{Customer, SecondFactor, State};
use kernel::{CustomerId, Digest, Duration, Timestamp};

/// How long a code lives.
pub const TOTP_STEP: Duration = Duration::from_secs(30);
/// So many steps before and after now count as well: clocks differ, and people type slowly.
const STEPS_AROUND: u64 = 1;
/// How long a proof of who one is counts for what is delicate.
pub const STEP_UP_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Why nothing was proved.
pub(crate) enum Unproved {
    /// What was shown is wrong, and counts as a failure.
    Wrong,
    /// It is not looked at.
    Refused(Rejection),
}

impl From<Rejection> for Unproved {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

impl Unproved {
    /// What is decided where nothing was proved.
    pub(crate) fn decided(
        self,
        id: CustomerId,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Wrong => Ok(vec![failed(id, customer, now)]),
            Self::Refused(rejection) => Err(rejection),
        }
    }
}

/// The step of that time, counted from 1970.
#[must_use]
pub fn step_at(now: Timestamp) -> u64 {
    let since = now.micros().div_euclid(TOTP_STEP.micros());
    u64::try_from(since).unwrap_or(0)
}

fn is_of_now(step: u64, now: Timestamp) -> bool {
    step.abs_diff(step_at(now)) <= STEPS_AROUND
}

/// What a sign-in proves beside the password: the events that use the proof up. Whoever has no
/// second factor needs none.
pub(crate) fn prove(
    id: CustomerId,
    customer: &Customer,
    proof: Option<Proof>,
    now: Timestamp,
) -> Result<Vec<Event>, Unproved> {
    match (&customer.second_factor, proof) {
        (None | Some(SecondFactor::Offered { .. }), _) => Ok(vec![]),
        (Some(SecondFactor::Enabled { .. }), None) => Err(Rejection::SecondFactorMissing.into()),
        (Some(SecondFactor::Enabled { .. }), Some(proof)) => {
            Ok(vec![use_up(id, customer, proof, now)?])
        }
    }
}

/// The event that uses a proof up, if it is one. What a passkey says wrongly is nobody's guess: it
/// is refused and not counted.
fn use_up(
    id: CustomerId,
    customer: &Customer,
    proof: Proof,
    now: Timestamp,
) -> Result<Event, Unproved> {
    match proof {
        Proof::Passkey(assertion) => Ok(passkey::use_up(id, customer, assertion, now)?),
        Proof::Totp { factor, step } => use_up_step(id, customer, factor, step, now),
        Proof::Recovery { hash } => use_up_recovery(id, customer, hash),
    }
}

fn use_up_step(
    id: CustomerId,
    customer: &Customer,
    factor: u64,
    step: Option<u64>,
    now: Timestamp,
) -> Result<Event, Unproved> {
    let Some(SecondFactor::Enabled {
        number, last_step, ..
    }) = &customer.second_factor
    else {
        return Err(Unproved::Wrong);
    };
    let step = step.filter(|step| factor == *number && *step > *last_step && is_of_now(*step, now));
    Ok(Event::SecondFactorProved {
        customer: id,
        factor,
        step: step.ok_or(Unproved::Wrong)?,
    })
}

fn use_up_recovery(id: CustomerId, customer: &Customer, hash: Digest) -> Result<Event, Unproved> {
    let Some(SecondFactor::Enabled { recovery, .. }) = &customer.second_factor else {
        return Err(Unproved::Wrong);
    };
    if !recovery.contains(&hash) {
        return Err(Unproved::Wrong);
    }
    let left = recovery.len().saturating_sub(1);
    Ok(Event::RecoveryCodeUsed {
        customer: id,
        hash,
        left: u32::try_from(left).unwrap_or(u32::MAX),
    })
}

pub(crate) fn offer(state: &State, command: &OfferSecondFactor) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.erased {
        return Err(Rejection::PersonalDataGone);
    }
    if let Some(SecondFactor::Enabled { .. }) = customer.second_factor {
        return Err(Rejection::SecondFactorInForce);
    }
    Ok(vec![Event::SecondFactorOffered {
        customer: command.customer,
        factor: customer.factors_offered.saturating_add(1),
        sealed_secret: command.sealed_secret.clone(),
        at: command.now,
    }])
}

pub(crate) fn confirm(
    state: &State,
    command: &ConfirmSecondFactor,
) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    judge_block(customer, command.now)?;
    let sealed_secret = match &customer.second_factor {
        Some(SecondFactor::Offered {
            number,
            sealed_secret,
        }) if *number == command.factor => sealed_secret,
        Some(SecondFactor::Enabled { .. }) => return Err(Rejection::SecondFactorInForce),
        Some(SecondFactor::Offered { .. }) | None => return Err(Rejection::SecondFactorUnknown),
    };
    let right = command.step.filter(|step| is_of_now(*step, command.now));
    let Some(step) = right else {
        return Ok(vec![failed(command.customer, customer, command.now)]);
    };
    Ok(vec![Event::SecondFactorEnabled(SecondFactorEnabled {
        customer: command.customer,
        factor: command.factor,
        sealed_secret: sealed_secret.clone(),
        step,
        recovery_hashes: command.recovery_hashes.clone(),
        at: command.now,
    })])
}

pub(crate) fn remove(state: &State, command: &RemoveSecondFactor) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    judge_block(customer, command.now)?;
    let Some(SecondFactor::Enabled { number, .. }) = &customer.second_factor else {
        return Err(Rejection::SecondFactorUnknown);
    };
    let used = match use_up(command.customer, customer, command.proof, command.now) {
        Ok(used) => used,
        Err(unproved) => return unproved.decided(command.customer, customer, command.now),
    };
    let removed = Event::SecondFactorRemoved {
        customer: command.customer,
        factor: *number,
        at: command.now,
    };
    Ok(vec![used, removed])
}

pub(crate) fn step_up(state: &State, command: &StepUp) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    let live = customer
        .sessions
        .get(&command.session)
        .is_some_and(|session| command.now < session.expires_at);
    if !live {
        return Err(Rejection::SessionEnded);
    }
    let mut events = match proved_again(customer, command) {
        Ok(events) => events,
        Err(unproved) => return unproved.decided(command.customer, customer, command.now),
    };
    events.push(Event::SteppedUp {
        customer: command.customer,
        session: command.session,
        until: command.now.plus(STEP_UP_LIFETIME),
        at: command.now,
    });
    Ok(events)
}

/// The events that use up what proves once more who somebody is: a passkey of his, or else the
/// second factor where there is one and the password where there is none.
fn proved_again(customer: &Customer, command: &StepUp) -> Result<Vec<Event>, Unproved> {
    if let Some(Proof::Passkey(assertion)) = command.proof {
        let used = passkey::use_up(command.customer, customer, assertion, command.now)?;
        return Ok(vec![used]);
    }
    judge_block(customer, command.now)?;
    match &customer.second_factor {
        Some(SecondFactor::Enabled { .. }) => {
            prove(command.customer, customer, command.proof, command.now)
        }
        Some(SecondFactor::Offered { .. }) | None => {
            judge_verdict(customer, command.credential_version, command.now)?;
            let matches = command.password_matches == Some(true);
            matches.then(Vec::new).ok_or(Unproved::Wrong)
        }
    }
}

#[cfg(test)]
mod tests;
