//! A tennis market as an exchange told it, minute by minute, against the raw messages.

use super::*;

const FILE: &str = "betfair/1.200806927.gz";
const SPEED: u32 = 60;

/// What a market says of itself: state, in play, delay in seconds, and when (milliseconds).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stand {
    status: &'static str,
    in_play: bool,
    delay_secs: i64,
    at_ms: i64,
}

/// The states that the record goes through, and who won, read without our feed.
fn raw(text: &str) -> (Vec<Stand>, Vec<(u64, bool)>) {
    let mut stands: Vec<Stand> = Vec::new();
    let mut runners = Vec::new();
    for line in text.lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        for change in message["mc"].as_array().into_iter().flatten() {
            let definition = &change["marketDefinition"];
            if definition.is_null() {
                continue;
            }
            let status = match definition["status"].as_str() {
                Some("OPEN") => "open",
                Some("SUSPENDED") => "suspended",
                Some("CLOSED") => "settled",
                other => panic!("{other:?} is no state of the record"),
            };
            let stand = Stand {
                status,
                in_play: definition["inPlay"] == true,
                delay_secs: definition["betDelay"].as_i64().expect("a delay"),
                at_ms: message["pt"].as_i64().expect("a time"),
            };
            push_if_new(&mut stands, stand);
            runners = definition["runners"]
                .as_array()
                .expect("runners")
                .iter()
                .map(|runner| {
                    let id = runner["id"].as_u64().expect("an id");
                    (id, runner["status"] == "WINNER")
                })
                .collect();
        }
    }
    (stands, runners)
}

fn push_if_new(stands: &mut Vec<Stand>, stand: Stand) {
    let known = stands.last().is_some_and(|last| {
        Stand {
            at_ms: stand.at_ms,
            ..last.clone()
        } == stand
    });
    if !known {
        stands.push(stand);
    }
}

fn stand(market: &Market, now: Timestamp) -> Stand {
    Stand {
        status: match market.status {
            MarketStatus::Open => "open",
            MarketStatus::Suspended => "suspended",
            MarketStatus::Closed => "closed",
            MarketStatus::Settled => "settled",
        },
        in_play: market.in_play,
        delay_secs: market.bet_delay.millis() / 1_000,
        at_ms: now.micros() / 1_000,
    }
}

#[test]
fn a_recorded_market_opens_suspends_goes_in_play_and_closes_as_the_record_says() {
    let Some(text) = recorded(FILE) else { return };
    let (told, runners) = raw(&text);
    let mut feed = BetfairFeed::new("recorded", PARTITIONS, 1);
    let updates: Vec<FeedUpdate> = text
        .lines()
        .flat_map(|line| feed.line(line).expect("a message"))
        .collect();
    let mut stage = Stage::new(updates, SPEED);
    let customer = stage.customer(1);
    let began = stage.world.now;
    let mut seen: Vec<Stand> = Vec::new();
    let mut placed: Vec<(&'static str, SelectionId, BetId)> = Vec::new();
    let mut market_id = None;
    while let Some(updates) = stage.next() {
        for update in &updates {
            if let Update::OfferMarket(offer) = &update.update {
                market_id = Some(offer.market);
            }
        }
        let Some(id) = market_id else { continue };
        let market = stage.market(id);
        push_if_new(&mut seen, stand(&market, stage.world.now));
        bet(&mut stage, customer, &market, &seen, &mut placed);
    }
    let market = stage.market(market_id.expect("a market"));
    let last = market.selections.last().expect("selections");
    place(
        &mut stage,
        customer,
        &market,
        last.id,
        "settled",
        &mut placed,
    );
    stage.wait(Duration::from_secs(1));

    let first_ms = told[0].at_ms;
    let expected: Vec<Stand> = told
        .into_iter()
        .map(|stand| Stand {
            at_ms: began.micros() / 1_000 + (stand.at_ms - first_ms) / i64::from(SPEED),
            ..stand
        })
        .collect();
    assert_eq!(seen, expected);
    check_bets(&stage, customer, &market, &placed, &runners);
    stage.must_be_in_order();
}

fn place(
    stage: &mut Stage,
    customer: CustomerId,
    market: &Market,
    selection: SelectionId,
    when: &'static str,
    placed: &mut Vec<(&'static str, SelectionId, BetId)>,
) {
    let price = Price::ratio(2, 1).expect("a price");
    let any = bets::PricePolicy::Any;
    let bet = stage.single(customer, market, selection, price, any, 1_003);
    placed.push((when, selection, bet));
}

/// Both sides are backed once in each state of the market.
fn bet(
    stage: &mut Stage,
    customer: CustomerId,
    market: &Market,
    seen: &[Stand],
    placed: &mut Vec<(&'static str, SelectionId, BetId)>,
) {
    let now = seen.last().expect("the state was just seen");
    let when = match (now.status, now.in_play) {
        ("open", false) => "open",
        ("open", true) => "in play",
        ("suspended", _) => "suspended",
        _ => return,
    };
    let priced = market.selections.iter().all(|s| s.price.is_some());
    let done = placed.iter().filter(|(then, ..)| *then == when).count() > 0;
    if done || (when != "suspended" && !priced) {
        return;
    }
    for selection in &market.selections {
        place(stage, customer, market, selection.id, when, placed);
    }
}

fn check_bets(
    stage: &Stage,
    customer: CustomerId,
    market: &Market,
    placed: &[(&'static str, SelectionId, BetId)],
    runners: &[(u64, bool)],
) {
    let fates = fates(stage);
    let mut cash = i128::from(FUNDS_MINOR);
    let mut accepted = 0;
    for (when, selection, bet) in placed {
        let fate = fates.get(bet);
        if matches!(*when, "suspended" | "settled") {
            assert_eq!(fate, None, "a bet on a market that is {when} is refused");
            continue;
        }
        let fate = fate.expect("a bet on an open market is placed");
        let find = |wanted: fn(&bets::Event) -> bool| fate.iter().find(|event| wanted(event));
        let Some(bets::Event::BetPlaced(begin)) =
            find(|event| matches!(event, bets::Event::BetPlaced(_)))
        else {
            panic!("{fate:?}")
        };
        let Some(bets::Event::BetAccepted(struck)) =
            find(|event| matches!(event, bets::Event::BetAccepted(_)))
        else {
            panic!("{when}: {fate:?}")
        };
        accepted += 1;
        let waited = struck.accepted_at.since(begin.placed_at);
        if *when == "in play" {
            assert!(waited >= Duration::from_secs(5), "waited {waited:?}");
        } else {
            assert_eq!(waited, Duration::ZERO);
        }
        // Who won is told by the raw record: its runners stand in the order of the offer.
        let index = market.selections.iter().position(|s| s.id == *selection);
        let (_, won) = runners[index.expect("a selection of the market")];
        let price = struck.legs[0].price;
        cash -= 1_003;
        if won {
            cash += half_even(
                1_003 * i128::from(price.numerator()),
                i128::from(price.denominator()),
            );
        }
    }
    assert_eq!(accepted, 4, "two sides, before and in play");
    let refused = refusals(stage);
    assert_eq!(
        refused
            .iter()
            .filter(|reason| matches!(reason, bets::RejectionReason::MarketSuspended(_)))
            .count(),
        2
    );
    assert_eq!(
        refused
            .iter()
            .filter(|reason| matches!(reason, bets::RejectionReason::MarketClosed(_)))
            .count(),
        1
    );
    assert_eq!(stage.cash(customer), cash);
}
