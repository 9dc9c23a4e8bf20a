//! The rows that a slip leaves.

use super::*;
use schemas::Wire;
use schemas::bets::Event;
use schemas::rows::{BetAcceptedRow, BetRow, BetStatus, BetStatusRow, LiabilityRow, table};
use viewstore::Row;

fn status(rows: &[Row]) -> BetStatusRow {
    let row = rows.iter().find(|row| row.table == table::BET_STATUS);
    BetStatusRow::from_bytes(&row.unwrap().value).unwrap()
}

fn rows_of(events: &[Event]) -> Vec<Row> {
    let rows = crate::rows(&bets_decision(events.to_vec()));
    assert!(rows.iter().all(|row| row.seq == 9));
    rows
}

#[test]
fn a_slip_s_rows_follow_its_events() {
    let mut partition = Partition::new();
    let placed = rows_of(&partition.request(place(1), at(10)));
    assert_eq!(status(&placed).status, BetStatus::Pending);
    let row = placed.iter().find(|row| row.table == table::BET).unwrap();
    let row = BetRow::from_bytes(&row.value).unwrap();
    assert_eq!(row.placed.client_ref.as_deref(), Some("slip-42"));
    let of_customer = placed
        .iter()
        .find(|row| row.table == table::BET_OF_CUSTOMER)
        .unwrap();
    assert_eq!(of_customer.key, [CUSTOMER.bytes(), bet(1).bytes()].concat());

    let struck = rows_of(&partition.react(&ledger_decision(vec![held(1, 0)]), at(12)));
    let struck_status = status(&struck);
    assert_eq!(struck_status.status, BetStatus::Accepted);
    assert_eq!(
        struck_status.accepted_position,
        Some(struck_status.position)
    );
    let row = struck.iter().find(|row| row.table == table::BET_ACCEPTED);
    let row = BetAcceptedRow::from_bytes(&row.unwrap().value).unwrap();
    assert_eq!(row.legs[0].selection_name, "Rovers");
    let liability = struck.iter().find(|row| row.table == table::LIABILITY);
    let liability = LiabilityRow::from_bytes(&liability.unwrap().value).unwrap();
    assert_eq!(
        (liability.slips, liability.stakes, liability.returns),
        (1, eur(1_000), eur(2_500))
    );

    let won = odds_decision(3, at(20), vec![resulted(1, odds::OutcomeKind::Won)]);
    partition.react(&won, at(20));
    let settled = rows_of(&partition.rest(at(21)));
    let settled_status = status(&settled);
    assert_eq!(settled_status.status, BetStatus::Settled);
    assert_eq!(settled_status.returned, Some(eur(2_500)));
    assert_eq!(settled_status.exact.as_deref(), Some("25"));
    let liability = settled.iter().find(|row| row.table == table::LIABILITY);
    let liability = LiabilityRow::from_bytes(&liability.unwrap().value).unwrap();
    assert_eq!(liability.slips, 0);
}

#[test]
fn a_rejected_slip_s_row_says_why() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    let short = refused(1, ledger::RefusalReason::DebitExceedsAvailable);
    let rows = rows_of(&partition.react(&ledger_decision(vec![short]), at(12)));
    let row = status(&rows);
    assert_eq!(row.status, BetStatus::Rejected);
    assert!(matches!(
        row.rejection.unwrap().reason,
        bets::RejectionReason::InsufficientFunds(funds) if funds.available == eur(300)
    ));
}

#[test]
fn of_two_writes_to_one_key_the_last_stays() {
    let mut partition = Partition::new();
    partition.request(place(1), at(10));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(12));
    let won = odds_decision(3, at(20), vec![resulted(1, odds::OutcomeKind::Won)]);
    partition.react(&won, at(20));
    partition.rest(at(21));
    let rows = rows_of(&partition.recorded);
    let of_status = rows.iter().filter(|row| row.table == table::BET_STATUS);
    assert_eq!(of_status.count(), 1);
    assert_eq!(status(&rows).status, BetStatus::Settled);
}

#[test]
fn other_journals_leave_no_rows() {
    assert_eq!(crate::rows(&ledger_decision(vec![held(1, 0)])), []);
}
