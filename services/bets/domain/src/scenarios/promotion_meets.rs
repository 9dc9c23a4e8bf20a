//! Slips that a promotion pays for, where they meet the rest of the book: parts, re-offers,
//! referrals, cancellations, limits, the most that is paid, previews.

use super::cash_out::{ask, live, take};
use super::promotion::*;
use super::world::*;
use crate::settlement::LegResult::{Lost, Void, Won};
use crate::*;
use kernel::{Money, Timestamp};
use std::collections::BTreeMap;

/// Under the rules of today, with re-offers and referrals.
fn today(now: Timestamp, quotes: impl IntoIterator<Item = Quote>) -> Surroundings {
    Surroundings {
        rules: HouseRules::default(),
        ..seeing(now, quotes)
    }
}

fn moved(now: Timestamp) -> Quote {
    Quote {
        price: Some(price("2.4")),
        version: 8,
        ..quote(1, now)
    }
}

fn changed() -> Rejection {
    Rejection::PriceChanged {
        offered: vec![OfferedPrice {
            selection: selection(1),
            price: price("2.4"),
            market_version: 8,
        }],
    }
}

fn in_whole() -> Rejection {
    Rejection::PromotionalInWhole { bet: bet(1) }
}

fn released(stake: StakeParts, promotion: Promotion) -> Event {
    told(PromotionEvent::FundingReleased {
        bet: bet(1),
        customer: ANN,
        stake,
        conversion: Conversion {
            converted: eur(0),
            to_house: eur(0),
        },
        promotion,
    })
}

fn free_token() -> Promotion {
    Promotion::FreeBet(token(&[]))
}

#[test]
fn no_part_is_taken_of_a_slip_that_a_promotion_pays_for() {
    let in_part = || SlipRequest {
        accepts_part: true,
        ..slip(&[1])
    };
    let place = |source| place_slip_with(1, in_part(), source, today(at(0), [quote(1, at(0))]));
    with_token().when(place(BY_TOKEN)).then_rejected(in_whole());
    with_bonus()
        .when(place(BONUS_AND_CASH))
        .then_rejected(in_whole());
    // What is in the book already is a repeat, however it was asked for.
    with_token()
        .after(place_with(1, BY_TOKEN, at(0)))
        .when(place(BY_TOKEN))
        .then_nothing();
}

#[test]
fn a_slip_that_a_promotion_pays_for_is_not_offered_again_and_leaves_it_free() {
    let at_old_price = place_slip_with(1, slip(&[1]), BY_TOKEN, today(at(0), [moved(at(0))]));
    with_token().when(at_old_price).then_rejected(changed());
    let too_much = SlipRequest {
        unit_stake: eur(1_000_001),
        ..slip(&[1])
    };
    let roomy = Quote {
        exposure_max: eur(9_000_000),
        budget_each: eur(9_000_000),
        ..quote(1, at(0))
    };
    with_bonus()
        .when(place_slip_with(
            1,
            too_much,
            BONUS_AND_CASH,
            today(at(0), [roomy]),
        ))
        .then_rejected(Rejection::StakeAboveLimit {
            maximum: eur(1_000_000),
        });
    // At the end of a delay: it ends, the token is free again, and nothing is offered.
    let seen = today(at(0), [in_play(1, at(0))]);
    let delayed = with_token()
        .after(place_slip_with(1, slip(&[1]), BY_TOKEN, seen))
        .after(hold(1));
    let later = Quote {
        in_play: true,
        ..moved(at(20))
    };
    delayed.when(look(1, today(at(20), [later]))).then([
        rejected(1, true, changed()),
        released(parts(200, 800), free_token()),
    ]);
}

#[test]
fn a_slip_that_a_promotion_pays_for_is_not_bought_back() {
    for (story, source) in [(with_token(), BY_TOKEN), (with_bonus(), BONUS_AND_CASH)] {
        let open = struck_with(story, 1, source).state();
        for asked in [ask(1, [live(1, at(10))]), take(1, 500_000)] {
            let judged = <Bets as kernel::Decider>::decide(&open, &asked);
            assert_eq!(judged, Err(in_whole()));
        }
    }
}

const LARGE: i64 = 600_000;

/// 6,000.00 of bonus money on one selection: it waits for a trader.
fn referred() -> Story {
    let large = grant_of(money_of(eur(LARGE)), terms());
    let asked = SlipRequest {
        unit_stake: eur(LARGE),
        ..slip(&[1])
    };
    nothing()
        .after(large)
        .after(place_slip_with(1, asked, BONUS_ALONE, judged(at(0))))
        .after(hold(1))
}

fn judged(now: Timestamp) -> Surroundings {
    let roomy = Quote {
        budget_each: eur(90_000_000),
        exposure_max: eur(90_000_000),
        ..quote(1, now)
    };
    today(now, [roomy])
}

fn answer(answer: TraderAnswer) -> Command {
    Command::AnswerReferral(Box::new(AnswerReferral {
        bet: bet(1),
        answer,
        by: "tom".to_owned(),
        reason: "known customer".to_owned(),
        now: judged(at(20)),
    }))
}

fn whole_again(events: &[Event]) -> bool {
    matches!(
        events,
        [.., Event::BetRejected { .. }, Event::Promotion(event)]
            if matches!(
                &**event,
                PromotionEvent::FundingReleased { promotion: Promotion::Bonus(bonus), .. }
                    if bonus.available_minor() == LARGE && bonus.open_slips == 0
            )
    )
}

#[test]
fn a_trader_takes_the_whole_of_such_a_slip_or_declines_it() {
    for less in [
        TraderAnswer::Accept {
            unit_stake: Some(eur(100)),
        },
        TraderAnswer::Offer {
            unit_stake: eur(100),
        },
    ] {
        referred().when(answer(less)).then_rejected(in_whole());
    }
    let accepted = referred().after(answer(TraderAnswer::Accept { unit_stake: None }));
    let events = accepted.when(look(1, judged(at(21)))).events();
    assert!(
        matches!(&events[..], [Event::BetAccepted { .. }]),
        "{events:?}"
    );
    let events = referred().when(answer(TraderAnswer::Decline)).events();
    assert!(whole_again(&events), "{events:?}");
}

#[test]
fn a_referral_that_nobody_answers_gives_the_promotion_back() {
    let events = referred().when(look(1, judged(at(120_000)))).events();
    assert!(whole_again(&events), "{events:?}");
}

const MOMENT: Window = Window {
    from: Some(at(5)),
    until: None,
};

fn cancel() -> Command {
    notice(Notice::Cancellation {
        market: market(1),
        by: CancelledBy::Source(MOMENT),
        cancellation: Cancellation {
            window: MOMENT,
            prices_from: BTreeMap::new(),
            reason: "late start".to_owned(),
        },
    })
}

fn restore() -> Command {
    notice(Notice::Restoration {
        market: market(1),
        by: CancelledBy::Source(MOMENT),
    })
}

#[test]
fn a_cancellation_gives_the_token_back_and_its_withdrawal_takes_it_again() {
    let cancelled = || struck_with(with_token(), 1, BY_TOKEN).after(cancel());
    assert_eq!(
        decided_by(&cancelled().state(), &work()),
        [
            settled(1, 1, 200, "2", SlipOutcome::Void),
            divided(1, parts(200, 800), [200, 0, 0], [0, 800], free_token()),
        ]
    );
    let withdrawn = cancelled().after(work()).after(restore());
    assert_eq!(
        decided_by(&withdrawn.state(), &work()),
        [
            reversed(1, 1, 200),
            taken_back(
                parts(200, 800),
                [200, 0, 0],
                [0, -800],
                Promotion::FreeBet(token(&[1]))
            ),
        ]
    );
}

#[test]
fn a_cancellation_after_the_result_undoes_the_wagering_in_the_same_record() {
    let settled_and_cancelled = || {
        struck_with(with_bonus(), 1, BONUS_ALONE)
            .after(result(1, 1, Won))
            .after(work())
            .after(cancel())
    };
    let open = Promotion::Bonus(bonus(1_000, 0, 1));
    let whole = Promotion::Bonus(bonus(2_000, 0, 0));
    assert_eq!(
        decided_by(&settled_and_cancelled().state(), &work()),
        [
            reversed(1, 1, 2_500),
            taken_back(parts(0, 1_000), [0, 2_500, 1_000], [0, 0], open),
            settled(1, 2, 1_000, "10", SlipOutcome::Void),
            divided(2, parts(0, 1_000), [0, 1_000, 0], [0, 0], whole),
        ]
    );
    // And back again: the result counts as it did.
    let state = settled_and_cancelled()
        .after(work())
        .after(restore())
        .after(work())
        .state();
    let kept = &state.promotions(ANN).bonuses[&BONUS].0;
    assert_eq!(*kept, bonus(3_500, 1_000, 0));
}

fn own(limit: OwnLimit, minor: i64) -> Command {
    notice(Notice::OwnLimit {
        customer: ANN,
        limit,
        amount: Some(eur(minor)),
    })
}

fn above(limit: OwnLimit, maximum: i64, left: i64) -> Rejection {
    // The end of the day on which these scenarios begin.
    let day = Timestamp::from_micros(1_036_800_000_000);
    Rejection::StakeAboveOwnLimit {
        limit,
        maximum: eur(maximum),
        left: eur(left),
        resets_at: (limit != OwnLimit::StakeSlip).then_some(day),
    }
}

#[test]
fn a_limit_of_one_s_own_counts_the_cash_of_a_stake_alone() {
    // 8.00 of the 10.00 are the token's.
    let limited = |minor| with_token().after(own(OwnLimit::StakeSlip, minor));
    limited(200).when(place_with(1, BY_TOKEN, at(0))).events();
    limited(199)
        .when(place_with(1, BY_TOKEN, at(0)))
        .then_rejected(above(OwnLimit::StakeSlip, 999, 199));
    with_bonus()
        .after(own(OwnLimit::StakeDay, 1))
        .when(place_with(1, BONUS_ALONE, at(0)))
        .events();
    // What was counted is what is left for the next slip.
    with_token()
        .after(own(OwnLimit::StakeDay, 1_199))
        .after(place_with(1, BY_TOKEN, at(0)))
        .when(place(2, &[2]))
        .then_rejected(above(OwnLimit::StakeDay, 999, 999));
}

#[test]
fn a_rejected_slip_has_staked_nothing_whoever_paid() {
    let refused = notice(Notice::Hold {
        bet: bet(1),
        outcome: HoldOutcome::Blocked,
    });
    let state = with_token()
        .after(place_with(1, BY_TOKEN, at(0)))
        .after(refused)
        .state();
    assert_eq!(state.customer(ANN).tally, Tally::default());
}

/// What the customer has lost by slip 1 of 2.00 cash and a token of 8.00.
fn lost_by(outcome: settlement::LegResult) -> i64 {
    let state = struck_with(with_token(), 1, BY_TOKEN)
        .after(result(1, 1, outcome))
        .after(work())
        .state();
    let tally = &state.customer(ANN).tally;
    assert_eq!(tally.open(kernel::Currency::Eur), 0);
    tally.since(i64::MIN, kernel::Currency::Eur).lost_minor
}

#[test]
fn losses_are_those_of_the_cash_and_the_token_s_winnings_take_nothing_off_them() {
    assert_eq!(lost_by(Lost), 200);
    assert_eq!(lost_by(Void), 0);
    // 17.00 come back, of which 5.00 are the cash's.
    assert_eq!(lost_by(Won), -300);
    assert_eq!(lost_by(settlement::LegResult::HalfLost), 100);
    let state = struck_with(with_token(), 1, BY_TOKEN)
        .after(result(1, 1, Won))
        .after(work())
        .after(rollback(1, 1))
        .after(work())
        .state();
    let tally = &state.customer(ANN).tally;
    assert_eq!(tally.open(kernel::Currency::Eur), 200);
    assert_eq!(tally.since(i64::MIN, kernel::Currency::Eur).lost_minor, 0);
}

#[test]
fn bonus_money_is_neither_staked_nor_lost() {
    for outcome in [Won, Lost, Void] {
        let state = struck_with(with_bonus(), 1, BONUS_ALONE)
            .after(result(1, 1, outcome))
            .after(work())
            .state();
        assert_eq!(state.customer(ANN).tally, Tally::default());
    }
}

#[test]
fn the_house_limits_the_whole_stake_whoever_pays() {
    let restricted = notice(Notice::Restriction {
        customer: ANN,
        stake_permille: 0,
    });
    with_token()
        .after(restricted)
        .when(place_with(1, BY_TOKEN, at(0)))
        .then_rejected(Rejection::CustomerRestricted);
    let tight = |payout_max_minor| Surroundings {
        rules: HouseRules {
            payout_max_minor,
            ..plain_rules()
        },
        ..seeing(at(0), [quote(1, at(0))])
    };
    // 17.00 would be paid; what the token is staked for counts as well.
    let place = |most| place_slip_with(1, slip(&[1]), BY_TOKEN, tight(most));
    with_token()
        .when(place(2_499))
        .then_rejected(Rejection::StakeAboveLimit { maximum: eur(999) });
    with_token().when(place(2_500)).events();
}

#[test]
fn a_preview_tells_what_is_paid_without_the_token() {
    let state = struck_with(with_token(), 1, BY_TOKEN).state();
    let slip = state.slip(bet(1)).unwrap();
    let if_it = |outcome| {
        let result = ResultInForce {
            number: 1,
            outcomes: BTreeMap::from([(selection(1), outcome)]),
            detail: ResultDetail::default(),
        };
        returned_by(slip, &BTreeMap::from([(market(1), result)]))
    };
    let told = |minor: i64, word| Some((Money::from_minor(minor, kernel::Currency::Eur), word));
    assert_eq!(if_it(Won), told(1_700, SlipOutcome::Won));
    assert_eq!(if_it(Void), told(200, SlipOutcome::Void));
    assert_eq!(if_it(Lost), told(0, SlipOutcome::Lost));
}
