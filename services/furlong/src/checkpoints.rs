//! Checkpoints: sign what stands in a log.
//!
//! Duty: keep the signing key in the data folder and turn running hashes and heads into a signed
//! checkpoint. An embedded log keeps the hashes itself, its node signs them; any other log is
//! watched from outside. Prohibition: the signer has no timer; it signs when it is asked.

mod notes;
mod watch;
mod watched;

pub use watch::{Altered, CHECKPOINT_EVERY, LATE_AT_MOST, LogWatcher};

use crate::data_folder::DataFolder;
use crate::exit::Failure;
use anyhow::Context;
use audit::checkpoint::{self, Checkpoint, CheckpointError, HeadMark, PartitionMark};
use eventlog::{Chain, StoredPartition};
use kernel::{Timestamp, TopicPartition};
use runtime::Entropy;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Signs checkpoints with the key of a data folder.
pub struct CheckpointSigner {
    secret: [u8; 32],
}

impl CheckpointSigner {
    /// The signer of this folder; a new one where there is none yet. The public key is written
    /// beside the secret one, which only the owner of the folder may read.
    ///
    /// # Errors
    /// The folder cannot be used, or its key is damaged.
    pub fn open(folder: &DataFolder, entropy: &dyn Entropy) -> Result<Self, Failure> {
        let path = folder.checkpoint_secret_key();
        let mut secret = [0_u8; 32];
        match std::fs::read(&path) {
            Ok(bytes) => {
                secret = bytes.try_into().map_err(|_| {
                    Failure::Unreadable(format!("{} is not a key of 32 bytes", path.display()))
                })?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                entropy.fill(&mut secret);
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .and_then(|mut file| file.write_all(&secret).and_then(|()| file.sync_all()))
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
            Err(error) => {
                return Err(Failure::Unreadable(format!("{}: {error}", path.display())));
            }
        }
        let public = kernel::Digest::from_bytes(checkpoint::public_key(&secret));
        let path = folder.checkpoint_public_key();
        std::fs::write(&path, format!("{public}\n"))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { secret })
    }

    /// A signed checkpoint, and the name to keep it under. `stored` is what the log says of all
    /// partitions, `heads` what readers have folded, as far as they have come.
    #[must_use]
    pub fn sign(
        &self,
        at: Timestamp,
        stored: &[StoredPartition],
        heads: &BTreeMap<TopicPartition, Chain>,
    ) -> (String, Vec<u8>) {
        let mark = |partition: &StoredPartition| PartitionMark {
            end: partition.topic_partition.at(partition.next_offset),
            running_hash: partition.running_hash.digest(),
            head: heads.get(&partition.topic_partition).map(|chain| HeadMark {
                next_offset: chain.next_offset,
                epoch: chain.epoch,
                seq: chain.seq,
                head: chain.head,
            }),
        };
        let mut partitions: Vec<PartitionMark> = stored.iter().map(mark).collect();
        partitions.sort_by_key(|mark| mark.end);
        let bytes = checkpoint::sign(&Checkpoint { at, partitions }, &self.secret);
        (checkpoint::name(at), bytes)
    }

    /// What checks its signatures.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        checkpoint::public_key(&self.secret)
    }

    /// The checkpoint that this signer has signed.
    ///
    /// # Errors
    /// Not such bytes, or not this signer's.
    pub fn verify(&self, signed: &[u8]) -> Result<Checkpoint, CheckpointError> {
        checkpoint::verify(signed, &self.public_key())
    }

    /// A signed checkpoint as it is published: who has kept one can compare it with any later log.
    #[must_use]
    pub fn published(&self, signed: &[u8]) -> serde_json::Value {
        let public = self.public_key();
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let partitions: Vec<serde_json::Value> = self
            .verify(signed)
            .map(|checkpoint| checkpoint.partitions)
            .unwrap_or_default()
            .into_iter()
            .map(|mark| {
                serde_json::json!({
                    "topic": mark.end.topic.as_str(),
                    "partition": mark.end.partition,
                    "next_offset": mark.end.offset,
                    "running_hash": mark.running_hash.to_string(),
                    "seq": mark.head.as_ref().map(|head| head.seq),
                    "head": mark.head.as_ref().map(|head| head.head.to_string()),
                })
            })
            .collect();
        serde_json::json!({
            "partitions": partitions,
            "signed": hex(signed),
            "public_key": hex(&public),
        })
    }
}
