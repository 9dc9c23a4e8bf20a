//! Exposure budgets: never more out than the market's maximum.

use super::*;
use crate::command::BudgetNote;
use proptest::prelude::*;

/// Four bets partitions of 100 each; the market's maximum is 1,000.
const PARTITIONS: u16 = 4;

fn note(bets_partition: u16, notes: impl IntoIterator<Item = BudgetNote>) -> Command {
    Command::NoteBudgets {
        bets_partition,
        bets_partitions: PARTITIONS,
        notes: notes.into_iter().collect(),
        standing: Vec::new(),
    }
}

fn wants(minor: i64) -> BudgetNote {
    BudgetNote::Requested {
        market: MARKET,
        total: eur(minor),
    }
}

fn returns(minor: i64) -> BudgetNote {
    BudgetNote::Returned {
        market: MARKET,
        total: eur(minor),
    }
}

fn granted(bets_partition: u16, minor: i64) -> Event {
    Event::BudgetGranted {
        market: MARKET,
        bets_partition,
        total: eur(minor),
    }
}

fn noticed(bets_partition: u16, minor: i64) -> Event {
    Event::BudgetReturnNoticed {
        market: MARKET,
        bets_partition,
        total: eur(minor),
    }
}

const RECALLED: Event = Event::BudgetRecalled { market: MARKET };

#[test]
fn who_asks_for_more_gets_what_is_free() {
    after_open([])
        .when(note(1, [wants(350)]))
        .then([granted(1, 350)]);
}

#[test]
fn who_has_as_much_already_gets_nothing() {
    after_open([granted(1, 350)])
        .when(note(1, [wants(350)]))
        .then_nothing();
    after_open([]).when(note(1, [wants(100)])).then_nothing();
}

#[test]
fn who_asks_for_more_than_is_free_gets_that_and_the_rest_is_recalled() {
    // 400 are out, so 600 are free.
    after_open([])
        .when(note(1, [wants(900)]))
        .then([granted(1, 700), granted(1, 700), RECALLED]);
    after_open([granted(1, 700)])
        .when(note(2, [wants(150)]))
        .then([granted(2, 100), RECALLED]);
}

#[test]
fn what_is_returned_goes_to_who_is_short() {
    after_open([granted(1, 700), granted(2, 100)])
        .when(note(1, [returns(300)]))
        .then([noticed(1, 300), granted(2, 400), granted(2, 400)]);
}

#[test]
fn who_is_short_shares_what_is_returned() {
    after_open([granted(1, 700), granted(2, 100), granted(3, 100)])
        .when(note(1, [returns(101)]))
        .then([
            noticed(1, 101),
            granted(2, 150),
            granted(2, 150),
            granted(3, 151),
            granted(3, 151),
        ]);
}

#[test]
fn who_got_all_that_it_asked_for_is_short_no_more() {
    after_open([granted(1, 700), granted(2, 100), granted(2, 150)])
        .when(note(1, [returns(300)]))
        .then([noticed(1, 300)]);
}

#[test]
fn what_is_returned_while_nobody_is_short_is_free() {
    let given_back = || after_open([granted(1, 700), noticed(1, 300)]);
    after_open([granted(1, 700)])
        .when(note(1, [returns(300)]))
        .then([noticed(1, 300)]);
    given_back()
        .when(note(2, [wants(400)]))
        .then([granted(2, 400)]);
    given_back().when(note(1, [returns(300)])).then_nothing();
}

#[test]
fn one_decision_of_bets_is_judged_note_by_note() {
    after_open([granted(1, 700)])
        .when(note(1, [returns(500), wants(900)]))
        .then([noticed(1, 500), granted(1, 900)]);
}

#[test]
fn markets_that_are_not_here_are_passed_over() {
    let elsewhere = BudgetNote::Requested {
        market: MarketId::example(77, 3),
        total: eur(900),
    };
    after_open([]).when(note(1, [elsewhere])).then_nothing();
}

#[test]
fn nobody_returns_more_than_was_granted() {
    after_open([])
        .when(note(1, [returns(5_000)]))
        .then([noticed(1, 100)]);
}

#[test]
fn settlement_frees_nothing() {
    after_open([granted(1, 700), resulted(3, 1, HOME_WON, None)])
        .when(note(2, [wants(200)]))
        .then([granted(2, 100), RECALLED]);
}

proptest! {
    #[test]
    fn what_is_out_never_exceeds_the_maximum(
        wishes in prop::collection::vec((0_u16..PARTITIONS, any::<bool>(), 0_i64..2_000), 1..60),
    ) {
        let mut state = after_open([]).state();
        for (partition, asks, minor) in wishes {
            let wish = if asks { wants(minor) } else { returns(minor) };
            for event in Odds::decide(&state, &note(partition, [wish])).unwrap() {
                Odds::evolve(&mut state, &event);
            }
            let budgets = &state.markets[&MARKET].budgets;
            let out: i64 = (0..PARTITIONS)
                .filter_map(|partition| match budgets.partitions.get(&partition) {
                    Some(budget) => budget.granted_minor.checked_sub(budget.returned_minor),
                    None => Some(100),
                })
                .sum();
            prop_assert!(out <= 1_000);
            prop_assert!(out >= 0);
        }
    }
}
