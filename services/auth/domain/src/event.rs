//! What auth has decided.
//!
//! Duty: the facts, each complete enough to write its row of a view from it alone. Prohibition:
//! no readable personal data, no password, no token.

use kernel::{Currency, CustomerId, Digest, Money, SessionId, Timestamp};

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
    /// Stakes within 24 hours.
    StakeDay,
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
    /// An increase or a removal waits for its cool-off to end.
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
