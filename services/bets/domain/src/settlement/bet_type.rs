//! The kinds of slip: how many legs they take and which combinations of them are lines.
//!
//! Duty: one table for names, leg counts and line sizes. Prohibition: no amounts.

use super::sizes::Sizes;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most legs that an accumulator may join.
pub const ACCUMULATOR_LEGS_MAX: usize = 100;

/// The most legs that a system may combine: twenty legs make a million lines, whose sum still costs
/// no more than two hundred multiplications.
pub const SYSTEM_LEGS_MAX: usize = 20;

/// A text that names no kind of slip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a bet type")]
pub struct UnknownBetType(pub String);

macro_rules! bet_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, legs $legs:expr, $rule:ident;)*) => {
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

            const fn rule(self) -> LineRule {
                match self { $(Self::$name => LineRule::$rule,)* }
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
    Single = "single", legs 1..=1, All;
    /// Two legs, both must win.
    Double = "double", legs 2..=2, All;
    /// Three legs, all must win.
    Treble = "treble", legs 3..=3, All;
    /// Any number of legs, all must win.
    Accumulator = "accumulator", legs 1..=ACCUMULATOR_LEGS_MAX, All;
    /// Three legs: doubles and the treble.
    Trixie = "trixie", legs 3..=3, FromDoubles;
    /// Three legs: singles, doubles and the treble.
    Patent = "patent", legs 3..=3, FromSingles;
    /// Four legs: doubles and upwards.
    Yankee = "yankee", legs 4..=4, FromDoubles;
    /// Four legs: singles and upwards.
    Lucky15 = "lucky15", legs 4..=4, FromSingles;
    /// Five legs: doubles and upwards.
    Canadian = "canadian", legs 5..=5, FromDoubles;
    /// Five legs: singles and upwards.
    Lucky31 = "lucky31", legs 5..=5, FromSingles;
    /// Six legs: doubles and upwards.
    Heinz = "heinz", legs 6..=6, FromDoubles;
    /// Six legs: singles and upwards.
    Lucky63 = "lucky63", legs 6..=6, FromSingles;
    /// Seven legs: doubles and upwards.
    SuperHeinz = "super-heinz", legs 7..=7, FromDoubles;
    /// Seven legs: singles and upwards.
    Lucky127 = "lucky127", legs 7..=7, FromSingles;
    /// Eight legs: doubles and upwards.
    Goliath = "goliath", legs 8..=8, FromDoubles;
    /// Eight legs: singles and upwards.
    Lucky255 = "lucky255", legs 8..=8, FromSingles;
    /// Nine legs: doubles and upwards.
    Block = "block", legs 9..=9, FromDoubles;
    /// Nine legs: singles and upwards.
    Lucky511 = "lucky511", legs 9..=9, FromSingles;
    /// Any number of legs in lines of the sizes that the slip lists.
    System = "system", legs 2..=SYSTEM_LEGS_MAX, Listed;
}

/// Which sizes of lines a kind has.
enum LineRule {
    /// All legs together.
    All,
    /// Two legs and more.
    FromDoubles,
    /// One leg and more.
    FromSingles,
    /// As the slip says.
    Listed,
}

impl BetType {
    /// The sizes of the lines of a slip with so many legs; none for a system, which lists its own.
    #[must_use]
    pub fn sizes(self, legs: usize) -> Option<Sizes> {
        match self.rule() {
            LineRule::All => Some(Sizes::only(legs)),
            LineRule::FromDoubles => Some(Sizes::range(2..=legs)),
            LineRule::FromSingles => Some(Sizes::range(1..=legs)),
            LineRule::Listed => None,
        }
    }

    /// Whether singles are among its lines and a system bonus is usual for it.
    #[must_use]
    pub const fn is_with_singles(self) -> bool {
        match self.rule() {
            LineRule::FromSingles => true,
            LineRule::All | LineRule::FromDoubles | LineRule::Listed => false,
        }
    }
}

impl fmt::Display for BetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
            ("lucky127", 7, 127),
            ("goliath", 8, 247),
            ("lucky255", 8, 255),
            ("block", 9, 502),
            ("lucky511", 9, 511),
        ] {
            let kind: BetType = text.parse().unwrap();
            assert!(kind.legs().contains(&legs), "{kind}");
            let sizes = kind.sizes(legs).unwrap();
            assert_eq!(sizes.lines(legs), lines, "{kind}");
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
