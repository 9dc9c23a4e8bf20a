//! A slip is sold back, from the command on the wire to the rows.

use super::*;
use crate::foresight::{StruckSlip, returned_if};
use kernel::CashOutQuoteId;
use schemas::rows::{BetStatus, BetStatusRow, CashOutRow, CashOutStatusRow, table};
use schemas::{Wire, bets};
use std::collections::BTreeSet;

const fn quote(n: u64) -> CashOutQuoteId {
    CashOutQuoteId::example(n, PARTITION)
}

fn ask(n: u64) -> bets::Command {
    bets::Command::QuoteCashOut(bets::QuoteCashOut {
        bet: bet(1),
        customer: CUSTOMER,
        quote: quote(n),
        selections: vec![HOME],
    })
}

fn take(n: u64, fraction_millionths: u32) -> bets::Command {
    bets::Command::CashOut(bets::CashOut {
        bet: bet(1),
        customer: CUSTOMER,
        quote: quote(n),
        fraction_millionths,
        selections: vec![HOME],
    })
}

fn struck() -> Partition {
    let mut partition = Partition::new();
    partition.request(place(1), at(1));
    partition.react(&ledger_decision(vec![held(1, 0)]), at(2));
    partition
}

fn sale(events: &[bets::Event]) -> &bets::CashedOut {
    match events {
        [bets::Event::CashedOut(sold)] => sold,
        other => panic!("not sold: {other:?}"),
    }
}

#[test]
fn the_whole_book_stands_behind_a_quote() {
    let mut partition = struck();
    let events = partition.request(ask(1), at(3));
    let [bets::Event::CashOutQuoted(quoted)] = &events[..] else {
        panic!("not quoted: {events:?}")
    };
    // 1/2.5 + 1/1.6 = 1.025; 10.00 / 1.025 * 0.95.
    assert_eq!(quoted.amount, eur(926));
    let live = quoted.worth.legs[0].live.as_ref().unwrap();
    assert_eq!(live.booksum_billionths, 1_025_000_000);
    assert_eq!(quoted.worth.fair, "400/41");
}

#[test]
fn a_part_and_then_the_rest() {
    let mut partition = struck();
    partition.request(ask(1), at(3));
    let events = partition.request(take(1, 250_000), at(4));
    let part = sale(&events).clone();
    assert_eq!(
        (part.stake, part.amount, part.stake_left),
        (eur(250), eur(231), eur(750))
    );
    let rows = crate::rows(&bets_decision(events));
    let row = |name: &str| rows.iter().find(|row| row.table == name).unwrap();
    let shown = CashOutRow::from_bytes(&row(table::CASH_OUT).value).unwrap();
    assert_eq!(
        (shown.stake_sold, shown.amount, shown.stake_left),
        (eur(250), eur(231), eur(750))
    );
    let status = CashOutStatusRow::from_bytes(&row(table::CASH_OUT_STATUS).value).unwrap();
    assert_eq!((status.pending_until, status.rejection), (None, None));
    assert!(rows.iter().all(|row| row.table != table::BET_STATUS));

    partition.request(ask(2), at(5));
    let events = partition.request(take(2, 1_000_000), at(6));
    assert_eq!(sale(&events).settlement, 2);
    let rows = crate::rows(&bets_decision(events));
    let status = rows
        .iter()
        .find(|row| row.table == table::BET_STATUS)
        .unwrap();
    let status = BetStatusRow::from_bytes(&status.value).unwrap();
    assert_eq!(
        (status.status, status.returned),
        (BetStatus::CashedOut, Some(eur(926)))
    );
    // The result finds nothing to settle any more.
    let resulted = odds_decision(9, at(7), vec![resulted(1, odds::OutcomeKind::Won)]);
    assert_eq!(partition.react(&resulted, at(7)), vec![]);
}

#[test]
fn a_preview_pays_for_what_is_left() {
    let mut partition = struck();
    let [bets::Event::BetPlaced(placed), ..] = &partition.recorded[..] else {
        panic!("not placed: {:?}", partition.recorded)
    };
    let placed = placed.clone();
    let odds::Event::MarketResulted(told) = resulted(1, odds::OutcomeKind::Won) else {
        panic!("no result")
    };
    let paid = |partition: &Partition, stake_left| {
        let slip = StruckSlip {
            placed: &placed,
            legs: &placed.legs,
            terms: None,
            part: None,
            stake_left,
            voided: &BTreeSet::new(),
            funded: None,
        };
        let told = returned_if(&partition.view, slip, MARKET, Some(&told.outcomes));
        told.unwrap().map(|(returned, _)| returned)
    };
    assert_eq!(paid(&partition, None), Some(eur(2_500)));
    partition.request(ask(1), at(3));
    let events = partition.request(take(1, 250_000), at(4));
    let left = sale(&events).stake_left;
    assert_eq!(paid(&partition, Some(left)), Some(eur(1_875)));
}

#[test]
fn in_play_the_sale_waits_for_the_market_s_delay() {
    let mut partition = struck();
    partition.react(&odds_decision(3, at(2), vec![turned_in_play()]), at(2));
    partition.request(ask(1), at(3));
    let events = partition.request(take(1, 1_000_000), at(4));
    let [bets::Event::CashOutDelayed(delayed)] = &events[..] else {
        panic!("not delayed: {events:?}")
    };
    let end = delayed.until;
    let alive = odds::Event::HeartbeatSent(odds::HeartbeatSent { at: end });
    partition.react(&odds_decision(4, end, vec![alive]), end);
    let events = partition.rest(end);
    assert_eq!(sale(&events).stake_left, eur(0));
}
