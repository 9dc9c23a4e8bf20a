//! `furlong bench codec`.
#![expect(clippy::float_arithmetic, reason = "quotients of measured times")]

use super::measure::{Mark, Report, Spread, nanos_each};
use crate::screen::Screen;
use kernel::{
    BetId, Currency, CustomerId, FixtureId, MarketId, Money, Price, SelectionId, Timestamp, Topic,
    TopicPartition,
};
use schemas::Wire;
use schemas::bets::{BetPlaced, BetType, Event, PricePolicy, StruckLeg};
use std::hint::black_box;

const ITERATIONS: u64 = 200_000;

/// A single on a named selection, as the gateway's customers place them.
pub(super) fn sample(number: u64) -> Event {
    let price = Price::ratio(5, 2).expect("5/2 is a price");
    let leg = StruckLeg {
        selection: SelectionId::example(number, 1),
        market: MarketId::example(number, 1),
        fixture: FixtureId::example(number, 1),
        requested_price: price,
        price,
        market_version: 91,
        book_position: TopicPartition::new(Topic::OddsEvents, 1).at(12_345),
        in_play: false,
        selection_name: "Home".to_owned(),
        market_name: "Match result".to_owned(),
        fixture_name: "Northern Rovers v Southern Athletic".to_owned(),
    };
    Event::BetPlaced(BetPlaced {
        bet: BetId::example(number, 3),
        customer: CustomerId::example(number, 3),
        bet_type: BetType::Single,
        legs: vec![leg],
        stake: Money::from_minor(1_000, Currency::Eur),
        price_policy: PricePolicy::Better,
        each_way: false,
        client_ref: Some("slip-42".to_owned()),
        potential_return: Money::from_minor(2_500, Currency::Eur),
        rules_version: 1,
        placed_at: Timestamp::from_millis(1_700_000_000_000),
    })
}

pub fn run(rounds: u32, screen: &mut Screen<'_>) -> Report {
    let mut report = Report::begin("codec");
    let event = sample(7);
    let bytes = event.to_bytes();
    let (mut encode, mut decode, mut copy) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        screen.progress(format_args!("round {round} of {rounds}"));
        copy.push(each(|| black_box(&bytes).clone()));
        encode.push(each(|| black_box(&event).to_bytes()));
        decode.push(each(|| Event::from_bytes(black_box(&bytes))));
    }
    let [encode, decode, copy] = [encode, decode, copy].map(Spread::of);
    report.figure("record_bytes", bytes.len());
    report.spread("encode_ns", encode);
    report.spread("decode_ns", decode);
    report.spread("anchor_copy_ns", copy);
    report.spread("encode_ratio", ratio(encode, copy));
    report.spread("decode_ratio", ratio(decode, copy));
    report.line(format!(
        "a placement of {} bytes, ns of CPU each, median of {rounds}",
        bytes.len()
    ));
    for (name, spread) in [
        ("encode", encode),
        ("decode", decode),
        ("copy (anchor)", copy),
    ] {
        report.line(format!(
            "{name:<14} {:>8.1}  ({:.1} to {:.1})  {:.2} x the anchor",
            spread.median,
            spread.min,
            spread.max,
            spread.median / copy.median
        ));
    }
    report
}

/// The quotient of medians, and its bounds.
fn ratio(subject: Spread, anchor: Spread) -> Spread {
    Spread {
        min: subject.min / anchor.max.max(1e-9),
        median: subject.median / anchor.median.max(1e-9),
        max: subject.max / anchor.min.max(1e-9),
    }
}

fn each<T>(mut work: impl FnMut() -> T) -> f64 {
    let mark = Mark::now();
    for _ in 0..ITERATIONS {
        drop(black_box(work()));
    }
    nanos_each(mark.span().cpu, ITERATIONS)
}
