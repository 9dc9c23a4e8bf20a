//! The ledger as a service: commands and other journals in, movements of money out.
//!
//! Duty: join the ledger's rules to the wire, to the views and to the runtime. What bets and
//! payments decide becomes transfers here, so that the rules need not know of either.
//!
//! Prohibition: no rule is judged here, and a transfer's id is never drawn: it follows from what
//! caused the transfer, so that the same cause can never move money twice.

mod codec;
mod projection;
mod reactor;
mod snapshot;

pub use projection::rows;

use kernel::{Partition, Timestamp, Topic, TopicPartition};
use ledger_domain::{Command, Event, HoldEnd, Ledger, Rejection};
use runtime::Timer;
use schemas::{Decision, DecodeError, ledger as wire};

/// The service.
#[derive(Clone, Copy, Debug)]
pub enum LedgerService {}

impl runtime::Service for LedgerService {
    type Rules = Ledger;
    type Context = ();
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::LedgerEvents;
    const INBOX: Topic = Topic::LedgerCommands;

    /// Auth has no say here: who may not bet or deposit is refused by bets and payments, and
    /// what a customer has stays theirs.
    fn causes(partition: Partition, _: u16) -> Vec<TopicPartition> {
        [Topic::BetsEvents, Topic::PaymentsEvents]
            .map(|topic| TopicPartition::new(topic, partition))
            .into()
    }

    fn request(partition: Partition, command: wire::Command, (): &(), _: Timestamp) -> Command {
        codec::command_from_wire(partition, command)
    }

    fn react(partition: Partition, decision: &Decision, (): &(), _: Timestamp) -> Option<Command> {
        let transfers = reactor::transfers(decision);
        (!transfers.is_empty()).then_some(Command::PostTransfers {
            partition,
            transfers,
        })
    }

    fn next_timer(ledger: &Ledger) -> Option<Timer> {
        ledger.first_end().map(|(end, _)| Timer {
            due: end.at,
            armed_by: end.number,
        })
    }

    fn fire(ledger: &Ledger, timer: Timer, (): &(), _: Timestamp) -> Option<Command> {
        let end = HoldEnd {
            at: timer.due,
            number: timer.armed_by,
        };
        ledger
            .hold_ending(end)
            .map(|hold| Command::ExpireHold { hold })
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
        Ok(codec::event_from_wire(event))
    }

    fn rejection_to_wire(rejection: &Rejection) -> wire::Rejection {
        codec::rejection_to_wire(*rejection)
    }

    fn snapshot(ledger: &Ledger) -> Vec<u8> {
        snapshot::encode(ledger)
    }

    fn restore(bytes: &[u8]) -> Result<Ledger, DecodeError> {
        snapshot::decode(bytes)
    }
}

#[cfg(test)]
mod tests;
