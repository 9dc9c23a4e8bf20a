//! One market: what it is, where it is in its life, what each event makes of it.
//!
//! Duty: the state of a market, and its fold. What wishes make of its prices is in `book.rs`, of
//! its stops in `stop.rs`, of its result in `result.rs`. Prohibition: no sources and no budgets,
//! and no change except by [`Market::evolve`].

use crate::budget::Budgets;
use crate::command::{
    MarketKind, MarketOffer, RaceDescription, SelectionResult, Window, Withdrawal,
};
use crate::event::{Doubt, Event, ResultWord};
use crate::explain::Explanation;
use crate::leaning::Leaning;
use crate::rejection::Rejection;
use crate::ruling::Ruling;
use kernel::{Duration, FixtureId, MarketId, Price, SelectionId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A market as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Its id.
    pub market: MarketId,
    /// Its fixture.
    pub fixture: FixtureId,
    /// Who prices it.
    pub source: String,
    /// What is asked.
    pub kind: MarketKind,
    /// The answers, in the order of the offer.
    pub selections: Vec<SelectionId>,
    /// Counts every change.
    pub version: u64,
    /// By selection; empty before the first book.
    pub prices: Vec<Option<Price>>,
    /// Where the last book came from, and what it is made of; nothing before the first.
    pub origin: Option<BookOrigin>,
    /// The delay on acceptance, once in play.
    pub in_play: Option<Duration>,
    /// An operator's stop: who and why.
    pub stopped_by_operator: Option<OperatorStop>,
    /// The source's stop: why.
    pub stopped_by_source: Option<String>,
    /// A stop because nobody knows what the source would say.
    pub doubt: Option<Doubt>,
    /// Taking bets, over, decided.
    pub phase: Phase,
    /// How many results there were.
    pub results: u32,
    /// The last result was an operator's.
    pub resulted_by_operator: bool,
    /// Selections that take no part any more.
    pub withdrawn: BTreeSet<SelectionId>,
    /// What is known of it as a race.
    pub race: Option<RaceDescription>,
    /// The newest word of the source on the result, and when it was said. Sources that only ever
    /// speak in order leave none.
    pub result_word: Option<(Timestamp, ResultWord)>,
    /// The newest word of the source on the bets of each window.
    pub cancellations: BTreeMap<Window, CancelWord>,
    /// What persons of the house said of obviously wrong prices, by number.
    pub rulings: BTreeMap<u32, Ruling>,
    /// What the bets partitions may risk.
    pub budgets: Budgets,
    /// What prices lean against by themselves, if they do.
    pub leaning: Option<Leaning>,
}

/// Where a book came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookOrigin {
    /// In which message of the source.
    pub source_sequence: u64,
    /// When it was said.
    pub published_at: Timestamp,
    /// What it is made of besides.
    pub explanation: Explanation,
}

/// Who stopped a market, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorStop {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The newest word on the bets of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelWord {
    /// When it was said.
    pub said_at: Timestamp,
    /// Whether the bets do not count.
    pub cancelled: bool,
}

/// Who said a book, in which message and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// Who.
    pub(crate) source: &'a str,
    /// In which of its messages.
    pub(crate) sequence: u64,
    /// When.
    pub(crate) at: Timestamp,
}

/// Where a market is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Bets are taken unless something stops them.
    Open,
    /// No bets any more.
    Closed,
    /// There is a result: every selection once.
    Resulted(Vec<SelectionResult>),
}

impl Market {
    /// A market at its offer.
    #[must_use]
    pub fn offered(offer: &MarketOffer, source: &str, version: u64) -> Self {
        Self {
            market: offer.market,
            fixture: offer.fixture,
            source: source.to_owned(),
            kind: offer.kind,
            selections: offer.selections.iter().map(|s| s.selection).collect(),
            version,
            prices: Vec::new(),
            origin: None,
            in_play: None,
            stopped_by_operator: None,
            stopped_by_source: None,
            doubt: None,
            phase: Phase::Open,
            results: 0,
            resulted_by_operator: false,
            withdrawn: BTreeSet::new(),
            race: None,
            result_word: None,
            cancellations: BTreeMap::new(),
            rulings: BTreeMap::new(),
            budgets: Budgets::new(offer.exposure),
            leaning: None,
        }
    }

    /// Whether this is what the offer describes.
    #[must_use]
    pub fn is_as_offered(&self, offer: &MarketOffer) -> bool {
        let selections = offer.selections.iter().map(|s| &s.selection);
        self.fixture == offer.fixture
            && self.kind == offer.kind
            && self.selections.iter().eq(selections)
    }

    /// Whether bets may still be taken some day.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Open
    }

    /// In one word.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.phase {
            Phase::Closed => "closed",
            Phase::Resulted(_) => "settled",
            Phase::Open if self.stopped_by_operator.is_some() => "suspended by an operator",
            Phase::Open if self.stopped_by_source.is_some() => "suspended by its source",
            Phase::Open if self.doubt.is_some() => "suspended because its source is in doubt",
            Phase::Open => "open",
        }
    }

    /// The refusal of a wish that this state does not allow.
    #[must_use]
    pub const fn not_in_state(&self) -> Rejection {
        Rejection::MarketNotInState {
            market: self.market,
            state: self.state(),
        }
    }

    pub(crate) const fn version_after(&self, changes: u64) -> u64 {
        self.version.saturating_add(changes)
    }

    /// In play with this delay.
    pub(crate) fn turn_in_play(&self, bet_delay: Duration) -> Option<Event> {
        (self.is_live() && self.in_play != Some(bet_delay)).then(|| Event::MarketTurnedInPlay {
            market: self.market,
            version: self.version_after(1),
            bet_delay,
        })
    }

    /// No more bets.
    pub(crate) fn close(&self) -> Option<Event> {
        self.is_live().then(|| Event::MarketClosed {
            market: self.market,
            version: self.version_after(1),
        })
    }

    /// A selection takes no part any more; said again, it changes nothing.
    pub(crate) fn withdraw(
        &self,
        withdrawal: &Withdrawal,
        by: Option<&str>,
    ) -> Result<Option<Event>, Rejection> {
        let selection = withdrawal.selection;
        let place = self.selections.iter().position(|known| *known == selection);
        let place = place.ok_or(Rejection::SelectionUnknown(selection))?;
        if self.withdrawn.contains(&selection) {
            return Ok(None);
        }
        if matches!(self.phase, Phase::Resulted(_)) {
            return Err(self.not_in_state());
        }
        Ok(Some(Event::SelectionWithdrawn {
            withdrawal: *withdrawal,
            version: self.version_after(1),
            price: self.prices.get(place).copied().flatten(),
            by: by.map(str::to_owned),
        }))
    }

    /// Takes notice of an event about this market.
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::BookPublished {
                version,
                prices,
                source_sequence,
                published_at,
                ..
            } => {
                self.version = *version;
                self.prices = prices.iter().map(|priced| priced.price).collect();
                self.origin = Some(BookOrigin {
                    source_sequence: *source_sequence,
                    published_at: *published_at,
                    explanation: Explanation::default(),
                });
            }
            Event::BookExplained { explanation, .. } => {
                if let Some(origin) = &mut self.origin {
                    origin.explanation = explanation.clone();
                }
            }
            Event::MarketSuspended { version, cause, .. } => {
                self.version = *version;
                self.suspend(cause);
            }
            Event::MarketResumed { version, by, .. } => {
                self.version = *version;
                if by.is_some() {
                    self.stopped_by_operator = None;
                } else {
                    self.stopped_by_source = None;
                    self.doubt = None;
                }
            }
            Event::MarketTurnedInPlay {
                version, bet_delay, ..
            } => {
                self.version = *version;
                self.in_play = Some(*bet_delay);
            }
            Event::MarketClosed { version, .. } => {
                self.version = *version;
                self.phase = Phase::Closed;
                self.leaning = None;
            }
            Event::MarketResulted {
                version,
                result,
                outcomes,
                by,
                ..
            } => {
                self.version = *version;
                self.results = *result;
                self.resulted_by_operator = by.is_some();
                self.leaning = None;
                self.phase = Phase::Resulted(outcomes.clone());
            }
            Event::ResultRolledBack { version, .. } => {
                self.version = *version;
                self.phase = Phase::Closed;
            }
            Event::SelectionWithdrawn {
                withdrawal,
                version,
                ..
            } => {
                self.version = *version;
                self.withdrawn.insert(withdrawal.selection);
                let selections = self.selections.iter().zip(&mut self.prices);
                for (_, price) in selections.filter(|(id, _)| **id == withdrawal.selection) {
                    *price = None;
                }
                let told = self.origin.iter_mut();
                for priced in told.flat_map(|origin| &mut origin.explanation.unleaning) {
                    if priced.selection == withdrawal.selection {
                        priced.price = None;
                    }
                }
            }
            Event::RaceDescribed { race, .. } => self.race = Some(race.clone()),
            Event::LeaningSet { step_minor, .. } => self.leaning = step_minor.map(Leaning::begun),
            Event::StakesNoted {
                bets_partition,
                standing,
                ..
            } => {
                if let Some(leaning) = &mut self.leaning {
                    leaning.note(*bets_partition, standing);
                }
            }
            Event::ResultWordTaken { said_at, word, .. } => {
                self.result_word = Some((*said_at, *word));
            }
            Event::BetsCancelled {
                window, said_at, ..
            } => self.note_cancellation(*window, *said_at, true),
            Event::BetsRestored {
                window, said_at, ..
            } => self.note_cancellation(*window, *said_at, false),
            Event::RulingProposed {
                ruling, proposal, ..
            } => self.note_proposal(*ruling, proposal),
            Event::RulingApproved { ruling, .. } => self.note_approval(*ruling),
            Event::BudgetGranted { .. } | Event::BudgetReturnNoticed { .. } => {
                self.budgets.evolve(event);
            }
            Event::FixtureAnnounced(_)
            | Event::FixtureProgressed(_)
            | Event::MarketOffered { .. }
            | Event::SourceAdvanced { .. }
            | Event::SourceGapSeen { .. }
            | Event::SourceWentSilent { .. }
            | Event::SourceReturned { .. }
            | Event::SourceWentDown { .. }
            | Event::SourceCameUp { .. }
            | Event::SourceDoubted { .. }
            | Event::BudgetRecalled { .. }
            | Event::HeartbeatSent { .. } => {}
        }
    }

    fn note_cancellation(&mut self, window: Window, said_at: Timestamp, cancelled: bool) {
        let word = CancelWord { said_at, cancelled };
        self.cancellations.insert(window, word);
    }
}
