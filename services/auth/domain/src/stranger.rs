//! Logins that nobody has.
//!
//! Duty: who tries one meets what he would meet with a wrong password: a count, and the same
//! blocks after the same number of tries. The gateway sends an id that follows from the login, so
//! that one login is one stranger.
//!
//! Prohibition: strangers never fill the memory: of more than [`STRANGERS_MAX`] those are
//! forgotten that were not tried for the longest.

use crate::credential::block_after;
use crate::decide::Rejection;
use crate::event::Event;
use crate::state::{State, Stranger};
use kernel::{CustomerId, Timestamp};

/// So many strangers of a partition are remembered.
pub const STRANGERS_MAX: usize = 1_000;

pub(crate) fn turn_away(
    state: &State,
    id: CustomerId,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let known = state.strangers.get(&id);
    let blocked = known.and_then(|stranger| stranger.blocked_until);
    if let Some(until) = blocked.filter(|until| now < *until) {
        return Err(Rejection::SignInBlocked { until });
    }
    let failures = known.map_or(0, |stranger| stranger.failures);
    let failures = failures.saturating_add(1);
    Ok(vec![Event::StrangerTurnedAway {
        customer: id,
        failures,
        blocked_until: block_after(failures).map(|span| now.plus(span)),
    }])
}

impl State {
    pub(crate) fn note_stranger(
        &mut self,
        id: CustomerId,
        failures: u32,
        blocked_until: Option<Timestamp>,
    ) {
        self.strangers_seen = self.strangers_seen.saturating_add(1);
        let stranger = Stranger {
            failures,
            blocked_until,
            number: self.strangers_seen,
        };
        self.strangers.insert(id, stranger);
        if self.strangers.len() > STRANGERS_MAX {
            let longest_ago = self
                .strangers
                .iter()
                .min_by_key(|(_, stranger)| stranger.number);
            if let Some(forgotten) = longest_ago.map(|(id, _)| *id) {
                self.strangers.remove(&forgotten);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, SignIn};
    use crate::examples::*;

    fn attempt(id: CustomerId, now: Timestamp) -> Command {
        Command::SignIn(SignIn {
            customer: id,
            credential_version: 0,
            password_matches: false,
            now,
            ..sign_in_anna()
        })
    }

    fn turned_away(count: u32, blocked_until: Option<Timestamp>) -> Event {
        Event::StrangerTurnedAway {
            customer: ANNA,
            failures: count,
            blocked_until,
        }
    }

    #[test]
    fn a_login_that_nobody_has_is_counted_like_a_wrong_password() {
        scenario([])
            .when(attempt(ANNA, at(10)))
            .then([turned_away(1, None)]);
        scenario([turned_away(4, None)])
            .when(attempt(ANNA, at(10)))
            .then([turned_away(5, Some(at(40)))]);
    }

    #[test]
    fn it_is_blocked_as_one_that_exists_is() {
        scenario([turned_away(5, Some(at(40)))])
            .when(attempt(ANNA, at(39)))
            .then_rejected(Rejection::SignInBlocked { until: at(40) });
        scenario([turned_away(5, Some(at(40)))])
            .when(attempt(ANNA, at(40)))
            .then([turned_away(6, Some(at(100)))]);
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut many = scenario([]);
        for number in 0..1_001 {
            many = many.after(attempt(CustomerId::example(number, PARTITION), at(10)));
        }
        let state = many.state();
        assert_eq!(state.strangers.len(), STRANGERS_MAX);
        let first = CustomerId::example(0, PARTITION);
        assert!(!state.strangers.contains_key(&first), "tried longest ago");
    }
}
