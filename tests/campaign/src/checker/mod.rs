//! The history checker: what clients were told against what the log says, and nothing else.
//!
//! Duty: read every journal and inbox from the beginning through the fold that every reader uses,
//! hand the decisions to the auditor, and hold each client's operation against them. Prohibition:
//! nothing here asks a process, a view or a snapshot; and an empty history proves nothing, so
//! what was compared is counted and told.

mod judge;
mod reads;
mod story;

pub use judge::{Counts, Finding, Report, Wrong, request_id};
pub use story::Story;

use anyhow::Context;
use eventlog::{Chain, EventLog, LogError, Record, Verdict};
use futures::future::join_all;
use kernel::{Offset, RequestId, Topic, TopicPartition};
use schemas::{Events, Input, Wire};
use std::collections::BTreeMap;

/// So much is read at once.
const BYTES_AT_ONCE: usize = 4_000_000;

/// Reads a log, on and on, and judges.
pub struct Checker {
    partitions: u16,
    chains: BTreeMap<TopicPartition, Chain>,
    inboxes: BTreeMap<TopicPartition, u64>,
    halts: Vec<Finding>,
    records: u64,
    /// What the log tells.
    pub story: Story,
}

impl Checker {
    /// Of a log with so many partitions of each topic.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self {
            partitions,
            chains: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            halts: Vec::new(),
            records: 0,
            story: Story::default(),
        }
    }

    /// Goes on from where it stopped to the end of every partition.
    ///
    /// # Errors
    /// The log does not answer.
    pub async fn read(&mut self, log: &dyn EventLog) -> anyhow::Result<()> {
        let mut places = Vec::new();
        for partition in 0..self.partitions {
            for topic in Topic::ALL {
                let at = TopicPartition::new(*topic, partition);
                places.push((at, self.next_offset(at)));
            }
        }
        let fetching = places.iter().map(|(at, from)| fetch(log, *at, *from));
        for ((at, _), records) in places.iter().zip(join_all(fetching).await) {
            let records = records.with_context(|| format!("{at} cannot be read"))?;
            if at.topic.is_journal() {
                self.take_journal(*at, &records);
            } else {
                self.take_inbox(*at, &records);
            }
        }
        self.story.forget_answered();
        Ok(())
    }

    fn next_offset(&self, at: TopicPartition) -> u64 {
        let journal = self.chains.get(&at).map(|chain| chain.next_offset);
        let inbox = self.inboxes.get(&at).copied();
        journal.or(inbox).unwrap_or(0)
    }

    fn take_journal(&mut self, at: TopicPartition, records: &[Record]) {
        let chain = self.chains.entry(at).or_default();
        for record in records {
            self.records += 1;
            let judged = match chain.judge(at, record.offset, &record.bytes) {
                Ok(judged) => judged,
                Err(halt) => {
                    self.halts
                        .push(Finding::new(Wrong::Halted, halt.to_string()));
                    return;
                }
            };
            if judged.verdict != Verdict::Effective {
                continue;
            }
            match Events::decode(at.topic, judged.body) {
                Ok(events) => self.story.take(&schemas::Decision {
                    position: at.at(record.offset),
                    header: judged.header,
                    events,
                }),
                Err(error) => {
                    let detail = format!("{}: {error}", at.at(record.offset));
                    self.halts.push(Finding::new(Wrong::Halted, detail));
                    return;
                }
            }
        }
    }

    fn take_inbox(&mut self, at: TopicPartition, records: &[Record]) {
        for record in records {
            self.records += 1;
            self.inboxes.insert(at, record.offset + 1);
            let Ok(command) = schemas::unframe(at.topic, &record.bytes) else {
                continue;
            };
            if let Ok(request) = RequestId::decode(&mut Input::new(command)) {
                self.story.asked(request, at.at(record.offset));
            }
        }
    }

    /// Stored records that were read.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Records that the fold has passed over, by what they were: void claims, stale, repeats,
    /// gaps, forks.
    #[must_use]
    pub fn passed_over(&self) -> eventlog::ChainCounts {
        let mut sum = eventlog::ChainCounts::default();
        for chain in self.chains.values() {
            sum.void_claims += chain.counts.void_claims;
            sum.stale += chain.counts.stale;
            sum.repeats += chain.counts.repeats;
            sum.gaps += chain.counts.gaps;
            sum.forks += chain.counts.forks;
        }
        sum
    }

    /// The epoch of a journal partition: how often it was claimed.
    #[must_use]
    pub fn epoch(&self, at: TopicPartition) -> u64 {
        self.chains.get(&at).map_or(0, |chain| chain.epoch)
    }

    /// All claims that took effect.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        self.chains.values().map(|chain| chain.epoch).sum()
    }

    /// What keeps the fold from going on.
    #[must_use]
    pub fn halts(&self) -> &[Finding] {
        &self.halts
    }
}

/// Everything from there to the end as it was when this began. The end is asked for first: a log
/// may only read on to an end that it was told of.
async fn fetch(
    log: &dyn EventLog,
    at: TopicPartition,
    from: Offset,
) -> Result<Vec<Record>, LogError> {
    let end = log.end(at).await?;
    let mut found: Vec<Record> = Vec::new();
    let mut next = from;
    while next < end {
        let records = log.read(at, next, BYTES_AT_ONCE).await?;
        let Some(last) = records.last() else {
            break;
        };
        next = last.offset.saturating_add(1);
        found.extend(records);
    }
    Ok(found)
}
