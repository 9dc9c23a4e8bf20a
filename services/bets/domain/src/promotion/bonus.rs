//! Bonus money and the way of it to cash.
//!
//! Duty: the arithmetic of one grant. All follows from two sums: what the grant is worth (given,
//! less stakes, plus returns) and what was wagered. Until the wagering is done the worth can be
//! staked; from then on it is cash, up to the most that becomes cash. Settlements and reversals add
//! to the sums and take from them, so that a reversal is the inverse of its settlement whatever
//! happened between.
//!
//! The worth may fall below zero, when a return is taken back that was staked again. The customer
//! owes nothing for that: the house advances it, and later returns make it good first.

use super::{Conversion, Division, Given};
use kernel::{BonusId, Currency, Money, Timestamp};

/// Bonus money that was given once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bonus {
    /// Its name.
    pub id: BonusId,
    /// How much was given.
    pub amount: Money,
    /// What must be staked with it before it becomes cash.
    pub wagering_required: Money,
    /// What of it becomes cash at most.
    pub converted_max: Option<Money>,
    /// On which conditions it was given.
    pub given: Given,
    /// The amount less stakes and what has lapsed, plus returns, in minor units.
    pub worth_minor: i64,
    /// What was staked by settlements in force, void ones excepted, in minor units.
    pub wagered_minor: i64,
    /// How often what was left of it has lapsed: more than once after late reversals.
    pub lapses: u32,
    /// Slips staked with it that are pending or have no settlement in force.
    pub open_slips: u32,
}

const fn above_zero(minor: i64) -> i64 {
    if minor > 0 { minor } else { 0 }
}

impl Bonus {
    /// Its currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.amount.currency()
    }

    /// Whether the wagering is done.
    #[must_use]
    pub const fn is_wagered(&self) -> bool {
        self.wagered_minor >= self.wagering_required.minor()
    }

    /// What stands on the customer's bonus account, in minor units.
    #[must_use]
    pub const fn available_minor(&self) -> i64 {
        if self.is_wagered() {
            0
        } else {
            above_zero(self.worth_minor)
        }
    }

    /// What has become cash, in minor units.
    #[must_use]
    pub fn converted_minor(&self) -> i64 {
        if !self.is_wagered() {
            return 0;
        }
        let most = self.converted_max.map_or(i64::MAX, Money::minor);
        above_zero(self.worth_minor).min(most)
    }

    /// What would have become cash if both sums were so much more, or less; in minor units.
    #[must_use]
    pub fn converted_with(&self, worth_minor: i64, wagered_minor: i64) -> i64 {
        let after = Self {
            worth_minor: self.worth_minor.saturating_add(worth_minor),
            wagered_minor: self.wagered_minor.saturating_add(wagered_minor),
            ..self.clone()
        };
        after.converted_minor()
    }

    /// What a new slip may be staked with at that time, in minor units.
    #[must_use]
    pub fn stakeable_minor(&self, at: Timestamp) -> i64 {
        if at < self.given.expires_at {
            self.available_minor()
        } else {
            0
        }
    }

    /// When what is left must be looked at: not while slips hang on it.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        if self.open_slips == 0 && self.available_minor() > 0 {
            Some(self.given.expires_at)
        } else {
            None
        }
    }

    /// A slip is staked with so much of it, no more than is available.
    pub(super) const fn stake(&mut self, minor: i64) {
        self.worth_minor = self.worth_minor.saturating_sub(minor);
        self.open_slips = self.open_slips.saturating_add(1);
    }

    /// A pending slip gives back what it took.
    pub(super) fn give_back(&mut self, stake: Money) -> Conversion {
        self.open_slips = self.open_slips.saturating_sub(1);
        self.change(stake.minor(), 0)
    }

    /// A slip staked with it is settled.
    pub(super) fn settle(&mut self, division: &Division) -> Conversion {
        self.open_slips = self.open_slips.saturating_sub(1);
        self.change(division.to_bonus.minor(), division.wagered.minor())
    }

    /// The inverse: the slip is open again.
    pub(super) fn reverse(&mut self, division: &Division) -> Conversion {
        self.open_slips = self.open_slips.saturating_add(1);
        let [returned, wagered] = [division.to_bonus, division.wagered].map(Money::minor);
        self.change(returned.saturating_neg(), wagered.saturating_neg())
    }

    /// All that is there comes to its end.
    pub(super) fn lapse(&mut self) -> Money {
        let lapsed = self.available_minor();
        self.worth_minor = self.worth_minor.saturating_sub(lapsed);
        self.lapses = self.lapses.saturating_add(1);
        self.money(lapsed)
    }

    /// Adds to both sums. What the change of the worth is not for the account and not for cash is
    /// the house's: what is beyond the most that becomes cash, and what makes good an advance.
    fn change(&mut self, worth: i64, wagered: i64) -> Conversion {
        let (available, converted) = (self.available_minor(), self.converted_minor());
        self.worth_minor = self.worth_minor.saturating_add(worth);
        self.wagered_minor = self.wagered_minor.saturating_add(wagered);
        let available = self.available_minor().saturating_sub(available);
        let converted = self.converted_minor().saturating_sub(converted);
        let to_house = worth.saturating_sub(available).saturating_sub(converted);
        Conversion {
            converted: self.money(converted),
            to_house: self.money(to_house),
        }
    }

    const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.amount.currency())
    }
}
