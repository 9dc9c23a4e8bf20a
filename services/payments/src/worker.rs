//! Which payments wait for the provider, and what to do about each.
//!
//! Duty: a machine without I/O. It hears the journal's events and the provider's answers, and
//! says whom to call, whom to ask and what to report to the inbox. Whenever it is in doubt (after
//! a claim, after silence) it asks before it calls again.
//!
//! Prohibition: it decides nothing about money. A report that is sent twice is one event of the
//! provider and has one effect.

use crate::chance::Chance;
use crate::codec;
use crate::provider::{Answer, Call, StatusAnswer, TakenOn};
use kernel::{Duration, Money, Timestamp};
use payments_domain as domain;
use payments_domain::{DepositStatus, Outcome, PaymentRef, State, WithdrawalStatus};
use schemas::Wire;
use schemas::payments as wire;
use std::collections::BTreeMap;

/// The longest wait after the first silence; each further one doubles it. How long it is within
/// that is chance, so that what was cut off together does not come back together.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between two questions.
const RETRY_LONGEST: Duration = Duration::from_secs(60);
/// How long a provider that has taken a payment on has to tell by itself.
const CALL_BACK_PATIENCE: Duration = Duration::from_secs(30);
/// How long a report may take to come back as an event.
const REPORT_PATIENCE: Duration = Duration::from_secs(10);
/// How many calls and questions may be on their way at once.
const IN_FLIGHT_MAX: usize = 64;

/// Something to be done outside, and answered to the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Call the provider, then tell [`Worker::called`].
    Call(Call),
    /// Ask the provider after the payment, then tell [`Worker::asked`].
    Ask(Call),
}

impl Action {
    /// The payment that it is about.
    #[must_use]
    pub const fn call(&self) -> &Call {
        match self {
            Self::Call(call) | Self::Ask(call) => call,
        }
    }
}

/// What is to be done about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Call,
    Ask,
    /// On its way; an answer, even of silence, will come.
    InFlight,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    call: Call,
    step: Step,
    /// Not before.
    at: Timestamp,
    /// Where the customer approves it, as far as that stands in the journal.
    approve_at: Option<String>,
}

/// The payments of one partition that wait for the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    jobs: BTreeMap<PaymentRef, Job>,
    /// Where payments go for which nobody is to be called yet.
    named: BTreeMap<PaymentRef, String>,
    /// When the last person approved a withdrawal for which nobody is to be called yet: before that
    /// nobody can have called under its key.
    approved: BTreeMap<PaymentRef, Timestamp>,
    chance: Chance,
}

impl Worker {
    /// A worker whose waits are drawn from that.
    #[must_use]
    pub fn with(chance: Chance) -> Self {
        Self {
            jobs: BTreeMap::new(),
            named: BTreeMap::new(),
            approved: BTreeMap::new(),
            chance,
        }
    }

    /// The worker of a partition that was just claimed: what the owner before has called for
    /// nobody knows, so every open payment is asked after first.
    #[must_use]
    pub fn after_claim(state: &State, now: Timestamp) -> Self {
        let mut worker = Self::default();
        for (id, open) in &state.deposits {
            if open.status == DepositStatus::Requested {
                let of = &open.deposit;
                let payment = PaymentRef::Deposit(*id);
                let told = (&open.instrument, &open.taken_on);
                let call = call(payment, &of.provider, of.amount, of.requested_at);
                worker.open(with_told(call, told), Step::Ask, now);
            }
        }
        for (id, open) in &state.withdrawals {
            if open.status == WithdrawalStatus::Submitted {
                let of = &open.withdrawal;
                let payment = PaymentRef::Withdrawal(*id);
                let told = (&open.instrument, &open.taken_on);
                let call = call(payment, &of.provider, of.amount, open.callable_from());
                worker.open(with_told(call, told), Step::Ask, now);
            }
        }
        worker
    }

    /// From now on as after a claim: everything open is asked after before it is called again.
    /// For a worker that has heard the journal from its beginning.
    pub fn claimed(&mut self, now: Timestamp) {
        for job in self.jobs.values_mut() {
            (job.step, job.at, job.call.silences) = (Step::Ask, now, 0);
        }
    }

    /// Takes notice of an event of the journal that has been read back.
    pub fn observe(&mut self, event: &wire::Event, now: Timestamp) {
        match event {
            wire::Event::DepositRequested(of) => {
                let payment = PaymentRef::Deposit(of.deposit);
                let call = call(payment, &of.provider, of.amount, of.requested_at);
                self.open(call, Step::Call, now);
            }
            wire::Event::WithdrawalSubmitted(of) => {
                let payment = PaymentRef::Withdrawal(of.withdrawal);
                let approved_at = self.approved.remove(&payment);
                let since = approved_at.unwrap_or(of.requested_at);
                let call = call(payment, &of.provider, of.amount, since);
                self.open(call, Step::Call, now);
            }
            wire::Event::WithdrawalApproved(of) => {
                let payment = PaymentRef::Withdrawal(of.reviewed.withdrawal);
                self.approved.insert(payment, of.approval.approved_at);
            }
            wire::Event::DepositConfirmed(of) => self.close(&PaymentRef::Deposit(of.deposit)),
            wire::Event::DepositFailed(of) => self.close(&PaymentRef::Deposit(of.deposit)),
            wire::Event::WithdrawalPaid(of) => self.close(&PaymentRef::Withdrawal(of.withdrawal)),
            wire::Event::WithdrawalFailed(of) => {
                self.close(&PaymentRef::Withdrawal(of.withdrawal));
            }
            // A person must look; asking again would only hear the same.
            wire::Event::OutcomeContradicted(told) => {
                if let Ok(withdrawal) = told.reference.parse() {
                    self.close(&PaymentRef::Withdrawal(withdrawal));
                }
            }
            wire::Event::InstrumentNamed(of) => {
                let payment = codec::payment(of.payment.clone());
                match self.jobs.get_mut(&payment) {
                    Some(job) => job.call.instrument = Some(of.instrument.clone()),
                    None => {
                        self.named.insert(payment, of.instrument.clone());
                    }
                }
            }
            wire::Event::PaymentTakenOn(of) => {
                if let Some(job) = self.jobs.get_mut(&codec::payment(of.payment.clone())) {
                    job.call.known_as.clone_from(&of.known_as);
                    job.approve_at.clone_from(&of.approve_at);
                }
            }
            wire::Event::WithdrawalRequested(_)
            | wire::Event::UnknownPaymentReported(_)
            | wire::Event::DepositLimitNoticed(_)
            | wire::Event::ExclusionNoticed(_)
            | wire::Event::ProviderReconciled(_)
            | wire::Event::AdjustmentProposed(_)
            | wire::Event::AdjustmentApproved(_)
            | wire::Event::AdjustmentDeclined(_)
            | wire::Event::AdjustmentBooked(_)
            | wire::Event::AdjustmentRefused(_)
            | wire::Event::ReviewThresholdNamed(_)
            | wire::Event::WithdrawalReviewStarted(_)
            | wire::Event::WithdrawalDeclined(_) => {}
        }
    }

    /// What is to be done by now. Each action must be answered, by silence if need be.
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Action> {
        let in_flight = self.jobs.values().filter(|job| job.step == Step::InFlight);
        let room = IN_FLIGHT_MAX.saturating_sub(in_flight.count());
        let due = self
            .jobs
            .iter_mut()
            .filter(|(_, job)| job.at <= now && job.step != Step::InFlight);
        due.take(room)
            .map(
                |(_, job)| match std::mem::replace(&mut job.step, Step::InFlight) {
                    Step::Ask => Action::Ask(job.call.clone()),
                    Step::Call | Step::InFlight => Action::Call(job.call.clone()),
                },
            )
            .collect()
    }

    /// Takes back an action that was not done: it is due again then.
    pub fn put_off(&mut self, action: &Action, until: Timestamp) {
        let step = match action {
            Action::Call(_) => Step::Call,
            Action::Ask(_) => Step::Ask,
        };
        self.wait(&action.call().payment, step, until);
    }

    /// How many payments wait for the provider.
    #[must_use]
    pub fn open_payments(&self) -> usize {
        self.jobs.len()
    }

    /// When there will be something to do; none: only an event or an answer brings something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let waiting = self.jobs.values().filter(|job| job.step != Step::InFlight);
        waiting.map(|job| job.at).min()
    }

    /// Takes the answer to a call; gives what is to be reported to the inbox.
    #[must_use]
    pub fn called(
        &mut self,
        payment: &PaymentRef,
        answer: Answer,
        now: Timestamp,
    ) -> Option<wire::Command> {
        match answer {
            Answer::Outcome { event, outcome } => self.told(payment, event, outcome, now),
            Answer::Accepted(taken_on) => {
                self.wait(payment, Step::Ask, now.plus(CALL_BACK_PATIENCE));
                self.taken_on(payment, taken_on)
            }
            Answer::NoAnswer => {
                self.wait_after_silence(payment, now);
                None
            }
        }
    }

    /// Takes the answer to a question; gives what is to be reported to the inbox.
    #[must_use]
    pub fn asked(
        &mut self,
        payment: &PaymentRef,
        answer: StatusAnswer,
        now: Timestamp,
    ) -> Option<wire::Command> {
        match answer {
            StatusAnswer::Outcome { event, outcome } => self.told(payment, event, outcome, now),
            StatusAnswer::NeverSeen => {
                self.wait(payment, Step::Call, now);
                None
            }
            // It is heard of, only not done: that is no silence.
            StatusAnswer::Pending(taken_on) => {
                self.wait_longer(payment, now);
                self.taken_on(payment, taken_on)
            }
            StatusAnswer::NoAnswer => {
                self.wait_after_silence(payment, now);
                None
            }
        }
    }

    fn open(&mut self, mut call: Call, step: Step, at: Timestamp) {
        let payment = call.payment.clone();
        call.instrument = call.instrument.or(self.named.remove(&payment));
        let job = Job {
            call,
            step,
            at,
            approve_at: None,
        };
        self.jobs.entry(payment).or_insert(job);
    }

    /// What the provider tells of a payment that it is at, if it is news.
    fn taken_on(&mut self, payment: &PaymentRef, told: TakenOn) -> Option<wire::Command> {
        let job = self.jobs.get_mut(payment)?;
        let is_news =
            |told: &Option<String>, known: &Option<String>| told.is_some() && told != known;
        if !is_news(&told.known_as, &job.call.known_as)
            && !is_news(&told.approve_at, &job.approve_at)
        {
            return None;
        }
        if told.known_as.is_some() {
            job.call.known_as.clone_from(&told.known_as);
        }
        Some(wire::Command::ReportTakenOn(wire::ReportTakenOn {
            provider: job.call.provider.clone(),
            payment: codec::payment_to_wire(payment),
            known_as: told.known_as,
            approve_at: told.approve_at,
        }))
    }

    fn close(&mut self, payment: &PaymentRef) {
        self.jobs.remove(payment);
        self.named.remove(payment);
        self.approved.remove(payment);
    }

    /// An outcome is reported; if no event follows, the provider is asked again.
    fn told(
        &mut self,
        payment: &PaymentRef,
        event: String,
        outcome: Outcome,
        now: Timestamp,
    ) -> Option<wire::Command> {
        let provider = self.jobs.get(payment)?.call.provider.clone();
        self.wait(payment, Step::Ask, now.plus(REPORT_PATIENCE));
        let report = report(&provider, payment, event, outcome, now);
        Some(wire::Command::ReportOutcome(report))
    }

    fn wait(&mut self, payment: &PaymentRef, step: Step, at: Timestamp) {
        if let Some(job) = self.jobs.get_mut(payment) {
            (job.step, job.at) = (step, at);
        }
    }

    fn wait_after_silence(&mut self, payment: &PaymentRef, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(payment) {
            let longest = longest_wait(job.call.silences);
            job.call.silences = job.call.silences.saturating_add(1);
            (job.step, job.at) = (Step::Ask, now.plus(self.chance.up_to(longest)));
        }
    }

    /// Customers take their time to approve, banks to settle: asked after again in a while, with
    /// a first time of its own so that questions after many payments do not come together.
    fn wait_longer(&mut self, payment: &PaymentRef, now: Timestamp) {
        let wait = self.chance.up_to(CALL_BACK_PATIENCE);
        if let Some(job) = self.jobs.get_mut(payment) {
            job.call.silences = 0;
            (job.step, job.at) = (Step::Ask, now.plus(wait));
        }
    }
}

/// The longest wait after so many silences before this one.
fn longest_wait(silences: u32) -> Duration {
    let factor = 1_i64.checked_shl(silences.min(30)).unwrap_or(1);
    let wait = RETRY_FIRST.micros().saturating_mul(factor);
    Duration::from_micros(wait.min(RETRY_LONGEST.micros()))
}

fn with_told(call: Call, (instrument, taken_on): (&Option<String>, &domain::TakenOn)) -> Call {
    Call {
        instrument: instrument.clone(),
        known_as: taken_on.known_as.clone(),
        ..call
    }
}

fn call(payment: PaymentRef, provider: &str, amount: Money, requested_at: Timestamp) -> Call {
    Call {
        provider: provider.to_owned(),
        payment,
        amount,
        instrument: None,
        requested_at,
        known_as: None,
        silences: 0,
    }
}

/// The command that reports an outcome.
pub(crate) fn report(
    provider: &str,
    payment: &PaymentRef,
    event: String,
    outcome: Outcome,
    occurred_at: Timestamp,
) -> wire::ReportOutcome {
    let amount = match &outcome {
        Outcome::Succeeded { amount } => Some(*amount),
        Outcome::Failed { .. } => None,
    };
    wire::ReportOutcome {
        provider: provider.to_owned(),
        event,
        payment: match payment {
            PaymentRef::Deposit(deposit) => {
                wire::Payment::Deposit(wire::DepositRef { deposit: *deposit })
            }
            PaymentRef::Withdrawal(withdrawal) => {
                let withdrawal = *withdrawal;
                wire::Payment::Withdrawal(wire::WithdrawalRef { withdrawal })
            }
            PaymentRef::Unknown(reference) => wire::Payment::Unknown(wire::UnknownRef {
                reference: reference.clone(),
                amount: amount.unwrap_or(Money::zero(kernel::Currency::Eur)),
            }),
        },
        outcome: match outcome {
            Outcome::Succeeded { amount } => wire::Outcome::Succeeded(wire::Succeeded { amount }),
            Outcome::Failed { reason } => wire::Outcome::Failed(wire::Failed { reason }),
        },
        occurred_at,
    }
}

/// What identifies the report of an outcome as a request: the provider's event; and what else is
/// told: all of it. Whoever sends it hashes these bytes into the request id. The instant of telling
/// is not part of what is told.
#[must_use]
pub fn report_scope(command: &wire::Command) -> Vec<u8> {
    let mut scope;
    if let wire::Command::ReportOutcome(report) = command {
        scope = b"provider-outcome".to_vec();
        for part in [&report.provider, &report.event] {
            scope.push(0);
            scope.extend_from_slice(part.as_bytes());
        }
    } else {
        scope = b"provider-told".to_vec();
        command.encode(&mut scope);
    }
    scope
}

#[cfg(test)]
mod tests;
