//! Up to where history is told.
//!
//! Duty: read a position or an instant, and write instants. A position stands for the moment of
//! its decision: its own partition goes up to it, the others up to that moment.

use super::stored::Stored;
use kernel::{Offset, Position, Timestamp, TopicPartition};

/// The end of what is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Until {
    time: Option<Timestamp>,
    position: Option<Position>,
}

impl Until {
    /// Reads `bets.events/3@17` or `2026-11-22T10:00:00Z`.
    ///
    /// # Errors
    /// Neither, or no such record in this log.
    pub fn read(text: &str, log: &dyn Stored) -> Result<Self, String> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self {
                time: Some(Timestamp::from_micros(instant.as_microsecond())),
                position: None,
            });
        }
        let position = position(text).ok_or_else(|| {
            format!("{text:?} is neither a position such as bets.events/3@17 nor a time such as 2026-11-22T10:00:00Z")
        })?;
        let record = log
            .record(position)
            .ok_or_else(|| format!("there is no record at {position}"))?;
        let (header, _) = schemas::decode_header(position.topic, &record.bytes)
            .map_err(|error| format!("the record at {position} tells no time: {error}"))?;
        Ok(Self {
            time: Some(header.decided_at),
            position: Some(position),
        })
    }

    /// Whether everything is told.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.time.is_none()
    }

    /// Whether this record is behind the end.
    #[must_use]
    pub fn is_past_offset(&self, at: TopicPartition, offset: Offset) -> bool {
        self.position
            .is_some_and(|last| last.topic_partition() == at && offset > last.offset)
    }

    /// Whether what was decided then is behind the end.
    #[must_use]
    pub fn is_past_time(&self, decided_at: Timestamp) -> bool {
        self.time.is_some_and(|last| decided_at > last)
    }
}

/// Reads `topic/partition@offset`.
fn position(text: &str) -> Option<Position> {
    let (at, offset) = text.split_once('@')?;
    let (topic, partition) = at.split_once('/')?;
    let topic: kernel::Topic = topic.parse().ok()?;
    let at = TopicPartition::new(topic, partition.parse().ok()?);
    topic.is_journal().then_some(at.at(offset.parse().ok()?))
}

/// An instant in RFC 3339, UTC, to the microsecond.
#[must_use]
pub fn instant_text(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(
        |_| at.micros().to_string(),
        |instant| format!("{instant:.6}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    #[test]
    fn positions_are_those_that_are_printed() {
        let at = TopicPartition::new(Topic::BetsEvents, 3).at(17);
        assert_eq!(position(&at.to_string()), Some(at));
        for text in [
            "",
            "bets.events/3",
            "bets.events@3",
            "bets.commands/0@1",
            "x.events/0@1",
        ] {
            assert_eq!(position(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_rfc_3339_in_utc() {
        assert_eq!(
            instant_text(Timestamp::from_micros(0)),
            "1970-01-01T00:00:00.000000Z"
        );
        assert_eq!(
            instant_text(Timestamp::from_micros(1_700_000_000_123_456)),
            "2023-11-14T22:13:20.123456Z"
        );
    }

    #[test]
    fn a_position_ends_its_own_partition_and_its_time_the_others() {
        let last = TopicPartition::new(Topic::BetsEvents, 3).at(17);
        let until = Until {
            time: Some(Timestamp::from_millis(5)),
            position: Some(last),
        };
        assert!(until.is_past_offset(last.topic_partition(), 18));
        assert!(!until.is_past_offset(last.topic_partition(), 17));
        assert!(!until.is_past_offset(TopicPartition::new(Topic::OddsEvents, 3), 18));
        assert!(until.is_past_time(Timestamp::from_millis(6)));
        assert!(!until.is_past_time(Timestamp::from_millis(5)));
        assert!(!Until::default().is_past_time(Timestamp::MAX));
    }
}
