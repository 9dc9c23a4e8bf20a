//! Recorded files, read and understood: for `feed replay`, which posts them, and for `dev`, which
//! plays them.

use crate::exit::Failure;
use anyhow::{Context, anyhow};
use clap::ValueEnum;
use kernel::{Partition, Timestamp};
use odds::feed::FeedUpdate;
use odds::feed::betfair::BetfairFeed;
use odds::feed::uof::{Ask, Message, Terms, UofFeed};
use odds::feed::{football_data, ndjson};
use schemas::odds::Update;
use std::collections::BTreeSet;
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
    /// Messages of an XML odds feed, one a line
    Uof,
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
    let text = text(path)?;
    let updates = match format {
        Format::Betfair => betfair(&text, partitions),
        Format::FootballData => football_data::read(&text)
            .map(|rows| football_data::play("football-data", partitions, 1, &rows))
            .map_err(|error| anyhow!("{error}")),
        Format::Ndjson => ndjson::read(&text, partitions, Timestamp::default())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| anyhow!("{error}")),
        Format::Uof => uof(&text, partitions),
    };
    let updates =
        updates.map_err(|error| Failure::Unreadable(format!("{}: {error}", path.display())))?;
    let source = updates.first().map(|update| update.source.clone());
    let source =
        source.ok_or_else(|| Failure::Unreadable(format!("{} holds no update", path.display())))?;
    Ok(Recorded { source, updates })
}

/// A file as text; gzip is unpacked.
///
/// # Errors
/// There is none, or it is not text.
pub fn text(path: &Path) -> Result<String, Failure> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    unpack(bytes)
        .map_err(|error| Failure::Unreadable(format!("{} is not text: {error:#}", path.display())))
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

/// In a recording nobody answers questions: a recovery that is asked for is complete at once.
fn uof(text: &str, partitions: Partition) -> anyhow::Result<Vec<FeedUpdate>> {
    let lines = || {
        let numbered = text.lines().zip(1_usize..);
        numbered.filter(|(line, _)| !line.trim().is_empty())
    };
    let mut messages = Vec::new();
    let mut products = BTreeSet::new();
    for (line, number) in lines() {
        let message = Message::read(line.as_bytes());
        let message = message.map_err(|error| anyhow!("line {number}: {error}"))?;
        products.extend(message.product());
        messages.push((line, message.said_at()));
    }
    let begun = messages.iter().find_map(|(_, said_at)| *said_at);
    let mut now = begun.unwrap_or_default();
    let mut feed = UofFeed::new("uof", partitions, 1, Terms::default());
    let mut updates = Vec::new();
    for product in products {
        updates.extend(feed.expect(product, None, now));
    }
    for (line, said_at) in messages {
        now = said_at.map_or(now, |said_at| said_at.max(now));
        let heard = feed.message(line.as_bytes(), now)?;
        updates.extend(heard.updates);
        for Ask::Recovery {
            product,
            request_id,
            ..
        } in heard.asks
        {
            let complete = format!(
                r#"<snapshot_complete product="{product}" timestamp="0" request_id="{request_id}"/>"#
            );
            updates.extend(feed.message(complete.as_bytes(), now)?.updates);
        }
    }
    // Played by one source, which is up while it plays: one producer's state is not all of it.
    updates.retain(|told| !matches!(told.update, Update::GoDown(_) | Update::ComeUp(_)));
    Ok(updates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_xml_feed_is_one_message_a_line() {
        let lines = [
            r#"<alive product="3" timestamp="1800000000000" subscribed="1"/>"#,
            r#"<odds_change product="3" event_id="sr:match:7" timestamp="1800000001000"><odds><market id="1" status="1"><outcome id="1" odds="2.5"/><outcome id="2" odds="3.4"/><outcome id="3" odds="2.9"/></market></odds></odds_change>"#,
            "",
            r#"<bet_settlement certainty="2" product="3" event_id="sr:match:7" timestamp="1800000002000"><outcomes><market id="1"><outcome id="1" result="1"/><outcome id="2" result="0"/><outcome id="3" result="0"/></market></outcomes></bet_settlement>"#,
        ];
        let updates = uof(&lines.join("\n"), 8).unwrap();
        let books = updates
            .iter()
            .filter(|told| matches!(told.update, Update::QuoteBook(_)));
        assert_eq!(books.count(), 1);
        let last = updates.last().unwrap();
        assert!(matches!(last.update, Update::StateResult(_)));
        assert_eq!(last.source, "uof/3");
        let error = uof("<alive/>", 8).unwrap_err().to_string();
        assert_eq!(error, "line 1: alive has no product");
    }
}
