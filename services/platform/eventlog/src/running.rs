//! The running hash of a topic partition.
//!
//! Duty: one number that stands for every record ever stored in a topic partition, inboxes too,
//! and for its offset, so that a checkpoint signed elsewhere can tell a longer log from an altered
//! one. Whoever has read a partition can work it out; a log may also keep it along with its
//! records. Prohibition: it covers bytes, not meaning; whether a record has an effect is the
//! fold's business.

use kernel::{Digest, Offset, TopicPartition};
use sha2::{Digest as _, Sha256};

/// SHA-256 over the previous value, the offset as eight bytes big-endian, and the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningHash(Digest);

impl RunningHash {
    /// The hash that stood at some record.
    #[must_use]
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// Its value now.
    #[must_use]
    pub const fn digest(self) -> Digest {
        self.0
    }

    /// Takes the next record.
    #[must_use]
    pub fn then(self, offset: Offset, record: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0.bytes());
        hasher.update(offset.to_be_bytes());
        hasher.update(record);
        Self(Digest::from_bytes(hasher.finalize().into()))
    }
}

/// How far a topic partition goes and what stands for all of its records: what a checkpoint
/// states of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPartition {
    /// Which one.
    pub topic_partition: TopicPartition,
    /// The offset after the newest record.
    pub next_offset: Offset,
    /// The running hash over every record before that offset.
    pub running_hash: RunningHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_offsets_order_and_bytes_apart() {
        let start = RunningHash::default();
        let hashes = [
            start.then(0, b"a").then(1, b"b"),
            start.then(0, b"b").then(1, b"a"),
            start.then(0, b"a").then(2, b"b"),
            start.then(0, b"ab"),
            start.then(0, b"a"),
            start,
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert_eq!(
                hashes.iter().position(|other| other == hash),
                Some(index),
                "all differ"
            );
        }
    }

    #[test]
    fn its_value_is_the_one_that_stands_in_existing_logs() {
        let hash = RunningHash::default().then(0, b"a").then(7, b"bc");
        assert_eq!(
            hash.digest().to_string(),
            "d28f4d26bfa96d5df00ee2159b96db3a5c6bb0f0b993db0fd9fba20372b06fee"
        );
    }
}
