//! The site that passkeys are for.
//!
//! Duty: questions for authenticators, and judgements on their answers. Prohibition: no counter
//! and no used challenge is known here.

use crate::decoy::decoy;
use crate::ticket::{Challenge, Purpose, Tickets};
use kernel::{CustomerId, Timestamp};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

/// Where passkeys are made and used on the machine of whoever tries furlong out: at any port.
const LOCALHOST: &str = "localhost";

/// What is wrong with a site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// Not an address of a page.
    #[error("{0} is not an origin such as https://bets.example.com")]
    NotAnOrigin(String),
    /// Browsers make passkeys on encrypted pages only, and on this machine.
    #[error("{0} is not https, which browsers ask for except on localhost")]
    NotEncrypted(String),
    /// The domain is not the origin's, nor one above it.
    #[error("{domain} is not the domain of {origin} nor one above it")]
    DomainNotAbove {
        /// The domain that was asked for.
        domain: String,
        /// The origin.
        origin: String,
    },
}

/// Why an answer counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// Not a ticket of this house for this purpose and person.
    #[error("the ticket is not one of ours for this")]
    TicketUnknown,
    /// It was one.
    #[error("the ticket has lapsed")]
    TicketLapsed,
    /// Not what a browser sends.
    #[error("not a credential as browsers send it")]
    Malformed,
    /// Another challenge, origin or site, no user verification, a wrong signature, or a passkey
    /// that is not among those of the person.
    #[error("the passkey proves nothing")]
    NotProved,
    /// What was kept of a passkey cannot be read.
    #[error("a kept passkey cannot be read")]
    Damaged,
}

/// What a browser is to ask of an authenticator, and the ticket to send with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The ticket.
    pub ticket: String,
    /// The argument of `navigator.credentials`, with bytes as base64url.
    pub options: Value,
}

/// A new passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// What to keep: credential id and public key, opaque to all others.
    pub kept: Vec<u8>,
    /// The name that its owner gave it.
    pub name: String,
    /// How often the authenticator says that it was used; 0: it may not count.
    pub sign_count: u32,
    /// The challenge that was answered.
    pub challenge: Challenge,
}

/// An assertion that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which of the kept passkeys, by its place among them.
    pub place: usize,
    /// How often the authenticator says that it was used; 0: it may not count.
    pub sign_count: u32,
    /// The challenge that was answered.
    pub challenge: Challenge,
}

/// The site that passkeys are for.
pub struct Site {
    webauthn: Webauthn,
    tickets: Tickets,
}

impl Site {
    /// Pages of this origin (`https://bets.example.com`), passkeys of this domain (the origin's
    /// host or one above it; empty: the host). The key seals tickets.
    ///
    /// # Errors
    /// See [`SiteError`].
    pub fn new(origin: &str, domain: &str, key: [u8; 32]) -> Result<Self, SiteError> {
        let not_an_origin = || SiteError::NotAnOrigin(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| not_an_origin())?;
        let host = url.domain().ok_or_else(not_an_origin)?.to_owned();
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() {
            return Err(not_an_origin());
        }
        let local = host == LOCALHOST;
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            "http" => return Err(SiteError::NotEncrypted(origin.to_owned())),
            _ => return Err(not_an_origin()),
        }
        let domain = if domain.is_empty() { &host } else { domain };
        let wrong = |_| SiteError::DomainNotAbove {
            domain: domain.to_owned(),
            origin: origin.to_owned(),
        };
        // A whole top-level domain is nobody's.
        if !local && !domain.contains('.') {
            return Err(wrong(()));
        }
        let building = WebauthnBuilder::new(domain, &url).map_err(|_| wrong(()))?;
        let building = building.rp_name("furlong").allow_any_port(local);
        Ok(Self {
            webauthn: building.build().map_err(|_| wrong(()))?,
            tickets: Tickets::new(key),
        })
    }

    /// A question for a new passkey under that name; not on an authenticator that holds one of
    /// those kept.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub fn ask_to_add(
        &self,
        (customer, purpose): (CustomerId, Purpose),
        name: &str,
        kept: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Question, PasskeyError> {
        let held = passkeys(kept)?;
        let held = held.iter().map(|passkey| passkey.cred_id().clone());
        let person = Uuid::from_bytes(customer.bytes());
        let (options, state): (_, PasskeyRegistration) = self
            .webauthn
            .start_passkey_registration(person, name, name, Some(held.collect()))
            .map_err(|_| PasskeyError::Malformed)?;
        let mut options = serde_json::to_value(options).map_err(|_| PasskeyError::Malformed)?;
        // Who signs in says no name first, so the authenticator must know whom it speaks for.
        if let Some(wanted) = options.pointer_mut("/publicKey/authenticatorSelection") {
            wanted["residentKey"] = json!("required");
            wanted["requireResidentKey"] = json!(true);
        }
        Ok(Question {
            ticket: self.tickets.issue(purpose, name, state, now),
            options,
        })
    }

    /// The passkey that an authenticator made.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn add(
        &self,
        purpose: Purpose,
        ticket: &str,
        credential: &Value,
        now: Timestamp,
    ) -> Result<Added, PasskeyError> {
        let opened = self
            .tickets
            .open::<PasskeyRegistration>(ticket, purpose, now)?;
        let made: RegisterPublicKeyCredential = read(credential)?;
        let passkey = self
            .webauthn
            .finish_passkey_registration(&made, &opened.state)
            .map_err(|_| PasskeyError::NotProved)?;
        let kept = serde_json::to_value(&passkey).map_err(|_| PasskeyError::Malformed)?;
        let count = kept.pointer("/cred/counter").and_then(Value::as_u64);
        let count = count.and_then(|count| u32::try_from(count).ok());
        Ok(Added {
            sign_count: count.ok_or(PasskeyError::Malformed)?,
            kept: serde_json::to_vec(&kept).map_err(|_| PasskeyError::Malformed)?,
            name: opened.name,
            challenge: opened.challenge,
        })
    }

    /// A question for one of those passkeys; for any of this site, where none is named.
    ///
    /// # Errors
    /// What is kept cannot be read.
    pub fn ask_to_prove(
        &self,
        purpose: Purpose,
        kept: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Question, PasskeyError> {
        let (mut asked, state): (_, DiscoverableAuthentication) = self
            .webauthn
            .start_discoverable_authentication()
            .map_err(|_| PasskeyError::Malformed)?;
        // A button is pressed; nothing waits in a field that fills itself in.
        asked.mediation = None;
        let mut options = serde_json::to_value(asked).map_err(|_| PasskeyError::Malformed)?;
        let allowed = passkeys(kept)?.into_iter().map(|passkey| {
            let id = id_of(&passkey);
            json!({"type": "public-key", "id": id})
        });
        options["publicKey"]["allowCredentials"] = allowed.collect();
        Ok(Question {
            ticket: self.tickets.issue(purpose, "", state, now),
            options,
        })
    }

    /// Whose passkey an assertion says that it is. Nothing is proved by that.
    #[must_use]
    pub fn claimed(&self, credential: &Value) -> Option<CustomerId> {
        let shown: PublicKeyCredential = read(credential).ok()?;
        let person = <[u8; 16]>::try_from(shown.get_user_unique_id()?).ok()?;
        Some(CustomerId::from_bytes(person))
    }

    /// Which of the customer's kept passkeys has answered the ticket's challenge.
    ///
    /// # Errors
    /// See [`PasskeyError`]; the work is the same where none of them has.
    pub fn prove(
        &self,
        purpose: Purpose,
        customer: CustomerId,
        kept: &[Vec<u8>],
        (ticket, credential): (&str, &Value),
        now: Timestamp,
    ) -> Result<Proved, PasskeyError> {
        let opened = self
            .tickets
            .open::<DiscoverableAuthentication>(ticket, purpose, now)?;
        let shown: PublicKeyCredential = read(credential)?;
        let held = passkeys(kept)?;
        let place = held
            .iter()
            .position(|passkey| passkey.cred_id() == &shown.raw_id);
        let handle = shown.get_user_unique_id();
        let own = handle.is_none_or(|person| person == &customer.bytes()[..]);
        let place = place.filter(|_| own);
        let passkey = match place.and_then(|place| held.get(place)) {
            Some(passkey) => passkey.clone(),
            None => decoy(&shown, &credential["rawId"]).ok_or(PasskeyError::Malformed)?,
        };
        let judged =
            self.webauthn
                .finish_discoverable_authentication_v2(&shown, opened.state, &passkey);
        match (judged, place) {
            (Ok(result), Some(place)) if result.user_verified() => Ok(Proved {
                place,
                sign_count: result.counter(),
                challenge: opened.challenge,
            }),
            (Ok(_) | Err(_), _) => Err(PasskeyError::NotProved),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(credential: &Value) -> Result<T, PasskeyError> {
    T::deserialize(credential).map_err(|_| PasskeyError::Malformed)
}

fn passkeys(kept: &[Vec<u8>]) -> Result<Vec<Passkey>, PasskeyError> {
    let read = kept.iter().map(|kept| serde_json::from_slice(kept));
    read.collect::<Result<_, _>>()
        .map_err(|_| PasskeyError::Damaged)
}

/// The credential id in the form in which browsers send and take it.
fn id_of(passkey: &Passkey) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(passkey.cred_id())
}
