//! Forgotten passwords, from the wire.

use auth_domain as domain;
use kernel::Timestamp;
use schemas::auth as wire;

pub(super) fn offer_reset(asked: wire::OfferReset, now: Timestamp) -> domain::Command {
    domain::Command::OfferReset(domain::OfferReset {
        customer: asked.customer,
        code_hash: asked.code_hash,
        until: asked.until,
        by: asked.by,
        reason: asked.reason,
        now,
    })
}

pub(super) fn reset_password(asked: wire::ResetPassword, now: Timestamp) -> domain::Command {
    domain::Command::ResetPassword(domain::ResetPassword {
        customer: asked.customer,
        code_hash: asked.code_hash,
        password_hash: asked.password_hash,
        now,
    })
}

pub(super) fn password_reset_offered(event: wire::PasswordResetOffered) -> domain::Event {
    domain::Event::PasswordResetOffered {
        customer: event.customer,
        code_hash: event.code_hash,
        until: event.until,
        by: event.by,
        reason: event.reason,
        at: event.at,
    }
}

pub(super) const fn password_reset_taken(event: &wire::PasswordResetTaken) -> domain::Event {
    domain::Event::PasswordResetTaken {
        customer: event.customer,
        at: event.at,
    }
}
