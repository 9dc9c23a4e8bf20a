//! What can be done to a connection, as values that print and parse.
//!
//! Duty: name the faults. Prohibition: nothing here touches a socket.

use std::fmt;
use std::str::FromStr;

/// Which half of every connection a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What clients say.
    ToServer,
    /// What the server says.
    ToClient,
    /// Both.
    Both,
}

/// A change of the network's behaviour. It stays until the next one of its kind, or [`Fault::Heal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Bytes arrive later, in order; each piece by a chance amount up to the jitter later still.
    Latency {
        /// Which half.
        way: Way,
        /// Milliseconds.
        delay_ms: u32,
        /// Milliseconds.
        jitter_ms: u32,
    },
    /// At most so many bytes a second on each connection; 0 takes the bound away.
    Bandwidth {
        /// Which half.
        way: Way,
        /// Bytes a second.
        bytes_per_second: u32,
    },
    /// Bytes are handed over in pieces of so many; 0 ends it.
    Slice {
        /// Which half.
        way: Way,
        /// Bytes.
        bytes: u16,
    },
    /// All present connections break at once, with RST to both sides.
    Reset,
    /// New connections are reset as soon as they are made.
    Refuse,
    /// Everything is swallowed while the connection seems to live. After healing, a connection
    /// that lost bytes is reset, as by a peer that has forgotten it.
    HalfOpen {
        /// Which half.
        way: Way,
    },
    /// Nothing gets through, ends and resets included; after healing what was sent arrives, as
    /// TCP would have repeated it.
    Partition {
        /// Which half.
        way: Way,
    },
    /// All is well again.
    Heal,
}

impl fmt::Display for Way {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::ToServer => "to-server",
            Self::ToClient => "to-client",
            Self::Both => "both",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency {
                way,
                delay_ms,
                jitter_ms,
            } => write!(out, "latency {way} {delay_ms} {jitter_ms}"),
            Self::Bandwidth {
                way,
                bytes_per_second,
            } => write!(out, "bandwidth {way} {bytes_per_second}"),
            Self::Slice { way, bytes } => write!(out, "slice {way} {bytes}"),
            Self::Reset => out.write_str("reset"),
            Self::Refuse => out.write_str("refuse"),
            Self::HalfOpen { way } => write!(out, "half-open {way}"),
            Self::Partition { way } => write!(out, "partition {way}"),
            Self::Heal => out.write_str("heal"),
        }
    }
}

/// A text that names no fault or no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no fault")]
pub struct Unreadable {
    /// The text.
    pub text: String,
}

impl FromStr for Way {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "to-server" => Ok(Self::ToServer),
            "to-client" => Ok(Self::ToClient),
            "both" => Ok(Self::Both),
            _ => Err(unreadable(text)),
        }
    }
}

impl FromStr for Fault {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["latency", way, delay, jitter] => Self::Latency {
                way: way.parse()?,
                delay_ms: number(delay)?,
                jitter_ms: number(jitter)?,
            },
            ["bandwidth", way, rate] => Self::Bandwidth {
                way: way.parse()?,
                bytes_per_second: number(rate)?,
            },
            ["slice", way, bytes] => Self::Slice {
                way: way.parse()?,
                bytes: number(bytes)?,
            },
            ["reset"] => Self::Reset,
            ["refuse"] => Self::Refuse,
            ["half-open", way] => Self::HalfOpen { way: way.parse()? },
            ["partition", way] => Self::Partition { way: way.parse()? },
            ["heal"] => Self::Heal,
            _ => return Err(unreadable(text)),
        })
    }
}

pub(crate) fn number<N: FromStr>(text: &str) -> Result<N, Unreadable> {
    text.parse().map_err(|_| unreadable(text))
}

pub(crate) fn unreadable(text: &str) -> Unreadable {
    Unreadable {
        text: text.to_owned(),
    }
}
