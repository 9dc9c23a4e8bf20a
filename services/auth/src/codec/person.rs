//! Persons and their roles, from the wire.

use super::names::{role_from_wire, roles_from_wire};
use auth_domain as domain;
use kernel::{Partition, Timestamp};
use schemas::auth as wire;

pub(super) fn register(
    partition: Partition,
    asked: wire::Register,
    now: Timestamp,
) -> domain::Command {
    domain::Command::Register(registration(partition, asked, now))
}

pub(super) fn admit_staff(
    partition: Partition,
    asked: wire::AdmitStaff,
    now: Timestamp,
) -> domain::Command {
    domain::Command::AdmitStaff(domain::AdmitStaff {
        registration: registration(partition, asked.registration, now),
        machine: asked.machine,
    })
}

fn registration(partition: Partition, asked: wire::Register, now: Timestamp) -> domain::Register {
    domain::Register {
        customer: asked.customer,
        partition,
        login_hash: asked.login_hash,
        password_hash: asked.password_hash,
        sealed_profile: asked.sealed_profile.0,
        currency: asked.currency,
        roles: asked.roles.into_iter().map(role_from_wire).collect(),
        now,
    }
}

pub(super) fn revoke_role(asked: wire::RevokeRole) -> domain::Command {
    domain::Command::RevokeRole(domain::RevokeRole {
        customer: asked.customer,
        role: role_from_wire(asked.role),
        by: asked.by,
    })
}

pub(super) fn replace_profile(asked: wire::ReplaceProfile, now: Timestamp) -> domain::Command {
    domain::Command::ReplaceProfile(domain::ReplaceProfile {
        customer: asked.customer,
        sealed_profile: asked.sealed_profile.0,
        now,
    })
}

pub(super) fn erase_personal_data(
    asked: wire::ErasePersonalData,
    now: Timestamp,
) -> domain::Command {
    domain::Command::ErasePersonalData(domain::ErasePersonalData {
        customer: asked.customer,
        by: asked.by,
        reason: asked.reason,
        now,
    })
}

pub(super) fn grant_role(asked: wire::GrantRole) -> domain::Command {
    domain::Command::GrantRole(domain::GrantRole {
        customer: asked.customer,
        role: role_from_wire(asked.role),
        by: asked.by,
    })
}

pub(super) fn customer_registered(event: wire::CustomerRegistered) -> domain::Event {
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

pub(super) fn role_granted(event: wire::RoleGranted) -> domain::Event {
    domain::Event::RoleGranted {
        customer: event.customer,
        role: role_from_wire(event.role),
        by: event.by,
        roles: roles_from_wire(event.roles),
    }
}

pub(super) fn role_revoked(event: wire::RoleRevoked) -> domain::Event {
    domain::Event::RoleRevoked {
        customer: event.customer,
        role: role_from_wire(event.role),
        by: event.by,
        roles: roles_from_wire(event.roles),
    }
}

pub(super) fn profile_replaced(event: wire::ProfileReplaced) -> domain::Event {
    domain::Event::ProfileReplaced {
        customer: event.customer,
        sealed_profile: event.sealed_profile.0,
        at: event.at,
    }
}

pub(super) fn personal_data_erased(event: wire::PersonalDataErased) -> domain::Event {
    domain::Event::PersonalDataErased {
        customer: event.customer,
        by: event.by,
        reason: event.reason,
        at: event.at,
    }
}

pub(super) const fn staff_admitted(event: &wire::StaffAdmitted) -> domain::Event {
    domain::Event::StaffAdmitted {
        customer: event.customer,
        machine: event.machine,
        at: event.at,
    }
}
