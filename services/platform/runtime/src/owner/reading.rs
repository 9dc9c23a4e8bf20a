//! What the owner reads: its own journal and its inputs.
//!
//! Duty: tell history from read-back, and queue what must be decided. Prohibition: nothing is
//! decided here.

use super::{Cursor, Last, Owner, Phase, Stop, Tip, Waiting};
use crate::service::{Service, fold};
use crate::tail::decoded;
use bytes::Bytes;
use eventlog::{Folded, Halt, Record, Verdict};
use kernel::{CorrelationId, Offset, Position, Timestamp, TopicPartition};
use schemas::{Body, Cause, ClaimId, CommandRecord, Consumed, Decision, Header, Input, Kind, Wire};
use std::sync::Arc;

impl<S: Service> Owner<S> {
    /// Begins a claim. Call when the journal has been read to its end as far as one can tell; a
    /// stale end costs another claim, never safety.
    #[must_use]
    pub fn claim(&mut self, claim_id: ClaimId, now: Timestamp) -> Bytes {
        self.phase = Phase::Claiming(claim_id);
        let header = Header {
            kind: Kind::Claim,
            epoch: self.chain.epoch.saturating_add(1),
            claim_id,
            seq: 0,
            confirmed: 0,
            prev: None,
            cause: None,
            consumed: Vec::new(),
            request_id: None,
            request_digest: None,
            correlation_id: CorrelationId::from_bytes(claim_id.0),
            decided_at: now,
        };
        let body = Body::<S::WireEvent, S::WireRejection> {
            rejection: None,
            events: Vec::new(),
        };
        schemas::encode_record(schemas::schema_of(self.at.topic), &header, &body).into()
    }

    /// Takes records of its own journal: history before the claim, the claim, and afterwards the
    /// read-back of what it appended.
    pub fn read_back(&mut self, records: &[Record]) {
        for record in records {
            if self.stop.is_some() {
                return;
            }
            let taken = match self.phase {
                Phase::Recovering | Phase::Claiming(_) => self.take_history(record),
                Phase::Active => self.take_own(record),
            };
            if let Err(stop) = taken {
                self.stop_with(stop);
            }
        }
    }

    fn take_history(&mut self, record: &Record) -> Result<(), Stop> {
        let judged = self.chain.judge(self.at, record.offset, &record.bytes)?;
        match judged.verdict {
            Verdict::Effective => {
                let (header, body) = (judged.header, judged.body);
                self.last_record = Some((record.offset, Last::Bytes(record.bytes.clone())));
                self.fold_history(record.offset, &header, body)?;
            }
            Verdict::Claimed => {
                self.last_record = Some((record.offset, Last::Bytes(record.bytes.clone())));
                if self.phase == Phase::Claiming(judged.header.claim_id) {
                    self.begin();
                }
            }
            Verdict::VoidClaim => {
                if self.phase == Phase::Claiming(judged.header.claim_id) {
                    return Err(Stop::Fenced {
                        epoch: self.chain.epoch,
                    });
                }
            }
            Verdict::Stale | Verdict::Repeat | Verdict::Gap | Verdict::Fork => {}
        }
        Ok(())
    }

    fn fold_history(
        &mut self,
        offset: Offset,
        header: &Header,
        body: Input<'_>,
    ) -> Result<(), Stop> {
        fold::<S>(&mut self.state, body).map_err(|source| {
            Stop::Halted(Halt::Undecodable {
                topic_partition: self.at,
                offset,
                source,
            })
        })?;
        self.answered.extend(header.request_id);
        if let Some(Cause::Input(position)) = header.cause {
            self.note_decided(
                position.topic_partition(),
                position.offset.saturating_add(1),
            );
        }
        for Consumed { position } in &header.consumed {
            self.note_decided(position.topic_partition(), position.offset);
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.phase = Phase::Active;
        self.tip = Tip {
            seq: self.chain.seq,
            head: self.chain.head,
            decided_at: self.chain.decided_at,
        };
    }

    fn take_own(&mut self, record: &Record) -> Result<(), Stop> {
        // The usual case: the very bytes that were appended next. Comparing is cheaper than
        // hashing them a second time, and says the same.
        if let Some(known) = self.in_flight.front()
            && self.chain.confirm(record.offset, &record.bytes, known)
        {
            self.in_flight.pop_front();
            self.last_record = Some((record.offset, Last::Bytes(record.bytes.clone())));
            return Ok(());
        }
        let judged = self.chain.judge(self.at, record.offset, &record.bytes)?;
        match judged.verdict {
            Verdict::Claimed => Err(Stop::Fenced {
                epoch: judged.header.epoch,
            }),
            Verdict::Effective => Err(Stop::Doubt(
                "a record that is not ours is effective in our epoch",
            )),
            Verdict::Gap => Err(Stop::Doubt("an earlier append of ours is missing")),
            Verdict::VoidClaim | Verdict::Stale | Verdict::Repeat | Verdict::Fork => Ok(()),
        }
    }

    /// Takes records of an input partition, in order.
    pub fn offer(&mut self, input: TopicPartition, records: &[Record]) {
        self.offer_folded(input, records, None);
    }

    /// The same, with what other readers of the log have decoded.
    pub fn offer_folded(
        &mut self,
        input: TopicPartition,
        records: &[Record],
        folded: Option<&Folded>,
    ) {
        for record in records {
            if self.stop.is_some() {
                return;
            }
            if let Err(halt) = self.offer_one(input, record, folded) {
                self.stop_with(Stop::Halted(halt));
            }
        }
    }

    fn offer_one(
        &mut self,
        input: TopicPartition,
        record: &Record,
        folded: Option<&Folded>,
    ) -> Result<(), Halt> {
        let cursor = self.cursors.entry(input).or_default();
        let position = input.at(record.offset);
        let waiting = if input.topic.is_journal() {
            match take_effective(cursor, input, record, folded)? {
                Some(decision) if !decision.events.is_rejection() => Waiting::Decision(decision),
                Some(_) | None => Waiting::Passed,
            }
        } else {
            cursor.chain.next_offset = record.offset.saturating_add(1);
            if record.offset < cursor.decided_to {
                Waiting::Passed
            } else {
                decode_request::<S>(input, record)
            }
        };
        if record.offset >= cursor.decided_to {
            self.enqueue(position, waiting);
        }
        Ok(())
    }

    fn enqueue(&mut self, position: Position, waiting: Waiting<S>) {
        // Runs of records without effect are one step.
        if let Waiting::Passed = waiting
            && let Some((last, Waiting::Passed)) = self.waiting.back_mut()
            && last.topic_partition() == position.topic_partition()
        {
            *last = position;
            return;
        }
        self.waiting.push_back((position, waiting));
    }
}

/// Folds a record of another journal; the decision, if it is effective and not answered yet.
fn take_effective(
    cursor: &mut Cursor,
    input: TopicPartition,
    record: &Record,
    folded: Option<&Folded>,
) -> Result<Option<Arc<Decision>>, Halt> {
    let is_new = record.offset >= cursor.decided_to;
    if let Some(reading) = folded.and_then(|it| it.take(input, &mut cursor.chain, record)) {
        return Ok(is_new.then_some(reading.decision));
    }
    let prev = cursor.chain.head;
    let judged = cursor.chain.judge(input, record.offset, &record.bytes)?;
    if judged.verdict != Verdict::Effective || !is_new {
        return Ok(None);
    }
    let reading = decoded(input, record, judged)?;
    if let Some(folded) = folded {
        folded.leave(input, prev, &cursor.chain, record, &reading);
    }
    Ok(Some(reading.decision))
}

fn decode_request<S: Service>(input: TopicPartition, record: &Record) -> Waiting<S> {
    let decoded = schemas::unframe(input.topic, &record.bytes)
        .and_then(CommandRecord::<S::WireCommand>::from_bytes);
    match decoded {
        Ok(request) => Waiting::Request(request),
        Err(error) => Waiting::Undecodable(error.to_string()),
    }
}
