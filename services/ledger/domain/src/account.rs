//! Accounts: their names, their kinds with the rule of each, and how much they give and take.
//!
//! Duty: every question of the form "may this account pay out, or take in, so much?" is answered
//! here and nowhere else. Prohibition: nothing here knows a transfer, a hold's id or a batch.

use crate::event::RefusalReason;
use kernel::{Currency, CustomerId, Partition};

/// An account's name: whose it is, what it is for, its currency. No customer: the house's own
/// account in this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Whose.
    pub customer: Option<CustomerId>,
    /// What for.
    pub kind: AccountKind,
    /// In which currency.
    pub currency: Currency,
}

impl Account {
    /// Whether the account is kept in that partition: the house's always are.
    #[must_use]
    pub fn is_in(self, partition: Partition) -> bool {
        self.customer
            .is_none_or(|customer| customer.partition() == partition)
    }
}

/// What an account is for, and so which rule it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// A customer's money: what is posted covers what is held.
    Cash,
    /// A customer's bonus money: the same rule.
    Bonus,
    /// What a customer owes: never above zero.
    Receivable,
    /// The house's book: no bound.
    Book,
    /// Money at the payment provider: no bound.
    Provider,
    /// Credits that no other account could take, until somebody has looked: what is taken out came
    /// in before.
    Suspense,
    /// Bonus money given: no bound.
    Promotions,
    /// What persons have corrected: no bound.
    Adjustments,
}

/// The bound that a kind of account keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Posted less held is not below zero.
    Covered,
    /// Posted is not above zero.
    Owing,
    /// None.
    Free,
}

impl AccountKind {
    /// Whether flags and a maximum may be set: only where a refusal hurts nobody but the asker.
    /// The house's accounts and debts must take every established fact.
    #[must_use]
    pub const fn takes_rules(self) -> bool {
        match self {
            Self::Cash | Self::Bonus => true,
            Self::Receivable
            | Self::Book
            | Self::Provider
            | Self::Suspense
            | Self::Promotions
            | Self::Adjustments => false,
        }
    }

    /// The bound that accounts of this kind keep.
    #[must_use]
    pub const fn bound(self) -> Bound {
        match self {
            Self::Cash | Self::Bonus | Self::Suspense => Bound::Covered,
            Self::Receivable => Bound::Owing,
            Self::Book | Self::Provider | Self::Promotions | Self::Adjustments => Bound::Free,
        }
    }
}

/// What an account has after its last entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Credits less debits, in minor units.
    pub posted_minor: i64,
    /// What of it is held, in minor units.
    pub held_minor: i64,
    /// The last entry's number; 0 before the first.
    pub entry: u64,
}

/// An account's flags and its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Nothing may be taken out or newly held.
    pub debits_blocked: bool,
    /// Nothing may be put in.
    pub credits_blocked: bool,
    /// The posted balance may not go above this, in minor units.
    pub balance_max: Option<i64>,
}

/// The largest magnitude of a balance: symmetric, so that every balance has an opposite.
const MAGNITUDE_MAX: i64 = i64::MAX;

impl Balance {
    /// What may be taken out or held: posted less held, in minor units.
    #[must_use]
    pub const fn available_minor(self) -> i64 {
        self.posted_minor.saturating_sub(self.held_minor)
    }

    /// The balance after another entry that changes what is posted and what is held.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub(crate) const fn changed(self, posted: i64, held: i64) -> Result<Self, RefusalReason> {
        let Some(posted_minor) = self.posted_minor.checked_add(posted) else {
            return Err(RefusalReason::Overflow);
        };
        let Some(held_minor) = self.held_minor.checked_add(held) else {
            return Err(RefusalReason::Overflow);
        };
        if posted_minor == i64::MIN {
            return Err(RefusalReason::Overflow);
        }
        Ok(Self {
            posted_minor,
            held_minor,
            entry: self.entry.saturating_add(1),
        })
    }
}

/// What stands between an account and a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// The rule.
    pub(crate) reason: RefusalReason,
    /// What there is, where a customer is short of it.
    pub(crate) available_minor: Option<i64>,
}

impl Shortage {
    const fn of(reason: RefusalReason) -> Self {
        Self {
            reason,
            available_minor: None,
        }
    }
}

/// An account as it stands within a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it has.
    pub balance: Balance,
    /// Its flags and maximum.
    pub rules: Rules,
}

impl Standing {
    /// An account that nobody has named yet.
    pub(crate) const NEW: Self = Self {
        balance: Balance {
            posted_minor: 0,
            held_minor: 0,
            entry: 0,
        },
        rules: Rules {
            debits_blocked: false,
            credits_blocked: false,
            balance_max: None,
        },
    };

    /// The most that it can give.
    const fn giveable(&self, kind: AccountKind) -> i64 {
        match kind.bound() {
            Bound::Covered => {
                let available = self.balance.available_minor();
                if available > 0 { available } else { 0 }
            }
            Bound::Owing | Bound::Free => self.balance.posted_minor.saturating_add(MAGNITUDE_MAX),
        }
    }

    /// The most that it can take.
    fn takeable(&self, kind: AccountKind, rules_waived: bool) -> i64 {
        let posted = self.balance.posted_minor;
        let by_size = MAGNITUDE_MAX.saturating_sub(posted);
        match kind.bound() {
            Bound::Covered => match self.rules.balance_max {
                Some(max) if !rules_waived => by_size.min(max.saturating_sub(posted)).max(0),
                Some(_) | None => by_size,
            },
            Bound::Owing => posted.saturating_neg().max(0),
            Bound::Free => by_size,
        }
    }

    /// Whether it can give exactly that much.
    pub(crate) fn give(
        &self,
        kind: AccountKind,
        minor: i64,
        rules_waived: bool,
    ) -> Result<(), Shortage> {
        if self.rules.debits_blocked && !rules_waived {
            return Err(Shortage::of(RefusalReason::DebitsBlocked));
        }
        if minor <= self.giveable(kind) {
            return Ok(());
        }
        Err(match kind.bound() {
            Bound::Covered => Shortage {
                reason: RefusalReason::DebitExceedsAvailable,
                available_minor: Some(self.balance.available_minor()),
            },
            Bound::Owing | Bound::Free => Shortage::of(RefusalReason::Overflow),
        })
    }

    /// Whether it can take exactly that much.
    pub(crate) fn take(
        &self,
        kind: AccountKind,
        minor: i64,
        rules_waived: bool,
    ) -> Result<(), Shortage> {
        if self.rules.credits_blocked && !rules_waived {
            return Err(Shortage::of(RefusalReason::CreditsBlocked));
        }
        if minor <= self.takeable(kind, rules_waived) {
            return Ok(());
        }
        let fits = self.balance.posted_minor.checked_add(minor).is_some();
        Err(Shortage::of(if fits {
            RefusalReason::CreditExceedsLimit
        } else {
            RefusalReason::Overflow
        }))
    }

    /// As much of the maximum as it can give: nothing when its debits are blocked.
    pub(crate) fn give_up_to(&self, kind: AccountKind, max: i64, rules_waived: bool) -> i64 {
        if self.rules.debits_blocked && !rules_waived {
            0
        } else {
            max.min(self.giveable(kind))
        }
    }

    /// As much of the maximum as it can take: nothing when its credits are blocked.
    pub(crate) fn take_up_to(&self, kind: AccountKind, max: i64, rules_waived: bool) -> i64 {
        if self.rules.credits_blocked && !rules_waived {
            0
        } else {
            max.min(self.takeable(kind, rules_waived))
        }
    }
}
