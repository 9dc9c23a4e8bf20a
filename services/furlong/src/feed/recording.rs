//! Recorded files, read and understood: for `feed replay`, which posts them, and for `dev`, which
//! plays them.

use crate::exit::Failure;
use anyhow::{Context, anyhow};
use clap::ValueEnum;
use kernel::{Partition, Timestamp};
use odds::feed::FeedUpdate;
use odds::feed::betfair::BetfairFeed;
use odds::feed::{football_data, ndjson};
use std::io::Read;
use std::path::Path;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A recorded exchange stream, one message a line
    Betfair,
    /// A season of results and prices, CSV
    FootballData,
    /// Lines as they are posted to /v1/feed/updates
    Ndjson,
}

/// A recording.
pub struct Recorded {
    /// Under which name it is played.
    pub source: String,
    /// In their order.
    pub updates: Vec<FeedUpdate>,
}

/// Reads a file.
///
/// # Errors
/// There is none, or it is not of that format.
pub fn read(path: &Path, format: Format, partitions: Partition) -> Result<Recorded, Failure> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = unpack(bytes).map_err(|error| {
        Failure::Unreadable(format!("{} is not text: {error:#}", path.display()))
    })?;
    let updates = match format {
        Format::Betfair => betfair(&text, partitions),
        Format::FootballData => football_data::read(&text)
            .map(|rows| football_data::play("football-data", partitions, 1, &rows))
            .map_err(|error| anyhow!("{error}")),
        Format::Ndjson => ndjson::read(&text, partitions, Timestamp::default())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| anyhow!("{error}")),
    };
    let updates =
        updates.map_err(|error| Failure::Unreadable(format!("{}: {error}", path.display())))?;
    let source = updates.first().map(|update| update.source.clone());
    let source =
        source.ok_or_else(|| Failure::Unreadable(format!("{} holds no update", path.display())))?;
    Ok(Recorded { source, updates })
}

fn unpack(bytes: Vec<u8>) -> anyhow::Result<String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(String::from_utf8(bytes)?);
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text)?;
    Ok(text)
}

fn betfair(text: &str, partitions: Partition) -> anyhow::Result<Vec<FeedUpdate>> {
    let mut feed = BetfairFeed::new("betfair", partitions, 1);
    let mut updates = Vec::new();
    for (line, number) in text.lines().zip(1_usize..) {
        let told = feed
            .line(line)
            .map_err(|error| anyhow!("line {number}: {error}"))?;
        updates.extend(told);
    }
    Ok(updates)
}
