//! The customer's own limits: tightening binds at once, loosening is the matter of `increase`.
//!
//! Duty: first settings and decreases at once. They cancel the loosening that waits.
//!
//! Prohibition: nothing is counted here, and no limit is weighed against another. Bets counts
//! stakes and losses, payments counts deposits, each from the record with which it takes notice,
//! and of all limits that apply the lowest binds.

use crate::command::SetLimit;
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::increase;
use crate::state::State;

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
    increase::ask(customer, limit, command)
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

    fn limited() -> Scenario {
        scenario([anna_registered(), in_force(eur(100))])
    }

    #[test]
    fn every_kind_can_be_limited() {
        for kind in LimitKind::ALL {
            let amount = eur(100);
            let customer = ANNA;
            let ask = Command::SetLimit(SetLimit {
                customer,
                kind,
                amount,
                now: at(10),
            });
            scenario([anna_registered()])
                .when(ask)
                .then([Event::LimitSet {
                    customer,
                    kind,
                    amount,
                }]);
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
