//! A customer as payments knows one: limits, exclusion, and the deposits that still count.
//!
//! Duty: the rolling sums. A deposit counts from the moment it is asked for, for the length of
//! each window; one that fails counts no more. Prohibition: no decision on anything else.

use crate::command::CustomerNotice;
use kernel::{Currency, DepositId, Duration, Money, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// A span over which deposits are counted, ending now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl Window {
    /// All windows, shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        const DAY_SECS: i64 = 24 * 60 * 60;
        match self {
            Self::Day => Duration::from_secs(DAY_SECS),
            Self::Week => Duration::from_secs(DAY_SECS.saturating_mul(7)),
            Self::Month => Duration::from_secs(DAY_SECS.saturating_mul(30)),
        }
    }
}

/// A customer's own limits on deposits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DepositLimits {
    /// Over 24 hours.
    pub day: Option<Money>,
    /// Over 7 days.
    pub week: Option<Money>,
    /// Over 30 days.
    pub month: Option<Money>,
}

impl DepositLimits {
    /// The limit over that window.
    #[must_use]
    pub const fn over(&self, window: Window) -> Option<Money> {
        match window {
            Window::Day => self.day,
            Window::Week => self.week,
            Window::Month => self.month,
        }
    }

    const fn set(&mut self, window: Window, amount: Option<Money>) {
        match window {
            Window::Day => self.day = amount,
            Window::Week => self.week = amount,
            Window::Month => self.month = amount,
        }
    }
}

/// A deposit that counts against limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub deposit: DepositId,
    /// When it was asked for.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
}

/// A customer as payments knows one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// Limits of which notice was taken.
    pub limits: DepositLimits,
    /// The end of the latest exclusion of which notice was taken.
    pub excluded_until: Option<Timestamp>,
    /// Deposits of the longest window, oldest first, failed ones left out.
    pub counted: VecDeque<Counted>,
    /// What came from each instrument and went back to it.
    pub instruments: BTreeMap<InstrumentKey, Flow>,
}

/// An instrument of a customer at a provider, in one currency. Payments for which nobody named one
/// share an instrument without a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstrumentKey {
    /// At which provider.
    pub provider: String,
    /// The provider's token; empty: nobody named one.
    pub instrument: String,
    /// In which currency.
    pub currency: Currency,
}

/// What came from an instrument and went back to it, in minor units, saturating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Deposits that were confirmed.
    pub in_minor: i64,
    /// Withdrawals that were paid or may still be.
    pub out_minor: i64,
}

impl Flow {
    /// What came from it and has not gone back.
    #[must_use]
    pub const fn rest_minor(self) -> i64 {
        let rest = self.in_minor.saturating_sub(self.out_minor);
        if rest > 0 { rest } else { 0 }
    }
}

impl Customer {
    /// What may still be paid in at that time: the least over all windows; none: no limit.
    ///
    /// A limit of another currency leaves nothing: what it is meant to stop cannot be compared.
    #[must_use]
    pub fn available(&self, now: Timestamp, amount: Money) -> Option<Money> {
        let per_window = Window::ALL.into_iter().filter_map(|window| {
            let limit = self.limits.over(window)?;
            if limit.currency() != amount.currency() {
                return Some(0);
            }
            let from = now.minus(window.span());
            let used = self
                .counted
                .iter()
                .filter(|counted| from < counted.at)
                .filter(|counted| counted.amount.currency() == limit.currency())
                .fold(0_i64, |sum, counted| {
                    sum.saturating_add(counted.amount.minor())
                });
            Some(limit.minor().saturating_sub(used).max(0))
        });
        let least = per_window.min()?;
        Some(Money::from_minor(least, amount.currency()))
    }

    /// The end of the exclusion that binds at that time.
    #[must_use]
    pub fn exclusion_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.excluded_until.filter(|until| now < *until)
    }

    pub(crate) fn count(&mut self, counted: Counted) {
        let from = counted.at.minus(Window::Month.span());
        while self.counted.front().is_some_and(|oldest| oldest.at <= from) {
            self.counted.pop_front();
        }
        self.counted.push_back(counted);
    }

    pub(crate) fn flow(&mut self, key: InstrumentKey) -> &mut Flow {
        self.instruments.entry(key).or_default()
    }

    pub(crate) fn discount(&mut self, deposit: DepositId) {
        self.counted.retain(|counted| counted.deposit != deposit);
    }

    /// Takes notice. An exclusion never gets shorter here either.
    pub(crate) fn notice(&mut self, notice: &CustomerNotice) {
        match notice {
            CustomerNotice::DepositLimit { window, amount, .. } => {
                self.limits.set(*window, *amount);
            }
            CustomerNotice::Excluded { until, .. } => {
                self.excluded_until = self.excluded_until.max(Some(*until));
            }
        }
    }
}
