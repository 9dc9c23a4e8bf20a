//! All producers together: messages in, updates and questions out.
//!
//! Duty: give each message to its producer and to its markets. While a producer is down its prices
//! are told (they are the newest picture) but count for nothing; when its recovery is complete, each
//! market that was named since the recovery began is priced once more, which opens it. Results and
//! cancellations are facts: they are told whenever they come, recoveries included.
//!
//! Prohibition: no judgement of results; in which order words count is decided where they are kept.

use super::catalogue::Catalogue;
use super::message::{
    FixtureState, Head, MarketKey, MarketOdds, MarketOutcomes, MarketState, Message, UofError,
};
use super::producer::{Ask, Change, Producer, WINDOW_MAX};
use super::told::{Markets, Told};
use crate::feed::names::FeedNames;
use crate::feed::{FeedUpdate, Numbering};
use kernel::{Duration, FixtureId, MarketId, Partition, Timestamp};
use schemas::odds::{
    Alive, AnnounceFixture, CancelBets, Certainty, Close, ComeUp, FixtureStatus, GoDown,
    ProgressFixture, RestoreBets, Score, SelectionOutcome, StateResult, Suspend, Update,
    WithdrawResult,
};
use std::collections::BTreeMap;

/// Fixtures that are remembered; those that were heard of longest ago are forgotten first.
const FIXTURES_MAX: usize = 20_000;

/// What a house adds to the feed.
#[derive(Clone, Debug)]
pub struct Terms {
    /// By how much bets in play are delayed: the feed does not say.
    pub bet_delay: Duration,
    /// How far a producer's recovery may reach back.
    pub window: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            bet_delay: Duration::from_secs(5),
            window: WINDOW_MAX,
        }
    }
}

/// What the feed's interface says of a fixture; messages only carry its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixtureWords {
    /// Who plays.
    pub name: String,
    /// What is played.
    pub sport: String,
    /// When it begins.
    pub starts_at: Timestamp,
}

/// What follows from a message or from time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// To be handed on, in this order.
    pub updates: Vec<FeedUpdate>,
    /// To be asked of the other side.
    pub asks: Vec<Ask>,
}

#[derive(Clone, Debug)]
struct Voice {
    producer: Producer,
    numbering: Numbering,
    /// Counts recoveries: what was named in an earlier one is old.
    recovery: u64,
}

#[derive(Clone, Debug)]
struct FixtureTold {
    words: FixtureWords,
    state: Option<FixtureState>,
    /// The newest stop of each producer.
    stops: BTreeMap<u32, Timestamp>,
    heard: u64,
}

/// The feed.
#[derive(Clone, Debug)]
pub struct UofFeed {
    names: FeedNames,
    first: u64,
    terms: Terms,
    catalogue: Catalogue,
    voices: BTreeMap<u32, Voice>,
    fixtures: BTreeMap<String, FixtureTold>,
    markets: Markets,
    /// Counts messages about fixtures.
    heard: u64,
}

impl UofFeed {
    /// A feed that has said nothing. Updates and requests are numbered from `first`, which must be
    /// higher than in any earlier run: the microseconds of its beginning are.
    #[must_use]
    pub fn new(source: &str, partitions: Partition, first: u64, terms: Terms) -> Self {
        Self {
            names: FeedNames::new(source, partitions),
            first,
            terms,
            catalogue: Catalogue::default(),
            voices: BTreeMap::new(),
            fixtures: BTreeMap::new(),
            markets: Markets::default(),
            heard: 0,
        }
    }

    /// What markets are called.
    pub const fn catalogue(&mut self) -> &mut Catalogue {
        &mut self.catalogue
    }

    /// A producer that is to be heard, and up to which of its own times an earlier run had taken
    /// everything. It is down until it has recovered.
    pub fn expect(
        &mut self,
        product: u32,
        processed: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<FeedUpdate> {
        let producer = Producer::new(product, self.terms.window, self.first);
        let mut voice = Voice {
            producer: producer.processed_until(processed),
            numbering: Numbering::new(source_name(&self.names, product), self.first),
            recovery: 0,
        };
        let reason = "not recovered yet".to_owned();
        let down = voice
            .numbering
            .update(now, Update::GoDown(GoDown { reason }));
        self.voices.insert(product, voice);
        vec![down]
    }

    /// A producer.
    #[must_use]
    pub fn producer(&self, product: u32) -> Option<&Producer> {
        self.voices.get(&product).map(|voice| &voice.producer)
    }

    /// The fixture in words, from the feed's interface. It is told with the next message about it.
    pub fn describe(&mut self, event: &str, words: FixtureWords) {
        if let Some(fixture) = self.fixtures.get_mut(event) {
            fixture.words = words;
            fixture.state = None;
            // Told anew, with its new words.
            fixture.heard = 0;
        } else {
            self.remember(event, words);
        }
    }

    /// Takes a message.
    ///
    /// # Errors
    /// Not a message, or of a producer that is not expected: nothing of it counts, and the next one
    /// can be taken.
    pub fn message(&mut self, bytes: &[u8], now: Timestamp) -> Result<Heard, UofError> {
        let message = Message::read(bytes)?;
        let mut heard = Heard::default();
        match message {
            Message::Alive {
                product,
                said_at,
                subscribed,
            } => {
                let Some(voice) = self.voices.get_mut(&product) else {
                    return Ok(heard);
                };
                let changes = voice.producer.alive(said_at, subscribed, now);
                self.changed(product, changes, now, &mut heard);
                self.say(product, now, Update::Alive(Alive {}), &mut heard);
            }
            Message::SnapshotComplete {
                product,
                request_id,
            } => {
                let change = self
                    .voices
                    .get_mut(&product)
                    .and_then(|voice| voice.producer.complete(request_id));
                self.changed(product, change.into_iter().collect(), now, &mut heard);
            }
            Message::ProductDown { product } => {
                let change = self
                    .voices
                    .get_mut(&product)
                    .and_then(|voice| voice.producer.go_down("says that it is down"));
                self.changed(product, change.into_iter().collect(), now, &mut heard);
            }
            Message::OddsChange {
                head,
                state,
                markets,
            } => self.odds(&head, state, &markets, &mut heard),
            Message::BetStop { head, groups } => self.stop(&head, &groups, &mut heard),
            Message::BetSettlement {
                head,
                certainty,
                markets,
            } => self.settle(&head, certainty, &markets, &mut heard),
            Message::BetCancel {
                head,
                from,
                until,
                markets,
            } => self.of_markets(&head, &markets, &mut heard, |market, (_, reason)| {
                let reason = reason.as_deref().unwrap_or("none given");
                Update::CancelBets(CancelBets {
                    market,
                    from,
                    until,
                    reason: format!("void reason {reason}"),
                })
            }),
            Message::RollbackBetSettlement { head, markets } => {
                let markets = without_reasons(markets);
                self.of_markets(&head, &markets, &mut heard, |market, _| {
                    Update::WithdrawResult(WithdrawResult {
                        market,
                        reason: "rolled back by the feed".to_owned(),
                    })
                });
            }
            Message::RollbackBetCancel {
                head,
                from,
                until,
                markets,
            } => {
                let markets = without_reasons(markets);
                self.of_markets(&head, &markets, &mut heard, |market, _| {
                    Update::RestoreBets(RestoreBets {
                        market,
                        from,
                        until,
                    })
                });
            }
            Message::FixtureChange {
                head,
                starts_at,
                cancelled,
            } => self.change_fixture(&head, starts_at, cancelled, &mut heard),
            Message::Other { .. } => {}
        }
        Ok(heard)
    }

    /// Time has passed; once a second is often enough.
    pub fn tick(&mut self, now: Timestamp) -> Heard {
        let mut heard = Heard::default();
        let products: Vec<u32> = self.voices.keys().copied().collect();
        for product in products {
            let changes = self
                .voices
                .get_mut(&product)
                .map(|voice| voice.producer.tick(now));
            self.changed(product, changes.unwrap_or_default(), now, &mut heard);
        }
        heard
    }

    /// The connection broke: messages of all producers may be lost.
    pub fn lost(&mut self, reason: &str, now: Timestamp) -> Heard {
        let mut heard = Heard::default();
        let products: Vec<u32> = self.voices.keys().copied().collect();
        for product in products {
            let change = self
                .voices
                .get_mut(&product)
                .and_then(|voice| voice.producer.go_down(reason));
            self.changed(product, change.into_iter().collect(), now, &mut heard);
        }
        heard
    }

    fn changed(&mut self, product: u32, changes: Vec<Change>, now: Timestamp, heard: &mut Heard) {
        for change in changes {
            match change {
                Change::WentDown(reason) => {
                    self.say(product, now, Update::GoDown(GoDown { reason }), heard);
                }
                Change::CameUp => {
                    self.say(product, now, Update::ComeUp(ComeUp {}), heard);
                    let recovery = self.voices.get(&product).map_or(0, |voice| voice.recovery);
                    for update in self.markets.again(product, recovery) {
                        self.say(product, now, update, heard);
                    }
                }
                Change::Asks(ask) => {
                    if let Some(voice) = self.voices.get_mut(&product) {
                        voice.recovery = voice.recovery.saturating_add(1);
                    }
                    heard.asks.push(ask);
                }
            }
        }
    }

    fn say(&mut self, product: u32, at: Timestamp, update: Update, heard: &mut Heard) {
        if let Some(voice) = self.voices.get_mut(&product) {
            heard.updates.push(voice.numbering.update(at, update));
        }
    }

    fn remember(&mut self, event: &str, words: FixtureWords) {
        if self.fixtures.len() >= FIXTURES_MAX
            && let Some(oldest) = self
                .fixtures
                .iter()
                .min_by_key(|(_, fixture)| fixture.heard)
                .map(|(event, _)| event.clone())
        {
            self.fixtures.remove(&oldest);
            self.markets.forget(self.names.fixture(&oldest));
        }
        let told = FixtureTold {
            words,
            state: None,
            stops: BTreeMap::new(),
            heard: 0,
        };
        self.fixtures.insert(event.to_owned(), told);
    }

    /// The fixture, announced if it was not.
    fn fixture(&mut self, head: &Head, heard: &mut Heard) -> FixtureId {
        let id = self.names.fixture(&head.event);
        if !self.fixtures.contains_key(&head.event) {
            let words = FixtureWords {
                name: head.event.clone(),
                sport: "unknown".to_owned(),
                starts_at: head.said_at,
            };
            self.remember(&head.event, words);
        }
        self.heard = self.heard.saturating_add(1);
        let count = self.heard;
        let Some(fixture) = self.fixtures.get_mut(&head.event) else {
            return id;
        };
        let announced = fixture.heard > 0;
        fixture.heard = count;
        if !announced {
            let words = fixture.words.clone();
            self.say(head.product, head.said_at, announcement(id, words), heard);
        }
        id
    }

    fn odds(
        &mut self,
        head: &Head,
        state: Option<FixtureState>,
        markets: &[MarketOdds],
        heard: &mut Heard,
    ) {
        if !self.voices.contains_key(&head.product) {
            return;
        }
        let fixture = self.fixture(head, heard);
        let mut updates = Vec::new();
        let mut live = false;
        let mut stopped_at = None;
        if let Some(known) = self.fixtures.get_mut(&head.event) {
            if state.is_some() && known.state != state {
                known.state = state;
                updates.extend(state.and_then(|state| progress(fixture, state)));
            }
            live = known.state.is_some_and(|state| state.status == 1);
            stopped_at = known.stops.get(&head.product).copied();
        }
        let recovery = self
            .voices
            .get(&head.product)
            .map_or(0, |voice| voice.recovery);
        for odds in markets {
            let id = self.names.market(fixture, &odds.key.text());
            let told = self.markets.entry(id, || {
                Told::offer(
                    &self.names,
                    &self.catalogue,
                    (fixture, id),
                    odds,
                    &mut updates,
                )
            });
            told.take(head, odds, recovery, stopped_at, &mut updates);
            if live && odds.state == MarketState::Active {
                told.turn_in_play(self.terms.bet_delay, &mut updates);
            }
        }
        for update in updates {
            self.say(head.product, head.said_at, update, heard);
        }
    }

    fn stop(&mut self, head: &Head, groups: &[String], heard: &mut Heard) {
        let fixture = self.fixture(head, heard);
        let reason = "stopped by the feed";
        let all = groups.iter().any(|group| group == "all");
        if all && let Some(known) = self.fixtures.get_mut(&head.event) {
            let stop = known.stops.entry(head.product).or_default();
            *stop = head.said_at.max(*stop);
        }
        let catalogue = &self.catalogue;
        let concerns = |key: &MarketKey| catalogue.is_in(key.market, groups);
        let mut updates = self.markets.stop(fixture, head, reason, !all, concerns);
        if all {
            updates.push(Update::Suspend(Suspend {
                fixture,
                market: None,
                reason: reason.to_owned(),
            }));
        }
        for update in updates {
            self.say(head.product, head.said_at, update, heard);
        }
    }

    /// A market with an undecided outcome has no result yet: another message will bring it.
    fn settle(
        &mut self,
        head: &Head,
        certainty: Certainty,
        markets: &[MarketOutcomes],
        heard: &mut Heard,
    ) {
        let fixture = self.names.fixture(&head.event);
        for settled in markets {
            let market = self.names.market(fixture, &settled.key.text());
            let outcomes: Option<Vec<SelectionOutcome>> = settled
                .outcomes
                .iter()
                .map(|(name, outcome)| {
                    Some(SelectionOutcome {
                        selection: self.names.selection(market, name),
                        outcome: outcome.clone()?,
                    })
                })
                .collect();
            if let Some(outcomes) = outcomes.filter(|outcomes| !outcomes.is_empty()) {
                let result = StateResult {
                    market,
                    outcomes,
                    certainty,
                };
                self.say(
                    head.product,
                    head.said_at,
                    Update::StateResult(result),
                    heard,
                );
            }
        }
    }

    fn of_markets(
        &mut self,
        head: &Head,
        markets: &[(MarketKey, Option<String>)],
        heard: &mut Heard,
        update: impl Fn(MarketId, &(MarketKey, Option<String>)) -> Update,
    ) {
        let fixture = self.names.fixture(&head.event);
        for named in markets {
            let market = self.names.market(fixture, &named.0.text());
            self.say(head.product, head.said_at, update(market, named), heard);
        }
    }

    fn change_fixture(
        &mut self,
        head: &Head,
        starts_at: Option<Timestamp>,
        cancelled: bool,
        heard: &mut Heard,
    ) {
        let fixture = self.fixture(head, heard);
        if let Some(starts_at) = starts_at
            && let Some(known) = self.fixtures.get_mut(&head.event)
            && known.words.starts_at != starts_at
        {
            known.words.starts_at = starts_at;
            let words = known.words.clone();
            self.say(
                head.product,
                head.said_at,
                announcement(fixture, words),
                heard,
            );
        }
        if cancelled {
            let cancelled = ProgressFixture {
                fixture,
                status: FixtureStatus::Cancelled,
                score: None,
                minute: None,
            };
            let stop = Suspend {
                fixture,
                market: None,
                reason: "the fixture is cancelled".to_owned(),
            };
            let at = head.said_at;
            self.say(head.product, at, Update::ProgressFixture(cancelled), heard);
            self.say(head.product, at, Update::Suspend(stop), heard);
        }
    }
}

/// The source that a producer is.
fn source_name(names: &FeedNames, product: u32) -> String {
    format!("{}/{product}", names.source())
}

fn without_reasons(markets: Vec<MarketKey>) -> Vec<(MarketKey, Option<String>)> {
    markets.into_iter().map(|key| (key, None)).collect()
}

fn announcement(fixture: FixtureId, words: FixtureWords) -> Update {
    Update::AnnounceFixture(AnnounceFixture {
        fixture,
        name: words.name,
        sport: words.sport,
        starts_at: words.starts_at,
    })
}

fn progress(fixture: FixtureId, state: FixtureState) -> Option<Update> {
    let status = match state.status {
        0 => FixtureStatus::Scheduled,
        1 | 2 => FixtureStatus::InPlay,
        3 | 4 => FixtureStatus::Finished,
        5 => FixtureStatus::Cancelled,
        _ => return None,
    };
    Some(Update::ProgressFixture(ProgressFixture {
        fixture,
        status,
        score: state.score.map(|(home, away)| Score { home, away }),
        minute: None,
    }))
}

/// A market over for good.
pub(super) fn closed(market: MarketId) -> Update {
    Update::Close(Close { market })
}
