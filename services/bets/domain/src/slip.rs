//! A slip: what was asked for, what was struck, and where it stands in its life.
//!
//! Duty: the shapes, and the verdict on a slip whose legs are known. Prohibition: nothing here
//! decides when a slip moves on; that is one file for each step.

use crate::cancellation::CancelledBy;
use crate::cash_out::CashOutStanding;
use crate::promotion::Funding;
use crate::rejection::Rejection;
use crate::settlement::{
    BetType, Deduction, LegResult, Payout, PlacePart, PlaceTerms, SettledLeg, SettlementRules,
    Sizes, SlipTerms,
};
use crate::state::TimerKey;
use crate::terms::LegTerms;
use kernel::{
    BetId, CustomerId, FixtureId, MarketId, Money, MoneyError, Position, Price, SelectionId,
    Timestamp,
};
use num_rational::BigRational;

/// The fewest and the most legs of a kind of slip, where the house takes no more than `legs_max`.
pub(crate) fn legs_of(bet_type: BetType, legs_max: usize) -> (usize, usize) {
    let own = bet_type.legs();
    let fewest = match bet_type {
        // One leg makes nothing that a single would not.
        BetType::Accumulator => 2,
        BetType::Single
        | BetType::Double
        | BetType::Treble
        | BetType::Trixie
        | BetType::Patent
        | BetType::Yankee
        | BetType::Lucky15
        | BetType::Canadian
        | BetType::Lucky31
        | BetType::Heinz
        | BetType::Lucky63
        | BetType::SuperHeinz
        | BetType::Lucky127
        | BetType::Goliath
        | BetType::Lucky255
        | BetType::Block
        | BetType::Lucky511
        | BetType::System => *own.start(),
    };
    (fewest, (*own.end()).min(legs_max.max(fewest)))
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
    pub bet_type: BetType,
    /// Of a system, the sizes of its lines.
    pub sizes: Option<Sizes>,
    /// The legs.
    pub legs: Vec<RequestedLeg>,
    /// The stake of one line.
    pub unit_stake: Money,
    /// Which prices are agreed to.
    pub price_policy: PricePolicy,
    /// Whether a place part is asked for.
    pub each_way: bool,
    /// The client's own name for the slip.
    pub client_ref: Option<String>,
    /// Whether less may be taken than is asked for.
    pub accepts_part: bool,
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
    /// Whether it is to be settled at the starting price instead.
    pub starting_price: bool,
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
    pub bet_type: BetType,
    /// Of a system, the sizes of its lines.
    pub sizes: Option<Sizes>,
    /// Whether there is a place part.
    pub each_way: bool,
    /// The legs, each of another fixture.
    pub legs: Vec<SlipLeg>,
    /// What is staked on one line.
    pub unit_stake: Money,
    /// What is staked on all lines.
    pub stake: Money,
    /// Which prices are agreed to.
    pub price_policy: PricePolicy,
    /// The most that it can return.
    pub potential_return: Money,
    /// The house's rules at placement.
    pub rules_version: u32,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was struck; none: it was not yet.
    pub struck_at: Option<Timestamp>,
    /// Where it stands.
    pub stage: Stage,
    /// Its timer, if one is armed: when it is due and the count of its arming.
    pub timer: Option<TimerKey>,
    /// Whether less may be taken than is asked for.
    pub accepts_part: bool,
    /// What the ledger holds, where that is more than what is staked.
    pub held: Option<Money>,
    /// Whether a trader has agreed to the stake.
    pub cleared: bool,
    /// What was asked and sold of it; none: nothing.
    pub cash_out: Option<Box<CashOutStanding>>,
    /// How the stake was paid, where that is not cash alone.
    pub funding: Option<Box<Funding>>,
}

/// A leg and what is known of its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipLeg {
    /// As struck.
    pub struck: StruckLeg,
    /// What was agreed besides the price.
    pub terms: LegTerms,
    /// Its outcome, once known.
    pub decided: Option<DecidedLeg>,
    /// Why it does not count, if it does not.
    pub voided: Option<CancelledBy>,
}

/// An outcome, the result that it comes from, and what it pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedLeg {
    /// The number of its market's result.
    pub result: u32,
    /// The outcome.
    pub outcome: LegResult,
    /// The place part, of an each-way slip.
    pub place: Option<PlacePart>,
    /// Taken off its winnings for withdrawn runners.
    pub deduction: Deduction,
    /// Paid instead of the struck price.
    pub starting_price: Option<Price>,
}

/// Where a slip stands. A rejected slip stands nowhere: it is no longer in the state.
///
/// A slip for a trader stands in Referred from its placement on and goes to Held with the answer.
///
/// ```text
/// AwaitingHold ──held, not in play, soon──────────▶ Accepted ⇄ settled, any number of times
///      │                                                └──sold back─▶ CashedOut
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
    /// The slip waits for a trader; no risk is reserved.
    Referred {
        /// The end of the wait.
        until: Timestamp,
        /// Whether the stake is held.
        held: bool,
    },
    /// Sold back to the house, all of it, for good.
    CashedOut,
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
    /// When it was made: what it has lost or won counts on that day.
    pub settled_at: Timestamp,
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
    /// The return before rounding and cap, as text.
    pub exact: String,
    pub outcome: SlipOutcome,
    /// What it is made of, where it is more than the product of its legs.
    pub parts: Option<ReturnParts>,
}

/// What a return is made of, in major units, before rounding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnParts {
    /// The version of the rules that it follows.
    pub rules_version: u32,
    /// What the win lines return.
    pub win: String,
    /// What the place lines return.
    pub place: String,
    /// The house's bonus.
    pub bonus: String,
    /// The cap, where it took something.
    pub capped_at: Option<Money>,
}

impl Slip {
    /// What the house loses at worst.
    #[must_use]
    pub fn liability_minor(&self) -> i64 {
        liability_minor(self.potential_return, self.paid_in())
    }

    /// Of the stake, what the book takes in: all but a token.
    #[must_use]
    pub fn paid_in(&self) -> Money {
        let funding = self.funding.as_deref();
        funding.map_or(self.stake, |funding| funding.paid_in(self.stake))
    }

    /// Of the stake, the customer's own cash: what the customer's own limits count.
    #[must_use]
    pub fn cash_stake(&self) -> Money {
        let funding = self.funding.as_deref();
        funding.map_or(self.stake, |funding| funding.stake.cash)
    }

    /// Of a return, what belongs to the cash in the stake.
    pub(crate) fn returned_to_cash_stake(&self, returned: Money, outcome: SlipOutcome) -> Money {
        let is_void = outcome == SlipOutcome::Void;
        let funding = self.funding.as_deref();
        funding.map_or(returned, |funding| funding.of_cash(returned, is_void))
    }

    /// Whether a token or bonus money pays for it. Such a slip is settled as it was placed: it is
    /// neither cashed out nor accepted in part.
    #[must_use]
    pub const fn is_promotional(&self) -> bool {
        self.funding.is_some()
    }

    /// Whoever wants another stake of it, or the end of it before its result, is refused.
    pub(crate) const fn must_not_be_promotional(&self, bet: BetId) -> Result<(), Rejection> {
        if self.is_promotional() {
            return Err(Rejection::PromotionalInWhole { bet });
        }
        Ok(())
    }

    /// What it returns to its customer by this payout, and the same before rounding and cap.
    pub(crate) fn returned(
        &self,
        payout: &Payout,
        all_void: bool,
    ) -> Result<(Money, BigRational), MoneyError> {
        match self.funding.as_deref() {
            Some(funding) => funding.returned(payout, all_void, self.terms().rules),
            None => Ok((payout.returned, payout.exact.clone())),
        }
    }

    /// Whether the slip is struck; otherwise it is pending.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        match self.stage {
            Stage::Accepted(_) | Stage::CashedOut => true,
            Stage::AwaitingHold { .. }
            | Stage::Held { .. }
            | Stage::Delayed { .. }
            | Stage::Referred { .. } => false,
        }
    }

    /// The number of the last settlement, or of the last sale of a part.
    #[must_use]
    pub const fn last_settlement(&self) -> u32 {
        match self.stage {
            Stage::Accepted(settlements) => settlements.last,
            Stage::AwaitingHold { .. }
            | Stage::Held { .. }
            | Stage::Delayed { .. }
            | Stage::Referred { .. }
            | Stage::CashedOut => 0,
        }
    }

    /// Whether all of it was sold back.
    #[must_use]
    pub const fn is_cashed_out(&self) -> bool {
        matches!(self.stage, Stage::CashedOut)
    }

    /// Whether the slip is struck and has no settlement in force.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.stage {
            Stage::Accepted(settlements) => settlements.in_force.is_none(),
            Stage::AwaitingHold { .. }
            | Stage::Held { .. }
            | Stage::Delayed { .. }
            | Stage::Referred { .. }
            | Stage::CashedOut => false,
        }
    }

    /// The settlement in force, if there is one.
    #[must_use]
    pub const fn settlement_in_force(&self) -> Option<SettlementInForce> {
        match self.stage {
            Stage::Accepted(settlements) => settlements.in_force,
            Stage::AwaitingHold { .. }
            | Stage::Held { .. }
            | Stage::Delayed { .. }
            | Stage::Referred { .. }
            | Stage::CashedOut => None,
        }
    }

    /// Whether the risk is reserved in the budgets of the legs' markets.
    #[must_use]
    pub const fn is_reserved(&self) -> bool {
        match self.stage {
            Stage::AwaitingHold { short_of } | Stage::Held { short_of, .. } => short_of.is_none(),
            Stage::Delayed { .. } | Stage::Accepted(_) => true,
            Stage::Referred { .. } | Stage::CashedOut => false,
        }
    }

    /// When the slip must be looked at again by itself.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
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
            Stage::Delayed { until } | Stage::Referred { until, .. } => Some(until),
            Stage::Accepted(_) => self.delayed_cash_out().map(|delayed| delayed.until),
            Stage::AwaitingHold { short_of: None } | Stage::CashedOut => None,
        }
    }

    /// The struck legs alone.
    pub(crate) fn struck_legs(&self) -> impl Iterator<Item = &StruckLeg> {
        self.legs.iter().map(|leg| &leg.struck)
    }

    /// What was agreed on the legs besides their prices.
    pub(crate) fn leg_terms(&self) -> Vec<LegTerms> {
        self.legs.iter().map(|leg| leg.terms).collect()
    }

    /// What the legs carry.
    pub(crate) fn carried(&self) -> Vec<Option<DecidedLeg>> {
        let carried = |leg: &SlipLeg| match leg.voided {
            Some(_) => Some(self.void_leg()),
            None => leg.decided,
        };
        self.legs.iter().map(carried).collect()
    }

    /// What a leg comes to that does not count.
    pub(crate) const fn void_leg(&self) -> DecidedLeg {
        let place = if self.each_way {
            Some(PlacePart {
                result: LegResult::Void,
                fraction: PlaceTerms::WHOLE,
            })
        } else {
            None
        };
        DecidedLeg {
            result: 0,
            outcome: LegResult::Void,
            place,
            deduction: Deduction::NONE,
            starting_price: None,
        }
    }

    /// How it is put together, and the rules under which it was placed.
    #[must_use]
    pub fn terms(&self) -> SlipTerms {
        SlipTerms {
            bet_type: self.bet_type,
            sizes: self.sizes,
            each_way: self.each_way,
            rules: SettlementRules::recorded(self.rules_version),
        }
    }

    /// What it returns if all legs win.
    pub(crate) fn at_best(&self) -> Option<Money> {
        let terms = self.terms();
        let legs = self.legs.iter();
        let winners: Vec<SettledLeg> = legs
            .map(|leg| leg.terms.at_best(leg.struck.price, terms.rules))
            .collect();
        let payout = terms.settle(self.unit_stake, &winners).ok()?;
        Some(payout.returned)
    }

    /// What the slip pays if its legs came out like this; none while that is open.
    pub(crate) fn verdict(&self, legs: &[Option<DecidedLeg>]) -> Option<Verdict> {
        if legs.contains(&None) && !self.is_lost_whatever_comes(legs) {
            return None;
        }
        let settled: Vec<SettledLeg> = self
            .legs
            .iter()
            .zip(legs)
            .map(|(leg, decided)| leg.settled(*decided))
            .collect();
        let payout = self
            .terms()
            .settle(self.unit_stake, &settled)
            .expect("no outcome pays more than winning, and that was worked out at placement");
        let outcome = in_one_word(legs, &payout);
        let (returned, exact) = self
            .returned(&payout, outcome == SlipOutcome::Void)
            .expect("no more than without a token");
        Some(Verdict {
            returned,
            exact: exact.to_string(),
            outcome,
            parts: self.parts(&payout),
        })
    }

    /// Whether fewer legs are left than the smallest line needs, for the win and the place part.
    fn is_lost_whatever_comes(&self, legs: &[Option<DecidedLeg>]) -> bool {
        let smallest = match self.terms().line_sizes(legs.len()) {
            Ok(sizes) => usize::try_from(sizes.smallest()).unwrap_or(usize::MAX),
            Err(_) => return false,
        };
        let alive = |lost: fn(&DecidedLeg) -> bool| {
            let alive = legs.iter().filter(|leg| !leg.as_ref().is_some_and(lost));
            alive.count() >= smallest
        };
        let win_lost = |leg: &DecidedLeg| leg.outcome == LegResult::Lost;
        let place_lost =
            |leg: &DecidedLeg| leg.place.is_some_and(|part| part.result == LegResult::Lost);
        !(alive(win_lost) || self.each_way && alive(place_lost))
    }

    /// Nothing where the return is the product of the legs and nothing else.
    fn parts(&self, payout: &Payout) -> Option<ReturnParts> {
        (payout.lines > 1 || payout.capped_at.is_some()).then(|| ReturnParts {
            rules_version: self.rules_version,
            win: payout.win.to_string(),
            place: payout.place.to_string(),
            bonus: payout.bonus.to_string(),
            capped_at: payout.capped_at,
        })
    }
}

impl SlipLeg {
    /// The leg as the customer asked for it, at the version at which it was judged.
    pub(crate) const fn as_requested(&self) -> RequestedLeg {
        let leg = &self.struck;
        RequestedLeg {
            starting_price: self.terms.starting_price,
            selection: leg.selection,
            market: leg.market,
            fixture: leg.fixture,
            price: leg.requested_price,
            market_version: leg.market_version,
        }
    }

    /// The leg as its outcome settles it. An open one counts as void: then it is in no line that
    /// is left.
    pub(crate) fn settled(&self, decided: Option<DecidedLeg>) -> SettledLeg {
        let void = PlacePart {
            result: LegResult::Void,
            fraction: PlaceTerms::WHOLE,
        };
        match decided {
            Some(decided) => SettledLeg {
                price: decided.starting_price.unwrap_or(self.struck.price),
                result: decided.outcome,
                place: decided.place,
                deduction: decided.deduction,
            },
            None => SettledLeg {
                place: Some(void),
                ..SettledLeg::plain(self.struck.price, LegResult::Void)
            },
        }
    }
}

/// Win and place parts of a leg count by themselves.
fn in_one_word(legs: &[Option<DecidedLeg>], payout: &Payout) -> SlipOutcome {
    let parts: Vec<LegResult> = legs
        .iter()
        .flatten()
        .flat_map(|leg| [Some(leg.outcome), leg.place.map(|part| part.result)])
        .flatten()
        .collect();
    let all = |wanted: &[LegResult]| parts.iter().all(|result| wanted.contains(result));
    if payout.pays_nothing() {
        SlipOutcome::Lost
    } else if all(&[LegResult::Void]) {
        SlipOutcome::Void
    } else if all(&[LegResult::Won, LegResult::Void]) {
        SlipOutcome::Won
    } else if payout.returned > payout.stake {
        SlipOutcome::PartlyWon
    } else {
        SlipOutcome::PartlyLost
    }
}

/// What the house loses at worst on a stake that may return so much.
pub(crate) const fn liability_minor(potential_return: Money, stake: Money) -> i64 {
    potential_return.minor().saturating_sub(stake.minor())
}
