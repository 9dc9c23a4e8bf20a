//! The picture of fixtures and markets that the odds journals draw.
//!
//! Duty: fold effective decisions of `odds.events` into what bets looks at when it decides and
//! the gateway shows. One per process, shared, read-only for its readers.
//!
//! Prohibition: it decides nothing and is never recorded; a decision copies what it used.

use kernel::{
    Duration, FixtureId, MarketId, Money, Offset, Partition, Position, Price, SelectionId,
    Timestamp, Topic,
};
use rustc_hash::FxHashMap;
use schemas::odds::{
    BetsCancelled, BookExplained, Event, FixtureStatus, MarketKind, RaceDescribed, RulingApproved,
    RulingProposed, Score, SelectionOutcome, SelectionPrice, SelectionWithdrawn,
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

/// Whether bets are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarketStatus {
    /// Bets are taken.
    Open,
    /// Not for now.
    Suspended,
    /// Never again.
    Closed,
    /// There is a result.
    Settled,
}

/// A market as last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Its id.
    pub id: MarketId,
    /// Whose market it is.
    pub fixture: FixtureId,
    /// What it is called.
    pub name: String,
    /// What it asks.
    pub kind: MarketKind,
    /// Whether bets are taken.
    pub status: MarketStatus,
    /// Grows with every change of prices or state.
    pub version: u64,
    /// The version with which it last began to take bets.
    pub open_since: u64,
    /// Whether it is played already.
    pub in_play: bool,
    /// How long acceptance waits, in play.
    pub bet_delay: Duration,
    /// The answers, in the order in which they were offered.
    pub selections: Vec<Selection>,
    /// Where the newest book stands.
    pub book_position: Position,
    /// When its source published it.
    pub published_at: Timestamp,
    /// In which of the source's messages; 0 before the first book.
    pub source_sequence: u64,
    /// What the newest book is made of besides; nothing where the source told plain prices.
    pub explained: Option<BookExplained>,
    /// Who prices it.
    pub source: String,
    /// The most that may be lost on it.
    pub exposure_max: Money,
    /// How much of it each partition of bets begins with.
    pub budget_each: Money,
    /// The outcomes, once there is a result.
    pub outcomes: Vec<SelectionOutcome>,
    /// Selections that take no part any more, in the order of their withdrawal.
    pub withdrawals: Vec<SelectionWithdrawn>,
    /// What is known of it as a race.
    pub race: Option<RaceDescribed>,
    /// The number of the last result; 0 before the first.
    pub result: u32,
    /// Stretches of bets that do not count, as the source said last.
    pub cancellations: Vec<BetsCancelled>,
    /// What was said of obviously wrong prices, in the order of the proposals.
    pub rulings: Vec<Ruling>,
}

/// A ruling on obviously wrong prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What one person proposed.
    pub proposed: RulingProposed,
    /// What another one said to it.
    pub approved: Option<RulingApproved>,
}

impl Market {
    /// Whether a bet struck at that moment would not count.
    #[must_use]
    pub fn cancels(&self, at: Timestamp) -> bool {
        self.cancellations.iter().any(|cancelled| {
            cancelled.from.is_none_or(|from| from <= at)
                && cancelled.until.is_none_or(|until| at <= until)
        })
    }
}

/// An answer and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Its id.
    pub id: SelectionId,
    /// What it is called.
    pub name: String,
    /// The price; none: not to be bet on now.
    pub price: Option<Price>,
}

/// A feed source as one odds partition knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The last message taken.
    pub sequence: u64,
    /// Stretches of messages that did not come, or were refused.
    pub gaps: u64,
    /// Messages in all those stretches.
    pub missing: u64,
    /// The newest of them: the number that should have come, and the one that came.
    pub last_gap: Option<(u64, u64)>,
    /// It has said nothing for too long.
    pub silent: bool,
    /// It said that it is not up to date, and why.
    pub down: Option<String>,
}

impl SourceState {
    /// Whether its prices count.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        !self.silent && self.down.is_none()
    }
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

/// Takes a book's prices. A book names selections in the order of the offer, so that each is found
/// where the one before it ends: markets with thousands of answers would else hold up all others.
fn take_prices(selections: &mut [Selection], prices: &[SelectionPrice]) {
    let mut next = 0_usize;
    for quoted in prices {
        let here = selections
            .get(next)
            .is_some_and(|s| s.id == quoted.selection);
        let place = if here {
            Some(next)
        } else {
            selections.iter().position(|s| s.id == quoted.selection)
        };
        let Some(place) = place else {
            continue;
        };
        if let Some(selection) = selections.get_mut(place) {
            selection.price = quoted.price;
        }
        next = place.saturating_add(1);
    }
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
        match event {
            Event::FixtureAnnounced(announced) => {
                let fixture = self
                    .fixtures
                    .entry(announced.fixture)
                    .or_insert_with(|| Fixture {
                        id: announced.fixture,
                        name: String::new(),
                        sport: String::new(),
                        starts_at: announced.starts_at,
                        status: FixtureStatus::Scheduled,
                        score: None,
                        minute: None,
                        markets: Vec::new(),
                    });
                fixture.name.clone_from(&announced.name);
                fixture.sport.clone_from(&announced.sport);
                fixture.starts_at = announced.starts_at;
            }
            Event::FixtureProgressed(progressed) => {
                if let Some(fixture) = self.fixtures.get_mut(&progressed.fixture) {
                    fixture.status = progressed.status;
                    fixture.score = progressed.score.clone().or_else(|| fixture.score.take());
                    fixture.minute = progressed.minute.or(fixture.minute);
                }
            }
            Event::MarketOffered(offered) => self.offer(position, offered),
            Event::BookPublished(book) => {
                if let Some(market) = self.markets.get_mut(&book.market) {
                    market.version = book.version;
                    market.book_position = position;
                    market.published_at = book.published_at;
                    market.source_sequence = book.source_sequence;
                    market.explained = None;
                    market.source.clone_from(&book.source);
                    take_prices(&mut market.selections, &book.prices);
                }
            }
            Event::MarketSuspended(suspended) => {
                self.set_status(suspended.market, suspended.version, MarketStatus::Suspended);
            }
            Event::MarketResumed(resumed) => {
                self.set_status(resumed.market, resumed.version, MarketStatus::Open);
            }
            Event::MarketTurnedInPlay(turned) => {
                if let Some(market) = self.markets.get_mut(&turned.market) {
                    market.version = turned.version;
                    market.in_play = true;
                    market.bet_delay = turned.bet_delay;
                }
            }
            Event::MarketClosed(closed) => {
                self.set_status(closed.market, closed.version, MarketStatus::Closed);
            }
            Event::MarketResulted(resulted) => {
                self.set_status(resulted.market, resulted.version, MarketStatus::Settled);
                if let Some(market) = self.markets.get_mut(&resulted.market) {
                    market.outcomes.clone_from(&resulted.outcomes);
                    market.result = resulted.result;
                }
            }
            Event::ResultRolledBack(rolled_back) => {
                self.set_status(
                    rolled_back.market,
                    rolled_back.version,
                    MarketStatus::Closed,
                );
                if let Some(market) = self.markets.get_mut(&rolled_back.market) {
                    market.outcomes.clear();
                }
            }
            Event::HeartbeatSent(heartbeat) => {
                let progress = self.progress.entry(position.partition).or_default();
                progress.heartbeat_at = Some(heartbeat.at.max(decided_at));
            }
            Event::SourceAdvanced(advanced) => {
                let source = self.source(&advanced.source, position.partition);
                source.sequence = advanced.sequence;
            }
            Event::SourceGapSeen(gap) => {
                let source = self.source(&gap.source, position.partition);
                source.gaps = source.gaps.saturating_add(1);
                let missing = gap.got.saturating_sub(gap.expected);
                source.missing = source.missing.saturating_add(missing);
                source.last_gap = Some((gap.expected, gap.got));
            }
            Event::SourceWentSilent(silent) => {
                self.source(&silent.source, position.partition).silent = true;
            }
            Event::SourceReturned(returned) => {
                self.source(&returned.source, position.partition).silent = false;
            }
            Event::SourceWentDown(down) => {
                let source = self.source(&down.source, position.partition);
                source.down = Some(down.reason.clone());
            }
            // Each market that this stops says so itself.
            Event::SourceDoubted(_) => {}
            Event::SourceCameUp(up) => {
                self.source(&up.source, position.partition).down = None;
            }
            Event::BookExplained(explained) => {
                if let Some(market) = self.markets.get_mut(&explained.market) {
                    market.explained = Some(explained.clone());
                }
            }
            Event::SelectionWithdrawn(withdrawn) => self.withdraw(withdrawn),
            Event::BetsCancelled(cancelled) => {
                self.restore(cancelled.market, cancelled.from, cancelled.until);
                if let Some(market) = self.markets.get_mut(&cancelled.market) {
                    market.cancellations.push(cancelled.clone());
                }
            }
            Event::RulingProposed(proposed) => {
                if let Some(market) = self.markets.get_mut(&proposed.market) {
                    market.rulings.push(Ruling {
                        proposed: proposed.clone(),
                        approved: None,
                    });
                }
            }
            Event::RulingApproved(approved) => {
                let market = self.markets.get_mut(&approved.market);
                let rulings = market.into_iter().flat_map(|market| &mut market.rulings);
                for ruling in rulings.filter(|known| known.proposed.ruling == approved.ruling) {
                    ruling.approved = Some(approved.clone());
                }
            }
            Event::BetsRestored(restored) => {
                self.restore(restored.market, restored.from, restored.until);
            }
            Event::RaceDescribed(race) => {
                if let Some(market) = self.markets.get_mut(&race.market) {
                    market.race = Some(race.clone());
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

    fn restore(&mut self, market: MarketId, from: Option<Timestamp>, until: Option<Timestamp>) {
        if let Some(market) = self.markets.get_mut(&market) {
            let others = |known: &BetsCancelled| (known.from, known.until) != (from, until);
            market.cancellations.retain(others);
        }
    }

    fn offer(&mut self, position: Position, offered: &schemas::odds::MarketOffered) {
        for (place, named) in offered.selections.iter().enumerate() {
            self.market_of
                .insert(named.selection, (offered.market, place));
        }
        if let Some(fixture) = self.fixtures.get_mut(&offered.fixture)
            && !fixture.markets.contains(&offered.market)
        {
            fixture.markets.push(offered.market);
        }
        let selections = offered
            .selections
            .iter()
            .map(|named| Selection {
                id: named.selection,
                name: named.name.clone(),
                price: None,
            })
            .collect();
        self.markets
            .entry(offered.market)
            .or_insert_with(|| Market {
                id: offered.market,
                fixture: offered.fixture,
                name: offered.name.clone(),
                kind: offered.kind.clone(),
                status: MarketStatus::Open,
                version: offered.version,
                open_since: offered.version,
                in_play: false,
                bet_delay: Duration::ZERO,
                selections,
                book_position: position,
                published_at: Timestamp::MIN,
                source_sequence: 0,
                explained: None,
                source: offered.source.clone(),
                exposure_max: offered.exposure_max,
                budget_each: offered.budget_each,
                outcomes: Vec::new(),
                withdrawals: Vec::new(),
                race: None,
                result: 0,
                cancellations: Vec::new(),
                rulings: Vec::new(),
            });
    }

    fn withdraw(&mut self, withdrawn: &SelectionWithdrawn) {
        let Some(market) = self.markets.get_mut(&withdrawn.market) else {
            return;
        };
        market.version = withdrawn.version;
        market.withdrawals.push(withdrawn.clone());
        let selections = market.selections.iter_mut();
        for selection in selections.filter(|known| known.id == withdrawn.selection) {
            selection.price = None;
        }
    }

    fn set_status(&mut self, market: MarketId, version: u64, status: MarketStatus) {
        if let Some(market) = self.markets.get_mut(&market) {
            if status == MarketStatus::Open && market.status != MarketStatus::Open {
                market.open_since = version;
            }
            market.version = version;
            market.status = status;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(count: u64) -> Vec<Selection> {
        let one = |n| Selection {
            id: SelectionId::example(n, 3),
            name: String::new(),
            price: None,
        };
        (0..count).map(one).collect()
    }

    fn quoted(n: u64) -> SelectionPrice {
        let micros = 1_000_000_i64.saturating_add(i64::try_from(n).unwrap_or(0));
        SelectionPrice {
            selection: SelectionId::example(n, 3),
            price: Price::from_micros(micros.saturating_add(1)).ok(),
        }
    }

    #[test]
    fn a_book_in_any_order_gives_each_selection_its_price() {
        let in_order: Vec<SelectionPrice> = (0..50).map(quoted).collect();
        let mut turned = in_order.clone();
        turned.rotate_left(17);
        turned.reverse();
        turned.push(quoted(99));
        let (mut one, mut other) = (shown(50), shown(50));
        take_prices(&mut one, &in_order);
        take_prices(&mut other, &turned);
        assert_eq!(one, other);
        for (selection, quote) in one.iter().zip(&in_order) {
            assert_eq!(selection.price, quote.price);
        }
    }
}
