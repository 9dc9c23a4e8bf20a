//! A grant's story, worked out for whoever asks.
//!
//! Duty: the arithmetic of bonus money without slips, customers and clocks, for the calculator and
//! the conformance vectors. Prohibition: no rule is here that is not the book's own.

use super::{Bonus, Conversion, Division, Given, StakeParts};
use kernel::{BonusId, Currency, Money, Timestamp};

/// A slip that was staked with bonus money, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReckonedSlip {
    /// What it was staked with.
    pub stake: StakeParts,
    /// What it returned.
    pub returned: Money,
    /// Whether it was void throughout.
    pub is_void: bool,
    /// Whether its settlement was taken back in the end.
    pub is_reversed: bool,
}

/// Where a grant stands after its slips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reckoning {
    /// What was paid in cash: of returns, and what bonus money became. In minor units, like all.
    pub cash_minor: i64,
    /// What is bonus money.
    pub available_minor: i64,
    /// What bonus money became.
    pub converted_minor: i64,
    /// What went to the house; below zero: what it advanced.
    pub house_minor: i64,
    /// What was wagered.
    pub wagered_minor: i64,
}

impl Reckoning {
    fn count(&mut self, division: &Division, conversion: Conversion, sign: i64) {
        let cash = division.to_cash.minor().saturating_mul(sign);
        let converted = conversion.converted.minor();
        self.cash_minor = self
            .cash_minor
            .saturating_add(cash)
            .saturating_add(converted);
        let to_house = conversion.to_house.minor();
        self.house_minor = self.house_minor.saturating_add(to_house);
    }
}

/// All slips are staked and settled in their order; then those that are reversed are, in theirs.
/// None: a stake is above what there is, or below zero.
#[must_use]
pub fn reckon(
    amount: Money,
    wagering_times: u16,
    converted_max: Option<Money>,
    slips: &[ReckonedSlip],
) -> Option<Reckoning> {
    let currency: Currency = amount.currency();
    let required = amount.minor().checked_mul(i64::from(wagering_times))?;
    let mut bonus = Bonus {
        id: BonusId::default(),
        amount,
        wagering_required: Money::from_minor(required, currency),
        converted_max,
        given: Given {
            price_min: None,
            expires_at: Timestamp::MAX,
            reason: String::new(),
            by: String::new(),
            at: Timestamp::MIN,
        },
        worth_minor: amount.minor(),
        wagered_minor: 0,
        lapses: 0,
        open_slips: 0,
    };
    let mut reckoning = Reckoning::default();
    let mut divisions = Vec::with_capacity(slips.len());
    for slip in slips {
        let stake = slip.stake.promotional.minor();
        if stake < 0 || slip.stake.cash.minor() < 0 || stake > bonus.available_minor() {
            return None;
        }
        bonus.stake(stake);
        let division = Division::in_proportion(slip.returned, slip.stake, slip.is_void);
        let conversion = bonus.settle(&division);
        reckoning.count(&division, conversion, 1);
        divisions.push(division);
    }
    for (slip, division) in slips.iter().zip(&divisions) {
        if slip.is_reversed {
            let conversion = bonus.reverse(division);
            reckoning.count(division, conversion, -1);
        }
    }
    Some(Reckoning {
        available_minor: bonus.available_minor(),
        converted_minor: bonus.converted_minor(),
        wagered_minor: bonus.wagered_minor,
        ..reckoning
    })
}
