//! What became of one leg, and the factor by which it multiplies its line.
//!
//! Duty: one exact factor for every result, with place terms and deductions applied in one order:
//! the price is reduced to the part at stake, then by the deduction, and the result is applied to
//! what is left. Prohibition: no rounding.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rationals of unbounded integers do not overflow, and no divisor here can be zero"
)]

use kernel::Price;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// What became of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegResult {
    /// Pays its price.
    Won,
    /// Pays nothing.
    Lost,
    /// Stands as if it had not been on the slip; a push is the same.
    Void,
    /// Half the stake won, half came back: a quarter line.
    HalfWon,
    /// Half the stake lost, half came back: a quarter line.
    HalfLost,
    /// More selections tied than there were places left to pay.
    DeadHeat {
        /// Places that the tied selections share; at least one.
        places: u16,
        /// Selections that tied; at least one.
        tied: u16,
    },
}

/// Why a text is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a result: W, L, V, HW, HL, P or DHn")]
pub struct ResultCodeError(pub String);

/// Why place terms or a deduction were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// Not a fraction between 0 and 1.
    #[error("{0:?} is not a fraction of the price such as \"1/5\"")]
    NotAFraction(String),
    /// A deduction is a whole number of pence in the pound.
    #[error("{0:?} is not a deduction in pence in the pound, 0 to 90")]
    NotADeduction(String),
}

/// How much of a leg's stake its source has voided. No other factors are legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VoidFactor {
    /// Nothing.
    None,
    /// Half of it.
    Half,
    /// All of it.
    Whole,
}

/// Which part of the price a placed selection pays: the 1/5 of "each-way 1/5".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceTerms {
    numerator: u16,
    denominator: u16,
}

/// A reduction of winnings for withdrawn competitors, in pence in the pound (Rule 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deduction(u8);

impl LegResult {
    /// The result of a selection that won or lost and of which a part was voided.
    #[must_use]
    pub const fn with_void_factor(won: bool, factor: VoidFactor) -> Self {
        match (factor, won) {
            (VoidFactor::None, true) => Self::Won,
            (VoidFactor::None, false) => Self::Lost,
            (VoidFactor::Half, true) => Self::HalfWon,
            (VoidFactor::Half, false) => Self::HalfLost,
            (VoidFactor::Whole, _) => Self::Void,
        }
    }

    /// Reads the result of a place part: as [`LegResult::from_str`], but `P` says *placed*.
    ///
    /// # Errors
    /// Not a result code.
    pub fn from_place_code(text: &str) -> Result<Self, ResultCodeError> {
        match text {
            "P" => Ok(Self::Won),
            other => other.parse(),
        }
    }

    /// The factor by which a leg at this price multiplies its line.
    #[must_use]
    pub fn factor(self, price: Price, deduction: Deduction) -> BigRational {
        self.apply(&deduction.reduce(winnings(price)))
    }

    /// The same for the place part of an each-way bet.
    #[must_use]
    pub fn place_factor(
        self,
        price: Price,
        deduction: Deduction,
        terms: PlaceTerms,
    ) -> BigRational {
        self.apply(&deduction.reduce(winnings(price) * terms.fraction()))
    }

    /// What one unit of stake returns, if winning adds `winnings` to it.
    fn apply(self, winnings: &BigRational) -> BigRational {
        let one = BigRational::one;
        let half = || BigRational::new(BigInt::one(), BigInt::from(2));
        match self {
            Self::Won => one() + winnings,
            Self::Lost => BigRational::zero(),
            Self::Void => one(),
            Self::HalfWon => one() + winnings * half(),
            Self::HalfLost => half(),
            Self::DeadHeat { places, tied } => (one() + winnings) * share(places, tied),
        }
    }
}

/// The part of the stake that stays on when `tied` share `places`: never more than all of it.
fn share(places: u16, tied: u16) -> BigRational {
    let tied = tied.max(1);
    BigRational::new(BigInt::from(places.min(tied)), BigInt::from(tied))
}

fn winnings(price: Price) -> BigRational {
    let (numerator, denominator) = (price.numerator(), price.denominator());
    BigRational::new(
        BigInt::from(numerator) - BigInt::from(denominator),
        BigInt::from(denominator),
    )
}

impl FromStr for LegResult {
    type Err = ResultCodeError;

    /// Reads `W`, `L`, `V`, `P` (push), `HW`, `HL`, `DHn` (n tied for one place) or `DHp/n`
    /// (n tied for p places).
    fn from_str(text: &str) -> Result<Self, ResultCodeError> {
        let refused = || ResultCodeError(text.to_owned());
        match text {
            "W" => Ok(Self::Won),
            "L" => Ok(Self::Lost),
            "V" | "P" => Ok(Self::Void),
            "HW" => Ok(Self::HalfWon),
            "HL" => Ok(Self::HalfLost),
            other => {
                let counts = other.strip_prefix("DH").ok_or_else(refused)?;
                let (places, tied) = counts.split_once('/').unwrap_or(("1", counts));
                let places = small_number(places).ok_or_else(refused)?;
                let tied = small_number(tied).ok_or_else(refused)?;
                Ok(Self::DeadHeat { places, tied })
            }
        }
    }
}

/// A whole number from 1 in plain digits.
fn small_number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

impl fmt::Display for LegResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Won => f.write_str("W"),
            Self::Lost => f.write_str("L"),
            Self::Void => f.write_str("V"),
            Self::HalfWon => f.write_str("HW"),
            Self::HalfLost => f.write_str("HL"),
            Self::DeadHeat { places: 1, tied } => write!(f, "DH{tied}"),
            Self::DeadHeat { places, tied } => write!(f, "DH{places}/{tied}"),
        }
    }
}

impl PlaceTerms {
    /// All of the winnings.
    pub const WHOLE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// The upper number, as it was stated.
    #[must_use]
    pub const fn numerator(self) -> u16 {
        self.numerator
    }

    /// The lower number, as it was stated.
    #[must_use]
    pub const fn denominator(self) -> u16 {
        self.denominator
    }

    /// The fraction `numerator / denominator` of the winnings.
    ///
    /// # Errors
    /// Nothing, or more than the whole.
    pub fn new(numerator: u16, denominator: u16) -> Result<Self, TermsError> {
        if numerator == 0 || numerator > denominator {
            return Err(TermsError::NotAFraction(format!(
                "{numerator}/{denominator}"
            )));
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    fn fraction(self) -> BigRational {
        BigRational::new(BigInt::from(self.numerator), BigInt::from(self.denominator))
    }
}

impl Ord for PlaceTerms {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u32::from(self.numerator).saturating_mul(u32::from(other.denominator));
        let right = u32::from(other.numerator).saturating_mul(u32::from(self.denominator));
        left.cmp(&right)
            .then_with(|| self.denominator.cmp(&other.denominator))
    }
}

impl PartialOrd for PlaceTerms {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for PlaceTerms {
    type Err = TermsError;

    fn from_str(text: &str) -> Result<Self, TermsError> {
        let refused = || TermsError::NotAFraction(text.to_owned());
        let (numerator, denominator) = text.split_once('/').ok_or_else(refused)?;
        let numerator = small_number(numerator).ok_or_else(refused)?;
        let denominator = small_number(denominator).ok_or_else(refused)?;
        Self::new(numerator, denominator).map_err(|_| refused())
    }
}

impl fmt::Display for PlaceTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl Deduction {
    /// No deduction.
    pub const NONE: Self = Self(0);
    /// The most that withdrawals together can take.
    pub const MAX: Self = Self(90);

    /// So many pence in the pound of winnings.
    ///
    /// # Errors
    /// More than [`Deduction::MAX`].
    pub fn from_pence(pence: u8) -> Result<Self, TermsError> {
        if pence > Self::MAX.0 {
            return Err(TermsError::NotADeduction(pence.to_string()));
        }
        Ok(Self(pence))
    }

    /// Pence in the pound of winnings.
    #[must_use]
    pub const fn pence(self) -> u8 {
        self.0
    }

    /// Two withdrawals together, capped at [`Deduction::MAX`].
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::MAX.0))
    }

    fn reduce(self, winnings: BigRational) -> BigRational {
        let kept = 100_u8.saturating_sub(self.0);
        winnings * BigRational::new(BigInt::from(kept), BigInt::from(100))
    }
}

impl FromStr for Deduction {
    type Err = TermsError;

    fn from_str(text: &str) -> Result<Self, TermsError> {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| plain)
            .and_then(|pence| Self::from_pence(pence).ok())
            .ok_or_else(|| TermsError::NotADeduction(text.to_owned()))
    }
}

impl fmt::Display for Deduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
