//! A house on a loopback port, and sources with sockets.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use furlong::data_folder::DataFolder;
use furlong::house_tokens::HouseTokens;
use furlong::node::{Node, NodeOptions};
use futures::stream;
use gateway::ports::Tokens;
use kernel::{CustomerId, SessionId, Timestamp};
use proto::message::Update;
use proto::odds_feed_client::OddsFeedClient;
use proto::{
    Acknowledgement, Alive, Book, Fixture, Market, Message, NamedSelection, SelectionPrice,
};
use runtime::SystemEntropy;
use schemas::auth::Role;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tonic::transport::Endpoint;
use tonic::{Request, Status, Streaming};
use tower::ServiceExt;

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "seven lazy canaries sing";

/// Nobody waits without a bound.
async fn soon<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Somebody with an account.
pub struct Person {
    id: CustomerId,
    role: Role,
}

/// A running house.
pub struct House {
    address: SocketAddr,
    tokens: HouseTokens,
    now: Timestamp,
    router: Router,
    pub trader: Person,
    pub customer: Person,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl House {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = NodeOptions {
            provider: furlong::providers::ProviderChoice::Simulated,
            notices: None,
            passkeys: furlong::house_passkeys::PasskeyPages::default(),
            folder: DataFolder::new(folder.path()),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            partitions: 2,
            snapshot_every: 1_000,
            lean_step_permille: 0,
            withdrawal_review_units: gateway::WITHDRAWAL_REVIEW_UNITS,
            deadline: Duration::from_secs(20),
            rate_limit: None,
            admission: furlong::admission::AdmissionOptions::default(),
            demo: None,
        };
        let node = soon("the house", Node::start(options)).await;
        let node = node.unwrap_or_else(|error| panic!("the house does not start: {error}"));
        let now = node.engine.ground().clock.now();
        let keys = Arc::clone(&node.keys);
        let tokens = HouseTokens::new(keys, Arc::new(SystemEntropy), now).unwrap();
        let trader = person(&node, Role::Trader).await;
        let customer = person(&node, Role::Customer).await;
        let (address, router) = (node.address, node.gateway.router());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let served = node
                .serve(async { stopped.await.unwrap_or_default() })
                .await;
            served.unwrap_or_else(|error| panic!("the house fell: {error}"));
        });
        Self {
            address,
            tokens,
            now,
            router,
            trader,
            customer,
            stop,
            serving,
            _folder: folder,
        }
    }

    pub async fn close(self) {
        self.stop.send(()).unwrap();
        soon("the end", self.serving).await.unwrap();
    }

    /// A token that was given out just now.
    pub fn token(&self, person: &Person) -> String {
        self.token_of(person, self.now)
    }

    /// One whose time is over.
    pub fn expired(&self, person: &Person) -> String {
        let long_ago = self.now.micros() - 20 * 60 * 1_000_000;
        self.token_of(person, Timestamp::from_micros(long_ago))
    }

    fn token_of(&self, person: &Person, at: Timestamp) -> String {
        let session = SessionId::from_bytes(person.id.bytes());
        let roles = [person.role];
        let token = self.tokens.issue(person.id, session, &roles, Some(at), at);
        token.text
    }

    async fn get(&self, path: &str) -> Value {
        let request = HttpRequest::get(path).body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// The market of these tests, as anybody sees it.
    pub async fn market(&self) -> Value {
        let fixtures = self.get("/v1/fixtures").await;
        let id = fixtures["items"][0]["markets"][0]["id"].as_str();
        let id = id.unwrap_or_else(|| panic!("no market in {fixtures}"));
        self.get(&format!("/v1/markets/{id}")).await
    }

    /// The beginning of an answer to a plain request on the same port.
    pub async fn plain_get(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon("an answer", socket.read_to_string(&mut answer))
            .await
            .unwrap();
        answer
    }
}

async fn person(node: &Node, role: Role) -> Person {
    let hashing = tokio::task::spawn_blocking(|| auth::hash_password(PASSWORD, [7; 16]));
    let login = format!("{role:?}");
    let account = node.registrar().account(&login, role, hashing).await;
    let id = account.unwrap_or_else(|error| panic!("{login} has no account: {error}"));
    Person { id, role }
}

/// A source's stream, and all that it has heard.
pub struct Source {
    messages: mpsc::Sender<Message>,
    answers: Streaming<Acknowledgement>,
    pub all: Vec<Acknowledgement>,
}

impl Source {
    pub async fn open(house: &House, person: &Person) -> Self {
        let opened = Self::try_open(house, Some(&house.token(person))).await;
        opened.unwrap_or_else(|status| panic!("no stream: {status}"))
    }

    /// A connection of its own, and one stream on it.
    pub async fn try_open(house: &House, token: Option<&str>) -> Result<Self, Status> {
        let endpoint = Endpoint::from_shared(format!("http://{}", house.address)).unwrap();
        let channel = soon("a connection", endpoint.connect()).await.unwrap();
        let (messages, receiver) = mpsc::channel(16);
        let said = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Message>| {
            let message = receiver.recv().await?;
            Some((message, receiver))
        });
        let mut request = Request::new(said);
        if let Some(token) = token {
            let word = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", word);
        }
        let mut client = OddsFeedClient::new(channel);
        let answers = soon("a stream", client.publish(request)).await?;
        Ok(Self {
            messages,
            answers: answers.into_inner(),
            all: Vec::new(),
        })
    }

    pub async fn say(&self, message: Message) {
        self.messages.send(message).await.unwrap();
    }

    /// Hears until this sequence is durable.
    pub async fn heard_of(&mut self, sequence: u64) -> Acknowledgement {
        loop {
            let heard = soon("an acknowledgement", self.answers.message()).await;
            let heard = heard.unwrap_or_else(|status| panic!("{status}")).unwrap();
            assert!(heard.refused.is_empty(), "{heard:?}");
            self.all.push(heard.clone());
            let durable = heard.durable.iter();
            if durable.map(|it| it.sequence).max() == Some(sequence) {
                return heard;
            }
        }
    }

    /// Hears until the stream ends; why it did.
    pub async fn ended(mut self) -> Status {
        loop {
            match soon("the end of a stream", self.answers.message()).await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended as if all were said"),
                Err(status) => return status,
            }
        }
    }
}

fn message(sequence: u64, update: Update) -> Message {
    Message {
        source: "s".to_owned(),
        sequence,
        published_at: None,
        update: Some(update),
    }
}

pub fn alive(sequence: u64) -> Message {
    message(sequence, Update::Alive(Alive {}))
}

pub fn fixture(sequence: u64) -> Message {
    let fixture = Fixture {
        fixture: "final".to_owned(),
        name: "Reds v Blues".to_owned(),
        sport: "football".to_owned(),
        starts_at: "2099-01-01T15:00:00Z".to_owned(),
    };
    message(sequence, Update::Fixture(fixture))
}

const SELECTIONS: [&str; 3] = ["home", "draw", "away"];

pub fn market(sequence: u64) -> Message {
    let named = |selection: &str| NamedSelection {
        selection: selection.to_owned(),
        name: selection.to_owned(),
    };
    let market = Market {
        fixture: "final".to_owned(),
        market: "result".to_owned(),
        name: "Full-time result".to_owned(),
        kind: "match_result".to_owned(),
        line: None,
        selections: SELECTIONS.map(named).to_vec(),
        up_to: None,
    };
    message(sequence, Update::Market(market))
}

/// Prices of that market; this one is the home side's.
pub fn book(sequence: u64, home: &str) -> Message {
    let prices = SELECTIONS.iter().zip([home, "3.40", "3.10"]);
    let price = |(selection, price): (&&str, &str)| SelectionPrice {
        selection: (*selection).to_owned(),
        price: Some(price.to_owned()),
    };
    let book = Book {
        fixture: "final".to_owned(),
        market: "result".to_owned(),
        prices: prices.map(price).collect(),
        model: None,
        parameters: Vec::new(),
    };
    message(sequence, Update::Book(book))
}
