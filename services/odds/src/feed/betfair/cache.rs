//! What the exchange has told so far: definitions and ladders.
//!
//! Duty: images replace, deltas patch, size 0 removes; the clocks from which a broken connection
//! goes on. Prohibition: nothing is made up: a market whose image was never seen has no
//! definition and stays silent.

use super::message::{
    BetfairError, ChangeType, LevelPriceSize, MarketChange, MarketChanges, MarketDefinition,
    PriceSize, RunnerChange, Segment, exact_price,
};
use kernel::Price;
use std::collections::BTreeMap;

/// Where to go on after a broken connection, with the same subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeClocks {
    /// What the first message of the stream gave.
    pub initial_clk: String,
    /// What the last whole message gave.
    pub clk: String,
}

/// One runner's ladders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladders {
    /// Available to back, by price.
    pub available_to_back: BTreeMap<Price, f64>,
    /// Available to lay, by price.
    pub available_to_lay: BTreeMap<Price, f64>,
    /// Traded, by price.
    pub traded: BTreeMap<Price, f64>,
    /// Best available to back, by level from 0.
    pub best_to_back: BTreeMap<u8, (Price, f64)>,
    /// Best available to lay, by level from 0.
    pub best_to_lay: BTreeMap<u8, (Price, f64)>,
    /// As `best_to_back`, cross-matching included.
    pub displayed_to_back: BTreeMap<u8, (Price, f64)>,
    /// As `best_to_lay`, cross-matching included.
    pub displayed_to_lay: BTreeMap<u8, (Price, f64)>,
    /// Starting-price stakes of backers, by price.
    pub starting_backs: BTreeMap<Price, f64>,
    /// Starting-price liabilities of layers, by price.
    pub starting_lays: BTreeMap<Price, f64>,
    /// Last price traded.
    pub last_traded: Option<Price>,
    /// Volume traded in all.
    pub volume: f64,
}

impl Ladders {
    fn patch(&mut self, change: &RunnerChange) -> Result<(), BetfairError> {
        by_price(&mut self.available_to_back, &change.atb)?;
        by_price(&mut self.available_to_lay, &change.atl)?;
        by_price(&mut self.traded, &change.trd)?;
        by_price(&mut self.starting_backs, &change.spb)?;
        by_price(&mut self.starting_lays, &change.spl)?;
        by_level(&mut self.best_to_back, &change.batb)?;
        by_level(&mut self.best_to_lay, &change.batl)?;
        by_level(&mut self.displayed_to_back, &change.bdatb)?;
        by_level(&mut self.displayed_to_lay, &change.bdatl)?;
        if let Some(price) = change.ltp {
            // The exchange writes 0 where nothing was traded.
            self.last_traded = if price > 0.0 {
                Some(exact_price(price)?)
            } else {
                None
            };
        }
        if let Some(volume) = change.tv {
            self.volume = volume;
        }
        Ok(())
    }

    /// The best price to back at that is known: from the full ladder, else from the best levels,
    /// else the last one traded.
    #[must_use]
    pub fn best_back(&self) -> Option<Price> {
        let full = self.available_to_back.keys().next_back();
        let levels = self
            .best_to_back
            .values()
            .chain(self.displayed_to_back.values())
            .map(|(price, _)| price)
            .max();
        full.or(levels).or(self.last_traded.as_ref()).copied()
    }

    /// The best price to lay at that is known; a last traded price says nothing about it.
    #[must_use]
    pub fn best_lay(&self) -> Option<Price> {
        let full = self.available_to_lay.keys().next();
        let levels = self
            .best_to_lay
            .values()
            .chain(self.displayed_to_lay.values())
            .map(|(price, _)| price)
            .min();
        full.or(levels).copied()
    }
}

fn by_price(ladder: &mut BTreeMap<Price, f64>, changes: &[PriceSize]) -> Result<(), BetfairError> {
    for &(price, size) in changes {
        let price = exact_price(price)?;
        if size > 0.0 {
            ladder.insert(price, size);
        } else {
            ladder.remove(&price);
        }
    }
    Ok(())
}

fn by_level(
    ladder: &mut BTreeMap<u8, (Price, f64)>,
    changes: &[LevelPriceSize],
) -> Result<(), BetfairError> {
    for &(level, price, size) in changes {
        // A removed level may come with price 0.
        if size > 0.0 {
            ladder.insert(level, (exact_price(price)?, size));
        } else {
            ladder.remove(&level);
        }
    }
    Ok(())
}

/// One market as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CachedMarket {
    /// Absent until the exchange sends it.
    pub definition: Option<MarketDefinition>,
    /// By the exchange's runner id.
    pub runners: BTreeMap<u64, Ladders>,
    /// Whether the last change was merged from several.
    pub conflated: bool,
}

/// All markets of one subscription.
#[derive(Clone, Debug, Default)]
pub struct MarketCache {
    markets: BTreeMap<String, CachedMarket>,
    clocks: ClockPair,
    unfinished: ClockPair,
    /// The exchange says that its own source is late.
    pub upstream_late: bool,
    /// The interval of heartbeats; twice as long a silence means: connect again.
    pub heartbeat_ms: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct ClockPair {
    initial_clk: Option<String>,
    clk: Option<String>,
}

impl ClockPair {
    /// What the message gives; what it does not give stays.
    fn take(&mut self, message: &MarketChanges) {
        for (kept, given) in [
            (&mut self.initial_clk, &message.initial_clk),
            (&mut self.clk, &message.clk),
        ] {
            if given.is_some() {
                kept.clone_from(given);
            }
        }
    }
}

impl MarketCache {
    /// Applies a message.
    ///
    /// # Errors
    /// A ladder holds what is no price; the message is then applied in part and the stream should
    /// be begun again.
    pub fn apply(&mut self, message: &MarketChanges) -> Result<(), BetfairError> {
        let continues = matches!(message.segment, Some(Segment::Middle | Segment::End));
        match message.change_type {
            ChangeType::Image if !continues => self.markets.clear(),
            ChangeType::Image
            | ChangeType::Resumed
            | ChangeType::Heartbeat
            | ChangeType::Update => {}
        }
        self.upstream_late = message.upstream_late;
        if message.heartbeat_ms.is_some() {
            self.heartbeat_ms = message.heartbeat_ms;
        }
        for change in &message.markets {
            self.patch(change)?;
        }
        self.take_clocks(message);
        Ok(())
    }

    /// Clocks count only when nothing of their message is missing.
    fn take_clocks(&mut self, message: &MarketChanges) {
        if matches!(message.segment, None | Some(Segment::Start)) {
            self.unfinished = ClockPair::default();
        }
        if message.segment.is_none() {
            self.clocks.take(message);
            return;
        }
        self.unfinished.take(message);
        if message.segment == Some(Segment::End) {
            let whole = std::mem::take(&mut self.unfinished);
            let kept = &mut self.clocks;
            kept.initial_clk = whole.initial_clk.or(kept.initial_clk.take());
            kept.clk = whole.clk.or(kept.clk.take());
        }
    }

    fn patch(&mut self, change: &MarketChange) -> Result<(), BetfairError> {
        let market = match self.markets.get_mut(&change.id) {
            Some(market) => market,
            None => self.markets.entry(change.id.clone()).or_default(),
        };
        if change.img {
            *market = CachedMarket::default();
        }
        market.conflated = change.con;
        if let Some(definition) = &change.definition {
            market.definition = Some(definition.clone());
        }
        for runner in &change.runners {
            market.runners.entry(runner.id).or_default().patch(runner)?;
        }
        Ok(())
    }

    /// One market.
    #[must_use]
    pub fn market(&self, id: &str) -> Option<&CachedMarket> {
        self.markets.get(id)
    }

    /// Forgets where to go on: the exchange does not know these clocks any more, or something
    /// that they stand for was not understood. The next subscription begins with an image.
    pub fn forget_clocks(&mut self) {
        self.clocks = ClockPair::default();
        self.unfinished = ClockPair::default();
    }

    /// All markets by the exchange's id.
    #[must_use]
    pub const fn markets(&self) -> &BTreeMap<String, CachedMarket> {
        &self.markets
    }

    /// Where a new connection goes on; `None` before the first whole message with both clocks.
    #[must_use]
    pub fn resume(&self) -> Option<ResumeClocks> {
        Some(ResumeClocks {
            initial_clk: self.clocks.initial_clk.clone()?,
            clk: self.clocks.clk.clone()?,
        })
    }

    /// The clock of the last whole message.
    #[must_use]
    pub fn clk(&self) -> Option<&str> {
        self.clocks.clk.as_deref()
    }
}
