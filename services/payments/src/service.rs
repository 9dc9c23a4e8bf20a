//! Payments as the runtime sees it.
//!
//! Duty: the wiring of commands, causes and bytes to the decider. Prohibition: no rule.

use crate::{codec, reactor, snapshot};
use kernel::{Partition, Timestamp, Topic, TopicPartition};
use payments_domain::{Command, Event, Payments, Rejection, State};
use runtime::Service;
use schemas::payments as wire;
use schemas::{Decision, DecodeError};

/// Payments.
#[derive(Clone, Copy, Debug)]
pub struct PaymentsService;

impl Service for PaymentsService {
    type Rules = Payments;
    type Context = ();
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::PaymentsEvents;
    const INBOX: Topic = Topic::PaymentsCommands;

    fn causes(partition: Partition, _: u16) -> Vec<TopicPartition> {
        vec![
            TopicPartition::new(Topic::LedgerEvents, partition),
            TopicPartition::new(Topic::AuthEvents, partition),
        ]
    }

    fn request(_: Partition, command: wire::Command, (): &(), now: Timestamp) -> Command {
        codec::command(command, now)
    }

    fn react(_: Partition, decision: &Decision, (): &(), _: Timestamp) -> Option<Command> {
        reactor::react(decision)
    }

    fn expired() -> wire::Rejection {
        let reason = wire::RejectionReason::Expired(wire::Expired {});
        wire::Rejection { reason }
    }

    fn undecodable(detail: String) -> wire::Rejection {
        let reason = wire::RejectionReason::Undecodable(wire::Undecodable { detail });
        wire::Rejection { reason }
    }

    fn event_to_wire(event: &Event) -> wire::Event {
        codec::event_to_wire(event)
    }

    fn event_from_wire(event: wire::Event) -> Result<Event, DecodeError> {
        Ok(codec::event_from_wire(event))
    }

    fn rejection_to_wire(rejection: &Rejection) -> wire::Rejection {
        codec::rejection_to_wire(rejection)
    }

    fn snapshot(state: &State) -> Vec<u8> {
        snapshot::encode(state)
    }

    fn restore(bytes: &[u8]) -> Result<State, DecodeError> {
        snapshot::decode(bytes)
    }
}

#[cfg(test)]
mod tests;
