//! What stands in a journal partition, counted with the fold and without.
//!
//! Duty: read on through the one fold, remember what it made of each record, and count beside it
//! as two readers would that lack its defences. Prohibition: the naive counts decide nothing but
//! whether the attack bites.

use super::patient::{end, read};
use crate::checker::{Finding, Wrong};
use anyhow::Context;
use eventlog::{Chain, EventLog, Verdict};
use kernel::{Digest, RequestId, TopicPartition};
use schemas::{Events, Kind, ledger};
use std::collections::BTreeMap;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    chain: Chain,
    verdicts: BTreeMap<u64, Verdict>,
    /// Epoch, seq and head by the offset that is to be read next.
    states: BTreeMap<u64, (u64, u64, Digest)>,
    effective: BTreeMap<RequestId, u64>,
    minor: i64,
    epoch_effective: u64,
    /// Every decision counts.
    naive: BTreeMap<RequestId, u64>,
    naive_minor: i64,
    /// A decision counts if its seq is the next, whatever its epoch and predecessor.
    seq_only: u64,
    displaced: u64,
}

impl Count {
    /// Reads on to the end.
    pub(super) async fn read(
        &mut self,
        log: &dyn EventLog,
        at: TopicPartition,
    ) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let end = end(log, at).await;
        while self.chain.next_offset < end {
            for record in read(log, at, self.chain.next_offset).await {
                findings.extend(self.take(at, record.offset, &record.bytes)?);
            }
        }
        Ok(findings)
    }

    fn take(
        &mut self,
        at: TopicPartition,
        offset: u64,
        record: &[u8],
    ) -> anyhow::Result<Option<Finding>> {
        let judged = self.chain.judge(at, offset, record)?;
        let state = (self.chain.epoch, self.chain.seq, self.chain.head);
        self.states.insert(self.chain.next_offset, state);
        if judged.header.kind != Kind::Decision {
            return Ok(None);
        }
        let counts = judged.verdict == Verdict::Effective;
        self.verdicts.insert(offset, judged.verdict);
        let (header, verdict) = (judged.header, judged.verdict);
        let minor = moved(at, judged.body)?;
        let request = header.request_id.context("a decision on no request")?;
        *self.naive.entry(request).or_default() += 1;
        self.naive_minor += minor;
        let by_seq = header.seq == self.seq_only + 1;
        self.seq_only += u64::from(by_seq);
        self.displaced += u64::from(by_seq != counts);
        if !counts {
            return Ok(None);
        }
        *self.effective.entry(request).or_default() += 1;
        self.minor += minor;
        let before = std::mem::replace(&mut self.epoch_effective, header.epoch);
        Ok((header.epoch < before).then(|| {
            let detail = format!(
                "{at}@{offset} of epoch {} is {verdict:?} after {before}",
                header.epoch
            );
            Finding::new(Wrong::Invariant, detail)
        }))
    }

    /// The fold so far.
    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) fn verdict(&self, offset: u64) -> Option<Verdict> {
        self.verdicts.get(&offset).copied()
    }

    /// How often a request was decided to effect.
    pub(super) fn effective(&self, request: RequestId) -> u64 {
        self.effective.get(&request).copied().unwrap_or(0)
    }

    /// Whether this fold agrees with what somebody else believes of the partition.
    pub(super) fn agrees(&self, believed: &Chain) -> bool {
        let state = (believed.epoch, believed.seq, believed.head);
        self.states.get(&believed.next_offset) == Some(&state)
    }

    /// The requests that were decided, to effect or not, as often as they were to effect.
    pub(super) fn decided(&self) -> impl Iterator<Item = (RequestId, u64)> + '_ {
        let requests = self.naive.keys();
        requests.map(|request| (*request, self.effective(*request)))
    }

    /// Requests that count more than once where every decision counts.
    pub(super) fn doubled(&self) -> u64 {
        let doubled = self.naive.values().filter(|times| **times > 1);
        u64::try_from(doubled.count()).unwrap_or(u64::MAX)
    }

    /// Decisions that do not count though they should, or count though they should not, where
    /// only seq is looked at.
    pub(super) const fn displaced(&self) -> u64 {
        self.displaced
    }

    /// What customers were paid.
    pub(super) const fn minor(&self) -> i64 {
        self.minor
    }

    /// What they were paid where every decision counts.
    pub(super) const fn naive_minor(&self) -> i64 {
        self.naive_minor
    }
}

fn moved(at: TopicPartition, body: schemas::Input<'_>) -> anyhow::Result<i64> {
    let Events::LedgerEvents(body) = Events::decode(at.topic, body)? else {
        return Ok(0);
    };
    let posted = body.events.iter().map(|event| match event {
        ledger::Event::TransferPosted(posted) => posted.minor,
        ledger::Event::TransferHeld(_)
        | ledger::Event::HoldCaptured(_)
        | ledger::Event::HoldVoided(_)
        | ledger::Event::HoldExpired(_)
        | ledger::Event::TransferRefused(_)
        | ledger::Event::AccountRulesSet(_)
        | ledger::Event::NothingMoved(_) => 0,
    });
    Ok(posted.sum())
}
