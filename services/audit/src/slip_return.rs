//! What a slip returns, worked out a second time.
//!
//! Duty: from placement, terms and outcomes alone, the exact return of every kind of slip, line
//! size by line size. Prohibition: bets' own arithmetic is not used, and neither is its word on
//! what the parts come to.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "exact fractions neither overflow nor round"
)]

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use schemas::bets::{BetType, LegDecidedInFull};
use schemas::odds::{Outcome, OutcomeKind};

/// What a leg comes to that does not count.
pub(crate) const VOID: Outcome = Outcome {
    kind: OutcomeKind::Void,
    places: 1,
    tied: 1,
};

/// A leg, and what became of it; none: not known.
pub(crate) struct Leg<'a> {
    pub price: kernel::Price,
    pub outcome: Option<&'a Outcome>,
    /// Where the outcome is not all.
    pub full: Option<&'a LegDecidedInFull>,
}

/// The sizes of the lines of a slip of so many legs. Those of a system are listed.
pub(crate) fn sizes(bet_type: BetType, legs: usize, listed: &[u8]) -> Vec<usize> {
    match bet_type {
        BetType::Single | BetType::Double | BetType::Treble | BetType::Accumulator => vec![legs],
        BetType::Trixie
        | BetType::Yankee
        | BetType::Canadian
        | BetType::Heinz
        | BetType::SuperHeinz
        | BetType::Goliath
        | BetType::Block => (2..=legs).collect(),
        BetType::Patent
        | BetType::Lucky15
        | BetType::Lucky31
        | BetType::Lucky63
        | BetType::Lucky127
        | BetType::Lucky255
        | BetType::Lucky511 => (1..=legs).collect(),
        BetType::System => listed.iter().map(|size| usize::from(*size)).collect(),
    }
}

/// What a unit on every line returns; none while that depends on legs that are not decided.
pub(crate) fn of_lines(legs: &[Leg<'_>], sizes: &[usize], each_way: bool) -> Option<BigRational> {
    let mut total = of_part(legs, sizes, win_factor);
    if each_way {
        total += of_part(legs, sizes, place_factor);
    }
    let undecided = legs.iter().any(|leg| leg.outcome.is_none());
    (!undecided || total.is_zero()).then_some(total)
}

/// `sums[k]` grows to the sum of all products of k factors: each leg is in a line or is not.
fn of_part(
    legs: &[Leg<'_>],
    sizes: &[usize],
    factor: impl Fn(&Leg<'_>) -> BigRational,
) -> BigRational {
    let mut sums = vec![BigRational::zero(); legs.len().saturating_add(1)];
    sums[0] = BigRational::one();
    for leg in legs {
        let factor = factor(leg);
        for size in (1..sums.len()).rev() {
            let with_it = &sums[size - 1] * &factor;
            sums[size] += with_it;
        }
    }
    let wanted = sizes.iter().filter_map(|size| sums.get(*size));
    wanted.fold(BigRational::zero(), |sum, part| sum + part)
}

pub(crate) fn win_factor(leg: &Leg<'_>) -> BigRational {
    let Some(outcome) = leg.outcome else {
        return BigRational::one();
    };
    let (price, kept) = match leg.full {
        Some(full) => (
            full.starting_price.unwrap_or(leg.price),
            kept(full.deduction_pence),
        ),
        None => (leg.price, BigRational::one()),
    };
    factor(outcome, &(winnings(price) * kept))
}

fn place_factor(leg: &Leg<'_>) -> BigRational {
    let Some((full, place)) = leg
        .full
        .and_then(|full| Some((full, full.place.as_ref()?)))
        .filter(|_| leg.outcome.is_some())
    else {
        return BigRational::one();
    };
    let price = full.starting_price.unwrap_or(leg.price);
    let part = BigRational::new(place.numerator.into(), place.denominator.max(1).into());
    factor(
        &place.outcome,
        &(winnings(price) * part * kept(full.deduction_pence)),
    )
}

fn winnings(price: kernel::Price) -> BigRational {
    let decimal = BigRational::new(price.numerator().into(), price.denominator().into());
    decimal - BigRational::one()
}

/// The part of the winnings that a deduction leaves.
fn kept(pence: u8) -> BigRational {
    BigRational::new(BigInt::from(100) - BigInt::from(pence), BigInt::from(100))
}

/// What one unit becomes, if winning adds `winnings` to it.
fn factor(outcome: &Outcome, winnings: &BigRational) -> BigRational {
    let one = BigRational::one;
    let half = BigRational::new(1.into(), 2.into());
    match outcome.kind {
        OutcomeKind::Won => one() + winnings,
        OutcomeKind::Lost => BigRational::zero(),
        OutcomeKind::Void => one(),
        OutcomeKind::HalfWon => one() + winnings * half,
        OutcomeKind::HalfLost => half,
        OutcomeKind::DeadHeat => {
            let tied = outcome.tied.max(1);
            (one() + winnings) * BigRational::new(outcome.places.min(tied).into(), tied.into())
        }
    }
}

/// To the nearest whole number, halves to the even one.
pub(crate) fn half_even(exact: &BigRational) -> BigInt {
    let floor = exact.floor().to_integer();
    let rest = exact - BigRational::from_integer(floor.clone());
    let half = BigRational::new(1.into(), 2.into());
    let up = match rest.cmp(&half) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => (&floor % BigInt::from(2)).abs().is_one(),
    };
    if up { floor + 1 } else { floor }
}
