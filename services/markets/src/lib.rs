//! The picture of fixtures and markets that the odds journals draw.
//!
//! Duty: fold effective decisions of `odds.events` into what bets looks at when it decides and
//! the gateway shows. One per process, shared, read-only for its readers.
//!
//! Prohibition: it decides nothing and is never recorded; a decision copies what it used.

mod market;
mod source;

pub use market::{Market, MarketStatus, Ruling, Selection};
pub use source::SourceState;

use kernel::{FixtureId, MarketId, Offset, Partition, Position, SelectionId, Timestamp, Topic};
use rustc_hash::FxHashMap;
use schemas::odds::{
    self, Event, FixtureAnnounced, FixtureProgressed, FixtureStatus, MarketOffered, Score,
};
use schemas::{Cause, Decision, Events};
use std::collections::BTreeMap;

/// A sporting event as last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Its id.
    pub id: FixtureId,
    /// Who plays.
    pub name: String,
    /// Which sport.
    pub sport: String,
    /// When it starts.
    pub starts_at: Timestamp,
    /// Where it stands.
    pub status: FixtureStatus,
    /// Points so far.
    pub score: Option<Score>,
    /// Minutes played.
    pub minute: Option<u16>,
    /// Its markets, in the order in which they were offered.
    pub markets: Vec<MarketId>,
}

/// How far one odds partition has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    next_offset: Offset,
    heartbeat_at: Option<Timestamp>,
}

/// All fixtures and markets.
#[derive(Clone, Debug, Default)]
pub struct MarketView {
    fixtures: BTreeMap<FixtureId, Fixture>,
    markets: BTreeMap<MarketId, Market>,
    /// The market of each selection, and its place there.
    market_of: FxHashMap<SelectionId, (MarketId, usize)>,
    progress: BTreeMap<Partition, Progress>,
    sources: BTreeMap<(String, Partition), SourceState>,
    commands_decided: BTreeMap<Partition, Offset>,
}

impl runtime::Context for MarketView {
    fn covers(&self, position: Position) -> bool {
        Self::covers(self, position)
    }
}

/// Draws a stretch of an odds partition into the picture.
pub fn draw(view: &mut MarketView, stretch: &runtime::Stretch) {
    for effective in &stretch.decisions {
        view.apply(&effective.decision);
    }
    view.advance(stretch.topic_partition.partition, stretch.chain.next_offset);
}

impl MarketView {
    /// Takes an effective decision of `odds.events`; others are passed over.
    pub fn apply(&mut self, decision: &Decision) {
        let Events::OddsEvents(body) = &decision.events else {
            return;
        };
        self.note_commands(decision);
        for event in &body.events {
            self.take(decision.position, decision.header.decided_at, event);
        }
        self.advance(
            decision.position.partition,
            decision.position.offset.saturating_add(1),
        );
    }

    /// Notes that a partition was read up to there, records without effect included.
    pub fn advance(&mut self, partition: Partition, next_offset: Offset) {
        let progress = self.progress.entry(partition).or_default();
        progress.next_offset = progress.next_offset.max(next_offset);
    }

    /// Whether the picture has reached this record.
    #[must_use]
    pub fn covers(&self, position: Position) -> bool {
        position.topic != Topic::OddsEvents
            || self
                .progress
                .get(&position.partition)
                .is_some_and(|progress| progress.next_offset > position.offset)
    }

    /// When that odds partition last gave a sign of life.
    #[must_use]
    pub fn heartbeat_at(&self, partition: Partition) -> Option<Timestamp> {
        self.progress
            .get(&partition)
            .and_then(|progress| progress.heartbeat_at)
    }

    /// One fixture.
    #[must_use]
    pub fn fixture(&self, id: FixtureId) -> Option<&Fixture> {
        self.fixtures.get(&id)
    }

    /// One market.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.markets.get(&id)
    }

    /// The market that a selection answers.
    #[must_use]
    pub fn market_of(&self, selection: SelectionId) -> Option<&Market> {
        let (market, _) = self.market_of.get(&selection)?;
        self.markets.get(market)
    }

    /// The market that a selection answers, and the selection as it shows there: no walk, however
    /// many answers the market has.
    #[must_use]
    pub fn selection(&self, id: SelectionId) -> Option<(&Market, &Selection)> {
        let (market, place) = self.market_of.get(&id)?;
        let market = self.markets.get(market)?;
        let selection = market.selections.get(*place).filter(|shown| shown.id == id);
        Some((market, selection?))
    }

    /// The highest message that each partition has taken of each feed source.
    pub fn sources(&self) -> impl Iterator<Item = (&str, Partition, u64)> {
        self.sources
            .iter()
            .map(|((source, partition), state)| (source.as_str(), *partition, state.sequence))
    }

    /// Every feed source as each partition knows it.
    pub fn source_states(&self) -> impl Iterator<Item = (&str, Partition, &SourceState)> {
        self.sources
            .iter()
            .map(|((source, partition), state)| (source.as_str(), *partition, state))
    }

    fn source(&mut self, source: &str, partition: Partition) -> &mut SourceState {
        let key = (source.to_owned(), partition);
        self.sources.entry(key).or_default()
    }

    /// The first offset of that odds inbox that may hold a command without a decision.
    #[must_use]
    pub fn commands_decided(&self, partition: Partition) -> Offset {
        self.commands_decided.get(&partition).copied().unwrap_or(0)
    }

    fn note_commands(&mut self, decision: &Decision) {
        let cause = match decision.header.cause {
            Some(Cause::Input(position)) => Some((position, position.offset.saturating_add(1))),
            Some(Cause::Timer { .. } | Cause::Work { .. }) | None => None,
        };
        let passed = decision
            .header
            .consumed
            .iter()
            .map(|to| (to.position, to.position.offset));
        for (position, next) in cause.into_iter().chain(passed) {
            if position.topic == Topic::OddsCommands {
                let decided = self.commands_decided.entry(position.partition).or_default();
                *decided = next.max(*decided);
            }
        }
    }

    /// All fixtures, in the order of their ids.
    pub fn fixtures(&self) -> impl Iterator<Item = &Fixture> {
        self.fixtures.values()
    }

    /// All markets, in the order of their ids.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.markets.values()
    }

    fn take(&mut self, position: Position, decided_at: Timestamp, event: &Event) {
        let partition = position.partition;
        match event {
            Event::FixtureAnnounced(announced) => self.announce(announced),
            Event::FixtureProgressed(progressed) => self.progress(progressed),
            Event::MarketOffered(offered) => self.offer(position, offered),
            Event::HeartbeatSent(heartbeat) => {
                let progress = self.progress.entry(partition).or_default();
                progress.heartbeat_at = Some(heartbeat.at.max(decided_at));
            }
            Event::SourceAdvanced(odds::SourceAdvanced { source, .. })
            | Event::SourceGapSeen(odds::SourceGapSeen { source, .. })
            | Event::SourceDoubted(odds::SourceDoubted { source })
            | Event::SourceWentSilent(odds::SourceWentSilent { source, .. })
            | Event::SourceReturned(odds::SourceReturned { source })
            | Event::SourceWentDown(odds::SourceWentDown { source, .. })
            | Event::SourceCameUp(odds::SourceCameUp { source }) => {
                self.source(source, partition).take(event);
            }
            Event::BookPublished(odds::BookPublished { market, .. })
            | Event::BookExplained(odds::BookExplained { market, .. })
            | Event::MarketSuspended(odds::MarketSuspended { market, .. })
            | Event::MarketResumed(odds::MarketResumed { market, .. })
            | Event::MarketTurnedInPlay(odds::MarketTurnedInPlay { market, .. })
            | Event::MarketClosed(odds::MarketClosed { market, .. })
            | Event::MarketResulted(odds::MarketResulted { market, .. })
            | Event::ResultRolledBack(odds::ResultRolledBack { market, .. })
            | Event::SelectionWithdrawn(odds::SelectionWithdrawn { market, .. })
            | Event::BetsCancelled(odds::BetsCancelled { market, .. })
            | Event::BetsRestored(odds::BetsRestored { market, .. })
            | Event::RulingProposed(odds::RulingProposed { market, .. })
            | Event::RulingApproved(odds::RulingApproved { market, .. })
            | Event::RaceDescribed(odds::RaceDescribed { market, .. }) => {
                if let Some(market) = self.markets.get_mut(market) {
                    market.take(position, event);
                }
            }
            Event::ResultWordTaken(_)
            | Event::LeaningSet(_)
            | Event::StakesNoted(_)
            | Event::BudgetGranted(_)
            | Event::BudgetRecalled(_)
            | Event::BudgetReturnNoticed(_) => {}
        }
    }

    fn announce(&mut self, announced: &FixtureAnnounced) {
        let new = || Fixture {
            id: announced.fixture,
            name: String::new(),
            sport: String::new(),
            starts_at: announced.starts_at,
            status: FixtureStatus::Scheduled,
            score: None,
            minute: None,
            markets: Vec::new(),
        };
        let fixture = self.fixtures.entry(announced.fixture).or_insert_with(new);
        fixture.name.clone_from(&announced.name);
        fixture.sport.clone_from(&announced.sport);
        fixture.starts_at = announced.starts_at;
    }

    fn progress(&mut self, progressed: &FixtureProgressed) {
        if let Some(fixture) = self.fixtures.get_mut(&progressed.fixture) {
            fixture.status = progressed.status;
            fixture.score = progressed.score.clone().or_else(|| fixture.score.take());
            fixture.minute = progressed.minute.or(fixture.minute);
        }
    }

    fn offer(&mut self, position: Position, offered: &MarketOffered) {
        for (place, named) in offered.selections.iter().enumerate() {
            self.market_of
                .insert(named.selection, (offered.market, place));
        }
        if let Some(fixture) = self.fixtures.get_mut(&offered.fixture)
            && !fixture.markets.contains(&offered.market)
        {
            fixture.markets.push(offered.market);
        }
        self.markets
            .entry(offered.market)
            .or_insert_with(|| Market::offered(position, offered));
    }
}
