//! The owner of one journal partition, as a machine without I/O.
//!
//! Duty: claim, fold, decide on speculative state, number and chain the records, and find out
//! from the read-back which of them count. Whatever happens to it arrives as a call; whatever it
//! wants done leaves as bytes to append. The task around it (`task`) and the simulator drive the
//! same machine.
//!
//! Prohibition: it never answers anybody and never decides twice in one epoch. After any doubt it
//! stops for good; a new owner begins from the log.
//!
//! The order is the safety argument: a record is decided on the head before it; it counts when
//! the fold has read exactly these bytes back; only then does a snapshot know of it.

use crate::service::{Command, Context, Service, State, fold};
use bytes::Bytes;
use eventlog::{Chain, Halt, Known, Record, Verdict};
use kernel::{
    CorrelationId, Decider, Digest, Duration, Offset, Partition, Position, RequestId, Timestamp,
    TopicPartition,
};
use rustc_hash::FxHashSet;
use schemas::{
    Body, Cause, ClaimId, CommandRecord, Consumed, Decision, DecodeError, Events, Header, Input,
    Kind, Wire,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Bounds of one round of deciding.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most so many records leave in one round.
    pub records_max: usize,
    /// At most about so many bytes leave in one round.
    pub bytes_max: usize,
    /// At most so many records may wait for their read-back.
    pub in_flight_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            records_max: 512,
            bytes_max: 4_000_000,
            in_flight_max: 4_096,
        }
    }
}

/// Why an owner stopped. None of these is repaired in place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Somebody else has claimed the partition.
    #[error("fenced by epoch {epoch}")]
    Fenced {
        /// The newer epoch, or the one that made our claim void.
        epoch: u64,
    },
    /// It is not known what of our own appends counts.
    #[error("in doubt: {0}")]
    Doubt(&'static str),
    /// The log has lost or altered something, here or in an input.
    #[error("halted: {0}")]
    Halted(#[from] Halt),
    /// Our own code broke its promises; the partition halts.
    #[error("broken: {0}")]
    Broken(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Recovering,
    Claiming(ClaimId),
    Active,
}

/// How far an input partition has been read, and how far decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cursor {
    /// The fold of an input that is a journal; of an inbox only its `next_offset` counts.
    chain: Chain,
    /// Inputs below this offset are answered, or were silent.
    decided_to: Offset,
}

/// An input that has been read and waits to be decided.
enum Waiting<S: Service> {
    Request(CommandRecord<S::WireCommand>),
    Undecodable(String),
    Decision(Box<Decision>),
    Passed,
}

/// The last effective record: its hash, which is only computed when a snapshot wants it.
#[derive(Clone, Debug)]
enum Last {
    Hash(Digest),
    Bytes(Bytes),
}

impl Last {
    fn hash(&self) -> Digest {
        match self {
            Self::Hash(hash) => *hash,
            Self::Bytes(bytes) => eventlog::digest(bytes),
        }
    }
}

/// The writer's speculative end of its chain.
#[derive(Clone, Copy, Debug)]
struct Tip {
    seq: u64,
    head: Digest,
    decided_at: Timestamp,
}

/// What a record answers and carries beside its body.
struct Label {
    cause: Option<Cause>,
    request: Option<(RequestId, Digest)>,
    correlation_id: CorrelationId,
}

/// The owner of one partition of a service's journal.
pub struct Owner<S: Service> {
    at: TopicPartition,
    phase: Phase,
    stop: Option<Stop>,
    chain: Chain,
    last_record: Option<(Offset, Last)>,
    state: State<S>,
    answered: FxHashSet<RequestId>,
    cursors: BTreeMap<TopicPartition, Cursor>,
    passed: BTreeSet<TopicPartition>,
    waiting: VecDeque<(Position, Waiting<S>)>,
    tip: Tip,
    in_flight: VecDeque<Known>,
}

impl<S: Service> Owner<S> {
    /// An owner that will read its journal from the beginning.
    #[must_use]
    pub fn new(partition: Partition, partitions: u16) -> Self {
        let inbox = TopicPartition::new(S::INBOX, partition);
        let inputs = S::causes(partition, partitions).into_iter().chain([inbox]);
        Self {
            at: TopicPartition::new(S::JOURNAL, partition),
            phase: Phase::Recovering,
            stop: None,
            chain: Chain::default(),
            last_record: None,
            state: S::Rules::initial(),
            answered: FxHashSet::default(),
            cursors: inputs.map(|input| (input, Cursor::default())).collect(),
            passed: BTreeSet::new(),
            waiting: VecDeque::new(),
            tip: Tip {
                seq: 0,
                head: Digest::ZERO,
                decided_at: Timestamp::MIN,
            },
            in_flight: VecDeque::new(),
        }
    }

    /// The journal partition.
    #[must_use]
    pub const fn at(&self) -> TopicPartition {
        self.at
    }

    /// Why it stopped, if it has.
    #[must_use]
    pub const fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Whether it holds the claim and may decide.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.phase == Phase::Active && self.stop.is_none()
    }

    /// The fold of its own journal, read-back only.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The state, speculation included.
    #[must_use]
    pub const fn state(&self) -> &State<S> {
        &self.state
    }

    /// Whether everything it has read is decided and read back.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// Inputs that are read but not decided.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next offset to read of its own journal.
    #[must_use]
    pub const fn next_own_offset(&self) -> Offset {
        self.chain.next_offset
    }

    /// The next offset to read of each input.
    pub fn next_input_offsets(&self) -> impl Iterator<Item = (TopicPartition, Offset)> + '_ {
        self.cursors
            .iter()
            .map(|(input, cursor)| (*input, cursor.chain.next_offset))
    }

    /// How far each input is decided.
    pub fn decided_to(&self) -> impl Iterator<Item = (TopicPartition, Offset)> + '_ {
        self.cursors
            .iter()
            .map(|(input, cursor)| (*input, cursor.decided_to))
    }

    /// When something is due though nothing comes in: a timer of the state, or the end of the
    /// patience with an append that does not come back.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let timer = S::next_timer(&self.state).map(|timer| timer.due);
        timer.into_iter().chain(self.patience_ends()).min()
    }

    /// A log may say that it has a record and never show it. If nothing follows that would reveal
    /// the gap, only time does.
    fn patience_ends(&self) -> Option<Timestamp> {
        self.in_flight
            .front()
            .map(|known| known.decided_at().plus(READ_BACK_WITHIN))
    }

    /// The append's outcome is not known, or the log refused it: this owner is done.
    pub fn doubt(&mut self, reason: &'static str) {
        self.stop_with(Stop::Doubt(reason));
    }

    fn stop_with(&mut self, stop: Stop) {
        if self.stop.is_none() {
            self.stop = Some(stop);
        }
    }

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

    fn note_decided(&mut self, input: TopicPartition, next_offset: Offset) {
        let cursor = self.cursors.entry(input).or_default();
        cursor.decided_to = cursor.decided_to.max(next_offset);
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
        for record in records {
            if self.stop.is_some() {
                return;
            }
            if let Err(halt) = self.offer_one(input, record) {
                self.stop_with(Stop::Halted(halt));
            }
        }
    }

    fn offer_one(&mut self, input: TopicPartition, record: &Record) -> Result<(), Halt> {
        let cursor = self.cursors.entry(input).or_default();
        let position = input.at(record.offset);
        let waiting = if input.topic.is_journal() {
            let judged = cursor.chain.judge(input, record.offset, &record.bytes)?;
            if judged.verdict == Verdict::Effective && record.offset >= cursor.decided_to {
                let events = Events::decode(input.topic, judged.body).map_err(|source| {
                    Halt::Undecodable {
                        topic_partition: input,
                        offset: record.offset,
                        source,
                    }
                })?;
                if events.is_rejection() {
                    Waiting::Passed
                } else {
                    Waiting::Decision(Box::new(Decision {
                        position,
                        header: judged.header,
                        events,
                    }))
                }
            } else {
                Waiting::Passed
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
        timer: crate::Timer,
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
        work: crate::Work,
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
        let mut batch: Vec<Decision> = Vec::new();
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
                batch.push(*decision);
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
        events: &[crate::Event<S>],
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

    /// The whole fold state at rest: only when everything read is decided and read back, so that
    /// a snapshot never holds speculation.
    #[must_use]
    pub fn snapshot(&self) -> Option<Vec<u8>> {
        if !self.is_active() || !self.is_quiet() {
            return None;
        }
        let mut answered: Vec<RequestId> = self.answered.iter().copied().collect();
        answered.sort_unstable();
        let mut out = Vec::new();
        self.chain.encode(&mut out);
        self.last_record().encode(&mut out);
        let cursors: Vec<(TopicPartition, (Chain, u64))> = self
            .cursors
            .iter()
            .map(|(input, cursor)| (*input, (cursor.chain.clone(), cursor.decided_to)))
            .collect();
        cursors.encode(&mut out);
        answered.encode(&mut out);
        out.extend_from_slice(&S::snapshot(&self.state));
        Some(out)
    }

    /// An owner that goes on from a snapshot.
    ///
    /// # Errors
    /// Not a snapshot of this service.
    pub fn restore(
        partition: Partition,
        partitions: u16,
        snapshot: &[u8],
    ) -> Result<Self, DecodeError> {
        let mut owner = Self::new(partition, partitions);
        let mut input = Input::new(snapshot);
        owner.chain = Chain::decode(&mut input)?;
        let last: Option<(u64, Digest)> = Wire::decode(&mut input)?;
        owner.last_record = last.map(|(offset, hash)| (offset, Last::Hash(hash)));
        let cursors: Vec<(TopicPartition, (Chain, u64))> = Wire::decode(&mut input)?;
        for (input, (chain, decided_to)) in cursors {
            owner.cursors.insert(input, Cursor { chain, decided_to });
        }
        let answered: Vec<RequestId> = Wire::decode(&mut input)?;
        owner.answered.extend(answered);
        owner.state = S::restore(input.rest())?;
        Ok(owner)
    }

    /// Where the last effective record stands and its hash: what a snapshot's user compares with
    /// the log before trusting it.
    #[must_use]
    pub fn last_record(&self) -> Option<(Offset, Digest)> {
        self.last_record
            .as_ref()
            .map(|(offset, last)| (*offset, last.hash()))
    }
}

enum Step {
    Timer(crate::Timer),
    Input,
    Batch,
    Work(crate::Work),
    Rest,
}

/// How long an append may take to come back before it is in doubt.
const READ_BACK_WITHIN: Duration = Duration::from_secs(30);
/// How many inputs go before a part of waiting work.
const INPUTS_BETWEEN_WORK: u32 = 16;
/// A merging service takes no further decision once its batch holds so many events.
const MERGED_EVENTS_MAX: usize = 512;

fn decode_request<S: Service>(input: TopicPartition, record: &Record) -> Waiting<S> {
    let decoded = schemas::unframe(input.topic, &record.bytes)
        .and_then(CommandRecord::<S::WireCommand>::from_bytes);
    match decoded {
        Ok(request) => Waiting::Request(request),
        Err(error) => Waiting::Undecodable(error.to_string()),
    }
}
