//! Passkeys: keys of authenticators that verify the person who holds them.
//!
//! Duty: a challenge counts once, for as long as it lives; an authenticator that counts its uses
//! never counts backwards, for one that does may be a copy; only passkeys that are kept sign
//! anybody in. A passkey is what somebody has and is or knows at once, so that no other proof is
//! asked for beside it; and since nobody guesses one, a wrong one counts as no failure and a block
//! of guessed passwords does not keep its owner out.
//!
//! Prohibition: no credential id and no public key is seen here: what the gateway keeps of a
//! passkey is opaque, and here it is a number. Whether a signature holds, the gateway says.

use crate::command::{AddPasskey, Assertion, Challenge, RemovePasskey, SignInWithPasskey};
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::session::Opening;
use crate::state::{Customer, Passkeys, State};
use kernel::{CustomerId, Digest, Duration, Timestamp};

/// So many passkeys of a customer are kept.
pub const PASSKEYS_MAX: usize = 10;
/// No challenge lives longer, whatever is said of it.
pub const CHALLENGE_LONGEST: Duration = Duration::from_secs(5 * 60);

pub(crate) fn add(state: &State, command: &AddPasskey) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.erased {
        return Err(Rejection::PersonalDataGone);
    }
    judge_challenge(&customer.passkeys, command.challenge, command.now)?;
    if customer.passkeys.kept.len() >= PASSKEYS_MAX {
        return Err(Rejection::PasskeysFull);
    }
    Ok(vec![Event::PasskeyAdded {
        customer: command.customer,
        passkey: customer.passkeys.added.saturating_add(1),
        sealed_passkey: command.sealed_passkey.clone(),
        sign_count: command.sign_count,
        challenge: command.challenge,
        at: command.now,
    }])
}

pub(crate) fn remove(state: &State, command: &RemovePasskey) -> Result<Vec<Event>, Rejection> {
    let passkeys = &customer(state, command.customer)?.passkeys;
    if passkeys.kept.contains_key(&command.passkey) {
        return Ok(vec![Event::PasskeyRemoved {
            customer: command.customer,
            passkey: command.passkey,
            at: command.now,
        }]);
    }
    let was_one = (1..=passkeys.added).contains(&command.passkey);
    if was_one {
        Ok(vec![])
    } else {
        Err(Rejection::PasskeyUnknown)
    }
}

pub(crate) fn sign_in(state: &State, command: &SignInWithPasskey) -> Result<Vec<Event>, Rejection> {
    let customer = state.customers.get(&command.customer);
    let customer = customer.filter(|customer| !customer.erased);
    let customer = customer.ok_or(Rejection::CredentialsWrong)?;
    let opening = Opening {
        session: command.session,
        refresh_hash: command.refresh_hash,
        expires_at: command.expires_at,
    };
    if let Some(told) = opening.repeated(customer) {
        return told;
    }
    let used = use_up(command.customer, customer, command.assertion, command.now)?;
    let begun = opening.events(command.customer, customer, command.now);
    Ok(std::iter::once(used).chain(begun).collect())
}

/// The event that uses an assertion up.
pub(crate) fn use_up(
    id: CustomerId,
    customer: &Customer,
    assertion: Assertion,
    now: Timestamp,
) -> Result<Event, Rejection> {
    let passkeys = &customer.passkeys;
    judge_challenge(passkeys, assertion.challenge, now)?;
    let last = passkeys.kept.get(&assertion.passkey);
    let last = *last.ok_or(Rejection::PasskeyUnknown)?;
    let counts = assertion.sign_count > 0 || last > 0;
    if counts && assertion.sign_count <= last {
        return Err(Rejection::PasskeyCountsBackwards { last });
    }
    Ok(Event::PasskeyUsed {
        customer: id,
        passkey: assertion.passkey,
        sign_count: assertion.sign_count,
        challenge: assertion.challenge,
        at: now,
    })
}

fn judge_challenge(
    passkeys: &Passkeys,
    challenge: Challenge,
    now: Timestamp,
) -> Result<(), Rejection> {
    let alive = now < challenge.until && challenge.until <= now.plus(CHALLENGE_LONGEST);
    if alive && !passkeys.answered.contains_key(&challenge.digest) {
        Ok(())
    } else {
        Err(Rejection::ChallengeSpent)
    }
}

impl Passkeys {
    pub(crate) fn note_added(&mut self, passkey: u64, sign_count: u32) {
        self.added = passkey;
        self.kept.insert(passkey, sign_count);
    }

    pub(crate) fn note_used(&mut self, passkey: u64, sign_count: u32) {
        if let Some(last) = self.kept.get_mut(&passkey) {
            *last = sign_count;
        }
    }

    /// Remembers an answered challenge until nobody would take an answer anyhow.
    pub(crate) fn note_answered(&mut self, challenge: Challenge, at: Timestamp) {
        self.answered.retain(|_: &Digest, until| at < *until);
        self.answered.insert(challenge.digest, challenge.until);
    }
}

#[cfg(test)]
mod tests;
