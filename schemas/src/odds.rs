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
        /// An operator withdraws a selection.
        WithdrawSelection(WithdrawSelection),
        /// The desk says what each selection of a market would cost.
        LeanBook(LeanBook),
        /// One person says which prices were obviously wrong.
        ProposeRuling(ProposeRuling),
        /// Another person agrees.
        ApproveRuling(ApproveRuling),
        /// An operator says what is known of a race.
        StateRace(StateRace),
        /// An operator gives a market's result as a score.
        ResultFromScore(ResultFromScore),
        /// An operator lets a market lean by itself, or no more.
        SetLeaning(SetLeaning),
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
        /// A selection takes no part any more.
        Withdraw(Withdraw),
        /// The result as known so far; whatever the source says later replaces it.
        StateResult(StateResult),
        /// The result stated before this moment does not stand, whether it was heard or not.
        WithdrawResult(WithdrawResult),
        /// Bets struck within a window do not count.
        CancelBets(CancelBets),
        /// The cancellation of a window does not stand, whether it was heard or not.
        RestoreBets(RestoreBets),
        /// The source knows that it is not up to date.
        GoDown(GoDown),
        /// The source has said again all that was missed.
        ComeUp(ComeUp),
        /// All prices of a market, with the opinion of the model that they come from.
        QuoteFromModel(QuoteFromModel),
        /// What is known of a race.
        DescribeRace(DescribeRace),
        /// The result of a market about goals, as the score that decides it.
        SettleFromScore(SettleFromScore),
        /// What the source said just before did not reach the house: all its open markets here are
        /// in doubt, each until the source speaks of it. Said by whoever counts its messages.
        MissMessages(MissMessages),
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

    /// See [`Update`]. `reduction` is an exchange's factor in hundredths of a percent.
    record Withdraw {
        market: MarketId,
        selection: SelectionId,
        withdrawn_at: Timestamp,
        reduction: Option<u32>,
    }
    /// See [`Update`].
    record StateResult { market: MarketId, outcomes: Vec<SelectionOutcome>, certainty: Certainty }
    /// See [`Update`].
    record WithdrawResult { market: MarketId, reason: String }
    /// See [`Update`]. Both bounds belong to the window; none: open on that side.
    record CancelBets { market: MarketId, from: Option<Timestamp>, until: Option<Timestamp>, reason: String }
    /// See [`Update`]. The window of the cancellation.
    record RestoreBets { market: MarketId, from: Option<Timestamp>, until: Option<Timestamp> }
    /// See [`Update`].
    record GoDown { reason: String }
    /// See [`Update`].
    record ComeUp {}
    /// See [`Update`].
    record MissMessages {}
    /// See [`Update`].
    record QuoteFromModel { market: MarketId, prices: Vec<SelectionPrice>, model: ModelOpinion }

    /// What a model thought: its name and version, and the numbers that it was given.
    record ModelOpinion { version: String, parameters: Vec<ModelParameter> }
    /// A number that a model was given, in millionths.
    record ModelParameter { name: String, micros: i64 }

    /// See [`Update`]. What is known of a market that asks who wins a race: `fixed` place terms do not
    /// go by the runners; placings and starting prices are there once they are known, and none at all
    /// leave those known before. Who has no placing among others was not placed.
    record DescribeRace {
        market: MarketId,
        handicap: bool,
        fixed: Option<PlaceOffer>,
        placings: Vec<Placing>,
        starting_prices: Vec<SelectionPrice>,
    }
    /// So many places, at this part of the winnings.
    record PlaceOffer { places: u16, numerator: u16, denominator: u16 }
    /// Where a selection came in, and how many shared the place.
    record Placing { selection: SelectionId, place: u16, tied: u16 }

    /// See [`Update`].
    record SettleFromScore { market: MarketId, score: Score }

    /// How sure a result is: as scouts saw it, or as the organiser confirmed it.
    enum Certainty { Live, Confirmed }

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
        /// Whether both sides score: yes, no.
        BothToScore(BothToScore),
        /// Which score: home goals first, each side up to so many; the last selection is any other.
        CorrectScore(CorrectScore),
        /// Home, draw or away with whole goals added to the home side.
        EuropeanHandicap(EuropeanHandicap),
    }
    /// See [`MarketKind`].
    record MatchResult {}
    /// See [`MarketKind`].
    record TotalGoals { line_quarters: i32 }
    /// See [`MarketKind`].
    record AsianHandicap { line_quarters: i32 }
    /// See [`MarketKind`].
    record Winner {}
    /// See [`MarketKind`].
    record BothToScore {}
    /// See [`MarketKind`].
    record CorrectScore { up_to: u16 }
    /// See [`MarketKind`].
    record EuropeanHandicap { goals: i32 }

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

    /// One person says which prices were obviously wrong.
    record ProposeRuling { market: MarketId, mistake: Mistake, by: String }
    /// Another person agrees.
    record ApproveRuling { market: MarketId, ruling: u32, reason: String, by: String }
    /// Bets accepted in a stretch, both bounds included, at these prices or longer ones.
    record Mistake { from: Timestamp, until: Timestamp, prices: Vec<MistakenPrice>, reason: String }
    /// The price shown, and the one held to be right.
    record MistakenPrice { selection: SelectionId, shown: Price, right: Price }

    /// An operator withdraws a selection.
    record WithdrawSelection {
        market: MarketId,
        selection: SelectionId,
        withdrawn_at: Timestamp,
        reason: String,
        by: String,
    }

    /// The desk says what each selection of a market would cost; prices lean against it. None: they
    /// lean no more.
    record LeanBook { market: MarketId, exposures: Vec<SelectionExposure>, by: String }
    /// What is returned if a selection wins, less all stakes, in minor units of the market's currency.
    record SelectionExposure { selection: SelectionId, minor: i64 }

    /// An operator says what is known of a race.
    record StateRace { race: DescribeRace, reason: String, by: String }
    /// An operator gives a market's result as a score.
    record ResultFromScore { market: MarketId, score: Score, reason: String, by: String }
    /// Prices lean anew when an exposure has moved by so much, in minor units of the market's
    /// currency. None: they lean by themselves no more.
    record SetLeaning { market: MarketId, step_minor: Option<i64>, by: String }

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
        /// A selection takes no part any more.
        SelectionWithdrawn(SelectionWithdrawn),
        /// A source's word on a result was taken: newer ones replace it, older ones do not.
        ResultWordTaken(ResultWordTaken),
        /// Bets struck within a window do not count.
        BetsCancelled(BetsCancelled),
        /// They count again, or were never cancelled and cannot be by an older word.
        BetsRestored(BetsRestored),
        /// A source is not up to date; its open markets are in doubt until it has come up and
        /// spoken of each.
        SourceWentDown(SourceWentDown),
        /// A source has said again all that was missed.
        SourceCameUp(SourceCameUp),
        /// What the book published in the same record is made of.
        BookExplained(BookExplained),
        /// One person says which prices were obviously wrong.
        RulingProposed(RulingProposed),
        /// Another person agrees: bets struck at those prices do not count.
        RulingApproved(RulingApproved),
        /// What is known of a race, in full.
        RaceDescribed(RaceDescribed),
        /// Prices of a market lean by themselves, or no more.
        LeaningSet(LeaningSet),
        /// What stands on selections of a leaning market in one partition of bets.
        StakesNoted(StakesNoted),
        /// Messages of a source are missing; its open markets are in doubt until it has spoken of each.
        SourceDoubted(SourceDoubted),
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

    /// See [`Event`]. A bet that was struck on an earlier version of the market was struck before
    /// the withdrawal. `price`: the last one that the selection had here; `reduction`: an
    /// exchange's factor in hundredths of a percent.
    record SelectionWithdrawn {
        market: MarketId,
        version: u64,
        selection: SelectionId,
        withdrawn_at: Timestamp,
        price: Option<Price>,
        reduction: Option<u32>,
        by: Option<String>,
    }
    /// See [`Event`]. A withdrawn word without a result waits for older results, which then do not
    /// count.
    record ResultWordTaken { market: MarketId, said_at: Timestamp, word: ResultWord }
    /// What a source said of a result.
    enum ResultWord { Live, Confirmed, Withdrawn }
    /// See [`Event`]. Both bounds belong to the window; none: open on that side.
    record BetsCancelled {
        market: MarketId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        reason: String,
        said_at: Timestamp,
    }
    /// See [`Event`].
    record BetsRestored {
        market: MarketId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        said_at: Timestamp,
    }
    /// See [`Event`].
    record SourceWentDown { source: String, reason: String }
    /// See [`Event`].
    record SourceCameUp { source: String }
    /// See [`Event`].
    record SourceDoubted { source: String }
    /// See [`Event`]. As in [`DescribeRace`]; `by`: an operator.
    record RaceDescribed {
        market: MarketId,
        handicap: bool,
        fixed: Option<PlaceOffer>,
        placings: Vec<Placing>,
        starting_prices: Vec<SelectionPrice>,
        by: Option<String>,
    }
    /// See [`Event`]. `step_minor`: by how much an exposure moves before prices lean anew; none: they
    /// do not. Nobody: by the house's terms at the offer.
    record LeaningSet { market: MarketId, step_minor: Option<i64>, by: Option<String> }
    /// See [`Event`]. Totals of that partition, in minor units of the market's currency.
    record StakesNoted { market: MarketId, bets_partition: u16, standing: Vec<SelectionStakes> }
    /// What stands on a selection, and what it returns if all its slips win.
    record SelectionStakes { selection: SelectionId, stakes_minor: i64, returns_minor: i64 }
    /// See [`Event`]. `unleaning`: the book before it leant.
    record BookExplained {
        market: MarketId,
        version: u64,
        model: Option<ModelOpinion>,
        lean: Option<Lean>,
        unleaning: Vec<SelectionPrice>,
    }
    /// How far a book leans: p' is in proportion to p · exp(kappa · exposure / limit), within the
    /// clamp. All numbers of the rule stand here beside its version.
    record Lean {
        rules_version: u32,
        kappa_permille: u32,
        clamp_ppm: u32,
        booksum_least_ppm: u32,
        ladder: PriceLadder,
        limit_minor: i64,
        exposures: Vec<SelectionExposure>,
        by: String,
    }
    /// Which prices are offered.
    enum PriceLadder { Hundredths, Classic, Fractions }

    /// See [`Event`]. Rulings of a market are numbered from 1.
    record RulingProposed {
        market: MarketId,
        ruling: u32,
        rules_version: u32,
        mistake: Mistake,
        by: String,
        proposed_at: Timestamp,
        lapses_at: Timestamp,
    }
    /// See [`Event`]. What was proposed is told again with the approval.
    record RulingApproved {
        market: MarketId,
        ruling: u32,
        mistake: Mistake,
        proposed_by: String,
        proposed_at: Timestamp,
        lapses_at: Timestamp,
        reason: String,
        by: String,
        approved_at: Timestamp,
    }

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
        /// A ruling on bets that may still come.
        StretchNotOver(StretchNotOver),
        /// A ruling without prices.
        PricesMissing(PricesMissing),
        /// A price that somebody could have taken for right.
        PriceNotObviouslyWrong(PriceNotObviouslyWrong),
        /// The market has no such ruling.
        RulingUnknown(RulingUnknown),
        /// Nobody approves their own proposal.
        OwnProposal(OwnProposal),
        /// The proposal was not approved in time.
        ProposalLapsed(ProposalLapsed),
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
    /// See [`RejectionReason`].
    record StretchNotOver {}
    /// See [`RejectionReason`].
    record PricesMissing {}
    /// See [`RejectionReason`].
    record PriceNotObviouslyWrong { selection: SelectionId }
    /// See [`RejectionReason`].
    record RulingUnknown { ruling: u32 }
    /// See [`RejectionReason`].
    record OwnProposal {}
    /// See [`RejectionReason`].
    record ProposalLapsed { lapsed_at: Timestamp }
}
