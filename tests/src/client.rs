//! The clients, the feed and the payment provider of a world, with a memory of their own.
//!
//! Duty: ask for everything that can be asked, again and again with the same key, and remember
//! what was acknowledged: the memory, not the system, says afterwards what must be true.

mod cash_out;

use crate::adjustments;
use crate::promotions;
use crate::protection;
use crate::world::{PARTITIONS, World};
use audit::Violation;
use bytes::Bytes;
use kernel::{
    BetId, CorrelationId, Currency, CustomerId, DepositId, Digest, Duration, FixtureId, FreeBetId,
    InvariantId, MarketId, Money, Position, Price, RequestId, SelectionId, Timestamp, Topic,
    TopicPartition, TransferId, WithdrawalId,
};
use markets::MarketStatus;
use schemas::odds::{OutcomeKind, Update};
use schemas::{
    Blob, CommandRecord, Decision, Events, Wire, auth, bets, fraud, ledger, odds, payments,
};
use std::collections::BTreeMap;

/// A request on its way, as it was sent.
#[derive(Clone)]
struct Sent {
    at: TopicPartition,
    record: Bytes,
    answered: Option<Position>,
    resent: bool,
}

/// What clients know.
#[derive(Default)]
pub struct Client {
    sent: BTreeMap<RequestId, Sent>,
    customers: Vec<CustomerId>,
    tokens: BTreeMap<CustomerId, Vec<FreeBetId>>,
    fixtures: Vec<FixtureId>,
    markets: Vec<(MarketId, FixtureId, Vec<SelectionId>)>,
    resulted: Vec<MarketId>,
    cancelled: Vec<(MarketId, Option<Timestamp>, Option<Timestamp>)>,
    finals: Option<Vec<(MarketId, FixtureId, Vec<SelectionId>)>>,
    outcomes: Vec<payments::ReportOutcome>,
    sequences: BTreeMap<u16, u64>,
    violations: Vec<Violation>,
    counts: BTreeMap<&'static str, u64>,
    number: u64,
    sellers: cash_out::Sellers,
    pub(crate) adjusters: adjustments::Adjusters,
}

const CURRENCY: Currency = Currency::Eur;
const FEED: &str = "simulated";

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, CURRENCY)
}

impl Client {
    /// How often each kind of decision was seen: a world in which nothing happens proves nothing.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The acknowledged requests and where their answers stand.
    pub fn acknowledged(&self) -> impl Iterator<Item = (RequestId, Position)> + '_ {
        self.sent
            .iter()
            .filter_map(|(id, sent)| sent.answered.map(|position| (*id, position)))
    }

    /// An id that was not used before.
    pub fn bytes(&mut self, partition: u16) -> [u8; 16] {
        self.number += 1;
        BetId::example(self.number, partition).bytes()
    }

    /// A token was asked for.
    pub(crate) fn gave(&mut self, customer: CustomerId, token: FreeBetId) {
        self.tokens.entry(customer).or_default().push(token);
    }

    /// All that were asked for, be they given, used or over.
    pub(crate) fn tokens(&self, customer: CustomerId) -> Vec<FreeBetId> {
        self.tokens.get(&customer).cloned().unwrap_or_default()
    }

    /// Somebody does something.
    pub fn act(world: &mut World) {
        if cash_out::take_soon(world) {
            return;
        }
        match world.dice.below(100) {
            0..=7 => Self::register(world),
            8..=12 => Self::deposit(world),
            13..=16 => Self::fund(world),
            17 => adjustments::act(world),
            18..=29 => Self::report_outcome(world),
            30..=33 => Self::announce(world),
            34..=37 => Self::offer(world),
            38..=56 => Self::feed_market(world),
            57 => Self::rule(world),
            58 => promotions::give(world),
            59..=80 => Self::place(world),
            81..=84 => cash_out::act(world),
            85..=92 => Self::repeat(world),
            93 => protection::ask(world),
            94..=95 => Self::withdraw(world),
            96 => Self::exclude(world),
            97 => Self::limit(world),
            98 => Self::restrict(world),
            _ => Self::reuse(world),
        }
    }

    /// Asks for something, and remembers that it was asked for.
    pub fn send<C: Wire>(world: &mut World, at: TopicPartition, command: C, deadline: bool) {
        let id = RequestId::from_bytes(world.client.bytes(at.partition));
        let record = CommandRecord {
            request_id: id,
            request_digest: Digest::from_bytes([7; 32]),
            correlation_id: CorrelationId::from_bytes(id.bytes()),
            sent_at: world.now,
            not_after: deadline.then(|| world.now.plus(Duration::from_secs(30))),
            command,
        };
        let record = framed(at.topic, &record);
        world.log.send_one(at, record.clone());
        world.client.sent.insert(
            id,
            Sent {
                at,
                record,
                answered: None,
                resent: false,
            },
        );
    }

    fn register(world: &mut World) {
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

    fn deposit(world: &mut World) {
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
    fn fund(world: &mut World) {
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

    fn withdraw(world: &mut World) {
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let withdrawal = WithdrawalId::from_bytes(world.client.bytes(customer.partition()));
        let amount = euros(500 + i64::try_from(world.dice.below(5_000)).unwrap_or(0));
        let provider = "simulator".to_owned();
        let command = payments::Command::RequestWithdrawal(payments::RequestWithdrawal {
            withdrawal,
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

    /// The provider tells an outcome, perhaps twice, in any order.
    fn report_outcome(world: &mut World) {
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

    fn send_outcome(world: &mut World, outcome: payments::ReportOutcome) {
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

    fn exclude(world: &mut World) {
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

    fn limit(world: &mut World) {
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
    fn restrict(world: &mut World) {
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

    fn feed(world: &mut World, partition: u16, update: Update) {
        let sequence = world.client.sequences.entry(partition).or_insert(0);
        *sequence += 1;
        let message = odds::ApplyFeedMessage {
            source: FEED.to_owned(),
            sequence: *sequence,
            published_at: world.now,
            update,
        };
        let at = TopicPartition::new(Topic::OddsCommands, partition);
        Self::send(world, at, odds::Command::ApplyFeedMessage(message), false);
    }

    fn announce(world: &mut World) {
        if world.client.fixtures.len() >= 6 {
            let partition = partition(world);
            Self::feed(world, partition, Update::Alive(odds::Alive {}));
            return;
        }
        let partition = partition(world);
        let fixture = FixtureId::from_bytes(world.client.bytes(partition));
        world.client.fixtures.push(fixture);
        let starts_at = world.now.plus(Duration::from_secs(600));
        let update = odds::AnnounceFixture {
            fixture,
            name: format!("Fixture {fixture}"),
            sport: "football".to_owned(),
            starts_at,
        };
        Self::feed(world, partition, Update::AnnounceFixture(update));
    }

    fn offer(world: &mut World) {
        let count = world.client.fixtures.len();
        if count == 0 || world.client.markets.len() >= 18 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let fixture = world.client.fixtures[usize::try_from(which).unwrap_or(0)];
        let market = MarketId::from_bytes(world.client.bytes(fixture.partition()));
        let selections: Vec<SelectionId> = (0..3)
            .map(|_| SelectionId::from_bytes(world.client.bytes(fixture.partition())))
            .collect();
        let named = ["home", "draw", "away"];
        let update = odds::OfferMarket {
            market,
            fixture,
            name: "Match result".to_owned(),
            kind: odds::MarketKind::MatchResult(odds::MatchResult {}),
            selections: selections
                .iter()
                .zip(named)
                .map(|(selection, name)| odds::SelectionName {
                    selection: *selection,
                    name: name.to_owned(),
                })
                .collect(),
        };
        world.client.markets.push((market, fixture, selections));
        Self::feed(world, fixture.partition(), Update::OfferMarket(update));
    }

    fn feed_market(world: &mut World) {
        let count = world.client.markets.len();
        if count == 0 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let (market, fixture, selections) =
            world.client.markets[usize::try_from(which).unwrap_or(0)].clone();
        let update = match world.dice.below(100) {
            0..=50 => Update::QuoteBook(odds::QuoteBook {
                market,
                prices: selections
                    .iter()
                    .map(|selection| odds::SelectionPrice {
                        selection: *selection,
                        price: Price::from_micros(
                            1_050_000 + 10_000 * i64::try_from(world.dice.below(400)).unwrap_or(0),
                        )
                        .ok(),
                    })
                    .collect(),
            }),
            51..=57 => Update::Suspend(odds::Suspend {
                fixture,
                market: Some(market),
                reason: "possible goal".to_owned(),
            }),
            58..=68 => Update::Resume(odds::Resume {
                fixture,
                market: Some(market),
            }),
            69..=75 => Update::TurnInPlay(odds::TurnInPlay {
                market,
                bet_delay: Duration::from_secs(2),
            }),
            76 => Update::Close(odds::Close { market }),
            77..=91 => Self::settle(world, market, &selections),
            92..=94 => Self::roll_back(world, market),
            95..=97 => Self::cancel_bets(world, market),
            _ => Self::restore_bets(world, market),
        };
        let partition = update_partition(&update).unwrap_or(fixture.partition());
        Self::feed(world, partition, update);
    }

    /// Mostly a market that has a result.
    fn roll_back(world: &mut World, market: MarketId) -> Update {
        let count = world.client.resulted.len();
        let which = usize::try_from(world.dice.below(count.try_into().unwrap_or(1)));
        let resulted = world.client.resulted.get(which.unwrap_or(0)).copied();
        Update::RollBack(odds::RollBack {
            market: resulted.unwrap_or(market),
            reason: "wrong result".to_owned(),
        })
    }

    /// Somebody says that prices of the last moments were obviously wrong, or somebody agrees,
    /// perhaps the same person, perhaps to nothing.
    fn rule(world: &mut World) {
        let count = world.client.markets.len();
        if count == 0 {
            return;
        }
        let which = world.dice.below(count.try_into().unwrap_or(1));
        let (market, _, selections) =
            world.client.markets[usize::try_from(which).unwrap_or(0)].clone();
        let by = if world.dice.permille(500) {
            "ann"
        } else {
            "bob"
        };
        let command = if world.dice.permille(400) {
            let millis = i64::try_from(world.dice.below(60_000)).unwrap_or(0);
            let price = |micros| Price::from_micros(micros).ok();
            let shown = 1_520_000 + 10_000 * i64::try_from(world.dice.below(100)).unwrap_or(0);
            let Some((shown, right)) = price(shown).zip(price(1_010_000)) else {
                return;
            };
            odds::Command::ProposeRuling(odds::ProposeRuling {
                market,
                mistake: odds::Mistake {
                    from: world.now.minus(Duration::from_millis(millis)),
                    until: world.now.minus(Duration::from_millis(millis.min(5))),
                    prices: selections
                        .iter()
                        .take(2)
                        .map(|selection| odds::MistakenPrice {
                            selection: *selection,
                            shown,
                            right,
                        })
                        .collect(),
                    reason: "the point was left out".to_owned(),
                },
                by: by.to_owned(),
            })
        } else {
            odds::Command::ApproveRuling(odds::ApproveRuling {
                market,
                ruling: 1 + u32::try_from(world.dice.below(3)).unwrap_or(0),
                reason: "seen the same".to_owned(),
                by: by.to_owned(),
            })
        };
        let at = TopicPartition::new(Topic::OddsCommands, market.partition());
        Self::send(world, at, command, true);
    }

    /// The source says that bets of the last moments, of all time or from now on do not count.
    fn cancel_bets(world: &mut World, market: MarketId) -> Update {
        let back = |world: &mut World| {
            let millis = i64::try_from(world.dice.below(30_000)).unwrap_or(0);
            world.now.minus(Duration::from_millis(millis))
        };
        let (from, until) = match world.dice.below(4) {
            0 => (Some(back(world)), None),
            1 => (None, Some(back(world))),
            2 => (None, None),
            _ => {
                let (a, b) = (back(world), back(world));
                (Some(a.min(b)), Some(a.max(b)))
            }
        };
        world.client.cancelled.push((market, from, until));
        Update::CancelBets(odds::CancelBets {
            market,
            from,
            until,
            reason: "the start was told too late".to_owned(),
        })
    }

    /// It takes such a word back, mostly one that it said.
    fn restore_bets(world: &mut World, market: MarketId) -> Update {
        let count = world.client.cancelled.len();
        let which = usize::try_from(world.dice.below(count.try_into().unwrap_or(1)));
        let said = world.client.cancelled.get(which.unwrap_or(0)).copied();
        let (market, from, until) = said.unwrap_or((market, None, None));
        Update::RestoreBets(odds::RestoreBets {
            market,
            from,
            until,
        })
    }

    fn settle(world: &mut World, market: MarketId, selections: &[SelectionId]) -> Update {
        world.client.resulted.push(market);
        let first = usize::try_from(world.dice.below(3)).unwrap_or(0);
        let kinds = Self::kinds(world.dice.below(10));
        let outcomes = selections
            .iter()
            .cycle()
            .skip(first)
            .zip(kinds)
            .map(|(selection, kind)| odds::SelectionOutcome {
                selection: *selection,
                outcome: odds::Outcome {
                    kind,
                    places: u16::from(kind == OutcomeKind::DeadHeat),
                    tied: 2 * u16::from(kind == OutcomeKind::DeadHeat),
                },
            })
            .collect();
        Update::Settle(odds::Settle { market, outcomes })
    }

    /// What becomes of three selections: mostly one wins, now and then something rarer.
    const fn kinds(rolled: u64) -> [OutcomeKind; 3] {
        use OutcomeKind::{DeadHeat, HalfLost, HalfWon, Lost, Void, Won};
        match rolled {
            0 => [Void, Void, Void],
            1 => [Won, Lost, Void],
            2 => [HalfWon, HalfLost, Lost],
            3 => [DeadHeat, DeadHeat, Lost],
            4 => [HalfLost, HalfWon, Void],
            _ => [Won, Lost, Lost],
        }
    }

    /// A slip of one to three legs at the prices that the picture shows.
    fn place(world: &mut World) {
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

    fn any_sent(world: &mut World) -> Option<(RequestId, Sent)> {
        let count = world.client.sent.len();
        let which = world.dice.below(count.try_into().unwrap_or(1));
        world
            .client
            .sent
            .iter()
            .nth(usize::try_from(which).unwrap_or(0))
            .map(|(id, sent)| (*id, sent.clone()))
    }

    /// The very same request once more.
    fn repeat(world: &mut World) {
        if let Some((_, sent)) = Self::any_sent(world) {
            world.log.send_one(sent.at, sent.record);
        }
    }

    /// The same key with other content must have no effect of its own.
    fn reuse(world: &mut World) {
        let Some((id, sent)) = Self::any_sent(world) else {
            return;
        };
        if sent.at.topic != Topic::PaymentsCommands || sent.answered.is_none() {
            return;
        }
        let Some(customer) = Self::customer(world) else {
            return;
        };
        let partition = sent.at.partition;
        let deposit = DepositId::from_bytes(world.client.bytes(partition));
        let record = CommandRecord {
            request_id: id,
            request_digest: Digest::from_bytes([9; 32]),
            correlation_id: CorrelationId::from_bytes(id.bytes()),
            sent_at: world.now,
            not_after: None,
            command: payments::Command::RequestDeposit(payments::RequestDeposit {
                deposit,
                customer,
                amount: euros(99_900),
                provider: "simulator".to_owned(),
            }),
        };
        world.log.send_one(sent.at, framed(sent.at.topic, &record));
    }

    /// A client reads an effective decision.
    pub fn hear(world: &mut World, decision: &Decision) {
        let now = world.now;
        let client = &mut world.client;
        if let Some(id) = decision.header.request_id
            && let Some(sent) = client.sent.get_mut(&id)
        {
            match sent.answered {
                None => sent.answered = Some(decision.position),
                Some(first) => client.violations.push(Violation {
                    invariant: InvariantId::OneEffectPerRequest,
                    position: decision.position,
                    detail: format!("{id} was acknowledged at {first}"),
                }),
            }
        }
        client.count(&decision.events);
        if let Events::BetsEvents(body) = &decision.events {
            body.events.iter().for_each(|it| client.sellers.hear(it));
        }
        if let Events::OddsEvents(body) = &decision.events {
            body.events.iter().for_each(|it| client.hear_odds(it));
        }
        if let Events::PaymentsEvents(body) = &decision.events {
            for event in &body.events {
                client.outcomes.extend(outcome_of(event, now));
                client.adjusters.hear(event, decision.position.partition);
            }
        }
    }

    fn hear_odds(&mut self, event: &odds::Event) {
        if let odds::Event::MarketTurnedInPlay(turned) = event
            && let Some((_, _, selections)) = self.markets.iter().find(|it| it.0 == turned.market)
        {
            self.sellers.hear_kick_off(selections);
        }
    }

    fn count(&mut self, events: &Events) {
        let mut one = |name: &'static str| *self.counts.entry(name).or_default() += 1;
        if events.is_rejection() {
            one("rejected");
        }
        match events {
            Events::BetsEvents(body) => body.events.iter().filter_map(told_of_bets).for_each(one),
            Events::PaymentsEvents(body) => body
                .events
                .iter()
                .filter_map(told_of_payments)
                .for_each(one),
            Events::AuthEvents(_)
            | Events::OddsEvents(_)
            | Events::LedgerEvents(_)
            | Events::FraudEvents(_) => {}
        }
    }

    /// After the faults: every outcome is told, every unanswered request asked once more.
    pub fn finish(world: &mut World) -> bool {
        if let Some(outcome) = world.client.outcomes.pop() {
            Self::send_outcome(world, outcome);
            return true;
        }
        if Self::final_whistle(world) {
            return true;
        }
        let unanswered: Vec<(TopicPartition, Bytes)> = world
            .client
            .sent
            .values_mut()
            .filter(|sent| sent.answered.is_none() && !sent.resent)
            .map(|sent| {
                sent.resent = true;
                (sent.at, sent.record.clone())
            })
            .collect();
        let any = !unanswered.is_empty();
        for (at, record) in unanswered {
            world.log.send_one(at, record);
        }
        any
    }

    /// Most markets get a last result, and some of those a last correction.
    fn final_whistle(world: &mut World) -> bool {
        let left = match &mut world.client.finals {
            Some(left) => left,
            none => none.insert(world.client.markets.clone()),
        };
        let Some((market, fixture, selections)) = left.pop() else {
            return false;
        };
        if world.dice.permille(400) {
            let wrong = odds::RollBack {
                market,
                reason: "corrected".to_owned(),
            };
            Self::feed(world, fixture.partition(), Update::RollBack(wrong));
        }
        if world.dice.permille(800) {
            let update = Self::settle(world, market, &selections);
            Self::feed(world, fixture.partition(), update);
        }
        if world.dice.permille(300)
            && let Some(left) = &mut world.client.finals
        {
            left.insert(0, (market, fixture, selections));
        }
        true
    }

    /// What the clients hold against the system.
    #[must_use]
    pub fn violations(&self, at_rest: bool) -> Vec<Violation> {
        let mut violations = self.violations.clone();
        if at_rest {
            violations.extend(
                self.sent
                    .iter()
                    .filter(|(_, sent)| sent.answered.is_none())
                    .map(|(id, sent)| Violation {
                        invariant: InvariantId::WorkResolves,
                        position: sent.at.at(0),
                        detail: format!("{id} was never answered"),
                    }),
            );
        }
        violations
    }
}

/// The partition of a roll-back, which may be of another fixture's market.
fn update_partition(update: &Update) -> Option<u16> {
    if let Update::RollBack(wrong) = update {
        Some(wrong.market.partition())
    } else if let Update::RestoreBets(restored) = update {
        Some(restored.market.partition())
    } else {
        None
    }
}

fn partition(world: &mut World) -> u16 {
    u16::try_from(world.dice.below(u64::from(PARTITIONS))).unwrap_or(0)
}

fn framed<C: Wire>(topic: Topic, record: &CommandRecord<C>) -> Bytes {
    let mut out = Vec::new();
    schemas::frame(schemas::schema_of(topic), &mut out);
    record.encode(&mut out);
    out.into()
}

fn told_of_bets(event: &bets::Event) -> Option<&'static str> {
    use bets::Event as E;
    match event {
        E::BetPlaced(_) => Some("placed"),
        E::BetAccepted(_) => Some("accepted"),
        E::BetRejected(_) => Some("turned down"),
        E::BetDelayed(_) => Some("delayed"),
        E::BetSettled(_) => Some("settled"),
        E::SettlementReversed(_) => Some("reversed"),
        E::ExclusionNoticed(_) => Some("excluded"),
        E::RestrictionNoticed(_) => Some("restricted"),
        E::StakeLimitNoticed(_) => Some("stakes limited"),
        E::OwnLimitNoticed(_) => Some("weeks limited"),
        E::StakeFactorSet(_) => Some("factor set"),
        E::BetReoffered(_) => Some("offered another"),
        E::LegVoided(_) => Some("voided"),
        E::LegRestored(_) => Some("restored"),
        E::BetReferred(_) => Some("referred"),
        E::StakeReduced(_) => Some("taken in part"),
        E::CashOutQuoted(_) => Some("cash-out quoted"),
        E::CashOutDelayed(_) => Some("cash-out delayed"),
        E::CashedOut(_) => Some("cashed out"),
        E::CashOutRefused(_) => Some("cash-out refused"),
        E::StakeFunded(_) => Some("paid by the house"),
        E::FundingReleased(_) => Some("given back to the house"),
        E::ReturnDivided(_) => Some("divided"),
        E::DivisionReversed(_) => Some("undivided"),
        E::BonusLapsed(_) => Some("lapsed"),
        E::ReofferAccepted(_)
        | E::PartAllowed(_)
        | E::ReferralAnswered(_)
        | E::PartAgreed(_)
        | E::CancellationStarted(_)
        | E::RestorationStarted(_)
        | E::BetHeld(_)
        | E::BetAwaitsBudget(_)
        | E::SettlementStarted(_)
        | E::RollbackStarted(_)
        | E::LegDecided(_)
        | E::BetTermsFixed(_)
        | E::SettlementStartedInFull(_)
        | E::LegDecidedInFull(_)
        | E::ReturnExplained(_)
        | E::PricesTraced(_)
        | E::FreeBetGranted(_)
        | E::BonusGranted(_)
        | E::SettlementAdvanced(_)
        | E::BudgetRequested(_)
        | E::BudgetReturned(_)
        | E::BudgetNoticed(_) => None,
    }
}

fn told_of_payments(event: &payments::Event) -> Option<&'static str> {
    use payments::Event as E;
    match event {
        E::DepositConfirmed(_) => Some("deposited"),
        E::WithdrawalPaid(_) => Some("paid out"),
        E::DepositLimitNoticed(_) => Some("deposits limited"),
        E::AdjustmentBooked(_) => Some("adjusted"),
        E::AdjustmentRefused(_) => Some("adjustments refused"),
        E::AdjustmentProposed(_)
        | E::AdjustmentApproved(_)
        | E::AdjustmentDeclined(_)
        | E::DepositRequested(_)
        | E::DepositFailed(_)
        | E::WithdrawalRequested(_)
        | E::WithdrawalSubmitted(_)
        | E::WithdrawalFailed(_)
        | E::UnknownPaymentReported(_)
        | E::OutcomeContradicted(_)
        | E::ExclusionNoticed(_)
        | E::InstrumentNamed(_)
        | E::PaymentTakenOn(_)
        | E::ProviderReconciled(_) => None,
    }
}

/// What the provider will tell of a payment that it was asked for.
fn outcome_of(event: &payments::Event, now: Timestamp) -> Option<payments::ReportOutcome> {
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
