//! From the exchange's markets to our updates.
//!
//! Duty: tell what has changed since the last time, in the order in which it must be heard: what
//! exists, stop, in play, prices, go on, result. The price quoted is the best that the exchange
//! lets one back at. Prohibition: no memory but what was already told; the ladders are the
//! cache's.

use super::cache::{CachedMarket, MarketCache};
use super::message::{
    BetfairError, ChangeType, MarketChanges, MarketDefinition, MarketStatus, Message, RunnerStatus,
    decode,
};
use crate::feed::names::FeedNames;
use crate::feed::{FeedUpdate, Numbering};
use kernel::{Duration, FixtureId, MarketId, Partition, Price, SelectionId, Timestamp};
use schemas::odds::{
    Alive, AnnounceFixture, Close, FixtureStatus, MarketKind, OfferMarket, Outcome, OutcomeKind,
    ProgressFixture, QuoteBook, Resume, SelectionName, SelectionOutcome, SelectionPrice, Settle,
    Suspend, TurnInPlay, Update, Winner,
};
use std::collections::BTreeMap;

/// An exchange stream as a feed source.
#[derive(Clone, Debug)]
pub struct BetfairFeed {
    names: FeedNames,
    numbering: Numbering,
    cache: MarketCache,
    told: BTreeMap<String, Told>,
    fixtures: BTreeMap<FixtureId, AnnounceFixture>,
}

/// What has been said of a market.
#[derive(Clone, Debug)]
struct Told {
    fixture: FixtureId,
    market: MarketId,
    /// The exchange's runner ids and ours, in the order of the offer.
    selections: Vec<(u64, SelectionId)>,
    suspended: bool,
    bet_delay: Option<u32>,
    closed: bool,
    prices: Vec<Option<Price>>,
}

impl BetfairFeed {
    /// A stream that has not said anything, for a log of so many partitions. Its updates are
    /// numbered from `first`.
    #[must_use]
    pub fn new(source: &str, partitions: Partition, first: u64) -> Self {
        Self {
            names: FeedNames::new(source, partitions),
            numbering: Numbering::new(source, first),
            cache: MarketCache::default(),
            told: BTreeMap::new(),
            fixtures: BTreeMap::new(),
        }
    }

    /// What the exchange has told so far.
    #[must_use]
    pub const fn cache(&self) -> &MarketCache {
        &self.cache
    }

    /// Reads one line of the stream.
    ///
    /// # Errors
    /// Not a message, or a ladder with what is no price.
    pub fn line(&mut self, line: &str) -> Result<Vec<FeedUpdate>, BetfairError> {
        match decode(line)? {
            Message::Markets(changes) => self.apply(&changes),
            Message::Connection { .. } | Message::Status { .. } | Message::Orders { .. } => {
                Ok(Vec::new())
            }
        }
    }

    /// Takes a change message.
    ///
    /// # Errors
    /// A ladder with what is no price.
    pub fn apply(&mut self, changes: &MarketChanges) -> Result<Vec<FeedUpdate>, BetfairError> {
        let touched = self.cache.apply(changes)?;
        let mut said = Vec::new();
        if changes.change_type == ChangeType::Heartbeat {
            said.push(Update::Alive(Alive {}));
        }
        for id in touched {
            if let Some(market) = self.cache.market(&id)
                && let Some(definition) = &market.definition
            {
                let teller = Teller {
                    names: &self.names,
                    id: &id,
                    market,
                    definition,
                };
                teller.tell(&mut self.told, &mut self.fixtures, &mut said);
            }
        }
        let published_at = changes.published_at;
        Ok(said
            .into_iter()
            .map(|update| self.numbering.update(published_at, update))
            .collect())
    }
}

/// One market at the moment of telling.
struct Teller<'a> {
    names: &'a FeedNames,
    id: &'a str,
    market: &'a CachedMarket,
    definition: &'a MarketDefinition,
}

impl Teller<'_> {
    fn tell(
        &self,
        told: &mut BTreeMap<String, Told>,
        fixtures: &mut BTreeMap<FixtureId, AnnounceFixture>,
        said: &mut Vec<Update>,
    ) {
        let fixture = self.announce(fixtures, said);
        let told = told
            .entry(self.id.to_owned())
            .or_insert_with(|| self.offer(fixture, said));
        if told.closed {
            return;
        }
        match self.definition.status {
            MarketStatus::Inactive | MarketStatus::Suspended => {
                if !told.suspended {
                    told.suspended = true;
                    said.push(Update::Suspend(Suspend {
                        fixture,
                        market: Some(told.market),
                        reason: "suspended by the exchange".to_owned(),
                    }));
                }
                self.turn_in_play(told, said);
            }
            MarketStatus::Open => {
                self.turn_in_play(told, said);
                self.quote(told, said);
                if told.suspended {
                    told.suspended = false;
                    said.push(Update::Resume(Resume {
                        fixture,
                        market: Some(told.market),
                    }));
                }
            }
            MarketStatus::Closed => self.close(told, said),
        }
    }

    fn announce(
        &self,
        fixtures: &mut BTreeMap<FixtureId, AnnounceFixture>,
        said: &mut Vec<Update>,
    ) -> FixtureId {
        let event_id = &self.definition.event_id;
        let fixture = self.names.fixture(event_id);
        let name = self.definition.event_name.clone();
        let announcement = AnnounceFixture {
            fixture,
            name: name.unwrap_or_else(|| format!("Event {event_id}")),
            sport: sport(&self.definition.event_type_id),
            starts_at: Timestamp::from_micros(self.definition.market_time.as_microsecond()),
        };
        if fixtures.get(&fixture) != Some(&announcement) {
            fixtures.insert(fixture, announcement.clone());
            said.push(Update::AnnounceFixture(announcement));
        }
        fixture
    }

    fn offer(&self, fixture: FixtureId, said: &mut Vec<Update>) -> Told {
        let market = self.names.market(fixture, self.id);
        let mut selections = Vec::new();
        let mut names = Vec::new();
        for runner in &self.definition.runners {
            let selection = self.names.selection(market, &runner.id.to_string());
            let name = runner.name.clone();
            selections.push((runner.id, selection));
            names.push(SelectionName {
                selection,
                name: name.unwrap_or_else(|| format!("Runner {}", runner.id)),
            });
        }
        let name = self.definition.name.clone();
        said.push(Update::OfferMarket(OfferMarket {
            market,
            fixture,
            name: name.unwrap_or_else(|| self.definition.market_type.clone()),
            kind: MarketKind::Winner(Winner {}),
            selections: names,
        }));
        Told {
            fixture,
            market,
            selections,
            suspended: false,
            bet_delay: None,
            closed: false,
            prices: Vec::new(),
        }
    }

    fn turn_in_play(&self, told: &mut Told, said: &mut Vec<Update>) {
        let delay = self.definition.bet_delay;
        if !self.definition.in_play || told.bet_delay == Some(delay) {
            return;
        }
        if told.bet_delay.is_none() {
            said.push(progress(told.fixture, FixtureStatus::InPlay));
        }
        told.bet_delay = Some(delay);
        said.push(Update::TurnInPlay(TurnInPlay {
            market: told.market,
            bet_delay: Duration::from_secs(i64::from(delay)),
        }));
    }

    fn quote(&self, told: &mut Told, said: &mut Vec<Update>) {
        let prices: Vec<Option<Price>> = told
            .selections
            .iter()
            .map(|(runner, _)| self.price(*runner))
            .collect();
        let nothing_yet = told.prices.is_empty() && prices.iter().all(Option::is_none);
        if nothing_yet || prices == told.prices {
            return;
        }
        said.push(Update::QuoteBook(QuoteBook {
            market: told.market,
            prices: told
                .selections
                .iter()
                .zip(&prices)
                .map(|(&(_, selection), &price)| SelectionPrice { selection, price })
                .collect(),
        }));
        told.prices = prices;
    }

    /// Only who still takes part has a price.
    fn price(&self, runner: u64) -> Option<Price> {
        let active = self
            .definition
            .runners
            .iter()
            .any(|known| known.id == runner && known.status == RunnerStatus::Active);
        if active {
            self.market.runners.get(&runner)?.best_back()
        } else {
            None
        }
    }

    fn close(&self, told: &mut Told, said: &mut Vec<Update>) {
        told.closed = true;
        said.push(Update::Close(Close {
            market: told.market,
        }));
        if let Some(outcomes) = self.outcomes(told) {
            said.push(Update::Settle(Settle {
                market: told.market,
                outcomes,
            }));
            said.push(progress(told.fixture, FixtureStatus::Finished));
        }
    }

    /// The result that the runners carry; `None` when the market closed without one.
    fn outcomes(&self, told: &Told) -> Option<Vec<SelectionOutcome>> {
        let status = |runner: u64| {
            self.definition
                .runners
                .iter()
                .find(|known| known.id == runner)
                .map_or(RunnerStatus::Removed, |known| known.status)
        };
        let won = |status| matches!(status, RunnerStatus::Winner | RunnerStatus::Placed);
        let statuses: Vec<RunnerStatus> = told
            .selections
            .iter()
            .map(|(runner, _)| status(*runner))
            .collect();
        let decided = statuses
            .iter()
            .all(|status| !matches!(status, RunnerStatus::Active | RunnerStatus::Hidden));
        if !decided {
            return None;
        }
        let winners = statuses.iter().filter(|status| won(**status)).count();
        let tied = u16::try_from(winners).unwrap_or(u16::MAX);
        let places = u16::try_from(self.definition.number_of_winners.max(1)).unwrap_or(u16::MAX);
        let winner = if tied > places {
            Outcome {
                kind: OutcomeKind::DeadHeat,
                places,
                tied,
            }
        } else {
            plain(OutcomeKind::Won)
        };
        let outcome = |status| match status {
            RunnerStatus::Winner | RunnerStatus::Placed => winner.clone(),
            RunnerStatus::Removed | RunnerStatus::RemovedVacant => plain(OutcomeKind::Void),
            RunnerStatus::Loser | RunnerStatus::Active | RunnerStatus::Hidden => {
                plain(OutcomeKind::Lost)
            }
        };
        Some(
            told.selections
                .iter()
                .zip(statuses)
                .map(|(&(_, selection), status)| SelectionOutcome {
                    selection,
                    outcome: outcome(status),
                })
                .collect(),
        )
    }
}

fn plain(kind: OutcomeKind) -> Outcome {
    Outcome {
        kind,
        places: 1,
        tied: 1,
    }
}

fn progress(fixture: FixtureId, status: FixtureStatus) -> Update {
    Update::ProgressFixture(ProgressFixture {
        fixture,
        status,
        score: None,
        minute: None,
    })
}

/// The exchange's numbers of sports that we have met.
fn sport(number: &str) -> String {
    match number {
        "1" => "football".to_owned(),
        "2" => "tennis".to_owned(),
        "4" => "cricket".to_owned(),
        "7" => "horse-racing".to_owned(),
        other => format!("sport-{other}"),
    }
}
