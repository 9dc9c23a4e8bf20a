//! What the market view shows of a selection at the moment of a judgement.
//!
//! Duty: the questions that every judgement asks of it: is it fresh, is it open, was it open all
//! the time. Prohibition: nothing here is remembered; what a decision used is copied into its
//! event.

use crate::command::HouseRules;
use crate::origin::PriceOrigin;
use crate::rejection::Rejection;
use crate::settlement::{LineSide, LineTerms, Score};
use crate::slip::Names;
use crate::terms::{LegTerms, Race};
use kernel::{Duration, FixtureId, MarketId, Money, Position, Price, SelectionId, Timestamp};
use std::collections::BTreeMap;

/// What the market view shows of the selections that a command concerns.
pub type Evidence = BTreeMap<SelectionId, Quote>;

/// Whether a market takes bets, as the market view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarketStatus {
    /// It takes bets.
    Open,
    /// Not for now.
    Suspended,
    /// Not any more: closed or with a result.
    Closed,
}

/// One selection, its market and its book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The selection's market.
    pub market: MarketId,
    /// The market's fixture.
    pub fixture: FixtureId,
    /// The fixture's sport.
    pub sport: String,
    /// What kind of market it is: `match_result` and so on.
    pub market_kind: String,
    /// Whether the market takes bets.
    pub status: MarketStatus,
    /// The market's version: raised by every book, suspension and resumption.
    pub version: u64,
    /// The version with which the market last began to take bets.
    pub open_since: u64,
    /// The selection's price, when it can be bet on.
    pub price: Option<Price>,
    /// Whether the market is in play.
    pub in_play: bool,
    /// How long acceptance waits while it is.
    pub bet_delay: Duration,
    /// What every bets partition may risk on the market from its beginning.
    pub budget_each: Money,
    /// The most that the house may lose on the market.
    pub exposure_max: Money,
    /// When the partition of odds that this comes from last showed that it lives.
    pub seen_at: Option<Timestamp>,
    /// Where the market's newest book stands.
    pub position: Position,
    /// What people call it.
    pub names: Names,
    /// What the selection asks, where more than its outcome may count.
    pub asks: Asks,
    /// What the price was made of, if the house made it.
    pub origin: Option<PriceOrigin>,
    /// The whole book of the market, where somebody asked for it.
    pub book: Option<BookSum>,
}

/// A book as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookSum {
    /// One over each of its prices, each rounded up to a billionth, summed.
    pub sum_billionths: u64,
    /// The market's version with which a selection was last withdrawn; 0: none was.
    pub reformed_at: u64,
}

/// What a selection asks, as far as its settlement may depend on more than the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// Nothing of the kind.
    #[default]
    Outcome,
    /// A runner of a race.
    Runner(Race),
    /// A side of a handicap; in play, `score` is the score now, if it is known.
    Handicap {
        /// Which side.
        side: LineSide,
        /// The market's line in quarters of a goal.
        quarters: i32,
        /// The score now.
        score: Option<Score>,
    },
}

impl Quote {
    /// The newest news is not older than the house accepts on.
    pub(crate) fn must_be_fresh(&self, at: Timestamp, rules: &HouseRules) -> Result<(), Rejection> {
        let newest_at = self.seen_at;
        match newest_at {
            Some(seen) if at.since(seen) <= rules.view_age_max => Ok(()),
            Some(_) | None => Err(Rejection::PricesStale { newest_at }),
        }
    }

    /// The market takes bets.
    pub(crate) const fn must_be_open(&self) -> Result<(), Rejection> {
        let market = self.market;
        match self.status {
            MarketStatus::Open => Ok(()),
            MarketStatus::Suspended => Err(Rejection::MarketSuspended { market }),
            MarketStatus::Closed => Err(Rejection::MarketClosed { market }),
        }
    }

    /// The market was never suspended after this version.
    pub(crate) const fn must_be_open_since(&self, version: u64) -> Result<(), Rejection> {
        if self.open_since > version {
            return Err(Rejection::MarketSuspended {
                market: self.market,
            });
        }
        Ok(())
    }

    /// What is agreed on a leg of this selection besides its price.
    pub(crate) fn terms(&self, starting_price: bool) -> Result<LegTerms, Rejection> {
        let (race, line) = match self.asks {
            Asks::Outcome => (None, None),
            Asks::Runner(race) => (Some(race), None),
            Asks::Handicap {
                side,
                quarters,
                score,
            } => (None, self.line_in_play(side, quarters, score)?),
        };
        if starting_price && race.is_none() {
            return Err(Rejection::StartingPriceNotOffered {
                market: self.market,
            });
        }
        Ok(LegTerms {
            starting_price,
            race,
            line,
        })
    }

    /// In play a handicap counts from the score of the moment; without it, it means nothing.
    fn line_in_play(
        &self,
        side: LineSide,
        quarters: i32,
        score: Option<Score>,
    ) -> Result<Option<LineTerms>, Rejection> {
        if !self.in_play {
            return Ok(None);
        }
        let market = self.market;
        let placed_at = Some(score.ok_or(Rejection::ScoreUnknown { market })?);
        Ok(Some(LineTerms {
            side,
            quarters,
            placed_at,
        }))
    }
}
