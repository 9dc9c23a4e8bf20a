//! A row, going in and coming out.
//!
//! Duty: say what a row consists of, and tell a whole row from a damaged or mixed one by a
//! checksum over all of it. Prohibition: a row is never patched; who changes one field writes
//! all of them.

use crate::port::ViewError;
use kernel::TopicPartition;
use sha2::{Digest as _, Sha256};

/// A row to be written, in full. It belongs to the journal partition that it is applied for, and
/// to no other, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table's name. Changed projection code writes to a new table.
    pub table: &'static str,
    /// The key within the table. Keys sort as bytes.
    pub key: Vec<u8>,
    /// All that the row says, in the projection's own encoding.
    pub value: Vec<u8>,
    /// The seq of the decision that it stands on, in its journal partition.
    pub seq: u64,
}

/// A row as it was found, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// The journal partition that it belongs to.
    pub topic_partition: TopicPartition,
    /// The seq of the decision that it stands on.
    pub seq: u64,
    /// The key within the table.
    pub key: Vec<u8>,
    /// All that the row says.
    pub value: Vec<u8>,
}

impl StoredRow {
    /// The row, if it is the one that the checksum was made of. For adapters.
    ///
    /// # Errors
    /// It is not: it is damaged, or mixed from several writes.
    pub fn verified(self, table: &str, stored_checksum: u64) -> Result<Self, ViewError> {
        let found = checksum(
            table,
            &self.key,
            self.topic_partition,
            self.seq,
            &self.value,
        );
        if found == stored_checksum {
            Ok(self)
        } else {
            Err(ViewError::Damaged {
                table: table.to_owned(),
                key: self.key,
            })
        }
    }
}

/// The checksum that is stored beside a row: the first eight bytes of SHA-256 over all its
/// parts, each with its length.
#[must_use]
pub fn checksum(
    table: &str,
    key: &[u8],
    topic_partition: TopicPartition,
    seq: u64,
    value: &[u8],
) -> u64 {
    let mut hasher = Sha256::new();
    for text in [
        table.as_bytes(),
        key,
        topic_partition.topic.as_str().as_bytes(),
        value,
    ] {
        // A length that does not fit cannot be in memory.
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text);
    }
    hasher.update(topic_partition.partition.to_be_bytes());
    hasher.update(seq.to_be_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    fn stored() -> StoredRow {
        StoredRow {
            topic_partition: TopicPartition::new(Topic::BetsEvents, 2),
            seq: 9,
            key: b"key".to_vec(),
            value: b"value".to_vec(),
        }
    }

    fn sum(row: &StoredRow) -> u64 {
        checksum("t", &row.key, row.topic_partition, row.seq, &row.value)
    }

    #[test]
    fn a_whole_row_passes() {
        assert_eq!(stored().verified("t", sum(&stored())), Ok(stored()));
    }

    #[test]
    fn every_part_is_under_the_checksum() {
        let mutants: [fn(&mut StoredRow); 6] = [
            |row| row.seq = 8,
            |row| row.value = b"valve".to_vec(),
            |row| row.key = b"kez".to_vec(),
            |row| row.topic_partition.partition = 3,
            |row| row.topic_partition.topic = Topic::LedgerEvents,
            |row| {
                row.key = b"keyv".to_vec();
                row.value = b"alue".to_vec();
            },
        ];
        for mutate in mutants {
            let mut row = stored();
            mutate(&mut row);
            let key = row.key.clone();
            assert_eq!(
                row.verified("t", sum(&stored())),
                Err(ViewError::Damaged {
                    table: "t".to_owned(),
                    key
                })
            );
        }
        assert!(stored().verified("u", sum(&stored())).is_err());
    }
}
