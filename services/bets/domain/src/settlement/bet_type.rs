//! The kinds of slip: how many legs they take and which combinations of them are lines.
//!
//! Duty: one table for names, leg counts and line sizes. Prohibition: no amounts.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most legs that an accumulator may join.
pub const ACCUMULATOR_LEGS_MAX: usize = 100;

/// A text that names no kind of slip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a bet type")]
pub struct UnknownBetType(pub String);

macro_rules! bet_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, legs $legs:expr, smallest $smallest:expr;)*) => {
        /// How the legs of a slip combine into lines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum BetType { $($(#[$doc])* $name,)* }

        impl BetType {
            /// All kinds, small to large.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How many legs a slip of this kind may have.
            #[must_use]
            pub const fn legs(self) -> RangeInclusive<usize> {
                match self { $(Self::$name => $legs,)* }
            }

            /// The fewest legs that make a line; `None` where only all of them together do.
            const fn smallest_line(self) -> Option<usize> {
                match self { $(Self::$name => $smallest,)* }
            }
        }

        impl FromStr for BetType {
            type Err = UnknownBetType;

            fn from_str(text: &str) -> Result<Self, UnknownBetType> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(UnknownBetType(other.to_owned())),
                }
            }
        }
    };
}

bet_types! {
    /// One leg.
    Single = "single", legs 1..=1, smallest None;
    /// Two legs, both must win.
    Double = "double", legs 2..=2, smallest None;
    /// Three legs, all must win.
    Treble = "treble", legs 3..=3, smallest None;
    /// Any number of legs, all must win.
    Accumulator = "accumulator", legs 1..=ACCUMULATOR_LEGS_MAX, smallest None;
    /// Three legs: doubles and the treble.
    Trixie = "trixie", legs 3..=3, smallest Some(2);
    /// Three legs: singles, doubles and the treble.
    Patent = "patent", legs 3..=3, smallest Some(1);
    /// Four legs: doubles and upwards.
    Yankee = "yankee", legs 4..=4, smallest Some(2);
    /// Four legs: singles and upwards.
    Lucky15 = "lucky15", legs 4..=4, smallest Some(1);
    /// Five legs: doubles and upwards.
    Canadian = "canadian", legs 5..=5, smallest Some(2);
    /// Five legs: singles and upwards.
    Lucky31 = "lucky31", legs 5..=5, smallest Some(1);
    /// Six legs: doubles and upwards.
    Heinz = "heinz", legs 6..=6, smallest Some(2);
    /// Six legs: singles and upwards.
    Lucky63 = "lucky63", legs 6..=6, smallest Some(1);
    /// Seven legs: doubles and upwards.
    SuperHeinz = "super-heinz", legs 7..=7, smallest Some(2);
    /// Eight legs: doubles and upwards.
    Goliath = "goliath", legs 8..=8, smallest Some(2);
}

impl BetType {
    /// The sizes of the lines of a slip with so many legs.
    #[must_use]
    pub fn line_sizes(self, legs: usize) -> RangeInclusive<usize> {
        self.smallest_line().unwrap_or(legs)..=legs
    }

    /// How many lines a slip with so many legs has.
    #[must_use]
    pub fn lines(self, legs: usize) -> u64 {
        match self.smallest_line() {
            None => 1,
            Some(smallest) => (smallest..=legs)
                .map(|size| choose(legs, size))
                .fold(0, u64::saturating_add),
        }
    }
}

impl fmt::Display for BetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_published_number_of_lines() {
        for (text, legs, lines) in [
            ("single", 1, 1),
            ("double", 2, 1),
            ("treble", 3, 1),
            ("accumulator", 12, 1),
            ("trixie", 3, 4),
            ("patent", 3, 7),
            ("yankee", 4, 11),
            ("lucky15", 4, 15),
            ("canadian", 5, 26),
            ("lucky31", 5, 31),
            ("heinz", 6, 57),
            ("lucky63", 6, 63),
            ("super-heinz", 7, 120),
            ("goliath", 8, 247),
        ] {
            let kind: BetType = text.parse().unwrap();
            assert!(kind.legs().contains(&legs), "{kind}");
            assert_eq!(kind.lines(legs), lines, "{kind}");
        }
    }

    #[test]
    fn names_round_trip() {
        for kind in BetType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!(
            "Yankee".parse::<BetType>(),
            Err(UnknownBetType("Yankee".to_owned()))
        );
    }
}
