//! Ends that belong together, on a log that grows while they are asked for.
//!
//! Duty: an effect without its cause looks like a forgery, so no partition is told further than
//! what caused it. Ends are asked for twice: what stands below the first ones has all of its causes
//! below the second ones, and only what came in between has to be looked at. A partition is cut
//! before the first decision whose cause is not in. Prohibition: nothing below the first ends is
//! ever left out.

use kernel::{Offset, Position, TopicPartition};
use schemas::{Cause, Header};
use std::collections::BTreeMap;

/// A record that came between the two askings, and how far other journals must go for it.
pub(super) struct Late {
    pub(super) position: Position,
    pub(super) needs: Vec<(TopicPartition, Offset)>,
}

impl Late {
    /// What this record needs.
    pub(super) fn new(position: Position, header: &Header) -> Self {
        let cause = match header.cause {
            Some(Cause::Input(input)) => {
                Some((input.topic_partition(), input.offset.saturating_add(1)))
            }
            Some(Cause::Timer { .. } | Cause::Work { .. }) | None => None,
        };
        let passed = header.consumed.iter().map(|consumed| {
            let next = consumed.position;
            (next.topic_partition(), next.offset)
        });
        let needs = cause.into_iter().chain(passed);
        Self {
            position,
            // Inboxes are held against nothing: their commands may come later.
            needs: needs.filter(|(at, _)| at.topic.is_journal()).collect(),
        }
    }
}

/// Cuts ends until nothing below them needs what is not.
pub(super) fn cut(ends: &mut BTreeMap<TopicPartition, Offset>, late: &[Late]) {
    loop {
        let mut changed = false;
        for Late { position, needs } in late {
            let at = position.topic_partition();
            let is_in = ends.get(&at).is_some_and(|end| position.offset < *end);
            let lacks = |(at, needed): &(TopicPartition, Offset)| {
                ends.get(at).is_some_and(|end| needed > end)
            };
            if is_in && needs.iter().any(lacks) {
                ends.insert(at, position.offset);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    const BETS: TopicPartition = TopicPartition::new(Topic::BetsEvents, 0);
    const LEDGER: TopicPartition = TopicPartition::new(Topic::LedgerEvents, 0);
    const FRAUD: TopicPartition = TopicPartition::new(Topic::FraudEvents, 0);

    fn late(position: Position, needs: &[Position]) -> Late {
        let needs = needs.iter().map(|p| (p.topic_partition(), p.offset + 1));
        Late {
            position,
            needs: needs.collect(),
        }
    }

    fn after(late: &[Late]) -> Vec<Offset> {
        let mut ends = BTreeMap::from([(BETS, 10), (LEDGER, 20), (FRAUD, 30)]);
        cut(&mut ends, late);
        ends.into_values().collect()
    }

    #[test]
    fn effects_whose_causes_are_in_stay() {
        assert_eq!(after(&[late(LEDGER.at(19), &[BETS.at(9)])]), [10, 20, 30]);
        assert_eq!(after(&[late(LEDGER.at(25), &[BETS.at(12)])]), [10, 20, 30]);
    }

    #[test]
    fn an_effect_without_its_cause_is_left_for_the_next_time_and_so_is_what_follows_from_it() {
        let caused = [
            late(FRAUD.at(28), &[LEDGER.at(18)]),
            late(FRAUD.at(29), &[LEDGER.at(16)]),
            late(LEDGER.at(17), &[BETS.at(10)]),
            late(LEDGER.at(16), &[BETS.at(9)]),
        ];
        assert_eq!(after(&caused), [10, 17, 28]);
    }
}
