//! Somebody who comes to a running furlong with nothing but its address.
//!
//! Duty: open markets as a feed source, let customers register and pay in, and keep the source
//! alive. Prohibition: everything goes over HTTP.

use crate::bench::bets::connection::Connection;
use crate::bench::bets::world::{MARKETS, SELECTIONS_PER_MARKET, Slips, offer};
use anyhow::{Context, anyhow, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Customers who bet.
const CUSTOMERS: u32 = 50;
/// How long the world may take to be made.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const ALIVE_EVERY: Duration = Duration::from_secs(1);
const PASSWORD: &str = "a long enough password";

/// What betting takes.
pub struct Guest {
    /// The gateway.
    pub address: SocketAddr,
    /// Requests that place slips.
    pub slips: Slips,
    /// A number from which on no idempotency key was used before.
    pub first: u64,
}

struct Visit {
    connection: Connection,
    host: SocketAddr,
}

impl Guest {
    /// Makes the world.
    pub async fn arrive(url: &str, login: &str, password: &str) -> anyhow::Result<Self> {
        let authority = url
            .strip_prefix("http://")
            .context("the address begins with http://")?;
        let address = tokio::net::lookup_host(authority.trim_end_matches('/'))
            .await
            .with_context(|| format!("{authority} is not host:port"))?
            .next()
            .with_context(|| format!("{authority} has no address"))?;
        let mut visit = Visit {
            connection: Connection::open(address).await?,
            host: address,
        };
        let run = nanos();
        let staff = visit.sign_in(login, password).await?;
        let source = format!("bench-{run}");
        let mut sequence = visit.open_markets(&staff, &source).await?;
        let mut tokens = Vec::new();
        for number in 0..CUSTOMERS {
            tokens.push(visit.customer(&format!("bench-{run}-{number}")).await?);
        }
        for token in &tokens {
            visit.until_paid(token).await?;
        }
        let selections = visit.selections(&source).await?;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(ALIVE_EVERY).await;
                sequence = sequence.saturating_add(1);
                let line = line(json!({"type": "alive"}), &source, sequence);
                // A missed sign of life is followed by the next.
                if let Err(error) = visit.feed(&staff, &line).await {
                    tracing::warn!(%error, "the source could not say that it lives");
                }
            }
        });
        Ok(Self {
            address,
            slips: Slips::of(tokens, selections, address),
            first: run,
        })
    }
}

/// A number that grows from run to run.
fn nanos() -> u64 {
    use runtime::Clock as _;
    runtime::SystemClock::new(1).now().micros().unsigned_abs()
}

fn line(mut value: Value, source: &str, sequence: u64) -> String {
    value["source"] = source.into();
    value["sequence"] = sequence.into();
    format!("{value}\n")
}

impl Visit {
    async fn ask(
        &mut self,
        head: &str,
        token: &str,
        kind: &str,
        body: &str,
    ) -> anyhow::Result<(u16, Value)> {
        let authorization = if token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {token}\r\n")
        };
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: {kind}\r\n\
             Idempotency-Key: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            nanos(),
            body.len()
        );
        let (status, body) = self.connection.ask(request.as_bytes()).await?;
        Ok((status, serde_json::from_slice(body).unwrap_or(Value::Null)))
    }

    async fn post(&mut self, path: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
        let head = format!("POST {path}");
        let body = body.to_string();
        let (status, told) = self.ask(&head, token, "application/json", &body).await?;
        ensure!((200..300).contains(&status), "{path}: {status} {told}");
        Ok(told)
    }

    async fn get(&mut self, path: &str, token: &str) -> anyhow::Result<Value> {
        let head = format!("GET {path}");
        let (status, told) = self.ask(&head, token, "application/json", "").await?;
        ensure!(status == 200, "{path}: {status} {told}");
        Ok(told)
    }

    async fn sign_in(&mut self, login: &str, password: &str) -> anyhow::Result<String> {
        let body = json!({"login": login, "password": password});
        let told = self.post("/v1/auth/login", "", &body).await?;
        let token = told["access_token"].as_str();
        Ok(token.context("a login without a token")?.to_owned())
    }

    async fn feed(&mut self, token: &str, lines: &str) -> anyhow::Result<()> {
        let head = "POST /v1/feed/updates";
        let kind = "application/x-ndjson";
        let (status, told) = self.ask(head, token, kind, lines).await?;
        ensure!((200..300).contains(&status), "the feed: {status} {told}");
        Ok(())
    }

    /// The number of the last line.
    async fn open_markets(&mut self, staff: &str, source: &str) -> anyhow::Result<u64> {
        let mut sequence = 0_u64;
        let mut lines = String::new();
        for value in (0..MARKETS).flat_map(offer) {
            sequence = sequence.saturating_add(1);
            lines.push_str(&line(value, source, sequence));
        }
        self.feed(staff, &lines).await?;
        Ok(sequence)
    }

    async fn customer(&mut self, login: &str) -> anyhow::Result<String> {
        let body = json!({"login": login, "password": PASSWORD, "name": login,
            "born": "1990-01-01", "country": "IE"});
        self.post("/v1/auth/register", "", &body).await?;
        let token = self.sign_in(login, PASSWORD).await?;
        let body = json!({"amount": {"amount": "100000.00", "currency": "EUR"}});
        self.post("/v1/deposits", &token, &body).await?;
        Ok(token)
    }

    async fn until_paid(&mut self, token: &str) -> anyhow::Result<()> {
        let paid = async {
            loop {
                let told = self.get("/v1/account/balance", token).await?;
                let cash = told["cash"].as_str().unwrap_or("0.00");
                if !cash.starts_with("0.") {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, paid).await;
        waited.map_err(|_| anyhow!("a customer's money did not come"))?
    }

    /// What this run's source offers, and the versions at which prices stand.
    async fn selections(&mut self, source: &str) -> anyhow::Result<Vec<(String, u64)>> {
        let wanted = usize::from(MARKETS).saturating_mul(SELECTIONS_PER_MARKET);
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .get(&format!("/v1/fixtures?limit=100{cursor}"), "")
                .await?;
            for fixture in page["items"].as_array().into_iter().flatten() {
                for market in fixture["markets"].as_array().into_iter().flatten() {
                    let id = market["id"].as_str().unwrap_or_default();
                    let market = self.get(&format!("/v1/markets/{id}"), "").await?;
                    if market["status"] == "open" {
                        let version = market["version"].as_u64().unwrap_or(0);
                        let selections = market["selections"].as_array().into_iter().flatten();
                        all.extend(selections.filter_map(|selection| {
                            Some((selection["id"].as_str()?.to_owned(), version))
                        }));
                    }
                }
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ensure!(
            all.len() >= wanted,
            "of the markets of {source} only {} selections are open",
            all.len()
        );
        Ok(all)
    }
}
