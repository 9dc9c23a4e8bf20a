//! Fetches that stand still.
//!
//! Duty: tell from two looks at a partition that records are there which do not come: the library
//! has lost sight of single partitions after their leaders had gone and come. Prohibition: no
//! place is told twice; where nothing can be fetched a new consumer each time would help nobody.

use kernel::{Offset, TopicPartition};
use std::collections::BTreeMap;

/// Probes from one look to the next.
const PROBES_PER_LOOK: u32 = 12;

/// What was seen of each partition that was behind its end.
#[derive(Default)]
pub(crate) struct Looks {
    probes: u32,
    behind: BTreeMap<TopicPartition, Behind>,
}

struct Behind {
    next: Offset,
    told: bool,
}

impl Looks {
    /// Whether it is time to look.
    pub(crate) fn are_due(&mut self) -> bool {
        self.probes = self.probes.saturating_add(1) % PROBES_PER_LOOK;
        self.probes == 0
    }

    /// Whether a partition whose next record is to be `next`, and which ends at `end`, was as far
    /// at the look before, and was not told of yet.
    pub(crate) fn is_stalled(&mut self, at: TopicPartition, next: Offset, end: Offset) -> bool {
        if next >= end {
            self.behind.remove(&at);
            return false;
        }
        match self.behind.get_mut(&at) {
            Some(behind) if behind.next == next => !std::mem::replace(&mut behind.told, true),
            Some(_) | None => {
                self.behind.insert(at, Behind { next, told: false });
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    const AT: TopicPartition = TopicPartition::new(Topic::OddsCommands, 0);

    #[test]
    fn who_is_as_far_behind_at_the_next_look_stands_still() {
        let mut looks = Looks::default();
        assert!(!looks.is_stalled(AT, 5, 9), "it may be on its way");
        assert!(looks.is_stalled(AT, 5, 9));
        assert!(!looks.is_stalled(AT, 5, 12), "it was told already");
        assert!(!looks.is_stalled(AT, 6, 12), "it moves");
        assert!(looks.is_stalled(AT, 6, 12));
        assert!(!looks.is_stalled(AT, 12, 12), "it has come");
        assert!(!looks.is_stalled(AT, 12, 13));
        assert!(looks.is_stalled(AT, 12, 13));
    }

    #[test]
    fn looks_are_due_now_and_then() {
        let mut looks = Looks::default();
        let due = (0..PROBES_PER_LOOK * 3).filter(|_| looks.are_due());
        assert_eq!(due.count(), 3);
    }
}
