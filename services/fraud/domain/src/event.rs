//! What fraud has decided. Observations are events too: the state is a fold of this journal.

use crate::rules::RuleId;
use kernel::{
    BetId, CaseId, CustomerId, Digest, MarketId, Money, Position, Price, SelectionId, Timestamp,
};

/// A fact of fraud's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One record of another journal told this about a customer.
    CustomerObserved {
        /// Who.
        customer: CustomerId,
        /// When it was decided there.
        at: Timestamp,
        /// Where it stands.
        source: Position,
        /// What it was.
        fact: Fact,
    },
    /// Prices shortened just after bets had been taken at longer ones.
    PriceMoveObserved {
        /// The market.
        market: MarketId,
        /// When.
        at: Timestamp,
        /// The selections whose price shortened.
        shortened: Vec<SelectionId>,
        /// The bets that had a longer price.
        taken_before: Vec<TakenBefore>,
    },
    /// A customer's score or its composition changed. The points of the reasons add up to it.
    CustomerScored {
        /// Who.
        customer: CustomerId,
        /// The bet that changed it, if it was a bet.
        bet: Option<BetId>,
        /// The score.
        score_permille: u16,
        /// What it is made of.
        reasons: Vec<Reason>,
        /// Which set of rules computed it.
        rules_version: u32,
    },
    /// A case waits for an analyst.
    CaseOpened {
        /// The case.
        case: CaseId,
        /// Whose behaviour it is about.
        customer: CustomerId,
        /// The score that opened it.
        score_permille: u16,
        /// What the score is made of.
        reasons: Vec<Reason>,
    },
    /// An analyst has closed a case.
    CaseClosed {
        /// The case.
        case: CaseId,
        /// Whose behaviour it is about.
        customer: CustomerId,
        /// What was found.
        verdict: Verdict,
        /// Why.
        note: String,
        /// Who.
        by: String,
    },
    /// The share of the ordinary stake limit that a customer may use has changed.
    CustomerRestricted {
        /// Whose.
        customer: CustomerId,
        /// Permille of the ordinary stake limit: 0 forbids betting, 1000 is no restriction.
        stake_permille: u16,
        /// The case in which it was done, if in one.
        case: Option<CaseId>,
        /// The analyst; nobody when a score did it.
        by: Option<String>,
        /// Why.
        note: String,
    },
}

/// What was observed of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A bet was placed.
    BetTaken(BetTaken),
    /// A stake came back without having been played: the bet was refused, void or sold back.
    BetReturned {
        /// The bet.
        bet: BetId,
        /// What came back.
        returned: Money,
    },
    /// Money came in.
    PaidIn {
        /// How much.
        amount: Money,
    },
    /// Money went out.
    PaidOut {
        /// How much.
        amount: Money,
    },
    /// A sign-in failed.
    SignInFailed,
}

/// A bet as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetTaken {
    /// The bet.
    pub bet: BetId,
    /// What it is on, at which prices.
    pub legs: Vec<LegTaken>,
    /// What is staked.
    pub stake: Money,
    /// Equal for slips with the same selections, type and stake.
    pub slip_digest: Digest,
}

/// A leg as it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegTaken {
    /// The market.
    pub market: MarketId,
    /// The selection.
    pub selection: SelectionId,
    /// The price.
    pub price: Price,
}

/// A bet that had a longer price than the one that came just after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TakenBefore {
    /// Whose.
    pub customer: CustomerId,
    /// The bet.
    pub bet: BetId,
}

/// One rule's contribution to a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub rule: RuleId,
    /// Its points, above zero.
    pub points: u16,
    /// What it saw, for the analyst.
    pub evidence: String,
}

/// What an analyst found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing wrong: what the case restricted is lifted.
    Cleared,
    /// Fraud: restrictions stay.
    Confirmed,
}
