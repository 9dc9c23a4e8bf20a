//! Checkpoints: sign what stands in a log.
//!
//! Duty: keep the signing key in the data folder and turn running hashes and heads into a signed
//! checkpoint. An embedded log keeps the hashes itself, its node signs them; any other log is
//! watched from outside. Prohibition: the signer has no timer; it signs when it is asked.

mod follow;
mod notes;
mod watch;
mod watched;

pub use follow::Altered;
pub use watch::{CHECKPOINT_EVERY, LATE_AT_MOST, LogWatcher};

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
use std::path::Path;

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
        let secret = match read_secret(&path)? {
            Some(secret) => secret,
            None => {
                make_secret(&path, entropy)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                read_secret(&path)?.with_context(|| format!("{} is gone", path.display()))?
            }
        };
        let signer = Self { secret };
        let public = format!("{}\n", kernel::Digest::from_bytes(signer.public_key()));
        let path = folder.checkpoint_public_key();
        // Other processes may be reading it: it is written once.
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&public) {
            std::fs::write(&path, public)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(signer)
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

fn read_secret(path: &Path) -> Result<Option<[u8; 32]>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => bytes.try_into().map(Some).map_err(|_| {
            Failure::Unreadable(format!("{} is not a key of 32 bytes", path.display()))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Unreadable(format!("{}: {error}", path.display()))),
    }
}

/// Puts a new key there, whole. Processes of one folder that start together all do this: the
/// first one's key is the key.
fn make_secret(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let (mut secret, mut word) = ([0_u8; 32], [0_u8; 8]);
    entropy.fill(&mut secret);
    entropy.fill(&mut word);
    let draft = path.with_extension(format!("{:016x}", u64::from_be_bytes(word)));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::SystemEntropy;

    #[test]
    fn processes_that_start_together_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(folder.path());
        std::fs::create_dir_all(folder.path()).unwrap();
        let opened: Vec<_> = (0..8)
            .map(|_| {
                let folder = folder.clone();
                std::thread::spawn(move || {
                    let signer = CheckpointSigner::open(&folder, &SystemEntropy).unwrap();
                    signer.public_key()
                })
            })
            .collect();
        let keys: Vec<[u8; 32]> = opened
            .into_iter()
            .map(|opened| opened.join().unwrap())
            .collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        let text = std::fs::read_to_string(folder.checkpoint_public_key()).unwrap();
        assert_eq!(text.trim(), kernel::Digest::from_bytes(keys[0]).to_string());
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 2, "no draft stays");
    }
}
