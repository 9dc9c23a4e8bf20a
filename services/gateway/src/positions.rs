//! Positions as clients hold them.
//!
//! Duty: an opaque text for "I have seen the log up to here", of one record or of several
//! partitions, and of streams with the number of the last message. Prohibition: nothing here
//! promises that a token of a client is true; it is only ever waited for, within bounds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Position, TopicPartition};
use schemas::{Input, Wire};
use std::collections::BTreeMap;

/// The first byte of every token; another form would get another number.
const FORM: u8 = 1;
/// No process reads more partitions than this.
const POSITIONS_MAX: usize = 1_024;

/// The last record seen of each partition, and of a stream the number of its last message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The number of the stream's last message; 0 outside streams.
    pub seq: u64,
    /// The last record seen, by partition.
    pub seen: BTreeMap<TopicPartition, u64>,
}

/// Not a token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position of ours")]
pub struct TokenInvalid;

impl Token {
    /// Having seen these records.
    #[must_use]
    pub fn of(positions: &[Position]) -> Self {
        let mut token = Self::default();
        for position in positions {
            token.see(*position);
        }
        token
    }

    /// Takes notice of a record.
    pub fn see(&mut self, position: Position) {
        let seen = self
            .seen
            .entry(position.topic_partition())
            .or_insert(position.offset);
        *seen = position.offset.max(*seen);
    }

    /// The last records seen.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.seen.iter().map(|(at, offset)| at.at(*offset))
    }

    /// The text for clients.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = vec![FORM];
        self.seq.encode(&mut bytes);
        self.positions().collect::<Vec<_>>().encode(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a client's text.
    ///
    /// # Errors
    /// Not a token of ours.
    pub fn parse(text: &str) -> Result<Self, TokenInvalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenInvalid)?;
        let (&form, rest) = bytes.split_first().ok_or(TokenInvalid)?;
        if form != FORM {
            return Err(TokenInvalid);
        }
        let mut input = Input::new(rest);
        let seq = u64::decode(&mut input).map_err(|_| TokenInvalid)?;
        let positions = Vec::<Position>::decode(&mut input).map_err(|_| TokenInvalid)?;
        if !input.rest().is_empty() || positions.len() > POSITIONS_MAX {
            return Err(TokenInvalid);
        }
        Ok(Self {
            seq,
            ..Self::of(&positions)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;
    use proptest::prelude::*;

    #[test]
    fn text_round_trips() {
        let at = |topic, partition, offset| Position {
            topic,
            partition,
            offset,
        };
        let mut token = Token::of(&[at(Topic::BetsEvents, 3, 57), at(Topic::LedgerEvents, 3, 9)]);
        token.see(at(Topic::BetsEvents, 3, 12));
        token.seq = 4;
        assert_eq!(Token::parse(&token.text()), Ok(token.clone()));
        assert_eq!(token.seen[&TopicPartition::new(Topic::BetsEvents, 3)], 57);
    }

    proptest! {
        #[test]
        fn garbage_is_refused_and_never_panics(text in ".{0,80}") {
            if let Ok(token) = Token::parse(&text) {
                prop_assert_eq!(Token::parse(&token.text()), Ok(token));
            }
        }
    }
}
