//! What auth has decided.
//!
//! Duty: the facts, each complete enough to write its row of a view from it alone. Prohibition:
//! no readable personal data, no password, no token.

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
