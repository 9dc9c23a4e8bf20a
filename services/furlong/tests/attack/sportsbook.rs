//! Every kind of bet, from a producer's lines to the money, through the routes alone.
//!
//! Duty: announce races and matches as a producer does, bet on them, withdraw, result and settle
//! them, and hold every return to a value worked out by hand. Prohibition: no command is written
//! and no record read: what cannot be done over HTTP cannot be done.

use crate::http::{Answer, Ask};
use crate::rig::{Dev, Place, amount, cents, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A producer that posts lines, and the desk beside it.
pub struct Desk<'a> {
    pub dev: &'a Dev,
    pub operator: String,
    pub customer: String,
    sequence: u64,
    keys: u64,
    bets: Vec<(String, i64)>,
}

impl<'a> Desk<'a> {
    pub fn new(dev: &'a Dev) -> Self {
        Self {
            dev,
            operator: dev.user("operator"),
            customer: dev.customer("punter", 100_000),
            sequence: 0,
            keys: 0,
            bets: Vec::new(),
        }
    }

    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    /// One line of the producer, taken and not refused.
    pub fn say(&mut self, mut line: Value) {
        self.sequence += 1;
        line["source"] = json!("stable");
        line["sequence"] = json!(self.sequence);
        let text = line.to_string();
        let posted = Ask::post("/v1/feed/updates", text.as_bytes()).by(&self.operator);
        let answer = self.dev.ask(posted);
        assert_eq!(answer.status, 200, "{}", answer.shown());
        assert_eq!(answer.json()["refused"], json!([]), "{line}");
    }

    /// An operator's act that is done.
    pub fn act(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let (key, text) = (self.key(), body.to_string());
        let ask = Ask {
            method,
            ..Ask::post(path, text.as_bytes())
        };
        let answer = self.dev.ask(ask.by(&self.operator).key(&key));
        assert_eq!(answer.status, 200, "{path}: {}", answer.shown());
        answer
    }

    /// The markets of the producer's fixtures of that sport, by name, each with its selections.
    pub fn market(&self, sport: &str, fixture: &str, name: &str) -> Market {
        wait_for("a market that was offered", || {
            let path = format!("/v1/fixtures?sport={sport}&limit=200");
            let listed = self.dev.ask(Ask::get(&path)).json();
            let fixtures = listed["items"].as_array()?.clone();
            let of = fixtures.iter().find(|known| known["name"] == fixture)?;
            let markets = of["markets"].as_array()?;
            let market = markets.iter().find(|market| market["name"] == name)?;
            let id = market["id"].as_str()?;
            let shown = self.dev.ask(Ask::get(&format!("/v1/markets/{id}"))).json();
            let selections = shown["selections"].as_array()?.iter();
            Some(Market {
                id: id.to_owned(),
                version: shown["version"].as_u64()?,
                selections: selections
                    .filter_map(|s| {
                        Some((s["name"].as_str()?.to_owned(), s["id"].as_str()?.to_owned()))
                    })
                    .collect(),
                shown: shown.clone(),
            })
        })
    }

    /// A slip that is accepted; what it must return in the end, in cents.
    pub fn bet(&mut self, kind: &str, each_way: bool, legs: &[Value], returns: i64) -> Value {
        let body = json!({
            "type": kind, "each_way": each_way, "legs": legs, "price_policy": "exact",
            "stake": {"amount": "10.00", "currency": "EUR"},
        });
        let (key, text) = (self.key(), body.to_string());
        let placed = Ask::post("/v1/bets", text.as_bytes());
        let answer = self.dev.ask(placed.by(&self.customer).key(&key));
        assert_eq!(answer.status, 201, "{body}: {}", answer.shown());
        self.bets.push((answer.text("id"), returns));
        answer.json()
    }

    /// Every bet is settled at what it must return.
    pub fn must_be_paid(&self) {
        let paid = |bet: &str| {
            let path = format!("/v1/bets/{bet}");
            let shown = self.dev.ask(Ask::get(&path).by(&self.customer)).json();
            (shown["status"] == "settled")
                .then(|| cents(shown["returned"]["amount"].as_str().unwrap_or("0.00")))
        };
        for (bet, returns) in &self.bets {
            let found = wait_for("a settlement", || paid(bet));
            assert_eq!(amount(found), amount(*returns), "{bet}");
        }
    }
}

/// A market as it is shown.
pub struct Market {
    pub id: String,
    pub version: u64,
    pub selections: BTreeMap<String, String>,
    pub shown: Value,
}

impl Market {
    pub fn leg(&self, selection: &str, price: &str) -> Value {
        json!({"selection_id": self.selections[selection], "price": price, "market_version": self.version})
    }

    pub fn outcomes(&self, special: &[(&str, Value)]) -> Value {
        let outcome = |name: &str, id: &str| {
            let special = special.iter().find(|(known, _)| *known == name);
            let mut told =
                special.map_or_else(|| json!({"outcome": "lost"}), |(_, told)| told.clone());
            told["selection_id"] = json!(id);
            told
        };
        let all = self.selections.iter();
        Value::Array(all.map(|(name, id)| outcome(name, id)).collect())
    }
}

const RUNNERS: [(&str, &str); 9] = [
    ("Ajax", "9.00"),
    ("Bravo", "9.00"),
    ("Comet", "11.00"),
    ("Dante", "15.00"),
    ("Echo", "15.00"),
    ("Fable", "21.00"),
    ("Gale", "21.00"),
    ("Hero", "26.00"),
    ("Iris", "4.00"),
];

fn announce_race(desk: &mut Desk<'_>, race: &str, runners: &[(&str, &str)]) {
    let selections = runners
        .iter()
        .map(|(name, _)| json!({"selection": name, "name": name}));
    let prices = runners
        .iter()
        .map(|(name, price)| json!({"selection": name, "price": price}));
    desk.say(
        json!({"type": "fixture", "fixture": race, "name": race, "sport": "horse-racing",
        "starts_at": "2030-06-14T18:55:00Z"}),
    );
    desk.say(
        json!({"type": "market", "fixture": race, "market": "win", "name": "Winner",
        "kind": "winner", "selections": selections.collect::<Vec<_>>()}),
    );
    desk.say(
        json!({"type": "race", "fixture": race, "market": "win", "handicap": "no",
        "placings": [], "starting_prices": []}),
    );
    desk.say(json!({"type": "book", "fixture": race, "market": "win",
        "prices": prices.collect::<Vec<_>>()}));
}

/// Each-way singles and doubles, starting prices, a withdrawn runner with its deduction, a dead heat,
/// and placings that come after the result: all at values that `conformance/` documents the rules of.
#[test]
fn a_race_day_from_declarations_to_the_money() {
    let place = Place::new();
    let mut dev = place.start();
    let mut desk = Desk::new(&dev);
    announce_race(&mut desk, "The 18:55", &RUNNERS);
    announce_race(&mut desk, "The 19:30", &RUNNERS[..8]);
    let win = |desk: &Desk<'_>, race: &str| desk.market("horse-racing", race, "Winner");
    let (first, second) = (win(&desk, "The 18:55"), win(&desk, "The 19:30"));
    assert_eq!(first.shown["race"]["handicap"], false);

    // Before Iris (3/1, 25p) is withdrawn.
    // 10 · ½ · (1 + 8 · 0.75) = 35.00
    desk.bet("single", false, &[first.leg("Bravo", "9.00")], 3_500);
    // Third of eight runners: only 10 · (1 + 10/5 · 0.75) = 25.00
    let each_way = desk.bet("single", true, &[first.leg("Comet", "11.00")], 2_500);
    assert_eq!(each_way["stake"]["amount"], "20.00");
    // At the starting price nothing is deducted: 10 · ½ · 5 = 25.00
    let mut starting = first.leg("Ajax", "9.00");
    starting["starting_price"] = json!(true);
    desk.bet("single", false, &[starting], 2_500);
    // Win: 10 · ½(1 + 8 · 0.75) · 9 = 315.00; place: 10 · (1 + 8/5 · 0.75) · (1 + 8/5) = 57.20
    let legs = [first.leg("Ajax", "9.00"), second.leg("Bravo", "9.00")];
    desk.bet("double", true, &legs, 37_220);
    // On the withdrawn runner itself: the stake comes back.
    desk.bet("single", false, &[first.leg("Iris", "4.00")], 1_000);

    let path = format!("/v1/admin/markets/{}/withdraw", first.id);
    let body = json!({"selection_id": first.selections["Iris"], "reason": "lame at the start"});
    desk.act("POST", &path, &body);
    let reformed = wait_for("the withdrawal", || {
        let market = win(&desk, "The 18:55");
        (market.version > first.version).then_some(market)
    });
    assert_eq!(reformed.shown["withdrawals"][0]["price"], "4.00");
    // Who bets now has known of it: 10 · ½ · 9 = 45.00
    desk.bet("single", false, &[reformed.leg("Bravo", "9.00")], 4_500);

    // Ajax and Bravo share the first place; an operator says who came in where, and the prices.
    let path = format!("/v1/admin/markets/{}/race", first.id);
    let id = |name: &str| first.selections[name].clone();
    let body = json!({
        "handicap": false, "reason": "the judge's word",
        "placings": [
            {"selection_id": id("Ajax"), "place": 1, "tied": 2},
            {"selection_id": id("Bravo"), "place": 1, "tied": 2},
            {"selection_id": id("Comet"), "place": 3},
        ],
        "starting_prices": [{"selection_id": id("Ajax"), "price": "5.00"}],
    });
    desk.act("POST", &path, &body);
    let tie = json!({"outcome": "dead_heat", "places": 1, "tied": 2});
    let special = [
        ("Ajax", tie.clone()),
        ("Bravo", tie),
        ("Iris", json!({"outcome": "void"})),
    ];
    let path = format!("/v1/admin/markets/{}/result", first.id);
    let body = json!({"outcomes": first.outcomes(&special), "reason": "the judge's word"});
    desk.act("POST", &path, &body);

    // The other race's producer tells the winner first, and the placings later.
    let outcomes: Vec<Value> = RUNNERS[..8].iter().map(|(name, _)| {
        json!({"selection": name, "outcome": if *name == "Bravo" { "won" } else { "lost" }})
    }).collect();
    desk.say(
        json!({"type": "result", "fixture": "The 19:30", "market": "win", "outcomes": outcomes}),
    );
    desk.say(
        json!({"type": "race", "fixture": "The 19:30", "market": "win", "handicap": "no",
        "placings": [{"selection": "Bravo", "place": 1}, {"selection": "Hero", "place": 2},
            {"selection": "Gale", "place": 3}],
        "starting_prices": []}),
    );
    desk.must_be_paid();
    assert!(dev.process.stop().success());
    place.must_be_sound("after a race day");
}

fn announce_match(desk: &mut Desk<'_>) {
    let market = |name: &str, kind: &str, more: Value, answers: &[&str]| {
        let selections = answers
            .iter()
            .map(|answer| json!({"selection": answer, "name": answer}));
        let mut line = json!({"type": "market", "fixture": "derby", "market": name, "name": name,
            "kind": kind, "selections": selections.collect::<Vec<_>>()});
        for (field, value) in more.as_object().into_iter().flatten() {
            line[field.as_str()] = value.clone();
        }
        line
    };
    let three = ["home", "draw", "away"];
    desk.say(json!({"type": "fixture", "fixture": "derby", "name": "Reds v Blues", "sport": "test-football",
        "starts_at": "2030-06-14T18:55:00Z"}));
    desk.say(market("1X2", "match_result", json!({}), &three));
    desk.say(market(
        "total",
        "total_goals",
        json!({"line": "2.5"}),
        &["over", "under"],
    ));
    desk.say(market(
        "asian",
        "asian_handicap",
        json!({"line": "-0.75"}),
        &["home", "away"],
    ));
    desk.say(market("both", "both_to_score", json!({}), &["yes", "no"]));
    desk.say(market(
        "three-way",
        "european_handicap",
        json!({"line": "-1"}),
        &three,
    ));
    let scores: Vec<String> = (0..=2)
        .flat_map(|home| (0..=2).map(move |away| format!("{home}-{away}")))
        .collect();
    let scores: Vec<&str> = scores.iter().map(String::as_str).chain(["other"]).collect();
    desk.say(market(
        "score",
        "correct_score",
        json!({"up_to": 2}),
        &scores,
    ));
}

/// Every market about goals, placed and settled by one score.
#[test]
fn a_match_in_all_its_markets() {
    let place = Place::new();
    let mut dev = place.start();
    let mut desk = Desk::new(&dev);
    announce_match(&mut desk);
    for (market, answer, price, returns) in [
        ("1X2", "home", "2.10", 2_100),
        ("total", "over", "1.90", 1_900),
        // By one goal at -0.75: half won, 10 · (1.95 + 1)/2
        ("asian", "home", "1.95", 1_475),
        ("both", "no", "1.80", 0),
        ("three-way", "draw", "3.60", 3_600),
        ("score", "2-1", "8.50", 8_500),
    ] {
        let shown = desk.market("test-football", "Reds v Blues", market);
        let prices: Vec<Value> = shown.selections.keys().map(|selection| {
            json!({"selection": selection, "price": if selection == answer { price } else { "3.00" }})
        }).collect();
        desk.say(json!({"type": "book", "fixture": "derby", "market": market, "prices": prices}));
        let priced = wait_for("the book", || {
            let now = desk.market("test-football", "Reds v Blues", market);
            (now.version > shown.version).then_some(now)
        });
        desk.bet("single", false, &[priced.leg(answer, price)], returns);
        if market == "three-way" || market == "score" {
            let path = format!("/v1/admin/markets/{}/result", priced.id);
            desk.act(
                "POST",
                &path,
                &json!({"score": "2-1", "reason": "the referee's report"}),
            );
        } else {
            desk.say(
                json!({"type": "score", "fixture": "derby", "market": market, "score": "2-1"}),
            );
        }
    }
    desk.must_be_paid();
    assert!(dev.process.stop().success());
    place.must_be_sound("after a match");
}

/// The house's price of a selection, in hundredths.
fn price_of(market: &Market, selection: &str) -> i64 {
    let id = &market.selections[selection];
    let mut shown = market.shown["selections"]
        .as_array()
        .expect("selections")
        .iter();
    let shown = shown
        .find(|shown| shown["id"] == json!(id))
        .expect("one of them");
    cents(shown["price"].as_str().expect("a price"))
}

/// Bets on one selection shorten it and shorten no other; when leaning ends, all prices are told.
#[test]
fn a_market_leans_by_itself_against_what_is_bet() {
    let place = Place::new();
    let mut dev = place.start();
    let mut desk = Desk::new(&dev);
    announce_match(&mut desk);
    let told = [("home", "2.60"), ("draw", "3.30"), ("away", "2.90")];
    let prices: Vec<Value> = told
        .iter()
        .map(|(selection, price)| json!({"selection": selection, "price": price}))
        .collect();
    let offered = desk.market("test-football", "Reds v Blues", "1X2");
    desk.say(json!({"type": "book", "fixture": "derby", "market": "1X2", "prices": prices}));
    let shown = |desk: &Desk<'_>, after: u64| {
        wait_for("another version", || {
            let market = desk.market("test-football", "Reds v Blues", "1X2");
            (market.version > after).then_some(market)
        })
    };
    let mut market = shown(&desk, offered.version);
    let path = format!("/v1/admin/markets/{}/leaning", market.id);
    let step = json!({"step": {"amount": "5.00", "currency": "EUR"}});
    desk.act("PUT", &path, &step);
    for _ in 0..4 {
        let price = amount(price_of(&market, "home"));
        desk.bet("single", false, &[market.leg("home", &price)], 0);
        market = shown(&desk, market.version);
    }
    assert!(price_of(&market, "home") < 260, "{}", market.shown);
    assert!(price_of(&market, "draw") >= 330, "{}", market.shown);
    assert!(price_of(&market, "away") >= 290, "{}", market.shown);
    let (last, _) = desk.bets.last().expect("a bet").clone();
    let path_of_bet = format!("/v1/bets/{last}/prices");
    let traced = dev.ask(Ask::get(&path_of_bet).by(&desk.customer)).json();
    assert!(traced.to_string().contains("lean"), "{traced}");

    desk.act("PUT", &path, &json!({"step": null}));
    let market = shown(&desk, market.version);
    for (selection, price) in told {
        assert_eq!(
            price_of(&market, selection),
            cents(price),
            "{}",
            market.shown
        );
    }
    let lost = market.outcomes(&[("draw", json!({"outcome": "won"}))]);
    let path = format!("/v1/admin/markets/{}/result", market.id);
    desk.act(
        "POST",
        &path,
        &json!({"outcomes": lost, "reason": "full time"}),
    );
    desk.must_be_paid();
    assert!(dev.process.stop().success());
    place.must_be_sound("after leaning");
}
