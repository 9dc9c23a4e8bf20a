//! The views of a world: one store, two projectors that know nothing of each other, a reader.
//!
//! Duty: let a second projector come late, begin again and write what has long been written, and
//! look at rows as a reader does: none may go back, none may be damaged, and in the end they are
//! what one projector alone would have written. Prohibition: no store of its own; it is the port
//! and the store in memory.

use crate::sabotage::Saboteur;
use audit::Violation;
use eventlog::{Chain, Dice, SimulatedLog};
use futures::FutureExt;
use kernel::{InvariantId, Topic, TopicPartition};
use runtime::{Stretch, chain_to_bytes, rows_of, take};
use std::collections::BTreeMap;
use viewstore::{MemoryViewStore, Progress, Row, StoredRow, ViewStore};

/// What is read again after each stretch.
const ROWS_READ: usize = 4;

/// A table and a key in it.
type RowKey = (&'static str, Vec<u8>);

/// A store of rows and those who use it.
#[derive(Default)]
pub struct Views {
    store: MemoryViewStore,
    late: BTreeMap<TopicPartition, Chain>,
    seen: BTreeMap<RowKey, u64>,
    violations: Vec<Violation>,
}

impl Views {
    /// The first projector writes what was just read.
    pub fn project(&mut self, stretch: &Stretch, saboteur: Option<&mut Saboteur>) {
        self.write(stretch, saboteur);
    }

    /// The second projector goes on by a few records, or begins again from nothing.
    pub fn project_late(
        &mut self,
        at: TopicPartition,
        log: &SimulatedLog,
        dice: &mut Dice,
        saboteur: Option<&mut Saboteur>,
    ) {
        let chain = self.late.entry(at).or_default();
        if dice.permille(20) {
            *chain = Chain::default();
        }
        let portion = 1 + usize::try_from(dice.below(6)).unwrap_or(0);
        let records = log.records(at, chain.next_offset, portion);
        let stretch = take(at, chain, &records).expect("a simulated journal never halts");
        self.write(&stretch, saboteur);
    }

    fn write(&mut self, stretch: &Stretch, mut saboteur: Option<&mut Saboteur>) {
        let mut rows = rows_of(stretch, projection(stretch.topic_partition.topic));
        if let Some(saboteur) = &mut saboteur {
            rows.iter_mut().for_each(|row| saboteur.written(row));
        }
        let keys: Vec<RowKey> = rows
            .iter()
            .rev()
            .take(ROWS_READ)
            .map(|row| (row.table, row.key.clone()))
            .collect();
        let progress = Progress {
            next_offset: stretch.chain.next_offset,
            seq: stretch.chain.seq,
            chain: chain_to_bytes(&stretch.chain),
        };
        self.store
            .apply(stretch.topic_partition, rows, progress)
            .now_or_never()
            .expect("the store in memory answers at once")
            .expect("rows of one journal partition belong to it");
        for (table, key) in keys {
            self.read(stretch.topic_partition, table, key, saboteur.as_deref_mut());
        }
    }

    /// A reader looks at a row.
    pub fn read(
        &mut self,
        at: TopicPartition,
        table: &'static str,
        key: Vec<u8>,
        saboteur: Option<&mut Saboteur>,
    ) -> Option<StoredRow> {
        let found = self
            .store
            .get(table, key.clone())
            .now_or_never()
            .expect("the store in memory answers at once");
        let shown = match (found, saboteur) {
            (Ok(Some(row)), Some(saboteur)) => saboteur.shown(table, row).map(Some),
            (found, _) => found,
        };
        let mut report = |detail: String| {
            self.violations.push(Violation {
                invariant: InvariantId::ViewsOnlyAdvance,
                position: at.at(0),
                detail,
            });
        };
        match shown {
            Err(error) => {
                report(error.to_string());
                None
            }
            Ok(None) => {
                if self.seen.contains_key(&(table, key)) {
                    report(format!("a row of {table} is gone"));
                }
                None
            }
            Ok(Some(row)) => {
                let seen = self.seen.entry((table, key)).or_insert(row.seq);
                if row.seq < *seen {
                    report(format!("a row of {table} went from {seen} to {}", row.seq));
                }
                *seen = row.seq.max(*seen);
                Some(row)
            }
        }
    }

    /// What readers hold against the views.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }

    /// At rest: every row is what a single projector makes of the log, read from zero.
    pub fn check(&mut self, journals: &[TopicPartition], log: &SimulatedLog) -> Vec<Violation> {
        let mut violations = Vec::new();
        for at in journals {
            for ((table, key), (seq, value)) in single_run(*at, log) {
                let row = self.read(*at, table, key, None);
                let agrees = row
                    .as_ref()
                    .is_some_and(|row| row.seq == seq && row.value == value);
                if !agrees {
                    violations.push(Violation {
                        invariant: InvariantId::ReplayEqualsViews,
                        position: at.at(0),
                        detail: format!("a row of {table} is {row:?}, a single run gives {seq}"),
                    });
                }
            }
        }
        violations
    }
}

/// What one projector alone writes.
fn single_run(at: TopicPartition, log: &SimulatedLog) -> BTreeMap<RowKey, (u64, Vec<u8>)> {
    let mut chain = Chain::default();
    let records = log.records(at, 0, usize::MAX);
    let stretch = take(at, &mut chain, &records).expect("a simulated journal never halts");
    rows_of(&stretch, projection(at.topic))
        .into_iter()
        .map(
            |Row {
                 table,
                 key,
                 value,
                 seq,
             }| ((table, key), (seq, value)),
        )
        .collect()
}

fn projection(topic: Topic) -> Option<runtime::Projection> {
    match topic {
        Topic::AuthEvents => Some(auth::rows),
        Topic::BetsEvents => Some(bets::rows),
        Topic::LedgerEvents => Some(ledger::rows),
        Topic::PaymentsEvents => Some(payments::rows),
        Topic::FraudEvents => Some(fraud::rows),
        Topic::OddsEvents
        | Topic::AuthCommands
        | Topic::OddsCommands
        | Topic::BetsCommands
        | Topic::LedgerCommands
        | Topic::PaymentsCommands
        | Topic::FraudCommands => None,
    }
}
