//! What traders leave a customer of the ordinary stake limit.

use super::world::*;
use crate::*;

fn factor(scope: FactorScope, stake_permille: Option<u16>) -> SetFactor {
    SetFactor {
        customer: ANN,
        scope,
        stake_permille,
        reason: "beats the closing price".to_owned(),
        by: "trader".to_owned(),
        at: at(0),
    }
}

fn set(scope: FactorScope, permille: u16) -> Command {
    Command::SetFactor(factor(scope, Some(permille)))
}

fn everywhere() -> FactorScope {
    FactorScope::default()
}

fn on(sport: &str, market_kind: Option<&str>) -> FactorScope {
    FactorScope {
        sport: Some(sport.to_owned()),
        market_kind: market_kind.map(str::to_owned),
    }
}

/// A single of this stake; the house's ordinary limit is 10,000.00.
fn of(minor: i64) -> Command {
    let request = SlipRequest {
        unit_stake: eur(minor),
        ..slip(&[1])
    };
    place_seeing(1, request, seeing(at(0), [quote(1, at(0))]))
}

fn most(maximum: i64) -> Rejection {
    Rejection::StakeAboveLimit {
        maximum: eur(maximum),
    }
}

fn restriction(stake_permille: u16) -> Command {
    notice(Notice::Restriction {
        customer: ANN,
        stake_permille,
    })
}

#[test]
fn a_factor_is_recorded_with_who_and_why() {
    nothing()
        .when(set(everywhere(), 250))
        .then([Event::StakeFactorSet(factor(everywhere(), Some(250)))]);
}

#[test]
fn a_factor_binds_the_next_slip() {
    nothing()
        .after(set(everywhere(), 250))
        .when(of(250_001))
        .then_rejected(most(250_000));
    nothing()
        .after(set(everywhere(), 0))
        .when(of(10))
        .then_rejected(Rejection::CustomerRestricted);
    // More than the ordinary limit, for whom a trader trusts.
    nothing()
        .after(set(everywhere(), 2_000))
        .when(of(2_000_001))
        .then_rejected(most(2_000_000));
}

#[test]
fn a_factor_bears_on_its_sport_and_kind_of_market_alone() {
    nothing()
        .after(set(on("tennis", None), 1))
        .after(set(on("football", Some("total_goals")), 1))
        .when(of(1_000_001))
        .then_rejected(most(1_000_000));
    nothing()
        .after(set(on("football", Some("match_result")), 10))
        .when(of(10_001))
        .then_rejected(most(10_000));
}

#[test]
fn one_leg_is_enough_for_a_factor_to_bear_on_a_slip() {
    let tennis = Quote {
        sport: "tennis".to_owned(),
        ..quote(2, at(0))
    };
    let request = SlipRequest {
        unit_stake: eur(10_001),
        ..slip(&[1, 2])
    };
    nothing()
        .after(set(on("tennis", None), 10))
        .when(place_seeing(
            1,
            request,
            seeing(at(0), [quote(1, at(0)), tennis]),
        ))
        .then_rejected(most(10_000));
}

#[test]
fn of_factors_and_restriction_the_lowest_binds() {
    nothing()
        .after(set(everywhere(), 500))
        .after(set(on("football", None), 2_000))
        .when(of(500_001))
        .then_rejected(most(500_000));
    for (factor, restricted, bound) in [(500, 100, 100), (100, 500, 100), (2_000, 300, 300)] {
        nothing()
            .after(set(everywhere(), factor))
            .after(restriction(restricted))
            .when(of(1_000_000))
            .then_rejected(most(i64::from(bound) * 1_000));
    }
    // A restriction that is lifted is none, and does not hold a higher factor down.
    nothing()
        .after(set(everywhere(), 2_000))
        .after(restriction(300))
        .after(restriction(1_000))
        .when(of(2_000_001))
        .then_rejected(most(2_000_000));
}

#[test]
fn the_customer_s_own_limit_stays_whatever_the_factor() {
    nothing()
        .after(set(everywhere(), 2_000))
        .after(notice(Notice::OwnLimit {
            customer: ANN,
            limit: OwnLimit::LossMonth,
            amount: Some(eur(700)),
        }))
        .when(of(701))
        .then_rejected(Rejection::StakeAboveOwnLimit {
            limit: OwnLimit::LossMonth,
            maximum: eur(700),
            left: eur(700),
            resets_at: Some(kernel::Timestamp::from_millis(31 * 86_400_000)),
        });
}

#[test]
fn a_factor_is_taken_away_by_naming_none() {
    nothing()
        .after(set(everywhere(), 1))
        .after(Command::SetFactor(factor(everywhere(), None)))
        .when(of(1_000_001))
        .then_rejected(most(1_000_000));
}

#[test]
fn the_same_factor_again_changes_nothing() {
    nothing()
        .after(set(everywhere(), 250))
        .when(set(everywhere(), 250))
        .then_nothing();
    nothing()
        .when(Command::SetFactor(factor(everywhere(), None)))
        .then_nothing();
}

#[test]
fn slips_in_the_book_stand() {
    nothing()
        .after(place(1, &[1]))
        .after(set(everywhere(), 0))
        .when(hold(1))
        .then([accepted(1, &[1], 2_500, at(5))]);
}

#[test]
fn a_factor_without_a_reason_or_out_of_bounds_is_refused() {
    let refused = |change: fn(&mut SetFactor), detail| {
        let mut command = factor(everywhere(), Some(100));
        change(&mut command);
        nothing()
            .when(Command::SetFactor(command))
            .then_rejected(Rejection::FactorNotAllowed { detail });
    };
    refused(|set| set.reason = " ".to_owned(), "a reason is required");
    refused(|set| set.reason = "x".repeat(501), "the reason is too long");
    refused(
        |set| set.stake_permille = Some(10_001),
        "a factor is 0 to 10000 permille",
    );
    refused(
        |set| set.scope.sport = Some(String::new()),
        "a sport or kind of market has 1 to 500 bytes",
    );
}

#[test]
fn a_customer_has_no_more_than_64_factors() {
    let many = |count: u16| {
        (0..count).fold(nothing(), |story, n| {
            story.after(set(on(&format!("sport {n}"), None), 5))
        })
    };
    // One that there is changes; it makes no more.
    let changed = factor(on("sport 3", None), Some(6));
    many(64)
        .when(set(on("sport 3", None), 6))
        .then([Event::StakeFactorSet(changed)]);
    many(64)
        .when(set(on("one more", None), 5))
        .then_rejected(Rejection::FactorNotAllowed {
            detail: "a customer has 64 factors at most",
        });
}
