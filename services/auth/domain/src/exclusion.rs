//! Exclusion: at once, never shortened. A time-out is a break, a self-exclusion lasts six months
//! at least.
//!
//! Duty: the exclusion, the end of all sessions, of the permission to write and of every increase
//! that waits in one record, so that nobody who was signed in before it goes on. Betting and
//! depositing end when bets and payments take notice; slips that stand, stand, and the balance
//! stays in reach.
//!
//! Prohibition: no way back. An exclusion ends only by its time; there is no command that
//! shortens or lifts it.

use crate::command::Exclude;
use crate::decide::{Rejection, customer};
use crate::event::{Event, ExclusionKind, RevokeReason};
use crate::increase;
use crate::session::revoked;
use crate::state::{Customer, State};
use kernel::{Duration, Timestamp};

/// The shortest time-out.
pub const TIME_OUT_SHORTEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest self-exclusion: no six months of any calendar are longer.
pub const SELF_EXCLUSION_SHORTEST: Duration = Duration::from_secs(184 * 24 * 60 * 60);
/// How far the end may fall short because it was computed by another clock, a moment ago.
pub const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// What an exclusion is by its length alone, where nobody said what it is meant to be.
#[must_use]
pub fn kind_by_length(until: Timestamp, from: Timestamp) -> ExclusionKind {
    if until.plus(CLOCK_SLACK) < from.plus(SELF_EXCLUSION_SHORTEST) {
        ExclusionKind::TimeOut
    } else {
        ExclusionKind::SelfExclusion
    }
}

const fn shortest(kind: ExclusionKind) -> Duration {
    match kind {
        ExclusionKind::TimeOut => TIME_OUT_SHORTEST,
        ExclusionKind::SelfExclusion => SELF_EXCLUSION_SHORTEST,
    }
}

pub(crate) fn exclude(state: &State, command: &Exclude) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    let by_length = kind_by_length(command.until, command.now);
    let kind = command.kind.unwrap_or(by_length);
    let anew = command.now.plus(shortest(kind));
    let too_short = |earliest| Err(Rejection::ExclusionTooShort { earliest });
    let kind = match customer.exclusion_in_force(command.now) {
        Some(in_force) if kind <= in_force.kind => {
            if command.until == in_force.until {
                return Ok(vec![]);
            }
            if command.until < in_force.until {
                return too_short(in_force.until);
            }
            // A break that follows on a self-exclusion makes that longer and nothing weaker.
            in_force.kind
        }
        Some(in_force) if command.until < in_force.until => {
            return too_short(in_force.until.max(anew));
        }
        Some(_) | None => {
            if command.until.plus(CLOCK_SLACK) < anew {
                return too_short(anew);
            }
            kind
        }
    };
    Ok(excluded(command, customer, kind))
}

/// Who is excluded is not written to, loosens nothing, and is signed in nowhere.
fn excluded(command: &Exclude, customer: &Customer, kind: ExclusionKind) -> Vec<Event> {
    let id = command.customer;
    let until = command.until;
    let excluded = Event::CustomerExcluded {
        customer: id,
        until,
        at: command.now,
    };
    let of_kind = Event::ExclusionKindSet {
        customer: id,
        kind,
        until,
    };
    let unwritten = customer.marketing.then_some(Event::MarketingSet {
        customer: id,
        allowed: false,
    });
    let ended = customer
        .sessions
        .iter()
        .map(|(session_id, session)| revoked(id, *session_id, session, RevokeReason::Excluded));
    [excluded, of_kind]
        .into_iter()
        .chain(unwritten)
        .chain(increase::all_lapsed(id, customer))
        .chain(ended)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, SetLimit};
    use crate::event::LimitKind;
    use crate::examples::*;
    use crate::session::REFRESH_LIFETIME;
    use ExclusionKind::{SelfExclusion, TimeOut};
    use kernel::{Currency, Money};

    const DAY: i64 = 86_400;
    const HALF_YEAR: i64 = 184 * DAY;

    fn ask(kind: Option<ExclusionKind>, until: i64, now: i64) -> Command {
        Command::Exclude(Exclude {
            customer: ANNA,
            kind,
            until: at(until),
            now: at(now),
        })
    }

    fn excluded(kind: ExclusionKind, until: i64, now: i64) -> [Event; 2] {
        [
            Event::CustomerExcluded {
                customer: ANNA,
                until: at(until),
                at: at(now),
            },
            Event::ExclusionKindSet {
                customer: ANNA,
                kind,
                until: at(until),
            },
        ]
    }

    fn anna() -> Scenario {
        scenario([anna_registered()])
    }

    fn too_short(earliest: i64) -> Rejection {
        Rejection::ExclusionTooShort {
            earliest: at(earliest),
        }
    }

    #[test]
    fn an_exclusion_binds_at_once_and_ends_all_sessions() {
        let ended = Event::SessionRevoked {
            customer: ANNA,
            session: SESSION,
            reason: RevokeReason::Excluded,
            expires_at: at(10).plus(REFRESH_LIFETIME),
        };
        let [first, second] = excluded(TimeOut, 20 + DAY, 20);
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(ask(None, 20 + DAY, 20))
            .then([first, second, ended]);
    }

    #[test]
    fn an_exclusion_takes_back_the_permission_to_write_and_what_waits() {
        let hundred = Money::from_minor(100, Currency::Eur);
        let kind = LimitKind::StakeDay;
        let customer = ANNA;
        let [first, second] = excluded(SelfExclusion, 20 + HALF_YEAR, 20);
        scenario([
            anna_registered(),
            Event::MarketingSet {
                customer,
                allowed: true,
            },
            Event::LimitSet {
                customer,
                kind,
                amount: Some(hundred),
            },
        ])
        .after(Command::SetLimit(SetLimit {
            customer,
            kind,
            amount: None,
            now: at(10),
        }))
        .when(ask(None, 20 + HALF_YEAR, 20))
        .then([
            first,
            second,
            Event::MarketingSet {
                customer,
                allowed: false,
            },
            Event::LimitIncreaseLapsed {
                customer,
                kind,
                current: hundred,
            },
        ]);
    }

    #[test]
    fn the_length_says_what_it_is_where_nobody_does() {
        let longest_break = 10 + HALF_YEAR - 61;
        anna()
            .when(ask(None, longest_break, 10))
            .then(excluded(TimeOut, longest_break, 10));
        anna()
            .when(ask(None, 10 + HALF_YEAR - 60, 10))
            .then(excluded(SelfExclusion, 10 + HALF_YEAR - 60, 10));
    }

    #[test]
    fn a_self_exclusion_lasts_six_months_at_least_by_whoever_s_clock() {
        anna()
            .when(ask(Some(SelfExclusion), 10 + HALF_YEAR - 61, 10))
            .then_rejected(too_short(10 + HALF_YEAR));
        anna()
            .when(ask(Some(SelfExclusion), 10 + HALF_YEAR - 60, 10))
            .then(excluded(SelfExclusion, 10 + HALF_YEAR - 60, 10));
    }

    #[test]
    fn a_time_out_lasts_a_day_at_least_by_whoever_s_clock() {
        anna()
            .when(ask(Some(TimeOut), 10 + DAY - 61, 10))
            .then_rejected(too_short(10 + DAY));
        anna()
            .when(ask(Some(TimeOut), 10 + DAY - 60, 10))
            .then(excluded(TimeOut, 10 + DAY - 60, 10));
    }

    #[test]
    fn the_same_exclusion_again_changes_nothing() {
        for kind in [None, Some(TimeOut)] {
            anna()
                .after(ask(kind, 20 + DAY, 20))
                .when(ask(kind, 20 + DAY, 30))
                .then_nothing();
        }
    }

    #[test]
    fn an_exclusion_cannot_be_shortened() {
        anna()
            .after(ask(None, 20 + 9 * DAY, 20))
            .when(ask(None, 20 + 8 * DAY, 30))
            .then_rejected(too_short(20 + 9 * DAY));
    }

    #[test]
    fn an_exclusion_can_be_made_longer() {
        anna()
            .after(ask(None, 20 + DAY, 20))
            .when(ask(None, 21 + DAY, 30))
            .then(excluded(TimeOut, 21 + DAY, 30));
    }

    #[test]
    fn a_time_out_can_become_a_self_exclusion_of_full_length() {
        let out = || anna().after(ask(Some(TimeOut), 20 + 9 * DAY, 20));
        out()
            .when(ask(Some(SelfExclusion), 20 + 10 * DAY, 30))
            .then_rejected(too_short(30 + HALF_YEAR));
        out()
            .when(ask(Some(SelfExclusion), 30 + HALF_YEAR, 30))
            .then(excluded(SelfExclusion, 30 + HALF_YEAR, 30));
    }

    #[test]
    fn a_self_exclusion_never_becomes_a_time_out() {
        let away = || anna().after(ask(None, 20 + HALF_YEAR, 20));
        away()
            .when(ask(Some(TimeOut), 20 + 9 * DAY, 30))
            .then_rejected(too_short(20 + HALF_YEAR));
        away()
            .when(ask(Some(TimeOut), 21 + HALF_YEAR, 30))
            .then(excluded(SelfExclusion, 21 + HALF_YEAR, 30));
    }

    #[test]
    fn an_old_record_is_what_its_length_says() {
        let state = scenario([anna_registered(), anna_excluded(at(HALF_YEAR))]).state();
        let anna = state.customers.get(&ANNA).expect("registered");
        let in_force = anna.exclusion_in_force(at(1)).expect("excluded");
        assert_eq!(in_force.kind, SelfExclusion);
    }

    #[test]
    fn after_its_end_a_new_exclusion_is_judged_like_the_first() {
        anna()
            .after(ask(None, 20 + HALF_YEAR, 20))
            .when(ask(None, 20 + HALF_YEAR + DAY, 20 + HALF_YEAR))
            .then(excluded(TimeOut, 20 + HALF_YEAR + DAY, 20 + HALF_YEAR));
    }

    #[test]
    fn a_stranger_cannot_be_excluded() {
        scenario([])
            .when(ask(None, 20 + DAY, 20))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
