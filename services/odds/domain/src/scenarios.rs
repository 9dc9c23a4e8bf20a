//! The decider's specification: one scenario a rule, one a refusal, one a repeat.

mod budgets;
mod explained;
mod feed;
mod leaning;
mod operators;
mod races;
mod recovery;
mod rulings;
mod scores;
mod silence;
mod withdrawals;
mod words;

use crate::command::{
    Command, ExposureTerms, FeedMessage, FixtureDescription, MarketKind, MarketOffer,
    NamedSelection, Outcome, SelectionPrice, SelectionResult, Update,
};
use crate::decider::Odds;
use crate::event::{Event, SuspensionCause};
use kernel::{Currency, Decider, FixtureId, MarketId, Money, Scenario, SelectionId, Timestamp};

type Odd = Scenario<Odds>;

const FIXTURE: FixtureId = FixtureId::example(1, 0);
const MARKET: MarketId = MarketId::example(10, 0);
const OTHER_MARKET: MarketId = MarketId::example(11, 0);
const HOME: SelectionId = SelectionId::example(100, 0);
const DRAW: SelectionId = SelectionId::example(101, 0);
const AWAY: SelectionId = SelectionId::example(102, 0);
const SAID_AT: Timestamp = Timestamp::from_millis(5);

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

fn description() -> FixtureDescription {
    FixtureDescription {
        fixture: FIXTURE,
        name: "Reds v Blues".to_owned(),
        sport: "football".to_owned(),
        starts_at: Timestamp::from_millis(1_000),
    }
}

fn offer_of(market: MarketId) -> MarketOffer {
    let named = |selection, name: &str| NamedSelection {
        selection,
        name: name.to_owned(),
    };
    MarketOffer {
        market,
        fixture: FIXTURE,
        name: "Match result".to_owned(),
        kind: MarketKind::MatchResult,
        selections: vec![
            named(HOME, "Reds"),
            named(DRAW, "Draw"),
            named(AWAY, "Blues"),
        ],
        exposure: ExposureTerms {
            exposure_max: eur(1_000),
            budget_each: eur(100),
        },
        lean_step_minor: None,
    }
}

/// Message `sequence` of the source acme.
fn said(sequence: u64, update: Update) -> Command {
    said_by("acme", sequence, update)
}

fn said_by(source: &str, sequence: u64, update: Update) -> Command {
    Command::ApplyFeedMessage(FeedMessage {
        source: source.to_owned(),
        sequence,
        published_at: SAID_AT,
        update,
    })
}

fn advanced(sequence: u64) -> Event {
    Event::SourceAdvanced {
        source: "acme".to_owned(),
        sequence,
    }
}

fn announced() -> Event {
    Event::FixtureAnnounced(description())
}

fn offered(market: MarketId) -> Event {
    Event::MarketOffered {
        offer: offer_of(market),
        source: "acme".to_owned(),
        version: 1,
    }
}

fn prices(texts: [&str; 3]) -> Vec<SelectionPrice> {
    [HOME, DRAW, AWAY]
        .into_iter()
        .zip(texts)
        .map(|(selection, text)| SelectionPrice {
            selection,
            price: text.parse().ok(),
        })
        .collect()
}

const BOOK: [&str; 3] = ["2.5", "3.4", "2.9"];

fn quote(texts: [&str; 3]) -> Update {
    Update::QuoteBook {
        market: MARKET,
        prices: prices(texts),
    }
}

fn published(version: u64, texts: [&str; 3], source_sequence: u64) -> Event {
    Event::BookPublished {
        market: MARKET,
        version,
        prices: prices(texts),
        source: "acme".to_owned(),
        source_sequence,
        published_at: SAID_AT,
    }
}

fn suspended(version: u64, cause: SuspensionCause) -> Event {
    Event::MarketSuspended {
        market: MARKET,
        version,
        cause,
    }
}

fn by_source(reason: &str) -> SuspensionCause {
    SuspensionCause::Source {
        reason: reason.to_owned(),
    }
}

fn by_operator() -> SuspensionCause {
    SuspensionCause::Operator {
        reason: "odd bets".to_owned(),
        by: "trader".to_owned(),
    }
}

fn resumed(version: u64, by: Option<&str>) -> Event {
    Event::MarketResumed {
        market: MARKET,
        version,
        by: by.map(str::to_owned),
    }
}

fn results(outcomes: [Outcome; 3]) -> Vec<SelectionResult> {
    [HOME, DRAW, AWAY]
        .into_iter()
        .zip(outcomes)
        .map(|(selection, outcome)| SelectionResult { selection, outcome })
        .collect()
}

const HOME_WON: [Outcome; 3] = [Outcome::Won, Outcome::Lost, Outcome::Lost];
const AWAY_WON: [Outcome; 3] = [Outcome::Lost, Outcome::Lost, Outcome::Won];

fn resulted(version: u64, result: u32, outcomes: [Outcome; 3], by: Option<&str>) -> Event {
    Event::MarketResulted {
        market: MARKET,
        version,
        result,
        outcomes: results(outcomes),
        by: by.map(str::to_owned),
    }
}

/// A fixture with a priced market, after three messages.
fn open_market() -> Vec<Event> {
    vec![
        announced(),
        advanced(1),
        offered(MARKET),
        advanced(2),
        published(2, BOOK, 3),
        advanced(3),
    ]
}

fn after_open(more: impl IntoIterator<Item = Event>) -> Odd {
    Scenario::given(open_market().into_iter().chain(more))
}

/// Every version of a market follows the one before.
#[test]
fn versions_never_skip() {
    let mut state = Odds::initial();
    let mut next = 1;
    let commands = [
        said(1, Update::AnnounceFixture(description())),
        said(2, Update::OfferMarket(offer_of(MARKET))),
        said(3, quote(BOOK)),
        Command::SuspendMarket {
            market: MARKET,
            reason: "odd bets".to_owned(),
            by: "trader".to_owned(),
        },
        said(
            4,
            Update::Suspend {
                fixture: FIXTURE,
                market: None,
                reason: crate::command::FeedSuspension::Stated("goal".to_owned()),
            },
        ),
        said(
            5,
            Update::Resume {
                fixture: FIXTURE,
                market: None,
            },
        ),
        Command::ResumeMarket {
            market: MARKET,
            reason: "explained".to_owned(),
            by: "trader".to_owned(),
        },
        said(6, quote(["2", "3", "4"])),
        said(7, Update::Close { market: MARKET }),
        said(
            8,
            Update::Settle {
                market: MARKET,
                outcomes: results(HOME_WON),
            },
        ),
    ];
    for command in commands {
        for event in Odds::decide(&state, &command).unwrap() {
            Odds::evolve(&mut state, &event);
            if let Some(version) = version_of(&event) {
                assert_eq!(version, next, "{event:?}");
                next = next.saturating_add(1);
            }
        }
    }
    assert_eq!(next, 11);
}

fn version_of(event: &Event) -> Option<u64> {
    match event {
        Event::MarketOffered { version, .. }
        | Event::BookPublished { version, .. }
        | Event::MarketSuspended { version, .. }
        | Event::MarketResumed { version, .. }
        | Event::MarketTurnedInPlay { version, .. }
        | Event::MarketClosed { version, .. }
        | Event::MarketResulted { version, .. }
        | Event::SelectionWithdrawn { version, .. }
        | Event::ResultRolledBack { version, .. } => Some(*version),
        Event::FixtureAnnounced(_)
        | Event::FixtureProgressed(_)
        | Event::SourceAdvanced { .. }
        | Event::SourceGapSeen { .. }
        | Event::SourceWentSilent { .. }
        | Event::SourceReturned { .. }
        | Event::BudgetGranted { .. }
        | Event::BudgetRecalled { .. }
        | Event::BudgetReturnNoticed { .. }
        | Event::ResultWordTaken { .. }
        | Event::BetsCancelled { .. }
        | Event::BetsRestored { .. }
        | Event::RulingProposed { .. }
        | Event::RulingApproved { .. }
        | Event::RaceDescribed { .. }
        | Event::LeaningSet { .. }
        | Event::StakesNoted { .. }
        | Event::SourceWentDown { .. }
        | Event::SourceCameUp { .. }
        | Event::SourceDoubted { .. }
        | Event::BookExplained { .. }
        | Event::HeartbeatSent { .. } => None,
    }
}
