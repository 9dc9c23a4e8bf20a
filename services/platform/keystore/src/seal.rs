//! The cipher: XChaCha20-Poly1305, bound to whom and what for.
//!
//! Duty: one layout of sealed bytes: a version byte, the nonce, the ciphertext with its tag.
//! Prohibition: no key is kept here and no nonce is drawn here.

use crate::port::{KeyError, NONCE_BYTES, Purpose, Secret};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use kernel::CustomerId;

const VERSION: u8 = 1;

/// What the tag covers besides the ciphertext, so that sealed bytes cannot be moved to another
/// customer or purpose.
fn bound_to(customer: CustomerId, purpose: Purpose) -> Vec<u8> {
    let mut bound = b"furlong sealed v1:".to_vec();
    bound.extend_from_slice(&customer.bytes());
    bound.extend_from_slice(purpose.as_str().as_bytes());
    bound
}

pub(crate) fn seal(
    key: &Secret,
    customer: CustomerId,
    purpose: Purpose,
    plaintext: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, KeyError> {
    let payload = Payload {
        msg: plaintext,
        aad: &bound_to(customer, purpose),
    };
    let ciphertext = XChaCha20Poly1305::new(&Key::from(*key.expose()))
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| KeyError::TooLarge)?;
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

pub(crate) fn open(
    key: &Secret,
    customer: CustomerId,
    purpose: Purpose,
    sealed: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let (&version, rest) = sealed.split_first().ok_or(KeyError::Unreadable)?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(KeyError::Unreadable)?;
    if version != VERSION {
        return Err(KeyError::Unreadable);
    }
    let payload = Payload {
        msg: ciphertext,
        aad: &bound_to(customer, purpose),
    };
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| KeyError::Unreadable)
}
