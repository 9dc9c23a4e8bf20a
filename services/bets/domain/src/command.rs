//! What bets is asked: by clients, other journals, timers and its own work.
//!
//! Duty: one closed list. Prohibition: a command carries all that its judgement depends on; what
//! it does not carry is not known.

use crate::acceptance::AcceptanceRules;
use crate::cancellation::{Cancellation, CancelledBy};
use crate::cash_out::{CashOut, CashOutRules, QuoteCashOut};
use crate::evidence::Evidence;
use crate::factor::SetFactor;
use crate::market::ResultInForce;
use crate::own_limit::OwnLimit;
use crate::promotion::{Grant, StakeSource};
use crate::slip::SlipRequest;
use kernel::{BetId, BonusId, CustomerId, Duration, MarketId, Money, Timestamp};
use std::collections::BTreeMap;

/// One thing asked of a bets partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A customer wants to bet.
    Place(Box<Place>),
    /// A trader sets what part of the ordinary stake limit a customer gets.
    SetFactor(SetFactor),
    /// A customer accepts what was offered instead of a refused slip.
    AcceptReoffer(Box<AcceptReoffer>),
    /// A trader answers for a slip that waits for one.
    AnswerReferral(Box<AnswerReferral>),
    /// A customer wants to know what would be paid for a slip now.
    QuoteCashOut(Box<QuoteCashOut>),
    /// A customer sells a slip back, or a part of it.
    CashOut(Box<CashOut>),
    /// One record of another journal brings news. Never rejected.
    Notice {
        /// Now.
        at: Timestamp,
        /// The house's rules in force.
        rules: HouseRules,
        /// The news, each of another slip, market or customer.
        notices: Vec<Notice>,
    },
    /// A slip's timer has come due: it is looked at again. Never rejected.
    EndWait {
        /// The slip.
        bet: BetId,
        /// What it is judged on.
        now: Surroundings,
    },
    /// Do the next part of the work that results and rollbacks have started. Never rejected.
    ContinueWork {
        /// Now.
        at: Timestamp,
        /// How many slips to look at, so that one record holds them and other inputs go on.
        slips_max: usize,
    },
    /// Give a customer a token or bonus money.
    Grant(Box<Grant>),
    /// Bonus money's time is over. Never rejected.
    EndBonus {
        /// Whose.
        customer: CustomerId,
        /// Which.
        bonus: BonusId,
        /// Now.
        at: Timestamp,
    },
}

/// News from another journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The ledger has answered for a slip's stake.
    Hold {
        /// The slip.
        bet: BetId,
        /// The ledger's answer.
        outcome: HoldOutcome,
    },
    /// Odds lets this partition risk more on a market.
    Grant {
        /// The market.
        market: MarketId,
        /// All that was ever granted to this partition there, its beginning included.
        total: Money,
    },
    /// Odds asks for unused budget of a market.
    Recall {
        /// The market.
        market: MarketId,
        /// What each partition began with there.
        budget_each: Money,
    },
    /// Markets have results.
    Results(BTreeMap<MarketId, ResultInForce>),
    /// A result was withdrawn.
    Rollback {
        /// The market.
        market: MarketId,
        /// The number of the withdrawn result.
        result: u32,
    },
    /// Bets of a stretch of time do not count.
    Cancellation {
        /// On this market.
        market: MarketId,
        /// Who says so.
        by: CancelledBy,
        /// Which bets, and why.
        cancellation: Cancellation,
    },
    /// They count again.
    Restoration {
        /// On this market.
        market: MarketId,
        /// Whose cancellation does not stand.
        by: CancelledBy,
    },
    /// A customer's own limits on stakes changed. Outer none: this one did not; inner none: there
    /// is no such limit any more.
    StakeLimits {
        /// The customer.
        customer: CustomerId,
        /// The most for one slip.
        per_slip: Option<Option<Money>>,
        /// The most for one UTC day.
        per_day: Option<Option<Money>>,
    },
    /// Another of a customer's own limits changed.
    OwnLimit {
        /// The customer.
        customer: CustomerId,
        /// Which; not those for one slip or one day.
        limit: OwnLimit,
        /// None: there is no such limit any more.
        amount: Option<Money>,
    },
    /// A customer is excluded.
    Exclusion {
        /// The customer.
        customer: CustomerId,
        /// Until then.
        until: Timestamp,
    },
    /// Fraud restricts a customer's stakes.
    Restriction {
        /// The customer.
        customer: CustomerId,
        /// Permille of the ordinary stake limit; 0 forbids betting, 1000 lifts.
        stake_permille: u16,
    },
}

/// A customer wants to bet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Minted by whoever sends this.
    pub bet: BetId,
    /// Whose bet.
    pub customer: CustomerId,
    /// What is asked for.
    pub slip: SlipRequest,
    /// What is to pay the stake.
    pub source: StakeSource,
    /// What it is judged on.
    pub now: Surroundings,
}

/// A customer accepts a re-offer as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptReoffer {
    /// Of the bet that is made of it; minted by whoever sends this.
    pub bet: BetId,
    /// Whose bet.
    pub customer: CustomerId,
    /// The re-offer: the id of the slip that was refused.
    pub reoffer: BetId,
    /// What it is judged on.
    pub now: Surroundings,
}

/// A trader answers for a slip that waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerReferral {
    /// The slip.
    pub bet: BetId,
    /// What the trader says.
    pub answer: TraderAnswer,
    /// Who says it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What it is judged on.
    pub now: Surroundings,
}

/// What a trader says. Stakes are those of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraderAnswer {
    /// The slip is taken, or so much of it.
    Accept {
        /// None: the whole.
        unit_stake: Option<Money>,
    },
    /// It is not.
    Decline,
    /// It is not, but this stake would be, at the prices of now.
    Offer {
        /// At most what was asked for.
        unit_stake: Money,
    },
}

/// What a judgement about a slip depends on and the state does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Now.
    pub at: Timestamp,
    /// What the market view shows of the slip's selections.
    pub evidence: Evidence,
    /// The house's rules in force.
    pub rules: HouseRules,
}

/// What the ledger says about a stake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// The stake is held.
    Held,
    /// The account does not hold the stake.
    ShortOfFunds {
        /// What it holds.
        available: Money,
    },
    /// The account cannot be held on for another reason.
    Blocked,
}

/// The house's rules for slips. Amounts are minor units of the slip's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseRules {
    /// Recorded with every slip; the settlement rules of that version apply to it for ever.
    pub version: u32,
    /// The least stake of a slip.
    pub stake_min_minor: i64,
    /// The most that an unrestricted customer may stake on a slip.
    pub stake_max_minor: i64,
    /// The most that a slip may return.
    pub payout_max_minor: i64,
    /// The most legs of an accumulator.
    pub legs_max: usize,
    /// Older pictures of prices are not accepted on.
    pub view_age_max: Duration,
    /// How long after placement a slip that is not in play may be struck on the evidence of its
    /// placement. The context lag that invariant I11 allows is this and `view_age_max` together.
    pub acceptance_window: Duration,
    /// How long a slip waits for exposure budget.
    pub budget_wait: Duration,
    /// What happens to slips that cannot be taken as they are asked for.
    pub acceptance: AcceptanceRules,
    /// For buying slips back.
    pub cash_out: CashOutRules,
}

impl Default for HouseRules {
    fn default() -> Self {
        Self {
            version: 2,
            stake_min_minor: 10,
            stake_max_minor: 1_000_000,
            payout_max_minor: 50_000_000,
            legs_max: 20,
            view_age_max: Duration::from_secs(3),
            acceptance_window: Duration::from_millis(250),
            budget_wait: Duration::from_secs(2),
            acceptance: AcceptanceRules::PRESENT,
            cash_out: CashOutRules::default(),
        }
    }
}
