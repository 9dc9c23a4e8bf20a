//! Whether the house may write to a customer to make them bet.
//!
//! Duty: nobody who has not said so gets marketing messages, and nobody who is excluded. An
//! exclusion takes the permission away in its own record; afterwards it must be given anew.
//!
//! Prohibition: nothing is sent here. Messages about the account itself need no permission.

use crate::command::SetMarketing;
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::state::State;

pub(crate) fn set(state: &State, command: &SetMarketing) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if customer.marketing == command.allowed {
        return Ok(vec![]);
    }
    if let Some(until) = customer
        .exclusion_at(command.now)
        .filter(|_| command.allowed)
    {
        return Err(Rejection::Excluded { until });
    }
    Ok(vec![Event::MarketingSet {
        customer: command.customer,
        allowed: command.allowed,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;

    fn ask(allowed: bool) -> Command {
        Command::SetMarketing(SetMarketing {
            customer: ANNA,
            allowed,
            now: at(10),
        })
    }

    fn set_to(allowed: bool) -> Event {
        Event::MarketingSet {
            customer: ANNA,
            allowed,
        }
    }

    #[test]
    fn marketing_is_allowed_and_forbidden_at_once() {
        scenario([anna_registered()])
            .when(ask(true))
            .then([set_to(true)]);
        scenario([anna_registered(), set_to(true)])
            .when(ask(false))
            .then([set_to(false)]);
    }

    #[test]
    fn nobody_gets_any_unasked() {
        scenario([anna_registered()])
            .when(ask(false))
            .then_nothing();
    }

    #[test]
    fn the_same_word_again_changes_nothing() {
        scenario([anna_registered()])
            .after(ask(true))
            .when(ask(true))
            .then_nothing();
    }

    #[test]
    fn nobody_who_is_excluded_gets_any() {
        scenario([anna_registered(), anna_excluded(at(11))])
            .when(ask(true))
            .then_rejected(Rejection::Excluded { until: at(11) });
        scenario([anna_registered(), anna_excluded(at(10))])
            .when(ask(true))
            .then([set_to(true)]);
    }

    #[test]
    fn a_stranger_has_no_say() {
        scenario([])
            .when(ask(true))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
