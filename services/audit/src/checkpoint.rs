//! Checkpoints: signed statements of how far each topic partition goes and what it holds.
//!
//! Duty: one canonical text of bytes for a set of hashes and heads, its Ed25519 signature, and
//! the check of both. Who has kept a checkpoint can tell a log that has grown from a log that was
//! shortened or altered. Prohibition: no clock, no files; when one is signed and where it is kept
//! is the caller's matter.
//!
//! A checkpoint states nothing but hashes: it can be given to anybody.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use kernel::{Digest, Position, Timestamp};
use schemas::{DecodeError, Wire, wire};

/// What the names of kept checkpoints begin with.
pub const NAME_PREFIX: &str = "checkpoint-";
/// What the signed bytes begin with, so that a signature means this and nothing else.
const MAGIC: &[u8] = b"furlong checkpoint 1\n";
const SIGNATURE_BYTES: usize = 64;
const HOUR_MICROS: i64 = 3_600_000_000;

wire! {
    /// What stood in the log at one moment. Partitions are in the order of topic and number.
    record Checkpoint { at: Timestamp, partitions: Vec<PartitionMark> }

    /// One topic partition: where its records end, and what stands for all of them.
    record PartitionMark {
        /// The place after the newest record.
        end: Position,
        /// Over every stored record before `end`, effective or not.
        running_hash: Digest,
        /// Of a journal: its fold, as far as it had been read back.
        head: Option<HeadMark>,
    }

    /// The fold of a journal partition over the records before an offset.
    record HeadMark { next_offset: u64, epoch: u64, seq: u64, head: Digest }
}

/// Why a text of bytes is no checkpoint of this signer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not made by [`sign`], or not whole.
    #[error("not a signed checkpoint: {0}")]
    NotACheckpoint(String),
    /// The bytes that should be a public key are none.
    #[error("not an Ed25519 public key")]
    NotAKey,
    /// Somebody else signed it, or it was altered.
    #[error("the signature is not of this key, or the checkpoint was altered")]
    Forged,
}

impl From<DecodeError> for CheckpointError {
    fn from(error: DecodeError) -> Self {
        Self::NotACheckpoint(error.to_string())
    }
}

/// The public key of a secret one.
#[must_use]
pub fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(secret).verifying_key().to_bytes()
}

/// The checkpoint and its signature, ready to be kept.
#[must_use]
pub fn sign(checkpoint: &Checkpoint, secret: &[u8; 32]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    checkpoint.encode(&mut bytes);
    let signature = SigningKey::from_bytes(secret).sign(&bytes);
    bytes.extend_from_slice(&signature.to_bytes());
    bytes
}

/// The checkpoint that this signer has signed.
///
/// # Errors
/// Not such bytes, or not this signer's.
pub fn verify(bytes: &[u8], public: &[u8; 32]) -> Result<Checkpoint, CheckpointError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| CheckpointError::NotAKey)?;
    let short = || CheckpointError::NotACheckpoint("too short".to_owned());
    let (signed, signature) = bytes
        .split_last_chunk::<SIGNATURE_BYTES>()
        .ok_or_else(short)?;
    let content = signed
        .strip_prefix(MAGIC)
        .ok_or_else(|| CheckpointError::NotACheckpoint("it begins otherwise".to_owned()))?;
    key.verify_strict(signed, &Signature::from_bytes(signature))
        .map_err(|_| CheckpointError::Forged)?;
    Ok(Checkpoint::from_bytes(content)?)
}

/// The name to keep a checkpoint of this moment under: one an hour, so that the newest of each
/// hour stays and thousands of others are replaced. Names sort by time.
#[must_use]
pub fn name(at: Timestamp) -> String {
    let hour = at.micros().div_euclid(HOUR_MICROS);
    format!("{NAME_PREFIX}{hour:08}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Topic, TopicPartition};

    const SECRET: [u8; 32] = [7; 32];

    fn sample() -> Checkpoint {
        let mark = |topic, partition, end, head| PartitionMark {
            end: TopicPartition::new(topic, partition).at(end),
            running_hash: Digest::from_bytes([9; 32]),
            head,
        };
        let head = HeadMark {
            next_offset: 4,
            epoch: 2,
            seq: 3,
            head: Digest::from_bytes([5; 32]),
        };
        Checkpoint {
            at: Timestamp::from_millis(1_700_000_000_000),
            partitions: vec![
                mark(Topic::BetsEvents, 0, 5, Some(head)),
                mark(Topic::BetsCommands, 0, 8, None),
            ],
        }
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let bytes = sign(&sample(), &SECRET);
        assert_eq!(verify(&bytes, &public_key(&SECRET)), Ok(sample()));
    }

    #[test]
    fn signing_again_gives_the_same_bytes() {
        assert_eq!(sign(&sample(), &SECRET), sign(&sample(), &SECRET));
    }

    #[test]
    fn every_altered_byte_is_seen() {
        let bytes = sign(&sample(), &SECRET);
        let public = public_key(&SECRET);
        for index in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            assert!(verify(&altered, &public).is_err(), "byte {index}");
        }
        for length in 0..bytes.len() {
            assert!(verify(&bytes[..length], &public).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_signer_is_not_believed() {
        let bytes = sign(&sample(), &[8; 32]);
        assert_eq!(
            verify(&bytes, &public_key(&SECRET)),
            Err(CheckpointError::Forged)
        );
    }

    #[test]
    fn names_sort_by_time_and_repeat_within_an_hour() {
        let minute = |minute: i64| Timestamp::from_millis(1_700_000_000_000 + minute * 60_000);
        assert_eq!(name(minute(0)), name(minute(1)));
        assert!(name(minute(0)) < name(minute(61)));
        assert!(name(minute(0)).starts_with(NAME_PREFIX));
    }
}
