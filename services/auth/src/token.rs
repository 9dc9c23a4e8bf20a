//! Access tokens: JSON web tokens, signed with Ed25519 and nothing else.
//!
//! Duty: issue them, and say of a text whether it is one of ours and still good. The header may
//! name only a key of the fixed set; whatever else it says is refused.
//!
//! Prohibition: no algorithm is ever chosen by the token, no key comes with it, no unknown field
//! is passed over, and nothing in it is looked at before the signature has been checked, except
//! for the header.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use kernel::{CustomerId, Duration, SessionId, Timestamp};
use schemas::auth::Role;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long an access token is good for.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How far clocks may differ.
pub const LEEWAY: Duration = Duration::from_secs(30);
/// No text longer than this is looked at.
pub const TOKEN_BYTES_MAX: usize = 2_048;
/// How many random bytes tell a token from all others.
pub const TOKEN_ID_BYTES: usize = 16;

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";

/// Who asks, as a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which customer (staff are customers with roles).
    pub customer: CustomerId,
    /// Which session.
    pub session: SessionId,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// When the person last proved who he is; none: not for this token.
    pub proved_at: Option<Timestamp>,
}

/// What a token is to say.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// Which customer.
    pub customer: CustomerId,
    /// Which session.
    pub session: SessionId,
    /// What the person may do.
    pub roles: &'a [Role],
    /// When the person last proved who he is; none: a refreshed token says nothing of that.
    pub proved_at: Option<Timestamp>,
}

/// A key by which others can check tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// Its name, as tokens give it.
    pub id: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// Why a text is not taken as a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url holding the two objects with exactly the fields of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Another algorithm than ours, or none.
    #[error("the token's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// Not an access token.
    #[error("the token's type is not allowed")]
    TypeNotAllowed,
    /// A key that we do not have.
    #[error("the token's key is unknown")]
    KeyUnknown,
    /// Signed by nobody that we know, or changed.
    #[error("the token's signature is wrong")]
    SignatureWrong,
    /// Another issuer's.
    #[error("the token's issuer is wrong")]
    IssuerWrong,
    /// Meant for somebody else.
    #[error("the token is meant for somebody else")]
    AudienceWrong,
    /// Good only later.
    #[error("the token is not good yet")]
    NotYetGood,
    /// It was good.
    #[error("the token has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    roles: Vec<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

/// Issues and checks access tokens.
pub struct AccessTokens {
    issuer: String,
    audience: String,
    signing: SigningKey,
    header: String,
    /// The key in use, and those whose tokens may be about.
    good: Vec<GoodKey>,
}

struct GoodKey {
    id: String,
    key: VerifyingKey,
    /// From then on its tokens are not taken any more, whatever they say.
    until: Option<Timestamp>,
}

impl AccessTokens {
    /// Tokens of this issuer for this audience, signed by the key that grows from the seed.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let public = signing.verifying_key();
        let kid = key_id(&public);
        let header = encode_json(&Header {
            alg: ALGORITHM.to_owned(),
            typ: TYPE.to_owned(),
            kid: kid.clone(),
        });
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            signing,
            header,
            good: vec![GoodKey {
                id: kid,
                key: public,
                until: None,
            }],
        }
    }

    /// Takes tokens of another key as well: of an earlier one until a token's life after the
    /// change, of the next one because clocks differ.
    #[must_use]
    pub fn also_taking(mut self, other: VerifyingKey, until: Option<Timestamp>) -> Self {
        self.good.push(GoodKey {
            id: key_id(&other),
            key: other,
            until,
        });
        self
    }

    /// The keys whose tokens are taken now, for those who check tokens themselves.
    #[must_use]
    pub fn published(&self, now: Timestamp) -> Vec<PublishedKey> {
        let good = self.good.iter().filter(|good| good.is_good(now));
        good.map(|good| PublishedKey {
            id: good.id.clone(),
            public: *good.key.as_bytes(),
        })
        .collect()
    }

    /// The key by which others can check.
    #[must_use]
    pub fn public_key(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }

    /// A new token, good from now on for [`ACCESS_LIFETIME`].
    #[must_use]
    pub fn issue(
        &self,
        grant: &Grant<'_>,
        token_id: [u8; TOKEN_ID_BYTES],
        now: Timestamp,
    ) -> String {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: grant.customer.to_string(),
            sid: grant.session.to_string(),
            jti: URL_SAFE_NO_PAD.encode(token_id),
            roles: grant
                .roles
                .iter()
                .map(|role| role_name(*role).to_owned())
                .collect(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(now.plus(ACCESS_LIFETIME)),
            auth_time: grant.proved_at.map(seconds),
        };
        self.sign(&self.header, &encode_json(&claims))
    }

    /// What a token says, if it is good now.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Subject, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header = decode_json(header)?;
        if header.alg != ALGORITHM {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        if header.typ != TYPE {
            return Err(TokenError::TypeNotAllowed);
        }
        let good = self
            .good
            .iter()
            .find(|good| good.id == header.kid && good.is_good(now))
            .ok_or(TokenError::KeyUnknown)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenError::Malformed)?;
        let signature = Signature::from_slice(&signature).map_err(|_| TokenError::Malformed)?;
        good.key
            .verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| TokenError::SignatureWrong)?;
        self.judge(decode_json(claims)?, now)
    }

    fn judge(&self, claims: Claims, now: Timestamp) -> Result<Subject, TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::IssuerWrong);
        }
        if claims.aud != self.audience {
            return Err(TokenError::AudienceWrong);
        }
        let (issued_at, not_before, expires_at) = (
            instant(claims.iat),
            instant(claims.nbf),
            instant(claims.exp),
        );
        // Seconds are whole, so a token may seem to live a second longer than it does.
        let longest = issued_at.plus(ACCESS_LIFETIME).plus(Duration::from_secs(1));
        let proved_later = claims.auth_time.is_some_and(|at| at > claims.iat);
        if expires_at > longest || not_before < issued_at || proved_later {
            return Err(TokenError::Malformed);
        }
        if now.plus(LEEWAY) < not_before {
            return Err(TokenError::NotYetGood);
        }
        if expires_at.plus(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        let roles = claims.roles.iter().map(|name| role_named(name));
        Ok(Subject {
            customer: claims.sub.parse().map_err(|_| TokenError::Malformed)?,
            session: claims.sid.parse().map_err(|_| TokenError::Malformed)?,
            roles: roles.collect::<Option<_>>().ok_or(TokenError::Malformed)?,
            expires_at,
            proved_at: claims.auth_time.map(instant),
        })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = format!("{header}.{claims}");
        let signature = self.signing.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl GoodKey {
    fn is_good(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A key's name: the beginning of its hash.
fn key_id(key: &VerifyingKey) -> String {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    URL_SAFE_NO_PAD.encode([a, b, c, d, e, f, g, h])
}

const fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

const fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn encode_json(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("strings and integers always have a JSON form");
    URL_SAFE_NO_PAD.encode(json)
}

fn decode_json<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

const ROLES: [Role; 5] = [
    Role::Customer,
    Role::Trader,
    Role::Operator,
    Role::Auditor,
    Role::Compliance,
];

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Customer => "customer",
        Role::Trader => "trader",
        Role::Operator => "operator",
        Role::Auditor => "auditor",
        Role::Compliance => "compliance",
    }
}

fn role_named(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|role| role_name(*role) == name)
}

#[cfg(test)]
mod tests;
