//! What a slip pays: the arithmetic alone.
//!
//! Duty: turn prices and leg results into one exact amount, and that into money, once per slip.
//! Prohibition: nothing here knows a market, a customer or a moment; lines are counted and
//! summed, never listed, so that a goliath costs no more than its eight legs.

mod bet_type;
mod leg;
mod payout;
mod rounding;
#[cfg(test)]
mod vectors;

pub use bet_type::{ACCUMULATOR_LEGS_MAX, BetType, UnknownBetType};
pub use leg::{Deduction, LegResult, PlaceTerms, ResultCodeError, TermsError};
pub use payout::{Payout, SettleError, SettledLeg, factor_sum, settle, stake_for_return};
pub use rounding::{plain_decimal, round_half_even};
