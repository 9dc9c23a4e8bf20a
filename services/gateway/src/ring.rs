//! The newest entries of several partitions, in the order in which they were taken.
//!
//! Duty: answer "what came after this?" exactly, or say that too much is forgotten.
//! Prohibition: it never answers with a part.

use crate::positions::Token;
use kernel::{Offset, Position, TopicPartition};
use std::collections::{BTreeMap, VecDeque};

/// A bounded memory of entries at positions.
pub(crate) struct Ring<T> {
    entries: VecDeque<(Position, T)>,
    /// How many entries were forgotten: the index of the first one kept.
    forgotten: u64,
    /// The last forgotten or never seen offset, by partition.
    floor: BTreeMap<TopicPartition, Offset>,
    entries_max: usize,
}

impl<T> Ring<T> {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            forgotten: 0,
            floor: BTreeMap::new(),
            entries_max: entries_max.max(1),
        }
    }

    /// Nothing up to there was ever seen.
    pub(crate) fn begin(&mut self, last_unseen: Position) {
        self.floor
            .insert(last_unseen.topic_partition(), last_unseen.offset);
    }

    pub(crate) fn push(&mut self, position: Position, item: T) {
        while self.entries.len() >= self.entries_max {
            if let Some((gone, _)) = self.entries.pop_front() {
                self.floor.insert(gone.topic_partition(), gone.offset);
                self.forgotten = self.forgotten.saturating_add(1);
            }
        }
        self.entries.push_back((position, item));
    }

    /// The index after the newest entry.
    pub(crate) fn end(&self) -> u64 {
        self.forgotten
            .saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// The entries from that index on; none: some of them are forgotten.
    pub(crate) fn entries_from(&self, index: u64) -> Option<impl Iterator<Item = &T>> {
        let skip = usize::try_from(index.checked_sub(self.forgotten)?).ok()?;
        Some(self.entries.iter().skip(skip).map(|(_, item)| item))
    }

    /// The entries of one partition after that token; none: some of them are forgotten.
    pub(crate) fn since(
        &self,
        token: &Token,
        at: TopicPartition,
    ) -> Option<impl Iterator<Item = &T>> {
        let seen = token.seen.get(&at).copied();
        if !self.reaches(seen, at) {
            return None;
        }
        let news = self.entries.iter().filter(move |(position, _)| {
            position.topic_partition() == at && seen.is_none_or(|seen| position.offset > seen)
        });
        Some(news.map(|(_, item)| item))
    }

    /// The index of the first entry that the token has not seen; none: some are forgotten.
    pub(crate) fn index_after(&self, token: &Token) -> Option<u64> {
        let known = self
            .floor
            .keys()
            .all(|at| self.reaches(token.seen.get(at).copied(), *at));
        if !known {
            return None;
        }
        let unseen = self.entries.iter().position(|(position, _)| {
            token
                .seen
                .get(&position.topic_partition())
                .is_none_or(|seen| position.offset > *seen)
        });
        let skip = unseen.unwrap_or(self.entries.len());
        Some(
            self.forgotten
                .saturating_add(u64::try_from(skip).unwrap_or(u64::MAX)),
        )
    }

    fn reaches(&self, seen: Option<Offset>, at: TopicPartition) -> bool {
        match (self.floor.get(&at), seen) {
            (None, _) => true,
            (Some(floor), Some(seen)) => seen >= *floor,
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    fn at(partition: u16, offset: u64) -> Position {
        TopicPartition::new(Topic::OddsEvents, partition).at(offset)
    }

    fn after(ring: &Ring<u64>, seen: &[Position]) -> Option<Vec<u64>> {
        let index = ring.index_after(&Token::of(seen))?;
        Some(ring.entries_from(index)?.copied().collect())
    }

    fn filled(entries_max: usize) -> Ring<u64> {
        let mut ring = Ring::new(entries_max);
        for (number, position) in [at(0, 3), at(1, 0), at(0, 4), at(1, 7)]
            .into_iter()
            .enumerate()
        {
            ring.push(position, u64::try_from(number).unwrap());
        }
        ring
    }

    #[test]
    fn goes_on_with_the_first_unseen_entry() {
        let ring = filled(9);
        assert_eq!(after(&ring, &[]), Some(vec![0, 1, 2, 3]));
        assert_eq!(after(&ring, &[at(0, 3), at(1, 0)]), Some(vec![2, 3]));
        assert_eq!(after(&ring, &[at(0, 4), at(1, 7)]), Some(vec![]));
        // Seen of one partition only: entries of the other count, repeats do no harm.
        assert_eq!(after(&ring, &[at(0, 4)]), Some(vec![1, 2, 3]));
    }

    #[test]
    fn says_so_when_something_is_forgotten() {
        let ring = filled(2);
        assert_eq!(after(&ring, &[at(0, 3), at(1, 0)]), Some(vec![2, 3]));
        assert_eq!(after(&ring, &[at(0, 2), at(1, 0)]), None);
        assert_eq!(after(&ring, &[at(0, 3)]), None);
        assert!(ring.entries_from(1).is_none());
    }

    #[test]
    fn what_came_before_the_beginning_was_never_seen() {
        let mut ring = Ring::new(9);
        ring.begin(at(0, 10));
        ring.push(at(0, 11), 11);
        assert_eq!(after(&ring, &[at(0, 9)]), None);
        assert_eq!(after(&ring, &[at(0, 10)]), Some(vec![11]));
    }
}
