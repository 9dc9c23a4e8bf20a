//! I13: deposits and withdrawals and the money that moved for them.
//!
//! Duty: each confirmed deposit is credited exactly once, each paid withdrawal was held and is
//! captured exactly once, and no outcome is applied twice.

use crate::findings::Findings;
use kernel::{DepositId, InvariantId, Position, TransferId, WithdrawalId};
use rustc_hash::{FxHashMap, FxHashSet};
use schemas::ledger::{Event as LedgerEvent, TransferCode};
use schemas::payments::{Event, withdrawal_hold};

#[derive(Debug, Default)]
pub(crate) struct Payments {
    confirmed: FxHashMap<DepositId, (Position, i64)>,
    paid: FxHashMap<WithdrawalId, (Position, i64)>,
    deposited_minor: FxHashMap<u16, i128>,
    /// Money that the provider has and that no open deposit explains: it goes to suspense. Ledgers of
    /// earlier versions left it out.
    suspended_minor: FxHashMap<u16, i128>,
    credited_minor: FxHashMap<u16, i128>,
    last_credit: FxHashMap<u16, Position>,
    captured: FxHashSet<TransferId>,
}

impl Payments {
    pub(crate) fn take_payments(
        &mut self,
        position: Position,
        event: &Event,
        findings: &mut Findings,
    ) {
        let once = InvariantId::PaymentsMatchProvider;
        match event {
            Event::DepositConfirmed(confirmed) => {
                let minor = confirmed.amount.minor();
                if let Some((first, _)) =
                    self.confirmed.insert(confirmed.deposit, (position, minor))
                {
                    findings.report(
                        once,
                        position,
                        format!("{} was confirmed at {first}", confirmed.deposit),
                    );
                }
                add(&mut self.deposited_minor, position.partition, minor);
            }
            Event::WithdrawalPaid(paid) => {
                let minor = paid.amount.minor();
                if let Some((first, _)) = self.paid.insert(paid.withdrawal, (position, minor)) {
                    findings.report(
                        once,
                        position,
                        format!("{} was paid at {first}", paid.withdrawal),
                    );
                }
            }
            Event::UnknownPaymentReported(unknown) => {
                let minor = unknown.amount.minor();
                add(&mut self.suspended_minor, position.partition, minor);
            }
            Event::DepositRequested(_)
            | Event::DepositFailed(_)
            | Event::WithdrawalRequested(_)
            | Event::WithdrawalSubmitted(_)
            | Event::WithdrawalFailed(_)
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
            | Event::ReviewThresholdNamed(_)
            | Event::WithdrawalReviewStarted(_)
            | Event::WithdrawalApproved(_)
            | Event::WithdrawalDeclined(_) => {}
        }
    }

    pub(crate) fn take_ledger(
        &mut self,
        position: Position,
        event: &LedgerEvent,
        findings: &mut Findings,
    ) {
        if let LedgerEvent::TransferPosted(posted) = event
            && posted.code == TransferCode::Deposit
        {
            add(&mut self.credited_minor, position.partition, posted.minor);
            self.last_credit.insert(position.partition, position);
        }
        if let LedgerEvent::HoldCaptured(captured) = event
            && captured.code == TransferCode::Withdrawal
            && !self.captured.insert(captured.hold)
        {
            let detail = format!("{} is captured twice", captured.hold);
            findings.report(InvariantId::PaymentsMatchProvider, position, detail);
        }
    }

    pub(crate) fn finish(&self, at_rest: bool, findings: &mut Findings) {
        for (partition, credited) in &self.credited_minor {
            let deposited = self.deposited_minor.get(partition).copied().unwrap_or(0);
            let suspended = self.suspended_minor.get(partition).copied().unwrap_or(0);
            let most = deposited.saturating_add(suspended);
            let agrees = *credited <= most && (!at_rest || *credited >= deposited);
            if let Some(position) = self.last_credit.get(partition) {
                findings.require(
                    agrees,
                    InvariantId::PaymentsMatchProvider,
                    *position,
                    || {
                        format!(
                            "the provider confirmed {deposited}, the ledger credited {credited}"
                        )
                    },
                );
            }
        }
        if !at_rest {
            return;
        }
        for (withdrawal, (position, _)) in &self.paid {
            let captured = self.captured.contains(&withdrawal_hold(*withdrawal));
            findings.require(
                captured,
                InvariantId::PaymentsMatchProvider,
                *position,
                || format!("{withdrawal} was paid and its hold not taken"),
            );
        }
        for (deposit, (position, minor)) in &self.confirmed {
            let credited = self.credited_minor.contains_key(&position.partition);
            findings.require(
                credited || *minor == 0,
                InvariantId::PaymentsMatchProvider,
                *position,
                || format!("{deposit} was confirmed and nothing credited"),
            );
        }
    }
}

fn add(sums: &mut FxHashMap<u16, i128>, partition: u16, minor: i64) {
    let sum = sums.entry(partition).or_default();
    *sum = sum.saturating_add(minor.into());
}
