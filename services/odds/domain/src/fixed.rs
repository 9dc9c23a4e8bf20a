//! Exponentials of scaled integers.
//!
//! Duty: e to the x for x of 0 to 8, the same bits on every machine, never falling where x rises.
//! Prohibition: no floats; what is computed here enters decisions.

/// Binary places behind the point.
const PLACES: u32 = 50;
/// One.
pub(crate) const ONE: i128 = 1_i128 << PLACES;
/// The largest x; beyond it counts as it.
pub(crate) const MOST: i128 = 8 * ONE;
/// x is halved so often before the series, and the result squared as often.
const HALVINGS: u32 = 6;
/// Terms of the series: at an eighth the next one is below a unit in the last place.
const TERMS: i128 = 14;

/// e to the `x / ONE`, in units of `1 / ONE`. Every step rounds down and none ever falls where x
/// rises, so neither does the result.
pub(crate) fn exponential(x: i128) -> i128 {
    let part = x.clamp(0, MOST) >> HALVINGS;
    let series = (1..=TERMS).rev().fold(ONE, |sum, term| {
        product(part, sum)
            .checked_div(term)
            .unwrap_or(0)
            .saturating_add(ONE)
    });
    (0..HALVINGS).fold(series, |power, _| product(power, power))
}

/// Both factors are below 2^62, so the product fits.
const fn product(left: i128, right: i128) -> i128 {
    left.saturating_mul(right) >> PLACES
}

#[cfg(test)]
#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "compared with floats, in tests"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends() {
        assert_eq!(exponential(0), ONE);
        assert_eq!(exponential(-ONE), ONE);
        assert_eq!(exponential(MOST), exponential(MOST.saturating_mul(2)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn is_the_exponential(x in 0..MOST, step in 0_i128..1_000_000) {
            let value = exponential(x) as f64 / ONE as f64;
            let expected = (x as f64 / ONE as f64).exp();
            prop_assert!((value / expected - 1.0).abs() < 2e-12, "{value} {expected}");
            prop_assert!(exponential(x.saturating_add(step)) >= exponential(x));
        }
    }
}
