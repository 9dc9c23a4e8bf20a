//! One scenario per rule, per rejection, per repeat.
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use crate::*;
use kernel::{
    BetId, CaseId, Currency, CustomerId, Decider, Digest, MarketId, Money, Position, Price,
    Scenario, SelectionId, Timestamp, Topic,
};

const MARKET: MarketId = MarketId::example(7, 1);
const HOME: SelectionId = SelectionId::example(71, 1);
const AWAY: SelectionId = SelectionId::example(72, 1);

pub(crate) fn customer(number: u64) -> CustomerId {
    CustomerId::example(number, 3)
}

pub(crate) fn at_ms(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn told(who: u64, millis: i64, fact: Fact) -> Observation {
    Observation::Behaviour {
        customer: customer(who),
        at: at_ms(millis),
        source: Position {
            topic: Topic::BetsEvents,
            partition: 3,
            offset: 0,
        },
        fact,
    }
}

/// A bet on the home side at 2.50; the slip's number tells identical slips.
pub(crate) fn bet(number: u64, slip: u8, stake: i64) -> Fact {
    Fact::BetTaken(BetTaken {
        bet: BetId::example(number, 3),
        legs: vec![LegTaken {
            market: MARKET,
            selection: HOME,
            price: price("2.50"),
        }],
        stake: eur(stake),
        slip_digest: Digest::from_bytes([slip; 32]),
    })
}

fn book(millis: i64, home: &str) -> Observation {
    Observation::Book {
        market: MARKET,
        at: at_ms(millis),
        prices: vec![(HOME, price(home)), (AWAY, price("2.00"))],
    }
}

fn observe(observations: impl IntoIterator<Item = Observation>) -> Command {
    Command::Observe(observations.into_iter().collect())
}

/// Runs of one fact, `step_ms` apart.
fn run(count: i64, step_ms: i64, fact: impl Fn(i64) -> Fact) -> Vec<Observation> {
    (0..count).map(|n| told(1, n * step_ms, fact(n))).collect()
}

fn bets(count: i64, step_ms: i64) -> Vec<Observation> {
    run(count, step_ms, |n| {
        let n = u64::try_from(n).unwrap();
        bet(n, u8::try_from(n % 200).unwrap(), 1_000)
    })
}

fn paid_in(minor: i64) -> Fact {
    Fact::PaidIn { amount: eur(minor) }
}

fn paid_out(minor: i64) -> Fact {
    Fact::PaidOut { amount: eur(minor) }
}

fn fraud() -> Scenario<Fraud> {
    Scenario::given([])
}

/// What customer 1's last recorded score is made of.
#[track_caller]
fn contributions(observations: Vec<Observation>) -> Vec<(RuleId, u16)> {
    fraud()
        .after(observe(observations))
        .state()
        .customers()
        .get(&customer(1))
        .map(|known| known.contributions.clone())
        .unwrap_or_default()
}

#[track_caller]
fn points_of(rule: RuleId, observations: Vec<Observation>) -> u16 {
    contributions(observations)
        .into_iter()
        .find(|(found, _)| *found == rule)
        .map_or(0, |(_, points)| points)
}

#[test]
fn an_ordinary_bet_is_observed_and_not_scored() {
    fraud()
        .when(observe([told(1, 0, bet(1, 1, 500))]))
        .then([Event::CustomerObserved {
            customer: customer(1),
            at: at_ms(0),
            source: Position {
                topic: Topic::BetsEvents,
                partition: 3,
                offset: 0,
            },
            fact: bet(1, 1, 500),
        }]);
}

#[test]
fn a_book_on_a_market_without_recent_bets_leaves_nothing() {
    fraud().when(observe([book(0, "1.50")])).then_nothing();
}

#[test]
fn bets_beyond_the_usual_in_ten_seconds_count() {
    assert_eq!(points_of(RuleId::BetVelocity10s, bets(5, 100)), 0);
    assert_eq!(points_of(RuleId::BetVelocity10s, bets(6, 100)), 100);
    assert_eq!(points_of(RuleId::BetVelocity10s, bets(8, 100)), 140);
    assert_eq!(points_of(RuleId::BetVelocity10s, bets(30, 100)), 200);
}

#[test]
fn bets_beyond_the_usual_in_a_minute_count() {
    assert_eq!(contributions(bets(15, 3_000)), []);
    assert_eq!(
        contributions(bets(16, 3_000)),
        [(RuleId::BetVelocity1m, 100)]
    );
}

#[test]
fn bets_beyond_the_usual_in_an_hour_count() {
    assert_eq!(contributions(bets(50, 60_000)), []);
    assert_eq!(
        contributions(bets(51, 60_000)),
        [(RuleId::BetVelocity1h, 100)]
    );
}

#[test]
fn deposits_beyond_the_usual_count_in_each_window() {
    let deposits = |count, step_ms| run(count, step_ms, |_| paid_in(1_000));
    assert_eq!(contributions(deposits(2, 1_000)), []);
    assert_eq!(
        contributions(deposits(3, 1_000)),
        [(RuleId::DepositVelocity10s, 100)]
    );
    assert_eq!(
        contributions(deposits(4, 12_000)),
        [(RuleId::DepositVelocity1m, 100)]
    );
    assert_eq!(
        contributions(deposits(9, 60_000)),
        [(RuleId::DepositVelocity1h, 100)]
    );
}

#[test]
fn failed_sign_ins_beyond_the_usual_count_in_each_window() {
    let failures = |count, step_ms| run(count, step_ms, |_| Fact::SignInFailed);
    assert_eq!(contributions(failures(3, 1_000)), []);
    assert_eq!(
        contributions(failures(4, 1_000)),
        [(RuleId::SignInFailures10s, 100)]
    );
    assert_eq!(
        contributions(failures(6, 11_000)),
        [(RuleId::SignInFailures1m, 100)]
    );
    assert_eq!(
        contributions(failures(11, 61_000)),
        [(RuleId::SignInFailures1h, 100)]
    );
}

#[test]
fn a_window_forgets_at_its_older_edge() {
    let mut inside = bets(5, 0);
    inside.push(told(1, 9_999, bet(9, 9, 1_000)));
    assert_eq!(points_of(RuleId::BetVelocity10s, inside), 100);
    let mut outside = bets(5, 0);
    outside.push(told(1, 10_000, bet(9, 9, 1_000)));
    assert_eq!(points_of(RuleId::BetVelocity10s, outside), 0);
}

#[test]
fn the_same_slip_within_seconds_counts_and_another_slip_does_not() {
    let slips = |second: u8, gap_ms| {
        vec![
            told(1, 0, bet(1, 1, 500)),
            told(1, gap_ms, bet(2, second, 500)),
        ]
    };
    assert_eq!(
        contributions(slips(1, 9_999)),
        [(RuleId::IdenticalBets, 100)]
    );
    assert_eq!(contributions(slips(1, 10_000)), []);
    assert_eq!(contributions(slips(2, 1)), []);
}

#[test]
fn a_price_that_shortens_just_after_a_bet_is_a_fact_about_that_bet() {
    fraud()
        .after(observe([
            told(1, 0, bet(1, 1, 500)),
            told(2, 9_000, bet(2, 1, 500)),
        ]))
        .when(observe([book(10_000, "2.40")]))
        .then([Event::PriceMoveObserved {
            market: MARKET,
            at: at_ms(10_000),
            shortened: vec![HOME],
            taken_before: vec![TakenBefore {
                customer: customer(2),
                bet: BetId::example(2, 3),
            }],
        }]);
}

#[test]
fn a_price_that_lengthens_or_stays_is_nothing() {
    for home in ["2.50", "2.60"] {
        fraud()
            .after(observe([told(1, 0, bet(1, 1, 500))]))
            .when(observe([book(1_000, home)]))
            .then_nothing();
    }
}

#[test]
fn a_second_shortening_does_not_count_the_same_bet_again() {
    fraud()
        .after(observe([told(1, 0, bet(1, 1, 500)), book(1_000, "2.40")]))
        .when(observe([book(2_000, "2.30")]))
        .then_nothing();
}

/// A customer whose every bet comes a second before the price shortens.
fn price_taker(bets: i64) -> Vec<Observation> {
    (0..bets)
        .flat_map(|n| {
            let number = u64::try_from(n).unwrap();
            let slip = u8::try_from(n).unwrap();
            [
                told(1, n * 60_000, bet(number, slip, 500)),
                book(n * 60_000 + 1_000, "2.40"),
            ]
        })
        .collect()
}

#[test]
fn taking_prices_before_they_shorten_counts_from_the_third_time() {
    assert_eq!(contributions(price_taker(2)), []);
    assert_eq!(contributions(price_taker(3)), [(RuleId::PriceTaking, 200)]);
    assert_eq!(contributions(price_taker(4)), [(RuleId::PriceTaking, 300)]);
    assert_eq!(contributions(price_taker(20)), [(RuleId::PriceTaking, 600)]);
}

#[test]
fn few_shortenings_among_many_bets_are_chance() {
    let mut history = price_taker(3);
    history.extend((0..4).map(|n: u8| {
        let number = u64::from(n) + 100;
        told(
            1,
            300_000 + i64::from(n) * 60_000,
            bet(number, 100 + n, 500),
        )
    }));
    assert_eq!(contributions(history), []);
}

#[test]
fn deposits_that_go_out_unplayed_count_by_their_share() {
    let after_playing = |stake| {
        vec![
            told(1, 0, paid_in(10_000)),
            told(1, 1, bet(1, 1, stake)),
            told(1, 2, paid_out(10_000)),
        ]
    };
    assert_eq!(
        contributions(after_playing(0)),
        [(RuleId::WithdrawalWithoutPlay, 500)]
    );
    assert_eq!(
        contributions(after_playing(5_000)),
        [(RuleId::WithdrawalWithoutPlay, 250)]
    );
    assert_eq!(contributions(after_playing(10_000)), []);
}

#[test]
fn a_stake_that_came_back_was_not_play() {
    let history = vec![
        told(1, 0, paid_in(10_000)),
        told(1, 1, bet(1, 1, 10_000)),
        told(
            1,
            2,
            Fact::BetReturned {
                bet: BetId::example(1, 3),
                returned: eur(10_000),
            },
        ),
        told(1, 3, paid_out(10_000)),
    ];
    assert_eq!(
        contributions(history),
        [(RuleId::WithdrawalWithoutPlay, 500)]
    );
}

#[test]
fn a_deposit_of_four_days_ago_is_forgotten() {
    let four_days = 4 * 24 * 3_600_000;
    let history = vec![
        told(1, 0, paid_in(10_000)),
        told(1, four_days, paid_out(10_000)),
    ];
    assert_eq!(contributions(history), []);
}

#[test]
fn currencies_are_not_added() {
    let dollars = Fact::PaidOut {
        amount: Money::from_minor(10_000, Currency::Usd),
    };
    assert_eq!(
        contributions(vec![told(1, 0, paid_in(10_000)), told(1, 1, dollars)]),
        []
    );
}

/// The case that the withdrawal of an unplayed deposit opens.
fn case_history() -> Vec<Observation> {
    vec![told(1, 0, paid_in(10_000)), told(1, 1, paid_out(10_000))]
}

fn open_case(state: &State) -> CaseId {
    state.customers()[&customer(1)].open_case.unwrap()
}

fn case_of(history: Vec<Observation>) -> CaseId {
    open_case(&fraud().after(observe(history)).state())
}

#[test]
fn a_score_that_crosses_the_threshold_opens_a_case_with_its_reasons() {
    let events = fraud().when(observe(case_history())).events();
    let reasons = vec![Reason {
        rule: RuleId::WithdrawalWithoutPlay,
        points: 500,
        evidence: "10000 EUR minor units in, 0 played, 10000 out".to_owned(),
    }];
    assert_eq!(
        events[2..],
        [
            Event::CustomerScored {
                customer: customer(1),
                bet: None,
                score_permille: 500,
                reasons: reasons.clone(),
                rules_version: RULES_VERSION,
            },
            Event::CaseOpened {
                case: case_of(case_history()),
                customer: customer(1),
                score_permille: 500,
                reasons,
            },
        ]
    );
}

#[test]
fn a_case_lives_in_the_partition_of_its_customer() {
    assert_eq!(case_of(case_history()).partition(), 3);
}

#[test]
fn an_open_case_is_not_opened_again() {
    let mut rest = vec![told(1, 2, paid_in(90_000))];
    rest.push(told(1, 3, paid_out(90_000)));
    let events = fraud()
        .after(observe(case_history()))
        .when(observe(rest))
        .events();
    let scores = |event: &&Event| matches!(event, Event::CustomerScored { .. });
    let opened = |event: &&Event| matches!(event, Event::CaseOpened { .. });
    assert!(events.iter().filter(scores).count() > 1, "{events:?}");
    assert_eq!(events.iter().filter(opened).count(), 0);
}

#[test]
fn a_second_case_has_another_id() {
    let first = case_of(case_history());
    let later = 5 * 24 * 3_600_000;
    let state = fraud()
        .after(observe(case_history()))
        .after(close(first, Verdict::Confirmed))
        .after(observe([
            told(1, later, paid_in(10_000)),
            told(1, later + 1, paid_out(10_000)),
        ]))
        .state();
    assert_ne!(open_case(&state), first);
}

/// Unplayed money out, and the same slip six times: two kinds of signal.
fn restricted_history() -> Vec<Observation> {
    let mut history = case_history();
    history.extend((0..6).map(|n| {
        let number = u64::try_from(n).unwrap();
        told(1, 10 + n, bet(number, 1, 1))
    }));
    history
}

#[test]
fn two_kinds_of_signal_restrict_the_stakes_in_the_same_record() {
    let events = fraud().when(observe(restricted_history())).events();
    let restricted: Vec<_> = events
        .iter()
        .filter(|event| matches!(event, Event::CustomerRestricted { .. }))
        .collect();
    assert_eq!(
        restricted,
        [&Event::CustomerRestricted {
            customer: customer(1),
            stake_permille: RESTRICTED_STAKE_PERMILLE,
            case: Some(case_of(case_history())),
            by: None,
            note: "score 899 of 1000".to_owned(),
        }]
    );
}

#[test]
fn no_kind_of_signal_restricts_alone() {
    let quickest = |fact: &dyn Fn(i64) -> Fact| contributions(run(60, 1, fact));
    let sum = |parts: Vec<(RuleId, u16)>| parts.iter().map(|(_, points)| points).sum::<u16>();
    assert_eq!(sum(contributions(bets(60, 1))), 600);
    assert_eq!(sum(quickest(&|_| paid_in(1))), 600);
    assert_eq!(sum(quickest(&|_| Fact::SignInFailed)), 600);
    assert_eq!(sum(contributions(price_taker(40))), 600);
}

#[test]
fn no_score_is_above_a_thousand_and_its_points_still_add_up() {
    let mut history = case_history();
    history.extend(run(60, 2, |n| bet(u64::try_from(n).unwrap(), 1, 1)));
    let parts = contributions(history);
    assert_eq!(parts.iter().map(|(_, points)| points).sum::<u16>(), 1_000);
    assert_eq!(parts.len(), 4);
}

fn close(case: CaseId, verdict: Verdict) -> Command {
    Command::CloseCase(CloseCase {
        case,
        customer: customer(1),
        verdict,
        note: "asked for papers".to_owned(),
        by: "ines".to_owned(),
    })
}

fn closed(case: CaseId, verdict: Verdict) -> Event {
    Event::CaseClosed {
        case,
        customer: customer(1),
        verdict,
        note: "asked for papers".to_owned(),
        by: "ines".to_owned(),
    }
}

#[test]
fn a_cleared_case_lifts_what_it_restricted() {
    let case = case_of(restricted_history());
    fraud()
        .after(observe(restricted_history()))
        .when(close(case, Verdict::Cleared))
        .then([
            closed(case, Verdict::Cleared),
            Event::CustomerRestricted {
                customer: customer(1),
                stake_permille: WHOLE_STAKE_PERMILLE,
                case: Some(case),
                by: Some("ines".to_owned()),
                note: "asked for papers".to_owned(),
            },
        ]);
}

#[test]
fn a_confirmed_case_leaves_the_restriction() {
    let case = case_of(restricted_history());
    fraud()
        .after(observe(restricted_history()))
        .when(close(case, Verdict::Confirmed))
        .then([closed(case, Verdict::Confirmed)]);
}

#[test]
fn a_cleared_case_does_not_lift_what_an_analyst_set() {
    let case = case_of(restricted_history());
    fraud()
        .after(observe(restricted_history()))
        .after(restrict(0, "worse than it looked"))
        .when(close(case, Verdict::Cleared))
        .then([closed(case, Verdict::Cleared)]);
}

#[test]
fn after_a_case_is_closed_the_same_score_opens_no_other() {
    let case = case_of(case_history());
    let events = fraud()
        .after(observe(case_history()))
        .after(close(case, Verdict::Cleared))
        .when(observe([told(1, 20, bet(1, 1, 500))]))
        .events();
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::CaseOpened { .. })),
        "{events:?}"
    );
}

#[test]
fn a_case_closes_once() {
    let case = case_of(case_history());
    fraud()
        .after(observe(case_history()))
        .after(close(case, Verdict::Confirmed))
        .when(close(case, Verdict::Cleared))
        .then_rejected(Rejection::CaseAlreadyClosed(case));
}

#[test]
fn a_case_that_is_not_the_customers_is_unknown() {
    let case = CaseId::example(1, 3);
    fraud()
        .when(close(case, Verdict::Cleared))
        .then_rejected(Rejection::CaseUnknown(case));
    fraud()
        .after(observe(case_history()))
        .when(close(case, Verdict::Cleared))
        .then_rejected(Rejection::CaseUnknown(case));
}

#[test]
fn closing_and_restricting_need_a_note() {
    let case = case_of(case_history());
    fraud()
        .after(observe(case_history()))
        .when(Command::CloseCase(CloseCase {
            case,
            customer: customer(1),
            verdict: Verdict::Cleared,
            note: "  ".to_owned(),
            by: "ines".to_owned(),
        }))
        .then_rejected(Rejection::NoteMissing);
    fraud()
        .when(restrict(0, ""))
        .then_rejected(Rejection::NoteMissing);
}

fn restrict(stake_permille: u16, note: &str) -> Command {
    Command::Restrict(Restrict {
        customer: customer(1),
        stake_permille,
        note: note.to_owned(),
        by: "ines".to_owned(),
    })
}

#[test]
fn an_analyst_restricts_and_lifts() {
    let set = |stake_permille, note: &str| Event::CustomerRestricted {
        customer: customer(1),
        stake_permille,
        case: None,
        by: Some("ines".to_owned()),
        note: note.to_owned(),
    };
    fraud()
        .when(restrict(0, "stolen card"))
        .then([set(0, "stolen card")]);
    fraud()
        .after(restrict(0, "stolen card"))
        .when(restrict(1_000, "card was found"))
        .then([set(1_000, "card was found")]);
}

#[test]
fn the_restriction_in_force_again_changes_nothing() {
    fraud()
        .after(restrict(300, "first"))
        .when(restrict(300, "second"))
        .then_nothing();
    fraud()
        .when(restrict(1_000, "nothing to lift"))
        .then_nothing();
}

#[test]
fn more_than_the_whole_stake_is_not_a_restriction() {
    fraud()
        .when(restrict(1_001, "a favour"))
        .then_rejected(Rejection::RestrictionNotAllowed);
}

#[test]
fn a_score_does_not_loosen_what_an_analyst_set() {
    let state = fraud()
        .after(restrict(0, "stolen card"))
        .after(observe(restricted_history()))
        .state();
    assert_eq!(state.customers()[&customer(1)].stake_permille, 0);
}

#[test]
fn the_silent_are_forgotten_unless_an_analyst_needs_them() {
    let later = 200 * 3_600_000;
    let state = fraud()
        .after(observe(case_history()))
        .after(observe([told(2, 5, bet(1, 1, 500))]))
        .after(observe([told(3, later, Fact::SignInFailed)]))
        .state();
    let remembered: Vec<_> = state.customers().keys().copied().collect();
    assert_eq!(remembered, [customer(1), customer(3)]);
    assert!(state.tapes().is_empty());
}

#[test]
fn every_rule_is_found_by_its_name() {
    for rule in RuleId::ALL {
        assert_eq!(rule.as_str().parse(), Ok(*rule));
    }
    assert!("no-such-rule".parse::<RuleId>().is_err());
}

#[test]
fn the_tape_of_a_market_lets_go_of_what_is_a_minute_old() {
    let mut state = Fraud::initial();
    for n in 0..3 {
        let command = observe([told(1, n * 40_000, bet(u64::try_from(n).unwrap(), 1, 1))]);
        for event in Fraud::decide(&state, &command).unwrap() {
            Fraud::evolve(&mut state, &event);
        }
    }
    assert_eq!(state.tapes()[&MARKET].legs.len(), 2);
}

const HOUR_MS: i64 = 3_600_000;

#[test]
fn three_deposits_just_below_the_threshold_within_a_day_open_a_case() {
    let below = |count, step_ms| run(count, step_ms, |_| paid_in(1_900_00));
    assert_eq!(contributions(below(2, 7 * HOUR_MS)), []);
    assert_eq!(
        contributions(below(3, 7 * HOUR_MS)),
        [(RuleId::Structuring24h, 500)]
    );
    let events = fraud().when(observe(below(3, 7 * HOUR_MS))).events();
    let opened = events
        .iter()
        .filter(|event| matches!(event, Event::CaseOpened { .. }));
    assert_eq!(opened.count(), 1);
    let restricted = |event: &Event| matches!(event, Event::CustomerRestricted { .. });
    assert!(!events.iter().any(restricted), "a person decides");
}

#[test]
fn five_within_a_week_open_one_as_well() {
    let below = |count| run(count, 30 * HOUR_MS, |_| paid_in(1_600_00));
    assert_eq!(contributions(below(4)), []);
    assert_eq!(contributions(below(5)), [(RuleId::Structuring7d, 500)]);
    let rare = run(9, 45 * HOUR_MS, |_| paid_in(1_600_00));
    assert_eq!(contributions(rare), []);
}

#[test]
fn deposits_at_the_threshold_and_well_below_it_are_nothing_strange() {
    for minor in [2_000_00, 1_599_99, 50_00] {
        assert_eq!(contributions(run(6, 4 * HOUR_MS, |_| paid_in(minor))), []);
    }
}

#[test]
fn deposits_of_several_currencies_are_not_added_up() {
    let currencies = [Currency::Eur, Currency::Gbp];
    let mixed = run(4, 4 * HOUR_MS, |number| Fact::PaidIn {
        amount: Money::from_minor(1_900_00, currencies[usize::try_from(number % 2).unwrap()]),
    });
    assert_eq!(contributions(mixed), []);
}
