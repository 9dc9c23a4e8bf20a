//! Slips that are sold back, through the routes alone: in part and whole, beside cancellations,
//! results, previews and what stands on the board.
//!
//! Duty: hold every amount to one worked out by hand, and the whole to the auditor. Prohibition: as
//! of the desk that it borrows: what cannot be done over HTTP cannot be done.

use crate::http::Ask;
use crate::rig::{Place, wait_for};
use crate::sportsbook::{Desk, Market};
use serde_json::{Value, json};

const SPORT: &str = "test-football";
/// One over each of these adds up to 1.05.
const BOOK: [(&str, &str); 3] = [("home", "2.50"), ("draw", "4.00"), ("away", "2.50")];

/// A match with one market of three answers, open at these prices.
pub fn announce(desk: &mut Desk<'_>, fixture: &str) -> Market {
    let selections = BOOK.map(|(name, _)| json!({"selection": name, "name": name}));
    let prices = BOOK.map(|(name, price)| json!({"selection": name, "price": price}));
    desk.say(
        json!({"type": "fixture", "fixture": fixture, "name": fixture, "sport": SPORT,
        "starts_at": "2030-06-14T18:55:00Z"}),
    );
    desk.say(
        json!({"type": "market", "fixture": fixture, "market": "1X2", "name": "1X2",
        "kind": "match_result", "selections": selections}),
    );
    desk.say(json!({"type": "book", "fixture": fixture, "market": "1X2", "prices": prices}));
    wait_for("the book", || {
        let market = desk.market(SPORT, fixture, "1X2");
        let priced = market.shown["selections"][0]["price"].is_string();
        priced.then_some(market)
    })
}

/// What would be paid for all that is still staked, and the id to take it by.
fn quote(desk: &mut Desk<'_>, bet: &str) -> Value {
    let path = format!("/v1/bets/{bet}/cash-out/quotes");
    let answer = desk.dev.ask(Ask::post(&path, b"").by(&desk.customer));
    assert_eq!(answer.status, 201, "{}", answer.shown());
    answer.json()
}

/// Sells so much of it, at once.
fn sell(desk: &mut Desk<'_>, bet: &str, quoted: &Value, fraction: &str) -> Value {
    let body = json!({"quote_id": quoted["quote_id"], "fraction": fraction});
    let (key, text) = (desk.key(), body.to_string());
    let path = format!("/v1/bets/{bet}/cash-out");
    let ask = Ask::post(&path, text.as_bytes());
    let answer = desk.dev.ask(ask.by(&desk.customer).key(&key));
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let again = desk.dev.ask(ask.by(&desk.customer).key(&key));
    assert_eq!(again.body, answer.body, "asked again");
    answer.json()
}

fn shown(desk: &Desk<'_>, bet: &str) -> Value {
    let path = format!("/v1/bets/{bet}");
    desk.dev.ask(Ask::get(&path).by(&desk.customer)).json()
}

/// The bet, once it looks like this.
fn once(desk: &Desk<'_>, bet: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, || Some(shown(desk, bet)).filter(&is))
}

#[test]
fn slips_are_sold_back_whatever_becomes_of_the_rest() {
    let place = Place::new();
    let mut dev = place.start();
    let mut desk = Desk::new(&dev);
    let north = announce(&mut desk, "north");
    let south = announce(&mut desk, "south");

    // Half of a single. The whole: 10 / 1.05 * 0.95 = 9.04; half of it: 5 / 1.05 * 0.95 = 4.52.
    let single = desk.bet("single", false, &[north.leg("home", "2.50")], 1_250);
    let single = single["id"].as_str().expect("an id").to_owned();
    let quoted = quote(&mut desk, &single);
    assert_eq!(quoted["amount"]["amount"], "9.04");
    let sold = sell(&mut desk, &single, &quoted, "0.5");
    assert_eq!(sold["amount"]["amount"], "4.52");
    let half = once(&desk, &single, "the sale", |bet| {
        bet["cash_out"]["stake_sold"]["amount"] == "5.00"
    });
    assert_eq!(half["status"], "accepted");
    assert_eq!(half["potential_return"]["amount"], "12.50");

    // What was sold stands on the board no more, and a preview pays only what is left.
    let path = format!("/v1/admin/markets/{}/liability", north.id);
    let stands = wait_for("the board", || {
        let board = desk.dev.ask(Ask::get(&path).by(&desk.operator)).json();
        (board["stake"]["amount"] == "5.00").then_some(board)
    });
    assert_eq!(stands["worst_case"]["net"]["amount"], "-7.50");
    let home = [("home", json!({"outcome": "won"}))];
    let outcomes = json!({"outcomes": north.outcomes(&home), "reason": "the referee's report"});
    let path = format!("/v1/admin/markets/{}/result?preview=true", north.id);
    let text = outcomes.to_string();
    let ask = Ask::post(&path, text.as_bytes()).by(&desk.operator);
    let preview = desk.dev.ask(ask.key("preview")).json();
    assert_eq!(preview["paid"][0]["amount"], "12.50", "{preview}");

    // A leg that was cancelled is worth one: 10 * 1 / 1.05 * 0.95 = 9.04.
    let legs = [north.leg("home", "2.50"), south.leg("away", "2.50")];
    let text = json!({
        "type": "double", "legs": legs, "price_policy": "exact",
        "stake": {"amount": "10.00", "currency": "EUR"},
    })
    .to_string();
    let key = desk.key();
    let placed = Ask::post("/v1/bets", text.as_bytes());
    let double = desk.dev.ask(placed.by(&desk.customer).key(&key));
    assert_eq!(double.status, 201, "{}", double.shown());
    let double = double.text("id");
    let cancel = json!({"type": "cancel_bets", "fixture": "south", "market": "1X2",
        "reason": "late start"});
    desk.say(cancel);
    once(&desk, &double, "the cancellation", |bet| {
        bet["legs"][1]["voided"] == "late start"
    });
    let quoted = quote(&mut desk, &double);
    assert_eq!(quoted["amount"]["amount"], "9.04", "{quoted}");
    assert_eq!(quoted["explanation"]["legs"][1]["worth"], "1");
    sell(&mut desk, &double, &quoted, "1");
    let over = once(&desk, &double, "the sale", |bet| {
        bet["status"] == "cashed_out"
    });
    assert_eq!(over["returned"]["amount"], "9.04");

    // Nothing reopens it; the result pays the half that is left of the other one.
    desk.say(json!({"type": "restore_bets", "fixture": "south", "market": "1X2"}));
    let path = format!("/v1/admin/markets/{}/result", north.id);
    desk.act("POST", &path, &outcomes);
    desk.must_be_paid();
    assert_eq!(shown(&desk, &double)["status"], "cashed_out");
    // 1000 - 10 + 4.52 + 12.50 - 10 + 9.04
    let token = desk.customer.clone();
    wait_for("the balance", || {
        (dev.balance(&token) == (100_606, 0)).then_some(())
    });
    assert!(dev.process.stop().success());
    place.must_be_sound("after sales");
    let (code, told) = place.furlong(&["explain", &double]);
    let status = told.lines().next().unwrap_or_default();
    assert_eq!((code, status), (Some(0), &*format!("{double}  cashed_out")));
}
