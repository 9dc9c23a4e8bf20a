//! Reading a journal partition as everybody must: through the fold.
//!
//! Duty: follow one journal partition from a known point, and hand on what is effective.
//! Prohibition: a record that halts the fold is never skipped; the reader stops there and says so.

use bytes::Bytes;
use eventlog::{Chain, EventLog, Folded, Halt, Judged, LogError, Reading, Record, Verdict};
use kernel::TopicPartition;
use schemas::{Decision, Events, Wire};
use std::sync::Arc;

/// How many bytes a reader takes at once.
pub(crate) const READ_BYTES: usize = 1 << 20;

/// A stretch of a journal partition after the fold.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Where.
    pub topic_partition: TopicPartition,
    /// The effective decisions, in order, with the bytes of each one's body.
    pub decisions: Vec<Effective>,
    /// The fold after the stretch; its `next_offset` is where to go on.
    pub chain: Chain,
}

/// An effective decision and the bytes of its body.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The decision, decoded.
    pub decision: Arc<Decision>,
    /// Its body (rejection and events) as it stands in the record.
    pub body: Bytes,
}

/// Why a reader stopped.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TailError {
    /// The fold halted.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A reader of one journal partition.
pub struct Tail {
    log: Arc<dyn EventLog>,
    topic_partition: TopicPartition,
    chain: Chain,
}

impl Tail {
    /// Goes on from `chain`; the default one begins at the beginning.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, topic_partition: TopicPartition, chain: Chain) -> Self {
        Self {
            log,
            topic_partition,
            chain,
        }
    }

    /// The fold so far.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The next stretch; waits until there is one.
    ///
    /// # Errors
    /// The fold halted or the log could not be read; the reader stays before the record.
    pub async fn next(&mut self) -> Result<Stretch, TailError> {
        loop {
            let from = self.chain.next_offset;
            let records = self
                .log
                .read(self.topic_partition, from, READ_BYTES)
                .await?;
            if !records.is_empty() {
                return Ok(self.take(&records)?);
            }
            self.log.wait(self.topic_partition, from).await;
        }
    }

    /// The next stretch if there is one now.
    ///
    /// # Errors
    /// As [`Tail::next`].
    pub async fn next_now(&mut self) -> Result<Option<Stretch>, TailError> {
        let from = self.chain.next_offset;
        let records = self
            .log
            .read(self.topic_partition, from, READ_BYTES)
            .await?;
        if records.is_empty() {
            Ok(None)
        } else {
            Ok(Some(self.take(&records)?))
        }
    }

    fn take(&mut self, records: &[Record]) -> Result<Stretch, Halt> {
        let folded = self.log.folded();
        take_folded(self.topic_partition, &mut self.chain, records, folded)
    }
}

/// Folds records onto a chain and decodes what is effective.
///
/// # Errors
/// The fold halted.
pub fn take(
    topic_partition: TopicPartition,
    chain: &mut Chain,
    records: &[Record],
) -> Result<Stretch, Halt> {
    take_folded(topic_partition, chain, records, None)
}

/// The same, except for what another reader has decoded already.
fn take_folded(
    topic_partition: TopicPartition,
    chain: &mut Chain,
    records: &[Record],
    folded: Option<&Folded>,
) -> Result<Stretch, Halt> {
    let mut decisions = Vec::new();
    for record in records {
        let taken = match folded.and_then(|folded| folded.take(topic_partition, chain, record)) {
            Some(reading) => Some(reading),
            None => judge_and_decode(topic_partition, chain, record, folded)?,
        };
        if let Some(Reading { decision, body }) = taken {
            decisions.push(Effective { decision, body });
        }
    }
    Ok(Stretch {
        topic_partition,
        decisions,
        chain: chain.clone(),
    })
}

/// Folds a record onto a chain; if it is effective, decodes it and leaves it for other readers.
fn judge_and_decode(
    topic_partition: TopicPartition,
    chain: &mut Chain,
    record: &Record,
    folded: Option<&Folded>,
) -> Result<Option<Reading>, Halt> {
    let before = chain.clone();
    let judged = chain.judge(topic_partition, record.offset, &record.bytes)?;
    if judged.verdict != Verdict::Effective {
        return Ok(None);
    }
    let prev = before.head;
    match decoded(topic_partition, record, judged) {
        Ok(reading) => {
            if let Some(folded) = folded {
                folded.leave(topic_partition, prev, chain, record, &reading);
            }
            Ok(Some(reading))
        }
        Err(halt) => {
            *chain = before;
            Err(halt)
        }
    }
}

/// Decodes a record that was judged effective.
///
/// # Errors
/// Its body is not one of that journal.
pub(crate) fn decoded(
    topic_partition: TopicPartition,
    record: &Record,
    judged: Judged<'_>,
) -> Result<Reading, Halt> {
    let body = record.bytes.slice_ref(judged.body.rest());
    let events =
        Events::decode(topic_partition.topic, judged.body).map_err(|source| Halt::Undecodable {
            topic_partition,
            offset: record.offset,
            source,
        })?;
    let decision = Arc::new(Decision {
        position: topic_partition.at(record.offset),
        header: judged.header,
        events,
    });
    Ok(Reading { decision, body })
}

/// A chain as bytes, for view stores.
#[must_use]
pub fn chain_to_bytes(chain: &Chain) -> Vec<u8> {
    chain.to_bytes()
}

/// A chain from such bytes; anything else is the beginning.
#[must_use]
pub fn chain_from_bytes(bytes: &[u8]) -> Chain {
    Chain::from_bytes(bytes).unwrap_or_default()
}
