//! Free bets and bonus money: giving, staking, settling, taking back, ending.

use super::world::*;
use crate::settlement::LegResult::{Lost, Void, Won};
use crate::*;
use kernel::{BonusId, Currency, FreeBetId, Money, Timestamp};
use std::collections::BTreeSet;

const TOKEN: FreeBetId = FreeBetId::example(1, 0);
pub(super) const BONUS: BonusId = BonusId::example(2, 0);
const END: i64 = 1_000;

pub(super) fn given() -> Given {
    Given {
        price_min: Some(price("1.5")),
        expires_at: at(END),
        reason: "welcome".to_owned(),
        by: "bob".to_owned(),
        at: at(0),
    }
}

pub(super) fn terms() -> Terms {
    let Given {
        price_min,
        expires_at,
        reason,
        by,
        ..
    } = given();
    Terms {
        price_min,
        expires_at,
        reason,
        by,
    }
}

pub(super) fn grant_of(granted: Granted, terms: Terms) -> Command {
    Command::Grant(Box::new(Grant {
        customer: ANN,
        granted,
        terms,
        at: at(0),
    }))
}

fn token_of(value: Money, stake_returned: bool) -> Granted {
    Granted::FreeBet {
        id: TOKEN,
        value,
        stake_returned,
    }
}

pub(super) fn money_of(amount: Money) -> Granted {
    Granted::Bonus {
        id: BONUS,
        amount,
        wagering_times: 2,
        converted_max: Some(eur(3_000)),
    }
}

fn give_token() -> Command {
    grant_of(token_of(eur(800), false), terms())
}

/// 20.00, to be staked twice.
fn give_bonus() -> Command {
    grant_of(money_of(eur(2_000)), terms())
}

pub(super) fn token(used_by: &[u64]) -> FreeBet {
    FreeBet {
        id: TOKEN,
        value: eur(800),
        stake_returned: false,
        given: given(),
        used_by: used_by.iter().map(|n| bet(*n)).collect::<BTreeSet<_>>(),
    }
}

pub(super) fn bonus(worth_minor: i64, wagered_minor: i64, open_slips: u32) -> Bonus {
    Bonus {
        id: BONUS,
        amount: eur(2_000),
        wagering_required: eur(4_000),
        converted_max: Some(eur(3_000)),
        given: given(),
        worth_minor,
        wagered_minor,
        lapses: 0,
        open_slips,
    }
}

pub(super) fn told(event: PromotionEvent) -> Event {
    Event::Promotion(Box::new(event))
}

/// 10.00 at 2.50, paid by that.
pub(super) fn place_with(n: u64, source: StakeSource, now: Timestamp) -> Command {
    place_slip_with(n, slip(&[1]), source, seeing(now, [quote(1, now)]))
}

pub(super) fn place_slip_with(
    n: u64,
    slip: SlipRequest,
    source: StakeSource,
    now: Surroundings,
) -> Command {
    Command::Place(Box::new(Place {
        bet: bet(n),
        customer: ANN,
        slip,
        source,
        now,
    }))
}

pub(super) const BONUS_ALONE: StakeSource = StakeSource::Bonus {
    cash_allowed: false,
};
pub(super) const BONUS_AND_CASH: StakeSource = StakeSource::Bonus { cash_allowed: true };
pub(super) const BY_TOKEN: StakeSource = StakeSource::FreeBet(TOKEN);

pub(super) fn with_token() -> Story {
    nothing().after(give_token())
}

pub(super) fn with_bonus() -> Story {
    nothing().after(give_bonus())
}

/// Struck on market 1, staked so.
pub(super) fn struck_with(story: Story, n: u64, source: StakeSource) -> Story {
    story.after(place_with(n, source, at(0))).after(hold(n))
}

pub(super) fn parts(cash: i64, promotional: i64) -> StakeParts {
    StakeParts {
        cash: eur(cash),
        promotional: eur(promotional),
    }
}

pub(super) fn divided(
    settlement: u32,
    stake: StakeParts,
    [to_cash, to_bonus, wagered]: [i64; 3],
    [converted, to_house]: [i64; 2],
    promotion: Promotion,
) -> Event {
    told(PromotionEvent::ReturnDivided {
        bet: bet(1),
        customer: ANN,
        settlement,
        stake,
        division: Division {
            to_cash: eur(to_cash),
            to_bonus: eur(to_bonus),
            wagered: eur(wagered),
        },
        conversion: Conversion {
            converted: eur(converted),
            to_house: eur(to_house),
        },
        promotion,
    })
}

pub(super) fn taken_back(
    stake: StakeParts,
    [to_cash, to_bonus, wagered]: [i64; 3],
    [converted, to_house]: [i64; 2],
    promotion: Promotion,
) -> Event {
    told(PromotionEvent::DivisionReversed {
        bet: bet(1),
        customer: ANN,
        settlement: 1,
        stake,
        division: Division {
            to_cash: eur(to_cash),
            to_bonus: eur(to_bonus),
            wagered: eur(wagered),
        },
        conversion: Conversion {
            converted: eur(converted),
            to_house: eur(to_house),
        },
        promotion,
    })
}

/// All but who stands on the selection after it.
fn settles(story: Story, outcome: crate::settlement::LegResult) -> Vec<Event> {
    decided_by(&story.after(result(1, 1, outcome)).state(), &work())
}

pub(super) fn decided_by(state: &State, command: &Command) -> Vec<Event> {
    let mut events = <Bets as kernel::Decider>::decide(state, command).unwrap();
    events.retain(|event| {
        matches!(
            event,
            Event::BetSettled { .. } | Event::SettlementReversed { .. } | Event::Promotion(_)
        )
    });
    events
}

#[test]
fn a_token_is_given_once_with_its_conditions_and_its_giver() {
    let granted = || {
        told(PromotionEvent::FreeBetGranted {
            customer: ANN,
            free_bet: token(&[]),
        })
    };
    nothing().when(give_token()).then([granted()]);
    with_token().when(give_token()).then_nothing();
}

#[test]
fn bonus_money_is_given_once_with_what_must_be_staked() {
    nothing()
        .when(give_bonus())
        .then([told(PromotionEvent::BonusGranted {
            customer: ANN,
            bonus: bonus(2_000, 0, 0),
        })]);
    with_bonus().when(give_bonus()).then_nothing();
}

#[test]
fn nothing_and_too_much_are_not_given() {
    let maximum = eur(1_000_000);
    for amount in [0, -1, 1_000_001] {
        for granted in [token_of(eur(amount), false), money_of(eur(amount))] {
            nothing()
                .when(grant_of(granted, terms()))
                .then_rejected(Rejection::GrantNotAllowed { maximum });
        }
    }
}

#[test]
fn what_would_have_ended_is_not_given() {
    let ended = Terms {
        expires_at: at(0),
        ..terms()
    };
    nothing()
        .when(grant_of(token_of(eur(800), false), ended))
        .then_rejected(Rejection::GrantEnded { ended_at: at(0) });
}

#[test]
fn the_excluded_are_given_nothing() {
    let until = at(9_000);
    nothing()
        .after(notice(Notice::Exclusion {
            customer: ANN,
            until,
        }))
        .when(give_bonus())
        .then_rejected(Rejection::CustomerExcluded { until });
}

#[test]
fn the_most_that_becomes_cash_is_in_the_currency_of_the_money() {
    let gbp = Money::from_minor(1, Currency::Gbp);
    let granted = Granted::Bonus {
        id: BONUS,
        amount: eur(1),
        wagering_times: 1,
        converted_max: Some(gbp),
    };
    nothing()
        .when(grant_of(granted, terms()))
        .then_rejected(Rejection::CurrencyMismatch {
            expected: Currency::Eur,
        });
}

#[test]
fn a_token_pays_what_it_can_of_a_stake_and_cash_the_rest() {
    // The token's part is not returned: 25.00 less 8.00.
    with_token().when(place_with(1, BY_TOKEN, at(0))).then([
        placed(1, &[1], 1_700),
        told(PromotionEvent::StakeFunded {
            bet: bet(1),
            customer: ANN,
            stake: parts(200, 800),
            forfeited: eur(0),
            promotion: Promotion::FreeBet(token(&[1])),
        }),
    ]);
}

#[test]
fn what_a_stake_leaves_of_a_token_is_lost() {
    let half = SlipRequest {
        unit_stake: eur(500),
        ..slip(&[1])
    };
    let state = with_token()
        .after(place_slip_with(
            1,
            half,
            BY_TOKEN,
            seeing(at(0), [quote(1, at(0))]),
        ))
        .state();
    let funding = state.slip(bet(1)).unwrap().funding.clone().unwrap();
    assert_eq!(funding.stake, parts(0, 500));
    assert_eq!(state.promotions(ANN).free_bets[&TOKEN], token(&[1]));
    assert!(state.slip(bet(1)).unwrap().is_promotional());
}

#[test]
fn a_token_that_is_not_there_pays_nothing() {
    nothing()
        .when(place_with(1, BY_TOKEN, at(0)))
        .then_rejected(Rejection::FreeBetUnknown { free_bet: TOKEN });
}

#[test]
fn a_token_pays_once() {
    with_token()
        .after(place_with(1, BY_TOKEN, at(0)))
        .when(place_with(2, BY_TOKEN, at(0)))
        .then_rejected(Rejection::FreeBetUsed { free_bet: TOKEN });
    with_token()
        .after(place_with(1, BY_TOKEN, at(0)))
        .when(place_with(1, BY_TOKEN, at(0)))
        .then_nothing();
}

#[test]
fn a_token_pays_until_its_end() {
    with_token()
        .when(place_with(1, BY_TOKEN, at(END)))
        .then_rejected(Rejection::FreeBetExpired {
            expired_at: at(END),
        });
}

#[test]
fn a_token_pays_in_its_own_currency() {
    let gbp = grant_of(
        token_of(Money::from_minor(800, Currency::Gbp), false),
        terms(),
    );
    nothing()
        .after(gbp)
        .when(place_with(1, BY_TOKEN, at(0)))
        .then_rejected(Rejection::CurrencyMismatch {
            expected: Currency::Gbp,
        });
}

#[test]
fn no_leg_may_be_below_the_least_price() {
    let short = |now| Quote {
        price: Some(price("1.4")),
        ..quote(1, now)
    };
    let any = || SlipRequest {
        price_policy: PricePolicy::Any,
        ..slip(&[1])
    };
    let below = || Rejection::PriceBelowMinimum {
        selection: selection(1),
        minimum: price("1.5"),
    };
    for (story, source) in [(with_token(), BY_TOKEN), (with_bonus(), BONUS_ALONE)] {
        story
            .when(place_slip_with(
                1,
                any(),
                source,
                seeing(at(0), [short(at(0))]),
            ))
            .then_rejected(below());
    }
    // In play the price may fall before the slip is struck.
    let delayed = with_token()
        .after(place_slip_with(
            1,
            any(),
            BY_TOKEN,
            seeing(at(0), [in_play(1, at(0))]),
        ))
        .after(hold(1));
    let lower = Quote {
        price: Some(price("1.4")),
        ..in_play(1, at(20))
    };
    delayed.when(look(1, seeing(at(20), [lower]))).then([
        rejected(1, true, below()),
        told(PromotionEvent::FundingReleased {
            bet: bet(1),
            customer: ANN,
            stake: parts(200, 800),
            conversion: Conversion {
                converted: eur(0),
                to_house: eur(0),
            },
            promotion: Promotion::FreeBet(token(&[])),
        }),
    ]);
}

#[test]
fn bonus_money_alone_must_cover_the_stake() {
    let small = grant_of(money_of(eur(999)), terms());
    nothing()
        .after(small)
        .when(place_with(1, BONUS_ALONE, at(0)))
        .then_rejected(Rejection::BonusInsufficient {
            available: eur(999),
        });
    nothing()
        .when(place_with(1, BONUS_AND_CASH, at(0)))
        .then_rejected(Rejection::BonusInsufficient { available: eur(0) });
    with_bonus()
        .when(place_with(1, BONUS_ALONE, at(END)))
        .then_rejected(Rejection::BonusInsufficient { available: eur(0) });
}

#[test]
fn bonus_money_pays_before_cash() {
    let state = nothing()
        .after(grant_of(money_of(eur(300)), terms()))
        .after(place_with(1, BONUS_AND_CASH, at(0)))
        .state();
    let funding = state.slip(bet(1)).unwrap().funding.clone().unwrap();
    assert_eq!(funding.stake, parts(700, 300));
}

#[test]
fn of_several_grants_the_one_that_ends_first_pays() {
    let later = Granted::Bonus {
        id: BonusId::example(1, 0),
        amount: eur(9_000),
        wagering_times: 1,
        converted_max: None,
    };
    let much_later = Terms {
        expires_at: at(2 * END),
        ..terms()
    };
    let state = nothing()
        .after(grant_of(later, much_later))
        .after(give_bonus())
        .after(place_with(1, BONUS_ALONE, at(0)))
        .state();
    let funding = state.slip(bet(1)).unwrap().funding.clone().unwrap();
    assert_eq!(funding.source, FundingSource::Bonus { id: BONUS });
}

#[test]
fn a_rejected_slip_gives_bonus_money_back() {
    let refused = notice(Notice::Hold {
        bet: bet(1),
        outcome: HoldOutcome::Blocked,
    });
    with_bonus()
        .after(place_with(1, BONUS_ALONE, at(0)))
        .when(refused)
        .then([
            rejected(1, false, Rejection::AccountBlocked),
            told(PromotionEvent::FundingReleased {
                bet: bet(1),
                customer: ANN,
                stake: parts(0, 1_000),
                conversion: Conversion {
                    converted: eur(0),
                    to_house: eur(0),
                },
                promotion: Promotion::Bonus(bonus(2_000, 0, 0)),
            }),
        ]);
}

#[test]
fn a_token_returns_its_winnings_in_cash() {
    let story = struck_with(with_token(), 1, BY_TOKEN);
    assert_eq!(
        settles(story, Won),
        [
            settled(1, 1, 1_700, "17", SlipOutcome::Won),
            divided(
                1,
                parts(200, 800),
                [1_700, 0, 0],
                [0, 0],
                Promotion::FreeBet(token(&[1]))
            ),
        ]
    );
}

#[test]
fn a_token_whose_stake_is_returned_returns_all() {
    let story = nothing().after(grant_of(token_of(eur(800), true), terms()));
    let events = settles(struck_with(story, 1, BY_TOKEN), Won);
    assert_eq!(events[0], settled(1, 1, 2_500, "25", SlipOutcome::Won));
}

#[test]
fn a_void_slip_gives_the_token_back_and_the_cash() {
    let story = || struck_with(with_token(), 1, BY_TOKEN).after(result(1, 1, Void));
    assert_eq!(
        decided_by(&story().state(), &work()),
        [
            settled(1, 1, 200, "2", SlipOutcome::Void),
            divided(
                1,
                parts(200, 800),
                [200, 0, 0],
                [0, 800],
                Promotion::FreeBet(token(&[]))
            ),
        ]
    );
    // A void that is withdrawn takes it again.
    let withdrawn = story().after(work()).after(rollback(1, 1)).state();
    assert_eq!(
        decided_by(&withdrawn, &work()),
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
fn a_mixed_stake_returns_in_proportion() {
    // 2.5 times 10.00, of which 3.33 were bonus money: 16.67 cash, rounded down, and the rest.
    let third = nothing().after(grant_of(money_of(eur(333)), terms()));
    let events = settles(struck_with(third, 1, BONUS_AND_CASH), Won);
    let Event::Promotion(event) = &events[1] else {
        panic!("{events:?}")
    };
    let PromotionEvent::ReturnDivided {
        division,
        promotion,
        ..
    } = &**event
    else {
        panic!("{event:?}")
    };
    assert_eq!(
        (division.to_cash, division.to_bonus),
        (eur(1_667), eur(833))
    );
    let Promotion::Bonus(bonus) = promotion else {
        panic!("{promotion:?}")
    };
    // 6.66 were to be staked and 10.00 are: it is cash now.
    assert_eq!((bonus.available_minor(), bonus.converted_minor()), (0, 833));
}

#[test]
fn winnings_stay_bonus_money_until_the_wagering_is_done() {
    let story = struck_with(with_bonus(), 1, BONUS_ALONE);
    assert_eq!(
        settles(story, Won),
        [
            settled(1, 1, 2_500, "25", SlipOutcome::Won),
            divided(
                1,
                parts(0, 1_000),
                [0, 2_500, 1_000],
                [0, 0],
                Promotion::Bonus(bonus(3_500, 1_000, 0))
            ),
        ]
    );
}

#[test]
fn a_void_slip_does_not_count_as_wagered() {
    let events = settles(struck_with(with_bonus(), 1, BONUS_ALONE), Void);
    let back = Promotion::Bonus(bonus(2_000, 0, 0));
    assert_eq!(
        events[1],
        divided(1, parts(0, 1_000), [0, 1_000, 0], [0, 0], back)
    );
}

/// 40.00 on market 1 with all of a bonus of 20.00.
fn wagered_at_once() -> Story {
    let twice = SlipRequest {
        unit_stake: eur(2_000),
        ..slip(&[1])
    };
    let once = Granted::Bonus {
        id: BONUS,
        amount: eur(2_000),
        wagering_times: 1,
        converted_max: Some(eur(3_000)),
    };
    nothing()
        .after(grant_of(once, terms()))
        .after(place_slip_with(
            1,
            twice,
            BONUS_ALONE,
            seeing(at(0), [quote(1, at(0))]),
        ))
        .after(hold(1))
}

fn converted(events: &[Event]) -> (i64, i64) {
    let moves = events.iter().find_map(|event| {
        let Event::Promotion(event) = event else {
            return None;
        };
        if let PromotionEvent::ReturnDivided { conversion, .. }
        | PromotionEvent::DivisionReversed { conversion, .. } = &**event
        {
            Some((conversion.converted.minor(), conversion.to_house.minor()))
        } else {
            None
        }
    });
    moves.unwrap()
}

#[test]
fn with_the_wagering_done_it_is_cash_up_to_the_most() {
    // 50.00 come back; 30.00 become cash and 20.00 go to the house.
    assert_eq!(converted(&settles(wagered_at_once(), Won)), (3_000, 2_000));
    let rolled_back = || {
        wagered_at_once()
            .after(result(1, 1, Won))
            .after(work())
            .after(rollback(1, 1))
    };
    let back = decided_by(&rolled_back().state(), &work());
    assert_eq!(converted(&back), (-3_000, -2_000));
    let state = rolled_back().after(work()).state();
    let bonus = &state.promotions(ANN).bonuses[&BONUS].0;
    assert_eq!((bonus.worth_minor, bonus.wagered_minor), (0, 0));
    assert_eq!(bonus.open_slips, 1);
}

#[test]
fn a_return_that_was_staked_again_is_advanced_by_the_house_and_made_good() {
    // 10.00 win 25.00; all 35.00 are staked again; the win is withdrawn.
    let story = || {
        let again = SlipRequest {
            unit_stake: eur(3_500),
            ..slip(&[2])
        };
        struck_with(with_bonus(), 1, BONUS_ALONE)
            .after(result(1, 1, Won))
            .after(work())
            .after(place_slip_with(
                2,
                again,
                BONUS_ALONE,
                seeing(at(0), [quote(2, at(0))]),
            ))
            .after(hold(2))
            .after(rollback(1, 1))
    };
    let back = decided_by(&story().state(), &work());
    assert_eq!(converted(&back), (0, -2_500));
    let lost = || {
        story()
            .after(work())
            .after(result(1, 2, Lost))
            .after(work())
    };
    let state = lost().state();
    assert_eq!(state.promotions(ANN).bonuses[&BONUS].0.worth_minor, -2_500);
    // 87.50 come back: 25.00 of it to the house, and the wagering is done for the rest, which
    // is more than the most that becomes cash.
    let events = decided_by(&lost().after(result(2, 1, Won)).state(), &work());
    assert_eq!(converted(&events), (3_000, 5_750));
}

fn end() -> Command {
    Command::EndBonus {
        customer: ANN,
        bonus: BONUS,
        at: at(END),
    }
}

#[test]
fn what_is_left_at_the_end_goes_back_to_the_house() {
    let timer = with_bonus().state().next_timer().unwrap();
    assert_eq!(timer.0, at(END));
    assert_eq!(with_bonus().state().timer_bonus(timer), Some((ANN, BONUS)));
    with_bonus()
        .when(end())
        .then([told(PromotionEvent::BonusLapsed {
            customer: ANN,
            lapsed: eur(2_000),
            bonus: Bonus {
                lapses: 1,
                ..bonus(0, 0, 0)
            },
        })]);
    assert_eq!(with_bonus().after(end()).state().next_timer(), None);
    with_bonus().after(end()).when(end()).then_nothing();
}

#[test]
fn nothing_ends_before_its_time_or_while_a_slip_hangs_on_it() {
    with_bonus()
        .when(Command::EndBonus {
            customer: ANN,
            bonus: BONUS,
            at: at(END - 1),
        })
        .then_nothing();
    let open = || struck_with(with_bonus(), 1, BONUS_ALONE);
    assert_eq!(open().state().next_timer(), None);
    open().when(end()).then_nothing();
    // The timer is armed again when the slip is settled, and then due at once.
    let settled = open().after(result(1, 1, Won)).after(work());
    assert_eq!(settled.state().next_timer().unwrap().0, at(END));
}

#[test]
fn the_state_goes_into_parts_and_back() {
    let state = struck_with(with_bonus().after(give_token()), 1, BONUS_ALONE)
        .after(place_with(2, BY_TOKEN, at(0)))
        .after(grant_of(
            Granted::Bonus {
                id: BonusId::example(7, 0),
                amount: eur(5),
                wagering_times: 1,
                converted_max: None,
            },
            terms(),
        ))
        .state();
    assert!(state.next_timer().is_some());
    assert_eq!(State::from_parts(state.parts()), state);
}
