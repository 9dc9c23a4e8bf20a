//! `furlong feed`: recorded and live feeds, posted to a running furlong.
//!
//! Duty: read a recording and play it at its own pace or a multiple of it, or follow an exchange,
//! and post each update as a line. Prohibition: no short cut: the lines go the way that any producer's go.

mod betfair;
mod lines;
pub(crate) mod recording;

use crate::exit::{Ended, Failure, Outcome};
use crate::http::Answer;
use crate::numbers::grouped;
use crate::screen::Screen;
use crate::sign_in::{SignIn, SignedIn, accepted};
use clap::{Args, Subcommand};
use lines::Lines;
use odds::feed::playback::Playback;
use recording::Format;
use runtime::{Clock, SystemClock};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  furlong feed replay market.ndjson.gz --format betfair --to http://localhost:7400 --ready-file ready.json
  furlong feed replay season.csv --format football-data --to http://localhost:7400 --speed 600 --login trader --password-file trader.pw

Signs in as a trader: with --login and --password-file, or with the ready file of `furlong dev`.";

/// What to do with a feed.
#[derive(Debug, Subcommand)]
pub enum Feed {
    /// Post a recorded file as if it happened now
    #[command(after_help = EXAMPLES)]
    Replay(Replay),
    /// Follow an exchange's stream and post what it says
    #[command(after_help = betfair::EXAMPLES)]
    Betfair(betfair::Exchange),
}

/// Posts a recorded file.
#[derive(Debug, Args)]
pub struct Replay {
    /// The recorded file; gzip is unpacked
    file: PathBuf,
    /// What it is
    #[arg(long)]
    format: Format,
    /// So many times as fast as it was recorded
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,
    #[command(flatten)]
    target: Target,
}

/// Which furlong a feed is posted to.
#[derive(Debug, Args)]
pub struct Target {
    #[command(flatten)]
    sign_in: SignIn,
    /// Partitions of the furlong that it is posted to
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    partitions: u16,
}

/// Updates that are posted together.
const LINES_MAX: usize = 200;
/// The longest pause between two looks at the clock: the source says in between that it lives.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Runs it.
///
/// # Errors
/// The file cannot be read, or the other side does not take it.
pub fn run(feed: &Feed, screen: &mut Screen<'_>) -> Ended {
    match feed {
        Feed::Replay(replay) => run_replay(replay, screen),
        Feed::Betfair(exchange) => betfair::run(exchange, screen),
    }
}

fn run_replay(replay: &Replay, screen: &mut Screen<'_>) -> Ended {
    let recorded = recording::read(&replay.file, replay.format, replay.target.partitions)?;
    let clock = SystemClock::new(1);
    let total = recorded.updates.len();
    let mut playback = Playback::new(
        &recorded.source,
        recorded.updates,
        replay.speed,
        clock.now(),
    );
    let mut sender = Sender::sign_in(&replay.target)?;
    let mut lines = Lines::default();
    while playback.left() > 0 {
        let due = playback.advance(clock.now());
        let texts: Vec<String> = due.iter().filter_map(|update| lines.line(update)).collect();
        for chunk in texts.chunks(LINES_MAX) {
            sender.post(&chunk.concat(), screen)?;
        }
        let done = total.saturating_sub(playback.left());
        screen.progress(format_args!("{done} of {total} updates"));
        if let Some(next) = playback.next_at() {
            std::thread::sleep(clock.until(next).min(PAUSE_MAX));
        }
    }
    screen.progress_done();
    if screen.json {
        screen.put_json(
            &json!({"updates": total, "lines": sender.lines, "posts": sender.posts,
                "refused": sender.refused}),
        )?;
    } else {
        let (lines, posts) = (grouped(sender.lines), grouped(sender.posts));
        let refused = grouped(sender.refused);
        screen.put(format_args!(
            "{total} updates played, {lines} lines taken in {posts} posts, {refused} refused"
        ))?;
    }
    Ok(Outcome::Fine)
}

/// The way to the other side.
struct Sender<'a> {
    trader: SignedIn<'a>,
    lines: u64,
    posts: u64,
    /// Lines that broke a rule of the other side's.
    refused: u64,
}

impl<'a> Sender<'a> {
    fn sign_in(target: &'a Target) -> Result<Self, Failure> {
        Ok(Self {
            trader: target.sign_in.as_role("trader")?,
            lines: 0,
            posts: 0,
            refused: 0,
        })
    }

    fn post_once(&self, lines: &str) -> anyhow::Result<Answer> {
        let token = Some(self.trader.token());
        let kind = "application/x-ndjson";
        self.trader
            .server
            .post("/v1/feed/updates", kind, token, lines)
    }

    /// Posts lines, and tells which of them were refused or came after a gap: each counts as
    /// missing from then on.
    fn post(&mut self, lines: &str, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let mut answer = self.post_once(lines)?;
        if answer.status == 401 {
            self.trader.renew()?;
            answer = self.post_once(lines)?;
        }
        let told = accepted(&answer)?;
        let refused = told["refused"].as_array().map_or(0, Vec::len);
        self.refused = self
            .refused
            .saturating_add(u64::try_from(refused).unwrap_or(u64::MAX));
        for notice in notices(lines, &told) {
            screen.tell(notice);
        }
        self.posts = self.posts.saturating_add(1);
        let count = u64::try_from(lines.lines().count()).unwrap_or(u64::MAX);
        self.lines = self.lines.saturating_add(count);
        Ok(())
    }
}

/// What the answer says of single lines, with the source's own number of each.
fn notices(lines: &str, told: &Value) -> Vec<String> {
    let each = |name: &str| told[name].as_array().cloned().unwrap_or_default();
    let named = |said: &Value| {
        let number = said["line"].as_u64().unwrap_or(0);
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let line: Value = lines
            .lines()
            .nth(index)
            .and_then(|line| serde_json::from_str(line).ok())
            .unwrap_or(Value::Null);
        let source = line["source"].as_str().unwrap_or_default().to_owned();
        format!("message {} of {source}", line["sequence"])
    };
    let refused = each("refused");
    let refused = refused.iter().map(|said| {
        let word = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        format!(
            "{} was refused: {} {}",
            named(said),
            word("code"),
            word("detail")
        )
    });
    let gaps = each("gaps");
    let gaps = gaps.iter().map(|said| {
        format!(
            "before {} messages {} on are missing",
            named(said),
            said["expected"]
        )
    });
    refused.chain(gaps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_line_is_named_by_its_source_and_number() {
        let lines = "{\"source\":\"s\",\"sequence\":41}\n{\"source\":\"s\",\"sequence\":43}\n";
        let told = json!({
            "refused": [{"line": 1, "code": "market_unknown", "detail": "no such market"}],
            "gaps": [{"line": 2, "source": "s", "expected": 42, "got": 43}],
        });
        assert_eq!(
            notices(lines, &told),
            [
                "message 41 of s was refused: market_unknown no such market",
                "before message 43 of s messages 42 on are missing",
            ]
        );
        assert!(notices(lines, &json!({"refused": [], "gaps": []})).is_empty());
    }
}
