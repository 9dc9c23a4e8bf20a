//! I18: limits, exclusions and restrictions bind from the record that noticed them.
//!
//! Duty: within each deciding partition, hold every placement and deposit against what that
//! partition had noticed before. Prohibition: what another journal knew earlier does not count
//! here; that the notice follows soon is a matter of lag, not of order.

use crate::findings::Findings;
use kernel::{BetId, CustomerId, DepositId, Duration, InvariantId, Money, Position, Timestamp};
use rustc_hash::FxHashMap;
use schemas::bets::Event as BetsEvent;
use schemas::payments::{DepositRequested, Event as PaymentsEvent};
use schemas::promotions::StakeFunded;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    bets_excluded: FxHashMap<CustomerId, Timestamp>,
    stake_per_slip: FxHashMap<CustomerId, Money>,
    forbidden: FxHashMap<CustomerId, bool>,
    payments_excluded: FxHashMap<CustomerId, Timestamp>,
    stake_per_day: FxHashMap<CustomerId, Money>,
    /// Stakes in cash by customer and UTC day, rejected slips left out.
    staked: FxHashMap<(CustomerId, i64), i64>,
    /// The day of each slip that counts, and what of it is counted there.
    placed: FxHashMap<BetId, (i64, i64)>,
    deposit_limits: FxHashMap<CustomerId, [Option<Money>; 3]>,
    deposits: FxHashMap<CustomerId, Vec<Deposit>>,
}

/// A deposit that counts: one that failed does not.
#[derive(Debug)]
struct Deposit {
    id: DepositId,
    at: Timestamp,
    minor: i64,
}

const DAY_MICROS: i64 = 86_400_000_000;
/// Over how many days the three limits on deposits look back.
const WINDOW_DAYS: [i64; 3] = [1, 7, 30];

impl Limits {
    pub(crate) fn take_bets(
        &mut self,
        position: Position,
        decided_at: Timestamp,
        event: &BetsEvent,
        funded: &FxHashMap<BetId, &StakeFunded>,
        findings: &mut Findings,
    ) {
        let bind = InvariantId::RestrictionsBind;
        if let BetsEvent::ExclusionNoticed(noticed) = event {
            self.bets_excluded.insert(noticed.customer, noticed.until);
        }
        if let BetsEvent::StakeLimitNoticed(noticed) = event {
            match noticed.per_slip {
                Some(limit) => self.stake_per_slip.insert(noticed.customer, limit),
                None => self.stake_per_slip.remove(&noticed.customer),
            };
            match noticed.per_day {
                Some(limit) => self.stake_per_day.insert(noticed.customer, limit),
                None => self.stake_per_day.remove(&noticed.customer),
            };
        }
        if let BetsEvent::RestrictionNoticed(noticed) = event {
            self.forbidden
                .insert(noticed.customer, noticed.stake_permille == 0);
        }
        if let BetsEvent::BetRejected(rejected) = event
            && let Some((day, counted)) = self.placed.remove(&rejected.bet)
        {
            let staked = self.staked.entry((rejected.customer, day)).or_default();
            *staked = staked.saturating_sub(counted);
        }
        if let BetsEvent::PartAgreed(agreed) = event
            && let Some((day, counted)) = self.placed.get_mut(&agreed.bet)
        {
            let given_up = counted.saturating_sub(agreed.stake.minor());
            *counted = agreed.stake.minor();
            let staked = self.staked.entry((agreed.customer, *day)).or_default();
            *staked = staked.saturating_sub(given_up);
        }
        if let BetsEvent::BetAccepted(accepted) = event {
            let excluded = self.bets_excluded.get(&accepted.customer);
            findings.require(
                excluded.is_none_or(|until| decided_at >= *until),
                bind,
                position,
                || {
                    format!(
                        "{} is accepted for {} although excluded",
                        accepted.bet, accepted.customer
                    )
                },
            );
        }
        if let BetsEvent::BetPlaced(placed) = event {
            let day = placed.placed_at.micros().div_euclid(DAY_MICROS);
            let told = funded.get(&placed.bet);
            let cash = told.map_or(placed.stake, |told| told.stake.cash);
            self.placed.insert(placed.bet, (day, cash.minor()));
            let staked = self.staked.entry((placed.customer, day)).or_default();
            *staked = staked.saturating_add(cash.minor());
            let per_day = self.stake_per_day.get(&placed.customer);
            // Without cash in it a stake breaks no limit, not even one that is used up.
            let within = cash.is_zero() || per_day.is_none_or(|limit| *staked <= limit.minor());
            findings.require(within, bind, position, || {
                format!(
                    "{} stakes {staked} on one day, beyond {per_day:?}",
                    placed.customer
                )
            });
            let excluded = self.bets_excluded.get(&placed.customer);
            findings.require(
                excluded.is_none_or(|until| placed.placed_at >= *until),
                bind,
                position,
                || {
                    format!(
                        "{} places {} although excluded",
                        placed.customer, placed.bet
                    )
                },
            );
            let limit = self.stake_per_slip.get(&placed.customer);
            let within = limit.is_none_or(|limit| cash.minor() <= limit.minor());
            findings.require(within, bind, position, || {
                format!("{} stakes {cash:?} beyond {limit:?}", placed.customer)
            });
            let forbidden = self
                .forbidden
                .get(&placed.customer)
                .copied()
                .unwrap_or(false);
            findings.require(!forbidden, bind, position, || {
                format!(
                    "{} places {} although restricted",
                    placed.customer, placed.bet
                )
            });
        }
    }

    pub(crate) fn take_payments(
        &mut self,
        position: Position,
        event: &PaymentsEvent,
        findings: &mut Findings,
    ) {
        let bind = InvariantId::RestrictionsBind;
        if let PaymentsEvent::ExclusionNoticed(noticed) = event {
            self.payments_excluded
                .insert(noticed.customer, noticed.until);
        }
        if let PaymentsEvent::DepositLimitNoticed(noticed) = event {
            let limits = [noticed.day, noticed.week, noticed.month];
            self.deposit_limits.insert(noticed.customer, limits);
        }
        if let PaymentsEvent::DepositFailed(failed) = event
            && let Some(made) = self.deposits.get_mut(&failed.customer)
        {
            made.retain(|deposit| deposit.id != failed.deposit);
        }
        if let PaymentsEvent::DepositRequested(requested) = event {
            let excluded = self.payments_excluded.get(&requested.customer);
            findings.require(
                excluded.is_none_or(|until| requested.requested_at >= *until),
                bind,
                position,
                || format!("{} deposits although excluded", requested.customer),
            );
            self.deposit(position, requested, findings);
        }
    }

    /// Counts a deposit and holds the sums against the customer's limits.
    fn deposit(
        &mut self,
        position: Position,
        requested: &DepositRequested,
        findings: &mut Findings,
    ) {
        let made = self.deposits.entry(requested.customer).or_default();
        made.push(Deposit {
            id: requested.deposit,
            at: requested.requested_at,
            minor: requested.amount.minor(),
        });
        let limits = self.deposit_limits.get(&requested.customer);
        for (days, limit) in WINDOW_DAYS.into_iter().zip(limits.into_iter().flatten()) {
            let Some(limit) = limit else {
                continue;
            };
            let span = Duration::from_micros(DAY_MICROS.saturating_mul(days));
            let from = requested.requested_at.minus(span);
            let sum = made
                .iter()
                .filter(|deposit| deposit.at > from)
                .fold(0_i64, |sum, deposit| sum.saturating_add(deposit.minor));
            let bind = InvariantId::RestrictionsBind;
            findings.require(sum <= limit.minor(), bind, position, || {
                format!(
                    "{} deposits {sum} in {days} days, beyond {limit:?}",
                    requested.customer
                )
            });
        }
    }
}
