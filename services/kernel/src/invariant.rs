//! The names of what must always be true.
//!
//! Duty: one list for code, simulator, auditor and documents. Prohibition: no checking here;
//! each check lives where its evidence is.

use std::fmt;

macro_rules! invariants {
    ($($name:ident = $number:literal, $sentence:literal;)*) => {
        /// An invariant of the whole system. `docs/INVARIANTS.md` tells each with its evidence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum InvariantId { $(#[doc = $sentence] $name,)* }

        impl InvariantId {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number after the letter I.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            /// What must hold, in one sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

invariants! {
    RecordsBalance = 1, "The postings of each record sum to zero per currency, and so does the whole book at every position.";
    LimitsOfAccountsHold = 2, "No account is beyond its limit, holds are never negative, and available is balance less holds.";
    MoneyIsExact = 3, "Amounts are whole minor units without overflow, and the exact rational beside a rounded amount explains it.";
    OneEffectPerRequest = 4, "A request id has at most one effect, for ever, and its repeats get the same answer.";
    AcknowledgedIsRecorded = 5, "What was acknowledged is in the log once; what was rejected moved no money; what is unknown is one or the other.";
    ChainIsUnbroken = 6, "Effective records of a journal partition number 1 to n, each naming the head before it, and causes only go forward.";
    ReplayEqualsViews = 7, "A balance by replay equals the view at the same position and the owner's memory.";
    ReplayIsDeterministic = 8, "The same bytes give the same state hash, from zero or from a snapshot.";
    OneSettlementInForce = 9, "A bet has at most one settlement in force, and it pays what the rule says for stake, prices and results.";
    StakesAreReserved = 10, "No accepted bet lacks a hold, and what was held is what settlement consumes or returns.";
    AcceptedOnlyWhenOpen = 11, "An accepted bet names a book position before its market's suspension, start or close.";
    AcceptedAtQuotedPrice = 12, "An accepted price is the price of the named book, or better where the policy says so, and is fresh.";
    PaymentsMatchProvider = 13, "Deposits and withdrawals equal the provider's, and each outcome is applied once.";
    OneWriterPerEpoch = 14, "At most one writer is effective per epoch of a partition, and no older epoch after a newer one.";
    LogIsAppendOnly = 15, "A published checkpoint is a prefix of every later log.";
    ViewsOnlyAdvance = 16, "A row's position never goes back, and no row mixes two writes.";
    StreamsAreGapless = 17, "A channel's sequence has no gap, and a resumed stream equals an uninterrupted one.";
    RestrictionsBind = 18, "No bet or deposit beyond a limit or after an exclusion of which the deciding service has taken notice.";
    SubjectsAreSeparate = 19, "No answer holds another subject's data.";
    PersonalDataIsSealed = 20, "No readable personal data is in a topic or a log line, and erasing it changes no hash.";
    HistoryStaysReadable = 21, "Every event ever written decodes and folds under the newest reader.";
    WorkResolves = 22, "Once faults have healed, every command in flight resolves and every reader catches up.";
    OneEndForEveryPart = 23, "Every part of a struck stake ends once at most, settled, void or sold back; a sale pays what its prices and results come to, and nothing takes it back.";
}

impl fmt::Display for InvariantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I{}", self.number())
    }
}
