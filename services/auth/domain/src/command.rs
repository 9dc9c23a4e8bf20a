//! What may be asked of auth, together with the time at which it is judged.
//!
//! Duty: plain data. Prohibition: nothing here is checked; the decider does that.

use crate::event::{LimitKind, Role};
use kernel::{Currency, CustomerId, Digest, Money, SessionId, Timestamp};

/// One input of an auth partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open an account.
    Register(Register),
    /// A password was checked; start a session or count a failure.
    SignIn(SignIn),
    /// Exchange a refresh token.
    RefreshSession(RefreshSession),
    /// End a session.
    SignOut(SignOut),
    /// Set, lower, raise or remove one of the customer's own limits.
    SetLimit(SetLimit),
    /// A cool-off is over. Comes from a timer only.
    ApplyIncrease {
        /// The timer that fired.
        timer: crate::state::TimerKey,
    },
    /// Exclude oneself.
    Exclude(Exclude),
    /// Give a role.
    GrantRole(GrantRole),
    /// Replace the password.
    ChangePassword(ChangePassword),
}

/// Open an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Minted by whoever asks, in the partition of the login's hash.
    pub customer: CustomerId,
    /// The partition that decides this.
    pub partition: u16,
    /// Keyed hash of the login.
    pub login_hash: Digest,
    /// The password's hash, opaque.
    pub password_hash: String,
    /// The profile's ciphertext, opaque.
    pub sealed_profile: Vec<u8>,
    /// The account's currency, for ever.
    pub currency: Currency,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// When this is judged.
    pub now: Timestamp,
}

/// A sign-in whose password was checked outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who.
    pub customer: CustomerId,
    /// The credential that the password was checked against.
    pub credential_version: u64,
    /// The verdict.
    pub password_matches: bool,
    /// The session to begin, minted outside.
    pub session: SessionId,
    /// Digest of its first refresh token.
    pub refresh_hash: Digest,
    /// When the refresh token is to expire; later than the longest lifetime is shortened to it.
    pub expires_at: Timestamp,
    /// When this is judged.
    pub now: Timestamp,
}

/// Present a refresh token and name its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshSession {
    /// Who.
    pub customer: CustomerId,
    /// The family of tokens.
    pub session: SessionId,
    /// Digest of the token that was presented.
    pub presented_hash: Digest,
    /// Digest of its successor.
    pub next_hash: Digest,
    /// When the successor is to expire; later than the longest lifetime is shortened to it.
    pub expires_at: Timestamp,
    /// When this is judged.
    pub now: Timestamp,
}

/// End a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOut {
    /// Who.
    pub customer: CustomerId,
    /// Which session.
    pub session: SessionId,
}

/// Set, lower, raise or remove one of the customer's own limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLimit {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub kind: LimitKind,
    /// None removes it.
    pub amount: Option<Money>,
    /// When this is judged.
    pub now: Timestamp,
}

/// Exclude oneself from betting and depositing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// Who.
    pub customer: CustomerId,
    /// Until when.
    pub until: Timestamp,
    /// When this is judged.
    pub now: Timestamp,
}

/// Give a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRole {
    /// To whom.
    pub customer: CustomerId,
    /// Which.
    pub role: Role,
    /// Who gives it.
    pub by: String,
}

/// Replace the password; the old one was checked outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePassword {
    /// Whose.
    pub customer: CustomerId,
    /// The credential that the old password was checked against.
    pub credential_version: u64,
    /// The verdict on the old password.
    pub password_matches: bool,
    /// The new password's hash, opaque.
    pub password_hash: String,
    /// The session that asks; it stays, the others end.
    pub session: SessionId,
    /// When this is judged.
    pub now: Timestamp,
}
