//! What there is: the log, what is on its way, the attempts, what clients were told; and what must
//! hold of it whenever something is added.

use crate::protocol::{Answer, Cause, Chain, Promise, Record};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    NotStarted,
    Claiming,
    Owning,
    /// Fenced, or void from the beginning.
    Over,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Attempt {
    pub(crate) phase: Phase,
    pub(crate) epoch: u8,
    pub(crate) claim: u8,
    /// Its own fold, and how many records of the log are in it.
    pub(crate) read: Chain,
    pub(crate) read_to: usize,
    /// What it decides on: the fold and what it has sent.
    pub(crate) hoped: Chain,
    /// Sent and not read back, oldest first.
    pub(crate) unread: Vec<Record>,
}

impl Attempt {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::NotStarted,
            epoch: 0,
            claim: 0,
            read: Chain::default(),
            read_to: 0,
            hoped: Chain::default(),
            unread: Vec::new(),
        }
    }

    pub(crate) fn lose(&mut self) {
        *self = Self {
            phase: Phase::Over,
            // Only a mistaken successor looks at it.
            hoped: self.hoped,
            epoch: self.epoch,
            claim: self.claim,
            ..Self::new()
        };
    }
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) log: Vec<Record>,
    /// The fold of the whole log, as everybody but a mistaken owner sees it.
    pub(crate) truth: Chain,
    /// What was sent and may yet be delivered, with how often it already was.
    pub(crate) on_its_way: Vec<(Record, u8)>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) told: [Option<Answer>; 2],
}

impl State {
    /// Whether both clients have been told, both inputs were accepted, and all work is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.told == [Some(Answer::Accepted); 2] && self.truth.book.done == 0b11
    }

    /// The number of claims that took effect.
    #[must_use]
    pub const fn epoch(&self) -> u8 {
        self.truth.epoch
    }
}

/// What must hold of a record that has just become effective.
pub(crate) fn check_effect(before: &Chain, after: &Chain, record: &Record) -> Result<(), Promise> {
    match *record {
        Record::Claim { .. } => {
            if after.book.has_forgotten_work() {
                return Err(Promise::NothingBegunIsForgotten);
            }
        }
        Record::Decision {
            seq,
            cause,
            decided_on,
            ..
        } => {
            let answered_before = match cause {
                Cause::Input(input) => input < before.book.answered,
                Cause::Work(input) => before.book.done & (1 << input) != 0,
            };
            if answered_before {
                return Err(Promise::AnsweredOnce);
            }
            if seq != before.seq + 1 {
                return Err(Promise::OneDecisionPerSeq);
            }
            if decided_on != before.book {
                return Err(Promise::DecidedOnTheFold);
            }
        }
    }
    Ok(())
}

/// Tells the client; whether that is news.
pub(crate) fn tell(state: &mut State, cause: Cause, answer: Answer) -> Result<bool, Promise> {
    let Cause::Input(input) = cause else {
        return Ok(false);
    };
    let book = &state.truth.book;
    let stands = if input < book.answered {
        let accepted = book.accepted & (1 << input) != 0;
        accepted == (answer == Answer::Accepted)
    } else {
        false
    };
    if !stands {
        return Err(Promise::AcknowledgedIsEffective);
    }
    let told = &mut state.told[usize::from(input)];
    let news = told.is_none();
    *told = Some(answer);
    Ok(news)
}
