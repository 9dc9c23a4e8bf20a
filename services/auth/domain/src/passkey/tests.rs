//! Passkeys that come, sign in, step up and go; challenges once each; counters that only rise.

use super::*;
use crate::command::{Command, ErasePersonalData, Proof, SignIn, StepUp};
use crate::decide::Auth;
use crate::event::RevokeReason;
use crate::examples::*;
use crate::second_factor::STEP_UP_LIFETIME;
use crate::session::REFRESH_LIFETIME;
use kernel::{Decider, SessionId};
use proptest::prelude::*;

const OTHER: SessionId = SessionId::example(6, PARTITION);

/// The how-manieth challenge, which lives until that second.
fn challenge(number: u8, until: i64) -> Challenge {
    Challenge {
        digest: Digest::from_bytes([number; 32]),
        until: at(until),
    }
}

/// The one that most answers are to.
fn fresh() -> Challenge {
    challenge(1, 90)
}

fn added(passkey: u64, sign_count: u32) -> Event {
    Event::PasskeyAdded {
        customer: ANNA,
        passkey,
        sealed_passkey: vec![4, 2],
        sign_count,
        challenge: challenge(200, 100),
        at: at(20),
    }
}

fn add_with(challenge: Challenge, now: i64) -> Command {
    Command::AddPasskey(AddPasskey {
        customer: ANNA,
        sealed_passkey: vec![4, 2],
        sign_count: 0,
        challenge,
        now: at(now),
    })
}

fn assertion(passkey: u64, sign_count: u32, challenge: Challenge) -> Assertion {
    Assertion {
        passkey,
        sign_count,
        challenge,
    }
}

fn sign_in_with(assertion: Assertion, now: i64) -> Command {
    Command::SignInWithPasskey(SignInWithPasskey {
        customer: ANNA,
        assertion,
        session: SESSION,
        refresh_hash: Digest::from_bytes([1; 32]),
        expires_at: Timestamp::MAX,
        now: at(now),
    })
}

/// The first passkey answers the challenge in good time.
fn sign_in() -> Command {
    sign_in_with(assertion(1, 0, fresh()), 30)
}

/// What its answer comes to.
fn signed_in(sign_count: u32, challenge: Challenge) -> [Event; 2] {
    [used(1, sign_count, challenge, 30), anna_signed_in(at(30))]
}

fn used(passkey: u64, sign_count: u32, challenge: Challenge, now: i64) -> Event {
    Event::PasskeyUsed {
        customer: ANNA,
        passkey,
        sign_count,
        challenge,
        at: at(now),
    }
}

fn removed(passkey: u64) -> Event {
    Event::PasskeyRemoved {
        customer: ANNA,
        passkey,
        at: at(50),
    }
}

fn remove(passkey: u64) -> Command {
    Command::RemovePasskey(RemovePasskey {
        customer: ANNA,
        passkey,
        now: at(50),
    })
}

fn factor_enabled() -> Event {
    Event::SecondFactorEnabled(crate::event::SecondFactorEnabled {
        customer: ANNA,
        factor: 1,
        sealed_secret: vec![5],
        step: 0,
        recovery_hashes: vec![],
        at: at(12),
    })
}

fn with_passkey() -> Scenario {
    scenario([anna_registered(), added(1, 0)])
}

#[test]
fn a_passkey_is_added_under_the_next_number() {
    let command = add_with(challenge(200, 100), 20);
    scenario([anna_registered()])
        .when(command)
        .then([added(1, 0)]);
    let events = scenario([anna_registered(), added(1, 0), removed(1)])
        .when(add_with(challenge(2, 100), 50))
        .events();
    assert!(
        matches!(events.as_slice(), [Event::PasskeyAdded { passkey: 2, .. }]),
        "numbers are not given twice: {events:?}"
    );
}

#[test]
fn the_answer_that_added_one_adds_no_other() {
    with_passkey()
        .when(add_with(challenge(200, 100), 30))
        .then_rejected(Rejection::ChallengeSpent);
}

#[test]
fn ten_passkeys_are_kept_and_no_more() {
    let mut many = scenario([anna_registered()]);
    for number in 0..10 {
        many = many.after(add_with(challenge(number, 100), 20));
    }
    many.when(add_with(challenge(10, 100), 20))
        .then_rejected(Rejection::PasskeysFull);
}

#[test]
fn nobody_adds_one_for_a_stranger_or_for_whoever_was_erased() {
    scenario([])
        .when(add_with(challenge(1, 100), 20))
        .then_rejected(Rejection::CustomerUnknown);
    scenario([anna_registered(), erased()])
        .when(add_with(challenge(1, 100), 20))
        .then_rejected(Rejection::PersonalDataGone);
}

fn erased() -> Event {
    Event::PersonalDataErased {
        customer: ANNA,
        by: "carl".to_owned(),
        reason: "asked for".to_owned(),
        at: at(19),
    }
}

#[test]
fn a_passkey_signs_in_and_its_answer_is_used_up() {
    with_passkey().when(sign_in()).then(signed_in(0, fresh()));
}

#[test]
fn the_same_request_again_changes_nothing() {
    let command = sign_in();
    with_passkey()
        .after(command.clone())
        .when(command)
        .then_nothing();
}

#[test]
fn an_answer_counts_once() {
    let replayed = Command::SignInWithPasskey(SignInWithPasskey {
        customer: ANNA,
        assertion: assertion(1, 0, fresh()),
        session: OTHER,
        refresh_hash: Digest::from_bytes([2; 32]),
        expires_at: Timestamp::MAX,
        now: at(31),
    });
    with_passkey()
        .after(sign_in())
        .when(replayed)
        .then_rejected(Rejection::ChallengeSpent);
}

#[test]
fn a_challenge_lapses_and_none_lives_longer_than_five_minutes() {
    with_passkey()
        .when(sign_in_with(assertion(1, 0, fresh()), 90))
        .then_rejected(Rejection::ChallengeSpent);
    let endless = challenge(1, 331);
    with_passkey()
        .when(sign_in_with(assertion(1, 0, endless), 30))
        .then_rejected(Rejection::ChallengeSpent);
    let longest = challenge(1, 330);
    with_passkey()
        .when(sign_in_with(assertion(1, 0, longest), 30))
        .then(signed_in(0, longest));
}

#[test]
fn a_counter_that_does_not_rise_tells_of_a_copy() {
    for (last, shown, taken) in [
        (0, 0, true),
        (0, 1, true),
        (7, 8, true),
        (7, 7, false),
        (7, 6, false),
        (7, 0, false),
    ] {
        let asked = scenario([anna_registered(), added(1, last)])
            .when(sign_in_with(assertion(1, shown, fresh()), 30));
        if taken {
            asked.then(signed_in(shown, fresh()));
        } else {
            asked.then_rejected(Rejection::PasskeyCountsBackwards { last });
        }
    }
}

#[test]
fn the_counter_of_the_last_use_is_the_one_that_binds() {
    with_passkey()
        .after(sign_in_with(assertion(1, 5, fresh()), 30))
        .when(step_up_with(assertion(1, 4, challenge(2, 90)), 31))
        .then_rejected(Rejection::PasskeyCountsBackwards { last: 5 });
}

#[test]
fn a_removed_passkey_signs_nobody_in() {
    with_passkey().when(remove(1)).then([removed(1)]);
    scenario([anna_registered(), added(1, 0), removed(1)])
        .when(sign_in_with(assertion(1, 0, fresh()), 60))
        .then_rejected(Rejection::PasskeyUnknown);
}

#[test]
fn removing_again_changes_nothing_and_what_never_was_is_unknown() {
    with_passkey()
        .after(remove(1))
        .when(remove(1))
        .then_nothing();
    for never in [0, 2] {
        with_passkey()
            .when(remove(never))
            .then_rejected(Rejection::PasskeyUnknown);
    }
    scenario([])
        .when(remove(1))
        .then_rejected(Rejection::CustomerUnknown);
}

#[test]
fn a_stranger_and_whoever_was_erased_do_not_sign_in() {
    let command = sign_in();
    scenario([])
        .when(command.clone())
        .then_rejected(Rejection::CredentialsWrong);
    with_passkey()
        .after(Command::ErasePersonalData(ErasePersonalData {
            customer: ANNA,
            by: "carl".to_owned(),
            reason: "asked for".to_owned(),
            now: at(25),
        }))
        .when(command)
        .then_rejected(Rejection::CredentialsWrong);
}

#[test]
fn a_block_of_guessed_passwords_does_not_keep_the_owner_out() {
    let blocked = Event::SignInFailed {
        customer: ANNA,
        failures: 5,
        blocked_until: Some(at(400)),
    };
    scenario([anna_registered(), added(1, 0), blocked.clone()])
        .when(sign_in())
        .then(signed_in(0, fresh()));
    scenario([
        anna_registered(),
        added(1, 0),
        anna_signed_in(at(10)),
        blocked,
    ])
    .when(step_up_with(assertion(1, 0, fresh()), 30))
    .then([used(1, 0, fresh(), 30), stepped_up(30)]);
}

fn step_up_with(assertion: Assertion, now: i64) -> Command {
    Command::StepUp(StepUp {
        customer: ANNA,
        session: SESSION,
        credential_version: 0,
        password_matches: None,
        proof: Some(Proof::Passkey(assertion)),
        now: at(now),
    })
}

fn stepped_up(now: i64) -> Event {
    Event::SteppedUp {
        customer: ANNA,
        session: SESSION,
        until: at(now).plus(STEP_UP_LIFETIME),
        at: at(now),
    }
}

#[test]
fn a_passkey_steps_up_with_and_without_a_second_factor() {
    scenario([anna_registered(), added(1, 0), anna_signed_in(at(10))])
        .when(step_up_with(assertion(1, 3, fresh()), 30))
        .then([used(1, 3, fresh(), 30), stepped_up(30)]);
    scenario([
        anna_registered(),
        added(1, 0),
        anna_signed_in(at(10)),
        factor_enabled(),
    ])
    .when(step_up_with(assertion(1, 3, fresh()), 30))
    .then([used(1, 3, fresh(), 30), stepped_up(30)]);
}

#[test]
fn a_step_up_needs_a_session_and_an_answer_of_its_own() {
    with_passkey()
        .when(step_up_with(assertion(1, 0, fresh()), 30))
        .then_rejected(Rejection::SessionEnded);
    with_passkey()
        .after(sign_in())
        .when(step_up_with(assertion(1, 0, fresh()), 31))
        .then_rejected(Rejection::ChallengeSpent);
    with_passkey()
        .after(sign_in())
        .when(step_up_with(assertion(2, 0, challenge(2, 90)), 31))
        .then_rejected(Rejection::PasskeyUnknown);
}

#[test]
fn a_passkey_stands_in_for_a_code_beside_a_right_password() {
    let command = Command::SignIn(SignIn {
        proof: Some(Proof::Passkey(assertion(1, 0, fresh()))),
        now: at(30),
        ..sign_in_anna()
    });
    scenario([anna_registered(), added(1, 0), factor_enabled()])
        .when(command)
        .then(signed_in(0, fresh()));
}

#[test]
fn one_device_too_many_displaces_the_oldest_session_here_too() {
    let mut full = with_passkey();
    for device in 0..16_u8 {
        full = full.after(Command::SignIn(SignIn {
            session: SessionId::example(1_000 + u64::from(device), PARTITION),
            expires_at: at(10).plus(REFRESH_LIFETIME),
            ..sign_in_anna()
        }));
    }
    let events = full.when(sign_in()).events();
    let displaced = events.iter().filter(|event| {
        matches!(
            event,
            Event::SessionRevoked {
                reason: RevokeReason::Displaced,
                ..
            }
        )
    });
    assert_eq!(displaced.count(), 1);
}

proptest! {
    /// In whatever order answers arrive, with whatever counters and however late: each challenge
    /// is taken at most once, and the counters that are taken rise from the first that is not 0.
    #[test]
    fn no_answer_counts_twice_and_no_counter_falls(
        tries in proptest::collection::vec((0_u8..6, 0_u32..5, 0_i64..120), 0..40)
    ) {
        let mut state = with_passkey().state();
        let mut now = 20;
        let (mut seen, mut last) = (std::collections::BTreeSet::new(), 0);
        for (number, count, pause) in tries {
            now += pause;
            // All challenges were made at the beginning.
            let command = Command::SignInWithPasskey(SignInWithPasskey {
                customer: ANNA,
                assertion: assertion(1, count, challenge(number, 320)),
                session: SessionId::example(u64::from(number) * 1_000 + u64::from(count), PARTITION),
                refresh_hash: Digest::from_bytes([9; 32]),
                expires_at: Timestamp::MAX,
                now: at(now),
            });
            let events = Auth::decide(&state, &command).unwrap_or_default();
            for event in &events {
                Auth::evolve(&mut state, event);
                if let Event::PasskeyUsed { sign_count, challenge, .. } = event {
                    prop_assert!(seen.insert(challenge.digest));
                    prop_assert!(now < 320);
                    prop_assert!((*sign_count == 0 && last == 0) || *sign_count > last);
                    last = *sign_count;
                }
            }
        }
    }
}
