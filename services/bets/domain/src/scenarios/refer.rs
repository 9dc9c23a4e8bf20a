//! Referrals and parts: large stakes wait for a trader, and less is taken of who agrees to it.

use super::world::*;
use crate::settlement::LegResult;
use crate::*;
use kernel::{Currency, Duration, Money, Timestamp};

/// Two minutes.
const WAIT: i64 = 120_000;
const STAKE: i64 = 600_000;

/// A market that can carry such stakes.
pub(super) fn roomy(n: u64, now: Timestamp) -> Quote {
    Quote {
        budget_each: eur(90_000_000),
        exposure_max: eur(90_000_000),
        ..quote(n, now)
    }
}

pub(super) fn judged(now: Timestamp) -> Surroundings {
    Surroundings {
        rules: HouseRules::default(),
        ..seeing(now, [roomy(1, now)])
    }
}

fn of_stake(minor: i64, accepts_part: bool) -> Command {
    let asked = SlipRequest {
        unit_stake: eur(minor),
        accepts_part,
        ..slip(&[1])
    };
    place_seeing(1, asked, judged(at(0)))
}

/// 6,000.00 on one selection: 1,000.00 above what is taken without a trader.
pub(super) fn waiting(accepts_part: bool) -> Story {
    nothing()
        .after(of_stake(STAKE, accepts_part))
        .after(hold(1))
}

fn answer_at(now: Timestamp, answer: TraderAnswer) -> Command {
    Command::AnswerReferral(Box::new(AnswerReferral {
        bet: bet(1),
        answer,
        by: "tom".to_owned(),
        reason: "known customer".to_owned(),
        now: judged(now),
    }))
}

const WHOLE: TraderAnswer = TraderAnswer::Accept { unit_stake: None };

fn part_of(minor: i64) -> TraderAnswer {
    TraderAnswer::Accept {
        unit_stake: Some(eur(minor)),
    }
}

fn answered(now: Timestamp, word: ReferralWord, unit_stake: Option<Money>) -> Event {
    Event::ReferralAnswered(ReferralAnswered {
        bet: bet(1),
        customer: ANN,
        word,
        unit_stake,
        by: "tom".to_owned(),
        reason: "known customer".to_owned(),
        answered_at: now,
        until: now.plus(Duration::from_secs(2)),
    })
}

fn agreed(now: Timestamp, stake: i64, returns: i64) -> Event {
    Event::PartAgreed(PartAgreed {
        bet: bet(1),
        customer: ANN,
        asked: eur(STAKE),
        unit_stake: eur(stake),
        stake: eur(stake),
        potential_return: eur(returns),
        until: now.plus(Duration::from_secs(2)),
    })
}

fn ended(rejection: Rejection) -> Event {
    Event::BetRejected {
        bet: bet(1),
        customer: ANN,
        held: true,
        stake: eur(STAKE),
        rejection,
    }
}

#[test]
fn a_stake_above_the_automatic_maximum_waits_for_a_trader() {
    let events = nothing().when(of_stake(STAKE, false)).events();
    let [Event::BetPlaced(placed), Event::BetReferred(referred)] = &events[..] else {
        panic!("not referred: {events:?}");
    };
    assert_eq!(placed.stake, eur(STAKE));
    assert_eq!(
        (
            referred.automatic_max,
            referred.until,
            referred.rules_version
        ),
        (eur(500_000), at(WAIT), 1)
    );
}

#[test]
fn a_stake_of_the_automatic_maximum_does_not() {
    let events = nothing().when(of_stake(500_000, false)).events();
    assert!(matches!(&events[..], [Event::BetPlaced(_)]));
}

#[test]
fn a_restriction_lowers_what_is_taken_without_a_trader() {
    let restricted = nothing().after(notice(Notice::Restriction {
        customer: ANN,
        stake_permille: 500,
    }));
    let events = restricted.when(of_stake(250_001, false)).events();
    assert!(matches!(
        &events[..],
        [Event::BetPlaced(_), Event::BetReferred(referred)]
            if referred.automatic_max == eur(250_000)
    ));
}

#[test]
fn while_it_waits_its_stake_is_held_and_no_risk_reserved() {
    nothing()
        .after(of_stake(STAKE, false))
        .when(hold(1))
        .then([Event::BetHeld { bet: bet(1) }]);
    let state = waiting(false).state();
    assert_eq!(state.market(market(1)).unwrap().budget.used_minor, 0);
    assert_eq!(state.next_timer().map(|(due, _)| due), Some(at(WAIT)));
    assert_eq!(State::from_parts(state.parts()), state);
}

#[test]
fn a_stake_that_cannot_be_held_ends_the_slip() {
    let short = notice(Notice::Hold {
        bet: bet(1),
        outcome: HoldOutcome::Blocked,
    });
    let events = nothing().after(of_stake(STAKE, false)).when(short).events();
    assert!(matches!(
        &events[..],
        [Event::BetRejected {
            held: false,
            rejection: Rejection::AccountBlocked,
            ..
        }]
    ));
}

#[test]
fn an_accepted_slip_is_judged_anew_and_struck_at_once() {
    waiting(false)
        .when(answer_at(at(9_000), WHOLE))
        .then([answered(at(9_000), ReferralWord::Accepted, None)]);
    let accepted = waiting(false).after(answer_at(at(9_000), WHOLE));
    let events = accepted.when(look(1, judged(at(9_001)))).events();
    assert!(matches!(
        &events[..],
        [Event::BetAccepted { potential_return, .. }] if *potential_return == eur(1_500_000)
    ));
}

#[test]
fn a_trader_agrees_to_no_price() {
    let on = Quote {
        price: Some(price("2.4")),
        version: 8,
        ..roomy(1, at(9_001))
    };
    let now = Surroundings {
        rules: HouseRules::default(),
        ..seeing(at(9_001), [on])
    };
    let events = waiting(false)
        .after(answer_at(at(9_000), WHOLE))
        .when(look(1, now))
        .events();
    // What is offered instead needs no trader a second time.
    let [
        Event::BetRejected { rejection, .. },
        Event::BetReoffered(told),
    ] = &events[..]
    else {
        panic!("struck at another price: {events:?}");
    };
    assert!(matches!(rejection, Rejection::PriceChanged { .. }));
    assert_eq!((told.stake, told.cleared), (eur(STAKE), true));
}

#[test]
fn in_play_the_delay_runs_after_the_trader() {
    let now = at(9_001);
    let quote = Quote {
        in_play: true,
        bet_delay: Duration::from_secs(5),
        ..roomy(1, now)
    };
    waiting(false)
        .after(answer_at(at(9_000), WHOLE))
        .when(look(1, seeing(now, [quote])))
        .then([Event::BetDelayed {
            bet: bet(1),
            customer: ANN,
            until: now.plus(Duration::from_secs(5)),
        }]);
}

#[test]
fn a_full_market_ends_an_accepted_slip_after_the_wait_for_room() {
    let now = at(11_000);
    let full = Quote {
        budget_each: eur(100),
        exposure_max: eur(90_000_000),
        ..roomy(1, now)
    };
    waiting(false)
        .after(answer_at(at(9_000), WHOLE))
        .when(look(1, seeing(now, [full])))
        .then([ended(Rejection::ExposureReached { market: market(1) })]);
}

#[test]
fn a_declined_slip_ends() {
    waiting(false)
        .when(answer_at(at(9_000), TraderAnswer::Decline))
        .then([
            answered(at(9_000), ReferralWord::Declined, None),
            ended(Rejection::ReferralDeclined),
        ]);
}

#[test]
fn an_offer_ends_the_slip_and_is_accepted_without_another_trader() {
    let offer = TraderAnswer::Offer {
        unit_stake: eur(550_000),
    };
    let events = waiting(false).when(answer_at(at(9_000), offer)).events();
    let [told_answer, rejected, Event::BetReoffered(told)] = &events[..] else {
        panic!("no offer: {events:?}");
    };
    let named = Some(eur(550_000));
    assert_eq!(
        *told_answer,
        answered(at(9_000), ReferralWord::Offered, named)
    );
    assert_eq!(*rejected, ended(Rejection::ReferralDeclined));
    assert_eq!((told.stake, told.until), (eur(550_000), at(9_000 + WAIT)));
    let accept = Command::AcceptReoffer(Box::new(AcceptReoffer {
        bet: bet(2),
        customer: ANN,
        reoffer: bet(1),
        now: judged(at(60_000)),
    }));
    let events = waiting(false)
        .after(answer_at(at(9_000), offer))
        .when(accept)
        .events();
    assert!(matches!(
        &events[..],
        [Event::ReofferAccepted { .. }, Event::BetPlaced(placed)]
            if placed.stake == eur(550_000)
    ));
}

#[test]
fn no_more_is_accepted_or_offered_than_was_asked_for() {
    let too_much = Rejection::StakeAboveLimit {
        maximum: eur(STAKE),
    };
    let above = TraderAnswer::Offer {
        unit_stake: eur(STAKE + 1),
    };
    for answer in [part_of(STAKE + 1), above] {
        waiting(true)
            .when(answer_at(at(9_000), answer))
            .then_rejected(too_much.clone());
    }
    waiting(true)
        .when(answer_at(at(9_000), part_of(0)))
        .then_rejected(Rejection::StakeBelowMinimum { minimum: eur(1) });
}

#[test]
fn one_answer_counts() {
    let unknown = Rejection::ReferralUnknown { bet: bet(1) };
    waiting(false)
        .after(answer_at(at(9_000), WHOLE))
        .when(answer_at(at(9_001), TraderAnswer::Decline))
        .then_rejected(unknown.clone());
    nothing()
        .when(answer_at(at(9_000), WHOLE))
        .then_rejected(unknown.clone());
    // Nor does one at the end of the wait.
    waiting(false)
        .when(answer_at(at(WAIT), WHOLE))
        .then_rejected(unknown);
}

#[test]
fn a_stake_that_is_not_held_yet_cannot_be_answered_for() {
    nothing()
        .after(of_stake(STAKE, false))
        .when(answer_at(at(9_000), WHOLE))
        .then_rejected(Rejection::StakeNotHeld { bet: bet(1) });
}

#[test]
fn without_an_answer_the_slip_ends() {
    waiting(false)
        .when(look(1, judged(at(WAIT - 1))))
        .then_nothing();
    waiting(false)
        .when(look(1, judged(at(WAIT))))
        .then([ended(Rejection::ReferralLapsed)]);
}

#[test]
fn without_an_answer_the_automatic_maximum_is_taken_of_who_accepts_a_part() {
    let lapsed = waiting(true);
    lapsed
        .when(look(1, judged(at(WAIT))))
        .then([agreed(at(WAIT), 500_000, 1_250_000)]);
}

#[test]
fn less_is_only_accepted_of_who_has_said_so() {
    waiting(false)
        .when(answer_at(at(9_000), part_of(400_000)))
        .then_rejected(Rejection::PartNotAgreed);
}

pub(super) fn in_part() -> Story {
    waiting(true).after(answer_at(at(9_000), part_of(400_000)))
}

#[test]
fn a_part_is_struck_with_its_hold_reduced_in_the_same_record() {
    let taken = Some(eur(400_000));
    waiting(true)
        .when(answer_at(at(9_000), part_of(400_000)))
        .then([
            answered(at(9_000), ReferralWord::Accepted, taken),
            agreed(at(9_000), 400_000, 1_000_000),
        ]);
    let events = in_part().when(look(1, judged(at(9_001)))).events();
    let [reduced, Event::BetAccepted { liabilities, .. }] = &events[..] else {
        panic!("not struck: {events:?}");
    };
    let expected = Event::StakeReduced {
        bet: bet(1),
        customer: ANN,
        held: eur(STAKE),
        stake: eur(400_000),
    };
    assert_eq!(*reduced, expected);
    assert_eq!(liabilities[0].open.stakes, eur(400_000));
}

#[test]
fn a_part_that_is_not_struck_gives_the_whole_hold_back() {
    let closed = Quote {
        status: MarketStatus::Closed,
        ..roomy(1, at(9_001))
    };
    in_part()
        .when(look(1, seeing(at(9_001), [closed])))
        .then([ended(Rejection::MarketClosed { market: market(1) })]);
}

#[test]
fn a_part_is_settled_by_itself_under_the_number_of_its_hold() {
    let story = in_part()
        .after(look(1, judged(at(9_001))))
        .after(result(1, 1, LegResult::Won));
    let events = story.when(work()).events();
    assert!(events.iter().any(|event| matches!(
        event,
        Event::BetSettled { settlement: 2, stake, returned, .. }
            if (*stake, *returned) == (eur(400_000), eur(1_000_000))
    )));
}

#[test]
fn only_the_part_counts_as_staked_that_day() {
    let state = in_part().after(look(1, judged(at(9_001)))).state();
    let staked = state
        .customer(ANN)
        .tally
        .since(0, Currency::Eur)
        .staked_minor;
    assert_eq!(staked, 400_000);
    assert_eq!(State::from_parts(state.parts()), state);
    // A part that ends leaves nothing.
    let closed = Quote {
        status: MarketStatus::Closed,
        ..roomy(1, at(9_001))
    };
    let state = in_part()
        .after(look(1, seeing(at(9_001), [closed])))
        .state();
    let staked = state
        .customer(ANN)
        .tally
        .since(0, Currency::Eur)
        .staked_minor;
    assert_eq!(staked, 0);
    assert_eq!(state.market(market(1)).unwrap().budget.used_minor, 0);
}

#[test]
fn of_a_stake_above_the_limit_the_limit_is_placed_at_once() {
    let tiny = Quote {
        budget_each: eur(1_499),
        exposure_max: eur(1_499),
        ..quote(1, at(0))
    };
    let now = Surroundings {
        rules: HouseRules::default(),
        ..seeing(at(0), [tiny])
    };
    let asked = SlipRequest {
        accepts_part: true,
        ..slip(&[1])
    };
    let events = nothing().when(place_seeing(1, asked, now)).events();
    let [
        Event::BetPlaced(placed),
        Event::PartAllowed { .. },
        Event::PartAgreed(part),
    ] = &events[..]
    else {
        panic!("not placed in part: {events:?}");
    };
    assert_eq!((placed.stake, part.stake), (eur(999), eur(999)));
    assert_eq!(part.asked, eur(1_000));
}

#[test]
fn of_a_risk_that_finds_no_room_what_fits_is_taken() {
    // Room for 5.00 is never granted to the partition, which has room for 4.00.
    let narrow = |now| Quote {
        budget_each: eur(600),
        exposure_max: eur(90_000),
        ..quote(1, now)
    };
    let asked = SlipRequest {
        accepts_part: true,
        ..slip(&[1])
    };
    let now = |at| Surroundings {
        rules: HouseRules::default(),
        ..seeing(at, [narrow(at)])
    };
    let waited = nothing()
        .after(place_seeing(1, asked, now(at(0))))
        .after(hold(1))
        .after(look(1, now(at(10))))
        .after(look(1, now(at(2_000))));
    let events = waited.when(look(1, now(at(2_001)))).events();
    assert!(
        matches!(
            &events[..],
            [Event::StakeReduced { stake, held, .. }, Event::BetAccepted { .. }]
                if (*held, *stake) == (eur(1_000), eur(400))
        ),
        "{events:?}"
    );
}
