//! I4 and I6 and I14 as far as headers show them.
//!
//! Duty: one effect per request, causes that only go forward, epochs that never go back.
//! (Numbers, heads and claims are the fold's own matter: what it passes over never comes here.)

use crate::findings::Findings;
use kernel::{InvariantId, Position, RequestId, Timestamp, TopicPartition};
use rustc_hash::FxHashMap;
use schemas::{Cause, Decision};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Requests {
    answered: FxHashMap<RequestId, Position>,
    causes: BTreeMap<(TopicPartition, TopicPartition), Position>,
    last: BTreeMap<TopicPartition, Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    epoch: u64,
    seq: u64,
    decided_at: Timestamp,
}

impl Requests {
    pub(crate) fn take(&mut self, decision: &Decision, findings: &mut Findings) {
        let (position, header) = (decision.position, &decision.header);
        let at = position.topic_partition();
        if let Some(request) = header.request_id
            && let Some(first) = self.answered.insert(request, position)
        {
            let detail = format!("{request} was answered before at {first}");
            findings.report(InvariantId::OneEffectPerRequest, position, detail);
        }
        if let Some(Cause::Input(cause)) = header.cause {
            let before = self.causes.insert((at, cause.topic_partition()), cause);
            if let Some(before) = before.filter(|before| before.offset >= cause.offset) {
                let detail = format!("answers {cause} after {before}");
                findings.report(InvariantId::ChainIsUnbroken, position, detail);
            }
        }
        let last = Last {
            epoch: header.epoch,
            seq: header.seq,
            decided_at: header.decided_at,
        };
        let Some(before) = self.last.insert(at, last) else {
            findings.require(
                header.seq == 1,
                InvariantId::ChainIsUnbroken,
                position,
                || format!("the first decision has seq {}", header.seq),
            );
            return;
        };
        findings.require(
            before.seq.checked_add(1) == Some(header.seq),
            InvariantId::ChainIsUnbroken,
            position,
            || format!("seq {} follows {}", header.seq, before.seq),
        );
        findings.require(
            before.epoch <= header.epoch,
            InvariantId::OneWriterPerEpoch,
            position,
            || format!("epoch {} follows {}", header.epoch, before.epoch),
        );
        findings.require(
            before.decided_at <= header.decided_at,
            InvariantId::ChainIsUnbroken,
            position,
            || "time goes back".to_owned(),
        );
    }
}
