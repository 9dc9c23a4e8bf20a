//! The feed of the markets that clients bet on.
//!
//! Duty: one open market in each odds partition, whose result is told after a while and which a
//! new one follows; it says all the time that it lives, and takes back whatever a silence has
//! stopped. Prohibition: what was told once is told again in the same words until it was taken.

use crate::fleet::Doors;
use crate::history::History;
use crate::http::Ask;
use crate::session::{Credentials, Session};
use crate::time::{Chance, now, pass, wait_for};
use anyhow::{Context, bail};
use kernel::{FixtureId, MarketId, SelectionId};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOURCE: &str = "campaign";
/// Both selections pay so many times the stake.
const PRICE: &str = "2.00";
/// Between two signs of life.
const BEAT: Duration = Duration::from_millis(700);
/// After an answer that was none.
const AGAIN: Duration = Duration::from_millis(40);

/// What can be bet on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The selection.
    pub selection: SelectionId,
    /// Its price.
    pub price: String,
    /// The version of its market's book.
    pub version: u64,
}

/// What is on offer now.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<RwLock<Vec<Offer>>>);

impl Board {
    /// One of them; none while nothing is on offer.
    #[must_use]
    pub fn choose(&self, chance: &mut Chance) -> Option<Offer> {
        let offers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        chance.one_of(&offers).cloned()
    }

    fn withdraw(&self, selections: &[SelectionId]) {
        let mut offers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        offers.retain(|offer| !selections.contains(&offer.selection));
    }

    fn show(&self, offers: Vec<Offer>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = offers;
    }
}

#[derive(Clone, Debug)]
struct Market {
    fixture: FixtureId,
    market: MarketId,
    selections: [SelectionId; 2],
    since: Instant,
}

impl Market {
    fn line(&self, kind: &str, more: Value) -> Value {
        let mut line = json!({
            "type": kind, "fixture": self.fixture.to_string(), "market": self.market.to_string(),
        });
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        line
    }

    fn book(&self) -> Value {
        let prices = self
            .selections
            .map(|selection| json!({"selection": selection.to_string(), "price": PRICE}));
        self.line("book", json!({ "prices": prices }))
    }

    fn offered(&self) -> Vec<Value> {
        let named = ["Heads", "Tails"];
        let selections: Vec<_> = self
            .selections
            .iter()
            .zip(named)
            .map(|(selection, name)| json!({"selection": selection.to_string(), "name": name}))
            .collect();
        vec![
            json!({
                "type": "fixture", "fixture": self.fixture.to_string(), "name": "Coin", "sport": "coins",
                "starts_at": "2090-01-01T12:00:00Z",
            }),
            self.line(
                "market",
                json!({"name": "Toss", "kind": "winner", "selections": selections}),
            ),
            self.book(),
        ]
    }

    /// Closed with a result: the first selection has won or the second.
    fn ended(&self, first_won: bool) -> Vec<Value> {
        let outcomes: Vec<_> = self
            .selections
            .iter()
            .zip([first_won, !first_won])
            .map(|(selection, won)| {
                let outcome = if won { "won" } else { "lost" };
                json!({"selection": selection.to_string(), "outcome": outcome})
            })
            .collect();
        vec![
            self.line("close", json!({})),
            self.line("result", json!({ "outcomes": outcomes })),
        ]
    }
}

/// How the feed is to work.
#[derive(Clone, Debug)]
pub struct FeedPlan {
    /// Where gateways are.
    pub doors: Doors,
    /// Who posts.
    pub who: Credentials,
    /// Partitions of odds.
    pub partitions: u16,
    /// How long a market stays open.
    pub open_for: Duration,
    /// Chance.
    pub chance: Chance,
}

/// A running feed.
pub struct Feed {
    board: Board,
    over: Arc<AtomicBool>,
    quiet: Arc<AtomicBool>,
    posts: Arc<AtomicU64>,
    failed_posts: Arc<AtomicU64>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

struct Feeder {
    session: Session,
    partitions: u16,
    open_for: Duration,
    sequence: u64,
    number: u64,
    chance: Chance,
    markets: Vec<Market>,
    history: Arc<History>,
    board: Board,
    over: Arc<AtomicBool>,
    quiet: Arc<AtomicBool>,
    posts: Arc<AtomicU64>,
    failed_posts: Arc<AtomicU64>,
}

impl Feed {
    /// Opens a market in every partition and goes on from there. Resolves when all are open.
    ///
    /// # Errors
    /// They are not open in time.
    pub fn start(plan: FeedPlan, history: &Arc<History>) -> anyhow::Result<Self> {
        let mut chance = plan.chance;
        let mut feeder = Feeder {
            session: Session::new(plan.doors, plan.who, 0),
            partitions: plan.partitions,
            open_for: plan.open_for,
            sequence: 0,
            number: chance.draw() >> 16,
            chance,
            markets: Vec::new(),
            history: Arc::clone(history),
            board: Board::default(),
            over: Arc::default(),
            quiet: Arc::default(),
            posts: Arc::default(),
            failed_posts: Arc::default(),
        };
        feeder.open_all()?;
        let mut feed = Self {
            board: feeder.board.clone(),
            over: Arc::clone(&feeder.over),
            quiet: Arc::clone(&feeder.quiet),
            posts: Arc::clone(&feeder.posts),
            failed_posts: Arc::clone(&feeder.failed_posts),
            thread: None,
        };
        feed.thread = Some(std::thread::spawn(move || feeder.work()));
        Ok(feed)
    }

    /// What is on offer.
    #[must_use]
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// No more results from now on: so that things can come to rest.
    pub fn rest(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::Release);
    }

    /// Posts that were taken, and tries that were not.
    #[must_use]
    pub fn posts(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Acquire);
        (load(&self.posts), load(&self.failed_posts))
    }

    /// Ends it.
    ///
    /// # Errors
    /// Why it had ended before.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.over.store(true, Ordering::Release);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => bail!("the feed has panicked"),
            None => Ok(()),
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

impl Feeder {
    fn new_market(&mut self, partition: u16) -> Market {
        self.number += 4;
        let number = self.number;
        Market {
            fixture: FixtureId::example(number, partition),
            market: MarketId::example(number + 1, partition),
            selections: [number + 2, number + 3].map(|id| SelectionId::example(id, partition)),
            since: now(),
        }
    }

    fn open_all(&mut self) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for partition in 0..self.partitions {
            let market = self.new_market(partition);
            lines.extend(market.offered());
            self.markets.push(market);
        }
        self.say(&lines);
        let open = wait_for(Duration::from_secs(60), || {
            pass(AGAIN);
            self.look().then_some(())
        });
        open.context("the markets did not open in time")
    }

    fn work(mut self) -> anyhow::Result<()> {
        while !self.over.load(Ordering::Acquire) {
            let begun = now();
            if self.quiet.load(Ordering::Acquire) {
                self.say(&[json!({"type": "alive"})]);
            } else {
                self.turn();
            }
            self.look();
            pass(BEAT.saturating_sub(begun.elapsed()));
        }
        Ok(())
    }

    /// Ends the market that has been open for long enough, if one has, and opens another one.
    fn turn(&mut self) {
        let mut lines = vec![json!({"type": "alive"})];
        let open_for = self.open_for;
        let due = self
            .markets
            .iter()
            .position(|market| market.since.elapsed() > open_for);
        if let Some(index) = due {
            let first_won = self.chance.below(2) == 0;
            let next = self.markets.get(index).map(|old| old.fixture.partition());
            let next = self.new_market(next.unwrap_or(0));
            if let Some(market) = self.markets.get_mut(index) {
                let old = std::mem::replace(market, next);
                self.board.withdraw(&old.selections);
                lines.extend(old.ended(first_won));
                lines.extend(market.offered());
                for (selection, won) in old.selections.iter().zip([first_won, !first_won]) {
                    // Told before it is said: a result that is never taken ends the run.
                    self.history.result(*selection, won);
                }
            }
        }
        self.say(&lines);
    }

    /// Shows what is open; tells whether all are. What a silence has stopped is opened again.
    fn look(&mut self) -> bool {
        let mut offers = Vec::new();
        let mut stopped = Vec::new();
        for market in &self.markets {
            let path = format!("/v1/markets/{}", market.market);
            let Ok(answer) = self.session.ask(Ask::get(&path)) else {
                continue;
            };
            let shown = answer.json();
            match (shown["status"].as_str(), shown["version"].as_u64()) {
                (Some("open"), Some(version)) => {
                    offers.extend(market.selections.map(|selection| Offer {
                        selection,
                        price: PRICE.to_owned(),
                        version,
                    }));
                }
                (Some("suspended"), _) => {
                    stopped.push(market.book());
                    stopped.push(market.line("resume", json!({})));
                }
                (_, _) => {}
            }
        }
        let all = offers.len() == self.markets.len() * 2;
        self.board.show(offers);
        if !stopped.is_empty() {
            self.say(&stopped);
        }
        all
    }

    /// Says it until it is taken: what was not answered is said again in the same words and under
    /// the same numbers, as a source does.
    fn say(&mut self, lines: &[Value]) {
        let mut first = true;
        let body = self.numbered(lines);
        while !self.over.load(Ordering::Acquire) {
            let mut ask = Ask::post("/v1/feed/updates", &body);
            ask.content_type = "application/x-ndjson";
            match self.session.ask(ask) {
                Ok(answer) if answer.status == 200 => {
                    let refused = &answer.json()["refused"];
                    if first && refused.as_array().is_some_and(|list| !list.is_empty()) {
                        self.history
                            .wrong(format!("the feed was refused: {refused}"));
                    }
                    self.posts.fetch_add(1, Ordering::AcqRel);
                    return;
                }
                Ok(answer) if [400, 403, 413, 415].contains(&answer.status) => {
                    self.history
                        .wrong(format!("the feed was refused: {}", answer.shown()));
                    return;
                }
                Ok(_) | Err(_) => {
                    first = false;
                    self.failed_posts.fetch_add(1, Ordering::AcqRel);
                    pass(AGAIN);
                }
            }
        }
    }

    fn numbered(&mut self, lines: &[Value]) -> String {
        let mut body = String::new();
        for line in lines {
            self.sequence += 1;
            let mut line = line.clone();
            line["source"] = SOURCE.into();
            line["sequence"] = self.sequence.into();
            body.push_str(&format!("{line}\n"));
        }
        body
    }
}
