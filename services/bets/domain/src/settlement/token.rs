//! Stakes that are not the customer's own.
//!
//! Duty: how a free bet's token and cash share a stake, what the token returns, and how any amount
//! is split in proportion without losing a minor unit. Prohibition: no account moves here, and no
//! token is kept.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow, and no divisor here can be zero"
)]

use super::payout::Payout;
use super::rounding::{exactly, round_half_even};
use kernel::{Money, MoneyError};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

/// What a stake is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenStake {
    /// Of the token.
    pub token: Money,
    /// Of the customer's cash: what the token does not cover.
    pub cash: Money,
    /// What is left of the token, and lost.
    pub forfeited: Money,
}

/// What a stake that was partly a token's returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenReturn {
    /// Paid in cash.
    pub returned: Money,
    /// The same before rounding, in major units.
    pub exact: BigRational,
    /// Whether the token comes back: the whole slip was void.
    pub token_back: bool,
}

impl TokenStake {
    /// A stake paid with a token as far as that goes.
    ///
    /// # Errors
    /// Two currencies.
    pub fn new(token: Money, stake: Money) -> Result<Self, MoneyError> {
        let zero = Money::zero(stake.currency());
        let above = stake.checked_sub(token)?;
        let used = if above.minor() < 0 { stake } else { token };
        Ok(Self {
            token: used,
            cash: if above.minor() < 0 { zero } else { above },
            forfeited: token.checked_sub(used)?,
        })
    }
}

/// What a slip pays whose stake was made up so. The token's part of the stake is not returned:
/// of what it returns, that much is kept back, and never more than it returns. A slip that was
/// void throughout gives the token back and the cash.
///
/// # Errors
/// More than an amount can hold.
pub fn token_return(
    payout: &Payout,
    parts: TokenStake,
    all_void: bool,
) -> Result<TokenReturn, MoneyError> {
    let stake = exactly(payout.stake);
    let (token, cash) = (exactly(parts.token), exactly(parts.cash));
    let exact = if all_void || stake.is_zero() {
        cash
    } else {
        let of_token = &payout.exact * &token / &stake - &token;
        let of_token = if of_token.is_negative() {
            BigRational::zero()
        } else {
            of_token
        };
        &payout.exact * &cash / &stake + of_token
    };
    Ok(TokenReturn {
        returned: round_half_even(&exact, payout.stake.currency())?,
        exact,
        token_back: all_void && parts.token.is_positive(),
    })
}

/// Splits an amount in proportion to these weights. Every part but the last is rounded down; the
/// last takes what is left, so that the parts add up.
#[must_use]
pub fn split_pro_rata(amount: Money, weights: &[u64]) -> Vec<Money> {
    let total: BigInt = weights.iter().map(|weight| BigInt::from(*weight)).sum();
    let mut left = BigInt::from(amount.minor());
    let last = weights.len().saturating_sub(1);
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let part = if index == last || total.is_zero() {
            left.clone()
        } else {
            BigInt::from(amount.minor()) * BigInt::from(*weight) / &total
        };
        left -= &part;
        let minor = part.to_i64().unwrap_or(0);
        parts.push(Money::from_minor(minor, amount.currency()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::bet_type::BetType;
    use super::super::leg::LegResult;
    use super::super::payout::{SettledLeg, SlipTerms};
    use super::*;
    use kernel::Currency;
    use proptest::prelude::*;

    fn eur(text: &str) -> Money {
        Money::parse(text, Currency::Eur).unwrap()
    }

    fn single(stake: &str, price: &str, result: LegResult) -> Payout {
        let leg = SettledLeg::plain(price.parse().unwrap(), result);
        SlipTerms::of(BetType::Single)
            .settle(eur(stake), &[leg])
            .unwrap()
    }

    fn returns(token: &str, stake: &str, result: LegResult) -> TokenReturn {
        let parts = TokenStake::new(eur(token), eur(stake)).unwrap();
        let void = result == LegResult::Void;
        token_return(&single(stake, "3.5", result), parts, void).unwrap()
    }

    #[test]
    fn the_token_is_not_returned() {
        assert_eq!(returns("10", "10", LegResult::Won).returned, eur("25"));
        assert_eq!(returns("10", "10", LegResult::Lost).returned, eur("0"));
        assert_eq!(
            returns("10", "10", LegResult::HalfWon).returned,
            eur("12.5")
        );
        assert_eq!(returns("10", "10", LegResult::HalfLost).returned, eur("0"));
    }

    #[test]
    fn a_void_slip_gives_the_token_back_and_no_cash_for_it() {
        let void = returns("10", "10", LegResult::Void);
        assert_eq!((void.returned, void.token_back), (eur("0"), true));
        let mixed = returns("10", "15", LegResult::Void);
        assert_eq!((mixed.returned, mixed.token_back), (eur("5"), true));
    }

    #[test]
    fn cash_makes_up_what_the_token_does_not_cover() {
        let parts = TokenStake::new(eur("10"), eur("15")).unwrap();
        assert_eq!((parts.token, parts.cash), (eur("10"), eur("5")));
        assert_eq!(returns("10", "15", LegResult::Won).returned, eur("42.5"));
    }

    #[test]
    fn what_is_left_of_a_token_is_lost() {
        let parts = TokenStake::new(eur("10"), eur("6")).unwrap();
        assert_eq!((parts.token, parts.cash), (eur("6"), eur("0")));
        assert_eq!(parts.forfeited, eur("4"));
    }

    #[test]
    fn the_last_part_takes_what_is_left() {
        assert_eq!(
            split_pro_rata(eur("10"), &[1, 1, 1]),
            [eur("3.33"), eur("3.33"), eur("3.34")]
        );
    }

    proptest! {
        #[test]
        fn parts_add_up(
            minor in 0_i64..10_000_000,
            weights in proptest::collection::vec(0_u64..1_000, 1..9),
        ) {
            let parts = split_pro_rata(Money::from_minor(minor, Currency::Eur), &weights);
            let total: i64 = parts.iter().map(|part| part.minor()).sum();
            prop_assert_eq!(total, minor);
        }
    }
}
