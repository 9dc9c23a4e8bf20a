//! I13: large withdrawals, and who stands behind them.
//!
//! Duty: a withdrawal of at least the amount that was recorded with its request goes to the provider,
//! is paid and takes its hold only behind two approvals by different persons, neither of them its
//! customer; nobody approves what was declined or is on its way; and where nothing is on its way any
//! more, what two persons approved was submitted, and what one declined has failed.

use crate::findings::Findings;
use kernel::{CustomerId, InvariantId, Money, Position, TransferId, WithdrawalId};
use rustc_hash::{FxHashMap, FxHashSet};
use schemas::ledger::{Event as LedgerEvent, TransferCode};
use schemas::payments::{Event, ReviewedWithdrawal, withdrawal_of_hold};

const RULE: InvariantId = InvariantId::PaymentsMatchProvider;
/// So many different persons are wanted, whatever payments thinks.
const PERSONS: usize = 2;

#[derive(Debug, Default)]
pub(crate) struct Reviews {
    withdrawals: FxHashMap<WithdrawalId, Standing>,
    captured: Vec<(Position, TransferId)>,
}

/// A withdrawal as far as its own events tell.
#[derive(Debug, Default)]
struct Standing {
    amount: Option<Money>,
    customer: Option<CustomerId>,
    from: Option<Money>,
    persons: FxHashSet<String>,
    approved_at: Option<Position>,
    declined_at: Option<Position>,
    submitted: bool,
    failed: bool,
}

impl Standing {
    /// Whether two persons are wanted; an amount that cannot be compared is no small one.
    fn is_large(&self) -> bool {
        let Some(from) = self.from else {
            return false;
        };
        self.amount.is_none_or(|amount| {
            amount.currency() != from.currency() || amount.minor() >= from.minor()
        })
    }

    fn may_go(&self) -> bool {
        !self.is_large() || (self.persons.len() >= PERSONS && self.declined_at.is_none())
    }
}

impl Reviews {
    pub(crate) fn take_payments(
        &mut self,
        position: Position,
        event: &Event,
        findings: &mut Findings,
    ) {
        match event {
            Event::WithdrawalRequested(of) => {
                let standing = self.withdrawals.entry(of.withdrawal).or_default();
                standing.amount = Some(of.amount);
                standing.customer = Some(of.customer);
            }
            Event::ReviewThresholdNamed(of) => self.threshold(position, of, findings),
            Event::WithdrawalApproved(of) => {
                self.approved(position, &of.reviewed, &of.approval.by, findings);
            }
            Event::WithdrawalDeclined(of) => {
                self.declined(position, &of.reviewed, &of.by, findings);
            }
            Event::WithdrawalSubmitted(of) => {
                self.went(position, of.withdrawal, "submitted", findings);
            }
            Event::WithdrawalPaid(of) => self.went(position, of.withdrawal, "paid", findings),
            Event::WithdrawalFailed(of) => {
                if let Some(standing) = self.withdrawals.get_mut(&of.withdrawal) {
                    standing.failed = true;
                }
            }
            Event::DepositRequested(_)
            | Event::DepositConfirmed(_)
            | Event::DepositFailed(_)
            | Event::UnknownPaymentReported(_)
            | Event::OutcomeContradicted(_)
            | Event::DepositLimitNoticed(_)
            | Event::ExclusionNoticed(_)
            | Event::InstrumentNamed(_)
            | Event::PaymentTakenOn(_)
            | Event::ProviderReconciled(_)
            | Event::AdjustmentProposed(_)
            | Event::AdjustmentApproved(_)
            | Event::AdjustmentDeclined(_)
            | Event::AdjustmentBooked(_)
            | Event::AdjustmentRefused(_)
            | Event::WithdrawalReviewStarted(_) => {}
        }
    }

    fn threshold(
        &mut self,
        position: Position,
        of: &schemas::payments::ReviewThresholdNamed,
        findings: &mut Findings,
    ) {
        let standing = self.withdrawals.entry(of.withdrawal).or_default();
        let first = standing.from.is_none();
        findings.require(first, RULE, position, || {
            let id = of.withdrawal;
            format!("from which amount on two persons look at {id} was said twice")
        });
        if first {
            standing.from = Some(of.review_from);
        }
    }

    /// One more person stands behind it, who may, while it waits.
    fn approved(
        &mut self,
        position: Position,
        of: &ReviewedWithdrawal,
        by: &str,
        findings: &mut Findings,
    ) {
        let (id, standing) = (of.withdrawal, self.standing(of));
        let waits = !standing.submitted && standing.declined_at.is_none() && !standing.failed;
        let own = standing.customer.is_none_or(|it| it.to_string() == by);
        let another = !own && standing.persons.insert(by.to_owned());
        findings.require(another && waits, RULE, position, || {
            format!("{id} was approved by {by}, who may not, or when nobody was asked")
        });
        if standing.persons.len() >= PERSONS {
            standing.approved_at = Some(position);
        }
    }

    fn declined(
        &mut self,
        position: Position,
        of: &ReviewedWithdrawal,
        by: &str,
        findings: &mut Findings,
    ) {
        let (id, standing) = (of.withdrawal, self.standing(of));
        let own = standing.customer.is_none_or(|it| it.to_string() == by);
        let waits = !standing.submitted && standing.declined_at.is_none();
        findings.require(!own && waits, RULE, position, || {
            format!("{id} was declined by {by}, who may not, or when nobody was asked")
        });
        standing.declined_at = Some(position);
    }

    fn standing(&mut self, of: &ReviewedWithdrawal) -> &mut Standing {
        self.withdrawals.entry(of.withdrawal).or_default()
    }

    fn went(&mut self, position: Position, id: WithdrawalId, what: &str, findings: &mut Findings) {
        let standing = self.withdrawals.entry(id).or_default();
        findings.require(standing.may_go(), RULE, position, || {
            format!("{id} was {what} without two persons behind it")
        });
        standing.submitted = true;
    }

    pub(crate) fn take_ledger(&mut self, position: Position, event: &LedgerEvent) {
        if let LedgerEvent::HoldCaptured(captured) = event
            && captured.code == TransferCode::Withdrawal
        {
            self.captured.push((position, captured.hold));
        }
    }

    pub(crate) fn finish(&self, at_rest: bool, findings: &mut Findings) {
        for (position, hold) in &self.captured {
            let standing = self.withdrawals.get(&withdrawal_of_hold(*hold));
            let may_go = standing.is_none_or(Standing::may_go);
            findings.require(may_go, RULE, *position, || {
                format!("{hold} was taken without two persons behind its withdrawal")
            });
        }
        if !at_rest {
            return;
        }
        for (id, standing) in &self.withdrawals {
            if let Some(position) = standing.approved_at {
                findings.require(standing.submitted, RULE, position, || {
                    format!("two persons approved {id} and nobody was called for it")
                });
            }
            if let Some(position) = standing.declined_at {
                findings.require(standing.failed, RULE, position, || {
                    format!("{id} was declined and has not failed")
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
