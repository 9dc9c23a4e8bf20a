//! Auth on the wire: registrations, sessions, second factors, passkeys, roles, limits, exclusions, reality
//! checks.
//!
//! Prohibition: no password, no readable personal data. A login appears only as a keyed hash,
//! a profile only as ciphertext.

use crate::avro::Blob;
use crate::wire;
use kernel::{Currency, CustomerId, Digest, Duration, Money, SessionId, Timestamp};

wire! {
    /// What may be asked of auth.
    union Command {
        /// Open an account.
        Register(Register),
        /// The gateway has checked a password; start a session or count a failure.
        SignIn(SignIn),
        /// Exchange a refresh token for its successor.
        RefreshSession(RefreshSession),
        /// End one session.
        SignOut(SignOut),
        /// Set a customer's own limit.
        SetLimit(SetLimit),
        /// Exclude oneself from betting and depositing.
        Exclude(Exclude),
        /// Give a role.
        GrantRole(GrantRole),
        /// Replace the password; ends the other sessions.
        ChangePassword(ChangePassword),
        /// Confirm an increase of a limit whose cool-off is over.
        ConfirmIncrease(ConfirmIncrease),
        /// Exclude oneself in a way that is named.
        ExcludeAs(ExcludeAs),
        /// Allow marketing messages, or forbid them.
        SetMarketing(SetMarketing),
        /// Choose the interval of reality checks.
        SetRealityCheck(SetRealityCheck),
        /// A reality check was seen.
        AcknowledgeRealityCheck(AcknowledgeRealityCheck),
        /// As `SignIn`, with a second proof.
        SignInWithProof(SignInWithProof),
        /// Begin to use a second factor.
        OfferSecondFactor(OfferSecondFactor),
        /// Show that the second factor works.
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

    /// A registration by command. A machine signs in without anybody: what it shows is a secret drawn
    /// at random. Everybody else replaces the first password.
    record AdmitStaff { registration: Register, machine: bool }

    /// The code's digest, who hands it over and why.
    record OfferReset { customer: CustomerId, code_hash: Digest, until: Timestamp, by: String, reason: String }

    /// The digest of the code that was shown, and the new password's hash.
    record ResetPassword { customer: CustomerId, code_hash: Digest, password_hash: String }

    /// The session that asks, and stays.
    record EndOtherSessions { customer: CustomerId, session: SessionId }

    /// A second proof of who somebody is, checked outside as far as that needs a secret.
    union Proof {
        /// None was sent.
        Absent(ProofAbsent),
        /// A code of an authenticator.
        Totp(TotpProof),
        /// A recovery code.
        Recovery(RecoveryProof),
        /// An assertion of a passkey.
        Passkey(PasskeyProof),
    }

    /// See [`Proof`].
    record ProofAbsent {}
    /// The factor whose secret it was compared with, and the step whose code it is; no step: of
    /// none that counts now.
    record TotpProof { factor: u64, step: Option<u64> }
    /// The code's digest.
    record RecoveryProof { hash: Digest }
    /// The customer's how-manieth passkey, how often it was used as its authenticator counts (0: it
    /// may not count), the digest of the challenge that it has answered, and until when that lives.
    record PasskeyProof { passkey: u64, sign_count: u32, challenge: Digest, challenge_until: Timestamp }

    /// Credential id, public key and name as ciphertext under the customer's key; the rest as in
    /// [`PasskeyProof`].
    record AddPasskey { customer: CustomerId, sealed_passkey: Blob, sign_count: u32, challenge: Digest, challenge_until: Timestamp }

    /// By its number.
    record RemovePasskey { customer: CustomerId, passkey: u64 }

    /// A sign-in with a passkey and nothing else; its signature was checked outside.
    record SignInWithPasskey {
        customer: CustomerId,
        proof: PasskeyProof,
        session: SessionId,
        refresh_hash: Digest,
        expires_at: Timestamp,
    }

    /// See [`SignIn`].
    record SignInWithProof {
        customer: CustomerId,
        credential_version: u64,
        password_matches: bool,
        session: SessionId,
        refresh_hash: Digest,
        expires_at: Timestamp,
        proof: Proof,
    }

    /// The authenticator's secret as ciphertext under the customer's key.
    record OfferSecondFactor { customer: CustomerId, sealed_secret: Blob }

    /// As [`TotpProof`], with the digests of the recovery codes.
    record ConfirmSecondFactor { customer: CustomerId, factor: u64, step: Option<u64>, recovery_hashes: Vec<Digest> }

    /// Whoever has the factor may remove it.
    record RemoveSecondFactor { customer: CustomerId, proof: Proof }

    /// The verdict on a password, if one was sent, and a second proof.
    record StepUp {
        customer: CustomerId,
        session: SessionId,
        credential_version: u64,
        password_matches: Option<bool>,
        proof: Proof,
    }

    /// Take a role away; ends the sessions.
    record RevokeRole { customer: CustomerId, role: Role, by: String }

    /// The profile as ciphertext.
    record ReplaceProfile { customer: CustomerId, sealed_profile: Blob }

    /// Who asks, and why.
    record ErasePersonalData { customer: CustomerId, by: String, reason: String }

    /// What a person may do.
    enum Role { Customer, Trader, Operator, Auditor, Compliance }

    /// What a limit of the customer's own counts.
    enum LimitKind {
        DepositDay, DepositWeek, DepositMonth, StakeSlip, StakeDay,
        /// Stakes within 7 and 30 days.
        StakeWeek, StakeMonth,
        /// Stakes less returns.
        LossDay, LossWeek, LossMonth,
    }

    /// How a customer stays away: a break, or for six months at least.
    enum ExclusionKind { TimeOut, SelfExclusion }

    /// Why a session ended.
    enum RevokeReason {
        SignedOut,
        TokenReused,
        Excluded,
        CredentialChanged,
        /// The customer signed in on more devices than may be signed in at once.
        Displaced,
        /// A role was taken away.
        RoleRevoked,
        /// The customer's personal data was erased.
        Erased,
    }

    /// Open an account. The login's uniqueness is decided in the partition of its hash.
    record Register {
        customer: CustomerId,
        login_hash: Digest,
        password_hash: String,
        sealed_profile: Blob,
        currency: Currency,
        roles: Vec<Role>,
    }

    /// A sign-in whose password was checked outside against the credential of that version.
    record SignIn {
        customer: CustomerId,
        credential_version: u64,
        password_matches: bool,
        session: SessionId,
        refresh_hash: Digest,
        expires_at: Timestamp,
    }

    /// Present a refresh token (by hash) and name its successor.
    record RefreshSession {
        customer: CustomerId,
        session: SessionId,
        presented_hash: Digest,
        next_hash: Digest,
        expires_at: Timestamp,
    }

    /// End one session.
    record SignOut { customer: CustomerId, session: SessionId }

    /// Set or lower at once, or ask for an increase; no amount removes the limit.
    record SetLimit { customer: CustomerId, kind: LimitKind, amount: Option<Money> }

    /// The second word on an increase; names what was asked for.
    record ConfirmIncrease { customer: CustomerId, kind: LimitKind, amount: Option<Money> }

    /// Exclude until then, as this.
    record ExcludeAs { customer: CustomerId, kind: ExclusionKind, until: Timestamp }

    /// Whether marketing messages may be sent.
    record SetMarketing { customer: CustomerId, allowed: bool }

    /// No interval: no reality checks.
    record SetRealityCheck { customer: CustomerId, interval: Option<Duration> }

    /// The result of the session that was shown; below zero for a loss.
    record AcknowledgeRealityCheck { customer: CustomerId, session: SessionId, net_result: Money }

    /// Exclude until then.
    record Exclude { customer: CustomerId, until: Timestamp }

    /// Give a role.
    record GrantRole { customer: CustomerId, role: Role, by: String }

    /// Replace the password. The old one was checked outside against the credential of that
    /// version; the session that asks stays.
    record ChangePassword {
        customer: CustomerId,
        credential_version: u64,
        password_matches: bool,
        password_hash: String,
        session: SessionId,
    }

    /// What auth has decided.
    union Event {
        /// An account was opened.
        CustomerRegistered(CustomerRegistered),
        /// A session began.
        SignedIn(SignedIn),
        /// A password did not match.
        SignInFailed(SignInFailed),
        /// A refresh token was exchanged.
        SessionRefreshed(SessionRefreshed),
        /// A session ended before its time.
        SessionRevoked(SessionRevoked),
        /// A limit is in force.
        LimitSet(LimitSet),
        /// An increase waits for its cool-off to end.
        LimitIncreaseRequested(LimitIncreaseRequested),
        /// The customer is excluded.
        CustomerExcluded(CustomerExcluded),
        /// A role was given.
        RoleGranted(RoleGranted),
        /// The password was replaced.
        PasswordChanged(PasswordChanged),
        /// An increase waits for its cool-off and then for its confirmation.
        LimitIncreaseAsked(LimitIncreaseAsked),
        /// An increase is confirmed; the same record brings it into force.
        LimitIncreaseConfirmed(LimitIncreaseConfirmed),
        /// An increase waits no more.
        LimitIncreaseLapsed(LimitIncreaseLapsed),
        /// What the exclusion of the same record is.
        ExclusionKindSet(ExclusionKindSet),
        /// Whether marketing messages may be sent.
        MarketingSet(MarketingSet),
        /// How often the customer wants to be told how long and at what result.
        RealityCheckSet(RealityCheckSet),
        /// A reality check was seen.
        RealityCheckAcknowledged(RealityCheckAcknowledged),
        /// The answer to an exchange was lost, and its successor was handed out once more.
        SessionRefreshRepeated(SessionRefreshRepeated),
        /// Somebody tried a login that nobody has.
        StrangerTurnedAway(StrangerTurnedAway),
        /// A second factor waits to be confirmed.
        SecondFactorOffered(SecondFactorOffered),
        /// A second factor is asked for from now on.
        SecondFactorEnabled(SecondFactorEnabled),
        /// No second factor is asked for any more.
        SecondFactorRemoved(SecondFactorRemoved),
        /// A code of the authenticator was taken, and counts no more.
        SecondFactorProved(SecondFactorProved),
        /// A recovery code was taken, and is gone.
        RecoveryCodeUsed(RecoveryCodeUsed),
        /// The customer has proved once more who he is.
        SteppedUp(SteppedUp),
        /// A role was taken away.
        RoleRevoked(RoleRevoked),
        /// The profile was replaced.
        ProfileReplaced(ProfileReplaced),
        /// The keys of a customer's personal data are destroyed from here on.
        PersonalDataErased(PersonalDataErased),
        /// A passkey is kept from now on.
        PasskeyAdded(PasskeyAdded),
        /// A passkey is forgotten.
        PasskeyRemoved(PasskeyRemoved),
        /// An assertion of a passkey was taken; no answer to its challenge ever is again.
        PasskeyUsed(PasskeyUsed),
        /// A code for a forgotten password was handed over.
        PasswordResetOffered(PasswordResetOffered),
        /// The code was taken; the same record holds the new password.
        PasswordResetTaken(PasswordResetTaken),
        /// Somebody was let in who works here; the same record holds the account.
        StaffAdmitted(StaffAdmitted),
        /// A session of somebody who works here who still owes something; the same record holds it.
        EnrolmentOwed(EnrolmentOwed),
    }

    /// See [`Event`]. Whoever is no machine replaces the first password.
    record StaffAdmitted { customer: CustomerId, machine: bool, at: Timestamp }

    /// What is owed: a password of one's own, a second factor.
    record EnrolmentOwed { customer: CustomerId, session: SessionId, new_password: bool, second_factor: bool }

    /// The code's digest, until when it is good, who handed it over and why.
    record PasswordResetOffered {
        customer: CustomerId,
        code_hash: Digest,
        until: Timestamp,
        by: String,
        reason: String,
        at: Timestamp,
    }

    /// See [`Event`].
    record PasswordResetTaken { customer: CustomerId, at: Timestamp }

    /// The customer's how-manieth, what is kept of it as ciphertext under the customer's key, and
    /// the challenge that was answered.
    record PasskeyAdded {
        customer: CustomerId,
        passkey: u64,
        sealed_passkey: Blob,
        sign_count: u32,
        challenge: Digest,
        challenge_until: Timestamp,
        at: Timestamp,
    }

    /// See [`Event`].
    record PasskeyRemoved { customer: CustomerId, passkey: u64, at: Timestamp }

    /// How often it was used, as its authenticator counts, and the challenge that was answered.
    record PasskeyUsed {
        customer: CustomerId,
        passkey: u64,
        sign_count: u32,
        challenge: Digest,
        challenge_until: Timestamp,
        at: Timestamp,
    }

    /// See [`Event`].
    record SessionRefreshRepeated { customer: CustomerId, session: SessionId, roles: Vec<Role>, at: Timestamp }

    /// The id stands for a login's hash and belongs to no account.
    record StrangerTurnedAway { customer: CustomerId, failures: u32, blocked_until: Option<Timestamp> }

    /// The customer's how-manieth, and its secret as ciphertext.
    record SecondFactorOffered { customer: CustomerId, factor: u64, sealed_secret: Blob, at: Timestamp }

    /// The factor in full, the step that confirmed it and the digests of the recovery codes.
    record SecondFactorEnabled {
        customer: CustomerId,
        factor: u64,
        sealed_secret: Blob,
        step: u64,
        recovery_hashes: Vec<Digest>,
        at: Timestamp,
    }

    /// See [`Event`].
    record SecondFactorRemoved { customer: CustomerId, factor: u64, at: Timestamp }

    /// No code of this step or an earlier one is ever taken again.
    record SecondFactorProved { customer: CustomerId, factor: u64, step: u64 }

    /// The code's digest, and how many codes are left.
    record RecoveryCodeUsed { customer: CustomerId, hash: Digest, left: u32 }

    /// In which session, and for how long that counts.
    record SteppedUp { customer: CustomerId, session: SessionId, until: Timestamp, at: Timestamp }

    /// Who took it, and the roles that are left.
    record RoleRevoked { customer: CustomerId, role: Role, by: String, roles: Vec<Role> }

    /// The new profile as ciphertext.
    record ProfileReplaced { customer: CustomerId, sealed_profile: Blob, at: Timestamp }

    /// Who asked for it, and why.
    record PersonalDataErased { customer: CustomerId, by: String, reason: String, at: Timestamp }

    /// An account was opened.
    record CustomerRegistered {
        customer: CustomerId,
        login_hash: Digest,
        password_hash: String,
        credential_version: u64,
        sealed_profile: Blob,
        currency: Currency,
        roles: Vec<Role>,
        at: Timestamp,
    }

    /// A session began.
    record SignedIn {
        customer: CustomerId,
        session: SessionId,
        refresh_hash: Digest,
        roles: Vec<Role>,
        expires_at: Timestamp,
        at: Timestamp,
    }

    /// A password did not match; failures in a row, and until when further tries are refused.
    record SignInFailed { customer: CustomerId, failures: u32, blocked_until: Option<Timestamp> }

    /// A refresh token was exchanged.
    record SessionRefreshed {
        customer: CustomerId,
        session: SessionId,
        refresh_hash: Digest,
        roles: Vec<Role>,
        expires_at: Timestamp,
        at: Timestamp,
    }

    /// A session ended before its time.
    record SessionRevoked { customer: CustomerId, session: SessionId, reason: RevokeReason, expires_at: Timestamp }

    /// A limit is in force; no amount means that there is none any more.
    record LimitSet { customer: CustomerId, kind: LimitKind, amount: Option<Money> }

    /// Not written any more. An increase waits for its cool-off to end, and is then in force;
    /// until then `current` binds.
    record LimitIncreaseRequested {
        customer: CustomerId,
        kind: LimitKind,
        amount: Option<Money>,
        effective_at: Timestamp,
        current: Option<Money>,
    }

    /// The customer is excluded.
    record CustomerExcluded { customer: CustomerId, until: Timestamp, at: Timestamp }

    /// A role was given.
    record RoleGranted { customer: CustomerId, role: Role, by: String, roles: Vec<Role> }

    /// The password was replaced: the whole credential as it is now.
    record PasswordChanged {
        customer: CustomerId,
        login_hash: Digest,
        password_hash: String,
        credential_version: u64,
    }

    /// From `confirm_from` on the customer can confirm it, at `lapses_at` no more; until it is
    /// confirmed `current` binds.
    record LimitIncreaseAsked {
        customer: CustomerId,
        kind: LimitKind,
        amount: Option<Money>,
        current: Money,
        confirm_from: Timestamp,
        lapses_at: Timestamp,
    }

    /// See [`Event`].
    record LimitIncreaseConfirmed { customer: CustomerId, kind: LimitKind, amount: Option<Money> }

    /// Nobody confirmed it, or an exclusion began; `current` stays.
    record LimitIncreaseLapsed { customer: CustomerId, kind: LimitKind, current: Money }

    /// See [`Event`].
    record ExclusionKindSet { customer: CustomerId, kind: ExclusionKind, until: Timestamp }

    /// See [`Event`].
    record MarketingSet { customer: CustomerId, allowed: bool }

    /// See [`Event`]. In microseconds; none: not at all.
    record RealityCheckSet { customer: CustomerId, interval: Option<Duration> }

    /// What was shown, of which session, and when it was due.
    record RealityCheckAcknowledged {
        customer: CustomerId,
        session: SessionId,
        session_started_at: Timestamp,
        due_at: Timestamp,
        net_result: Money,
        at: Timestamp,
    }

    /// Which rule a command to auth broke.
    record Rejection { reason: RejectionReason }

    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// Another account has this login.
        LoginTaken(LoginTaken),
        /// No such customer here.
        CustomerUnknown(CustomerUnknown),
        /// The credential has changed since the password was checked.
        CredentialVersionStale(CredentialVersionStale),
        /// Wrong login or password.
        CredentialsWrong(CredentialsWrong),
        /// Too many failures in a row.
        SignInBlocked(SignInBlocked),
        /// The session is unknown, ended or expired.
        SessionEnded(SessionEnded),
        /// A refresh token was presented twice; the family is revoked.
        TokenReused(TokenReused),
        /// The amount is not a limit in the account's currency.
        LimitNotAllowed(LimitNotAllowed),
        /// The exclusion would be shorter than the one in force or than the minimum.
        ExclusionTooShort(ExclusionTooShort),
        /// The customer is excluded until then.
        Excluded(Excluded),
        /// The id was not minted for this partition, or another customer has it.
        CustomerIdNotAllowed(CustomerIdNotAllowed),
        /// No such increase waits.
        NoIncreaseWaits(NoIncreaseWaits),
        /// The cool-off is not over.
        CoolOffNotOver(CoolOffNotOver),
        /// The customer has no reality checks.
        RealityCheckNotSet(RealityCheckNotSet),
        /// Not an interval or a result of a reality check.
        RealityCheckNotAllowed(RealityCheckNotAllowed),
        /// The password is right, and a second proof is needed.
        SecondFactorMissing(SecondFactorMissing),
        /// No second factor waits or is in force, or another one.
        SecondFactorUnknown(SecondFactorUnknown),
        /// A second factor is in force.
        SecondFactorInForce(SecondFactorInForce),
        /// The keys of the personal data were destroyed.
        PersonalDataGone(PersonalDataGone),
        /// No such passkey is kept.
        PasskeyUnknown(PasskeyUnknown),
        /// As many passkeys are kept as may be.
        PasskeysFull(PasskeysFull),
        /// The challenge was answered before, or lives no more.
        ChallengeSpent(ChallengeSpent),
        /// The authenticator counts fewer uses than it did.
        PasskeyCountsBackwards(PasskeyCountsBackwards),
        /// Nobody hands himself or somebody who works here a code for a forgotten password.
        ResetNotAllowed(ResetNotAllowed),
    }

    /// See [`RejectionReason`].
    record ResetNotAllowed {}

    /// See [`RejectionReason`].
    record PasskeyUnknown {}
    /// See [`RejectionReason`].
    record PasskeysFull {}
    /// See [`RejectionReason`].
    record ChallengeSpent {}
    /// How many it counted last.
    record PasskeyCountsBackwards { last: u32 }

    /// See [`RejectionReason`].
    record SecondFactorMissing {}
    /// See [`RejectionReason`].
    record SecondFactorUnknown {}
    /// See [`RejectionReason`].
    record SecondFactorInForce {}
    /// See [`RejectionReason`].
    record PersonalDataGone {}

    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record LoginTaken {}
    /// See [`RejectionReason`].
    record CustomerUnknown {}
    /// See [`RejectionReason`].
    record CredentialVersionStale { current: u64 }
    /// See [`RejectionReason`].
    record CredentialsWrong { failures: u32 }
    /// See [`RejectionReason`].
    record SignInBlocked { until: Timestamp }
    /// See [`RejectionReason`].
    record SessionEnded {}
    /// See [`RejectionReason`].
    record TokenReused {}
    /// See [`RejectionReason`].
    record LimitNotAllowed { detail: String }
    /// See [`RejectionReason`].
    record ExclusionTooShort { earliest: Timestamp }
    /// See [`RejectionReason`].
    record Excluded { until: Timestamp }
    /// See [`RejectionReason`].
    record CustomerIdNotAllowed {}
    /// See [`RejectionReason`].
    record NoIncreaseWaits {}
    /// See [`RejectionReason`].
    record CoolOffNotOver { from: Timestamp }
    /// See [`RejectionReason`].
    record RealityCheckNotSet {}
    /// See [`RejectionReason`].
    record RealityCheckNotAllowed { detail: String }
}
