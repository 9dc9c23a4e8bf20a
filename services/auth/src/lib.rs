//! Auth at its edge: the wire, the views, and the cryptography of signing in.
//!
//! Duty: join auth's rules to the runtime, and give the gateway what it needs around them:
//! password hashing, access tokens, refresh tokens, login hashes.
//!
//! Prohibition: no rule about customers is written here, and nothing here draws randomness or
//! reads a clock; both come in as arguments.

pub mod calculator;
mod codec;
mod common_passwords;
mod login;
mod password;
mod projection;
mod refresh;
mod service;
mod snapshot;
mod token;
mod totp;

pub use auth_domain as domain;
pub use login::{LoginRefused, login_hash, normalise, partition_of};
pub use password::{
    PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordRefused, SALT_BYTES, Verdict, hash_password,
    judge_new_password, verify_password,
};
pub use projection::rows;
pub use refresh::{REFRESH_SECRET_BYTES, RefreshToken, RefreshTokenError};
pub use service::AuthService;
pub use token::{
    ACCESS_LIFETIME, AccessTokens, Grant, LEEWAY, PublishedKey, Subject, TOKEN_BYTES_MAX,
    TOKEN_ID_BYTES, TokenError,
};
pub use totp::{
    RECOVERY_CODE_BYTES, RECOVERY_CODES, TOTP_SECRET_BYTES, base32, recovery_code, recovery_hash,
    totp_code, totp_step,
};
