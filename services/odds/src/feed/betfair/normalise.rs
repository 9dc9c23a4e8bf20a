//! From the exchange's markets to our updates.
//!
//! Duty: tell what has changed since the last time, in the order in which it must be heard: what
//! exists, withdrawals, stop, in play, prices, go on, result. The price quoted is the best that
//! the exchange lets one back at. A message in segments is told when it is whole. While the stream
//! is down, or the exchange says that it is itself late, the source is down.
//!
//! Prohibition: no memory but what was already told; the ladders are the cache's.

use super::cache::{CachedMarket, Ladders, MarketCache};
use super::message::{
    BetfairError, ChangeType, MarketChanges, MarketDefinition, MarketStatus, Message, Runner,
    RunnerStatus, Segment, StartingPrice, decode, exact_price,
};
use crate::feed::names::FeedNames;
use crate::feed::{FeedUpdate, Numbering};
use kernel::{Duration, FixtureId, MarketId, Partition, Price, SelectionId, Timestamp};
use schemas::odds::{
    Alive, AnnounceFixture, Close, ComeUp, DescribeRace, FixtureStatus, GoDown, MarketKind,
    OfferMarket, Outcome, OutcomeKind, ProgressFixture, QuoteBook, Resume, SelectionName,
    SelectionOutcome, SelectionPrice, Settle, Suspend, TurnInPlay, Update, Winner, Withdraw,
};
use std::collections::{BTreeMap, BTreeSet};

/// The exchange's number of the sport.
const HORSE_RACING: &str = "7";

/// Why the source is down while the exchange says that its own data is late.
pub const UPSTREAM_LATE: &str = "the exchange says that its data is late";

/// An exchange stream as a feed source.
#[derive(Clone, Debug)]
pub struct BetfairFeed {
    names: FeedNames,
    numbering: Numbering,
    cache: MarketCache,
    told: BTreeMap<String, Told>,
    fixtures: BTreeMap<FixtureId, AnnounceFixture>,
    segments: Option<MarketChanges>,
    down: Option<String>,
}

/// What has been said of a market.
#[derive(Clone, Debug)]
struct Told {
    fixture: FixtureId,
    market: MarketId,
    /// The exchange's runner ids and ours, in the order of the offer.
    selections: Vec<(u64, SelectionId)>,
    suspended: bool,
    /// The definition says that bets are taken.
    open: bool,
    bet_delay: Option<u32>,
    closed: bool,
    prices: Vec<Option<Price>>,
    /// Who takes part, in the order of the offer.
    active: Vec<bool>,
    /// Room for the next prices.
    next: Vec<Option<Price>>,
    withdrawn: BTreeSet<u64>,
    /// What was said of it as a race.
    race: Option<DescribeRace>,
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
            segments: None,
            down: None,
        }
    }

    /// As [`BetfairFeed::new`], for a stream that is not connected yet: the source is down until
    /// its first image has come, because an earlier run may have left prices behind.
    #[must_use]
    pub fn unconnected(source: &str, partitions: Partition, first: u64) -> Self {
        Self {
            down: Some("not connected yet".to_owned()),
            ..Self::new(source, partitions, first)
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

    /// Takes a change message; one in segments counts when its last segment has come.
    ///
    /// # Errors
    /// A ladder with what is no price, or segments that do not follow each other.
    pub fn apply(&mut self, changes: &MarketChanges) -> Result<Vec<FeedUpdate>, BetfairError> {
        match (changes.segment, self.segments.take()) {
            (None, None) => self.take(changes),
            (Some(Segment::Start), None) => {
                self.segments = Some(changes.clone());
                Ok(Vec::new())
            }
            (Some(Segment::Middle), Some(before)) => {
                self.segments = Some(joined(before, changes));
                Ok(Vec::new())
            }
            (Some(Segment::End), Some(before)) => {
                let whole = joined(before, changes);
                self.take(&whole)
            }
            (None | Some(Segment::Start), Some(_))
            | (Some(Segment::Middle | Segment::End), None) => Err(BetfairError::SegmentOutOfOrder),
        }
    }

    /// The source is not up to date from here on: its markets are in doubt until the stream goes on.
    pub fn go_down(&mut self, reason: &str, now: Timestamp) -> Vec<FeedUpdate> {
        self.segments = None;
        self.down = Some(reason.to_owned());
        let reason = reason.to_owned();
        vec![
            self.numbering
                .update(now, Update::GoDown(GoDown { reason })),
        ]
    }

    /// Whether the source says that it is not up to date.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Whether that market was told to its end.
    #[must_use]
    pub fn is_over(&self, market: &str) -> bool {
        self.told.get(market).is_some_and(|told| told.closed)
    }

    /// Where to go on after a broken connection no longer counts.
    pub fn forget_clocks(&mut self) {
        self.segments = None;
        self.cache.forget_clocks();
    }

    /// A whole message.
    fn take(&mut self, changes: &MarketChanges) -> Result<Vec<FeedUpdate>, BetfairError> {
        self.cache.apply(changes)?;
        let mut said = Vec::new();
        if changes.change_type == ChangeType::Heartbeat {
            said.push(Update::Alive(Alive {}));
        }
        self.up_or_down(changes, &mut said);
        if changes.change_type == ChangeType::Image {
            self.stop_what_is_missing(&mut said);
        }
        for change in &changes.markets {
            let whole = change.definition.is_some() || change.img;
            if whole || !self.requote(&change.id, &mut said) {
                self.tell(&change.id, &mut said);
            }
        }
        let published_at = changes.published_at;
        Ok(said
            .into_iter()
            .map(|update| self.numbering.update(published_at, update))
            .collect())
    }

    fn tell(&mut self, id: &str, said: &mut Vec<Update>) {
        if let Some(market) = self.cache.market(id)
            && let Some(definition) = &market.definition
        {
            let teller = Teller {
                names: &self.names,
                id,
                market,
                definition,
            };
            teller.tell(&mut self.told, &mut self.fixtures, said);
        }
    }

    /// The short way of most messages: nothing but ladders of a market that is told and open.
    fn requote(&mut self, id: &str, said: &mut Vec<Update>) -> bool {
        let (Some(market), Some(told)) = (self.cache.market(id), self.told.get_mut(id)) else {
            return false;
        };
        if told.open {
            quote(market, told, said);
        }
        true
    }

    /// What the exchange says of itself: late, or whole again. A stream that was broken is whole
    /// again with the first message that answers a subscription. Then every price is said once
    /// more, because only what is said after the return counts.
    fn up_or_down(&mut self, changes: &MarketChanges, said: &mut Vec<Update>) {
        let answers = matches!(changes.change_type, ChangeType::Image | ChangeType::Resumed);
        let late = self.down.as_deref() == Some(UPSTREAM_LATE);
        if changes.upstream_late {
            if self.down.is_none() {
                let reason = UPSTREAM_LATE.to_owned();
                self.down = Some(reason.clone());
                said.push(Update::GoDown(GoDown { reason }));
            } else if answers {
                self.down = Some(UPSTREAM_LATE.to_owned());
            }
            return;
        }
        if self.down.is_some() && (answers || late) {
            self.down = None;
            said.push(Update::ComeUp(ComeUp {}));
            for told in self.told.values_mut() {
                told.prices.clear();
            }
            let ids: Vec<String> = self.cache.markets().keys().cloned().collect();
            for id in ids {
                self.tell(&id, said);
            }
        }
    }

    /// An image without a market that was told: nothing of it will be heard any more.
    fn stop_what_is_missing(&mut self, said: &mut Vec<Update>) {
        for (id, told) in &mut self.told {
            if self.cache.market(id).is_none() && !told.closed && !told.suspended {
                told.suspended = true;
                said.push(Update::Suspend(Suspend {
                    fixture: told.fixture,
                    market: Some(told.market),
                    reason: "not in the exchange's image".to_owned(),
                }));
            }
        }
    }
}

/// A message and its next segment as one. What only one of them carries is kept.
fn joined(mut before: MarketChanges, next: &MarketChanges) -> MarketChanges {
    before.segment = None;
    before.initial_clk = next.initial_clk.clone().or(before.initial_clk);
    before.clk = next.clk.clone().or(before.clk);
    before.published_at = next.published_at;
    before.heartbeat_ms = next.heartbeat_ms.or(before.heartbeat_ms);
    before.conflate_ms = next.conflate_ms.or(before.conflate_ms);
    before.upstream_late = next.upstream_late;
    before.markets.extend(next.markets.iter().cloned());
    before
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
        self.withdraw(told, said);
        self.describe(told, said);
        told.open = self.definition.status == MarketStatus::Open;
        self.see_who_takes_part(told);
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
                quote(self.market, told, said);
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
            open: false,
            bet_delay: None,
            closed: false,
            prices: Vec::new(),
            active: Vec::new(),
            next: Vec::new(),
            withdrawn: BTreeSet::new(),
            race: None,
        }
    }

    /// Runners that were removed since the last time.
    fn withdraw(&self, told: &mut Told, said: &mut Vec<Update>) {
        let removed = |runner: &&Runner| {
            matches!(
                runner.status,
                RunnerStatus::Removed | RunnerStatus::RemovedVacant
            )
        };
        for runner in self.definition.runners.iter().filter(removed) {
            let known = told.selections.iter().find(|(id, _)| *id == runner.id);
            let Some(&(_, selection)) = known else {
                continue;
            };
            if !told.withdrawn.insert(runner.id) {
                continue;
            }
            let at = runner.removal_date.unwrap_or(self.definition.market_time);
            said.push(Update::Withdraw(Withdraw {
                market: told.market,
                selection,
                withdrawn_at: Timestamp::from_micros(at.as_microsecond()),
                reduction: runner.adjustment_factor.and_then(hundredths),
            }));
        }
    }

    /// What a race is, and at what prices it started. Who came in where the exchange does not say in
    /// the market of the winner.
    fn describe(&self, told: &mut Told, said: &mut Vec<Update>) {
        let Some(name) = self.name_of_race() else {
            return;
        };
        let starting_price = |id: u64| {
            let runners = self.definition.runners.iter();
            runners.filter(|runner| runner.id == id).find_map(|runner| {
                match runner.starting_price {
                    Some(StartingPrice::Price(price)) => exact_price(price).ok(),
                    Some(StartingPrice::None(_)) | None => None,
                }
            })
        };
        let starting_prices = told.selections.iter().filter_map(|&(id, selection)| {
            let price = Some(starting_price(id)?);
            Some(SelectionPrice { selection, price })
        });
        let race = DescribeRace {
            market: told.market,
            handicap: name.contains("Hcap") || name.contains("Handicap"),
            fixed: None,
            placings: Vec::new(),
            starting_prices: starting_prices.collect(),
        };
        if told.race.as_ref() != Some(&race) {
            told.race = Some(race.clone());
            said.push(Update::DescribeRace(race));
        }
    }

    /// The name of a market that asks who wins a race of horses; only it tells a handicap.
    fn name_of_race(&self) -> Option<&str> {
        let is_race = self.definition.event_type_id == HORSE_RACING;
        let asks_who_wins = self.definition.market_type == "WIN";
        let name = self.definition.name.as_deref();
        name.filter(|_| is_race && asks_who_wins)
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

    fn see_who_takes_part(&self, told: &mut Told) {
        let runners = &self.definition.runners;
        let is_active = |id: u64| {
            runners
                .iter()
                .any(|known| known.id == id && known.status == RunnerStatus::Active)
        };
        told.active = told
            .selections
            .iter()
            .map(|(id, _)| is_active(*id))
            .collect();
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

/// Says all prices if one has changed. Only who still takes part has one.
fn quote(market: &CachedMarket, told: &mut Told, said: &mut Vec<Update>) {
    told.next.clear();
    for ((runner, _), active) in told.selections.iter().zip(&told.active) {
        let ladders = market.runners.get(runner).filter(|_| *active);
        told.next.push(ladders.and_then(Ladders::best_back));
    }
    let nothing_yet = told.prices.is_empty() && told.next.iter().all(Option::is_none);
    if nothing_yet || told.next == told.prices {
        return;
    }
    std::mem::swap(&mut told.prices, &mut told.next);
    said.push(Update::QuoteBook(QuoteBook {
        market: told.market,
        prices: told
            .selections
            .iter()
            .zip(&told.prices)
            .map(|(&(_, selection), &price)| SelectionPrice { selection, price })
            .collect(),
    }));
}

/// A factor in percent as hundredths of a percent, if it has no finer part.
fn hundredths(percent: f64) -> Option<u32> {
    let text = percent.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() > 2 {
        return None;
    }
    format!("{whole}{fraction:0<2}").parse().ok()
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
        HORSE_RACING => "horse-racing".to_owned(),
        other => format!("sport-{other}"),
    }
}
