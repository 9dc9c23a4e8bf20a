//! What auth has decided.
//!
//! Duty: the facts, each complete enough to write its row of a view from it alone. Prohibition:
//! no readable personal data, no password, no token.

use crate::command::Challenge;
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Bets, pays in and out.
    Customer,
    /// Suspends markets and sets results.
    Trader,
    /// Runs the house.
    Operator,
    /// Reads journals.
    Auditor,
    /// Works on fraud cases.
    Compliance,
}

/// What a limit of the customer's own counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Deposits within 24 hours.
    DepositDay,
    /// Deposits within 7 days.
    DepositWeek,
    /// Deposits within 30 days.
    DepositMonth,
    /// The stake of one slip.
    StakeSlip,
    /// Stakes on one UTC day.
    StakeDay,
    /// Stakes in one week from Monday, UTC.
    StakeWeek,
    /// Stakes in one calendar month, UTC.
    StakeMonth,
    /// Stakes less returns on one UTC day.
    LossDay,
    /// Stakes less returns in one week from Monday, UTC.
    LossWeek,
    /// Stakes less returns in one calendar month, UTC.
    LossMonth,
}

impl LimitKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::DepositDay,
        Self::DepositWeek,
        Self::DepositMonth,
        Self::StakeSlip,
        Self::StakeDay,
        Self::StakeWeek,
        Self::StakeMonth,
        Self::LossDay,
        Self::LossWeek,
        Self::LossMonth,
    ];
}

/// How a customer stays away. The later one is the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusionKind {
    /// A break.
    TimeOut,
    /// For six months at least.
    SelfExclusion,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevokeReason {
    /// The customer signed out.
    SignedOut,
    /// A token was presented that is not the family's current one: it has been stolen, or the
    /// current one has.
    TokenReused,
    /// The customer is excluded.
    Excluded,
    /// The password was replaced.
    CredentialChanged,
    /// The customer signed in on more devices than may be signed in at once.
    Displaced,
    /// A role was taken away.
    RoleRevoked,
    /// The customer's personal data was erased.
    Erased,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An account was opened.
    CustomerRegistered(CustomerRegistered),
    /// A session began.
    SignedIn(SessionOpened),
    /// A password did not match.
    SignInFailed {
        /// Whose.
        customer: CustomerId,
        /// Failures in a row, this one included.
        failures: u32,
        /// Until when further tries are refused.
        blocked_until: Option<Timestamp>,
    },
    /// A refresh token was exchanged.
    SessionRefreshed(SessionRefreshed),
    /// A session ended before its time.
    SessionRevoked {
        /// Whose.
        customer: CustomerId,
        /// Which.
        session: SessionId,
        /// Why.
        reason: RevokeReason,
        /// When it would have ended.
        expires_at: Timestamp,
    },
    /// A limit is in force, or none is any more.
    LimitSet {
        /// Whose.
        customer: CustomerId,
        /// Which.
        kind: LimitKind,
        /// None: there is none.
        amount: Option<Money>,
    },
    /// An increase or a removal waits for its cool-off to end, and then comes into force. Only
    /// in records of the time before confirmations.
    LimitIncreaseRequested {
        /// Whose.
        customer: CustomerId,
        /// Which.
        kind: LimitKind,
        /// What is to be in force then.
        amount: Option<Money>,
        /// When.
        effective_at: Timestamp,
        /// What is in force until then.
        current: Option<Money>,
    },
    /// The customer is excluded.
    CustomerExcluded {
        /// Who.
        customer: CustomerId,
        /// Until when.
        until: Timestamp,
        /// From when.
        at: Timestamp,
    },
    /// A role was given.
    RoleGranted {
        /// To whom.
        customer: CustomerId,
        /// Which.
        role: Role,
        /// Who gave it.
        by: String,
        /// All roles, this one included.
        roles: Vec<Role>,
    },
    /// The password was replaced.
    PasswordChanged {
        /// Whose.
        customer: CustomerId,
        /// The account's login.
        login_hash: Digest,
        /// The new password's hash.
        password_hash: String,
        /// The credential's number from now on.
        credential_version: u64,
    },
    /// An increase or a removal waits for its cool-off to end and then for the customer's
    /// confirmation.
    LimitIncreaseAsked {
        /// Whose.
        customer: CustomerId,
        /// Which.
        kind: LimitKind,
        /// What is to be in force once it is confirmed.
        amount: Option<Money>,
        /// What is in force until then.
        current: Money,
        /// When the cool-off ends.
        confirm_from: Timestamp,
        /// From when on it can no longer be confirmed.
        lapses_at: Timestamp,
    },
    /// The customer has confirmed an increase or a removal; it is in force with this record.
    LimitIncreaseConfirmed {
        /// Whose.
        customer: CustomerId,
        /// Which.
        kind: LimitKind,
        /// What was confirmed.
        amount: Option<Money>,
    },
    /// An increase or a removal waits no more: nobody confirmed it, or an exclusion began.
    LimitIncreaseLapsed {
        /// Whose.
        customer: CustomerId,
        /// Which.
        kind: LimitKind,
        /// What stays in force.
        current: Money,
    },
    /// What kind the exclusion of the same record is.
    ExclusionKindSet {
        /// Who.
        customer: CustomerId,
        /// Which kind.
        kind: ExclusionKind,
        /// Until when.
        until: Timestamp,
    },
    /// Whether marketing messages may be sent.
    MarketingSet {
        /// To whom.
        customer: CustomerId,
        /// Whether.
        allowed: bool,
    },
    /// How often the customer wants to be told.
    RealityCheckSet {
        /// Who.
        customer: CustomerId,
        /// None: not at all.
        interval: Option<Duration>,
    },
    /// A reality check was seen.
    RealityCheckAcknowledged {
        /// By whom.
        customer: CustomerId,
        /// In which session.
        session: SessionId,
        /// When that began.
        session_started_at: Timestamp,
        /// When the reality check was due.
        due_at: Timestamp,
        /// The result of the session that was shown.
        net_result: Money,
        /// When.
        at: Timestamp,
    },
    /// The answer to an exchange was lost, and its successor was handed out once more.
    SessionRefreshRepeated {
        /// Whose.
        customer: CustomerId,
        /// Which session.
        session: SessionId,
        /// The customer's roles now.
        roles: Vec<Role>,
        /// When.
        at: Timestamp,
    },
    /// Somebody tried a login that nobody has.
    StrangerTurnedAway {
        /// The id that stands for the login.
        customer: CustomerId,
        /// Tries in a row, this one included.
        failures: u32,
        /// Until when further tries are refused.
        blocked_until: Option<Timestamp>,
    },
    /// A second factor waits to be confirmed. One that waited before waits no more.
    SecondFactorOffered {
        /// Whose.
        customer: CustomerId,
        /// The customer's how-manieth, from 1.
        factor: u64,
        /// Its secret's ciphertext, opaque.
        sealed_secret: Vec<u8>,
        /// When.
        at: Timestamp,
    },
    /// A second factor is asked for from now on.
    SecondFactorEnabled(SecondFactorEnabled),
    /// No second factor is asked for any more.
    SecondFactorRemoved {
        /// Whose.
        customer: CustomerId,
        /// Which.
        factor: u64,
        /// When.
        at: Timestamp,
    },
    /// A code of the authenticator was taken; no code of its step or an earlier one ever is again.
    SecondFactorProved {
        /// Whose.
        customer: CustomerId,
        /// Which.
        factor: u64,
        /// The step whose code it was.
        step: u64,
    },
    /// A recovery code was taken, and is gone.
    RecoveryCodeUsed {
        /// Whose.
        customer: CustomerId,
        /// Its digest.
        hash: Digest,
        /// How many are left.
        left: u32,
    },
    /// The customer has proved once more who he is.
    SteppedUp {
        /// Who.
        customer: CustomerId,
        /// In which session.
        session: SessionId,
        /// For how long that counts.
        until: Timestamp,
        /// When.
        at: Timestamp,
    },
    /// A role was taken away.
    RoleRevoked {
        /// From whom.
        customer: CustomerId,
        /// Which.
        role: Role,
        /// Who took it.
        by: String,
        /// The roles that are left.
        roles: Vec<Role>,
    },
    /// The profile was replaced.
    ProfileReplaced {
        /// Whose.
        customer: CustomerId,
        /// The new one's ciphertext, opaque.
        sealed_profile: Vec<u8>,
        /// When.
        at: Timestamp,
    },
    /// The keys of a customer's personal data are destroyed from here on.
    PersonalDataErased {
        /// Whose.
        customer: CustomerId,
        /// Who asked.
        by: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// A code for a forgotten password was handed over. One that was before is of no use any more.
    PasswordResetOffered {
        /// Whose password.
        customer: CustomerId,
        /// The code's digest.
        code_hash: Digest,
        /// From when on it is no longer taken.
        until: Timestamp,
        /// Who handed it over.
        by: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The code was taken, and is gone; the same record holds the new password.
    PasswordResetTaken {
        /// Whose password.
        customer: CustomerId,
        /// When.
        at: Timestamp,
    },
    /// Somebody was let in who works here; the same record holds the account.
    StaffAdmitted {
        /// Who.
        customer: CustomerId,
        /// Whether nobody signs in but a machine; whoever is none replaces the first password.
        machine: bool,
        /// When.
        at: Timestamp,
    },
    /// The session of the same record is of somebody who works here and still owes something.
    EnrolmentOwed {
        /// Who.
        customer: CustomerId,
        /// Which session.
        session: SessionId,
        /// Whether a password of one's own is owed.
        new_password: bool,
        /// Whether a second factor is.
        second_factor: bool,
    },
    /// A passkey is kept from now on.
    PasskeyAdded {
        /// Whose.
        customer: CustomerId,
        /// The customer's how-manieth, from 1.
        passkey: u64,
        /// Its credential id, public key and name under the customer's key, opaque.
        sealed_passkey: Vec<u8>,
        /// How often it was used, as the authenticator counts.
        sign_count: u32,
        /// What it has answered.
        challenge: Challenge,
        /// When.
        at: Timestamp,
    },
    /// A passkey is forgotten.
    PasskeyRemoved {
        /// Whose.
        customer: CustomerId,
        /// Which.
        passkey: u64,
        /// When.
        at: Timestamp,
    },
    /// An assertion of a passkey was taken; no answer to its challenge ever is again.
    PasskeyUsed {
        /// Whose.
        customer: CustomerId,
        /// Which.
        passkey: u64,
        /// How often it was used, as the authenticator counts.
        sign_count: u32,
        /// What it has answered.
        challenge: Challenge,
        /// When.
        at: Timestamp,
    },
}

/// A second factor is asked for from now on: all of it, so that its row is written from this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorEnabled {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub factor: u64,
    /// Its secret's ciphertext, opaque.
    pub sealed_secret: Vec<u8>,
    /// The step of the code that showed that it works.
    pub step: u64,
    /// Digests of the recovery codes.
    pub recovery_hashes: Vec<Digest>,
    /// When.
    pub at: Timestamp,
}

/// An account was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRegistered {
    /// Whose.
    pub customer: CustomerId,
    /// Keyed hash of the login.
    pub login_hash: Digest,
    /// The password's hash.
    pub password_hash: String,
    /// The credential's number, 1.
    pub credential_version: u64,
    /// The profile's ciphertext.
    pub sealed_profile: Vec<u8>,
    /// The account's currency.
    pub currency: Currency,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// When.
    pub at: Timestamp,
}

/// A session began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOpened {
    /// Whose.
    pub customer: CustomerId,
    /// Which.
    pub session: SessionId,
    /// Digest of its first refresh token.
    pub refresh_hash: Digest,
    /// The customer's roles at that time.
    pub roles: Vec<Role>,
    /// When the refresh token expires.
    pub expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// A refresh token was exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRefreshed {
    /// Whose.
    pub customer: CustomerId,
    /// Which session.
    pub session: SessionId,
    /// Digest of the token that is good from now on.
    pub refresh_hash: Digest,
    /// The customer's roles at that time.
    pub roles: Vec<Role>,
    /// When that token expires.
    pub expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}
