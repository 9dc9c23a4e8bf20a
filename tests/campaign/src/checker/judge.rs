//! Holding each operation against the log.
//!
//! Duty: every ok stands in the log exactly once with the values told, every fail has no effect,
//! every info is one or the other, nobody's bet was invented, acknowledgements that did not
//! overlap stand in their order, and the money is what all of it amounts to. Prohibition: a
//! finding is never dropped; only its text is kept short.

use super::reads::{Reads, seen};
use super::story::{Answered, Story};
use super::{Checker, story};
use crate::history::{Deed, End, History, Operation, Told};
use kernel::{BetId, CustomerId, DepositId, Position, RequestId, SelectionId, TopicPartition};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Acknowledged, and not in the log.
    Lost,
    /// More effects than one request, or effects that nobody asked for.
    Doubled,
    /// The client was told other values than the log has.
    ToldOtherwise,
    /// Refused, and yet it has an effect.
    RefusedHasEffect,
    /// A read that is older than what the client had been told.
    Stale,
    /// A read of what never stood.
    Torn,
    /// The log's order contradicts the order in which clients learnt.
    Reordered,
    /// Money is not what the operations amount to.
    Money,
    /// An invariant that the log alone shows.
    Invariant,
    /// The log cannot be read on.
    Halted,
    /// Begun, not finished, and nothing is on its way.
    Unresolved,
    /// A client was answered what no server may answer.
    Unlawful,
    /// The views are not what the log makes of them.
    View,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Its kind.
    pub wrong: Wrong,
    /// What.
    pub detail: String,
}

impl Finding {
    /// Of this kind.
    #[must_use]
    pub const fn new(wrong: Wrong, detail: String) -> Self {
        Self { wrong, detail }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.wrong, self.detail)
    }
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bets accepted.
    pub bets_ok: u64,
    /// Bets refused.
    pub bets_failed: u64,
    /// Deposits requested.
    pub deposits_ok: u64,
    /// Deposits refused.
    pub deposits_failed: u64,
    /// Balances read.
    pub looks: u64,
    /// Operations that were sent more than once: their outcome was in doubt at some time.
    pub in_doubt: u64,
    /// Operations whose end no client learnt, and which have had their effect.
    pub unknown_done: u64,
    /// Operations whose end no client learnt, and which have had none.
    pub unknown_absent: u64,
    /// Bets whose settlement was held against the result.
    pub settled: u64,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What was compared.
    pub counts: Counts,
}

/// The id of a request: the first half of a hash over whose it is, what it does and its key. Told
/// here a second time on purpose: if the gateway's rule ever changes, repeats of old requests
/// would be new ones.
#[must_use]
pub fn request_id(customer: CustomerId, route: &str, key: &str) -> RequestId {
    let mut hasher = Sha256::new();
    for part in [&customer.bytes()[..], route.as_bytes(), key.as_bytes()] {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    RequestId::from_bytes(half)
}

/// An acknowledgement with its place.
struct Placed {
    offset: u64,
    invoked_us: u64,
    ended_us: u64,
    op: usize,
}

struct Judge<'a> {
    story: &'a Story,
    results: BTreeMap<SelectionId, bool>,
    report: Report,
    order: BTreeMap<TopicPartition, Vec<Placed>>,
    reads: Reads,
    known: BTreeSet<RequestId>,
    customers: BTreeSet<CustomerId>,
}

impl Checker {
    /// Holds a history against what was read. `at_rest`: the load has stopped and everything has
    /// come to rest, so that what was begun must be finished.
    #[must_use]
    pub fn judge(&self, history: &History, at_rest: bool) -> Report {
        let operations = history.operations();
        self.judge_operations(&operations, history.results(), &history.wrongs(), at_rest)
    }

    /// The same with the parts of a history.
    #[must_use]
    pub fn judge_operations(
        &self,
        operations: &[Operation],
        results: BTreeMap<SelectionId, bool>,
        wrongs: &[String],
        at_rest: bool,
    ) -> Report {
        let mut judge = Judge {
            story: &self.story,
            results,
            report: Report::default(),
            order: BTreeMap::new(),
            reads: Reads::default(),
            known: BTreeSet::new(),
            customers: BTreeSet::new(),
        };
        judge.report.findings.extend_from_slice(self.halts());
        for (op, operation) in operations.iter().enumerate() {
            judge.operation(op, operation);
        }
        judge.invented();
        judge.orders(operations);
        let findings = judge.reads.judge(&self.story.cash);
        judge.report.findings.extend(findings);
        for wrong in wrongs {
            judge.find(Wrong::Unlawful, wrong.clone());
        }
        for violation in self.story.auditor.violations(at_rest) {
            judge.find(Wrong::Invariant, violation.to_string());
        }
        if at_rest {
            for unfinished in self.story.unfinished() {
                judge.find(Wrong::Unresolved, unfinished);
            }
            judge.money();
        }
        judge.bank();
        judge.report
    }
}

impl Judge<'_> {
    fn find(&mut self, wrong: Wrong, detail: String) {
        self.report.findings.push(Finding::new(wrong, detail));
    }

    fn operation(&mut self, op: usize, operation: &Operation) {
        self.customers.insert(operation.customer);
        self.report.counts.in_doubt += u64::from(operation.tries > 1);
        match &operation.deed {
            Deed::Bet { key, .. } => self.asked(op, operation, "POST /v1/bets", key),
            Deed::Deposit { key, .. } => self.asked(op, operation, "POST /v1/deposits", key),
            Deed::Look { at_least } => {
                self.report.counts.looks += u64::from(matches!(operation.end, End::Ok(_)));
                self.reads.look(op, operation, at_least.as_deref());
            }
        }
    }

    fn asked(&mut self, op: usize, operation: &Operation, route: &str, key: &str) {
        let request = request_id(operation.customer, route, key);
        self.known.insert(request);
        let story = self.story;
        let answers = story.answers.get(&request).map_or(&[][..], Vec::as_slice);
        if answers.len() > 1 {
            let places: Vec<_> = answers.iter().map(|a| a.position.to_string()).collect();
            self.find(Wrong::Doubled, format!("{key} is answered at {places:?}"));
        }
        let answer = answers.first();
        if let (Some(answer), Some(ended_us)) = (answer, operation.ended_us) {
            self.note_order(op, operation, answer.position, ended_us);
        }
        let is_bet = matches!(operation.deed, Deed::Bet { .. });
        let effect = self.has_effect(answer);
        match &operation.end {
            End::Ok(told) => {
                let counts = &mut self.report.counts;
                counts.bets_ok += u64::from(is_bet);
                counts.deposits_ok += u64::from(!is_bet);
                match answer {
                    None => self.find(Wrong::Lost, format!("{key} was acknowledged: {told:?}")),
                    Some(answer) => self.told(op, operation, key, told, answer),
                }
            }
            End::Fail { code } => {
                let counts = &mut self.report.counts;
                counts.bets_failed += u64::from(is_bet);
                counts.deposits_failed += u64::from(!is_bet);
                if effect {
                    let detail = format!("{key} was refused ({code}) and stands: {answer:?}");
                    self.find(Wrong::RefusedHasEffect, detail);
                }
            }
            End::Info => {
                let counts = &mut self.report.counts;
                counts.unknown_done += u64::from(effect);
                counts.unknown_absent += u64::from(!effect);
            }
        }
    }

    fn has_effect(&self, answer: Option<&Answered>) -> bool {
        let Some(answer) = answer.filter(|answer| !answer.rejected) else {
            return false;
        };
        answer.deposit.is_some()
            || answer
                .bet
                .and_then(|bet| self.story.bets.get(&bet))
                .is_some_and(|bet| !bet.accepted.is_empty())
    }

    fn told(
        &mut self,
        op: usize,
        operation: &Operation,
        key: &str,
        told: &Told,
        answer: &Answered,
    ) {
        match told {
            Told::Bet {
                id,
                stake_minor,
                price,
                position,
            } => {
                let bet_id = id.parse::<BetId>().ok();
                let found = answer.bet.and_then(|bet| self.story.bets.get(&bet));
                let Some((bet_id, bet)) = bet_id.zip(found).filter(|_| bet_id == answer.bet) else {
                    let detail = format!("{key} was acknowledged as {id}, the log has {answer:?}");
                    self.find(Wrong::Lost, detail);
                    return;
                };
                let bet = bet.clone();
                self.accepted(op, operation, key, bet_id, &bet, position);
                let stands = bet.stake.minor() == *stake_minor
                    && bet.customer == operation.customer
                    && bet.client_ref.as_deref() == Some(key)
                    && bet
                        .prices
                        .iter()
                        .map(ToString::to_string)
                        .eq([price.clone()])
                    && matches!(&operation.deed, Deed::Bet { stake_minor: asked, selection, .. }
                        if asked == stake_minor && bet.selection == Some(*selection));
                if !stands {
                    let detail = format!("{key}: told {told:?}, the log has {bet:?}");
                    self.find(Wrong::ToldOtherwise, detail);
                }
            }
            Told::Deposit {
                id,
                minor,
                position,
            } => {
                let deposit_id = id.parse::<DepositId>().ok();
                let found = deposit_id.and_then(|id| self.story.deposits.get(&id));
                let Some(deposit) = found.filter(|_| deposit_id == answer.deposit) else {
                    let detail = format!("{key} was acknowledged as {id}, the log has {answer:?}");
                    self.find(Wrong::Lost, detail);
                    return;
                };
                let stands = deposit.amount.minor() == *minor
                    && deposit.customer == operation.customer
                    && matches!(&operation.deed, Deed::Deposit { minor: asked, .. } if asked == minor)
                    && seen(position).contains(&answer.position);
                if !stands {
                    let detail = format!("{key}: told {told:?}, the log has {deposit:?}");
                    self.find(Wrong::ToldOtherwise, detail);
                }
            }
            Told::Balance { .. } => self.find(
                Wrong::Unlawful,
                format!("{key} was answered with a balance"),
            ),
        }
    }

    fn accepted(
        &mut self,
        op: usize,
        operation: &Operation,
        key: &str,
        bet_id: BetId,
        bet: &story::Bet,
        position: &str,
    ) {
        match bet.accepted.as_slice() {
            [] => {
                let detail = format!("{key} was acknowledged, {bet_id} was never accepted");
                self.find(Wrong::Lost, detail);
            }
            [once] => {
                if !seen(position).contains(once) {
                    let detail = format!("{key}: accepted at {once}, told {:?}", seen(position));
                    self.find(Wrong::ToldOtherwise, detail);
                }
            }
            many => {
                let detail = format!("{key}: {bet_id} is accepted at {many:?}");
                self.find(Wrong::Doubled, detail);
            }
        }
        if !bet.rejected.is_empty() {
            let detail = format!("{key}: {bet_id} is accepted and rejected");
            self.find(Wrong::Doubled, detail);
        }
        let hold = schemas::bets::stake_hold(bet_id, 0);
        match (self.story.holds.get(&hold), operation.ended_us) {
            (Some(hold), Some(ended_us)) => {
                self.note_order(op, operation, *hold, ended_us);
                self.reads.hold(operation, *hold, ended_us);
            }
            (None, _) => {
                let detail = format!("{key}: {bet_id} was accepted, its stake was never held");
                self.find(Wrong::Money, detail);
            }
            (Some(_), None) => {}
        }
    }

    fn note_order(&mut self, op: usize, operation: &Operation, position: Position, ended_us: u64) {
        let placed = Placed {
            offset: position.offset,
            invoked_us: operation.invoked_us,
            ended_us,
            op,
        };
        self.order
            .entry(position.topic_partition())
            .or_default()
            .push(placed);
    }

    /// Each partition has one order of all its records. Who had learnt an end before another was
    /// invoked stands before it: one pass with the latest invocation so far finds every breach.
    fn orders(&mut self, operations: &[Operation]) {
        let mut found = Vec::new();
        for (at, placed) in &mut self.order {
            placed.sort_by_key(|placed| placed.offset);
            let mut latest: Option<&Placed> = None;
            for placed in placed.iter() {
                if let Some(before) = latest.filter(|before| placed.ended_us < before.invoked_us) {
                    let name = |op: usize| operations.get(op).map(|operation| &operation.deed);
                    found.push(Finding::new(
                        Wrong::Reordered,
                        format!(
                            "{at}: {:?} ended before {:?} was invoked and stands after it",
                            name(placed.op),
                            name(before.op)
                        ),
                    ));
                }
                if latest.is_none_or(|latest| placed.invoked_us > latest.invoked_us) {
                    latest = Some(placed);
                }
            }
        }
        self.report.findings.extend(found);
    }

    /// Bets and deposits of our customers that nobody has asked for.
    fn invented(&mut self) {
        let mut found = Vec::new();
        for (request, answers) in &self.story.answers {
            if self.known.contains(request) {
                continue;
            }
            for answer in answers {
                let bet = answer.bet.and_then(|bet| self.story.bets.get(&bet));
                let deposit = answer.deposit.and_then(|id| self.story.deposits.get(&id));
                let owner = bet.map(|bet| bet.customer);
                let owner = owner.or(deposit.map(|deposit| deposit.customer));
                if owner.is_some_and(|owner| self.customers.contains(&owner)) {
                    let detail = format!("{} was asked for by nobody", answer.position);
                    found.push(Finding::new(Wrong::Doubled, detail));
                }
            }
        }
        self.report.findings.extend(found);
    }

    /// What each customer's cash must be: deposits in, stakes out, returns in.
    fn money(&mut self) {
        let mut expected: BTreeMap<CustomerId, (i64, i64)> = BTreeMap::new();
        for deposit in self.story.deposits.values() {
            let minor = deposit.amount.minor() * i64::from(deposit.confirmed);
            expected.entry(deposit.customer).or_default().0 += minor;
            if deposit.confirmed > 1 {
                let detail = format!("{deposit:?} was confirmed more than once");
                self.report
                    .findings
                    .push(Finding::new(Wrong::Doubled, detail));
            }
        }
        let mut found = Vec::new();
        for (id, bet) in &self.story.bets {
            if bet.accepted.is_empty() {
                continue;
            }
            let (posted, held) = expected.entry(bet.customer).or_default();
            let stake = bet.stake.minor();
            let won = bet.selection.and_then(|of| self.results.get(&of));
            match won {
                None => *held += stake,
                Some(won) => {
                    let returned = if *won { returns(stake, bet) } else { 0 };
                    *posted += returned - stake;
                    self.report.counts.settled += 1;
                    if bet.returned.map(kernel::Money::minor) != Some(returned) {
                        let told = bet.returned;
                        let detail = format!("{id} must return {returned}, the log has {told:?}");
                        found.push(Finding::new(Wrong::Money, detail));
                    }
                }
            }
        }
        for customer in &self.customers {
            let expected = expected.get(customer).copied().unwrap_or_default();
            let last = self.story.cash.get(customer).and_then(|lines| lines.last());
            let stands = last.map_or((0, 0), |line| (line.posted_minor, line.held_minor));
            if stands != expected {
                let detail =
                    format!("{customer} has {stands:?} (cash, held), it must be {expected:?}");
                found.push(Finding::new(Wrong::Money, detail));
            }
        }
        self.report.findings.extend(found);
    }

    /// Money only moves: all accounts together hold nothing.
    fn bank(&mut self) {
        let mut sums: BTreeMap<kernel::Currency, i128> = BTreeMap::new();
        for (key, state) in self.story.auditor.accounts() {
            *sums.entry(key.currency).or_default() += state.posted_minor;
        }
        for (currency, sum) in sums {
            if sum != 0 {
                self.find(
                    Wrong::Money,
                    format!("all accounts together hold {sum} of {currency}"),
                );
            }
        }
    }
}

/// What a won single returns. The prices of these markets make whole cents.
fn returns(stake: i64, bet: &story::Bet) -> i64 {
    bet.prices.iter().fold(stake, |minor, price| {
        (minor * price.numerator()).div_euclid(price.denominator())
    })
}
