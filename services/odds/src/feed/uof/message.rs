//! Messages of the feed as typed values.
//!
//! Duty: each kind with what we use of it; attributes that we do not use are passed over, because the
//! feed adds some at any time; one that we use must be there and have its right form. Prohibition: no
//! state and no meaning.

use super::factors::{FactorError, outcome};
use super::xml::{self, Element, XmlError};
use kernel::{Price, Timestamp};
use schemas::odds::{Certainty, Outcome};
use std::str::FromStr;

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UofError {
    /// Not a document of ours.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// An attribute is missing.
    #[error("{element} has no {attribute}")]
    Missing {
        /// In which element.
        element: String,
        /// Which.
        attribute: &'static str,
    },
    /// An attribute has not the right form.
    #[error("{attribute} of {element} is not {value:?}")]
    Wrong {
        /// In which element.
        element: String,
        /// Which.
        attribute: &'static str,
        /// What it is.
        value: String,
    },
    /// A row of a settlement that the table does not have.
    #[error(transparent)]
    Factor(#[from] FactorError),
}

/// What every message of a producer about a fixture begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The producer.
    pub product: u32,
    /// The fixture, as the feed calls it.
    pub event: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// The recovery that it belongs to, if any.
    pub request_id: Option<u64>,
}

/// Which market of a fixture: the number and the sorted specifiers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketKey {
    /// The market's number.
    pub market: u32,
    /// By name.
    pub specifiers: Vec<(String, String)>,
}

impl MarketKey {
    /// The same for the same market, in whatever order its specifiers were written.
    #[must_use]
    pub fn text(&self) -> String {
        let specifiers: Vec<String> = self
            .specifiers
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{}|{}", self.market, specifiers.join("|"))
    }
}

/// Whether a market takes bets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketState {
    /// 1.
    Active,
    /// 0.
    Inactive,
    /// -1.
    Suspended,
    /// -2: another producer takes over.
    HandedOver,
    /// -3.
    Settled,
    /// -4.
    Cancelled,
}

/// Prices of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketOdds {
    /// Which.
    pub key: MarketKey,
    /// Whether it takes bets.
    pub state: MarketState,
    /// By the outcome's number or name; none: not to be bet on now.
    pub prices: Vec<(String, Option<Price>)>,
}

/// A market's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketOutcomes {
    /// Which.
    pub key: MarketKey,
    /// By the outcome's number or name; none: undecided yet.
    pub outcomes: Vec<(String, Option<Outcome>)>,
}

/// Where a fixture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixtureState {
    /// 0 not begun, 1 live, 2 suspended, 3 ended, 4 closed, 5 cancelled, and others.
    pub status: u32,
    /// Points of both sides.
    pub score: Option<(u16, u16)>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// New prices, or a new state.
    OddsChange {
        /// Where and when.
        head: Head,
        /// Where the fixture stands, if told.
        state: Option<FixtureState>,
        /// By market.
        markets: Vec<MarketOdds>,
    },
    /// No bets on groups of markets.
    BetStop {
        /// Where and when.
        head: Head,
        /// Which groups; `all` is one.
        groups: Vec<String>,
    },
    /// Results.
    BetSettlement {
        /// Where and when.
        head: Head,
        /// How sure.
        certainty: Certainty,
        /// By market.
        markets: Vec<MarketOutcomes>,
    },
    /// Bets do not count.
    BetCancel {
        /// Where and when.
        head: Head,
        /// From then, if given.
        from: Option<Timestamp>,
        /// Until then, if given.
        until: Option<Timestamp>,
        /// Which markets, and the number of the reason.
        markets: Vec<(MarketKey, Option<String>)>,
    },
    /// Results do not stand.
    RollbackBetSettlement {
        /// Where and when.
        head: Head,
        /// Which markets.
        markets: Vec<MarketKey>,
    },
    /// A cancellation does not stand.
    RollbackBetCancel {
        /// Where and when.
        head: Head,
        /// From then, if given.
        from: Option<Timestamp>,
        /// Until then, if given.
        until: Option<Timestamp>,
        /// Which markets.
        markets: Vec<MarketKey>,
    },
    /// The fixture changed.
    FixtureChange {
        /// Where and when.
        head: Head,
        /// When it begins.
        starts_at: Option<Timestamp>,
        /// Whether it will not be played.
        cancelled: bool,
    },
    /// The producer lives.
    Alive {
        /// Which.
        product: u32,
        /// When it said so.
        said_at: Timestamp,
        /// Whether nothing was lost for us since the last one.
        subscribed: bool,
    },
    /// A recovery is complete.
    SnapshotComplete {
        /// Of which producer.
        product: u32,
        /// Of which request.
        request_id: u64,
    },
    /// The producer says that it is down.
    ProductDown {
        /// Which.
        product: u32,
    },
    /// Something that says nothing to us.
    Other {
        /// The name of the message.
        name: String,
    },
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// Not such a message; nothing of it counts.
    pub fn read(bytes: &[u8]) -> Result<Self, UofError> {
        let root = xml::read(bytes)?;
        let window = |root: &Element| {
            Ok::<_, UofError>((millis(root, "start_time")?, millis(root, "end_time")?))
        };
        Ok(match root.name.as_str() {
            "odds_change" => Self::OddsChange {
                head: head(&root)?,
                state: root.child("sport_event_status").map(state).transpose()?,
                markets: collect(root.child("odds"), odds)?,
            },
            "bet_stop" => Self::BetStop {
                head: head(&root)?,
                groups: root
                    .get("groups")
                    .unwrap_or("all")
                    .split('|')
                    .map(str::to_owned)
                    .collect(),
            },
            "bet_settlement" => Self::BetSettlement {
                head: head(&root)?,
                certainty: match required(&root, "certainty")? {
                    "1" => Certainty::Live,
                    "2" => Certainty::Confirmed,
                    _ => return Err(wrong(&root, "certainty")),
                },
                markets: collect(root.child("outcomes"), outcomes)?,
            },
            "bet_cancel" => {
                let (from, until) = window(&root)?;
                Self::BetCancel {
                    head: head(&root)?,
                    from,
                    until,
                    markets: collect(Some(&root), |market| {
                        Ok((key(market)?, market.get("void_reason").map(str::to_owned)))
                    })?,
                }
            }
            "rollback_bet_settlement" => Self::RollbackBetSettlement {
                head: head(&root)?,
                markets: collect(Some(&root), key)?,
            },
            "rollback_bet_cancel" => {
                let (from, until) = window(&root)?;
                Self::RollbackBetCancel {
                    head: head(&root)?,
                    from,
                    until,
                    markets: collect(Some(&root), key)?,
                }
            }
            "fixture_change" => Self::FixtureChange {
                head: head(&root)?,
                starts_at: millis(&root, "start_time")?,
                cancelled: root.get("change_type") == Some("3"),
            },
            "alive" => Self::Alive {
                product: number(&root, "product")?,
                said_at: said_at(&root)?,
                subscribed: match required(&root, "subscribed")? {
                    "1" => true,
                    "0" => false,
                    _ => return Err(wrong(&root, "subscribed")),
                },
            },
            "snapshot_complete" => Self::SnapshotComplete {
                product: number(&root, "product")?,
                request_id: number(&root, "request_id")?,
            },
            "product_down" => Self::ProductDown {
                product: number(&root, "product")?,
            },
            other => Self::Other {
                name: other.to_owned(),
            },
        })
    }
}

impl Message {
    /// Of which producer it is.
    #[must_use]
    pub const fn product(&self) -> Option<u32> {
        match self {
            Self::OddsChange { head, .. }
            | Self::BetStop { head, .. }
            | Self::BetSettlement { head, .. }
            | Self::BetCancel { head, .. }
            | Self::RollbackBetSettlement { head, .. }
            | Self::RollbackBetCancel { head, .. }
            | Self::FixtureChange { head, .. } => Some(head.product),
            Self::Alive { product, .. }
            | Self::SnapshotComplete { product, .. }
            | Self::ProductDown { product } => Some(*product),
            Self::Other { .. } => None,
        }
    }

    /// When it was said, by the producer's clock.
    #[must_use]
    pub const fn said_at(&self) -> Option<Timestamp> {
        match self {
            Self::OddsChange { head, .. }
            | Self::BetStop { head, .. }
            | Self::BetSettlement { head, .. }
            | Self::BetCancel { head, .. }
            | Self::RollbackBetSettlement { head, .. }
            | Self::RollbackBetCancel { head, .. }
            | Self::FixtureChange { head, .. } => Some(head.said_at),
            Self::Alive { said_at, .. } => Some(*said_at),
            Self::SnapshotComplete { .. } | Self::ProductDown { .. } | Self::Other { .. } => None,
        }
    }
}

/// The children named `market`, each read.
fn collect<T>(
    parent: Option<&Element>,
    read: impl Fn(&Element) -> Result<T, UofError>,
) -> Result<Vec<T>, UofError> {
    let markets = parent.into_iter().flat_map(|parent| parent.all("market"));
    markets.map(read).collect()
}

fn required<'a>(element: &'a Element, attribute: &'static str) -> Result<&'a str, UofError> {
    element.get(attribute).ok_or_else(|| UofError::Missing {
        element: element.name.clone(),
        attribute,
    })
}

fn wrong(element: &Element, attribute: &'static str) -> UofError {
    UofError::Wrong {
        element: element.name.clone(),
        attribute,
        value: element
            .get(attribute)
            .unwrap_or_default()
            .chars()
            .take(80)
            .collect(),
    }
}

fn number<T: FromStr>(element: &Element, attribute: &'static str) -> Result<T, UofError> {
    required(element, attribute)?
        .parse()
        .map_err(|_| wrong(element, attribute))
}

/// Milliseconds since 1970, if the attribute is there.
fn millis(element: &Element, attribute: &'static str) -> Result<Option<Timestamp>, UofError> {
    /// In the year 5000.
    const LATEST: i64 = 95_617_584_000_000;
    let Some(text) = element.get(attribute) else {
        return Ok(None);
    };
    let millis: i64 = text.parse().map_err(|_| wrong(element, attribute))?;
    if !(0..LATEST).contains(&millis) {
        return Err(wrong(element, attribute));
    }
    Ok(Some(Timestamp::from_millis(millis)))
}

fn said_at(element: &Element) -> Result<Timestamp, UofError> {
    millis(element, "timestamp")?.ok_or_else(|| UofError::Missing {
        element: element.name.clone(),
        attribute: "timestamp",
    })
}

fn head(root: &Element) -> Result<Head, UofError> {
    let event = required(root, "event_id")?;
    if event.is_empty() || event.len() > 200 {
        return Err(wrong(root, "event_id"));
    }
    Ok(Head {
        product: number(root, "product")?,
        event: event.to_owned(),
        said_at: said_at(root)?,
        request_id: root
            .get("request_id")
            .map(|_| number(root, "request_id"))
            .transpose()?,
    })
}

fn key(market: &Element) -> Result<MarketKey, UofError> {
    let text = market.get("specifiers").unwrap_or_default();
    let mut specifiers = Vec::new();
    for pair in text.split('|').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong(market, "specifiers"))?;
        specifiers.push((name.to_owned(), value.to_owned()));
    }
    specifiers.sort();
    Ok(MarketKey {
        market: number(market, "id")?,
        specifiers,
    })
}

fn state(status: &Element) -> Result<FixtureState, UofError> {
    // Scores may be written with a fraction that is nothing.
    let points = |name: &str| -> Option<u16> { status.get(name)?.split('.').next()?.parse().ok() };
    Ok(FixtureState {
        status: number(status, "status")?,
        score: points("home_score").zip(points("away_score")),
    })
}

fn odds(market: &Element) -> Result<MarketOdds, UofError> {
    let state = match market.get("status").unwrap_or("1") {
        "1" => MarketState::Active,
        "0" => MarketState::Inactive,
        "-1" => MarketState::Suspended,
        "-2" => MarketState::HandedOver,
        "-3" => MarketState::Settled,
        "-4" => MarketState::Cancelled,
        _ => return Err(wrong(market, "status")),
    };
    let mut prices = Vec::new();
    for outcome in market.all("outcome") {
        let active = outcome.get("active") != Some("0");
        let price = match outcome.get("odds") {
            Some(text) if active => {
                Some(text.parse::<Price>().map_err(|_| wrong(outcome, "odds"))?)
            }
            Some(_) | None => None,
        };
        prices.push((required(outcome, "id")?.to_owned(), price));
    }
    Ok(MarketOdds {
        key: key(market)?,
        state,
        prices,
    })
}

fn outcomes(market: &Element) -> Result<MarketOutcomes, UofError> {
    let mut rows = Vec::new();
    for row in market.all("outcome") {
        let became = outcome(
            required(row, "result")?,
            row.get("void_factor"),
            row.get("dead_heat_factor"),
        )?;
        rows.push((required(row, "id")?.to_owned(), became));
    }
    Ok(MarketOutcomes {
        key: key(market)?,
        outcomes: rows,
    })
}
