//! Receipts: signed statements of one bet and its position.
//!
//! Duty: the signature over a statement's bytes, and its check. Prohibition: what a statement
//! says is the gateway's matter; here it is bytes.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// What the signed bytes begin with, so that a receipt can never pass for a checkpoint.
const MAGIC: &[u8] = b"furlong receipt 1\n";

/// The signature over a statement. The same statement always gets the same one.
#[must_use]
pub fn sign(statement: &[u8], secret: &[u8; 32]) -> Vec<u8> {
    let signed = [MAGIC, statement].concat();
    SigningKey::from_bytes(secret)
        .sign(&signed)
        .to_bytes()
        .to_vec()
}

/// Whether this key signed this statement.
#[must_use]
pub fn verify(statement: &[u8], signature: &[u8; 64], public: &[u8; 32]) -> bool {
    let signed = [MAGIC, statement].concat();
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(&signed, &Signature::from_bytes(signature))
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::public_key;

    #[test]
    fn a_receipt_is_good_for_its_statement_only() {
        let secret = [7; 32];
        let signature: [u8; 64] = sign(b"bet 1", &secret).try_into().unwrap();
        assert!(verify(b"bet 1", &signature, &public_key(&secret)));
        assert!(!verify(b"bet 2", &signature, &public_key(&secret)));
        assert!(!verify(b"bet 1", &signature, &public_key(&[8; 32])));
    }
}
