//! A gateway between a log in memory, views in memory, and owners that the test plays itself:
//! they write real journal records, with claims and chains.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use eventlog::{Chain, EventLog, MemoryLog, Verdict, Writer};
use futures::FutureExt;
use futures::future::BoxFuture;
use gateway::ports::*;
use gateway::{Config, Demo, Gateway, Hub, Parts};
use http_body_util::BodyExt;
use kernel::*;
use markets::MarketView;
use schemas::auth::Role;
use schemas::rows::*;
use schemas::{
    AvroType, Blob, Body as RecordBody, Cause, ClaimId, CommandRecord, Decision, Events, Header,
    Kind, Wire, bets, odds, payments,
};
use serde_json::Value;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Counts up; tests own the time.
pub struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let step = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(1_780_000_000_000_000 + i64::try_from(step).unwrap())
    }
}

pub struct Counting(AtomicU64);

impl Mint for Counting {
    fn id(&self, partition: Partition) -> [u8; 16] {
        BetId::example(1_000 + self.0.fetch_add(1, Ordering::Relaxed), partition).bytes()
    }
    fn secret(&self) -> [u8; 32] {
        sha2::Sha256::digest(self.id(0)).into()
    }
}

pub struct PlainPasswords;

impl PasswordWorkers for PlainPasswords {
    fn hash(&self, password: String) -> BoxFuture<'static, Result<String, WorkersBusy>> {
        async move { Ok(hashed(&password)) }.boxed()
    }
    fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> BoxFuture<'static, Result<bool, WorkersBusy>> {
        async move { Ok(hash == Some(hashed(&password))) }.boxed()
    }
}

fn hashed(password: &str) -> String {
    format!("{:?}", sha2::Sha256::digest(password))
}

/// Tokens are names.
pub struct PlainTokens;

impl Tokens for PlainTokens {
    fn issue(&self, customer: CustomerId, _: SessionId, _: &[Role], _: Timestamp) -> AccessToken {
        AccessToken {
            text: format!("{customer}"),
            expires_in_s: 600,
        }
    }
    fn verify(&self, token: &str, now: Timestamp) -> Result<Subject, TokenError> {
        let (customer, roles) = match token {
            "anna" => (ANNA, vec![Role::Customer]),
            "bob" => (BOB, vec![Role::Customer]),
            "trader" => (CustomerId::example(3, 0), vec![Role::Trader]),
            "operator" => (CustomerId::example(4, 0), vec![Role::Operator]),
            "auditor" => (CustomerId::example(5, 0), vec![Role::Auditor]),
            "old" => return Err(TokenError::Expired),
            _ => return Err(TokenError::Invalid),
        };
        Ok(Subject {
            customer,
            session: SessionId::example(9, customer.partition()),
            roles,
            expires_at: now.plus(kernel::Duration::from_secs(600)),
        })
    }
}

pub struct PlainSealer;

impl ProfileSealer for PlainSealer {
    fn seal(
        &self,
        _: CustomerId,
        profile: Vec<u8>,
    ) -> BoxFuture<'static, Result<Blob, KeysUnavailable>> {
        async move { Ok(Blob(profile.into_iter().map(|byte| !byte).collect())) }.boxed()
    }
    fn login_hash(&self, login: &str) -> kernel::Digest {
        kernel::Digest::from_bytes(sha2::Sha256::digest(login).into())
    }
    fn fingerprint(&self, content: &[u8]) -> kernel::Digest {
        kernel::Digest::from_bytes(sha2::Sha256::digest(content).into())
    }
}

/// Takes bodies that are the word of the day.
pub struct PlainWebhooks;

impl WebhookVerifier for PlainWebhooks {
    fn verify(
        &self,
        provider: &str,
        _: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<WebhookCall, WebhookError> {
        if provider != "simulator" {
            return Err(WebhookError::ProviderUnknown);
        }
        if body != b"signed" {
            return Err(WebhookError::SignatureInvalid("wrong word".to_owned()));
        }
        let report = payments::ReportOutcome {
            provider: provider.to_owned(),
            event: "evt-1".to_owned(),
            payment: payments::Payment::Deposit(payments::DepositRef {
                deposit: DepositId::example(1, 3),
            }),
            outcome: payments::Outcome::Failed(payments::Failed {
                reason: "no".to_owned(),
            }),
            occurred_at: now,
        };
        Ok(WebhookCall {
            report,
            partition: 3,
        })
    }
}

/// Lines are sequence numbers of alive messages.
pub struct NumberLines;

impl FeedIngest for NumberLines {
    fn take(&self, body: &str, now: Timestamp) -> Result<Vec<FeedLine>, Vec<FeedLineError>> {
        let mut wrong = Vec::new();
        let mut lines = Vec::new();
        for (text, line) in body.lines().zip(1..) {
            let Ok(sequence) = text.parse() else {
                wrong.push(FeedLineError {
                    line,
                    pointer: "/sequence".to_owned(),
                    message: format!("{text:?} is not a number"),
                });
                continue;
            };
            let message = odds::ApplyFeedMessage {
                source: "test".to_owned(),
                sequence,
                published_at: now,
                update: odds::Update::Alive(odds::Alive {}),
            };
            lines.push(FeedLine {
                line,
                source: "test".to_owned(),
                arrival: FeedArrival::InOrder,
                messages: vec![(1, message)],
            });
        }
        if wrong.is_empty() {
            Ok(lines)
        } else {
            Err(wrong)
        }
    }
}

/// The owner of one partition, played by the test: it claims and then writes what it is told.
pub struct Owner {
    log: MemoryLog,
    at: TopicPartition,
    writer: Arc<dyn Writer>,
    chain: Chain,
}

impl Owner {
    pub async fn claim(log: &MemoryLog, topic: Topic, partition: u16) -> Self {
        let at = TopicPartition::new(topic, partition);
        let mut owner = Self {
            log: log.clone(),
            at,
            writer: log.writer(at),
            chain: Chain::default(),
        };
        let header = Header {
            kind: Kind::Claim,
            epoch: 1,
            claim_id: ClaimId([7; 16]),
            prev: None,
            ..owner.header()
        };
        owner
            .append::<bets::Event, bets::Rejection>(
                header,
                RecordBody {
                    rejection: None,
                    events: vec![],
                },
            )
            .await;
        owner
    }

    fn header(&self) -> Header {
        Header {
            kind: Kind::Decision,
            epoch: self.chain.epoch,
            claim_id: self.chain.claim_id,
            seq: 0,
            confirmed: self.chain.seq,
            prev: Some(self.chain.head),
            cause: None,
            consumed: vec![],
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::example(5, 0),
            decided_at: Timestamp::from_micros(
                1_780_000_000_000_000 + i64::try_from(self.chain.seq).unwrap(),
            ),
        }
    }

    async fn append<E: Wire, R: Wire>(
        &mut self,
        header: Header,
        body: RecordBody<E, R>,
    ) -> Position {
        let schema = schemas::schema_of(self.at.topic);
        let bytes = schemas::encode_record(schema, &header, &body);
        self.writer.append(vec![Bytes::from(bytes)]).await;
        let mut last = 0;
        for record in self
            .log
            .read(self.at, self.chain.next_offset, usize::MAX)
            .await
            .unwrap()
        {
            self.chain
                .judge(self.at, record.offset, &record.bytes)
                .unwrap();
            last = record.offset;
        }
        self.at.at(last)
    }

    /// A decision that no client asked for.
    pub async fn decide<E: Wire, R: Wire>(
        &mut self,
        cause: Option<Cause>,
        events: Vec<E>,
    ) -> Position {
        let header = Header {
            seq: self.chain.seq + 1,
            cause,
            ..self.header()
        };
        self.append::<E, R>(
            header,
            RecordBody {
                rejection: None,
                events,
            },
        )
        .await
    }

    /// The answer to a request.
    pub async fn answer<C, E: Wire, R: Wire>(
        &mut self,
        asked: &CommandRecord<C>,
        body: RecordBody<E, R>,
    ) -> Position {
        let header = Header {
            seq: self.chain.seq + 1,
            request_id: Some(asked.request_id),
            request_digest: Some(asked.request_digest),
            correlation_id: asked.correlation_id,
            ..self.header()
        };
        self.append(header, body).await
    }
}

/// The inbox of a service, as its owner reads it.
pub struct Inbox<C> {
    log: MemoryLog,
    at: TopicPartition,
    next: Offset,
    command: std::marker::PhantomData<C>,
}

impl<C: Wire + AvroType> Inbox<C> {
    pub fn new(log: &MemoryLog, topic: Topic, partition: u16) -> Self {
        let at = TopicPartition::new(topic, partition);
        Self {
            log: log.clone(),
            at,
            next: 0,
            command: std::marker::PhantomData,
        }
    }

    pub async fn next(&mut self) -> CommandRecord<C> {
        within("a command", self.take()).await
    }

    /// Waits until there is a command to take.
    pub async fn arrived(&self) {
        within("a command", self.log.wait(self.at, self.next)).await;
    }

    async fn take(&mut self) -> CommandRecord<C> {
        self.log.wait(self.at, self.next).await;
        let record = self
            .log
            .read(self.at, self.next, 1)
            .await
            .unwrap()
            .remove(0);
        self.next = record.offset + 1;
        let bytes = schemas::unframe(self.at.topic, &record.bytes).unwrap();
        CommandRecord::from_bytes(bytes).unwrap()
    }

    /// How many commands there are.
    pub async fn count(&self) -> usize {
        self.log.read(self.at, 0, usize::MAX).await.unwrap().len()
    }
}

/// Everything together.
pub struct World {
    pub log: MemoryLog,
    pub views: MemoryViewStore,
    pub hub: Arc<Hub>,
    pub gateway: Gateway,
    pub router: Router,
    pub markets: Arc<RwLock<MarketView>>,
    read_to: watch::Sender<BTreeMap<TopicPartition, Offset>>,
    pub projecting: Arc<std::sync::atomic::AtomicBool>,
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
            projecting: Arc::new(std::sync::atomic::AtomicBool::new(true)),
        };
        for at in journals() {
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
        let mut ends = BTreeMap::new();
        for at in journals() {
            ends.insert(at, self.log.end(at).await.unwrap());
        }
        let mut read_to = self.read_to.subscribe();
        let all = read_to.wait_for(|read_to| {
            let read = |at| read_to.get(at).copied().unwrap_or(0);
            ends.iter().all(|(at, end)| read(at) >= *end)
        });
        within("the reader at the end of all journals", all)
            .await
            .unwrap();
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
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

fn journals() -> impl Iterator<Item = TopicPartition> {
    let topics = Topic::ALL.iter().filter(|topic| topic.is_journal());
    topics.flat_map(|topic| (0..PARTITIONS).map(|partition| TopicPartition::new(*topic, partition)))
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

pub fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    if token.is_empty() {
        request
    } else {
        request.header("authorization", format!("Bearer {token}"))
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a problem, after a look at its form.
    pub fn code(&self) -> String {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        let body = self.json();
        for field in [
            "type",
            "title",
            "status",
            "detail",
            "code",
            "request_id",
            "retryable",
            "errors",
        ] {
            assert!(body.get(field).is_some(), "no {field} in {body}");
        }
        assert_eq!(body["status"], self.status.as_u16());
        body["code"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn parts(
    log: &MemoryLog,
    views: &MemoryViewStore,
    markets: &Arc<RwLock<MarketView>>,
    config: Config,
) -> Parts {
    Parts {
        log: Arc::new(log.clone()),
        views: Arc::new(views.clone()),
        markets: Arc::clone(markets),
        partitions: PARTITIONS,
        config,
        clock: Arc::new(Ticking(AtomicU64::new(0))),
        mint: Arc::new(Counting(AtomicU64::new(0))),
        passwords: Arc::new(PlainPasswords),
        tokens: Arc::new(PlainTokens),
        sealer: Arc::new(PlainSealer),
        webhooks: Arc::new(PlainWebhooks),
        feed: Some(Arc::new(NumberLines)),
        receipts: None,
        checkpoints: None,
        checks: vec![],
        metrics: vec![],
        notes: String::new(),
        demo: Some(Demo {
            login: "demo".to_owned(),
            password: "pass".to_owned(),
        }),
    }
}

struct Reader {
    log: MemoryLog,
    views: MemoryViewStore,
    hub: Arc<Hub>,
    markets: Arc<RwLock<MarketView>>,
    read_to: watch::Sender<BTreeMap<TopicPartition, Offset>>,
    projecting: Arc<std::sync::atomic::AtomicBool>,
}

impl Reader {
    async fn run(self, at: TopicPartition) {
        let mut chain = Chain::default();
        loop {
            self.log.wait(at, chain.next_offset).await;
            let mut decisions = Vec::new();
            for record in self
                .log
                .read(at, chain.next_offset, usize::MAX)
                .await
                .unwrap()
            {
                let judged = chain.judge(at, record.offset, &record.bytes).unwrap();
                if judged.verdict == Verdict::Effective {
                    let decision = schemas::decode_decision(at.at(record.offset), &record.bytes);
                    decisions.push(Arc::new(decision.unwrap()));
                }
            }
            for decision in &decisions {
                self.markets.write().unwrap().apply(decision);
            }
            self.hub.take(at, &decisions, chain.next_offset);
            if self.projecting.load(Ordering::Relaxed) {
                let rows = decisions
                    .iter()
                    .flat_map(|decision| rows(decision))
                    .collect();
                let progress = Progress {
                    next_offset: chain.next_offset,
                    seq: chain.seq,
                    chain: vec![],
                };
                self.views.apply(at, rows, progress).await.unwrap();
            }
            self.read_to.send_modify(|read_to| {
                read_to.insert(at, chain.next_offset);
            });
        }
    }
}

/// The rows that the tests look at.
fn rows(decision: &Decision) -> Vec<Row> {
    let mut rows = Vec::new();
    let seq = decision.header.seq;
    let (position, at) = (decision.position, decision.header.decided_at);
    if let Some(request) = decision.header.request_id {
        let row = AnswerRow {
            request,
            digest: decision.header.request_digest.unwrap(),
            position,
            decided_at: at,
            body: Blob(vec![]),
        };
        rows.push(Row {
            table: table::ANSWER,
            key: request.bytes().to_vec(),
            value: row.to_bytes(),
            seq,
        });
    }
    let Events::BetsEvents(body) = &decision.events else {
        return rows;
    };
    let status = |bet: BetId, customer, status, rejection| {
        let row = BetStatusRow {
            bet,
            customer,
            status,
            legs: vec![],
            potential_return: None,
            pending_until: None,
            rejection,
            settlement: 0,
            returned: None,
            exact: None,
            outcome: None,
            accepted_position: None,
            position,
            at,
        };
        Row {
            table: table::BET_STATUS,
            key: bet.bytes().to_vec(),
            value: row.to_bytes(),
            seq,
        }
    };
    for event in &body.events {
        match event {
            bets::Event::BetPlaced(placed) => {
                let row = BetRow {
                    placed: placed.clone(),
                    position,
                };
                let key = placed.bet.bytes().to_vec();
                let own = [placed.customer.bytes(), placed.bet.bytes()].concat();
                rows.push(Row {
                    table: table::BET,
                    key,
                    value: row.to_bytes(),
                    seq,
                });
                rows.push(Row {
                    table: table::BET_OF_CUSTOMER,
                    key: own,
                    value: vec![],
                    seq,
                });
                rows.push(status(
                    placed.bet,
                    placed.customer,
                    BetStatus::Pending,
                    None,
                ));
            }
            bets::Event::BetAccepted(event) => {
                let row = BetAcceptedRow {
                    bet: event.bet,
                    customer: event.customer,
                    legs: event.legs.clone(),
                    potential_return: event.potential_return,
                    position,
                    at,
                };
                let key = event.bet.bytes().to_vec();
                rows.push(Row {
                    table: table::BET_ACCEPTED,
                    key,
                    value: row.to_bytes(),
                    seq,
                });
                rows.push(status(event.bet, event.customer, BetStatus::Accepted, None));
            }
            bets::Event::BetRejected(event) => {
                let rejection = Some(event.rejection.clone());
                rows.push(status(
                    event.bet,
                    event.customer,
                    BetStatus::Rejected,
                    rejection,
                ));
            }
            _ => {}
        }
    }
    rows
}

pub fn eur(text: &str) -> Money {
    Money::parse(text, Currency::Eur).unwrap()
}

/// A slip on the home side.
pub fn slip(stake: &str) -> Value {
    serde_json::json!({
        "type": "single",
        "legs": [{"selection_id": HOME.to_string(), "price": "2.50", "market_version": 2}],
        "stake": {"amount": stake, "currency": "EUR"},
        "price_policy": "exact",
        "each_way": false,
        "client_ref": "slip-42",
    })
}

pub fn place_of(asked: &CommandRecord<bets::Command>) -> bets::PlaceBet {
    let bets::Command::PlaceBet(place) = &asked.command;
    place.clone()
}

/// What bets records for a slip that breaks no rule.
pub fn placed(asked: &CommandRecord<bets::Command>) -> bets::BetPlaced {
    let place = place_of(asked);
    let legs = place.slip.legs.iter().map(|leg| bets::StruckLeg {
        selection: leg.selection,
        market: leg.market,
        fixture: leg.fixture,
        requested_price: leg.price,
        price: leg.price,
        market_version: leg.market_version,
        book_position: TopicPartition::new(Topic::OddsEvents, 1).at(1),
        in_play: false,
        selection_name: "Rovers".to_owned(),
        market_name: "Match result".to_owned(),
        fixture_name: "Rovers v United".to_owned(),
    });
    bets::BetPlaced {
        bet: place.bet,
        customer: place.customer,
        bet_type: place.slip.bet_type,
        legs: legs.collect(),
        stake: place.slip.stake,
        price_policy: place.slip.price_policy,
        each_way: place.slip.each_way,
        client_ref: place.slip.client_ref,
        potential_return: eur("25.00"),
        rules_version: 1,
        placed_at: Timestamp::from_millis(1_780_000_000_000),
    }
}

/// Bets of Anna's partition, played by the test.
pub struct BetsOwner {
    pub inbox: Inbox<bets::Command>,
    pub journal: Owner,
}

impl BetsOwner {
    pub async fn claim(world: &World) -> Self {
        Self {
            inbox: Inbox::new(&world.log, Topic::BetsCommands, 3),
            journal: Owner::claim(&world.log, Topic::BetsEvents, 3).await,
        }
    }

    /// Takes the next command and records its placement.
    pub async fn place_next(&mut self) -> bets::BetPlaced {
        let asked = self.inbox.next().await;
        let placed = placed(&asked);
        let events = vec![bets::Event::BetPlaced(placed.clone())];
        self.journal
            .answer::<_, _, bets::Rejection>(
                &asked,
                RecordBody {
                    rejection: None,
                    events,
                },
            )
            .await;
        placed
    }

    pub async fn accept(&mut self, placed: &bets::BetPlaced) -> Position {
        let event = bets::Event::BetAccepted(bets::BetAccepted {
            bet: placed.bet,
            customer: placed.customer,
            legs: placed.legs.clone(),
            potential_return: placed.potential_return,
            accepted_at: placed.placed_at,
            liabilities: vec![],
        });
        let cause = Cause::Input(TopicPartition::new(Topic::LedgerEvents, 3).at(1));
        self.journal
            .decide::<_, bets::Rejection>(Some(cause), vec![event])
            .await
    }

    pub async fn refuse_next(&mut self, reason: bets::RejectionReason) {
        let asked = self.inbox.next().await;
        let body = RecordBody::<bets::Event, _> {
            rejection: Some(bets::Rejection { reason }),
            events: vec![],
        };
        self.journal.answer(&asked, body).await;
    }

    /// Accepts everything, for as long as the test runs.
    pub fn accept_all(mut self) {
        tokio::spawn(async move {
            let mut known = std::collections::BTreeSet::new();
            loop {
                let asked = self.inbox.take().await;
                if !known.insert(asked.request_id) {
                    continue;
                }
                let placed = placed(&asked);
                let events = vec![bets::Event::BetPlaced(placed.clone())];
                self.journal
                    .answer::<_, _, bets::Rejection>(
                        &asked,
                        RecordBody {
                            rejection: None,
                            events,
                        },
                    )
                    .await;
                self.accept(&placed).await;
            }
        });
    }
}
