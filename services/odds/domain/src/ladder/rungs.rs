//! The rungs of each ladder.
//!
//! Duty: which prices a ladder has and which of them lies at or below a ratio, in integers.
//! Prohibition: no floats.

use super::Ladder;
use kernel::Price;
use std::cmp::Ordering;

/// Upper end of a band and the step below it, in hundredths.
const CLASSIC_BANDS: [(i64, i64); 10] = [
    (200, 1),
    (300, 2),
    (400, 5),
    (600, 10),
    (1_000, 20),
    (2_000, 50),
    (3_000, 100),
    (5_000, 200),
    (10_000, 500),
    (100_000, 1_000),
];

/// Lowest and highest price of the decimal ladders, in hundredths.
const LOWEST: i64 = 101;
const HIGHEST: i64 = 100_000;

/// Winnings for a stake, as the house writes them (4/6, not 2/3), lowest first.
pub const HOUSE_FRACTIONS: &[(i64, i64)] = &[
    (1, 100),
    (1, 66),
    (1, 50),
    (1, 40),
    (1, 33),
    (1, 25),
    (1, 20),
    (1, 16),
    (1, 14),
    (1, 12),
    (1, 10),
    (1, 9),
    (1, 8),
    (1, 7),
    (2, 13),
    (1, 6),
    (2, 11),
    (1, 5),
    (2, 9),
    (1, 4),
    (2, 7),
    (3, 10),
    (1, 3),
    (4, 11),
    (2, 5),
    (4, 9),
    (1, 2),
    (8, 15),
    (4, 7),
    (8, 13),
    (4, 6),
    (8, 11),
    (4, 5),
    (5, 6),
    (10, 11),
    (20, 21),
    (1, 1),
    (21, 20),
    (11, 10),
    (6, 5),
    (5, 4),
    (11, 8),
    (6, 4),
    (13, 8),
    (7, 4),
    (15, 8),
    (2, 1),
    (85, 40),
    (9, 4),
    (5, 2),
    (11, 4),
    (3, 1),
    (100, 30),
    (7, 2),
    (4, 1),
    (9, 2),
    (5, 1),
    (11, 2),
    (6, 1),
    (13, 2),
    (7, 1),
    (15, 2),
    (8, 1),
    (17, 2),
    (9, 1),
    (10, 1),
    (11, 1),
    (12, 1),
    (14, 1),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (25, 1),
    (28, 1),
    (33, 1),
    (40, 1),
    (50, 1),
    (66, 1),
    (80, 1),
    (100, 1),
    (125, 1),
    (150, 1),
    (200, 1),
    (250, 1),
    (300, 1),
    (400, 1),
    (500, 1),
    (1_000, 1),
];

/// The price of such a fraction.
fn of_fraction(fraction: (i64, i64)) -> Option<Price> {
    let (winnings, stake) = fraction;
    Price::ratio(winnings.saturating_add(stake), stake).ok()
}

fn of_hundredths(hundredths: i64) -> Option<Price> {
    Price::ratio(hundredths, 100).ok()
}

/// From this many hundredths (a rung) to the next rung; none at the top.
fn next_hundredths(ladder: Ladder, rung: i64) -> Option<i64> {
    let step = match ladder {
        Ladder::Hundredths | Ladder::Fractions => 1,
        Ladder::Classic => CLASSIC_BANDS
            .iter()
            .find(|(end, _)| rung < *end)
            .map_or(1, |(_, step)| *step),
    };
    Some(rung.saturating_add(step)).filter(|next| *next <= HIGHEST)
}

pub(super) fn all(ladder: Ladder) -> Vec<Price> {
    match ladder {
        Ladder::Hundredths | Ladder::Classic => {
            std::iter::successors(Some(LOWEST), |rung| next_hundredths(ladder, *rung))
                .filter_map(of_hundredths)
                .collect()
        }
        Ladder::Fractions => HOUSE_FRACTIONS
            .iter()
            .filter_map(|fraction| of_fraction(*fraction))
            .collect(),
    }
}

pub(super) fn lowest(ladder: Ladder) -> Option<Price> {
    match ladder {
        Ladder::Hundredths | Ladder::Classic => of_hundredths(LOWEST),
        Ladder::Fractions => HOUSE_FRACTIONS.first().copied().and_then(of_fraction),
    }
}

/// The highest rung that is not above a ratio of positive numbers.
pub(super) fn at_or_below(ladder: Ladder, numerator: i128, denominator: i128) -> Option<Price> {
    match ladder {
        Ladder::Hundredths | Ladder::Classic => {
            let hundredths = numerator.checked_mul(100)?.checked_div(denominator)?;
            let hundredths = i64::try_from(hundredths.min(i128::from(HIGHEST))).ok()?;
            if hundredths < LOWEST {
                return None;
            }
            let step = match ladder {
                Ladder::Hundredths | Ladder::Fractions => 1,
                Ladder::Classic => CLASSIC_BANDS
                    .iter()
                    .find(|(end, _)| hundredths <= *end)
                    .map_or(1, |(_, step)| *step),
            };
            of_hundredths(hundredths.saturating_sub(hundredths.checked_rem(step)?))
        }
        Ladder::Fractions => {
            let above = HOUSE_FRACTIONS.partition_point(|(winnings, stake)| {
                // (winnings + stake) / stake <= numerator / denominator
                let left = i128::from(winnings.saturating_add(*stake)).saturating_mul(denominator);
                left <= numerator.saturating_mul(i128::from(*stake))
            });
            HOUSE_FRACTIONS
                .get(above.checked_sub(1)?)
                .copied()
                .and_then(of_fraction)
        }
    }
}

/// The next rung above one.
pub(super) fn above(ladder: Ladder, rung: Price) -> Option<Price> {
    match ladder {
        Ladder::Hundredths | Ladder::Classic => {
            let hundredths = rung
                .numerator()
                .checked_mul(100)?
                .checked_div(rung.denominator())?;
            next_hundredths(ladder, hundredths).and_then(of_hundredths)
        }
        Ladder::Fractions => HOUSE_FRACTIONS
            .iter()
            .filter_map(|fraction| of_fraction(*fraction))
            .find(|price| *price > rung),
    }
}

/// Whether `price` is nearer to `up` than to `down`: twice the price above their sum.
pub(super) fn is_nearer_to_upper(down: Price, price: Price, up: Price) -> bool {
    let wide = |price: Price| {
        (
            i128::from(price.numerator()),
            i128::from(price.denominator()),
        )
    };
    let ((dn, dd), (pn, pd), (un, ud)) = (wide(down), wide(price), wide(up));
    // Denominators are below 2^20 and prices below 2^20, so all of this stays below 2^120.
    let sum = dn
        .saturating_mul(ud)
        .saturating_add(un.saturating_mul(dd))
        .saturating_mul(pd);
    let twice = pn.saturating_mul(2).saturating_mul(dd).saturating_mul(ud);
    twice.cmp(&sum) == Ordering::Greater
}
