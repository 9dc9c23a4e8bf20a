//! Recorded data through the real owners: a tennis market and a race as an exchange told them, and half a
//! football season settled to the penny.
//!
//! Each test reads the raw file a second time with arithmetic of its own and compares. Where the
//! recordings are not beside the repository, a test says so and does nothing.

#![expect(clippy::arithmetic_side_effects, reason = "it counts small numbers")]

mod football;
mod race;
mod tennis;

use eventlog::{Chain, Faults};
use kernel::{
    BetId, Currency, CustomerId, Digest, Duration, MarketId, Money, Price, SelectionId, Timestamp,
    Topic, TopicPartition, TransferId,
};
use markets::{Market, MarketStatus};
use odds::feed::FeedUpdate;
use odds::feed::betfair::BetfairFeed;
use odds::feed::football_data;
use odds::feed::playback::Playback;
use odds::feed::router::FeedRouter;
use schemas::odds::{MarketKind, Update};
use schemas::{Blob, Decision, Events, auth, bets, ledger, odds as wire};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use system_tests::client::Client;
use system_tests::world::{PARTITIONS, World};

const FUNDS_MINOR: i64 = 1_000_000;

/// The recorded file as text, or a word on stderr.
fn recorded(path: &str) -> Option<String> {
    let file = format!("{}/../../shared/data/{path}", env!("CARGO_MANIFEST_DIR"));
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("ignored: recorded data {path} is not here ({error})");
            return None;
        }
    };
    let mut text = String::new();
    if path.ends_with(".gz") {
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .expect("a recorded file is whole");
    } else {
        text = String::from_utf8(bytes).expect("a recorded file is text");
    }
    Some(text)
}

/// A world without misfortune in which a recording is played.
struct Stage {
    world: World,
    playback: Playback,
    router: FeedRouter,
}

impl Stage {
    fn new(updates: Vec<FeedUpdate>, speed: u32) -> Self {
        let mut world = World::new(1, Faults::NONE);
        world.rest();
        let playback = Playback::new("recorded", updates, speed, world.now);
        Self {
            world,
            playback,
            router: FeedRouter::new(PARTITIONS),
        }
    }

    /// On to the next update, or by five seconds; what was told on the way, once all have heard
    /// it. Nothing at the end.
    fn next(&mut self) -> Option<Vec<FeedUpdate>> {
        let next = self.playback.next_at()?;
        self.world.now = next.min(self.world.now.plus(Duration::from_secs(5)));
        // The heartbeats of this instant come before what happens in it.
        self.world.rest();
        let told = self.playback.advance(self.world.now);
        for update in &told {
            for (partition, message) in self.router.route(update.clone()).messages {
                let at = TopicPartition::new(Topic::OddsCommands, partition);
                let command = wire::Command::ApplyFeedMessage(message);
                Client::send(&mut self.world, at, command, false);
            }
        }
        self.world.rest();
        Some(told)
    }

    fn wait(&mut self, span: Duration) {
        self.world.now = self.world.now.plus(span);
        self.world.rest();
    }

    /// Somebody with an account and money in it.
    fn customer(&mut self, partition: u16) -> CustomerId {
        let world = &mut self.world;
        let customer = CustomerId::from_bytes(world.client.bytes(partition));
        let mut login = [3_u8; 32];
        login[..16].copy_from_slice(&customer.bytes());
        let command = auth::Command::Register(auth::Register {
            customer,
            login_hash: Digest::from_bytes(login),
            password_hash: "$argon2id$v=19$recorded".to_owned(),
            sealed_profile: Blob(vec![1]),
            currency: Currency::Eur,
            roles: vec![auth::Role::Customer],
        });
        let at = TopicPartition::new(Topic::AuthCommands, partition);
        Client::send(world, at, command, false);
        let account = |customer, kind| ledger::Account {
            customer,
            kind,
            currency: Currency::Eur,
        };
        let transfer = ledger::Transfer {
            id: TransferId::from_bytes(world.client.bytes(partition)),
            debit: account(None, ledger::AccountKind::Provider),
            credit: account(Some(customer), ledger::AccountKind::Cash),
            amount: ledger::Amount::Exactly(ledger::Exactly { minor: FUNDS_MINOR }),
            kind: ledger::TransferKind::Post(ledger::Post {}),
            linked: false,
            code: ledger::TransferCode::Benchmark,
            credit_fallback: None,
            rules_waived: false,
        };
        let command = ledger::Command::PostTransfers(ledger::PostTransfers {
            transfers: vec![transfer],
        });
        let at = TopicPartition::new(Topic::LedgerCommands, partition);
        Client::send(world, at, command, false);
        world.rest();
        customer
    }

    fn single(
        &mut self,
        customer: CustomerId,
        market: &Market,
        selection: SelectionId,
        price: Price,
        policy: bets::PricePolicy,
        stake_minor: i64,
    ) -> BetId {
        let world = &mut self.world;
        let bet = BetId::from_bytes(world.client.bytes(customer.partition()));
        let slip = bets::Slip {
            bet_type: bets::BetType::Single,
            legs: vec![bets::Leg {
                selection,
                market: market.id,
                fixture: market.fixture,
                price,
                market_version: market.version,
            }],
            stake: Money::from_minor(stake_minor, Currency::Eur),
            price_policy: policy,
            each_way: false,
            client_ref: None,
        };
        let command = bets::Command::PlaceBet(bets::PlaceBet {
            bet,
            customer,
            slip,
        });
        let at = TopicPartition::new(Topic::BetsCommands, customer.partition());
        Client::send(world, at, command, true);
        world.rest();
        bet
    }

    fn market(&self, id: MarketId) -> Market {
        self.world
            .picture()
            .market(id)
            .expect("a market that was told of")
            .clone()
    }

    /// Every decision of a journal.
    fn journal(&self, topic: Topic) -> Vec<Arc<Decision>> {
        let mut decisions = Vec::new();
        for partition in 0..PARTITIONS {
            let at = TopicPartition::new(topic, partition);
            let records = self.world.log.records(at, 0, usize::MAX);
            let stretch = runtime::take(at, &mut Chain::default(), &records);
            let stretch = stretch.expect("a simulated journal never halts its reader");
            decisions.extend(stretch.decisions.into_iter().map(|one| one.decision));
        }
        decisions
    }

    /// The cash of a customer as the movements give it.
    fn cash(&self, customer: CustomerId) -> i128 {
        self.world
            .auditor
            .accounts()
            .find(|(key, _)| {
                key.customer == Some(customer) && key.kind == ledger::AccountKind::Cash
            })
            .map_or(0, |(_, state)| state.posted_minor)
    }

    fn must_be_in_order(&mut self) {
        let mut violations = self.world.check_replay();
        violations.extend(self.world.violations(true));
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// What became of each bet, in order.
fn fates(stage: &Stage) -> BTreeMap<BetId, Vec<bets::Event>> {
    let mut fates: BTreeMap<BetId, Vec<bets::Event>> = BTreeMap::new();
    for decision in stage.journal(Topic::BetsEvents) {
        let Events::BetsEvents(body) = &decision.events else {
            continue;
        };
        for event in &body.events {
            let bet = match event {
                bets::Event::BetPlaced(placed) => placed.bet,
                bets::Event::BetDelayed(delayed) => delayed.bet,
                bets::Event::BetAccepted(accepted) => accepted.bet,
                bets::Event::BetRejected(rejected) => rejected.bet,
                bets::Event::BetSettled(settled) => settled.bet,
                bets::Event::BetAwaitsBudget(_)
                | bets::Event::SettlementStarted(_)
                | bets::Event::LegDecided(_)
                | bets::Event::BetTermsFixed(_)
                | bets::Event::SettlementStartedInFull(_)
                | bets::Event::LegDecidedInFull(_)
                | bets::Event::ReturnExplained(_)
                | bets::Event::PricesTraced(_)
                | bets::Event::CancellationStarted(_)
                | bets::Event::RestorationStarted(_)
                | bets::Event::LegVoided(_)
                | bets::Event::LegRestored(_)
                | bets::Event::CashOutQuoted(_)
                | bets::Event::CashOutDelayed(_)
                | bets::Event::CashedOut(_)
                | bets::Event::CashOutRefused(_)
                | bets::Event::FreeBetGranted(_)
                | bets::Event::BonusGranted(_)
                | bets::Event::StakeFunded(_)
                | bets::Event::FundingReleased(_)
                | bets::Event::ReturnDivided(_)
                | bets::Event::DivisionReversed(_)
                | bets::Event::BonusLapsed(_)
                | bets::Event::SettlementReversed(_)
                | bets::Event::SettlementAdvanced(_)
                | bets::Event::BudgetRequested(_)
                | bets::Event::BudgetReturned(_)
                | bets::Event::BudgetNoticed(_)
                | bets::Event::StakeLimitNoticed(_)
                | bets::Event::OwnLimitNoticed(_)
                | bets::Event::StakeFactorSet(_)
                | bets::Event::ExclusionNoticed(_)
                | bets::Event::RestrictionNoticed(_)
                | bets::Event::RollbackStarted(_)
                | bets::Event::BetReoffered(_)
                | bets::Event::ReofferAccepted(_)
                | bets::Event::PartAllowed(_)
                | bets::Event::BetReferred(_)
                | bets::Event::ReferralAnswered(_)
                | bets::Event::PartAgreed(_)
                | bets::Event::StakeReduced(_)
                | bets::Event::BetHeld(_) => continue,
            };
            fates.entry(bet).or_default().push(event.clone());
        }
    }
    fates
}

/// The rejections that are recorded without a bet.
fn refusals(stage: &Stage) -> Vec<bets::RejectionReason> {
    stage
        .journal(Topic::BetsEvents)
        .iter()
        .filter_map(|decision| {
            let Events::BetsEvents(body) = &decision.events else {
                return None;
            };
            let offered_instead = body.events.iter().find_map(|event| match event {
                bets::Event::BetReoffered(told) => Some(&told.why),
                _other => None,
            });
            let broken = body.rejection.as_ref().or(offered_instead);
            broken.map(|broken| broken.reason.clone())
        })
        .collect()
}

/// Numerator over denominator, to the nearest whole number, halves to the even one.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let floor = numerator.div_euclid(denominator);
    let twice = 2 * numerator.rem_euclid(denominator);
    match twice.cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

#[test]
fn halves_go_to_the_even_one() {
    let rounded: Vec<i128> = [1, 3, 5, 6, 7].map(|n| half_even(n, 2)).to_vec();
    assert_eq!(rounded, [0, 2, 2, 3, 4]);
}
