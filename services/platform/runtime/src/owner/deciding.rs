//! What the owner decides: timers, inputs, batches and work, each as the next record of its chain.
//!
//! Duty: the order of turns, and the numbering and chaining of records. Prohibition: nothing is
//! appended here; the caller appends what is returned, in order.

use super::{Bounds, Owner, Stop, Tip, Waiting};
use crate::service::{Command, Context, Event, Service};
use crate::service::{Timer, Work};
use bytes::Bytes;
use eventlog::Known;
use kernel::{CorrelationId, Decider, Digest, Position, RequestId, Timestamp};
use schemas::{Body, Cause, CommandRecord, Consumed, Decision, Header, Kind};
use std::sync::Arc;

/// What a record answers and carries beside its body.
struct Label {
    cause: Option<Cause>,
    request: Option<(RequestId, Digest)>,
    correlation_id: CorrelationId,
}

enum Step {
    Timer(Timer),
    Input,
    Batch,
    Work(Work),
    Rest,
}

/// How many inputs go before a part of waiting work.
const INPUTS_BETWEEN_WORK: u32 = 16;
/// A merging service takes no further decision once its batch holds so many events.
const MERGED_EVENTS_MAX: usize = 512;

impl<S: Service> Owner<S> {
    /// Whether the context has reached every input that was taken, by this owner or by those
    /// before it.
    fn context_suffices(&self, context: &S::Context) -> bool {
        self.cursors.iter().all(|(input, cursor)| {
            cursor
                .decided_to
                .checked_sub(1)
                .is_none_or(|last| context.covers(input.at(last)))
        })
    }

    /// Whether deciding waits for the context to move on.
    #[must_use]
    pub fn is_blocked(&self, context: &S::Context) -> bool {
        !self.context_suffices(context)
            || self
                .waiting
                .front()
                .is_some_and(|(position, _)| !context.covers(*position))
    }

    /// Decides what is due and what waits, within bounds: timers first, then inputs, and between
    /// them internal work, so that a large settlement does not hold up placements.
    ///
    /// The records must be appended in this order, before those of any later call.
    #[must_use = "what is decided must be appended"]
    pub fn decide(&mut self, now: Timestamp, context: &S::Context, bounds: Bounds) -> Vec<Bytes> {
        let mut records = Vec::new();
        if self.patience_ends().is_some_and(|end| end < now) {
            self.doubt("an append was not read back in time");
        }
        if !self.is_active() || !self.context_suffices(context) {
            return records;
        }
        let mut bytes = 0_usize;
        let mut since_work = 0_u32;
        while records.len() < bounds.records_max
            && bytes < bounds.bytes_max
            && self.in_flight.len() < bounds.in_flight_max
            && self.stop.is_none()
        {
            let now = now.max(self.tip.decided_at);
            let stepped = match self.next_step(now, context, &mut since_work) {
                Step::Timer(timer) => self.fire(timer, now, context),
                Step::Input => self.take_input(now, context),
                Step::Batch => self.take_batch(now, context),
                Step::Work(work) => self.work(work, now, context),
                Step::Rest => break,
            };
            match stepped {
                Ok(Some(record)) => {
                    bytes = bytes.saturating_add(record.len());
                    records.push(record);
                }
                Ok(None) => {}
                Err(stop) => self.stop_with(stop),
            }
        }
        records
    }

    fn next_step(&self, now: Timestamp, context: &S::Context, since_work: &mut u32) -> Step {
        if let Some(timer) = S::next_timer(&self.state).filter(|timer| timer.due <= now) {
            return Step::Timer(timer);
        }
        let input_ready = self
            .waiting
            .front()
            .is_some_and(|(position, _)| context.covers(*position));
        let work = S::next_work(&self.state);
        match work {
            Some(work) if !input_ready || *since_work >= INPUTS_BETWEEN_WORK => {
                *since_work = 0;
                Step::Work(work)
            }
            Some(_) | None if input_ready => {
                *since_work = since_work.saturating_add(1);
                if S::MERGES
                    && matches!(
                        self.waiting.front(),
                        Some((_, Waiting::Decision(_) | Waiting::Passed))
                    )
                {
                    Step::Batch
                } else {
                    Step::Input
                }
            }
            Some(_) | None => Step::Rest,
        }
    }

    fn fire(
        &mut self,
        timer: Timer,
        now: Timestamp,
        context: &S::Context,
    ) -> Result<Option<Bytes>, Stop> {
        let command = S::fire(&self.state, timer, context, now)
            .ok_or_else(|| Stop::Broken(format!("no command for {timer:?}")))?;
        let cause = Cause::Timer {
            armed_by: timer.armed_by,
            due: timer.due,
        };
        let record = self.decide_own(&command, cause, now)?;
        if S::next_timer(&self.state) == Some(timer) {
            return Err(Stop::Broken(format!(
                "{timer:?} is still armed after it fired"
            )));
        }
        Ok(Some(record))
    }

    fn work(
        &mut self,
        work: Work,
        now: Timestamp,
        context: &S::Context,
    ) -> Result<Option<Bytes>, Stop> {
        let command = S::work(&self.state, work, context, now)
            .ok_or_else(|| Stop::Broken(format!("no command for {work:?}")))?;
        let cause = Cause::Work {
            started_by: work.started_by,
            part: work.part,
        };
        let record = self.decide_own(&command, cause, now)?;
        if S::next_work(&self.state) == Some(work) {
            return Err(Stop::Broken(format!("{work:?} is not done after its part")));
        }
        Ok(Some(record))
    }

    /// A decision that the service owes to itself: a rejection or nothing would be a bug.
    fn decide_own(
        &mut self,
        command: &Command<S>,
        cause: Cause,
        now: Timestamp,
    ) -> Result<Bytes, Stop> {
        let label = Label {
            cause: Some(cause),
            request: None,
            correlation_id: self.own_correlation(),
        };
        match S::Rules::decide(&self.state, command) {
            Ok(events) if events.is_empty() => {
                Err(Stop::Broken(format!("nothing was decided for {cause:?}")))
            }
            Ok(events) => self.record_events(&events, label, now),
            Err(_) => Err(Stop::Broken(format!("own command rejected for {cause:?}"))),
        }
    }

    fn take_input(&mut self, now: Timestamp, context: &S::Context) -> Result<Option<Bytes>, Stop> {
        let Some((position, waiting)) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let input = position.topic_partition();
        self.note_decided(input, position.offset.saturating_add(1));
        let record = match waiting {
            Waiting::Passed => None,
            Waiting::Request(request) => self.take_request(position, request, now, context)?,
            Waiting::Undecodable(detail) => {
                let label = Label {
                    cause: Some(Cause::Input(position)),
                    request: None,
                    correlation_id: self.own_correlation(),
                };
                Some(self.record_rejection(S::undecodable(detail), label, now)?)
            }
            Waiting::Decision(decision) => self.take_decision(position, &decision, now, context)?,
        };
        if record.is_none() {
            self.passed.insert(input);
        }
        Ok(record)
    }

    fn take_request(
        &mut self,
        position: Position,
        request: CommandRecord<S::WireCommand>,
        now: Timestamp,
        context: &S::Context,
    ) -> Result<Option<Bytes>, Stop> {
        if self.answered.contains(&request.request_id) {
            // A repeat, or a reuse of the key: the first answer stands, nothing is recorded.
            return Ok(None);
        }
        let label = Label {
            cause: Some(Cause::Input(position)),
            request: Some((request.request_id, request.request_digest)),
            correlation_id: request.correlation_id,
        };
        if request.not_after.is_some_and(|deadline| deadline < now) {
            return self.record_rejection(S::expired(), label, now).map(Some);
        }
        let command = S::request(self.at.partition, request.command, context, now);
        match S::Rules::decide(&self.state, &command) {
            Ok(events) => self.record_events(&events, label, now).map(Some),
            Err(rejection) => self
                .record_rejection(S::rejection_to_wire(&rejection), label, now)
                .map(Some),
        }
    }

    fn take_decision(
        &mut self,
        position: Position,
        decision: &Decision,
        now: Timestamp,
        context: &S::Context,
    ) -> Result<Option<Bytes>, Stop> {
        let Some(command) = S::react(self.at.partition, decision, context, now) else {
            return Ok(None);
        };
        match S::Rules::decide(&self.state, &command) {
            Ok(events) if events.is_empty() => Ok(None),
            Ok(events) => {
                let label = Label {
                    cause: Some(Cause::Input(position)),
                    request: None,
                    correlation_id: decision.header.correlation_id,
                };
                self.record_events(&events, label, now).map(Some)
            }
            Err(_) => Err(Stop::Broken(format!(
                "an established fact was rejected: {position}"
            ))),
        }
    }

    /// Takes all waiting decisions of other journals as one sorted batch, ended by one record.
    fn take_batch(&mut self, now: Timestamp, context: &S::Context) -> Result<Option<Bytes>, Stop> {
        let mut batch: Vec<Arc<Decision>> = Vec::new();
        let mut events = 0_usize;
        // Bounded by events, not by decisions: one settlement record holds hundreds of them, and
        // what is said of them must fit into one record.
        while let Some((position, Waiting::Decision(_) | Waiting::Passed)) = self.waiting.front()
            && context.covers(*position)
            && events < MERGED_EVENTS_MAX
        {
            let Some((position, waiting)) = self.waiting.pop_front() else {
                break;
            };
            self.note_decided(
                position.topic_partition(),
                position.offset.saturating_add(1),
            );
            self.passed.insert(position.topic_partition());
            if let Waiting::Decision(decision) = waiting {
                events = events.saturating_add(decision.events.len());
                batch.push(decision);
            }
        }
        batch.sort_by_key(|decision| (decision.header.decided_at, decision.position));
        let Some(command) = S::merge(self.at.partition, &batch, now) else {
            return Ok(None);
        };
        let correlation_id = self.own_correlation();
        match S::Rules::decide(&self.state, &command) {
            Ok(events) if events.is_empty() => Ok(None),
            Ok(events) => self
                .record_events(
                    &events,
                    Label {
                        cause: None,
                        request: None,
                        correlation_id,
                    },
                    now,
                )
                .map(Some),
            Err(_) => Err(Stop::Broken("a merged batch was rejected".to_owned())),
        }
    }

    /// All that follows from work of the service's own shares this.
    fn own_correlation(&self) -> CorrelationId {
        let mut bytes = [0_u8; 16];
        let parts = [
            self.at
                .topic
                .as_str()
                .as_bytes()
                .iter()
                .fold(0_u64, |h, b| h.rotate_left(5) ^ u64::from(*b)),
            self.tip.seq.saturating_add(1) ^ (u64::from(self.at.partition) << 48),
        ];
        for (to, from) in bytes
            .iter_mut()
            .zip(parts.iter().flat_map(|part| part.to_be_bytes()))
        {
            *to = from;
        }
        CorrelationId::from_bytes(bytes)
    }

    fn record_events(
        &mut self,
        events: &[Event<S>],
        label: Label,
        now: Timestamp,
    ) -> Result<Bytes, Stop> {
        for event in events {
            S::Rules::evolve(&mut self.state, event);
        }
        let events = events.iter().map(S::event_to_wire).collect();
        self.record(
            Body {
                rejection: None,
                events,
            },
            label,
            now,
        )
    }

    fn record_rejection(
        &mut self,
        rejection: S::WireRejection,
        label: Label,
        now: Timestamp,
    ) -> Result<Bytes, Stop> {
        self.record(
            Body {
                rejection: Some(rejection),
                events: Vec::new(),
            },
            label,
            now,
        )
    }

    /// Numbers and chains the next record.
    fn record(
        &mut self,
        body: Body<S::WireEvent, S::WireRejection>,
        label: Label,
        now: Timestamp,
    ) -> Result<Bytes, Stop> {
        let answered_input = match label.cause {
            Some(Cause::Input(position)) => Some(position.topic_partition()),
            Some(Cause::Timer { .. } | Cause::Work { .. }) | None => None,
        };
        let consumed = std::mem::take(&mut self.passed)
            .into_iter()
            .filter(|input| Some(*input) != answered_input)
            .filter_map(|input| {
                self.cursors
                    .get(&input)
                    .map(|cursor| input.at(cursor.decided_to))
            })
            .map(|position| Consumed { position })
            .collect();
        let (request_id, request_digest) = label.request.unzip();
        let header = Header {
            kind: Kind::Decision,
            epoch: self.chain.epoch,
            claim_id: self.chain.claim_id,
            seq: self.tip.seq.saturating_add(1),
            confirmed: self.chain.seq,
            prev: Some(self.tip.head),
            cause: label.cause,
            consumed,
            request_id,
            request_digest,
            correlation_id: label.correlation_id,
            decided_at: now,
        };
        let bytes: Bytes =
            schemas::encode_record(schemas::schema_of(self.at.topic), &header, &body).into();
        if bytes.len() > eventlog::record_bytes_max() {
            return Err(Stop::Broken(format!(
                "a decision of {} bytes is too large for one record",
                bytes.len()
            )));
        }
        self.answered.extend(request_id);
        let known = Known::new(self.tip.head, header.seq, now, bytes.clone());
        self.tip = Tip {
            seq: header.seq,
            head: known.head(),
            decided_at: now,
        };
        self.in_flight.push_back(known);
        Ok(bytes)
    }
}
