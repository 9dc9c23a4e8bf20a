//! The registry of ids: one newtype a thing, alphabetical.
//!
//! Duty: make it impossible to pass a market's id where a bet's is meant, and give every id one
//! text form. Prohibition: nothing here draws an id; minting needs a clock and randomness and
//! belongs to the runtime.
//!
//! An id is a UUIDv7 whose last two bytes are the partition in which the thing lives, so that
//! everything that belongs to one customer (or one fixture) is found without a directory.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}_<uuid>, got {text:?}")]
pub struct IdParseError {
    /// The prefix that this kind of id carries.
    pub prefix: &'static str,
    /// What was given.
    pub text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What the text form starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes.
            #[must_use]
            pub const fn bytes(self) -> [u8; 16] {
                self.0
            }

            /// An id of test data: the number in front, the partition at the end.
            #[must_use]
            pub const fn example(number: u64, partition: u16) -> Self {
                let n = number.to_be_bytes();
                let p = partition.to_be_bytes();
                Self([n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], 0, 0, 0, 0, 0, 0, p[0], p[1]])
            }

            /// The partition in which the thing lives.
            #[must_use]
            pub const fn partition(self) -> u16 {
                u16::from_be_bytes([self.0[14], self.0[15]])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), Uuid::from_bytes(self.0).hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdParseError;

            fn from_str(text: &str) -> Result<Self, IdParseError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == uuid::fmt::Hyphenated::LENGTH)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(|uuid| Self(uuid.into_bytes()))
                    .ok_or_else(|| IdParseError { prefix: $prefix, text: text.to_owned() })
            }
        }
    )*};
}

ids! {
    /// A correction of an account by two persons. Partition: that of the account.
    AdjustmentId = "adj";
    /// A slip as the book knows it, from placement to its last settlement. Partition: the customer's.
    BetId = "bet";
    /// Bonus money that was given once, with its conditions. Partition: the customer's.
    BonusId = "bon";
    /// A fraud case. Partition: the customer's.
    CaseId = "cas";
    /// What the house offers for a slip before its end, for a moment. Partition: the customer's.
    CashOutQuoteId = "quo";
    /// What all records that follow from one input have in common.
    CorrelationId = "cor";
    /// A customer. Minted in the partition of the login's hash; never moves.
    CustomerId = "cus";
    /// Money on its way in. Partition: the customer's.
    DepositId = "dep";
    /// A sporting event. Partition: its own, of the odds topics.
    FixtureId = "fix";
    /// A token for one bet. Partition: the customer's.
    FreeBetId = "fbt";
    /// A question about a fixture that can be bet on. Partition: the fixture's.
    MarketId = "mkt";
    /// A request of a client: hash of its scope and idempotency key.
    RequestId = "req";
    /// One possible answer to a market. Partition: the fixture's.
    SelectionId = "sel";
    /// A signed-in device: one family of refresh tokens. Partition: the customer's.
    SessionId = "ses";
    /// One movement of money between two accounts.
    TransferId = "trf";
    /// Money on its way out. Partition: the customer's.
    WithdrawalId = "wdr";
}

/// A SHA-256 value.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The hash of nothing yet: where every chain begins.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The thirty-two bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let id = BetId::example(7, 3);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.partition(), 3);
    }

    #[test]
    fn another_kind_of_id_is_refused_by_name() {
        let text = MarketId::example(7, 3).to_string();
        assert_eq!(
            text.parse::<BetId>(),
            Err(IdParseError {
                prefix: "bet",
                text: text.clone()
            })
        );
    }

    #[test]
    fn a_uuid_in_another_spelling_is_refused() {
        assert!(
            "bet_00000000000000000000000000000000"
                .parse::<BetId>()
                .is_err()
        );
        assert!("bet_".parse::<BetId>().is_err());
    }
}
