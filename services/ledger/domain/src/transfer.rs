//! Transfers as they are asked for.
//!
//! Duty: the vocabulary of a batch, and the digest by which a repeat of a transfer is told from
//! another transfer with its id. Prohibition: nothing is judged here. The digest's recipe is part
//! of history: events carry its results, so it may never change.

use crate::account::{Account, AccountKind};
use kernel::{Currency, Timestamp, TransferId};

/// One movement of money as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its name, for ever.
    pub id: TransferId,
    /// Who gives.
    pub debit: Account,
    /// Who takes.
    pub credit: Account,
    /// How much.
    pub amount: Amount,
    /// In which manner.
    pub kind: TransferKind,
    /// Whether it stands or falls with the next one of its batch.
    pub linked: bool,
    /// What for.
    pub code: TransferCode,
    /// Who takes an exact amount that the credit account cannot take.
    pub credit_fallback: Option<Account>,
    /// It restores what stood before: blocks and maxima of the accounts do not count.
    pub rules_waived: bool,
}

/// How much moves, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Exactly this.
    Exactly(i64),
    /// As much as one side can give and the other can take, at most this.
    UpTo(i64),
    /// What an earlier `UpTo` transfer of the same batch left of its maximum.
    RestOf(TransferId),
}

/// What happens to the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// It moves at once.
    Post,
    /// It is held on the debit account.
    Hold {
        /// When the hold ends by itself, if it does.
        expires_at: Option<Timestamp>,
    },
    /// A hold is taken, in whole or in part; the rest of it is free again.
    CaptureHold {
        /// Which.
        hold: TransferId,
    },
    /// A hold is released in whole. With `UpTo`, a hold that is not there is passed over, and
    /// with it the chain.
    VoidHold {
        /// Which.
        hold: TransferId,
    },
}

/// Why money moves, for statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferCode {
    /// A stake.
    Stake,
    /// A stake given back.
    StakeReturned,
    /// A slip's return.
    Winnings,
    /// A settlement taken back.
    SettlementReversed,
    /// Money paid in.
    Deposit,
    /// Money paid out.
    Withdrawal,
    /// A debt repaid.
    DebtRepaid,
    /// A person's correction.
    Adjustment,
    /// A measurement.
    Benchmark,
    /// A stake bought back before the end of its slip.
    CashOut,
    /// Bonus money given.
    BonusGranted,
    /// Bonus money that became cash, or was cash and is bonus money again.
    BonusConverted,
    /// Bonus money that came to its end, or is back from it.
    BonusLapsed,
    /// What the house's book and its promotions owe each other.
    PromotionSettled,
}

/// A digest of all that a transfer asks for, its id excepted. The lowest bit is always zero: the
/// state keeps a mark of its own there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentHash(u64);

impl ContentHash {
    /// The digest with these bytes, as an event carries it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes) & !1)
    }

    /// The eight bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    pub(crate) const fn word(self) -> u64 {
        self.0
    }
}

impl Transfer {
    /// The digest of what is asked.
    #[must_use]
    pub fn content(&self) -> ContentHash {
        let (amount, amount_words) = match self.amount {
            Amount::Exactly(minor) => (0, [minor.cast_unsigned(), 0]),
            Amount::UpTo(minor) => (1, [minor.cast_unsigned(), 0]),
            Amount::RestOf(transfer) => (2, words(transfer.bytes())),
        };
        let (kind, kind_words) = match self.kind {
            TransferKind::Post => (0, [0, 0]),
            TransferKind::Hold { expires_at: None } => (1, [0, 0]),
            TransferKind::Hold {
                expires_at: Some(at),
            } => (2, [at.micros().cast_unsigned(), 0]),
            TransferKind::CaptureHold { hold } => (3, words(hold.bytes())),
            TransferKind::VoidHold { hold } => (4, words(hold.bytes())),
        };
        let shape = u64::from_be_bytes([
            0,
            0,
            u8::from(self.credit_fallback.is_some()),
            u8::from(self.rules_waived),
            u8::from(self.linked),
            self.code.number(),
            kind,
            amount,
        ]);
        let mut mixer = Mixer::new(shape);
        mixer.account(self.debit);
        mixer.account(self.credit);
        mixer.words(amount_words);
        mixer.words(kind_words);
        if let Some(account) = self.credit_fallback {
            mixer.account(account);
        }
        ContentHash(mixer.state & !1)
    }
}

/// Mixes words into one. Not for use against people who choose their words: transfers are made
/// by services and operators, and who makes two alike only loses the second.
struct Mixer {
    state: u64,
}

impl Mixer {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    const fn new(first: u64) -> Self {
        let mut mixer = Self {
            state: Self::MULTIPLIER,
        };
        mixer.word(first);
        mixer
    }

    const fn word(&mut self, word: u64) {
        let product = (self.state ^ word).wrapping_mul(Self::MULTIPLIER);
        self.state = (product ^ (product >> 32)).rotate_left(17);
    }

    const fn words(&mut self, [first, second]: [u64; 2]) {
        self.word(first);
        self.word(second);
    }

    fn account(&mut self, account: Account) {
        let key = AccountKey::of(account);
        self.words([key.high, key.low]);
        self.word(u64::from(key.tag));
    }
}

/// Sixteen bytes as two words.
const fn words(bytes: [u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    [
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes([i, j, k, l, m, n, o, p]),
    ]
}

/// An account's name as three words: cheap to compare and to hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey {
    high: u64,
    low: u64,
    tag: u32,
}

impl AccountKey {
    pub(crate) fn of(account: Account) -> Self {
        let (owned, [high, low]) = match account.customer {
            Some(customer) => (1, words(customer.bytes())),
            None => (0, [0, 0]),
        };
        let tag = [0, owned, account.kind.number(), number_of(account.currency)];
        Self {
            high,
            low,
            tag: u32::from_be_bytes(tag),
        }
    }
}

/// A transfer's id as two words, likewise.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TransferKey {
    high: u64,
    low: u64,
}

impl TransferKey {
    pub(crate) const fn of(id: TransferId) -> Self {
        let [high, low] = words(id.bytes());
        Self { high, low }
    }

    /// A byte that is as good as random, whatever the ids' order.
    pub(crate) const fn spread(self) -> u8 {
        let mixed = (self.high ^ self.low.rotate_left(32)).wrapping_mul(Mixer::MULTIPLIER);
        mixed.to_be_bytes()[0]
    }

    /// The id again.
    pub(crate) const fn id(self) -> TransferId {
        let [a, b, c, d, e, f, g, h] = self.high.to_be_bytes();
        let [i, j, k, l, m, n, o, p] = self.low.to_be_bytes();
        TransferId::from_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

impl AccountKind {
    const fn number(self) -> u8 {
        match self {
            Self::Cash => 0,
            Self::Bonus => 1,
            Self::Receivable => 2,
            Self::Book => 3,
            Self::Provider => 4,
            Self::Suspense => 5,
            Self::Promotions => 6,
            Self::Adjustments => 7,
        }
    }
}

impl TransferCode {
    const fn number(self) -> u8 {
        match self {
            Self::Stake => 0,
            Self::StakeReturned => 1,
            Self::Winnings => 2,
            Self::SettlementReversed => 3,
            Self::Deposit => 4,
            Self::Withdrawal => 5,
            Self::DebtRepaid => 6,
            Self::Adjustment => 7,
            Self::Benchmark => 8,
            Self::CashOut => 9,
            Self::BonusGranted => 10,
            Self::BonusConverted => 11,
            Self::BonusLapsed => 12,
            Self::PromotionSettled => 13,
        }
    }
}

const fn number_of(currency: Currency) -> u8 {
    match currency {
        Currency::Eur => 0,
        Currency::Gbp => 1,
        Currency::Usd => 2,
        Currency::Jpy => 3,
        Currency::Kwd => 4,
    }
}
