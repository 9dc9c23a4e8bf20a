//! Balances that clients were shown, against the states in which the account ever stood.
//!
//! Duty: find for each read a state that it may have shown: one that stood, not before what the
//! client knew when it asked, not before its own earlier reads, and not after what had not been
//! asked yet when it was answered. Prohibition: no state between two entries of one record counts.

use super::judge::{Finding, Wrong};
use super::story::Line;
use crate::history::{End, Operation, Told};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{CustomerId, Position, Topic};
use schemas::{Input, Wire};
use std::collections::BTreeMap;

/// The positions in a token of the gateway's; none if it is none.
pub(super) fn seen(token: &str) -> Vec<Position> {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
        return Vec::new();
    };
    let Some((1, rest)) = bytes.split_first() else {
        return Vec::new();
    };
    let mut input = Input::new(rest);
    let numbered = u64::decode(&mut input);
    numbered
        .and_then(|_| Vec::<Position>::decode(&mut input))
        .unwrap_or_default()
}

fn ledger_offset(token: &str) -> Option<u64> {
    seen(token)
        .into_iter()
        .filter(|position| position.topic == Topic::LedgerEvents)
        .map(|position| position.offset)
        .max()
}

struct Look {
    op: usize,
    client: u32,
    customer: CustomerId,
    invoked_us: u64,
    ended_us: u64,
    posted_minor: i64,
    held_minor: i64,
    /// The read says that it is at least as new as this.
    position: Option<u64>,
    /// The client asked for at least this.
    at_least: Option<u64>,
    insists: bool,
}

struct Hold {
    client: u32,
    offset: u64,
    invoked_us: u64,
    ended_us: u64,
}

/// Reads, and the holds by which they are placed in time.
#[derive(Default)]
pub(super) struct Reads {
    looks: Vec<Look>,
    holds: BTreeMap<CustomerId, Vec<Hold>>,
}

impl Reads {
    pub(super) fn look(&mut self, op: usize, operation: &Operation, at_least: Option<&str>) {
        let End::Ok(Told::Balance {
            cash_minor,
            held_minor,
            position,
        }) = &operation.end
        else {
            return;
        };
        self.looks.push(Look {
            op,
            client: operation.client,
            customer: operation.customer,
            invoked_us: operation.invoked_us,
            ended_us: operation.ended_us.unwrap_or(u64::MAX),
            posted_minor: cash_minor + held_minor,
            held_minor: *held_minor,
            position: ledger_offset(position),
            at_least: at_least.and_then(ledger_offset),
            insists: at_least.is_some(),
        });
    }

    pub(super) fn hold(&mut self, operation: &Operation, at: Position, ended_us: u64) {
        let holds = self.holds.entry(operation.customer).or_default();
        holds.push(Hold {
            client: operation.client,
            offset: at.offset,
            invoked_us: operation.invoked_us,
            ended_us,
        });
    }

    pub(super) fn judge(&self, cash: &BTreeMap<CustomerId, Vec<Line>>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut reached: BTreeMap<u32, usize> = BTreeMap::new();
        let none = Vec::new();
        for look in &self.looks {
            let lines = cash.get(&look.customer).unwrap_or(&none);
            let from = self.not_before(look, lines, reached.get(&look.client).copied());
            let to = self.not_after(look, lines);
            match shown(look, lines, from, to) {
                Some(state) => {
                    if look.insists {
                        reached.insert(look.client, state);
                    }
                }
                None if shown(look, lines, 0, lines.len()).is_some() => {
                    let detail = format!(
                        "{}: the account stood so, but not in its states {from} to {to}",
                        look.told()
                    );
                    findings.push(Finding::new(Wrong::Stale, detail));
                }
                None => {
                    let detail = format!("{}: the account never stood so", look.told());
                    findings.push(Finding::new(Wrong::Torn, detail));
                }
            }
        }
        findings
    }

    /// The first state that may be shown. State 0 is the empty account, state n the one after
    /// its nth record.
    fn not_before(&self, look: &Look, lines: &[Line], reached: Option<usize>) -> usize {
        let of = |offset: u64| lines.partition_point(|line| line.offset <= offset);
        let mut from = look.position.map_or(0, of);
        if look.insists {
            from = from.max(look.at_least.map_or(0, of));
            from = from.max(reached.unwrap_or(0));
            let own = self.holds.get(&look.customer).into_iter().flatten();
            let own = own.filter(|hold| hold.client == look.client);
            let known = own.filter(|hold| hold.ended_us < look.invoked_us);
            from = known.fold(from, |from, hold| from.max(of(hold.offset)));
        }
        from
    }

    /// One more than the last state that may be shown.
    fn not_after(&self, look: &Look, lines: &[Line]) -> usize {
        let later = self.holds.get(&look.customer).into_iter().flatten();
        let later = later.filter(|hold| hold.invoked_us > look.ended_us);
        let first = later.map(|hold| hold.offset).min();
        first.map_or(lines.len(), |offset| {
            lines.partition_point(|line| line.offset < offset)
        })
    }
}

/// The first state in that range which the read may have shown.
fn shown(look: &Look, lines: &[Line], from: usize, to: usize) -> Option<usize> {
    (from..=to).find(|state| {
        let line = state.checked_sub(1).and_then(|index| lines.get(index));
        let stood = line.map_or((0, 0), |line| (line.posted_minor, line.held_minor));
        stood == (look.posted_minor, look.held_minor)
    })
}

impl Look {
    fn told(&self) -> String {
        format!(
            "operation {} of {} was shown {} with {} held at {:?}",
            self.op, self.customer, self.posted_minor, self.held_minor, self.position
        )
    }
}
