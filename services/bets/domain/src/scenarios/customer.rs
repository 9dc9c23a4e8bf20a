//! What binds customers, from the record of the notice on.

use super::world::*;
use crate::*;
use kernel::{Currency, Duration, Money};

fn limits(per_slip: Option<Option<Money>>, per_day: Option<Option<Money>>) -> Command {
    notice(Notice::StakeLimits {
        customer: ANN,
        per_slip,
        per_day,
    })
}

fn restriction(stake_permille: u16) -> Command {
    notice(Notice::Restriction {
        customer: ANN,
        stake_permille,
    })
}

fn exclusion(until: kernel::Timestamp) -> Command {
    notice(Notice::Exclusion {
        customer: ANN,
        until,
    })
}

fn too_much(maximum: i64) -> Rejection {
    Rejection::StakeAboveLimit {
        maximum: eur(maximum),
    }
}

fn beyond(limit: OwnLimit, left: i64) -> Rejection {
    Rejection::StakeAboveOwnLimit {
        limit,
        maximum: eur(left),
        left: eur(left),
        // The days of these scenarios are those with the numbers 11 and 12 since 1970.
        resets_at: (limit == OwnLimit::StakeDay).then(|| at(36_800_000)),
    }
}

#[test]
fn an_exclusion_binds_until_it_is_over() {
    nothing()
        .after(exclusion(at(1)))
        .when(place(1, &[1]))
        .then_rejected(Rejection::CustomerExcluded { until: at(1) });
    nothing()
        .after(exclusion(at(0)))
        .when(place(1, &[1]))
        .then([placed(1, &[1], 2_500)]);
}

#[test]
fn struck_slips_stand_whatever_is_noticed_later() {
    let won = settlement::LegResult::Won;
    struck_slip(nothing(), 1, &[1])
        .after(exclusion(at(1_000)))
        .after(restriction(0))
        .after(result(1, 1, won))
        .when(work())
        .then([
            leg_decided(1, 1, 1, Some(won)),
            settled(1, 1, 2_500, "25", SlipOutcome::Won),
            advanced_to(1, 1, Some(1), true, vec![standing(1, 0, 0)]),
        ]);
}

#[test]
fn a_restriction_shrinks_the_stake_limit_or_forbids() {
    // 10,000.00 in the ordinary case.
    nothing()
        .after(restriction(0))
        .when(place(1, &[1]))
        .then_rejected(Rejection::CustomerRestricted);
    nothing()
        .after(restriction(500))
        .when(place_stake(500_001))
        .then_rejected(too_much(500_000));
    nothing()
        .after(restriction(0))
        .after(restriction(1_000))
        .when(place(1, &[1]))
        .then([placed(1, &[1], 2_500)]);
}

fn place_stake(minor: i64) -> Command {
    let request = SlipRequest {
        unit_stake: eur(minor),
        ..slip(&[1])
    };
    place_seeing(1, request, seeing(at(0), [quote(1, at(0))]))
}

#[test]
fn the_customer_s_own_limit_for_a_slip_binds() {
    nothing()
        .after(limits(Some(Some(eur(999))), None))
        .when(place(1, &[1]))
        .then_rejected(beyond(OwnLimit::StakeSlip, 999));
    nothing()
        .after(limits(Some(Some(eur(999))), None))
        .after(limits(Some(None), None))
        .when(place(1, &[1]))
        .then([placed(1, &[1], 2_500)]);
}

#[test]
fn the_customer_s_own_limit_for_a_day_counts_what_was_staked_that_day() {
    let limited = || {
        nothing()
            .after(limits(None, Some(Some(eur(1_500)))))
            .after(place(1, &[1]))
    };
    limited()
        .when(place(2, &[1]))
        .then_rejected(beyond(OwnLimit::StakeDay, 500));
    // Rejected slips do not count.
    limited()
        .after(notice(Notice::Hold {
            bet: bet(1),
            outcome: HoldOutcome::Blocked,
        }))
        .when(place(2, &[1]))
        .then([placed(2, &[1], 2_500)]);
    let tomorrow = at(0).plus(Duration::from_secs(86_400));
    let next_day = place_seeing(2, slip(&[1]), seeing(tomorrow, [quote(1, tomorrow)]));
    assert_eq!(limited().when(next_day).events().len(), 1);
}

#[test]
fn a_limit_lowered_below_what_was_staked_leaves_nothing() {
    nothing()
        .after(place(1, &[1]))
        .after(limits(None, Some(Some(eur(400)))))
        .when(place(2, &[1]))
        .then_rejected(beyond(OwnLimit::StakeDay, 0));
}

#[test]
fn a_limit_in_the_account_s_currency_names_it() {
    let dollars = Money::from_minor(1, Currency::Usd);
    nothing()
        .after(limits(Some(Some(dollars)), None))
        .when(place(1, &[1]))
        .then_rejected(Rejection::CurrencyMismatch {
            expected: Currency::Usd,
        });
}

#[test]
fn each_limit_is_noticed_beside_the_other() {
    nothing()
        .after(limits(Some(Some(eur(900))), None))
        .when(limits(None, Some(Some(eur(5_000)))))
        .then([Event::StakeLimitNoticed {
            customer: ANN,
            per_slip: Some(eur(900)),
            per_day: Some(eur(5_000)),
        }]);
}

#[test]
fn news_told_twice_is_noticed_once() {
    nothing()
        .after(limits(Some(Some(eur(900))), None))
        .when(limits(Some(Some(eur(900))), None))
        .then_nothing();
    nothing()
        .after(exclusion(at(9)))
        .when(exclusion(at(9)))
        .then_nothing();
    nothing()
        .after(restriction(300))
        .when(restriction(300))
        .then_nothing();
    nothing().when(restriction(1_000)).then_nothing();
}
