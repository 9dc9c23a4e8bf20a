//! The decider: which rule judges which command.
//!
//! Duty: hand each command to its rule and name every refusal. Prohibition: what comes from other
//! journals is never refused, it has happened.

use crate::command::{Command, CustomerNotice};
use crate::event::Event;
use crate::state::State;
use crate::{adjustment, deposit, outcome, reconcile, review, taken_on, withdrawal};
use kernel::{CustomerId, Decider, Money, Timestamp};
use std::collections::BTreeMap;

/// The rules of payments.
#[derive(Clone, Copy, Debug)]
pub struct Payments;

/// Which rule a command broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The amount is not within what the provider takes.
    #[error("the amount is not between {minimum:?} and {maximum:?}")]
    AmountNotAllowed {
        /// The least.
        minimum: Money,
        /// The greatest.
        maximum: Money,
    },
    /// The deposit would go beyond the customer's own limit.
    #[error("the customer's own deposit limit leaves {available:?}")]
    DepositLimitReached {
        /// What may still be paid in.
        available: Money,
    },
    /// The customer is excluded.
    #[error("the customer is excluded")]
    CustomerExcluded {
        /// Until when.
        until: Timestamp,
    },
    /// No such provider.
    #[error("no provider {provider:?}")]
    ProviderUnknown {
        /// What was asked for.
        provider: String,
    },
    /// Another payment has this id.
    #[error("another payment has this id")]
    PaymentIdTaken,
    /// Nothing was ever paid in from that instrument.
    #[error("nothing was ever paid in from {instrument:?}")]
    InstrumentUnknown {
        /// What was asked for.
        instrument: String,
    },
    /// From what, or to what the money goes is not named, and the provider needs to know.
    #[error("{provider:?} pays only to an instrument that is named")]
    InstrumentMissing {
        /// Through whom it was to go.
        provider: String,
    },
    /// Money goes back first to where it came from.
    #[error("{available:?} may go to {instrument:?} now")]
    ClosedLoop {
        /// To what.
        instrument: String,
        /// How much.
        available: Money,
    },
    /// Why is not said, or at too great length.
    #[error("a reason of 1 to {characters_max} characters is needed")]
    ReasonNotAllowed {
        /// The most.
        characters_max: u32,
    },
    /// Another adjustment has this id.
    #[error("another adjustment has this id")]
    AdjustmentIdTaken,
    /// No such adjustment.
    #[error("no such adjustment")]
    AdjustmentUnknown,
    /// It was approved or declined before.
    #[error("the adjustment was answered before")]
    AdjustmentAnsweredBefore,
    /// By the one who proposed it.
    #[error("nobody approves their own proposal")]
    OwnProposal,
    /// By the one whose account it is.
    #[error("nobody has a hand in their own account")]
    OwnAccount,
    /// Too late.
    #[error("the proposal has lapsed")]
    ProposalLapsed {
        /// Since when.
        lapsed_at: Timestamp,
    },
    /// The customer lives in another partition than the money.
    #[error("the customer lives in another partition than the money")]
    CustomerElsewhere,
    /// So much is not in suspense.
    #[error("{available:?} is in suspense under {reference:?}")]
    SuspenseTooLow {
        /// Under which reference.
        reference: String,
        /// How much is.
        available: Money,
    },
    /// No such withdrawal.
    #[error("no such withdrawal")]
    WithdrawalUnknown,
    /// It waits for no person.
    #[error("the withdrawal waits for no approval")]
    WithdrawalNotInReview,
    /// Two persons have approved it, or one has declined it.
    #[error("the withdrawal was answered before")]
    WithdrawalAnsweredBefore,
    /// By the one who has approved it.
    #[error("nobody approves twice")]
    ApprovedBefore,
}

impl Decider for Payments {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn initial() -> State {
        State::default()
    }

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::RequestDeposit(command) => deposit::request(state, command),
            Command::RequestWithdrawal(command) => withdrawal::request(state, command),
            Command::ReportOutcome(command) => Ok(outcome::report(state, command)),
            Command::ReportTakenOn(told) => Ok(taken_on::report(state, told)),
            Command::Reconcile(asked) => Ok(reconcile::reconcile(state, asked)),
            Command::ProposeAdjustment(asked) => adjustment::propose(state, asked),
            Command::ApproveAdjustment(said) => adjustment::approve(state, said),
            Command::DeclineAdjustment(said) => adjustment::decline(state, said),
            Command::ApproveWithdrawal(said) => review::approve(state, said),
            Command::DeclineWithdrawal(said) => review::decline(state, said),
            Command::NoticeBookings(notices) => Ok(adjustment::notice_bookings(state, notices)),
            Command::NoticeHolds(notices) => Ok(withdrawal::notice_holds(state, notices)),
            Command::NoticeCustomers(notices) => Ok(notice_customers(state, notices)),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }
}

/// Whether the provider takes that amount.
pub(crate) fn judge_amount(
    amount: Money,
    provider: &str,
    terms: Option<crate::Terms>,
) -> Result<(), Rejection> {
    let Some(terms) = terms else {
        let provider = provider.to_owned();
        return Err(Rejection::ProviderUnknown { provider });
    };
    let taken = amount.is_positive()
        && amount.currency() == terms.minimum.currency()
        && (terms.minimum.minor()..=terms.maximum.minor()).contains(&amount.minor());
    if taken {
        return Ok(());
    }
    Err(Rejection::AmountNotAllowed {
        minimum: terms.minimum,
        maximum: terms.maximum,
    })
}

/// Whether the provider is told from what, or to what it moves the money, if it needs to know.
pub(crate) fn must_be_named(
    instrument: Option<&String>,
    provider: &str,
    terms: Option<crate::Terms>,
) -> Result<(), Rejection> {
    if instrument.is_none() && terms.is_some_and(|terms| terms.needs_instrument) {
        let provider = provider.to_owned();
        return Err(Rejection::InstrumentMissing { provider });
    }
    Ok(())
}

/// All that changes for each customer, told once.
fn notice_customers(state: &State, notices: &[CustomerNotice]) -> Vec<Event> {
    let mut after = BTreeMap::new();
    for notice in notices {
        let id = match notice {
            CustomerNotice::DepositLimit { customer, .. }
            | CustomerNotice::Excluded { customer, .. } => *customer,
        };
        let known = || state.customers.get(&id).cloned().unwrap_or_default();
        after.entry(id).or_insert_with(known).notice(notice);
    }
    let changes = |(id, now): (CustomerId, crate::Customer)| {
        let before = state.customers.get(&id).cloned().unwrap_or_default();
        let limits = (now.limits != before.limits).then_some(Event::DepositLimitNoticed {
            customer: id,
            limits: now.limits,
        });
        let exclusion = now
            .excluded_until
            .filter(|_| now.excluded_until != before.excluded_until)
            .map(|until| Event::ExclusionNoticed {
                customer: id,
                until,
            });
        limits.into_iter().chain(exclusion)
    };
    after.into_iter().flat_map(changes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::{DepositLimits, Window};
    use crate::examples::*;

    fn limit(window: Window, minor: i64) -> CustomerNotice {
        CustomerNotice::DepositLimit {
            customer: ANNA,
            window,
            amount: Some(eur(minor)),
        }
    }

    fn excluded(until: Timestamp) -> CustomerNotice {
        CustomerNotice::Excluded {
            customer: ANNA,
            until,
        }
    }

    #[test]
    fn notice_is_taken_of_limits_and_exclusions_of_one_decision_together() {
        let notices = vec![
            limit(Window::Day, 100),
            limit(Window::Week, 500),
            excluded(at(9)),
        ];
        scenario([]).when(Command::NoticeCustomers(notices)).then([
            Event::DepositLimitNoticed {
                customer: ANNA,
                limits: DepositLimits {
                    day: Some(eur(100)),
                    week: Some(eur(500)),
                    month: None,
                },
            },
            Event::ExclusionNoticed {
                customer: ANNA,
                until: at(9),
            },
        ]);
    }

    #[test]
    fn what_is_known_is_not_noticed_again() {
        let notices = vec![limit(Window::Month, 100), excluded(at(9))];
        scenario([])
            .after(Command::NoticeCustomers(notices.clone()))
            .when(Command::NoticeCustomers(notices))
            .then_nothing();
    }

    #[test]
    fn an_older_exclusion_does_not_shorten_a_later_one() {
        scenario([])
            .after(Command::NoticeCustomers(vec![excluded(at(9))]))
            .when(Command::NoticeCustomers(vec![excluded(at(8))]))
            .then_nothing();
    }

    #[test]
    fn a_limit_that_is_no_more_is_noticed() {
        let lifted = CustomerNotice::DepositLimit {
            customer: ANNA,
            window: Window::Day,
            amount: None,
        };
        scenario([])
            .after(Command::NoticeCustomers(vec![limit(Window::Day, 100)]))
            .when(Command::NoticeCustomers(vec![lifted]))
            .then([Event::DepositLimitNoticed {
                customer: ANNA,
                limits: DepositLimits::default(),
            }]);
    }
}
