//! From a settlement's row to an outcome.
//!
//! Duty: the five rows of result and void factor, and dead heats. Whatever the documentation does not
//! list is refused. Prohibition: no guess: an undecided row is no outcome.

use schemas::odds::{Outcome, OutcomeKind};

/// Most that share places in a dead heat.
const TIED_MAX: u16 = 1_000;

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Neither -1, 0 nor 1.
    #[error("{0:?} is no result")]
    Result(String),
    /// Neither 0.5 nor 1.0.
    #[error("{0:?} is no void factor")]
    VoidFactor(String),
    /// Not in the table.
    #[error("a result of {result} does not go with a void factor of {void_factor}")]
    Pair {
        /// The result.
        result: String,
        /// The void factor.
        void_factor: String,
    },
    /// Not above 0 and at most 1, or not with a plain win.
    #[error("{0:?} is no dead-heat factor here")]
    DeadHeat(String),
}

/// What became of a selection; `None` while it is undecided.
///
/// # Errors
/// A row that the table does not have.
pub fn outcome(
    result: &str,
    void_factor: Option<&str>,
    dead_heat_factor: Option<&str>,
) -> Result<Option<Outcome>, FactorError> {
    let won = match result {
        "-1" => return Ok(None),
        "0" => false,
        "1" => true,
        other => return Err(FactorError::Result(other.to_owned())),
    };
    if let Some(factor) = dead_heat_factor {
        let refused = || FactorError::DeadHeat(factor.to_owned());
        if !won || void_factor.is_some() {
            return Err(refused());
        }
        return Ok(Some(shared(factor).ok_or_else(refused)?));
    }
    let Some(factor) = void_factor else {
        return Ok(Some(plain(if won {
            OutcomeKind::Won
        } else {
            OutcomeKind::Lost
        })));
    };
    let refused = || FactorError::VoidFactor(factor.to_owned());
    match (won, decimal(factor).ok_or_else(refused)?) {
        (false, (1, 1)) => Ok(Some(plain(OutcomeKind::Void))),
        (true, (1, 2)) => Ok(Some(plain(OutcomeKind::HalfWon))),
        (false, (1, 2)) => Ok(Some(plain(OutcomeKind::HalfLost))),
        (true, (1, 1)) => Err(FactorError::Pair {
            result: result.to_owned(),
            void_factor: factor.to_owned(),
        }),
        (true | false, _) => Err(refused()),
    }
}

const fn plain(kind: OutcomeKind) -> Outcome {
    Outcome {
        kind,
        places: 1,
        tied: 1,
    }
}

/// A decimal in lowest terms.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (numerator, digits) = digits(text)?;
    let denominator = 10_u64.checked_pow(digits)?;
    let divisor = greatest_common_divisor(numerator, denominator);
    Some((
        numerator.checked_div(divisor)?,
        denominator.checked_div(divisor)?,
    ))
}

/// A decimal as a whole number of its last place, and how many places there are: nine at most, to
/// which it is rounded.
fn digits(text: &str) -> Option<(u64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !plain(whole) || !plain(fraction) {
        return None;
    }
    let kept: String = fraction.chars().take(9).collect();
    let count = u32::try_from(kept.len()).ok()?;
    let number: u64 = format!("{whole}{kept}").parse().ok()?;
    let up = fraction
        .as_bytes()
        .get(9)
        .is_some_and(|digit| *digit >= b'5');
    Some((number.checked_add(u64::from(up))?, count))
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    if a == 0 { 1 } else { a }
}

/// The factor as places to tied: the ratio with the fewest tied that rounds to it.
fn shared(factor: &str) -> Option<Outcome> {
    let (numerator, digits) = digits(factor)?;
    let unit = 10_u64.checked_pow(digits)?;
    if numerator == 0 || numerator > unit {
        return None;
    }
    if numerator == unit {
        return Some(plain(OutcomeKind::Won));
    }
    for tied in 2..=TIED_MAX {
        // places / tied is nearest to numerator / unit for places = round(numerator * tied / unit).
        let scaled = numerator.checked_mul(u64::from(tied))?;
        let places = scaled
            .checked_add(unit.checked_div(2)?)?
            .checked_div(unit)?;
        let exact = places.checked_mul(unit)?;
        let off = scaled.abs_diff(exact);
        // Off by less than half of the last place: |places/tied - factor| < 1 / (2 unit).
        let near = off == 0 || off.checked_mul(2)? < u64::from(tied);
        if near && places > 0 && places < u64::from(tied) {
            return Some(Outcome {
                kind: OutcomeKind::DeadHeat,
                places: u16::try_from(places).ok()?,
                tied,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(result: &str, void_factor: Option<&str>) -> Option<OutcomeKind> {
        let outcome = outcome(result, void_factor, None).unwrap()?;
        Some(outcome.kind)
    }

    #[test]
    fn the_five_rows_and_the_undecided() {
        assert_eq!(kind("0", None), Some(OutcomeKind::Lost));
        assert_eq!(kind("1", None), Some(OutcomeKind::Won));
        assert_eq!(kind("0", Some("1.0")), Some(OutcomeKind::Void));
        assert_eq!(kind("1", Some("0.5")), Some(OutcomeKind::HalfWon));
        assert_eq!(kind("0", Some("0.5")), Some(OutcomeKind::HalfLost));
        assert_eq!(kind("-1", None), None);
    }

    #[test]
    fn a_factor_is_a_number_however_it_is_written() {
        assert_eq!(kind("0", Some("1")), Some(OutcomeKind::Void));
        assert_eq!(kind("0", Some("0.50")), Some(OutcomeKind::HalfLost));
    }

    #[test]
    fn other_rows_are_refused() {
        for (result, factor) in [
            ("1", Some("1.0")),
            ("0", Some("0.25")),
            ("0", Some("0")),
            ("0", Some("-0.5")),
            ("0", Some("half")),
            ("0", Some("")),
            ("2", None),
            ("", None),
        ] {
            assert!(
                outcome(result, factor, None).is_err(),
                "{result} {factor:?}"
            );
        }
    }

    #[test]
    fn dead_heats_share_places() {
        for (factor, places, tied) in [
            ("0.5", 1, 2),
            ("0.3333333333333333", 1, 3),
            ("0.33", 1, 3),
            ("0.67", 2, 3),
            ("0.6666666666666666", 2, 3),
            ("0.25", 1, 4),
            ("0.2", 1, 5),
            ("0.75", 3, 4),
            ("0.14285714", 1, 7),
        ] {
            let shared = outcome("1", None, Some(factor)).unwrap().unwrap();
            assert_eq!(shared.kind, OutcomeKind::DeadHeat);
            assert_eq!((shared.places, shared.tied), (places, tied), "{factor}");
        }
        let whole = outcome("1", None, Some("1.0")).unwrap().unwrap();
        assert_eq!(whole.kind, OutcomeKind::Won);
    }

    #[test]
    fn a_dead_heat_needs_a_plain_win_and_a_part() {
        for (result, void_factor, factor) in [
            ("0", None, "0.5"),
            ("1", Some("0.5"), "0.5"),
            ("1", None, "0"),
            ("1", None, "1.5"),
            ("1", None, "-1"),
        ] {
            assert!(outcome(result, void_factor, Some(factor)).is_err());
        }
    }
}
