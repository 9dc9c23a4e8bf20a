//! Wire, snapshot and rows of a life of decisions.

use super::*;
use auth_domain::{AcknowledgeRealityCheck, ChangePassword, ConfirmIncrease, GrantRole};
use auth_domain::{
    AddPasskey, Assertion, Challenge, ConfirmSecondFactor, ErasePersonalData, OfferSecondFactor,
    Proof, RemovePasskey, RemoveSecondFactor, ReplaceProfile, RevokeRole, SetMarketing,
    SetRealityCheck, StepUp,
};
use auth_domain::{AdmitStaff, OfferReset, ResetPassword};
use auth_domain::{Exclude, LimitKind, RefreshSession, Register, Role, SetLimit, SignIn, SignOut};
use kernel::{CorrelationId, Currency, CustomerId, Decider, Digest, Duration, Money, SessionId};
use schemas::rows::{
    CredentialRow, CustomerRow, ExclusionKindRow, ExclusionRow, IncreaseRow, MarketingRow,
    OwnLimitRow, PasskeyRow, RealityCheckRow, SessionOfCustomerRow, SessionReminderRow, SessionRow,
    SessionUseRow, table,
};
use schemas::{AvroType, Body, ClaimId, Events, Header, Kind, Wire};

const ANNA: CustomerId = CustomerId::example(1, 3);
const SESSION: SessionId = SessionId::example(2, 3);
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

const HOUR: Duration = Duration::from_secs(3_600);

fn lapse() -> Timestamp {
    NOW.plus(auth_domain::INCREASE_COOL_OFF)
        .plus(auth_domain::CONFIRM_WITHIN)
}

fn eur(minor: i64) -> Option<Money> {
    Some(Money::from_minor(minor, Currency::Eur))
}

fn set_limit(amount: Option<Money>) -> Command {
    Command::SetLimit(SetLimit {
        customer: ANNA,
        kind: LimitKind::DepositWeek,
        amount,
        now: NOW,
    })
}

fn sign_in(matches: bool, session: SessionId) -> Command {
    sign_in_with(matches, session, None)
}

fn sign_in_with(matches: bool, session: SessionId, proof: Option<Proof>) -> Command {
    Command::SignIn(SignIn {
        customer: ANNA,
        credential_version: 1,
        password_matches: matches,
        session,
        refresh_hash: Digest::from_bytes([3; 32]),
        expires_at: Timestamp::MAX,
        proof,
        now: NOW,
    })
}

/// Commands that together lead to every event.
fn life() -> Vec<Command> {
    vec![
        Command::Register(Register {
            customer: ANNA,
            partition: 3,
            login_hash: Digest::from_bytes([1; 32]),
            password_hash: "$old".to_owned(),
            sealed_profile: vec![1, 2, 3],
            currency: Currency::Eur,
            roles: vec![Role::Customer],
            now: NOW,
        }),
        sign_in(false, SESSION),
        sign_in(true, SESSION),
        Command::RefreshSession(RefreshSession {
            customer: ANNA,
            session: SESSION,
            presented_hash: Digest::from_bytes([3; 32]),
            next_hash: Digest::from_bytes([4; 32]),
            expires_at: Timestamp::MAX,
            now: NOW,
        }),
        Command::RefreshSession(RefreshSession {
            customer: ANNA,
            session: SESSION,
            presented_hash: Digest::from_bytes([3; 32]),
            next_hash: Digest::from_bytes([4; 32]),
            expires_at: Timestamp::MAX,
            now: NOW,
        }),
        Command::SignIn(SignIn {
            customer: CustomerId::example(77, 3),
            credential_version: 0,
            password_matches: false,
            session: SessionId::example(77, 3),
            refresh_hash: Digest::from_bytes([3; 32]),
            expires_at: Timestamp::MAX,
            proof: None,
            now: NOW,
        }),
        sign_in(true, SessionId::example(7, 3)),
        Command::SignOut(SignOut {
            customer: ANNA,
            session: SessionId::example(7, 3),
        }),
        set_limit(eur(100)),
        set_limit(eur(300)),
        Command::ConfirmIncrease(ConfirmIncrease {
            customer: ANNA,
            kind: LimitKind::DepositWeek,
            amount: eur(300),
            now: NOW.plus(auth_domain::INCREASE_COOL_OFF),
        }),
        set_limit(eur(400)),
        Command::EndWait {
            timer: TimerKey {
                due: lapse(),
                number: 2,
            },
        },
        Command::SetMarketing(SetMarketing {
            customer: ANNA,
            allowed: true,
            now: NOW,
        }),
        Command::SetRealityCheck(SetRealityCheck {
            customer: ANNA,
            interval: Some(HOUR),
            now: NOW,
        }),
        Command::AcknowledgeRealityCheck(AcknowledgeRealityCheck {
            customer: ANNA,
            session: SESSION,
            net_result: Money::from_minor(-700, Currency::Eur),
            now: NOW.plus(HOUR),
        }),
        Command::GrantRole(GrantRole {
            customer: ANNA,
            role: Role::Auditor,
            by: "operator".to_owned(),
        }),
        Command::ChangePassword(ChangePassword {
            customer: ANNA,
            credential_version: 1,
            password_matches: true,
            password_hash: "$new".to_owned(),
            session: SESSION,
            now: NOW,
        }),
        Command::Exclude(Exclude {
            customer: ANNA,
            kind: None,
            until: NOW.plus(Duration::from_secs(200_000)),
            now: NOW,
        }),
        set_limit(eur(200)),
        sign_in(false, SESSION),
    ]
    .into_iter()
    .chain(second_factors())
    .chain(somebody_who_works_here())
    .collect()
}

fn offer() -> Command {
    Command::OfferSecondFactor(OfferSecondFactor {
        customer: ANNA,
        sealed_secret: vec![8, 9],
        now: NOW,
    })
}

fn confirm(factor: u64) -> Command {
    Command::ConfirmSecondFactor(ConfirmSecondFactor {
        customer: ANNA,
        factor,
        step: Some(auth_domain::step_at(NOW)),
        recovery_hashes: vec![Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32])],
        now: NOW,
    })
}

/// Somebody who is let in, and begins without anything of his own.
fn somebody_who_works_here() -> Vec<Command> {
    let boris = CustomerId::example(2, 3);
    let registration = Register {
        customer: boris,
        partition: 3,
        login_hash: Digest::from_bytes([33; 32]),
        password_hash: "$first".to_owned(),
        sealed_profile: vec![3],
        currency: Currency::Eur,
        roles: vec![Role::Trader],
        now: NOW,
    };
    let mut signed_in = sign_in_with(true, SessionId::example(9, 3), None);
    if let Command::SignIn(command) = &mut signed_in {
        command.customer = boris;
    }
    vec![
        Command::AdmitStaff(AdmitStaff {
            registration,
            machine: false,
        }),
        signed_in,
    ]
}

/// A factor that is used and removed, another one, a new profile, and the end of both.
fn second_factors() -> Vec<Command> {
    let recovery = |hash| Proof::Recovery {
        hash: Digest::from_bytes([hash; 32]),
    };
    let totp = Proof::Totp {
        factor: 1,
        step: Some(auth_domain::step_at(NOW).saturating_add(1)),
    };
    let passkey = |number| {
        let digest = Digest::from_bytes([number; 32]);
        let until = NOW.plus(auth_domain::CHALLENGE_LONGEST);
        Challenge { digest, until }
    };
    let add = |number| {
        Command::AddPasskey(AddPasskey {
            customer: ANNA,
            sealed_passkey: vec![6, number],
            sign_count: 4,
            challenge: passkey(number),
            now: NOW,
        })
    };
    let session = SessionId::example(8, 3);
    let mut signed_in = sign_in_with(true, session, Some(totp));
    if let Command::SignIn(command) = &mut signed_in {
        command.credential_version = 2;
    }
    vec![
        offer(),
        confirm(1),
        signed_in,
        Command::StepUp(StepUp {
            customer: ANNA,
            session,
            credential_version: 2,
            password_matches: None,
            proof: Some(recovery(1)),
            now: NOW,
        }),
        add(101),
        add(102),
        add(103),
        Command::RemovePasskey(RemovePasskey {
            customer: ANNA,
            passkey: 2,
            now: NOW,
        }),
        Command::StepUp(StepUp {
            customer: ANNA,
            session,
            credential_version: 0,
            password_matches: None,
            proof: Some(Proof::Passkey(Assertion {
                passkey: 3,
                sign_count: 5,
                challenge: passkey(104),
            })),
            now: NOW,
        }),
        Command::RemoveSecondFactor(RemoveSecondFactor {
            customer: ANNA,
            proof: recovery(2),
            now: NOW,
        }),
        offer(),
        confirm(2),
        Command::RevokeRole(RevokeRole {
            customer: ANNA,
            role: Role::Auditor,
            by: "operator".to_owned(),
        }),
        Command::OfferReset(OfferReset {
            customer: ANNA,
            code_hash: Digest::from_bytes([88; 32]),
            until: NOW.plus(HOUR),
            by: "operator".to_owned(),
            reason: "forgotten".to_owned(),
            now: NOW,
        }),
        Command::ResetPassword(ResetPassword {
            customer: ANNA,
            code_hash: Digest::from_bytes([88; 32]),
            password_hash: "$reset".to_owned(),
            now: NOW,
        }),
        Command::ReplaceProfile(ReplaceProfile {
            customer: ANNA,
            sealed_profile: vec![4],
            now: NOW,
        }),
        Command::ErasePersonalData(ErasePersonalData {
            customer: ANNA,
            by: "carl".to_owned(),
            reason: "asked for".to_owned(),
            now: NOW,
        }),
    ]
}

/// The state after each command, and the events of all.
fn lived() -> (State, Vec<Event>) {
    let mut state = Auth::initial();
    let mut all = Vec::new();
    for command in life() {
        let events = Auth::decide(&state, &command).unwrap_or_default();
        for event in &events {
            Auth::evolve(&mut state, event);
        }
        all.extend(events);
    }
    // A record of the time before confirmations.
    let promised = Event::LimitIncreaseRequested {
        customer: ANNA,
        kind: LimitKind::DepositWeek,
        amount: eur(500),
        effective_at: NOW.plus(auth_domain::INCREASE_COOL_OFF),
        current: eur(200),
    };
    Auth::evolve(&mut state, &promised);
    all.push(promised);
    (state, all)
}

#[test]
fn every_event_survives_the_wire() {
    let (state, events) = lived();
    let mut replayed = Auth::initial();
    let mut branches = std::collections::BTreeSet::new();
    for event in events {
        let bytes = AuthService::event_to_wire(&event).to_bytes();
        branches.insert(bytes.first().copied());
        let decoded = wire::Event::from_bytes(&bytes).expect("what was encoded decodes");
        assert_eq!(AuthService::event_from_wire(decoded), Ok(event.clone()));
        Auth::evolve(&mut replayed, &event);
    }
    assert_eq!(replayed, state);
    let all = wire::Event::schema(&mut Vec::new())
        .matches("\"type\":\"record\"")
        .count();
    assert!(all >= branches.len());
    assert_eq!(branches.len(), 35, "a life holds an event of each kind");
}

#[test]
fn a_snapshot_gives_the_state_back() {
    let (state, _) = lived();
    assert!(!state.timers.is_empty());
    let bytes = AuthService::snapshot(&state);
    let restored = AuthService::restore(&bytes).expect("what was saved loads");
    assert_eq!(restored, state);
    assert_eq!(AuthService::snapshot(&restored), bytes);
    for cut in 0..bytes.len() {
        assert!(AuthService::restore(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_snapshot_gives_every_state_of_a_life_back() {
    let mut state = Auth::initial();
    let mut with_passkeys = 0;
    for command in life() {
        for event in Auth::decide(&state, &command).unwrap_or_default() {
            Auth::evolve(&mut state, &event);
        }
        let kept = state.customers.values().map(|one| one.passkeys.kept.len());
        with_passkeys += kept.sum::<usize>();
        assert_eq!(
            AuthService::restore(&AuthService::snapshot(&state)),
            Ok(state.clone())
        );
    }
    assert!(
        with_passkeys > 0,
        "erasing forgets them, so the last state has none"
    );
}

#[test]
fn a_snapshot_of_the_first_layout_is_not_read() {
    // As the first layout began: timers ever armed, no customers.
    assert!(AuthService::restore(&[0, 0]).is_err());
    assert!(AuthService::restore(&AuthService::snapshot(&State::default())).is_ok());
}

#[test]
fn a_snapshot_of_the_layout_before_second_factors_is_still_read() {
    let mut state = Auth::initial();
    for command in life().iter().take(12) {
        for event in Auth::decide(&state, command).unwrap_or_default() {
            Auth::evolve(&mut state, &event);
        }
    }
    state.strangers.clear();
    state.strangers_seen = 0;
    let bytes = crate::snapshot::encode_before(&state);
    assert_eq!(AuthService::restore(&bytes), Ok(state));
}

#[test]
fn a_snapshot_of_the_layout_before_passkeys_is_still_read() {
    let (mut state, _) = lived();
    let bytes = crate::snapshot::encode_without_passkeys(&state);
    for customer in state.customers.values_mut() {
        customer.passkeys = auth_domain::Passkeys::default();
        customer.reset = None;
        customer.staff = None;
    }
    assert_eq!(AuthService::restore(&bytes), Ok(state));
}

#[test]
fn a_snapshot_of_the_layout_before_resets_and_marks_is_still_read() {
    let mut state = Auth::initial();
    let mut with_resets = 0;
    for command in life() {
        for event in Auth::decide(&state, &command).unwrap_or_default() {
            Auth::evolve(&mut state, &event);
        }
        let mut before = state.clone();
        for customer in before.customers.values_mut() {
            with_resets += usize::from(customer.reset.take().is_some());
            customer.staff = None;
        }
        let bytes = crate::snapshot::encode_without_resets(&state);
        assert_eq!(AuthService::restore(&bytes), Ok(before));
    }
    assert!(with_resets > 0, "a code was handed over and not yet taken");
}

#[test]
fn the_end_of_a_wait_is_a_timer_that_its_firing_disarms() {
    let (mut state, _) = lived();
    let timer = AuthService::next_timer(&state).expect("an increase waits");
    assert_eq!(timer.due, NOW.plus(auth_domain::INCREASE_COOL_OFF));
    let command = AuthService::fire(&state, timer, &(), timer.due).expect("it asks something");
    let events = Auth::decide(&state, &command).expect("never rejected");
    assert!(!events.is_empty());
    for event in &events {
        Auth::evolve(&mut state, event);
    }
    assert_eq!(AuthService::next_timer(&state), None);
}

fn decision(events: &[Event]) -> Decision {
    let events = events.iter().map(AuthService::event_to_wire).collect();
    Decision {
        position: TopicPartition::new(Topic::AuthEvents, 3).at(17),
        header: Header {
            kind: Kind::Decision,
            epoch: 1,
            claim_id: ClaimId::default(),
            seq: 9,
            confirmed: 8,
            prev: None,
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::default(),
            decided_at: NOW,
        },
        events: Events::AuthEvents(Body {
            rejection: None,
            events,
        }),
    }
}

/// The last row of that table and key.
fn row<T: Wire>(table: &str, key: &[u8]) -> T {
    let rows = crate::rows(&decision(&lived().1));
    assert!(rows.iter().all(|row| row.seq == 9));
    let row = rows
        .iter()
        .rfind(|row| row.table == table && row.key == key)
        .expect("the row was written");
    T::from_bytes(&row.value).expect("the row decodes")
}

#[test]
fn rows_tell_what_the_last_event_left() {
    let credential: CredentialRow = row(table::CREDENTIAL, &[1; 32]);
    assert_eq!(
        (credential.password_hash.as_str(), credential.version),
        ("$reset", 3)
    );
    let customer: CustomerRow = row(table::CUSTOMER, &ANNA.bytes());
    assert_eq!(customer.currency, Currency::Eur);
    let session: SessionRow = row(table::SESSION, &SESSION.bytes());
    assert!(session.revoked, "the exclusion has ended it");
    let exclusion: ExclusionRow = row(table::EXCLUSION, &ANNA.bytes());
    assert_eq!(exclusion.until, NOW.plus(Duration::from_secs(200_000)));
    let mut key = ANNA.bytes().to_vec();
    key.extend(wire::LimitKind::DepositWeek.to_bytes());
    assert_eq!(key.len(), 17);
    let limit: OwnLimitRow = row(table::OWN_LIMIT, &key);
    assert_eq!((limit.amount, limit.pending_amount), (eur(200), eur(500)));
    let increase: IncreaseRow = row(table::INCREASE, &key);
    assert_eq!(increase.waiting, None);
    let kind: ExclusionKindRow = row(table::EXCLUSION_KIND, &ANNA.bytes());
    assert_eq!(kind.kind, wire::ExclusionKind::TimeOut);
    let marketing: MarketingRow = row(table::MARKETING, &ANNA.bytes());
    assert!(!marketing.allowed, "the exclusion has taken it back");
    let check: RealityCheckRow = row(table::REALITY_CHECK, &ANNA.bytes());
    assert_eq!(check.interval, Some(HOUR));
    let passkey_row = |number: u64| -> PasskeyRow {
        let key = [&ANNA.bytes()[..], &number.to_be_bytes()].concat();
        row(table::PASSKEY, &key)
    };
    assert_eq!(
        passkey_row(1).sealed_passkey,
        Some(schemas::Blob(vec![6, 101]))
    );
    assert_eq!(passkey_row(2).sealed_passkey, None, "it was removed");
    let used: SessionUseRow = row(
        table::SESSION_USE,
        &[ANNA.bytes(), SESSION.bytes()].concat(),
    );
    assert!(used.revoked, "the exclusion has ended it");
    let reminder: SessionReminderRow = row(table::SESSION_REMINDER, &SESSION.bytes());
    assert_eq!(
        (reminder.started_at, reminder.reminded_at),
        (NOW, NOW.plus(HOUR))
    );
}

#[test]
fn a_session_tells_by_which_passkey_it_began() {
    let (_, events) = lived();
    let one = |is: fn(&Event) -> bool| events.iter().find(|event| is(event)).cloned();
    let opened = one(|event| matches!(event, Event::SignedIn(_))).expect("a session");
    let used = one(|event| matches!(event, Event::PasskeyUsed { .. })).expect("a passkey");
    for (record, passkey) in [(vec![opened.clone()], None), (vec![used, opened], Some(3))] {
        let rows = crate::rows(&decision(&record));
        let row = rows
            .iter()
            .find(|row| row.table == table::SESSION_OF_CUSTOMER)
            .expect("it is written");
        let row = SessionOfCustomerRow::from_bytes(&row.value).expect("decodes");
        assert_eq!((row.session, row.passkey), (SESSION, passkey));
        assert_eq!(row.began_at, NOW);
    }
}

#[test]
fn an_increase_that_waits_leaves_the_limit_as_it_is() {
    let asked = Event::LimitIncreaseAsked {
        customer: ANNA,
        kind: LimitKind::StakeWeek,
        amount: None,
        current: Money::from_minor(9, Currency::Eur),
        confirm_from: NOW,
        lapses_at: lapse(),
    };
    let rows = crate::rows(&decision(&[asked]));
    let [row] = rows.as_slice() else {
        panic!("one row: {rows:?}");
    };
    assert_eq!(row.table, table::INCREASE);
    let increase = IncreaseRow::from_bytes(&row.value).expect("decodes");
    let waiting = increase.waiting.expect("it waits");
    assert_eq!(
        (waiting.amount, waiting.confirm_from, waiting.lapses_at),
        (None, NOW, lapse())
    );
}

#[test]
fn commands_arrive_with_the_time_and_the_partition() {
    let asked = wire::Command::Register(wire::Register {
        customer: ANNA,
        login_hash: Digest::from_bytes([1; 32]),
        password_hash: "$old".to_owned(),
        sealed_profile: schemas::Blob(vec![1, 2, 3]),
        currency: Currency::Eur,
        roles: vec![wire::Role::Customer],
    });
    assert_eq!(
        Some(AuthService::request(3, asked, &(), NOW)),
        life().into_iter().next()
    );
}
