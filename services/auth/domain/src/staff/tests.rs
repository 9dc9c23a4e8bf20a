//! Staff who come in, and what they owe until they have it.

use super::*;
use crate::command::{ChangePassword, Command, RefreshSession, Register, SignIn};
use crate::event::{CustomerRegistered, SecondFactorEnabled, SessionOpened};
use crate::examples::*;
use crate::passkey::CHALLENGE_LONGEST;
use crate::session::REFRESH_LIFETIME;
use kernel::{Digest, Timestamp};

fn admit_anna(machine: bool) -> Command {
    let Command::Register(registration) = register_anna() else {
        unreachable!("register_anna makes a registration");
    };
    Command::AdmitStaff(AdmitStaff {
        registration: Register {
            roles: vec![Role::Trader],
            ..registration
        },
        machine,
    })
}

fn registered() -> Event {
    let Event::CustomerRegistered(anna) = anna_registered() else {
        unreachable!("anna_registered opens an account");
    };
    Event::CustomerRegistered(CustomerRegistered {
        roles: vec![Role::Trader],
        ..anna
    })
}

fn admitted(machine: bool) -> Event {
    Event::StaffAdmitted {
        customer: ANNA,
        machine,
        at: at(0),
    }
}

fn signed_in() -> Event {
    let Event::SignedIn(opened) = anna_signed_in(at(10)) else {
        unreachable!("anna_signed_in makes a session");
    };
    Event::SignedIn(SessionOpened {
        roles: vec![Role::Trader],
        ..opened
    })
}

fn owing(new_password: bool, second_factor: bool) -> Event {
    Event::EnrolmentOwed {
        customer: ANNA,
        session: SESSION,
        new_password,
        second_factor,
    }
}

fn changed() -> Event {
    Event::PasswordChanged {
        customer: ANNA,
        login_hash: LOGIN,
        password_hash: "$own".to_owned(),
        credential_version: 2,
    }
}

fn factor() -> Event {
    Event::SecondFactorEnabled(SecondFactorEnabled {
        customer: ANNA,
        factor: 1,
        sealed_secret: vec![5],
        step: 0,
        recovery_hashes: vec![],
        at: at(5),
    })
}

fn passkey() -> Event {
    Event::PasskeyAdded {
        customer: ANNA,
        passkey: 1,
        sealed_passkey: vec![4],
        sign_count: 0,
        challenge: crate::command::Challenge {
            digest: Digest::from_bytes([9; 32]),
            until: at(5).plus(CHALLENGE_LONGEST),
        },
        at: at(5),
    }
}

fn sign_in(version: u64) -> Command {
    Command::SignIn(SignIn {
        credential_version: version,
        ..sign_in_anna()
    })
}

fn exchange(now: Timestamp) -> Command {
    Command::RefreshSession(RefreshSession {
        customer: ANNA,
        session: SESSION,
        presented_hash: Digest::from_bytes([1; 32]),
        next_hash: Digest::from_bytes([2; 32]),
        expires_at: now.plus(REFRESH_LIFETIME),
        now,
    })
}

#[test]
fn staff_are_let_in_by_command_once() {
    for machine in [false, true] {
        scenario([])
            .when(admit_anna(machine))
            .then([registered(), admitted(machine)]);
        scenario([registered(), admitted(machine)])
            .when(admit_anna(machine))
            .then_nothing();
    }
}

#[test]
fn a_login_that_another_has_lets_nobody_in() {
    let Command::AdmitStaff(mut other) = admit_anna(false) else {
        unreachable!("admit_anna lets somebody in");
    };
    other.registration.customer = CustomerId::example(2, PARTITION);
    scenario([anna_registered()])
        .when(Command::AdmitStaff(other))
        .then_rejected(Rejection::LoginTaken);
}

#[test]
fn the_first_sign_in_of_staff_owes_a_password_and_a_second_factor() {
    scenario([registered(), admitted(false)])
        .when(sign_in(1))
        .then([signed_in(), owing(true, true)]);
}

#[test]
fn a_password_of_ones_own_is_owed_until_it_is_set() {
    scenario([registered(), admitted(false), passkey()])
        .when(sign_in(1))
        .then([signed_in(), owing(true, false)]);
    scenario([registered(), admitted(false), passkey(), changed()])
        .when(sign_in(2))
        .then([signed_in()]);
}

#[test]
fn a_passkey_or_a_factor_in_force_is_enough_and_one_that_waits_is_not() {
    let waiting = Event::SecondFactorOffered {
        customer: ANNA,
        factor: 1,
        sealed_secret: vec![5],
        at: at(5),
    };
    scenario([registered(), admitted(false), changed(), waiting])
        .when(sign_in(2))
        .then([signed_in(), owing(false, true)]);
    scenario([registered(), admitted(false), changed(), passkey()])
        .when(sign_in(2))
        .then([signed_in()]);
    let refreshed = scenario([registered(), changed(), signed_in(), factor()])
        .when(exchange(at(20)))
        .events();
    assert_eq!(refreshed.len(), 1, "nothing is owed: {refreshed:?}");
}

#[test]
fn whoever_gives_the_last_factor_away_owes_one_from_the_next_exchange_on() {
    let removed = Event::PasskeyRemoved {
        customer: ANNA,
        passkey: 1,
        at: at(15),
    };
    let events = scenario([registered(), passkey(), signed_in(), removed])
        .when(exchange(at(20)))
        .events();
    assert_eq!(events.get(1), Some(&owing(false, true)), "{events:?}");
    // Who lost the answer is told the same.
    let removed = Event::PasskeyRemoved {
        customer: ANNA,
        passkey: 1,
        at: at(15),
    };
    let again = scenario([registered(), passkey(), signed_in(), removed])
        .after(exchange(at(20)))
        .when(exchange(at(21)))
        .events();
    assert_eq!(again.get(1), Some(&owing(false, true)), "{again:?}");
}

#[test]
fn a_machine_and_a_customer_owe_nothing() {
    scenario([registered(), admitted(true)])
        .when(sign_in(1))
        .then([signed_in()]);
    scenario([registered(), admitted(true), changed()])
        .when(sign_in(2))
        .then([signed_in()]);
    scenario([anna_registered()])
        .when(sign_in(1))
        .then([anna_signed_in(at(10))]);
}

#[test]
fn a_customer_who_gets_a_role_owes_a_second_factor() {
    let granted = Event::RoleGranted {
        customer: ANNA,
        role: Role::Trader,
        by: "operator".to_owned(),
        roles: vec![Role::Customer, Role::Trader],
    };
    let events = scenario([anna_registered(), granted])
        .when(sign_in(1))
        .events();
    assert_eq!(events.get(1), Some(&owing(false, true)), "{events:?}");
}

#[test]
fn a_password_that_is_changed_to_owe_nothing_must_be_ones_own_doing() {
    let change = Command::ChangePassword(ChangePassword {
        customer: ANNA,
        credential_version: 1,
        password_matches: false,
        password_hash: "$own".to_owned(),
        session: SESSION,
        now: at(12),
    });
    let wrong = scenario([registered(), admitted(false), signed_in()]).after(change);
    let events = wrong.when(exchange(at(20))).events();
    assert_eq!(events.get(1), Some(&owing(true, true)), "{events:?}");
}
