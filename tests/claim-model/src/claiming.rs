//! How an attempt begins, rightly or wrongly, and becomes the owner.

use crate::mistake::Mistake;
use crate::model::{Action, Model, Step, number};
use crate::protocol::{Chain, Record, Verdict};
use crate::state::{Attempt, Phase, State};

impl Model {
    pub(crate) fn starts(&self, state: &State, each: &mut impl FnMut(Action, Step)) {
        let not_started = |attempt: &Attempt| attempt.phase == Phase::NotStarted;
        let Some(index) = state.attempts.iter().position(not_started) else {
            return;
        };
        for read_to in 0..=state.log.len() {
            let prefix = &state.log[..read_to];
            self.start(state, index, read_to, self.fold(prefix), None, each);
            if self.makes(Mistake::SnapshotWithoutEpoch) {
                for at in 1..=read_to {
                    let mut chain = self.fold(&prefix[..at]);
                    chain.epoch = 0;
                    for record in &prefix[at..] {
                        chain.take(record, self.judging, self.mistakes);
                    }
                    self.start(state, index, read_to, chain, Some(at), each);
                }
            }
            if self.makes(Mistake::SpeculationKeptAfterLoss) {
                for earlier in 0..index {
                    if state.attempts[earlier].phase == Phase::Over {
                        self.start(
                            state,
                            index,
                            read_to,
                            self.fold(prefix),
                            Some(earlier),
                            each,
                        );
                    }
                }
            }
            if self.makes(Mistake::OldEpochAfterRestart) {
                for earlier in 0..index {
                    self.restart(state, index, earlier, read_to, each);
                }
            }
        }
    }

    fn start(
        &self,
        state: &State,
        index: usize,
        read_to: usize,
        read: Chain,
        from: Option<usize>,
        each: &mut impl FnMut(Action, Step),
    ) {
        let mut next = state.clone();
        let number = number(index);
        let epoch = read.epoch + 1;
        let claim = number + 1;
        // What it had read is looked at again only by those who must not.
        let remembers = self.makes(Mistake::StateFromBeforeTheClaim)
            || self.makes(Mistake::SnapshotWithoutEpoch);
        let kept = match from {
            Some(earlier) if self.makes(Mistake::SpeculationKeptAfterLoss) => {
                state.attempts[earlier].hoped
            }
            Some(_) | None => Chain::default(),
        };
        next.attempts[index] = Attempt {
            phase: Phase::Claiming,
            epoch,
            claim,
            read: if remembers { read } else { Chain::default() },
            read_to: if remembers { read_to } else { 0 },
            hoped: kept,
            ..Attempt::new()
        };
        self.send(&mut next, Record::Claim { epoch, claim });
        let action = Action::Start {
            attempt: number,
            read_to,
            from,
        };
        each(action, Ok(next));
    }

    /// The mistaken restart: no claim, the old epoch, and the fold as far as it was read.
    fn restart(
        &self,
        state: &State,
        index: usize,
        earlier: usize,
        read_to: usize,
        each: &mut impl FnMut(Action, Step),
    ) {
        let old = &state.attempts[earlier];
        let read = self.fold(&state.log[..read_to]);
        if old.phase != Phase::Owning || read.claim != old.claim {
            return;
        }
        let mut next = state.clone();
        next.attempts[index] = Attempt {
            phase: Phase::Owning,
            epoch: old.epoch,
            claim: old.claim,
            read,
            read_to,
            hoped: read,
            ..Attempt::new()
        };
        next.attempts[earlier].lose();
        let action = Action::Start {
            attempt: number(index),
            read_to,
            from: Some(earlier),
        };
        each(action, Ok(next));
    }

    /// Who finds its own claim in the log owns the partition, if its fold says so.
    pub(crate) fn take_claim(&self, next: &mut State, record: &Record) {
        let Record::Claim { claim, .. } = *record else {
            return;
        };
        let is_its = |attempt: &Attempt| attempt.phase == Phase::Claiming && attempt.claim == claim;
        let Some(index) = next.attempts.iter().position(is_its) else {
            return;
        };
        let attempt = &next.attempts[index];
        let (from, mut read) = if self.makes(Mistake::SnapshotWithoutEpoch) {
            (attempt.read_to, attempt.read)
        } else {
            (0, Chain::default())
        };
        let mut verdict = Verdict::NoEffect;
        for record in &next.log[from..] {
            verdict = read.take(record, self.judging, self.mistakes);
        }
        let read_to = next.log.len();
        let attempt = &mut next.attempts[index];
        if verdict != Verdict::Effective {
            attempt.lose();
            return;
        }
        let book = if self.makes(Mistake::StateFromBeforeTheClaim) {
            attempt.read.book
        } else if attempt.hoped == Chain::default() {
            read.book
        } else {
            attempt.hoped.book
        };
        attempt.phase = Phase::Owning;
        attempt.read = read;
        attempt.read_to = read_to;
        attempt.hoped = Chain { book, ..read };
    }
}
