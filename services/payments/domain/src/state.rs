//! What replay rebuilds: the payments of one partition and the customers behind them.
//!
//! Duty: the state and its fold. Prohibition: no judgement.

use crate::customer::{Counted, Customer};
use crate::event::{Deposit, Event, Withdrawal};
use kernel::{CustomerId, DepositId, WithdrawalId};
use std::collections::{BTreeMap, BTreeSet};

/// The payments of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By id.
    pub deposits: BTreeMap<DepositId, DepositState>,
    /// By id.
    pub withdrawals: BTreeMap<WithdrawalId, WithdrawalState>,
    /// What is known of customers; without an entry, nothing binds.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Which of a provider's events have had their effect, by provider and its event id.
    pub provider_events: BTreeSet<(String, String)>,
}

/// A deposit and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositState {
    /// As asked for.
    pub deposit: Deposit,
    /// Where it stands.
    pub status: DepositStatus,
}

/// Where a deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DepositStatus {
    /// The provider has not told yet.
    Requested,
    /// The provider has the money.
    Confirmed,
    /// It came to nothing.
    Failed,
    /// It came to nothing, yet the provider has money for it, which was reported.
    FailedButReceived,
}

/// A withdrawal and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalState {
    /// As asked for.
    pub withdrawal: Withdrawal,
    /// Where it stands.
    pub status: WithdrawalStatus,
}

/// Where a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithdrawalStatus {
    /// The ledger has not told of the hold yet.
    Requested,
    /// The money is held; the provider has not told yet.
    Submitted,
    /// The money is held and the provider has told something that cannot be: a person must look,
    /// nobody calls again.
    Disputed,
    /// The provider has paid.
    Paid,
    /// It came to nothing.
    Failed,
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::DepositRequested(deposit) => self.open_deposit(deposit),
            Event::DepositConfirmed {
                deposit,
                provider_event,
            } => {
                self.move_deposit(deposit.id, DepositStatus::Confirmed);
                self.heard(&deposit.provider, provider_event);
            }
            Event::DepositFailed { deposit, .. } => {
                self.move_deposit(deposit.id, DepositStatus::Failed);
                if let Some(customer) = self.customers.get_mut(&deposit.customer) {
                    customer.discount(deposit.id);
                }
            }
            Event::WithdrawalRequested(withdrawal) => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Requested);
            }
            Event::WithdrawalSubmitted(withdrawal) => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Submitted);
            }
            Event::WithdrawalPaid {
                withdrawal,
                provider_event,
            } => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Paid);
                self.heard(&withdrawal.provider, provider_event);
            }
            Event::WithdrawalFailed { withdrawal, .. } => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Failed);
            }
            Event::UnknownPaymentReported {
                provider,
                provider_event,
                reference,
                ..
            } => {
                self.heard(provider, provider_event);
                let failed = reference
                    .parse()
                    .ok()
                    .and_then(|id: DepositId| self.deposits.get_mut(&id))
                    .filter(|deposit| deposit.status == DepositStatus::Failed);
                if let Some(deposit) = failed {
                    deposit.status = DepositStatus::FailedButReceived;
                }
            }
            Event::OutcomeContradicted {
                provider,
                provider_event,
                reference,
            } => {
                self.heard(provider, provider_event);
                self.dispute(reference);
            }
            Event::DepositLimitNoticed { customer, limits } => {
                self.customers.entry(*customer).or_default().limits = *limits;
            }
            Event::ExclusionNoticed { customer, until } => {
                self.customers.entry(*customer).or_default().excluded_until = Some(*until);
            }
        }
    }

    fn open_deposit(&mut self, deposit: &Deposit) {
        let customer = self.customers.entry(deposit.customer).or_default();
        customer.count(Counted {
            deposit: deposit.id,
            at: deposit.requested_at,
            amount: deposit.amount,
        });
        let opened = DepositState {
            deposit: deposit.clone(),
            status: DepositStatus::Requested,
        };
        self.deposits.insert(deposit.id, opened);
    }

    fn move_deposit(&mut self, id: DepositId, status: DepositStatus) {
        if let Some(deposit) = self.deposits.get_mut(&id) {
            deposit.status = status;
        }
    }

    fn put_withdrawal(&mut self, withdrawal: &Withdrawal, status: WithdrawalStatus) {
        let moved = WithdrawalState {
            withdrawal: withdrawal.clone(),
            status,
        };
        self.withdrawals.insert(withdrawal.id, moved);
    }

    /// A contradiction about a withdrawal that waits for its outcome stops it.
    fn dispute(&mut self, reference: &str) {
        let found = reference
            .parse()
            .ok()
            .and_then(|id: WithdrawalId| self.withdrawals.get_mut(&id));
        if let Some(withdrawal) = found
            && withdrawal.status == WithdrawalStatus::Submitted
        {
            withdrawal.status = WithdrawalStatus::Disputed;
        }
    }

    fn heard(&mut self, provider: &str, provider_event: &str) {
        self.provider_events
            .insert((provider.to_owned(), provider_event.to_owned()));
    }
}
