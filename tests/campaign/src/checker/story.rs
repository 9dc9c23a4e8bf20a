//! What the log tells of requests, bets, deposits and money, for the history checker.
//!
//! Duty: fold effective decisions into the few facts that clients can have been told.
//! Prohibition: no judgement, and no fold of a service is called: this is a reading of its own.

use audit::Auditor;
use kernel::{BetId, CustomerId, DepositId, MarketId, Money, Position, Price, RequestId};
use kernel::{SelectionId, TransferId};
use rustc_hash::FxHashMap;
use schemas::ledger::{Account, AccountKind, Balance};
use schemas::{Cause, Decision, Events, bets, ledger, payments};
use std::collections::{BTreeMap, BTreeSet};

/// A decision that answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub position: Position,
    pub rejected: bool,
    pub bet: Option<BetId>,
    pub deposit: Option<DepositId>,
}

/// A slip that was placed.
#[derive(Clone, Debug)]
pub(super) struct Bet {
    pub customer: CustomerId,
    pub client_ref: Option<String>,
    pub stake: Money,
    pub selection: Option<SelectionId>,
    pub accepted: Vec<Position>,
    pub prices: Vec<Price>,
    pub rejected: Vec<Position>,
    pub returned: Option<Money>,
}

/// A deposit that was requested.
#[derive(Clone, Debug)]
pub(super) struct Deposit {
    pub customer: CustomerId,
    pub amount: Money,
    pub confirmed: u32,
    pub failed: u32,
}

/// A cash account after a ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub offset: u64,
    pub posted_minor: i64,
    pub held_minor: i64,
}

/// All of it.
#[derive(Default)]
pub struct Story {
    pub(super) auditor: Auditor,
    pub(super) answers: FxHashMap<RequestId, Vec<Answered>>,
    pub(super) bets: BTreeMap<BetId, Bet>,
    pub(super) deposits: BTreeMap<DepositId, Deposit>,
    pub(super) cash: BTreeMap<CustomerId, Vec<Line>>,
    pub(super) holds: FxHashMap<TransferId, Position>,
    asked: BTreeMap<RequestId, Position>,
    /// Records of inboxes that nobody can read, and that were refused at their places.
    refused: BTreeSet<Position>,
    pending: BTreeSet<BetId>,
    settling: BTreeSet<(u16, MarketId)>,
    waiting: BTreeSet<DepositId>,
}

impl Story {
    /// A command stands in an inbox.
    pub(super) fn asked(&mut self, request: RequestId, position: Position) {
        if !self.answers.contains_key(&request) {
            self.asked.insert(request, position);
        }
    }

    pub(super) fn forget_answered(&mut self) {
        let (answers, refused) = (&self.answers, &self.refused);
        self.asked.retain(|request, position| {
            !answers.contains_key(request) && !refused.contains(position)
        });
    }

    /// Takes the next effective decision of its partition.
    pub fn take(&mut self, decision: &Decision) {
        self.auditor.take(decision);
        let position = decision.position;
        let (mut placed, mut requested) = (None, None);
        match &decision.events {
            Events::BetsEvents(body) => {
                for event in &body.events {
                    placed = self.take_bets(position, event).or(placed);
                }
            }
            Events::LedgerEvents(body) => {
                for event in &body.events {
                    self.take_ledger(position, event);
                }
            }
            Events::PaymentsEvents(body) => {
                for event in &body.events {
                    requested = self.take_payments(event).or(requested);
                }
            }
            Events::AuthEvents(_) | Events::OddsEvents(_) | Events::FraudEvents(_) => {}
        }
        if let (None, Some(Cause::Input(input))) =
            (decision.header.request_id, decision.header.cause)
            && decision.events.is_rejection()
        {
            self.refused.insert(input);
        }
        if let Some(request) = decision.header.request_id {
            self.answers.entry(request).or_default().push(Answered {
                position,
                rejected: decision.events.is_rejection(),
                bet: placed,
                deposit: requested,
            });
        }
    }

    /// The bet that was placed, if one was.
    fn take_bets(&mut self, position: Position, event: &bets::Event) -> Option<BetId> {
        if let bets::Event::BetPlaced(placed) = event {
            self.pending.insert(placed.bet);
            let bet = Bet {
                customer: placed.customer,
                client_ref: placed.client_ref.clone(),
                stake: placed.stake,
                selection: placed.legs.first().map(|leg| leg.selection),
                accepted: Vec::new(),
                prices: Vec::new(),
                rejected: Vec::new(),
                returned: None,
            };
            self.bets.insert(placed.bet, bet);
            return Some(placed.bet);
        }
        if let bets::Event::BetAccepted(accepted) = event {
            self.pending.remove(&accepted.bet);
            if let Some(bet) = self.bets.get_mut(&accepted.bet) {
                bet.accepted.push(position);
                bet.prices = accepted.legs.iter().map(|leg| leg.price).collect();
            }
        } else if let bets::Event::BetRejected(rejected) = event {
            self.pending.remove(&rejected.bet);
            if let Some(bet) = self.bets.get_mut(&rejected.bet) {
                bet.rejected.push(position);
            }
        } else if let bets::Event::BetSettled(settled) = event {
            if let Some(bet) = self.bets.get_mut(&settled.bet) {
                bet.returned = Some(settled.returned);
            }
        } else if let bets::Event::SettlementReversed(reversed) = event {
            if let Some(bet) = self.bets.get_mut(&reversed.bet) {
                bet.returned = None;
            }
        } else if let bets::Event::SettlementStarted(started) = event {
            self.settling.insert((position.partition, started.market));
        } else if let bets::Event::SettlementAdvanced(advanced) = event
            && advanced.finished
        {
            self.settling.remove(&(position.partition, advanced.market));
        }
        None
    }

    fn take_payments(&mut self, event: &payments::Event) -> Option<DepositId> {
        if let payments::Event::DepositRequested(requested) = event {
            self.waiting.insert(requested.deposit);
            let deposit = Deposit {
                customer: requested.customer,
                amount: requested.amount,
                confirmed: 0,
                failed: 0,
            };
            self.deposits.insert(requested.deposit, deposit);
            return Some(requested.deposit);
        }
        if let payments::Event::DepositConfirmed(confirmed) = event {
            self.waiting.remove(&confirmed.deposit);
            if let Some(deposit) = self.deposits.get_mut(&confirmed.deposit) {
                deposit.confirmed += 1;
            }
        } else if let payments::Event::DepositFailed(failed) = event {
            self.waiting.remove(&failed.deposit);
            if let Some(deposit) = self.deposits.get_mut(&failed.deposit) {
                deposit.failed += 1;
            }
        }
        None
    }

    fn take_ledger(&mut self, position: Position, event: &ledger::Event) {
        use ledger::Event as E;
        match event {
            E::TransferPosted(moved) => {
                self.stands(position, &moved.debit, &moved.debit_after);
                self.stands(position, &moved.credit, &moved.credit_after);
            }
            E::TransferHeld(held) => {
                self.holds.insert(held.id, position);
                self.stands(position, &held.debit, &held.debit_after);
            }
            E::HoldCaptured(captured) => {
                self.stands(position, &captured.debit, &captured.debit_after);
                self.stands(position, &captured.credit, &captured.credit_after);
            }
            E::HoldVoided(voided) => self.stands(position, &voided.debit, &voided.debit_after),
            E::HoldExpired(expired) => self.stands(position, &expired.debit, &expired.debit_after),
            E::TransferRefused(_) | E::AccountRulesSet(_) | E::NothingMoved(_) => {}
        }
    }

    fn stands(&mut self, position: Position, account: &Account, balance: &Balance) {
        let (Some(customer), AccountKind::Cash) = (account.customer, account.kind) else {
            return;
        };
        let lines = self.cash.entry(customer).or_default();
        // Of several entries in one record only the last one can be seen from outside.
        if lines
            .last()
            .is_some_and(|last| last.offset == position.offset)
        {
            lines.pop();
        }
        lines.push(Line {
            offset: position.offset,
            posted_minor: balance.posted_minor,
            held_minor: balance.held_minor,
        });
    }

    /// What was begun and is not finished, in words; empty when everything has come to rest.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        let mut list = Vec::new();
        let mut tell = |count: usize, what: &str, example: Option<String>| {
            if let Some(example) = example {
                list.push(format!("{count} {what}, such as {example}"));
            }
        };
        tell(
            self.asked.len(),
            "commands without an answer",
            self.asked.values().next().map(ToString::to_string),
        );
        tell(
            self.pending.len(),
            "bets neither accepted nor rejected",
            self.pending.first().map(ToString::to_string),
        );
        tell(
            self.waiting.len(),
            "deposits without an outcome",
            self.waiting.first().map(ToString::to_string),
        );
        tell(
            self.settling.len(),
            "settlements not finished",
            self.settling
                .first()
                .map(|(partition, market)| format!("{market} in partition {partition}")),
        );
        list
    }

    /// Effective decisions.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.auditor.decisions()
    }
}
