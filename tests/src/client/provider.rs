//! The payment provider, which tells outcomes late, twice and in any order.
//!
//! Duty: report what became of payments. Prohibition: what it has not heard of it says nothing about.

use super::Client;
use crate::world::World;
use kernel::{Timestamp, Topic, TopicPartition};
use schemas::payments;

impl Client {
    /// The provider tells an outcome, perhaps twice, in any order.
    pub(super) fn report_outcome(world: &mut World) {
        let count = world.client.outcomes.len();
        if count == 0 {
            return;
        }
        let index = usize::try_from(world.dice.below(count.try_into().unwrap_or(1))).unwrap_or(0);
        let outcome = if world.dice.permille(200) {
            world.client.outcomes[index].clone()
        } else {
            world.client.outcomes.swap_remove(index)
        };
        Self::send_outcome(world, outcome);
    }

    pub(super) fn send_outcome(world: &mut World, outcome: payments::ReportOutcome) {
        let partition = match &outcome.payment {
            payments::Payment::Deposit(of) => of.deposit.partition(),
            payments::Payment::Withdrawal(of) => of.withdrawal.partition(),
            payments::Payment::Unknown(_) => 0,
        };
        let command = payments::Command::ReportOutcome(outcome);
        Self::send(
            world,
            TopicPartition::new(Topic::PaymentsCommands, partition),
            command,
            false,
        );
    }
}

/// What the provider will tell of a payment that it was asked for.
pub(super) fn outcome_of(
    event: &payments::Event,
    now: Timestamp,
) -> Option<payments::ReportOutcome> {
    let (payment, event, amount) = if let payments::Event::DepositRequested(requested) = event {
        (
            payments::Payment::Deposit(payments::DepositRef {
                deposit: requested.deposit,
            }),
            format!("event-of-{}", requested.deposit),
            requested.amount,
        )
    } else if let payments::Event::WithdrawalSubmitted(submitted) = event {
        (
            payments::Payment::Withdrawal(payments::WithdrawalRef {
                withdrawal: submitted.withdrawal,
            }),
            format!("event-of-{}", submitted.withdrawal),
            submitted.amount,
        )
    } else {
        return None;
    };
    let fails = amount.minor() % 7 == 0;
    let outcome = if fails {
        payments::Outcome::Failed(payments::Failed {
            reason: "declined".to_owned(),
        })
    } else {
        payments::Outcome::Succeeded(payments::Succeeded { amount })
    };
    Some(payments::ReportOutcome {
        provider: "simulator".to_owned(),
        event,
        payment,
        outcome,
        occurred_at: now,
    })
}
