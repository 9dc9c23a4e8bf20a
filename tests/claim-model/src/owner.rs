//! What an owner does: decide, send, read back, answer.

use crate::mistake::Mistake;
use crate::model::{Action, Model, Step, number};
use crate::protocol::{Answer, Cause, INPUTS, Record, Verdict, next_head};
use crate::state::{State, tell};

impl Model {
    pub(crate) fn decisions(
        &self,
        state: &State,
        index: usize,
        each: &mut impl FnMut(Action, Step),
    ) {
        let attempt = &state.attempts[index];
        if attempt.unread.len() < self.bounds.unread {
            let book = attempt.hoped.book;
            if book.answered < INPUTS {
                for answer in [Answer::Accepted, Answer::Refused] {
                    self.decide(state, index, Cause::Input(book.answered), answer, each);
                }
            }
            for input in 0..INPUTS {
                if book.owed & (1 << input) != 0 {
                    self.decide(state, index, Cause::Work(input), Answer::Accepted, each);
                }
            }
        }
        if self.makes(Mistake::DecidingTwiceInOneEpoch) && !attempt.unread.is_empty() {
            let mut next = state.clone();
            let attempt = &mut next.attempts[index];
            attempt.unread.clear();
            attempt.hoped = attempt.read;
            let action = Action::DecideAgain {
                attempt: number(index),
            };
            each(action, Ok(next));
        }
    }

    fn decide(
        &self,
        state: &State,
        index: usize,
        cause: Cause,
        answer: Answer,
        each: &mut impl FnMut(Action, Step),
    ) {
        let mut next = state.clone();
        let action = Action::Decide {
            attempt: number(index),
            cause,
            answer,
        };
        if self.makes(Mistake::RejectionWithoutRecord) && answer == Answer::Refused {
            let book = &mut next.attempts[index].hoped.book;
            book.evolve(cause, answer, self.mistakes);
            each(action, tell(&mut next, cause, answer).map(|_| next));
            return;
        }
        self.record(&mut next, index, cause, answer);
        if self.makes(Mistake::SeveralRecordsPerCause)
            && answer == Answer::Accepted
            && let Cause::Input(input) = cause
        {
            self.record(&mut next, index, Cause::Work(input), answer);
        }
        each(action, Ok(next));
    }

    fn record(&self, next: &mut State, index: usize, cause: Cause, answer: Answer) {
        let attempt = &mut next.attempts[index];
        let record = Record::Decision {
            epoch: attempt.epoch,
            claim: attempt.claim,
            seq: attempt.hoped.seq + 1,
            confirmed: attempt.read.seq,
            prev: attempt.hoped.head,
            cause,
            answer,
            decided_on: attempt.hoped.book,
        };
        attempt.hoped.seq += 1;
        attempt.hoped.book.evolve(cause, answer, self.mistakes);
        attempt.hoped.head = next_head(attempt.hoped.head, &record, self.judging);
        attempt.unread.push(record);
        self.send(next, record);
    }

    pub(crate) fn reads(&self, state: &State, index: usize, each: &mut impl FnMut(Action, Step)) {
        let attempt = &state.attempts[index];
        let Some(record) = state.log.get(attempt.read_to) else {
            return;
        };
        let mut next = state.clone();
        let attempt = &mut next.attempts[index];
        attempt.read_to += 1;
        let verdict = attempt.read.take(record, self.judging, self.mistakes);
        let mut step = Ok(false);
        if verdict == Verdict::Effective {
            match *record {
                // Where equal epochs do not fence, the owner believes that it goes on.
                Record::Claim { epoch, .. } if epoch == attempt.epoch => {}
                Record::Claim { .. } => attempt.lose(),
                // Exactly this record, all of it: only then is it the awaited one.
                Record::Decision { cause, answer, .. } => {
                    if attempt.unread.first() == Some(record) {
                        attempt.unread.remove(0);
                        step = tell(&mut next, cause, answer);
                    } else {
                        attempt.lose();
                    }
                }
            }
        }
        let action = Action::Read {
            attempt: number(index),
        };
        each(action, step.map(|_| next));
    }
}
