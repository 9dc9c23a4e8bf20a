//! From exact amounts to money and to text.
//!
//! Duty: the one place where a fraction of a minor unit is decided. Prohibition: nothing else in
//! the project rounds money; this is called once per slip, on its total.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "unbounded integers do not overflow, and a rational's denominator is never zero"
)]

use super::rules::Rounding;
use kernel::{Currency, Money, MoneyError};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive};
use std::cmp::Ordering;

/// The amount that `exact` major units come to by this rule.
///
/// # Errors
/// More than an amount can hold.
pub fn round(
    exact: &BigRational,
    currency: Currency,
    rounding: Rounding,
) -> Result<Money, MoneyError> {
    match rounding {
        Rounding::HalfEven => round_half_even(exact, currency),
        Rounding::Floor => {
            let minor = exact * BigRational::from(BigInt::from(10).pow(currency.exponent()));
            let below = minor.floor().to_integer();
            let below = below.to_i64().ok_or(MoneyError::Overflow)?;
            Ok(Money::from_minor(below, currency))
        }
    }
}

/// The amount nearest to `exact` major units; from the middle between two, the even one.
///
/// # Errors
/// More than an amount can hold.
pub fn round_half_even(exact: &BigRational, currency: Currency) -> Result<Money, MoneyError> {
    let minor = exact * BigRational::from(BigInt::from(10).pow(currency.exponent()));
    let (below, rest): (BigInt, BigInt) = minor.numer().div_mod_floor(minor.denom());
    let up = match (rest * 2_i32).cmp(minor.denom()) {
        Ordering::Less => false,
        Ordering::Equal => below.is_odd(),
        Ordering::Greater => true,
    };
    let nearest = if up { below + BigInt::one() } else { below };
    let nearest = nearest.to_i64().ok_or(MoneyError::Overflow)?;
    Ok(Money::from_minor(nearest, currency))
}

/// The amount without zeros that say nothing: `15`, `13.3`, `202.84`.
#[must_use]
pub fn plain_decimal(amount: Money) -> String {
    let text = amount.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// An amount in major units, exactly.
pub(super) fn exactly(amount: Money) -> BigRational {
    BigRational::new(
        BigInt::from(amount.minor()),
        BigInt::from(10).pow(amount.currency().exponent()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounded(numerator: i64, denominator: i64, currency: Currency) -> i64 {
        let exact = BigRational::new(numerator.into(), denominator.into());
        round_half_even(&exact, currency).unwrap().minor()
    }

    #[test]
    fn the_middle_goes_to_the_even_neighbour() {
        for (thousandths, cents) in [
            (4, 0),
            (5, 0),
            (6, 1),
            (14, 1),
            (15, 2),
            (25, 2),
            (26, 3),
            (-5, 0),
            (-15, -2),
            (-25, -2),
        ] {
            assert_eq!(rounded(thousandths, 1000, Currency::Eur), cents);
        }
    }

    #[test]
    fn rounding_down_never_gives_more() {
        for (thousandths, cents) in [(4, 0), (9, 0), (10, 1), (19, 1), (-1, -1)] {
            let exact = BigRational::new(thousandths.into(), 1000.into());
            let down = round(&exact, Currency::Eur, Rounding::Floor).unwrap();
            assert_eq!(down.minor(), cents, "{thousandths}");
        }
    }

    #[test]
    fn the_minor_unit_is_the_currency_s() {
        assert_eq!(rounded(5, 2, Currency::Jpy), 2);
        assert_eq!(rounded(7, 2, Currency::Jpy), 4);
        assert_eq!(rounded(1, 3, Currency::Kwd), 333);
    }

    #[test]
    fn an_amount_beyond_the_largest_is_an_error() {
        let exact = BigRational::from(BigInt::from(10).pow(20));
        assert_eq!(
            round_half_even(&exact, Currency::Eur),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn plain_decimals_lose_only_empty_digits() {
        for (minor, text) in [
            (1_500, "15"),
            (1_330, "13.3"),
            (20_284, "202.84"),
            (0, "0"),
            (10, "0.1"),
        ] {
            let amount = Money::from_minor(minor, Currency::Eur);
            assert_eq!(plain_decimal(amount), text);
        }
        assert_eq!(
            plain_decimal(Money::from_minor(1_500, Currency::Jpy)),
            "1500"
        );
    }

    proptest! {
        #[test]
        fn rounding_moves_by_half_a_unit_at_most(n in any::<i32>(), d in 1_i64..1_000_000) {
            let exact = BigRational::new(n.into(), d.into());
            let near = exactly(round_half_even(&exact, Currency::Eur).unwrap());
            let moved = near - exact;
            let half_cent = BigRational::new(1.into(), 200.into());
            prop_assert!(moved <= half_cent && -half_cent <= moved);
        }

        #[test]
        fn whole_units_stay(minor in any::<i64>()) {
            let amount = Money::from_minor(minor, Currency::Eur);
            prop_assert_eq!(round_half_even(&exactly(amount), Currency::Eur), Ok(amount));
        }
    }
}
