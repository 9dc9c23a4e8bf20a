//! Slips whose stake is not cash alone, worked out a second time.
//!
//! Duty: which holds such a slip must have, what a token's slip must return, and what of stake and
//! return is the customer's own cash, which own limits count. Prohibition: bets' own arithmetic is
//! not used.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "exact fractions neither overflow nor round"
)]

use kernel::{BetId, Money, TransferId};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use rustc_hash::FxHashMap;
use schemas::bets::{BetSettled, Event, SlipOutcome, promotional_hold, stake_hold};
use schemas::promotions::{Promotion, StakeFunded};

/// The holds of a slip after so many reversals, and how much each holds.
pub(crate) fn holds(
    bet: BetId,
    reversals: u32,
    stake: Money,
    funded: Option<&StakeFunded>,
) -> Vec<(TransferId, i64)> {
    let cash = stake_hold(bet, reversals);
    let Some(funded) = funded else {
        return vec![(cash, stake.minor())];
    };
    let parts = [
        (cash, funded.stake.cash.minor()),
        (
            promotional_hold(bet, reversals),
            funded.stake.promotional.minor(),
        ),
    ];
    parts.into_iter().filter(|(_, minor)| *minor != 0).collect()
}

/// The fundings that a record tells, by slip: they stand behind the placements.
pub(crate) fn of_record(events: &[Event]) -> FxHashMap<BetId, &StakeFunded> {
    let mut funded = FxHashMap::default();
    for event in events {
        if let Event::StakeFunded(told) = event {
            funded.insert(told.bet, told);
        }
    }
    funded
}

/// How much of a return belongs to the cash in the stake, in minor units: its part of what the
/// whole stake returned, rounded down. A token that is kept is put back first; a return that does
/// not make up for the cash is all the cash's.
pub(crate) fn of_cash(settled: &BetSettled, funded: Option<&StakeFunded>) -> i64 {
    let returned = settled.returned.minor();
    let Some(funded) = funded else {
        return returned;
    };
    let [cash, promotional] = [&funded.stake.cash, &funded.stake.promotional].map(|it| it.minor());
    let kept = match &funded.promotion {
        Promotion::FreeBet(_) if settled.outcome == SlipOutcome::Void => return returned,
        Promotion::FreeBet(token) if !token.stake_returned => promotional,
        Promotion::FreeBet(_) | Promotion::Bonus(_) => 0,
    };
    if kept > 0 && returned < cash {
        return returned;
    }
    let whole = i128::from(cash) + i128::from(promotional);
    if whole == 0 {
        return returned;
    }
    let share = (i128::from(returned) + i128::from(kept)) * i128::from(cash) / whole;
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// What is paid of an exact return in minor units: a token takes no part in it beyond its winnings.
pub(crate) fn due(
    exact: BigRational,
    stake: Money,
    funded: Option<&StakeFunded>,
    outcome: SlipOutcome,
) -> BigRational {
    let Some(funded) = funded else {
        return exact;
    };
    let is_void = outcome == SlipOutcome::Void;
    let kept = match &funded.promotion {
        Promotion::FreeBet(token) => is_void || !token.stake_returned,
        Promotion::Bonus(_) => false,
    };
    let whole = BigRational::from(BigInt::from(stake.minor()));
    if !kept || whole.is_zero() {
        return exact;
    }
    let cash = BigRational::from(BigInt::from(funded.stake.cash.minor()));
    if is_void {
        return cash;
    }
    let token = BigRational::from(BigInt::from(funded.stake.promotional.minor()));
    let won = &exact * &token / &whole - &token;
    let won = if won.is_negative() {
        BigRational::zero()
    } else {
        won
    };
    exact * cash / whole + won
}
