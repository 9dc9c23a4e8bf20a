//! An authenticator of software, and the browser around it: what a device would make and say.
//!
//! Duty: ES256 keys, `none` attestation, and every lie that the tests need. Prohibition: nothing
//! of the house's own code is used, so that both cannot be wrong in the same way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 0b0000_0001;
const VERIFIED: u8 = 0b0000_0100;
const ATTESTED: u8 = 0b0100_0000;

/// One passkey and where it is used.
#[derive(Clone)]
pub struct Authenticator {
    key: SigningKey,
    pub id: Vec<u8>,
    /// The user handle that it was given; none: it says nothing of whom it speaks for.
    pub owner: Option<Vec<u8>>,
    /// What it counts; 0: it does not.
    pub count: u32,
    /// Whether it has looked who holds it.
    pub verifies: bool,
    pub origin: &'static str,
    pub domain: &'static str,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("a text");
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A byte string in CBOR.
fn cbor(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short").to_be_bytes();
    [&[0x59][..], &length, content].concat()
}

impl Authenticator {
    /// The how-manieth, in the hands of its owner, before the right page.
    pub fn new(number: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[number; 32]).expect("a key"),
            id: vec![number; 20],
            owner: None,
            count: 0,
            verifies: true,
            origin: "http://localhost:7400",
            domain: "localhost",
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["publicKey"]["challenge"];
        let said = json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false});
        said.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let site = Sha256::digest(self.domain);
        let flags = flags | PRESENT | verified;
        [&site[..], &[flags], &self.count.to_be_bytes()].concat()
    }

    /// Makes the passkey that the page asks for.
    pub fn make(&mut self, options: &Value) -> Value {
        self.owner = Some(bytes(&options["publicKey"]["user"]["id"]));
        let said = self.client_data("webauthn.create", options);
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().expect("a point"), point.y().expect("a point"));
        // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        let key = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21][..],
            &cbor(x),
            &[0x22],
            &cbor(y),
        ]
        .concat();
        let length = u16::try_from(self.id.len()).expect("short").to_be_bytes();
        let data = [&self.data(ATTESTED)[..], &[0; 16], &length, &self.id, &key].concat();
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let object = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"[..],
            &cbor(&data),
        ]
        .concat();
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "response": {"attestationObject": text(&object), "clientDataJSON": text(&said)},
            "clientExtensionResults": {},
        })
    }

    /// Says who it is, as the page asks.
    pub fn answer(&mut self, options: &Value) -> Value {
        if self.count > 0 {
            self.count += 1;
        }
        let said = self.client_data("webauthn.get", options);
        let data = self.data(0);
        let signed = [&data[..], &Sha256::digest(&said)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": text(&data),
                "clientDataJSON": text(&said),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": self.owner.as_deref().map(text),
            },
            "clientExtensionResults": {},
        })
    }
}
