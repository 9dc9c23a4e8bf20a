//! What persons say to large withdrawals in a world.
//!
//! Duty: words about withdrawals that wait: mostly approvals, by either of two persons and sometimes by
//! the same one twice or the customer, sometimes a decline, sometimes about what was decided before.
//! Prohibition: which of these are taken is for the house to say and for the auditor to check.

use crate::client::Client;
use crate::world::World;
use kernel::{CustomerId, Topic, TopicPartition, WithdrawalId};
use schemas::payments::{ApproveWithdrawal, Command, DeclineWithdrawal, Event};

/// What clients know of withdrawals that wait for persons.
#[derive(Default)]
pub struct Reviewers {
    waiting: Vec<(WithdrawalId, CustomerId)>,
}

impl Reviewers {
    /// Hears an event of payments.
    pub fn hear(&mut self, event: &Event) {
        if let Event::WithdrawalReviewStarted(started) = event {
            let of = &started.reviewed;
            self.waiting.push((of.withdrawal, of.customer));
        }
        let over = if let Event::WithdrawalPaid(paid) = event {
            paid.withdrawal
        } else if let Event::WithdrawalFailed(failed) = event {
            failed.withdrawal
        } else {
            return;
        };
        self.waiting.retain(|(withdrawal, _)| *withdrawal != over);
    }
}

const PERSONS: [&str; 2] = ["olga", "otto"];

/// Somebody says something about a withdrawal that waits, if one does.
pub fn act_soon(world: &mut World) -> bool {
    let count = world.client.reviewers.waiting.len();
    if count == 0 || !world.dice.permille(40) {
        return false;
    }
    let index = usize::try_from(world.dice.below(count.try_into().unwrap_or(1))).unwrap_or(0);
    let (withdrawal, customer) = world.client.reviewers.waiting[index];
    let by = if world.dice.permille(50) {
        customer.to_string()
    } else {
        let which = usize::try_from(world.dice.below(2)).unwrap_or(0);
        PERSONS[which].to_owned()
    };
    let reason = "looked at it".to_owned();
    let command = if world.dice.permille(900) {
        Command::ApproveWithdrawal(ApproveWithdrawal {
            withdrawal,
            reason,
            by,
        })
    } else {
        Command::DeclineWithdrawal(DeclineWithdrawal {
            withdrawal,
            reason,
            by,
        })
    };
    let at = TopicPartition::new(Topic::PaymentsCommands, withdrawal.partition());
    Client::send(world, at, command, true);
    true
}
