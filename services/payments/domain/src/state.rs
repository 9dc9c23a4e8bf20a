//! What replay rebuilds: the payments of one partition and the customers behind them.
//!
//! Duty: the state and its fold. Prohibition: no judgement.

use crate::adjustment::AdjustmentState;
use crate::command::PaymentRef;
use crate::customer::{Counted, Customer, Flow, InstrumentKey};
use crate::event::{Deposit, Event, Finding, FindingKind, Withdrawal};
use crate::review::Review;
use kernel::{AdjustmentId, Currency, CustomerId, DepositId, Money, Timestamp, WithdrawalId};
use std::collections::{BTreeMap, BTreeSet};

/// The payments of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By id.
    pub deposits: BTreeMap<DepositId, DepositState>,
    /// By id.
    pub withdrawals: BTreeMap<WithdrawalId, WithdrawalState>,
    /// What is known of customers; without an entry, nothing binds.
    pub customers: BTreeMap<CustomerId, Customer>,
    /// Which of a provider's events have had their effect, by provider and its event id.
    pub provider_events: BTreeSet<(String, String)>,
    /// What is done here and was in no file of a provider yet.
    pub unmatched: BTreeSet<PaymentRef>,
    /// Money without an open deposit, by the provider's reference: it stands in suspense.
    pub suspense: BTreeMap<String, Money>,
    /// What stands between providers' files and the books, by reference.
    pub findings: BTreeMap<String, Finding>,
    /// What persons correct, by id.
    pub adjustments: BTreeMap<AdjustmentId, AdjustmentState>,
    /// What is in suspense under a provider's reference and was taken out by nobody, in minor units;
    /// never zero.
    pub unclaimed_minor: BTreeMap<(String, Currency), i64>,
}

/// What a provider told of a payment that it is at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenOn {
    /// What the provider calls it.
    pub known_as: Option<String>,
    /// Where the customer has to approve it.
    pub approve_at: Option<String>,
}

/// A deposit and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositState {
    /// As asked for.
    pub deposit: Deposit,
    /// Where it stands.
    pub status: DepositStatus,
    /// From what.
    pub instrument: Option<String>,
    /// What the provider told of it.
    pub taken_on: TakenOn,
}

/// Where a deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DepositStatus {
    /// The provider has not told yet.
    Requested,
    /// The provider has the money.
    Confirmed,
    /// It came to nothing.
    Failed,
    /// It came to nothing, yet the provider has money for it, which was reported.
    FailedButReceived,
}

/// A withdrawal and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalState {
    /// As asked for.
    pub withdrawal: Withdrawal,
    /// Where it stands.
    pub status: WithdrawalStatus,
    /// To what.
    pub instrument: Option<String>,
    /// What the provider told of it.
    pub taken_on: TakenOn,
    /// Whether persons have to look at it, and what they have said; none: nobody has to.
    pub review: Option<Review>,
}

impl WithdrawalState {
    /// The earliest moment at which the provider may have been called for it: it was asked for, or
    /// the last person needed has approved it.
    #[must_use]
    pub fn callable_from(&self) -> Timestamp {
        let approvals = self.review.as_ref().map(|review| &review.approvals);
        let last = approvals.and_then(|approvals| approvals.last());
        last.map_or(self.withdrawal.requested_at, |answer| answer.at)
    }
}

/// Where a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithdrawalStatus {
    /// The ledger has not told of the hold yet.
    Requested,
    /// The money is held; two persons have not approved it yet.
    InReview,
    /// The money is held; the provider has not told yet.
    Submitted,
    /// The money is held and the provider has told something that cannot be: a person must look,
    /// nobody calls again.
    Disputed,
    /// The provider has paid.
    Paid,
    /// It came to nothing.
    Failed,
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::DepositRequested(deposit) => self.open_deposit(deposit),
            Event::DepositConfirmed {
                deposit,
                provider_event,
            } => {
                self.move_deposit(deposit.id, DepositStatus::Confirmed);
                self.flow_in(deposit);
                self.settled(PaymentRef::Deposit(deposit.id), deposit.amount);
                self.heard(&deposit.provider, provider_event);
            }
            Event::DepositFailed { deposit, .. } => {
                self.move_deposit(deposit.id, DepositStatus::Failed);
                if let Some(customer) = self.customers.get_mut(&deposit.customer) {
                    customer.discount(deposit.id);
                }
            }
            Event::WithdrawalRequested(withdrawal) => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Requested);
                let key = key_of(&withdrawal.provider, None, withdrawal.amount);
                self.flow_out(withdrawal.customer, key, withdrawal.amount.minor());
            }
            Event::WithdrawalSubmitted(withdrawal) => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Submitted);
            }
            Event::WithdrawalPaid {
                withdrawal,
                provider_event,
            } => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Paid);
                self.settled(PaymentRef::Withdrawal(withdrawal.id), withdrawal.amount);
                self.heard(&withdrawal.provider, provider_event);
            }
            Event::WithdrawalFailed { withdrawal, .. } => {
                self.put_withdrawal(withdrawal, WithdrawalStatus::Failed);
                let known = self.withdrawals.get(&withdrawal.id);
                let instrument = known.and_then(|known| known.instrument.as_deref());
                let key = key_of(&withdrawal.provider, instrument, withdrawal.amount);
                let back = withdrawal.amount.minor().saturating_neg();
                self.flow_out(withdrawal.customer, key, back);
            }
            Event::UnknownPaymentReported {
                provider,
                provider_event,
                reference,
                amount,
            } => {
                self.heard(provider, provider_event);
                self.keep_in_suspense(reference, *amount);
                let failed = reference
                    .parse()
                    .ok()
                    .and_then(|id: DepositId| self.deposits.get_mut(&id))
                    .filter(|deposit| deposit.status == DepositStatus::Failed);
                if let Some(deposit) = failed {
                    deposit.status = DepositStatus::FailedButReceived;
                }
            }
            Event::OutcomeContradicted {
                provider,
                provider_event,
                reference,
            } => {
                self.heard(provider, provider_event);
                self.dispute(reference);
            }
            Event::DepositLimitNoticed { customer, limits } => {
                self.customers.entry(*customer).or_default().limits = *limits;
            }
            Event::ExclusionNoticed { customer, until } => {
                self.customers.entry(*customer).or_default().excluded_until = Some(*until);
            }
            Event::InstrumentNamed {
                payment,
                customer,
                instrument,
            } => self.name_instrument(payment, *customer, instrument),
            Event::PaymentTakenOn {
                payment,
                known_as,
                approve_at,
                ..
            } => {
                let told = TakenOn {
                    known_as: known_as.clone(),
                    approve_at: approve_at.clone(),
                };
                self.take_on(payment, told);
            }
            Event::ProviderReconciled {
                matched, findings, ..
            } => self.reconciled(matched, findings),
            Event::AdjustmentProposed(proposal) => self.note_proposal(proposal),
            Event::AdjustmentApproved(answered) => self.note_approval(answered),
            Event::AdjustmentDeclined(answered) => {
                let state = AdjustmentState::Declined(answered.clone());
                self.adjustments.insert(answered.proposal.what.id, state);
            }
            Event::AdjustmentBooked(answered) => {
                let state = AdjustmentState::Booked(answered.clone());
                self.adjustments.insert(answered.proposal.what.id, state);
            }
            Event::AdjustmentRefused { answered, .. } => self.note_refusal(answered),
            Event::ReviewThresholdNamed {
                withdrawal, from, ..
            } => self.note_threshold(*withdrawal, *from),
            Event::WithdrawalReviewStarted(reviewed) => {
                self.put_withdrawal(&reviewed.withdrawal, WithdrawalStatus::InReview);
            }
            Event::WithdrawalApproved {
                reviewed, answer, ..
            } => self.note_approved(reviewed, answer),
            Event::WithdrawalDeclined { reviewed, answer } => self.note_declined(reviewed, answer),
        }
    }

    fn name_instrument(&mut self, payment: &PaymentRef, customer: CustomerId, instrument: &str) {
        match payment {
            PaymentRef::Deposit(id) => {
                if let Some(deposit) = self.deposits.get_mut(id) {
                    deposit.instrument = Some(instrument.to_owned());
                }
            }
            PaymentRef::Withdrawal(id) => {
                let Some(known) = self.withdrawals.get_mut(id) else {
                    return;
                };
                known.instrument = Some(instrument.to_owned());
                let (provider, amount) =
                    (known.withdrawal.provider.clone(), known.withdrawal.amount);
                let unnamed = key_of(&provider, None, amount);
                self.flow_out(customer, unnamed, amount.minor().saturating_neg());
                let named = key_of(&provider, Some(instrument), amount);
                self.flow_out(customer, named, amount.minor());
            }
            PaymentRef::Unknown(_) => {}
        }
    }

    fn take_on(&mut self, payment: &PaymentRef, told: TakenOn) {
        match payment {
            PaymentRef::Deposit(id) => {
                if let Some(deposit) = self.deposits.get_mut(id) {
                    deposit.taken_on = told;
                }
            }
            PaymentRef::Withdrawal(id) => {
                if let Some(withdrawal) = self.withdrawals.get_mut(id) {
                    withdrawal.taken_on = told;
                }
            }
            PaymentRef::Unknown(_) => {}
        }
    }

    fn flow_in(&mut self, deposit: &Deposit) {
        let known = self.deposits.get(&deposit.id);
        let instrument = known.and_then(|known| known.instrument.as_deref());
        let key = key_of(&deposit.provider, instrument, deposit.amount);
        let flow = self.customers.entry(deposit.customer).or_default();
        let flow = flow.flow(key);
        flow.in_minor = flow.in_minor.saturating_add(deposit.amount.minor());
    }

    /// Works out anew what came from each instrument and went back to it: it follows from the
    /// payments, so that no snapshot can contradict itself.
    pub fn derive_flows(&mut self) {
        for customer in self.customers.values_mut() {
            customer.instruments.clear();
        }
        let deposits: Vec<_> = self.deposits.values().cloned().collect();
        for of in deposits {
            if of.status == DepositStatus::Confirmed {
                self.flow_in(&of.deposit);
            }
        }
        let withdrawals: Vec<_> = self.withdrawals.values().cloned().collect();
        for of in withdrawals {
            let (instrument, amount) = (of.instrument.as_deref(), of.withdrawal.amount);
            let key = key_of(&of.withdrawal.provider, instrument, amount);
            let out = match of.status {
                WithdrawalStatus::Failed => 0,
                WithdrawalStatus::Requested
                | WithdrawalStatus::InReview
                | WithdrawalStatus::Submitted
                | WithdrawalStatus::Disputed
                | WithdrawalStatus::Paid => amount.minor(),
            };
            self.flow_out(of.withdrawal.customer, key, out);
        }
    }

    fn flow_out(&mut self, customer: CustomerId, key: InstrumentKey, minor: i64) {
        let known = self.customers.entry(customer).or_default();
        let flow = known.flow(key.clone());
        flow.out_minor = flow.out_minor.saturating_add(minor);
        if *flow == Flow::default() {
            known.instruments.remove(&key);
        }
    }

    /// Money has moved. If a file told so before, that is settled with it.
    fn settled(&mut self, payment: PaymentRef, amount: Money) {
        if !self.found_before(&payment.reference(), amount) {
            self.unmatched.insert(payment);
        }
    }

    /// What a provider's file is held against is the last amount; what is there to be taken out are
    /// all of them, as in the ledger.
    fn keep_in_suspense(&mut self, reference: &str, amount: Money) {
        self.suspense.insert(reference.to_owned(), amount);
        self.add_unclaimed(reference, amount.currency(), amount.minor().max(0));
        self.found_before(reference, amount);
    }

    pub(crate) fn add_unclaimed(&mut self, reference: &str, currency: Currency, minor: i64) {
        let key = (reference.to_owned(), currency);
        let sum = self.unclaimed_minor.entry(key.clone()).or_default();
        *sum = sum.saturating_add(minor);
        if *sum == 0 {
            self.unclaimed_minor.remove(&key);
        }
    }

    /// Whether that was missing here by a file; it is no more.
    fn found_before(&mut self, reference: &str, amount: Money) -> bool {
        let explained = self.findings.get(reference).is_some_and(|finding| {
            finding.kind == FindingKind::MissingHere && finding.theirs == Some(amount)
        });
        if explained {
            self.findings.remove(reference);
        }
        explained
    }

    fn reconciled(&mut self, matched: &[PaymentRef], findings: &[Finding]) {
        for payment in matched {
            self.unmatched.remove(payment);
            self.findings.remove(&payment.reference());
        }
        for finding in findings {
            let reference = finding.reference.clone();
            self.findings.insert(reference, finding.clone());
        }
    }

    fn open_deposit(&mut self, deposit: &Deposit) {
        let customer = self.customers.entry(deposit.customer).or_default();
        customer.count(Counted {
            deposit: deposit.id,
            at: deposit.requested_at,
            amount: deposit.amount,
        });
        let opened = DepositState {
            deposit: deposit.clone(),
            status: DepositStatus::Requested,
            instrument: None,
            taken_on: TakenOn::default(),
        };
        self.deposits.insert(deposit.id, opened);
    }

    fn move_deposit(&mut self, id: DepositId, status: DepositStatus) {
        if let Some(deposit) = self.deposits.get_mut(&id) {
            deposit.status = status;
        }
    }

    fn put_withdrawal(&mut self, withdrawal: &Withdrawal, status: WithdrawalStatus) {
        let moved = self
            .withdrawals
            .entry(withdrawal.id)
            .or_insert_with(|| WithdrawalState {
                withdrawal: withdrawal.clone(),
                status,
                instrument: None,
                taken_on: TakenOn::default(),
                review: None,
            });
        moved.status = status;
    }

    /// A contradiction about a withdrawal that waits for its outcome stops it.
    fn dispute(&mut self, reference: &str) {
        let found = reference
            .parse()
            .ok()
            .and_then(|id: WithdrawalId| self.withdrawals.get_mut(&id));
        if let Some(withdrawal) = found
            && withdrawal.status == WithdrawalStatus::Submitted
        {
            withdrawal.status = WithdrawalStatus::Disputed;
        }
    }

    fn heard(&mut self, provider: &str, provider_event: &str) {
        self.provider_events
            .insert((provider.to_owned(), provider_event.to_owned()));
    }
}

pub(crate) fn key_of(provider: &str, instrument: Option<&str>, amount: Money) -> InstrumentKey {
    InstrumentKey {
        provider: provider.to_owned(),
        instrument: instrument.unwrap_or("").to_owned(),
        currency: amount.currency(),
    }
}
