//! The channel of balances as a customer's screen sees it.
//!
//! Duty: one stream that is never cut and one that is cut again and again, loses what was on its
//! way and goes on from the last position that it has seen, served by somebody who reads the log
//! anew. Both must tell the same, each account's entries without a gap. Prohibition: the resumed
//! stream knows nothing but its position.

use crate::sabotage::Saboteur;
use audit::Violation;
use eventlog::{Chain, Dice, SimulatedLog};
use kernel::{InvariantId, Position, TopicPartition};
use runtime::take;
use schemas::ledger::{Account, Balance, Event};
use schemas::{Decision, Events};
use std::collections::{BTreeMap, VecDeque};

/// A balance that a stream told, and the position that it told with it.
type Told = (Position, Account, Balance);

/// Both streams of one ledger partition.
#[derive(Default)]
struct Pair {
    uncut: Vec<Told>,
    cut: Vec<Told>,
    on_its_way: VecDeque<Told>,
    told_with: Option<Position>,
}

/// The streams of all ledger partitions.
#[derive(Default)]
pub struct Streams {
    pairs: BTreeMap<TopicPartition, Pair>,
}

impl Streams {
    /// A decision goes out to both streams.
    pub fn send(&mut self, decision: &Decision) {
        if !matches!(decision.events, Events::LedgerEvents(_)) {
            return;
        }
        let pair = self.pairs.entry(decision.topic_partition()).or_default();
        let told = balances(decision);
        pair.uncut.extend(told.iter().cloned());
        pair.on_its_way.extend(told);
    }

    /// Some of it arrives; now and then the line breaks and the client comes back.
    pub fn arrive(
        &mut self,
        log: &SimulatedLog,
        dice: &mut Dice,
        mut saboteur: Option<&mut Saboteur>,
    ) {
        for (at, pair) in &mut self.pairs {
            if dice.permille(30) {
                let repeats = saboteur.as_mut().is_some_and(|s| {
                    // Only where there is something to repeat.
                    pair.told_with.is_some() && s.repeats()
                });
                pair.resume(*at, log, repeats);
            }
            let most = dice.below(8);
            for _ in 0..most {
                pair.arrive_one(saboteur.as_deref_mut());
            }
        }
    }

    /// At rest: all has arrived, the same on both, without a gap.
    pub fn check(&mut self, log: &SimulatedLog) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (at, pair) in &mut self.pairs {
            pair.resume(*at, log, false);
            while !pair.on_its_way.is_empty() {
                pair.arrive_one(None);
            }
            let mut report = |position, detail| {
                violations.push(Violation {
                    invariant: InvariantId::StreamsAreGapless,
                    position,
                    detail,
                });
            };
            if pair.cut != pair.uncut {
                let detail = format!(
                    "the resumed stream told {} balances, the other {}",
                    pair.cut.len(),
                    pair.uncut.len()
                );
                report(at.at(0), detail);
            }
            let mut entries: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
            for (position, account, balance) in &pair.cut {
                let last = entries.entry(schemas::Wire::to_bytes(account)).or_default();
                if balance.entry != *last + 1 {
                    let detail = format!("{account:?}: {} follows {last}", balance.entry);
                    report(*position, detail);
                }
                *last = balance.entry;
            }
        }
        violations
    }
}

impl Pair {
    /// Takes one decision's balances whole: a client acknowledges positions, not halves of them.
    fn arrive_one(&mut self, saboteur: Option<&mut Saboteur>) {
        let Some(position) = self.on_its_way.front().map(|(position, ..)| *position) else {
            return;
        };
        let skips = saboteur.is_some_and(Saboteur::skips);
        while let Some(told) = self.on_its_way.pop_front_if(|(of, ..)| *of == position) {
            if !skips {
                self.cut.push(told);
            }
        }
        self.told_with = Some(position);
    }

    /// What was on its way is lost; another server reads the log and goes on after the position.
    fn resume(&mut self, at: TopicPartition, log: &SimulatedLog, repeats: bool) {
        let mut chain = Chain::default();
        let records = log.records(at, 0, usize::MAX);
        let stretch = take(at, &mut chain, &records).expect("a simulated journal never halts");
        let sent_to = self.uncut.last().map(|(position, ..)| *position);
        self.on_its_way = stretch
            .decisions
            .iter()
            .flat_map(|effective| balances(&effective.decision))
            .filter(|(position, ..)| {
                let new = self.told_with.is_none_or(|seen| seen < *position);
                let repeated = repeats && self.told_with == Some(*position);
                (new || repeated) && sent_to.is_some_and(|to| *position <= to)
            })
            .collect();
    }
}

/// The balances that a decision of the ledger tells, in its order.
fn balances(decision: &Decision) -> Vec<Told> {
    let Events::LedgerEvents(body) = &decision.events else {
        return Vec::new();
    };
    let mut told = Vec::new();
    let mut one = |account: &Account, balance: &Balance| {
        told.push((decision.position, account.clone(), balance.clone()));
    };
    for event in &body.events {
        match event {
            Event::TransferPosted(posted) => {
                one(&posted.debit, &posted.debit_after);
                one(&posted.credit, &posted.credit_after);
            }
            Event::TransferHeld(held) => one(&held.debit, &held.debit_after),
            Event::HoldCaptured(captured) => {
                one(&captured.debit, &captured.debit_after);
                one(&captured.credit, &captured.credit_after);
            }
            Event::HoldVoided(voided) => one(&voided.debit, &voided.debit_after),
            Event::HoldExpired(expired) => one(&expired.debit, &expired.debit_after),
            Event::TransferRefused(_) | Event::AccountRulesSet(_) | Event::NothingMoved(_) => {}
        }
    }
    told
}
