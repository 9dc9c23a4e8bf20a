//! What is decided about promotions, and how returns are divided.

use super::{Bonus, FreeBet, Promotion, StakeParts};
use crate::settlement::split_pro_rata;
use kernel::{BetId, CustomerId, Money};

/// One fact. Each tells the promotion as it is afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionEvent {
    /// A token was given.
    FreeBetGranted {
        /// To whom.
        customer: CustomerId,
        /// The token.
        free_bet: FreeBet,
    },
    /// Bonus money was given.
    BonusGranted {
        /// To whom.
        customer: CustomerId,
        /// How much, and on which conditions.
        bonus: Bonus,
    },
    /// The slip that was just placed is staked with a promotion.
    StakeFunded {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// What the stake is made of.
        stake: StakeParts,
        /// What the stake leaves of a token.
        forfeited: Money,
        /// With what.
        promotion: Promotion,
    },
    /// The slip that was just rejected gives back what it took.
    FundingReleased {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// What the stake was made of.
        stake: StakeParts,
        /// What else moves.
        conversion: Conversion,
        /// To what.
        promotion: Promotion,
    },
    /// Where the return of the settlement before goes.
    ReturnDivided {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The settlement's number.
        settlement: u32,
        /// What the stake was made of.
        stake: StakeParts,
        /// Where the return goes.
        division: Division,
        /// What else moves.
        conversion: Conversion,
        /// The promotion.
        promotion: Promotion,
    },
    /// From where the return of the settlement that was just reversed comes back.
    DivisionReversed {
        /// The slip.
        bet: BetId,
        /// Whose.
        customer: CustomerId,
        /// The settlement's number.
        settlement: u32,
        /// What the stake is made of.
        stake: StakeParts,
        /// Where the return had gone, which is taken from there.
        division: Division,
        /// What else moves.
        conversion: Conversion,
        /// The promotion.
        promotion: Promotion,
    },
    /// Bonus money has come to its end.
    BonusLapsed {
        /// Whose.
        customer: CustomerId,
        /// How much of it.
        lapsed: Money,
        /// What is left of it.
        bonus: Bonus,
    },
}

/// Where a return goes: both together are the return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// To the customer's cash.
    pub to_cash: Money,
    /// To the bonus money.
    pub to_bonus: Money,
    /// What counts towards the wagering.
    pub wagered: Money,
}

/// What else moves because of that: out of the bonus money, or back to it where it is below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// To cash, because the wagering is done, or is not done any more.
    pub converted: Money,
    /// To the house: what is beyond the most that becomes cash, what the house had advanced, or a
    /// token that goes back.
    pub to_house: Money,
}

impl Conversion {
    pub(super) const fn to_house(money: Money) -> Self {
        Self {
            converted: Money::zero(money.currency()),
            to_house: money,
        }
    }
}

impl Division {
    /// The return of a stake with bonus money: cash rounded down, bonus money taking what is left.
    /// All of the stake counts towards the wagering, unless nothing was risked.
    pub(super) fn in_proportion(returned: Money, stake: StakeParts, is_void: bool) -> Self {
        let weights = [stake.cash, stake.promotional].map(|part| part.minor().unsigned_abs());
        let nothing = Money::zero(returned.currency());
        let staked = stake.cash.minor().saturating_add(stake.promotional.minor());
        let (to_cash, to_bonus) = match split_pro_rata(returned, &weights)[..] {
            [cash, promotional] => (cash, promotional),
            _ => (returned, nothing),
        };
        let wagered = if is_void { 0 } else { staked };
        Self {
            to_cash,
            to_bonus,
            wagered: Money::from_minor(wagered, returned.currency()),
        }
    }
}
