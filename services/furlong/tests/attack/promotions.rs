//! Tokens and bonus money, through the routes alone: raced for, staked, voided, turned to cash and
//! back.
//!
//! Duty: hold every balance to one worked out by hand, and the whole to the auditor. Prohibition: as
//! of the desk that it borrows: what cannot be done over HTTP cannot be done.

use crate::cash_out::announce;
use crate::http::{Answer, Ask, Client};
use crate::rig::{Place, wait_for};
use crate::sportsbook::{Desk, Market};
use serde_json::{Value, json};
use std::sync::Barrier;

const RACERS: usize = 8;
const PAID_IN: i64 = 100_000;

/// 10.00, or what is said, on home at 2.50, and who pays.
fn slip(market: &Market, stake: &str, source: (&str, &str)) -> String {
    let mut body = json!({
        "type": "single", "legs": [market.leg("home", "2.50")], "price_policy": "exact",
        "stake": {"amount": stake, "currency": "EUR"},
    });
    body[source.0] = json!(source.1);
    body.to_string()
}

/// The same slip under as many keys at the same instant.
fn race(port: u16, customer: &str, body: &str) -> Vec<Answer> {
    let start = Barrier::new(RACERS);
    std::thread::scope(|scope| {
        let racing: Vec<_> = (0..RACERS)
            .map(|racer| {
                let start = &start;
                scope.spawn(move || {
                    let mut client = Client::new(port);
                    let key = format!("race-{racer}");
                    let ask = Ask::post("/v1/bets", body.as_bytes());
                    start.wait();
                    wait_for("a final answer", || {
                        let answer = client.ask(ask.by(customer).key(&key)).expect("an answer");
                        (answer.status != 503 && answer.status != 202).then_some(answer)
                    })
                })
            })
            .collect();
        let joined = racing.into_iter().map(|racer| racer.join());
        joined.map(|racer| racer.expect("a racer")).collect()
    })
}

fn shown(desk: &Desk<'_>) -> Value {
    let ask = Ask::get("/v1/account/bonuses").by(&desk.customer);
    desk.dev.ask(ask).json()
}

fn must_have(desk: &Desk<'_>, what: &str, cash: i64, held: i64) {
    wait_for(what, || {
        (desk.dev.balance(&desk.customer) == (cash, held)).then_some(())
    });
}

fn status(desk: &Desk<'_>, bet: &str) -> Value {
    let path = format!("/v1/bets/{bet}");
    desk.dev.ask(Ask::get(&path).by(&desk.customer)).json()["status"].clone()
}

#[test]
fn a_token_pays_once_and_bonus_money_becomes_cash_and_back() {
    let place = Place::new();
    let mut dev = place.start();
    let mut desk = Desk::new(&dev);
    let north = announce(&mut desk, "north");
    let south = announce(&mut desk, "south");
    let account = Ask::get("/v1/account").by(&desk.customer);
    let customer = dev.ask(account).text("customer_id");
    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let ends = "2096-10-02T07:06:40Z";
    let path = format!("/v1/admin/customers/{customer}/free-bets");
    let token = json!({"value": eur("8.00"), "expires_at": ends, "reason": "sorry"});
    let given = desk.act("POST", &path, &token).json();
    let token = given["free_bet"]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/admin/customers/{customer}/bonus");
    let bonus = json!({"amount": eur("20.00"), "wagering_times": 1, "expires_at": ends,
        "converted_max": eur("30.00"), "reason": "welcome"});
    desk.act("POST", &path, &bonus);

    // Of eight bets with one token one is struck; 2.00 of its stake are cash.
    let body = slip(&north, "10.00", ("free_bet", &token));
    let answers = race(dev.port, &desk.customer, &body);
    let (struck, others): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 201);
    assert_eq!(struck.len(), 1);
    for other in others {
        assert_eq!(other.code(), "free_bet_used", "{}", other.shown());
    }
    let bet = struck[0].text("id");
    assert_eq!(struck[0].json()["funding"]["promotional"]["amount"], "8.00");
    must_have(&desk, "the cash's hold", PAID_IN - 200, 200);

    // It is not bought back, and when it is cancelled the token is free again.
    let path = format!("/v1/bets/{bet}/cash-out/quotes");
    let refused = dev.ask(Ask::post(&path, b"").by(&desk.customer));
    assert_eq!(
        refused.code(),
        "promotional_in_whole",
        "{}",
        refused.shown()
    );
    desk.say(
        json!({"type": "cancel_bets", "fixture": "north", "market": "1X2",
        "reason": "late start"}),
    );
    must_have(&desk, "the void", PAID_IN, 0);
    let free = |desk: &Desk<'_>| shown(desk)["free_bets"][0]["status"] == "open";
    wait_for("the token", || free(&desk).then_some(()));
    desk.say(json!({"type": "restore_bets", "fixture": "north", "market": "1X2"}));
    wait_for("the withdrawal of the void", || {
        (status(&desk, &bet) == "accepted" && !free(&desk)).then_some(())
    });

    // 20.00 of bonus money win 50.00: 30.00 become cash, and are bonus money again.
    let body = slip(&south, "20.00", ("stake_source", "bonus"));
    let key = desk.key();
    let ask = Ask::post("/v1/bets", body.as_bytes()).by(&desk.customer);
    let answer = dev.ask(ask.key(&key));
    assert_eq!(answer.status, 201, "{}", answer.shown());
    let home = [("home", json!({"outcome": "won"}))];
    let result = json!({"outcomes": south.outcomes(&home), "reason": "the referee's report"});
    let path = format!("/v1/admin/markets/{}/result", south.id);
    desk.act("POST", &path, &result);
    must_have(&desk, "the conversion", PAID_IN - 200 + 3_000, 200);
    let bonus = wait_for("the bonus", || {
        let bonus = shown(&desk)["bonuses"][0].clone();
        (bonus["status"] == "converted").then_some(bonus)
    });
    assert_eq!(bonus["converted"]["amount"], "30.00");
    let path = format!("/v1/admin/markets/{}/rollback", south.id);
    desk.act("POST", &path, &json!({"reason": "the wrong half"}));
    must_have(&desk, "the rollback", PAID_IN - 200, 200);
    let path = format!("/v1/admin/markets/{}/result", south.id);
    let away = [("away", json!({"outcome": "won"}))];
    let result = json!({"outcomes": south.outcomes(&away), "reason": "put right"});
    desk.act("POST", &path, &result);
    wait_for("the end of the wagering", || {
        let bonus = shown(&desk)["bonuses"][0].clone();
        (bonus["wagering_left"]["amount"] == "0.00").then_some(())
    });

    // The token's slip wins 17.00, of which none is the token itself.
    let home = [("home", json!({"outcome": "won"}))];
    let result = json!({"outcomes": north.outcomes(&home), "reason": "the referee's report"});
    let path = format!("/v1/admin/markets/{}/result", north.id);
    desk.act("POST", &path, &result);
    must_have(&desk, "the winnings", PAID_IN - 200 + 1_700, 0);
    assert!(dev.process.stop().success());
    place.must_be_sound("after promotions");
}
