//! A slip: what was asked for, what was struck, and where it stands in its life.
//!
//! Duty: the shapes, and the verdict on a slip whose legs are known. Prohibition: nothing here
//! decides when a slip moves on; that is one file for each step.

use crate::settlement::{BetType, LegResult, SettledLeg, settle};
use crate::state::TimerKey;
use kernel::{CustomerId, FixtureId, MarketId, Money, Position, Price, SelectionId, Timestamp};

/// The kinds of slip that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlipType {
    /// One leg.
    Single,
    /// Two legs.
    Double,
    /// Three legs.
    Treble,
    /// Two legs or more.
    Accumulator,
}

impl SlipType {
    /// The arithmetic that it follows.
    #[must_use]
    pub const fn bet_type(self) -> BetType {
        match self {
            Self::Single => BetType::Single,
            Self::Double => BetType::Double,
            Self::Treble => BetType::Treble,
            Self::Accumulator => BetType::Accumulator,
        }
    }

    /// The fewest and the most legs, where the house takes accumulators of `legs_max`.
    #[must_use]
    pub const fn legs(self, legs_max: usize) -> (usize, usize) {
        match self {
            Self::Single => (1, 1),
            Self::Double => (2, 2),
            Self::Treble => (3, 3),
            Self::Accumulator => (2, legs_max),
        }
    }
}

/// Which prices the customer agrees to, other than the quoted one. Judged for each leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PricePolicy {
    /// None.
    Exact,
    /// Higher ones.
    Better,
    /// All.
    Any,
}

impl PricePolicy {
    /// Whether a customer who saw `requested` agrees to `current`.
    #[must_use]
    pub fn covers(self, requested: Price, current: Price) -> bool {
        match self {
            Self::Exact => current == requested,
            Self::Better => current >= requested,
            Self::Any => true,
        }
    }
}

/// What the customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipRequest {
    /// How the legs combine.
    pub slip_type: SlipType,
    /// The legs.
    pub legs: Vec<RequestedLeg>,
    /// The stake of the only line.
    pub stake: Money,
    /// Which prices are agreed to.
    pub price_policy: PricePolicy,
    /// Whether a place part is asked for.
    pub each_way: bool,
    /// The client's own name for the slip.
    pub client_ref: Option<String>,
}

/// One selection as the customer saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestedLeg {
    /// The selection.
    pub selection: SelectionId,
    /// Its market.
    pub market: MarketId,
    /// Its fixture.
    pub fixture: FixtureId,
    /// The price seen.
    pub price: Price,
    /// The market's version seen.
    pub market_version: u64,
}

/// One selection as it is struck, with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StruckLeg {
    /// The selection.
    pub selection: SelectionId,
    /// Its market.
    pub market: MarketId,
    /// Its fixture.
    pub fixture: FixtureId,
    /// What the customer saw.
    pub requested_price: Price,
    /// What the leg is struck at.
    pub price: Price,
    /// The market's version looked at.
    pub market_version: u64,
    /// Where the book looked at stands.
    pub book_position: Position,
    /// Whether the market was in play.
    pub in_play: bool,
    /// What people call it; an accepted slip's state does without.
    pub names: Names,
}

/// What people call a selection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The selection.
    pub selection: String,
    /// Its market.
    pub market: String,
    /// Its fixture.
    pub fixture: String,
}

/// A slip that is in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Whose.
    pub customer: CustomerId,
    /// How the legs combine.
    pub slip_type: SlipType,
    /// The legs, each of another fixture.
    pub legs: Vec<SlipLeg>,
    /// What is staked.
    pub stake: Money,
    /// Which prices are agreed to.
    pub price_policy: PricePolicy,
    /// What it returns if all legs win.
    pub potential_return: Money,
    /// The house's rules at placement.
    pub rules_version: u32,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// Its timer, if one is armed: when it is due and the count of its arming.
    pub timer: Option<TimerKey>,
}

/// A leg and what is known of its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipLeg {
    /// As struck.
    pub struck: StruckLeg,
    /// Its outcome, once known.
    pub decided: Option<DecidedLeg>,
}

/// An outcome and the result that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedLeg {
    /// The number of its market's result.
    pub result: u32,
    /// The outcome.
    pub outcome: LegResult,
}

/// Where a slip stands. A rejected slip stands nowhere: it is no longer in the state.
///
/// ```text
/// AwaitingHold ──held, not in play, soon──────────▶ Accepted ⇄ settled, any number of times
///      └──held──▶ Held ──looked at with room──┬───────▲
///                  ▲ └─no room─┐              └▶ Delayed
///                  └───grant───┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The ledger has not answered for the stake.
    AwaitingHold {
        /// A market without room for the risk; none: the risk is reserved.
        short_of: Option<Shortage>,
    },
    /// The stake is held; the slip is to be looked at again.
    Held {
        /// A market without room for the risk; none: the risk is reserved.
        short_of: Option<Shortage>,
        /// Whether that is to happen at once and not only when the wait for room is over.
        woken: bool,
    },
    /// The stake is held, the risk reserved, the in-play delay runs.
    Delayed {
        /// The end of the delay.
        until: Timestamp,
    },
    /// Struck.
    Accepted(Settlements),
}

/// A wait for exposure budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The market without room.
    pub market: MarketId,
    /// The end of the wait.
    pub until: Timestamp,
}

/// The settlements of a struck slip so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlements {
    /// The number of the last one; 0: there was none.
    pub last: u32,
    /// The one in force, if any.
    pub in_force: Option<SettlementInForce>,
}

/// The settlement in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettlementInForce {
    /// What it pays.
    pub returned: Money,
    /// In one word.
    pub outcome: SlipOutcome,
}

/// A settlement in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlipOutcome {
    /// Every leg that counts won.
    Won,
    /// A leg lost.
    Lost,
    /// No leg counts.
    Void,
    /// Partial results, more than the stake comes back.
    PartlyWon,
    /// Partial results, at most the stake comes back.
    PartlyLost,
}

/// What a slip pays, its legs being known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub returned: Money,
    /// The return before rounding, as text.
    pub exact: String,
    pub outcome: SlipOutcome,
}

impl Slip {
    /// What the house loses at worst.
    #[must_use]
    pub const fn liability_minor(&self) -> i64 {
        liability_minor(self.potential_return, self.stake)
    }

    /// Whether the slip is struck; otherwise it is pending.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        match self.stage {
            Stage::Accepted(_) => true,
            Stage::AwaitingHold { .. } | Stage::Held { .. } | Stage::Delayed { .. } => false,
        }
    }

    /// Whether the slip is struck and has no settlement in force.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.stage {
            Stage::Accepted(settlements) => settlements.in_force.is_none(),
            Stage::AwaitingHold { .. } | Stage::Held { .. } | Stage::Delayed { .. } => false,
        }
    }

    /// Whether the risk is reserved in the budgets of the legs' markets.
    #[must_use]
    pub const fn is_reserved(&self) -> bool {
        match self.stage {
            Stage::AwaitingHold { short_of } | Stage::Held { short_of, .. } => short_of.is_none(),
            Stage::Delayed { .. } | Stage::Accepted(_) => true,
        }
    }

    /// When the slip must be looked at again by itself.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::AwaitingHold {
                short_of: Some(shortage),
            }
            | Stage::Held {
                short_of: Some(shortage),
                woken: false,
            } => Some(shortage.until),
            // At once: placement is past.
            Stage::Held { .. } => Some(self.placed_at),
            Stage::Delayed { until } => Some(until),
            Stage::AwaitingHold { short_of: None } | Stage::Accepted(_) => None,
        }
    }

    /// The struck legs alone.
    pub(crate) fn struck_legs(&self) -> impl Iterator<Item = &StruckLeg> {
        self.legs.iter().map(|leg| &leg.struck)
    }

    /// The outcomes that the legs carry.
    pub(crate) fn carried_outcomes(&self) -> Vec<Option<LegResult>> {
        let outcome = |leg: &SlipLeg| leg.decided.map(|decided| decided.outcome);
        self.legs.iter().map(outcome).collect()
    }

    /// What the slip pays if its legs came out like this; none while that is open. One lost leg
    /// is enough: every line of these slips needs all legs.
    pub(crate) fn verdict(&self, outcomes: &[Option<LegResult>]) -> Option<Verdict> {
        let lost = outcomes.contains(&Some(LegResult::Lost));
        let open = outcomes.contains(&None);
        if open && !lost {
            return None;
        }
        let legs: Vec<SettledLeg> = self
            .legs
            .iter()
            .zip(outcomes)
            .map(|(leg, outcome)| {
                SettledLeg::plain(leg.struck.price, outcome.unwrap_or(LegResult::Void))
            })
            .collect();
        let payout = settle(self.slip_type.bet_type(), self.stake, &legs, None)
            .expect("no outcome pays more than winning, and that was worked out at placement");
        Some(Verdict {
            returned: payout.returned,
            exact: payout.exact.to_string(),
            outcome: in_one_word(outcomes, payout.returned > self.stake),
        })
    }
}

fn in_one_word(outcomes: &[Option<LegResult>], more_than_stake: bool) -> SlipOutcome {
    let counts = |wanted: LegResult| outcomes.iter().filter(|o| **o == Some(wanted)).count();
    let (won, void) = (counts(LegResult::Won), counts(LegResult::Void));
    if counts(LegResult::Lost) > 0 {
        SlipOutcome::Lost
    } else if void == outcomes.len() {
        SlipOutcome::Void
    } else if won.saturating_add(void) == outcomes.len() {
        SlipOutcome::Won
    } else if more_than_stake {
        SlipOutcome::PartlyWon
    } else {
        SlipOutcome::PartlyLost
    }
}

/// What the house loses at worst on a stake that may return so much.
pub(crate) const fn liability_minor(potential_return: Money, stake: Money) -> i64 {
    potential_return.minor().saturating_sub(stake.minor())
}
