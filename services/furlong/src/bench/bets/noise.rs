//! A market that is nobody's idea of one: thousands of outcomes, all its prices told at once.
//!
//! Duty: offer it from a source of its own, and tell its whole book again. Prohibition: nothing
//! else of the world is touched.

use super::world::{LOOK_AGAIN, PATIENCE, World};
use crate::feed_desk::FeedDesk;
use anyhow::Context;
use eventlog::EventLog;
use kernel::{Duration, FixtureId, MarketId, Price, SelectionId};
use markets::MarketStatus;
use odds::feed::FeedUpdate;
use runtime::Clock;
use schemas::odds::{
    AnnounceFixture, MarketKind, OfferMarket, QuoteBook, SelectionName, SelectionPrice, Update,
    Winner,
};
use std::sync::Arc;

const SOURCE: &str = "noise";
const FIXTURE: FixtureId = FixtureId::example(900_000, 1);
const MARKET: MarketId = MarketId::example(900_001, 1);
/// Not during any run.
const STARTS_IN: Duration = Duration::from_secs(30 * 86_400);

/// The market, and who tells its books.
pub struct Noise {
    /// Its selections, with the version at which their first prices stood.
    pub selections: Vec<(String, u64)>,
    ids: Vec<SelectionId>,
    sequence: u64,
    feeds: Arc<FeedDesk>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
}

impl World {
    /// Offers a market of so many outcomes, and waits until it takes bets.
    pub async fn noise(&self, outcomes: u32) -> anyhow::Result<Noise> {
        let first = 1_000_000_u64;
        let numbers = first..first.saturating_add(outcomes.into());
        let mut noise = Noise {
            selections: Vec::new(),
            ids: numbers.map(|n| SelectionId::example(n, 1)).collect(),
            sequence: 0,
            feeds: Arc::clone(&self.feeds),
            log: Arc::clone(&self.log),
            clock: Arc::clone(&self.clock),
        };
        noise.offer().await;
        noise.tell().await?;
        let open = async {
            loop {
                let version = {
                    let view = self.markets.look();
                    let market = view.market(MARKET);
                    market
                        .filter(|market| market.status == MarketStatus::Open)
                        .map(|market| market.version)
                };
                if let Some(version) = version {
                    return version;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let version = tokio::time::timeout(PATIENCE, open)
            .await
            .context("the noisy market did not open")?;
        let ids = noise.ids.iter();
        noise.selections = ids.map(|id| (id.to_string(), version)).collect();
        Ok(noise)
    }
}

impl Noise {
    async fn offer(&mut self) {
        let starts_at = self.clock.now().plus(STARTS_IN);
        self.say(Update::AnnounceFixture(AnnounceFixture {
            fixture: FIXTURE,
            name: "Novelty".to_owned(),
            sport: "novelty".to_owned(),
            starts_at,
        }))
        .await;
        let named = self.ids.iter().map(|id| SelectionName {
            selection: *id,
            name: "one of many".to_owned(),
        });
        let selections = named.collect();
        self.say(Update::OfferMarket(OfferMarket {
            market: MARKET,
            fixture: FIXTURE,
            name: "Who will it be".to_owned(),
            kind: MarketKind::Winner(Winner {}),
            selections,
        }))
        .await;
    }

    /// Tells a whole book, each price other than in the one before.
    pub async fn tell(&mut self) -> anyhow::Result<()> {
        let micros = if self.sequence.is_multiple_of(2) {
            2_500_000
        } else {
            2_510_000
        };
        let price = Price::from_micros(micros).context("a price")?;
        let prices = self.ids.iter().map(|id| SelectionPrice {
            selection: *id,
            price: Some(price),
        });
        let prices = prices.collect();
        self.say(Update::QuoteBook(QuoteBook {
            market: MARKET,
            prices,
        }))
        .await;
        Ok(())
    }

    async fn say(&mut self, update: Update) {
        self.sequence = self.sequence.saturating_add(1);
        let now = self.clock.now();
        let message = FeedUpdate {
            source: SOURCE.to_owned(),
            sequence: self.sequence,
            published_at: now,
            update,
        };
        self.feeds.send(&*self.log, message, now).await;
    }
}
