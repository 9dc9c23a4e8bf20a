//! What bets has decided. Past tense, one variant a fact.

use crate::cancellation::{Cancellation, CancelledBy};
use crate::cash_out::{CashOutQuoted, CashOutTaken, CashedOut};
use crate::factor::SetFactor;
use crate::liability::Liability;
use crate::market::ResultDetail;
use crate::origin::PriceOrigin;
use crate::own_limit::OwnLimit;
use crate::promotion::PromotionEvent;
use crate::rejection::Rejection;
use crate::settlement::{BetType, LegResult};
use crate::slip::{DecidedLeg, PricePolicy, ReturnParts, SlipOutcome, SlipRequest, StruckLeg};
use crate::terms::SlipTermsFixed;
use kernel::{BetId, CashOutQuoteId, CustomerId, MarketId, Money, SelectionId, Timestamp};
use std::collections::BTreeMap;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A slip is in the book; its stake is to be held.
    BetPlaced(BetPlaced),
    /// What else is agreed on the slip that was just placed, where there is anything.
    BetTermsFixed {
        /// The slip.
        bet: BetId,
        /// What.
        terms: SlipTermsFixed,
    },
    /// What prices that the house made were made of: those of the slip that was just placed, or
    /// is struck next.
    PricesTraced {
        /// The slip.
        bet: BetId,
        /// Only the legs whose prices the house made.
        legs: Vec<PriceOrigin>,
    },
    /// A market has no room for the slip's risk; it waits.
    BetAwaitsBudget {
        /// The slip.
        bet: BetId,
        /// The market.
        market: MarketId,
        /// The end of the wait.
        until: Timestamp,
    },
    /// The hold stands; the slip is to be looked at again before it can be struck.
    BetHeld {
        /// The slip.
        bet: BetId,
    },
    /// The hold stands, the risk is reserved, the in-play delay runs.
    BetDelayed {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The end of the delay.
        until: Timestamp,
    },
    /// The bet is struck.
    BetAccepted {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// At these prices.
        legs: Vec<StruckLeg>,
        /// What it returns if all legs win.
        potential_return: Money,
        /// When.
        accepted_at: Timestamp,
        /// What stands on its selections from here on.
        liabilities: Vec<Liability>,
    },
    /// The bet is not struck.
    BetRejected {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// Whether the ledger may hold its stake: everything but a refused hold.
        held: bool,
        /// What was staked.
        stake: Money,
        /// Why.
        rejection: Rejection,
    },
    /// What the house pays for a slip now, for a moment.
    CashOutQuoted(Box<CashOutQuoted>),
    /// A quote was taken in play; the delay runs.
    CashOutDelayed {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The quote, and how much of the stake.
        taken: CashOutTaken,
        /// The end of the delay.
        until: Timestamp,
    },
    /// A slip, or a part of it, is sold back, for good.
    CashedOut(Box<CashedOut>),
    /// A quote that was taken does not hold at the end of the delay; the slip goes on.
    CashOutRefused {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The quote.
        quote: CashOutQuoteId,
        /// Why.
        rejection: Rejection,
    },
    /// A result came for a market with slips here; from now on the market is closed.
    SettlementStarted {
        /// The market.
        market: MarketId,
        /// The result's number.
        result: u32,
        /// What became of each selection.
        outcomes: BTreeMap<SelectionId, LegResult>,
        /// What else is known of the end.
        detail: ResultDetail,
        /// How many struck slips have a leg there.
        open_slips: u32,
    },
    /// A result was withdrawn; what was left of its work is cancelled.
    RollbackStarted {
        /// The market.
        market: MarketId,
        /// The withdrawn result's number.
        result: u32,
        /// How many legs carry it.
        touched_slips: u32,
    },
    /// A leg's outcome is known, or known no more.
    LegDecided {
        /// The slip.
        bet: BetId,
        /// The leg.
        selection: SelectionId,
        /// The result's number.
        result: u32,
        /// What became of it; none: the result was withdrawn.
        decided: Option<DecidedLeg>,
    },
    /// Bets of a stretch of time do not count, whatever their market's result says.
    CancellationStarted {
        /// The market.
        market: MarketId,
        /// Who says so.
        by: CancelledBy,
        /// Which, and why.
        cancellation: Cancellation,
        /// How many struck slips have a leg there.
        struck_slips: u32,
    },
    /// A cancellation was withdrawn.
    RestorationStarted {
        /// The market.
        market: MarketId,
        /// Whose.
        by: CancelledBy,
        /// How many struck slips have a leg there.
        struck_slips: u32,
    },
    /// A leg does not count.
    LegVoided {
        /// The slip.
        bet: BetId,
        /// The leg.
        selection: SelectionId,
        /// By whose cancellation.
        by: CancelledBy,
        /// Why.
        reason: String,
    },
    /// A void leg counts again, as its market's result says.
    LegRestored {
        /// The slip.
        bet: BetId,
        /// The leg.
        selection: SelectionId,
    },
    /// A settlement is taken back.
    SettlementReversed {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The settlement's number.
        settlement: u32,
        /// What was staked.
        stake: Money,
        /// What it had paid.
        returned: Money,
    },
    /// What the settlement that follows is made of, where it is more than a product of legs.
    ReturnExplained {
        /// The slip.
        bet: BetId,
        /// The settlement's number.
        settlement: u32,
        /// What.
        parts: ReturnParts,
    },
    /// A slip is settled.
    BetSettled {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// Settlements of a slip count from 1.
        settlement: u32,
        /// What was staked.
        stake: Money,
        /// What is paid.
        returned: Money,
        /// The same before rounding, in major units.
        exact: String,
        /// In one word.
        outcome: SlipOutcome,
        /// When.
        settled_at: Timestamp,
    },
    /// A part of a market's work is done.
    SettlementAdvanced {
        /// The market.
        market: MarketId,
        /// Which part, from 1.
        part: u32,
        /// The last slip looked at.
        last: Option<BetId>,
        /// Whether it was the last part.
        finished: bool,
        /// What stands on each selection that the part touched, after it.
        liabilities: Vec<Liability>,
    },
    /// More room is needed on a market.
    BudgetRequested {
        /// The market.
        market: MarketId,
        /// All that was ever asked for, the beginning included.
        total: Money,
    },
    /// A grant of room was noticed.
    BudgetNoticed {
        /// The market.
        market: MarketId,
        /// All that was ever granted, the beginning included.
        total: Money,
    },
    /// Unused room is given back.
    BudgetReturned {
        /// The market.
        market: MarketId,
        /// All that was ever given back.
        total: Money,
    },
    /// A customer's own limits on stakes bind from here.
    StakeLimitNoticed {
        /// The customer.
        customer: CustomerId,
        /// The most for one slip.
        per_slip: Option<Money>,
        /// The most for one UTC day.
        per_day: Option<Money>,
    },
    /// Another of a customer's own limits binds from here, or does no more.
    OwnLimitNoticed {
        /// The customer.
        customer: CustomerId,
        /// Which.
        limit: OwnLimit,
        /// None: it binds no more.
        amount: Option<Money>,
    },
    /// A customer's exclusion binds from here.
    ExclusionNoticed {
        /// The customer.
        customer: CustomerId,
        /// Until then.
        until: Timestamp,
    },
    /// A factor that a trader has set binds from here.
    StakeFactorSet(SetFactor),
    /// A restriction binds from here.
    RestrictionNoticed {
        /// The customer.
        customer: CustomerId,
        /// Permille of the ordinary stake limit.
        stake_permille: u16,
    },
    /// A slip is refused, and another is offered instead.
    BetReoffered(BetReoffered),
    /// A re-offer was accepted; the placement that follows is made of it.
    ReofferAccepted {
        /// The re-offer: the id of the slip that was refused.
        reoffer: BetId,
        /// The bet that is made of it.
        bet: BetId,
    },
    /// The customer of the slip that was just placed accepts a part of the stake.
    PartAllowed {
        /// The slip.
        bet: BetId,
    },
    /// The slip that was just placed waits for a trader.
    BetReferred(BetReferred),
    /// A trader has answered.
    ReferralAnswered(ReferralAnswered),
    /// Less is staked on the slip than was asked for; what is held stays held until it is struck.
    PartAgreed(PartAgreed),
    /// The slip is struck next, and what is held above its stake is released: a smaller hold takes
    /// the place of the first, as if a settlement had been reversed.
    StakeReduced {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// What is held.
        held: Money,
        /// What is staked.
        stake: Money,
    },
    /// What happens to tokens and bonus money.
    Promotion(Box<PromotionEvent>),
}

/// A slip waits for a trader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetReferred {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// What is staked on all lines.
    pub stake: Money,
    /// What would have been taken without a trader.
    pub automatic_max: Money,
    /// The rules of acceptance in force.
    pub rules_version: u32,
    /// The end of the wait.
    pub until: Timestamp,
}

/// A trader has answered. Where the slip ends, its rejection stands beside this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralAnswered {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// What the trader said.
    pub word: ReferralWord,
    /// The stake of one line that was named.
    pub unit_stake: Option<Money>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub answered_at: Timestamp,
    /// An accepted slip waits for room no longer than this.
    pub until: Timestamp,
}

/// An answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferralWord {
    /// Taken, in whole or in part.
    Accepted,
    /// Not taken.
    Declined,
    /// Not taken, and another stake offered.
    Offered,
}

/// Less is staked than was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartAgreed {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// What was asked for on all lines.
    pub asked: Money,
    /// What is staked on one line.
    pub unit_stake: Money,
    /// What is staked on all lines.
    pub stake: Money,
    /// The most that it can return.
    pub potential_return: Money,
    /// A slip that is looked at again waits for room no longer than this.
    pub until: Timestamp,
}

/// What the house would take instead of a slip that it refused, known by the id of that slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetReoffered {
    /// The slip that was refused: before it was placed, or by the rejection beside this.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// Why it was refused.
    pub why: Rejection,
    /// What would be taken.
    pub slip: SlipRequest,
    /// The stake of all its lines.
    pub stake: Money,
    /// The most that it can return.
    pub potential_return: Money,
    /// Whether a trader has agreed to the stake.
    pub cleared: bool,
    /// When.
    pub offered_at: Timestamp,
    /// The end of the offer.
    pub until: Timestamp,
}

/// A slip is in the book; each leg carries the evidence on which it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetPlaced {
    /// The slip.
    pub bet: BetId,
    /// Whose.
    pub customer: CustomerId,
    /// How the legs combine.
    pub bet_type: BetType,
    /// The legs.
    pub legs: Vec<StruckLeg>,
    /// Whether there is a place part.
    pub each_way: bool,
    /// What is staked on all lines.
    pub stake: Money,
    /// Which prices are agreed to.
    pub price_policy: PricePolicy,
    /// The client's own name for it.
    pub client_ref: Option<String>,
    /// The most that it can return.
    pub potential_return: Money,
    /// The house's rules in force.
    pub rules_version: u32,
    /// When.
    pub placed_at: Timestamp,
}
