//! What customers of a world set up against too much play, and what traders leave them.
//!
//! Duty: ask for limits of every kind, loosen them, confirm, stay away, forbid and allow messages,
//! choose reality checks and say that they were seen; set stake factors. Prohibition: nothing is
//! remembered here; the auditor and the owners say whether it was allowed.

use crate::client::Client;
use crate::world::World;
use kernel::{Currency, CustomerId, Duration, Money, SessionId, Topic, TopicPartition};
use schemas::{auth, bets};

/// Somebody asks for one of these things.
pub fn ask(world: &mut World) {
    let Some(customer) = Client::customer(world) else {
        return;
    };
    let command = match world.dice.below(8) {
        0 | 1 => return set_factor(world, customer),
        2 => loosen(world, customer),
        3 => auth::Command::ConfirmIncrease(auth::ConfirmIncrease {
            customer,
            kind: kind(world),
            amount: amount(world),
        }),
        4 => auth::Command::SetMarketing(auth::SetMarketing {
            customer,
            allowed: world.dice.permille(500),
        }),
        5 => auth::Command::SetRealityCheck(auth::SetRealityCheck {
            customer,
            interval: world.dice.permille(800).then_some(Duration::from_secs(600)),
        }),
        6 => auth::Command::AcknowledgeRealityCheck(auth::AcknowledgeRealityCheck {
            customer,
            session: SessionId::from_bytes(world.client.bytes(customer.partition())),
            net_result: Money::from_minor(-5, Currency::Eur),
        }),
        _ => return stay_away(world, customer),
    };
    send(world, customer, command);
}

/// A limit of any kind that bets counts against, high or low, or none any more.
fn loosen(world: &mut World, customer: CustomerId) -> auth::Command {
    auth::Command::SetLimit(auth::SetLimit {
        customer,
        kind: kind(world),
        amount: amount(world),
    })
}

fn kind(world: &mut World) -> auth::LimitKind {
    use auth::LimitKind as K;
    match world.dice.below(7) {
        0 => K::StakeSlip,
        1 => K::StakeDay,
        2 => K::StakeWeek,
        3 => K::StakeMonth,
        4 => K::LossDay,
        5 => K::LossWeek,
        _ => K::LossMonth,
    }
}

fn amount(world: &mut World) -> Option<Money> {
    let minor = 500 + 500 * i64::try_from(world.dice.below(20)).unwrap_or(0);
    let amount = Money::from_minor(minor, Currency::Eur);
    world.dice.permille(900).then_some(amount)
}

/// A time-out, and rarely: it lasts for the rest of the world.
fn stay_away(world: &mut World, customer: CustomerId) {
    if !world.dice.permille(100) {
        return;
    }
    let command = auth::Command::ExcludeAs(auth::ExcludeAs {
        customer,
        kind: auth::ExclusionKind::TimeOut,
        until: world.now.plus(Duration::from_secs(2 * 86_400)),
    });
    send(world, customer, command);
}

fn set_factor(world: &mut World, customer: CustomerId) {
    let sport = world.dice.permille(500).then(|| "football".to_owned());
    let stake_permille = match world.dice.below(5) {
        0 => Some(0),
        1 => Some(1),
        2 => Some(2_000),
        _ => None,
    };
    let command = bets::Command::SetStakeFactor(bets::SetStakeFactor {
        customer,
        scope: bets::FactorScope {
            sport,
            market_kind: None,
        },
        stake_permille,
        reason: "seen by a trader".to_owned(),
        by: "trader".to_owned(),
    });
    let at = TopicPartition::new(Topic::BetsCommands, customer.partition());
    Client::send(world, at, command, false);
}

fn send(world: &mut World, customer: CustomerId, command: auth::Command) {
    let at = TopicPartition::new(Topic::AuthCommands, customer.partition());
    Client::send(world, at, command, false);
}
