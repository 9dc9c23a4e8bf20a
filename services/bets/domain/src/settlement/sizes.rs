//! Which numbers of legs make a line.
//!
//! Duty: the `2-3` of a trixie as a set that is counted, read and shown. Prohibition: no legs and
//! no amounts; a set says nothing of what its lines pay.

use super::bet_type::{ACCUMULATOR_LEGS_MAX, SYSTEM_LEGS_MAX};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A set of line sizes, each from 1 to [`ACCUMULATOR_LEGS_MAX`]; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sizes(u128);

/// Why sizes were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizesError {
    /// There must be one.
    #[error("a system needs at least one line size")]
    None,
    /// Lines have one leg or more, and a system's no more than it may have legs.
    #[error("{0} is not a line size between 1 and {SYSTEM_LEGS_MAX}")]
    OutOfRange(usize),
    /// A set names each once.
    #[error("the line size {0} is named twice")]
    Repeated(usize),
    /// Not a list.
    #[error("{0:?} is not a list of line sizes such as \"2,3\" or \"2-4\"")]
    NotAList(String),
}

impl Sizes {
    /// Exactly one size.
    pub(super) const fn only(size: usize) -> Self {
        Self(bit(size))
    }

    /// All sizes of a range.
    pub(super) fn range(sizes: RangeInclusive<usize>) -> Self {
        Self(sizes.map(bit).fold(0, |set, bit| set | bit))
    }

    /// These sizes, as a customer lists them.
    ///
    /// # Errors
    /// None, one twice, or one that no system can have.
    pub fn listed(sizes: impl IntoIterator<Item = usize>) -> Result<Self, SizesError> {
        let mut set = 0;
        for size in sizes {
            if !(1..=SYSTEM_LEGS_MAX).contains(&size) {
                return Err(SizesError::OutOfRange(size));
            }
            if set & bit(size) != 0 {
                return Err(SizesError::Repeated(size));
            }
            set |= bit(size);
        }
        if set == 0 {
            Err(SizesError::None)
        } else {
            Ok(Self(set))
        }
    }

    /// Whether lines of so many legs belong to it.
    #[must_use]
    pub const fn contains(self, size: usize) -> bool {
        self.0 & bit(size) != 0
    }

    /// The sizes, small to large.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (1..=ACCUMULATOR_LEGS_MAX).filter(move |size| self.contains(*size))
    }

    /// The smallest.
    #[must_use]
    pub const fn smallest(self) -> u32 {
        self.0.trailing_zeros()
    }

    /// The largest.
    #[must_use]
    pub const fn largest(self) -> u32 {
        127_u32.saturating_sub(self.0.leading_zeros())
    }

    /// How many lines a slip of so many legs has.
    #[must_use]
    pub fn lines(self, legs: usize) -> u64 {
        self.iter()
            .map(|size| choose(legs, size))
            .fold(0, u64::saturating_add)
    }
}

/// The bit of a size; none beyond the largest.
const fn bit(size: usize) -> u128 {
    if size <= ACCUMULATOR_LEGS_MAX {
        1 << size
    } else {
        0
    }
}

/// In how many ways `size` of `of` things can be chosen.
fn choose(of: usize, size: usize) -> u64 {
    // A row of Pascal's triangle, added up in place: no product to overflow.
    let mut row = vec![0_u64; size.saturating_add(1)];
    if let Some(first) = row.first_mut() {
        *first = 1;
    }
    for _ in 0..of {
        let previous = row.clone();
        for (entry, left) in row.iter_mut().skip(1).zip(&previous) {
            *entry = entry.saturating_add(*left);
        }
    }
    row.last().copied().unwrap_or(0)
}

impl FromStr for Sizes {
    type Err = SizesError;

    /// Reads `3`, `2,3` and `2-4`.
    fn from_str(text: &str) -> Result<Self, SizesError> {
        let refused = || SizesError::NotAList(text.to_owned());
        let number = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<usize>().ok().filter(|_| plain)
        };
        match text.split_once('-') {
            Some((from, to)) => {
                let (from, to) = number(from).zip(number(to)).ok_or_else(refused)?;
                if to > SYSTEM_LEGS_MAX {
                    return Err(SizesError::OutOfRange(to));
                }
                Self::listed(from..=to)
            }
            None => {
                let listed: Option<Vec<usize>> = text.split(',').map(number).collect();
                Self::listed(listed.ok_or_else(refused)?)
            }
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, size) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{size}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read_and_shown() {
        for (text, shown) in [("3", "3"), ("2,3", "2,3"), ("3,2", "2,3"), ("2-4", "2,3,4")] {
            assert_eq!(text.parse::<Sizes>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "0",
            "21",
            "2,2",
            "a",
            "2-",
            "-2",
            "4-2",
            "2-400000000",
            "+2",
        ] {
            assert!(text.parse::<Sizes>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_without_being_listed() {
        for (text, legs, lines) in [
            ("2", 5, 10),
            ("2,3", 6, 35),
            ("1-20", 20, 1_048_575),
            ("3", 2, 0),
        ] {
            assert_eq!(text.parse::<Sizes>().unwrap().lines(legs), lines, "{text}");
        }
    }

    #[test]
    fn the_smallest_and_the_largest() {
        let sizes: Sizes = "2,5".parse().unwrap();
        assert_eq!((sizes.smallest(), sizes.largest()), (2, 5));
    }
}
