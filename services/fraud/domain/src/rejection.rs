//! Which rule an analyst's command broke.

use kernel::CaseId;

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The customer has no such case.
    #[error("{0} is not a case of this customer")]
    CaseUnknown(CaseId),
    /// The case has been closed before.
    #[error("{0} has been closed before")]
    CaseAlreadyClosed(CaseId),
    /// An analyst's act needs a note.
    #[error("an analyst's act needs a note")]
    NoteMissing,
    /// More than the whole stake limit.
    #[error("a restriction is at most 1000 permille")]
    RestrictionNotAllowed,
}
