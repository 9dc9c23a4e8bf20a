//! How a command ends.
//!
//! Duty: one number per kind of ending, because scripts branch on them: an auditor must be able
//! to tell "the books do not agree" from "the books cannot be read". Prohibition: a number never
//! changes its meaning.

use std::process::ExitCode;

/// How a command that ran to its end came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and nothing to complain of.
    Fine,
    /// Done, and the answer is no: a check of the doctor or of a configuration failed.
    Failed,
    /// Done, and what was compared does not agree.
    Discrepancy,
    /// Done as far as possible; some of the data could not be read.
    Unreadable,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Outcome {
    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Discrepancy => 3,
            Self::Unreadable => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

/// Why a command could not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something that should work did not.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// The arguments do not make sense together, or a value is out of its range.
    #[error("{0}")]
    Usage(String),
    /// Data is missing, damaged or of an unknown format.
    #[error("{0}")]
    Unreadable(String),
    /// The other side, or the file system, does not let us.
    #[error("{0}")]
    NotPermitted(String),
    /// The answer could not be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    /// The process's exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            // Whoever closed the pipe has seen enough.
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreadable(_) => 4,
            Self::NotPermitted(_) => 5,
        }
    }

    /// A failure with a plain text.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(text.into()))
    }
}

/// What every command returns.
pub type Ended = Result<Outcome, Failure>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn each_ending_has_the_code_that_scripts_know() {
        for (outcome, code) in [
            (Outcome::Fine, 0),
            (Outcome::Failed, 1),
            (Outcome::Discrepancy, 3),
            (Outcome::Unreadable, 4),
            (Outcome::Interrupted, 130),
        ] {
            assert_eq!(outcome.code(), code, "{outcome:?}");
        }
        for (failure, code) in [
            (Failure::failed("x"), 1),
            (Failure::Usage(String::new()), 2),
            (Failure::Unreadable(String::new()), 4),
            (Failure::NotPermitted(String::new()), 5),
            (Failure::Output(Error::from(ErrorKind::StorageFull)), 1),
            (Failure::Output(Error::from(ErrorKind::BrokenPipe)), 0),
        ] {
            assert_eq!(failure.code(), code, "{failure:?}");
        }
    }
}
