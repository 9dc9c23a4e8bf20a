//! A slip is sold back before its end: quotes, sales, refusals, delays, and what comes after.

use super::world::*;
use crate::settlement::{BetType, LegResult, LineSide};
use crate::*;
use kernel::{BetId, CashOutQuoteId, CustomerId, Duration, Timestamp};

pub(super) const WHOLE: u32 = WHOLE_MILLIONTHS;

pub(super) const fn quoted_as(n: u64) -> CashOutQuoteId {
    CashOutQuoteId::example(n, 0)
}

/// Market n, in a fair book, at this price; by default half of what the slips were struck at.
pub(super) fn at_price(n: u64, live: &str, now: Timestamp) -> Quote {
    Quote {
        price: Some(price(live)),
        version: 8,
        book: Some(BookSum {
            sum_billionths: 1_000_000_000,
            reformed_at: 0,
        }),
        ..quote(n, now)
    }
}

pub(super) fn live(n: u64, now: Timestamp) -> Quote {
    at_price(n, "1.25", now)
}

pub(super) fn playing(n: u64, now: Timestamp) -> Quote {
    Quote {
        in_play: true,
        bet_delay: Duration::from_secs(5),
        ..live(n, now)
    }
}

fn ask_of(customer: CustomerId, bet: BetId, quote: u64, now: Surroundings) -> Command {
    Command::QuoteCashOut(Box::new(QuoteCashOut {
        bet,
        customer,
        quote: quoted_as(quote),
        now,
    }))
}

pub(super) fn ask(quote: u64, quotes: impl IntoIterator<Item = Quote>) -> Command {
    ask_of(ANN, bet(1), quote, seeing(at(10), quotes))
}

pub(super) fn take_at(
    quote: u64,
    millionths: u32,
    now: i64,
    quotes: impl IntoIterator<Item = Quote>,
) -> Command {
    Command::CashOut(Box::new(CashOut {
        bet: bet(1),
        customer: ANN,
        quote: quoted_as(quote),
        fraction_millionths: millionths,
        now: seeing(at(now), quotes),
    }))
}

pub(super) fn take(quote: u64, millionths: u32) -> Command {
    take_at(quote, millionths, 20, [live(1, at(20))])
}

/// 10.00 at 2.50 on market 1, now at 1.25: worth 20.00, quoted 19.00.
pub(super) fn offered() -> Story {
    struck_slip(nothing(), 1, &[1]).after(ask(1, [live(1, at(10))]))
}

fn worth(fair: &str, exact: &str, legs: Vec<CashOutLegWorth>) -> CashOutWorth {
    CashOutWorth {
        rules_version: 1,
        margin_permille: 50,
        fair: fair.to_owned(),
        exact: exact.to_owned(),
        legs,
    }
}

fn open_leg(n: u64) -> CashOutLegWorth {
    CashOutLegWorth {
        selection: selection(n),
        worth: "2".to_owned(),
        live: Some(LivePrice {
            price: price("1.25"),
            booksum_billionths: 1_000_000_000,
            market_version: 8,
            book_position: quote(n, at(0)).position,
        }),
    }
}

/// Stake sold, amount paid, stake left and what that may return, of each sale among the events.
pub(super) fn sales(events: &[Event]) -> Vec<[i64; 4]> {
    let sold = events.iter().filter_map(|event| match event {
        Event::CashedOut(sold) => Some([
            sold.stake.minor(),
            sold.amount.minor(),
            sold.stake_left.minor(),
            sold.potential_return_left.minor(),
        ]),
        _ => None,
    });
    sold.collect()
}

pub(super) fn refusal(events: &[Event]) -> &Rejection {
    match events {
        [Event::CashOutRefused { rejection, .. }] => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_quote_tells_what_it_is_made_of() {
    struck_slip(nothing(), 1, &[1])
        .when(ask(1, [live(1, at(10))]))
        .then([Event::CashOutQuoted(Box::new(CashOutQuoted {
            bet: bet(1),
            customer: ANN,
            quote: quoted_as(1),
            stake: eur(1_000),
            amount: eur(1_900),
            worth: worth("20", "19", vec![open_leg(1)]),
            quoted_at: at(10),
            expires_at: at(10_010),
        }))]);
}

#[test]
fn a_quote_asked_again_is_a_repeat() {
    offered().when(ask(1, [live(1, at(10))])).then_nothing();
}

#[test]
fn the_whole_slip_is_sold() {
    offered()
        .when(take(1, WHOLE))
        .then([Event::CashedOut(Box::new(CashedOut {
            bet: bet(1),
            customer: ANN,
            quote: quoted_as(1),
            fraction_millionths: WHOLE,
            settlement: 1,
            stake: eur(1_000),
            amount: eur(1_900),
            worth: worth("20", "19", vec![open_leg(1)]),
            stake_left: eur(0),
            potential_return_left: eur(0),
            stake_sold_total: eur(1_000),
            amount_total: eur(1_900),
            cashed_out_at: at(20),
            liabilities: vec![Liability {
                market: market(1),
                selection: selection(1),
                open: OpenStakes {
                    stakes: eur(0),
                    returns: eur(0),
                    slips: 0,
                },
            }],
        }))]);
}

#[test]
fn a_quarter_is_sold_and_the_rest_goes_on_at_its_odds() {
    let story = offered().after(take(1, 250_000));
    let state = story.state();
    let slip = state.slip(bet(1)).unwrap();
    assert_eq!((slip.stake, slip.potential_return), (eur(750), eur(1_875)));
    assert_eq!(state.market(market(1)).unwrap().budget.used_minor, 1_125);
    let events = offered().when(take(1, 250_000)).events();
    assert_eq!(sales(&events), [[250, 475, 750, 1_875]]);
    let paid = offered()
        .after(take(1, 250_000))
        .after(result(1, 1, LegResult::Won))
        .when(work())
        .events();
    assert!(paid.iter().any(
        |event| matches!(event, Event::BetSettled { settlement: 2, stake, returned, .. }
        if (*stake, *returned) == (eur(750), eur(1_875)))
    ));
}

#[test]
fn parts_are_rounded_and_the_last_takes_what_is_left() {
    let second = ask(2, [live(1, at(10))]);
    let story = || offered().after(take(1, 333_333)).after(second.clone());
    assert_eq!(
        sales(&offered().when(take(1, 333_333)).events()),
        [[333, 632, 667, 1_668]]
    );
    assert_eq!(
        sales(&story().when(take(2, WHOLE)).events()),
        [[667, 1_267, 0, 0]]
    );
    let totals = story().when(take(2, WHOLE)).events();
    assert!(matches!(&totals[..], [Event::CashedOut(sold)]
        if (sold.stake_sold_total, sold.amount_total) == (eur(1_000), eur(1_899))));
}

#[test]
fn who_is_quoted_less_than_the_slip_is_worth_by_now_is_paid_more() {
    let shorter = take_at(1, WHOLE, 20, [at_price(1, "1.2", at(20))]);
    assert_eq!(
        sales(&offered().when(shorter).events()),
        [[1_000, 1_979, 0, 0]]
    );
}

#[test]
fn a_slip_that_is_worth_less_by_now_is_not_bought_at_the_old_quote() {
    offered()
        .when(take_at(1, WHOLE, 20, [at_price(1, "1.3", at(20))]))
        .then_rejected(Rejection::CashOutValueFell {
            offered: eur(1_826),
        });
}

#[test]
fn the_margin_of_the_book_is_no_part_of_a_price() {
    let book = Quote {
        book: Some(BookSum {
            sum_billionths: 1_250_000_000,
            reformed_at: 0,
        }),
        ..live(1, at(10))
    };
    let events = struck_slip(nothing(), 1, &[1])
        .when(ask(1, [book]))
        .events();
    // 10 * 2.5 / (1.25 * 1.25) * 0.95
    assert!(matches!(&events[..], [Event::CashOutQuoted(quoted)] if quoted.amount == eur(1_520)));
}

#[test]
fn a_leg_that_has_won_counts_in_full() {
    let events = struck_slip(nothing(), 1, &[1, 2])
        .after(result(1, 1, LegResult::Won))
        .after(work())
        .when(ask(1, [live(2, at(10))]))
        .events();
    // 10 * 2.5 * 2 * 0.95
    assert!(matches!(&events[..], [Event::CashOutQuoted(quoted)]
        if quoted.amount == eur(4_750) && quoted.worth.legs[0].live.is_none()));
}

#[test]
fn a_leg_whose_result_is_not_worked_in_yet_or_was_withdrawn_has_no_value() {
    let closed = Rejection::MarketClosed { market: market(1) };
    let asked = || ask(1, [live(1, at(10)), live(2, at(10))]);
    let resulted = || struck_slip(nothing(), 1, &[1, 2]).after(result(1, 1, LegResult::Won));
    resulted().when(asked()).then_rejected(closed.clone());
    resulted()
        .after(work())
        .after(rollback(1, 1))
        .when(asked())
        .then_rejected(closed);
}

#[test]
fn nobody_sells_what_is_not_his() {
    let unknown = Rejection::BetUnknown;
    let now = || seeing(at(10), [live(1, at(10))]);
    let other = CustomerId::example(2, 0);
    let story = || struck_slip(nothing(), 1, &[1]);
    story()
        .when(ask_of(other, bet(1), 1, now()))
        .then_rejected(unknown.clone());
    story()
        .when(ask_of(ANN, bet(9), 1, now()))
        .then_rejected(unknown.clone());
    let stolen = Command::CashOut(Box::new(CashOut {
        bet: bet(1),
        customer: other,
        quote: quoted_as(1),
        fraction_millionths: WHOLE,
        now: now(),
    }));
    offered().when(stolen).then_rejected(unknown);
}

#[test]
fn only_an_open_slip_is_bought_back() {
    let asked = || ask(2, [live(1, at(10))]);
    nothing()
        .after(place(1, &[1]))
        .when(asked())
        .then_rejected(Rejection::BetNotOpen);
    let settled = || offered().after(result(1, 1, LegResult::Won)).after(work());
    settled().when(asked()).then_rejected(Rejection::BetNotOpen);
    settled()
        .when(take(1, WHOLE))
        .then_rejected(Rejection::BetNotOpen);
    offered()
        .after(take(1, WHOLE))
        .when(asked())
        .then_rejected(Rejection::BetNotOpen);
}

#[test]
fn what_one_price_does_not_value_is_not_offered() {
    let not_offered = |quote: Quote| {
        struck_slip(nothing(), 1, &[1])
            .when(ask(1, [quote]))
            .then_rejected(Rejection::CashOutNotOffered);
    };
    not_offered(Quote {
        asks: Asks::Handicap {
            side: LineSide::Home,
            quarters: 1,
            score: None,
        },
        ..live(1, at(10))
    });
    not_offered(Quote {
        book: None,
        ..live(1, at(10))
    });
    // A runner was withdrawn after the slip was struck.
    not_offered(Quote {
        book: Some(BookSum {
            sum_billionths: 1_000_000_000,
            reformed_at: 8,
        }),
        ..live(1, at(10))
    });
}

#[test]
fn systems_are_not_bought_back() {
    let markets = [1, 2, 3];
    let trixie = SlipRequest {
        bet_type: BetType::Trixie,
        ..slip(&markets)
    };
    nothing()
        .after(place_seeing(
            1,
            trixie,
            seeing(at(0), markets.map(|n| quote(n, at(0)))),
        ))
        .after(hold(1))
        .when(ask(1, markets.map(|n| live(n, at(10)))))
        .then_rejected(Rejection::CashOutNotOffered);
}

#[test]
fn only_the_newest_quote_can_be_taken_and_only_once() {
    let unknown = Rejection::CashOutQuoteUnknown;
    struck_slip(nothing(), 1, &[1])
        .when(take(1, WHOLE))
        .then_rejected(unknown.clone());
    offered()
        .after(ask(2, [live(1, at(10))]))
        .when(take(1, WHOLE))
        .then_rejected(unknown.clone());
    offered()
        .after(take(1, 250_000))
        .when(take(1, 500_000))
        .then_rejected(unknown);
}

#[test]
fn a_sale_asked_for_again_is_a_repeat() {
    offered()
        .after(take(1, 250_000))
        .when(take(1, 250_000))
        .then_nothing();
    offered()
        .after(take(1, WHOLE))
        .when(take(1, WHOLE))
        .then_nothing();
}

#[test]
fn a_quote_expires() {
    let expires = 10_010;
    let in_time = take_at(1, WHOLE, expires, [live(1, at(expires))]);
    assert_eq!(sales(&offered().when(in_time).events()).len(), 1);
    offered()
        .when(take_at(1, WHOLE, expires + 1, [live(1, at(expires + 1))]))
        .then_rejected(Rejection::CashOutQuoteExpired {
            expired_at: at(expires),
        });
}

#[test]
fn a_market_that_is_not_open_ends_the_sale() {
    let suspended = Rejection::MarketSuspended { market: market(1) };
    let closed = Rejection::MarketClosed { market: market(1) };
    let with = |change: Quote| take_at(1, WHOLE, 20, [change]);
    let now = || live(1, at(20));
    offered()
        .when(with(Quote {
            status: MarketStatus::Suspended,
            ..now()
        }))
        .then_rejected(suspended.clone());
    // Open again, but something happened since the quote.
    offered()
        .when(with(Quote {
            version: 10,
            open_since: 10,
            ..now()
        }))
        .then_rejected(suspended);
    offered()
        .when(with(Quote {
            status: MarketStatus::Closed,
            ..now()
        }))
        .then_rejected(closed.clone());
    // The picture still shows it open; the result is known here.
    offered()
        .after(result(1, 1, LegResult::Won))
        .when(with(now()))
        .then_rejected(closed);
}

#[test]
fn a_price_must_be_there_and_fresh() {
    offered()
        .when(take_at(1, WHOLE, 20, []))
        .then_rejected(Rejection::SelectionUnavailable {
            selection: selection(1),
        });
    let old = Quote {
        seen_at: Some(at(20)),
        ..live(1, at(20))
    };
    offered()
        .when(take_at(1, WHOLE, 5_000, [old]))
        .then_rejected(Rejection::PricesStale {
            newest_at: Some(at(20)),
        });
}

#[test]
fn less_than_a_minor_unit_is_neither_sold_nor_paid() {
    offered()
        .when(take(1, 400))
        .then_rejected(Rejection::CashOutTooSmall);
    offered()
        .when(take(1, 0))
        .then_rejected(Rejection::CashOutTooSmall);
    struck_slip(nothing(), 1, &[1])
        .when(ask(1, [at_price(1, "900000", at(10))]))
        .then_rejected(Rejection::CashOutTooSmall);
}

#[test]
fn who_is_excluded_may_still_sell() {
    let excluded = notice(Notice::Exclusion {
        customer: ANN,
        until: at(1_000_000),
    });
    assert_eq!(
        sales(&offered().after(excluded).when(take(1, WHOLE)).events()).len(),
        1
    );
}

/// Quoted and taken in play: the delay of five seconds runs.
pub(super) fn delayed() -> Story {
    struck_slip(nothing(), 1, &[1])
        .after(ask(1, [playing(1, at(10))]))
        .after(take_at(1, 500_000, 20, [playing(1, at(20))]))
}

pub(super) const END: i64 = 5_020;

#[test]
fn in_play_a_sale_waits() {
    struck_slip(nothing(), 1, &[1])
        .after(ask(1, [playing(1, at(10))]))
        .when(take_at(1, 500_000, 20, [playing(1, at(20))]))
        .then([Event::CashOutDelayed {
            bet: bet(1),
            customer: ANN,
            taken: CashOutTaken {
                quote: quoted_as(1),
                fraction_millionths: 500_000,
            },
            until: at(END),
        }]);
    assert_eq!(
        delayed().state().next_timer().map(|(due, _)| due),
        Some(at(END))
    );
}

#[test]
fn while_a_sale_waits_the_slip_is_neither_quoted_nor_sold() {
    let pending = Rejection::CashOutPending { until: at(END) };
    delayed()
        .when(ask(2, [playing(1, at(30))]))
        .then_rejected(pending.clone());
    delayed().when(take(1, WHOLE)).then_rejected(pending);
    delayed()
        .when(take_at(1, 500_000, 30, [playing(1, at(30))]))
        .then_nothing();
}

#[test]
fn at_the_end_of_the_delay_all_is_judged_anew() {
    let end = |quote: Quote| delayed().when(look(1, seeing(at(END), [quote]))).events();
    assert_eq!(sales(&end(playing(1, at(END)))), [[500, 950, 500, 1_250]]);
    let suspended = Quote {
        status: MarketStatus::Suspended,
        ..playing(1, at(END))
    };
    assert_eq!(
        *refusal(&end(suspended)),
        Rejection::MarketSuspended { market: market(1) }
    );
    let dearer = Quote {
        price: Some(price("1.3")),
        ..playing(1, at(END))
    };
    assert_eq!(
        *refusal(&end(dearer)),
        Rejection::CashOutValueFell {
            offered: eur(1_826)
        }
    );
}

#[test]
fn before_the_end_of_the_delay_nothing_happens() {
    delayed()
        .when(look(1, seeing(at(END - 1), [playing(1, at(END - 1))])))
        .then_nothing();
}

#[test]
fn after_a_refusal_the_slip_can_be_quoted_again() {
    let goal = Quote {
        status: MarketStatus::Suspended,
        ..playing(1, at(END))
    };
    let refused = || delayed().after(look(1, seeing(at(END), [goal.clone()])));
    assert_eq!(refused().state().next_timer(), None);
    let events = refused().when(ask(2, [playing(1, at(END))])).events();
    assert!(matches!(&events[..], [Event::CashOutQuoted(_)]));
}

#[test]
fn a_settlement_during_the_delay_wins() {
    let story = || delayed().after(result(1, 1, LegResult::Won));
    let end = || look(1, seeing(at(END), [playing(1, at(END))]));
    assert_eq!(
        *refusal(&story().when(end()).events()),
        Rejection::MarketClosed { market: market(1) }
    );
    assert_eq!(
        *refusal(&story().after(work()).when(end()).events()),
        Rejection::BetNotOpen
    );
}

#[test]
fn a_sale_is_final_whatever_becomes_of_results() {
    let sold = || {
        struck_slip(nothing(), 1, &[1, 2])
            .after(result(1, 1, LegResult::Won))
            .after(work())
            .after(ask(1, [live(2, at(10))]))
            .after(take_at(1, WHOLE, 20, [live(2, at(20))]))
    };
    let touched = |events: Vec<Event>| {
        let of_slip = |event: &&Event| {
            matches!(
                event,
                Event::LegDecided { .. }
                    | Event::BetSettled { .. }
                    | Event::SettlementReversed { .. }
            )
        };
        events.iter().filter(of_slip).count()
    };
    sold().when(rollback(1, 1)).then([Event::RollbackStarted {
        market: market(1),
        result: 1,
        touched_slips: 0,
    }]);
    assert_eq!(
        touched(sold().after(rollback(1, 1)).when(work()).events()),
        0
    );
    sold().when(result(2, 1, LegResult::Lost)).then_nothing();
}

#[test]
fn of_a_part_sold_only_the_rest_is_settled_and_taken_back() {
    let events = offered()
        .after(take(1, 250_000))
        .after(result(1, 1, LegResult::Won))
        .after(work())
        .after(rollback(1, 1))
        .when(work())
        .events();
    assert!(events.contains(&Event::SettlementReversed {
        bet: bet(1),
        customer: ANN,
        settlement: 2,
        stake: eur(750),
        returned: eur(1_875),
    }));
}

#[test]
fn a_state_with_sales_is_the_same_after_it_was_taken_apart() {
    let states = [
        offered().state(),
        offered().after(take(1, 250_000)).state(),
        offered().after(take(1, WHOLE)).state(),
        delayed().state(),
    ];
    for state in states {
        assert_eq!(State::from_parts(state.parts()), state);
    }
}
