//! What a process is to do with a partition that it could own.
//!
//! Duty: one word for each partition, handed to its owner task. Prohibition: a duty is a hint and
//! never safety. Two processes may both be told to serve; the claims in the log settle it.

use tokio::sync::watch;

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

/// Waits until the partition is to be served. False: never again.
pub async fn is_called(duty: &mut watch::Receiver<Duty>) -> bool {
    match duty
        .wait_for(|duty| *duty != Duty::StandBy)
        .await
        .as_deref()
    {
        Ok(Duty::Serve) => true,
        Ok(Duty::StandBy | Duty::Stop) | Err(_) => false,
    }
}

/// Waits until the partition is no longer to be served, for a while or for ever.
pub async fn is_relieved(duty: &mut watch::Receiver<Duty>) {
    // Nobody is left who could call: that is a relief too.
    drop(duty.wait_for(|duty| *duty != Duty::Serve).await);
}
