//! The source of a bench's prices: a feed of its own, over HTTP.
//!
//! Duty: offer markets and say their prices, each line with the source's next number. Prohibition:
//! a line that is refused, or a gap, ends the run.

use super::bets::connection::Connection;
use anyhow::ensure;
use gateway::ports::Tokens;
use kernel::{CustomerId, SessionId, Timestamp};
use schemas::auth::Role;
use serde_json::{Value, json};
use std::net::SocketAddr;

const SOURCE: &str = "bench";
const STARTS_AT: &str = "2100-01-01T15:00:00Z";

/// A feed's connection, and how far it has counted.
pub struct Source {
    connection: Connection,
    address: SocketAddr,
    token: String,
    sequence: u64,
}

impl Source {
    /// Connects as a trader for whom the house's keys vouch.
    pub async fn open(
        address: SocketAddr,
        tokens: &dyn Tokens,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let (trader, session) = (CustomerId::example(1, 0), SessionId::example(1, 0));
        let issued = tokens.issue(trader, session, &[Role::Trader], None, now);
        Ok(Self {
            connection: Connection::open(address).await?,
            address,
            token: issued.text,
            sequence: 0,
        })
    }

    /// Connects anew: a node closes connections that say nothing for a while.
    pub async fn reconnect(&mut self) -> anyhow::Result<()> {
        self.connection = Connection::open(self.address).await?;
        Ok(())
    }

    /// Offers a fixture with one market of three selections; the first has this price.
    pub async fn offer(&mut self, market: u32, home: &str) -> anyhow::Result<()> {
        let fixture = fixture(market.into());
        let selections =
            ["home", "draw", "away"].map(|name| json!({"selection": name, "name": name}));
        self.post(vec![
            json!({"type": "fixture", "fixture": fixture, "name": fixture, "sport": "football",
                "starts_at": STARTS_AT}),
            json!({"type": "market", "fixture": fixture, "market": "result",
                "name": market.to_string(), "kind": "match_result", "selections": selections}),
            book(market.into(), home),
        ])
        .await
    }

    /// Says new prices in one post: of which market, and its first selection's.
    pub async fn say(
        &mut self,
        prices: impl IntoIterator<Item = (u64, String)>,
    ) -> anyhow::Result<()> {
        let lines = prices.into_iter().map(|(market, home)| book(market, &home));
        self.post(lines.collect()).await
    }

    /// What anybody is told at a path.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        let (_, answer) = self.connection.ask(request.as_bytes()).await?;
        Ok(serde_json::from_slice(answer).unwrap_or(Value::Null))
    }

    /// Posts lines and waits for the answer.
    async fn post(&mut self, lines: Vec<Value>) -> anyhow::Result<()> {
        let mut body = String::new();
        for mut line in lines {
            self.sequence = self.sequence.saturating_add(1);
            line["source"] = SOURCE.into();
            line["sequence"] = self.sequence.into();
            body.push_str(&line.to_string());
            body.push('\n');
        }
        let request = format!(
            "POST /v1/feed/updates HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        let (status, answer) = self.connection.ask(request.as_bytes()).await?;
        let told: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
        let clean = status == 200 && told["refused"] == json!([]) && told["gaps"] == json!([]);
        ensure!(clean, "{status} {told}");
        Ok(())
    }
}

fn fixture(market: u64) -> String {
    format!("fixture-{market}")
}

fn book(market: u64, home: &str) -> Value {
    json!({"type": "book", "fixture": fixture(market), "market": "result", "prices": [
        {"selection": "home", "price": home},
        {"selection": "draw", "price": "3.40"},
        {"selection": "away", "price": "3.10"},
    ]})
}
