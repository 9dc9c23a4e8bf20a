//! The ledger's answers.

use super::world::*;
use crate::*;
use kernel::Duration;

#[test]
fn a_slip_that_is_not_in_play_is_struck_with_its_hold() {
    nothing()
        .after(place(1, &[1]))
        .when(hold(1))
        .then([accepted(1, &[1], 2_500, at(5))]);
}

#[test]
fn a_hold_told_twice_strikes_once() {
    struck_slip(nothing(), 1, &[1]).when(hold(1)).then_nothing();
}

#[test]
fn an_account_without_funds_ends_the_slip_without_a_hold() {
    let short = Notice::Hold {
        bet: bet(1),
        outcome: HoldOutcome::ShortOfFunds {
            available: eur(300),
        },
    };
    nothing()
        .after(place(1, &[1]))
        .when(notice(short.clone()))
        .then([rejected(
            1,
            false,
            Rejection::InsufficientFunds {
                available: eur(300),
            },
        )]);
    nothing()
        .after(place(1, &[1]))
        .after(notice(short.clone()))
        .when(notice(short))
        .then_nothing();
}

#[test]
fn a_blocked_account_ends_the_slip() {
    let blocked = Notice::Hold {
        bet: bet(1),
        outcome: HoldOutcome::Blocked,
    };
    nothing()
        .after(place(1, &[1]))
        .when(notice(blocked))
        .then([rejected(1, false, Rejection::AccountBlocked)]);
}

#[test]
fn a_hold_for_nobody_is_not_our_business() {
    nothing().when(hold(9)).then_nothing();
}

/// Placed at the beginning, held this late, looked at with this quote.
fn late(millis: i64, quote: Quote) -> (Story, Command) {
    let held = notice_at(
        at(millis),
        Notice::Hold {
            bet: bet(1),
            outcome: HoldOutcome::Held,
        },
    );
    let story = nothing().after(place(1, &[1])).after(held);
    (story, look(1, seeing(at(millis), [quote])))
}

#[test]
fn a_late_hold_is_struck_only_after_another_look() {
    let held = |millis| {
        notice_at(
            at(millis),
            Notice::Hold {
                bet: bet(1),
                outcome: HoldOutcome::Held,
            },
        )
    };
    nothing()
        .after(place(1, &[1]))
        .when(held(251))
        .then([Event::BetHeld { bet: bet(1) }]);
    let (story, look) = late(251, quote(1, at(251)));
    story.when(look).then([accepted(1, &[1], 2_500, at(251))]);
}

#[test]
fn a_late_hold_meets_the_market_as_it_is_now() {
    for (changed, rejection) in [
        (
            Quote {
                status: MarketStatus::Suspended,
                ..quote(1, at(251))
            },
            Rejection::MarketSuspended { market: market(1) },
        ),
        (
            Quote {
                status: MarketStatus::Closed,
                ..quote(1, at(251))
            },
            Rejection::MarketClosed { market: market(1) },
        ),
        (
            Quote {
                seen_at: None,
                ..quote(1, at(251))
            },
            Rejection::PricesStale { newest_at: None },
        ),
        (
            Quote {
                version: 9,
                open_since: 9,
                ..quote(1, at(251))
            },
            Rejection::MarketSuspended { market: market(1) },
        ),
    ] {
        let (story, look) = late(251, changed);
        story.when(look).then([rejected(1, true, rejection)]);
    }
}

#[test]
fn a_market_that_has_turned_in_play_delays_the_slip() {
    let (story, look) = late(300, in_play(1, at(300)));
    story.when(look).then([Event::BetDelayed {
        bet: bet(1),
        customer: ANN,
        until: at(300).plus(Duration::from_secs(5)),
    }]);
}

#[test]
fn an_exclusion_noticed_before_the_hold_ends_the_slip() {
    let until = at(1_000_000);
    let exclusion = Notice::Exclusion {
        customer: ANN,
        until,
    };
    nothing()
        .after(place(1, &[1]))
        .after(notice(exclusion))
        .after(hold(1))
        .when(look(1, seeing(at(6), [quote(1, at(6))])))
        .then([rejected(1, true, Rejection::CustomerExcluded { until })]);
}
