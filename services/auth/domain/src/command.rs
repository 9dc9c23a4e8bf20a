//! What may be asked of auth, together with the time at which it is judged.
//!
//! Duty: plain data. Prohibition: nothing here is checked; the decider does that.

use crate::event::{ExclusionKind, LimitKind, Role};
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};

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
    /// Confirm an increase whose cool-off is over.
    ConfirmIncrease(ConfirmIncrease),
    /// An increase has waited long enough. Comes from a timer only.
    EndWait {
        /// The timer that fired.
        timer: crate::state::TimerKey,
    },
    /// Exclude oneself.
    Exclude(Exclude),
    /// Give a role.
    GrantRole(GrantRole),
    /// Replace the password.
    ChangePassword(ChangePassword),
    /// Allow marketing messages, or forbid them.
    SetMarketing(SetMarketing),
    /// Choose how often to be told how long and at what result one has played.
    SetRealityCheck(SetRealityCheck),
    /// The customer has seen a reality check.
    AcknowledgeRealityCheck(AcknowledgeRealityCheck),
    /// Begin to use a second factor.
    OfferSecondFactor(OfferSecondFactor),
    /// Show that the second factor works; it is asked for from then on.
    ConfirmSecondFactor(ConfirmSecondFactor),
    /// Do without a second factor again.
    RemoveSecondFactor(RemoveSecondFactor),
    /// Prove once more, within a session, who one is.
    StepUp(StepUp),
    /// Take a role away.
    RevokeRole(RevokeRole),
    /// Replace the sealed profile.
    ReplaceProfile(ReplaceProfile),
    /// The keys of a customer's personal data are to be destroyed.
    ErasePersonalData(ErasePersonalData),
    /// Keep a passkey that was made for the customer.
    AddPasskey(AddPasskey),
    /// Forget a passkey.
    RemovePasskey(RemovePasskey),
    /// A passkey has answered; start a session.
    SignInWithPasskey(SignInWithPasskey),
    /// End all sessions but the one that asks.
    EndOtherSessions(EndOtherSessions),
    /// Somebody of the house hands over a code for a forgotten password.
    OfferReset(OfferReset),
    /// Set a new password with that code.
    ResetPassword(ResetPassword),
    /// Let somebody in who works here.
    AdmitStaff(AdmitStaff),
}

/// A registration by command of somebody who works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmitStaff {
    /// The account.
    pub registration: Register,
    /// Whether nobody signs in but a machine.
    pub machine: bool,
}

/// A code for a forgotten password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferReset {
    /// Whose password.
    pub customer: CustomerId,
    /// The code's digest.
    pub code_hash: Digest,
    /// From when on it is no longer taken; later than the longest is shortened to it.
    pub until: Timestamp,
    /// Who hands it over.
    pub by: String,
    /// Why: how it was made sure whom it is handed to.
    pub reason: String,
    /// When this is judged.
    pub now: Timestamp,
}

/// A new password in place of a forgotten one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetPassword {
    /// Whose.
    pub customer: CustomerId,
    /// Digest of the code that was shown.
    pub code_hash: Digest,
    /// The new password's hash, opaque.
    pub password_hash: String,
    /// When this is judged.
    pub now: Timestamp,
}

/// End all sessions but the one that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOtherSessions {
    /// Whose.
    pub customer: CustomerId,
    /// The one that asks, and stays.
    pub session: SessionId,
    /// When this is judged.
    pub now: Timestamp,
}

/// A challenge that an authenticator has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Of the challenge and what it was for.
    pub digest: Digest,
    /// From when on no answer is taken.
    pub until: Timestamp,
}

/// What a passkey says, whose signature was checked outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Which of the customer's passkeys, by its number.
    pub passkey: u64,
    /// How often it was used, as the authenticator counts; 0: it may not count.
    pub sign_count: u32,
    /// What it has answered.
    pub challenge: Challenge,
}

/// Keep a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPasskey {
    /// Whose.
    pub customer: CustomerId,
    /// Its credential id, public key and name under the customer's key, opaque.
    pub sealed_passkey: Vec<u8>,
    /// How often it was used, as the authenticator counts.
    pub sign_count: u32,
    /// What it has answered.
    pub challenge: Challenge,
    /// When this is judged.
    pub now: Timestamp,
}

/// Forget a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovePasskey {
    /// Whose.
    pub customer: CustomerId,
    /// Which, by its number.
    pub passkey: u64,
    /// When this is judged.
    pub now: Timestamp,
}

/// A sign-in with a passkey and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInWithPasskey {
    /// Who.
    pub customer: CustomerId,
    /// What the passkey says.
    pub assertion: Assertion,
    /// The session to begin, minted outside.
    pub session: SessionId,
    /// Digest of its first refresh token.
    pub refresh_hash: Digest,
    /// When the refresh token is to expire; later than the longest lifetime is shortened to it.
    pub expires_at: Timestamp,
    /// When this is judged.
    pub now: Timestamp,
}

/// A second proof of who somebody is, checked outside as far as that needs a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A code of the authenticator.
    Totp {
        /// The factor whose secret the code was compared with.
        factor: u64,
        /// The step whose code it is; none: of no step that counts now.
        step: Option<u64>,
    },
    /// A recovery code.
    Recovery {
        /// Its digest.
        hash: Digest,
    },
    /// An assertion of a passkey.
    Passkey(Assertion),
}

/// Begin to use a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferSecondFactor {
    /// Whose.
    pub customer: CustomerId,
    /// The authenticator's secret under the customer's key, opaque.
    pub sealed_secret: Vec<u8>,
    /// When this is judged.
    pub now: Timestamp,
}

/// Show that the second factor works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmSecondFactor {
    /// Whose.
    pub customer: CustomerId,
    /// The factor whose secret the code was compared with.
    pub factor: u64,
    /// The step whose code it is; none: of no step that counts now.
    pub step: Option<u64>,
    /// Digests of the recovery codes.
    pub recovery_hashes: Vec<Digest>,
    /// When this is judged.
    pub now: Timestamp,
}

/// Do without a second factor again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveSecondFactor {
    /// Whose.
    pub customer: CustomerId,
    /// What proves that it is the customer who asks.
    pub proof: Proof,
    /// When this is judged.
    pub now: Timestamp,
}

/// Prove once more, within a session, who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUp {
    /// Who.
    pub customer: CustomerId,
    /// In which session.
    pub session: SessionId,
    /// The credential that a password was checked against.
    pub credential_version: u64,
    /// The verdict on a password; none: none was sent.
    pub password_matches: Option<bool>,
    /// A second proof; it is what counts where there is a second factor.
    pub proof: Option<Proof>,
    /// When this is judged.
    pub now: Timestamp,
}

/// Take a role away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeRole {
    /// From whom.
    pub customer: CustomerId,
    /// Which.
    pub role: Role,
    /// Who takes it.
    pub by: String,
}

/// Replace the sealed profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaceProfile {
    /// Whose.
    pub customer: CustomerId,
    /// The profile's ciphertext, opaque.
    pub sealed_profile: Vec<u8>,
    /// When this is judged.
    pub now: Timestamp,
}

/// The keys of a customer's personal data are to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasePersonalData {
    /// Whose.
    pub customer: CustomerId,
    /// Who asks.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When this is judged.
    pub now: Timestamp,
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
    /// A second proof, where one was sent.
    pub proof: Option<Proof>,
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

/// The second, active word on an increase or a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmIncrease {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub kind: LimitKind,
    /// What was asked for: nobody confirms what he does not see.
    pub amount: Option<Money>,
    /// When this is judged.
    pub now: Timestamp,
}

/// Allow marketing messages, or forbid them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMarketing {
    /// Who.
    pub customer: CustomerId,
    /// Whether they may be sent.
    pub allowed: bool,
    /// When this is judged.
    pub now: Timestamp,
}

/// Choose the interval of reality checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetRealityCheck {
    /// Whose.
    pub customer: CustomerId,
    /// None: no reality checks.
    pub interval: Option<Duration>,
    /// When this is judged.
    pub now: Timestamp,
}

/// The customer has seen a reality check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeRealityCheck {
    /// Who.
    pub customer: CustomerId,
    /// In which session.
    pub session: SessionId,
    /// The result of the session that was shown; below zero for a loss.
    pub net_result: Money,
    /// When this is judged.
    pub now: Timestamp,
}

/// Exclude oneself from betting and depositing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// Who.
    pub customer: CustomerId,
    /// Which kind; none: whichever the length makes it.
    pub kind: Option<ExclusionKind>,
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
