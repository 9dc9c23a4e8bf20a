//! From a source's own count of messages to the counts that the partitions see.
//!
//! Duty: hand each update to the partition that must hear it, numbered 1, 2, 3 there; name
//! repeats and gaps in the source's own count; let every partition know of a gap, because what
//! is missing may have been for any of them: odds stops betting on the source's markets until it
//! has said something new about each.
//!
//! Prohibition: no judgement of what an update says, and no memory that the log does not give
//! back: after a restart [`FeedRouter::recover`] is told what the partitions have recorded.

use super::FeedUpdate;
use kernel::{Partition, Timestamp};
use schemas::odds::{ApplyFeedMessage, Event, MissMessages, Update};
use schemas::{Decision, Events};
use std::collections::BTreeMap;

/// What a source's count says about an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next one; or the first that this process has met of its source.
    InOrder,
    /// Taken before; nothing is to be sent.
    Repeated {
        /// The highest number taken so far.
        last: u64,
    },
    /// Some are missing in between. The update is sent all the same.
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
}

/// An update on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// What the source's count says.
    pub arrival: Arrival,
    /// What to send where.
    pub messages: Vec<(Partition, ApplyFeedMessage)>,
}

/// Names a message among all that were ever sent: the idempotency key of its command, the same
/// when the same message is sent again.
#[must_use]
pub fn request_key(partition: Partition, message: &ApplyFeedMessage) -> String {
    format!("feed/{partition}/{}/{}", message.sequence, message.source)
}

/// Counts of all sources that this process sends for.
#[derive(Clone, Debug)]
pub struct FeedRouter {
    partitions: Partition,
    sources: BTreeMap<String, SourceCounts>,
}

#[derive(Clone, Debug, Default)]
struct SourceCounts {
    /// The highest number of the source itself.
    last: Option<u64>,
    /// The last number given out, by partition.
    given: BTreeMap<Partition, u64>,
}

impl SourceCounts {
    fn next(&mut self, partition: Partition) -> u64 {
        let given = self.given.entry(partition).or_default();
        *given = given.saturating_add(1);
        *given
    }

    fn skip(&mut self, partition: Partition, missing: u64) {
        let given = self.given.entry(partition).or_default();
        *given = given.saturating_add(missing);
    }
}

impl FeedRouter {
    /// Knows no source yet.
    #[must_use]
    pub fn new(partitions: Partition) -> Self {
        Self {
            partitions: partitions.max(1),
            sources: BTreeMap::new(),
        }
    }

    /// Takes over what a partition has recorded (`SourceAdvanced`), the highest counts. Numbers
    /// that were not given out here tell that the source was served by another process meanwhile:
    /// what it said there is not known, so its next update is the first that is met again.
    pub fn recover(&mut self, source: &str, partition: Partition, sequence: u64) {
        let counts = self.sources.entry(source.to_owned()).or_default();
        let given = counts.given.entry(partition).or_default();
        if sequence > *given {
            *given = sequence;
            counts.last = None;
        }
    }

    /// Whether an update with this number follows on, or repeats, what this process has met of
    /// its source. If not, others may have given out numbers meanwhile.
    #[must_use]
    pub fn is_familiar(&self, source: &str, sequence: u64) -> bool {
        self.last(source)
            .is_some_and(|last| sequence <= last.saturating_add(1))
    }

    /// Takes over what a decision of odds says about sources. A process that begins to send must
    /// first have heard the journal to its end, or it would use numbers a second time.
    pub fn hear(&mut self, decision: &Decision) {
        let Events::OddsEvents(body) = &decision.events else {
            return;
        };
        for event in &body.events {
            if let Event::SourceAdvanced(advanced) = event {
                let partition = decision.position.partition;
                self.recover(&advanced.source, partition, advanced.sequence);
            }
        }
    }

    /// The highest number of the source's own that was met here.
    #[must_use]
    pub fn last(&self, source: &str) -> Option<u64> {
        self.sources.get(source).and_then(|counts| counts.last)
    }

    /// Numbers an update and finds its partitions; before an update that comes after a gap, every
    /// partition hears of the gap.
    #[must_use]
    pub fn route(&mut self, update: FeedUpdate) -> Routed {
        let partitions = self.partitions;
        let counts = self.sources.entry(update.source.clone()).or_default();
        let expected = counts.last.map(|last| last.saturating_add(1));
        let arrival = match (counts.last, expected) {
            (Some(last), _) if update.sequence <= last => {
                return Routed {
                    arrival: Arrival::Repeated { last },
                    messages: Vec::new(),
                };
            }
            (_, Some(expected)) if update.sequence > expected => Arrival::Gap {
                expected,
                got: update.sequence,
            },
            (_, Some(_) | None) => Arrival::InOrder,
        };
        counts.last = Some(update.sequence);
        let mut messages = Vec::new();
        if let Arrival::Gap { expected, got } = arrival {
            let missing = got.saturating_sub(expected);
            for partition in 0..partitions {
                counts.skip(partition, missing);
                let sequence = counts.next(partition);
                let missed = Update::MissMessages(MissMessages {});
                messages.push((
                    partition,
                    message(&update.source, sequence, update.published_at, missed),
                ));
            }
        }
        let targets = match update.partition() {
            Some(partition) => partition..partition.saturating_add(1),
            None => 0..partitions,
        };
        for partition in targets {
            let sequence = counts.next(partition);
            messages.push((
                partition,
                message(
                    &update.source,
                    sequence,
                    update.published_at,
                    update.update.clone(),
                ),
            ));
        }
        Routed { arrival, messages }
    }
}

fn message(
    source: &str,
    sequence: u64,
    published_at: Timestamp,
    update: Update,
) -> ApplyFeedMessage {
    ApplyFeedMessage {
        source: source.to_owned(),
        sequence,
        published_at,
        update,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::MarketId;
    use schemas::odds::{Alive, Close};

    fn close(sequence: u64, partition: Partition) -> FeedUpdate {
        FeedUpdate {
            source: "acme".to_owned(),
            sequence,
            published_at: Timestamp::from_millis(1),
            update: Update::Close(Close {
                market: MarketId::example(1, partition),
            }),
        }
    }

    fn alive(sequence: u64) -> FeedUpdate {
        FeedUpdate {
            update: Update::Alive(Alive {}),
            ..close(sequence, 0)
        }
    }

    /// Partition and count of each message.
    fn sent(routed: &Routed) -> Vec<(Partition, u64)> {
        routed
            .messages
            .iter()
            .map(|(partition, message)| (*partition, message.sequence))
            .collect()
    }

    #[test]
    fn each_partition_has_its_own_count() {
        let mut router = FeedRouter::new(2);
        assert_eq!(sent(&router.route(close(40, 0))), [(0, 1)]);
        assert_eq!(sent(&router.route(close(41, 1))), [(1, 1)]);
        assert_eq!(sent(&router.route(close(42, 1))), [(1, 2)]);
        assert_eq!(sent(&router.route(alive(43))), [(0, 2), (1, 3)]);
    }

    #[test]
    fn a_repeat_is_not_sent() {
        let mut router = FeedRouter::new(2);
        drop(router.route(close(7, 0)));
        let again = router.route(close(7, 0));
        assert_eq!(again.arrival, Arrival::Repeated { last: 7 });
        assert_eq!(again.messages, []);
    }

    #[test]
    fn every_partition_hears_of_a_gap_before_what_comes_after_it() {
        let mut router = FeedRouter::new(3);
        for sequence in 1..4 {
            drop(router.route(alive(sequence)));
        }
        let routed = router.route(close(6, 1));
        assert_eq!(
            routed.arrival,
            Arrival::Gap {
                expected: 4,
                got: 6
            }
        );
        // Two are missing everywhere.
        assert_eq!(sent(&routed), [(0, 6), (1, 6), (2, 6), (1, 7)]);
        let missed = Update::MissMessages(MissMessages {});
        let updates: Vec<&Update> = routed.messages.iter().map(|(_, it)| &it.update).collect();
        assert_eq!(updates, [&missed, &missed, &missed, &close(6, 1).update]);
        let next = router.route(alive(7));
        assert_eq!(next.arrival, Arrival::InOrder);
        assert_eq!(sent(&next), [(0, 7), (1, 8), (2, 7)]);
    }

    #[test]
    fn counts_go_on_after_a_restart() {
        let mut router = FeedRouter::new(2);
        router.recover("acme", 1, 17);
        router.recover("acme", 1, 16);
        let routed = router.route(close(900, 1));
        assert_eq!(routed.arrival, Arrival::InOrder);
        assert_eq!(sent(&routed), [(1, 18)]);
    }
}
