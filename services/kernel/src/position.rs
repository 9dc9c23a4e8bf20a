//! Where a record stands: topic, partition, offset.
//!
//! Duty: name the topics, a closed set, and the places in them. Prohibition: nothing assumes
//! that offsets are dense; the next record after offset n is somewhere above n.

use std::fmt;
use std::str::FromStr;

/// A partition's number within its topic.
pub type Partition = u16;
/// A record's place within its partition. Sparse and increasing.
pub type Offset = u64;

macro_rules! topics {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $kind:ident;)*) => {
        /// A topic of the log: a journal of decisions or an inbox of commands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Topic { $($(#[$doc])* $name,)* }

        impl Topic {
            /// All topics.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// All journals.
            pub fn journals() -> impl Iterator<Item = Self> + Clone {
                Self::ALL.iter().copied().filter(|topic| topic.is_journal())
            }

            /// Whether this is a journal (one writer a partition) and not an inbox.
            #[must_use]
            pub const fn is_journal(self) -> bool {
                match self { $(Self::$name => topics!(@ $kind),)* }
            }
        }

        impl FromStr for Topic {
            type Err = UnknownTopic;

            fn from_str(text: &str) -> Result<Self, UnknownTopic> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(UnknownTopic(other.to_owned())),
                }
            }
        }
    };
    (@ journal) => { true };
    (@ inbox) => { false };
}

topics! {
    /// Registrations, credentials, sessions, limits, exclusions.
    AuthEvents = "auth.events", journal;
    /// Commands to auth.
    AuthCommands = "auth.commands", inbox;
    /// Fixtures, markets, books, results, budgets. Partitioned by fixture.
    OddsEvents = "odds.events", journal;
    /// Commands to odds: feeds and operators.
    OddsCommands = "odds.commands", inbox;
    /// Slips from placement to settlement.
    BetsEvents = "bets.events", journal;
    /// Commands to bets.
    BetsCommands = "bets.commands", inbox;
    /// Every movement of money.
    LedgerEvents = "ledger.events", journal;
    /// Commands to the ledger.
    LedgerCommands = "ledger.commands", inbox;
    /// Deposits and withdrawals.
    PaymentsEvents = "payments.events", journal;
    /// Commands to payments: customers and provider outcomes.
    PaymentsCommands = "payments.commands", inbox;
    /// Scores, cases, restrictions.
    FraudEvents = "fraud.events", journal;
    /// Commands to fraud: analysts.
    FraudCommands = "fraud.commands", inbox;
}

/// A text that names no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a topic")]
pub struct UnknownTopic(String);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One partition of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Topic,
    /// The partition's number.
    pub partition: Partition,
}

impl TopicPartition {
    /// The partition of that number.
    #[must_use]
    pub const fn new(topic: Topic, partition: Partition) -> Self {
        Self { topic, partition }
    }

    /// Every partition of every journal, where topics have so many.
    pub fn journals(partitions: Partition) -> impl Iterator<Item = Self> {
        let all = move |topic| (0..partitions).map(move |number| Self::new(topic, number));
        Topic::journals().flat_map(all)
    }

    /// The place of one record here.
    #[must_use]
    pub const fn at(self, offset: Offset) -> Position {
        Position {
            topic: self.topic,
            partition: self.partition,
            offset,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// The place of one record in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The topic.
    pub topic: Topic,
    /// The partition's number.
    pub partition: Partition,
    /// The record's place in it.
    pub offset: Offset,
}

impl Position {
    /// The partition that the record stands in.
    #[must_use]
    pub const fn topic_partition(self) -> TopicPartition {
        TopicPartition {
            topic: self.topic,
            partition: self.partition,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}
