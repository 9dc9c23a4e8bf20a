//! Rows of the views from the ledger's decisions.
//!
//! Duty: an account's balance, in full, and one line of its statement per entry, all from what
//! the events themselves carry. Prohibition: nothing is read and nothing is added up.
//!
//! An account's key is its name in Avro bytes; the house's accounts, of which each partition has
//! its own, add the partition in two bytes.

use kernel::{Partition, TransferId};
use schemas::ledger::{Account, AccountKind, Balance, Event, TransferCode};
use schemas::rows::{BalanceRow, StatementRow, table};
use schemas::{Decision, Events, Wire};
use std::collections::BTreeMap;
use viewstore::Row;

/// The rows that an effective decision of the ledger's journal writes.
#[must_use]
pub fn rows(decision: &Decision) -> Vec<Row> {
    let mut rows = Rows {
        decision,
        statement: Vec::new(),
        balances: BTreeMap::new(),
    };
    match &decision.events {
        Events::LedgerEvents(body) => body.events.iter().for_each(|event| rows.take(event)),
        Events::AuthEvents(_)
        | Events::OddsEvents(_)
        | Events::BetsEvents(_)
        | Events::PaymentsEvents(_)
        | Events::FraudEvents(_) => {}
    }
    rows.finish()
}

struct Rows<'a> {
    decision: &'a Decision,
    statement: Vec<Row>,
    /// An account's last balance within the decision is the one that counts.
    balances: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// One entry of one account.
struct Entry<'a> {
    account: &'a Account,
    transfer: TransferId,
    code: TransferCode,
    posted_change_minor: i64,
    held_change_minor: i64,
    after: &'a Balance,
    counterpart: AccountKind,
}

impl Rows<'_> {
    fn take(&mut self, event: &Event) {
        match event {
            Event::TransferPosted(it) => {
                self.entry(&Entry {
                    account: &it.debit,
                    transfer: it.id,
                    code: it.code,
                    posted_change_minor: it.minor.saturating_neg(),
                    held_change_minor: 0,
                    after: &it.debit_after,
                    counterpart: it.credit.kind,
                });
                self.entry(&Entry {
                    account: &it.credit,
                    transfer: it.id,
                    code: it.code,
                    posted_change_minor: it.minor,
                    held_change_minor: 0,
                    after: &it.credit_after,
                    counterpart: it.debit.kind,
                });
            }
            Event::TransferHeld(it) => self.entry(&Entry {
                account: &it.debit,
                transfer: it.id,
                code: it.code,
                posted_change_minor: 0,
                held_change_minor: it.minor,
                after: &it.debit_after,
                counterpart: it.credit.kind,
            }),
            Event::HoldCaptured(it) => {
                let held = it.minor.saturating_add(it.released_minor);
                self.entry(&Entry {
                    account: &it.debit,
                    transfer: it.id,
                    code: it.code,
                    posted_change_minor: it.minor.saturating_neg(),
                    held_change_minor: held.saturating_neg(),
                    after: &it.debit_after,
                    counterpart: it.credit.kind,
                });
                self.entry(&Entry {
                    account: &it.credit,
                    transfer: it.id,
                    code: it.code,
                    posted_change_minor: it.minor,
                    held_change_minor: 0,
                    after: &it.credit_after,
                    counterpart: it.debit.kind,
                });
            }
            Event::HoldVoided(it) => self.entry(&Entry {
                account: &it.debit,
                transfer: it.id,
                code: it.code,
                posted_change_minor: 0,
                held_change_minor: it.minor.saturating_neg(),
                after: &it.debit_after,
                counterpart: it.credit.kind,
            }),
            Event::HoldExpired(it) => self.entry(&Entry {
                account: &it.debit,
                transfer: it.hold,
                code: it.code,
                posted_change_minor: 0,
                held_change_minor: it.minor.saturating_neg(),
                after: &it.debit_after,
                counterpart: it.credit.kind,
            }),
            Event::TransferRefused(_) | Event::AccountRulesSet(_) | Event::NothingMoved(_) => {}
        }
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let position = self.decision.position;
        let at = self.decision.header.decided_at;
        let account_key = key(entry.account, position.partition);
        let balance = BalanceRow {
            account: entry.account.clone(),
            posted_minor: entry.after.posted_minor,
            held_minor: entry.after.held_minor,
            entry: entry.after.entry,
            position,
            at,
        };
        let line = StatementRow {
            account: entry.account.clone(),
            entry: entry.after.entry,
            transfer: entry.transfer,
            code: entry.code,
            posted_change_minor: entry.posted_change_minor,
            held_change_minor: entry.held_change_minor,
            posted_minor: entry.after.posted_minor,
            held_minor: entry.after.held_minor,
            counterpart: entry.counterpart,
            position,
            at,
        };
        let mut line_key = account_key.clone();
        line_key.extend_from_slice(&entry.after.entry.to_be_bytes());
        self.statement.push(Row {
            table: table::STATEMENT,
            key: line_key,
            value: line.to_bytes(),
            seq: self.decision.header.seq,
        });
        self.balances.insert(account_key, balance.to_bytes());
    }

    fn finish(self) -> Vec<Row> {
        let seq = self.decision.header.seq;
        let balances = self.balances.into_iter().map(|(key, value)| Row {
            table: table::BALANCE,
            key,
            value,
            seq,
        });
        let mut rows = self.statement;
        rows.extend(balances);
        rows
    }
}

fn key(account: &Account, partition: Partition) -> Vec<u8> {
    let mut key = account.to_bytes();
    if account.customer.is_none() {
        key.extend_from_slice(&partition.to_be_bytes());
    }
    key
}
