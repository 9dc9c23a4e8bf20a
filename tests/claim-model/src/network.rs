//! What was sent arrives: late, in any order, again, or never.

use crate::mistake::Mistake;
use crate::model::{Action, Log, Model, Step};
use crate::protocol::{Promise, Record, Verdict};
use crate::state::{State, check_effect, tell};

impl Model {
    pub(crate) fn send(&self, state: &mut State, record: Record) {
        if !self.is_wanted(state, &record) {
            return;
        }
        let place = state.on_its_way.partition_point(|(sent, _)| *sent < record);
        if state.on_its_way.get(place).map(|(sent, _)| *sent) != Some(record) {
            state.on_its_way.insert(place, (record, 0));
        }
    }

    /// Whether a record's arrival could still change anything.
    fn is_wanted(&self, state: &State, record: &Record) -> bool {
        self.log == Log::KeepsAll
            || self.makes(Mistake::AnswerOnDeliveryReport)
            || !state.truth.has_outlived(record, self.mistakes)
    }

    pub(crate) fn deliveries(&self, state: &State, each: &mut impl FnMut(Action, Step)) {
        for (index, (record, _)) in state.on_its_way.iter().enumerate() {
            let mut next = state.clone();
            let step = self.deliver(&mut next, index, *record);
            if let Some(step) = step.transpose() {
                each(Action::Deliver(*record), step.map(|()| next));
            }
        }
    }

    /// The record arrives at the log's end. Nothing is returned when that changes nothing.
    fn deliver(
        &self,
        next: &mut State,
        index: usize,
        record: Record,
    ) -> Result<Option<()>, Promise> {
        let before = next.truth;
        let verdict = next.truth.take(&record, self.judging, self.mistakes);
        let mut changed = verdict == Verdict::Effective;
        if changed {
            check_effect(&before, &next.truth, &record)?;
        }
        if verdict == Verdict::Halt && self.mistakes.is_none() {
            return Err(Promise::NobodyHalts);
        }
        match self.log {
            Log::KeepsAll => {
                changed = true;
                next.log.push(record);
                self.count_delivery(next, index);
            }
            Log::KeepsEffective if changed => {
                next.log.push(record);
                if self.makes(Mistake::EqualEpochsBothEffective) {
                    self.count_delivery(next, index);
                }
            }
            Log::KeepsEffective => {}
        }
        if changed {
            let (truth, mistakes) = (next.truth, self.mistakes);
            if self.log == Log::KeepsEffective && !self.makes(Mistake::AnswerOnDeliveryReport) {
                next.on_its_way
                    .retain(|(sent, _)| !truth.has_outlived(sent, mistakes));
            }
            self.take_claim(next, &record);
        }
        if self.makes(Mistake::AnswerOnDeliveryReport)
            && let Record::Decision { cause, answer, .. } = record
        {
            changed |= tell(next, cause, answer)?;
        }
        Ok(changed.then_some(()))
    }

    fn count_delivery(&self, next: &mut State, index: usize) {
        let (_, delivered) = &mut next.on_its_way[index];
        *delivered += 1;
        if *delivered >= self.bounds.deliveries {
            next.on_its_way.remove(index);
        }
    }
}
