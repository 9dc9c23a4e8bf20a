//! The protocol of one connection after the other: greeting, authentication, subscription, stream.
//!
//! Duty: say what to send and when to connect again, from lines and times that are handed in. A
//! stream that was broken goes on from its clocks with the same subscription; when the exchange does
//! not know them any more, it begins anew. From the end of a connection until the next stream
//! stands, the source is down.
//!
//! Prohibition: no socket, no clock, no sleeping. What it cannot mend by connecting again it says.

use super::message::{BetfairError, ChangeType, Message, decode};
use super::normalise::BetfairFeed;
use crate::feed::FeedUpdate;
use kernel::{Duration, Timestamp};
use serde_json::{Map, Value, json};

/// Who asks the exchange. It has no `Debug`, so that nobody prints it.
#[derive(Clone)]
pub struct Access {
    /// The application's key.
    pub app_key: String,
    /// The token of a session.
    pub session_token: String,
}

/// What is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The markets' ids; at most 200 by the exchange's default limit.
    pub markets: Vec<String>,
    /// The interval of heartbeats that is wished for, 500 to 5,000 milliseconds.
    pub heartbeat_ms: u64,
    /// The interval in which the exchange may merge changes; 0: none.
    pub conflate_ms: u64,
    /// So many best levels instead of whole ladders; none: whole ladders.
    pub levels: Option<u8>,
}

impl Subscription {
    /// Whole ladders of these markets as fast as they come, with a heartbeat every half second:
    /// what is silent for a second is connected anew.
    #[must_use]
    pub fn of(markets: Vec<String>) -> Self {
        Self {
            markets,
            heartbeat_ms: 500,
            conflate_ms: 0,
            levels: None,
        }
    }
}

/// What the owner of the socket is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this line; its end is part of it.
    Send(String),
    /// Hand this on.
    Tell(FeedUpdate),
    /// Hang up, and connect again at that time.
    Reconnect {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Hang up. Connecting again would not help.
    Stop(SessionFailure),
}

/// The exchange refuses what only a person can mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionFailure {
    /// The key or the session is not accepted.
    #[error("the exchange does not accept who we are: {0}")]
    NotAuthorised(String),
    /// Too many markets.
    #[error("the exchange does not let us see so many markets")]
    TooManyMarkets,
    /// The subscription makes no sense to it.
    #[error("the exchange refuses the subscription: {0}")]
    Refused(String),
}

/// The first pause before connecting again; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause before connecting again.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The exchange must greet and answer requests within so long.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Away,
    Greeting,
    Authenticating(u64),
    Subscribing(u64),
    Streaming,
}

/// A subscription over any number of connections.
#[derive(Clone)]
pub struct Session {
    access: Access,
    subscription: Subscription,
    feed: BetfairFeed,
    stage: Stage,
    next_id: u64,
    heard_at: Timestamp,
    pause: Duration,
    reconnections: u64,
}

impl Session {
    /// Not connected yet.
    #[must_use]
    pub fn new(access: Access, subscription: Subscription, feed: BetfairFeed) -> Self {
        Self {
            access,
            subscription,
            feed,
            stage: Stage::Away,
            next_id: 1,
            heard_at: Timestamp::default(),
            pause: PAUSE,
            reconnections: 0,
        }
    }

    /// What the exchange has told.
    #[must_use]
    pub const fn feed(&self) -> &BetfairFeed {
        &self.feed
    }

    /// Whether every market that was asked for is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let markets = &self.subscription.markets;
        markets.iter().all(|market| self.feed.is_over(market))
    }

    /// How often a connection was given up.
    #[must_use]
    pub const fn reconnections(&self) -> u64 {
        self.reconnections
    }

    /// A connection stands; the exchange greets first.
    pub fn connected(&mut self, now: Timestamp) -> Vec<Act> {
        self.stage = Stage::Greeting;
        self.heard_at = now;
        if self.reconnections == 0 && self.feed.is_down() {
            return told(self.feed.go_down("the stream begins", now)).collect();
        }
        Vec::new()
    }

    /// The connection is gone, or none came about.
    pub fn disconnected(&mut self, reason: &str, now: Timestamp) -> Vec<Act> {
        if self.stage == Stage::Away && self.reconnections > 0 {
            return vec![self.again(reason, now)];
        }
        self.give_up(reason, now)
    }

    /// A line has come.
    pub fn line(&mut self, line: &str, now: Timestamp) -> Vec<Act> {
        let message = match decode(line) {
            Ok(message) => message,
            Err(error) => return self.not_understood(&error, now),
        };
        self.heard_at = now;
        match message {
            Message::Connection { .. } => self.authenticate(),
            Message::Status {
                id,
                success: true,
                connection_closed: false,
                ..
            } => self.succeeded(id),
            Message::Status { error_code, .. } => {
                self.refused(&error_code.unwrap_or_else(|| "no code".to_owned()), now)
            }
            Message::Markets(changes) => match self.feed.apply(&changes) {
                Ok(updates) => {
                    if changes.change_type != ChangeType::Heartbeat && !self.feed.is_down() {
                        self.pause = PAUSE;
                    }
                    self.stage = Stage::Streaming;
                    told(updates).collect()
                }
                Err(error) => self.not_understood(&error, now),
            },
            // Our own orders: none. They may come before or after the prices that they concern.
            Message::Orders { .. } => Vec::new(),
        }
    }

    /// Time has passed. Twice the heartbeat without a word: the connection is dead.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Act> {
        let silent = now >= self.silent_at();
        if self.stage == Stage::Away || !silent {
            return Vec::new();
        }
        self.give_up("the exchange is silent", now)
    }

    /// When the silence becomes too long.
    #[must_use]
    pub fn silent_at(&self) -> Timestamp {
        let allowed = if self.stage == Stage::Streaming {
            let told = self.feed.cache().heartbeat_ms;
            let interval = told.unwrap_or(self.subscription.heartbeat_ms);
            Duration::from_millis(i64::try_from(interval.saturating_mul(2)).unwrap_or(i64::MAX))
        } else {
            ANSWER_WITHIN
        };
        self.heard_at.plus(allowed)
    }

    fn authenticate(&mut self) -> Vec<Act> {
        let id = self.next_id();
        self.stage = Stage::Authenticating(id);
        vec![request(&json!({
            "op": "authentication",
            "id": id,
            "appKey": self.access.app_key,
            "session": self.access.session_token,
        }))]
    }

    fn succeeded(&mut self, id: Option<u64>) -> Vec<Act> {
        match self.stage {
            Stage::Authenticating(asked) if id == Some(asked) => {
                let id = self.next_id();
                self.stage = Stage::Subscribing(id);
                vec![self.subscribe(id)]
            }
            Stage::Subscribing(asked) if id == Some(asked) => {
                self.stage = Stage::Streaming;
                Vec::new()
            }
            Stage::Away
            | Stage::Greeting
            | Stage::Authenticating(_)
            | Stage::Subscribing(_)
            | Stage::Streaming => Vec::new(),
        }
    }

    /// The same criteria every time: clocks count only together with them.
    fn subscribe(&self, id: u64) -> Act {
        let wished = &self.subscription;
        let mut fields = vec!["EX_MARKET_DEF", "EX_LTP"];
        let mut data = Map::new();
        if let Some(levels) = wished.levels {
            fields.push("EX_BEST_OFFERS");
            data.insert("ladderLevels".to_owned(), levels.into());
        } else {
            fields.push("EX_ALL_OFFERS");
        }
        data.insert("fields".to_owned(), json!(fields));
        let mut asked = json!({
            "op": "marketSubscription",
            "id": id,
            "segmentationEnabled": true,
            "heartbeatMs": wished.heartbeat_ms,
            "conflateMs": wished.conflate_ms,
            "marketFilter": {"marketIds": wished.markets},
            "marketDataFilter": Value::Object(data),
        });
        if let Some(clocks) = self.feed.cache().resume()
            && let Some(fields) = asked.as_object_mut()
        {
            fields.insert("initialClk".to_owned(), clocks.initial_clk.into());
            fields.insert("clk".to_owned(), clocks.clk.into());
        }
        request(&asked)
    }

    fn refused(&mut self, code: &str, now: Timestamp) -> Vec<Act> {
        let failure = match code {
            "INVALID_CLOCK" => {
                self.feed.forget_clocks();
                None
            }
            "SUBSCRIPTION_LIMIT_EXCEEDED" => Some(SessionFailure::TooManyMarkets),
            "NO_APP_KEY"
            | "INVALID_APP_KEY"
            | "NO_SESSION"
            | "INVALID_SESSION_INFORMATION"
            | "NOT_AUTHORIZED" => Some(SessionFailure::NotAuthorised(code.to_owned())),
            "INVALID_INPUT" | "INVALID_REQUEST" => Some(SessionFailure::Refused(code.to_owned())),
            _ => None,
        };
        let Some(failure) = failure else {
            return self.give_up(code, now);
        };
        self.stage = Stage::Away;
        let down = self.feed.go_down(code, now);
        told(down).chain([Act::Stop(failure)]).collect()
    }

    /// What was said is lost, so the clocks would lead past it.
    fn not_understood(&mut self, error: &BetfairError, now: Timestamp) -> Vec<Act> {
        self.feed.forget_clocks();
        self.give_up(&format!("a line was not understood: {error}"), now)
    }

    fn give_up(&mut self, reason: &str, now: Timestamp) -> Vec<Act> {
        self.stage = Stage::Away;
        let down = self.feed.go_down(reason, now);
        let again = self.again(reason, now);
        told(down).chain([again]).collect()
    }

    fn again(&mut self, reason: &str, now: Timestamp) -> Act {
        self.reconnections = self.reconnections.saturating_add(1);
        let at = now.plus(self.pause);
        let doubled = self.pause.micros().saturating_mul(2);
        self.pause = Duration::from_micros(doubled.min(PAUSE_MAX.micros()));
        Act::Reconnect {
            at,
            reason: reason.to_owned(),
        }
    }

    const fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        id
    }
}

fn told(updates: Vec<FeedUpdate>) -> impl Iterator<Item = Act> {
    updates.into_iter().map(Act::Tell)
}

fn request(asked: &Value) -> Act {
    Act::Send(format!("{asked}\r\n"))
}
