//! What persons correct in a world.
//!
//! Duty: proposals to credit and to debit customers, often for more than they have, and answers to
//! them: mostly by another person, sometimes by the same one or the customer, sometimes no. What
//! lies in suspense is taken out, and more than that is asked for. Prohibition: which of these are
//! taken is for the house to say and for the auditor to check.

use crate::client::Client;
use crate::world::World;
use kernel::{AdjustmentId, Currency, Money, Topic, TopicPartition};
use schemas::payments::{
    Adjustment, ApproveAdjustment, Command, CreditCustomer, DebitCustomer, DeclineAdjustment,
    Event, Movement, ProposeAdjustment, SuspenseToCustomer, SuspenseToHouse, SuspenseToProvider,
};

/// What clients know of adjustments.
#[derive(Default)]
pub struct Adjusters {
    waiting: Vec<(AdjustmentId, Option<String>)>,
    /// References under which money lies in suspense, and where.
    suspended: Vec<(String, u16)>,
}

impl Adjusters {
    /// Hears a decision of payments.
    pub fn hear(&mut self, event: &Event, partition: u16) {
        if let Event::AdjustmentProposed(proposed) = event {
            let adjustment = &proposed.adjustment;
            let concerned = adjustment.movement.customer().map(|it| it.to_string());
            self.waiting.push((adjustment.adjustment, concerned));
        }
        if let Event::UnknownPaymentReported(unknown) = event {
            self.suspended.push((unknown.reference.clone(), partition));
        }
    }
}

const PERSONS: [&str; 2] = ["olga", "otto"];

fn person(world: &mut World) -> String {
    let which = usize::try_from(world.dice.below(2)).unwrap_or(0);
    PERSONS[which].to_owned()
}

/// Somebody proposes, or answers what was proposed.
pub fn act(world: &mut World) {
    if world.dice.permille(600)
        && let Some((adjustment, concerned)) = world.client.adjusters.waiting.pop()
    {
        answer(world, adjustment, concerned);
    } else {
        propose(world);
    }
}

fn answer(world: &mut World, adjustment: AdjustmentId, concerned: Option<String>) {
    let by = concerned
        .filter(|_| world.dice.permille(100))
        .unwrap_or_else(|| person(world));
    let reason = "seen the same".to_owned();
    let command = if world.dice.permille(800) {
        Command::ApproveAdjustment(ApproveAdjustment {
            adjustment,
            reason,
            by,
        })
    } else {
        Command::DeclineAdjustment(DeclineAdjustment {
            adjustment,
            reason,
            by,
        })
    };
    let at = TopicPartition::new(Topic::PaymentsCommands, adjustment.partition());
    Client::send(world, at, command, true);
}

fn propose(world: &mut World) {
    let Some(customer) = Client::customer(world) else {
        return;
    };
    let suspended = world.client.adjusters.suspended.last().cloned();
    let (movement, partition) = match (world.dice.below(6), suspended) {
        (0, Some((reference, partition))) => {
            let movement = SuspenseToCustomer {
                customer,
                reference,
            };
            (Movement::SuspenseToCustomer(movement), partition)
        }
        (1, Some((reference, partition))) => {
            let movement = SuspenseToProvider { reference };
            (Movement::SuspenseToProvider(movement), partition)
        }
        (2, Some((reference, partition))) => {
            let movement = SuspenseToHouse { reference };
            (Movement::SuspenseToHouse(movement), partition)
        }
        (0..=3, _) => {
            let movement = CreditCustomer { customer };
            (Movement::CreditCustomer(movement), customer.partition())
        }
        (_, _) => {
            let movement = DebitCustomer { customer };
            (Movement::DebitCustomer(movement), customer.partition())
        }
    };
    let minor = 1 + i64::try_from(world.dice.below(8_000)).unwrap_or(0);
    let command = Command::ProposeAdjustment(ProposeAdjustment {
        adjustment: Adjustment {
            adjustment: AdjustmentId::from_bytes(world.client.bytes(partition)),
            movement,
            amount: Money::from_minor(minor, Currency::Eur),
            reason: "settled at the wrong price".to_owned(),
        },
        by: person(world),
    });
    let at = TopicPartition::new(Topic::PaymentsCommands, partition);
    Client::send(world, at, command, true);
}
