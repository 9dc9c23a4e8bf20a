//! Bets on the wire: slips from placement to their last settlement.

use crate::odds::{Outcome, Score, SelectionOutcome};
use crate::promotions::{
    BonusGranted, BonusLapsed, DivisionReversed, FreeBetGranted, FundingReleased, GrantBonus,
    GrantFreeBet, ReturnDivided, StakeFunded, StakeSource,
};
use crate::wire;
use kernel::{
    BetId, CashOutQuoteId, CustomerId, FixtureId, FreeBetId, MarketId, Money, Position, Price,
    SelectionId, Timestamp, TransferId,
};

wire! {
    /// What may be asked of bets.
    union Command {
        /// Place a slip.
        PlaceBet(PlaceBet),
        /// Place a slip that says more than every slip does.
        PlaceSlip(PlaceSlip),
        /// Set what part of the ordinary stake limit a customer gets.
        SetStakeFactor(SetStakeFactor),
        /// Accept what was offered instead of a refused slip.
        AcceptReoffer(AcceptReoffer),
        /// Place a slip with words of its own.
        PlaceSlipSaying(PlaceSlipSaying),
        /// Answer for a slip that waits for a trader.
        AnswerReferral(AnswerReferral),
        /// What would be paid for a slip now?
        QuoteCashOut(QuoteCashOut),
        /// Sell a slip back, or a part of it, for what was quoted or more.
        CashOut(CashOut),
        /// Place a slip that is not staked with cash alone.
        PlaceFundedSlip(PlaceFundedSlip),
        /// Give a token for one bet.
        GrantFreeBet(GrantFreeBet),
        /// Give bonus money.
        GrantBonus(GrantBonus),
    }

    /// See [`Command`] and [`StakeFactorSet`].
    record SetStakeFactor {
        customer: CustomerId,
        scope: FactorScope,
        stake_permille: Option<u16>,
        reason: String,
        by: String,
    }

    /// Place a slip that says more yet; each word is said once at most.
    record PlaceSlipSaying { bet: BetId, customer: CustomerId, slip: Slip, options: SlipOptions, words: Vec<SlipWord> }
    /// What a slip may say in a word.
    union SlipWord {
        /// Less may be taken than is asked for.
        PartAccepted(PartAccepted),
    }
    /// See [`SlipWord`].
    record PartAccepted {}

    /// Answer for a slip that waits for a trader. `unit_stake`, of one line: with an acceptance how
    /// much of it, with an offer what is offered. `selections`: those of the slip.
    record AnswerReferral {
        bet: BetId,
        answer: ReferralWord,
        unit_stake: Option<Money>,
        by: String,
        reason: String,
        selections: Vec<SelectionId>,
    }
    /// In one word.
    enum ReferralWord { Accepted, Declined, Offered }

    /// Place a slip. The bet's id was minted by whoever sends this.
    record PlaceBet { bet: BetId, customer: CustomerId, slip: Slip }

    /// Place a slip that lists line sizes, or takes starting prices.
    record PlaceSlip { bet: BetId, customer: CustomerId, slip: Slip, options: SlipOptions }

    /// What a slip may say besides. `sizes`: of a system, how many legs its lines have.
    /// `starting_price`: for each leg, in their order, whether it is settled at the starting price.
    record SlipOptions { sizes: Vec<u8>, starting_price: Vec<bool> }

    /// Accept what was offered instead of a refused slip, under that slip's id. The bet's id was
    /// minted by whoever sends this. `selections`: those of the re-offer, of which the owner looks
    /// up what is on offer now.
    record AcceptReoffer { bet: BetId, customer: CustomerId, reoffer: BetId, selections: Vec<SelectionId> }

    /// What would be paid for a slip now? The quote's id was minted by whoever sends this, and
    /// `selections` are the slip's, so that the owner can look at their books.
    record QuoteCashOut { bet: BetId, customer: CustomerId, quote: CashOutQuoteId, selections: Vec<SelectionId> }

    /// Sell `fraction_millionths` of what is still staked for what the quote says or more.
    record CashOut {
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        fraction_millionths: u32,
        selections: Vec<SelectionId>,
    }

    /// What the customer asked for. The stake is that of one line.
    record Slip {
        bet_type: BetType,
        legs: Vec<Leg>,
        stake: Money,
        price_policy: PricePolicy,
        each_way: bool,
        client_ref: Option<String>,
    }

    /// How the legs make lines.
    enum BetType {
        Single, Double, Treble, Accumulator,
        Trixie, Patent, Yankee, Lucky15, Canadian, Lucky31, Heinz, Lucky63, SuperHeinz, Lucky127,
        Goliath, Lucky255, Block, Lucky511, System,
    }

    /// Which prices the customer agrees to, other than the quoted one.
    enum PricePolicy { Exact, Better, Any }

    /// One selection of a slip, at the price that the customer saw.
    record Leg {
        selection: SelectionId,
        market: MarketId,
        fixture: FixtureId,
        price: Price,
        market_version: u64,
    }

    /// What bets has decided.
    union Event {
        /// A slip is in the book and waits for its hold.
        BetPlaced(BetPlaced),
        /// The hold stands; acceptance waits for the in-play delay.
        BetDelayed(BetDelayed),
        /// The slip waits for exposure budget of a market.
        BetAwaitsBudget(BetAwaitsBudget),
        /// The bet is struck.
        BetAccepted(BetAccepted),
        /// The bet is not struck; its hold, if any, is released.
        BetRejected(BetRejected),
        /// A result has come for a market with open slips here.
        SettlementStarted(SettlementStarted),
        /// A leg's outcome is known or known no more.
        LegDecided(LegDecided),
        /// A slip is settled.
        BetSettled(BetSettled),
        /// A settlement is taken back; the slip is open again.
        SettlementReversed(SettlementReversed),
        /// One part of a market's settlement work is done.
        SettlementAdvanced(SettlementAdvanced),
        /// More exposure budget is needed.
        BudgetRequested(BudgetRequested),
        /// Unused exposure budget is given back.
        BudgetReturned(BudgetReturned),
        /// A grant of exposure budget was noticed.
        BudgetNoticed(BudgetNoticed),
        /// A customer's stake limit binds from here.
        StakeLimitNoticed(StakeLimitNoticed),
        /// A customer's exclusion binds from here.
        ExclusionNoticed(ExclusionNoticed),
        /// A restriction by fraud binds from here.
        RestrictionNoticed(RestrictionNoticed),
        /// A result was withdrawn; its unfinished settlement work is cancelled.
        RollbackStarted(RollbackStarted),
        /// The hold stands; the slip is looked at again before it can be struck.
        BetHeld(BetHeld),
        /// What else is agreed on the slip that the event before placed.
        BetTermsFixed(BetTermsFixed),
        /// A result has come that says more than outcomes.
        SettlementStartedInFull(SettlementStartedInFull),
        /// What became of a leg is more than its outcome.
        LegDecidedInFull(LegDecidedInFull),
        /// What the settlement that follows is made of.
        ReturnExplained(ReturnExplained),
        /// What prices that the house made were made of.
        PricesTraced(PricesTraced),
        /// A customer's limit over a week, a month or on losses binds from here.
        OwnLimitNoticed(OwnLimitNoticed),
        /// A trader has set what part of the ordinary stake limit a customer gets.
        StakeFactorSet(StakeFactorSet),
        /// A slip is refused, and another is offered instead.
        BetReoffered(BetReoffered),
        /// A re-offer was accepted.
        ReofferAccepted(ReofferAccepted),
        /// The customer of the slip that was just placed accepts a part of the stake.
        PartAllowed(PartAllowed),
        /// The slip that was just placed waits for a trader.
        BetReferred(BetReferred),
        /// A trader has answered.
        ReferralAnswered(ReferralAnswered),
        /// Less is staked than was asked for.
        PartAgreed(PartAgreed),
        /// The slip is struck next; what is held above its stake is released.
        StakeReduced(StakeReduced),
        /// Bets of a stretch of time do not count.
        CancellationStarted(CancellationStarted),
        /// They count again.
        RestorationStarted(RestorationStarted),
        /// A leg does not count.
        LegVoided(LegVoided),
        /// A void leg counts again.
        LegRestored(LegRestored),
        /// What the house pays for a slip now, for a moment.
        CashOutQuoted(CashOutQuoted),
        /// A quote was taken in play; the delay runs.
        CashOutDelayed(CashOutDelayed),
        /// A slip, or a part of it, is sold back. Nothing takes this back.
        CashedOut(CashedOut),
        /// A quote that was taken does not hold at the end of the delay; the slip goes on.
        CashOutRefused(CashOutRefused),
        /// A token for one bet was given.
        FreeBetGranted(FreeBetGranted),
        /// Bonus money was given.
        BonusGranted(BonusGranted),
        /// The slip that was just placed is staked with a token or with bonus money.
        StakeFunded(StakeFunded),
        /// The slip that was just rejected was staked so; what it took is given back.
        FundingReleased(FundingReleased),
        /// Where the return of the settlement before goes.
        ReturnDivided(ReturnDivided),
        /// From where the return of the settlement that was just reversed comes back.
        DivisionReversed(DivisionReversed),
        /// Bonus money has come to its end.
        BonusLapsed(BonusLapsed),
    }

    /// A slip is in the book. Each leg carries the evidence on which it was judged. The stake is
    /// that of all lines.
    record BetPlaced {
        bet: BetId,
        customer: CustomerId,
        bet_type: BetType,
        legs: Vec<StruckLeg>,
        stake: Money,
        price_policy: PricePolicy,
        each_way: bool,
        client_ref: Option<String>,
        potential_return: Money,
        rules_version: u32,
        placed_at: Timestamp,
    }

    /// A leg as it is struck, with its evidence: the book that was looked at.
    record StruckLeg {
        selection: SelectionId,
        market: MarketId,
        fixture: FixtureId,
        requested_price: Price,
        price: Price,
        market_version: u64,
        book_position: Position,
        in_play: bool,
        selection_name: String,
        market_name: String,
        fixture_name: String,
    }

    /// See [`Event`].
    record BetHeld { bet: BetId }
    /// See [`Event`].
    record BetDelayed { bet: BetId, customer: CustomerId, until: Timestamp }
    /// See [`Event`].
    record BetAwaitsBudget { bet: BetId, market: MarketId, until: Timestamp }
    /// See [`Event`]. The legs are repeated: `better` and `any` may strike other prices after a delay.
    /// `liabilities`: what stands on each of its selections from here on.
    record BetAccepted {
        bet: BetId,
        customer: CustomerId,
        legs: Vec<StruckLeg>,
        potential_return: Money,
        accepted_at: Timestamp,
        liabilities: Vec<Liability>,
    }
    /// What stands on a selection in this partition: the stakes of struck slips without a
    /// settlement in force, and what they return if all their legs win.
    record Liability { market: MarketId, selection: SelectionId, stakes: Money, returns: Money, slips: u32 }
    /// See [`Event`].
    record BetRejected { bet: BetId, customer: CustomerId, held: bool, stake: Money, rejection: Rejection }
    /// See [`Event`].
    record SettlementStarted { market: MarketId, result: u32, outcomes: Vec<SelectionOutcome>, open_slips: u32 }
    /// See [`Event`].
    record RollbackStarted { market: MarketId, result: u32, touched_slips: u32 }
    /// See [`Event`]. No outcome: the result was withdrawn.
    record LegDecided { bet: BetId, selection: SelectionId, result: u32, outcome: Option<Outcome> }
    /// See [`Event`]. Settlements of a slip are numbered from 1. `exact` is the rational before rounding.
    record BetSettled {
        bet: BetId,
        customer: CustomerId,
        settlement: u32,
        stake: Money,
        returned: Money,
        exact: String,
        outcome: SlipOutcome,
        settled_at: Timestamp,
    }
    /// In one word.
    enum SlipOutcome { Won, Lost, Void, PartlyWon, PartlyLost }
    /// See [`Event`].
    record SettlementReversed {
        bet: BetId,
        customer: CustomerId,
        settlement: u32,
        stake: Money,
        returned: Money,
    }
    /// See [`Event`]. `last` is the highest bet id done; `finished` ends the work. `liabilities`: what
    /// stands on each selection that the part touched, after it.
    record SettlementAdvanced {
        market: MarketId,
        part: u32,
        last: Option<BetId>,
        finished: bool,
        liabilities: Vec<Liability>,
    }
    /// See [`Event`]. `total` is cumulative: all that this partition has ever asked for.
    record BudgetRequested { market: MarketId, total: Money }
    /// See [`Event`]. `total` is cumulative: all that this partition has ever returned.
    record BudgetReturned { market: MarketId, total: Money }
    /// See [`Event`]. `total` is cumulative: all that odds has ever granted to this partition.
    record BudgetNoticed { market: MarketId, total: Money }
    /// See [`Event`].
    record StakeLimitNoticed { customer: CustomerId, per_slip: Option<Money>, per_day: Option<Money> }
    /// See [`Event`].
    record ExclusionNoticed { customer: CustomerId, until: Timestamp }
    /// See [`Event`]. Permille of the ordinary stake limit; 0 forbids betting, 1000 lifts.
    record RestrictionNoticed { customer: CustomerId, stake_permille: u16 }

    /// See [`Event`]. No amount: it binds no more.
    record OwnLimitNoticed { customer: CustomerId, limit: OwnLimit, amount: Option<Money> }
    /// The customer's own limits on stakes and losses. Days, weeks from Monday and calendar months
    /// are those of UTC.
    enum OwnLimit { StakeSlip, StakeDay, StakeWeek, StakeMonth, LossDay, LossWeek, LossMonth }

    /// See [`Event`]. Permille of the ordinary stake limit; 0 forbids, none: there is no such factor
    /// any more. `by` names who set it, `reason` why.
    record StakeFactorSet {
        customer: CustomerId,
        scope: FactorScope,
        stake_permille: Option<u16>,
        reason: String,
        by: String,
        set_at: Timestamp,
    }
    /// On which slips a factor bears: on those with a leg of that sport and of that kind of market.
    /// None: on all sports, or all kinds.
    record FactorScope { sport: Option<String>, market_kind: Option<String> }

    /// See [`Event`]. `unit_stake` stands on every line; `sizes` are those of a system; one entry of
    /// `legs` for each leg, in their order.
    record BetTermsFixed {
        bet: BetId,
        unit_stake: Money,
        sizes: Vec<u8>,
        payout_max: Option<Money>,
        legs: Vec<LegTerms>,
    }
    /// What is agreed on a leg besides its price.
    record LegTerms { starting_price: bool, race: Option<RaceTerms>, line: Option<LineTerms> }
    /// A race as it stood at placement; with `fixed` the runners at the off do not count.
    record RaceTerms { runners: u16, handicap: bool, fixed: Option<PlaceTerms> }
    /// So many places, at this part of the winnings.
    record PlaceTerms { places: u16, numerator: u16, denominator: u16 }
    /// A handicap in play: its side, the market's line, and the score from which it counts.
    record LineTerms { side: LineSide, line_quarters: i32, score: Option<Score> }
    /// See [`LineTerms`].
    enum LineSide { Home, Away, Over, Under }

    /// See [`Event`].
    record SettlementStartedInFull { started: SettlementStarted, detail: ResultDetail }
    /// What else is known of a market's end. Who has no placing was not placed; none at all: not told.
    record ResultDetail {
        runners: Option<u16>,
        score: Option<Score>,
        placings: Vec<SelectionPlacing>,
        withdrawals: Vec<SelectionWithdrawal>,
        starting_prices: Vec<StartingPrice>,
    }
    /// Where a selection came in, and how many shared the place.
    record SelectionPlacing { selection: SelectionId, place: u16, tied: u16 }
    /// A selection was withdrawn at this price; bets on earlier versions of the market were struck
    /// before it.
    record SelectionWithdrawal { version: u64, price: Price }
    /// The price of a selection at the start.
    record StartingPrice { selection: SelectionId, price: Price }

    /// See [`Event`]. `place`: of an each-way slip; `deduction_pence`: in the pound of winnings.
    record LegDecidedInFull {
        bet: BetId,
        selection: SelectionId,
        result: u32,
        outcome: Outcome,
        place: Option<PlacePart>,
        deduction_pence: u8,
        starting_price: Option<Price>,
    }
    /// What became of the place part, and what it pays of the winnings.
    record PlacePart { outcome: Outcome, numerator: u16, denominator: u16 }

    /// See [`Event`]. Exact amounts in major units before rounding.
    record ReturnExplained {
        bet: BetId,
        settlement: u32,
        rules_version: u32,
        win: String,
        place: String,
        bonus: String,
        capped_at: Option<Money>,
    }

    /// See [`Event`]. Of the slip that was just placed, or is struck next; only the legs whose prices
    /// the house made. The books that the legs name hold all inputs.
    record PricesTraced { bet: BetId, legs: Vec<PriceOrigin> }
    /// What a price was made of: whose message, which model, by which rules it leant, and what it
    /// would have been without.
    record PriceOrigin {
        selection: SelectionId,
        source: String,
        source_sequence: u64,
        model: Option<String>,
        lean_rules: Option<u32>,
        unleaning: Option<Price>,
    }

    /// See [`Event`]. `bet` is the slip that was refused, and the name of the offer; where it was
    /// placed, its rejection stands beside this. `slip` and `options` are what would be taken, `stake`
    /// is that of all lines. `cleared`: a trader has agreed to the stake.
    record BetReoffered {
        bet: BetId,
        customer: CustomerId,
        why: Rejection,
        slip: Slip,
        options: SlipOptions,
        stake: Money,
        potential_return: Money,
        cleared: bool,
        offered_at: Timestamp,
        until: Timestamp,
    }
    /// See [`Event`]. `bet` is the bet that is made of it.
    record ReofferAccepted { reoffer: BetId, bet: BetId }
    /// See [`Event`].
    record PartAllowed { bet: BetId }
    /// See [`Event`]. `stake`: of all lines; `automatic_max`: what would have been taken without a
    /// trader, by that version of the rules of acceptance.
    record BetReferred { bet: BetId, customer: CustomerId, stake: Money, automatic_max: Money, rules_version: u32, until: Timestamp }
    /// See [`Event`]. Where the slip ends, its rejection stands beside this. `until`: an accepted slip
    /// waits for room no longer.
    record ReferralAnswered {
        bet: BetId,
        customer: CustomerId,
        word: ReferralWord,
        unit_stake: Option<Money>,
        by: String,
        reason: String,
        answered_at: Timestamp,
        until: Timestamp,
    }
    /// See [`Event`]. `asked` and `stake` are of all lines. What is held stays held until the slip is
    /// struck or ends.
    record PartAgreed {
        bet: BetId,
        customer: CustomerId,
        asked: Money,
        unit_stake: Money,
        stake: Money,
        potential_return: Money,
        until: Timestamp,
    }
    /// See [`Event`]. The hold of `held` is released and `stake` held in its place, as the first hold
    /// that a reversal restores would be; so the slip's settlements count from 2.
    record StakeReduced { bet: BetId, customer: CustomerId, held: Money, stake: Money }
    /// See [`Event`]. Only legs on these selections at these prices or longer ones; none: all legs.
    record CancellationStarted {
        market: MarketId,
        by: CancelledBy,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        prices_from: Vec<SelectionPriceFrom>,
        reason: String,
        struck_slips: u32,
    }
    /// See [`Event`].
    record RestorationStarted { market: MarketId, by: CancelledBy, struck_slips: u32 }
    /// See [`Event`].
    record LegVoided { bet: BetId, selection: SelectionId, by: CancelledBy, reason: String }
    /// See [`Event`].
    record LegRestored { bet: BetId, selection: SelectionId }
    /// Who says that bets do not count: the market's source, of this stretch, or a ruling.
    union CancelledBy {
        /// The market's source.
        CancelledBySource(CancelledBySource),
        /// Two persons of the house.
        CancelledByRuling(CancelledByRuling),
    }
    /// Both bounds belong to the stretch; a side without a bound is open.
    record CancelledBySource { from: Option<Timestamp>, until: Option<Timestamp> }
    /// The market's ruling of that number, in the journal of odds.
    record CancelledByRuling { ruling: u32 }
    /// From which price on.
    record SelectionPriceFrom { selection: SelectionId, price: Price }
    /// See [`Event`]. `stake` is what is still staked, all of which `amount` would buy back.
    record CashOutQuoted {
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        stake: Money,
        amount: Money,
        worth: CashOutWorth,
        quoted_at: Timestamp,
        expires_at: Timestamp,
    }
    /// What a stake is worth before the end of its slip, in major units and exactly: `fair` is the
    /// stake times the worth of every leg, `exact` what the margin leaves of it.
    record CashOutWorth {
        rules_version: u32,
        margin_permille: u16,
        fair: String,
        exact: String,
        legs: Vec<CashOutLeg>,
    }
    /// What one unit on a leg is worth, exactly. No `live`: the leg is decided.
    record CashOutLeg { selection: SelectionId, worth: String, live: Option<LivePrice> }
    /// The price of a selection and the book that it stands in. `booksum_billionths`: the sum of
    /// one over each price of the book, each rounded up to a billionth.
    record LivePrice { price: Price, booksum_billionths: u64, market_version: u64, book_position: Position }
    /// See [`Event`].
    record CashOutDelayed {
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        fraction_millionths: u32,
        until: Timestamp,
    }
    /// See [`Event`]. `settlement` counts on in the numbers of settlements: it ends the hold that a
    /// settlement of that number would have ended, and what is left is held under the next. The
    /// totals are over all parts sold so far. `liabilities`: what stands on each of its selections
    /// from here on.
    record CashedOut {
        bet: BetId,
        customer: CustomerId,
        quote: CashOutQuoteId,
        fraction_millionths: u32,
        settlement: u32,
        stake: Money,
        amount: Money,
        worth: CashOutWorth,
        stake_left: Money,
        potential_return_left: Money,
        stake_sold_total: Money,
        amount_total: Money,
        cashed_out_at: Timestamp,
        liabilities: Vec<Liability>,
    }
    /// See [`Event`].
    record CashOutRefused { bet: BetId, customer: CustomerId, quote: CashOutQuoteId, rejection: Rejection }

    /// Which rule a slip broke, with the data for the next step.
    record Rejection { reason: RejectionReason }

    /// The rules.
    union RejectionReason {
        /// The request was met after its deadline.
        Expired(Expired),
        /// The command could not be read.
        Undecodable(Undecodable),
        /// A price has moved in a way that the policy does not cover.
        PriceChanged(PriceChanged),
        /// A market is suspended.
        MarketSuspended(MarketSuspended),
        /// A market is closed, settled or being settled.
        MarketClosed(MarketClosed),
        /// No such selection, or it has no price.
        SelectionUnavailable(SelectionUnavailable),
        /// The picture of prices is too old to accept on.
        PricesStale(PricesStale),
        /// The stake is above what is allowed.
        StakeAboveLimit(StakeAboveLimit),
        /// The stake is below the least.
        StakeBelowMinimum(StakeBelowMinimum),
        /// The account does not hold the stake.
        InsufficientFunds(InsufficientFunds),
        /// The customer is excluded.
        CustomerExcluded(CustomerExcluded),
        /// Betting is forbidden to the customer.
        CustomerRestricted(CustomerRestricted),
        /// Two legs depend on each other.
        LegsRelated(LegsRelated),
        /// Legs do not fit the bet's type.
        LegsDoNotFitType(LegsDoNotFitType),
        /// The book cannot risk more on a market.
        ExposureReached(ExposureReached),
        /// Each-way is not offered on these legs.
        EachWayNotOffered(EachWayNotOffered),
        /// The stake's currency is not the account's, or not the market's.
        CurrencyMismatch(CurrencyMismatch),
        /// The account does not take debits.
        AccountBlocked(AccountBlocked),
        /// Line sizes that the legs or the type do not have.
        SizesDoNotFit(SizesDoNotFit),
        /// The market has no starting prices.
        StartingPriceNotOffered(StartingPriceNotOffered),
        /// A handicap in play needs the score, and that is not known.
        ScoreUnknown(ScoreUnknown),
        /// The stake is above what a limit of the customer's own leaves.
        StakeAboveOwnLimit(StakeAboveOwnLimit),
        /// A stake factor that is none, or a scope that there is not.
        FactorNotAllowed(FactorNotAllowed),
        /// Nothing of that name is offered to the customer.
        ReofferUnknown(ReofferUnknown),
        /// The re-offer has ended.
        ReofferExpired(ReofferExpired),
        /// The re-offer was accepted before.
        ReofferTaken(ReofferTaken),
        /// The slip does not wait for a trader.
        ReferralUnknown(ReferralUnknown),
        /// The ledger has not answered for the stake yet.
        StakeNotHeld(StakeNotHeld),
        /// A trader has declined.
        ReferralDeclined(ReferralDeclined),
        /// No trader has answered in time.
        ReferralLapsed(ReferralLapsed),
        /// The customer has not said that a part is accepted.
        PartNotAgreed(PartNotAgreed),
        /// The customer has no such slip.
        BetUnknown(BetUnknown),
        /// The slip is not struck yet, or is over: settled or sold back.
        BetNotOpen(BetNotOpen),
        /// Slips of this kind, or on such legs, are not bought back.
        CashOutNotOffered(CashOutNotOffered),
        /// This quote is not the slip's newest, or was taken.
        CashOutQuoteUnknown(CashOutQuoteUnknown),
        /// The quote is too old.
        CashOutQuoteExpired(CashOutQuoteExpired),
        /// The slip is worth less now than the quote says.
        CashOutValueFell(CashOutValueFell),
        /// A quote was taken and its delay runs.
        CashOutPending(CashOutPending),
        /// What would be sold or paid rounds to nothing.
        CashOutTooSmall(CashOutTooSmall),
        /// The customer has no such token.
        FreeBetUnknown(FreeBetUnknown),
        /// The token's time is over.
        FreeBetExpired(FreeBetExpired),
        /// The token was used.
        FreeBetUsed(FreeBetUsed),
        /// A price is below what the token or the bonus asks for.
        PriceBelowMinimum(PriceBelowMinimum),
        /// There is not so much bonus money.
        BonusInsufficient(BonusInsufficient),
        /// More is given at once than the house allows, or nothing.
        GrantNotAllowed(GrantNotAllowed),
        /// What is given would have ended already.
        GrantEnded(GrantEnded),
        /// A promotion pays for the slip, which is taken whole and ends by its result.
        PromotionalInWhole(PromotionalInWhole),
    }
    /// See [`RejectionReason`].
    record Expired {}
    /// See [`RejectionReason`].
    record Undecodable { detail: String }
    /// See [`RejectionReason`].
    record PriceChanged { offered: Vec<OfferedPrice> }
    /// A price on offer now.
    record OfferedPrice { selection: SelectionId, price: Price, market_version: u64 }
    /// See [`RejectionReason`].
    record MarketSuspended { market: MarketId }
    /// See [`RejectionReason`].
    record MarketClosed { market: MarketId }
    /// See [`RejectionReason`].
    record SelectionUnavailable { selection: SelectionId }
    /// See [`RejectionReason`].
    record PricesStale { newest_at: Option<Timestamp> }
    /// See [`RejectionReason`].
    record StakeAboveLimit { maximum: Money }
    /// See [`RejectionReason`].
    record StakeBelowMinimum { minimum: Money }
    /// See [`RejectionReason`].
    record InsufficientFunds { available: Money }
    /// See [`RejectionReason`].
    record CustomerExcluded { until: Timestamp }
    /// See [`RejectionReason`].
    record CustomerRestricted {}
    /// See [`RejectionReason`].
    record LegsRelated { fixture: FixtureId }
    /// See [`RejectionReason`].
    record LegsDoNotFitType { expected_min: u32, expected_max: u32, got: u32 }
    /// See [`RejectionReason`].
    record ExposureReached { market: MarketId }
    /// See [`RejectionReason`].
    record EachWayNotOffered {}
    /// See [`RejectionReason`].
    record CurrencyMismatch { expected: String }
    /// See [`RejectionReason`].
    record AccountBlocked {}
    /// See [`RejectionReason`].
    record SizesDoNotFit { legs: u32 }
    /// See [`RejectionReason`].
    record StartingPriceNotOffered { market: MarketId }
    /// See [`RejectionReason`].
    record ScoreUnknown { market: MarketId }
    /// See [`RejectionReason`]. `maximum` is for one line, `left` for the whole slip; `resets_at`:
    /// when the limit's window is over.
    record StakeAboveOwnLimit {
        limit: OwnLimit,
        maximum: Money,
        left: Money,
        resets_at: Option<Timestamp>,
    }
    /// See [`RejectionReason`].
    record FactorNotAllowed { detail: String }
    /// See [`RejectionReason`].
    record ReofferUnknown { reoffer: BetId }
    /// See [`RejectionReason`].
    record ReofferExpired { until: Timestamp }
    /// See [`RejectionReason`].
    record ReofferTaken { bet: BetId }
    /// See [`RejectionReason`].
    record ReferralUnknown { bet: BetId }
    /// See [`RejectionReason`].
    record StakeNotHeld { bet: BetId }
    /// See [`RejectionReason`].
    record ReferralDeclined {}
    /// See [`RejectionReason`].
    record ReferralLapsed {}
    /// See [`RejectionReason`].
    record PartNotAgreed {}
    /// See [`RejectionReason`].
    record BetUnknown {}
    /// See [`RejectionReason`].
    record BetNotOpen {}
    /// See [`RejectionReason`].
    record CashOutNotOffered {}
    /// See [`RejectionReason`].
    record CashOutQuoteUnknown {}
    /// See [`RejectionReason`].
    record CashOutQuoteExpired { expired_at: Timestamp }
    /// See [`RejectionReason`].
    record CashOutValueFell { offered: Money }
    /// See [`RejectionReason`].
    record CashOutPending { until: Timestamp }
    /// See [`RejectionReason`].
    record CashOutTooSmall {}
}

wire! {
    /// Place a slip that is staked with a token or with bonus money.
    record PlaceFundedSlip { bet: BetId, customer: CustomerId, slip: Slip, options: SlipOptions, source: StakeSource }

    /// See [`RejectionReason`].
    record FreeBetUnknown { free_bet: FreeBetId }
    /// See [`RejectionReason`].
    record FreeBetExpired { expired_at: Timestamp }
    /// See [`RejectionReason`].
    record FreeBetUsed { free_bet: FreeBetId }
    /// See [`RejectionReason`].
    record PriceBelowMinimum { selection: SelectionId, minimum: Price }
    /// See [`RejectionReason`].
    record BonusInsufficient { available: Money }
    /// See [`RejectionReason`].
    record GrantNotAllowed { maximum: Money }
    /// See [`RejectionReason`].
    record GrantEnded { ended_at: Timestamp }
    /// See [`RejectionReason`].
    record PromotionalInWhole { bet: BetId }
}

/// What tells a stake's hold from the bet. The last two bytes are left alone: they are the
/// partition.
const STAKE_HOLD_TAG: [u8; 16] = *b"hold-of-a-stake\0";

/// The ledger transfer that holds a bet's stake. `settlement` is how many settlements of the bet
/// have been reversed before: 0 for the first hold, 1 for the hold that the first rollback
/// restores. The ledger's reactor gives the hold this id and bets recognises it by it.
#[must_use]
pub fn stake_hold(bet: BetId, settlement: u32) -> TransferId {
    let mut id = bet.bytes();
    for (byte, tag) in id.iter_mut().zip(STAKE_HOLD_TAG).take(14) {
        *byte ^= tag;
    }
    for (byte, count) in id.iter_mut().skip(10).zip(settlement.to_be_bytes()) {
        *byte ^= count;
    }
    TransferId::from_bytes(id)
}

/// The bet and the count of its reversals that such a hold's id was made from.
#[must_use]
pub fn bet_of_stake_hold(hold: TransferId, settlement: u32) -> BetId {
    BetId::from_bytes(stake_hold(BetId::from_bytes(hold.bytes()), settlement).bytes())
}

/// What tells a promotional hold from the bet, likewise.
const PROMOTIONAL_HOLD_TAG: [u8; 16] = *b"promoted stake\0\0";

/// The ledger transfer that holds what a promotion pays of a bet's stake, where one does; see
/// [`stake_hold`].
#[must_use]
pub fn promotional_hold(bet: BetId, settlement: u32) -> TransferId {
    let mut id = stake_hold(bet, settlement).bytes();
    for (byte, tag) in id.iter_mut().zip(PROMOTIONAL_HOLD_TAG).take(14) {
        *byte ^= tag;
    }
    TransferId::from_bytes(id)
}

/// The bet and the count of its reversals that such a hold's id was made from.
#[must_use]
pub fn bet_of_promotional_hold(hold: TransferId, settlement: u32) -> BetId {
    BetId::from_bytes(promotional_hold(BetId::from_bytes(hold.bytes()), settlement).bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hold_of_a_bet_has_its_own_id_in_the_partition_of_the_bet() {
        let bet = BetId::example(7, 3);
        let (first, second) = (stake_hold(bet, 0), stake_hold(bet, 1));
        assert_ne!(first, second);
        let promoted = promotional_hold(bet, 1);
        assert!(![first, second].contains(&promoted) && promoted.partition() == 3);
        assert_eq!(bet_of_promotional_hold(promoted, 1), bet);
        assert_ne!(first.bytes(), bet.bytes());
        assert_eq!((first.partition(), second.partition()), (3, 3));
        assert_eq!(
            (bet_of_stake_hold(first, 0), bet_of_stake_hold(second, 1)),
            (bet, bet)
        );
    }
}
