//! Why a slip is not struck: one variant for each broken rule, with the data for the next step.

use crate::own_limit::OwnLimit;
use kernel::{
    BetId, Currency, FixtureId, FreeBetId, MarketId, Money, Price, SelectionId, Timestamp,
};

/// The rule that a slip breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A price has moved in a way that the policy does not cover.
    #[error("a price has changed")]
    PriceChanged {
        /// Every leg whose price moved out of the policy, as it stands now.
        offered: Vec<OfferedPrice>,
    },
    /// A market is suspended, or was since the slip was placed.
    #[error("{market} is suspended")]
    MarketSuspended {
        /// Which.
        market: MarketId,
    },
    /// A market is closed, settled or being settled.
    #[error("{market} is closed")]
    MarketClosed {
        /// Which.
        market: MarketId,
    },
    /// No such selection, or it has no price.
    #[error("{selection} cannot be bet on")]
    SelectionUnavailable {
        /// Which.
        selection: SelectionId,
    },
    /// The picture of prices is too old to accept on, or older than the customer's.
    #[error("the picture of prices is too old")]
    PricesStale {
        /// The newest sign of life of the prices looked at.
        newest_at: Option<Timestamp>,
    },
    /// The stake is above what is allowed.
    #[error("the stake is above the limit")]
    StakeAboveLimit {
        /// The most that would be allowed now.
        maximum: Money,
    },
    /// The stake is above what a limit of the customer's own leaves.
    #[error("the stake is above what the customer's own limit leaves")]
    StakeAboveOwnLimit {
        /// Which limit: of all that apply, the one that leaves least.
        limit: OwnLimit,
        /// The most that would be allowed now on one line.
        maximum: Money,
        /// What the limit leaves for the whole slip.
        left: Money,
        /// When its window is over; none: it looks at one slip alone.
        resets_at: Option<Timestamp>,
    },
    /// The stake is below the least.
    #[error("the stake is below the minimum")]
    StakeBelowMinimum {
        /// The least.
        minimum: Money,
    },
    /// The account does not hold the stake.
    #[error("the account does not hold the stake")]
    InsufficientFunds {
        /// What it holds.
        available: Money,
    },
    /// The customer is excluded.
    #[error("the customer is excluded")]
    CustomerExcluded {
        /// Until then.
        until: Timestamp,
    },
    /// Betting is forbidden to the customer.
    #[error("betting is forbidden to the customer")]
    CustomerRestricted,
    /// Two legs depend on each other.
    #[error("two legs are of {fixture}")]
    LegsRelated {
        /// The fixture that both are of.
        fixture: FixtureId,
    },
    /// The number of legs does not suit the type.
    #[error("the type takes {expected_min} to {expected_max} legs, not {got}")]
    LegsDoNotFitType {
        /// The fewest.
        expected_min: usize,
        /// The most.
        expected_max: usize,
        /// What was given.
        got: usize,
    },
    /// The book cannot risk more on a market.
    #[error("{market} has no room for this risk")]
    ExposureReached {
        /// Which.
        market: MarketId,
    },
    /// Each-way is not offered on these legs.
    #[error("each-way is not offered")]
    EachWayNotOffered,
    /// The stake's currency is not the market's or not the account's.
    #[error("the stake must be in {expected}")]
    CurrencyMismatch {
        /// What it must be.
        expected: Currency,
    },
    /// Line sizes that the legs or the type do not have.
    #[error("the type or its {legs} legs do not have lines of these sizes")]
    SizesDoNotFit {
        /// How many legs there are.
        legs: usize,
    },
    /// Only races have starting prices.
    #[error("{market} has no starting prices")]
    StartingPriceNotOffered {
        /// Which.
        market: MarketId,
    },
    /// A handicap in play counts from the score, and that is not known.
    #[error("the score of {market} is not known")]
    ScoreUnknown {
        /// Which.
        market: MarketId,
    },
    /// A stake factor that is none, or a scope that there is not.
    #[error("the factor is not allowed: {detail}")]
    FactorNotAllowed {
        /// Why.
        detail: &'static str,
    },
    /// The account does not take debits.
    #[error("the account does not take debits")]
    AccountBlocked,
    /// Nothing of that name is offered to the customer, or is known to have been.
    #[error("{reoffer} is not offered")]
    ReofferUnknown {
        /// What was named.
        reoffer: BetId,
    },
    /// The re-offer has ended.
    #[error("the re-offer has ended")]
    ReofferExpired {
        /// Its end.
        until: Timestamp,
    },
    /// The re-offer was accepted before.
    #[error("the re-offer was accepted as {bet}")]
    ReofferTaken {
        /// The bet that was made of it.
        bet: BetId,
    },
    /// The slip does not wait for a trader, or not any more.
    #[error("{bet} does not wait for a trader")]
    ReferralUnknown {
        /// Which.
        bet: BetId,
    },
    /// The ledger has not answered for the stake of a slip that waits for a trader.
    #[error("the stake of {bet} is not held yet")]
    StakeNotHeld {
        /// Which.
        bet: BetId,
    },
    /// A trader has declined.
    #[error("a trader has declined")]
    ReferralDeclined,
    /// No trader has answered in time.
    #[error("no trader has answered in time")]
    ReferralLapsed,
    /// The customer has not said that a part is accepted.
    #[error("the customer does not accept a part of the stake")]
    PartNotAgreed,
    /// The customer has no such slip.
    #[error("the customer has no such bet")]
    BetUnknown,
    /// The slip is not struck yet, or is over: settled or sold back.
    #[error("the bet is not open")]
    BetNotOpen,
    /// Slips of this kind, or on such legs, are not bought back.
    #[error("this bet is not bought back")]
    CashOutNotOffered,
    /// The quote is not the slip's newest, or was taken.
    #[error("the quote is not the bet's newest, or was taken")]
    CashOutQuoteUnknown,
    /// The quote is too old.
    #[error("the quote has expired")]
    CashOutQuoteExpired {
        /// Its last moment.
        expired_at: Timestamp,
    },
    /// The slip is worth less now than the quote says.
    #[error("the bet is worth less now")]
    CashOutValueFell {
        /// What would be paid for all of it now.
        offered: Money,
    },
    /// A quote was taken and its delay runs.
    #[error("a cash-out of the bet waits for its delay")]
    CashOutPending {
        /// The end of the delay.
        until: Timestamp,
    },
    /// What would be sold or paid rounds to nothing.
    #[error("what would be sold or paid rounds to nothing")]
    CashOutTooSmall,
    /// The customer has no such token.
    #[error("the customer has no {free_bet}")]
    FreeBetUnknown {
        /// Which.
        free_bet: FreeBetId,
    },
    /// The token's time is over.
    #[error("the token's time is over")]
    FreeBetExpired {
        /// Since when.
        expired_at: Timestamp,
    },
    /// The token is staked on a bet, or was.
    #[error("{free_bet} was used")]
    FreeBetUsed {
        /// Which.
        free_bet: FreeBetId,
    },
    /// A price is below what the token or the bonus money asks for.
    #[error("the price of {selection} is below {minimum}")]
    PriceBelowMinimum {
        /// Of this selection.
        selection: SelectionId,
        /// What is asked for.
        minimum: Price,
    },
    /// There is not so much bonus money.
    #[error("there is not so much bonus money")]
    BonusInsufficient {
        /// What can be staked.
        available: Money,
    },
    /// More is given at once than the house allows, or nothing.
    #[error("so much is not given at once")]
    GrantNotAllowed {
        /// The most.
        maximum: Money,
    },
    /// What is given would have ended already.
    #[error("what is given would have ended already")]
    GrantEnded {
        /// When.
        ended_at: Timestamp,
    },
    /// A slip that a promotion pays for is taken whole and ends by its result: no part of it is
    /// taken, offered or sold.
    #[error("a promotion pays for {bet}, which is taken whole and ends by its result")]
    PromotionalInWhole {
        /// Which.
        bet: BetId,
    },
}

/// A price on offer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPrice {
    /// Of this selection.
    pub selection: SelectionId,
    /// The price.
    pub price: Price,
    /// The version of the market that quotes it.
    pub market_version: u64,
}
