//! The clients, the feed and the payment provider of a world, with a memory of their own.
//!
//! Duty: ask for everything that can be asked, again and again with the same key, and remember
//! what was acknowledged: the memory, not the system, says afterwards what must be true.

mod cash_out;
mod customers;
mod feed;
mod provider;
mod told;

use crate::adjustments;
use crate::promotions;
use crate::protection;
use crate::reviews;
use crate::world::{PARTITIONS, World};
use audit::Violation;
use bytes::Bytes;
use kernel::{
    BetId, CorrelationId, Currency, CustomerId, DepositId, Digest, Duration, FixtureId, FreeBetId,
    InvariantId, MarketId, Money, Position, RequestId, SelectionId, Timestamp, Topic,
    TopicPartition,
};
use schemas::{CommandRecord, Decision, Events, Wire, odds, payments};
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
    pub(crate) reviewers: reviews::Reviewers,
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
        if cash_out::take_soon(world) || reviews::act_soon(world) {
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
                client.outcomes.extend(provider::outcome_of(event, now));
                client.adjusters.hear(event, decision.position.partition);
                client.reviewers.hear(event);
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
            Events::BetsEvents(body) => body.events.iter().filter_map(told::of_bets).for_each(one),
            Events::PaymentsEvents(body) => body
                .events
                .iter()
                .filter_map(told::of_payments)
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

fn partition(world: &mut World) -> u16 {
    u16::try_from(world.dice.below(u64::from(PARTITIONS))).unwrap_or(0)
}

fn framed<C: Wire>(topic: Topic, record: &CommandRecord<C>) -> Bytes {
    let mut out = Vec::new();
    schemas::frame(schemas::schema_of(topic), &mut out);
    record.encode(&mut out);
    out.into()
}
