//! The node that is measured, in a process of its own, and the source of its prices.
//!
//! Duty: start it, offer markets, move prices, read its resident memory, stop it. Prohibition: only
//! the doors that everybody has are used; the keys are those of its folder, as an operator's are.

use crate::bench::measure::Mark;
use crate::bench::source::Source;
use crate::data_folder::DataFolder;
use crate::front::open_keys;
use crate::house_tokens::HouseTokens;
use anyhow::{Context, anyhow, ensure};
use runtime::{Clock, Entropy, SystemClock, SystemEntropy};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A price that no other change has.
pub const LAST_PRICE: &str = "\"77.77\"";
const LAST: &str = "77.77";
/// How long a node may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What the first selection of a market costs at first.
const FIRST: &str = "2.05";
/// The market that never moves has this number.
const QUIET: u32 = 0;

/// The node.
pub struct House {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    source: Source,
    quiet: String,
    markets: u32,
    told: watch::Sender<u32>,
}

impl House {
    /// Starts it with room for so many connections.
    pub async fn start(folder: &Path, connections: u32) -> anyhow::Result<Self> {
        let (data, ready) = (folder.join("node"), folder.join("ready.json"));
        let program = std::env::current_exe().context("this program's own file")?;
        let mut child = Command::new(program)
            .args(["serve", "all", "--ready-file"])
            .arg(&ready)
            .env("FURLONG_DATA", &data)
            .env("FURLONG_PORT", "0")
            .env("FURLONG_RATE_LIMIT", "off")
            .env(
                "FURLONG_CONNECTIONS",
                connections.saturating_add(100).to_string(),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("a node in a process of its own")?;
        let address = match listening(&mut child, &ready).await {
            Ok(address) => address,
            Err(error) => {
                child.kill().unwrap_or_default();
                return Err(error);
            }
        };
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let keys = open_keys(&DataFolder::new(&data), &entropy);
        let keys = keys.map_err(|error| anyhow!("{error}"))?;
        let now = SystemClock::new(1).now();
        let tokens = HouseTokens::new(keys, entropy, now)?;
        Ok(Self {
            address,
            child,
            source: Source::open(address, &tokens, now).await?,
            quiet: String::new(),
            markets: 0,
            told: watch::Sender::new(0),
        })
    }

    /// How many have heard the last price.
    pub const fn told(&self) -> &watch::Sender<u32> {
        &self.told
    }

    /// The id of a market that never moves.
    pub fn quiet_market(&self) -> &str {
        &self.quiet
    }

    /// Offers markets that move, and one that does not.
    pub async fn offer(&mut self, markets: u32) -> anyhow::Result<()> {
        self.markets = markets;
        self.source.offer(QUIET, FIRST).await?;
        let mark = Mark::now();
        while self.quiet.is_empty() {
            ensure!(
                mark.wall() < PATIENCE.as_secs_f64(),
                "the markets are not shown"
            );
            let told = self.source.get("/v1/fixtures?limit=1").await?;
            let id = told["items"][0]["markets"][0]["id"].as_str();
            self.quiet = id.unwrap_or_default().to_owned();
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        for market in 1..=markets {
            self.source.offer(market, FIRST).await?;
        }
        Ok(())
    }

    /// Moves prices of all markets but the quiet one, in turn, at times fixed beforehand.
    pub async fn move_prices(&mut self, rate: u32, seconds: u32) -> anyhow::Result<()> {
        self.source.reconnect().await?;
        let changes = u64::from(rate).saturating_mul(seconds.into());
        let mark = Mark::now();
        for change in 0..changes {
            let due = super::rate(change, rate.into());
            let left = due - mark.wall();
            if left > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(left)).await;
            }
            let market = change
                .checked_rem(self.markets.into())
                .unwrap_or(0)
                .saturating_add(1);
            let cents = change.checked_rem(90).unwrap_or(0).saturating_add(10);
            let price = format!("2.{cents:02}");
            self.source.say([(market, price)]).await?;
        }
        Ok(())
    }

    /// The last price of one market: what everybody who watches must hear.
    pub async fn say_last(&mut self, market: u32) -> anyhow::Result<()> {
        self.source.reconnect().await?;
        self.source.say([(market.into(), LAST.to_owned())]).await
    }

    /// What the node has in memory, its own and none of its guests'.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).context("the node has gone")?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        let kilobytes: u64 = kilobytes.context("resident memory is not told here")?;
        Ok(kilobytes.saturating_mul(1_024))
    }

    /// Stops the node in order.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("a process")?, Signal::TERM)?;
        let mark = Mark::now();
        while self.child.try_wait()?.is_none() {
            if mark.wall() > PATIENCE.as_secs_f64() {
                self.child.kill()?;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

/// A node that nobody waits for any more is not left behind.
impl Drop for House {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().unwrap_or_default();
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

async fn listening(child: &mut Child, ready: &Path) -> anyhow::Result<SocketAddr> {
    let mark = Mark::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(ready) {
            let told: Value = serde_json::from_str(&text)?;
            let url = told["url"].as_str().unwrap_or_default();
            let address = url.strip_prefix("http://").context("an address")?;
            return address.parse().context("an address");
        }
        ensure!(child.try_wait()?.is_none(), "the node has ended by itself");
        ensure!(
            mark.wall() < PATIENCE.as_secs_f64(),
            "the node is not ready"
        );
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
