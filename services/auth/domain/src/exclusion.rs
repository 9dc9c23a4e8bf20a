//! Self-exclusion: at once, never shortened.
//!
//! Duty: the exclusion and the end of all sessions in one record, so that nobody who was signed
//! in before it goes on. Betting and depositing end when bets and payments take notice.
//!
//! Prohibition: no way back. An exclusion ends only by its time; there is no command that
//! shortens or lifts it.

use crate::command::Exclude;
use crate::decide::{Rejection, customer};
use crate::event::{Event, RevokeReason};
use crate::session::revoked;
use crate::state::State;
use kernel::Duration;

/// The shortest exclusion of this build. A licence may ask for months; this is the one place
/// that says how long.
pub const EXCLUSION_SHORTEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How far the end may fall short because it was computed by another clock, a moment ago.
pub const CLOCK_SLACK: Duration = Duration::from_secs(60);

pub(crate) fn exclude(state: &State, command: &Exclude) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    match customer.exclusion_at(command.now) {
        Some(until) if command.until == until => return Ok(vec![]),
        Some(earliest) if command.until < earliest => {
            return Err(Rejection::ExclusionTooShort { earliest });
        }
        Some(_) => {}
        None => {
            let earliest = command.now.plus(EXCLUSION_SHORTEST);
            if command.until.plus(CLOCK_SLACK) < earliest {
                return Err(Rejection::ExclusionTooShort { earliest });
            }
        }
    }
    let excluded = Event::CustomerExcluded {
        customer: command.customer,
        until: command.until,
        at: command.now,
    };
    let ended = customer.sessions.iter().map(|(id, session)| {
        let reason = RevokeReason::Excluded;
        revoked(command.customer, *id, session, reason)
    });
    Ok(std::iter::once(excluded).chain(ended).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;
    use crate::session::REFRESH_LIFETIME;
    use kernel::Timestamp;

    const DAY: i64 = 86_400;

    fn ask(until: Timestamp, now: Timestamp) -> Command {
        Command::Exclude(Exclude {
            customer: ANNA,
            until,
            now,
        })
    }

    fn excluded(until: Timestamp, now: Timestamp) -> Event {
        Event::CustomerExcluded {
            customer: ANNA,
            until,
            at: now,
        }
    }

    #[test]
    fn an_exclusion_binds_at_once_and_ends_all_sessions() {
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(ask(at(20 + DAY), at(20)))
            .then([
                excluded(at(20 + DAY), at(20)),
                Event::SessionRevoked {
                    customer: ANNA,
                    session: SESSION,
                    reason: RevokeReason::Excluded,
                    expires_at: at(10).plus(REFRESH_LIFETIME),
                },
            ]);
    }

    #[test]
    fn the_same_exclusion_again_changes_nothing() {
        scenario([anna_registered()])
            .after(ask(at(20 + DAY), at(20)))
            .when(ask(at(20 + DAY), at(30)))
            .then_nothing();
    }

    #[test]
    fn an_exclusion_cannot_be_shortened() {
        scenario([anna_registered()])
            .after(ask(at(20 + 9 * DAY), at(20)))
            .when(ask(at(20 + 8 * DAY), at(30)))
            .then_rejected(Rejection::ExclusionTooShort {
                earliest: at(20 + 9 * DAY),
            });
    }

    #[test]
    fn an_exclusion_can_be_made_longer() {
        scenario([anna_registered()])
            .after(ask(at(20 + DAY), at(20)))
            .when(ask(at(21 + DAY), at(30)))
            .then([excluded(at(21 + DAY), at(30))]);
    }

    #[test]
    fn an_exclusion_lasts_a_day_at_least_by_whoever_s_clock() {
        scenario([anna_registered()])
            .when(ask(at(10 + DAY - 61), at(10)))
            .then_rejected(Rejection::ExclusionTooShort {
                earliest: at(10 + DAY),
            });
        scenario([anna_registered()])
            .when(ask(at(10 + DAY - 60), at(10)))
            .then([excluded(at(10 + DAY - 60), at(10))]);
    }

    #[test]
    fn after_its_end_a_new_exclusion_is_judged_like_the_first() {
        scenario([anna_registered()])
            .after(ask(at(20 + DAY), at(20)))
            .when(ask(at(20 + 2 * DAY), at(20 + DAY)))
            .then([excluded(at(20 + 2 * DAY), at(20 + DAY))]);
    }

    #[test]
    fn a_stranger_cannot_be_excluded() {
        scenario([])
            .when(ask(at(20 + DAY), at(20)))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
