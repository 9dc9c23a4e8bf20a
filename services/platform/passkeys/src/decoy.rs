//! A passkey that nobody has.
//!
//! Duty: whoever shows a passkey that is not known makes the same work as whoever shows one that
//! is, so that the time of an answer does not tell which passkeys and people there are.
//! Prohibition: no assertion is ever good because of it.

use serde_json::{Value, json};
use webauthn_rs::prelude::{Passkey, PublicKeyCredential};

/// Where the flags of the authenticator's data stand.
const FLAGS_AT: usize = 32;
const BACKUP_ELIGIBLE: u8 = 0b0000_1000;
/// The base point of P-256: a key like any other, whose private half is one.
const KEY: [&str; 2] = [
    "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
];

/// A passkey with the shown one's id, whose key is another.
pub(crate) fn decoy(shown: &PublicKeyCredential, id: &Value) -> Option<Passkey> {
    let flags = shown.response.authenticator_data.get(FLAGS_AT);
    let backed = flags.is_some_and(|flags| flags & BACKUP_ELIGIBLE != 0);
    let [x, y] = KEY;
    let passkey = json!({"cred": {
        "cred_id": id,
        "cred": {"type_": "ES256", "key": {"EC_EC2": {"curve": "SECP256R1", "x": x, "y": y}}},
        "counter": 0,
        "transports": null,
        "user_verified": true,
        "backup_eligible": backed,
        "backup_state": false,
        "registration_policy": "required",
        "extensions": {},
        "attestation": {"data": "None", "metadata": "None"},
        "attestation_format": "none",
    }});
    serde_json::from_value(passkey).ok()
}
