//! Facts, to the wire.

use super::names::{exclusion_to_wire, kind_to_wire, reason_to_wire, role_to_wire, roles_to_wire};
use auth_domain as domain;
use schemas::Blob;
use schemas::auth as wire;

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
        domain::Event::PasswordResetOffered {
            customer,
            code_hash,
            until,
            by,
            reason,
            at,
        } => wire::Event::PasswordResetOffered(wire::PasswordResetOffered {
            customer,
            code_hash,
            until,
            by,
            reason,
            at,
        }),
        domain::Event::PasswordResetTaken { customer, at } => {
            wire::Event::PasswordResetTaken(wire::PasswordResetTaken { customer, at })
        }
        domain::Event::StaffAdmitted {
            customer,
            machine,
            at,
        } => wire::Event::StaffAdmitted(wire::StaffAdmitted {
            customer,
            machine,
            at,
        }),
        domain::Event::EnrolmentOwed {
            customer,
            session,
            new_password,
            second_factor,
        } => wire::Event::EnrolmentOwed(wire::EnrolmentOwed {
            customer,
            session,
            new_password,
            second_factor,
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
