//! What replay rebuilds: the customers of one partition and the timers of their limits.
//!
//! Duty: the state and its fold. Prohibition: nothing is kept that no rule asks for; password
//! hashes and profiles are in the events and in the views, not in memory.

use crate::event::{Event, ExclusionKind, LimitKind, Role};
use crate::exclusion;
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The customers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By id.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Who has which login.
    pub logins: BTreeMap<Digest, CustomerId>,
    /// Increases that wait, in the order in which their waits end.
    pub timers: BTreeMap<TimerKey, (CustomerId, LimitKind)>,
    /// How many timers were ever armed.
    pub armed: u64,
    /// Logins that nobody has and that were tried, by the id that stands for each.
    pub strangers: BTreeMap<CustomerId, Stranger>,
    /// How many tries of strangers there ever were.
    pub strangers_seen: u64,
}

/// A login that nobody has, and that somebody tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Tries in a row.
    pub failures: u32,
    /// Until when tries are refused.
    pub blocked_until: Option<Timestamp>,
    /// The number of the last try among those of all strangers.
    pub number: u64,
}

/// When a timer is due, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// When.
    pub due: Timestamp,
    /// The how-manieth timer of the partition, from 1.
    pub number: u64,
}

/// A customer as far as rules ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Keyed hash of the login.
    pub login_hash: Digest,
    /// The account's currency.
    pub currency: Currency,
    /// Number of the credential in force.
    pub credential_version: u64,
    /// Sorted, each once.
    pub roles: Vec<Role>,
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// Until when sign-ins are refused.
    pub blocked_until: Option<Timestamp>,
    /// Limits in force and increases that wait; kinds without an entry have no limit.
    pub limits: BTreeMap<LimitKind, Limit>,
    /// The latest exclusion.
    pub exclusion: Option<Exclusion>,
    /// Whether marketing messages may be sent. Nobody who has not said so gets any.
    pub marketing: bool,
    /// How often the customer wants to be told how long and at what result.
    pub reality_check: Option<Duration>,
    /// Sessions that have not been revoked. Expired ones go at the next sign-in.
    pub sessions: BTreeMap<SessionId, Session>,
    /// How many second factors were ever offered.
    pub factors_offered: u64,
    /// The one that waits or is in force.
    pub second_factor: Option<SecondFactor>,
    /// The passkeys.
    pub passkeys: Passkeys,
    /// A code for a forgotten password that was handed over.
    pub reset: Option<Reset>,
    /// How somebody was let in who works here, as far as that still binds.
    pub staff: Option<StaffMark>,
    /// Whether the keys of the personal data were destroyed.
    pub erased: bool,
}

/// What of being let in as staff still binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffMark {
    /// The password is the one that whoever let them in has chosen.
    FirstPassword,
    /// Nobody signs in but a machine.
    Machine,
}

/// A code for a forgotten password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Its digest.
    pub code_hash: Digest,
    /// From when on it is no longer taken.
    pub until: Timestamp,
}

/// The passkeys of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passkeys {
    /// How many were ever added.
    pub added: u64,
    /// How often each that is kept was used last, as its authenticator counts; by its number.
    pub kept: BTreeMap<u64, u32>,
    /// Challenges that were answered, and from when on nobody would take an answer anyhow.
    pub answered: BTreeMap<Digest, Timestamp>,
}

/// A second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// It waits for the first right code.
    Offered {
        /// The customer's how-manieth.
        number: u64,
        /// Its secret's ciphertext, opaque.
        sealed_secret: Vec<u8>,
    },
    /// It is asked for.
    Enabled {
        /// The customer's how-manieth.
        number: u64,
        /// The last step whose code was taken.
        last_step: u64,
        /// Digests of the recovery codes that are left.
        recovery: BTreeSet<Digest>,
    },
}

/// An exclusion, whether it lasts or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Which kind.
    pub kind: ExclusionKind,
    /// Its end.
    pub until: Timestamp,
}

/// A limit of the customer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What binds now.
    pub amount: Money,
    /// What will bind instead.
    pub pending: Option<PendingIncrease>,
}

/// An increase, or a removal, that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingIncrease {
    /// None removes the limit.
    pub amount: Option<Money>,
    /// When it can be confirmed. None: asked for before confirmations were asked; it comes into
    /// force by its timer, as was said then.
    pub confirm_from: Option<Timestamp>,
    /// The timer that ends the wait.
    pub timer: TimerKey,
}

/// A family of refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Digest of the one token that is good.
    pub current: Digest,
    /// Digest of its predecessor.
    pub previous: Option<Digest>,
    /// When the session began.
    pub started_at: Timestamp,
    /// When the last reality check was seen; the beginning, where none was.
    pub reminded_at: Timestamp,
    /// When the current one was issued.
    pub issued_at: Timestamp,
    /// When the current one expires.
    pub expires_at: Timestamp,
}

impl Customer {
    /// The end of the exclusion that binds at that time.
    #[must_use]
    pub fn exclusion_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.exclusion_in_force(now)
            .map(|exclusion| exclusion.until)
    }

    /// The exclusion that binds at that time.
    #[must_use]
    pub fn exclusion_in_force(&self, now: Timestamp) -> Option<Exclusion> {
        self.exclusion.filter(|exclusion| now < exclusion.until)
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::CustomerRegistered(registered) => {
                self.logins
                    .insert(registered.login_hash, registered.customer);
                self.customers.insert(
                    registered.customer,
                    Customer {
                        login_hash: registered.login_hash,
                        currency: registered.currency,
                        credential_version: registered.credential_version,
                        roles: registered.roles.clone(),
                        failures: 0,
                        blocked_until: None,
                        limits: BTreeMap::new(),
                        exclusion: None,
                        marketing: false,
                        reality_check: None,
                        sessions: BTreeMap::new(),
                        factors_offered: 0,
                        second_factor: None,
                        passkeys: Passkeys::default(),
                        reset: None,
                        staff: None,
                        erased: false,
                    },
                );
            }
            Event::StrangerTurnedAway {
                customer,
                failures,
                blocked_until,
            } => self.note_stranger(*customer, *failures, *blocked_until),
            Event::LimitSet {
                customer,
                kind,
                amount,
            } => self.set_limit(*customer, *kind, *amount),
            Event::LimitIncreaseRequested {
                customer,
                kind,
                amount,
                effective_at,
                current: _,
            } => self.await_increase(*customer, *kind, *amount, None, *effective_at),
            Event::LimitIncreaseAsked {
                customer,
                kind,
                amount,
                current: _,
                confirm_from,
                lapses_at,
            } => {
                self.await_increase(*customer, *kind, *amount, Some(*confirm_from), *lapses_at);
            }
            Event::LimitIncreaseLapsed { customer, kind, .. } => self.end_wait(*customer, *kind),
            Event::SignedIn(_)
            | Event::SignInFailed { .. }
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked { .. }
            | Event::CustomerExcluded { .. }
            | Event::RoleGranted { .. }
            | Event::PasswordChanged { .. }
            | Event::LimitIncreaseConfirmed { .. }
            | Event::ExclusionKindSet { .. }
            | Event::MarketingSet { .. }
            | Event::RealityCheckSet { .. }
            | Event::RealityCheckAcknowledged { .. }
            | Event::SessionRefreshRepeated { .. }
            | Event::SecondFactorOffered { .. }
            | Event::SecondFactorEnabled(_)
            | Event::SecondFactorRemoved { .. }
            | Event::SecondFactorProved { .. }
            | Event::RecoveryCodeUsed { .. }
            | Event::SteppedUp { .. }
            | Event::RoleRevoked { .. }
            | Event::ProfileReplaced { .. }
            | Event::PersonalDataErased { .. }
            | Event::PasswordResetOffered { .. }
            | Event::PasswordResetTaken { .. }
            | Event::StaffAdmitted { .. }
            | Event::EnrolmentOwed { .. }
            | Event::PasskeyAdded { .. }
            | Event::PasskeyRemoved { .. }
            | Event::PasskeyUsed { .. } => {
                if let Some(customer) = self.customers.get_mut(&event.customer()) {
                    customer.evolve(event);
                }
            }
        }
    }

    fn set_limit(&mut self, customer: CustomerId, kind: LimitKind, amount: Option<Money>) {
        let Some(of_customer) = self.customers.get_mut(&customer) else {
            return;
        };
        let before = match amount {
            None => of_customer.limits.remove(&kind),
            Some(amount) => {
                let limit = Limit {
                    amount,
                    pending: None,
                };
                of_customer.limits.insert(kind, limit)
            }
        };
        if let Some(pending) = before.and_then(|limit| limit.pending) {
            self.timers.remove(&pending.timer);
        }
    }

    fn await_increase(
        &mut self,
        customer: CustomerId,
        kind: LimitKind,
        amount: Option<Money>,
        confirm_from: Option<Timestamp>,
        due: Timestamp,
    ) {
        self.end_wait(customer, kind);
        let number = self.armed.saturating_add(1);
        let Some(limit) = self.limit_mut(customer, kind) else {
            return;
        };
        let timer = TimerKey { due, number };
        limit.pending = Some(PendingIncrease {
            amount,
            confirm_from,
            timer,
        });
        self.armed = number;
        self.timers.insert(timer, (customer, kind));
    }

    fn end_wait(&mut self, customer: CustomerId, kind: LimitKind) {
        let waited = self
            .limit_mut(customer, kind)
            .and_then(|limit| limit.pending.take());
        if let Some(waited) = waited {
            self.timers.remove(&waited.timer);
        }
    }

    fn limit_mut(&mut self, customer: CustomerId, kind: LimitKind) -> Option<&mut Limit> {
        self.customers.get_mut(&customer)?.limits.get_mut(&kind)
    }
}

impl Customer {
    /// Takes notice of what concerns this customer alone.
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::SignedIn(opened) => {
                self.failures = 0;
                self.blocked_until = None;
                self.sessions
                    .retain(|_, session| opened.at < session.expires_at);
                self.sessions.insert(
                    opened.session,
                    Session {
                        current: opened.refresh_hash,
                        previous: None,
                        started_at: opened.at,
                        reminded_at: opened.at,
                        issued_at: opened.at,
                        expires_at: opened.expires_at,
                    },
                );
            }
            Event::SignInFailed {
                failures,
                blocked_until,
                ..
            } => {
                self.failures = *failures;
                self.blocked_until = *blocked_until;
            }
            Event::SessionRefreshed(refreshed) => {
                if let Some(session) = self.sessions.get_mut(&refreshed.session) {
                    session.previous = Some(session.current);
                    session.current = refreshed.refresh_hash;
                    session.issued_at = refreshed.at;
                    session.expires_at = refreshed.expires_at;
                }
            }
            Event::SessionRevoked { session, .. } => {
                self.sessions.remove(session);
            }
            Event::CustomerExcluded { until, at, .. } => {
                self.exclusion = Some(Exclusion {
                    kind: exclusion::kind_by_length(*until, *at),
                    until: *until,
                });
            }
            Event::ExclusionKindSet { kind, until, .. } => {
                self.exclusion = Some(Exclusion {
                    kind: *kind,
                    until: *until,
                });
            }
            Event::MarketingSet { allowed, .. } => self.marketing = *allowed,
            Event::RealityCheckSet { interval, .. } => self.reality_check = *interval,
            Event::RealityCheckAcknowledged { session, at, .. } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.reminded_at = *at;
                }
            }
            Event::RoleGranted { roles, .. } | Event::RoleRevoked { roles, .. } => {
                self.roles.clone_from(roles);
            }
            Event::SecondFactorOffered {
                factor,
                sealed_secret,
                ..
            } => {
                self.factors_offered = *factor;
                self.second_factor = Some(SecondFactor::Offered {
                    number: *factor,
                    sealed_secret: sealed_secret.clone(),
                });
            }
            Event::SecondFactorEnabled(enabled) => {
                self.second_factor = Some(SecondFactor::Enabled {
                    number: enabled.factor,
                    last_step: enabled.step,
                    recovery: enabled.recovery_hashes.iter().copied().collect(),
                });
            }
            Event::SecondFactorRemoved { .. } => self.second_factor = None,
            Event::SecondFactorProved { step, .. } => {
                if let Some(SecondFactor::Enabled { last_step, .. }) = &mut self.second_factor {
                    *last_step = *step;
                }
            }
            Event::RecoveryCodeUsed { hash, .. } => {
                if let Some(SecondFactor::Enabled { recovery, .. }) = &mut self.second_factor {
                    recovery.remove(hash);
                }
            }
            Event::SteppedUp { .. } => {
                self.failures = 0;
                self.blocked_until = None;
            }
            Event::PersonalDataErased { .. } => {
                self.erased = true;
                self.passkeys.kept.clear();
                self.reset = None;
            }
            Event::PasswordResetOffered {
                code_hash, until, ..
            } => {
                self.reset = Some(Reset {
                    code_hash: *code_hash,
                    until: *until,
                });
            }
            Event::PasswordResetTaken { .. } => self.reset = None,
            Event::StaffAdmitted { machine, .. } => {
                self.staff = Some(if *machine {
                    StaffMark::Machine
                } else {
                    StaffMark::FirstPassword
                });
            }
            Event::PasskeyAdded {
                passkey,
                sign_count,
                challenge,
                at,
                ..
            } => {
                self.passkeys.note_added(*passkey, *sign_count);
                self.passkeys.note_answered(*challenge, *at);
            }
            Event::PasskeyRemoved { passkey, .. } => {
                self.passkeys.kept.remove(passkey);
            }
            Event::PasskeyUsed {
                passkey,
                sign_count,
                challenge,
                at,
                ..
            } => {
                self.passkeys.note_used(*passkey, *sign_count);
                self.passkeys.note_answered(*challenge, *at);
            }
            Event::PasswordChanged {
                credential_version, ..
            } => {
                self.credential_version = *credential_version;
                self.reset = None;
                self.staff = self.staff.filter(|mark| *mark == StaffMark::Machine);
                self.failures = 0;
                self.blocked_until = None;
            }
            Event::CustomerRegistered(_)
            | Event::LimitSet { .. }
            | Event::LimitIncreaseRequested { .. }
            | Event::LimitIncreaseAsked { .. }
            | Event::LimitIncreaseConfirmed { .. }
            | Event::LimitIncreaseLapsed { .. }
            | Event::SessionRefreshRepeated { .. }
            | Event::StrangerTurnedAway { .. }
            | Event::ProfileReplaced { .. }
            | Event::EnrolmentOwed { .. } => {}
        }
    }
}

impl Event {
    /// Whom it concerns.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        match self {
            Self::CustomerRegistered(registered) => registered.customer,
            Self::SignedIn(opened) => opened.customer,
            Self::SessionRefreshed(refreshed) => refreshed.customer,
            Self::SecondFactorEnabled(enabled) => enabled.customer,
            Self::SignInFailed { customer, .. }
            | Self::SessionRevoked { customer, .. }
            | Self::LimitSet { customer, .. }
            | Self::LimitIncreaseRequested { customer, .. }
            | Self::CustomerExcluded { customer, .. }
            | Self::RoleGranted { customer, .. }
            | Self::PasswordChanged { customer, .. }
            | Self::LimitIncreaseAsked { customer, .. }
            | Self::LimitIncreaseConfirmed { customer, .. }
            | Self::LimitIncreaseLapsed { customer, .. }
            | Self::ExclusionKindSet { customer, .. }
            | Self::MarketingSet { customer, .. }
            | Self::RealityCheckSet { customer, .. }
            | Self::RealityCheckAcknowledged { customer, .. }
            | Self::SessionRefreshRepeated { customer, .. }
            | Self::StrangerTurnedAway { customer, .. }
            | Self::SecondFactorOffered { customer, .. }
            | Self::SecondFactorRemoved { customer, .. }
            | Self::SecondFactorProved { customer, .. }
            | Self::RecoveryCodeUsed { customer, .. }
            | Self::SteppedUp { customer, .. }
            | Self::RoleRevoked { customer, .. }
            | Self::ProfileReplaced { customer, .. }
            | Self::PersonalDataErased { customer, .. }
            | Self::PasswordResetOffered { customer, .. }
            | Self::PasswordResetTaken { customer, .. }
            | Self::StaffAdmitted { customer, .. }
            | Self::EnrolmentOwed { customer, .. }
            | Self::PasskeyAdded { customer, .. }
            | Self::PasskeyRemoved { customer, .. }
            | Self::PasskeyUsed { customer, .. } => *customer,
        }
    }
}
