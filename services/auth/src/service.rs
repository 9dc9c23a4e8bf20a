//! Auth as the runtime sees it.
//!
//! Duty: the wiring of commands, timers and bytes to the decider. Prohibition: no rule.

use crate::{codec, snapshot};
use auth_domain::{Auth, Command, Event, Rejection, State, TimerKey};
use kernel::{Partition, Timestamp, Topic, TopicPartition};
use runtime::{Service, Timer};
use schemas::auth as wire;
use schemas::{Decision, DecodeError};

/// Auth.
#[derive(Clone, Copy, Debug)]
pub struct AuthService;

impl Service for AuthService {
    type Rules = Auth;
    type Context = ();
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::AuthEvents;
    const INBOX: Topic = Topic::AuthCommands;

    fn causes(_: Partition, _: u16) -> Vec<TopicPartition> {
        Vec::new()
    }

    fn request(partition: Partition, command: wire::Command, (): &(), now: Timestamp) -> Command {
        codec::command(partition, command, now)
    }

    fn react(_: Partition, _: &Decision, (): &(), _: Timestamp) -> Option<Command> {
        None
    }

    fn next_timer(state: &State) -> Option<Timer> {
        state.timers.keys().next().map(|timer| Timer {
            due: timer.due,
            armed_by: timer.number,
        })
    }

    fn fire(_: &State, timer: Timer, (): &(), _: Timestamp) -> Option<Command> {
        let timer = TimerKey {
            due: timer.due,
            number: timer.armed_by,
        };
        Some(Command::EndWait { timer })
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
