//! Lines of the exchange stream as typed messages.
//!
//! Duty: decode one line. Fields that we do not use are passed over, because the exchange adds
//! some at any time; a field that we use must have its right type. Prohibition: no state.

use jiff::Timestamp as Instant;
use kernel::{Price, Timestamp};
use serde::Deserialize;
use serde::de::Error as _;
use std::borrow::Cow;

/// Why a line is no message.
#[derive(Debug, thiserror::Error)]
pub enum BetfairError {
    /// Not JSON, or a field of another type than it should be.
    #[error("not a message of the exchange stream")]
    Malformed(#[from] serde_json::Error),
    /// A price of a ladder that cannot be kept exactly.
    #[error("{0} is not a price of a ladder")]
    NotAPrice(f64),
    /// A recording that does not begin with a market's definition.
    #[error("the recording does not begin with an image of its market")]
    NoImage,
    /// A part of a longer message without the parts before it, or another message in between.
    #[error("the parts of a segmented message do not follow each other")]
    SegmentOutOfOrder,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The greeting with the connection's id.
    Connection {
        /// To be quoted to the exchange's support.
        connection_id: String,
    },
    /// The answer to a request.
    Status {
        /// Whether the request succeeded.
        success: bool,
        /// Which request it answers; none: the connection as a whole.
        id: Option<u64>,
        /// The code of the error, if any, such as `INVALID_CLOCK`.
        error_code: Option<String>,
        /// Whether the exchange hangs up.
        connection_closed: bool,
    },
    /// Prices and definitions.
    Markets(MarketChanges),
    /// Our own orders: we have none on the exchange, so only the clocks are read.
    Orders {
        /// How far this stream is.
        clk: Option<String>,
        /// Ids of the markets touched.
        markets: Vec<String>,
    },
}

/// What a change message does to the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ChangeType {
    /// Replaces everything.
    #[serde(rename = "SUB_IMAGE")]
    Image,
    /// Patches what was known before the connection broke.
    #[serde(rename = "RESUB_DELTA")]
    Resumed,
    /// Only says that the stream lives.
    #[serde(rename = "HEARTBEAT")]
    Heartbeat,
    /// Patches.
    #[default]
    #[serde(skip)]
    Update,
}

/// Where a message stands in one that was too long for one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Segment {
    /// The first of several.
    #[serde(rename = "SEG_START")]
    Start,
    /// Neither first nor last.
    #[serde(rename = "SEG")]
    Middle,
    /// The last.
    #[serde(rename = "SEG_END")]
    End,
}

/// A market change message.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketChanges {
    /// What it does to the cache.
    pub change_type: ChangeType,
    /// Its part in a longer one, if any.
    pub segment: Option<Segment>,
    /// Where a resumed stream begins.
    pub initial_clk: Option<String>,
    /// How far the stream is.
    pub clk: Option<String>,
    /// When the exchange sent it.
    pub published_at: Timestamp,
    /// The interval of heartbeats that the exchange really uses.
    pub heartbeat_ms: Option<u64>,
    /// The interval in which the exchange merges changes.
    pub conflate_ms: Option<u64>,
    /// Whether the exchange says that its own source is late (status 503).
    pub upstream_late: bool,
    /// By market.
    pub markets: Vec<MarketChange>,
}

/// Changes of one market.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct MarketChange {
    /// The exchange's id, such as `1.200806927`.
    pub id: String,
    /// Replaces what is known of this market.
    #[serde(default)]
    pub img: bool,
    /// Several changes were merged.
    #[serde(default)]
    pub con: bool,
    /// Sent whole whenever any part of it changes.
    #[serde(default, rename = "marketDefinition")]
    pub definition: Option<MarketDefinition>,
    /// By runner.
    #[serde(default, rename = "rc")]
    pub runners: Vec<RunnerChange>,
}

/// Everything about a market but its prices.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketDefinition {
    /// The fixture's id.
    #[serde(default)]
    pub event_id: String,
    /// What the fixture is called; only in historical files.
    #[serde(default)]
    pub event_name: Option<String>,
    /// The sport's number.
    #[serde(default)]
    pub event_type_id: String,
    /// What the market is called; only in historical files.
    #[serde(default)]
    pub name: Option<String>,
    /// Such as `MATCH_ODDS` or `WIN`.
    #[serde(default)]
    pub market_type: String,
    /// Scheduled start.
    pub market_time: Instant,
    /// Open, suspended, closed.
    pub status: MarketStatus,
    /// Whether the fixture is being played.
    pub in_play: bool,
    /// Seconds by which bets are delayed.
    pub bet_delay: u32,
    /// How many runners win.
    #[serde(default)]
    pub number_of_winners: u32,
    /// Rises with each change of state.
    pub version: u64,
    /// Who takes part.
    pub runners: Vec<Runner>,
}

/// State of a market on the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MarketStatus {
    /// Not yet open.
    Inactive,
    /// Bets are taken.
    Open,
    /// No bets for now.
    Suspended,
    /// No bets any more; the runners carry the result.
    Closed,
}

/// One who takes part.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Runner {
    /// The exchange's id.
    pub id: u64,
    /// What the runner is called; only in historical files.
    #[serde(default)]
    pub name: Option<String>,
    /// Takes part, withdrawn, won, lost.
    pub status: RunnerStatus,
    /// Order of display.
    #[serde(default)]
    pub sort_priority: u32,
    /// By how much (percent) other prices are reduced should this runner be withdrawn.
    #[serde(default)]
    pub adjustment_factor: Option<f64>,
    /// When the runner was withdrawn.
    #[serde(default)]
    pub removal_date: Option<Instant>,
    /// The exchange's starting price, once it is reconciled.
    #[serde(default, rename = "bsp")]
    pub starting_price: Option<StartingPrice>,
}

/// A starting price; the exchange writes a word where nobody bet.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum StartingPrice {
    /// A decimal price.
    Price(f64),
    /// `NaN` or `Infinity`.
    None(String),
}

/// State of a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunnerStatus {
    /// Takes part.
    Active,
    /// Won.
    Winner,
    /// Lost.
    Loser,
    /// Came in a paid place.
    Placed,
    /// Withdrawn.
    Removed,
    /// Withdrawn before the market was made up.
    #[serde(rename = "REMOVED_VACANT")]
    RemovedVacant,
    /// Not made public.
    Hidden,
}

/// `[price, size]`; size 0 removes.
pub type PriceSize = (f64, f64);
/// `[level, price, size]`; size 0 removes.
pub type LevelPriceSize = (u8, f64, f64);

/// Changes of one runner's ladders.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct RunnerChange {
    /// The exchange's id.
    pub id: u64,
    /// Last price traded; 0 when there was none.
    #[serde(default)]
    pub ltp: Option<f64>,
    /// Volume traded in all.
    #[serde(default)]
    pub tv: Option<f64>,
    /// Available to back, by price.
    #[serde(default)]
    pub atb: Vec<PriceSize>,
    /// Available to lay, by price.
    #[serde(default)]
    pub atl: Vec<PriceSize>,
    /// Traded, by price.
    #[serde(default)]
    pub trd: Vec<PriceSize>,
    /// Best available to back, by level.
    #[serde(default)]
    pub batb: Vec<LevelPriceSize>,
    /// Best available to lay, by level.
    #[serde(default)]
    pub batl: Vec<LevelPriceSize>,
    /// As `batb`, with bets that the exchange could cross-match.
    #[serde(default)]
    pub bdatb: Vec<LevelPriceSize>,
    /// As `batl`, with bets that the exchange could cross-match.
    #[serde(default)]
    pub bdatl: Vec<LevelPriceSize>,
    /// Starting-price stakes of backers, by price.
    #[serde(default)]
    pub spb: Vec<PriceSize>,
    /// Starting-price liabilities of layers, by price.
    #[serde(default)]
    pub spl: Vec<PriceSize>,
}

/// Every field of every kind of line: a tagged union would first be read into a tree.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    connection_id: Option<String>,
    #[serde(default, borrow)]
    status_code: Option<Cow<'a, str>>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    connection_closed: bool,
    #[serde(default, rename = "ct")]
    change_type: ChangeType,
    #[serde(default)]
    segment_type: Option<Segment>,
    #[serde(default)]
    initial_clk: Option<String>,
    #[serde(default)]
    clk: Option<String>,
    #[serde(default)]
    pt: Option<i64>,
    #[serde(default)]
    heartbeat_ms: Option<u64>,
    #[serde(default)]
    conflate_ms: Option<u64>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    mc: Vec<MarketChange>,
    #[serde(default)]
    oc: Vec<OrderMarket>,
}

#[derive(Deserialize)]
struct OrderMarket {
    id: String,
}

/// Reads one line.
///
/// # Errors
/// Not a message of the stream.
pub fn decode(line: &str) -> Result<Message, BetfairError> {
    let line: Line<'_> = serde_json::from_str(line)?;
    Ok(match &*line.op {
        "mcm" => Message::Markets(MarketChanges {
            change_type: line.change_type,
            segment: line.segment_type,
            initial_clk: line.initial_clk,
            clk: line.clk,
            published_at: Timestamp::from_millis(line.pt.ok_or_else(|| missing("pt"))?),
            heartbeat_ms: line.heartbeat_ms,
            conflate_ms: line.conflate_ms,
            upstream_late: line.status == Some(503),
            markets: line.mc,
        }),
        "ocm" => Message::Orders {
            clk: line.clk,
            markets: line.oc.into_iter().map(|market| market.id).collect(),
        },
        "connection" => Message::Connection {
            connection_id: line.connection_id.ok_or_else(|| missing("connectionId"))?,
        },
        "status" => Message::Status {
            success: line.status_code.ok_or_else(|| missing("statusCode"))? == "SUCCESS",
            id: line.id,
            error_code: line.error_code,
            connection_closed: line.connection_closed,
        },
        other => {
            let error = format!("{other:?} is no kind of message");
            return Err(serde_json::Error::custom(error).into());
        }
    })
}

fn missing(field: &'static str) -> BetfairError {
    serde_json::Error::missing_field(field).into()
}

/// The exact price behind a float of the stream: its shortest decimal form is what was sent.
///
/// # Errors
/// Not above 1, or finer than a price can be.
pub(super) fn exact_price(value: f64) -> Result<Price, BetfairError> {
    let price = match in_hundredths(value) {
        Some(hundredths) => Price::ratio(hundredths, 100).ok(),
        None => value.to_string().parse().ok(),
    };
    price.ok_or(BetfairError::NotAPrice(value))
}

/// The number of hundredths, if that is what was sent: then the quotient is the same float, because
/// both are the one nearest to the same decimal.
#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the result is checked against the float that was read; below 2^31 all is exact"
)]
fn in_hundredths(value: f64) -> Option<i64> {
    const BOUND: f64 = 2_147_483_648.0;
    let scaled = (value * 100.0).round();
    let same = (scaled / 100.0).to_bits() == value.to_bits();
    (same && scaled.abs() < BOUND).then_some(scaled as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_text_gives(whole in 1_u32..2_000, fraction in 0_u32..1_000_000, digits in 0_usize..7) {
            let text = format!("{whole}.{}", &format!("{fraction:06}")[..digits.min(6)]);
            let text = text.trim_end_matches('.');
            let value: f64 = text.parse().unwrap();
            let by_text = text.parse::<Price>().ok();
            prop_assert_eq!(exact_price(value).ok(), by_text, "{}", text);
        }
    }
}
