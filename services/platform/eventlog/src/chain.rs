//! The fold: which records of a journal partition have an effect.
//!
//! Duty: one small function, the same for owners, projectors, simulators, auditors and
//! strangers. A claim counts if its epoch is higher than the current one. A decision counts if
//! its epoch is the current one, its writer is the claim's, its `seq` is the next and its `prev`
//! is the head. Every other record is passed over and counted: it can neither harm nor halt.
//!
//! Prohibition: the fold never guesses. A record that cannot be read, a decision from an epoch
//! above every claim, and a decision whose writer had confirmed more than there is show that
//! the log has lost or altered something: the partition halts.

use bytes::Bytes;
use kernel::{Digest, Offset, Timestamp, TopicPartition};
use schemas::{ClaimId, DecodeError, Header, Input, Kind, Wire};
use sha2::{Digest as _, Sha256};

/// How far a journal partition has been read, and what is effective there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The current writer's reign; 0 before the first claim.
    pub epoch: u64,
    /// The current writer's claim.
    pub claim_id: ClaimId,
    /// The number of effective decisions.
    pub seq: u64,
    /// SHA-256(previous head, record) over all effective records, claims included.
    pub head: Digest,
    /// When the last effective decision was made.
    pub decided_at: Timestamp,
    /// The next offset to read.
    pub next_offset: Offset,
    /// What was passed over.
    pub counts: ChainCounts,
}

/// Records without effect, by kind. Gaps and forks deserve an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainCounts {
    /// Claims that came too late.
    pub void_claims: u64,
    /// Decisions of an older epoch.
    pub stale: u64,
    /// Decisions whose seq is taken.
    pub repeats: u64,
    /// Decisions whose predecessor is missing.
    pub gaps: u64,
    /// Decisions on another head, or of another writer with the same epoch.
    pub forks: u64,
}

/// What the fold makes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A claim that raised the epoch.
    Claimed,
    /// A claim that did not.
    VoidClaim,
    /// A decision that counts.
    Effective,
    /// A decision of an older epoch.
    Stale,
    /// A decision whose seq is taken.
    Repeat,
    /// A decision whose predecessor is missing.
    Gap,
    /// A decision on another head, or of another writer with the same epoch.
    Fork,
}

/// Why a partition halts: doubt stops, it does not guess.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The record cannot be read.
    #[error("{topic_partition}@{offset} cannot be read: {source}")]
    Undecodable {
        /// Where.
        topic_partition: TopicPartition,
        /// Which record.
        offset: Offset,
        /// Why.
        source: DecodeError,
    },
    /// A decision of an epoch that nobody has claimed: a claim is missing.
    #[error("{topic_partition}@{offset} is of epoch {found}, the newest claim is {current}")]
    EpochAhead {
        /// Where.
        topic_partition: TopicPartition,
        /// Which record.
        offset: Offset,
        /// Its epoch.
        found: u64,
        /// The chain's.
        current: u64,
    },
    /// A decision whose writer had read back more than there is: an answered record is missing.
    #[error("{topic_partition}@{offset} confirms seq {confirmed}, the last one here is {seq}")]
    ConfirmedAhead {
        /// Where.
        topic_partition: TopicPartition,
        /// Which record.
        offset: Offset,
        /// What its writer had read back.
        confirmed: u64,
        /// The chain's last.
        seq: u64,
    },
}

/// A judged record.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// What the fold makes of it.
    pub verdict: Verdict,
    /// Its header.
    pub header: Header,
    /// Its body, not decoded yet.
    pub body: Input<'a>,
}

impl Chain {
    /// Takes the next record of the partition.
    ///
    /// # Errors
    /// The log has lost or altered something; the chain is left as it was.
    pub fn judge<'a>(
        &mut self,
        topic_partition: TopicPartition,
        offset: Offset,
        record: &'a [u8],
    ) -> Result<Judged<'a>, Halt> {
        let (header, body) =
            schemas::decode_header(topic_partition.topic, record).map_err(|source| {
                Halt::Undecodable {
                    topic_partition,
                    offset,
                    source,
                }
            })?;
        let verdict = match header.kind {
            Kind::Claim => self.judge_claim(&header),
            Kind::Decision => self.judge_decision(topic_partition, offset, &header)?,
        };
        match verdict {
            Verdict::Claimed => {
                self.epoch = header.epoch;
                self.claim_id = header.claim_id;
                self.head = next_head(self.head, record);
            }
            Verdict::Effective => {
                self.seq = header.seq;
                self.head = next_head(self.head, record);
                self.decided_at = header.decided_at;
            }
            Verdict::VoidClaim => count(&mut self.counts.void_claims),
            Verdict::Stale => count(&mut self.counts.stale),
            Verdict::Repeat => count(&mut self.counts.repeats),
            Verdict::Gap => count(&mut self.counts.gaps),
            Verdict::Fork => count(&mut self.counts.forks),
        }
        self.next_offset = offset.saturating_add(1);
        Ok(Judged {
            verdict,
            header,
            body,
        })
    }

    fn judge_claim(&self, header: &Header) -> Verdict {
        if header.epoch > self.epoch {
            Verdict::Claimed
        } else {
            Verdict::VoidClaim
        }
    }

    fn judge_decision(
        &self,
        topic_partition: TopicPartition,
        offset: Offset,
        header: &Header,
    ) -> Result<Verdict, Halt> {
        if header.epoch > self.epoch {
            return Err(Halt::EpochAhead {
                topic_partition,
                offset,
                found: header.epoch,
                current: self.epoch,
            });
        }
        if header.confirmed > self.seq {
            return Err(Halt::ConfirmedAhead {
                topic_partition,
                offset,
                confirmed: header.confirmed,
                seq: self.seq,
            });
        }
        if header.epoch < self.epoch {
            return Ok(Verdict::Stale);
        }
        let next = self.seq.saturating_add(1);
        Ok(if header.claim_id != self.claim_id {
            Verdict::Fork
        } else if header.seq < next {
            Verdict::Repeat
        } else if header.seq > next {
            Verdict::Gap
        } else if header.prev != Some(self.head) {
            Verdict::Fork
        } else {
            Verdict::Effective
        })
    }
}

/// A record that its writer has appended and waits to read back.
#[derive(Clone, Debug)]
pub struct Known {
    prev: Digest,
    head: Digest,
    seq: u64,
    decided_at: Timestamp,
    bytes: Bytes,
}

impl Known {
    /// The decision of that seq, on that head.
    #[must_use]
    pub fn new(prev: Digest, seq: u64, decided_at: Timestamp, bytes: Bytes) -> Self {
        let head = next_head(prev, &bytes);
        Self {
            prev,
            head,
            seq,
            decided_at,
            bytes,
        }
    }

    /// A decision that was judged effective on the head `prev` and made the chain what it is now.
    #[must_use]
    pub(crate) fn judged(prev: Digest, chain: &Chain, bytes: Bytes) -> Self {
        Self {
            prev,
            head: chain.head,
            seq: chain.seq,
            decided_at: chain.decided_at,
            bytes,
        }
    }

    /// How many bytes the record has.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// When it was decided.
    #[must_use]
    pub const fn decided_at(&self) -> Timestamp {
        self.decided_at
    }

    /// The chain's head after it.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.head
    }
}

impl Chain {
    /// Takes the next record if it is, byte for byte, the one that its writer expects. The writer
    /// made it for this epoch and head, so it is effective without being judged again.
    pub fn confirm(&mut self, offset: Offset, record: &[u8], known: &Known) -> bool {
        let continues = self.head == known.prev && self.seq.checked_add(1) == Some(known.seq);
        if !continues || record != known.bytes {
            return false;
        }
        self.seq = known.seq;
        self.head = known.head;
        self.decided_at = known.decided_at;
        self.next_offset = offset.saturating_add(1);
        true
    }
}

/// SHA-256 of one record.
#[must_use]
pub fn digest(record: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(record).into())
}

/// The head after an effective record.
#[must_use]
pub(crate) fn next_head(head: Digest, record: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(head.bytes());
    hasher.update(record);
    Digest::from_bytes(hasher.finalize().into())
}

fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// For snapshots.
impl Wire for Chain {
    fn encode(&self, out: &mut Vec<u8>) {
        self.epoch.encode(out);
        self.claim_id.encode(out);
        self.seq.encode(out);
        self.head.encode(out);
        self.decided_at.encode(out);
        self.next_offset.encode(out);
        let ChainCounts {
            void_claims,
            stale,
            repeats,
            gaps,
            forks,
        } = self.counts;
        for counter in [void_claims, stale, repeats, gaps, forks] {
            counter.encode(out);
        }
    }
    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: u64::decode(input)?,
            claim_id: ClaimId::decode(input)?,
            seq: u64::decode(input)?,
            head: Digest::decode(input)?,
            decided_at: Timestamp::decode(input)?,
            next_offset: u64::decode(input)?,
            counts: ChainCounts {
                void_claims: u64::decode(input)?,
                stale: u64::decode(input)?,
                repeats: u64::decode(input)?,
                gaps: u64::decode(input)?,
                forks: u64::decode(input)?,
            },
        })
    }
}
