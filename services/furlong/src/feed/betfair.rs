//! `furlong feed betfair`: an exchange's stream, followed and posted.
//!
//! Duty: the socket, the clock and the posting around the exchange's protocol. One thread follows the
//! stream and never waits for the other, which posts: so a slow furlong does not stop the draining.
//!
//! Prohibition: no TLS: a proxy on this machine ends it (the exchange's own address takes nothing
//! else), and the key and the token come from files, never from arguments.

use super::lines::Lines;
use super::{LINES_MAX, Sender, Target};
use crate::exit::{Ended, Failure, Outcome};
use crate::numbers::grouped;
use crate::screen::Screen;
use anyhow::Context;
use clap::Args;
use kernel::Timestamp;
use odds::feed::FeedUpdate;
use odds::feed::betfair::{
    Access, BetfairFeed, Dial, Session, SessionFailure, Stream, Subscription, follow,
};
use runtime::{Clock, SystemClock};
use serde_json::json;
use std::net::{TcpStream, ToSocketAddrs};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender as Told, channel};
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  furlong feed betfair --exchange localhost:8443 --markets 1.200806927 --app-key-file key --session-file session --to http://localhost:7400 --ready-file ready.json

Posts fixtures, markets, best prices to back, withdrawals and results until the markets are over. The
connection is plain TCP: let a proxy on this machine speak TLS to the exchange.";

/// An exchange and what is wanted of it.
#[derive(Debug, Args)]
pub struct Exchange {
    /// Where the stream is, without TLS, such as localhost:8443
    #[arg(long, value_name = "HOST:PORT")]
    exchange: String,
    /// The exchange's ids of the markets
    #[arg(long, value_name = "ID,…", value_delimiter = ',', required = true, num_args = 1..=200)]
    markets: Vec<String>,
    /// A file with the application's key
    #[arg(long, value_name = "FILE")]
    app_key_file: PathBuf,
    /// A file with the session's token
    #[arg(long, value_name = "FILE")]
    session_file: PathBuf,
    /// So many best levels instead of whole ladders
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=10))]
    levels: Option<u8>,
    /// Let the exchange merge changes within so many milliseconds
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=120_000))]
    conflate_ms: u64,
    /// The interval of heartbeats in milliseconds
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(500..=5_000))]
    heartbeat_ms: u64,
    #[command(flatten)]
    target: Target,
}

/// Between two questions of whether the stream has been silent for too long.
const LOOK: Duration = Duration::from_millis(100);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Runs it.
///
/// # Errors
/// A file cannot be read, the exchange refuses us, or the other side does not take the lines.
pub(super) fn run(exchange: &Exchange, screen: &mut Screen<'_>) -> Ended {
    let clock = SystemClock::new(1);
    let first = u64::try_from(clock.now().micros()).unwrap_or(1);
    let subscription = Subscription {
        markets: exchange.markets.clone(),
        heartbeat_ms: exchange.heartbeat_ms,
        conflate_ms: exchange.conflate_ms,
        levels: exchange.levels,
    };
    let access = Access {
        app_key: secret(&exchange.app_key_file)?,
        session_token: secret(&exchange.session_file)?,
    };
    let feed = BetfairFeed::unconnected("betfair", exchange.target.partitions, first);
    let mut session = Session::new(access, subscription, feed);
    let mut dial = Tcp {
        to: exchange.exchange.clone(),
        clock,
    };
    let mut sender = Sender::sign_in(&exchange.target)?;
    let (told, heard) = channel();
    std::thread::scope(|scope| {
        let following = scope.spawn(move || {
            let followed = listen(&mut session, &mut dial, &clock, &told);
            (followed, session.reconnections())
        });
        // Ends when the follower has dropped its end; the follower ends when we drop ours.
        let posted = post(&heard, &mut sender, screen);
        drop(heard);
        let (followed, reconnections) = following
            .join()
            .map_err(|_| Failure::failed("the follower has panicked"))?;
        posted?;
        followed.map_err(|failure| match failure {
            SessionFailure::NotAuthorised(_) => Failure::NotPermitted(failure.to_string()),
            SessionFailure::TooManyMarkets | SessionFailure::Refused(_) => {
                Failure::failed(failure.to_string())
            }
        })?;
        screen.progress_done();
        if screen.json {
            screen.put_json(&json!({
                "lines": sender.lines,
                "posts": sender.posts,
                "refused": sender.refused,
                "reconnections": reconnections,
            }))?;
        } else {
            let (lines, posts) = (grouped(sender.lines), grouped(sender.posts));
            screen.put(format_args!(
                "{lines} lines taken in {posts} posts, {reconnections} reconnections"
            ))?;
        }
        Ok(Outcome::Fine)
    })
}

/// Follows until every market is over, or nobody wants to hear it any more.
fn listen(
    session: &mut Session,
    dial: &mut Tcp,
    clock: &SystemClock,
    told: &Told<FeedUpdate>,
) -> Result<(), SessionFailure> {
    follow(session, dial, clock, &mut |update| {
        if told.send(update).is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
}

/// Posts what was heard, as much at once as has come in the meantime.
fn post(
    heard: &Receiver<FeedUpdate>,
    sender: &mut Sender<'_>,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let mut lines = Lines::default();
    while let Ok(first) = heard.recv() {
        let waiting = heard.try_iter().take(LINES_MAX.saturating_sub(1));
        let updates: Vec<FeedUpdate> = [first].into_iter().chain(waiting).collect();
        let body: String = updates
            .iter()
            .filter_map(|update| lines.line(update))
            .collect();
        sender.post(&body, screen)?;
        screen.progress(format_args!("{} lines", sender.lines));
    }
    Ok(())
}

fn secret(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.trim().to_owned())
}

struct Tcp {
    to: String,
    clock: SystemClock,
}

impl Dial for Tcp {
    fn dial(&mut self) -> std::io::Result<Box<dyn Stream>> {
        let mut refused = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for address in self.to.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(LOOK))?;
                    stream.set_write_timeout(Some(CONNECT))?;
                    return Ok(Box::new(stream));
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn wait(&mut self, until: Timestamp) {
        std::thread::sleep(self.clock.until(until));
    }
}
