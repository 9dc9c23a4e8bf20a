//! What a watcher must know besides the newest checkpoint to go on from it.
//!
//! Duty: the last record of each partition, by which it is found again, and the whole fold. They
//! are kept beside the checkpoint, unsigned: they count only if all they say agrees with it.
//! Prohibition: notes that do not are not mended; then the log is read from its beginning.

use super::watched::Watched;
use audit::checkpoint::{Checkpoint, PartitionMark};
use bytes::Bytes;
use eventlog::{Chain, RunningHash};
use kernel::{Digest, Position, Timestamp};
use schemas::{Blob, Wire, wire};
use std::collections::BTreeMap;

/// Two names in turn: the notes of the checkpoint that stands are never written over.
const NAMES: [&str; 2] = ["watch-notes-0", "watch-notes-1"];

wire! {
    /// The notes beside one checkpoint. Partitions are in its order.
    record Notes { at: Timestamp, partitions: Vec<PartitionNotes> }

    /// Of one topic partition.
    record PartitionNotes {
        /// The place after the newest record.
        end: Position,
        /// That record's offset.
        last: u64,
        /// The running hash before that record.
        before: Digest,
        /// The running hash after it.
        running_hash: Digest,
        /// Of a journal: its fold.
        chain: Option<Blob>,
    }
}

impl Notes {
    /// What is to be kept beside the checkpoint of that moment.
    pub(super) fn of<'a>(at: Timestamp, watched: impl Iterator<Item = &'a Watched>) -> Self {
        let mut partitions: Vec<PartitionNotes> = watched
            .filter_map(|watched| {
                let last = watched.last?;
                Some(PartitionNotes {
                    end: watched.at.at(watched.next_offset),
                    last: last.offset,
                    before: last.before.digest(),
                    running_hash: watched.hash.digest(),
                    chain: watched.chain.as_ref().map(|chain| Blob(chain.to_bytes())),
                })
            })
            .collect();
        partitions.sort_by_key(|notes| notes.end);
        Self { at, partitions }
    }

    /// What the partitions were, if this is all that the checkpoint says of them.
    pub(super) fn agreeing(self, with: &Checkpoint) -> Option<Vec<Watched>> {
        if self.at != with.at || self.partitions.len() != with.partitions.len() {
            return None;
        }
        let pairs = self.partitions.into_iter().zip(&with.partitions);
        pairs.map(|(notes, mark)| notes.agreeing(mark)).collect()
    }
}

impl PartitionNotes {
    fn agreeing(self, mark: &PartitionMark) -> Option<Watched> {
        let chain = match &self.chain {
            Some(Blob(bytes)) => Some(Chain::from_bytes(bytes).ok()?),
            None => None,
        };
        let heads = match (&chain, &mark.head) {
            (Some(chain), Some(head)) => {
                (chain.next_offset, chain.epoch, chain.seq, chain.head)
                    == (head.next_offset, head.epoch, head.seq, head.head)
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let agrees = heads && self.end == mark.end && self.running_hash == mark.running_hash;
        agrees.then(|| Watched {
            at: self.end.topic_partition(),
            next_offset: self.end.offset,
            hash: RunningHash::from_digest(self.running_hash),
            last: Some(super::watched::Last {
                offset: self.last,
                before: RunningHash::from_digest(self.before),
            }),
            chain,
        })
    }
}

/// The names in turn, beginning with the one that is free.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn(bool);

impl Turn {
    /// The name to write under now; the other one comes next.
    pub(super) const fn next(&mut self) -> &'static str {
        let [first, second] = NAMES;
        self.0 = !self.0;
        if self.0 { first } else { second }
    }
}

/// Those of the kept notes that agree with the checkpoint, and whose turn it is next. `kept` are
/// the contents of both names, in their order.
pub(super) fn choose(
    kept: [Option<Bytes>; 2],
    newest: &Checkpoint,
) -> Option<(BTreeMap<kernel::TopicPartition, Watched>, Turn)> {
    let [first, second] = kept;
    // The names are written in turn: the one that does not count is the next.
    for (bytes, turn) in [(first, Turn(true)), (second, Turn(false))] {
        let notes = bytes.and_then(|bytes| Notes::from_bytes(&bytes).ok());
        if let Some(watched) = notes.and_then(|notes| notes.agreeing(newest)) {
            let by_place = watched.into_iter().map(|watched| (watched.at, watched));
            return Some((by_place.collect(), turn));
        }
    }
    None
}

/// The names under which notes are kept.
pub(super) const fn names() -> [&'static str; 2] {
    NAMES
}
