//! Second factors and steps up, from the wire.

use super::passkey::assertion;
use auth_domain as domain;
use kernel::Timestamp;
use schemas::auth as wire;

pub(super) fn offer_second_factor(
    asked: wire::OfferSecondFactor,
    now: Timestamp,
) -> domain::Command {
    domain::Command::OfferSecondFactor(domain::OfferSecondFactor {
        customer: asked.customer,
        sealed_secret: asked.sealed_secret.0,
        now,
    })
}

pub(super) fn proof(proof: wire::Proof) -> Option<domain::Proof> {
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

pub(super) fn confirm_second_factor(
    asked: wire::ConfirmSecondFactor,
    now: Timestamp,
) -> domain::Command {
    domain::Command::ConfirmSecondFactor(domain::ConfirmSecondFactor {
        customer: asked.customer,
        factor: asked.factor,
        step: asked.step,
        recovery_hashes: asked.recovery_hashes,
        now,
    })
}

pub(super) fn remove_second_factor(
    asked: wire::RemoveSecondFactor,
    now: Timestamp,
) -> domain::Command {
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

pub(super) fn step_up(asked: wire::StepUp, now: Timestamp) -> domain::Command {
    domain::Command::StepUp(domain::StepUp {
        customer: asked.customer,
        session: asked.session,
        credential_version: asked.credential_version,
        password_matches: asked.password_matches,
        proof: proof(asked.proof),
        now,
    })
}

pub(super) fn second_factor_offered(event: wire::SecondFactorOffered) -> domain::Event {
    domain::Event::SecondFactorOffered {
        customer: event.customer,
        factor: event.factor,
        sealed_secret: event.sealed_secret.0,
        at: event.at,
    }
}

pub(super) fn second_factor_removed(event: wire::SecondFactorRemoved) -> domain::Event {
    domain::Event::SecondFactorRemoved {
        customer: event.customer,
        factor: event.factor,
        at: event.at,
    }
}

pub(super) fn second_factor_proved(event: wire::SecondFactorProved) -> domain::Event {
    domain::Event::SecondFactorProved {
        customer: event.customer,
        factor: event.factor,
        step: event.step,
    }
}

pub(super) fn recovery_code_used(event: wire::RecoveryCodeUsed) -> domain::Event {
    domain::Event::RecoveryCodeUsed {
        customer: event.customer,
        hash: event.hash,
        left: event.left,
    }
}

pub(super) fn stepped_up(event: wire::SteppedUp) -> domain::Event {
    domain::Event::SteppedUp {
        customer: event.customer,
        session: event.session,
        until: event.until,
        at: event.at,
    }
}

pub(super) fn second_factor_enabled(event: wire::SecondFactorEnabled) -> domain::Event {
    domain::Event::SecondFactorEnabled(domain::SecondFactorEnabled {
        customer: event.customer,
        factor: event.factor,
        sealed_secret: event.sealed_secret.0,
        step: event.step,
        recovery_hashes: event.recovery_hashes,
        at: event.at,
    })
}
