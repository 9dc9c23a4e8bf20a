//! The state as bytes.
//!
//! Duty: equal states give equal bytes, and the bytes give the state back. Prohibition: nothing
//! is judged.

use kernel::{CustomerId, DepositId, Money, Timestamp, WithdrawalId};
use payments_domain as domain;
use payments_domain::{DepositState, State, WithdrawalState};
use schemas::{DecodeError, Wire, wire};

wire! {
    /// All of one partition.
    record Saved {
        deposits: Vec<SavedDeposit>,
        withdrawals: Vec<SavedWithdrawal>,
        customers: Vec<SavedCustomer>,
        provider_events: Vec<SavedProviderEvent>,
    }
    /// See [`domain::DepositState`].
    record SavedDeposit {
        deposit: DepositId,
        customer: CustomerId,
        amount: Money,
        provider: String,
        requested_at: Timestamp,
        status: DepositStatus,
    }
    /// See [`domain::DepositStatus`].
    enum DepositStatus { Requested, Confirmed, Failed, FailedButReceived }
    /// See [`domain::WithdrawalState`].
    record SavedWithdrawal {
        withdrawal: WithdrawalId,
        customer: CustomerId,
        amount: Money,
        provider: String,
        requested_at: Timestamp,
        status: WithdrawalStatus,
    }
    /// See [`domain::WithdrawalStatus`].
    enum WithdrawalStatus { Requested, Submitted, Disputed, Paid, Failed }
    /// See [`domain::Customer`].
    record SavedCustomer {
        customer: CustomerId,
        day: Option<Money>,
        week: Option<Money>,
        month: Option<Money>,
        excluded_until: Option<Timestamp>,
        counted: Vec<SavedCounted>,
    }
    /// See [`domain::Counted`].
    record SavedCounted { deposit: DepositId, at: Timestamp, amount: Money }
    /// An event of a provider that has had its effect.
    record SavedProviderEvent { provider: String, event: String }
}

macro_rules! same_names {
    ($save:ident, $load:ident, $type:ident { $($name:ident),* $(,)? }) => {
        const fn $save(value: domain::$type) -> $type {
            match value { $(domain::$type::$name => $type::$name,)* }
        }
        const fn $load(value: $type) -> domain::$type {
            match value { $($type::$name => domain::$type::$name,)* }
        }
    };
}

same_names!(
    save_deposit_status,
    load_deposit_status,
    DepositStatus {
        Requested,
        Confirmed,
        Failed,
        FailedButReceived
    }
);
same_names!(
    save_withdrawal_status,
    load_withdrawal_status,
    WithdrawalStatus {
        Requested,
        Submitted,
        Disputed,
        Paid,
        Failed
    }
);

pub(crate) fn encode(state: &State) -> Vec<u8> {
    Saved {
        deposits: state.deposits.values().map(save_deposit).collect(),
        withdrawals: state.withdrawals.values().map(save_withdrawal).collect(),
        customers: state
            .customers
            .iter()
            .map(|(id, customer)| save_customer(*id, customer))
            .collect(),
        provider_events: state
            .provider_events
            .iter()
            .map(|(provider, event)| SavedProviderEvent {
                provider: provider.clone(),
                event: event.clone(),
            })
            .collect(),
    }
    .to_bytes()
}

fn save_deposit(saved: &DepositState) -> SavedDeposit {
    SavedDeposit {
        deposit: saved.deposit.id,
        customer: saved.deposit.customer,
        amount: saved.deposit.amount,
        provider: saved.deposit.provider.clone(),
        requested_at: saved.deposit.requested_at,
        status: save_deposit_status(saved.status),
    }
}

fn save_withdrawal(saved: &WithdrawalState) -> SavedWithdrawal {
    SavedWithdrawal {
        withdrawal: saved.withdrawal.id,
        customer: saved.withdrawal.customer,
        amount: saved.withdrawal.amount,
        provider: saved.withdrawal.provider.clone(),
        requested_at: saved.withdrawal.requested_at,
        status: save_withdrawal_status(saved.status),
    }
}

fn save_customer(id: CustomerId, customer: &domain::Customer) -> SavedCustomer {
    SavedCustomer {
        customer: id,
        day: customer.limits.day,
        week: customer.limits.week,
        month: customer.limits.month,
        excluded_until: customer.excluded_until,
        counted: customer
            .counted
            .iter()
            .map(|counted| SavedCounted {
                deposit: counted.deposit,
                at: counted.at,
                amount: counted.amount,
            })
            .collect(),
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
    let saved = Saved::from_bytes(bytes)?;
    Ok(State {
        deposits: saved
            .deposits
            .into_iter()
            .map(|saved| (saved.deposit, load_deposit(saved)))
            .collect(),
        withdrawals: saved
            .withdrawals
            .into_iter()
            .map(|saved| (saved.withdrawal, load_withdrawal(saved)))
            .collect(),
        customers: saved
            .customers
            .into_iter()
            .map(|saved| (saved.customer, load_customer(saved)))
            .collect(),
        provider_events: saved
            .provider_events
            .into_iter()
            .map(|saved| (saved.provider, saved.event))
            .collect(),
    })
}

fn load_deposit(saved: SavedDeposit) -> DepositState {
    DepositState {
        deposit: domain::Deposit {
            id: saved.deposit,
            customer: saved.customer,
            amount: saved.amount,
            provider: saved.provider,
            requested_at: saved.requested_at,
        },
        status: load_deposit_status(saved.status),
    }
}

fn load_withdrawal(saved: SavedWithdrawal) -> WithdrawalState {
    WithdrawalState {
        withdrawal: domain::Withdrawal {
            id: saved.withdrawal,
            customer: saved.customer,
            amount: saved.amount,
            provider: saved.provider,
            requested_at: saved.requested_at,
        },
        status: load_withdrawal_status(saved.status),
    }
}

fn load_customer(saved: SavedCustomer) -> domain::Customer {
    domain::Customer {
        limits: domain::DepositLimits {
            day: saved.day,
            week: saved.week,
            month: saved.month,
        },
        excluded_until: saved.excluded_until,
        counted: saved
            .counted
            .into_iter()
            .map(|counted| domain::Counted {
                deposit: counted.deposit,
                at: counted.at,
                amount: counted.amount,
            })
            .collect(),
    }
}
