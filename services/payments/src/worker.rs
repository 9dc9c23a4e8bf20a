//! Which payments wait for the provider, and what to do about each.
//!
//! Duty: a machine without I/O. It hears the journal's events and the provider's answers, and
//! says whom to call, whom to ask and what to report to the inbox. Whenever it is in doubt (after
//! a claim, after silence) it asks before it calls again.
//!
//! Prohibition: it decides nothing about money. A report that is sent twice is one event of the
//! provider and has one effect.

use crate::chance::Chance;
use crate::provider::{Answer, Call, StatusAnswer, TakenOn};
use kernel::{Duration, Money, Timestamp};
use payments_domain::{DepositStatus, Outcome, PaymentRef, State, WithdrawalStatus};
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
}

/// The payments of one partition that wait for the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    jobs: BTreeMap<PaymentRef, Job>,
    chance: Chance,
}

impl Worker {
    /// A worker whose waits are drawn from that.
    #[must_use]
    pub fn with(chance: Chance) -> Self {
        Self {
            jobs: BTreeMap::new(),
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
                let call = call(payment, &of.provider, of.amount, of.requested_at);
                worker.open(call, Step::Ask, now);
            }
        }
        for (id, open) in &state.withdrawals {
            if open.status == WithdrawalStatus::Submitted {
                let of = &open.withdrawal;
                let payment = PaymentRef::Withdrawal(*id);
                let call = call(payment, &of.provider, of.amount, of.requested_at);
                worker.open(call, Step::Ask, now);
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
                let call = call(payment, &of.provider, of.amount, of.requested_at);
                self.open(call, Step::Call, now);
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
            wire::Event::WithdrawalRequested(_)
            | wire::Event::UnknownPaymentReported(_)
            | wire::Event::DepositLimitNoticed(_)
            | wire::Event::ExclusionNoticed(_) => {}
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
    ) -> Option<wire::ReportOutcome> {
        match answer {
            Answer::Outcome { event, outcome } => self.told(payment, event, outcome, now),
            Answer::Accepted(taken_on) => {
                self.taken_on(payment, taken_on);
                self.wait(payment, Step::Ask, now.plus(CALL_BACK_PATIENCE));
                None
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
    ) -> Option<wire::ReportOutcome> {
        match answer {
            StatusAnswer::Outcome { event, outcome } => self.told(payment, event, outcome, now),
            StatusAnswer::NeverSeen => {
                self.wait(payment, Step::Call, now);
                None
            }
            StatusAnswer::Pending(taken_on) => {
                self.taken_on(payment, taken_on);
                self.wait_after_silence(payment, now);
                None
            }
            StatusAnswer::NoAnswer => {
                self.wait_after_silence(payment, now);
                None
            }
        }
    }

    fn open(&mut self, call: Call, step: Step, at: Timestamp) {
        let payment = call.payment.clone();
        let job = Job { call, step, at };
        self.jobs.entry(payment).or_insert(job);
    }

    fn taken_on(&mut self, payment: &PaymentRef, taken_on: TakenOn) {
        if let Some(job) = self.jobs.get_mut(payment) {
            job.call.known_as = taken_on.known_as.or(job.call.known_as.take());
        }
    }

    fn close(&mut self, payment: &PaymentRef) {
        self.jobs.remove(payment);
    }

    /// An outcome is reported; if no event follows, the provider is asked again.
    fn told(
        &mut self,
        payment: &PaymentRef,
        event: String,
        outcome: Outcome,
        now: Timestamp,
    ) -> Option<wire::ReportOutcome> {
        let provider = self.jobs.get(payment)?.call.provider.clone();
        self.wait(payment, Step::Ask, now.plus(REPORT_PATIENCE));
        Some(report(&provider, payment, event, outcome, now))
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
}

/// The longest wait after so many silences before this one.
fn longest_wait(silences: u32) -> Duration {
    let factor = 1_i64.checked_shl(silences.min(30)).unwrap_or(1);
    let wait = RETRY_FIRST.micros().saturating_mul(factor);
    Duration::from_micros(wait.min(RETRY_LONGEST.micros()))
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

/// What identifies the report of an outcome as a request: the provider's event. Whoever sends it
/// hashes these bytes into the request id.
#[must_use]
pub fn outcome_request_scope(report: &wire::ReportOutcome) -> Vec<u8> {
    let mut scope = b"provider-outcome".to_vec();
    for part in [&report.provider, &report.event] {
        scope.push(0);
        scope.extend_from_slice(part.as_bytes());
    }
    scope
}

#[cfg(test)]
mod tests;
