//! A door on a loopback port, and a desk behind it that reads and counts as the real one does.

use axum::Router;
use feed_grpc::{Caller, Desk, Limits, PATH, Posted, service};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use kernel::Timestamp;
use odds::feed::ndjson::{self, LineError};
use odds::feed::router::{Arrival, FeedRouter};
use proto::message::Update;
use proto::odds_feed_client::OddsFeedClient;
use proto::{
    Acknowledgement, Alive, Book, CancelBets, Close, Down, Fixture, InPlay, Market, Message,
    NamedSelection, Parameter, Placing, Progress, Race, RestoreBets, Resume, Rollback, Score,
    SelectionOutcome, SelectionPrice, StateResult, Suspend, Up, Withdraw, WithdrawResult,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

const WORD: &str = "Bearer trader";
/// A rollback with this reason breaks a rule of the double.
const BREAKS_A_RULE: &str = "of a market that nobody offered";

/// Reads lines and counts sources as the feed's desk does; keeps what it took.
pub struct Double {
    router: Mutex<FeedRouter>,
    taken: Mutex<Vec<(u64, &'static str)>>,
    pub away: AtomicBool,
    /// The token's time is over.
    pub expired: AtomicBool,
    /// One permit lets one post go on; closed: all go on.
    gate: Semaphore,
    entering: mpsc::UnboundedSender<u64>,
    entered: tokio::sync::Mutex<mpsc::UnboundedReceiver<u64>>,
}

impl Double {
    fn new(stalled: bool) -> Self {
        let (entering, entered) = mpsc::unbounded_channel();
        let gate = Semaphore::new(0);
        if !stalled {
            gate.close();
        }
        Self {
            router: Mutex::new(FeedRouter::new(2)),
            taken: Mutex::default(),
            away: AtomicBool::new(false),
            expired: AtomicBool::new(false),
            gate,
            entering,
            entered: tokio::sync::Mutex::new(entered),
        }
    }

    /// Waits for the next post; how many lines it has.
    pub async fn entered(&self) -> u64 {
        self.entered.lock().await.recv().await.unwrap()
    }

    /// Lets one post go on.
    pub fn go_on(&self) {
        self.gate.add_permits(1);
    }

    fn take(&self, lines: &str) -> Posted {
        let mut read = Vec::new();
        let mut wrong = Vec::new();
        for (text, number) in lines.lines().zip(1_u64..) {
            match ndjson::read_line(text, 2, Timestamp::from_millis(1)) {
                Ok(update) => read.push((number, update)),
                Err(error) => {
                    let path = match &error {
                        LineError::Field(field) => {
                            let path = field.path().replace(['.', '['], "/");
                            format!("/{}", path.replace(']', ""))
                        }
                        LineError::TooLong | LineError::NotAnObject(_) => String::new(),
                    };
                    wrong.push(json!({"pointer": format!("line {number}{path}"),
                        "message": error.to_string()}));
                }
            }
        }
        if !wrong.is_empty() {
            return posted(400, &json!({"code": "feed_line_invalid", "errors": wrong}));
        }
        let (mut repeated, mut gaps, mut refused) = (vec![], vec![], vec![]);
        for (line, update) in read {
            let (sequence, source) = (update.sequence, update.source.clone());
            let kind = kind_of(&update.update);
            let broken = format!("{:?}", update.update).contains(BREAKS_A_RULE);
            let routed = self.router.lock().unwrap().route(update);
            match routed.arrival {
                Arrival::Repeated { last } => {
                    repeated.push(json!({"line": line, "source": source, "last": last}));
                    continue;
                }
                Arrival::Gap { expected, got } => gaps.push(
                    json!({"line": line, "source": source, "expected": expected, "got": got}),
                ),
                Arrival::InOrder => {}
            }
            if broken {
                refused.push(json!({"line": line, "code": "market_unknown", "detail": "…"}));
            }
            self.taken.lock().unwrap().push((sequence, kind));
        }
        posted(
            200,
            &json!({"repeated": repeated, "gaps": gaps, "refused": refused, "position": "p"}),
        )
    }
}

fn kind_of(update: &impl std::fmt::Debug) -> &'static str {
    let text = format!("{update:?}");
    let name = text.split('(').next().unwrap_or_default().to_owned();
    name.leak()
}

fn posted(status: u16, body: &Value) -> Posted {
    (status, body.to_string().into_bytes())
}

struct Behind(Arc<Double>);

impl Desk for Behind {
    fn post(&self, caller: Caller, lines: String) -> BoxFuture<'static, Posted> {
        let double = Arc::clone(&self.0);
        async move {
            let count = u64::try_from(lines.lines().count()).unwrap();
            if count > 0 {
                double.entering.send(count).unwrap();
                if let Ok(permit) = double.gate.acquire().await {
                    permit.forget();
                }
            }
            let expired = double.expired.load(Ordering::SeqCst);
            if expired || caller.authorization.as_deref() != Some(WORD) {
                return posted(401, &json!({"code": "token_invalid", "detail": "sign in"}));
            }
            if double.away.load(Ordering::SeqCst) {
                return posted(
                    503,
                    &json!({"code": "outcome_unknown", "detail": "not yet"}),
                );
            }
            double.take(&lines)
        }
        .boxed()
    }
}

/// The door, and what is behind it.
pub struct World {
    pub desk: Arc<Double>,
    pub stop: watch::Sender<bool>,
    channel: Channel,
    serving: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A source's open stream.
pub struct Open {
    messages: mpsc::Sender<Message>,
    answers: Streaming<Acknowledgement>,
}

impl Open {
    pub async fn say(&self, message: Message) {
        self.messages.send(message).await.unwrap();
    }

    pub async fn hear(&mut self) -> Result<Acknowledgement, Status> {
        Ok(self.heard().await?.unwrap())
    }

    /// The next acknowledgement; none when the stream has ended well.
    pub async fn heard(&mut self) -> Result<Option<Acknowledgement>, Status> {
        self.answers.message().await
    }
}

/// A stream that is said as quickly as the connection takes it.
pub struct Counted {
    read: Arc<AtomicU64>,
    answered: JoinHandle<Result<u64, Status>>,
}

impl Counted {
    /// So many messages have left the source.
    pub fn count(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    /// How many were answered in the end.
    pub async fn ended(self) -> Result<u64, Status> {
        self.answered.await.unwrap()
    }
}

impl World {
    pub async fn open() -> Self {
        Self::of(Double::new(false), Limits::default()).await
    }

    pub async fn open_with(limits: Limits) -> Self {
        Self::of(Double::new(false), limits).await
    }

    /// Each post waits for `go_on`.
    pub async fn open_stalled(limits: Limits) -> Self {
        Self::of(Double::new(true), limits).await
    }

    async fn of(double: Double, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(double);
        let behind = Arc::new(Behind(Arc::clone(&desk)));
        let stop = watch::Sender::new(false);
        let door = service(behind, limits, stop.subscribe());
        let routes = Router::new().route_service(PATH, door);
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        // Small, so that acknowledgements which nobody reads are soon in the way.
        let endpoint = endpoint.initial_stream_window_size(4_096);
        Self {
            desk,
            stop,
            channel: endpoint.connect().await.unwrap(),
            serving,
        }
    }

    /// Says all and hears all.
    pub async fn say(
        &self,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<Vec<Acknowledgement>, Status> {
        self.say_as(WORD, messages).await
    }

    pub async fn say_as(
        &self,
        word: &'static str,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<Vec<Acknowledgement>, Status> {
        let messages: Vec<Message> = messages.into_iter().collect();
        let request = with_word(stream::iter(messages), word);
        let mut client = OddsFeedClient::new(self.channel.clone());
        let mut answers = client.publish(request).await?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }

    pub async fn stream(&self) -> Open {
        self.try_stream().await.unwrap()
    }

    pub async fn try_stream(&self) -> Result<Open, Status> {
        let (messages, receiver) = mpsc::channel(1);
        let request = with_word(received(receiver), WORD);
        let mut client = OddsFeedClient::new(self.channel.clone());
        let answers = client.publish(request).await?.into_inner();
        Ok(Open { messages, answers })
    }

    /// A stream of a source that says all this as soon as it can, and hears when it is asked to.
    pub async fn stream_of(
        &self,
        messages: impl IntoIterator<Item = Message, IntoIter: Send + 'static>,
    ) -> Open {
        let (sender, _) = mpsc::channel(1);
        let request = with_word(stream::iter(messages.into_iter()), WORD);
        let mut client = OddsFeedClient::new(self.channel.clone());
        let answers = client.publish(request).await.unwrap().into_inner();
        Open {
            messages: sender,
            answers,
        }
    }

    /// Waits until all places for streams are free again.
    pub async fn streams_ended(&self, limits: &Limits) {
        let mut open = Vec::new();
        while open.len() < limits.streams_max {
            match self.try_stream().await {
                Ok(stream) => open.push(stream),
                Err(_) => {
                    open.clear();
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    pub fn say_counted(&self, messages: impl Iterator<Item = Message> + Send + 'static) -> Counted {
        let read = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&read);
        let said = stream::iter(messages).map(move |message| {
            counting.fetch_add(1, Ordering::SeqCst);
            message
        });
        let mut client = OddsFeedClient::new(self.channel.clone());
        let answered = tokio::spawn(async move {
            let mut answers = client.publish(with_word(said, WORD)).await?.into_inner();
            let mut last = 0;
            while let Some(answer) = answers.message().await? {
                last = answer.messages;
            }
            Ok(last)
        });
        Counted { read, answered }
    }

    /// An answer where a message is expected: its first field is of another kind.
    pub async fn say_no_message(&self) -> Result<(), Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<Acknowledgement, Acknowledgement>::default();
        let path = "/furlong.feed.v1.OddsFeed/Publish".parse().unwrap();
        let wrong = Acknowledgement {
            messages: 7,
            ..Acknowledgement::default()
        };
        let request = with_word(stream::iter([wrong]), WORD);
        let mut answers = grpc.streaming(request, path, codec).await?.into_inner();
        while answers.message().await?.is_some() {}
        Ok(())
    }

    /// The sequences of what was taken, in its order.
    pub fn taken(&self) -> Vec<u64> {
        let taken = self.desk.taken.lock().unwrap();
        taken.iter().map(|(sequence, _)| *sequence).collect()
    }

    /// How many kinds of updates were taken.
    pub fn kinds(&self) -> usize {
        let taken = self.desk.taken.lock().unwrap();
        taken
            .iter()
            .map(|(_, kind)| *kind)
            .collect::<BTreeSet<_>>()
            .len()
    }
}

fn received(receiver: mpsc::Receiver<Message>) -> impl Stream<Item = Message> + Send {
    stream::unfold(receiver, async |mut receiver| {
        let message = receiver.recv().await?;
        Some((message, receiver))
    })
}

fn with_word<T>(said: T, word: &'static str) -> Request<T> {
    let mut request = Request::new(said);
    let word = word.parse().unwrap();
    request.metadata_mut().insert("authorization", word);
    request
}

fn message(sequence: u64, update: Update) -> Message {
    Message {
        source: "s".to_owned(),
        sequence,
        published_at: Some("2026-08-01T12:00:00Z".to_owned()),
        update: Some(update),
    }
}

pub fn alive(sequence: u64) -> Message {
    message(sequence, Update::Alive(Alive {}))
}

/// Four hundred bytes of reason.
pub fn long_down(sequence: u64) -> Message {
    let reason = "x".repeat(400);
    message(sequence, Update::Down(Down { reason }))
}

pub fn refused(sequence: u64) -> Message {
    let rollback = Rollback {
        fixture: "f".to_owned(),
        market: "m".to_owned(),
        reason: BREAKS_A_RULE.to_owned(),
    };
    message(sequence, Update::Rollback(rollback))
}

/// A message of each kind, with all its fields.
pub fn one_of_each() -> Vec<Message> {
    let (fixture, market) = ("f".to_owned(), "m".to_owned());
    let (reason, time) = ("why".to_owned(), "2026-08-01T15:00:00Z".to_owned());
    let outcome = |selection: &str, outcome: &str, tied: Option<u32>| SelectionOutcome {
        selection: selection.to_owned(),
        outcome: outcome.to_owned(),
        places: tied.map(|_| 1),
        tied,
    };
    let outcomes = vec![
        outcome("a", "won", None),
        outcome("b", "dead_heat", Some(2)),
    ];
    let named = |selection: &str| NamedSelection {
        selection: selection.to_owned(),
        name: selection.to_owned(),
    };
    let price = |selection: &str, price: Option<&str>| SelectionPrice {
        selection: selection.to_owned(),
        price: price.map(str::to_owned),
    };
    let (f, m, r, t) = (
        || fixture.clone(),
        || market.clone(),
        || reason.clone(),
        || time.clone(),
    );
    let updates = [
        Update::Alive(Alive {}),
        Update::Fixture(Fixture {
            fixture: f(),
            name: f(),
            sport: f(),
            starts_at: t(),
        }),
        Update::Progress(Progress {
            fixture: f(),
            status: "in_play".to_owned(),
            score: Some("2-1".to_owned()),
            minute: Some(60),
        }),
        Update::Market(Market {
            fixture: f(),
            market: m(),
            name: m(),
            kind: "asian_handicap".to_owned(),
            line: Some("-0.75".to_owned()),
            selections: vec![named("a"), named("b")],
            up_to: None,
        }),
        Update::Book(Book {
            fixture: f(),
            market: m(),
            prices: vec![price("a", Some("2.50")), price("b", None)],
            model: None,
            parameters: Vec::new(),
        }),
        Update::Book(Book {
            fixture: f(),
            market: m(),
            prices: vec![price("a", Some("2.50"))],
            model: Some("dixon-coles 3".to_owned()),
            parameters: vec![Parameter {
                name: "rho".to_owned(),
                micros: -130_000,
            }],
        }),
        Update::Score(Score {
            fixture: f(),
            market: m(),
            score: "2-1".to_owned(),
        }),
        Update::Race(Race {
            fixture: f(),
            market: m(),
            handicap: true,
            placings: vec![Placing {
                selection: "a".to_owned(),
                place: 2,
                tied: Some(2),
            }],
            starting_prices: vec![price("a", Some("4.50"))],
            places: Some(3),
            fraction: Some("1/5".to_owned()),
        }),
        Update::Suspend(Suspend {
            fixture: f(),
            market: Some(m()),
            reason: r(),
        }),
        Update::Resume(Resume {
            fixture: f(),
            market: None,
        }),
        Update::InPlay(InPlay {
            fixture: f(),
            market: m(),
            bet_delay_ms: 5_000,
        }),
        Update::Close(Close {
            fixture: f(),
            market: m(),
        }),
        Update::Result(proto::Result {
            fixture: f(),
            market: m(),
            outcomes: outcomes.clone(),
        }),
        Update::Rollback(Rollback {
            fixture: f(),
            market: m(),
            reason: r(),
        }),
        Update::Withdraw(Withdraw {
            fixture: f(),
            market: m(),
            selection: "a".to_owned(),
            withdrawn_at: t(),
            reduction: Some(1_250),
        }),
        Update::StateResult(StateResult {
            fixture: f(),
            market: m(),
            outcomes,
            certainty: "confirmed".to_owned(),
        }),
        Update::WithdrawResult(WithdrawResult {
            fixture: f(),
            market: m(),
            reason: r(),
        }),
        Update::CancelBets(CancelBets {
            fixture: f(),
            market: m(),
            from: Some(t()),
            until: None,
            reason: r(),
        }),
        Update::RestoreBets(RestoreBets {
            fixture: f(),
            market: m(),
            from: Some(t()),
            until: Some(t()),
        }),
        Update::Down(Down { reason: r() }),
        Update::Up(Up {}),
    ];
    (1..)
        .zip(updates)
        .map(|(sequence, update)| message(sequence, update))
        .collect()
}
