//! A node on a loopback port, with customers who have money and markets that stay open.
//!
//! Duty: everything that a bet over HTTP needs, made by the commands and feed lines that would
//! make it in real use. Prohibition: no price moves and nothing goes in play, so that no bet has
//! a reason to be refused.

use crate::admission::AdmissionOptions;
use crate::data_folder::DataFolder;
use crate::exit::Failure;
use crate::feed_desk::FeedDesk;
use crate::house_tokens::HouseTokens;
use crate::newcomers::deliver_call_backs;
use crate::node::{Node, NodeOptions};
use crate::screen::Screen;
use anyhow::{Context, anyhow, ensure};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use eventlog::EventLog;
use gateway::ports::Tokens;
use kernel::{CustomerId, SessionId, Topic};
use markets::{MarketStatus, MarketView};
use odds::feed::ndjson;
use runtime::{Clock, Shared, SystemEntropy};
use schemas::auth::Role;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Partitions of every topic, as `furlong dev` has them.
pub const PARTITIONS: u16 = 8;
/// Who bets.
pub const CUSTOMERS: u16 = 50;
/// What each begins with: ten thousand euros.
const FUNDS_MINOR: i64 = 1_000_000;
/// Markets, one a fixture, three selections each.
pub const MARKETS: u16 = 48;
const SELECTIONS: [&str; SELECTIONS_PER_MARKET] = ["home", "draw", "away"];
pub const SELECTIONS_PER_MARKET: usize = 3;
const PRICE: &str = "2.50";
/// Not during any run.
const STARTS_AT: &str = "2100-01-01T15:00:00Z";
const SOURCE: &str = "bench";
const SNAPSHOT_EVERY: u64 = 20_000;
/// How long an answer is waited for before it is called unknown.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long the world may take to be made.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether it is.
pub const LOOK_AGAIN: Duration = Duration::from_millis(5);
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// The running node, and what bets are made of.
pub struct World {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its log.
    pub log: Arc<dyn EventLog>,
    /// Who may bet, and on what.
    pub slips: Arc<Slips>,
    /// Where feeds are told.
    pub feeds: Arc<FeedDesk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is on offer.
    pub markets: Arc<Shared<MarketView>>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), Failure>>,
}

/// Makes requests that place slips.
pub struct Slips {
    tokens: Vec<String>,
    selections: Vec<(String, u64)>,
    host: SocketAddr,
}

impl World {
    /// Measures beside a node of this admission, in a temporary folder: the node has its threads,
    /// whoever measures has the thread that calls. The node is stopped in any case.
    pub fn measured<T>(
        admission: AdmissionOptions,
        screen: &mut Screen<'_>,
        measure: impl AsyncFnOnce(&Self, &mut Screen<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let house = tokio::runtime::Runtime::new().context("threads")?;
        let client = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("a thread")?;
        screen.progress("starting a node");
        let world = house.block_on(Self::make(&folder.path().join("node"), admission))?;
        let measured = client.block_on(measure(&world, screen));
        let stopped = house.block_on(world.stop());
        let told = measured?;
        stopped?;
        Ok(told)
    }

    /// Starts the node in this folder and fills it.
    async fn make(folder: &Path, admission: AdmissionOptions) -> anyhow::Result<Self> {
        let mut node = Node::start(NodeOptions {
            provider: crate::providers::ProviderChoice::Simulated,
            notices: None,
            passkeys: crate::house_passkeys::PasskeyPages::default(),
            folder: DataFolder::new(folder),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            partitions: PARTITIONS,
            snapshot_every: SNAPSHOT_EVERY,
            lean_step_permille: 0,
            withdrawal_review_units: gateway::WITHDRAWAL_REVIEW_UNITS,
            deadline: DEADLINE,
            rate_limit: None,
            admission,
            demo: None,
        })
        .await
        .map_err(|error| anyhow!("{error}"))?;
        deliver_call_backs(&mut node);
        keep_markets(&mut node).await?;
        let tokens = customers(&node).await?;
        let selections = on_offer(&node).await?;
        let slips = Slips {
            tokens,
            selections,
            host: node.address,
        };
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            address: node.address,
            log: Arc::clone(&node.engine.ground().log),
            slips: Arc::new(slips),
            feeds: Arc::clone(&node.feeds),
            clock: Arc::clone(&node.engine.ground().clock),
            markets: Arc::clone(&node.engine.markets),
            stop,
            serving: tokio::spawn(node.serve(async {
                // That the sender is gone means the same as its word.
                stopped.await.ok();
            })),
        })
    }

    /// How many commands were sent to bets.
    pub async fn commands(&self) -> anyhow::Result<u64> {
        let mut commands = 0_u64;
        for partition in 0..PARTITIONS {
            let at = kernel::TopicPartition::new(Topic::BetsCommands, partition);
            commands = commands.saturating_add(self.log.end(at).await?);
        }
        Ok(commands)
    }

    /// How many records stand in all journals and inboxes.
    pub async fn records(&self) -> anyhow::Result<u64> {
        let mut records = 0_u64;
        for topic in Topic::ALL.iter().copied() {
            for partition in 0..PARTITIONS {
                let at = kernel::TopicPartition::new(topic, partition);
                records = records.saturating_add(self.log.end(at).await?);
            }
        }
        Ok(records)
    }

    /// Stops the node in order.
    pub async fn stop(self) -> anyhow::Result<()> {
        ensure!(self.stop.send(()).is_ok(), "the node has ended by itself");
        // Whoever holds on to the node's parts keeps its folder open.
        drop((self.log, self.feeds, self.markets));
        let ended = self.serving.await.context("the node has panicked")?;
        ended.map_err(|error| anyhow!("{error}"))
    }
}

impl Slips {
    /// Of these customers on these selections, at these versions.
    #[cfg(feature = "cluster")]
    pub const fn of(tokens: Vec<String>, selections: Vec<(String, u64)>, host: SocketAddr) -> Self {
        Self {
            tokens,
            selections,
            host,
        }
    }

    /// A single on some selection by some customer; neighbours are never of one partition.
    pub fn request(&self, number: u64) -> Option<Vec<u8>> {
        let (selection, version) = nth(&self.selections, number.wrapping_mul(7))?;
        // Slips that differ, as people's do.
        let cents = number.wrapping_mul(11).checked_rem(100)?;
        let body = format!(
            "{{\"type\":\"single\",\"legs\":[{{\"selection_id\":\"{selection}\",\"price\":\"{PRICE}\",\
             \"market_version\":{version}}}],\"stake\":{{\"amount\":\"1.{cents:02}\",\"currency\":\
             \"EUR\"}},\"price_policy\":\"better\",\"each_way\":false}}"
        );
        self.post(number, &number.to_string(), &body)
    }

    /// What singles are on.
    pub fn selections(&self) -> &[(String, u64)] {
        &self.selections
    }

    /// A goliath of a cent a line on these legs.
    pub fn goliath(&self, number: u64, legs: &[(String, u64)]) -> Option<Vec<u8>> {
        let legs: Vec<String> = legs
            .iter()
            .map(|(selection, version)| {
                format!(
                    "{{\"selection_id\":\"{selection}\",\"price\":\"{PRICE}\",\
                     \"market_version\":{version}}}"
                )
            })
            .collect();
        let body = format!(
            "{{\"type\":\"goliath\",\"legs\":[{}],\"stake\":{{\"amount\":\"0.01\",\"currency\":\
             \"EUR\"}},\"price_policy\":\"any\",\"each_way\":false}}",
            legs.join(",")
        );
        self.post(number, &format!("goliath-{number}"), &body)
    }

    fn post(&self, number: u64, key: &str, body: &str) -> Option<Vec<u8>> {
        let token = nth(&self.tokens, number)?;
        let request = format!(
            "POST /v1/bets HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: {key}\r\nPrefer: wait=5\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        Some(request.into_bytes())
    }
}

pub fn nth<T>(all: &[T], number: u64) -> Option<&T> {
    let count = u64::try_from(all.len()).ok()?;
    all.get(usize::try_from(number.checked_rem(count)?).ok()?)
}

/// Offers the markets, and lets their source say now and then that it lives.
async fn keep_markets(node: &mut Node) -> anyhow::Result<()> {
    let ground = node.engine.ground();
    let (log, clock) = (Arc::clone(&ground.log), Arc::clone(&ground.clock));
    let now = clock.now();
    let mut sequence = 0_u64;
    let mut line = move |mut value: Value, now| {
        sequence = sequence.saturating_add(1);
        value["source"] = SOURCE.into();
        value["sequence"] = sequence.into();
        ndjson::read_line(&value.to_string(), PARTITIONS, now)
    };
    for number in 0..MARKETS {
        for value in offer(number) {
            node.feeds.send(&*log, line(value, now)?, now).await;
        }
    }
    let feeds = Arc::clone(&node.feeds);
    node.engine.beside(async move {
        loop {
            tokio::time::sleep(ALIVE_EVERY).await;
            let now = clock.now();
            if let Ok(update) = line(json!({"type": "alive"}), now) {
                feeds.send(&*log, update, now).await;
            }
        }
    });
    Ok(())
}

/// What the source says of one fixture.
pub fn offer(number: u16) -> [Value; 3] {
    let fixture = format!("fixture-{number}");
    let selections = SELECTIONS.map(|name| json!({"selection": name, "name": name}));
    let prices = SELECTIONS.map(|name| json!({"selection": name, "price": PRICE}));
    [
        json!({"type": "fixture", "fixture": fixture, "name": fixture, "sport": "football",
            "starts_at": STARTS_AT}),
        json!({"type": "market", "fixture": fixture, "market": "result", "name": "Match result",
            "kind": "match_result", "selections": selections}),
        json!({"type": "book", "fixture": fixture, "market": "result", "prices": prices}),
    ]
}

/// Lets the customers in; their tokens, once each one's money is there.
async fn customers(node: &Node) -> anyhow::Result<Vec<String>> {
    let entropy = Arc::new(SystemEntropy);
    let now = node.engine.ground().clock.now();
    let tokens = HouseTokens::new(Arc::clone(&node.keys), entropy.clone(), now)?;
    let registrar = node.registrar();
    let mut texts = Vec::new();
    for number in 0..CUSTOMERS {
        let login = format!("bench-{number}");
        let customer: CustomerId = registrar
            .customer_without_password(&login, FUNDS_MINOR)
            .await
            .map_err(|error| anyhow!("{error}"))?;
        let session = SessionId::from_bytes(customer.bytes());
        let now = node.engine.ground().clock.now();
        texts.push(
            tokens
                .issue(customer, session, &[Role::Customer], None, now)
                .text,
        );
    }
    let all_paid = async {
        for token in &texts {
            while !has_money(node, token).await? {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all_paid)
        .await
        .context("the customers' money did not come")??;
    Ok(texts)
}

async fn has_money(node: &Node, token: &str) -> anyhow::Result<bool> {
    let request = Request::get("/v1/account/balance")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())?;
    let answer = match node.gateway.router().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let body = to_bytes(answer.into_body(), 1 << 16).await?;
    let told: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(told["cash"]
        .as_str()
        .is_some_and(|cash| !cash.starts_with("0.")))
}

/// All selections of the markets, and the version at which their prices stand.
async fn on_offer(node: &Node) -> anyhow::Result<Vec<(String, u64)>> {
    let wanted = usize::from(MARKETS).saturating_mul(SELECTIONS.len());
    let all_open = async {
        loop {
            let open: Vec<(String, u64)> = {
                let view = node.engine.markets.look();
                view.markets()
                    .filter(|market| market.status == MarketStatus::Open)
                    .flat_map(|market| {
                        let priced = market.selections.iter().filter(|s| s.price.is_some());
                        priced.map(|selection| (selection.id.to_string(), market.version))
                    })
                    .collect()
            };
            if open.len() >= wanted {
                return open;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_open)
        .await
        .context("the markets did not open")
}
