//! The edge against the domain: codecs that lose nothing, snapshots that hold everything, feeds
//! that the decider takes from beginning to end.

use crate::feed::router::FeedRouter;
use crate::feed::{FeedUpdate, betfair::BetfairFeed, football_data, recorded::recorded_text};
use crate::{OddsService, Terms, codec};
use kernel::{Decider, MarketId, Money, Partition, Position, SelectionId, Timestamp, Topic};
use odds_domain::{Command, Event, Odds, Phase, Rejection, State};
use runtime::Service;
use schemas::odds as wire;
use std::collections::BTreeMap;

const PARTITIONS: Partition = 8;

fn terms() -> Terms {
    Terms::standard(PARTITIONS)
}

fn decide(state: &State, message: wire::ApplyFeedMessage) -> Result<Vec<Event>, Rejection> {
    let wire = wire::Command::ApplyFeedMessage(message);
    Odds::decide(
        state,
        &codec::command_from_wire(wire, &terms(), Timestamp::MIN),
    )
}

/// Partitions that take a feed as the runtime would: through the codec, checking on the way that
/// nothing is refused and that replay and snapshots agree.
struct Partitions {
    states: BTreeMap<Partition, State>,
    router: FeedRouter,
}

impl Partitions {
    fn new() -> Self {
        Self {
            states: BTreeMap::new(),
            router: FeedRouter::new(PARTITIONS),
        }
    }

    fn take(&mut self, update: FeedUpdate) -> Vec<Event> {
        let mut all = Vec::new();
        for (partition, message) in self.router.route(update).messages {
            let state = self.states.entry(partition).or_default();
            let events = decide(state, message.clone())
                .unwrap_or_else(|rejection| panic!("{message:?} was refused: {rejection}"));
            for event in events {
                let wire = OddsService::event_to_wire(&event);
                let back = OddsService::event_from_wire(wire).unwrap();
                assert_eq!(back, event);
                Odds::evolve(state, &back);
                all.push(event);
            }
        }
        all
    }

    fn check_snapshots(&self) {
        for state in self.states.values() {
            let bytes = OddsService::snapshot(state);
            let restored = OddsService::restore(&bytes).unwrap();
            assert_eq!(&restored, state);
            assert_eq!(OddsService::snapshot(&restored), bytes);
        }
    }

    fn markets(&self) -> impl Iterator<Item = &odds_domain::Market> {
        self.states
            .values()
            .flat_map(|state| state.markets.values())
    }
}

#[test]
fn the_recorded_match_is_decided_to_its_end() {
    let Some(text) = recorded_text("betfair/1.200806927.gz") else {
        return;
    };
    let mut feed = BetfairFeed::new("betfair", PARTITIONS, 1);
    let mut partitions = Partitions::new();
    let mut books = 0_u32;
    for line in text.lines() {
        for update in feed.line(line).unwrap() {
            for event in partitions.take(update) {
                if matches!(event, Event::BookPublished { .. }) {
                    books = books.saturating_add(1);
                }
            }
        }
    }
    partitions.check_snapshots();
    let markets: Vec<_> = partitions.markets().collect();
    assert_eq!(markets.len(), 1);
    assert!(matches!(markets[0].phase, Phase::Resulted(_)));
    assert_eq!(markets[0].in_play, Some(kernel::Duration::from_secs(5)));
    assert!(books > 1_000, "{books}");
}

#[test]
fn the_recorded_race_tells_its_withdrawals_between_the_books() {
    let Some(text) = recorded_text("betfair/BASIC-1.132153978") else {
        return;
    };
    let mut feed = BetfairFeed::new("betfair", PARTITIONS, 1);
    let mut partitions = Partitions::new();
    let mut withdrawn = Vec::new();
    let mut last_version = 0;
    let mut books_between = [0_u32; 3];
    for line in text.lines() {
        for update in feed.line(line).unwrap() {
            for event in partitions.take(update) {
                if let Event::SelectionWithdrawn {
                    withdrawal,
                    version,
                    price,
                    ..
                } = &event
                {
                    assert!(*version > last_version);
                    withdrawn.push((
                        price.unwrap().to_string(),
                        withdrawal.reduction,
                        withdrawal.withdrawn_at.micros() / 1_000_000,
                    ));
                }
                if let Event::BookPublished { version, .. } = &event {
                    last_version = *version;
                    books_between[withdrawn.len()] += 1;
                }
            }
        }
    }
    partitions.check_snapshots();
    assert_eq!(
        withdrawn,
        [
            ("16.00".to_owned(), Some(714), 1_497_423_650),
            ("28.00".to_owned(), Some(555), 1_497_432_223),
        ]
    );
    assert!(
        books_between.iter().all(|count| *count > 10),
        "{books_between:?}"
    );
    let market = partitions.markets().next().unwrap();
    assert_eq!(market.withdrawn.len(), 2);
    assert!(matches!(market.phase, Phase::Resulted(_)));
}

#[test]
fn the_recorded_season_is_decided_to_its_end() {
    let Some(text) = recorded_text("football/E0-2025-26.csv") else {
        return;
    };
    let rows = football_data::read(&text).unwrap();
    let mut partitions = Partitions::new();
    for update in football_data::play("football-data", PARTITIONS, 1, &rows) {
        partitions.take(update);
    }
    partitions.check_snapshots();
    assert!(partitions.markets().count() >= 540);
    assert!(
        partitions
            .markets()
            .all(|market| matches!(market.phase, Phase::Resulted(_)))
    );
    let used = partitions
        .states
        .values()
        .filter(|state| !state.markets.is_empty());
    assert_eq!(used.count(), usize::from(PARTITIONS));
}

#[test]
fn a_simulated_day_is_decided_without_a_refusal() {
    use crate::feed::simulation::{Scenario, Simulation, SimulationSettings};
    let start = Timestamp::from_millis(1_763_800_000_000);
    let settings = SimulationSettings::new(5, Scenario::DerbyDay, PARTITIONS);
    let mut simulation = Simulation::new(settings, start);
    let mut partitions = Partitions::new();
    for minute in 0..10 {
        let now = start.plus(kernel::Duration::from_secs(minute * 60));
        for update in simulation.advance(now) {
            partitions.take(update);
        }
    }
    partitions.check_snapshots();
    let settled = partitions
        .markets()
        .filter(|market| matches!(market.phase, Phase::Resulted(_)));
    assert!(settled.count() >= 45);
}

fn suspended(reason: &str, by: Option<&str>) -> wire::Event {
    wire::Event::MarketSuspended(wire::MarketSuspended {
        market: MarketId::example(1, 0),
        version: 2,
        reason: reason.to_owned(),
        by: by.map(str::to_owned),
    })
}

#[test]
fn causes_of_suspension_survive_the_wire() {
    for event in [
        suspended("goal", None),
        suspended("odd bets", Some("trader")),
        suspended(codec::SOURCE_SILENT, None),
        suspended(codec::MESSAGES_MISSING, None),
        suspended(codec::SOURCE_SILENT, Some("trader")),
    ] {
        let back = codec::event_from_wire(event.clone()).unwrap();
        assert_eq!(codec::event_to_wire(&back), event);
    }
}

#[test]
fn a_sources_own_text_is_not_taken_for_a_reserved_reason() {
    let stop = wire::Command::ApplyFeedMessage(wire::ApplyFeedMessage {
        source: "acme".to_owned(),
        sequence: 1,
        published_at: Timestamp::default(),
        update: wire::Update::Suspend(wire::Suspend {
            fixture: kernel::FixtureId::example(1, 0),
            market: None,
            reason: codec::SOURCE_SILENT.to_owned(),
        }),
    });
    let Command::ApplyFeedMessage(message) =
        codec::command_from_wire(stop, &terms(), Timestamp::MIN)
    else {
        panic!("another command");
    };
    let odds_domain::Update::Suspend { reason, .. } = message.update else {
        panic!("another update");
    };
    assert_eq!(
        reason,
        odds_domain::FeedSuspension::Stated("stated: source_silent".to_owned())
    );
}

#[test]
fn an_offer_in_two_currencies_is_no_event() {
    let offered = wire::Event::MarketOffered(wire::MarketOffered {
        market: MarketId::example(1, 0),
        fixture: kernel::FixtureId::example(1, 0),
        name: String::new(),
        kind: wire::MarketKind::Winner(wire::Winner {}),
        selections: Vec::new(),
        source: "acme".to_owned(),
        exposure_max: Money::from_minor(1, kernel::Currency::Eur),
        budget_each: Money::from_minor(1, kernel::Currency::Gbp),
        version: 1,
    });
    assert!(codec::event_from_wire(offered).is_err());
}

#[test]
fn every_rejection_has_its_word_on_the_wire() {
    use wire::RejectionReason as Reason;
    let market = MarketId::example(1, 0);
    let word = |rejection: &Rejection| codec::rejection_to_wire(rejection).reason;
    assert!(matches!(
        word(&Rejection::SequenceRepeated { last: 7 }),
        Reason::SequenceRepeated(wire::SequenceRepeated { last: 7 })
    ));
    assert!(matches!(
        word(&Rejection::MarketUnknown(market)),
        Reason::MarketUnknown(_)
    ));
    assert!(matches!(
        word(&Rejection::FixtureUnknown(kernel::FixtureId::default())),
        Reason::FixtureUnknown(_)
    ));
    assert!(matches!(
        word(&Rejection::SelectionUnknown(kernel::SelectionId::default())),
        Reason::SelectionUnknown(_)
    ));
    assert!(matches!(
        word(&Rejection::MarketNotInState { market, state: "closed" }),
        Reason::MarketNotInState(refused) if refused.state == "closed"
    ));
    assert!(matches!(
        word(&Rejection::OutcomesIncomplete("a selection is missing")),
        Reason::OutcomesIncomplete(_)
    ));
    assert!(matches!(
        word(&Rejection::ReasonMissing),
        Reason::ReasonMissing(_)
    ));
    assert!(matches!(
        word(&Rejection::SourceNotOwner {
            owner: "acme".to_owned()
        }),
        Reason::SourceNotOwner(_)
    ));
    let selection = kernel::SelectionId::default();
    let lapsed_at = kernel::Timestamp::from_millis(3);
    assert!(matches!(
        word(&Rejection::StretchNotOver),
        Reason::StretchNotOver(_)
    ));
    assert!(matches!(
        word(&Rejection::PricesMissing),
        Reason::PricesMissing(_)
    ));
    assert!(matches!(
        word(&Rejection::PriceNotObviouslyWrong(selection)),
        Reason::PriceNotObviouslyWrong(_)
    ));
    assert!(
        matches!(word(&Rejection::RulingUnknown(4)), Reason::RulingUnknown(r) if r.ruling == 4)
    );
    assert!(matches!(
        word(&Rejection::OwnProposal),
        Reason::OwnProposal(_)
    ));
    assert!(matches!(
        word(&Rejection::ProposalLapsed { lapsed_at }),
        Reason::ProposalLapsed(r) if r.lapsed_at == lapsed_at
    ));
}

fn bets_decision(events: Vec<schemas::bets::Event>) -> schemas::Decision {
    schemas::Decision {
        position: Position {
            topic: Topic::BetsEvents,
            partition: 5,
            offset: 9,
        },
        header: schemas::Header {
            kind: schemas::Kind::Decision,
            epoch: 1,
            claim_id: schemas::ClaimId::default(),
            seq: 1,
            confirmed: 0,
            prev: None,
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: kernel::CorrelationId::default(),
            decided_at: Timestamp::default(),
        },
        events: schemas::Events::BetsEvents(schemas::Body {
            rejection: None,
            events,
        }),
    }
}

#[test]
fn only_budgets_of_markets_of_this_partition_concern_it() {
    let euro = |minor| Money::from_minor(minor, kernel::Currency::Eur);
    let (here, elsewhere) = (MarketId::example(1, 2), MarketId::example(1, 3));
    let decision = bets_decision(vec![
        schemas::bets::Event::BudgetRequested(schemas::bets::BudgetRequested {
            market: elsewhere,
            total: euro(1),
        }),
        schemas::bets::Event::BudgetReturned(schemas::bets::BudgetReturned {
            market: here,
            total: euro(2),
        }),
        schemas::bets::Event::BudgetNoticed(schemas::bets::BudgetNoticed {
            market: here,
            total: euro(3),
        }),
    ]);
    let react =
        |partition| OddsService::react(partition, &decision, &terms(), Timestamp::default());
    assert_eq!(
        react(2),
        Some(Command::NoteBudgets {
            bets_partition: 5,
            bets_partitions: PARTITIONS,
            notes: vec![odds_domain::BudgetNote::Returned {
                market: here,
                total: euro(2)
            }],
            standing: vec![],
        })
    );
    assert_eq!(react(4), None);
}

#[test]
fn what_is_sold_back_stands_on_the_board_no_more() {
    let euro = |minor| Money::from_minor(minor, kernel::Currency::Eur);
    let (here, elsewhere) = (MarketId::example(1, 2), MarketId::example(1, 3));
    let left = |market| schemas::bets::Liability {
        market,
        selection: SelectionId::example(1, 2),
        stakes: euro(750),
        returns: euro(1_875),
        slips: 1,
    };
    let decision = bets_decision(vec![schemas::bets::Event::CashedOut(
        schemas::bets::CashedOut {
            bet: kernel::BetId::example(1, 5),
            customer: kernel::CustomerId::example(1, 5),
            quote: kernel::CashOutQuoteId::example(1, 5),
            fraction_millionths: 250_000,
            settlement: 1,
            stake: euro(250),
            amount: euro(475),
            worth: schemas::bets::CashOutWorth {
                rules_version: 1,
                margin_permille: 50,
                fair: "5".to_owned(),
                exact: "19/4".to_owned(),
                legs: vec![],
            },
            stake_left: euro(750),
            potential_return_left: euro(1_875),
            stake_sold_total: euro(250),
            amount_total: euro(475),
            cashed_out_at: Timestamp::default(),
            liabilities: vec![left(here), left(elsewhere)],
        },
    )]);
    assert_eq!(
        OddsService::react(2, &decision, &terms(), Timestamp::default()),
        Some(Command::NoteStakes {
            bets_partition: 5,
            standing: vec![odds_domain::StandingStakes {
                market: here,
                selection: SelectionId::example(1, 2),
                stakes_minor: 750,
                returns_minor: 1_875,
            }],
        })
    );
}

#[test]
fn every_timer_and_part_of_work_leads_on() {
    let mut state = State::default();
    let mut router = FeedRouter::new(1);
    let announce = |sequence, update| FeedUpdate {
        source: "acme".to_owned(),
        sequence,
        published_at: Timestamp::default(),
        update,
    };
    let names = crate::feed::names::FeedNames::new("acme", 1);
    let fixture = names.fixture("f");
    let market = crate::feed::football::FootballMarket::new(
        &names,
        fixture,
        crate::feed::football::FootballQuestion::Result,
    );
    for update in [
        announce(
            1,
            wire::Update::AnnounceFixture(wire::AnnounceFixture {
                fixture,
                name: "A v B".to_owned(),
                sport: "football".to_owned(),
                starts_at: Timestamp::default(),
            }),
        ),
        announce(
            2,
            wire::Update::OfferMarket(market.offer(fixture, "A", "B")),
        ),
    ] {
        for (_, message) in router.route(update).messages {
            for event in decide(&state, message).unwrap() {
                Odds::evolve(&mut state, &event);
            }
        }
    }
    let mut now = Timestamp::from_millis(1_000_000);
    let mut heard = Vec::new();
    for _ in 0..40 {
        let timer = OddsService::next_timer(&state).unwrap();
        now = now.max(timer.due);
        let command = OddsService::fire(&state, timer, &terms(), now).unwrap();
        for event in Odds::decide(&state, &command).unwrap() {
            Odds::evolve(&mut state, &event);
            if !matches!(event, Event::HeartbeatSent { .. }) {
                heard.push(event);
            }
        }
        assert_ne!(OddsService::next_timer(&state), Some(timer));
        while let Some(work) = OddsService::next_work(&state) {
            let command = OddsService::work(&state, work, &terms(), now).unwrap();
            for event in Odds::decide(&state, &command).unwrap() {
                Odds::evolve(&mut state, &event);
                heard.push(event);
            }
            assert_ne!(OddsService::next_work(&state), Some(work));
        }
    }
    assert!(matches!(
        heard.as_slice(),
        [
            Event::SourceWentSilent { .. },
            Event::MarketSuspended { .. }
        ]
    ));
}
