//! Rows of the views from auth's decisions.
//!
//! Duty: credentials, customers, exclusions, sessions and limits, each row written in full from
//! one event. Prohibition: nothing is read. Two fields are therefore not kept up to date, and
//! nobody may rely on them: a customer row tells the roles as registered (those in force come
//! with each session), and a credential row never tells a block (auth itself refuses).

use kernel::Timestamp;
use schemas::rows::{
    CredentialRow, CustomerRow, ExclusionKindRow, ExclusionRow, IncreaseRow, MarketingRow,
    OwnLimitRow, PasskeyRow, ProfileRow, RealityCheckRow, SecondFactorRow, SessionOfCustomerRow,
    SessionReminderRow, SessionRow, SessionUseRow, WaitingIncrease, table,
};
use schemas::{Decision, Events, Wire, auth as wire};
use viewstore::Row;

/// The rows that an effective decision of auth's journal writes.
#[must_use]
pub fn rows(decision: &Decision) -> Vec<Row> {
    match &decision.events {
        Events::AuthEvents(body) => body
            .events
            .iter()
            .flat_map(|event| rows_of(event, &body.events, decision.header.decided_at))
            .map(|(table, key, value)| Row {
                table,
                key,
                value,
                seq: decision.header.seq,
            })
            .collect(),
        Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::LedgerEvents(_)
        | Events::PaymentsEvents(_)
        | Events::FraudEvents(_) => Vec::new(),
    }
}

type Written = (&'static str, Vec<u8>, Vec<u8>);

fn rows_of(event: &wire::Event, beside: &[wire::Event], decided_at: Timestamp) -> Vec<Written> {
    match event {
        wire::Event::CustomerRegistered(registered) => {
            let customer = CustomerRow {
                customer: registered.customer,
                currency: registered.currency,
                roles: registered.roles.clone(),
                sealed_profile: registered.sealed_profile.clone(),
                registered_at: decided_at,
            };
            let credential = CredentialRow {
                customer: registered.customer,
                password_hash: registered.password_hash.clone(),
                version: registered.credential_version,
                blocked_until: None,
            };
            vec![
                (
                    table::CUSTOMER,
                    registered.customer.to_bytes(),
                    customer.to_bytes(),
                ),
                (
                    table::CREDENTIAL,
                    registered.login_hash.to_bytes(),
                    credential.to_bytes(),
                ),
            ]
        }
        wire::Event::PasswordChanged(changed) => {
            let credential = CredentialRow {
                customer: changed.customer,
                password_hash: changed.password_hash.clone(),
                version: changed.credential_version,
                blocked_until: None,
            };
            vec![(
                table::CREDENTIAL,
                changed.login_hash.to_bytes(),
                credential.to_bytes(),
            )]
        }
        wire::Event::SignedIn(opened) => vec![
            session(SessionRow {
                customer: opened.customer,
                session: opened.session,
                revoked: false,
                expires_at: opened.expires_at,
            }),
            reminder(&SessionReminderRow {
                customer: opened.customer,
                session: opened.session,
                started_at: opened.at,
                reminded_at: opened.at,
            }),
            session_of_customer(&SessionOfCustomerRow {
                customer: opened.customer,
                session: opened.session,
                began_at: opened.at,
                passkey: beside.iter().find_map(passkey_used),
            }),
            session_use(&SessionUseRow {
                customer: opened.customer,
                session: opened.session,
                used_at: opened.at,
                expires_at: opened.expires_at,
                revoked: false,
            }),
        ],
        wire::Event::SessionRefreshed(refreshed) => vec![
            session(SessionRow {
                customer: refreshed.customer,
                session: refreshed.session,
                revoked: false,
                expires_at: refreshed.expires_at,
            }),
            session_use(&SessionUseRow {
                customer: refreshed.customer,
                session: refreshed.session,
                used_at: refreshed.at,
                expires_at: refreshed.expires_at,
                revoked: false,
            }),
        ],
        wire::Event::SessionRevoked(revoked) => vec![
            session(SessionRow {
                customer: revoked.customer,
                session: revoked.session,
                revoked: true,
                expires_at: revoked.expires_at,
            }),
            session_use(&SessionUseRow {
                customer: revoked.customer,
                session: revoked.session,
                used_at: decided_at,
                expires_at: revoked.expires_at,
                revoked: true,
            }),
        ],
        wire::Event::LimitSet(set) => vec![
            own_limit(&OwnLimitRow {
                customer: set.customer,
                kind: set.kind,
                amount: set.amount,
                pending_amount: None,
                pending_from: None,
            }),
            increase(&IncreaseRow {
                customer: set.customer,
                kind: set.kind,
                waiting: None,
            }),
        ],
        wire::Event::LimitIncreaseAsked(asked) => vec![increase(&IncreaseRow {
            customer: asked.customer,
            kind: asked.kind,
            waiting: Some(WaitingIncrease {
                amount: asked.amount,
                confirm_from: asked.confirm_from,
                lapses_at: asked.lapses_at,
            }),
        })],
        wire::Event::LimitIncreaseLapsed(lapsed) => vec![
            own_limit(&OwnLimitRow {
                customer: lapsed.customer,
                kind: lapsed.kind,
                amount: Some(lapsed.current),
                pending_amount: None,
                pending_from: None,
            }),
            increase(&IncreaseRow {
                customer: lapsed.customer,
                kind: lapsed.kind,
                waiting: None,
            }),
        ],
        wire::Event::LimitIncreaseRequested(asked) => vec![own_limit(&OwnLimitRow {
            customer: asked.customer,
            kind: asked.kind,
            amount: asked.current,
            pending_amount: asked.amount,
            pending_from: Some(asked.effective_at),
        })],
        wire::Event::CustomerExcluded(excluded) => {
            let row = ExclusionRow {
                customer: excluded.customer,
                until: excluded.until,
            };
            vec![(
                table::EXCLUSION,
                excluded.customer.to_bytes(),
                row.to_bytes(),
            )]
        }
        wire::Event::ExclusionKindSet(set) => {
            let row = ExclusionKindRow {
                customer: set.customer,
                kind: set.kind,
                until: set.until,
            };
            let key = set.customer.to_bytes();
            vec![(table::EXCLUSION_KIND, key, row.to_bytes())]
        }
        wire::Event::MarketingSet(set) => {
            let row = MarketingRow {
                customer: set.customer,
                allowed: set.allowed,
            };
            vec![(table::MARKETING, set.customer.to_bytes(), row.to_bytes())]
        }
        wire::Event::RealityCheckSet(set) => {
            let row = RealityCheckRow {
                customer: set.customer,
                interval: set.interval,
            };
            let key = set.customer.to_bytes();
            vec![(table::REALITY_CHECK, key, row.to_bytes())]
        }
        wire::Event::RealityCheckAcknowledged(seen) => vec![reminder(&SessionReminderRow {
            customer: seen.customer,
            session: seen.session,
            started_at: seen.session_started_at,
            reminded_at: seen.at,
        })],
        wire::Event::SecondFactorOffered(offered) => vec![second_factor(&SecondFactorRow {
            customer: offered.customer,
            factor: offered.factor,
            enabled: false,
            sealed_secret: Some(offered.sealed_secret.clone()),
        })],
        wire::Event::SecondFactorEnabled(enabled) => vec![second_factor(&SecondFactorRow {
            customer: enabled.customer,
            factor: enabled.factor,
            enabled: true,
            sealed_secret: Some(enabled.sealed_secret.clone()),
        })],
        wire::Event::SecondFactorRemoved(removed) => vec![second_factor(&SecondFactorRow {
            customer: removed.customer,
            factor: removed.factor,
            enabled: false,
            sealed_secret: None,
        })],
        wire::Event::PasskeyAdded(added) => vec![passkey(&PasskeyRow {
            customer: added.customer,
            passkey: added.passkey,
            sealed_passkey: Some(added.sealed_passkey.clone()),
            added_at: added.at,
        })],
        wire::Event::PasskeyRemoved(removed) => vec![passkey(&PasskeyRow {
            customer: removed.customer,
            passkey: removed.passkey,
            sealed_passkey: None,
            added_at: removed.at,
        })],
        wire::Event::ProfileReplaced(replaced) => {
            let row = ProfileRow {
                customer: replaced.customer,
                sealed_profile: replaced.sealed_profile.clone(),
            };
            vec![(table::PROFILE, replaced.customer.to_bytes(), row.to_bytes())]
        }
        wire::Event::SignInFailed(_)
        | wire::Event::RoleGranted(_)
        | wire::Event::LimitIncreaseConfirmed(_)
        | wire::Event::SessionRefreshRepeated(_)
        | wire::Event::StrangerTurnedAway(_)
        | wire::Event::SecondFactorProved(_)
        | wire::Event::RecoveryCodeUsed(_)
        | wire::Event::SteppedUp(_)
        | wire::Event::PasskeyUsed(_)
        | wire::Event::PasswordResetOffered(_)
        | wire::Event::PasswordResetTaken(_)
        | wire::Event::StaffAdmitted(_)
        | wire::Event::EnrolmentOwed(_)
        | wire::Event::RoleRevoked(_)
        | wire::Event::PersonalDataErased(_) => Vec::new(),
    }
}

fn second_factor(row: &SecondFactorRow) -> Written {
    (
        table::SECOND_FACTOR,
        row.customer.to_bytes(),
        row.to_bytes(),
    )
}

fn passkey(row: &PasskeyRow) -> Written {
    let key = [&row.customer.to_bytes()[..], &row.passkey.to_be_bytes()].concat();
    (table::PASSKEY, key, row.to_bytes())
}

/// The passkey that the same record uses up, by its number.
fn passkey_used(event: &wire::Event) -> Option<u64> {
    if let wire::Event::PasskeyUsed(used) = event {
        Some(used.passkey)
    } else {
        None
    }
}

fn session_of_customer(row: &SessionOfCustomerRow) -> Written {
    let key = [row.customer.to_bytes(), row.session.to_bytes()].concat();
    (table::SESSION_OF_CUSTOMER, key, row.to_bytes())
}

fn session_use(row: &SessionUseRow) -> Written {
    let key = [row.customer.to_bytes(), row.session.to_bytes()].concat();
    (table::SESSION_USE, key, row.to_bytes())
}

fn session(row: SessionRow) -> Written {
    (table::SESSION, row.session.to_bytes(), row.to_bytes())
}

fn reminder(row: &SessionReminderRow) -> Written {
    let key = row.session.to_bytes();
    (table::SESSION_REMINDER, key, row.to_bytes())
}

fn increase(row: &IncreaseRow) -> Written {
    let key = [row.customer.to_bytes(), row.kind.to_bytes()].concat();
    (table::INCREASE, key, row.to_bytes())
}

/// The kind's number is one byte on the wire, as the key wants it.
fn own_limit(row: &OwnLimitRow) -> Written {
    let key = [row.customer.to_bytes(), row.kind.to_bytes()].concat();
    (table::OWN_LIMIT, key, row.to_bytes())
}
