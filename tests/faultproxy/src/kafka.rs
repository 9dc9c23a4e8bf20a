//! A proxy that understands Kafka's frames.
//!
//! Duty: split the streams into frames, know Produce requests by topic, partition and content,
//! and hold or lose those that a [`Rule`] picks. Prohibition: it speaks for nobody. Every frame
//! that no rule picks passes as it came, in its order.

mod answers;
mod batch;
mod crc;
mod cursor;
mod frames;
mod pipe;
mod produce;
mod proxy;
mod request;
mod rule;

pub use batch::Batch;
pub use crc::crc32c;
pub use cursor::Malformed;
pub use frames::{FrameError, Frames};
pub use produce::{Answer, Partition, Produce, TopicName};
pub use proxy::{KafkaCounts, KafkaPlan, KafkaProxy};
pub use rule::{Delivery, Held, Holds, Lose, Loss, Losses, Release, ReleaseError, Rule};
