//! What a process is to do with a partition that it could own.
//!
//! Duty: one word for each partition, handed to its owner task. Prohibition: a duty is a hint and
//! never safety. Two processes may both be told to serve; the claims in the log settle it.

/// What an owner task is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Claim the partition, and claim it again when that is lost.
    Serve,
    /// Somebody else is to serve: claim nothing. A claim that stands is served until the other's
    /// claim ends it, so that nobody waits while the other reads its history.
    StandBy,
    /// Stop now.
    Stop,
}
