//! Domain and wire, joined.
//!
//! Duty: every command, event and rejection of auth in both shapes, exhaustively. Prohibition:
//! no judgement; a wire value that the domain cannot hold is a decode error.

use auth_domain as domain;
use kernel::{Digest, Partition, Timestamp};
use schemas::Blob;
use schemas::auth as wire;

pub(crate) fn command(
    partition: Partition,
    command: wire::Command,
    now: Timestamp,
) -> domain::Command {
    match command {
        wire::Command::Register(asked) => domain::Command::Register(domain::Register {
            customer: asked.customer,
            partition,
            login_hash: asked.login_hash,
            password_hash: asked.password_hash,
            sealed_profile: asked.sealed_profile.0,
            currency: asked.currency,
            roles: asked.roles.into_iter().map(role_from_wire).collect(),
            now,
        }),
        wire::Command::SignIn(asked) => domain::Command::SignIn(domain::SignIn {
            customer: asked.customer,
            credential_version: asked.credential_version,
            password_matches: asked.password_matches,
            session: asked.session,
            refresh_hash: asked.refresh_hash,
            expires_at: asked.expires_at,
            proof: None,
            now,
        }),
        wire::Command::SignInWithProof(asked) => domain::Command::SignIn(domain::SignIn {
            customer: asked.customer,
            credential_version: asked.credential_version,
            password_matches: asked.password_matches,
            session: asked.session,
            refresh_hash: asked.refresh_hash,
            expires_at: asked.expires_at,
            proof: proof(asked.proof),
            now,
        }),
        wire::Command::OfferSecondFactor(asked) => {
            domain::Command::OfferSecondFactor(domain::OfferSecondFactor {
                customer: asked.customer,
                sealed_secret: asked.sealed_secret.0,
                now,
            })
        }
        wire::Command::ConfirmSecondFactor(asked) => {
            domain::Command::ConfirmSecondFactor(domain::ConfirmSecondFactor {
                customer: asked.customer,
                factor: asked.factor,
                step: asked.step,
                recovery_hashes: asked.recovery_hashes,
                now,
            })
        }
        wire::Command::RemoveSecondFactor(asked) => {
            domain::Command::RemoveSecondFactor(domain::RemoveSecondFactor {
                customer: asked.customer,
                // Without a proof it is one that proves nothing.
                proof: proof(asked.proof).unwrap_or(domain::Proof::Totp {
                    factor: 0,
                    step: None,
                }),
                now,
            })
        }
        wire::Command::StepUp(asked) => domain::Command::StepUp(domain::StepUp {
            customer: asked.customer,
            session: asked.session,
            credential_version: asked.credential_version,
            password_matches: asked.password_matches,
            proof: proof(asked.proof),
            now,
        }),
        wire::Command::AddPasskey(asked) => domain::Command::AddPasskey(domain::AddPasskey {
            customer: asked.customer,
            sealed_passkey: asked.sealed_passkey.0,
            sign_count: asked.sign_count,
            challenge: challenge(asked.challenge, asked.challenge_until),
            now,
        }),
        wire::Command::RemovePasskey(asked) => {
            domain::Command::RemovePasskey(domain::RemovePasskey {
                customer: asked.customer,
                passkey: asked.passkey,
                now,
            })
        }
        wire::Command::SignInWithPasskey(asked) => {
            domain::Command::SignInWithPasskey(domain::SignInWithPasskey {
                customer: asked.customer,
                assertion: assertion(asked.proof),
                session: asked.session,
                refresh_hash: asked.refresh_hash,
                expires_at: asked.expires_at,
                now,
            })
        }
        wire::Command::RevokeRole(asked) => domain::Command::RevokeRole(domain::RevokeRole {
            customer: asked.customer,
            role: role_from_wire(asked.role),
            by: asked.by,
        }),
        wire::Command::ReplaceProfile(asked) => {
            domain::Command::ReplaceProfile(domain::ReplaceProfile {
                customer: asked.customer,
                sealed_profile: asked.sealed_profile.0,
                now,
            })
        }
        wire::Command::ErasePersonalData(asked) => {
            domain::Command::ErasePersonalData(domain::ErasePersonalData {
                customer: asked.customer,
                by: asked.by,
                reason: asked.reason,
                now,
            })
        }
        wire::Command::RefreshSession(asked) => {
            domain::Command::RefreshSession(domain::RefreshSession {
                customer: asked.customer,
                session: asked.session,
                presented_hash: asked.presented_hash,
                next_hash: asked.next_hash,
                expires_at: asked.expires_at,
                now,
            })
        }
        wire::Command::SignOut(asked) => domain::Command::SignOut(domain::SignOut {
            customer: asked.customer,
            session: asked.session,
        }),
        wire::Command::SetLimit(asked) => domain::Command::SetLimit(domain::SetLimit {
            customer: asked.customer,
            kind: kind_from_wire(asked.kind),
            amount: asked.amount,
            now,
        }),
        wire::Command::Exclude(asked) => domain::Command::Exclude(domain::Exclude {
            customer: asked.customer,
            kind: None,
            until: asked.until,
            now,
        }),
        wire::Command::ExcludeAs(asked) => domain::Command::Exclude(domain::Exclude {
            customer: asked.customer,
            kind: Some(exclusion_from_wire(asked.kind)),
            until: asked.until,
            now,
        }),
        wire::Command::ConfirmIncrease(asked) => {
            domain::Command::ConfirmIncrease(domain::ConfirmIncrease {
                customer: asked.customer,
                kind: kind_from_wire(asked.kind),
                amount: asked.amount,
                now,
            })
        }
        wire::Command::SetMarketing(asked) => domain::Command::SetMarketing(domain::SetMarketing {
            customer: asked.customer,
            allowed: asked.allowed,
            now,
        }),
        wire::Command::SetRealityCheck(asked) => {
            domain::Command::SetRealityCheck(domain::SetRealityCheck {
                customer: asked.customer,
                interval: asked.interval,
                now,
            })
        }
        wire::Command::AcknowledgeRealityCheck(asked) => {
            domain::Command::AcknowledgeRealityCheck(domain::AcknowledgeRealityCheck {
                customer: asked.customer,
                session: asked.session,
                net_result: asked.net_result,
                now,
            })
        }
        wire::Command::GrantRole(asked) => domain::Command::GrantRole(domain::GrantRole {
            customer: asked.customer,
            role: role_from_wire(asked.role),
            by: asked.by,
        }),
        wire::Command::ChangePassword(asked) => {
            domain::Command::ChangePassword(domain::ChangePassword {
                customer: asked.customer,
                credential_version: asked.credential_version,
                password_matches: asked.password_matches,
                password_hash: asked.password_hash,
                session: asked.session,
                now,
            })
        }
    }
}

fn proof(proof: wire::Proof) -> Option<domain::Proof> {
    match proof {
        wire::Proof::Absent(wire::ProofAbsent {}) => None,
        wire::Proof::Totp(totp) => Some(domain::Proof::Totp {
            factor: totp.factor,
            step: totp.step,
        }),
        wire::Proof::Recovery(recovery) => Some(domain::Proof::Recovery {
            hash: recovery.hash,
        }),
        wire::Proof::Passkey(passkey) => Some(domain::Proof::Passkey(assertion(passkey))),
    }
}

const fn assertion(proof: wire::PasskeyProof) -> domain::Assertion {
    domain::Assertion {
        passkey: proof.passkey,
        sign_count: proof.sign_count,
        challenge: challenge(proof.challenge, proof.challenge_until),
    }
}

const fn challenge(digest: Digest, until: Timestamp) -> domain::Challenge {
    domain::Challenge { digest, until }
}

pub(crate) fn event_to_wire(event: &domain::Event) -> wire::Event {
    match event.clone() {
        domain::Event::CustomerRegistered(event) => {
            wire::Event::CustomerRegistered(wire::CustomerRegistered {
                customer: event.customer,
                login_hash: event.login_hash,
                password_hash: event.password_hash,
                credential_version: event.credential_version,
                sealed_profile: Blob(event.sealed_profile),
                currency: event.currency,
                roles: roles_to_wire(&event.roles),
                at: event.at,
            })
        }
        domain::Event::SignedIn(event) => wire::Event::SignedIn(wire::SignedIn {
            customer: event.customer,
            session: event.session,
            refresh_hash: event.refresh_hash,
            roles: roles_to_wire(&event.roles),
            expires_at: event.expires_at,
            at: event.at,
        }),
        domain::Event::SignInFailed {
            customer,
            failures,
            blocked_until,
        } => wire::Event::SignInFailed(wire::SignInFailed {
            customer,
            failures,
            blocked_until,
        }),
        domain::Event::SessionRefreshed(event) => {
            wire::Event::SessionRefreshed(wire::SessionRefreshed {
                customer: event.customer,
                session: event.session,
                refresh_hash: event.refresh_hash,
                roles: roles_to_wire(&event.roles),
                expires_at: event.expires_at,
                at: event.at,
            })
        }
        domain::Event::SessionRevoked {
            customer,
            session,
            reason,
            expires_at,
        } => wire::Event::SessionRevoked(wire::SessionRevoked {
            customer,
            session,
            reason: reason_to_wire(reason),
            expires_at,
        }),
        domain::Event::LimitSet {
            customer,
            kind,
            amount,
        } => wire::Event::LimitSet(wire::LimitSet {
            customer,
            kind: kind_to_wire(kind),
            amount,
        }),
        domain::Event::LimitIncreaseRequested {
            customer,
            kind,
            amount,
            effective_at,
            current,
        } => wire::Event::LimitIncreaseRequested(wire::LimitIncreaseRequested {
            customer,
            kind: kind_to_wire(kind),
            amount,
            effective_at,
            current,
        }),
        domain::Event::CustomerExcluded {
            customer,
            until,
            at,
        } => wire::Event::CustomerExcluded(wire::CustomerExcluded {
            customer,
            until,
            at,
        }),
        domain::Event::RoleGranted {
            customer,
            role,
            by,
            roles,
        } => wire::Event::RoleGranted(wire::RoleGranted {
            customer,
            role: role_to_wire(role),
            by,
            roles: roles_to_wire(&roles),
        }),
        domain::Event::PasswordChanged {
            customer,
            login_hash,
            password_hash,
            credential_version,
        } => wire::Event::PasswordChanged(wire::PasswordChanged {
            customer,
            login_hash,
            password_hash,
            credential_version,
        }),
        domain::Event::LimitIncreaseAsked {
            customer,
            kind,
            amount,
            current,
            confirm_from,
            lapses_at,
        } => wire::Event::LimitIncreaseAsked(wire::LimitIncreaseAsked {
            customer,
            kind: kind_to_wire(kind),
            amount,
            current,
            confirm_from,
            lapses_at,
        }),
        domain::Event::LimitIncreaseConfirmed {
            customer,
            kind,
            amount,
        } => wire::Event::LimitIncreaseConfirmed(wire::LimitIncreaseConfirmed {
            customer,
            kind: kind_to_wire(kind),
            amount,
        }),
        domain::Event::LimitIncreaseLapsed {
            customer,
            kind,
            current,
        } => wire::Event::LimitIncreaseLapsed(wire::LimitIncreaseLapsed {
            customer,
            kind: kind_to_wire(kind),
            current,
        }),
        domain::Event::ExclusionKindSet {
            customer,
            kind,
            until,
        } => wire::Event::ExclusionKindSet(wire::ExclusionKindSet {
            customer,
            kind: exclusion_to_wire(kind),
            until,
        }),
        domain::Event::MarketingSet { customer, allowed } => {
            wire::Event::MarketingSet(wire::MarketingSet { customer, allowed })
        }
        domain::Event::RealityCheckSet { customer, interval } => {
            wire::Event::RealityCheckSet(wire::RealityCheckSet { customer, interval })
        }
        domain::Event::RealityCheckAcknowledged {
            customer,
            session,
            session_started_at,
            due_at,
            net_result,
            at,
        } => wire::Event::RealityCheckAcknowledged(wire::RealityCheckAcknowledged {
            customer,
            session,
            session_started_at,
            due_at,
            net_result,
            at,
        }),
        domain::Event::SessionRefreshRepeated {
            customer,
            session,
            roles,
            at,
        } => wire::Event::SessionRefreshRepeated(wire::SessionRefreshRepeated {
            customer,
            session,
            roles: roles_to_wire(&roles),
            at,
        }),
        domain::Event::StrangerTurnedAway {
            customer,
            failures,
            blocked_until,
        } => wire::Event::StrangerTurnedAway(wire::StrangerTurnedAway {
            customer,
            failures,
            blocked_until,
        }),
        domain::Event::SecondFactorOffered {
            customer,
            factor,
            sealed_secret,
            at,
        } => wire::Event::SecondFactorOffered(wire::SecondFactorOffered {
            customer,
            factor,
            sealed_secret: Blob(sealed_secret),
            at,
        }),
        domain::Event::SecondFactorRemoved {
            customer,
            factor,
            at,
        } => wire::Event::SecondFactorRemoved(wire::SecondFactorRemoved {
            customer,
            factor,
            at,
        }),
        domain::Event::SecondFactorProved {
            customer,
            factor,
            step,
        } => wire::Event::SecondFactorProved(wire::SecondFactorProved {
            customer,
            factor,
            step,
        }),
        domain::Event::RecoveryCodeUsed {
            customer,
            hash,
            left,
        } => wire::Event::RecoveryCodeUsed(wire::RecoveryCodeUsed {
            customer,
            hash,
            left,
        }),
        domain::Event::SteppedUp {
            customer,
            session,
            until,
            at,
        } => wire::Event::SteppedUp(wire::SteppedUp {
            customer,
            session,
            until,
            at,
        }),
        domain::Event::RoleRevoked {
            customer,
            role,
            by,
            roles,
        } => wire::Event::RoleRevoked(wire::RoleRevoked {
            customer,
            role: role_to_wire(role),
            by,
            roles: roles_to_wire(&roles),
        }),
        domain::Event::ProfileReplaced {
            customer,
            sealed_profile,
            at,
        } => wire::Event::ProfileReplaced(wire::ProfileReplaced {
            customer,
            sealed_profile: Blob(sealed_profile),
            at,
        }),
        domain::Event::PersonalDataErased {
            customer,
            by,
            reason,
            at,
        } => wire::Event::PersonalDataErased(wire::PersonalDataErased {
            customer,
            by,
            reason,
            at,
        }),
        domain::Event::PasskeyAdded {
            customer,
            passkey,
            sealed_passkey,
            sign_count,
            challenge,
            at,
        } => wire::Event::PasskeyAdded(wire::PasskeyAdded {
            customer,
            passkey,
            sealed_passkey: Blob(sealed_passkey),
            sign_count,
            challenge: challenge.digest,
            challenge_until: challenge.until,
            at,
        }),
        domain::Event::PasskeyRemoved {
            customer,
            passkey,
            at,
        } => wire::Event::PasskeyRemoved(wire::PasskeyRemoved {
            customer,
            passkey,
            at,
        }),
        domain::Event::PasskeyUsed {
            customer,
            passkey,
            sign_count,
            challenge,
            at,
        } => wire::Event::PasskeyUsed(wire::PasskeyUsed {
            customer,
            passkey,
            sign_count,
            challenge: challenge.digest,
            challenge_until: challenge.until,
            at,
        }),
        domain::Event::SecondFactorEnabled(event) => {
            wire::Event::SecondFactorEnabled(wire::SecondFactorEnabled {
                customer: event.customer,
                factor: event.factor,
                sealed_secret: Blob(event.sealed_secret),
                step: event.step,
                recovery_hashes: event.recovery_hashes,
                at: event.at,
            })
        }
    }
}

pub(crate) fn event_from_wire(event: wire::Event) -> domain::Event {
    match event {
        wire::Event::CustomerRegistered(event) => {
            domain::Event::CustomerRegistered(domain::CustomerRegistered {
                customer: event.customer,
                login_hash: event.login_hash,
                password_hash: event.password_hash,
                credential_version: event.credential_version,
                sealed_profile: event.sealed_profile.0,
                currency: event.currency,
                roles: roles_from_wire(event.roles),
                at: event.at,
            })
        }
        wire::Event::SignedIn(event) => domain::Event::SignedIn(domain::SessionOpened {
            customer: event.customer,
            session: event.session,
            refresh_hash: event.refresh_hash,
            roles: roles_from_wire(event.roles),
            expires_at: event.expires_at,
            at: event.at,
        }),
        wire::Event::SignInFailed(event) => domain::Event::SignInFailed {
            customer: event.customer,
            failures: event.failures,
            blocked_until: event.blocked_until,
        },
        wire::Event::SessionRefreshed(event) => {
            domain::Event::SessionRefreshed(domain::SessionRefreshed {
                customer: event.customer,
                session: event.session,
                refresh_hash: event.refresh_hash,
                roles: roles_from_wire(event.roles),
                expires_at: event.expires_at,
                at: event.at,
            })
        }
        wire::Event::SessionRevoked(event) => domain::Event::SessionRevoked {
            customer: event.customer,
            session: event.session,
            reason: reason_from_wire(event.reason),
            expires_at: event.expires_at,
        },
        wire::Event::LimitSet(event) => domain::Event::LimitSet {
            customer: event.customer,
            kind: kind_from_wire(event.kind),
            amount: event.amount,
        },
        wire::Event::LimitIncreaseRequested(event) => domain::Event::LimitIncreaseRequested {
            customer: event.customer,
            kind: kind_from_wire(event.kind),
            amount: event.amount,
            effective_at: event.effective_at,
            current: event.current,
        },
        wire::Event::CustomerExcluded(event) => domain::Event::CustomerExcluded {
            customer: event.customer,
            until: event.until,
            at: event.at,
        },
        wire::Event::RoleGranted(event) => domain::Event::RoleGranted {
            customer: event.customer,
            role: role_from_wire(event.role),
            by: event.by,
            roles: roles_from_wire(event.roles),
        },
        wire::Event::PasswordChanged(event) => domain::Event::PasswordChanged {
            customer: event.customer,
            login_hash: event.login_hash,
            password_hash: event.password_hash,
            credential_version: event.credential_version,
        },
        wire::Event::LimitIncreaseAsked(event) => domain::Event::LimitIncreaseAsked {
            customer: event.customer,
            kind: kind_from_wire(event.kind),
            amount: event.amount,
            current: event.current,
            confirm_from: event.confirm_from,
            lapses_at: event.lapses_at,
        },
        wire::Event::LimitIncreaseConfirmed(event) => domain::Event::LimitIncreaseConfirmed {
            customer: event.customer,
            kind: kind_from_wire(event.kind),
            amount: event.amount,
        },
        wire::Event::LimitIncreaseLapsed(event) => domain::Event::LimitIncreaseLapsed {
            customer: event.customer,
            kind: kind_from_wire(event.kind),
            current: event.current,
        },
        wire::Event::ExclusionKindSet(event) => domain::Event::ExclusionKindSet {
            customer: event.customer,
            kind: exclusion_from_wire(event.kind),
            until: event.until,
        },
        wire::Event::MarketingSet(event) => domain::Event::MarketingSet {
            customer: event.customer,
            allowed: event.allowed,
        },
        wire::Event::RealityCheckSet(event) => domain::Event::RealityCheckSet {
            customer: event.customer,
            interval: event.interval,
        },
        wire::Event::RealityCheckAcknowledged(event) => domain::Event::RealityCheckAcknowledged {
            customer: event.customer,
            session: event.session,
            session_started_at: event.session_started_at,
            due_at: event.due_at,
            net_result: event.net_result,
            at: event.at,
        },
        wire::Event::SessionRefreshRepeated(event) => domain::Event::SessionRefreshRepeated {
            customer: event.customer,
            session: event.session,
            roles: roles_from_wire(event.roles),
            at: event.at,
        },
        wire::Event::StrangerTurnedAway(event) => domain::Event::StrangerTurnedAway {
            customer: event.customer,
            failures: event.failures,
            blocked_until: event.blocked_until,
        },
        wire::Event::SecondFactorOffered(event) => domain::Event::SecondFactorOffered {
            customer: event.customer,
            factor: event.factor,
            sealed_secret: event.sealed_secret.0,
            at: event.at,
        },
        wire::Event::SecondFactorRemoved(event) => domain::Event::SecondFactorRemoved {
            customer: event.customer,
            factor: event.factor,
            at: event.at,
        },
        wire::Event::SecondFactorProved(event) => domain::Event::SecondFactorProved {
            customer: event.customer,
            factor: event.factor,
            step: event.step,
        },
        wire::Event::RecoveryCodeUsed(event) => domain::Event::RecoveryCodeUsed {
            customer: event.customer,
            hash: event.hash,
            left: event.left,
        },
        wire::Event::SteppedUp(event) => domain::Event::SteppedUp {
            customer: event.customer,
            session: event.session,
            until: event.until,
            at: event.at,
        },
        wire::Event::RoleRevoked(event) => domain::Event::RoleRevoked {
            customer: event.customer,
            role: role_from_wire(event.role),
            by: event.by,
            roles: roles_from_wire(event.roles),
        },
        wire::Event::ProfileReplaced(event) => domain::Event::ProfileReplaced {
            customer: event.customer,
            sealed_profile: event.sealed_profile.0,
            at: event.at,
        },
        wire::Event::PersonalDataErased(event) => domain::Event::PersonalDataErased {
            customer: event.customer,
            by: event.by,
            reason: event.reason,
            at: event.at,
        },
        wire::Event::PasskeyAdded(event) => domain::Event::PasskeyAdded {
            customer: event.customer,
            passkey: event.passkey,
            sealed_passkey: event.sealed_passkey.0,
            sign_count: event.sign_count,
            challenge: challenge(event.challenge, event.challenge_until),
            at: event.at,
        },
        wire::Event::PasskeyRemoved(event) => domain::Event::PasskeyRemoved {
            customer: event.customer,
            passkey: event.passkey,
            at: event.at,
        },
        wire::Event::PasskeyUsed(event) => domain::Event::PasskeyUsed {
            customer: event.customer,
            passkey: event.passkey,
            sign_count: event.sign_count,
            challenge: challenge(event.challenge, event.challenge_until),
            at: event.at,
        },
        wire::Event::SecondFactorEnabled(event) => {
            domain::Event::SecondFactorEnabled(domain::SecondFactorEnabled {
                customer: event.customer,
                factor: event.factor,
                sealed_secret: event.sealed_secret.0,
                step: event.step,
                recovery_hashes: event.recovery_hashes,
                at: event.at,
            })
        }
    }
}

pub(crate) fn rejection_to_wire(rejection: &domain::Rejection) -> wire::Rejection {
    use wire::RejectionReason as Reason;
    let reason = match rejection {
        domain::Rejection::LoginTaken => Reason::LoginTaken(wire::LoginTaken {}),
        domain::Rejection::CustomerIdNotAllowed => {
            Reason::CustomerIdNotAllowed(wire::CustomerIdNotAllowed {})
        }
        domain::Rejection::CustomerUnknown => Reason::CustomerUnknown(wire::CustomerUnknown {}),
        domain::Rejection::CredentialVersionStale { current } => {
            Reason::CredentialVersionStale(wire::CredentialVersionStale { current: *current })
        }
        // How many failures an unknown login had, nobody counts.
        domain::Rejection::CredentialsWrong => {
            Reason::CredentialsWrong(wire::CredentialsWrong { failures: 0 })
        }
        domain::Rejection::SignInBlocked { until } => {
            Reason::SignInBlocked(wire::SignInBlocked { until: *until })
        }
        domain::Rejection::SessionEnded => Reason::SessionEnded(wire::SessionEnded {}),
        domain::Rejection::LimitNotAllowed { detail } => {
            let detail = (*detail).to_owned();
            Reason::LimitNotAllowed(wire::LimitNotAllowed { detail })
        }
        domain::Rejection::ExclusionTooShort { earliest } => {
            let earliest = *earliest;
            Reason::ExclusionTooShort(wire::ExclusionTooShort { earliest })
        }
        domain::Rejection::Excluded { until } => Reason::Excluded(wire::Excluded { until: *until }),
        domain::Rejection::NoIncreaseWaits => Reason::NoIncreaseWaits(wire::NoIncreaseWaits {}),
        domain::Rejection::CoolOffNotOver { from } => {
            Reason::CoolOffNotOver(wire::CoolOffNotOver { from: *from })
        }
        domain::Rejection::RealityCheckNotSet => {
            Reason::RealityCheckNotSet(wire::RealityCheckNotSet {})
        }
        domain::Rejection::RealityCheckNotAllowed { detail } => {
            let detail = (*detail).to_owned();
            Reason::RealityCheckNotAllowed(wire::RealityCheckNotAllowed { detail })
        }
        domain::Rejection::SecondFactorMissing => {
            Reason::SecondFactorMissing(wire::SecondFactorMissing {})
        }
        domain::Rejection::SecondFactorUnknown => {
            Reason::SecondFactorUnknown(wire::SecondFactorUnknown {})
        }
        domain::Rejection::SecondFactorInForce => {
            Reason::SecondFactorInForce(wire::SecondFactorInForce {})
        }
        domain::Rejection::PersonalDataGone => Reason::PersonalDataGone(wire::PersonalDataGone {}),
        domain::Rejection::PasskeyUnknown => Reason::PasskeyUnknown(wire::PasskeyUnknown {}),
        domain::Rejection::PasskeysFull => Reason::PasskeysFull(wire::PasskeysFull {}),
        domain::Rejection::ChallengeSpent => Reason::ChallengeSpent(wire::ChallengeSpent {}),
        domain::Rejection::PasskeyCountsBackwards { last } => {
            Reason::PasskeyCountsBackwards(wire::PasskeyCountsBackwards { last: *last })
        }
    };
    wire::Rejection { reason }
}

macro_rules! same_names {
    ($to_wire:ident, $from_wire:ident, $type:ident { $($name:ident),* $(,)? }) => {
        pub(crate) const fn $to_wire(value: domain::$type) -> wire::$type {
            match value { $(domain::$type::$name => wire::$type::$name,)* }
        }
        pub(crate) const fn $from_wire(value: wire::$type) -> domain::$type {
            match value { $(wire::$type::$name => domain::$type::$name,)* }
        }
    };
}

same_names!(
    role_to_wire,
    role_from_wire,
    Role {
        Customer,
        Trader,
        Operator,
        Auditor,
        Compliance
    }
);
same_names!(
    kind_to_wire,
    kind_from_wire,
    LimitKind {
        DepositDay,
        DepositWeek,
        DepositMonth,
        StakeSlip,
        StakeDay,
        StakeWeek,
        StakeMonth,
        LossDay,
        LossWeek,
        LossMonth
    }
);
same_names!(
    exclusion_to_wire,
    exclusion_from_wire,
    ExclusionKind {
        TimeOut,
        SelfExclusion
    }
);
same_names!(
    reason_to_wire,
    reason_from_wire,
    RevokeReason {
        SignedOut,
        TokenReused,
        Excluded,
        CredentialChanged,
        Displaced,
        RoleRevoked,
        Erased
    }
);

pub(crate) fn roles_to_wire(roles: &[domain::Role]) -> Vec<wire::Role> {
    roles.iter().copied().map(role_to_wire).collect()
}

pub(crate) fn roles_from_wire(roles: Vec<wire::Role>) -> Vec<domain::Role> {
    roles.into_iter().map(role_from_wire).collect()
}
