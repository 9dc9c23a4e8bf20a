//! A gateway between a log in memory, views in memory, and owners that the test plays itself:
//! they write real journal records, with claims and chains.

mod answer;
mod bets;
mod doubles;
mod owner;
mod reader;

pub use answer::*;
pub use bets::*;
pub use doubles::*;
pub use owner::*;
use reader::{Reader, rows};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use eventlog::{Chain, EventLog, MemoryLog, Verdict};
use gateway::{Config, Gateway, Hub};
use http_body_util::BodyExt;
use kernel::*;
use markets::MarketView;
use schemas::{Wire, odds};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use tokio::sync::watch;
use tower::ServiceExt;
use viewstore::{MemoryViewStore, Progress, Row, ViewStore};

pub const PARTITIONS: u16 = 4;
pub const ANNA: CustomerId = CustomerId::example(1, 3);
pub const BOB: CustomerId = CustomerId::example(2, 3);
pub const FIXTURE: FixtureId = FixtureId::example(10, 1);
pub const MARKET: MarketId = MarketId::example(20, 1);
pub const HOME: SelectionId = SelectionId::example(30, 1);
pub const AWAY: SelectionId = SelectionId::example(31, 1);

/// Everything together.
pub struct World {
    pub log: MemoryLog,
    pub views: MemoryViewStore,
    pub hub: Arc<Hub>,
    pub gateway: Gateway,
    pub router: Router,
    pub markets: Arc<RwLock<MarketView>>,
    read_to: watch::Sender<BTreeMap<TopicPartition, Offset>>,
    pub projecting: Arc<AtomicBool>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Config {
            rate_limit: None,
            ..Config::default()
        })
    }

    pub fn with(config: Config) -> Self {
        let log = MemoryLog::default();
        let views = MemoryViewStore::default();
        let markets = Arc::new(RwLock::new(MarketView::default()));
        let gateway = Gateway::new(parts(&log, &views, &markets, config));
        let world = Self {
            log,
            views,
            hub: gateway.hub(),
            router: gateway.router(),
            gateway,
            markets,
            read_to: watch::Sender::default(),
            projecting: Arc::new(AtomicBool::new(true)),
        };
        for at in TopicPartition::journals(PARTITIONS) {
            tokio::spawn(world.clone_reader().run(at));
        }
        world
    }

    /// A second gateway on the same log and views that has not read any tail.
    pub fn another_gateway(&self) -> Gateway {
        let config = Config {
            rate_limit: None,
            ..Config::default()
        };
        Gateway::new(parts(&self.log, &self.views, &self.markets, config))
    }

    /// A gateway that counts requests in a store beside others.
    pub fn gateway_counting_in<S: gateway::ports::RateStore>(
        &self,
        store: &Arc<S>,
        config: Config,
    ) -> Gateway {
        let parts = parts(&self.log, &self.views, &self.markets, config);
        Gateway::new(gateway::Parts {
            rate_store: Some(Arc::<S>::clone(store)),
            ..parts
        })
    }

    /// A gateway that reads every tail, with other views.
    pub async fn reading_gateway(&self, views: Arc<dyn ViewStore>) -> Gateway {
        let markets = Arc::new(RwLock::new(MarketView::default()));
        let config = Config {
            rate_limit: None,
            ..Config::default()
        };
        let parts = parts(&self.log, &self.views, &markets, config);
        let gateway = Gateway::new(gateway::Parts { views, ..parts });
        let read_to = watch::Sender::default();
        for at in TopicPartition::journals(PARTITIONS) {
            let reader = Reader {
                log: self.log.clone(),
                views: MemoryViewStore::default(),
                hub: gateway.hub(),
                markets: Arc::clone(&markets),
                read_to: read_to.clone(),
                projecting: Arc::new(AtomicBool::new(false)),
            };
            tokio::spawn(reader.run(at));
        }
        self.read_to_the_end(&read_to).await;
        gateway
    }

    /// A gateway that has not read any tail, on a log of its own making.
    pub fn gateway_on(&self, log: Arc<dyn EventLog>) -> Gateway {
        let parts = parts(&self.log, &self.views, &self.markets, Config::default());
        Gateway::new(gateway::Parts { log, ..parts })
    }

    /// Lets the view of a journal partition catch up.
    pub async fn project(&self, at: TopicPartition) {
        let mut chain = Chain::default();
        let mut written = Vec::new();
        for record in self.log.read(at, 0, usize::MAX).await.unwrap() {
            let judged = chain.judge(at, record.offset, &record.bytes).unwrap();
            if judged.verdict == Verdict::Effective {
                let decision = schemas::decode_decision(at.at(record.offset), &record.bytes);
                written.extend(rows(&decision.unwrap()));
            }
        }
        let progress = Progress {
            next_offset: chain.next_offset,
            seq: chain.seq,
            chain: vec![],
        };
        self.views.apply(at, written, progress).await.unwrap();
    }

    fn clone_reader(&self) -> Reader {
        Reader {
            log: self.log.clone(),
            views: self.views.clone(),
            hub: Arc::clone(&self.hub),
            markets: Arc::clone(&self.markets),
            read_to: self.read_to.clone(),
            projecting: Arc::clone(&self.projecting),
        }
    }

    /// The odds of one fixture with one market of two selections.
    pub async fn offer(&self) -> Owner {
        let mut odds = Owner::claim(&self.log, Topic::OddsEvents, 1).await;
        let name = |selection, name: &str| odds::SelectionName {
            selection,
            name: name.to_owned(),
        };
        let events = vec![
            odds::Event::FixtureAnnounced(odds::FixtureAnnounced {
                fixture: FIXTURE,
                name: "Rovers v United".to_owned(),
                sport: "football".to_owned(),
                starts_at: Timestamp::from_millis(1_790_000_000_000),
            }),
            odds::Event::MarketOffered(odds::MarketOffered {
                market: MARKET,
                fixture: FIXTURE,
                name: "Match result".to_owned(),
                kind: odds::MarketKind::MatchResult(odds::MatchResult {}),
                selections: vec![name(HOME, "Rovers"), name(AWAY, "United")],
                source: "test".to_owned(),
                exposure_max: eur("10000.00"),
                budget_each: eur("100.00"),
                version: 1,
            }),
        ];
        odds.decide::<_, odds::Rejection>(None, events).await;
        quote(&mut odds, 2, "2.50").await;
        self.caught_up().await;
        odds
    }

    /// Waits until the tail and, unless they were stopped, the views have taken all that stands
    /// in the journals now.
    pub async fn caught_up(&self) {
        self.read_to_the_end(&self.read_to).await;
    }

    async fn read_to_the_end(&self, read_to: &watch::Sender<BTreeMap<TopicPartition, Offset>>) {
        let mut ends = BTreeMap::new();
        for at in TopicPartition::journals(PARTITIONS) {
            ends.insert(at, self.log.end(at).await.unwrap());
        }
        let mut read_to = read_to.subscribe();
        let all = read_to.wait_for(|read_to| {
            let read = |at| read_to.get(at).copied().unwrap_or(0);
            ends.iter().all(|(at, end)| read(at) >= *end)
        });
        within("the reader at the end of all journals", all)
            .await
            .unwrap();
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        sent_to(&self.router, request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(request("GET", path, token).body(Body::empty()).unwrap())
            .await
    }

    pub async fn post(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        let request = request("POST", path, token)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Writes a row as a projector would.
    pub async fn row<T: Wire>(&self, at: TopicPartition, table: &'static str, key: &[u8], row: &T) {
        let progress = self.views.progress(at).await.unwrap().unwrap_or_default();
        let row = Row {
            table,
            key: key.to_vec(),
            value: row.to_bytes(),
            seq: 1,
        };
        self.views.apply(at, vec![row], progress).await.unwrap();
    }
}

/// A request to any gateway.
pub async fn sent_to(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// What a test waits for, but not for ever.
pub async fn within<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let longest = std::time::Duration::from_secs(60);
    match tokio::time::timeout(longest, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("no sign of {what} for {longest:?}"),
    }
}

pub async fn quote(odds: &mut Owner, version: u64, home: &str) {
    let book = odds::BookPublished {
        market: MARKET,
        version,
        prices: vec![
            odds::SelectionPrice {
                selection: HOME,
                price: Some(home.parse().unwrap()),
            },
            odds::SelectionPrice {
                selection: AWAY,
                price: Some("1.80".parse().unwrap()),
            },
        ],
        source: "test".to_owned(),
        source_sequence: version,
        published_at: Timestamp::from_millis(1_780_000_000_000),
    };
    odds.decide::<_, odds::Rejection>(None, vec![odds::Event::BookPublished(book)])
        .await;
}

pub fn eur(text: &str) -> Money {
    Money::parse(text, Currency::Eur).unwrap()
}
