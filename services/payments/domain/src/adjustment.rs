//! Adjustments: what two persons correct.
//!
//! Duty: one person proposes to credit or debit a customer, or to take money out of suspense, and
//! says why; another one approves it in time or it comes to nothing. Only an approval makes the
//! ledger move money, under an id that follows from the adjustment, so that it moves once.
//!
//! Prohibition: nobody approves their own proposal, and nobody has a hand in their own account. No
//! balance is looked at here: whether a debit is covered is the ledger's knowledge, and its answer
//! comes as a notice.

use crate::command::{AnswerAdjustment, BookingNotice, ProposeAdjustment};
use crate::decide::Rejection;
use crate::event::Event;
use crate::state::State;
use kernel::{AdjustmentId, CustomerId, Duration, Money, Objection, Proposal, Timestamp};
use std::collections::BTreeSet;

/// The house's rules for adjustments. A version that was ever in force never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdjustmentRules {
    /// How long a proposal waits for the second person.
    pub lapses_after: Duration,
    /// The greatest amount of one adjustment, in minor units of its currency.
    pub minor_max: i64,
    /// The longest reason, in characters.
    pub reason_characters_max: u32,
}

impl AdjustmentRules {
    /// The rules in force.
    pub const PRESENT: Self = Self {
        lapses_after: Duration::from_secs(24 * 3_600),
        minor_max: 100_000_000,
        reason_characters_max: 500,
    };
}

/// From where to where the money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Movement {
    /// The house gives.
    CreditCustomer {
        /// To whom.
        customer: CustomerId,
    },
    /// The house takes.
    DebitCustomer {
        /// From whom.
        customer: CustomerId,
    },
    /// Money without an open deposit turns out to be a customer's.
    SuspenseToCustomer {
        /// Whose.
        customer: CustomerId,
        /// The reference as the provider gave it.
        reference: String,
    },
    /// It goes back at the provider, or has gone.
    SuspenseToProvider {
        /// The reference as the provider gave it.
        reference: String,
    },
    /// It is the house's, or a customer's of another partition, who is then credited there.
    SuspenseToHouse {
        /// The reference as the provider gave it.
        reference: String,
    },
}

impl Movement {
    /// Whose account it concerns; none: the house's alone.
    #[must_use]
    pub const fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::CreditCustomer { customer }
            | Self::DebitCustomer { customer }
            | Self::SuspenseToCustomer { customer, .. } => Some(*customer),
            Self::SuspenseToProvider { .. } | Self::SuspenseToHouse { .. } => None,
        }
    }

    /// Under which reference the money lies in suspense, if it does.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::CreditCustomer { .. } | Self::DebitCustomer { .. } => None,
            Self::SuspenseToCustomer { reference, .. }
            | Self::SuspenseToProvider { reference }
            | Self::SuspenseToHouse { reference } => Some(reference),
        }
    }
}

/// A correction as it is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Which.
    pub id: AdjustmentId,
    /// From where to where.
    pub movement: Movement,
    /// How much.
    pub amount: Money,
    /// Why, as the customer reads it.
    pub reason: String,
}

/// What the second person said, or the first one who took it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Why.
    pub reason: String,
    /// Who, by the id of the person.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A proposal and what was said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What one person proposed.
    pub proposal: Proposal<Adjustment>,
    /// What was said to it.
    pub answer: Answer,
}

/// How far an adjustment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdjustmentState {
    /// It waits for another person.
    Proposed(Proposal<Adjustment>),
    /// The ledger has not told yet.
    Approved(Answered),
    /// It is not to be.
    Declined(Answered),
    /// The money has moved.
    Booked(Answered),
    /// The ledger has refused.
    Refused(Answered),
}

impl AdjustmentState {
    /// What was proposed.
    #[must_use]
    pub const fn adjustment(&self) -> &Adjustment {
        match self {
            Self::Proposed(proposal) => &proposal.what,
            Self::Approved(answered)
            | Self::Declined(answered)
            | Self::Booked(answered)
            | Self::Refused(answered) => &answered.proposal.what,
        }
    }
}

/// What is in suspense under a reference in the amount's currency and was taken out by nobody.
fn unclaimed(state: &State, reference: &str, amount: Money) -> Money {
    let key = (reference.to_owned(), amount.currency());
    let minor = state.unclaimed_minor.get(&key).copied().unwrap_or(0);
    Money::from_minor(minor, amount.currency())
}

fn must_be_there(state: &State, adjustment: &Adjustment) -> Result<(), Rejection> {
    let Some(reference) = adjustment.movement.reference() else {
        return Ok(());
    };
    let available = unclaimed(state, reference, adjustment.amount);
    if adjustment.amount.minor() <= available.minor() {
        return Ok(());
    }
    let reference = reference.to_owned();
    Err(Rejection::SuspenseTooLow {
        reference,
        available,
    })
}

pub(crate) fn must_be_said(reason: &str) -> Result<(), Rejection> {
    let characters_max = AdjustmentRules::PRESENT.reason_characters_max;
    let length = u32::try_from(reason.chars().count()).unwrap_or(u32::MAX);
    if reason.trim().is_empty() || length > characters_max {
        return Err(Rejection::ReasonNotAllowed { characters_max });
    }
    Ok(())
}

fn must_be_somebody_else(adjustment: &Adjustment, by: &str) -> Result<(), Rejection> {
    let concerned = adjustment.movement.customer();
    if concerned.is_some_and(|customer| customer.to_string() == by) {
        return Err(Rejection::OwnAccount);
    }
    Ok(())
}

pub(crate) fn propose(state: &State, command: &ProposeAdjustment) -> Result<Vec<Event>, Rejection> {
    let (adjustment, rules) = (&command.adjustment, AdjustmentRules::PRESENT);
    if let Some(known) = state.adjustments.get(&adjustment.id) {
        return if known.adjustment() == adjustment {
            Ok(vec![])
        } else {
            Err(Rejection::AdjustmentIdTaken)
        };
    }
    must_be_said(&adjustment.reason)?;
    if !(1..=rules.minor_max).contains(&adjustment.amount.minor()) {
        let bound = |minor| Money::from_minor(minor, adjustment.amount.currency());
        return Err(Rejection::AmountNotAllowed {
            minimum: bound(1),
            maximum: bound(rules.minor_max),
        });
    }
    let lives_here = |customer: CustomerId| customer.partition() == adjustment.id.partition();
    if !adjustment.movement.customer().is_none_or(lives_here) {
        return Err(Rejection::CustomerElsewhere);
    }
    must_be_somebody_else(adjustment, &command.by)?;
    must_be_there(state, adjustment)?;
    Ok(vec![Event::AdjustmentProposed(Proposal {
        what: adjustment.clone(),
        by: command.by.clone(),
        proposed_at: command.now,
        lapses_at: command.now.plus(rules.lapses_after),
    })])
}

impl From<Objection> for Rejection {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::OwnProposal => Self::OwnProposal,
            Objection::Lapsed { lapsed_at } => Self::ProposalLapsed { lapsed_at },
        }
    }
}

/// Another person agrees. Said again, it changes nothing.
pub(crate) fn approve(state: &State, command: &AnswerAdjustment) -> Result<Vec<Event>, Rejection> {
    let known = state.adjustments.get(&command.adjustment);
    let proposal = match known.ok_or(Rejection::AdjustmentUnknown)? {
        AdjustmentState::Proposed(proposal) => proposal,
        AdjustmentState::Approved(_) | AdjustmentState::Booked(_) | AdjustmentState::Refused(_) => {
            return Ok(vec![]);
        }
        AdjustmentState::Declined(_) => return Err(Rejection::AdjustmentAnsweredBefore),
    };
    must_be_said(&command.answer.reason)?;
    must_be_somebody_else(&proposal.what, &command.answer.by)?;
    proposal.may_be_approved(&command.answer.by, command.answer.at)?;
    must_be_there(state, &proposal.what)?;
    Ok(vec![Event::AdjustmentApproved(Answered {
        proposal: proposal.clone(),
        answer: command.answer.clone(),
    })])
}

/// It is not to be: the second person says so, or the first one takes it back. What has lapsed needs
/// no word any more.
pub(crate) fn decline(state: &State, command: &AnswerAdjustment) -> Result<Vec<Event>, Rejection> {
    let known = state.adjustments.get(&command.adjustment);
    let proposal = match known.ok_or(Rejection::AdjustmentUnknown)? {
        AdjustmentState::Proposed(proposal) => proposal,
        AdjustmentState::Declined(_) => return Ok(vec![]),
        AdjustmentState::Approved(_) | AdjustmentState::Booked(_) | AdjustmentState::Refused(_) => {
            return Err(Rejection::AdjustmentAnsweredBefore);
        }
    };
    must_be_said(&command.answer.reason)?;
    must_be_somebody_else(&proposal.what, &command.answer.by)?;
    if command.answer.at >= proposal.lapses_at {
        let lapsed_at = proposal.lapses_at;
        return Err(Rejection::ProposalLapsed { lapsed_at });
    }
    Ok(vec![Event::AdjustmentDeclined(Answered {
        proposal: proposal.clone(),
        answer: command.answer.clone(),
    })])
}

/// What the ledger made of approved adjustments. Others were told before, or are nobody's.
pub(crate) fn notice_bookings(state: &State, notices: &[BookingNotice]) -> Vec<Event> {
    let mut told = BTreeSet::new();
    let moved = notices.iter().filter_map(|notice| {
        let Some(AdjustmentState::Approved(answered)) = state.adjustments.get(&notice.adjustment)
        else {
            return None;
        };
        if !told.insert(notice.adjustment) {
            return None;
        }
        let answered = answered.clone();
        Some(match notice.refused.clone() {
            None => Event::AdjustmentBooked(answered),
            Some(refusal) => Event::AdjustmentRefused { answered, refusal },
        })
    });
    moved.collect()
}

impl State {
    pub(crate) fn note_proposal(&mut self, proposal: &Proposal<Adjustment>) {
        let state = AdjustmentState::Proposed(proposal.clone());
        self.adjustments.insert(proposal.what.id, state);
    }

    /// From here on the money counts as taken out of suspense.
    pub(crate) fn note_approval(&mut self, answered: &Answered) {
        let adjustment = &answered.proposal.what;
        let minor = adjustment.amount.minor().saturating_neg();
        self.note_suspense(adjustment, minor);
        let state = AdjustmentState::Approved(answered.clone());
        self.adjustments.insert(adjustment.id, state);
    }

    pub(crate) fn note_refusal(&mut self, answered: &Answered) {
        let adjustment = &answered.proposal.what;
        self.note_suspense(adjustment, adjustment.amount.minor());
        let state = AdjustmentState::Refused(answered.clone());
        self.adjustments.insert(adjustment.id, state);
    }

    fn note_suspense(&mut self, adjustment: &Adjustment, minor: i64) {
        if let Some(reference) = adjustment.movement.reference() {
            self.add_unclaimed(reference, adjustment.amount.currency(), minor);
        }
    }
}

#[cfg(test)]
mod tests;
