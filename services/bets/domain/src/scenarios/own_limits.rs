//! The customer's own limits over days, weeks and months, on stakes and on losses.

use super::world::*;
use crate::settlement::LegResult::{Lost, Void, Won};
use crate::*;
use kernel::{Duration, Money, Timestamp};

/// Noon of a day of 2026; 2026-11-01 is a Sunday, 2026-11-02 a Monday.
const fn noon(month: i64, day: i64) -> Timestamp {
    // 2026-10-01 is the 20,727th day since 1970.
    let days = match month {
        10 => 20_726 + day,
        11 => 20_757 + day,
        _ => 20_787 + day,
    };
    Timestamp::from_millis((days * 24 + 12) * 3_600_000)
}

fn limit(limit: OwnLimit, minor: i64) -> Command {
    notice(Notice::OwnLimit {
        customer: ANN,
        limit,
        amount: Some(eur(minor)),
    })
}

/// A slip of 10.00 at 2.50 on market m, at this moment.
fn bet_on(n: u64, m: u64, now: Timestamp) -> Command {
    place_seeing(n, slip(&[m]), seeing(now, [quote(m, now)]))
}

fn beyond(limit: OwnLimit, left: i64, resets_at: Timestamp) -> Rejection {
    Rejection::StakeAboveOwnLimit {
        limit,
        maximum: eur(left),
        left: eur(left),
        resets_at: Some(resets_at),
    }
}

/// Midnight before noon.
const fn midnight(month: i64, day: i64) -> Timestamp {
    noon(month, day).minus(Duration::from_secs(12 * 3_600))
}

/// Slip n on market m, settled with this result at this moment.
fn settled_at(story: Story, n: u64, outcome: settlement::LegResult, now: Timestamp) -> Story {
    story
        .after(bet_on(n, n, now))
        .after(notice_at(
            now,
            Notice::Hold {
                bet: bet(n),
                outcome: HoldOutcome::Held,
            },
        ))
        .after(notice_at(now, result_of(n, 1, outcome)))
        .after(Command::ContinueWork {
            at: now,
            slips_max: 9,
        })
}

#[test]
fn a_limit_for_a_week_counts_from_monday() {
    let week = || nothing().after(limit(OwnLimit::StakeWeek, 1_500));
    // Sunday's stake is last week's.
    week()
        .after(bet_on(1, 1, noon(11, 1)))
        .when(bet_on(2, 1, noon(11, 2)))
        .events();
    week()
        .after(bet_on(1, 1, noon(11, 2)))
        .when(bet_on(2, 1, noon(11, 8)))
        .then_rejected(beyond(OwnLimit::StakeWeek, 500, midnight(11, 9)));
    week()
        .after(bet_on(1, 1, noon(11, 2)))
        .when(bet_on(2, 1, noon(11, 9)))
        .events();
}

#[test]
fn a_limit_for_a_month_counts_from_the_first() {
    let month = || nothing().after(limit(OwnLimit::StakeMonth, 1_500));
    month()
        .after(bet_on(1, 1, noon(10, 31)))
        .when(bet_on(2, 1, noon(11, 1)))
        .events();
    month()
        .after(bet_on(1, 1, noon(11, 1)))
        .when(bet_on(2, 1, noon(11, 30)))
        .then_rejected(beyond(OwnLimit::StakeMonth, 500, midnight(12, 1)));
}

#[test]
fn of_several_limits_the_one_that_leaves_least_binds_and_is_named() {
    let both = || {
        nothing()
            .after(limit(OwnLimit::StakeWeek, 1_900))
            .after(limit(OwnLimit::StakeMonth, 2_500))
            .after(bet_on(1, 1, noon(11, 2)))
    };
    both().when(bet_on(2, 1, noon(11, 3))).then_rejected(beyond(
        OwnLimit::StakeWeek,
        900,
        midnight(11, 9),
    ));
    // The next week is new; the month is not.
    both()
        .after(limit(OwnLimit::StakeMonth, 1_600))
        .when(bet_on(2, 1, noon(11, 9)))
        .then_rejected(beyond(OwnLimit::StakeMonth, 600, midnight(12, 1)));
}

#[test]
fn the_house_s_limit_is_named_where_it_is_lower() {
    let story = nothing().after(limit(OwnLimit::StakeMonth, 2_000_000));
    let request = SlipRequest {
        unit_stake: eur(1_000_001),
        ..slip(&[1])
    };
    let now = noon(11, 2);
    story
        .when(place_seeing(1, request, seeing(now, [quote(1, now)])))
        .then_rejected(Rejection::StakeAboveLimit {
            maximum: eur(1_000_000),
        });
}

#[test]
fn a_limit_on_losses_counts_open_stakes_as_lost() {
    nothing()
        .after(limit(OwnLimit::LossDay, 1_500))
        .after(bet_on(1, 1, noon(11, 2)))
        .when(bet_on(2, 2, noon(11, 2)))
        .then_rejected(beyond(OwnLimit::LossDay, 500, midnight(11, 3)));
    // Tomorrow too: it may be lost then.
    nothing()
        .after(limit(OwnLimit::LossDay, 1_500))
        .after(bet_on(1, 1, noon(11, 2)))
        .when(bet_on(2, 2, noon(11, 3)))
        .then_rejected(beyond(OwnLimit::LossDay, 500, midnight(11, 4)));
}

#[test]
fn what_is_lost_counts_on_the_day_of_its_settlement_alone() {
    let lost = || {
        let story = nothing().after(limit(OwnLimit::LossDay, 1_500));
        settled_at(story, 1, Lost, noon(11, 2))
    };
    lost().when(bet_on(2, 2, noon(11, 2))).then_rejected(beyond(
        OwnLimit::LossDay,
        500,
        midnight(11, 3),
    ));
    lost().when(bet_on(2, 2, noon(11, 3))).events();
    let in_weeks = |limits, first, then| {
        let story = settled_at(nothing().after(limit(limits, 1_500)), 1, Lost, first);
        story.when(bet_on(2, 2, then))
    };
    in_weeks(OwnLimit::LossWeek, noon(11, 2), noon(11, 8)).then_rejected(beyond(
        OwnLimit::LossWeek,
        500,
        midnight(11, 9),
    ));
    in_weeks(OwnLimit::LossWeek, noon(11, 1), noon(11, 2)).events();
    in_weeks(OwnLimit::LossMonth, noon(11, 2), noon(11, 30)).then_rejected(beyond(
        OwnLimit::LossMonth,
        500,
        midnight(12, 1),
    ));
    in_weeks(OwnLimit::LossMonth, noon(10, 31), noon(11, 1)).events();
}

#[test]
fn what_is_won_may_be_lost_again_and_a_void_slip_has_lost_nothing() {
    let after = |outcome| {
        let story = nothing().after(limit(OwnLimit::LossDay, 1_500));
        settled_at(story, 1, outcome, noon(11, 2)).when(with_stake(2, 3_001))
    };
    // 15.00 and 15.00 won.
    after(Won).then_rejected(beyond(OwnLimit::LossDay, 3_000, midnight(11, 3)));
    after(Void).then_rejected(beyond(OwnLimit::LossDay, 1_500, midnight(11, 3)));
}

fn with_stake(n: u64, minor: i64) -> Command {
    let now = noon(11, 2);
    let request = SlipRequest {
        unit_stake: eur(minor),
        ..slip(&[n])
    };
    place_seeing(n, request, seeing(now, [quote(n, now)]))
}

#[test]
fn a_reversal_takes_the_loss_off_the_day_on_which_it_was_counted() {
    let reversed = || {
        let story = nothing().after(limit(OwnLimit::LossDay, 1_500));
        settled_at(story, 1, Won, noon(11, 2))
            .after(notice_at(
                noon(11, 3),
                Notice::Rollback {
                    market: market(1),
                    result: 1,
                },
            ))
            .after(Command::ContinueWork {
                at: noon(11, 3),
                slips_max: 9,
            })
    };
    // The winnings are gone and the stake is open again.
    reversed()
        .when(bet_on(2, 2, noon(11, 3)))
        .then_rejected(beyond(OwnLimit::LossDay, 500, midnight(11, 4)));
    let lost_after_all = || {
        reversed()
            .after(notice_at(noon(11, 3), result_of(1, 2, Lost)))
            .after(Command::ContinueWork {
                at: noon(11, 3),
                slips_max: 9,
            })
    };
    lost_after_all()
        .when(bet_on(2, 2, noon(11, 3)))
        .then_rejected(beyond(OwnLimit::LossDay, 500, midnight(11, 4)));
    lost_after_all().when(bet_on(2, 2, noon(11, 4))).events();
}

#[test]
fn a_rejected_slip_has_staked_and_lost_nothing() {
    for kind in [OwnLimit::StakeWeek, OwnLimit::LossWeek] {
        nothing()
            .after(limit(kind, 1_000))
            .after(bet_on(1, 1, noon(11, 2)))
            .after(notice(Notice::Hold {
                bet: bet(1),
                outcome: HoldOutcome::Blocked,
            }))
            .when(bet_on(2, 2, noon(11, 2)))
            .events();
    }
}

#[test]
fn what_a_limit_leaves_is_told_for_one_line_and_for_the_slip() {
    let now = noon(11, 2);
    let request = SlipRequest {
        bet_type: settlement::BetType::Trixie,
        unit_stake: eur(1_000),
        ..slip(&[1, 2, 3])
    };
    nothing()
        .after(limit(OwnLimit::StakeWeek, 1_501))
        .when(place_seeing(
            1,
            request,
            seeing(now, [1, 2, 3].map(|m| quote(m, now))),
        ))
        .then_rejected(Rejection::StakeAboveOwnLimit {
            limit: OwnLimit::StakeWeek,
            maximum: eur(375),
            left: eur(1_501),
            resets_at: Some(midnight(11, 9)),
        });
}

#[test]
fn a_limit_is_noticed_once_and_can_be_lifted() {
    nothing()
        .when(limit(OwnLimit::LossMonth, 900))
        .then([Event::OwnLimitNoticed {
            customer: ANN,
            limit: OwnLimit::LossMonth,
            amount: Some(eur(900)),
        }]);
    let lifted = |amount: Option<Money>| {
        notice(Notice::OwnLimit {
            customer: ANN,
            limit: OwnLimit::LossMonth,
            amount,
        })
    };
    nothing()
        .after(limit(OwnLimit::LossMonth, 900))
        .when(lifted(Some(eur(900))))
        .then_nothing();
    nothing()
        .after(limit(OwnLimit::LossMonth, 900))
        .after(lifted(None))
        .when(bet_on(1, 1, noon(11, 2)))
        .events();
}
