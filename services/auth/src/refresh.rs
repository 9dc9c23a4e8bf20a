//! Refresh tokens: opaque to the client, found again by the ids inside.
//!
//! Duty: one text form, its digest (the only thing that is ever recorded) and its successor. The
//! successor follows from the token under a key of the house, so that a client whose answer was
//! lost gets the very same successor when it asks again.
//!
//! Prohibition: a token is never printed and never stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CustomerId, Digest, SessionId};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// How many unpredictable bytes a token holds.
pub const REFRESH_SECRET_BYTES: usize = 32;
const TOKEN_BYTES: usize = 64;

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose.
    pub customer: CustomerId,
    /// Of which session.
    pub session: SessionId,
    secret: [u8; REFRESH_SECRET_BYTES],
}

/// A text that is no refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a refresh token")]
pub struct RefreshTokenError;

impl RefreshToken {
    /// The first token of a session, from fresh randomness.
    #[must_use]
    pub const fn new(
        customer: CustomerId,
        session: SessionId,
        secret: [u8; REFRESH_SECRET_BYTES],
    ) -> Self {
        Self {
            customer,
            session,
            secret,
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The text is not exactly one.
    pub fn parse(text: &str) -> Result<Self, RefreshTokenError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| RefreshTokenError)?;
        let bytes: [u8; TOKEN_BYTES] = bytes.try_into().map_err(|_| RefreshTokenError)?;
        let (customer, rest) = bytes.split_first_chunk().ok_or(RefreshTokenError)?;
        let (session, secret) = rest.split_first_chunk().ok_or(RefreshTokenError)?;
        let secret = secret.try_into().map_err(|_| RefreshTokenError)?;
        Ok(Self {
            customer: CustomerId::from_bytes(*customer),
            session: SessionId::from_bytes(*session),
            secret,
        })
    }

    /// The text form, for the client alone.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    /// What is recorded of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(Sha256::digest(self.secret).into())
    }

    /// The unpredictable part, to be handed to the client and to nobody else.
    #[must_use]
    pub const fn expose(&self) -> &[u8; REFRESH_SECRET_BYTES] {
        &self.secret
    }

    /// The token that comes after this one, always the same under the same key.
    #[must_use]
    pub fn successor(&self, key: &[u8; 32]) -> Self {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(b"furlong refresh v1:");
        mac.update(&self.bytes());
        Self {
            secret: mac.finalize().into_bytes().into(),
            ..self.clone()
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.extend_from_slice(&self.customer.bytes());
        bytes.extend_from_slice(&self.session.bytes());
        bytes.extend_from_slice(&self.secret);
        bytes
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, …)", self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token() -> RefreshToken {
        RefreshToken::new(
            CustomerId::example(1, 3),
            SessionId::example(2, 3),
            [7; REFRESH_SECRET_BYTES],
        )
    }

    #[test]
    fn text_form_round_trips() {
        assert_eq!(RefreshToken::parse(&token().reveal()), Ok(token()));
        assert_eq!(token().reveal().len(), 86);
    }

    #[test]
    fn the_successor_is_always_the_same_and_another() {
        let key = [9; 32];
        let next = token().successor(&key);
        assert_eq!(next, token().successor(&key));
        assert_ne!(next, token());
        assert_ne!(next, next.successor(&key));
        assert_ne!(next, token().successor(&[8; 32]));
        assert_eq!(
            (next.customer, next.session),
            (token().customer, token().session)
        );
    }

    #[test]
    fn a_token_does_not_print_its_secret() {
        assert!(!format!("{:?}", token()).contains("7, 7"));
    }

    proptest! {
        #[test]
        fn garbage_never_panics_and_texts_are_canonical(text in "\\PC{0,120}") {
            if let Ok(token) = RefreshToken::parse(&text) {
                prop_assert_eq!(token.reveal(), text);
            }
        }
    }
}
