//! The edge as a whole: a small book told by journals, and what bets makes of it.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what it is for"
)]

mod cash_out;
mod codec;
mod conformance;
mod origin;
mod projection;
mod promotion;
mod race;
mod reactor;
mod story;

use crate::BetsService;
use bets_domain::{Command, State};
use kernel::{
    BetId, CorrelationId, Currency, CustomerId, Decider, Duration, FixtureId, MarketId, Money,
    Position, SelectionId, Timestamp, Topic, TopicPartition,
};
use markets::MarketView;
use runtime::Service;
use schemas::{Body, ClaimId, Decision, Events, Header, Kind, bets, ledger, odds};

const PARTITION: u16 = 2;
const CUSTOMER: CustomerId = CustomerId::example(1, PARTITION);
const FIXTURE: FixtureId = FixtureId::example(1, 0);
const MARKET: MarketId = MarketId::example(1, 0);
const HOME: SelectionId = SelectionId::example(1, 0);
const AWAY: SelectionId = SelectionId::example(2, 0);

const fn bet(n: u64) -> BetId {
    BetId::example(n, PARTITION)
}
const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + millis)
}
const fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}
const fn position(topic: Topic, offset: u64) -> Position {
    TopicPartition::new(topic, 0).at(offset)
}

fn decision(position: Position, decided_at: Timestamp, events: Events) -> Decision {
    let header = Header {
        kind: Kind::Decision,
        epoch: 1,
        claim_id: ClaimId::default(),
        seq: position.offset,
        confirmed: 0,
        prev: None,
        cause: None,
        consumed: vec![],
        request_id: None,
        request_digest: None,
        correlation_id: CorrelationId::default(),
        decided_at,
    };
    Decision {
        position,
        header,
        events,
    }
}

fn odds_decision(offset: u64, decided_at: Timestamp, events: Vec<odds::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    decision(
        position(Topic::OddsEvents, offset),
        decided_at,
        Events::OddsEvents(body),
    )
}

fn ledger_decision(events: Vec<ledger::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    decision(
        position(Topic::LedgerEvents, 7),
        at(0),
        Events::LedgerEvents(body),
    )
}

fn bets_decision(events: Vec<bets::Event>) -> Decision {
    let body = Body {
        rejection: None,
        events,
    };
    let at_bets = TopicPartition::new(Topic::BetsEvents, PARTITION).at(9);
    decision(at_bets, at(3), Events::BetsEvents(body))
}

/// One fixture, one market: home at 2.50, away at 1.60.
fn view() -> MarketView {
    let mut view = MarketView::default();
    let named = |selection, name: &str| odds::SelectionName {
        selection,
        name: name.to_owned(),
    };
    let priced = |selection, price: &str| odds::SelectionPrice {
        selection,
        price: price.parse().ok(),
    };
    view.apply(&odds_decision(
        1,
        at(0),
        vec![
            odds::Event::FixtureAnnounced(odds::FixtureAnnounced {
                fixture: FIXTURE,
                name: "Rovers v Town".to_owned(),
                sport: "football".to_owned(),
                starts_at: at(60_000),
            }),
            odds::Event::MarketOffered(odds::MarketOffered {
                market: MARKET,
                fixture: FIXTURE,
                name: "Match winner".to_owned(),
                kind: odds::MarketKind::Winner(odds::Winner {}),
                selections: vec![named(HOME, "Rovers"), named(AWAY, "Town")],
                source: "test".to_owned(),
                exposure_max: eur(1_000_000),
                budget_each: eur(100_000),
                version: 1,
            }),
        ],
    ));
    view.apply(&odds_decision(
        2,
        at(0),
        vec![
            odds::Event::BookPublished(odds::BookPublished {
                market: MARKET,
                version: 2,
                prices: vec![priced(HOME, "2.5"), priced(AWAY, "1.6")],
                source: "test".to_owned(),
                source_sequence: 1,
                published_at: at(0),
            }),
            odds::Event::HeartbeatSent(odds::HeartbeatSent { at: at(0) }),
        ],
    ));
    view
}

/// 10.00 on home.
fn place(n: u64) -> bets::Command {
    bets::Command::PlaceBet(bets::PlaceBet {
        bet: bet(n),
        customer: CUSTOMER,
        slip: bets::Slip {
            bet_type: bets::BetType::Single,
            legs: vec![bets::Leg {
                selection: HOME,
                market: MARKET,
                fixture: FIXTURE,
                price: "2.5".parse().unwrap(),
                market_version: 2,
            }],
            stake: eur(1_000),
            price_policy: bets::PricePolicy::Exact,
            each_way: false,
            client_ref: Some("slip-42".to_owned()),
        },
    })
}

fn cash() -> ledger::Account {
    ledger::Account {
        customer: Some(CUSTOMER),
        kind: ledger::AccountKind::Cash,
        currency: Currency::Eur,
    }
}

fn held(n: u64, reversals: u32) -> ledger::Event {
    ledger::Event::TransferHeld(ledger::TransferHeld {
        id: bets::stake_hold(bet(n), reversals),
        debit: cash(),
        credit: cash(),
        minor: 1_000,
        code: ledger::TransferCode::Stake,
        expires_at: None,
        debit_after: ledger::Balance {
            posted_minor: 5_000,
            held_minor: 1_000,
            entry: 2,
        },
        content: ledger::ContentHash::default(),
    })
}

fn refused(n: u64, reason: ledger::RefusalReason) -> ledger::Event {
    ledger::Event::TransferRefused(ledger::TransferRefused {
        id: bets::stake_hold(bet(n), 0),
        reason,
        available_minor: Some(300),
        debit: cash(),
        code: ledger::TransferCode::Stake,
        content: ledger::ContentHash::default(),
    })
}

fn resulted(result: u32, home: odds::OutcomeKind) -> odds::Event {
    let outcome = |selection, kind| odds::SelectionOutcome {
        selection,
        outcome: odds::Outcome {
            kind,
            places: 1,
            tied: 1,
        },
    };
    odds::Event::MarketResulted(odds::MarketResulted {
        market: MARKET,
        version: 9,
        result,
        outcomes: vec![outcome(HOME, home), outcome(AWAY, odds::OutcomeKind::Lost)],
        by: None,
    })
}

fn turned_in_play() -> odds::Event {
    odds::Event::MarketTurnedInPlay(odds::MarketTurnedInPlay {
        market: MARKET,
        version: 3,
        bet_delay: Duration::from_secs(5),
    })
}

/// A partition that is driven as its owner drives it, recording on the wire.
struct Partition {
    state: State,
    view: MarketView,
    recorded: Vec<bets::Event>,
}

impl Partition {
    fn new() -> Self {
        Self {
            state: State::default(),
            view: view(),
            recorded: vec![],
        }
    }

    /// Decides and folds what was recorded, by way of the wire.
    fn decide(&mut self, command: &Command) -> Result<Vec<bets::Event>, bets_domain::Rejection> {
        let events = bets_domain::Bets::decide(&self.state, command)?;
        let wire: Vec<bets::Event> = events.iter().map(BetsService::event_to_wire).collect();
        for (event, recorded) in events.iter().zip(&wire) {
            let read = BetsService::event_from_wire(recorded.clone()).unwrap();
            assert_eq!(&read, event);
            bets_domain::Bets::evolve(&mut self.state, &read);
        }
        let bytes = BetsService::snapshot(&self.state);
        let restored = BetsService::restore(&bytes).unwrap();
        assert_eq!(restored, self.state);
        assert_eq!(BetsService::snapshot(&restored), bytes);
        self.recorded.extend(wire.clone());
        Ok(wire)
    }

    fn request(&mut self, command: bets::Command, now: Timestamp) -> Vec<bets::Event> {
        let command = BetsService::request(PARTITION, command, &self.view, now);
        self.decide(&command).unwrap()
    }

    fn react(&mut self, decision: &Decision, now: Timestamp) -> Vec<bets::Event> {
        self.view.apply(decision);
        match BetsService::react(PARTITION, decision, &self.view, now) {
            Some(command) => self.decide(&command).unwrap(),
            None => vec![],
        }
    }

    /// Fires what is due and does all work.
    fn rest(&mut self, now: Timestamp) -> Vec<bets::Event> {
        let mut all = vec![];
        while let Some(timer) =
            BetsService::next_timer(&self.state).filter(|timer| timer.due <= now)
        {
            let command = BetsService::fire(&self.state, timer, &self.view, now).unwrap();
            all.extend(self.decide(&command).unwrap());
            assert_ne!(BetsService::next_timer(&self.state), Some(timer));
        }
        while let Some(work) = BetsService::next_work(&self.state) {
            let command = BetsService::work(&self.state, work, &self.view, now).unwrap();
            all.extend(self.decide(&command).unwrap());
            assert_ne!(BetsService::next_work(&self.state), Some(work));
        }
        all
    }
}
