//! Tokens that were never issued: every one is refused, by the whole house.
//!
//! Duty: more than a hundred, made with everything that an attacker may know (the public key, the
//! form, a good token) and, for what a mistake of ours could issue, with the signing key itself.

use crate::rig::{Ask, House, Person};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use furlong::house_tokens::KEY_PERIOD;
use hmac::{Hmac, KeyInit, Mac};
use keystore::ServiceKey;
use serde_json::{Value, json};
use sha2::Sha256;

struct Forge {
    signing: SigningKey,
    header: Value,
    claims: Value,
    good: String,
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

fn read(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

impl Forge {
    fn of(house: &House, owner: &Person) -> Self {
        let good = house.token_of(owner);
        let parts: Vec<&str> = good.split('.').collect();
        let day = house.now().micros() / KEY_PERIOD.micros();
        let day = u64::try_from(day).expect("after 1970");
        let seed = house.node.keys.period_key(ServiceKey::TokenSigning, day);
        Self {
            signing: SigningKey::from_bytes(seed.expect("a key").expose()),
            header: read(parts[0]),
            claims: read(parts[1]),
            good: good.clone(),
        }
    }

    /// A token of our own key that says this.
    fn signed(&self, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.signing.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    fn hmac(&self, header: &str, key: &[u8]) -> String {
        let text = format!("{}.{}", part(header), part(&self.claims.to_string()));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length");
        mac.update(text.as_bytes());
        let signature = mac.finalize().into_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header_with(&self, field: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[field] = value;
        header.to_string()
    }

    fn claims_with(&self, field: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[field] = value;
        claims.to_string()
    }

    fn all(&self) -> Vec<(String, String)> {
        let mut all = self.algorithms();
        all.extend(self.keys());
        all.extend(self.claims_of_ours());
        all.extend(self.spellings());
        all
    }

    fn algorithms(&self) -> Vec<(String, String)> {
        let claims = self.claims.to_string();
        let mut all = Vec::new();
        for name in [
            "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS512",
            "PS256", "ES256", "ES384", "ES512", "ES256K", "eddsa", "EDDSA", "Ed25519", "Ed448",
            "EdDSA ", "null",
        ] {
            let header = self.header_with("alg", json!(name));
            let bare = format!("{}.{}.", part(&header), part(&claims));
            all.push((format!("alg {name:?} without a signature"), bare));
            all.push((
                format!("alg {name:?}, signed"),
                self.signed(&header, &claims),
            ));
        }
        let public = self.signing.verifying_key();
        for name in ["HS256", "HS512", "EdDSA"] {
            let header = self.header_with("alg", json!(name));
            let as_text = URL_SAFE_NO_PAD.encode(public.as_bytes());
            all.push((
                format!("{name} by the public key"),
                self.hmac(&header, public.as_bytes()),
            ));
            all.push((
                format!("{name} by its text"),
                self.hmac(&header, as_text.as_bytes()),
            ));
            all.push((format!("{name} by nothing"), self.hmac(&header, b"")));
        }
        for value in [
            json!(null),
            json!(["EdDSA"]),
            json!(0),
            json!({"alg": "EdDSA"}),
        ] {
            let header = self.header_with("alg", value.clone());
            all.push((format!("alg {value}"), self.signed(&header, &claims)));
        }
        for name in ["JWT", "", "at+JWT ", "application/at+jwt", "refresh+jwt"] {
            let header = self.header_with("typ", json!(name));
            all.push((format!("typ {name:?}"), self.signed(&header, &claims)));
        }
        all
    }

    fn keys(&self) -> Vec<(String, String)> {
        let claims = self.claims.to_string();
        let mut all = Vec::new();
        for kid in [
            "",
            "../../dev/null",
            "/etc/passwd",
            "' OR 1=1 --",
            "key\u{0}",
            "*",
            "default",
            "http://evil/keys",
            "token-signing",
        ] {
            let header = self.header_with("kid", json!(kid));
            all.push((format!("kid {kid:?}"), self.signed(&header, &claims)));
        }
        let stranger = SigningKey::from_bytes(&[13; 32]);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(stranger.verifying_key().as_bytes())});
        for (field, value) in [
            ("jwk", jwk.clone()),
            ("jku", json!("https://evil/jwks.json")),
            ("x5u", json!("https://evil/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
            ("cty", json!("JWT")),
            ("zip", json!("DEF")),
        ] {
            let header = self.header_with(field, value);
            let text = format!("{}.{}", part(&header), part(&claims));
            let theirs = stranger.sign(text.as_bytes()).to_bytes();
            let theirs = format!("{text}.{}", URL_SAFE_NO_PAD.encode(theirs));
            all.push((format!("{field} of a stranger"), theirs));
            all.push((format!("{field} on ours"), self.signed(&header, &claims)));
        }
        let text = format!("{}.{}", part(&self.header.to_string()), part(&claims));
        let theirs = stranger.sign(text.as_bytes()).to_bytes();
        all.push((
            "another key".to_owned(),
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(theirs)),
        ));
        all
    }

    /// What only a leak of the key, or a mistake, could sign.
    fn claims_of_ours(&self) -> Vec<(String, String)> {
        let header = self.header.to_string();
        let now = self.claims["iat"].as_i64().expect("seconds");
        let mut all = Vec::new();
        for (field, value) in [
            ("iss", json!("other")),
            ("iss", json!("")),
            ("iss", json!(null)),
            ("aud", json!("another-api")),
            ("aud", json!(["furlong-api"])),
            ("aud", json!(["furlong-api", "other"])),
            ("aud", json!("")),
            ("exp", json!(now - 60)),
            ("exp", json!(0)),
            ("exp", json!(-1)),
            ("exp", json!(now + 31_536_000)),
            ("exp", json!(i64::MAX)),
            ("exp", json!("never")),
            ("exp", json!(1.8e9)),
            ("exp", json!(null)),
            ("nbf", json!(now + 300)),
            ("nbf", json!(i64::MAX)),
            ("nbf", json!(now - 86_400)),
            ("nbf", json!("now")),
            ("iat", json!(now + 86_400)),
            ("iat", json!(null)),
            ("sub", json!("")),
            ("sub", json!("cus_")),
            ("sub", json!("bet_00000000-0000-7000-8000-000000000000")),
            ("sub", json!(1)),
            ("sid", json!("")),
            ("sid", json!(null)),
            ("roles", json!(["root"])),
            ("roles", json!("operator")),
            ("roles", json!(["Operator"])),
            ("roles", json!(null)),
            ("auth_time", json!(now + 86_400)),
            ("auth_time", json!("now")),
            ("admin", json!(true)),
            ("scope", json!("*")),
            ("jti", json!(7)),
        ] {
            let claims = self.claims_with(field, value.clone());
            all.push((format!("{field} {value}"), self.signed(&header, &claims)));
        }
        let text = self.claims.to_string();
        for field in [
            "iss", "aud", "sub", "sid", "jti", "roles", "iat", "nbf", "exp",
        ] {
            let mut without = self.claims.clone();
            without.as_object_mut().expect("an object").remove(field);
            let without = without.to_string();
            all.push((format!("without {field}"), self.signed(&header, &without)));
            let value = &self.claims[field];
            let twice = text.replacen('{', &format!("{{\"{field}\":{value},"), 1);
            all.push((format!("{field} twice"), self.signed(&header, &twice)));
        }
        for claims in ["", "null", "[]", "{}", "\"x\"", "{"] {
            all.push((format!("claims {claims:?}"), self.signed(&header, claims)));
        }
        all
    }

    fn spellings(&self) -> Vec<(String, String)> {
        let good = &self.good;
        let parts: Vec<&str> = good.split('.').collect();
        let [header, claims, signature] = [parts[0], parts[1], parts[2]];
        let raised = self.claims_with("roles", json!(["operator"]));
        let mut all = vec![
            (
                "roles raised".to_owned(),
                format!("{header}.{}.{signature}", part(&raised)),
            ),
            ("no signature".to_owned(), format!("{header}.{claims}.")),
            ("two parts".to_owned(), format!("{header}.{claims}")),
            ("four parts".to_owned(), format!("{good}.x")),
            ("empty".to_owned(), "..".to_owned()),
            ("padded".to_owned(), format!("{good}=")),
            (
                "huge".to_owned(),
                format!("{header}.{}.{signature}", "A".repeat(4_000)),
            ),
            (
                "zero signature".to_owned(),
                format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0_u8; 64])),
            ),
            (
                "swapped".to_owned(),
                format!("{claims}.{header}.{signature}"),
            ),
        ];
        for index in [0, 7, header.len() + 3, header.len() + 40, good.len() - 5] {
            let mut bytes = good.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            if changed != *good {
                all.push((format!("character {index} changed"), changed));
            }
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_token_opens_anything() {
    let (house, _folder) = House::open().await;
    let anna = house.customer("anna@example.com", "Anna").await;
    let forge = Forge::of(&house, &anna);
    let ask = |token: &str| Ask::get("/v1/account").by(token);
    let good = house.ask(&ask(&forge.good)).await;
    assert_eq!(
        good.status,
        StatusCode::OK,
        "the token to forge after is good"
    );
    let resigned = forge.signed(&forge.header.to_string(), &forge.claims.to_string());
    let good = house.ask(&ask(&resigned)).await;
    assert_eq!(good.status, StatusCode::OK, "the forge has the right key");
    let forged = forge.all();
    let mut let_in = Vec::new();
    for (name, token) in &forged {
        let answer = house.ask(&ask(token)).await;
        if answer.status != StatusCode::UNAUTHORIZED {
            let_in.push(format!("{name}: {} {}", answer.status, answer.body));
        }
    }
    assert!(let_in.is_empty(), "{}", let_in.join("\n"));
    assert!(forged.len() >= 100, "{} forged tokens", forged.len());
    eprintln!("0 of {} forged tokens let in", forged.len());
    house.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_can_check_a_token_by_the_published_keys() {
    let (house, _folder) = House::open().await;
    let anna = house.customer("anna@example.com", "Anna").await;
    let token = house.token_of(&anna);
    let (text, signature) = token.rsplit_once('.').expect("a signature");
    let kid = read(text.split('.').next().expect("a header"))["kid"].clone();
    let set = house.ask(&Ask::get("/.well-known/jwks.json")).await.json();
    let keys = set["keys"].as_array().expect("keys");
    assert!(keys.len() >= 2, "the next key is published ahead: {set}");
    let key = keys.iter().find(|key| key["kid"] == kid).expect("its key");
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    let x = URL_SAFE_NO_PAD
        .decode(key["x"].as_str().expect("text"))
        .expect("base64url");
    let public = VerifyingKey::from_bytes(&x.try_into().expect("32 bytes")).expect("a key");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let signature = Signature::from_slice(&signature).expect("a signature");
    public
        .verify_strict(text.as_bytes(), &signature)
        .expect("ours");
    assert!(!set.to_string().contains("\"d\""), "no private part");
    house.node.stop().await;
}
