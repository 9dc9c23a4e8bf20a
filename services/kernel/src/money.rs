//! Amounts of money: whole minor units with their currency.
//!
//! Duty: exact, checked arithmetic between amounts of one currency. Prohibition: no operators,
//! no floats, no amount without its currency, no rounding (that is settlement's, once per slip).

use std::fmt;
use std::str::FromStr;

macro_rules! currencies {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $exponent:literal;)*) => {
        /// A currency that accounts can be kept in (ISO 4217).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Currency { $($(#[$doc])* $name,)* }

        impl Currency {
            /// All currencies.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The three-letter code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Decimal places of the minor unit.
            #[must_use]
            pub const fn exponent(self) -> u32 {
                match self { $(Self::$name => $exponent,)* }
            }
        }

        impl FromStr for Currency {
            type Err = MoneyError;

            fn from_str(text: &str) -> Result<Self, MoneyError> {
                match text {
                    $($code => Ok(Self::$name),)*
                    other => Err(MoneyError::UnknownCurrency(other.to_owned())),
                }
            }
        }
    };
}

currencies! {
    /// Euro.
    Eur = "EUR", 2;
    /// Pound sterling.
    Gbp = "GBP", 2;
    /// United States dollar.
    Usd = "USD", 2;
    /// Yen, which has no minor unit.
    Jpy = "JPY", 0;
    /// Kuwaiti dinar, which has three decimals.
    Kwd = "KWD", 3;
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why an amount could not be computed or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("{left} and {right} cannot be added")]
    CurrencyMismatch {
        /// The first amount's.
        left: Currency,
        /// The second amount's.
        right: Currency,
    },
    /// More than 63 bits of minor units.
    #[error("the amount is beyond the largest that can be kept")]
    Overflow,
    /// Not a decimal number.
    #[error("{0:?} is not an amount such as \"10.00\"")]
    NotDecimal(String),
    /// Finer than the currency's minor unit.
    #[error("{currency} has {} decimal places, {text:?} has more", currency.exponent())]
    TooFine {
        /// The currency.
        currency: Currency,
        /// What was given.
        text: String,
    },
    /// Not a known code.
    #[error("{0:?} is not a currency that accounts are kept in")]
    UnknownCurrency(String),
}

/// An amount: minor units and their currency, together always.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// That many minor units (cents for EUR).
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether this is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// Different currencies, or a sum that does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// Different currencies, or a difference that does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// This amount so many times.
    ///
    /// # Errors
    /// A product that does not fit.
    pub fn checked_times(self, count: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(count).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The same amount with the other sign.
    ///
    /// # Errors
    /// The least amount has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// Reads a decimal text such as `"10.00"`, `"10"` or `"-0.5"`.
    ///
    /// # Errors
    /// Not a plain decimal number, finer than the minor unit, or too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let not_decimal = || MoneyError::NotDecimal(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let has_point = digits.contains('.');
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_decimal());
        }
        if has_point && fraction.is_empty() {
            return Err(not_decimal());
        }
        let places = usize::try_from(currency.exponent()).map_err(|_| MoneyError::Overflow)?;
        if fraction.len() > places {
            return Err(MoneyError::TooFine {
                currency,
                text: text.to_owned(),
            });
        }
        let scaled = format!("{whole}{fraction:0<places$}");
        let magnitude: i64 = scaled.parse().map_err(|_| MoneyError::Overflow)?;
        let amount = Self {
            minor: magnitude,
            currency,
        };
        if negative {
            amount.checked_neg()
        } else {
            Ok(amount)
        }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            })
        }
    }
}

/// The amount alone, as the API writes it: `"10.00"`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::try_from(self.currency.exponent()).map_err(|_| fmt::Error)?;
        let sign = if self.minor < 0 { "-" } else { "" };
        let magnitude = self.minor.unsigned_abs();
        if places == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let width = places.saturating_add(1);
        let digits = format!("{magnitude:0>width$}");
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        write!(f, "{sign}{whole}.{fraction}")
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(text: &str) -> Result<Money, MoneyError> {
        Money::parse(text, Currency::Eur)
    }

    #[test]
    fn reads_plain_decimals() {
        assert_eq!(eur("10.00"), Ok(Money::from_minor(1_000, Currency::Eur)));
        assert_eq!(eur("10"), Ok(Money::from_minor(1_000, Currency::Eur)));
        assert_eq!(eur("-0.5"), Ok(Money::from_minor(-50, Currency::Eur)));
        assert_eq!(Money::parse("7", Currency::Jpy).map(Money::minor), Ok(7));
        assert_eq!(
            Money::parse("0.001", Currency::Kwd).map(Money::minor),
            Ok(1)
        );
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "", ".", "1.", ".5", "1e3", "+1", " 1", "1,00", "--1", "0x10", "١",
        ] {
            assert_eq!(
                eur(text),
                Err(MoneyError::NotDecimal(text.to_owned())),
                "{text:?}"
            );
        }
        assert!(matches!(eur("0.001"), Err(MoneyError::TooFine { .. })));
        assert_eq!(eur("92233720368547758.08"), Err(MoneyError::Overflow));
    }

    #[test]
    fn currencies_do_not_mix() {
        let one_euro = Money::from_minor(100, Currency::Eur);
        let one_dollar = Money::from_minor(100, Currency::Usd);
        assert!(matches!(
            one_euro.checked_add(one_dollar),
            Err(MoneyError::CurrencyMismatch { .. })
        ));
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(minor in -i64::MAX.., index in 0..Currency::ALL.len()) {
            let amount = Money::from_minor(minor, Currency::ALL[index]);
            prop_assert_eq!(Money::parse(&amount.to_string(), amount.currency()), Ok(amount));
        }

        #[test]
        fn adding_and_taking_away_is_identity(a in any::<i32>(), b in any::<i32>()) {
            let a = Money::from_minor(a.into(), Currency::Eur);
            let b = Money::from_minor(b.into(), Currency::Eur);
            prop_assert_eq!(a.checked_add(b).and_then(|sum| sum.checked_sub(b)), Ok(a));
        }
    }
}
