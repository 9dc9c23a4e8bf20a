//! A recorded race with two withdrawn runners, bet on before, between and after the withdrawals.
//!
//! The withdrawn runners stood at 16 and 28, for which nothing is deducted; so the race is run a
//! second time with their prices divided by four, and then it is.

use super::*;
use std::fmt::Write as _;

const FILE: &str = "betfair/BASIC-1.132153978";
const SPEED: u32 = 600;
const STAKE: i64 = 1_003;

/// A withdrawal as the raw record tells it: who, and its last price in hundredths.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Gone {
    runner: u64,
    price: i128,
}

/// Withdrawals in their order, and the winner, read without our feed.
fn raw(text: &str) -> (Vec<Gone>, u64) {
    let mut prices: BTreeMap<u64, i128> = BTreeMap::new();
    let mut gone: Vec<Gone> = Vec::new();
    let mut winner = None;
    for line in text.lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        for change in message["mc"].as_array().into_iter().flatten() {
            for runner in change["marketDefinition"]["runners"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let id = runner["id"].as_u64().expect("an id");
                let known = gone.iter().any(|gone| gone.runner == id);
                if runner["status"] == "REMOVED" && !known {
                    let price = prices[&id];
                    gone.push(Gone { runner: id, price });
                }
                if runner["status"] == "WINNER" {
                    winner = Some(id);
                }
            }
            for runner in change["rc"].as_array().into_iter().flatten() {
                if let Some(price) = runner["ltp"].as_f64() {
                    let id = runner["id"].as_u64().expect("an id");
                    let hundredths = format!("{price:.2}").replace('.', "");
                    prices.insert(id, hundredths.parse().expect("a price"));
                }
            }
        }
    }
    (gone, winner.expect("somebody won"))
}

/// What the record calls its runners.
fn names(text: &str) -> BTreeMap<u64, String> {
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        for change in message["mc"].as_array().into_iter().flatten() {
            let runners = change["marketDefinition"]["runners"].as_array();
            for runner in runners.into_iter().flatten() {
                let id = runner["id"].as_u64().expect("an id");
                let name = runner["name"].as_str().expect("a name");
                names.insert(id, name.to_owned());
            }
        }
    }
    names
}

/// The record with the prices of these runners divided by four.
fn shortened(text: &str, runners: &[u64]) -> String {
    let mut short = String::new();
    for line in text.lines() {
        let mut message: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let changes = message["mc"].as_array_mut().expect("changes").iter_mut();
        for change in changes {
            let runners_changed = change.get_mut("rc").and_then(|rc| rc.as_array_mut());
            for runner in runners_changed.into_iter().flatten() {
                let id = runner["id"].as_u64().expect("an id");
                if let Some(price) = runner["ltp"].as_f64().filter(|_| runners.contains(&id)) {
                    runner["ltp"] = quarter(price).into();
                }
            }
        }
        writeln!(short, "{message}").expect("text is always written");
    }
    short
}

/// A price divided by four, down to hundredths.
fn quarter(price: f64) -> f64 {
    let hundredths: u64 = format!("{price:.2}")
        .replace('.', "")
        .parse()
        .expect("a price");
    let quarter = hundredths / 4;
    let text = format!("{}.{:02}", quarter / 100, quarter % 100);
    text.parse().expect("a number")
}

/// Pence in the pound for a runner withdrawn at that price, of the rows that matter here.
fn pence(hundredths: i128) -> i128 {
    match hundredths {
        1_501.. => 0,
        1_100..=1_500 => 5,
        700..1_100 => 10,
        550..700 => 15,
        433..550 => 20,
        350..433 => 25,
        _ => panic!("no runner of the record is withdrawn at {hundredths}"),
    }
}

#[derive(Debug)]
struct Placed {
    bet: BetId,
    runner: u64,
    /// How many runners had been withdrawn before.
    after: usize,
}

/// Plays the record and holds every bet against it; the deductions that the winner's backers met.
fn play(text: &str) -> Vec<i128> {
    let (gone, winner) = raw(text);
    assert_eq!(gone.len(), 2);
    let names = names(text);
    let mut feed = BetfairFeed::new("recorded", PARTITIONS, 1);
    let updates: Vec<FeedUpdate> = text
        .lines()
        .flat_map(|line| feed.line(line).expect("a message"))
        .collect();
    let mut stage = Stage::new(updates, SPEED);
    let customer = stage.customer(1);
    let mut market_id = None;
    let mut placed: Vec<Placed> = Vec::new();
    while let Some(updates) = stage.next() {
        for update in &updates {
            if let Update::OfferMarket(offer) = &update.update {
                market_id = Some(offer.market);
            }
        }
        let Some(id) = market_id else { continue };
        let market = stage.market(id);
        if market.status != MarketStatus::Open || market.in_play {
            continue;
        }
        // The winner and whoever will be withdrawn, once in each stretch.
        let after = market.withdrawals.len();
        for runner in [winner, gone[0].runner, gone[1].runner] {
            let selection = market.selections.iter().find(|s| s.name == names[&runner]);
            let selection = selection.expect("a runner of the race");
            let done = placed
                .iter()
                .any(|placed| placed.runner == runner && placed.after == after);
            let (Some(price), false) = (selection.price, done) else {
                continue;
            };
            let any = bets::PricePolicy::Any;
            let bet = stage.single(customer, &market, selection.id, price, any, STAKE);
            placed.push(Placed { bet, runner, after });
        }
    }
    stage.wait(Duration::from_secs(1));
    let deductions = check(&stage, customer, (&gone[..], winner), &placed);
    stage.must_be_in_order();
    deductions
}

fn check(
    stage: &Stage,
    customer: CustomerId,
    (gone, winner): (&[Gone], u64),
    placed: &[Placed],
) -> Vec<i128> {
    let fates = fates(stage);
    let mut cash = i128::from(FUNDS_MINOR);
    let mut deductions = Vec::new();
    for Placed { bet, runner, after } in placed {
        let fate = fates.get(bet).expect("a bet that was placed");
        let struck = fate.iter().find_map(|event| {
            if let bets::Event::BetAccepted(struck) = event {
                Some(struck.legs[0].price)
            } else {
                None
            }
        });
        let price = struck.unwrap_or_else(|| panic!("{fate:?}"));
        let Some(bets::Event::BetSettled(settled)) = fate.last() else {
            panic!("{fate:?}")
        };
        let deduction: i128 = gone[*after..].iter().map(|gone| pence(gone.price)).sum();
        let (top, bottom) = (
            i128::from(price.numerator()),
            i128::from(price.denominator()),
        );
        let stake = i128::from(STAKE);
        let returned = if *runner == winner {
            deductions.push(deduction);
            // S (1 + (D - 1)(1 - d))
            half_even(
                stake * (bottom * 100 + (top - bottom) * (100 - deduction)),
                bottom * 100,
            )
        } else {
            // Withdrawn after the bet: the stake comes back.
            stake
        };
        assert_eq!(
            i128::from(settled.returned.minor()),
            returned,
            "{runner} at {price} after {after} withdrawals"
        );
        cash += returned - stake;
    }
    assert_eq!(stage.cash(customer), cash);
    deductions
}

#[test]
fn a_recorded_race_with_two_withdrawn_runners_is_settled_with_its_deductions() {
    let Some(text) = recorded(FILE) else { return };
    let (gone, _) = raw(&text);
    assert_eq!(
        gone.iter().map(|gone| gone.price).collect::<Vec<_>>(),
        [1_600, 2_800]
    );
    assert_eq!(play(&text), [0, 0, 0]);
    let runners: Vec<u64> = gone.iter().map(|gone| gone.runner).collect();
    // 25 for 4.00 and 10 for 7.00; the second alone; neither.
    assert_eq!(play(&shortened(&text, &runners)), [35, 10, 0]);
}
