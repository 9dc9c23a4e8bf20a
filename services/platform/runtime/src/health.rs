//! What stands between the process and being ready.
//!
//! Duty: one list of parts and their condition, for `readyz`, the log and the tests; their figures
//! stand beside it, so that who is handed the one has the other.
//! Prohibition: health decides nothing; a halted partition is halted whether anybody looks or not.

use crate::figures::Figures;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The condition of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not there yet: reading its history, claiming.
    Starting(String),
    /// As it should be.
    Ready,
    /// An owner that serves its partition, under this claim.
    Serving {
        /// The claim's epoch.
        epoch: u64,
    },
    /// An owner that leaves its partition to another process.
    StandingBy,
    /// Stopped for good until somebody acts.
    Halted(String),
}

impl Condition {
    /// Whether something is to be waited for or mended.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        match self {
            Self::Starting(_) | Self::Halted(_) => true,
            Self::Ready | Self::Serving { .. } | Self::StandingBy => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting(detail) => write!(f, "starting: {detail}"),
            Self::Ready => f.write_str("ready"),
            Self::Serving { epoch } => write!(f, "serving in epoch {epoch}"),
            Self::StandingBy => f.write_str("standing by"),
            Self::Halted(detail) => write!(f, "halted: {detail}"),
        }
    }
}

/// All parts.
#[derive(Debug, Default)]
pub struct Health {
    parts: Mutex<BTreeMap<String, Condition>>,
    changed: tokio::sync::Notify,
    figures: Figures,
}

impl Health {
    /// What is counted of the parts.
    #[must_use]
    pub const fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Notes a part's condition.
    pub fn set(&self, part: impl Into<String>, condition: Condition) {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(part.into(), condition);
        self.changed.notify_waiters();
    }

    /// The parts that are not ready, with their conditions; empty when all is well.
    #[must_use]
    pub fn missing(&self) -> Vec<(String, Condition)> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .filter(|(_, condition)| condition.is_missing())
            .map(|(part, condition)| (part.clone(), condition.clone()))
            .collect()
    }

    /// All parts and their conditions.
    #[must_use]
    pub fn parts(&self) -> BTreeMap<String, Condition> {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Resolves when no part serves a partition any more.
    pub async fn relieved(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let parts = self.parts();
            if !parts
                .values()
                .any(|condition| matches!(condition, Condition::Serving { .. }))
            {
                return;
            }
            changed.await;
        }
    }

    /// Resolves when every part is ready, or with the first part that has halted.
    ///
    /// # Errors
    /// The halted part and why.
    pub async fn ready(&self) -> Result<(), (String, String)> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let missing = self.missing();
            if missing.is_empty() {
                return Ok(());
            }
            for (part, condition) in missing {
                if let Condition::Halted(detail) = condition {
                    return Err((part, detail));
                }
            }
            changed.await;
        }
    }
}
