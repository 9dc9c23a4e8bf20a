//! The decider: commands to facts.
//!
//! Duty: take a batch apart into single transfers and chains, and see to it that what follows
//! fits one record. Prohibition: no rule about a single transfer is here; that is `judge`'s.

use crate::batch::Batch;
use crate::command::{Command, Rejection};
use crate::event::{AccountRulesSet, Event, HoldExpired, RefusalReason};
use crate::judge::{Judged, Refusal, after_release};
use crate::record_size::{self, TRANSFERS_ALWAYS_FIT};
use crate::state::Ledger;
use crate::transfer::{Transfer, TransferKey};
use crate::{Account, Rules};
use kernel::{Decider, Partition, TransferId};

/// The most transfers of one batch.
pub const TRANSFERS_MAX: u32 = 8_189;

impl Decider for Ledger {
    type State = Self;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> Self {
        Self::empty()
    }

    fn decide(ledger: &Self, command: &Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::PostTransfers {
                partition,
                transfers,
            } => post_transfers(ledger, *partition, transfers),
            Command::SetAccountRules {
                partition,
                account,
                rules,
            } => set_account_rules(ledger, *partition, *account, *rules),
            Command::ExpireHold { hold } => Ok(expire_hold(ledger, *hold)),
        }
    }

    fn evolve(ledger: &mut Self, event: &Event) {
        ledger.apply(event);
    }
}

fn post_transfers(
    ledger: &Ledger,
    partition: Partition,
    transfers: &[Transfer],
) -> Result<Vec<Event>, Rejection> {
    let count = u32::try_from(transfers.len()).unwrap_or(u32::MAX);
    if count > TRANSFERS_MAX {
        return Err(Rejection::BatchTooLarge {
            maximum: TRANSFERS_MAX,
        });
    }
    let mut batch = Batch::new(ledger, partition, transfers.len());
    let mut rest = transfers;
    while let Some((first, after_first)) = rest.split_first() {
        rest = if first.linked {
            let (chain, after_chain) = split_chain(rest);
            batch.carry_out_chain(chain);
            after_chain
        } else {
            batch.carry_out(first);
            after_first
        };
    }
    let events = batch.events;
    if count > TRANSFERS_ALWAYS_FIT && !record_size::fits(&events) {
        return Err(Rejection::BatchTooLarge {
            maximum: TRANSFERS_ALWAYS_FIT,
        });
    }
    Ok(events)
}

/// A chain: linked transfers and the one after them that is not. A batch may end before that.
fn split_chain(transfers: &[Transfer]) -> (&[Transfer], &[Transfer]) {
    let linked = transfers.iter().take_while(|transfer| transfer.linked);
    let length = linked.count().saturating_add(1).min(transfers.len());
    transfers.split_at(length)
}

impl Batch<'_> {
    fn carry_out(&mut self, transfer: &Transfer) {
        if let Err(refusal) = self.judge(transfer) {
            self.refuse(transfer, refusal);
        }
    }

    /// All or none. A chain that was carried out or refused before is a repeat and leaves
    /// nothing; one that has some of its transfers behind it already is refused; one that was to
    /// release a hold that is not there is passed over as a whole.
    fn carry_out_chain(&mut self, chain: &[Transfer]) {
        let mark = self.begin_chain();
        match self.try_chain(chain) {
            Ok(Judged::Recorded | Judged::Repeat) => self.keep_chain(mark),
            Ok(Judged::PassedOver) => self.drop_chain(mark),
            Err((at, refusal)) => {
                self.drop_chain(mark);
                self.refuse_chain(chain, at, refusal);
            }
        }
    }

    fn refuse_chain(&mut self, chain: &[Transfer], at: usize, refusal: Refusal) {
        for (index, transfer) in chain.iter().enumerate() {
            if self.is_repeat(transfer) {
                continue;
            }
            let refusal = if index == at {
                refusal
            } else {
                RefusalReason::LinkedTransferRefused.into()
            };
            self.refuse(transfer, refusal);
        }
    }

    /// Where the chain breaks, and why.
    fn try_chain(&mut self, chain: &[Transfer]) -> Result<Judged, (usize, Refusal)> {
        let mut last_new = None;
        let mut repeats = false;
        for (index, transfer) in chain.iter().enumerate() {
            match self.judge(transfer) {
                Ok(Judged::Recorded) => last_new = Some(index),
                Ok(Judged::Repeat) => repeats = true,
                Ok(Judged::PassedOver) => return Ok(Judged::PassedOver),
                Err(refusal) => return Err((index, refusal)),
            }
        }
        let Some(last_new) = last_new else {
            return Ok(Judged::Repeat);
        };
        if repeats {
            return Err((last_new, RefusalReason::LinkedTransferRefused.into()));
        }
        if chain.last().is_some_and(|transfer| transfer.linked) {
            let last = chain.len().saturating_sub(1);
            return Err((last, RefusalReason::ChainOpen.into()));
        }
        Ok(Judged::Recorded)
    }

    fn is_repeat(&self, transfer: &Transfer) -> bool {
        self.known(TransferKey::of(transfer.id))
            .is_some_and(|before| before.is_of(transfer.content()))
    }
}

fn set_account_rules(
    ledger: &Ledger,
    partition: Partition,
    account: Account,
    rules: Rules,
) -> Result<Vec<Event>, Rejection> {
    if !account.is_in(partition) {
        return Err(Rejection::AccountOfOtherPartition);
    }
    if !account.kind.takes_rules() {
        return Err(Rejection::RulesNotForKind(account.kind));
    }
    if rules.balance_max.is_some_and(|max| max < 0) {
        return Err(Rejection::BalanceMaxNegative);
    }
    if ledger.rules(account) == rules {
        return Ok(vec![]);
    }
    Ok(vec![Event::AccountRulesSet(AccountRulesSet {
        account,
        rules,
    })])
}

fn expire_hold(ledger: &Ledger, id: TransferId) -> Vec<Event> {
    let Some(hold) = ledger.hold(id) else {
        return vec![];
    };
    vec![Event::HoldExpired(HoldExpired {
        hold: id,
        debit: hold.debit,
        credit: hold.credit,
        minor: hold.minor,
        code: hold.code,
        debit_after: after_release(ledger.balance(hold.debit), hold.minor),
    })]
}
