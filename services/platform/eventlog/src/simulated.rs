//! The log that misbehaves on purpose, from a seed.
//!
//! Duty: everything that the port allows and no test machine shows by itself: appends that are
//! lost, doubled, delayed beyond their writer's life and overtaken by later ones; outcomes that
//! are unknown though the record stands, or said to be sent though it never will; inbox records
//! that come twice. The same seed gives the same misfortunes.
//!
//! Prohibition: it never breaks what the port promises. Records once read stay, in their order.

use crate::memory::MemoryLog;
use crate::port::{AppendOutcome, EventLog, LogError, Record, Writer};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use kernel::{Offset, TopicPartition};
use std::sync::{Arc, Mutex, PoisonError};

/// A small generator of pseudo-random numbers (SplitMix64, Steele, Lea and Flood 2014): the
/// dice of the simulator, not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when there is none.
    pub const fn below(&mut self, bound: u64) -> u64 {
        match self.next().checked_rem(bound) {
            Some(number) => number,
            None => 0,
        }
    }

    /// True so many times in a thousand.
    pub const fn permille(&mut self, chance: u16) -> bool {
        let rolled = self.below(1_000);
        let [low, high] = chance.to_le_bytes();
        rolled < u64::from_le_bytes([low, high, 0, 0, 0, 0, 0, 0])
    }
}

/// How often what goes wrong, in thousandths of appended records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The record never arrives, though the log says that it was sent.
    pub skipped: u16,
    /// The record never arrives, and the outcome is unknown: a crash before the append.
    pub lost: u16,
    /// The record arrives, and the outcome is unknown: a crash after the append.
    pub unacknowledged: u16,
    /// The record arrives later, perhaps after its writer's end: a stale writer's write.
    pub delayed: u16,
    /// The record arrives now and once more later.
    pub doubled: u16,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        skipped: 0,
        lost: 0,
        unacknowledged: 0,
        delayed: 0,
        doubled: 0,
    };
}

/// A log under a seeded fate.
#[derive(Clone)]
pub struct SimulatedLog {
    memory: MemoryLog,
    fate: Arc<Mutex<Fate>>,
}

struct Fate {
    dice: Dice,
    faults: Faults,
    in_transit: Vec<(TopicPartition, Bytes)>,
}

impl SimulatedLog {
    /// A log whose faults follow from the seed.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let fate = Fate {
            dice: Dice::new(seed),
            faults,
            in_transit: Vec::new(),
        };
        Self {
            memory: MemoryLog::default(),
            fate: Arc::new(Mutex::new(fate)),
        }
    }

    fn fate<T>(&self, run: impl FnOnce(&mut Fate) -> T) -> T {
        run(&mut self.fate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Appends one record to a journal, as fate will have it.
    pub fn append_one(&self, at: TopicPartition, record: Bytes) -> AppendOutcome {
        self.fate(|fate| {
            let Faults {
                skipped,
                lost,
                unacknowledged,
                delayed,
                doubled,
            } = fate.faults;
            if fate.dice.permille(skipped) {
                return AppendOutcome::Sent;
            }
            if fate.dice.permille(lost) {
                return AppendOutcome::Unknown;
            }
            if fate.dice.permille(delayed) {
                fate.in_transit.push((at, record));
                return AppendOutcome::Unknown;
            }
            if fate.dice.permille(doubled) {
                fate.in_transit.push((at, record.clone()));
            }
            self.memory.push(at, record);
            if fate.dice.permille(unacknowledged) {
                AppendOutcome::Unknown
            } else {
                AppendOutcome::Sent
            }
        })
    }

    /// Adds a command to an inbox: at least once, or, when it is delayed, perhaps much later.
    pub fn send_one(&self, at: TopicPartition, record: Bytes) {
        self.fate(|fate| {
            if fate.dice.permille(fate.faults.doubled) {
                fate.in_transit.push((at, record.clone()));
            }
            if fate.dice.permille(fate.faults.delayed) {
                fate.in_transit.push((at, record));
            } else {
                self.memory.push(at, record);
            }
        });
    }

    /// Lets one of the delayed records arrive, any of them.
    pub fn deliver_one(&self) {
        self.fate(|fate| {
            let count = u64::try_from(fate.in_transit.len()).unwrap_or(0);
            if count > 0 {
                let index = usize::try_from(fate.dice.below(count)).unwrap_or(0);
                let (at, record) = fate.in_transit.swap_remove(index);
                self.memory.push(at, record);
            }
        });
    }

    /// Ends all misfortune: what is delayed arrives, and nothing goes wrong any more.
    pub fn heal(&self) {
        self.fate(|fate| {
            fate.faults = Faults::NONE;
            for (at, record) in fate.in_transit.drain(..) {
                self.memory.push(at, record);
            }
        });
    }

    /// The records from `from` on, at most `records_max` of them.
    #[must_use]
    pub fn records(&self, at: TopicPartition, from: Offset, records_max: usize) -> Vec<Record> {
        let mut records = self.memory.records(at, from);
        records.truncate(records_max);
        records
    }
}

impl EventLog for SimulatedLog {
    fn writer(&self, topic_partition: TopicPartition) -> Arc<dyn Writer> {
        Arc::new(SimulatedWriter {
            log: self.clone(),
            topic_partition,
        })
    }

    fn send(
        &self,
        topic_partition: TopicPartition,
        record: Bytes,
    ) -> BoxFuture<'static, AppendOutcome> {
        self.send_one(topic_partition, record);
        ready(AppendOutcome::Sent).boxed()
    }

    fn read(
        &self,
        topic_partition: TopicPartition,
        from: Offset,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Vec<Record>, LogError>> {
        self.memory.read(topic_partition, from, bytes_max)
    }

    fn end(&self, topic_partition: TopicPartition) -> BoxFuture<'static, Result<Offset, LogError>> {
        self.memory.end(topic_partition)
    }

    fn wait(&self, topic_partition: TopicPartition, from: Offset) -> BoxFuture<'static, ()> {
        self.memory.wait(topic_partition, from)
    }
}

struct SimulatedWriter {
    log: SimulatedLog,
    topic_partition: TopicPartition,
}

impl Writer for SimulatedWriter {
    fn append(&self, records: Vec<Bytes>) -> BoxFuture<'static, Vec<AppendOutcome>> {
        let outcomes = records
            .into_iter()
            .map(|record| self.log.append_one(self.topic_partition, record))
            .collect();
        ready(outcomes).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Topic;

    const AT: TopicPartition = TopicPartition::new(Topic::BetsEvents, 0);

    #[test]
    fn without_faults_it_keeps_the_contract() {
        let fresh = || -> Arc<dyn EventLog> { Arc::new(SimulatedLog::new(1, Faults::NONE)) };
        futures::executor::block_on(crate::contract::check(&fresh));
    }

    #[test]
    fn the_same_seed_gives_the_same_misfortunes() {
        let run = |seed| {
            let faults = Faults {
                skipped: 100,
                lost: 100,
                unacknowledged: 100,
                delayed: 200,
                doubled: 200,
            };
            let log = SimulatedLog::new(seed, faults);
            for number in 0..200_u8 {
                log.append_one(AT, Bytes::copy_from_slice(&[number]));
                log.deliver_one();
            }
            log.records(AT, 0, usize::MAX)
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn every_fault_happens() {
        let one = |faults| {
            let log = SimulatedLog::new(1, faults);
            let outcome = log.append_one(AT, Bytes::from_static(b"x"));
            let at_once = log.records(AT, 0, 9).len();
            log.heal();
            (outcome, at_once, log.records(AT, 0, 9).len())
        };
        let always = 1_000;
        assert_eq!(
            one(Faults {
                skipped: always,
                ..Faults::NONE
            }),
            (AppendOutcome::Sent, 0, 0)
        );
        assert_eq!(
            one(Faults {
                lost: always,
                ..Faults::NONE
            }),
            (AppendOutcome::Unknown, 0, 0)
        );
        assert_eq!(
            one(Faults {
                delayed: always,
                ..Faults::NONE
            }),
            (AppendOutcome::Unknown, 0, 1)
        );
        assert_eq!(
            one(Faults {
                doubled: always,
                ..Faults::NONE
            }),
            (AppendOutcome::Sent, 1, 2)
        );
        assert_eq!(
            one(Faults {
                unacknowledged: always,
                ..Faults::NONE
            }),
            (AppendOutcome::Unknown, 1, 1)
        );
    }
}
