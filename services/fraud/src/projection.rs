//! Rows of the views from fraud's decisions.
//!
//! Duty: the queue of cases, how they ended, and restrictions, each written in full from one
//! event. Prohibition: nothing is read, and scores are not rows; the case carries its reasons.

use kernel::Timestamp;
use schemas::rows::{CaseClosedRow, CaseRow, RestrictionRow, table};
use schemas::{Decision, Events, Wire, fraud as wire};
use viewstore::Row;

/// The rows that an effective decision of fraud's journal writes.
#[must_use]
pub fn rows(decision: &Decision) -> Vec<Row> {
    match &decision.events {
        Events::FraudEvents(body) => body
            .events
            .iter()
            .filter_map(|event| row(event, decision.header.decided_at, decision.header.seq))
            .collect(),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::LedgerEvents(_)
        | Events::PaymentsEvents(_) => Vec::new(),
    }
}

fn row(event: &wire::Event, decided_at: Timestamp, seq: u64) -> Option<Row> {
    let (table, key, value) = match event {
        wire::Event::CaseOpened(opened) => (
            table::CASE,
            opened.case.to_bytes(),
            CaseRow {
                case: opened.case,
                customer: opened.customer,
                score_permille: opened.score_permille,
                reasons: opened.reasons.clone(),
                opened_at: decided_at,
            }
            .to_bytes(),
        ),
        wire::Event::CaseClosed(closed) => (
            table::CASE_CLOSED,
            closed.case.to_bytes(),
            CaseClosedRow {
                case: closed.case,
                verdict: closed.verdict,
                note: closed.note.clone(),
                by: closed.by.clone(),
                closed_at: decided_at,
            }
            .to_bytes(),
        ),
        wire::Event::CustomerRestricted(restricted) => (
            table::RESTRICTION,
            restricted.customer.to_bytes(),
            RestrictionRow {
                customer: restricted.customer,
                stake_permille: restricted.stake_permille,
                note: restricted.note.clone(),
                at: decided_at,
            }
            .to_bytes(),
        ),
        wire::Event::CustomerObserved(_)
        | wire::Event::CustomerScored(_)
        | wire::Event::PriceMoveObserved(_) => return None,
    };
    Some(Row {
        table,
        key,
        value,
        seq,
    })
}
