//! When the process is asked to stop.
//!
//! Duty: one future for Ctrl-C and for the signal that supervisors send. Prohibition: a second
//! signal is not handled: it ends the process at once, which loses nothing that was answered.

use crate::exit::Failure;
use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

/// Resolves with the first request to stop.
///
/// # Errors
/// The signals cannot be listened to.
pub fn stopping() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
