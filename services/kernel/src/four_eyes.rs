//! What takes two persons.
//!
//! Duty: whatever one person may only propose and another one approves, the same few rules: nobody
//! approves their own proposal, and it lapses. Prohibition: what is proposed, who may propose and
//! who may approve is the matter of whoever uses it; no clock is read here.

use crate::Timestamp;

/// What one person proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<T> {
    /// What is to happen.
    pub what: T,
    /// Who proposes it, by the id of the person and not of a session.
    pub by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// The first moment at which it cannot be approved any more.
    pub lapses_at: Timestamp,
}

/// Why a proposal cannot be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// By the one who proposed it.
    #[error("nobody approves their own proposal")]
    OwnProposal,
    /// Too late.
    #[error("the proposal has lapsed")]
    Lapsed {
        /// Since when.
        lapsed_at: Timestamp,
    },
}

impl<T> Proposal<T> {
    /// Whether that person may approve it at that moment.
    ///
    /// # Errors
    /// [`Objection`].
    pub fn may_be_approved(&self, by: &str, at: Timestamp) -> Result<(), Objection> {
        if self.by == by {
            return Err(Objection::OwnProposal);
        }
        if at >= self.lapses_at {
            return Err(Objection::Lapsed {
                lapsed_at: self.lapses_at,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal() -> Proposal<()> {
        Proposal {
            what: (),
            by: "ann".to_owned(),
            proposed_at: Timestamp::from_millis(1),
            lapses_at: Timestamp::from_millis(9),
        }
    }

    #[test]
    fn another_person_approves_in_time() {
        let at = Timestamp::from_millis;
        assert_eq!(proposal().may_be_approved("bob", at(8)), Ok(()));
        let lapsed_at = at(9);
        let lapsed = Err(Objection::Lapsed { lapsed_at });
        assert_eq!(proposal().may_be_approved("bob", at(9)), lapsed);
    }

    #[test]
    fn nobody_approves_their_own() {
        let own = proposal().may_be_approved("ann", Timestamp::from_millis(2));
        assert_eq!(own, Err(Objection::OwnProposal));
    }
}
