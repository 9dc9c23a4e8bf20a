//! Loosening a limit: a cool-off, then the customer's second word.
//!
//! Duty: an increase or a removal is asked for, waits 24 hours, and comes into force only when
//! the customer confirms it within the week after. What nobody confirms lapses, by a timer, and
//! the record says so.
//!
//! Prohibition: no increase comes into force by the passing of time. The one exception is old:
//! an increase of the time before confirmations still does what was promised when it was asked.

use crate::command::{ConfirmIncrease, SetLimit};
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::state::{Customer, Limit, State, TimerKey};
use kernel::{CustomerId, Duration};

/// How long an increase or a removal waits before it can be confirmed.
pub const INCREASE_COOL_OFF: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it can be confirmed from then on.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Asks for an increase or a removal of a limit.
pub(crate) fn ask(
    customer: &Customer,
    limit: &Limit,
    command: &SetLimit,
) -> Result<Vec<Event>, Rejection> {
    if let Some(until) = customer.exclusion_at(command.now) {
        return Err(Rejection::Excluded { until });
    }
    let waits = limit.pending.filter(|pending| {
        let lapsed = pending.confirm_from.is_some() && pending.timer.due <= command.now;
        !lapsed && pending.amount == command.amount
    });
    if waits.is_some() {
        return Ok(vec![]);
    }
    let confirm_from = command.now.plus(INCREASE_COOL_OFF);
    Ok(vec![Event::LimitIncreaseAsked {
        customer: command.customer,
        kind: command.kind,
        amount: command.amount,
        current: limit.amount,
        confirm_from,
        lapses_at: confirm_from.plus(CONFIRM_WITHIN),
    }])
}

pub(crate) fn confirm(state: &State, command: &ConfirmIncrease) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    let limit = customer.limits.get(&command.kind);
    let pending = limit.and_then(|limit| limit.pending);
    let Some(pending) = pending else {
        let in_force = limit.map(|limit| limit.amount) == command.amount;
        // What is in force has been confirmed, or needed no confirmation.
        return if in_force {
            Ok(vec![])
        } else {
            Err(Rejection::NoIncreaseWaits)
        };
    };
    let Some(from) = pending.confirm_from else {
        return Err(Rejection::NoIncreaseWaits);
    };
    if pending.amount != command.amount || pending.timer.due <= command.now {
        return Err(Rejection::NoIncreaseWaits);
    }
    if let Some(until) = customer.exclusion_at(command.now) {
        return Err(Rejection::Excluded { until });
    }
    if command.now < from {
        return Err(Rejection::CoolOffNotOver { from });
    }
    Ok(vec![
        Event::LimitIncreaseConfirmed {
            customer: command.customer,
            kind: command.kind,
            amount: command.amount,
        },
        Event::LimitSet {
            customer: command.customer,
            kind: command.kind,
            amount: command.amount,
        },
    ])
}

/// What the end of a wait brings. A timer that is not armed brings nothing.
pub(crate) fn end_wait(state: &State, timer: TimerKey) -> Vec<Event> {
    let ended = state.timers.get(&timer).and_then(|(customer, kind)| {
        let limit = state.customers.get(customer)?.limits.get(kind)?;
        let pending = limit.pending?;
        Some(match pending.confirm_from {
            None => Event::LimitSet {
                customer: *customer,
                kind: *kind,
                amount: pending.amount,
            },
            Some(_) => Event::LimitIncreaseLapsed {
                customer: *customer,
                kind: *kind,
                current: limit.amount,
            },
        })
    });
    ended.into_iter().collect()
}

/// All that waits lapses.
pub(crate) fn all_lapsed(id: CustomerId, customer: &Customer) -> Vec<Event> {
    let waiting = customer.limits.iter();
    let waiting = waiting.filter(|(_, limit)| limit.pending.is_some());
    let lapsed = waiting.map(|(kind, limit)| Event::LimitIncreaseLapsed {
        customer: id,
        kind: *kind,
        current: limit.amount,
    });
    lapsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::event::LimitKind;
    use crate::examples::*;
    use kernel::{Currency, Money, Timestamp};

    const KIND: LimitKind = LimitKind::DepositDay;
    const DAY: i64 = 86_400;
    /// The first moment at which what was asked at 10 can be confirmed.
    const FROM: i64 = 10 + DAY;
    /// The first at which it no longer can.
    const LAPSES: i64 = 10 + 8 * DAY;

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

    fn confirm(amount: Option<Money>, now: Timestamp) -> Command {
        Command::ConfirmIncrease(ConfirmIncrease {
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

    fn confirmed(amount: Option<Money>) -> [Event; 2] {
        let word = Event::LimitIncreaseConfirmed {
            customer: ANNA,
            kind: KIND,
            amount,
        };
        [word, in_force(amount)]
    }

    fn asked(amount: Option<Money>) -> Event {
        Event::LimitIncreaseAsked {
            customer: ANNA,
            kind: KIND,
            amount,
            current: Money::from_minor(100, Currency::Eur),
            confirm_from: at(FROM),
            lapses_at: at(LAPSES),
        }
    }

    /// As records of the time before confirmations tell it.
    fn promised(amount: Option<Money>) -> Event {
        Event::LimitIncreaseRequested {
            customer: ANNA,
            kind: KIND,
            amount,
            effective_at: at(FROM),
            current: eur(100),
        }
    }

    fn limited() -> Scenario {
        scenario([anna_registered(), in_force(eur(100))])
    }

    fn waiting() -> Scenario {
        limited().after(ask(eur(500), at(10)))
    }

    const fn timer(due: i64) -> TimerKey {
        let number = 1;
        TimerKey {
            due: at(due),
            number,
        }
    }

    fn lapsed() -> Event {
        Event::LimitIncreaseLapsed {
            customer: ANNA,
            kind: KIND,
            current: Money::from_minor(100, Currency::Eur),
        }
    }

    #[test]
    fn an_increase_and_a_removal_are_asked_for() {
        limited()
            .when(ask(eur(101), at(10)))
            .then([asked(eur(101))]);
        limited().when(ask(None, at(10))).then([asked(None)]);
    }

    #[test]
    fn the_same_increase_again_does_not_wait_anew() {
        waiting().when(ask(eur(500), at(20))).then_nothing();
    }

    #[test]
    fn another_increase_waits_anew() {
        let state = waiting().after(ask(eur(501), at(20))).state();
        let due: Vec<_> = state.timers.keys().map(|timer| timer.due).collect();
        assert_eq!(due, [at(20 + 8 * DAY)]);
    }

    #[test]
    fn what_has_lapsed_can_be_asked_for_again_before_the_timer_says_so() {
        assert_eq!(waiting().when(ask(eur(500), at(LAPSES))).events().len(), 1);
    }

    #[test]
    fn an_increase_is_in_force_when_it_is_confirmed() {
        for now in [FROM, LAPSES - 1] {
            waiting()
                .when(confirm(eur(500), at(now)))
                .then(confirmed(eur(500)));
        }
    }

    #[test]
    fn a_removal_is_in_force_when_it_is_confirmed() {
        let state = limited()
            .after(ask(None, at(10)))
            .after(confirm(None, at(FROM)))
            .state();
        let anna = state.customers.get(&ANNA).expect("registered");
        assert!(anna.limits.is_empty() && state.timers.is_empty());
    }

    #[test]
    fn the_same_confirmation_again_changes_nothing() {
        waiting()
            .after(confirm(eur(500), at(FROM)))
            .when(confirm(eur(500), at(FROM + 1)))
            .then_nothing();
    }

    #[test]
    fn nothing_is_confirmed_before_the_cool_off_is_over() {
        waiting()
            .when(confirm(eur(500), at(FROM - 1)))
            .then_rejected(Rejection::CoolOffNotOver { from: at(FROM) });
    }

    #[test]
    fn nothing_is_confirmed_after_its_week() {
        waiting()
            .when(confirm(eur(500), at(LAPSES)))
            .then_rejected(Rejection::NoIncreaseWaits);
    }

    #[test]
    fn only_what_was_asked_for_can_be_confirmed() {
        waiting()
            .when(confirm(eur(501), at(FROM)))
            .then_rejected(Rejection::NoIncreaseWaits);
        limited()
            .when(confirm(eur(500), at(FROM)))
            .then_rejected(Rejection::NoIncreaseWaits);
    }

    #[test]
    fn a_decrease_in_between_leaves_nothing_to_confirm() {
        waiting()
            .after(ask(eur(50), at(20)))
            .when(confirm(eur(500), at(FROM)))
            .then_rejected(Rejection::NoIncreaseWaits);
    }

    #[test]
    fn nobody_who_is_excluded_confirms() {
        let mut told = vec![anna_registered(), in_force(eur(100)), asked(eur(500))];
        told.push(anna_excluded(at(FROM + 9)));
        Scenario::given(told)
            .when(confirm(eur(500), at(FROM)))
            .then_rejected(Rejection::Excluded {
                until: at(FROM + 9),
            });
    }

    #[test]
    fn what_nobody_confirms_lapses() {
        let end = Command::EndWait {
            timer: timer(LAPSES),
        };
        waiting().when(end.clone()).then([lapsed()]);
        let state = waiting().after(end.clone()).state();
        assert!(state.timers.is_empty());
        waiting().after(end.clone()).when(end).then_nothing();
    }

    #[test]
    fn a_confirmed_increase_does_not_lapse() {
        waiting()
            .after(confirm(eur(500), at(FROM)))
            .when(Command::EndWait {
                timer: timer(LAPSES),
            })
            .then_nothing();
    }

    #[test]
    fn an_increase_of_the_time_before_confirmations_does_what_was_promised() {
        let promise = || scenario([anna_registered(), in_force(eur(100)), promised(eur(500))]);
        promise()
            .when(Command::EndWait { timer: timer(FROM) })
            .then([in_force(eur(500))]);
        promise()
            .when(confirm(eur(500), at(FROM)))
            .then_rejected(Rejection::NoIncreaseWaits);
    }

    #[test]
    fn a_stranger_confirms_nothing() {
        scenario([])
            .when(confirm(eur(500), at(FROM)))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
