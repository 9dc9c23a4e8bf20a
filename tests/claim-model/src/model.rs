//! The variants of the protocol, and what can happen next in a state.

use crate::mistake::{Mistake, Mistakes};
use crate::protocol::{Answer, Cause, Chain, Judging, Promise, Record};
use crate::state::{Attempt, Phase, State};

/// How far the search goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Attempts to own the partition.
    pub attempts: u8,
    /// Records that an owner may have sent and not yet read back: batches times their records.
    pub unread: usize,
    /// How often a record is delivered at most, where repeats would make the log grow for ever.
    pub deliveries: u8,
}

impl Bounds {
    /// Three attempts, two batches of two.
    pub const FULL: Self = Self {
        attempts: 3,
        unread: 4,
        deliveries: 2,
    };
}

/// What the log keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Only what has an effect in the common fold; anything sent may be delivered for ever.
    KeepsEffective,
    /// Everything; so each record can be delivered only [`Bounds::deliveries`] times.
    KeepsAll,
}

/// A variant of the protocol within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// How far.
    pub bounds: Bounds,
    /// How records are judged.
    pub judging: Judging,
    /// What the log keeps.
    pub log: Log,
    /// What is done wrong.
    pub mistakes: Mistakes,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An attempt reads so many records and sends its claim.
    Start {
        /// Which attempt.
        attempt: u8,
        /// How far it read.
        read_to: usize,
        /// A mistaken attempt goes on from this one, or from a snapshot at that place.
        from: Option<usize>,
    },
    /// A record reaches the log.
    Deliver(Record),
    /// An owner decides.
    Decide {
        /// Which attempt.
        attempt: u8,
        /// About what.
        cause: Cause,
        /// How.
        answer: Answer,
    },
    /// An owner reads the next record of the log.
    Read {
        /// Which attempt.
        attempt: u8,
    },
    /// A mistaken owner gives up what it has sent and decides again.
    DecideAgain {
        /// Which attempt.
        attempt: u8,
    },
}

/// A step's outcome.
pub type Step = Result<State, Promise>;

impl Model {
    /// Before anything has happened.
    #[must_use]
    pub fn initial(&self) -> State {
        State {
            log: Vec::new(),
            truth: Chain::default(),
            on_its_way: Vec::new(),
            attempts: vec![Attempt::new(); usize::from(self.bounds.attempts)],
            told: [None; 2],
        }
    }

    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.mistakes == Some(mistake)
    }

    /// All that can happen next.
    pub fn steps(&self, state: &State, each: &mut impl FnMut(Action, Step)) {
        self.starts(state, each);
        self.deliveries(state, each);
        for index in 0..state.attempts.len() {
            if state.attempts[index].phase == Phase::Owning {
                self.decisions(state, index, each);
                self.reads(state, index, each);
            }
        }
    }

    pub(crate) fn fold(&self, log: &[Record]) -> Chain {
        let mut chain = Chain::default();
        for record in log {
            chain.take(record, self.judging, self.mistakes);
        }
        chain
    }
}

#[expect(clippy::expect_used, reason = "there are three attempts")]
pub(crate) fn number(index: usize) -> u8 {
    u8::try_from(index).expect("a handful of attempts")
}
