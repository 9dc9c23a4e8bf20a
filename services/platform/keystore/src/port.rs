//! The port, in the caller's words.
//!
//! Duty: say what a key store owes its callers. Prohibition: no file and no cipher here.

use kernel::CustomerId;
use std::fmt;
use std::sync::Arc;

/// How many random bytes a sealing takes.
pub const NONCE_BYTES: usize = 24;

/// Where new keys come from: fills the bytes with randomness.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// What a customer's key is for. Separate keys, because some data must be kept longer than other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Name, date of birth, country.
    Profile,
    /// Documents of identity.
    Documents,
    /// Where money goes: account numbers at banks.
    Payout,
    /// What the customer's authenticator shares with us.
    SecondFactor,
    /// What is kept of the customer's passkeys: ids, public keys and names.
    Passkeys,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 5] = [
        Self::Profile,
        Self::Documents,
        Self::Payout,
        Self::SecondFactor,
        Self::Passkeys,
    ];

    /// The name in files and in what is sealed. Never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Documents => "documents",
            Self::Payout => "payout",
            Self::SecondFactor => "second-factor",
            Self::Passkeys => "passkeys",
        }
    }
}

/// A key of the whole house. Made when it is first asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    /// Under which logins are hashed. Losing it locks everybody out.
    LoginHash,
    /// Seed of the key that signs access tokens.
    TokenSigning,
    /// Under which secret and personal fields enter request digests.
    RequestDigest,
    /// From which a refresh token's successor is derived.
    RefreshSuccessor,
    /// Seed of the key that signs checkpoints.
    CheckpointSigning,
    /// Seed of the key that signs receipts.
    ReceiptSigning,
    /// Under which the simulated payment provider signs its calls.
    WebhookSimulator,
    /// Under which the challenges of passkeys are sealed.
    PasskeyTickets,
}

impl ServiceKey {
    /// All keys of the house.
    pub const ALL: [Self; 8] = [
        Self::LoginHash,
        Self::TokenSigning,
        Self::RequestDigest,
        Self::RefreshSuccessor,
        Self::CheckpointSigning,
        Self::ReceiptSigning,
        Self::WebhookSimulator,
        Self::PasskeyTickets,
    ];

    /// The name in files. Never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginHash => "login-hash",
            Self::TokenSigning => "token-signing",
            Self::RequestDigest => "request-digest",
            Self::RefreshSuccessor => "refresh-successor",
            Self::CheckpointSigning => "checkpoint-signing",
            Self::ReceiptSigning => "receipt-signing",
            Self::WebhookSimulator => "webhook-simulator",
            Self::PasskeyTickets => "passkey-tickets",
        }
    }
}

/// Thirty-two secret bytes. Printing them prints nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The secret with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a cipher or a hash and nothing else.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn drawn_from(entropy: &Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy(&mut bytes);
        Self(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key was destroyed; what it sealed is unreadable for ever.
    #[error("the key was destroyed")]
    Destroyed,
    /// There never was such a key.
    #[error("there is no such key")]
    Unknown,
    /// The bytes were not sealed by this key for this customer and purpose, or were changed.
    #[error("the sealed bytes are damaged or somebody else's")]
    Unreadable,
    /// More than one sealing takes.
    #[error("too much to seal at once")]
    TooLarge,
    /// A key file is not one.
    #[error("the key file {0} is damaged")]
    Damaged(String),
    /// The store could not be read or written.
    #[error("the key store could not be used")]
    Io(#[from] std::io::Error),
}

/// A key store. Calls block: they read a small file at most.
pub trait KeyStore: Send + Sync + 'static {
    /// Seals bytes so that only this store can open them, and only for this customer and
    /// purpose. The key is made at the first sealing. The same nonce must never be given twice.
    ///
    /// # Errors
    /// The key was destroyed, or the store cannot be used.
    fn seal(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        plaintext: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, KeyError>;

    /// Opens what was sealed.
    ///
    /// # Errors
    /// No such key, or not any more; not what was sealed; or the store cannot be used.
    fn open(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError>;

    /// Destroys a key for ever, whether or not it was ever made. Doing it again changes nothing.
    ///
    /// # Errors
    /// The store cannot be used; then the key may still stand.
    fn destroy(&self, customer: CustomerId, purpose: Purpose) -> Result<(), KeyError>;

    /// A key of the house, made when it is first asked for and the same ever after.
    ///
    /// # Errors
    /// The store cannot be used.
    fn service_key(&self, key: ServiceKey) -> Result<Secret, KeyError>;

    /// A key of the house that is good for a period and unlike that of any other period. Made
    /// when it is first asked for, and the same for everybody who asks.
    ///
    /// # Errors
    /// The store cannot be used.
    fn period_key(&self, key: ServiceKey, period: u64) -> Result<Secret, KeyError>;

    /// Forgets the keys of all periods before this one.
    ///
    /// # Errors
    /// The store cannot be used; then some may still stand.
    fn retire_before(&self, key: ServiceKey, period: u64) -> Result<(), KeyError>;
}
