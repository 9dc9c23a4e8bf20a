//! Passkeys, from the key store and the library that knows WebAuthn.
//!
//! Duty: seal what is kept of a passkey under its owner's key and open it again to check an answer,
//! on threads where that may take a while. Prohibition: nothing is remembered here; what a passkey
//! says about a person leaves only to that person.

use crate::exit::Failure;
use anyhow::anyhow;
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::ports::{
    self, KeptPasskey, KeysUnavailable, MadePasskey, PasskeyAnswer, PasskeyPurpose,
    PasskeyQuestion, PasskeyRefused,
};
use kernel::{CustomerId, Timestamp};
use keystore::{KeyError, KeyStore, NONCE_BYTES, Purpose, ServiceKey};
use passkeys::{PasskeyError, Site, SiteError};
use runtime::Entropy;
use schemas::Blob;
use schemas::auth::PasskeyProof;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// The pages on which passkeys are made and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyPages {
    /// Where the pages come from, as `https://bets.example.com`.
    pub origin: String,
    /// The domain that passkeys are for; empty: the host of the origin.
    pub domain: String,
}

impl Default for PasskeyPages {
    fn default() -> Self {
        Self {
            origin: "http://localhost".to_owned(),
            domain: String::new(),
        }
    }
}

impl PasskeyPages {
    /// Whether browsers make passkeys there.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), SiteError> {
        self.site([0; 32]).map(drop)
    }

    fn site(&self, key: [u8; 32]) -> Result<Site, SiteError> {
        Site::new(&self.origin, &self.domain, key)
    }
}

/// What is sealed of a passkey.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    passkey: Value,
}

/// Passkeys under each customer's key.
pub struct HousePasskeys {
    site: Arc<Site>,
    keys: Arc<dyn KeyStore>,
    entropy: Arc<dyn Entropy>,
}

impl HousePasskeys {
    /// For these pages.
    ///
    /// # Errors
    /// The key store cannot be used, or browsers would make no passkeys there.
    pub fn new(
        pages: &PasskeyPages,
        keys: Arc<dyn KeyStore>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        let key = crate::front::house_key(&*keys, ServiceKey::PasskeyTickets)?;
        let site = pages.site(*key.expose());
        Ok(Self {
            site: Arc::new(site.map_err(|error| anyhow!("passkey_origin: {error}"))?),
            keys,
            entropy,
        })
    }

    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Site, &Opener) -> Result<T, PasskeyRefused> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, PasskeyRefused>> {
        let site = Arc::clone(&self.site);
        let opener = Opener(Arc::clone(&self.keys));
        tokio::task::spawn_blocking(move || work(&site, &opener))
            .map(|worked| match worked {
                Ok(answer) => answer,
                Err(error) => Err(PasskeyRefused::Keys(KeysUnavailable(error.to_string()))),
            })
            .boxed()
    }
}

/// Opens what is kept of passkeys.
struct Opener(Arc<dyn KeyStore>);

impl Opener {
    /// None: the key was destroyed.
    fn open(&self, customer: CustomerId, sealed: &Blob) -> Result<Option<Kept>, PasskeyRefused> {
        let opened = match self.0.open(customer, Purpose::Passkeys, &sealed.0) {
            Ok(opened) => opened,
            Err(KeyError::Destroyed) => return Ok(None),
            Err(error) => return Err(keys_away(&error)),
        };
        let kept = serde_json::from_slice(&opened);
        kept.map(Some).map_err(|error| keys_away(&error))
    }

    /// The passkeys that can be opened, by their numbers.
    fn all(
        &self,
        customer: CustomerId,
        kept: &[KeptPasskey],
    ) -> Result<(Vec<u64>, Vec<Vec<u8>>), PasskeyRefused> {
        if kept.is_empty() {
            // The same work as for somebody who has one; nothing comes of it.
            drop(self.0.open(customer, Purpose::Passkeys, &[0; 64]));
        }
        let mut all = (Vec::new(), Vec::new());
        for one in kept {
            if let Some(opened) = self.open(customer, &one.sealed)? {
                all.0.push(one.passkey);
                all.1.push(opened.passkey.to_string().into_bytes());
            }
        }
        Ok(all)
    }
}

fn keys_away(error: &dyn std::error::Error) -> PasskeyRefused {
    PasskeyRefused::Keys(KeysUnavailable(error.to_string()))
}

const fn purpose(purpose: PasskeyPurpose) -> passkeys::Purpose {
    match purpose {
        PasskeyPurpose::Add(customer, session) => passkeys::Purpose::Add(customer, session),
        PasskeyPurpose::SignIn => passkeys::Purpose::SignIn,
        PasskeyPurpose::StepUp(customer, session) => passkeys::Purpose::StepUp(customer, session),
    }
}

fn refused(error: PasskeyError) -> PasskeyRefused {
    match error {
        PasskeyError::TicketUnknown | PasskeyError::TicketLapsed => PasskeyRefused::TicketSpent,
        PasskeyError::Malformed => PasskeyRefused::Malformed,
        PasskeyError::NotProved => PasskeyRefused::NotProved,
        PasskeyError::Damaged => keys_away(&error),
    }
}

fn question(asked: passkeys::Question) -> PasskeyQuestion {
    PasskeyQuestion {
        ticket: asked.ticket,
        options: asked.options,
    }
}

impl ports::Passkeys for HousePasskeys {
    fn ask_to_add(
        &self,
        of: PasskeyPurpose,
        customer: CustomerId,
        name: String,
        kept: Vec<KeptPasskey>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>> {
        self.work(move |site, opener| {
            let (_, held) = opener.all(customer, &kept)?;
            let asked = site.ask_to_add((customer, purpose(of)), &name, &held, now);
            asked.map(question).map_err(refused)
        })
    }

    fn add(
        &self,
        of: PasskeyPurpose,
        customer: CustomerId,
        answer: PasskeyAnswer,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<MadePasskey, PasskeyRefused>> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        self.work(move |site, Opener(keys)| {
            let added = site.add(purpose(of), &answer.ticket, &answer.credential, now);
            let added = added.map_err(refused)?;
            let passkey = serde_json::from_slice(&added.kept);
            let kept = Kept {
                name: added.name.clone(),
                passkey: passkey.map_err(|error| keys_away(&error))?,
            };
            let plain = serde_json::to_vec(&kept).map_err(|error| keys_away(&error))?;
            let sealed = keys.seal(customer, Purpose::Passkeys, &plain, nonce);
            Ok(MadePasskey {
                sealed: Blob(sealed.map_err(|error| keys_away(&error))?),
                name: added.name,
                sign_count: added.sign_count,
                challenge: added.challenge.digest,
                challenge_until: added.challenge.until,
            })
        })
    }

    fn ask_to_prove(
        &self,
        of: PasskeyPurpose,
        customer: CustomerId,
        kept: Vec<KeptPasskey>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyQuestion, PasskeyRefused>> {
        self.work(move |site, opener| {
            let held = if kept.is_empty() {
                Vec::new()
            } else {
                opener.all(customer, &kept)?.1
            };
            let asked = site.ask_to_prove(purpose(of), &held, now);
            asked.map(question).map_err(refused)
        })
    }

    fn claimed(&self, credential: &Value) -> Option<CustomerId> {
        self.site.claimed(credential)
    }

    fn prove(
        &self,
        of: PasskeyPurpose,
        customer: CustomerId,
        kept: Vec<KeptPasskey>,
        answer: PasskeyAnswer,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<PasskeyProof, PasskeyRefused>> {
        self.work(move |site, opener| {
            let (numbers, held) = opener.all(customer, &kept)?;
            let shown = (answer.ticket.as_str(), &answer.credential);
            let proved = site.prove(purpose(of), customer, &held, shown, now);
            let proved = proved.map_err(refused)?;
            let passkey = numbers.get(proved.place).copied();
            Ok(PasskeyProof {
                passkey: passkey.ok_or(PasskeyRefused::NotProved)?,
                sign_count: proved.sign_count,
                challenge: proved.challenge.digest,
                challenge_until: proved.challenge.until,
            })
        })
    }

    fn name(
        &self,
        customer: CustomerId,
        sealed: Blob,
    ) -> BoxFuture<'static, Result<Option<String>, PasskeyRefused>> {
        self.work(move |_, opener| Ok(opener.open(customer, &sealed)?.map(|kept| kept.name)))
    }
}
