//! Reviews: large withdrawals that two persons approve.
//!
//! Duty: a withdrawal of at least the amount from which the house wants two persons waits, once its
//! money is held, until two of them have approved it and said why; then the provider is to pay. One
//! who declines ends it, and its money goes back. From which amount on is recorded with the request,
//! so that another setting changes nothing that was asked for before.
//!
//! Prohibition: nobody approves twice, and nobody has a hand in their own withdrawal. No review
//! lapses: the money is the customer's, and it waits for persons and not for a clock.

use crate::adjustment::{Answer, must_be_said};
use crate::command::AnswerWithdrawal;
use crate::decide::Rejection;
use crate::event::{Event, Withdrawal};
use crate::state::{State, WithdrawalState, WithdrawalStatus};
use kernel::{Money, WithdrawalId};

/// The house's rules for reviews. A version that was ever in force never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewRules {
    /// How many different persons have to approve.
    pub approvals: usize,
}

impl ReviewRules {
    /// The rules in force.
    pub const PRESENT: Self = Self { approvals: 2 };
}

/// Whether persons have to look at a withdrawal, and what they have said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// From which amount on they had to when it was asked for.
    pub from: Money,
    /// Who has approved it, in that order.
    pub approvals: Vec<Answer>,
    /// Who has declined it.
    pub declined: Option<Answer>,
}

impl Review {
    /// Nobody has said anything yet.
    #[must_use]
    pub const fn from(from: Money) -> Self {
        Self {
            from,
            approvals: Vec::new(),
            declined: None,
        }
    }

    /// Whether the withdrawal of that amount waits for persons. An amount that cannot be compared
    /// does.
    #[must_use]
    pub fn is_needed(&self, amount: Money) -> bool {
        amount.currency() != self.from.currency() || amount.minor() >= self.from.minor()
    }

    fn is_approved(&self) -> bool {
        self.approvals.len() >= ReviewRules::PRESENT.approvals
    }
}

/// A withdrawal that waits for persons, and who has approved it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// As asked for.
    pub withdrawal: Withdrawal,
    /// From which amount on two persons are wanted.
    pub from: Money,
    /// Who has approved it, in that order.
    pub approvals: Vec<Answer>,
}

/// What follows the hold of its money: a review, or the provider is to pay.
pub(crate) fn held(known: &WithdrawalState) -> Event {
    let withdrawal = known.withdrawal.clone();
    match &known.review {
        Some(review) if review.is_needed(withdrawal.amount) => {
            Event::WithdrawalReviewStarted(Reviewed {
                withdrawal,
                from: review.from,
                approvals: vec![],
            })
        }
        Some(_) | None => Event::WithdrawalSubmitted(withdrawal),
    }
}

/// The withdrawal and its review, if it waits for persons or they have answered.
fn reviewed(
    state: &State,
    withdrawal: WithdrawalId,
) -> Result<(&WithdrawalState, &Review), Rejection> {
    let known = state.withdrawals.get(&withdrawal);
    let known = known.ok_or(Rejection::WithdrawalUnknown)?;
    let review = known.review.as_ref();
    let of = review.filter(|review| {
        known.status == WithdrawalStatus::InReview
            || review.is_approved()
            || review.declined.is_some()
    });
    Ok((known, of.ok_or(Rejection::WithdrawalNotInReview)?))
}

fn as_it_stands(known: &WithdrawalState, review: &Review) -> Reviewed {
    Reviewed {
        withdrawal: known.withdrawal.clone(),
        from: review.from,
        approvals: review.approvals.clone(),
    }
}

fn must_be_somebody_else(known: &WithdrawalState, by: &str) -> Result<(), Rejection> {
    if known.withdrawal.customer.to_string() == by {
        return Err(Rejection::OwnAccount);
    }
    Ok(())
}

/// One person agrees; with the second the provider is to pay. Said after that, it changes nothing.
pub(crate) fn approve(state: &State, command: &AnswerWithdrawal) -> Result<Vec<Event>, Rejection> {
    let (known, review) = reviewed(state, command.withdrawal)?;
    if review.declined.is_some() {
        return Err(Rejection::WithdrawalAnsweredBefore);
    }
    if review.is_approved() {
        return Ok(vec![]);
    }
    let answer = &command.answer;
    must_be_said(&answer.reason)?;
    must_be_somebody_else(known, &answer.by)?;
    if review.approvals.iter().any(|said| said.by == answer.by) {
        return Err(Rejection::ApprovedBefore);
    }
    let persons = review.approvals.len().saturating_add(1);
    let last = persons >= ReviewRules::PRESENT.approvals;
    let approved = Event::WithdrawalApproved {
        reviewed: as_it_stands(known, review),
        answer: answer.clone(),
        last,
    };
    let submitted = last.then(|| Event::WithdrawalSubmitted(known.withdrawal.clone()));
    Ok(std::iter::once(approved).chain(submitted).collect())
}

/// It is not to be, says one person; one who has approved it before may think again.
pub(crate) fn decline(state: &State, command: &AnswerWithdrawal) -> Result<Vec<Event>, Rejection> {
    let (known, review) = reviewed(state, command.withdrawal)?;
    if review.declined.is_some() {
        return Ok(vec![]);
    }
    if review.is_approved() {
        return Err(Rejection::WithdrawalAnsweredBefore);
    }
    let answer = &command.answer;
    must_be_said(&answer.reason)?;
    must_be_somebody_else(known, &answer.by)?;
    Ok(vec![
        Event::WithdrawalDeclined {
            reviewed: as_it_stands(known, review),
            answer: answer.clone(),
        },
        Event::WithdrawalFailed {
            withdrawal: known.withdrawal.clone(),
            held: true,
            reason: answer.reason.clone(),
        },
    ])
}

impl State {
    pub(crate) fn note_threshold(&mut self, withdrawal: WithdrawalId, from: Money) {
        if let Some(known) = self.withdrawals.get_mut(&withdrawal) {
            known.review = Some(Review::from(from));
        }
    }

    pub(crate) fn note_approved(&mut self, reviewed: &Reviewed, answer: &Answer) {
        if let Some(review) = self.review_of(reviewed) {
            review.approvals.push(answer.clone());
        }
    }

    pub(crate) fn note_declined(&mut self, reviewed: &Reviewed, answer: &Answer) {
        if let Some(review) = self.review_of(reviewed) {
            review.declined = Some(answer.clone());
        }
    }

    fn review_of(&mut self, reviewed: &Reviewed) -> Option<&mut Review> {
        let known = self.withdrawals.get_mut(&reviewed.withdrawal.id)?;
        known.review.as_mut()
    }
}

#[cfg(test)]
mod tests;
