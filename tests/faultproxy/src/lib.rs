//! Proxies on loopback that do to connections what networks do.
//!
//! Duty: stand between a client and a server and misbehave on command. [`TcpFaults`] knows bytes
//! only and serves any protocol: it delays, throttles, slices, stalls, swallows, refuses and
//! resets, alone or by a [`Schedule`] that can be printed and replayed. [`KafkaProxy`] knows
//! Kafka's frames: it holds a Produce request and delivers it later, twice, or after its sender
//! has died, and it loses requests and answers.
//!
//! Prohibition: nothing here knows furlong, and nothing here decides whether a run went well.
//! A proxy never invents bytes: it delivers what it was given, or does not. The two exceptions
//! are asked for by name: a record that forgets its producer, and brokers advertised elsewhere.

mod dice;
mod fault;
mod kafka;
mod lane;
mod schedule;
mod tcp;
mod weather;

pub use fault::{Fault, Unreadable, Way};
pub use kafka::{
    Answer, Batch, Delivery, FrameError, Frames, Held, Holds, KafkaCounts, KafkaPlan, KafkaProxy,
    Lose, Loss, Losses, Malformed, Partition, Produce, Release, ReleaseError, Rule, TopicName,
    crc32c,
};
pub use schedule::{Schedule, Step};
pub use tcp::{Counts, TcpFaults};
