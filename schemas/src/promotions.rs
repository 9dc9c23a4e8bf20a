//! Free bets and bonus money on the wire: parts of the messages of bets.
//!
//! Amounts that a promotion has or moves are in its currency. Each event that changes a promotion
//! tells all of it as it is afterwards, so that a reader needs no sum of its own.

use crate::wire;
use kernel::{BetId, BonusId, CustomerId, FreeBetId, Money, Price, Timestamp};

wire! {
    /// What pays a stake, where that is not cash alone.
    union StakeSource {
        /// A token, and cash for what it does not cover.
        TokenStake(TokenStake),
        /// Bonus money, and cash for what it does not cover where that is allowed.
        BonusStake(BonusStake),
    }
    /// See [`StakeSource`].
    record TokenStake { free_bet: FreeBetId }
    /// See [`StakeSource`].
    record BonusStake { cash_allowed: bool }

    /// Give a token for one bet. The id was minted by whoever sends this. `price_min`: no leg of the
    /// bet may have a lower price.
    record GrantFreeBet {
        free_bet: FreeBetId,
        customer: CustomerId,
        value: Money,
        price_min: Option<Price>,
        stake_returned: bool,
        expires_at: Timestamp,
        reason: String,
        by: String,
    }

    /// Give bonus money. It becomes cash, at most `converted_max`, once `wagering_times` the amount
    /// was staked with it.
    record GrantBonus {
        bonus: BonusId,
        customer: CustomerId,
        amount: Money,
        wagering_times: u16,
        price_min: Option<Price>,
        converted_max: Option<Money>,
        expires_at: Timestamp,
        reason: String,
        by: String,
    }

    /// A token for one bet. `used_by`: bets that it is staked on, or was; a bet that was void or
    /// rejected is not among them any more.
    record FreeBet {
        free_bet: FreeBetId,
        value: Money,
        price_min: Option<Price>,
        stake_returned: bool,
        expires_at: Timestamp,
        reason: String,
        granted_by: String,
        granted_at: Timestamp,
        used_by: Vec<BetId>,
    }

    /// Bonus money. `worth`: the amount less stakes and what has lapsed, plus returns; below zero
    /// after a reversal of what was staked again already, which the house advances. `available`: what
    /// stands on the bonus account and can be staked. `wagered`: stakes of the settlements in force.
    record Bonus {
        bonus: BonusId,
        amount: Money,
        wagering_required: Money,
        price_min: Option<Price>,
        converted_max: Option<Money>,
        expires_at: Timestamp,
        reason: String,
        granted_by: String,
        granted_at: Timestamp,
        worth: Money,
        available: Money,
        wagered: Money,
        converted: Money,
        lapses: u32,
        open_slips: u32,
    }

    /// One or the other, after the event.
    union Promotion { FreeBet(FreeBet), Bonus(Bonus) }

    /// What a stake is made of: the customer's cash, and what the promotion pays.
    record StakeParts { cash: Money, promotional: Money }

    /// See [`crate::bets::Event`].
    record FreeBetGranted { customer: CustomerId, free_bet: FreeBet }
    /// See [`crate::bets::Event`].
    record BonusGranted { customer: CustomerId, bonus: Bonus }
    /// See [`crate::bets::Event`]. `forfeited`: what the stake leaves of a token.
    record StakeFunded { bet: BetId, customer: CustomerId, stake: StakeParts, forfeited: Money, promotion: Promotion }
    /// See [`crate::bets::Event`].
    record FundingReleased { bet: BetId, customer: CustomerId, stake: StakeParts, conversion: Conversion, promotion: Promotion }
    /// See [`crate::bets::Event`].
    record ReturnDivided {
        bet: BetId,
        customer: CustomerId,
        settlement: u32,
        stake: StakeParts,
        division: Division,
        conversion: Conversion,
        promotion: Promotion,
    }
    /// What a return becomes: the first two add up to it. `wagered`: how much nearer the settlement
    /// brings the end of the wagering.
    record Division { to_cash: Money, to_bonus: Money, wagered: Money }
    /// What else moves, out of the bonus money, or back to it where it is below zero. `converted`: to
    /// cash, because the wagering is done or is not done any more. `to_house`: what is beyond the most
    /// that becomes cash, what the house had advanced, or a token that goes back.
    record Conversion { converted: Money, to_house: Money }
    /// See [`crate::bets::Event`]. `division` as it was; `conversion` as it follows now.
    record DivisionReversed {
        bet: BetId,
        customer: CustomerId,
        settlement: u32,
        stake: StakeParts,
        division: Division,
        conversion: Conversion,
        promotion: Promotion,
    }
    /// See [`crate::bets::Event`].
    record BonusLapsed { customer: CustomerId, lapsed: Money, bonus: Bonus }
}
