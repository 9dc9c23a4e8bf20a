//! Reality checks: how long has this session lasted, and what has it cost?
//!
//! Duty: the interval that a customer chose, and a record of each check that was seen, with the
//! result that was shown. When the next one is due follows from the session's beginning, the
//! last check seen in it and the interval: it is derived, not recorded.
//!
//! Prohibition: no result is worked out here; what was shown comes with the command.

use crate::command::{AcknowledgeRealityCheck, SetRealityCheck};
use crate::decide::{Rejection, customer};
use crate::event::Event;
use crate::state::State;
use kernel::Duration;

/// The shortest interval.
pub const REALITY_CHECK_SHORTEST: Duration = Duration::from_secs(10 * 60);
/// The longest interval.
pub const REALITY_CHECK_LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

pub(crate) fn set(state: &State, command: &SetRealityCheck) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    if let Some(interval) = command.interval
        && !(REALITY_CHECK_SHORTEST..=REALITY_CHECK_LONGEST).contains(&interval)
    {
        let detail = "the interval is between 10 minutes and 4 hours";
        return Err(Rejection::RealityCheckNotAllowed { detail });
    }
    if customer.reality_check == command.interval {
        return Ok(vec![]);
    }
    Ok(vec![Event::RealityCheckSet {
        customer: command.customer,
        interval: command.interval,
    }])
}

pub(crate) fn acknowledge(
    state: &State,
    command: &AcknowledgeRealityCheck,
) -> Result<Vec<Event>, Rejection> {
    let customer = customer(state, command.customer)?;
    let session = customer
        .sessions
        .get(&command.session)
        .filter(|session| command.now < session.expires_at)
        .ok_or(Rejection::SessionEnded)?;
    if command.net_result.currency() != customer.currency {
        let detail = "the currency is not the account's";
        return Err(Rejection::RealityCheckNotAllowed { detail });
    }
    let interval = customer
        .reality_check
        .ok_or(Rejection::RealityCheckNotSet)?;
    let due_at = session.reminded_at.plus(interval);
    if command.now < due_at {
        // Seen a moment ago, or nothing was to be seen yet.
        return Ok(vec![]);
    }
    Ok(vec![Event::RealityCheckAcknowledged {
        customer: command.customer,
        session: command.session,
        session_started_at: session.started_at,
        due_at,
        net_result: command.net_result,
        at: command.now,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::examples::*;
    use kernel::{Currency, Money, Timestamp};

    const HOUR: Duration = Duration::from_secs(3_600);

    fn ask(interval: Option<Duration>) -> Command {
        Command::SetRealityCheck(SetRealityCheck {
            customer: ANNA,
            interval,
            now: at(10),
        })
    }

    fn set_to(interval: Option<Duration>) -> Event {
        Event::RealityCheckSet {
            customer: ANNA,
            interval,
        }
    }

    fn seen(now: Timestamp) -> Command {
        Command::AcknowledgeRealityCheck(AcknowledgeRealityCheck {
            customer: ANNA,
            session: SESSION,
            net_result: Money::from_minor(-1_250, Currency::Eur),
            now,
        })
    }

    fn acknowledged(due_at: Timestamp, now: Timestamp) -> Event {
        Event::RealityCheckAcknowledged {
            customer: ANNA,
            session: SESSION,
            session_started_at: at(10),
            due_at,
            net_result: Money::from_minor(-1_250, Currency::Eur),
            at: now,
        }
    }

    fn playing() -> Scenario {
        scenario([
            anna_registered(),
            anna_signed_in(at(10)),
            set_to(Some(HOUR)),
        ])
    }

    #[test]
    fn an_interval_is_chosen_changed_and_given_up() {
        scenario([anna_registered()])
            .when(ask(Some(HOUR)))
            .then([set_to(Some(HOUR))]);
        playing().when(ask(None)).then([set_to(None)]);
    }

    #[test]
    fn the_same_interval_again_changes_nothing() {
        playing().when(ask(Some(HOUR))).then_nothing();
        scenario([anna_registered()]).when(ask(None)).then_nothing();
    }

    #[test]
    fn an_interval_is_neither_a_moment_nor_a_day() {
        let refused = Rejection::RealityCheckNotAllowed {
            detail: "the interval is between 10 minutes and 4 hours",
        };
        for secs in [-1, 0, 599, 14_401] {
            scenario([anna_registered()])
                .when(ask(Some(Duration::from_secs(secs))))
                .then_rejected(refused.clone());
        }
        for secs in [600, 14_400] {
            let interval = Some(Duration::from_secs(secs));
            scenario([anna_registered()])
                .when(ask(interval))
                .then([set_to(interval)]);
        }
    }

    #[test]
    fn a_check_that_is_due_is_seen() {
        playing()
            .when(seen(at(3_610)))
            .then([acknowledged(at(3_610), at(3_610))]);
    }

    #[test]
    fn nothing_is_to_be_seen_before_it_is_due() {
        playing().when(seen(at(3_609))).then_nothing();
    }

    #[test]
    fn a_check_is_seen_once() {
        playing()
            .after(seen(at(4_000)))
            .when(seen(at(4_001)))
            .then_nothing();
    }

    #[test]
    fn the_next_is_due_an_interval_after_the_last_was_seen() {
        playing()
            .after(seen(at(4_000)))
            .when(seen(at(7_600)))
            .then([acknowledged(at(7_600), at(7_600))]);
    }

    #[test]
    fn a_refreshed_session_goes_on() {
        let refreshed = Event::SessionRefreshed(crate::event::SessionRefreshed {
            customer: ANNA,
            session: SESSION,
            refresh_hash: kernel::Digest::from_bytes([2; 32]),
            roles: vec![],
            expires_at: at(100_000),
            at: at(3_000),
        });
        scenario([
            anna_registered(),
            anna_signed_in(at(10)),
            set_to(Some(HOUR)),
            refreshed,
        ])
        .when(seen(at(3_610)))
        .then([acknowledged(at(3_610), at(3_610))]);
    }

    #[test]
    fn who_has_no_checks_has_seen_none() {
        scenario([anna_registered(), anna_signed_in(at(10))])
            .when(seen(at(90_000)))
            .then_rejected(Rejection::RealityCheckNotSet);
    }

    #[test]
    fn a_check_is_seen_in_a_session_that_lives() {
        scenario([anna_registered(), set_to(Some(HOUR))])
            .when(seen(at(4_000)))
            .then_rejected(Rejection::SessionEnded);
        playing()
            .when(seen(at(8 * 86_400)))
            .then_rejected(Rejection::SessionEnded);
    }

    #[test]
    fn a_result_is_in_the_currency_of_the_account() {
        playing()
            .when(Command::AcknowledgeRealityCheck(AcknowledgeRealityCheck {
                customer: ANNA,
                session: SESSION,
                net_result: Money::from_minor(5, Currency::Usd),
                now: at(4_000),
            }))
            .then_rejected(Rejection::RealityCheckNotAllowed {
                detail: "the currency is not the account's",
            });
    }

    #[test]
    fn a_stranger_has_no_checks() {
        scenario([])
            .when(ask(Some(HOUR)))
            .then_rejected(Rejection::CustomerUnknown);
        scenario([])
            .when(seen(at(1)))
            .then_rejected(Rejection::CustomerUnknown);
    }
}
