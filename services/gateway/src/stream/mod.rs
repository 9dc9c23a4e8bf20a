//! Streams: the newest state first or the part that was missed, then every change.
//!
//! Duty: one message form for all channels: `op`, `channel`, `seq`, `resume`, `data`. `seq`
//! counts a channel's messages without gaps, and goes on where the resume token stopped.
//!
//! Prohibition: prices are conflated for slow clients, bets and money never are.

use crate::app::App;
use crate::metrics::StreamKind;
use crate::positions::Token;
use serde_json::{Value, json};

pub(crate) mod customer;
pub(crate) mod odds;
pub(crate) mod sse;
pub(crate) mod ws;

/// A message of a channel.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// `snapshot`, `delta` or `heartbeat`.
    pub op: &'static str,
    /// The number of the channel's last message; a heartbeat repeats it.
    pub seq: u64,
    /// What goes on after this message.
    pub resume: String,
    /// What it tells.
    pub data: Value,
}

impl Message {
    /// As WebSocket clients see it.
    pub(crate) fn to_json(&self, channel: &str) -> Value {
        json!({
            "op": self.op,
            "channel": channel,
            "seq": self.seq,
            "resume": self.resume,
            "data": self.data,
        })
    }
}

/// A channel's count, and what has been seen with it.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    token: Token,
}

impl Counter {
    /// Goes on from a token, or begins.
    pub(crate) fn after(since: Option<&Token>) -> Self {
        let token = since.map_or_else(Token::default, |since| Token {
            // A count that a client made up must not overflow ours.
            seq: since.seq.min(1 << 52),
            ..since.clone()
        });
        Self { token }
    }

    /// What has been seen.
    pub(crate) fn seen(&mut self, seen: &Token) {
        for position in seen.positions() {
            self.token.see(position);
        }
    }

    /// Replaces what has been seen: a snapshot shows everything up to there.
    pub(crate) fn stand_at(&mut self, seen: Token) {
        self.token.seen = seen.seen;
    }

    /// The next message.
    pub(crate) fn next(&mut self, op: &'static str, data: Value) -> Message {
        self.token.seq = self.token.seq.saturating_add(1);
        self.again(op, data)
    }

    /// A message that does not count.
    pub(crate) fn again(&self, op: &'static str, data: Value) -> Message {
        Message {
            op,
            seq: self.token.seq,
            resume: self.token.text(),
            data,
        }
    }
}

/// Counts a stream for as long as it lives.
pub(crate) struct Open {
    app: App,
    kind: StreamKind,
}

impl Open {
    /// None: too many are open.
    pub(crate) fn new(app: &App, kind: StreamKind) -> Option<Self> {
        let open = usize::try_from(app.metrics.streams_open()).unwrap_or(usize::MAX);
        if open >= app.config.streams_max || app.is_draining() {
            return None;
        }
        app.metrics.stream_opened(kind);
        Some(Self {
            app: app.clone(),
            kind,
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.metrics.stream_closed(self.kind);
    }
}

/// What a heartbeat tells: how often it comes, and the house's time.
pub(crate) fn heartbeat_data(app: &App) -> Value {
    json!({
        "interval_ms": u64::try_from(app.config.heartbeat.as_millis()).unwrap_or(u64::MAX),
        "at": crate::shapes::time(app.now()),
    })
}
