//! What has been said of each market.
//!
//! Duty: the last prices and state of every market that is open, told once, and once more after a
//! recovery. A message that is older than the last about its market changes nothing. Prohibition:
//! nothing is kept of a market that is over.

use super::catalogue::Catalogue;
use super::feed::closed;
use super::message::{Head, MarketKey, MarketOdds, MarketState};
use crate::feed::names::FeedNames;
use kernel::{Duration, FixtureId, MarketId, Price, SelectionId, Timestamp};
use schemas::odds::{
    OfferMarket, QuoteBook, Resume, SelectionName, SelectionPrice, Suspend, TurnInPlay, Update,
};
use std::collections::BTreeMap;

/// All open markets.
#[derive(Clone, Debug, Default)]
pub(super) struct Markets {
    by_id: BTreeMap<MarketId, Told>,
}

/// One market.
#[derive(Clone, Debug)]
pub(super) struct Told {
    key: MarketKey,
    fixture: FixtureId,
    market: MarketId,
    selections: Vec<(String, SelectionId)>,
    /// Who priced it last, when, and in which of its recoveries.
    product: u32,
    said_at: Option<Timestamp>,
    recovery: u64,
    prices: Vec<Option<Price>>,
    /// As last told; nothing: not told yet, so an earlier run may have left anything.
    open: Option<bool>,
    in_play: bool,
    over: bool,
}

impl Markets {
    pub(super) fn entry(&mut self, market: MarketId, new: impl FnOnce() -> Told) -> &mut Told {
        self.by_id.entry(market).or_insert_with(new)
    }

    /// Nothing of the fixture is remembered.
    pub(super) fn forget(&mut self, fixture: FixtureId) {
        self.by_id.retain(|_, told| told.fixture != fixture);
    }

    /// The prices of every open market that the producer named since its recovery began.
    pub(super) fn again(&self, product: u32, recovery: u64) -> Vec<Update> {
        self.by_id
            .values()
            .filter(|told| {
                !told.over
                    && told.product == product
                    && told.recovery == recovery
                    && told.open == Some(true)
            })
            .map(Told::book)
            .collect()
    }

    /// The markets of a fixture that a producer stops. One by one only if wanted.
    pub(super) fn stop(
        &mut self,
        fixture: FixtureId,
        head: &Head,
        reason: &str,
        singly: bool,
        concerns: impl Fn(&MarketKey) -> bool,
    ) -> Vec<Update> {
        let mut updates = Vec::new();
        for told in self.by_id.values_mut() {
            let is_meant = told.fixture == fixture
                && told.product == head.product
                && told.said_at.is_none_or(|said_at| said_at <= head.said_at)
                && concerns(&told.key);
            if is_meant && !told.over {
                told.open = Some(false);
                told.said_at = Some(head.said_at);
                if singly {
                    updates.push(told.suspend(reason));
                }
            }
        }
        updates
    }
}

impl Told {
    /// A market that was not told before.
    pub(super) fn offer(
        names: &FeedNames,
        catalogue: &Catalogue,
        (fixture, market): (FixtureId, MarketId),
        odds: &MarketOdds,
        updates: &mut Vec<Update>,
    ) -> Self {
        let described = catalogue.market(odds.key.market);
        let mut outcomes: Vec<(String, String)> = match described {
            Some(described) if !described.outcomes.is_empty() => described.outcomes.clone(),
            Some(_) | None => {
                let mut found: Vec<_> = odds
                    .prices
                    .iter()
                    .map(|(id, _)| (id.clone(), format!("Outcome {id}")))
                    .collect();
                found.sort();
                found
            }
        };
        outcomes.dedup();
        let name = described.map_or_else(
            || format!("Market {}", odds.key.market),
            |described| described.name.clone(),
        );
        let specifiers: Vec<String> = odds
            .key
            .specifiers
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        let selections: Vec<(String, SelectionId)> = outcomes
            .iter()
            .map(|(id, _)| (id.clone(), names.selection(market, id)))
            .collect();
        updates.push(Update::OfferMarket(OfferMarket {
            market,
            fixture,
            name: format!("{name}{}", specifiers.concat()),
            kind: catalogue.kind(odds.key.market, &odds.key.specifiers),
            selections: outcomes
                .into_iter()
                .zip(&selections)
                .map(|((_, name), (_, selection))| SelectionName {
                    selection: *selection,
                    name,
                })
                .collect(),
        }));
        Self {
            key: odds.key.clone(),
            fixture,
            market,
            selections,
            product: 0,
            said_at: None,
            recovery: 0,
            prices: Vec::new(),
            open: None,
            in_play: false,
            over: false,
        }
    }

    /// Prices and a state. `stopped_at`: when the producer last stopped the whole fixture.
    pub(super) fn take(
        &mut self,
        head: &Head,
        odds: &MarketOdds,
        recovery: u64,
        stopped_at: Option<Timestamp>,
        updates: &mut Vec<Update>,
    ) {
        let is_older = self.said_at.is_some_and(|said_at| head.said_at < said_at)
            || stopped_at.is_some_and(|stopped_at| head.said_at < stopped_at);
        if is_older || self.over {
            return;
        }
        // Whoever handed over has nothing more to say once the other has spoken.
        let takes_over = self.product != head.product;
        if odds.state == MarketState::HandedOver && takes_over && self.said_at.is_some() {
            return;
        }
        self.said_at = Some(head.said_at);
        self.product = head.product;
        self.recovery = recovery;
        match odds.state {
            MarketState::Active => self.open(odds, takes_over, updates),
            MarketState::Inactive => self.close_for_now("inactive", updates),
            MarketState::Suspended => self.close_for_now("suspended by the feed", updates),
            MarketState::HandedOver => self.close_for_now("handed over", updates),
            MarketState::Settled | MarketState::Cancelled => {
                self.over = true;
                updates.push(closed(self.market));
            }
        }
    }

    fn open(&mut self, odds: &MarketOdds, takes_over: bool, updates: &mut Vec<Update>) {
        let prices: Vec<Option<Price>> = self
            .selections
            .iter()
            .map(|(id, _)| {
                let found = odds.prices.iter().find(|(known, _)| known == id);
                found.and_then(|(_, price)| *price)
            })
            .collect();
        if prices != self.prices || takes_over {
            self.prices = prices;
            updates.push(self.book());
        }
        if self.open != Some(true) {
            self.open = Some(true);
            updates.push(Update::Resume(Resume {
                fixture: self.fixture,
                market: Some(self.market),
            }));
        }
    }

    fn close_for_now(&mut self, reason: &str, updates: &mut Vec<Update>) {
        if self.open != Some(false) {
            self.open = Some(false);
            updates.push(self.suspend(reason));
        }
    }

    pub(super) fn turn_in_play(&mut self, bet_delay: Duration, updates: &mut Vec<Update>) {
        if !self.in_play && !self.over {
            self.in_play = true;
            updates.push(Update::TurnInPlay(TurnInPlay {
                market: self.market,
                bet_delay,
            }));
        }
    }

    fn suspend(&self, reason: &str) -> Update {
        Update::Suspend(Suspend {
            fixture: self.fixture,
            market: Some(self.market),
            reason: reason.to_owned(),
        })
    }

    fn book(&self) -> Update {
        Update::QuoteBook(QuoteBook {
            market: self.market,
            prices: self
                .selections
                .iter()
                .zip(&self.prices)
                .map(|(&(_, selection), &price)| SelectionPrice { selection, price })
                .collect(),
        })
    }
}
