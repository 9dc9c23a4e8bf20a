//! A service so small that nothing else can be at fault: it counts, rings at times that it was
//! told, and works through parts.

use kernel::{Decider, Partition, Position, Timestamp, Topic, TopicPartition};
use runtime::{Service, Timer, Work};
use schemas::{Decision, DecodeError, Events, Wire, odds, wire};

wire! {
    /// What is asked of the counter, and what it says to have done.
    enum What { Add, Arm, Start, Ring, Work, Hear }
    /// A command.
    record Ask { what: What, number: i64 }
    /// A fact.
    record Did { what: What, number: i64 }
    /// A broken rule.
    enum Refusal { NotAboveZero, Expired, Undecodable }
    /// A refusal.
    record Refused { refusal: Refusal }
    /// An alarm that is armed: when, and the count that tells alarms apart.
    record Alarm { due: Timestamp, armed_by: u64 }
    /// The whole state.
    record Count { total: i64, heard: u64, armed: u64, alarms: Vec<Alarm>, rung: Vec<u64>, parts: u32, parts_left: u32 }
}

/// The rules: a number must be above zero.
pub struct Rules;

impl Decider for Rules {
    type State = Count;
    type Command = Ask;
    type Event = Did;
    type Rejection = Refused;

    fn initial() -> Count {
        Count {
            total: 0,
            heard: 0,
            armed: 0,
            alarms: Vec::new(),
            rung: Vec::new(),
            parts: 0,
            parts_left: 0,
        }
    }

    fn decide(_: &Count, ask: &Ask) -> Result<Vec<Did>, Refused> {
        if ask.number < 1 {
            return Err(Refused {
                refusal: Refusal::NotAboveZero,
            });
        }
        Ok(vec![Did {
            what: ask.what,
            number: ask.number,
        }])
    }

    fn evolve(count: &mut Count, did: &Did) {
        let number = u64::try_from(did.number).unwrap();
        match did.what {
            What::Add => count.total += did.number,
            What::Hear => count.heard += 1,
            What::Arm => {
                count.armed += 1;
                count.alarms.push(Alarm {
                    due: Timestamp::from_millis(did.number),
                    armed_by: count.armed,
                });
            }
            What::Ring => {
                count.alarms.retain(|alarm| alarm.armed_by != number);
                count.rung.push(number);
            }
            What::Start => {
                count.parts = 0;
                count.parts_left = u32::try_from(did.number).unwrap();
            }
            What::Work => {
                count.parts += 1;
                count.parts_left -= 1;
            }
        }
    }
}

/// A picture that reaches so far.
pub struct Reach(pub u64);

impl runtime::Context for Reach {
    fn covers(&self, position: Position) -> bool {
        position.topic != Topic::OddsEvents || position.offset < self.0
    }
}

/// A picture that has reached everything.
pub const EVERYWHERE: Reach = Reach(u64::MAX);

/// The service.
pub struct Counter;

impl Service for Counter {
    type Rules = Rules;
    type Context = Reach;
    type WireCommand = Ask;
    type WireEvent = Did;
    type WireRejection = Refused;

    const JOURNAL: Topic = Topic::FraudEvents;
    const INBOX: Topic = Topic::FraudCommands;

    fn causes(partition: Partition, _: u16) -> Vec<TopicPartition> {
        vec![TopicPartition::new(Topic::OddsEvents, partition)]
    }

    fn request(_: Partition, ask: Ask, _: &Reach, _: Timestamp) -> Ask {
        ask
    }

    /// Heartbeats are heard, everything else of odds is passed over.
    fn react(_: Partition, decision: &Decision, _: &Reach, _: Timestamp) -> Option<Ask> {
        let Events::OddsEvents(body) = &decision.events else {
            return None;
        };
        body.events
            .iter()
            .any(|event| matches!(event, odds::Event::HeartbeatSent(_)))
            .then_some(ask(What::Hear, 1))
    }

    fn next_timer(count: &Count) -> Option<Timer> {
        let alarms = count.alarms.iter();
        let timers = alarms.map(|alarm| Timer {
            due: alarm.due,
            armed_by: alarm.armed_by,
        });
        timers.min()
    }

    fn fire(_: &Count, timer: Timer, _: &Reach, _: Timestamp) -> Option<Ask> {
        Some(ask(What::Ring, i64::try_from(timer.armed_by).unwrap()))
    }

    fn next_work(count: &Count) -> Option<Work> {
        (count.parts_left > 0).then_some(Work {
            started_by: 1,
            part: count.parts + 1,
        })
    }

    fn work(_: &Count, work: Work, _: &Reach, _: Timestamp) -> Option<Ask> {
        Some(ask(What::Work, i64::from(work.part)))
    }

    fn expired() -> Refused {
        Refused {
            refusal: Refusal::Expired,
        }
    }

    fn undecodable(_: String) -> Refused {
        Refused {
            refusal: Refusal::Undecodable,
        }
    }

    fn event_to_wire(did: &Did) -> Did {
        did.clone()
    }

    fn event_from_wire(did: Did) -> Result<Did, DecodeError> {
        Ok(did)
    }

    fn rejection_to_wire(refused: &Refused) -> Refused {
        refused.clone()
    }

    fn snapshot(count: &Count) -> Vec<u8> {
        count.to_bytes()
    }

    fn restore(bytes: &[u8]) -> Result<Count, DecodeError> {
        Count::from_bytes(bytes)
    }
}

/// Asks for something.
pub fn ask(what: What, number: i64) -> Ask {
    Ask { what, number }
}
