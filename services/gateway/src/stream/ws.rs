//! The WebSocket: many channels on one socket.
//!
//! Duty: `authenticate`, `subscribe` and `unsubscribe`, each answered by a `status` with the
//! same `id`; then the channels' messages, and heartbeats. Prohibition: a client that does not
//! keep up is never waited for: prices are conflated, and when bets or money pile up beyond the
//! queue the socket is closed with 1013.

use crate::admission::{Gcra, Seat};
use crate::app::App;
use crate::browsers;
use crate::errors::Code;
use crate::extract::{Fields, identify, parse_json, position};
use crate::metrics::StreamKind;
use crate::ports::Subject;
use crate::problem::Problem;
use crate::routes::reality_check;
use crate::stream::customer::{AccountChannel, BetsChannel};
use crate::stream::odds::OddsChannel;
use crate::stream::sse::MARKETS_MAX;
use crate::stream::{Message, Open, heartbeat_data};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{self, CloseFrame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use kernel::{MarketId, Topic};
use schemas::Decision;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, interval, timeout};

/// Who does not take a message for that long is not there any more.
const SEND_WAIT: Duration = Duration::from_secs(10);
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Room for what comes in, kept for as long as the socket: requests are small.
const READ_BYTES: usize = 2 * 1024;
/// The process stops; come back at once, to another one.
const CLOSE_RESTARTING: u16 = 1012;
/// Nothing was asked for.
const CLOSE_IDLE: u16 = 1008;
/// Too slow; come back with the last token.
const CLOSE_TOO_SLOW: u16 = 1013;

/// GET /v1/stream
pub(crate) async fn stream(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::new(Code::UpgradeRequired))?;
    if !browsers::may_open_socket(&headers, &uri) {
        let detail = "another site's page opens no socket here: serve the page from this address";
        return Err(Problem::new(Code::PermissionDenied).detail(detail));
    }
    let open =
        Open::new(&app, StreamKind::WebSocket).ok_or_else(|| Problem::new(Code::Overloaded))?;
    Ok(upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BYTES)
        .on_upgrade(move |socket| async move {
            let mut connection = Connection::new(app, socket, open);
            let ended = connection.run().await;
            connection.close(ended).await;
        }))
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The client went, or can no longer be reached.
    Gone,
    /// The process stops.
    Restarting,
    /// Messages that must not be left out piled up.
    TooSlow,
    /// It has subscribed to nothing for too long.
    Idle,
}

/// What clients send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    op: String,
    id: Option<Value>,
    token: Option<String>,
    channel: Option<String>,
    markets: Option<Vec<String>>,
    since: Option<String>,
}

/// What a connection wakes up for.
enum Woken {
    Asked(Option<Result<ws::Message, axum::Error>>),
    Odds(Message),
    Decision(Option<Arc<Decision>>),
    Beat,
    Draining,
}

struct Connection {
    app: App,
    socket: WebSocket,
    subject: Option<Subject>,
    /// The subject's seat.
    seat: Option<Seat>,
    /// How much may be asked for, and when the next thing would be due at that rate.
    asks: (Gcra, i64),
    /// When something was subscribed last.
    idle_since: Instant,
    odds: Option<OddsChannel>,
    bets: Option<BetsChannel>,
    account: Option<AccountChannel>,
    /// The tail about the subject, from the first private subscription on.
    tail: Option<mpsc::Receiver<Arc<Decision>>>,
    beat: Interval,
    draining: watch::Receiver<bool>,
    _open: Open,
}

impl Connection {
    fn new(app: App, socket: WebSocket, open: Open) -> Self {
        Self {
            socket,
            subject: None,
            seat: None,
            asks: (Gcra::new(app.config.admission.socket_asks), 0),
            idle_since: Instant::now(),
            odds: None,
            bets: None,
            account: None,
            tail: None,
            beat: interval(app.config.heartbeat),
            draining: app.draining(),
            _open: open,
            app,
        }
    }

    async fn run(&mut self) -> Ended {
        loop {
            let done = match self.woken().await {
                Woken::Draining => return Ended::Restarting,
                Woken::Asked(Some(Ok(message))) => self.heard(message).await,
                Woken::Asked(None | Some(Err(_))) => return Ended::Gone,
                Woken::Odds(message) => self.send(&message.to_json("odds")).await,
                Woken::Decision(Some(decision)) => self.decided(&decision).await,
                Woken::Decision(None) => return Ended::TooSlow,
                Woken::Beat => self.beat().await,
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    async fn woken(&mut self) -> Woken {
        let odds = async {
            match &mut self.odds {
                Some(odds) => odds.next().await,
                None => std::future::pending().await,
            }
        };
        let tail = async {
            match &mut self.tail {
                Some(tail) => tail.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.draining.wait_for(|draining| *draining) => Woken::Draining,
            decision = tail => Woken::Decision(decision),
            asked = self.socket.recv() => Woken::Asked(asked),
            _ = self.beat.tick() => Woken::Beat,
            message = odds => Woken::Odds(message),
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), Ended> {
        let text = Utf8Bytes::from(message.to_string());
        let sent = timeout(SEND_WAIT, self.socket.send(ws::Message::Text(text))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Gone),
            Err(_) => Err(Ended::TooSlow),
        }
    }

    async fn send_all(&mut self, channel: &str, messages: Vec<Message>) -> Result<(), Ended> {
        for message in messages {
            self.send(&message.to_json(channel)).await?;
        }
        Ok(())
    }

    async fn heard(&mut self, message: ws::Message) -> Result<(), Ended> {
        match message {
            ws::Message::Text(text) => self.asked(text.as_bytes()).await,
            ws::Message::Binary(bytes) => self.asked(&bytes).await,
            ws::Message::Ping(_) | ws::Message::Pong(_) => Ok(()),
            ws::Message::Close(_) => Err(Ended::Gone),
        }
    }

    async fn asked(&mut self, text: &[u8]) -> Result<(), Ended> {
        let asked: Asked = match parse_json(text) {
            Ok(asked) => asked,
            Err(problem) => return self.status(&Value::Null, Err(problem)).await,
        };
        let id = asked.id.clone().unwrap_or(Value::Null);
        if let Err(problem) = self.may_ask() {
            return self.status(&id, Err(problem)).await;
        }
        match asked.op.as_str() {
            "authenticate" => {
                let result = self.authenticate(asked.token.as_deref()).await;
                self.status(&id, result).await
            }
            "subscribe" => match self.subscribe(asked).await {
                Ok((channel, first)) => {
                    self.status(&id, Ok(())).await?;
                    self.send_all(channel, first).await
                }
                Err(problem) => self.status(&id, Err(problem)).await,
            },
            "unsubscribe" => {
                let result = self.unsubscribe(asked.channel.as_deref());
                self.status(&id, result).await
            }
            other => {
                let known = "authenticate, subscribe, unsubscribe";
                let text = format!("{other:?} is not one of {known}");
                let problem = Problem::new(Code::ValidationFailed).at("/op", text);
                self.status(&id, Err(problem)).await
            }
        }
    }

    /// Whoever asks for ever new pictures takes a share of the house like anybody else.
    fn may_ask(&mut self) -> Result<(), Problem> {
        let now = self.app.now().micros();
        let (rule, due) = &mut self.asks;
        let ahead = due.saturating_sub(now).max(0);
        if !rule.passes(ahead) {
            return Err(Problem::new(Code::RateLimited));
        }
        *due = now
            .saturating_add(ahead)
            .saturating_add(rule.between_micros);
        Ok(())
    }

    async fn status(&mut self, id: &Value, result: Result<(), Problem>) -> Result<(), Ended> {
        let status = match result {
            Ok(()) => json!({"op": "status", "id": id, "status": "success"}),
            Err(problem) => {
                let body = problem.to_json("");
                json!({
                    "op": "status",
                    "id": id,
                    "status": "failure",
                    "error_code": body["code"],
                    "error_message": body["detail"],
                    "errors": body["errors"],
                })
            }
        };
        self.send(&status).await
    }

    /// A newer token of the same customer keeps the subscriptions; another customer's ends them.
    async fn authenticate(&mut self, token: Option<&str>) -> Result<(), Problem> {
        let token = token.ok_or_else(|| {
            Problem::new(Code::ValidationFailed).at("/token", "the access token is missing")
        })?;
        let subject = identify(&self.app, token).await.map_err(Problem::new)?;
        if subject.roles.is_empty() {
            return Err(Problem::new(Code::EnrolmentRequired));
        }
        let same = self
            .subject
            .as_ref()
            .is_some_and(|before| before.customer == subject.customer);
        if !same {
            self.forget_customer();
            let most = self.app.config.admission.sockets_per_customer;
            let seat = self.app.seats.take(subject.customer, most);
            let full = format!("{most} sockets are signed in for this customer; close one first");
            self.seat = Some(seat.ok_or_else(|| Problem::new(Code::RateLimited).detail(full))?);
        }
        self.subject = Some(subject);
        Ok(())
    }

    fn forget_customer(&mut self) {
        self.subject = None;
        self.seat = None;
        self.bets = None;
        self.account = None;
        self.tail = None;
    }

    /// Begins a channel, and what it tells first.
    async fn subscribe(&mut self, asked: Asked) -> Result<(&'static str, Vec<Message>), Problem> {
        let since = position(asked.since.as_deref())?;
        let app = self.app.clone();
        match asked.channel.as_deref() {
            Some("odds") => {
                let markets = markets(asked.markets)?;
                self.odds = Some(OddsChannel::new(&app, markets, since.as_ref()));
                Ok(("odds", Vec::new()))
            }
            Some("bets") => {
                let customer = self.listen()?;
                let (channel, first) = BetsChannel::begin(&app, customer, since.as_ref()).await?;
                self.bets = Some(channel);
                Ok(("bets", first))
            }
            Some("account") => {
                let customer = self.listen()?;
                let (channel, first) =
                    AccountChannel::begin(&app, customer, since.as_ref()).await?;
                self.account = Some(channel);
                Ok(("account", first))
            }
            other => {
                let text = format!(
                    "{:?} is not one of odds, bets, account",
                    other.unwrap_or("")
                );
                Err(Problem::new(Code::ValidationFailed).at("/channel", text))
            }
        }
    }

    /// Begins to listen to the customer's tail, before anything is looked up: what happens
    /// meanwhile waits in the queue and is recognised by its position.
    fn listen(&mut self) -> Result<kernel::CustomerId, Problem> {
        let subject = self.subject.as_ref();
        let customer = subject
            .map(|subject| subject.customer)
            .ok_or_else(|| Problem::new(Code::AuthenticationRequired))?;
        if self.tail.is_none() {
            self.tail = Some(self.app.hub.watch(customer));
        }
        Ok(customer)
    }

    fn unsubscribe(&mut self, channel: Option<&str>) -> Result<(), Problem> {
        match channel {
            Some("odds") => self.odds = None,
            Some("bets") => self.bets = None,
            Some("account") => self.account = None,
            _ => {
                return Err(Problem::new(Code::ValidationFailed).at("/channel", "not a channel"));
            }
        }
        if self.bets.is_none() && self.account.is_none() {
            self.tail = None;
        }
        Ok(())
    }

    async fn decided(&mut self, decision: &Decision) -> Result<(), Ended> {
        let Some(customer) = self.subject.as_ref().map(|subject| subject.customer) else {
            return Ok(());
        };
        if decision.position.topic == Topic::LedgerEvents {
            let message = match &mut self.account {
                Some(account) => account.take(decision, customer),
                None => None,
            };
            return self
                .send_all("account", message.into_iter().collect())
                .await;
        }
        let messages = match &mut self.bets {
            Some(bets) => bets.take(&self.app, decision).await,
            None => Ok(Vec::new()),
        };
        match messages {
            Ok(messages) => self.send_all("bets", messages).await,
            // A bet that cannot be looked up now must not be left out: come back with the token.
            Err(_) => Err(Ended::TooSlow),
        }
    }

    async fn beat(&mut self) -> Result<(), Ended> {
        let over = self.subject.as_ref().is_some_and(|subject| {
            subject.expires_at <= self.app.now() || self.app.hub.is_revoked(subject.session)
        });
        if over {
            self.forget_customer();
            let problem = Problem::new(Code::TokenExpired);
            self.status(&Value::Null, Err(problem)).await?;
        }
        let mut beats = Vec::new();
        if let Some(odds) = &self.odds {
            beats.push(odds.heartbeat().to_json("odds"));
        }
        if let Some(bets) = &self.bets {
            beats.push(bets.heartbeat(&self.app).to_json("bets"));
        }
        if let Some(account) = &self.account {
            beats.push(account.heartbeat(&self.app).to_json("account"));
            beats.extend(self.reminder().await);
        }
        if !beats.is_empty() {
            self.idle_since = Instant::now();
        } else if self.idle_since.elapsed() > self.app.config.admission.socket_idle {
            return Err(Ended::Idle);
        } else {
            beats.push(json!({"op": "heartbeat", "data": heartbeat_data(&self.app)}));
        }
        for beat in beats {
            self.send(&beat).await?;
        }
        Ok(())
    }

    /// Tells that a reality check is due, with each beat until it was seen.
    async fn reminder(&mut self) -> Option<Value> {
        let (account, subject) = (self.account.as_ref()?, self.subject.as_ref()?);
        // Where the views are away, the next beat tells it.
        let due = reality_check::reminder(&self.app, subject).await.ok()??;
        Some(account.reality_check(due).to_json("account"))
    }

    async fn close(mut self, ended: Ended) {
        let (code, reason) = match ended {
            Ended::Gone => return,
            Ended::Idle => (CLOSE_IDLE, "nothing is subscribed"),
            Ended::Restarting => (CLOSE_RESTARTING, "restarting"),
            Ended::TooSlow => {
                self.app.metrics.stream_cut();
                (
                    CLOSE_TOO_SLOW,
                    "too slow: come back with the last resume token",
                )
            }
        };
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let closing = self.socket.send(ws::Message::Close(Some(frame)));
        // Whether the client hears it or not, the socket ends here.
        drop(timeout(SEND_WAIT, closing).await);
    }
}

fn markets(ids: Option<Vec<String>>) -> Result<Option<BTreeSet<MarketId>>, Problem> {
    let Some(ids) = ids else {
        return Ok(None);
    };
    let mut fields = Fields::default();
    if ids.len() > MARKETS_MAX {
        fields.wrong(
            "/markets",
            format!("at most {MARKETS_MAX} markets are followed"),
        );
    }
    let mut markets = BTreeSet::new();
    for (index, id) in ids.iter().enumerate() {
        markets.extend(fields.parse::<MarketId>(&format!("/markets/{index}"), id));
    }
    fields.finish(Some(Some(markets)))
}
