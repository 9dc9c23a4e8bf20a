//! What odds has decided.
//!
//! Duty: the facts, complete enough to rebuild the state and every reader's picture from them.
//! Prohibition: no encoding.

use crate::command::{
    FixtureDescription, FixtureProgress, MarketOffer, RaceDescription, SelectionPrice,
    SelectionResult, StandingStakes, Window, Withdrawal,
};
use crate::explain::Explanation;
use crate::ruling::Mistake;
use kernel::{Duration, MarketId, Money, Price, Proposal, Timestamp};

/// One fact. Every change of a market has the market's next version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A fixture is known, or its description changed.
    FixtureAnnounced(FixtureDescription),
    /// A fixture moved on.
    FixtureProgressed(FixtureProgress),
    /// A market can be priced.
    MarketOffered {
        /// The market.
        offer: MarketOffer,
        /// Who prices it; nobody else may.
        source: String,
        /// The first version.
        version: u64,
    },
    /// A new version of all prices.
    BookPublished {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// Every selection once, in the order of the offer.
        prices: Vec<SelectionPrice>,
        /// Who said it.
        source: String,
        /// In which of its messages.
        source_sequence: u64,
        /// When it was said.
        published_at: Timestamp,
    },
    /// No bets for now.
    MarketSuspended {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// Why, and who may lift it.
        cause: SuspensionCause,
    },
    /// One cause of suspension is lifted. Where another one is left, a `MarketSuspended` that
    /// tells it follows in the same record.
    MarketResumed {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// The operator; nobody: the source.
        by: Option<String>,
    },
    /// In play from here.
    MarketTurnedInPlay {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// By how much acceptance is delayed.
        bet_delay: Duration,
    },
    /// No bets any more.
    MarketClosed {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
    },
    /// The market has a result.
    MarketResulted {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// Results of a market are numbered from 1.
        result: u32,
        /// Every selection once.
        outcomes: Vec<SelectionResult>,
        /// The operator; nobody: the source.
        by: Option<String>,
    },
    /// The result is withdrawn.
    ResultRolledBack {
        /// Which market.
        market: MarketId,
        /// The market's version.
        version: u64,
        /// The number of the result withdrawn.
        result: u32,
        /// Why.
        reason: String,
        /// The operator; nobody: the source.
        by: Option<String>,
    },
    /// A message was taken from a source.
    SourceAdvanced {
        /// Which.
        source: String,
        /// Up to here.
        sequence: u64,
    },
    /// Messages of a source did not come, or were refused.
    SourceGapSeen {
        /// Which.
        source: String,
        /// The first that is missing.
        expected: u64,
        /// The one that came.
        got: u64,
    },
    /// A source has been silent for too long; its open markets are in doubt.
    SourceWentSilent {
        /// Which.
        source: String,
        /// By when it was last heard.
        last_heard_at: Timestamp,
    },
    /// A source speaks again.
    SourceReturned {
        /// Which.
        source: String,
    },
    /// A bets partition may use so much budget in all. A total that does not grow says that the
    /// partition is still short.
    BudgetGranted {
        /// For which market.
        market: MarketId,
        /// To whom.
        bets_partition: u16,
        /// All grants to it, its beginning included.
        total: Money,
    },
    /// Holders of unused budget are asked to give it back.
    BudgetRecalled {
        /// Of which market.
        market: MarketId,
    },
    /// A return of budget was noticed.
    BudgetReturnNoticed {
        /// For which market.
        market: MarketId,
        /// From whom.
        bets_partition: u16,
        /// All returns from it.
        total: Money,
    },
    /// This partition lives.
    HeartbeatSent {
        /// Now.
        at: Timestamp,
    },
    /// A selection takes no part any more. Bets struck on earlier versions of the market were
    /// struck before it.
    SelectionWithdrawn {
        /// Which, and since when.
        withdrawal: Withdrawal,
        /// The market's version.
        version: u64,
        /// The last price that it had here.
        price: Option<Price>,
        /// The operator; nobody: the source.
        by: Option<String>,
    },
    /// A source's word on a result was taken. Older ones will be passed over.
    ResultWordTaken {
        /// Of which market.
        market: MarketId,
        /// When it was said.
        said_at: Timestamp,
        /// What was said.
        word: ResultWord,
    },
    /// What is known of a race, in full.
    RaceDescribed {
        /// All of it.
        race: RaceDescription,
        /// The operator; nobody: the source.
        by: Option<String>,
    },
    /// Prices of a market lean by themselves, or no more.
    LeaningSet {
        /// Which market.
        market: MarketId,
        /// By how much an exposure moves before prices lean anew; none: they do not.
        step_minor: Option<i64>,
        /// Who; nobody: the house's terms at the offer.
        by: Option<String>,
    },
    /// What stands on selections of a leaning market in one partition of bets.
    StakesNoted {
        /// Which market.
        market: MarketId,
        /// Which partition.
        bets_partition: u16,
        /// Its totals; the market of each is this one.
        standing: Vec<StandingStakes>,
    },
    /// Bets struck within a window do not count.
    BetsCancelled {
        /// On which market.
        market: MarketId,
        /// When.
        window: Window,
        /// Why.
        reason: String,
        /// When it was said.
        said_at: Timestamp,
    },
    /// They count again; or they were never cancelled, and an older word cannot do it any more.
    BetsRestored {
        /// On which market.
        market: MarketId,
        /// The window of the cancellation.
        window: Window,
        /// When it was said.
        said_at: Timestamp,
    },
    /// One person says which prices were obviously wrong.
    RulingProposed {
        /// On which market.
        market: MarketId,
        /// Rulings of a market are numbered from 1.
        ruling: u32,
        /// The version of the house's rules for rulings.
        rules_version: u32,
        /// What, who, when, and until when it can be approved.
        proposal: Proposal<Mistake>,
    },
    /// Another person agrees: bets struck at those prices do not count.
    RulingApproved {
        /// On which market.
        market: MarketId,
        /// The ruling's number there.
        ruling: u32,
        /// What was proposed.
        proposal: Proposal<Mistake>,
        /// Why, in the second person's words.
        reason: String,
        /// The second person.
        by: String,
        /// When.
        approved_at: Timestamp,
    },
    /// A source is not up to date.
    SourceWentDown {
        /// Which.
        source: String,
        /// Why.
        reason: String,
    },
    /// A source has said again all that was missed.
    SourceCameUp {
        /// Which.
        source: String,
    },
    /// Messages of a source are missing; its open markets are in doubt until it has spoken of each.
    SourceDoubted {
        /// Which.
        source: String,
    },
    /// What the book of this version, published in the same record, is made of.
    BookExplained {
        /// Which market.
        market: MarketId,
        /// The version of the book.
        version: u64,
        /// Model and lean.
        explanation: Explanation,
    },
}

/// What a source said of a result. Of two words of the same instant the later one here counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultWord {
    /// A result as scouts saw it.
    Live,
    /// A result as the organiser confirmed it.
    Confirmed,
    /// What was said before does not stand.
    Withdrawn,
}

/// Why betting stopped, and who may lift it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuspensionCause {
    /// An operator; only operators lift it.
    Operator {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// The source; only the source lifts it.
    Source {
        /// Why.
        reason: String,
    },
    /// Nobody knows what the source would say; its next word on the market lifts it.
    Doubt(Doubt),
}

/// Why nobody knows what a source would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It has been silent for too long.
    SourceSilent,
    /// Messages are missing.
    MessagesMissing,
    /// It said itself that it is not up to date.
    SourceDown,
}
