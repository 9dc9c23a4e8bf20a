//! What replay rebuilds: fixtures, markets, sources, the last heartbeat.
//!
//! Duty: take notice of every event. Prohibition: no judgement; an event is a fact.

use crate::command::{FixtureDescription, FixtureProgress, FixtureStatus, MarketOffer};
use crate::event::{Doubt, Event, SuspensionCause};
use crate::market::Market;
use crate::outcome::Score;
use crate::source::{Source, Sweep};
use kernel::{Duration, FixtureId, MarketId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A heartbeat this often.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// A source that says nothing for so long is silent.
pub const SOURCE_SILENT_AFTER: Duration = Duration::from_secs(15);

/// Everything of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By id.
    pub fixtures: BTreeMap<FixtureId, Fixture>,
    /// By id.
    pub markets: BTreeMap<MarketId, Market>,
    /// By name.
    pub sources: BTreeMap<String, Source>,
    /// When the last heartbeat was.
    pub heartbeat_at: Option<Timestamp>,
    /// How many sweeps were begun.
    pub sweeps: u64,
}

/// A fixture as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// Who plays, what and when.
    pub description: FixtureDescription,
    /// Before, in, after.
    pub status: FixtureStatus,
    /// Goals so far.
    pub score: Option<Score>,
    /// Minutes played.
    pub minute: Option<u16>,
    /// Its markets.
    pub markets: BTreeSet<MarketId>,
}

/// Something to do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Tells timers of one instant apart.
    pub number: u64,
    /// What.
    pub what: DueAct,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueAct {
    /// Show that this partition lives.
    Heartbeat,
    /// Note that this source is silent.
    Silence(String),
}

/// The next part of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepDue {
    /// The sweep's number.
    pub number: u64,
    /// Which part, from 1.
    pub part: u32,
    /// Of which source.
    pub source: String,
}

impl State {
    /// The earliest thing to do. The first heartbeat of all is due at once.
    #[must_use]
    pub fn next_due(&self) -> Option<Due> {
        let heartbeat = Due {
            at: self
                .heartbeat_at
                .map_or_else(Timestamp::default, |at| at.plus(HEARTBEAT_EVERY)),
            number: 0,
            what: DueAct::Heartbeat,
        };
        let silences = self.sources.iter().zip(1_u64..);
        silences
            .filter(|((_, source), _)| !source.silent && !source.fresh)
            .filter_map(|((name, source), number)| {
                Some(Due {
                    at: source.last_heard_at?.plus(SOURCE_SILENT_AFTER),
                    number,
                    what: DueAct::Silence(name.clone()),
                })
            })
            .chain([heartbeat])
            .min_by_key(|due| (due.at, due.number))
    }

    /// The oldest sweep that is not done.
    #[must_use]
    pub fn next_sweep(&self) -> Option<SweepDue> {
        self.sources
            .iter()
            .filter_map(|(name, source)| Some((name, source.sweep?)))
            .min_by_key(|(_, sweep)| sweep.number)
            .map(|(name, sweep)| SweepDue {
                number: sweep.number,
                part: sweep.part(),
                source: name.clone(),
            })
    }

    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::FixtureAnnounced(description) => self.announce(description),
            Event::FixtureProgressed(progress) => self.progress(progress),
            Event::MarketOffered {
                offer,
                source,
                version,
            } => self.offer(offer, source, *version),
            Event::BookPublished { market, source, .. } => {
                self.hand_over(*market, source);
                self.change(*market, event);
                if !self.is_source_down(*market) {
                    self.clear_doubted(*market);
                }
            }
            Event::MarketSuspended { market, cause, .. } => {
                self.change(*market, event);
                self.count_swept(*market, cause);
            }
            Event::MarketResumed { market, .. }
            | Event::MarketTurnedInPlay { market, .. }
            | Event::ResultRolledBack { market, .. }
            | Event::BudgetGranted { market, .. }
            | Event::BudgetReturnNoticed { market, .. } => self.change(*market, event),
            Event::MarketClosed { market, .. } | Event::MarketResulted { market, .. } => {
                self.change(*market, event);
                self.end(*market);
            }
            Event::SourceAdvanced { source, sequence } => {
                let source = self.sources.entry(source.clone()).or_default();
                source.sequence = *sequence;
                source.fresh = true;
            }
            Event::SourceWentSilent { source, .. } => self.fall_silent(source),
            Event::SourceReturned { source } => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.silent = false;
                    source.fresh = true;
                }
            }
            Event::HeartbeatSent { at } => self.beat(*at),
            Event::SelectionWithdrawn { withdrawal, .. } => self.change(withdrawal.market, event),
            Event::RaceDescribed { race, .. } => self.change(race.market, event),
            Event::BookExplained { market, .. }
            | Event::LeaningSet { market, .. }
            | Event::StakesNoted { market, .. }
            | Event::ResultWordTaken { market, .. }
            | Event::BetsCancelled { market, .. }
            | Event::BetsRestored { market, .. }
            | Event::RulingProposed { market, .. }
            | Event::RulingApproved { market, .. } => self.change(*market, event),
            Event::SourceWentDown { source, reason } => {
                let known = self.sources.entry(source.clone()).or_default();
                known.down = Some(reason.clone());
                self.doubt(source, Doubt::SourceDown);
            }
            Event::SourceCameUp { source } => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.down = None;
                }
            }
            Event::SourceDoubted { source } => self.doubt(source, Doubt::MessagesMissing),
            Event::SourceGapSeen { .. } | Event::BudgetRecalled { .. } => {}
        }
    }

    fn announce(&mut self, description: &FixtureDescription) {
        let fixture = self
            .fixtures
            .entry(description.fixture)
            .or_insert_with(|| Fixture {
                description: description.clone(),
                status: FixtureStatus::Scheduled,
                score: None,
                minute: None,
                markets: BTreeSet::new(),
            });
        fixture.description = description.clone();
    }

    fn progress(&mut self, progress: &FixtureProgress) {
        if let Some(fixture) = self.fixtures.get_mut(&progress.fixture) {
            fixture.status = progress.status;
            fixture.score = progress.score.or(fixture.score);
            fixture.minute = progress.minute.or(fixture.minute);
        }
    }

    fn offer(&mut self, offer: &MarketOffer, source: &str, version: u64) {
        if let Some(fixture) = self.fixtures.get_mut(&offer.fixture) {
            fixture.markets.insert(offer.market);
        }
        self.markets
            .insert(offer.market, Market::offered(offer, source, version));
        let source = self.sources.entry(source.to_owned()).or_default();
        source.live.insert(offer.market);
    }

    fn change(&mut self, market: MarketId, event: &Event) {
        if let Some(market) = self.markets.get_mut(&market) {
            market.evolve(event);
        }
    }

    fn source_of(&mut self, market: MarketId) -> Option<&mut Source> {
        let market = self.markets.get(&market)?;
        self.sources.get_mut(&market.source)
    }

    fn clear_doubted(&mut self, market: MarketId) {
        if let Some(source) = self.source_of(market) {
            source.clear(market);
        }
    }

    fn end(&mut self, market: MarketId) {
        if let Some(source) = self.source_of(market) {
            source.live.remove(&market);
            source.clear(market);
        }
    }

    fn count_swept(&mut self, market: MarketId, cause: &SuspensionCause) {
        let by_doubt = matches!(cause, SuspensionCause::Doubt(_));
        let by_operator = matches!(cause, SuspensionCause::Operator { .. });
        if let Some(source) = self.source_of(market)
            && !by_operator
            && source.doubted.remove(&market)
        {
            if let Some(sweep) = &mut source.sweep
                && by_doubt
            {
                sweep.done = sweep.done.saturating_add(1);
            }
            source.end_sweep_when_done();
        }
    }

    /// Another source of the family answers for the market from here on.
    fn hand_over(&mut self, id: MarketId, to: &str) {
        let Some(market) = self.markets.get_mut(&id).filter(|known| known.source != to) else {
            return;
        };
        let from = std::mem::replace(&mut market.source, to.to_owned());
        let is_live = market.is_live();
        if let Some(source) = self.sources.get_mut(&from) {
            source.live.remove(&id);
            source.clear(id);
        }
        if is_live {
            let source = self.sources.entry(to.to_owned()).or_default();
            source.live.insert(id);
        }
    }

    fn is_source_down(&self, market: MarketId) -> bool {
        self.markets
            .get(&market)
            .and_then(|market| self.sources.get(&market.source))
            .is_some_and(|source| source.down.is_some())
    }

    fn fall_silent(&mut self, name: &str) {
        if let Some(source) = self.sources.get_mut(name) {
            source.silent = true;
        }
        self.doubt(name, Doubt::SourceSilent);
    }

    /// The markets of the source that a doubt about it would stop.
    pub(crate) fn doubtable(&self, name: &str) -> impl Iterator<Item = MarketId> {
        let live = self.sources.get(name).into_iter();
        live.flat_map(|source| &source.live)
            .filter(|id| self.markets.get(id).is_some_and(Market::may_be_doubted))
            .copied()
    }

    /// All markets of the source that may take bets are to be suspended, part by part.
    fn doubt(&mut self, name: &str, doubt: Doubt) {
        let doubted = self.doubtable(name).collect();
        let Some(source) = self.sources.get_mut(name) else {
            return;
        };
        source.doubted = doubted;
        if source.doubted.is_empty() || source.sweep.is_some() {
            return;
        }
        self.sweeps = self.sweeps.saturating_add(1);
        source.sweep = Some(Sweep {
            number: self.sweeps,
            done: 0,
            doubt,
        });
    }

    fn beat(&mut self, at: Timestamp) {
        self.heartbeat_at = Some(at);
        for source in self.sources.values_mut() {
            if source.fresh {
                source.fresh = false;
                source.last_heard_at = Some(at);
            }
        }
    }
}
