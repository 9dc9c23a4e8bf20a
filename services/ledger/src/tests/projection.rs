//! Rows: one balance an account, one line an entry.

use super::*;
use crate::rows;
use schemas::rows::{BalanceRow, StatementRow, table};
use viewstore::Row;

/// What the ledger makes of a decision, as rows.
fn rows_of(events: &[Event]) -> Vec<Row> {
    let body = Body {
        rejection: None,
        events: events.iter().map(LedgerService::event_to_wire).collect(),
    };
    rows(&decision(Topic::LedgerEvents, Events::LedgerEvents(body)))
}

fn balances(rows: &[Row]) -> Vec<BalanceRow> {
    let of_table = rows.iter().filter(|row| row.table == table::BALANCE);
    of_table
        .map(|row| BalanceRow::from_bytes(&row.value).expect("a row can be read"))
        .collect()
}

fn lines(rows: &[Row]) -> Vec<StatementRow> {
    let of_table = rows.iter().filter(|row| row.table == table::STATEMENT);
    of_table
        .map(|row| StatementRow::from_bytes(&row.value).expect("a row can be read"))
        .collect()
}

/// Account kind, entry, change of posted, change of held, posted, held, counterpart.
fn told(
    line: &StatementRow,
) -> (
    wire::AccountKind,
    u64,
    i64,
    i64,
    i64,
    i64,
    wire::AccountKind,
) {
    (
        line.account.kind,
        line.entry,
        line.posted_change_minor,
        line.held_change_minor,
        line.posted_minor,
        line.held_minor,
        line.counterpart,
    )
}

use wire::AccountKind::{Book, Cash};

#[test]
fn a_hold_is_one_line_of_the_account_that_it_is_on() {
    let rows = rows_of(&World::funded(100).hear(&by_bets([placed(60)])));
    let told: Vec<_> = lines(&rows).iter().map(told).collect();
    assert_eq!(told, [(Cash, 2, 0, 60, 100, 60, Book)]);
}

#[test]
fn a_settlement_is_lines_of_both_sides() {
    let mut world = World::funded(100).hears(&by_bets([placed(60)]));
    let rows = rows_of(&world.hear(&by_bets([won(1, 60, 150)])));
    let told: Vec<_> = lines(&rows).iter().map(told).collect();
    assert_eq!(
        told,
        [
            (Cash, 3, -60, -60, 40, 0, Book),
            (Book, 1, 60, 0, 60, 0, Cash),
            (Book, 2, -150, 0, -90, 0, Cash),
            (Cash, 4, 150, 0, 190, 0, Book),
        ]
    );
}

#[test]
fn a_release_is_a_line() {
    let mut world = World::funded(100).hears(&by_bets([placed(60)]));
    let rows = rows_of(&world.hear(&by_bets([rejected(60, true)])));
    let told: Vec<_> = lines(&rows).iter().map(told).collect();
    assert_eq!(told, [(Cash, 3, 0, -60, 100, 0, Book)]);
}

#[test]
fn only_the_last_balance_of_a_decision_is_a_row() {
    let mut world = World::funded(100).hears(&by_bets([placed(60)]));
    let rows = rows_of(&world.hear(&by_bets([won(1, 60, 150)])));
    let mut found: Vec<_> = balances(&rows)
        .iter()
        .map(|row| {
            (
                row.account.kind,
                row.posted_minor,
                row.held_minor,
                row.entry,
            )
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [(Cash, 190, 0, 4), (Book, -90, 0, 2)]);
}

#[test]
fn rows_stand_on_their_decision() {
    let rows =
        rows_of(&World::new().post(house(AccountKind::Provider), of_ann(AccountKind::Cash), 5));
    assert_eq!(rows.len(), 4);
    for row in &rows {
        assert_eq!(row.seq, 9);
    }
    let position = TopicPartition::new(Topic::LedgerEvents, PARTITION).at(40);
    for line in lines(&rows) {
        assert_eq!(
            (line.position, line.at),
            (position, Timestamp::from_millis(5))
        );
    }
}

#[test]
fn keys_are_accounts_and_the_houses_are_of_their_partition() {
    let rows =
        rows_of(&World::new().post(house(AccountKind::Provider), of_ann(AccountKind::Cash), 5));
    let keys: Vec<_> = rows
        .iter()
        .map(|row| (row.table, row.key.clone()))
        .collect();
    let customer = joined::account_to_wire(of_ann(AccountKind::Cash)).to_bytes();
    let mut of_house = joined::account_to_wire(house(AccountKind::Provider)).to_bytes();
    of_house.extend_from_slice(&PARTITION.to_be_bytes());
    let first_entry = |account: &[u8]| [account, &1_u64.to_be_bytes()].concat();
    assert_eq!(
        keys,
        [
            (table::STATEMENT, first_entry(&of_house)),
            (table::STATEMENT, first_entry(&customer)),
            (table::BALANCE, of_house),
            (table::BALANCE, customer),
        ]
    );
}

#[test]
fn what_moves_nothing_writes_nothing() {
    let refused = World::funded(59).hear(&by_bets([placed(60)]));
    assert!(has_refusal(&refused));
    assert_eq!(rows_of(&refused), []);
    assert_eq!(rows(&by_bets([placed(60)])), []);
}
