//! What operators are told of payments by call-backs of our own.
//!
//! Duty: from the journal's events the messages, and a machine without I/O that says which is to be
//! sent when: at least once, in order for each subject, again after a growing random wait, dead
//! after so many attempts, none any more once the receiver says that it is gone; what is dead comes
//! again on demand. What has to survive a restart is small: how far everything is done, and who is
//! dead.
//!
//! Prohibition: no personal data is in a message, and a message that waits never holds up another
//! subject's.

use crate::chance::Chance;
use crate::webhook::sign;
use kernel::{CustomerId, Duration, Money, Position, Timestamp};
use schemas::payments::{AdjustmentAnswered, Event, UnknownPaymentReported, WithdrawalFailed};
use schemas::{Decision, DecodeError, Events, Wire, wire};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// After so many attempts a message is dead: 2 s, 4 s, … half a day in all.
pub const ATTEMPTS_MAX: u32 = 16;
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// Messages on their way at once.
const IN_FLIGHT_MAX: usize = 16;

/// Which message: where its event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeId {
    /// The record.
    pub offset: u64,
    /// Which of its events.
    pub index: u32,
}

/// A message to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// Its name for the receiver: the same at every attempt.
    pub name: String,
    /// Whose messages keep their order.
    pub subject: String,
    /// What is said.
    pub body: Vec<u8>,
}

impl Notice {
    /// The three headers of an attempt at that time (Standard Webhooks).
    #[must_use]
    pub fn headers(&self, key: &[u8], now: Timestamp) -> [(&'static str, String); 3] {
        let timestamp = now.micros().div_euclid(1_000_000).to_string();
        let signature = sign(key, &self.name, &timestamp, &self.body);
        [
            ("webhook-id", self.name.clone()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ]
    }
}

/// The messages of a decision of payments, in order.
#[must_use]
pub fn notices(decision: &Decision) -> Vec<Notice> {
    let Events::PaymentsEvents(body) = &decision.events else {
        return Vec::new();
    };
    let at = decision.header.decided_at;
    let numbered = (0_u32..).zip(&body.events);
    numbered
        .filter_map(|(index, event)| {
            let told = told(event, &body.events)?;
            Some(notice(decision.position, index, told, at))
        })
        .collect()
}

fn notice(position: Position, index: u32, (kind, subject, data): Told, at: Timestamp) -> Notice {
    let body = json!({"type": kind, "occurred_at_us": at.micros(), "data": data});
    let Position {
        topic,
        partition,
        offset,
    } = position;
    Notice {
        id: NoticeId { offset, index },
        name: format!("msg_{topic}-{partition}-{offset}-{index}"),
        subject,
        body: body.to_string().into_bytes(),
    }
}

type Told = (&'static str, String, Value);

/// Why a withdrawal failed. What a person who declined it wrote is for its customer, not for a
/// receiver.
fn why<'a>(of: &'a WithdrawalFailed, events: &[Event]) -> &'a str {
    let by_person = events.iter().any(|event| {
        matches!(event, Event::WithdrawalDeclined(said) if said.reviewed.withdrawal == of.withdrawal)
    });
    if by_person {
        "declined_by_house"
    } else {
        &of.reason
    }
}

/// What is told of an event of a decision with these.
fn told(event: &Event, events: &[Event]) -> Option<Told> {
    match event {
        Event::DepositConfirmed(of) => {
            let id = of.deposit.to_string();
            Some(payment(
                "deposit.confirmed",
                of.customer,
                id,
                of.amount,
                None,
            ))
        }
        Event::DepositFailed(of) => {
            let (id, why) = (of.deposit.to_string(), Some(of.reason.as_str()));
            Some(payment("deposit.failed", of.customer, id, of.amount, why))
        }
        Event::WithdrawalSubmitted(of) => {
            let id = of.withdrawal.to_string();
            Some(payment(
                "withdrawal.submitted",
                of.customer,
                id,
                of.amount,
                None,
            ))
        }
        Event::WithdrawalPaid(of) => {
            let id = of.withdrawal.to_string();
            Some(payment("withdrawal.paid", of.customer, id, of.amount, None))
        }
        Event::WithdrawalFailed(of) => {
            let (id, why) = (of.withdrawal.to_string(), Some(why(of, events)));
            Some(payment(
                "withdrawal.failed",
                of.customer,
                id,
                of.amount,
                why,
            ))
        }
        Event::UnknownPaymentReported(of) => Some(unknown(of)),
        Event::OutcomeContradicted(of) => {
            let data = json!({"provider": of.provider, "reference": of.reference});
            Some(("payment.contradicted", of.provider.clone(), data))
        }
        Event::ProviderReconciled(of) => {
            let findings = of.findings.len();
            let data = json!({"provider": of.provider, "file": of.file.to_string(),
                "matched": of.matched.len(), "findings": findings});
            Some(("provider.reconciled", of.provider.clone(), data))
        }
        Event::AdjustmentBooked(of) => Some(adjusted("adjustment.booked", &of.answered, None)),
        Event::AdjustmentRefused(of) => {
            let why = Some(of.refusal.as_str());
            Some(adjusted("adjustment.refused", &of.answered, why))
        }
        Event::WithdrawalReviewStarted(of) => {
            let of = &of.reviewed;
            let id = of.withdrawal.to_string();
            Some(payment(
                "withdrawal.review_started",
                of.customer,
                id,
                of.amount,
                None,
            ))
        }
        Event::ReviewThresholdNamed(_)
        | Event::WithdrawalApproved(_)
        | Event::WithdrawalDeclined(_)
        | Event::AdjustmentProposed(_)
        | Event::AdjustmentApproved(_)
        | Event::AdjustmentDeclined(_)
        | Event::DepositRequested(_)
        | Event::WithdrawalRequested(_)
        | Event::DepositLimitNoticed(_)
        | Event::ExclusionNoticed(_)
        | Event::InstrumentNamed(_)
        | Event::PaymentTakenOn(_) => None,
    }
}

fn payment(
    kind: &'static str,
    customer: CustomerId,
    id: String,
    amount: Money,
    reason: Option<&str>,
) -> Told {
    let data = json!({"id": id, "customer_id": customer.to_string(), "amount": money(amount),
        "reason": reason});
    (kind, customer.to_string(), data)
}

/// Who the two persons were is for the journal, not for a receiver.
fn adjusted(kind: &'static str, of: &AdjustmentAnswered, refusal: Option<&str>) -> Told {
    let id = of.adjustment.adjustment.to_string();
    let customer = of.adjustment.movement.customer().map(|it| it.to_string());
    let data = json!({"id": id, "customer_id": customer, "amount": money(of.adjustment.amount),
        "reference": of.adjustment.movement.reference(), "reason": refusal});
    (kind, customer.unwrap_or(id), data)
}

fn unknown(of: &UnknownPaymentReported) -> Told {
    let data = json!({"provider": of.provider, "reference": of.reference,
        "amount": money(of.amount)});
    ("payment.unknown", of.provider.clone(), data)
}

fn money(amount: Money) -> Value {
    json!({"amount": amount.to_string(), "currency": amount.currency().code()})
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A status of success.
    Taken,
    /// 410: nobody wants it any more.
    Gone,
    /// Anything else, silence included.
    NotTaken,
}

wire! {
    /// What has to survive a restart of one partition's messages.
    record SavedNotices {
        layout: u64,
        done_before: SavedNoticeId,
        done: Vec<SavedNoticeId>,
        dead: Vec<SavedNoticeId>,
        gone: bool,
        redriven: u64,
    }
    /// See [`NoticeId`].
    record SavedNoticeId { offset: u64, index: u32 }
}

/// Of this shape of the bytes.
const LAYOUT: u64 = 1;

struct Waiting {
    notice: Notice,
    attempts: u32,
    at: Timestamp,
    in_flight: bool,
}

/// The messages of one partition.
pub struct Notices {
    subjects: BTreeMap<String, VecDeque<Waiting>>,
    /// Everything before this is done or dead.
    done_before: NoticeId,
    /// What is done beyond it.
    done: BTreeSet<NoticeId>,
    /// What was given up, and comes again on demand.
    dead: BTreeSet<NoticeId>,
    gone: bool,
    redriven: u64,
    chance: Chance,
}

impl Notices {
    /// What stood before a restart, or nothing at all.
    ///
    /// # Errors
    /// The bytes are of another shape.
    pub fn restore(saved: Option<&[u8]>, chance: Chance) -> Result<Self, DecodeError> {
        let id = |saved: SavedNoticeId| NoticeId {
            offset: saved.offset,
            index: saved.index,
        };
        let mut notices = Self {
            subjects: BTreeMap::new(),
            done_before: NoticeId {
                offset: 0,
                index: 0,
            },
            done: BTreeSet::new(),
            dead: BTreeSet::new(),
            gone: false,
            redriven: 0,
            chance,
        };
        if let Some(bytes) = saved {
            let saved = SavedNotices::from_bytes(bytes)?;
            if saved.layout != LAYOUT {
                return Err(DecodeError::NotAllowed("notices of another layout"));
            }
            notices.done_before = id(saved.done_before);
            notices.done = saved.done.into_iter().map(id).collect();
            notices.dead = saved.dead.into_iter().map(id).collect();
            (notices.gone, notices.redriven) = (saved.gone, saved.redriven);
        }
        Ok(notices)
    }

    /// What has to survive a restart.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let saved = |id: &NoticeId| SavedNoticeId {
            offset: id.offset,
            index: id.index,
        };
        SavedNotices {
            layout: LAYOUT,
            done_before: saved(&self.done_before),
            done: self.done.iter().map(saved).collect(),
            dead: self.dead.iter().map(saved).collect(),
            gone: self.gone,
            redriven: self.redriven,
        }
        .to_bytes()
    }

    /// A message of the journal, in its order; what is done is passed over.
    pub fn take(&mut self, notice: Notice, now: Timestamp) {
        let id = notice.id;
        if id < self.done_before || self.done.contains(&id) || self.dead.contains(&id) {
            return;
        }
        self.queue(notice, now);
    }

    /// A message that was dead, after [`Notices::redrive`]. It counts as dead until it is taken.
    pub fn take_again(&mut self, notice: Notice, now: Timestamp) {
        let waits = |queue: &VecDeque<Waiting>| queue.iter().any(|one| one.notice.id == notice.id);
        let is_queued = self.subjects.get(&notice.subject).is_some_and(waits);
        if self.dead.contains(&notice.id) && !is_queued {
            self.queue(notice, now);
        }
    }

    /// What is to be sent by now. Each must be answered by [`Notices::answered`].
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Notice> {
        if self.gone {
            return Vec::new();
        }
        let heads = |queue: &VecDeque<Waiting>| queue.front().is_some_and(|head| head.in_flight);
        let in_flight = self.subjects.values().filter(|queue| heads(queue)).count();
        let room = IN_FLIGHT_MAX.saturating_sub(in_flight);
        let heads = self.subjects.values_mut().filter_map(VecDeque::front_mut);
        let due = heads.filter(|head| !head.in_flight && head.at <= now);
        due.take(room)
            .map(|head| {
                head.in_flight = true;
                head.notice.clone()
            })
            .collect()
    }

    /// When there will be something to send; none: only an event or an answer brings something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.gone {
            return None;
        }
        let heads = self.subjects.values().filter_map(VecDeque::front);
        heads
            .filter(|head| !head.in_flight)
            .map(|head| head.at)
            .min()
    }

    /// What became of an attempt. True: something changed that has to survive a restart.
    pub fn answered(&mut self, notice: &Notice, received: Received, now: Timestamp) -> bool {
        let Some(queue) = self.subjects.get_mut(&notice.subject) else {
            return false;
        };
        let Some(head) = queue.front_mut().filter(|head| head.notice.id == notice.id) else {
            return false;
        };
        head.in_flight = false;
        match received {
            Received::Taken => {
                self.dead.remove(&notice.id);
                self.settle(notice);
                true
            }
            Received::Gone => {
                self.gone = true;
                true
            }
            Received::NotTaken => {
                head.attempts = head.attempts.saturating_add(1);
                if head.attempts >= ATTEMPTS_MAX {
                    self.dead.insert(notice.id);
                    self.settle(notice);
                    return true;
                }
                let factor = 1_i64.checked_shl(head.attempts.min(30)).unwrap_or(1);
                // Half of the longest wait for certain, half by chance: never at once, never all
                // together.
                let longest = RETRY_FIRST.micros().saturating_mul(factor).checked_div(2);
                let longest = longest.unwrap_or(0).min(RETRY_LONGEST.micros());
                let half = Duration::from_micros(longest.checked_div(2).unwrap_or(0));
                head.at = now.plus(half).plus(self.chance.up_to(half));
                false
            }
        }
    }

    /// Begins again with what is dead, and with a receiver that was gone, once for each number of
    /// a demand. True: the dead are to be handed in by [`Notices::take_again`].
    pub fn redrive(&mut self, number: u64, now: Timestamp) -> bool {
        if number <= self.redriven {
            return false;
        }
        (self.redriven, self.gone) = (number, false);
        for queue in self.subjects.values_mut() {
            for waiting in queue {
                (waiting.attempts, waiting.at) = (0, now);
            }
        }
        true
    }

    /// How many wait, how many are dead, and whether the receiver is gone.
    #[must_use]
    pub fn standing(&self) -> (usize, usize, bool) {
        let waiting = self.subjects.values().map(VecDeque::len).sum();
        (waiting, self.dead.len(), self.gone)
    }

    fn queue(&mut self, notice: Notice, now: Timestamp) {
        let queue = self.subjects.entry(notice.subject.clone()).or_default();
        queue.push_back(Waiting {
            notice,
            attempts: 0,
            at: now,
            in_flight: false,
        });
    }

    /// Done or dead: what is next in the subject's order may go.
    fn settle(&mut self, notice: &Notice) {
        if let Some(queue) = self.subjects.get_mut(&notice.subject) {
            queue.pop_front();
            if queue.is_empty() {
                self.subjects.remove(&notice.subject);
            }
        }
        if notice.id >= self.done_before {
            self.done.insert(notice.id);
        }
        let waiting = self.subjects.values().flatten().map(|one| one.notice.id);
        let first_waiting = waiting.min();
        let last_done = self.done.last().copied();
        let before = match (first_waiting, last_done) {
            (Some(first), _) => first,
            (None, Some(last)) => NoticeId {
                index: last.index.saturating_add(1),
                ..last
            },
            (None, None) => self.done_before,
        };
        self.done_before = self.done_before.max(before);
        self.done = self.done.split_off(&self.done_before);
    }
}

#[cfg(test)]
mod tests;
