//! What a slip pays: the arithmetic alone.
//!
//! Duty: turn prices and leg results into one exact amount, and that into money, once per slip, by
//! the version of the house's rules under which it was placed. Prohibition: nothing here knows a
//! market, a customer or a clock; lines are counted and summed, never listed, so that a goliath
//! costs no more than its eight legs.
//!
//! Read `rules` for what a house may choose; then how a leg comes to its result (`score`, `race`,
//! `rule4`), its factor (`leg`), and the slip to its return (`payout`). `cash_out` and `token` are
//! what a slip is worth before its end and with a stake that is not the customer's own.

mod bet_type;
mod cash_out;
mod leg;
mod odds_format;
mod payout;
mod race;
mod rounding;
mod rule4;
mod rules;
mod score;
mod sizes;
mod token;
#[cfg(test)]
mod vectors;

pub use bet_type::{ACCUMULATOR_LEGS_MAX, BetType, SYSTEM_LEGS_MAX, UnknownBetType};
pub use cash_out::{
    CashOutLeg, CashOutValue, Chances, Margin, MarginError, booksum_billionths, cash_out_value,
    stake_sold,
};
pub use leg::{Deduction, LegResult, PlaceTerms, ResultCodeError, TermsError, VoidFactor};
pub use odds_format::{Fractional, OddsFormat, OddsFormatError, UnknownOddsFormat, read_odds};
pub use payout::{Payout, SettleError, SettledLeg, SlipTerms, factor_sum};
pub use race::{EachWayTerms, PlacePart, Placing};
pub use rounding::{plain_decimal, round, round_half_even};
pub use rule4::Withdrawal;
pub use rules::{
    Bonus, DeductionRow, HandicapInPlay, PlaceRow, Rounding, SettlementRules, TooFewRunners,
};
pub use score::{LineSide, LineTerms, Score};
pub use sizes::{Sizes, SizesError};
pub use token::{TokenReturn, TokenStake, split_pro_rata, token_return};
