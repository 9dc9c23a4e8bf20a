//! A market as the picture shows it.
//!
//! Duty: take what was decided about it, an event at a time. Prohibition: a book costs no more than
//! one walk over its prices: the picture is drawn under the eyes of every placement.

use kernel::{Duration, FixtureId, MarketId, Money, Position, Price, SelectionId, Timestamp};
use schemas::odds::{
    BetsCancelled, BookExplained, BookPublished, Event, MarketKind, MarketOffered, RaceDescribed,
    RulingApproved, RulingProposed, SelectionOutcome, SelectionPrice, SelectionWithdrawn,
};

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

impl Market {
    /// Whether a bet struck at that moment would not count.
    #[must_use]
    pub fn cancels(&self, at: Timestamp) -> bool {
        self.cancellations.iter().any(|cancelled| {
            cancelled.from.is_none_or(|from| from <= at)
                && cancelled.until.is_none_or(|until| at <= until)
        })
    }
    pub(crate) fn offered(position: Position, offered: &MarketOffered) -> Self {
        let selections = offered.selections.iter().map(|named| Selection {
            id: named.selection,
            name: named.name.clone(),
            price: None,
        });
        Self {
            id: offered.market,
            fixture: offered.fixture,
            name: offered.name.clone(),
            kind: offered.kind.clone(),
            status: MarketStatus::Open,
            version: offered.version,
            open_since: offered.version,
            in_play: false,
            bet_delay: Duration::ZERO,
            selections: selections.collect(),
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
        }
    }

    /// Takes an event about this market; of others nothing is taken.
    pub(crate) fn take(&mut self, position: Position, event: &Event) {
        match event {
            Event::BookPublished(book) => self.quote(position, book),
            Event::BookExplained(explained) => self.explained = Some(explained.clone()),
            Event::MarketSuspended(it) => self.turn(MarketStatus::Suspended, it.version),
            Event::MarketResumed(it) => self.turn(MarketStatus::Open, it.version),
            Event::MarketClosed(it) => self.turn(MarketStatus::Closed, it.version),
            Event::MarketTurnedInPlay(turned) => {
                self.version = turned.version;
                self.in_play = true;
                self.bet_delay = turned.bet_delay;
            }
            Event::MarketResulted(resulted) => {
                self.turn(MarketStatus::Settled, resulted.version);
                self.outcomes.clone_from(&resulted.outcomes);
                self.result = resulted.result;
            }
            Event::ResultRolledBack(rolled_back) => {
                self.turn(MarketStatus::Closed, rolled_back.version);
                self.outcomes.clear();
            }
            Event::SelectionWithdrawn(withdrawn) => self.withdraw(withdrawn),
            Event::BetsCancelled(cancelled) => {
                self.restore(cancelled.from, cancelled.until);
                self.cancellations.push(cancelled.clone());
            }
            Event::BetsRestored(restored) => self.restore(restored.from, restored.until),
            Event::RulingProposed(proposed) => self.rulings.push(Ruling {
                proposed: proposed.clone(),
                approved: None,
            }),
            Event::RulingApproved(approved) => {
                let rulings = self.rulings.iter_mut();
                for ruling in rulings.filter(|known| known.proposed.ruling == approved.ruling) {
                    ruling.approved = Some(approved.clone());
                }
            }
            Event::RaceDescribed(race) => self.race = Some(race.clone()),
            Event::MarketOffered(_)
            | Event::FixtureAnnounced(_)
            | Event::FixtureProgressed(_)
            | Event::HeartbeatSent(_)
            | Event::SourceAdvanced(_)
            | Event::SourceGapSeen(_)
            | Event::SourceDoubted(_)
            | Event::SourceWentSilent(_)
            | Event::SourceReturned(_)
            | Event::SourceWentDown(_)
            | Event::SourceCameUp(_)
            | Event::ResultWordTaken(_)
            | Event::LeaningSet(_)
            | Event::StakesNoted(_)
            | Event::BudgetGranted(_)
            | Event::BudgetRecalled(_)
            | Event::BudgetReturnNoticed(_) => {}
        }
    }

    fn quote(&mut self, position: Position, book: &BookPublished) {
        self.version = book.version;
        self.book_position = position;
        self.published_at = book.published_at;
        self.source_sequence = book.source_sequence;
        self.explained = None;
        self.source.clone_from(&book.source);
        take_prices(&mut self.selections, &book.prices);
    }

    fn turn(&mut self, status: MarketStatus, version: u64) {
        if status == MarketStatus::Open && self.status != MarketStatus::Open {
            self.open_since = version;
        }
        self.version = version;
        self.status = status;
    }

    fn withdraw(&mut self, withdrawn: &SelectionWithdrawn) {
        self.version = withdrawn.version;
        self.withdrawals.push(withdrawn.clone());
        let selections = self.selections.iter_mut();
        for selection in selections.filter(|known| known.id == withdrawn.selection) {
            selection.price = None;
        }
    }

    fn restore(&mut self, from: Option<Timestamp>, until: Option<Timestamp>) {
        let others = |known: &BetsCancelled| (known.from, known.until) != (from, until);
        self.cancellations.retain(others);
    }
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
