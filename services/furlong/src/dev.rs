//! `furlong dev`: a sportsbook that moves, on this machine, for one person.
//!
//! Duty: a node with users, money, a feed and bots, a banner that tells where everything is, and
//! a ready file for scripts. Prohibition: nothing here is needed by `serve`; the services do not
//! know that they are watched.

mod banner;
mod bots;
mod feed;
mod users;

use crate::admission::AdmissionOptions;
use crate::data_folder::DataFolder;
use crate::exit::{Ended, Failure, Outcome};
use crate::feed::recording::{self, Format, Recorded};
use crate::node::{Node, NodeOptions};
use crate::screen::Screen;
use anyhow::Context;
use clap::Args;
use gateway::{Demo, RateLimit};
use odds::feed::simulation::Scenario;
use runtime::SystemEntropy;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Partitions of a development world.
const PARTITIONS: u16 = 8;
/// Effective decisions between two snapshots of a partition.
const SNAPSHOT_EVERY: u64 = 20_000;
/// How long an answer is waited for before it is called unknown.
const DEADLINE: Duration = Duration::from_secs(5);
/// The port when none is named.
pub const PORT: u16 = 7400;

/// Shown below the help.
pub const EXAMPLES: &str = "\
Examples
  A moving sportsbook, gone at exit     furlong dev
  The same, kept                        furlong dev --data ./book
  A recorded season on any free port    furlong dev --port 0 --feed season.csv --feed-format football-data --speed 600
";

/// Everything in one process on the embedded log, seeded and moving
#[derive(Debug, Clone, Args)]
pub struct Dev {
    /// Keep data in this folder (default: a temporary one, gone at exit)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address to listen on; whoever reaches it can sign in as the users shown
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// The port; 0 picks a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Decides everything that chance decides in the simulated feed and the bots
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What kind of day the simulated feed plays: derby-day, cup-final or quiet
    #[arg(long, default_value = "derby-day", value_parser = Scenario::from_str)]
    scenario: Scenario,
    /// No bots that bet
    #[arg(long)]
    no_bots: bool,
    /// Requests a minute per user, or off
    #[arg(long, default_value = "100", value_parser = rate_limit)]
    rate_limit: Rate,
    /// Let prices lean anew when an exposure has moved by so many thousandths of a market's maximum;
    /// 0: they do not lean by themselves
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    lean_step: u16,
    /// Let withdrawals of so many whole units of their currency and more wait for two persons
    #[arg(long, value_name = "N", default_value_t = gateway::WITHDRAWAL_REVIEW_UNITS)]
    review_units: u32,
    /// Play a recorded file instead of the simulated feed
    #[arg(long, value_name = "FILE")]
    feed: Option<PathBuf>,
    /// What the recorded file is
    #[arg(long, value_enum, default_value_t = Format::Betfair)]
    feed_format: Format,
    /// So many times as fast as it was recorded
    #[arg(long, default_value_t = 1)]
    speed: u32,
    /// Write the address, the process id and the users here once ready
    #[arg(long, value_name = "F")]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy)]
struct Rate(Option<RateLimit>);

fn rate_limit(text: &str) -> Result<Rate, String> {
    if text == "off" {
        return Ok(Rate(None));
    }
    let per_minute: u32 = text
        .parse()
        .map_err(|_| format!("{text:?} is neither a number nor \"off\""))?;
    if per_minute == 0 {
        return Err("at least 1, or \"off\"".to_owned());
    }
    // From rest half as many again, as the default of 100 and 150.
    let burst = per_minute.saturating_add(per_minute.div_ceil(2));
    Ok(Rate(Some(RateLimit { per_minute, burst })))
}

impl Default for Dev {
    fn default() -> Self {
        Self {
            data: None,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: PORT,
            seed: 1,
            scenario: Scenario::DerbyDay,
            no_bots: false,
            rate_limit: Rate(Some(RateLimit {
                per_minute: 100,
                burst: 150,
            })),
            lean_step: 0,
            review_units: gateway::WITHDRAWAL_REVIEW_UNITS,
            feed: None,
            feed_format: Format::Betfair,
            speed: 1,
            ready_file: None,
        }
    }
}

/// Runs until it is told to stop.
///
/// # Errors
/// It cannot start, or a service has halted.
pub fn run(dev: &Dev, screen: &mut Screen<'_>) -> Ended {
    let feed = dev
        .feed
        .as_ref()
        .map(|path| recording::read(path, dev.feed_format, PARTITIONS))
        .transpose()?;
    // Dropped last: the folder goes when everything that used it has.
    let temporary = match dev.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("a temporary folder cannot be made")?),
    };
    let path = dev
        .data
        .clone()
        .or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let folder = DataFolder::new(&path.context("there is always a folder")?);
    crate::trace::begin(screen.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads cannot be started")?;
    runtime.block_on(play(dev, feed, &folder, temporary.is_some(), screen))?;
    Ok(Outcome::Fine)
}

async fn play(
    dev: &Dev,
    feed: Option<Recorded>,
    folder: &DataFolder,
    temporary: bool,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let stop = crate::signals::stopping()?;
    let entropy = SystemEntropy;
    let users = users::Users::of(folder, &entropy)?;
    let demo = users.of_login("demo").map(|user| Demo {
        login: user.login.clone(),
        password: user.password.clone(),
    });
    let options = NodeOptions {
        provider: crate::providers::ProviderChoice::Simulated,
        withdrawal_review_units: dev.review_units,
        notices: None,
        passkeys: crate::house_passkeys::PasskeyPages::default(),
        folder: folder.clone(),
        listen: dev.listen,
        port: dev.port,
        partitions: PARTITIONS,
        snapshot_every: SNAPSHOT_EVERY,
        lean_step_permille: dev.lean_step,
        deadline: DEADLINE,
        rate_limit: dev.rate_limit.0,
        admission: AdmissionOptions::default(),
        demo,
    };
    let mut node = Node::start(options).await?;
    users.settle_in(&node, &entropy).await?;
    feed::start(&mut node, feed, dev);
    if !dev.no_bots {
        bots::start(&mut node, dev.seed).await?;
    }
    crate::newcomers::deliver_call_backs(&mut node);
    feed::begun(&node).await;
    let told = banner::Told {
        node: &node,
        users: &users,
        folder,
        temporary,
        bots: !dev.no_bots,
    };
    told.show(screen)?;
    if let Some(path) = &dev.ready_file {
        told.write_ready_file(path)?;
    }
    node.serve(stop).await
}
