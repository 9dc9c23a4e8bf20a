//! The owner of one journal partition, as a machine without I/O.
//!
//! Duty: claim, fold, decide on speculative state, number and chain the records, and find out
//! from the read-back which of them count. Whatever happens to it arrives as a call; whatever it
//! wants done leaves as bytes to append. The task around it (`task`) and the simulator drive the
//! same machine.
//!
//! Prohibition: it never answers anybody and never decides twice in one epoch. After any doubt it
//! stops for good; a new owner begins from the log.
//!
//! The order is the safety argument: a record is decided on the head before it; it counts when
//! the fold has read exactly these bytes back; only then does a snapshot know of it.

mod deciding;
mod reading;
mod snapshot;

use crate::service::{Service, State};
use bytes::Bytes;
use eventlog::{Chain, Halt, Known};
use kernel::{
    Decider, Digest, Duration, Offset, Partition, Position, RequestId, Timestamp, TopicPartition,
};
use rustc_hash::FxHashSet;
use schemas::{ClaimId, CommandRecord, Decision};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Bounds of one round of deciding.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most so many records leave in one round.
    pub records_max: usize,
    /// At most about so many bytes leave in one round.
    pub bytes_max: usize,
    /// At most so many records may wait for their read-back.
    pub in_flight_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            records_max: 512,
            bytes_max: 4_000_000,
            in_flight_max: 4_096,
        }
    }
}

/// Why an owner stopped. None of these is repaired in place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Somebody else has claimed the partition.
    #[error("fenced by epoch {epoch}")]
    Fenced {
        /// The newer epoch, or the one that made our claim void.
        epoch: u64,
    },
    /// It is not known what of our own appends counts.
    #[error("in doubt: {0}")]
    Doubt(&'static str),
    /// The log has lost or altered something, here or in an input.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// Our own code broke its promises; the partition halts.
    #[error("broken: {0}")]
    Broken(String),
}

/// How long an append may take to come back before it is in doubt.
const READ_BACK_WITHIN: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Recovering,
    Claiming(ClaimId),
    Active,
}

/// How far an input partition has been read, and how far decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cursor {
    /// The fold of an input that is a journal; of an inbox only its `next_offset` counts.
    chain: Chain,
    /// Inputs below this offset are answered, or were silent.
    decided_to: Offset,
}

/// An input that has been read and waits to be decided.
enum Waiting<S: Service> {
    Request(CommandRecord<S::WireCommand>),
    Undecodable(String),
    /// Shared with the other readers of its journal.
    Decision(Arc<Decision>),
    Passed,
}

/// The last effective record: its hash, which is only computed when a snapshot wants it.
#[derive(Clone, Debug)]
enum Last {
    Hash(Digest),
    Bytes(Bytes),
}

impl Last {
    fn hash(&self) -> Digest {
        match self {
            Self::Hash(hash) => *hash,
            Self::Bytes(bytes) => eventlog::digest(bytes),
        }
    }
}

/// The writer's speculative end of its chain.
#[derive(Clone, Copy, Debug)]
struct Tip {
    seq: u64,
    head: Digest,
    decided_at: Timestamp,
}

/// The owner of one partition of a service's journal.
pub struct Owner<S: Service> {
    at: TopicPartition,
    phase: Phase,
    stop: Option<Stop>,
    chain: Chain,
    last_record: Option<(Offset, Last)>,
    state: State<S>,
    answered: FxHashSet<RequestId>,
    cursors: BTreeMap<TopicPartition, Cursor>,
    passed: BTreeSet<TopicPartition>,
    waiting: VecDeque<(Position, Waiting<S>)>,
    tip: Tip,
    in_flight: VecDeque<Known>,
}

impl<S: Service> Owner<S> {
    /// An owner that will read its journal from the beginning.
    #[must_use]
    pub fn new(partition: Partition, partitions: u16) -> Self {
        let inbox = TopicPartition::new(S::INBOX, partition);
        let inputs = S::causes(partition, partitions).into_iter().chain([inbox]);
        Self {
            at: TopicPartition::new(S::JOURNAL, partition),
            phase: Phase::Recovering,
            stop: None,
            chain: Chain::default(),
            last_record: None,
            state: S::Rules::initial(),
            answered: FxHashSet::default(),
            cursors: inputs.map(|input| (input, Cursor::default())).collect(),
            passed: BTreeSet::new(),
            waiting: VecDeque::new(),
            tip: Tip {
                seq: 0,
                head: Digest::ZERO,
                decided_at: Timestamp::MIN,
            },
            in_flight: VecDeque::new(),
        }
    }

    /// The journal partition.
    #[must_use]
    pub const fn at(&self) -> TopicPartition {
        self.at
    }

    /// Why it stopped, if it has.
    #[must_use]
    pub const fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Whether it holds the claim and may decide.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.phase == Phase::Active && self.stop.is_none()
    }

    /// The fold of its own journal, read-back only.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The state, speculation included.
    #[must_use]
    pub const fn state(&self) -> &State<S> {
        &self.state
    }

    /// Whether everything it has read is decided and read back.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// Inputs that are read but not decided.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next offset to read of its own journal.
    #[must_use]
    pub const fn next_own_offset(&self) -> Offset {
        self.chain.next_offset
    }

    /// The next offset to read of each input.
    pub fn next_input_offsets(&self) -> impl Iterator<Item = (TopicPartition, Offset)> + '_ {
        self.cursors
            .iter()
            .map(|(input, cursor)| (*input, cursor.chain.next_offset))
    }

    /// How far each input is decided.
    pub fn decided_to(&self) -> impl Iterator<Item = (TopicPartition, Offset)> + '_ {
        self.cursors
            .iter()
            .map(|(input, cursor)| (*input, cursor.decided_to))
    }

    /// When something is due though nothing comes in: a timer of the state, or the end of the
    /// patience with an append that does not come back.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let timer = S::next_timer(&self.state).map(|timer| timer.due);
        timer.into_iter().chain(self.patience_ends()).min()
    }

    /// A log may say that it has a record and never show it. If nothing follows that would reveal
    /// the gap, only time does.
    fn patience_ends(&self) -> Option<Timestamp> {
        self.in_flight
            .front()
            .map(|known| known.decided_at().plus(READ_BACK_WITHIN))
    }

    /// The append's outcome is not known, or the log refused it: this owner is done.
    pub fn doubt(&mut self, reason: &'static str) {
        self.stop_with(Stop::Doubt(reason));
    }

    fn stop_with(&mut self, stop: Stop) {
        if self.stop.is_none() {
            self.stop = Some(stop);
        }
    }

    fn note_decided(&mut self, input: TopicPartition, next_offset: Offset) {
        let cursor = self.cursors.entry(input).or_default();
        cursor.decided_to = cursor.decided_to.max(next_offset);
    }
}
