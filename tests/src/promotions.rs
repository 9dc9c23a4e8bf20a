//! What the house gives in a world, and who pays for a slip.
//!
//! Duty: tokens and bonus money of all kinds, most of which end while the world still runs, and
//! slips that they pay for, some of which are refused. Prohibition: nothing is remembered but which
//! tokens were ever given: the auditor says what must be true of them.

use crate::client::Client;
use crate::world::World;
use kernel::{
    BonusId, Currency, CustomerId, Duration, FreeBetId, Money, Price, Topic, TopicPartition,
};
use schemas::bets;
use schemas::promotions::{BonusStake, GrantBonus, GrantFreeBet, StakeSource, TokenStake};

fn euros(minor: u64) -> Money {
    Money::from_minor(i64::try_from(minor).unwrap_or(0), Currency::Eur)
}

/// Somebody gets a token or bonus money.
pub fn give(world: &mut World) {
    let Some(customer) = Client::customer(world) else {
        return;
    };
    let partition = customer.partition();
    let lasts = 30 + i64::try_from(world.dice.below(1_200)).unwrap_or(0);
    let expires_at = world.now.plus(Duration::from_secs(lasts));
    let price_min = world
        .dice
        .permille(300)
        .then(|| Price::from_micros(1_500_000).ok())
        .flatten();
    let reason = "welcome".to_owned();
    let by = "bob".to_owned();
    let command = if world.dice.permille(500) {
        let free_bet = FreeBetId::from_bytes(world.client.bytes(partition));
        world.client.gave(customer, free_bet);
        bets::Command::GrantFreeBet(GrantFreeBet {
            free_bet,
            customer,
            value: euros(100 + world.dice.below(2_000)),
            price_min,
            stake_returned: world.dice.permille(300),
            expires_at,
            reason,
            by,
        })
    } else {
        bets::Command::GrantBonus(GrantBonus {
            bonus: BonusId::from_bytes(world.client.bytes(partition)),
            customer,
            amount: euros(500 + world.dice.below(5_000)),
            wagering_times: 1 + u16::try_from(world.dice.below(3)).unwrap_or(0),
            price_min,
            converted_max: world.dice.permille(500).then(|| euros(3_000)),
            expires_at,
            reason,
            by,
        })
    };
    let at = TopicPartition::new(Topic::BetsCommands, partition);
    Client::send(world, at, command, false);
}

/// Who is to pay for a slip; none: cash alone.
pub fn source(world: &mut World, customer: CustomerId) -> Option<StakeSource> {
    match world.dice.below(10) {
        0..=1 => {
            let tokens = world.client.tokens(customer);
            let which = world
                .dice
                .below(tokens.len().try_into().unwrap_or(1).max(1));
            let free_bet = *tokens.get(usize::try_from(which).unwrap_or(0))?;
            Some(StakeSource::TokenStake(TokenStake { free_bet }))
        }
        2..=4 => Some(StakeSource::BonusStake(BonusStake {
            cash_allowed: world.dice.permille(600),
        })),
        _ => None,
    }
}
