//! A book with many open bets on one market, and the owners who settle it.
//!
//! Duty: start the owners of odds, bets and ledger on an embedded log, fill accounts, offer
//! markets, place bets through the inbox of bets, and say the result as a feed does. Prohibition:
//! no short cut: each bet is judged, held and struck, and each result comes from its source.

use super::tally::Tally;
use crate::engine::{Engine, Ground, Reading, Work};
use crate::feed_desk::{FeedDesk, framed};
use crate::roles::{Role, Roles};
use anyhow::{Context, anyhow};
use bytes::Bytes;
use eventlog::EventLog;
use eventlog_sqlite::{Options, SqliteLog};
use futures::future::join_all;
use kernel::{
    BetId, CorrelationId, Currency, CustomerId, Digest, FixtureId, MarketId, Money, Partition,
    Price, RequestId, SelectionId, Topic, TopicPartition, TransferId,
};
use markets::{MarketStatus, MarketView};
use odds::Terms;
use odds::feed::ndjson;
use runtime::{Clock, Duty, Health, Seats, Shared, SystemClock, SystemEntropy};
use schemas::bets::{BetType, Command, Leg, PlaceBet, PricePolicy, Slip};
use schemas::ledger::{
    Account, AccountKind, Amount, Command as LedgerCommand, Exactly, Post, PostTransfers, Transfer,
    TransferCode, TransferKind,
};
use schemas::{CommandRecord, Wire};
use serde_json::{Value, json};
use snapshots::FolderStore;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use viewstore_sqlite::SqliteViewStore;

/// Who bets, over all partitions.
const CUSTOMERS: u64 = 10_000;
/// What each begins with: a million euros, so that no run comes to an end of it.
const FUNDS_MINOR: i64 = 100_000_000;
const STAKE_MINOR: i64 = 100;
const PRICE: &str = "2.50";
/// What a winner is paid.
const RETURN_MINOR: i64 = 250;
/// More than all bets of a run can lose.
const EXPOSURE_MAX_MINOR: i64 = 1_000_000_000_000;
const SELECTIONS: [&str; 3] = ["home", "draw", "away"];
const SOURCE: &str = "bench";
/// Not during any run.
const STARTS_AT: &str = "2100-01-01T15:00:00Z";
const SNAPSHOT_EVERY: u64 = 20_000;
const STAND_BACK: Duration = Duration::from_millis(20);
const ALIVE_EVERY: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long a market may take to open.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bets that are on their way at once.
const ON_THEIR_WAY: u64 = 4_000;

/// The owners, their log, and the desk of the feed.
pub struct Book {
    engine: Engine,
    log: Arc<SqliteLog>,
    desk: Arc<FeedDesk>,
    /// The source's count. Held while a line is sent: two lines must not overtake each other.
    said: Arc<Mutex<u64>>,
    next: u64,
    /// What the journals say.
    pub tally: Tally,
}

/// A market that takes bets.
pub struct Open {
    number: u32,
    market: MarketId,
    fixture: FixtureId,
    version: u64,
    /// In the order in which they were offered: home first.
    selections: Vec<SelectionId>,
    /// Bets on home.
    on_home: i64,
}

impl Open {
    /// What the winners are paid when home wins.
    pub fn winnings_minor(&self) -> i64 {
        self.on_home.saturating_mul(RETURN_MINOR)
    }
}

impl Book {
    /// Starts the owners in this folder; with all services where that is wanted.
    pub async fn open(folder: &Path, partitions: u16, whole: bool) -> anyhow::Result<Self> {
        let log = Arc::new(SqliteLog::open(
            folder,
            &Options::new(partitions, "benchmark"),
        )?);
        let exposure = Money::from_minor(EXPOSURE_MAX_MINOR, Currency::Eur);
        let ground = Ground {
            log: Arc::<SqliteLog>::clone(&log),
            views: Arc::new(SqliteViewStore::open(folder, 1)?),
            snapshots: Arc::new(FolderStore::open(&folder.join("snapshots"))?),
            clock: Arc::new(SystemClock::new(1)),
            entropy: Arc::new(SystemEntropy),
            partitions,
            snapshot_every: SNAPSHOT_EVERY,
            terms: Terms::new(partitions, exposure),
            stand_back: STAND_BACK,
        };
        let (roles, reading) = if whole {
            (Roles::all(), Reading::Together)
        } else {
            let roles = Roles::of([Role::Odds, Role::Bets, Role::Ledger]);
            (roles, Reading::Apart)
        };
        let work = Work {
            seats: Arc::new(Seats::new(&roles.shared_out(), partitions, Duty::Serve)),
            roles,
            reading,
        };
        let markets = Arc::new(Shared::new(MarketView::default()));
        let desk = Arc::new(FeedDesk::new(Arc::clone(&markets), partitions));
        let health = Arc::new(Health::default());
        let engine = Engine::start(ground, work, markets, health, vec![]);
        let ready = engine.ready().await;
        ready.map_err(|(part, why)| anyhow!("{part} has halted: {why}"))?;
        let mut book = Self {
            engine,
            log,
            desk,
            said: Arc::new(Mutex::new(0)),
            next: 0,
            tally: Tally::new(),
        };
        book.follow();
        book.stay_alive();
        book.fund().await?;
        Ok(book)
    }

    fn partitions(&self) -> u16 {
        self.engine.ground().partitions
    }

    /// The journals of bets and ledger.
    pub fn journals(&self) -> Vec<TopicPartition> {
        let topics = [Topic::BetsEvents, Topic::LedgerEvents];
        let of = |topic| (0..self.partitions()).map(move |p| TopicPartition::new(topic, p));
        topics.into_iter().flat_map(of).collect()
    }

    /// The log.
    pub fn log(&self) -> &dyn EventLog {
        &*self.log
    }

    fn follow(&mut self) {
        for at in self.journals() {
            let log: Arc<dyn EventLog> = Arc::<SqliteLog>::clone(&self.log);
            let reading = self.tally.clone().follow(log, at);
            self.engine.beside(reading);
        }
    }

    /// The source says now and then that it lives.
    fn stay_alive(&mut self) {
        let (desk, log) = (Arc::clone(&self.desk), Arc::clone(&self.log));
        let (said, partitions) = (Arc::clone(&self.said), self.partitions());
        let clock = Arc::clone(&self.engine.ground().clock);
        self.engine.beside(async move {
            loop {
                tokio::time::sleep(ALIVE_EVERY).await;
                let alive = json!({"type": "alive"});
                // A line of our own making is an update.
                say(&desk, &*log, &*clock, &said, partitions, alive)
                    .await
                    .unwrap_or_default();
            }
        });
    }

    async fn say(&self, value: Value) -> anyhow::Result<()> {
        let clock = &*self.engine.ground().clock;
        let (said, partitions) = (&self.said, self.partitions());
        say(&self.desk, &*self.log, clock, said, partitions, value).await
    }

    /// Gives every customer money, from the house's account of their partition.
    async fn fund(&self) -> anyhow::Result<()> {
        let mut sending = Vec::new();
        for partition in 0..self.partitions() {
            let transfers: Vec<Transfer> = (0..CUSTOMERS)
                .map(|number| customer(number, self.partitions()))
                .filter(|customer| customer.partition() == partition)
                .zip(0..)
                .map(|(customer, number)| deposit(customer, number))
                .collect();
            let command = LedgerCommand::PostTransfers(PostTransfers { transfers });
            let at = TopicPartition::new(Topic::LedgerCommands, partition);
            sending.push(
                self.log
                    .send(at, self.command(at, partition.into(), command)),
            );
        }
        join_all(sending).await;
        self.tally
            .until(|counts| counts.funded >= CUSTOMERS)
            .await?;
        Ok(())
    }

    fn command<C: Wire>(&self, at: TopicPartition, number: u64, command: C) -> Bytes {
        let record = CommandRecord {
            request_id: RequestId::example(number, at.partition),
            request_digest: Digest::ZERO,
            correlation_id: CorrelationId::example(number, at.partition),
            sent_at: self.engine.ground().clock.now(),
            not_after: None,
            command,
        };
        framed(at.topic, &record)
    }

    /// Offers a market, and waits until it takes bets.
    pub async fn offer(&self, number: u32) -> anyhow::Result<Open> {
        let fixture = format!("fixture-{number}");
        let selections = SELECTIONS.map(|name| json!({"selection": name, "name": name}));
        let prices = SELECTIONS.map(|name| json!({"selection": name, "price": PRICE}));
        let lines = [
            json!({"type": "fixture", "fixture": fixture, "name": fixture, "sport": "football",
                "starts_at": STARTS_AT}),
            json!({"type": "market", "fixture": fixture, "market": "result", "name": fixture,
                "kind": "match_result", "selections": selections}),
            json!({"type": "book", "fixture": fixture, "market": "result", "prices": prices}),
        ];
        for line in lines {
            self.say(line).await?;
        }
        let opened = async {
            loop {
                if let Some(open) = self.find(number, &fixture) {
                    return open;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let opened = tokio::time::timeout(PATIENCE, opened).await;
        opened.context("the market did not open")
    }

    fn find(&self, number: u32, name: &str) -> Option<Open> {
        let view = self.engine.markets.look();
        let market = view.markets().find(|market| market.name == name)?;
        let priced = market.selections.iter().all(|one| one.price.is_some());
        (market.status == MarketStatus::Open && priced).then(|| Open {
            number,
            market: market.id,
            fixture: market.fixture,
            version: market.version,
            selections: market.selections.iter().map(|one| one.id).collect(),
            on_home: 0,
        })
    }

    /// Places so many singles and waits until all are struck; never too many at once.
    pub async fn place(&mut self, open: &mut Open, bets: u64) -> anyhow::Result<()> {
        let before = self.tally.now().struck;
        let mut placed = 0_u64;
        while placed < bets {
            let more = bets.saturating_sub(placed).min(ON_THEIR_WAY / 4);
            let mut sending = Vec::new();
            for _ in 0..more {
                let slip = self.slip(open)?;
                sending.push(self.log.send(slip.0, slip.1));
            }
            join_all(sending).await;
            placed = placed.saturating_add(more);
            let wanted = before.saturating_add(placed.saturating_sub(ON_THEIR_WAY));
            self.tally.until(|counts| counts.struck >= wanted).await?;
        }
        let wanted = before.saturating_add(bets);
        self.tally.until(|counts| counts.struck >= wanted).await?;
        Ok(())
    }

    /// The next single, by the next customer on the next selection.
    fn slip(&mut self, open: &mut Open) -> anyhow::Result<(TopicPartition, Bytes)> {
        self.next = self.next.saturating_add(1);
        let number = self.next;
        let customer = customer(number, self.partitions());
        let partition = customer.partition();
        // Which selection is not tied to which partition.
        let choice = number.checked_rem(3).unwrap_or(0);
        if choice == 0 {
            open.on_home = open.on_home.saturating_add(1);
        }
        let selection = open.selections.get(usize::try_from(choice)?);
        let leg = Leg {
            selection: *selection.context("three selections")?,
            market: open.market,
            fixture: open.fixture,
            price: PRICE.parse::<Price>().map_err(|error| anyhow!("{error}"))?,
            market_version: open.version,
        };
        let command = Command::PlaceBet(PlaceBet {
            bet: BetId::example(number, partition),
            customer,
            slip: Slip {
                bet_type: BetType::Single,
                legs: vec![leg],
                stake: Money::from_minor(STAKE_MINOR, Currency::Eur),
                price_policy: PricePolicy::Better,
                each_way: false,
                client_ref: None,
            },
        });
        let at = TopicPartition::new(Topic::BetsCommands, partition);
        Ok((at, self.command(at, number, command)))
    }

    /// Home has won.
    pub async fn result(&self, open: &Open) -> anyhow::Result<()> {
        let outcomes = SELECTIONS.map(|name| {
            let outcome = if name == "home" { "won" } else { "lost" };
            json!({"selection": name, "outcome": outcome})
        });
        let fixture = format!("fixture-{}", open.number);
        self.say(
            json!({"type": "result", "fixture": fixture, "market": "result",
            "outcomes": outcomes}),
        )
        .await
    }

    /// Stops the owners and closes the log.
    pub async fn stop(self) {
        let Self { engine, log, .. } = self;
        engine.stop().await;
        log.close();
    }
}

async fn say(
    desk: &FeedDesk,
    log: &dyn EventLog,
    clock: &dyn Clock,
    said: &Mutex<u64>,
    partitions: u16,
    mut value: Value,
) -> anyhow::Result<()> {
    let mut said = said.lock().await;
    *said = said.saturating_add(1);
    value["source"] = SOURCE.into();
    value["sequence"] = (*said).into();
    let now = clock.now();
    let update = ndjson::read_line(&value.to_string(), partitions, now)?;
    desk.send(log, update, now).await;
    Ok(())
}

fn customer(number: u64, partitions: u16) -> CustomerId {
    let number = number.checked_rem(CUSTOMERS).unwrap_or(0);
    let partition = number.checked_rem(u64::from(partitions)).unwrap_or(0);
    CustomerId::example(number, Partition::try_from(partition).unwrap_or(0))
}

fn deposit(customer: CustomerId, number: u64) -> Transfer {
    let account = |customer, kind| Account {
        customer,
        kind,
        currency: Currency::Eur,
    };
    Transfer {
        id: TransferId::example(number, customer.partition()),
        debit: account(None, AccountKind::Provider),
        credit: account(Some(customer), AccountKind::Cash),
        amount: Amount::Exactly(Exactly { minor: FUNDS_MINOR }),
        kind: TransferKind::Post(Post {}),
        linked: false,
        code: TransferCode::Benchmark,
        credit_fallback: None,
        rules_waived: false,
    }
}
