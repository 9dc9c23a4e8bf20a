//! The payments of the scenarios.
//!
//! Duty: one deposit and one withdrawal of one customer. Prohibition: tests only.

use crate::command::{Command, RequestDeposit, RequestWithdrawal, Terms};
use crate::decide::Payments;
use crate::event::{Deposit, Event, Withdrawal};
use kernel::{Currency, CustomerId, DepositId, Money, Timestamp, WithdrawalId};

pub(crate) type Scenario = kernel::Scenario<Payments>;

pub(crate) const PARTITION: u16 = 3;
pub(crate) const ANNA: CustomerId = CustomerId::example(1, PARTITION);
pub(crate) const DEPOSIT: DepositId = DepositId::example(2, PARTITION);
pub(crate) const WITHDRAWAL: WithdrawalId = WithdrawalId::example(3, PARTITION);

pub(crate) const fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

/// Seconds after the beginning of the scenario.
pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

pub(crate) fn scenario<const N: usize>(events: [Event; N]) -> Scenario {
    Scenario::given(events)
}

const fn terms() -> Option<Terms> {
    Some(Terms {
        minimum: eur(100),
        maximum: eur(1_000_000),
        needs_instrument: false,
    })
}

/// The same, of a provider that pays only to what is named to it.
pub(crate) fn terms_that_need_an_instrument() -> Option<Terms> {
    terms().map(|terms| Terms {
        needs_instrument: true,
        ..terms
    })
}

pub(crate) fn deposit_request() -> RequestDeposit {
    RequestDeposit {
        deposit: DEPOSIT,
        customer: ANNA,
        amount: eur(500),
        provider: "simulator".to_owned(),
        instrument: None,
        terms: terms(),
        now: at(0),
    }
}

pub(crate) fn ask_deposit() -> Command {
    Command::RequestDeposit(deposit_request())
}

pub(crate) fn deposit() -> Deposit {
    Deposit {
        id: DEPOSIT,
        customer: ANNA,
        amount: eur(500),
        provider: "simulator".to_owned(),
        requested_at: at(0),
    }
}

pub(crate) fn withdrawal_request() -> RequestWithdrawal {
    RequestWithdrawal {
        withdrawal: WITHDRAWAL,
        customer: ANNA,
        amount: eur(200),
        provider: "simulator".to_owned(),
        instrument: None,
        review_from: None,
        terms: terms(),
        now: at(0),
    }
}

pub(crate) fn ask_withdrawal() -> Command {
    Command::RequestWithdrawal(withdrawal_request())
}

pub(crate) fn withdrawal() -> Withdrawal {
    Withdrawal {
        id: WITHDRAWAL,
        customer: ANNA,
        amount: eur(200),
        provider: "simulator".to_owned(),
        requested_at: at(0),
    }
}
