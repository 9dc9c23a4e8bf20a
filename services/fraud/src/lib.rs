//! Fraud as a service: other journals in, scores, cases and restrictions out.
//!
//! Duty: join fraud's rules to the wire, to the views and to the runtime. Each partition merges
//! the customer journals of its own number with all of odds, in sorted batches.
//!
//! Prohibition: no rule is judged here, and no bet ever waits for this service: what it finds
//! reaches bets as an event, later.

mod codec;
mod projection;
mod reactor;
mod snapshot;

#[cfg(test)]
mod tests;

pub use projection::rows;

use fraud_domain::{Command, Event, Fraud, Rejection, State};
use kernel::{Partition, Timestamp, Topic, TopicPartition};
use schemas::{Decision, DecodeError, fraud as wire};
use std::sync::Arc;

/// The service.
#[derive(Clone, Copy, Debug)]
pub enum FraudService {}

impl runtime::Service for FraudService {
    type Rules = Fraud;
    type Context = ();
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::FraudEvents;
    const INBOX: Topic = Topic::FraudCommands;
    const MERGES: bool = true;

    /// Odds is partitioned by fixture: a customer's bets are on fixtures of every partition.
    fn causes(partition: Partition, partitions: u16) -> Vec<TopicPartition> {
        let own = [Topic::AuthEvents, Topic::BetsEvents, Topic::PaymentsEvents]
            .map(|topic| TopicPartition::new(topic, partition));
        let odds = (0..partitions).map(|number| TopicPartition::new(Topic::OddsEvents, number));
        own.into_iter().chain(odds).collect()
    }

    fn request(_: Partition, command: wire::Command, (): &(), _: Timestamp) -> Command {
        codec::command_from_wire(command)
    }

    /// Never called: everything of other journals comes through [`Self::merge`].
    fn react(_: Partition, _: &Decision, (): &(), _: Timestamp) -> Option<Command> {
        None
    }

    fn merge(_: Partition, batch: &[Arc<Decision>], _: Timestamp) -> Option<Command> {
        let observations: Vec<_> = batch
            .iter()
            .flat_map(|decision| reactor::observations(decision))
            .collect();
        (!observations.is_empty()).then_some(Command::Observe(observations))
    }

    fn expired() -> wire::Rejection {
        wire::Rejection {
            reason: wire::RejectionReason::Expired(wire::Expired {}),
        }
    }

    fn undecodable(detail: String) -> wire::Rejection {
        wire::Rejection {
            reason: wire::RejectionReason::Undecodable(wire::Undecodable { detail }),
        }
    }

    fn event_to_wire(event: &Event) -> wire::Event {
        codec::event_to_wire(event)
    }

    fn event_from_wire(event: wire::Event) -> Result<Event, DecodeError> {
        codec::event_from_wire(event)
    }

    fn rejection_to_wire(rejection: &Rejection) -> wire::Rejection {
        codec::rejection_to_wire(*rejection)
    }

    fn snapshot(state: &State) -> Vec<u8> {
        snapshot::encode(state)
    }

    fn restore(bytes: &[u8]) -> Result<State, DecodeError> {
        snapshot::decode(bytes)
    }
}
