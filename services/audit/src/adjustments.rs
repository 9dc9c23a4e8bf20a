//! I13: what persons have corrected, and who stands behind it.
//!
//! Duty: money that an adjustment moves, and money that leaves suspense, has an approval by another
//! person than the one who proposed it, in time, neither of them the one whose account it is; it
//! moves once, between these accounts, in this amount; and where nothing is on its way any more, what
//! was approved was moved or refused.

use crate::findings::Findings;
use kernel::{AdjustmentId, CustomerId, InvariantId, Position, TransferId};
use rustc_hash::{FxHashMap, FxHashSet};
use schemas::ledger::{Account, AccountKind, Event as LedgerEvent, TransferCode, TransferPosted};
use schemas::payments::{
    Adjustment, AdjustmentAnswered, AdjustmentProposed, Event, Movement, adjustment_of_transfer,
    adjustment_transfer,
};

const RULE: InvariantId = InvariantId::PaymentsMatchProvider;

/// A side of a movement: whose, and what for.
type Side = (Option<CustomerId>, AccountKind);

#[derive(Debug, Default)]
pub(crate) struct Adjustments {
    proposed: FxHashMap<AdjustmentId, AdjustmentProposed>,
    approved: FxHashMap<AdjustmentId, (Position, AdjustmentAnswered)>,
    posted: Vec<(Position, TransferPosted)>,
    /// What the ledger has answered with a movement or a refusal.
    answered: FxHashSet<TransferId>,
}

/// Who gives and who takes.
fn sides(adjustment: &Adjustment) -> (Side, Side) {
    let cash = |customer| (Some(customer), AccountKind::Cash);
    let (house, suspense) = (
        (None, AccountKind::Adjustments),
        (None, AccountKind::Suspense),
    );
    match &adjustment.movement {
        Movement::CreditCustomer(of) => (house, cash(of.customer)),
        Movement::DebitCustomer(of) => (cash(of.customer), house),
        Movement::SuspenseToCustomer(of) => (suspense, cash(of.customer)),
        Movement::SuspenseToProvider(_) => (suspense, (None, AccountKind::Provider)),
        Movement::SuspenseToHouse(_) => (suspense, house),
    }
}

impl Adjustments {
    pub(crate) fn take_payments(
        &mut self,
        position: Position,
        event: &Event,
        findings: &mut Findings,
    ) {
        if let Event::AdjustmentProposed(proposed) = event {
            let id = proposed.adjustment.adjustment;
            self.proposed.insert(id, proposed.clone());
        }
        if let Event::AdjustmentApproved(approved) = event {
            self.approve(position, &approved.answered, findings);
        }
    }

    fn approve(
        &mut self,
        position: Position,
        answered: &AdjustmentAnswered,
        findings: &mut Findings,
    ) {
        let id = answered.adjustment.adjustment;
        let concerned = answered.adjustment.movement.customer();
        let own = concerned.is_some_and(|customer| {
            let customer = customer.to_string();
            customer == answered.by || customer == answered.proposed_by
        });
        let two = answered.by != answered.proposed_by && !own;
        findings.require(two, RULE, position, || {
            format!("{id} has no two persons behind it who may decide about it")
        });
        let as_proposed = self.proposed.get(&id).is_some_and(|proposed| {
            proposed.adjustment == answered.adjustment && proposed.by == answered.proposed_by
        });
        let in_time = answered.answered_at < answered.lapses_at;
        findings.require(as_proposed && in_time, RULE, position, || {
            format!("{id} was approved otherwise than it was proposed, or too late")
        });
        let first = self.approved.insert(id, (position, answered.clone()));
        findings.require(first.is_none(), RULE, position, || {
            format!("{id} was approved twice")
        });
    }

    pub(crate) fn take_ledger(&mut self, position: Position, event: &LedgerEvent) {
        if let LedgerEvent::TransferPosted(posted) = event
            && is_correction(posted)
        {
            self.posted.push((position, posted.clone()));
            self.answered.insert(posted.id);
        }
        if let LedgerEvent::TransferRefused(refused) = event {
            self.answered.insert(refused.id);
        }
    }

    pub(crate) fn finish(&self, at_rest: bool, findings: &mut Findings) {
        let mut moved = FxHashSet::default();
        for (position, posted) in &self.posted {
            let id = adjustment_of_transfer(posted.id);
            let approval = self.approved.get(&id).map(|(_, answered)| answered);
            let fits = approval.is_some_and(|answered| fits(&answered.adjustment, posted));
            findings.require(fits && moved.insert(id), RULE, *position, || {
                format!("{} moves money for which no two persons stand", posted.id)
            });
        }
        if !at_rest {
            return;
        }
        for (id, (position, _)) in &self.approved {
            let answered = self.answered.contains(&adjustment_transfer(*id));
            findings.require(answered, RULE, *position, || {
                format!("{id} was approved and the ledger says nothing")
            });
        }
    }
}

/// Whether only two persons may move this: the account of adjustments is there for nothing else, and
/// nothing else takes money out of the house's suspense.
fn is_correction(posted: &TransferPosted) -> bool {
    let of_house = |account: &Account, kind| account.customer.is_none() && account.kind == kind;
    posted.code == TransferCode::Adjustment
        || of_house(&posted.debit, AccountKind::Adjustments)
        || of_house(&posted.credit, AccountKind::Adjustments)
        || of_house(&posted.debit, AccountKind::Suspense)
}

fn fits(adjustment: &Adjustment, posted: &TransferPosted) -> bool {
    let currency = adjustment.amount.currency();
    let side = |account: &Account| (account.customer, account.kind);
    posted.minor == adjustment.amount.minor()
        && posted.debit.currency == currency
        && posted.credit.currency == currency
        && sides(adjustment) == (side(&posted.debit), side(&posted.credit))
}

#[cfg(test)]
mod tests;
