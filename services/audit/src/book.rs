//! I1, I2 and I3: the ledger's book, folded a second time.
//!
//! Duty: recompute every balance from the movements alone and compare it with what the record
//! says; check limits of accounts, holds and entry numbers; the whole book sums to zero because
//! every movement takes from one account what it gives to another.

use crate::findings::Findings;
use kernel::{Currency, CustomerId, InvariantId, Position, TransferId};
use rustc_hash::FxHashMap;
use schemas::ledger::{Account, AccountKind, Balance, Event};

/// An account, with the partition that tells house accounts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The ledger partition.
    pub partition: u16,
    /// Whose; none: the house's.
    pub customer: Option<CustomerId>,
    /// What for.
    pub kind: AccountKind,
    /// In which currency.
    pub currency: Currency,
}

/// An account as the movements leave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Credits less debits, minor units.
    pub posted_minor: i128,
    /// What of it is held.
    pub held_minor: i128,
    /// How many entries there are.
    pub entries: u64,
    /// The last entry.
    pub last: Option<Position>,
}

#[derive(Debug, Clone, Copy)]
struct OpenHold {
    debit: AccountKey,
    minor: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    accounts: FxHashMap<AccountKey, AccountState>,
    holds: FxHashMap<TransferId, OpenHold>,
    sums: FxHashMap<(u16, Currency), i128>,
}

fn key(position: Position, account: &Account) -> AccountKey {
    AccountKey {
        partition: position.partition,
        customer: account.customer,
        kind: account.kind,
        currency: account.currency,
    }
}

fn minus(minor: i64) -> i128 {
    i128::from(minor).saturating_neg()
}

impl Book {
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&AccountKey, &AccountState)> {
        self.accounts.iter()
    }

    pub(crate) fn take(&mut self, position: Position, event: &Event, findings: &mut Findings) {
        match event {
            Event::TransferPosted(moved) => {
                let (debit, credit) = (key(position, &moved.debit), key(position, &moved.credit));
                self.same_currency(position, debit, credit, findings);
                self.positive(position, moved.minor, findings);
                self.change(
                    position,
                    debit,
                    minus(moved.minor),
                    0,
                    &moved.debit_after,
                    findings,
                );
                self.change(
                    position,
                    credit,
                    moved.minor.into(),
                    0,
                    &moved.credit_after,
                    findings,
                );
            }
            Event::TransferHeld(held) => {
                let debit = key(position, &held.debit);
                self.positive(position, held.minor, findings);
                if self
                    .holds
                    .insert(
                        held.id,
                        OpenHold {
                            debit,
                            minor: held.minor,
                        },
                    )
                    .is_some()
                {
                    findings.report(
                        InvariantId::StakesAreReserved,
                        position,
                        format!("{} is held twice", held.id),
                    );
                }
                self.change(
                    position,
                    debit,
                    0,
                    held.minor.into(),
                    &held.debit_after,
                    findings,
                );
            }
            Event::HoldCaptured(captured) => {
                let (debit, credit) = (
                    key(position, &captured.debit),
                    key(position, &captured.credit),
                );
                self.same_currency(position, debit, credit, findings);
                let total =
                    i128::from(captured.minor).saturating_add(captured.released_minor.into());
                self.end_hold(position, captured.hold, debit, total, findings);
                self.change(
                    position,
                    debit,
                    minus(captured.minor),
                    total.saturating_neg(),
                    &captured.debit_after,
                    findings,
                );
                self.change(
                    position,
                    credit,
                    captured.minor.into(),
                    0,
                    &captured.credit_after,
                    findings,
                );
            }
            Event::HoldVoided(voided) => {
                let debit = key(position, &voided.debit);
                self.end_hold(position, voided.hold, debit, voided.minor.into(), findings);
                self.change(
                    position,
                    debit,
                    0,
                    minus(voided.minor),
                    &voided.debit_after,
                    findings,
                );
            }
            Event::HoldExpired(expired) => {
                let debit = key(position, &expired.debit);
                self.end_hold(
                    position,
                    expired.hold,
                    debit,
                    expired.minor.into(),
                    findings,
                );
                self.change(
                    position,
                    debit,
                    0,
                    minus(expired.minor),
                    &expired.debit_after,
                    findings,
                );
            }
            Event::TransferRefused(_) | Event::AccountRulesSet(_) | Event::NothingMoved(_) => {}
        }
        let sums = self.sums.values().all(|sum| *sum == 0);
        findings.require(sums, InvariantId::RecordsBalance, position, || {
            "the book does not sum to zero".to_owned()
        });
    }

    fn positive(&self, position: Position, minor: i64, findings: &mut Findings) {
        findings.require(minor > 0, InvariantId::MoneyIsExact, position, || {
            format!("{minor} moves")
        });
    }

    fn same_currency(
        &self,
        position: Position,
        debit: AccountKey,
        credit: AccountKey,
        findings: &mut Findings,
    ) {
        findings.require(
            debit.currency == credit.currency,
            InvariantId::RecordsBalance,
            position,
            || format!("from {} to {}", debit.currency, credit.currency),
        );
    }

    fn end_hold(
        &mut self,
        position: Position,
        hold: TransferId,
        debit: AccountKey,
        minor: i128,
        findings: &mut Findings,
    ) {
        match self.holds.remove(&hold) {
            Some(open) => findings.require(
                open.debit == debit && i128::from(open.minor) == minor,
                InvariantId::StakesAreReserved,
                position,
                || format!("{hold} held {}, ends with {minor}", open.minor),
            ),
            None => findings.report(
                InvariantId::StakesAreReserved,
                position,
                format!("{hold} is not open"),
            ),
        }
    }

    fn change(
        &mut self,
        position: Position,
        account: AccountKey,
        posted: i128,
        held: i128,
        told: &Balance,
        findings: &mut Findings,
    ) {
        let state = self.accounts.entry(account).or_default();
        state.posted_minor = state.posted_minor.saturating_add(posted);
        state.held_minor = state.held_minor.saturating_add(held);
        state.entries = state.entries.saturating_add(1);
        state.last = Some(position);
        let sum = self
            .sums
            .entry((account.partition, account.currency))
            .or_default();
        *sum = sum.saturating_add(posted);
        let agrees = state.posted_minor == i128::from(told.posted_minor)
            && state.held_minor == i128::from(told.held_minor);
        findings.require(agrees, InvariantId::RecordsBalance, position, || {
            format!("{account:?}: the record says {told:?}, the movements {state:?}")
        });
        findings.require(
            state.entries == told.entry,
            InvariantId::ChainIsUnbroken,
            position,
            || {
                format!(
                    "{account:?}: entry {} is numbered {}",
                    state.entries, told.entry
                )
            },
        );
        let within = match account.kind {
            AccountKind::Cash | AccountKind::Bonus => {
                state.held_minor >= 0 && state.posted_minor >= state.held_minor
            }
            AccountKind::Receivable => state.posted_minor <= 0 && state.held_minor == 0,
            AccountKind::Book
            | AccountKind::Provider
            | AccountKind::Promotions
            | AccountKind::Adjustments => state.held_minor >= 0,
            AccountKind::Suspense => state.posted_minor >= 0 && state.held_minor >= 0,
        };
        findings.require(within, InvariantId::LimitsOfAccountsHold, position, || {
            format!("{account:?} stands at {state:?}")
        });
    }
}
