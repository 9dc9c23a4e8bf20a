//! Records, the fold that judges them, and what the owner decides about.
//!
//! The decided thing is as small as can be: each input is accepted or refused (by the clock or
//! the market, so not by the state alone), and an accepted one owes a second record of work.

use crate::mistake::{Mistake, Mistakes};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// How many inputs wait in the inbox.
pub const INPUTS: u8 = 2;

/// What a decision answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// An input, by its place in the inbox.
    Input(u8),
    /// The work that the answer to that input started.
    Work(u8),
}

/// What an input is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It is carried out, now and in the work that follows.
    Accepted,
    /// It is not.
    Refused,
}

/// What has been decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Book {
    /// Inputs answered: all below this place. The highest cause of the fold.
    pub answered: u8,
    /// Bit i: input i was accepted.
    pub accepted: u8,
    /// Bit i: the work of input i is still to be done.
    pub owed: u8,
    /// Bit i: the work of input i is done.
    pub done: u8,
}

impl Book {
    /// Takes a decision.
    pub const fn evolve(&mut self, cause: Cause, answer: Answer, mistakes: Mistakes) {
        match (cause, answer) {
            (Cause::Input(input), Answer::Accepted) => {
                self.answered = input + 1;
                self.accepted |= 1 << input;
                if !matches!(mistakes, Some(Mistake::SeveralRecordsPerCause)) {
                    self.owed |= 1 << input;
                }
            }
            (Cause::Input(input), Answer::Refused) => self.answered = input + 1,
            (Cause::Work(input), _) => {
                self.owed &= !(1 << input);
                self.done |= 1 << input;
            }
        }
    }

    /// Whether some accepted input is neither carried out nor owed.
    #[must_use]
    pub const fn has_forgotten_work(&self) -> bool {
        self.accepted & !(self.owed | self.done) != 0
    }
}

/// A record of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// The taking of the partition.
    Claim {
        /// The epoch that it raises to.
        epoch: u8,
        /// Whose attempt.
        claim: u8,
    },
    /// A decision.
    Decision {
        /// The owner's epoch.
        epoch: u8,
        /// The owner's attempt.
        claim: u8,
        /// The number among the effective decisions.
        seq: u8,
        /// The highest seq that the owner had read back.
        confirmed: u8,
        /// The head that it was decided on.
        prev: u64,
        /// What it answers.
        cause: Cause,
        /// How.
        answer: Answer,
        /// Not in the real record: the book that the owner decided on, to be compared.
        decided_on: Book,
    },
}

/// How a fold tells who wrote a record and what it builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// Epoch, writer, seq and predecessor, as the engine does.
    ByChain,
    /// Epoch and seq alone: safe as well, but each mistake with an epoch shows at once.
    ByEpochAndSeq,
}

/// A promise of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// No cause is answered by two effective decisions.
    AnsweredOnce,
    /// The effective decisions number 1, 2, 3.
    OneDecisionPerSeq,
    /// What a client was told stands in the fold.
    AcknowledgedIsEffective,
    /// An effective decision was decided on exactly the fold before it.
    DecidedOnTheFold,
    /// What an owner begins with holds all that has been begun and not finished.
    NothingBegunIsForgotten,
    /// With a log that loses nothing, no reader halts.
    NobodyHalts,
}

/// What the fold makes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Effective,
    NoEffect,
    Halt,
}

/// The fold of a journal partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain {
    /// The current epoch.
    pub epoch: u8,
    /// The attempt that owns it.
    pub claim: u8,
    /// The last effective decision.
    pub seq: u8,
    /// Hash over all effective records.
    pub head: u64,
    /// What they say.
    pub book: Book,
}

impl Chain {
    pub(crate) fn take(
        &mut self,
        record: &Record,
        judging: Judging,
        mistakes: Mistakes,
    ) -> Verdict {
        let verdict = self.judge(record, judging, mistakes);
        if verdict == Verdict::Effective {
            match *record {
                Record::Claim { epoch, claim } => {
                    self.epoch = epoch;
                    self.claim = claim;
                }
                Record::Decision {
                    seq, cause, answer, ..
                } => {
                    self.seq = seq;
                    self.book.evolve(cause, answer, mistakes);
                }
            }
            self.head = next_head(self.head, record, judging);
        }
        verdict
    }

    fn judge(&self, record: &Record, judging: Judging, mistakes: Mistakes) -> Verdict {
        let effective = match *record {
            Record::Claim { epoch, .. } => {
                epoch > self.epoch
                    || (mistakes == Some(Mistake::EqualEpochsBothEffective) && epoch == self.epoch)
            }
            Record::Decision {
                epoch,
                claim,
                seq,
                confirmed,
                prev,
                ..
            } => {
                if epoch > self.epoch || confirmed > self.seq {
                    return Verdict::Halt;
                }
                let writer = mistakes == Some(Mistake::NoEpochCheck) || epoch == self.epoch;
                let builds_on_this = match judging {
                    Judging::ByChain => claim == self.claim && prev == self.head,
                    Judging::ByEpochAndSeq => true,
                };
                writer && builds_on_this && seq == self.seq + 1
            }
        };
        if effective {
            Verdict::Effective
        } else {
            Verdict::NoEffect
        }
    }

    /// Whether this record can never again be effective after this fold.
    pub(crate) fn has_outlived(&self, record: &Record, mistakes: Mistakes) -> bool {
        match *record {
            Record::Claim { epoch, .. } => {
                epoch < self.epoch
                    || (epoch == self.epoch && mistakes != Some(Mistake::EqualEpochsBothEffective))
            }
            Record::Decision { epoch, seq, .. } => {
                seq <= self.seq || (epoch < self.epoch && mistakes != Some(Mistake::NoEpochCheck))
            }
        }
    }
}

/// The head after an effective record. Where nobody compares heads, there is none: fewer states.
pub(crate) fn next_head(head: u64, record: &Record, judging: Judging) -> u64 {
    match judging {
        Judging::ByEpochAndSeq => 0,
        Judging::ByChain => {
            let mut hasher = FxHasher::default();
            (head, record).hash(&mut hasher);
            hasher.finish()
        }
    }
}
