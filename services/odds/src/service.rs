//! Odds as the runtime sees it.
//!
//! Duty: join the decider, the codec, the timers and the work. Prohibition: nothing is decided
//! here.

use crate::terms::Terms;
use crate::{codec, reactor, snapshot};
use kernel::{Partition, Timestamp, Topic, TopicPartition};
use odds_domain::{Command, DueAct, Event, Odds, Rejection, State};
use runtime::{Service, Timer, Work};
use schemas::odds as wire;
use schemas::{Decision, DecodeError};

/// The odds service.
#[derive(Clone, Copy, Debug)]
pub struct OddsService;

impl Service for OddsService {
    type Rules = Odds;
    type Context = Terms;
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::OddsEvents;
    const INBOX: Topic = Topic::OddsCommands;

    /// Slips of any customer may be on a fixture, so all of bets concerns every partition here.
    fn causes(_: Partition, partitions: u16) -> Vec<TopicPartition> {
        (0..partitions)
            .map(|partition| TopicPartition::new(Topic::BetsEvents, partition))
            .collect()
    }

    fn request(_: Partition, command: wire::Command, terms: &Terms, now: Timestamp) -> Command {
        codec::command_from_wire(command, terms, now)
    }

    fn react(
        partition: Partition,
        decision: &Decision,
        terms: &Terms,
        _: Timestamp,
    ) -> Option<Command> {
        reactor::react(partition, decision, terms)
    }

    fn next_timer(state: &State) -> Option<Timer> {
        state.next_due().map(|due| Timer {
            due: due.at,
            armed_by: due.number,
        })
    }

    fn fire(state: &State, timer: Timer, _: &Terms, now: Timestamp) -> Option<Command> {
        let due = state
            .next_due()
            .filter(|due| due.at == timer.due && due.number == timer.armed_by)?;
        Some(match due.what {
            DueAct::Heartbeat => Command::SendHeartbeat { at: now },
            DueAct::Silence(source) => Command::NoteSilence { source },
        })
    }

    fn next_work(state: &State) -> Option<Work> {
        state.next_sweep().map(|sweep| Work {
            started_by: sweep.number,
            part: sweep.part,
        })
    }

    fn work(state: &State, _: Work, _: &Terms, _: Timestamp) -> Option<Command> {
        let sweep = state.next_sweep()?;
        Some(Command::SuspendDoubted {
            source: sweep.source,
        })
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
        codec::rejection_to_wire(rejection)
    }

    fn snapshot(state: &State) -> Vec<u8> {
        snapshot::to_bytes(state)
    }

    fn restore(bytes: &[u8]) -> Result<State, DecodeError> {
        snapshot::from_bytes(bytes)
    }
}
