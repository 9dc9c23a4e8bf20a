//! The customer's own limits: tightening binds at once, loosening after a cool-off.
//!
//! Duty: first settings and decreases at once; increases and removals 24 hours later, by a timer.
//! A tightening in between cancels the loosening that waits.
//!
//! Prohibition: nothing is counted here. Bets counts stakes and payments counts deposits, each
//! from the record with which it takes notice.

use crate::command::SetLimit;
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::state::{State, TimerKey};
use kernel::Duration;

/// How long an increase or a removal waits.
pub const INCREASE_COOL_OFF: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn set(state: &State, command: &SetLimit) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if let Some(amount) = command.amount {
        if amount.currency() != customer.currency {
            let detail = "the currency is not the account's";
            return Err(Rejection::LimitNotAllowed { detail });
        }
        if amount.minor() < 0 {
            let detail = "the amount is below zero";
            return Err(Rejection::LimitNotAllowed { detail });
        }
    }
    let at_once = vec![Event::LimitSet {
        customer: command.customer,
        kind: command.kind,
        amount: command.amount,
    }];
    let Some(limit) = customer.limits.get(&command.kind) else {
        let first_setting = command.amount.is_some();
        return Ok(if first_setting { at_once } else { vec![] });
    };
    match command.amount {
        Some(amount) if amount.minor() < limit.amount.minor() => return Ok(at_once),
        Some(amount) if amount == limit.amount => {
            // Asking for what is in force takes back a loosening that waits.
            let waits = limit.pending.is_some();
            return Ok(if waits { at_once } else { vec![] });
        }
        Some(_) | None => {}
    }
    if let Some(until) = customer.exclusion_at(command.now) {
        return Err(Rejection::Excluded { until });
    }
    if limit.pending.map(|pending| pending.amount) == Some(command.amount) {
        return Ok(vec![]);
    }
    Ok(vec![Event::LimitIncreaseRequested {
        customer: command.customer,
        kind: command.kind,
        amount: command.amount,
        effective_at: command.now.plus(INCREASE_COOL_OFF),
        current: Some(limit.amount),
    }])
}

/// What the end of a cool-off brings into force. A timer that is not armed brings nothing.
pub(crate) fn apply_increase(state: &State, timer: TimerKey) -> Vec<Event> {
    let armed = state.timers.get(&timer).and_then(|(customer, kind)| {
        let limit = state.customers.get(customer)?.limits.get(kind)?;
        Some(Event::LimitSet {
            customer: *customer,
            kind: *kind,
            amount: limit.pending?.amount,
        })
    });
    armed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::event::LimitKind;
    use crate::examples::*;
    use kernel::{Currency, CustomerId, Money, Timestamp};

    const KIND: LimitKind = LimitKind::DepositDay;

    fn eur(minor: i64) -> Option<Money> {
        Some(Money::from_minor(minor, Currency::Eur))
    }

    fn ask(amount: Option<Money>, now: Timestamp) -> Command {
        Command::SetLimit(SetLimit {
            customer: ANNA,
            kind: KIND,
            amount,
            now,
        })
    }

    fn in_force(amount: Option<Money>) -> Event {
        Event::LimitSet {
            customer: ANNA,
            kind: KIND,
            amount,
        }
    }

    fn waits(amount: Option<Money>, current: Option<Money>, now: Timestamp) -> Event {
        Event::LimitIncreaseRequested {
            customer: ANNA,
            kind: KIND,
            amount,
            effective_at: now.plus(INCREASE_COOL_OFF),
            current,
        }
    }

    fn limited() -> Scenario {
        scenario([anna_registered(), in_force(eur(100))])
    }

    const fn timer(number: u64, armed: Timestamp) -> TimerKey {
        TimerKey {
            due: armed.plus(INCREASE_COOL_OFF),
            number,
        }
    }

    #[test]
    fn a_first_limit_binds_at_once() {
        scenario([anna_registered()])
            .when(ask(eur(100), at(10)))
            .then([in_force(eur(100))]);
    }

    #[test]
    fn a_decrease_binds_at_once() {
        limited()
            .when(ask(eur(99), at(10)))
            .then([in_force(eur(99))]);
    }

    #[test]
    fn an_increase_waits() {
        limited()
            .when(ask(eur(101), at(10)))
            .then([waits(eur(101), eur(100), at(10))]);
    }

    #[test]
    fn a_removal_waits() {
        limited()
            .when(ask(None, at(10)))
            .then([waits(None, eur(100), at(10))]);
    }

    #[test]
    fn removing_no_limit_changes_nothing() {
        scenario([anna_registered()])
            .when(ask(None, at(10)))
            .then_nothing();
    }

    #[test]
    fn the_same_limit_again_changes_nothing() {
        limited().when(ask(eur(100), at(10))).then_nothing();
    }

    #[test]
    fn the_same_increase_again_does_not_wait_anew() {
        limited()
            .after(ask(eur(101), at(10)))
            .when(ask(eur(101), at(20)))
            .then_nothing();
    }

    #[test]
    fn another_increase_waits_anew() {
        let state = limited()
            .after(ask(eur(101), at(10)))
            .after(ask(eur(500), at(20)))
            .state();
        assert_eq!(state.timers.keys().collect::<Vec<_>>(), [&timer(2, at(20))]);
    }

    #[test]
    fn a_decrease_cancels_the_increase_that_waits() {
        let state = limited()
            .after(ask(eur(101), at(10)))
            .after(ask(eur(50), at(20)))
            .state();
        assert!(state.timers.is_empty());
    }

    #[test]
    fn asking_for_what_is_in_force_takes_the_increase_back() {
        limited()
            .after(ask(eur(101), at(10)))
            .when(ask(eur(100), at(20)))
            .then([in_force(eur(100))]);
    }

    #[test]
    fn the_timer_brings_the_increase_into_force_and_is_disarmed() {
        let fire = Command::ApplyIncrease {
            timer: timer(1, at(10)),
        };
        limited()
            .after(ask(eur(101), at(10)))
            .when(fire.clone())
            .then([in_force(eur(101))]);
        let state = limited()
            .after(ask(None, at(10)))
            .after(fire.clone())
            .state();
        assert!(state.timers.is_empty());
        assert!(
            state
                .customers
                .get(&ANNA)
                .expect("registered")
                .limits
                .is_empty()
        );
        limited().when(fire).then_nothing();
    }

    #[test]
    fn a_limit_is_in_the_currency_of_the_account() {
        limited()
            .when(ask(Some(Money::from_minor(10, Currency::Usd)), at(10)))
            .then_rejected(Rejection::LimitNotAllowed {
                detail: "the currency is not the account's",
            });
    }

    #[test]
    fn a_limit_is_not_below_zero() {
        limited()
            .when(ask(eur(-1), at(10)))
            .then_rejected(Rejection::LimitNotAllowed {
                detail: "the amount is below zero",
            });
        limited().when(ask(eur(0), at(10))).then([in_force(eur(0))]);
    }

    #[test]
    fn an_excluded_customer_can_tighten_but_not_loosen() {
        let excluded = || {
            scenario([
                anna_registered(),
                in_force(eur(100)),
                anna_excluded(at(100_000)),
            ])
        };
        excluded()
            .when(ask(eur(101), at(10)))
            .then_rejected(Rejection::Excluded { until: at(100_000) });
        excluded()
            .when(ask(eur(99), at(10)))
            .then([in_force(eur(99))]);
    }

    #[test]
    fn a_stranger_has_no_limits() {
        let mut stranger = SetLimit {
            customer: CustomerId::example(2, PARTITION),
            kind: KIND,
            amount: eur(1),
            now: at(10),
        };
        stranger.amount = None;
        limited()
            .when(Command::SetLimit(stranger))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
