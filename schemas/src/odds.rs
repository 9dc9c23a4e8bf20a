//! Odds on the wire: fixtures, markets, books, results, feed sources, exposure budgets.

use crate::wire;
use kernel::{Duration, FixtureId, MarketId, Money, Price, SelectionId, Timestamp};

wire! {
    /// What may be asked of odds.
    union Command {
        /// One message of a feed source.
        ApplyFeedMessage(ApplyFeedMessage),
        /// An operator stops betting on a market.
        SuspendMarket(SuspendMarket),
        /// An operator lets betting go on.
        ResumeMarket(ResumeMarket),
        /// An operator gives a market's result.
        ResultMarket(ResultMarket),
        /// An operator takes a result back.
        RollBackResult(RollBackResult),
    }

    /// One message of a feed source to the partition of its fixture. The sequence counts the
    /// source's messages to this partition, from 1.
    record ApplyFeedMessage { source: String, sequence: u64, published_at: Timestamp, update: Update }

    /// What a feed source says.
    union Update {
        /// The source lives.
        Alive(Alive),
        /// A fixture exists or has changed.
        AnnounceFixture(AnnounceFixture),
        /// A fixture moves on.
        ProgressFixture(ProgressFixture),
        /// A market exists.
        OfferMarket(OfferMarket),
        /// All prices of a market.
        QuoteBook(QuoteBook),
        /// Stop betting.
        Suspend(Suspend),
        /// Go on betting.
        Resume(Resume),
        /// The market is in play from here, with this delay on acceptance.
        TurnInPlay(TurnInPlay),
        /// No further bets for good.
        Close(Close),
        /// The result.
        Settle(Settle),
        /// The last result was wrong.
        RollBack(RollBack),
    }

    /// See [`Update`].
    record Alive {}
    /// See [`Update`].
    record AnnounceFixture { fixture: FixtureId, name: String, sport: String, starts_at: Timestamp }
    /// See [`Update`].
    record ProgressFixture { fixture: FixtureId, status: FixtureStatus, score: Option<Score>, minute: Option<u16> }
    /// See [`Update`].
    record OfferMarket {
        market: MarketId,
        fixture: FixtureId,
        name: String,
        kind: MarketKind,
        selections: Vec<SelectionName>,
    }
    /// See [`Update`].
    record QuoteBook { market: MarketId, prices: Vec<SelectionPrice> }
    /// See [`Update`]. Without a market: all markets of the fixture.
    record Suspend { fixture: FixtureId, market: Option<MarketId>, reason: String }
    /// See [`Update`]. Without a market: all markets of the fixture.
    record Resume { fixture: FixtureId, market: Option<MarketId> }
    /// See [`Update`].
    record TurnInPlay { market: MarketId, bet_delay: Duration }
    /// See [`Update`].
    record Close { market: MarketId }
    /// See [`Update`].
    record Settle { market: MarketId, outcomes: Vec<SelectionOutcome> }
    /// See [`Update`].
    record RollBack { market: MarketId, reason: String }

    /// Where a fixture stands.
    enum FixtureStatus { Scheduled, InPlay, Finished, Cancelled }

    /// Home and away points.
    record Score { home: u16, away: u16 }

    /// What a market asks. Lines are in quarters: 2.5 is 10, -0.25 is -1.
    union MarketKind {
        /// Home, draw or away.
        MatchResult(MatchResult),
        /// More or fewer goals than the line.
        TotalGoals(TotalGoals),
        /// The home side with the line added.
        AsianHandicap(AsianHandicap),
        /// One of many wins.
        Winner(Winner),
    }
    /// See [`MarketKind`].
    record MatchResult {}
    /// See [`MarketKind`].
    record TotalGoals { line_quarters: i32 }
    /// See [`MarketKind`].
    record AsianHandicap { line_quarters: i32 }
    /// See [`MarketKind`].
    record Winner {}

    /// A selection and what it is called.
    record SelectionName { selection: SelectionId, name: String }
    /// A selection and its price; no price: it cannot be bet on now.
    record SelectionPrice { selection: SelectionId, price: Option<Price> }
    /// A selection and what became of it.
    record SelectionOutcome { selection: SelectionId, outcome: Outcome }

    /// What became of a selection. `places` and `tied` count only for a dead heat: so many tied
    /// for so many places, which is the factor places/tied.
    record Outcome { kind: OutcomeKind, places: u16, tied: u16 }
    /// See [`Outcome`].
    enum OutcomeKind { Won, Lost, Void, HalfWon, HalfLost, DeadHeat }

    /// An operator stops betting on a market.
    record SuspendMarket { market: MarketId, reason: String, by: String }
    /// An operator lets betting go on.
    record ResumeMarket { market: MarketId, reason: String, by: String }
    /// An operator gives a market's result.
    record ResultMarket { market: MarketId, outcomes: Vec<SelectionOutcome>, reason: String, by: String }
    /// An operator takes the result back.
    record RollBackResult { market: MarketId, reason: String, by: String }

    /// What odds has decided.
    union Event {
        /// A fixture is known, or its description changed.
        FixtureAnnounced(FixtureAnnounced),
        /// A fixture moved on.
        FixtureProgressed(FixtureProgressed),
        /// A market can be priced.
        MarketOffered(MarketOffered),
        /// A new version of all prices of a market.
        BookPublished(BookPublished),
        /// No bets for now.
        MarketSuspended(MarketSuspended),
        /// Bets again.
        MarketResumed(MarketResumed),
        /// In play from here.
        MarketTurnedInPlay(MarketTurnedInPlay),
        /// No bets any more.
        MarketClosed(MarketClosed),
        /// The market has a result.
        MarketResulted(MarketResulted),
        /// The result is withdrawn.
        ResultRolledBack(ResultRolledBack),
        /// A message was taken from a source.
        SourceAdvanced(SourceAdvanced),
        /// Messages of a source are missing.
        SourceGapSeen(SourceGapSeen),
        /// A source has been silent for too long.
        SourceWentSilent(SourceWentSilent),
        /// A source speaks again.
        SourceReturned(SourceReturned),
        /// A bets partition may risk so much in all on a market.
        BudgetGranted(BudgetGranted),
        /// Holders of unused budget are asked to give some back.
        BudgetRecalled(BudgetRecalled),
        /// A bets partition's return of budget was noticed.
        BudgetReturnNoticed(BudgetReturnNoticed),
        /// This partition lives: readers can tell how old their picture is.
        HeartbeatSent(HeartbeatSent),
    }

    /// See [`Event`].
    record FixtureAnnounced { fixture: FixtureId, name: String, sport: String, starts_at: Timestamp }
    /// See [`Event`].
    record FixtureProgressed { fixture: FixtureId, status: FixtureStatus, score: Option<Score>, minute: Option<u16> }
    /// See [`Event`]. `exposure_max` is the most that the book may lose on the market in all;
    /// each bets partition begins with `budget_each` of it.
    record MarketOffered {
        market: MarketId,
        fixture: FixtureId,
        name: String,
        kind: MarketKind,
        selections: Vec<SelectionName>,
        source: String,
        exposure_max: Money,
        budget_each: Money,
        version: u64,
    }
    /// See [`Event`].
    record BookPublished {
        market: MarketId,
        version: u64,
        prices: Vec<SelectionPrice>,
        source: String,
        source_sequence: u64,
        published_at: Timestamp,
    }
    /// See [`Event`].
    record MarketSuspended { market: MarketId, version: u64, reason: String, by: Option<String> }
    /// See [`Event`].
    record MarketResumed { market: MarketId, version: u64, by: Option<String> }
    /// See [`Event`].
    record MarketTurnedInPlay { market: MarketId, version: u64, bet_delay: Duration }
    /// See [`Event`].
    record MarketClosed { market: MarketId, version: u64 }
    /// See [`Event`]. Results of a market are numbered from 1; a resettlement has a higher number.
    record MarketResulted {
        market: MarketId,
        version: u64,
        result: u32,
        outcomes: Vec<SelectionOutcome>,
        by: Option<String>,
    }
    /// See [`Event`].
    record ResultRolledBack { market: MarketId, version: u64, result: u32, reason: String, by: Option<String> }
    /// See [`Event`].
    record SourceAdvanced { source: String, sequence: u64 }
    /// See [`Event`].
    record SourceGapSeen { source: String, expected: u64, got: u64 }
    /// See [`Event`].
    record SourceWentSilent { source: String, last_heard_at: Timestamp }
    /// See [`Event`].
    record SourceReturned { source: String }
    /// See [`Event`]. `total` is cumulative over all grants to that partition.
    record BudgetGranted { market: MarketId, bets_partition: u16, total: Money }
    /// See [`Event`].
    record BudgetRecalled { market: MarketId }
    /// See [`Event`]. `total` is cumulative over all returns of that partition.
    record BudgetReturnNoticed { market: MarketId, bets_partition: u16, total: Money }
    /// See [`Event`].
    record HeartbeatSent { at: Timestamp }

    /// Which rule a command to odds broke.
    record Rejection { reason: RejectionReason }

    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// The source's message was taken before.
        SequenceRepeated(SequenceRepeated),
        /// No such fixture.
        FixtureUnknown(FixtureUnknown),
        /// No such market.
        MarketUnknown(MarketUnknown),
        /// The market has no such selection.
        SelectionUnknown(SelectionUnknown),
        /// The market's state does not allow it.
        MarketNotInState(MarketNotInState),
        /// Outcomes that do not cover the selections, or contradict each other.
        OutcomesIncomplete(OutcomesIncomplete),
        /// An operator's act without a reason.
        ReasonMissing(ReasonMissing),
        /// The market belongs to another source.
        SourceNotOwner(SourceNotOwner),
    }
    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record SequenceRepeated { last: u64 }
    /// See [`RejectionReason`].
    record FixtureUnknown { fixture: FixtureId }
    /// See [`RejectionReason`].
    record MarketUnknown { market: MarketId }
    /// See [`RejectionReason`].
    record SelectionUnknown { selection: SelectionId }
    /// See [`RejectionReason`].
    record MarketNotInState { market: MarketId, state: String }
    /// See [`RejectionReason`].
    record OutcomesIncomplete { detail: String }
    /// See [`RejectionReason`].
    record ReasonMissing {}
    /// See [`RejectionReason`].
    record SourceNotOwner { owner: String }
}
