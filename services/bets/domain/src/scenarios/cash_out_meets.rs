//! Cash-out where it meets the rest of a slip's life: parts of stakes, referrals, legs that do not
//! count, the customer's limits on losses, and what stands on the board.

use super::cancel::{all_of, cancel, moment, restore};
use super::cash_out::*;
use super::refer::{in_part, judged, waiting};
use super::world::*;
use crate::settlement::LegResult::{Lost, Won};
use crate::*;
use kernel::{Currency, Timestamp};
use std::collections::BTreeMap;

/// What was quoted, and what each leg was worth.
fn quoted(events: &[Event]) -> (i64, Vec<String>) {
    let [Event::CashOutQuoted(quoted)] = events else {
        panic!("not quoted: {events:?}")
    };
    let worths = quoted.worth.legs.iter().map(|leg| leg.worth.clone());
    (quoted.amount.minor(), worths.collect())
}

fn closed(m: u64) -> Rejection {
    Rejection::MarketClosed { market: market(m) }
}

/// 10.00 on two markets at 2.50 each.
fn double() -> Story {
    struck_slip(nothing(), 1, &[1, 2])
}

#[test]
fn of_a_stake_taken_in_part_the_part_is_sold() {
    let offered = || {
        in_part()
            .after(look(1, judged(at(9_001))))
            .after(ask(1, [live(1, at(10))]))
    };
    let events = offered().when(take(1, 250_000)).events();
    assert_eq!(sales(&events), [[100_000, 190_000, 300_000, 750_000]]);
    // The first hold gave way to a second one, which the sale takes.
    assert!(matches!(&events[..], [Event::CashedOut(sold)] if sold.settlement == 2));
    let state = offered().after(take(1, 250_000)).state();
    let stands = state.market(market(1)).unwrap();
    assert_eq!(stands.open[&selection(1)].stakes, eur(300_000));
    assert_eq!(stands.budget.used_minor, 450_000);
    assert_eq!(State::from_parts(state.parts()), state);
    let settled = offered()
        .after(take(1, 250_000))
        .after(result(1, 1, Won))
        .when(work())
        .events();
    assert!(settled.iter().any(|event| matches!(
        event,
        Event::BetSettled { settlement: 3, stake, returned, .. }
            if (*stake, *returned) == (eur(300_000), eur(750_000))
    )));
}

#[test]
fn a_slip_that_waits_for_a_trader_is_not_bought_back() {
    for accepts_part in [false, true] {
        waiting(accepts_part)
            .when(ask(1, [live(1, at(10))]))
            .then_rejected(Rejection::BetNotOpen);
    }
    // Nor is one that was answered and is not struck.
    in_part()
        .when(ask(1, [live(1, at(10))]))
        .then_rejected(Rejection::BetNotOpen);
}

#[test]
fn a_leg_that_does_not_count_is_worth_one() {
    let story = double().after(cancel(1, moment())).after(work());
    let told = quoted(&story.when(ask(1, [live(2, at(10))])).events());
    // 10 * 1 * 2 * 0.95
    assert_eq!(told, (1_900, vec!["1".to_owned(), "2".to_owned()]));
}

#[test]
fn a_leg_that_does_not_count_is_worth_one_whatever_its_result_says() {
    for word in [Won, Lost] {
        let story = double()
            .after(cancel(1, moment()))
            .after(work())
            .after(result(1, 1, word))
            .after(work());
        let told = quoted(&story.when(ask(1, [live(2, at(10))])).events());
        assert_eq!(told.0, 1_900);
    }
}

#[test]
fn a_ruling_on_an_obvious_error_takes_the_leg_s_value_away() {
    let ruling = notice(Notice::Cancellation {
        market: market(1),
        by: CancelledBy::Ruling(1),
        cancellation: Cancellation {
            prices_from: BTreeMap::from([(selection(1), price("2.5"))]),
            ..all_of(moment())
        },
    });
    let story = || double().after(ask(1, [live(1, at(10)), live(2, at(10))]));
    // Quoted for 10 * 2 * 2 * 0.95.
    story()
        .after(ruling.clone())
        .after(work())
        .when(take_at(1, WHOLE, 20, [live(2, at(20))]))
        .then_rejected(Rejection::CashOutValueFell {
            offered: eur(1_900),
        });
    let told = story().after(ruling).after(work());
    assert_eq!(
        quoted(&told.when(ask(2, [live(2, at(20))])).events()).0,
        1_900
    );
}

#[test]
fn until_the_word_has_come_to_the_leg_nobody_knows_what_it_is_worth() {
    let both = || [live(1, at(10)), live(2, at(10))];
    let cancelled = || double().after(cancel(1, moment()));
    cancelled().when(ask(1, both())).then_rejected(closed(1));
    cancelled()
        .after(work())
        .after(restore(1, moment()))
        .when(ask(1, both()))
        .then_rejected(closed(1));
}

#[test]
fn a_leg_that_counts_again_is_worth_its_price_again() {
    let story = || {
        double()
            .after(cancel(1, moment()))
            .after(work())
            .after(ask(1, [live(2, at(10))]))
            .after(restore(1, moment()))
            .after(work())
    };
    let both = || [live(1, at(20)), live(2, at(20))];
    // What was quoted for a slip with one void leg is not what it is now.
    story()
        .when(take_at(1, WHOLE, 20, both()))
        .then_rejected(closed(1));
    assert_eq!(quoted(&story().when(ask(2, both())).events()).0, 3_800);
}

#[test]
fn a_cancellation_after_the_sale_reopens_nothing() {
    offered()
        .after(take(1, WHOLE))
        .when(cancel(1, moment()))
        .then_nothing();
    // Another slip keeps the market busy; the one that was sold is left alone.
    let story = || struck_slip(offered().after(take(1, WHOLE)), 2, &[1]);
    let events = story().after(cancel(1, moment())).when(work()).events();
    assert!(!events.iter().any(|event| matches!(
        event,
        Event::LegVoided { bet: of, .. } | Event::BetSettled { bet: of, .. } if *of == bet(1)
    )));
    let state = story().after(cancel(1, moment())).after(work()).state();
    assert!(state.slip(bet(1)).unwrap().is_cashed_out());
}

#[test]
fn of_a_part_sold_only_the_rest_is_void_and_comes_back() {
    let story = || offered().after(take(1, 250_000)).after(cancel(1, moment()));
    let events = story().when(work()).events();
    assert!(events.iter().any(|event| matches!(
        event,
        Event::BetSettled { settlement: 2, stake, returned, outcome: SlipOutcome::Void, .. }
            if (*stake, *returned) == (eur(750), eur(750))
    )));
    let restored = story()
        .after(work())
        .after(restore(1, moment()))
        .when(work())
        .events();
    assert!(restored.contains(&Event::SettlementReversed {
        bet: bet(1),
        customer: ANN,
        settlement: 2,
        stake: eur(750),
        returned: eur(750),
    }));
}

#[test]
fn a_cancellation_during_the_delay_wins() {
    let end = || look(1, seeing(at(END), [playing(1, at(END))]));
    let cancelled = || delayed().after(cancel(1, moment()));
    assert_eq!(*refusal(&cancelled().when(end()).events()), closed(1));
    assert_eq!(
        *refusal(&cancelled().after(work()).when(end()).events()),
        Rejection::BetNotOpen
    );
}

#[test]
fn what_a_sale_loses_counts_against_a_limit_on_losses() {
    let limit = |minor| {
        notice(Notice::OwnLimit {
            customer: ANN,
            limit: OwnLimit::LossDay,
            amount: Some(eur(minor)),
        })
    };
    // Worth half of the stake: 4.75 of 10.00 come back, 5.25 are lost.
    let sold = || {
        struck_slip(nothing(), 1, &[1])
            .after(ask(1, [at_price(1, "5", at(10))]))
            .after(take_at(1, WHOLE, 20, [at_price(1, "5", at(20))]))
    };
    let another = || place(2, &[2]);
    let taken = sold().after(limit(1_525)).when(another()).events();
    assert!(matches!(&taken[..], [Event::BetPlaced(_)]));
    sold()
        .after(limit(1_524))
        .when(another())
        .then_rejected(Rejection::StakeAboveOwnLimit {
            limit: OwnLimit::LossDay,
            maximum: eur(999),
            left: eur(999),
            resets_at: Some(Timestamp::from_millis(12 * 86_400_000)),
        });
    // Of a part only the part: 2.50 for 1.18, and 7.50 that are still open.
    let part = struck_slip(nothing(), 1, &[1])
        .after(ask(1, [at_price(1, "5", at(10))]))
        .after(take_at(1, 250_000, 20, [at_price(1, "5", at(20))]))
        .state();
    let tally = &part.customer(ANN).tally;
    assert_eq!(tally.since(0, Currency::Eur).lost_minor, 132);
    assert_eq!(tally.open(Currency::Eur), 750);
}

#[test]
fn what_is_sold_stands_on_the_board_no_more() {
    let two = || struck_slip(double(), 2, &[1]);
    let both = |now| [live(1, at(now)), live(2, at(now))];
    let story = || two().after(ask(1, both(10)));
    let stands = |state: &State, m: u64| state.market(market(m)).unwrap().open[&selection(m)];
    let before = story().state();
    assert_eq!(stands(&before, 1).stakes, eur(2_000));
    let events = story().when(take_at(1, 500_000, 20, both(20))).events();
    let [Event::CashedOut(sold)] = &events[..] else {
        panic!("not sold: {events:?}")
    };
    let told: Vec<_> = sold.liabilities.iter().map(|told| told.open).collect();
    let after = story().after(take_at(1, 500_000, 20, both(20))).state();
    assert_eq!(told, [stands(&after, 1), stands(&after, 2)]);
    assert_eq!(
        (stands(&after, 1).stakes, stands(&after, 1).returns),
        (eur(1_500), eur(3_125 + 2_500))
    );
    let over = story().after(take_at(1, WHOLE, 20, both(20))).state();
    assert_eq!(stands(&over, 1).slips, 1);
    assert!(over.market(market(2)).unwrap().open.is_empty());
    assert_eq!(over.market(market(2)).unwrap().budget.used_minor, 0);
}
