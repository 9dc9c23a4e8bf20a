//! I18: limits, exclusions and restrictions bind from the record that noticed them.
//!
//! Duty: within each deciding partition, hold every placement and deposit against what that
//! partition had noticed before. Prohibition: what another journal knew earlier does not count
//! here; that the notice follows soon is a matter of lag, not of order.

use crate::auditor::Findings;
use kernel::{CustomerId, Duration, InvariantId, Money, Position, Timestamp};
use rustc_hash::FxHashMap;
use schemas::bets::Event as BetsEvent;
use schemas::payments::Event as PaymentsEvent;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    bets_excluded: FxHashMap<CustomerId, Timestamp>,
    stake_per_slip: FxHashMap<CustomerId, Money>,
    forbidden: FxHashMap<CustomerId, bool>,
    payments_excluded: FxHashMap<CustomerId, Timestamp>,
    deposit_day: FxHashMap<CustomerId, Money>,
    deposits: FxHashMap<CustomerId, Vec<(Timestamp, Money)>>,
}

impl Limits {
    pub(crate) fn take_bets(
        &mut self,
        position: Position,
        event: &BetsEvent,
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
        }
        if let BetsEvent::RestrictionNoticed(noticed) = event {
            self.forbidden
                .insert(noticed.customer, noticed.stake_permille == 0);
        }
        if let BetsEvent::BetPlaced(placed) = event {
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
            let within = limit.is_none_or(|limit| placed.stake.minor() <= limit.minor());
            findings.require(within, bind, position, || {
                format!(
                    "{} stakes {:?} beyond {limit:?}",
                    placed.customer, placed.stake
                )
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
            match noticed.day {
                Some(limit) => self.deposit_day.insert(noticed.customer, limit),
                None => self.deposit_day.remove(&noticed.customer),
            };
        }
        if let PaymentsEvent::DepositRequested(requested) = event {
            let excluded = self.payments_excluded.get(&requested.customer);
            findings.require(
                excluded.is_none_or(|until| requested.requested_at >= *until),
                bind,
                position,
                || format!("{} deposits although excluded", requested.customer),
            );
            let made = self.deposits.entry(requested.customer).or_default();
            made.push((requested.requested_at, requested.amount));
            if let Some(limit) = self.deposit_day.get(&requested.customer) {
                findings.require(
                    requested.amount.minor() <= limit.minor(),
                    bind,
                    position,
                    || {
                        format!(
                            "{} deposits {:?} beyond {limit:?} a day",
                            requested.customer, requested.amount
                        )
                    },
                );
            }
            // A window longer than a day is not looked back upon here.
            let horizon = requested.requested_at.minus(Duration::from_secs(86_400));
            made.retain(|(at, _)| *at > horizon);
        }
    }
}
