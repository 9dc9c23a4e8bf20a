//! Sign-ins, sessions and passwords, from the wire.

use super::names::{reason_from_wire, roles_from_wire};
use super::second_factor::proof;
use auth_domain as domain;
use kernel::Timestamp;
use schemas::auth as wire;

pub(super) fn sign_in(asked: wire::SignIn, now: Timestamp) -> domain::Command {
    domain::Command::SignIn(domain::SignIn {
        customer: asked.customer,
        credential_version: asked.credential_version,
        password_matches: asked.password_matches,
        session: asked.session,
        refresh_hash: asked.refresh_hash,
        expires_at: asked.expires_at,
        proof: None,
        now,
    })
}

pub(super) fn sign_in_with_proof(asked: wire::SignInWithProof, now: Timestamp) -> domain::Command {
    domain::Command::SignIn(domain::SignIn {
        customer: asked.customer,
        credential_version: asked.credential_version,
        password_matches: asked.password_matches,
        session: asked.session,
        refresh_hash: asked.refresh_hash,
        expires_at: asked.expires_at,
        proof: proof(asked.proof),
        now,
    })
}

pub(super) fn refresh_session(asked: wire::RefreshSession, now: Timestamp) -> domain::Command {
    domain::Command::RefreshSession(domain::RefreshSession {
        customer: asked.customer,
        session: asked.session,
        presented_hash: asked.presented_hash,
        next_hash: asked.next_hash,
        expires_at: asked.expires_at,
        now,
    })
}

pub(super) fn sign_out(asked: wire::SignOut) -> domain::Command {
    domain::Command::SignOut(domain::SignOut {
        customer: asked.customer,
        session: asked.session,
    })
}

pub(super) const fn end_other_sessions(
    asked: wire::EndOtherSessions,
    now: Timestamp,
) -> domain::Command {
    domain::Command::EndOtherSessions(domain::EndOtherSessions {
        customer: asked.customer,
        session: asked.session,
        now,
    })
}

pub(super) fn change_password(asked: wire::ChangePassword, now: Timestamp) -> domain::Command {
    domain::Command::ChangePassword(domain::ChangePassword {
        customer: asked.customer,
        credential_version: asked.credential_version,
        password_matches: asked.password_matches,
        password_hash: asked.password_hash,
        session: asked.session,
        now,
    })
}

pub(super) fn signed_in(event: wire::SignedIn) -> domain::Event {
    domain::Event::SignedIn(domain::SessionOpened {
        customer: event.customer,
        session: event.session,
        refresh_hash: event.refresh_hash,
        roles: roles_from_wire(event.roles),
        expires_at: event.expires_at,
        at: event.at,
    })
}

pub(super) fn sign_in_failed(event: wire::SignInFailed) -> domain::Event {
    domain::Event::SignInFailed {
        customer: event.customer,
        failures: event.failures,
        blocked_until: event.blocked_until,
    }
}

pub(super) fn session_refreshed(event: wire::SessionRefreshed) -> domain::Event {
    domain::Event::SessionRefreshed(domain::SessionRefreshed {
        customer: event.customer,
        session: event.session,
        refresh_hash: event.refresh_hash,
        roles: roles_from_wire(event.roles),
        expires_at: event.expires_at,
        at: event.at,
    })
}

pub(super) fn session_revoked(event: wire::SessionRevoked) -> domain::Event {
    domain::Event::SessionRevoked {
        customer: event.customer,
        session: event.session,
        reason: reason_from_wire(event.reason),
        expires_at: event.expires_at,
    }
}

pub(super) fn password_changed(event: wire::PasswordChanged) -> domain::Event {
    domain::Event::PasswordChanged {
        customer: event.customer,
        login_hash: event.login_hash,
        password_hash: event.password_hash,
        credential_version: event.credential_version,
    }
}

pub(super) fn session_refresh_repeated(event: wire::SessionRefreshRepeated) -> domain::Event {
    domain::Event::SessionRefreshRepeated {
        customer: event.customer,
        session: event.session,
        roles: roles_from_wire(event.roles),
        at: event.at,
    }
}

pub(super) fn stranger_turned_away(event: wire::StrangerTurnedAway) -> domain::Event {
    domain::Event::StrangerTurnedAway {
        customer: event.customer,
        failures: event.failures,
        blocked_until: event.blocked_until,
    }
}

pub(super) const fn enrolment_owed(event: &wire::EnrolmentOwed) -> domain::Event {
    domain::Event::EnrolmentOwed {
        customer: event.customer,
        session: event.session,
        new_password: event.new_password,
        second_factor: event.second_factor,
    }
}
