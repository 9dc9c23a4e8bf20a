//! What a service hands to the runtime.
//!
//! Duty: the one seam between business and machinery. A service says how wire and domain
//! correspond, which journals concern it, and what is due; the runtime does the rest.
//!
//! Prohibition: no function here does I/O or reads a clock. `now` is the decision's time, already
//! forced never to go back within the partition.

use kernel::{Decider, Partition, Position, Timestamp, Topic, TopicPartition};
use schemas::{AvroType, Decision, DecodeError, Wire};
use std::sync::Arc;

/// The decider's types, by role.
pub type State<S> = <<S as Service>::Rules as Decider>::State;
/// See [`State`].
pub type Command<S> = <<S as Service>::Rules as Decider>::Command;
/// See [`State`].
pub type Event<S> = <<S as Service>::Rules as Decider>::Event;
/// See [`State`].
pub type Rejection<S> = <<S as Service>::Rules as Decider>::Rejection;

/// A read-only picture of other journals that a service looks at when it decides, one per
/// process. What a decision used of it is copied into the decision.
pub trait Context: Send + Sync + 'static {
    /// Whether the picture has reached this record. An input is taken only when it has, so that
    /// cause and context cannot contradict each other.
    fn covers(&self, position: Position) -> bool;
}

/// Services that look at nothing.
impl Context for () {
    fn covers(&self, _: Position) -> bool {
        true
    }
}

/// Something to do at a time. Armed by events, part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// Tells timers of one instant apart, in the order in which they were armed; the service's
    /// own count.
    pub armed_by: u64,
}

/// A part of work too big for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The service's own number of the piece of work, growing in the order of their starts.
    pub started_by: u64,
    /// Which part, from 1.
    pub part: u32,
}

/// A business service, as the owner task of each of its partitions sees it.
pub trait Service: Send + Sync + 'static {
    /// The rules.
    type Rules: Decider<
            State: Clone + Send + Sync + 'static,
            Command: Send + 'static,
            Event: Send + 'static,
            Rejection: Send + 'static,
        > + 'static;
    /// What is looked at when deciding.
    type Context: Context;
    /// The inbox's commands on the wire.
    type WireCommand: AvroType + Send + 'static;
    /// The journal's events on the wire.
    type WireEvent: AvroType + Send + 'static;
    /// The journal's rejections on the wire.
    type WireRejection: AvroType + Send + 'static;

    /// Where decisions go.
    const JOURNAL: Topic;
    /// Where commands come from.
    const INBOX: Topic;
    /// Whether inputs of other journals are taken in sorted batches, each ended by one record,
    /// instead of one by one (fraud). Then [`Service::merge`] is called and not `react`.
    const MERGES: bool = false;

    /// The journal partitions whose decisions concern this partition.
    fn causes(partition: Partition, partitions: u16) -> Vec<TopicPartition>;

    /// A client's command with all that the decision depends on.
    fn request(
        partition: Partition,
        command: Self::WireCommand,
        context: &Self::Context,
        now: Timestamp,
    ) -> Command<Self>;

    /// What another journal's decision (never a rejection) asks of this service; `None` if
    /// nothing. One decision is one input and gets one answer. A command made here must not be
    /// rejected: what can go wrong is an event.
    fn react(
        partition: Partition,
        decision: &Decision,
        context: &Self::Context,
        now: Timestamp,
    ) -> Option<Command<Self>>;

    /// For merging services: the command that a sorted batch of decisions amounts to.
    fn merge(
        _partition: Partition,
        _batch: &[Arc<Decision>],
        _now: Timestamp,
    ) -> Option<Command<Self>> {
        None
    }

    /// The earliest timer of the state.
    fn next_timer(_state: &State<Self>) -> Option<Timer> {
        None
    }

    /// What that timer asks. The decision must disarm it and must not be rejected or empty.
    fn fire(
        _state: &State<Self>,
        _timer: Timer,
        _context: &Self::Context,
        _now: Timestamp,
    ) -> Option<Command<Self>> {
        None
    }

    /// The next part of internal work of the state.
    fn next_work(_state: &State<Self>) -> Option<Work> {
        None
    }

    /// What that part asks. The decision must advance the work and must not be rejected or empty.
    fn work(
        _state: &State<Self>,
        _work: Work,
        _context: &Self::Context,
        _now: Timestamp,
    ) -> Option<Command<Self>> {
        None
    }

    /// The rejection of a command that was met after its deadline.
    fn expired() -> Self::WireRejection;

    /// The rejection of a command that cannot be read.
    fn undecodable(detail: String) -> Self::WireRejection;

    /// Domain to wire.
    fn event_to_wire(event: &Event<Self>) -> Self::WireEvent;

    /// Wire to domain: every published event has a meaning.
    ///
    /// # Errors
    /// A value that the domain cannot hold.
    fn event_from_wire(event: Self::WireEvent) -> Result<Event<Self>, DecodeError>;

    /// Domain to wire.
    fn rejection_to_wire(rejection: &Rejection<Self>) -> Self::WireRejection;

    /// The whole state, for snapshots and for comparing states: equal states give equal bytes.
    fn snapshot(state: &State<Self>) -> Vec<u8>;

    /// The state that such bytes hold.
    ///
    /// # Errors
    /// Not such bytes.
    fn restore(bytes: &[u8]) -> Result<State<Self>, DecodeError>;
}

/// Folds one recorded decision of the service into its state.
///
/// # Errors
/// The body is not one of this service's.
pub fn fold<S: Service>(
    state: &mut State<S>,
    mut body: schemas::Input<'_>,
) -> Result<(), DecodeError> {
    let body_decoded = schemas::Body::<S::WireEvent, S::WireRejection>::decode(&mut body)?;
    body.end()?;
    for event in body_decoded.events {
        S::Rules::evolve(state, &S::event_from_wire(event)?);
    }
    Ok(())
}
