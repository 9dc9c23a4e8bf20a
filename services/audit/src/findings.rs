//! What the checks find.
//!
//! Duty: one form for "this invariant does not hold, here". Prohibition: no check lives here.

use kernel::{InvariantId, Position};
use std::fmt;

/// A place where an invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// What should be true.
    pub invariant: InvariantId,
    /// Where it is seen not to be.
    pub position: Position,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {}",
            self.invariant, self.position, self.detail
        )
    }
}

/// Where checks report.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
}

impl Findings {
    pub(crate) fn report(
        &mut self,
        invariant: InvariantId,
        position: Position,
        detail: impl Into<String>,
    ) {
        self.violations.push(Violation {
            invariant,
            position,
            detail: detail.into(),
        });
    }

    pub(crate) fn require(
        &mut self,
        holds: bool,
        invariant: InvariantId,
        position: Position,
        detail: impl FnOnce() -> String,
    ) {
        if !holds {
            self.report(invariant, position, detail());
        }
    }
}
