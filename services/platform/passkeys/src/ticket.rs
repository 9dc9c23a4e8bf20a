//! Tickets: challenges that whoever asked for them keeps.
//!
//! Duty: a ticket says what the challenge is for, whose it is and how long it lives, and nobody
//! but the house can make one. Prohibition: a ticket is no secret, and holds none; whether it was
//! used before is not known here.

use crate::PasskeyError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CustomerId, Digest, Duration, SessionId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How long a challenge may wait for its answer: as long as browsers let a person take.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// No ticket is longer; the longest names the passkeys that somebody has.
const TICKET_BYTES_MAX: usize = 16_384;
const SEAL_BYTES: usize = 32;

/// What a challenge is for. An answer counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new passkey for that customer, asked for in that session.
    Add(CustomerId, SessionId),
    /// Signing in; whose passkey it will be is not known yet.
    SignIn,
    /// That customer proves once more, in that session, who he is.
    StepUp(CustomerId, SessionId),
}

impl Purpose {
    fn text(self) -> String {
        match self {
            Self::Add(customer, session) => format!("add {customer} {session}"),
            Self::SignIn => "sign-in".to_owned(),
            Self::StepUp(customer, session) => format!("step-up {customer} {session}"),
        }
    }
}

/// A challenge as it is remembered once it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Of the whole ticket, so of the challenge and of what it was for.
    pub digest: Digest,
    /// From when on nobody takes an answer.
    pub until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticket<S> {
    purpose: String,
    until_micros: i64,
    name: String,
    state: S,
}

/// Makes and opens tickets.
pub(crate) struct Tickets {
    key: [u8; 32],
}

/// What a ticket held.
pub(crate) struct Opened<S> {
    pub(crate) name: String,
    pub(crate) state: S,
    pub(crate) challenge: Challenge,
}

impl Tickets {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn seal_of(&self, content: &[u8]) -> Hmac<Sha256> {
        let mut seal =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        seal.update(content);
        seal
    }

    pub(crate) fn issue(
        &self,
        purpose: Purpose,
        name: &str,
        state: impl Serialize,
        now: Timestamp,
    ) -> String {
        let ticket = Ticket {
            purpose: purpose.text(),
            until_micros: now.plus(CHALLENGE_LIFETIME).micros(),
            name: name.to_owned(),
            state,
        };
        let content = serde_json::to_vec(&ticket).expect("texts and numbers always have a form");
        let seal: [u8; SEAL_BYTES] = self.seal_of(&content).finalize().into_bytes().into();
        URL_SAFE_NO_PAD.encode([&seal[..], &content].concat())
    }

    pub(crate) fn open<S: DeserializeOwned>(
        &self,
        text: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Opened<S>, PasskeyError> {
        if text.len() > TICKET_BYTES_MAX {
            return Err(PasskeyError::TicketUnknown);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text);
        let bytes = bytes.map_err(|_| PasskeyError::TicketUnknown)?;
        let (seal, content) = bytes
            .split_first_chunk::<SEAL_BYTES>()
            .ok_or(PasskeyError::TicketUnknown)?;
        let sealed = self.seal_of(content).verify_slice(seal);
        sealed.map_err(|_| PasskeyError::TicketUnknown)?;
        let ticket: Ticket<S> =
            serde_json::from_slice(content).map_err(|_| PasskeyError::TicketUnknown)?;
        if ticket.purpose != purpose.text() {
            return Err(PasskeyError::TicketUnknown);
        }
        let until = Timestamp::from_micros(ticket.until_micros);
        if until <= now {
            return Err(PasskeyError::TicketLapsed);
        }
        let digest = Digest::from_bytes(Sha256::digest(content).into());
        Ok(Opened {
            name: ticket.name,
            state: ticket.state,
            challenge: Challenge { digest, until },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const ANNA: CustomerId = CustomerId::example(1, 3);
    const BELLA: CustomerId = CustomerId::example(2, 3);
    const SESSION: SessionId = SessionId::example(5, 3);

    fn open(text: &str, purpose: Purpose, now: Timestamp) -> Result<u32, PasskeyError> {
        let opened = Tickets::new([7; 32]).open::<u32>(text, purpose, now);
        opened.map(|opened| opened.state)
    }

    #[test]
    fn a_ticket_is_good_for_what_and_whom_it_was_made() {
        let purpose = Purpose::StepUp(ANNA, SESSION);
        let ticket = Tickets::new([7; 32]).issue(purpose, "", 42_u32, NOW);
        assert_eq!(open(&ticket, purpose, NOW), Ok(42));
        for other in [
            Purpose::SignIn,
            Purpose::Add(ANNA, SESSION),
            Purpose::StepUp(BELLA, SESSION),
            Purpose::StepUp(ANNA, SessionId::example(6, 3)),
        ] {
            let refused = open(&ticket, other, NOW);
            assert_eq!(refused, Err(PasskeyError::TicketUnknown), "{other:?}");
        }
    }

    #[test]
    fn a_ticket_lapses() {
        let ticket = Tickets::new([7; 32]).issue(Purpose::SignIn, "", 42_u32, NOW);
        let end = NOW.plus(CHALLENGE_LIFETIME);
        let last = Timestamp::from_micros(end.micros() - 1);
        assert_eq!(open(&ticket, Purpose::SignIn, last), Ok(42));
        let late = open(&ticket, Purpose::SignIn, end);
        assert_eq!(late, Err(PasskeyError::TicketLapsed));
    }

    #[test]
    fn nobody_else_makes_or_changes_one() {
        let ticket = Tickets::new([8; 32]).issue(Purpose::SignIn, "", 42_u32, NOW);
        let foreign = open(&ticket, Purpose::SignIn, NOW);
        assert_eq!(foreign, Err(PasskeyError::TicketUnknown));
        let ticket = Tickets::new([7; 32]).issue(Purpose::SignIn, "", 42_u32, NOW);
        let bytes = URL_SAFE_NO_PAD.decode(&ticket).expect("of ours");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let refused = open(&URL_SAFE_NO_PAD.encode(changed), Purpose::SignIn, NOW);
            assert_eq!(refused, Err(PasskeyError::TicketUnknown), "byte {place}");
        }
        for garbage in ["", "a", "!", &"A".repeat(TICKET_BYTES_MAX + 1)] {
            let refused = open(garbage, Purpose::SignIn, NOW);
            assert_eq!(refused, Err(PasskeyError::TicketUnknown));
        }
    }
}
