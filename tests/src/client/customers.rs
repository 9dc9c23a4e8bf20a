//! Customers who come, pay in, bet, take out, and are limited or shut out.
//!
//! Duty: one request each, sensible or not. Prohibition: nothing is asked that a gateway would not
//! have let through.

use super::{CURRENCY, Client, euros, partition};
use crate::promotions;
use crate::world::World;
use kernel::{
    BetId, CustomerId, DepositId, Digest, Duration, Topic, TopicPartition, TransferId, WithdrawalId,
};
use markets::MarketStatus;
use schemas::{Blob, auth, bets, fraud, ledger, payments};

/// From here on two persons look at a withdrawal: at about half of them.
const REVIEW_FROM_MINOR: i64 = 3_000;

impl Client {
    pub(super) fn register(world: &mut World) {
        if world.client.customers.len() >= 6 {
            return;
        }
        let partition = partition(world);
        let customer = CustomerId::from_bytes(world.client.bytes(partition));
        let mut login = [3_u8; 32];
        login[..16].copy_from_slice(&customer.bytes());
        let command = auth::Command::Register(auth::Register {
            customer,
            login_hash: Digest::from_bytes(login),
            password_hash: "$argon2id$v=19$simulated".to_owned(),
            sealed_profile: Blob(vec![1, 2, 3]),
            currency: CURRENCY,
            roles: vec![auth::Role::Customer],
        });
        world.client.customers.push(customer);
        Self::send(
            world,
            TopicPartition::new(Topic::AuthCommands, partition),
            command,
            false,
        );
    }

    /// Any of those who were ever registered.
    pub(crate) fn customer(world: &mut World) -> Option<CustomerId> {
        let count = world.client.customers.len();
        let which = world.dice.below(count.try_into().unwrap_or(1));
        world
            .client
            .customers
            .get(usize::try_from(which).unwrap_or(0))
            .copied()
    }

    pub(super) fn deposit(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let deposit = DepositId::from_bytes(world.client.bytes(customer.partition()));
        let amount = euros(1_000 + i64::try_from(world.dice.below(20_000)).unwrap_or(0));
        let provider = "simulator".to_owned();
        let command = payments::Command::RequestDeposit(payments::RequestDeposit {
            deposit,
            customer,
            amount,
            provider,
        });
        Self::send(
            world,
            TopicPartition::new(Topic::PaymentsCommands, customer.partition()),
            command,
            true,
        );
    }

    /// Money from outside by a command to the ledger itself.
    pub(super) fn fund(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let account = |customer, kind| ledger::Account {
            customer,
            kind,
            currency: CURRENCY,
        };
        let transfer = ledger::Transfer {
            id: TransferId::from_bytes(world.client.bytes(customer.partition())),
            debit: account(None, ledger::AccountKind::Provider),
            credit: account(Some(customer), ledger::AccountKind::Cash),
            amount: ledger::Amount::Exactly(ledger::Exactly { minor: 5_000 }),
            kind: ledger::TransferKind::Post(ledger::Post {}),
            linked: false,
            code: ledger::TransferCode::Benchmark,
            credit_fallback: None,
            rules_waived: false,
        };
        let command = ledger::Command::PostTransfers(ledger::PostTransfers {
            transfers: vec![transfer],
        });
        Self::send(
            world,
            TopicPartition::new(Topic::LedgerCommands, customer.partition()),
            command,
            true,
        );
    }

    pub(super) fn withdraw(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let withdrawal = WithdrawalId::from_bytes(world.client.bytes(customer.partition()));
        let amount = euros(500 + i64::try_from(world.dice.below(5_000)).unwrap_or(0));
        let provider = "simulator".to_owned();
        let wish = payments::RequestWithdrawalWithReview {
            withdrawal,
            customer,
            amount,
            provider,
            instrument: None,
            review_from: euros(REVIEW_FROM_MINOR),
        };
        let command = payments::Command::RequestWithdrawalWithReview(wish);
        Self::send(
            world,
            TopicPartition::new(Topic::PaymentsCommands, customer.partition()),
            command,
            true,
        );
    }

    pub(super) fn exclude(world: &mut World) {
        if !world.dice.permille(150) {
            return;
        }
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let until = world.now.plus(Duration::from_secs(200 * 86_400));
        let command = auth::Command::Exclude(auth::Exclude { customer, until });
        Self::send(
            world,
            TopicPartition::new(Topic::AuthCommands, customer.partition()),
            command,
            false,
        );
    }

    pub(super) fn limit(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let kind = match world.dice.below(10) {
            0 => auth::LimitKind::StakeSlip,
            1 => auth::LimitKind::StakeDay,
            2 => auth::LimitKind::DepositDay,
            3 => auth::LimitKind::DepositWeek,
            4 => auth::LimitKind::DepositMonth,
            5 => auth::LimitKind::StakeWeek,
            6 => auth::LimitKind::StakeMonth,
            7 => auth::LimitKind::LossDay,
            8 => auth::LimitKind::LossWeek,
            _ => auth::LimitKind::LossMonth,
        };
        let amount = Some(euros(
            2_000 + i64::try_from(world.dice.below(20_000)).unwrap_or(0),
        ));
        let command = auth::Command::SetLimit(auth::SetLimit {
            customer,
            kind,
            amount,
        });
        Self::send(
            world,
            TopicPartition::new(Topic::AuthCommands, customer.partition()),
            command,
            false,
        );
    }

    /// An analyst restricts a customer, forbids betting, or lifts it.
    pub(super) fn restrict(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let stake_permille = match world.dice.below(4) {
            0 => 0,
            1 => 10,
            _ => 1_000,
        };
        let command = fraud::Command::Restrict(fraud::Restrict {
            customer,
            stake_permille,
            note: "seen by an analyst".to_owned(),
            by: "analyst".to_owned(),
        });
        let at = TopicPartition::new(Topic::FraudCommands, customer.partition());
        Self::send(world, at, command, false);
    }

    /// A slip of one to three legs at the prices that the picture shows.
    pub(super) fn place(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let open: Vec<bets::Leg> = world
            .picture()
            .markets()
            .filter(|market| market.status == MarketStatus::Open)
            .flat_map(|market| {
                market.selections.iter().filter_map(|selection| {
                    Some(bets::Leg {
                        selection: selection.id,
                        market: market.id,
                        fixture: market.fixture,
                        price: selection.price?,
                        market_version: market.version,
                    })
                })
            })
            .collect();
        if open.is_empty() {
            return;
        }
        let pick = |world: &mut World| {
            open[usize::try_from(world.dice.below(open.len().try_into().unwrap_or(1))).unwrap_or(0)]
                .clone()
        };
        let mut legs = vec![pick(world)];
        while legs.len() < 3 && world.dice.permille(400) {
            let other = pick(world);
            // Now and then two legs of one fixture are tried, which must be refused.
            let related = legs.iter().any(|leg| leg.fixture == other.fixture);
            if !related || world.dice.permille(100) {
                legs.push(other);
            }
        }
        let price_policy = match world.dice.below(3) {
            0 => bets::PricePolicy::Exact,
            1 => bets::PricePolicy::Better,
            _ => bets::PricePolicy::Any,
        };
        let bet = BetId::from_bytes(world.client.bytes(customer.partition()));
        let slip = bets::Slip {
            bet_type: match legs.len() {
                1 => bets::BetType::Single,
                2 => bets::BetType::Double,
                _ => bets::BetType::Treble,
            },
            legs,
            stake: euros(100 + i64::try_from(world.dice.below(4_000)).unwrap_or(0)),
            price_policy,
            each_way: false,
            client_ref: None,
        };
        let command = match promotions::source(world, customer) {
            None => bets::Command::PlaceBet(bets::PlaceBet {
                bet,
                customer,
                slip,
            }),
            Some(source) => bets::Command::PlaceFundedSlip(bets::PlaceFundedSlip {
                bet,
                customer,
                options: bets::SlipOptions {
                    sizes: vec![],
                    starting_price: vec![],
                },
                slip,
                source,
            }),
        };
        Self::send(
            world,
            TopicPartition::new(Topic::BetsCommands, customer.partition()),
            command,
            true,
        );
    }
}
