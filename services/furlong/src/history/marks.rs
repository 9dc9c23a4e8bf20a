//! Signed checkpoints, sorted by the partitions that they speak of.
//!
//! Duty: read all that are kept, believe those whose signature is right, and say of the others
//! that they are not. Prohibition: a checkpoint is compared elsewhere.

use super::findings::{Findings, Kind};
use crate::data_folder::DataFolder;
use crate::exit::Failure;
use audit::checkpoint::{self, Checkpoint, PartitionMark};
use futures::executor::block_on;
use kernel::{Timestamp, TopicPartition};
use snapshots::SnapshotStore;
use std::collections::BTreeMap;

/// What checkpoints say of each partition, ascending.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// How many checkpoints were believed.
    pub checkpoints: usize,
    /// When the newest of them was signed.
    pub newest: Option<Timestamp>,
    marks: BTreeMap<TopicPartition, Vec<PartitionMark>>,
}

impl Marks {
    fn add(&mut self, checkpoint: Checkpoint) {
        self.checkpoints = self.checkpoints.saturating_add(1);
        self.newest = self.newest.max(Some(checkpoint.at));
        for mark in checkpoint.partitions {
            self.marks
                .entry(mark.end.topic_partition())
                .or_default()
                .push(mark);
        }
    }

    /// The partitions of which some checkpoint speaks.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.marks.keys().copied()
    }

    /// What they say of this one, in the order of its offsets.
    #[must_use]
    pub fn of(&self, at: TopicPartition) -> &[PartitionMark] {
        self.marks.get(&at).map_or(&[], Vec::as_slice)
    }
}

/// Reads the checkpoints that are kept in this folder.
///
/// # Errors
/// The store of checkpoints cannot be read, or the public key is none.
pub fn marks_of(folder: &DataFolder, findings: &mut Findings) -> Result<Marks, Failure> {
    let store = folder.open_snapshots();
    let names = block_on(store.list_named(checkpoint::NAME_PREFIX.to_owned()));
    if names.is_ok_and(|names| names.is_empty()) {
        return Ok(Marks::default());
    }
    marks_in(&store, &public_key(folder)?, findings)
}

/// Reads the checkpoints of a store that were signed with the secret half of this key.
///
/// # Errors
/// The store cannot be read.
pub fn marks_in(
    store: &dyn SnapshotStore,
    public: &[u8; 32],
    findings: &mut Findings,
) -> Result<Marks, Failure> {
    let unreadable = |error: snapshots::SnapshotError| Failure::Unreadable(error.to_string());
    let names = block_on(store.list_named(checkpoint::NAME_PREFIX.to_owned()));
    let names = names.map_err(unreadable)?;
    let mut marks = Marks::default();
    for name in names {
        let Some(bytes) = block_on(store.get_named(name.clone())).map_err(unreadable)? else {
            findings.unreadable(
                Kind::Checkpoint,
                nowhere(),
                None,
                format!("{name} is damaged"),
            );
            continue;
        };
        match checkpoint::verify(&bytes, public) {
            Ok(checkpoint) => marks.add(checkpoint),
            Err(error) => {
                findings.discrepancy(
                    Kind::Checkpoint,
                    nowhere(),
                    None,
                    format!("{name}: {error}"),
                );
            }
        }
    }
    for marks in marks.marks.values_mut() {
        marks.sort_by_key(|mark| mark.end);
    }
    Ok(marks)
}

/// A checkpoint as a whole belongs to no partition; the first one stands for all.
const fn nowhere() -> TopicPartition {
    TopicPartition::new(kernel::Topic::AuthEvents, 0)
}

fn public_key(folder: &DataFolder) -> Result<[u8; 32], Failure> {
    let path = folder.checkpoint_public_key();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::Unreadable(format!("{}: {error}", path.display())))?;
    from_hex(text.trim()).ok_or_else(|| {
        Failure::Unreadable(format!("{} does not hold a public key", path.display()))
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_64_digits() {
        assert_eq!(from_hex(&"0a".repeat(32)), Some([10; 32]));
        for text in ["", "0a", &"0g".repeat(32), &"0a".repeat(33)] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
