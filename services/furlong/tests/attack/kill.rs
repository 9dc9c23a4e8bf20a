//! kill -9 under load, again and again.
//!
//! Duty: customers bet and pay in while the process is killed at random instants, at times also
//! while it starts; every unknown outcome is asked for again with its key. Afterwards the
//! clients' own history, the bets, the balances, replay and audit must be one story.

use crate::history::{Entry, History, Known, Wish};
use crate::http::{Ask, Client};
use crate::rig::{Chance, Dev, PATIENCE, Place, Selection, now, setting, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CUSTOMERS: usize = 5;
/// Connections of each customer.
const WORKERS: usize = 2;
const FIRST_MONEY: i64 = 20_000;
const SOURCE: &str = "recorded-by-hand";
/// Both selections pay so many times the stake.
const PRICE: i64 = 3;
/// Access tokens live for ten minutes.
const SIGN_IN_AGAIN: Duration = Duration::from_secs(300);

/// A customer's connection, with what was asked on it in all lives of the process.
struct Worker {
    customer: usize,
    name: String,
    history: History,
    chance: Chance,
}

impl Worker {
    /// Asks for one new thing.
    fn invent(&mut self, selections: &[Selection; 2]) -> Entry {
        let key = format!("{}-{}", self.name, self.history.0.len());
        if self.chance.below(12) == 0 {
            return Entry::deposit(key, 500);
        }
        let minor = i64::try_from(self.chance.between(10, 150)).expect("a small stake");
        let wins = self.chance.below(2) == 0;
        let slip = selections[usize::from(!wins)].single(minor, &key);
        Entry::bet(key, minor, wins, &slip)
    }

    /// One request after the other until the process is gone.
    fn load(&mut self, port: u16, token: &str, selections: &[Selection; 2], over: &AtomicBool) {
        let mut client = Client::new(port);
        while !over.load(Ordering::Acquire) {
            let mut entry = self.invent(selections);
            let sent = entry.send(&mut client, token);
            self.history.0.push(entry);
            if sent.is_err() {
                return;
            }
        }
    }

    /// Nothing stays unknown.
    fn resolve(&mut self, port: u16, token: &str) -> usize {
        let mut client = Client::new(port);
        let unknown = self.history.0.iter_mut().filter(|entry| entry.is_unknown());
        unknown
            .map(|entry| entry.resolve(&mut client, token))
            .count()
    }

    /// The same, but the process may die meanwhile.
    fn try_to_resolve(&mut self, port: u16, token: &str) {
        let mut client = Client::new(port);
        for entry in self.history.0.iter_mut().filter(|entry| entry.is_unknown()) {
            while entry.is_unknown() {
                if entry.send(&mut client, token).is_err() {
                    return;
                }
            }
        }
    }
}

/// The feed that offers the market; its count goes on from life to life.
struct Feed {
    sequence: u64,
}

impl Feed {
    fn say(&mut self, dev: &Dev, trader: &str, lines: &[Value]) {
        let mut body = String::new();
        for line in lines {
            self.sequence += 1;
            let mut line = line.clone();
            line["source"] = SOURCE.into();
            line["sequence"] = self.sequence.into();
            body.push_str(&format!("{line}\n"));
        }
        let mut ask = Ask::post("/v1/feed/updates", body.as_bytes()).by(trader);
        ask.content_type = Some("application/x-ndjson");
        let answer = dev.ask(ask);
        assert_eq!(answer.status, 200, "{body}{}", answer.shown());
        let told = answer.json();
        for field in ["refused", "gaps", "repeated"] {
            assert_eq!(told[field], json!([]), "{}", answer.shown());
        }
    }

    fn offer(&mut self, dev: &Dev, trader: &str) -> [Selection; 2] {
        let price = format!("{PRICE}.00");
        let lines = [
            json!({"type": "fixture", "fixture": "f", "name": "Kill v Nine", "sport": "football",
                   "starts_at": "2090-01-01T12:00:00Z"}),
            json!({"type": "market", "fixture": "f", "market": "m", "name": "Winner", "kind": "winner",
                   "selections": [{"selection": "a", "name": "Kill"}, {"selection": "b", "name": "Nine"}]}),
            json!({"type": "book", "fixture": "f", "market": "m",
                   "prices": [{"selection": "a", "price": price}, {"selection": "b", "price": price}]}),
        ];
        self.say(dev, trader, &lines);
        let market = wait_for("the offered market", || {
            let listed = dev.ask(Ask::get("/v1/fixtures")).json();
            let fixtures = listed["items"].as_array()?.clone();
            let own = fixtures.iter().find(|f| f["name"] == "Kill v Nine")?;
            own["markets"][0]["id"].as_str().map(str::to_owned)
        });
        let shown = dev.ask(Ask::get(&format!("/v1/markets/{market}"))).json();
        let version = shown["version"].as_u64().expect("a version");
        ["Kill", "Nine"].map(|name| {
            let list = shown["selections"].as_array().expect("selections");
            let one = list.iter().find(|s| s["name"] == name).expect("offered");
            Selection {
                id: one["id"].as_str().expect("an id").to_owned(),
                price: price.clone(),
                market: market.clone(),
                version,
            }
        })
    }

    /// Says that it lives, and takes back whatever a silence has stopped.
    fn go_on(&mut self, dev: &Dev, trader: &str, market: &str) {
        self.say(dev, trader, &[json!({"type": "alive"})]);
        let is_open = || {
            dev.ask(Ask::get(&format!("/v1/markets/{market}")))
                .text("status")
                == "open"
        };
        if !is_open() {
            let price = format!("{PRICE}.00");
            let book = json!({"type": "book", "fixture": "f", "market": "m",
                "prices": [{"selection": "a", "price": price}, {"selection": "b", "price": price}]});
            self.say(
                dev,
                trader,
                &[
                    book,
                    json!({"type": "resume", "fixture": "f", "market": "m"}),
                ],
            );
            wait_for("the market to open again", || is_open().then_some(()));
        }
    }
}

/// All that lives longer than a process.
struct World {
    place: Place,
    chance: Chance,
    workers: Vec<Worker>,
    tokens: Vec<String>,
    trader: String,
    signed_in: Instant,
    feed: Feed,
    starts: Vec<Duration>,
    resolved: usize,
}

fn login(customer: usize) -> String {
    format!("killed-{customer}")
}

impl World {
    fn new() -> (Self, Dev, [Selection; 2]) {
        let mut chance = Chance::new("kill");
        let place = Place::new();
        let dev = place.start();
        let tokens = (0..CUSTOMERS)
            .map(|customer| dev.customer(&login(customer), FIRST_MONEY))
            .collect();
        let workers = (0..CUSTOMERS * WORKERS)
            .map(|number| Worker {
                customer: number / WORKERS,
                name: format!("w{number}"),
                history: History::default(),
                chance: chance.another(),
            })
            .collect();
        let trader = dev.user("trader");
        let mut feed = Feed { sequence: 0 };
        let selections = feed.offer(&dev, &trader);
        let world = Self {
            place,
            chance,
            workers,
            tokens,
            trader,
            signed_in: now(),
            feed,
            starts: Vec::new(),
            resolved: 0,
        };
        (world, dev, selections)
    }

    fn start(&mut self) -> Dev {
        let begun = now();
        let dev = self.place.start();
        self.starts.push(begun.elapsed());
        if self.signed_in.elapsed() > SIGN_IN_AGAIN {
            self.trader = dev.user("trader");
            for customer in 0..CUSTOMERS {
                self.tokens[customer] = dev.customer_again(&login(customer));
            }
            self.signed_in = now();
        }
        dev
    }

    /// Runs `work` on all workers at once, and meanwhile `meanwhile`.
    fn all(&mut self, work: impl Fn(&mut Worker, &str) + Sync, meanwhile: impl FnOnce()) {
        let tokens = &self.tokens;
        std::thread::scope(|scope| {
            for worker in &mut self.workers {
                let work = &work;
                scope.spawn(move || work(worker, &tokens[worker.customer]));
            }
            meanwhile();
        });
    }

    fn unknown(&self) -> usize {
        let entries = self.workers.iter().flat_map(|worker| &worker.history.0);
        entries.filter(|entry| entry.is_unknown()).count()
    }

    fn resolve(&mut self, dev: &Dev) {
        self.resolved += self.unknown();
        let port = dev.port;
        self.all(
            |worker, token| {
                worker.resolve(port, token);
            },
            || {},
        );
        assert_eq!(self.unknown(), 0);
    }

    /// Load until the process dies, at a random instant.
    fn die_under_load(&mut self, dev: &mut Dev, selections: &[Selection; 2]) {
        let lives = Duration::from_millis(self.chance.between(20, 400));
        let (port, over) = (dev.port, AtomicBool::new(false));
        self.all(
            |worker, token| worker.load(port, token, selections, &over),
            || {
                // Not to wait for anything: the instant of the kill is what is being tried.
                std::thread::park_timeout(lives);
                dev.process.kill();
                over.store(true, Ordering::Release);
            },
        );
    }

    /// A start that does not get to its end, or only just.
    fn die_while_starting(&mut self) {
        let mut process = self.place.spawn(&["--port", "0"]);
        std::thread::park_timeout(Duration::from_millis(self.chance.between(1, 300)));
        process.kill();
    }

    /// Dies while unknown outcomes are asked for.
    fn die_while_resolving(&mut self, dev: &mut Dev) {
        let lives = Duration::from_millis(self.chance.between(1, 60));
        let port = dev.port;
        self.all(
            |worker, token| worker.try_to_resolve(port, token),
            || {
                std::thread::park_timeout(lives);
                dev.process.kill();
            },
        );
    }

    /// One story per customer.
    fn stories(&self) -> Vec<History> {
        let mut stories = vec![History::default(); CUSTOMERS];
        for worker in &self.workers {
            let story = &mut stories[worker.customer].0;
            story.extend(worker.history.0.iter().cloned());
        }
        stories
    }
}

fn customers_must_have_what_follows(world: &World, dev: &Dev) {
    for (customer, story) in world.stories().iter().enumerate() {
        let token = &world.tokens[customer];
        for entry in &story.0 {
            if let (Wish::Deposit { .. }, Known::Done { id, .. }) = (&entry.wish, &entry.known) {
                wait_for("a deposit's confirmation", || {
                    let path = format!("/v1/deposits/{id}");
                    let shown = dev.ask(Ask::get(&path).by(token));
                    assert_eq!(shown.status, 200, "{}", shown.shown());
                    (shown.text("status") == "confirmed").then_some(())
                });
            }
        }
        let expected = story.cash_and_held(FIRST_MONEY);
        let mut seen = (0, 0);
        let started = now();
        while seen != expected && started.elapsed() < PATIENCE {
            seen = dev.balance(token);
        }
        assert_eq!(seen, expected, "{}: cash and held", login(customer));
        story.must_be_listed(&dev.bets(token));
        let mut client = dev.client();
        for entry in &story.0 {
            let Known::Done { id, body } = &entry.known else {
                continue;
            };
            let Wish::Bet { .. } = entry.wish else {
                continue;
            };
            let path = format!("/v1/bets/{id}");
            let shown = client.ask(Ask::get(&path).by(token)).expect("an answer");
            assert_eq!(shown.text("status"), "accepted", "{}", shown.shown());
            let again = entry.clone().send(&mut client, token).expect("an answer");
            assert!(again.is_replayed(), "{}", again.shown());
            assert_eq!(
                String::from_utf8_lossy(&again.body),
                String::from_utf8_lossy(body),
                "the answer of {}",
                entry.key
            );
        }
    }
}

/// The result comes, winners are paid, and every cent is where it belongs.
fn settlement_must_pay(world: &mut World, dev: &Dev) {
    let result = json!({"type": "result", "fixture": "f", "market": "m", "outcomes": [
        {"selection": "a", "outcome": "won"}, {"selection": "b", "outcome": "lost"}]});
    let close = json!({"type": "close", "fixture": "f", "market": "m"});
    let trader = world.trader.clone();
    world.feed.say(dev, &trader, &[close, result]);
    for (customer, story) in world.stories().iter().enumerate() {
        let (cash, _) = story.cash_and_held(FIRST_MONEY);
        let expected = (cash + story.returns(PRICE), 0);
        let mut seen = (0, 0);
        let started = now();
        while seen != expected && started.elapsed() < PATIENCE {
            seen = dev.balance(&world.tokens[customer]);
        }
        assert_eq!(seen, expected, "{}: after the result", login(customer));
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled() {
    let kills = setting("FURLONG_KILLS").unwrap_or(50);
    let begun = now();
    let (mut world, mut dev, selections) = World::new();
    let mut beside = 0_u64;
    for kill in 1..=kills {
        world.die_under_load(&mut dev, &selections);
        if kill % 5 == 2 {
            world.die_while_starting();
            beside += 1;
        }
        if kill == kills.div_ceil(2) {
            world.place.must_be_sound("as the kill has left it");
        }
        dev = world.start();
        if kill % 5 == 4 {
            world.die_while_resolving(&mut dev);
            beside += 1;
            dev = world.start();
        }
        let market = &selections[0].market;
        let trader = world.trader.clone();
        world.feed.go_on(&dev, &trader, market);
        world.resolve(&dev);
    }
    customers_must_have_what_follows(&world, &dev);
    settlement_must_pay(&mut world, &dev);
    let status = dev.process.stop();
    assert_eq!(status.code(), Some(0), "{}", world.place.stderr());
    world.place.must_be_sound("after all kills");
    report(&world, kills, beside, begun);
}

fn report(world: &World, kills: u64, beside: u64, begun: Instant) {
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for entry in world.workers.iter().flat_map(|worker| &worker.history.0) {
        let outcome = match (&entry.wish, &entry.known) {
            (Wish::Bet { .. }, Known::Done { .. }) => "bets accepted".to_owned(),
            (Wish::Deposit { .. }, Known::Done { .. }) => "deposits".to_owned(),
            (_, Known::Refused { code }) => code.clone(),
            (_, Known::Nothing) => "unknown".to_owned(),
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    let mut starts = world.starts.clone();
    starts.sort_unstable();
    let middle = starts.get(starts.len() / 2).copied().unwrap_or_default();
    let longest = starts.last().copied().unwrap_or_default();
    let bound = 3.0 / kills.max(1) as f64;
    eprintln!(
        "kill: n = {kills} kills under load and {beside} while starting or resolving, 0 failures: \
         with 95 % confidence less than 3/n = {bound:.3} of kills lose or double anything"
    );
    eprintln!(
        "kill: {outcomes:?}; {} unknown outcomes resolved; ready again after {middle:?} (median), \
         {longest:?} (longest); {:?} in all",
        world.resolved,
        begun.elapsed()
    );
    let accepted = outcomes.get("bets accepted").copied().unwrap_or_default();
    assert!(accepted > kills, "too little load to show anything");
    assert!(world.resolved > 0, "no kill has hit a request");
}
