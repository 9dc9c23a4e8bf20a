//! Codes and recovery codes, once each; step-ups.

use super::*;
use crate::command::{Command, SignIn};
use crate::decide::Auth;
use crate::event::SessionOpened;
use crate::examples::*;
use kernel::{Decider, Digest};
use proptest::prelude::*;

/// The step of that many seconds.
fn step(seconds: i64) -> u64 {
    step_at(at(seconds))
}

fn code(hash: u8) -> Digest {
    Digest::from_bytes([hash; 32])
}

fn offered() -> Event {
    Event::SecondFactorOffered {
        customer: ANNA,
        factor: 1,
        sealed_secret: vec![5, 6],
        at: at(10),
    }
}

fn enabled(step: u64) -> Event {
    Event::SecondFactorEnabled(SecondFactorEnabled {
        customer: ANNA,
        factor: 1,
        sealed_secret: vec![5, 6],
        step,
        recovery_hashes: vec![code(1), code(2)],
        at: at(100),
    })
}

fn failure(count: u32, blocked_until: Option<Timestamp>) -> Event {
    Event::SignInFailed {
        customer: ANNA,
        failures: count,
        blocked_until,
    }
}

fn proved(step: u64) -> Event {
    Event::SecondFactorProved {
        customer: ANNA,
        factor: 1,
        step,
    }
}

fn totp(step: u64) -> Proof {
    Proof::Totp {
        factor: 1,
        step: Some(step),
    }
}

fn with_factor() -> Scenario {
    scenario([anna_registered(), offered(), enabled(step(100))])
}

fn sign_in_with(proof: Option<Proof>, now: Timestamp) -> Command {
    Command::SignIn(SignIn {
        proof,
        now,
        ..sign_in_anna()
    })
}

fn confirm_with(factor: u64, step: Option<u64>, now: Timestamp) -> Command {
    Command::ConfirmSecondFactor(ConfirmSecondFactor {
        customer: ANNA,
        factor,
        step,
        recovery_hashes: vec![code(1), code(2)],
        now,
    })
}

fn offer_again() -> Command {
    Command::OfferSecondFactor(OfferSecondFactor {
        customer: ANNA,
        sealed_secret: vec![7, 8],
        now: at(20),
    })
}

#[test]
fn a_factor_is_offered_and_the_next_offer_replaces_it() {
    scenario([anna_registered(), offered()])
        .when(offer_again())
        .then([Event::SecondFactorOffered {
            customer: ANNA,
            factor: 2,
            sealed_secret: vec![7, 8],
            at: at(20),
        }]);
}

#[test]
fn what_is_only_offered_is_not_asked_for() {
    scenario([anna_registered(), offered()])
        .when(sign_in_with(None, at(20)))
        .then([anna_signed_in(at(20))]);
}

#[test]
fn the_first_right_code_brings_it_into_force() {
    scenario([anna_registered(), offered()])
        .when(confirm_with(1, Some(step(100)), at(100)))
        .then([enabled(step(100))]);
}

#[test]
fn a_wrong_code_does_not_and_counts_as_a_failure() {
    scenario([anna_registered(), offered()])
        .when(confirm_with(1, None, at(100)))
        .then([failure(1, None)]);
}

#[test]
fn a_code_of_another_offer_is_refused() {
    scenario([anna_registered(), offered()])
        .after(offer_again())
        .when(confirm_with(1, Some(step(100)), at(100)))
        .then_rejected(Rejection::SecondFactorUnknown);
    scenario([anna_registered()])
        .when(confirm_with(1, Some(step(100)), at(100)))
        .then_rejected(Rejection::SecondFactorUnknown);
}

#[test]
fn what_is_in_force_is_neither_offered_nor_confirmed_again() {
    with_factor()
        .when(offer_again())
        .then_rejected(Rejection::SecondFactorInForce);
    with_factor()
        .when(confirm_with(1, Some(step(130)), at(130)))
        .then_rejected(Rejection::SecondFactorInForce);
}

#[test]
fn a_right_password_alone_is_not_enough() {
    with_factor()
        .when(sign_in_with(None, at(130)))
        .then_rejected(Rejection::SecondFactorMissing);
}

#[test]
fn a_right_code_signs_in_and_is_used_up() {
    with_factor()
        .when(sign_in_with(Some(totp(step(130))), at(130)))
        .then([proved(step(130)), anna_signed_in(at(130))]);
}

#[test]
fn the_code_of_a_step_counts_once() {
    let used = [
        anna_registered(),
        offered(),
        enabled(step(100)),
        proved(step(130)),
    ];
    scenario(used)
        .when(sign_in_with(Some(totp(step(130))), at(131)))
        .then([failure(1, None)]);
}

#[test]
fn the_code_that_confirmed_does_not_sign_in() {
    with_factor()
        .when(sign_in_with(Some(totp(step(100))), at(101)))
        .then([failure(1, None)]);
}

#[test]
fn the_steps_beside_now_count_and_no_others() {
    let now = at(300);
    for (number, counts) in [
        (step(300) - 2, false),
        (step(300) - 1, true),
        (step(300), true),
        (step(300) + 1, true),
        (step(300) + 2, false),
    ] {
        let events = with_factor()
            .when(sign_in_with(Some(totp(number)), now))
            .events();
        assert_eq!(events.contains(&proved(number)), counts, "step {number}");
    }
}

#[test]
fn a_verdict_on_another_factor_proves_nothing() {
    let other = Proof::Totp {
        factor: 2,
        step: Some(step(130)),
    };
    with_factor()
        .when(sign_in_with(Some(other), at(130)))
        .then([failure(1, None)]);
}

#[test]
fn wrong_codes_block_like_wrong_passwords() {
    let wrong = Proof::Totp {
        factor: 1,
        step: None,
    };
    with_factor()
        .after(sign_in_with(Some(wrong), at(130)))
        .after(sign_in_with(Some(wrong), at(131)))
        .after(sign_in_with(Some(wrong), at(132)))
        .after(sign_in_with(Some(wrong), at(133)))
        .when(sign_in_with(Some(wrong), at(134)))
        .then([failure(5, Some(at(164)))]);
    scenario([
        anna_registered(),
        offered(),
        enabled(step(100)),
        failure(5, Some(at(164))),
    ])
    .when(sign_in_with(Some(totp(step(150))), at(150)))
    .then_rejected(Rejection::SignInBlocked { until: at(164) });
}

#[test]
fn a_recovery_code_counts_once() {
    let recovery = Proof::Recovery { hash: code(1) };
    with_factor()
        .when(sign_in_with(Some(recovery), at(130)))
        .then([
            Event::RecoveryCodeUsed {
                customer: ANNA,
                hash: code(1),
                left: 1,
            },
            anna_signed_in(at(130)),
        ]);
    let used = Event::RecoveryCodeUsed {
        customer: ANNA,
        hash: code(1),
        left: 1,
    };
    scenario([anna_registered(), offered(), enabled(step(100)), used])
        .when(sign_in_with(Some(recovery), at(140)))
        .then([failure(1, None)]);
}

#[test]
fn a_recovery_code_that_was_never_given_proves_nothing() {
    with_factor()
        .when(sign_in_with(
            Some(Proof::Recovery { hash: code(9) }),
            at(130),
        ))
        .then([failure(1, None)]);
}

#[test]
fn a_wrong_password_uses_no_code_up() {
    let attempt = Command::SignIn(SignIn {
        password_matches: false,
        proof: Some(totp(step(130))),
        now: at(130),
        ..sign_in_anna()
    });
    with_factor().when(attempt).then([failure(1, None)]);
}

fn remove_with(proof: Proof) -> Command {
    Command::RemoveSecondFactor(RemoveSecondFactor {
        customer: ANNA,
        proof,
        now: at(130),
    })
}

#[test]
fn a_factor_is_removed_by_whoever_has_it() {
    let removed = Event::SecondFactorRemoved {
        customer: ANNA,
        factor: 1,
        at: at(130),
    };
    with_factor()
        .when(remove_with(totp(step(130))))
        .then([proved(step(130)), removed.clone()]);
    with_factor()
        .when(remove_with(totp(step(100))))
        .then([failure(1, None)]);
    scenario([anna_registered(), offered(), enabled(step(100)), removed])
        .when(remove_with(totp(step(130))))
        .then_rejected(Rejection::SecondFactorUnknown);
}

#[test]
fn without_a_factor_there_is_none_to_remove() {
    scenario([])
        .when(remove_with(totp(step(130))))
        .then_rejected(Rejection::CustomerUnknown);
    scenario([anna_registered(), offered()])
        .when(remove_with(totp(step(130))))
        .then_rejected(Rejection::SecondFactorUnknown);
}

fn step_up_with(password_matches: Option<bool>, proof: Option<Proof>) -> Command {
    Command::StepUp(StepUp {
        customer: ANNA,
        session: SESSION,
        credential_version: 1,
        password_matches,
        proof,
        now: at(200),
    })
}

fn stepped_up() -> Event {
    Event::SteppedUp {
        customer: ANNA,
        session: SESSION,
        until: at(200).plus(STEP_UP_LIFETIME),
        at: at(200),
    }
}

#[test]
fn without_a_factor_the_password_steps_up() {
    let signed_in = || scenario([anna_registered(), anna_signed_in(at(10))]);
    signed_in()
        .when(step_up_with(Some(true), None))
        .then([stepped_up()]);
    for nothing in [Some(false), None] {
        signed_in()
            .when(step_up_with(nothing, Some(totp(step(200)))))
            .then([failure(1, None)]);
    }
}

#[test]
fn with_a_factor_the_password_does_not_step_up() {
    let signed_in = || {
        scenario([
            anna_registered(),
            anna_signed_in(at(10)),
            offered(),
            enabled(step(100)),
        ])
    };
    signed_in()
        .when(step_up_with(Some(true), None))
        .then_rejected(Rejection::SecondFactorMissing);
    signed_in()
        .when(step_up_with(None, Some(totp(step(200)))))
        .then([proved(step(200)), stepped_up()]);
}

#[test]
fn only_a_session_that_lives_steps_up() {
    scenario([anna_registered()])
        .when(step_up_with(Some(true), None))
        .then_rejected(Rejection::SessionEnded);
    scenario([])
        .when(step_up_with(Some(true), None))
        .then_rejected(Rejection::CustomerUnknown);
}

#[test]
fn a_verdict_on_an_old_password_does_not_step_up() {
    let Command::StepUp(mut command) = step_up_with(Some(true), None) else {
        unreachable!("step_up_with makes a step-up");
    };
    command.credential_version = 0;
    scenario([anna_registered(), anna_signed_in(at(10))])
        .when(Command::StepUp(command))
        .then_rejected(Rejection::CredentialVersionStale { current: 1 });
}

proptest! {
    /// Whatever codes arrive when, and however often: no step opens a session twice.
    #[test]
    fn no_step_signs_in_twice(
        tries in proptest::collection::vec((0_u64..6, 0_i64..20), 0..60)
    ) {
        let mut state = with_factor().state();
        let mut now = at(130);
        let mut taken = std::collections::BTreeSet::new();
        for ((ahead, pause), device) in tries.into_iter().zip(0_u64..) {
            now = now.plus(Duration::from_secs(pause));
            let number = step_at(now).saturating_add(ahead).saturating_sub(3);
            let command = Command::SignIn(SignIn {
                session: kernel::SessionId::example(device.saturating_add(500), PARTITION),
                proof: Some(totp(number)),
                now,
                ..sign_in_anna()
            });
            let events = Auth::decide(&state, &command).unwrap_or_default();
            let opened = events.iter().any(|event| {
                matches!(event, Event::SignedIn(SessionOpened { .. }))
            });
            if opened {
                prop_assert!(taken.insert(number), "step {number} counted twice");
            }
            for event in &events {
                Auth::evolve(&mut state, event);
            }
        }
    }
}
