//! Bets at its edge: slips between the journals and the rules.
//!
//! Duty: join wire and domain (`codec`), pick out of other journals what concerns slips
//! (`reactor`), copy what a judgement looks at out of the market view (`evidence`), and turn
//! events into rows (`projection`). Prohibition: no rule lives here; each of these is pure, and
//! what they are called with decides all of their result.

pub mod calculator;
mod codec;
mod evidence;
pub mod foresight;
mod projection;
mod reactor;
mod snapshot;
#[cfg(test)]
mod tests;

pub use projection::rows;

use bets_domain::{
    AcceptReoffer, AnswerReferral, CashOut, Command, Event, Grant, Place, QuoteCashOut, Rejection,
    State,
};
use codec::Asked;
use evidence::{surroundings, surroundings_with_books};
use kernel::{Partition, SelectionId, Timestamp, Topic, TopicPartition};
use markets::MarketView;
use runtime::{Timer, Work};
use schemas::bets as wire;
use schemas::{Decision, DecodeError};

/// How many slips a record of settlement work looks at: with twenty legs each and all of them
/// reversed and settled anew it stays below the largest record.
const SLIPS_A_RECORD: usize = 200;

/// No slip has more legs: whoever names more selections is not looked after.
const SELECTIONS_MAX: usize = 50;

/// Not more selections than a slip may have.
fn few(selections: Vec<SelectionId>) -> impl Iterator<Item = SelectionId> {
    selections.into_iter().take(SELECTIONS_MAX)
}

/// The bets service.
#[derive(Clone, Copy, Debug)]
pub struct BetsService;

impl runtime::Service for BetsService {
    type Rules = bets_domain::Bets;
    type Context = MarketView;
    type WireCommand = wire::Command;
    type WireEvent = wire::Event;
    type WireRejection = wire::Rejection;

    const JOURNAL: Topic = Topic::BetsEvents;
    const INBOX: Topic = Topic::BetsCommands;

    /// The customers' journals of the same partition, and all of odds: a slip may be on any
    /// fixture.
    fn causes(partition: Partition, partitions: u16) -> Vec<TopicPartition> {
        let own = [Topic::LedgerEvents, Topic::AuthEvents, Topic::FraudEvents];
        let own = own.map(|topic| TopicPartition::new(topic, partition));
        let odds = (0..partitions).map(|of| TopicPartition::new(Topic::OddsEvents, of));
        own.into_iter().chain(odds).collect()
    }

    fn request(
        _partition: Partition,
        command: wire::Command,
        view: &MarketView,
        now: Timestamp,
    ) -> Command {
        match codec::asked(command, now) {
            Asked::Place(bet, customer, slip, source) => {
                let selections: Vec<_> = slip.legs.iter().map(|leg| leg.selection).collect();
                Command::Place(Box::new(Place {
                    bet,
                    customer,
                    slip,
                    source,
                    now: surroundings(view, selections, now),
                }))
            }
            Asked::SetFactor(set) => Command::SetFactor(set),
            Asked::AcceptReoffer(accept) => Command::AcceptReoffer(Box::new(AcceptReoffer {
                bet: accept.bet,
                customer: accept.customer,
                reoffer: accept.reoffer,
                now: surroundings(view, accept.selections, now),
            })),
            Asked::AnswerReferral(answer, told) => {
                Command::AnswerReferral(Box::new(AnswerReferral {
                    bet: told.bet,
                    answer,
                    by: told.by,
                    reason: told.reason,
                    now: surroundings(view, told.selections, now),
                }))
            }
            Asked::QuoteCashOut(asked) => Command::QuoteCashOut(Box::new(QuoteCashOut {
                bet: asked.bet,
                customer: asked.customer,
                quote: asked.quote,
                now: surroundings_with_books(view, few(asked.selections), now),
            })),
            Asked::CashOut(asked) => Command::CashOut(Box::new(CashOut {
                bet: asked.bet,
                customer: asked.customer,
                quote: asked.quote,
                fraction_millionths: asked.fraction_millionths,
                now: surroundings_with_books(view, few(asked.selections), now),
            })),
            Asked::Grant(customer, granted, terms) => Command::Grant(Box::new(Grant {
                customer,
                granted,
                terms,
                at: now,
            })),
        }
    }

    fn react(
        partition: Partition,
        decision: &Decision,
        view: &MarketView,
        now: Timestamp,
    ) -> Option<Command> {
        reactor::react(partition, decision, view, now)
    }

    fn next_timer(state: &State) -> Option<Timer> {
        state
            .next_timer()
            .map(|(due, armed_by)| Timer { due, armed_by })
    }

    fn fire(state: &State, timer: Timer, view: &MarketView, now: Timestamp) -> Option<Command> {
        let key = (timer.due, timer.armed_by);
        if let Some((customer, bonus)) = state.timer_bonus(key) {
            return Some(Command::EndBonus {
                customer,
                bonus,
                at: now,
            });
        }
        let (bet, slip) = state.timer_slip(key)?;
        let selections = slip.legs.iter().map(|leg| leg.struck.selection);
        let now = if slip.delayed_cash_out().is_some() {
            surroundings_with_books(view, selections, now)
        } else {
            surroundings(view, selections, now)
        };
        Some(Command::EndWait { bet, now })
    }

    fn next_work(state: &State) -> Option<Work> {
        state.next_job().map(|(_, _, job)| Work {
            started_by: job.started_by,
            part: job.parts_done.saturating_add(1),
        })
    }

    fn work(_state: &State, _work: Work, _view: &MarketView, now: Timestamp) -> Option<Command> {
        Some(Command::ContinueWork {
            at: now,
            slips_max: SLIPS_A_RECORD,
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
        snapshot::write(state)
    }

    fn restore(bytes: &[u8]) -> Result<State, DecodeError> {
        snapshot::read(bytes)
    }
}
