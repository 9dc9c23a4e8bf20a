//! Passkeys, from the wire.

use auth_domain as domain;
use kernel::{Digest, Timestamp};
use schemas::auth as wire;

pub(super) const fn assertion(proof: wire::PasskeyProof) -> domain::Assertion {
    domain::Assertion {
        passkey: proof.passkey,
        sign_count: proof.sign_count,
        challenge: challenge(proof.challenge, proof.challenge_until),
    }
}

pub(super) const fn challenge(digest: Digest, until: Timestamp) -> domain::Challenge {
    domain::Challenge { digest, until }
}

pub(super) fn add_passkey(asked: wire::AddPasskey, now: Timestamp) -> domain::Command {
    domain::Command::AddPasskey(domain::AddPasskey {
        customer: asked.customer,
        sealed_passkey: asked.sealed_passkey.0,
        sign_count: asked.sign_count,
        challenge: challenge(asked.challenge, asked.challenge_until),
        now,
    })
}

pub(super) fn remove_passkey(asked: wire::RemovePasskey, now: Timestamp) -> domain::Command {
    domain::Command::RemovePasskey(domain::RemovePasskey {
        customer: asked.customer,
        passkey: asked.passkey,
        now,
    })
}

pub(super) fn sign_in_with_passkey(
    asked: wire::SignInWithPasskey,
    now: Timestamp,
) -> domain::Command {
    domain::Command::SignInWithPasskey(domain::SignInWithPasskey {
        customer: asked.customer,
        assertion: assertion(asked.proof),
        session: asked.session,
        refresh_hash: asked.refresh_hash,
        expires_at: asked.expires_at,
        now,
    })
}

pub(super) fn passkey_added(event: wire::PasskeyAdded) -> domain::Event {
    domain::Event::PasskeyAdded {
        customer: event.customer,
        passkey: event.passkey,
        sealed_passkey: event.sealed_passkey.0,
        sign_count: event.sign_count,
        challenge: challenge(event.challenge, event.challenge_until),
        at: event.at,
    }
}

pub(super) fn passkey_removed(event: wire::PasskeyRemoved) -> domain::Event {
    domain::Event::PasskeyRemoved {
        customer: event.customer,
        passkey: event.passkey,
        at: event.at,
    }
}

pub(super) fn passkey_used(event: wire::PasskeyUsed) -> domain::Event {
    domain::Event::PasskeyUsed {
        customer: event.customer,
        passkey: event.passkey,
        sign_count: event.sign_count,
        challenge: challenge(event.challenge, event.challenge_until),
        at: event.at,
    }
}
