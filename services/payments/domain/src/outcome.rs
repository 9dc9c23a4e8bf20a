//! What the provider says became of a payment, in any order and any number of times.
//!
//! Duty: the first outcome of an open payment decides it; the same again changes nothing; what
//! cannot be is recorded for a person to look at, never refused and never guessed over. Money
//! that the provider has and that no open deposit explains is reported, so that the ledger keeps
//! it in suspense.
//!
//! Prohibition: an outcome moves no deposit twice, whatever the provider calls its messages.

use crate::command::{Outcome, PaymentRef, ReportOutcome};
use crate::event::Event;
use crate::state::{DepositState, DepositStatus, State, WithdrawalState, WithdrawalStatus};
use kernel::Money;

pub(crate) fn report(state: &State, command: &ReportOutcome) -> Vec<Event> {
    let name = (command.provider.clone(), command.provider_event.clone());
    if state.provider_events.contains(&name) {
        return vec![];
    }
    match &command.payment {
        PaymentRef::Deposit(id) => match state.deposits.get(id) {
            Some(found) if found.deposit.provider == command.provider => of_deposit(found, command),
            Some(_) => vec![contradicted(command)],
            None => of_nothing(command),
        },
        PaymentRef::Withdrawal(id) => match state.withdrawals.get(id) {
            Some(found) if found.withdrawal.provider == command.provider => {
                of_withdrawal(found, command)
            }
            Some(_) | None => vec![contradicted(command)],
        },
        PaymentRef::Unknown(_) => of_nothing(command),
    }
}

fn of_deposit(found: &DepositState, command: &ReportOutcome) -> Vec<Event> {
    let deposit = found.deposit.clone();
    match (found.status, &command.outcome) {
        (DepositStatus::Requested, Outcome::Succeeded { amount }) if *amount == deposit.amount => {
            vec![Event::DepositConfirmed {
                deposit,
                provider_event: command.provider_event.clone(),
            }]
        }
        (DepositStatus::Requested, Outcome::Succeeded { amount }) => vec![
            Event::DepositFailed {
                deposit,
                reason: "amount_differs".to_owned(),
            },
            surplus(command, *amount),
            contradicted(command),
        ],
        (DepositStatus::Requested, Outcome::Failed { reason }) => vec![Event::DepositFailed {
            deposit,
            reason: reason.clone(),
        }],
        (DepositStatus::Confirmed, Outcome::Succeeded { amount }) if *amount == deposit.amount => {
            vec![]
        }
        (DepositStatus::Failed, Outcome::Succeeded { amount }) => {
            vec![surplus(command, *amount), contradicted(command)]
        }
        (DepositStatus::Failed, Outcome::Failed { .. })
        | (DepositStatus::FailedButReceived, Outcome::Succeeded { .. }) => vec![],
        (DepositStatus::Confirmed, Outcome::Succeeded { .. } | Outcome::Failed { .. })
        | (DepositStatus::FailedButReceived, Outcome::Failed { .. }) => vec![contradicted(command)],
    }
}

fn of_withdrawal(found: &WithdrawalState, command: &ReportOutcome) -> Vec<Event> {
    let withdrawal = found.withdrawal.clone();
    match (found.status, &command.outcome) {
        (WithdrawalStatus::Submitted, Outcome::Succeeded { amount })
            if *amount == withdrawal.amount =>
        {
            vec![Event::WithdrawalPaid {
                withdrawal,
                provider_event: command.provider_event.clone(),
            }]
        }
        (WithdrawalStatus::Submitted, Outcome::Failed { reason }) => {
            vec![Event::WithdrawalFailed {
                withdrawal,
                held: true,
                reason: reason.clone(),
            }]
        }
        (WithdrawalStatus::Paid, Outcome::Succeeded { amount }) if *amount == withdrawal.amount => {
            vec![]
        }
        (WithdrawalStatus::Failed, Outcome::Failed { .. }) => vec![],
        // Paid in another amount, paid before we asked, paid after it failed, failed after it was
        // paid: where the money is cannot be told from here.
        (
            WithdrawalStatus::Requested
            | WithdrawalStatus::InReview
            | WithdrawalStatus::Submitted
            | WithdrawalStatus::Disputed
            | WithdrawalStatus::Paid
            | WithdrawalStatus::Failed,
            Outcome::Succeeded { .. } | Outcome::Failed { .. },
        ) => vec![contradicted(command)],
    }
}

fn of_nothing(command: &ReportOutcome) -> Vec<Event> {
    vec![match &command.outcome {
        Outcome::Succeeded { amount } => surplus(command, *amount),
        Outcome::Failed { .. } => contradicted(command),
    }]
}

fn surplus(command: &ReportOutcome, amount: Money) -> Event {
    Event::UnknownPaymentReported {
        provider: command.provider.clone(),
        provider_event: command.provider_event.clone(),
        reference: command.payment.reference(),
        amount,
    }
}

fn contradicted(command: &ReportOutcome) -> Event {
    Event::OutcomeContradicted {
        provider: command.provider.clone(),
        provider_event: command.provider_event.clone(),
        reference: command.payment.reference(),
    }
}

#[cfg(test)]
mod tests;
